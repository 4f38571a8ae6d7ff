# fish completion for cbox. Written by "make generate" from the command tables: do not edit.

set -g __cbox_commands 'run' 'ps' 'pull' 'push' 'images' 'login' 'logout' 'search' 'version' 'info' 'help' 'container' 'container attach' 'container cp' 'container diff' 'container export' 'container ls' 'container list' 'container rm' 'container remove' 'container run' 'container start' 'container wait' 'image' 'image copy' 'image history' 'image import' 'image inspect' 'image load' 'image ls' 'image list' 'image prune' 'image pull' 'image push' 'image rm' 'image remove' 'image save' 'image tag' 'image tags' 'image untag' 'manifest' 'manifest annotate' 'manifest create' 'manifest inspect' 'manifest push' 'manifest rm' 'runtime' 'runtime create' 'runtime delete' 'runtime events' 'runtime exec' 'runtime features' 'runtime kill' 'runtime list' 'runtime pause' 'runtime ps' 'runtime resume' 'runtime run' 'runtime spec' 'runtime start' 'runtime state' 'runtime update' 'system' 'system check' 'system df' 'system events' 'system info' 'system prune' 'attach' 'cp' 'diff' 'events' 'export' 'history' 'import' 'inspect' 'load' 'rm' 'rmi' 'save' 'start' 'tag' 'untag' 'wait'
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

complete -c cbox -n "__cbox_at ''" -a run -d 'Create and run a new container from an image'
complete -c cbox -n "__cbox_at ''" -a ps -d 'List containers'
complete -c cbox -n "__cbox_at ''" -a pull -d 'Download an image from a registry'
complete -c cbox -n "__cbox_at ''" -a push -d 'Upload an image to a registry'
complete -c cbox -n "__cbox_at ''" -a images -d 'List images'
complete -c cbox -n "__cbox_at ''" -a login -d 'Authenticate to a registry'
complete -c cbox -n "__cbox_at ''" -a logout -d 'Log out from a registry'
complete -c cbox -n "__cbox_at ''" -a search -d 'Search Docker Hub for images'
complete -c cbox -n "__cbox_at ''" -a version -d 'Show the cbox version information'
complete -c cbox -n "__cbox_at ''" -a info -d 'Display system-wide information'
complete -c cbox -n "__cbox_at ''" -a help -d 'Show the help of a command'
complete -c cbox -n "__cbox_at ''" -a container -d 'Manage containers'
complete -c cbox -n "__cbox_at ''" -a image -d 'Manage images'
complete -c cbox -n "__cbox_at ''" -a manifest -d 'Manage image manifests and manifest lists'
complete -c cbox -n "__cbox_at ''" -a runtime -d 'Run containers from OCI bundles'
complete -c cbox -n "__cbox_at ''" -a system -d 'Manage cbox'
complete -c cbox -n "__cbox_at ''" -a attach -d 'Attach local standard input, output, and error streams to a running container'
complete -c cbox -n "__cbox_at ''" -a cp -d 'Copy files/folders between a container and the local filesystem'
complete -c cbox -n "__cbox_at ''" -a diff -d 'Inspect changes to files or directories on a container\'s filesystem'
complete -c cbox -n "__cbox_at ''" -a events -d 'Get real time events'
complete -c cbox -n "__cbox_at ''" -a export -d 'Export a container\'s filesystem as a tar archive'
complete -c cbox -n "__cbox_at ''" -a history -d 'Show the history of an image'
complete -c cbox -n "__cbox_at ''" -a import -d 'Import the contents from a tarball to create a filesystem image'
complete -c cbox -n "__cbox_at ''" -a inspect -d 'Return low-level information on objects'
complete -c cbox -n "__cbox_at ''" -a load -d 'Load an image from a tar archive or STDIN'
complete -c cbox -n "__cbox_at ''" -a rm -d 'Remove one or more containers'
complete -c cbox -n "__cbox_at ''" -a rmi -d 'Remove one or more images'
complete -c cbox -n "__cbox_at ''" -a save -d 'Save one or more images to a tar archive'
complete -c cbox -n "__cbox_at ''" -a start -d 'Start one or more stopped containers'
complete -c cbox -n "__cbox_at ''" -a tag -d 'Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE'
complete -c cbox -n "__cbox_at ''" -a untag -d 'Take names away from images, which stay'
complete -c cbox -n "__cbox_at ''" -a wait -d 'Block until one or more containers stop, then print their exit codes'
complete -c cbox -n "__cbox_at ''" -l config -r -F -d 'Configuration file to read instead of the usual ones'
complete -c cbox -n "__cbox_at ''" -s D -l debug -d 'Say on standard error what is being done'
complete -c cbox -n "__cbox_at ''" -l root -x -a '(__fish_complete_directories)' -d 'Directory of images and containers'
complete -c cbox -n "__cbox_at ''" -l state -x -a '(__fish_complete_directories)' -d 'Directory of what does not outlive a reboot'
complete -c cbox -n "__cbox_at ''" -s v -l version -d 'Print version information and quit'

