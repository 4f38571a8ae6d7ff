#!/usr/bin/env bats
# The command line itself: help, mistakes, completion, manual.

load helper

setup_file() {
    file_setup none
}

setup() {
    test_setup
    commands=(pull images run rmi version info)
}

teardown() {
    test_teardown
}

@test "--help names every command; so does no argument at all" {
    run cbox --help
    [ "$status" -eq 0 ]
    for command in "${commands[@]}"; do
        grep -qE "^  $command +[A-Z]" <<<"$output"
    done
    help=$output
    run cbox
    [ "${output//$'\n'/}" = "${help//$'\n'/}" ]
}

@test "each command has help with its usage and options" {
    for command in "${commands[@]}"; do
        run cbox "$command" --help
        [ "$status" -eq 0 ]
        grep -qE "^Usage: +cbox $command" <<<"$output"
    done
    run cbox run --help
    for option in -e --env -w --workdir -u --user -v --volume --entrypoint --read-only --hostname --memory --cpus \
        --pids-limit --rm --name -i -t --network; do
        grep -qE -e "(^|[ ,])$option([ ,=]|$)" <<<"$output"
    done
}

@test "help fits in 80 columns or the terminal, and has no trailing blanks" {
    for command in '' "${commands[@]}"; do
        # shellcheck disable=SC2086  # none or one
        run cbox $command --help
        run ! grep -nE '.{101,}| $' <<<"$output"
    done
}

@test "version" {
    run cbox --version
    [ "$status" -eq 0 ]
    [[ $output =~ ^[Cc]box\ version\ [0-9]+\.[0-9]+ ]]
    [ "${#lines[@]}" -eq 1 ]
    run cbox version
    [ "$status" -eq 0 ]
    [[ $output == *[Vv]ersion* ]]
}

@test "info tells root, state and the kernel" {
    run cbox info
    [ "$status" -eq 0 ]
    [[ $output == *"$CBOX_ROOT"* ]]
    [[ $output == *"$(uname -r)"* ]]
}

@test "a mistyped command or option gets the nearest match" {
    refuse 1 'pul' cbox pul alpine
    [[ $stderr == *pull* ]]
    refuse 1 'imagse' cbox imagse
    [[ $stderr == *images* ]]
    refuse 125 'memroy' cbox run --memroy 1g alpine
    [[ $stderr == *--memory* ]]
    refuse 1 'quite' cbox pull --quite alpine
    [[ $stderr == *--quiet* ]]
}

@test "too few and too many arguments" {
    refuse 1 'requires' cbox pull
    refuse 125 'requires' cbox run
    refuse 1 'requires' cbox rmi
    refuse 1 'requires|accepts|arguments' cbox pull a b
}

@test "an option without its value, and one with a value it does not take" {
    refuse 125 'memory.*(value|argument)|(value|argument).*memory' cbox run --memory
    refuse 125 'rm' cbox run --rm=perhaps alpine
}

@test "NO_COLOR and a pipe: no escape sequences" {
    for command in --help images version info; do
        run cbox "$command"
        [[ $output != *$'\e'* ]]
    done
}

@test "root, state and configuration by option stand above the environment" {
    run cbox --root "$BATS_TEST_TMPDIR/elsewhere" info
    [[ $output == *"$BATS_TEST_TMPDIR/elsewhere"* ]]
}

@test "a full disk on stdout is an error" {
    run bash -c 'cbox --help >/dev/full'
    [ "$status" -ne 0 ]
}

@test "completions load in bash and complete commands and options" {
    make --no-print-directory -s -C "$repository" install PREFIX=/usr DESTDIR="$BATS_TEST_TMPDIR/dest"
    [ -x "$BATS_TEST_TMPDIR/dest/usr/bin/cbox" ]
    file=$(find "$BATS_TEST_TMPDIR/dest" -path '*bash-completion*' -name 'cbox*' -type f)
    complete_() {
        bash --norc -c 'source /usr/share/bash-completion/bash_completion; source "$1"; shift
            COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}
            function=$(complete -p cbox | sed "s/.*-F \([^ ]*\).*/\1/")
            $function cbox "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"; printf "%s\n" "${COMPREPLY[@]}"' _ "$file" "$@"
    }
    complete_ cbox pu | grep -qE '^pull ?$'
    complete_ cbox run --mem | grep -qE '^--memory[ =]?$'
    find "$BATS_TEST_TMPDIR/dest" -name '_cbox' -o -name 'cbox.fish' | grep -c . | grep -qx 2
}

@test "man pages are installed and name every command" {
    make --no-print-directory -s -C "$repository" install PREFIX=/usr DESTDIR="$BATS_TEST_TMPDIR/dest"
    for command in "${commands[@]}"; do
        page=$(find "$BATS_TEST_TMPDIR/dest" -name "cbox-$command.1*")
        [ -n "$page" ]
        grep -q "^.SH" "$page"
    done
}
