#!/usr/bin/env bats
# cbox run -t on a real terminal, which tmux provides.

load alpine

setup() {
    test_setup
    tmux=(tmux -S "$BATS_TEST_TMPDIR/tmux" -f /dev/null)
    "${tmux[@]}" new-session -d -x 100 -y 30 "PS1='host> ' exec bash --norc --noprofile" 3>&-
    "${tmux[@]}" set -g status off
}

teardown() {
    "${tmux[@]}" kill-server 2>/dev/null || true
    test_teardown
}

@test "the process has a terminal of the right size, and follows a resize" {
    type_ 'cbox run --rm -it alpine sh -c "tty; stty size; trap \"echo now; stty size\" WINCH; while :; do sleep 0.1; done"'
    sees '^/dev/(pts/0|console)$'
    sees '^(30 100|29 100)$'
    "${tmux[@]}" resize-window -x 77 -y 22
    sees '^22 77$'
    "${tmux[@]}" send-keys C-c
}

@test "keys reach the process raw, and the terminal is as before afterwards" {
    type_ 'before=$(stty -g); cbox run --rm -it alpine sh -c "read line; echo got \$line; exit 3"; echo status $?; [ "$before" = "$(stty -g)" ] && echo restored'
    sleep 0.5
    type_ 'some words'
    sees '^got some words$'
    sees '^status 3$'
    sees '^restored$'
}

@test "Ctrl-C goes to the process, not to cbox" {
    type_ 'cbox run --rm -it alpine sh -c "trap \"echo caught; exit 9\" INT; echo ready; while :; do sleep 0.1; done"; echo status $?'
    sees '^ready'
    "${tmux[@]}" send-keys C-c
    sees 'caught'
    sees '^status 9$'
}

@test "the terminal is restored when cbox is killed by a signal it can catch" {
    type_ 'before=$(stty -g); cbox run --rm -it alpine sleep 777010; [ "$before" = "$(stty -g)" ] && echo restored'
    wait_for 10 container_pid 777010
    kill -KILL "$(container_pid 777010)"
    sees '^restored$'
}

@test "-t without a terminal on stdin: -it is refused, -t alone works" {
    run bash -c 'echo | cbox run --rm -it alpine true'
    [ "$status" -eq 1 ]
    [[ $output == *"not a TTY"* ]]
    run bash -c 'cbox run --rm -t alpine sh -c "tty; echo line" </dev/null'
    [ "$status" -eq 0 ]
    [[ $output == */dev/pts/0* || $output == */dev/console* ]]
}

@test "TERM is set with -t" {
    run bash -c 'cbox run --rm -t alpine sh -c "echo term=\$TERM" </dev/null'
    [[ $output == *term=xterm* ]]
}

@test "pull draws a bar a layer on a terminal, and its last line is the name" {
    fresh_store
    type_ "CBOX_ROOT=$CBOX_ROOT CBOX_STATE=$CBOX_STATE cbox pull alpine; echo status \$?"
    sees '^status 0$'
    sees '[0-9a-f]{12}: Pull complete'
    sees '^docker.io/library/alpine:latest$'
}

@test "a terminal where /dev is the host's" {
    type_ 'cbox run --rm -it -v /dev:/dev alpine sh -c "tty; test -c /dev/console && echo has a console"; echo status $?'
    sees '^/dev/(pts/[0-9]+|console)$'
    sees '^has a console$'
    sees '^status 0$'
    run ! grep -q ' /dev/console ' /proc/self/mountinfo
}