complete -c cbox -n "__cbox_at 'run'" -s a -l attach -x -d 'Attach to STDIN, STDOUT or STDERR'
complete -c cbox -n "__cbox_at 'run'" -l cpus -x -d 'Number of CPUs'
complete -c cbox -n "__cbox_at 'run'" -s d -l detach -d 'Run container in background and print container ID'
complete -c cbox -n "__cbox_at 'run'" -l detach-keys -x -d 'Override the key sequence for detaching a container'
complete -c cbox -n "__cbox_at 'run'" -l entrypoint -x -d 'Overwrite the default ENTRYPOINT of the image'
complete -c cbox -n "__cbox_at 'run'" -s e -l env -x -d 'Set environment variables'
complete -c cbox -n "__cbox_at 'run'" -l env-file -r -F -d 'Read in a file of environment variables'
complete -c cbox -n "__cbox_at 'run'" -s h -l hostname -x -d 'Container host name'
complete -c cbox -n "__cbox_at 'run'" -l init -d 'Run an init inside the container that forwards signals and reaps processes'
complete -c cbox -n "__cbox_at 'run'" -s i -l interactive -d 'Keep STDIN open even if not attached'
complete -c cbox -n "__cbox_at 'run'" -s l -l label -x -d 'Set meta data on a container'
complete -c cbox -n "__cbox_at 'run'" -s m -l memory -x -d 'Memory limit'
complete -c cbox -n "__cbox_at 'run'" -l name -x -d 'Assign a name to the container'
complete -c cbox -n "__cbox_at 'run'" -l network -x -a 'default host none' -d 'Connect a container to a network'
complete -c cbox -n "__cbox_at 'run'" -l pids-limit -x -d 'Tune container pids limit (set -1 for unlimited)'
complete -c cbox -n "__cbox_at 'run'" -l platform -x -d 'Platform of the image if it has to be pulled'
complete -c cbox -n "__cbox_at 'run'" -l read-only -d 'Mount the container\'s root filesystem as read only'
complete -c cbox -n "__cbox_at 'run'" -l rm -d 'Automatically remove the container and its anonymous volumes when it exits'
complete -c cbox -n "__cbox_at 'run'" -l security-opt -x -d 'Security Options'
complete -c cbox -n "__cbox_at 'run'" -l sig-proxy -d 'Proxy received signals to the process'
complete -c cbox -n "__cbox_at 'run'" -s t -l tty -d 'Allocate a pseudo-TTY'
complete -c cbox -n "__cbox_at 'run'" -s u -l user -x -d 'Username or UID (format: <name|uid>[:<group|gid>])'
complete -c cbox -n "__cbox_at 'run'" -s v -l volume -r -F -d 'Bind mount a volume'
complete -c cbox -n "__cbox_at 'run'" -s w -l workdir -x -d 'Working directory inside the container'
complete -c cbox -n "__cbox_at 'run'" -a '(cbox __complete image 2>/dev/null)'

complete -c cbox -n "__cbox_at 'ps'" -s a -l all -d 'Show all containers (default shows just running)'
complete -c cbox -n "__cbox_at 'ps'" -l format -x -d 'Format output: \'table\', \'table TEMPLATE\', \'json\' or a Go template'
complete -c cbox -n "__cbox_at 'ps'" -l no-trunc -d 'Don\'t truncate output'
complete -c cbox -n "__cbox_at 'ps'" -s q -l quiet -d 'Only display container IDs'

complete -c cbox -n "__cbox_at 'pull'" -l all-platforms -d 'Keep the image of every other platform as well, for save and push'
complete -c cbox -n "__cbox_at 'pull'" -s a -l all-tags -d 'Download all tagged images in the repository'
complete -c cbox -n "__cbox_at 'pull'" -l platform -x -d 'Pull the image for this platform, as linux/arm64'
complete -c cbox -n "__cbox_at 'pull'" -s q -l quiet -d 'Suppress verbose output'
complete -c cbox -n "__cbox_at 'pull'" -l tls-verify -d 'Require HTTPS and check the registry\'s certificate'
complete -c cbox -n "__cbox_at 'pull'" -a '(cbox __complete image 2>/dev/null)'

complete -c cbox -n "__cbox_at 'push'" -l all-platforms -d 'Push the index with the images of all platforms, where pull --all-platforms or load brought them'
complete -c cbox -n "__cbox_at 'push'" -s a -l all-tags -d 'Push all tags of an image to the repository'
complete -c cbox -n "__cbox_at 'push'" -l compression -x -a 'gzip zstd' -d 'Compress layers that are packed otherwise anew, with gzip or zstd'
complete -c cbox -n "__cbox_at 'push'" -l platform -x -d 'Push the image for this platform alone, as linux/arm64'
complete -c cbox -n "__cbox_at 'push'" -s q -l quiet -d 'Suppress verbose output'
complete -c cbox -n "__cbox_at 'push'" -l tls-verify -d 'Require HTTPS and check the registry\'s certificate'
complete -c cbox -n "__cbox_at 'push'" -a '(cbox __complete image 2>/dev/null)'

complete -c cbox -n "__cbox_at 'images'" -s a -l all -d 'Show all images'
complete -c cbox -n "__cbox_at 'images'" -l digests -d 'Show digests'
complete -c cbox -n "__cbox_at 'images'" -s f -l filter -x -d 'Filter output based on conditions provided'
complete -c cbox -n "__cbox_at 'images'" -l format -x -d 'Format output: \'table\', \'table TEMPLATE\', \'json\' or a Go template'
complete -c cbox -n "__cbox_at 'images'" -l no-trunc -d 'Don\'t truncate output'
complete -c cbox -n "__cbox_at 'images'" -s q -l quiet -d 'Only show image IDs'
complete -c cbox -n "__cbox_at 'images'" -l tree -d 'List multi-platform images as a tree'
complete -c cbox -n "__cbox_at 'images'" -a '(cbox __complete image 2>/dev/null)'

complete -c cbox -n "__cbox_at 'login'" -s p -l password -x -d 'Password or Personal Access Token (PAT)'
complete -c cbox -n "__cbox_at 'login'" -l password-stdin -d 'Take the Password or Personal Access Token (PAT) from stdin'
complete -c cbox -n "__cbox_at 'login'" -l tls-verify -d 'Require HTTPS and check the registry\'s certificate'
complete -c cbox -n "__cbox_at 'login'" -s u -l username -x -d 'Username'

