#!/usr/bin/env bats
# Following a container: attach, start -a, the keys that detach, and what becomes of the output when nobody, one or several
# read it.

load alpine

setup() {
    test_setup
    tmux=(tmux -S "$BATS_TEST_TMPDIR/tmux" -f /dev/null)
}

teardown() {
    "${tmux[@]}" kill-server 2>/dev/null || true
    remove_containers
    test_teardown
}

# terminal: a screen with a shell.
terminal() {
    "${tmux[@]}" new-session -d -x 100 -y 30 "PS1='host> ' exec bash --norc --noprofile" 3>&-
    "${tmux[@]}" set -g status off
}

background() {
    timeout -k 5 30 cbox run -d --name "$@" >"$BATS_TEST_TMPDIR/id" 3>&-
}

said() {
    cbox logs "$1" | grep -qx "$2"
}

is() {
    [ "$(cbox ps -a --format '{{.Names}} {{.State}}' | sed -n "s/^$1 //p")" = "$2" ]
}

pid_of() {
    jq .pid "$CBOX_ROOT/containers/$(cbox ps -aq --no-trunc --filter "name=^$1\$")/record.json"
}

# go NAME: lets a program go on that waits for the file /go.
waits='while [ ! -e /go ]; do sleep 0.05; done'
go() {
    touch "/proc/$(pid_of "$1")/root/go"
}

monitor_of() {
    awk '$1 == "PPid:" { print $2 }' "/proc/$(pid_of "$1")/status"
}

# follows NAME N: N followers are attached: that many pipes lead out of its monitor.
follows() {
    local monitor file
    monitor=$(monitor_of "$1")
    [ "$(grep -lE '^flags:.*1$' /proc/"$monitor"/fdinfo/* | while read -r file; do
        readlink "/proc/$monitor/fd/$(basename "$file")"
    done | grep -c ^pipe:)" -eq "$2" ]
}

# --- without a terminal ----------------------------------------------------------------------------------------------

@test "attach: what comes from now on, apart, and the exit code" {
    background one alpine sh -c "echo before; $waits; echo out; echo err >&2; exit 6"
    wait_for 10 said one before
    cbox attach --no-stdin one >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
    follower=$!
    wait_for 10 follows one 2
    go one
    status=0
    wait $follower || status=$?
    [ "$status" -eq 6 ]
    expect out cat "$BATS_TEST_TMPDIR/out"
    expect err cat "$BATS_TEST_TMPDIR/err"
}

@test "several at once see the same, and the log has it all" {
    background one alpine sh -c "$waits; seq 1 100000"
    for n in 1 2 3; do
        cbox attach --no-stdin one >"$BATS_TEST_TMPDIR/out$n" 3>&- &
    done
    wait_for 10 follows one 6
    go one
    wait
    for n in 1 2 3; do
        seq 1 100000 | cmp - "$BATS_TEST_TMPDIR/out$n"
    done
    cbox logs one | cmp - <(seq 1 100000)
}

@test "a slow reader holds up the program, and loses nothing" {
    background one alpine sh -c "$waits; seq 1 300000; touch /done"
    mkfifo "$BATS_TEST_TMPDIR/fifo"
    cbox attach --no-stdin one >"$BATS_TEST_TMPDIR/fifo" 3>&- &
    exec 8<"$BATS_TEST_TMPDIR/fifo"
    wait_for 10 follows one 2
    root=/proc/$(pid_of one)/root
    go one
    head -c 1000 <&8 >"$BATS_TEST_TMPDIR/out"
    sleep 0.5
    [ ! -e "$root/done" ]
    cat <&8 >>"$BATS_TEST_TMPDIR/out"
    exec 8<&-
    wait
    seq 1 300000 | cmp - "$BATS_TEST_TMPDIR/out"
}

@test "a reader that does not read does not keep the container from its end, and gets the rest" {
    background one alpine sh -c "$waits; seq 1 20000"
    mkfifo "$BATS_TEST_TMPDIR/fifo"
    cbox attach --no-stdin one >"$BATS_TEST_TMPDIR/fifo" 3>&- &
    exec 8<"$BATS_TEST_TMPDIR/fifo"
    wait_for 10 follows one 2
    go one
    expect 0 timeout 10 cbox wait one
    is one exited
    expect one cbox start one
    expect one cbox stop -t 0 one
    seq 1 20000 | cmp - /dev/fd/8
    exec 8<&-
    wait
}

@test "a follower that is killed does not disturb the program" {
    background one alpine sh -c "$waits; seq 1 100000; exit 3"
    cbox attach --no-stdin one >/dev/null 3>&- &
    follower=$!
    wait_for 10 follows one 2
    kill -KILL $follower
    wait $follower || true
    wait_for 10 follows one 0
    go one
    expect 3 cbox wait one
    cbox logs one | cmp - <(seq 1 100000)
}

@test "run in the foreground, killed: the container goes on" {
    cbox run -i --name one alpine sh -c "$waits; echo over; exit 4" </dev/zero >/dev/null 3>&- &
    runner=$!
    wait_for 10 is one running
    kill -KILL $runner
    wait $runner || true
    go one
    expect 4 cbox wait one
    expect over cbox logs one
}

@test "input: at its end with run -i, never with run -di" {
    [ "$(seq 1 30000 | cbox run --rm -i alpine sha256sum)" = "$(seq 1 30000 | sha256sum)" ]
    background one -i alpine sh -c 'while read line; do echo "got $line"; [ "$line" != end ] || exit 8; done; exit 9'
    # A terminal or a pipe that stays open, or the follower would wait for the end of the program alone.
    for line in first second; do
        timeout 20 cbox attach one < <(echo "$line") >/dev/null 3>&- &
        wait_for 10 said one "got $line"
    done
    status=0
    timeout 20 cbox attach one < <(echo end) >/dev/null || status=$?
    [ "$status" -eq 8 ]
    wait
}

@test "two followers type into one program" {
    background one -i alpine sh -c 'read a; echo "got $a"; read b; echo "got $b"; exit 0'
    mkfifo "$BATS_TEST_TMPDIR/fifo"
    exec 7<>"$BATS_TEST_TMPDIR/fifo" # never at its end
    timeout 20 cbox attach one <&7 >"$BATS_TEST_TMPDIR/out" 3>&- &
    wait_for 10 follows one 3 # and its own of the input, which stays open
    timeout 20 cbox attach one < <(echo first) >/dev/null 3>&- &
    wait_for 10 said one 'got first'
    echo second >&7
    wait
    exec 7>&-
    expect $'got first\ngot second' cat "$BATS_TEST_TMPDIR/out"
}

@test "start -a and -ai" {
    cbox create -i --name one alpine sh -c 'cat; exit 5'
    run cbox start -ai one < <(echo typed)
    [ "$status" -eq 5 ] && [ "$output" = typed ]
    cbox create --name two alpine sh -c 'echo out; exit 2'
    run cbox start -a two
    [ "$status" -eq 2 ] && [ "$output" = out ]
}

@test "run -a: some of the streams" {
    run --separate-stderr cbox run --rm -a stderr alpine sh -c 'echo out; echo err >&2'
    # shellcheck disable=SC2154
    [ "$output" = '' ] && [ "$stderr" = err ]
    run --separate-stderr cbox run --rm -a STDOUT alpine sh -c 'echo out; echo err >&2'
    [ "$output" = out ] && [ "$stderr" = '' ]
    refuse 125 'valid streams are STDIN, STDOUT and STDERR' cbox run --rm -a nothing alpine true
}

# A follower that is stopped lets go of the run it followed when the next one has long begun.
@test "who followed the run before takes neither input nor output from the next one" {
    mkfifo "$BATS_TEST_TMPDIR/fifo"
    exec 7<>"$BATS_TEST_TMPDIR/fifo" # never at its end
    cbox run --name one -i alpine sh -c 'echo ready; while read line; do echo "got $line"; done' <&7 >/dev/null 3>&- &
    first=$!
    wait_for 10 said one ready
    kill -STOP $first
    cbox restart -t 0 one
    kill -KILL $first
    wait $first || true
    exec 7>&-
    timeout 20 cbox attach one < <(echo hello) >/dev/null 3>&-
    said one 'got hello'

    cbox run --rm --name two alpine sh -c "echo ready; $waits; echo after; sleep 777503" >/dev/null 3>&- &
    first=$!
    wait_for 10 said two ready
    kill -STOP $first
    cbox restart -t 0 two
    kill -CONT $first
    wait $first || true
    go two
    wait_for 10 said two after
}

@test "signals go to the program, or with --sig-proxy=false to the follower" {
    background one alpine sh -c 'trap "echo hup" HUP; trap "exit 7" TERM; echo ready; while :; do sleep 0.05; done'
    wait_for 10 said one ready
    cbox attach --no-stdin one >/dev/null 3>&- &
    follower=$!
    wait_for 10 follows one 2
    kill -HUP $follower
    wait_for 10 said one hup
    cbox attach --no-stdin --sig-proxy=false one >/dev/null 3>&- &
    other=$!
    wait_for 10 follows one 4
    kill -TERM $other
    status=0
    wait $other || status=$?
    [ "$status" -eq 143 ]
    is one running
    kill -TERM $follower
    status=0
    wait $follower || status=$?
    [ "$status" -eq 7 ]
}

@test "who cannot be followed" {
    cbox create --name one alpine true
    refuse 1 'cannot attach to a stopped container, start it first' cbox attach one
    refuse 1 'no such container' cbox attach nobody
    background two alpine sleep 777501
    refuse 1 'invalid detach keys \(ctrl-1\) provided' cbox attach --detach-keys ctrl-1 two
}

# --- with a terminal -------------------------------------------------------------------------------------------------

@test "Ctrl-P Ctrl-Q leaves it running; attach comes back to it" {
    terminal
    type_ 'cbox run -it --name one alpine sh; echo status $?'
    sees '^/ #'
    type_ 'cd /tmp; x=kept'
    sees '^/tmp #'
    "${tmux[@]}" send-keys C-p C-q
    sees 'status 0$'
    is one running
    type_ 'clear; cbox attach one; echo status $?'
    "${tmux[@]}" send-keys Enter
    sees '^/tmp #'
    type_ 'echo $x; stty size; exit 4'
    sees '^kept'
    sees '^30 100'
    sees '^status 4$'
}

@test "detaching from attach is told; the half of a sequence is typed" {
    terminal
    background one -it alpine cat -v
    type_ 'cbox attach --detach-keys a,ctrl-b,c one; echo status $?'
    wait_for 10 follows one 1
    "${tmux[@]}" send-keys x a C-b b a a C-b Enter
    sees 'xa\^Bbaa\^B'
    "${tmux[@]}" send-keys a C-b c
    sees 'read escape sequence'
    sees '^status 1$'
    is one running
}

@test "two terminals on one program, each of which sees what the other types" {
    terminal
    background one -it alpine sh
    type_ 'cbox attach one'
    wait_for 10 follows one 1
    "${tmux[@]}" new-window "PS1='host> ' exec bash --norc --noprofile"
    type_ 'cbox attach one'
    wait_for 10 follows one 2
    type_ 'echo $((6 * 7)) && stty size'
    sees '^42'
    "${tmux[@]}" select-window -t :0
    sees '^42'
    type_ 'exit'
    wait_for 10 is one exited
    sees '^host>$'
}

@test "the terminal is set back when the monitor is killed" {
    terminal
    type_ 'before=$(stty -g); cbox run -it --name one alpine sh; [ "$before" = "$(stty -g)" ] && echo restored'
    sees '^/ #'
    kill -KILL "$(monitor_of one)"
    sees 'monitor was killed'
    sees '^restored$'
    is one exited
}
