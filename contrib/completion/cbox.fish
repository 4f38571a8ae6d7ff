# fish completion for cbox. Written by "make generate" from the command tables: do not edit.

set -g __cbox_commands 'version' 'info' 'help' 'system' 'system info'
# what stands before the command and takes the next word
set -g __cbox_with_argument --config --root --state

function __cbox_at --description 'Whether the words before the cursor name one of these commands'
    set -l path
    set -l skip 0
    for word in (commandline -opc)[2..]
        if test $skip = 1
            set skip 0
        else if contains -- $word $__cbox_with_argument
            set skip 1
        else if not string match -q -- '-*' $word
            set -l next (string join ' ' $path $word)
            contains -- $next $__cbox_commands; or break
            set path $next
        end
    end
    contains -- "$path" $argv
end

complete -c cbox -f

complete -c cbox -n "__cbox_at ''" -a version -d 'Show the cbox version information'
complete -c cbox -n "__cbox_at ''" -a info -d 'Display system-wide information'
complete -c cbox -n "__cbox_at ''" -a help -d 'Show the help of a command'
complete -c cbox -n "__cbox_at ''" -a system -d 'Manage cbox'
complete -c cbox -n "__cbox_at ''" -l config -r -F -d 'Configuration file to read instead of the usual ones'
complete -c cbox -n "__cbox_at ''" -s D -l debug -d 'Say on standard error what is being done'
complete -c cbox -n "__cbox_at ''" -l root -x -a '(__fish_complete_directories)' -d 'Directory of images and containers'
complete -c cbox -n "__cbox_at ''" -l state -x -a '(__fish_complete_directories)' -d 'Directory of what does not outlive a reboot'
complete -c cbox -n "__cbox_at ''" -s v -l version -d 'Print version information and quit'

complete -c cbox -n "__cbox_at 'help'" -a "$__cbox_commands"

complete -c cbox -n "__cbox_at 'system'" -a info -d 'Display system-wide information'