complete -c cbox -n "__cbox_at 'search'" -s f -l filter -x -d 'Filter output based on conditions provided'
complete -c cbox -n "__cbox_at 'search'" -l format -x -d 'Format output: \'table\', \'table TEMPLATE\', \'json\' or a Go template'
complete -c cbox -n "__cbox_at 'search'" -l limit -x -d 'Max number of search results'
complete -c cbox -n "__cbox_at 'search'" -l no-trunc -d 'Don\'t truncate output'
complete -c cbox -n "__cbox_at 'search'" -l tls-verify -d 'Require HTTPS and check the registry\'s certificate'

complete -c cbox -n "__cbox_at 'version'" -s f -l format -x -d 'Format output: \'json\' or a Go template'

complete -c cbox -n "__cbox_at 'info'" -s f -l format -x -d 'Format output: \'json\' or a Go template'

complete -c cbox -n "__cbox_at 'help'" -a "$__cbox_commands"

complete -c cbox -n "__cbox_at 'container'" -a attach -d 'Attach local standard input, output, and error streams to a running container'
complete -c cbox -n "__cbox_at 'container'" -a cp -d 'Copy files/folders between a container and the local filesystem'
complete -c cbox -n "__cbox_at 'container'" -a diff -d 'Inspect changes to files or directories on a container\'s filesystem'
complete -c cbox -n "__cbox_at 'container'" -a export -d 'Export a container\'s filesystem as a tar archive'
complete -c cbox -n "__cbox_at 'container'" -a ls -d 'List containers'
complete -c cbox -n "__cbox_at 'container'" -a rm -d 'Remove one or more containers'
complete -c cbox -n "__cbox_at 'container'" -a run -d 'Create and run a new container from an image'
complete -c cbox -n "__cbox_at 'container'" -a start -d 'Start one or more stopped containers'
complete -c cbox -n "__cbox_at 'container'" -a wait -d 'Block until one or more containers stop, then print their exit codes'

complete -c cbox -n "__cbox_at 'container attach'" -l detach-keys -x -d 'Override the key sequence for detaching a container'
complete -c cbox -n "__cbox_at 'container attach'" -l no-stdin -d 'Do not attach STDIN'
complete -c cbox -n "__cbox_at 'container attach'" -l sig-proxy -d 'Proxy all received signals to the process'
complete -c cbox -n "__cbox_at 'container attach'" -a '(cbox __complete container 2>/dev/null)'

complete -c cbox -n "__cbox_at 'container cp'" -s a -l archive -d 'Archive mode (copy all uid/gid information)'
complete -c cbox -n "__cbox_at 'container cp'" -s L -l follow-link -d 'Always follow symbol link in SRC_PATH'
complete -c cbox -n "__cbox_at 'container cp'" -s q -l quiet -d 'Suppress progress output during copy. Progress output is automatically suppressed if no terminal is attached'
complete -c cbox -n "__cbox_at 'container cp'" -F

complete -c cbox -n "__cbox_at 'container diff'" -a '(cbox __complete container 2>/dev/null)'

complete -c cbox -n "__cbox_at 'container export'" -s o -l output -r -F -d 'Write to a file, instead of STDOUT'
complete -c cbox -n "__cbox_at 'container export'" -a '(cbox __complete container 2>/dev/null)'

complete -c cbox -n "__cbox_at 'container ls' 'container list'" -s a -l all -d 'Show all containers (default shows just running)'
complete -c cbox -n "__cbox_at 'container ls' 'container list'" -l format -x -d 'Format output: \'table\', \'table TEMPLATE\', \'json\' or a Go template'
complete -c cbox -n "__cbox_at 'container ls' 'container list'" -l no-trunc -d 'Don\'t truncate output'
complete -c cbox -n "__cbox_at 'container ls' 'container list'" -s q -l quiet -d 'Only display container IDs'

complete -c cbox -n "__cbox_at 'container rm' 'container remove'" -s f -l force -d 'Force the removal of a running container (uses SIGKILL)'
complete -c cbox -n "__cbox_at 'container rm' 'container remove'" -a '(cbox __complete container 2>/dev/null)'

complete -c cbox -n "__cbox_at 'container run'" -s a -l attach -x -d 'Attach to STDIN, STDOUT or STDERR'
complete -c cbox -n "__cbox_at 'container run'" -l cpus -x -d 'Number of CPUs'
complete -c cbox -n "__cbox_at 'container run'" -s d -l detach -d 'Run container in background and print container ID'
complete -c cbox -n "__cbox_at 'container run'" -l detach-keys -x -d 'Override the key sequence for detaching a container'
complete -c cbox -n "__cbox_at 'container run'" -l entrypoint -x -d 'Overwrite the default ENTRYPOINT of the image'
complete -c cbox -n "__cbox_at 'container run'" -s e -l env -x -d 'Set environment variables'
complete -c cbox -n "__cbox_at 'container run'" -l env-file -r -F -d 'Read in a file of environment variables'
complete -c cbox -n "__cbox_at 'container run'" -s h -l hostname -x -d 'Container host name'
complete -c cbox -n "__cbox_at 'container run'" -l init -d 'Run an init inside the container that forwards signals and reaps processes'
complete -c cbox -n "__cbox_at 'container run'" -s i -l interactive -d 'Keep STDIN open even if not attached'
complete -c cbox -n "__cbox_at 'container run'" -s l -l label -x -d 'Set meta data on a container'
complete -c cbox -n "__cbox_at 'container run'" -s m -l memory -x -d 'Memory limit'
complete -c cbox -n "__cbox_at 'container run'" -l name -x -d 'Assign a name to the container'
complete -c cbox -n "__cbox_at 'container run'" -l network -x -a 'default host none' -d 'Connect a container to a network'
complete -c cbox -n "__cbox_at 'container run'" -l pids-limit -x -d 'Tune container pids limit (set -1 for unlimited)'
complete -c cbox -n "__cbox_at 'container run'" -l platform -x -d 'Platform of the image if it has to be pulled'
complete -c cbox -n "__cbox_at 'container run'" -l read-only -d 'Mount the container\'s root filesystem as read only'
complete -c cbox -n "__cbox_at 'container run'" -l rm -d 'Automatically remove the container and its anonymous volumes when it exits'
complete -c cbox -n "__cbox_at 'container run'" -l security-opt -x -d 'Security Options'
complete -c cbox -n "__cbox_at 'container run'" -l sig-proxy -d 'Proxy received signals to the process'
complete -c cbox -n "__cbox_at 'container run'" -s t -l tty -d 'Allocate a pseudo-TTY'
complete -c cbox -n "__cbox_at 'container run'" -s u -l user -x -d 'Username or UID (format: <name|uid>[:<group|gid>])'
complete -c cbox -n "__cbox_at 'container run'" -s v -l volume -r -F -d 'Bind mount a volume'
complete -c cbox -n "__cbox_at 'container run'" -s w -l workdir -x -d 'Working directory inside the container'
complete -c cbox -n "__cbox_at 'container run'" -a '(cbox __complete image 2>/dev/null)'

complete -c cbox -n "__cbox_at 'container start'" -s a -l attach -d 'Attach STDOUT/STDERR and forward signals'
complete -c cbox -n "__cbox_at 'container start'" -l detach-keys -x -d 'Override the key sequence for detaching a container'
complete -c cbox -n "__cbox_at 'container start'" -s i -l interactive -d 'Attach container\'s STDIN'
complete -c cbox -n "__cbox_at 'container start'" -a '(cbox __complete container 2>/dev/null)'

complete -c cbox -n "__cbox_at 'container wait'" -a '(cbox __complete container 2>/dev/null)'

complete -c cbox -n "__cbox_at 'image'" -a copy -d 'Copy an image from one registry to another'
complete -c cbox -n "__cbox_at 'image'" -a history -d 'Show the history of an image'
complete -c cbox -n "__cbox_at 'image'" -a import -d 'Import the contents from a tarball to create a filesystem image'
complete -c cbox -n "__cbox_at 'image'" -a inspect -d 'Display detailed information on one or more images'
complete -c cbox -n "__cbox_at 'image'" -a load -d 'Load an image from a tar archive or STDIN'
complete -c cbox -n "__cbox_at 'image'" -a ls -d 'List images'
complete -c cbox -n "__cbox_at 'image'" -a prune -d 'Remove unused images'
complete -c cbox -n "__cbox_at 'image'" -a pull -d 'Download an image from a registry'
complete -c cbox -n "__cbox_at 'image'" -a push -d 'Upload an image to a registry'
complete -c cbox -n "__cbox_at 'image'" -a rm -d 'Remove one or more images'
complete -c cbox -n "__cbox_at 'image'" -a save -d 'Save one or more images to a tar archive'
complete -c cbox -n "__cbox_at 'image'" -a tag -d 'Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE'
complete -c cbox -n "__cbox_at 'image'" -a tags -d 'List the tags of a repository in its registry'
complete -c cbox -n "__cbox_at 'image'" -a untag -d 'Take names away from images, which stay'

complete -c cbox -n "__cbox_at 'image copy'" -l platform -x -d 'Copy the image for this platform alone, as linux/arm64, in place of the index'
complete -c cbox -n "__cbox_at 'image copy'" -s q -l quiet -d 'Suppress verbose output'
complete -c cbox -n "__cbox_at 'image copy'" -l tls-verify -d 'Require HTTPS and check the registries\' certificates'

complete -c cbox -n "__cbox_at 'image history'" -l format -x -d 'Format output: \'table\', \'table TEMPLATE\', \'json\' or a Go template'
complete -c cbox -n "__cbox_at 'image history'" -s H -l human -d 'Print sizes and dates in human readable format'
complete -c cbox -n "__cbox_at 'image history'" -l no-trunc -d 'Don\'t truncate output'
complete -c cbox -n "__cbox_at 'image history'" -s q -l quiet -d 'Only show image IDs'
complete -c cbox -n "__cbox_at 'image history'" -a '(cbox __complete image 2>/dev/null)'

complete -c cbox -n "__cbox_at 'image import'" -s c -l change -x -d 'Apply Dockerfile instruction to the created image'
complete -c cbox -n "__cbox_at 'image import'" -s m -l message -x -d 'Set commit message for imported image'
complete -c cbox -n "__cbox_at 'image import'" -l platform -x -d 'Set the image\'s platform, as linux/arm64'
complete -c cbox -n "__cbox_at 'image import'" -F

complete -c cbox -n "__cbox_at 'image inspect'" -s f -l format -x -d 'Format output: \'json\' or a Go template'
complete -c cbox -n "__cbox_at 'image inspect'" -a '(cbox __complete image 2>/dev/null)'

complete -c cbox -n "__cbox_at 'image load'" -l all-platforms -d 'Load the image for every platform'
complete -c cbox -n "__cbox_at 'image load'" -s i -l input -r -F -d 'Read from tar archive file, instead of STDIN'
complete -c cbox -n "__cbox_at 'image load'" -l platform -x -d 'Load the image for this platform, as linux/arm64'
complete -c cbox -n "__cbox_at 'image load'" -s q -l quiet -d 'Suppress the load output'

complete -c cbox -n "__cbox_at 'image ls' 'image list'" -s a -l all -d 'Show all images'
complete -c cbox -n "__cbox_at 'image ls' 'image list'" -l digests -d 'Show digests'
complete -c cbox -n "__cbox_at 'image ls' 'image list'" -s f -l filter -x -d 'Filter output based on conditions provided'
complete -c cbox -n "__cbox_at 'image ls' 'image list'" -l format -x -d 'Format output: \'table\', \'table TEMPLATE\', \'json\' or a Go template'
complete -c cbox -n "__cbox_at 'image ls' 'image list'" -l no-trunc -d 'Don\'t truncate output'
complete -c cbox -n "__cbox_at 'image ls' 'image list'" -s q -l quiet -d 'Only show image IDs'
complete -c cbox -n "__cbox_at 'image ls' 'image list'" -l tree -d 'List multi-platform images as a tree'
complete -c cbox -n "__cbox_at 'image ls' 'image list'" -a '(cbox __complete image 2>/dev/null)'

complete -c cbox -n "__cbox_at 'image prune'" -s a -l all -d 'Remove all unused images, not just dangling ones'
complete -c cbox -n "__cbox_at 'image prune'" -l filter -x -d 'Provide filter values (e.g. "until=<timestamp>")'
complete -c cbox -n "__cbox_at 'image prune'" -s f -l force -d 'Do not prompt for confirmation'

complete -c cbox -n "__cbox_at 'image pull'" -l all-platforms -d 'Keep the image of every other platform as well, for save and push'
complete -c cbox -n "__cbox_at 'image pull'" -s a -l all-tags -d 'Download all tagged images in the repository'
complete -c cbox -n "__cbox_at 'image pull'" -l platform -x -d 'Pull the image for this platform, as linux/arm64'
complete -c cbox -n "__cbox_at 'image pull'" -s q -l quiet -d 'Suppress verbose output'
complete -c cbox -n "__cbox_at 'image pull'" -l tls-verify -d 'Require HTTPS and check the registry\'s certificate'
complete -c cbox -n "__cbox_at 'image pull'" -a '(cbox __complete image 2>/dev/null)'

complete -c cbox -n "__cbox_at 'image push'" -l all-platforms -d 'Push the index with the images of all platforms, where pull --all-platforms or load brought them'
complete -c cbox -n "__cbox_at 'image push'" -s a -l all-tags -d 'Push all tags of an image to the repository'
complete -c cbox -n "__cbox_at 'image push'" -l compression -x -a 'gzip zstd' -d 'Compress layers that are packed otherwise anew, with gzip or zstd'
complete -c cbox -n "__cbox_at 'image push'" -l platform -x -d 'Push the image for this platform alone, as linux/arm64'
complete -c cbox -n "__cbox_at 'image push'" -s q -l quiet -d 'Suppress verbose output'
complete -c cbox -n "__cbox_at 'image push'" -l tls-verify -d 'Require HTTPS and check the registry\'s certificate'
complete -c cbox -n "__cbox_at 'image push'" -a '(cbox __complete image 2>/dev/null)'

complete -c cbox -n "__cbox_at 'image rm' 'image remove'" -s f -l force -d 'Force removal of the image'
complete -c cbox -n "__cbox_at 'image rm' 'image remove'" -a '(cbox __complete image 2>/dev/null)'

complete -c cbox -n "__cbox_at 'image save'" -l all-platforms -d 'Save the image for every platform'
complete -c cbox -n "__cbox_at 'image save'" -l format -x -a 'docker-archive oci-archive oci-dir' -d 'What to write: an archive for Docker and others, an OCI archive, or an OCI directory'
complete -c cbox -n "__cbox_at 'image save'" -s o -l output -r -F -d 'Write to a file, instead of STDOUT'
complete -c cbox -n "__cbox_at 'image save'" -l platform -x -d 'Save the image for this platform, as linux/arm64'
complete -c cbox -n "__cbox_at 'image save'" -a '(cbox __complete image 2>/dev/null)'

complete -c cbox -n "__cbox_at 'image tag'" -a '(cbox __complete image 2>/dev/null)'

complete -c cbox -n "__cbox_at 'image tags'" -l limit -x -d 'Max number of tags (0: all)'
complete -c cbox -n "__cbox_at 'image tags'" -l tls-verify -d 'Require HTTPS and check the registry\'s certificate'
complete -c cbox -n "__cbox_at 'image tags'" -a '(cbox __complete image 2>/dev/null)'

complete -c cbox -n "__cbox_at 'image untag'" -a '(cbox __complete image 2>/dev/null)'

complete -c cbox -n "__cbox_at 'manifest'" -a annotate -d 'Add additional information to a local image manifest'
complete -c cbox -n "__cbox_at 'manifest'" -a create -d 'Create a local manifest list to annotate and push'
complete -c cbox -n "__cbox_at 'manifest'" -a inspect -d 'Display an image manifest, or manifest list'
complete -c cbox -n "__cbox_at 'manifest'" -a push -d 'Push a manifest list to a repository'
complete -c cbox -n "__cbox_at 'manifest'" -a rm -d 'Delete one or more manifest lists from local storage'

complete -c cbox -n "__cbox_at 'manifest annotate'" -l arch -x -d 'Set architecture'
complete -c cbox -n "__cbox_at 'manifest annotate'" -l os -x -d 'Set operating system'
complete -c cbox -n "__cbox_at 'manifest annotate'" -l os-features -x -d 'Set operating system feature'
complete -c cbox -n "__cbox_at 'manifest annotate'" -l os-version -x -d 'Set operating system version'
complete -c cbox -n "__cbox_at 'manifest annotate'" -l variant -x -d 'Set architecture variant'

complete -c cbox -n "__cbox_at 'manifest create'" -s a -l amend -d 'Amend an existing manifest list'
complete -c cbox -n "__cbox_at 'manifest create'" -l insecure -d 'Allow communication with an insecure registry'

complete -c cbox -n "__cbox_at 'manifest inspect'" -l insecure -d 'Allow communication with an insecure registry'
complete -c cbox -n "__cbox_at 'manifest inspect'" -s v -l verbose -d 'Output additional info including layers and platform'

complete -c cbox -n "__cbox_at 'manifest push'" -l insecure -d 'Allow push to an insecure registry'
complete -c cbox -n "__cbox_at 'manifest push'" -s p -l purge -d 'Remove the local manifest list after push'

complete -c cbox -n "__cbox_at 'runtime'" -a create -d 'Create a container'
complete -c cbox -n "__cbox_at 'runtime'" -a delete -d 'Delete a container that has ended'
complete -c cbox -n "__cbox_at 'runtime'" -a events -d 'Show what a container uses, and out of memory kills'
complete -c cbox -n "__cbox_at 'runtime'" -a exec -d 'Run another program in a container'
complete -c cbox -n "__cbox_at 'runtime'" -a features -d 'Show what the runtime can do'
complete -c cbox -n "__cbox_at 'runtime'" -a kill -d 'Send a signal to a container\'s first process (default TERM)'
complete -c cbox -n "__cbox_at 'runtime'" -a list -d 'List containers'
complete -c cbox -n "__cbox_at 'runtime'" -a pause -d 'Stop all processes of a container where they are'
complete -c cbox -n "__cbox_at 'runtime'" -a ps -d 'Show the processes of a container'
complete -c cbox -n "__cbox_at 'runtime'" -a resume -d 'Let the processes of a paused container go on'
complete -c cbox -n "__cbox_at 'runtime'" -a run -d 'Create and start a container'
complete -c cbox -n "__cbox_at 'runtime'" -a spec -d 'Write a config.json to begin with'
complete -c cbox -n "__cbox_at 'runtime'" -a start -d 'Start a container that was created'
complete -c cbox -n "__cbox_at 'runtime'" -a state -d 'Show the state of a container'
complete -c cbox -n "__cbox_at 'runtime'" -a update -d 'Change the limits of a container that runs'
complete -c cbox -n "__cbox_at 'runtime'" -l debug -d 'Say on standard error what is being done'
complete -c cbox -n "__cbox_at 'runtime'" -l log -r -F -d 'File that errors are added to'
complete -c cbox -n "__cbox_at 'runtime'" -l log-format -x -a 'text json' -d 'Form of what is added to the log'
complete -c cbox -n "__cbox_at 'runtime'" -l root -x -a '(__fish_complete_directories)' -d 'Directory of what is known of containers'
complete -c cbox -n "__cbox_at 'runtime'" -l rootless -x -d 'Accepted; what may be done is asked of the kernel'
complete -c cbox -n "__cbox_at 'runtime'" -l systemd-cgroup -d 'Let systemd make cgroups; cgroupsPath is slice:prefix:name then'
complete -c cbox -n "__cbox_at 'runtime'" -s v -l version -d 'Print version information and quit'

complete -c cbox -n "__cbox_at 'runtime create'" -s b -l bundle -x -a '(__fish_complete_directories)' -d 'Directory of the bundle (default: this one)'
complete -c cbox -n "__cbox_at 'runtime create'" -l console-socket -r -F -d 'Socket that is sent the terminal\'s master'
complete -c cbox -n "__cbox_at 'runtime create'" -l no-new-keyring -d 'Keep the caller\'s session keyring'
complete -c cbox -n "__cbox_at 'runtime create'" -l no-pivot -d 'Change the root without pivot_root, as on a ramdisk'
complete -c cbox -n "__cbox_at 'runtime create'" -l pid-file -r -F -d 'File to write the process id to'
complete -c cbox -n "__cbox_at 'runtime create'" -l preserve-fds -x -d 'Hand on so many descriptors besides 0, 1 and 2'

complete -c cbox -n "__cbox_at 'runtime delete'" -s f -l force -d 'Kill it where it runs; a container that is not there is fine'

complete -c cbox -n "__cbox_at 'runtime events'" -l interval -x -d 'Time between two statistics'
complete -c cbox -n "__cbox_at 'runtime events'" -l stats -d 'Display statistics once and end'

complete -c cbox -n "__cbox_at 'runtime exec'" -s g -l additional-gids -x -d 'Further groups'
complete -c cbox -n "__cbox_at 'runtime exec'" -l apparmor -x -d 'AppArmor profile of the process'
complete -c cbox -n "__cbox_at 'runtime exec'" -s c -l cap -x -d 'Add a capability'
complete -c cbox -n "__cbox_at 'runtime exec'" -l cgroup -x -d 'Run it in a cgroup below the container\'s'
complete -c cbox -n "__cbox_at 'runtime exec'" -l console-socket -r -F -d 'Socket that is sent the terminal\'s master'
complete -c cbox -n "__cbox_at 'runtime exec'" -l cwd -x -d 'Working directory'
complete -c cbox -n "__cbox_at 'runtime exec'" -s d -l detach -d 'Leave it running'
complete -c cbox -n "__cbox_at 'runtime exec'" -s e -l env -x -d 'Set environment variables'
complete -c cbox -n "__cbox_at 'runtime exec'" -l ignore-paused -d 'Also where the container is paused'
complete -c cbox -n "__cbox_at 'runtime exec'" -l no-new-privs -d 'Never gain privileges by execve'
complete -c cbox -n "__cbox_at 'runtime exec'" -l pid-file -r -F -d 'File to write the process id to'
complete -c cbox -n "__cbox_at 'runtime exec'" -l preserve-fds -x -d 'Hand on so many descriptors besides 0, 1 and 2'
complete -c cbox -n "__cbox_at 'runtime exec'" -s p -l process -r -F -d 'File with a process as in config.json; no command is given then'
complete -c cbox -n "__cbox_at 'runtime exec'" -l process-label -x -d 'SELinux label of the process'
complete -c cbox -n "__cbox_at 'runtime exec'" -s t -l tty -d 'Allocate a pseudo-TTY'
complete -c cbox -n "__cbox_at 'runtime exec'" -s u -l user -x -d 'User and group: ids, or names of the container'

complete -c cbox -n "__cbox_at 'runtime kill'" -s a -l all -d 'Send the signal to all processes in the container'

complete -c cbox -n "__cbox_at 'runtime list'" -s f -l format -x -a 'table json' -d 'Form of the list'
complete -c cbox -n "__cbox_at 'runtime list'" -s q -l quiet -d 'Only display container IDs'

complete -c cbox -n "__cbox_at 'runtime ps'" -s f -l format -x -a 'table json' -d 'Form of the list'

complete -c cbox -n "__cbox_at 'runtime run'" -s b -l bundle -x -a '(__fish_complete_directories)' -d 'Directory of the bundle (default: this one)'
complete -c cbox -n "__cbox_at 'runtime run'" -l console-socket -r -F -d 'Socket that is sent the terminal\'s master'
complete -c cbox -n "__cbox_at 'runtime run'" -s d -l detach -d 'Leave it running'
complete -c cbox -n "__cbox_at 'runtime run'" -l keep -d 'Do not delete it when it ends'
complete -c cbox -n "__cbox_at 'runtime run'" -l no-new-keyring -d 'Keep the caller\'s session keyring'
complete -c cbox -n "__cbox_at 'runtime run'" -l no-pivot -d 'Change the root without pivot_root, as on a ramdisk'
complete -c cbox -n "__cbox_at 'runtime run'" -l no-subreaper -d 'Accepted: this command never is a subreaper'
complete -c cbox -n "__cbox_at 'runtime run'" -l pid-file -r -F -d 'File to write the process id to'
complete -c cbox -n "__cbox_at 'runtime run'" -l preserve-fds -x -d 'Hand on so many descriptors besides 0, 1 and 2'

complete -c cbox -n "__cbox_at 'runtime spec'" -s b -l bundle -x -a '(__fish_complete_directories)' -d 'Directory to write config.json to, instead of this one'
complete -c cbox -n "__cbox_at 'runtime spec'" -l rootless -d 'Make it one for a user without root\'s rights'

complete -c cbox -n "__cbox_at 'runtime update'" -l blkio-weight -x -d 'Weight of block I/O, 10 to 1000'
complete -c cbox -n "__cbox_at 'runtime update'" -l cpu-burst -x -d 'Time saved up and used beyond the quota'
complete -c cbox -n "__cbox_at 'runtime update'" -l cpu-idle -x -d '1: only what others leave (SCHED_IDLE); 0: not so'
complete -c cbox -n "__cbox_at 'runtime update'" -l cpu-period -x -d 'Period of the quota'
complete -c cbox -n "__cbox_at 'runtime update'" -l cpu-quota -x -d 'Time in each period; -1: no limit'
complete -c cbox -n "__cbox_at 'runtime update'" -l cpu-rt-period -x -d 'Period of realtime scheduling'
complete -c cbox -n "__cbox_at 'runtime update'" -l cpu-rt-runtime -x -d 'Time of realtime scheduling in each period'
complete -c cbox -n "__cbox_at 'runtime update'" -l cpu-share -x -d 'Shares of CPU time, relative to others'
complete -c cbox -n "__cbox_at 'runtime update'" -l cpuset-cpus -x -d 'CPUs to run on (0-3, 0,1)'
complete -c cbox -n "__cbox_at 'runtime update'" -l cpuset-mems -x -d 'Memory nodes to use (0-3, 0,1)'
complete -c cbox -n "__cbox_at 'runtime update'" -l l3-cache-schema -x -d 'Share of the L3 cache (Intel RDT)'
complete -c cbox -n "__cbox_at 'runtime update'" -l mem-bw-schema -x -d 'Share of memory bandwidth (Intel RDT)'
complete -c cbox -n "__cbox_at 'runtime update'" -l memory -x -d 'Memory limit; -1: none'
complete -c cbox -n "__cbox_at 'runtime update'" -l memory-reservation -x -d 'Memory that is left to it when there is little'
complete -c cbox -n "__cbox_at 'runtime update'" -l memory-swap -x -d 'Limit of memory and swap together; -1: none'
complete -c cbox -n "__cbox_at 'runtime update'" -l pids-limit -x -d 'Number of processes; -1: no limit'
complete -c cbox -n "__cbox_at 'runtime update'" -s r -l resources -r -F -d 'File with linux.resources as in config.json, "-" for standard input'

complete -c cbox -n "__cbox_at 'system'" -a check -d 'Check that the store is whole'
complete -c cbox -n "__cbox_at 'system'" -a df -d 'Show disk usage'
complete -c cbox -n "__cbox_at 'system'" -a events -d 'Get real time events'
complete -c cbox -n "__cbox_at 'system'" -a info -d 'Display system-wide information'
complete -c cbox -n "__cbox_at 'system'" -a prune -d 'Remove unused data'

complete -c cbox -n "__cbox_at 'system check'" -l deep -d 'Compare the contents of all files as well'
complete -c cbox -n "__cbox_at 'system check'" -s q -l quiet -d 'Only print what is wrong'
complete -c cbox -n "__cbox_at 'system check'" -l repair -d 'Fetch or unpack again what is broken'

complete -c cbox -n "__cbox_at 'system df'" -l format -x -d 'Format output: \'table\', \'table TEMPLATE\', \'json\' or a Go template'
complete -c cbox -n "__cbox_at 'system df'" -s v -l verbose -d 'Show detailed information on space usage'

complete -c cbox -n "__cbox_at 'system events'" -s f -l filter -x -d 'Filter output based on conditions provided'
complete -c cbox -n "__cbox_at 'system events'" -l format -x -d 'Format output: \'json\' or a Go template'
complete -c cbox -n "__cbox_at 'system events'" -l since -x -d 'Show all events created since timestamp'
complete -c cbox -n "__cbox_at 'system events'" -l until -x -d 'Stream events until this timestamp'

complete -c cbox -n "__cbox_at 'system info'" -s f -l format -x -d 'Format output: \'json\' or a Go template'

complete -c cbox -n "__cbox_at 'system prune'" -s a -l all -d 'Remove all unused images not just dangling ones'
complete -c cbox -n "__cbox_at 'system prune'" -l filter -x -d 'Provide filter values (e.g. "label=<key>=<value>")'
complete -c cbox -n "__cbox_at 'system prune'" -s f -l force -d 'Do not prompt for confirmation'

complete -c cbox -n "__cbox_at 'attach'" -l detach-keys -x -d 'Override the key sequence for detaching a container'
complete -c cbox -n "__cbox_at 'attach'" -l no-stdin -d 'Do not attach STDIN'
complete -c cbox -n "__cbox_at 'attach'" -l sig-proxy -d 'Proxy all received signals to the process'
complete -c cbox -n "__cbox_at 'attach'" -a '(cbox __complete container 2>/dev/null)'

complete -c cbox -n "__cbox_at 'cp'" -s a -l archive -d 'Archive mode (copy all uid/gid information)'
complete -c cbox -n "__cbox_at 'cp'" -s L -l follow-link -d 'Always follow symbol link in SRC_PATH'
complete -c cbox -n "__cbox_at 'cp'" -s q -l quiet -d 'Suppress progress output during copy. Progress output is automatically suppressed if no terminal is attached'
complete -c cbox -n "__cbox_at 'cp'" -F

complete -c cbox -n "__cbox_at 'diff'" -a '(cbox __complete container 2>/dev/null)'

complete -c cbox -n "__cbox_at 'events'" -s f -l filter -x -d 'Filter output based on conditions provided'
complete -c cbox -n "__cbox_at 'events'" -l format -x -d 'Format output: \'json\' or a Go template'
complete -c cbox -n "__cbox_at 'events'" -l since -x -d 'Show all events created since timestamp'
complete -c cbox -n "__cbox_at 'events'" -l until -x -d 'Stream events until this timestamp'

complete -c cbox -n "__cbox_at 'export'" -s o -l output -r -F -d 'Write to a file, instead of STDOUT'
complete -c cbox -n "__cbox_at 'export'" -a '(cbox __complete container 2>/dev/null)'

complete -c cbox -n "__cbox_at 'history'" -l format -x -d 'Format output: \'table\', \'table TEMPLATE\', \'json\' or a Go template'
complete -c cbox -n "__cbox_at 'history'" -s H -l human -d 'Print sizes and dates in human readable format'
complete -c cbox -n "__cbox_at 'history'" -l no-trunc -d 'Don\'t truncate output'
complete -c cbox -n "__cbox_at 'history'" -s q -l quiet -d 'Only show image IDs'
complete -c cbox -n "__cbox_at 'history'" -a '(cbox __complete image 2>/dev/null)'

complete -c cbox -n "__cbox_at 'import'" -s c -l change -x -d 'Apply Dockerfile instruction to the created image'
complete -c cbox -n "__cbox_at 'import'" -s m -l message -x -d 'Set commit message for imported image'
complete -c cbox -n "__cbox_at 'import'" -l platform -x -d 'Set the image\'s platform, as linux/arm64'
complete -c cbox -n "__cbox_at 'import'" -F

complete -c cbox -n "__cbox_at 'inspect'" -s f -l format -x -d 'Format output: \'json\' or a Go template'
complete -c cbox -n "__cbox_at 'inspect'" -l type -x -a 'image' -d 'Only inspect objects of the given type'
complete -c cbox -n "__cbox_at 'inspect'" -a '(cbox __complete image 2>/dev/null)'

complete -c cbox -n "__cbox_at 'load'" -l all-platforms -d 'Load the image for every platform'
complete -c cbox -n "__cbox_at 'load'" -s i -l input -r -F -d 'Read from tar archive file, instead of STDIN'
complete -c cbox -n "__cbox_at 'load'" -l platform -x -d 'Load the image for this platform, as linux/arm64'
complete -c cbox -n "__cbox_at 'load'" -s q -l quiet -d 'Suppress the load output'

complete -c cbox -n "__cbox_at 'rm'" -s f -l force -d 'Force the removal of a running container (uses SIGKILL)'
complete -c cbox -n "__cbox_at 'rm'" -a '(cbox __complete container 2>/dev/null)'

complete -c cbox -n "__cbox_at 'rmi'" -s f -l force -d 'Force removal of the image'
complete -c cbox -n "__cbox_at 'rmi'" -a '(cbox __complete image 2>/dev/null)'

complete -c cbox -n "__cbox_at 'save'" -l all-platforms -d 'Save the image for every platform'
complete -c cbox -n "__cbox_at 'save'" -l format -x -a 'docker-archive oci-archive oci-dir' -d 'What to write: an archive for Docker and others, an OCI archive, or an OCI directory'
complete -c cbox -n "__cbox_at 'save'" -s o -l output -r -F -d 'Write to a file, instead of STDOUT'
complete -c cbox -n "__cbox_at 'save'" -l platform -x -d 'Save the image for this platform, as linux/arm64'
complete -c cbox -n "__cbox_at 'save'" -a '(cbox __complete image 2>/dev/null)'

complete -c cbox -n "__cbox_at 'start'" -s a -l attach -d 'Attach STDOUT/STDERR and forward signals'
complete -c cbox -n "__cbox_at 'start'" -l detach-keys -x -d 'Override the key sequence for detaching a container'
complete -c cbox -n "__cbox_at 'start'" -s i -l interactive -d 'Attach container\'s STDIN'
complete -c cbox -n "__cbox_at 'start'" -a '(cbox __complete container 2>/dev/null)'

complete -c cbox -n "__cbox_at 'tag'" -a '(cbox __complete image 2>/dev/null)'

complete -c cbox -n "__cbox_at 'untag'" -a '(cbox __complete image 2>/dev/null)'

complete -c cbox -n "__cbox_at 'wait'" -a '(cbox __complete container 2>/dev/null)'
