#!/usr/bin/env bats
# cbox exec: programs in containers that run.

load alpine

setup() {
    test_setup
    box=box-$BATS_TEST_NUMBER
}

teardown() {
    cbox rm -f "$box" >/dev/null 2>&1 || true
    test_teardown
}

# box [OPTION...]: starts the test's container, which sleeps.
box() {
    cbox run -d --name "$box" "$@" alpine sleep 1000 >/dev/null
}

# events_of ACTION: those of the test's container, with the attributes that an exec has.
events_of() {
    cbox events --since 0 --until 0s --filter container="$box" --filter event="$1" \
        --format '{{.Action}}{{with .Actor.Attributes.exitCode}} {{.}}{{end}}'
}

# --- what comes back -------------------------------------------------------------------------------------------------

@test "the exit status is the program's, and a signal's death is 128 and its number" {
    box
    for code in 0 1 42 125 255; do
        run cbox exec "$box" sh -c "exit $code"
        [ "$status" -eq "$code" ]
    done
    run cbox exec "$box" sh -c 'kill -KILL $$'
    [ "$status" -eq 137 ]
}

@test "127 when there is no such command, 126 when it cannot be started, 1 when there is nothing to start it in" {
    box
    refuse 127 'no-such-command.*executable file not found' cbox exec "$box" no-such-command
    refuse 127 '/no/such/file.*no such file' cbox exec "$box" /no/such/file
    refuse 126 '/etc.*(permission denied|is a directory)' cbox exec "$box" /etc
    refuse 126 '/etc/passwd.*permission denied' cbox exec "$box" /etc/passwd
    refuse 126 'unable to find user nobody-here: no matching entries in passwd file' cbox exec -u nobody-here "$box" id
    refuse 126 '/no/such/dir' cbox exec -w /no/such/dir "$box" pwd
    refuse 1 'no such container: no-such-box' cbox exec no-such-box true
    refuse 125 'no-such-option' cbox exec --no-such-option "$box" true
    refuse 1 'requires at least 2 arguments' cbox exec "$box"
}

@test "one that does not run, or is paused, is refused in Docker's words" {
    local id
    id=$(cbox run -d --name "$box" alpine true)
    wait_for 5 eval '[ "$(cbox ps -aqf status=exited -f name=$box)" ]'
    refuse 1 "container $id is not running" cbox exec "$box" true
    cbox rm "$box"
    box
    id=$(cbox ps -q --no-trunc -f name="$box")
    cbox pause "$box"
    refuse 1 "container $id is paused, unpause the container before exec" cbox exec "$box" true
    refuse 1 "container $id is paused, unpause the container before exec" cbox exec -d "$box" true
    cbox unpause "$box"
    cbox exec "$box" true
    cbox rm -f "$box"
    id=$(cbox run -d --name "$box" --restart always alpine false)
    wait_for 5 eval '[ "$(cbox ps -qf status=restarting -f name=$box)" ]'
    refuse 1 "container $id is restarting, wait until the container is running" cbox exec "$box" true
}

# --- streams ---------------------------------------------------------------------------------------------------------

@test "output and errors come apart and whole" {
    box
    run --separate-stderr cbox exec "$box" sh -c 'echo out; echo err >&2'
    [ "$output" = out ]
    [ "$stderr" = err ]
    [ "$(cbox exec "$box" seq 1 200000 | sha256sum)" = "$(seq 1 200000 | sha256sum)" ]
    [ "$(cbox exec "$box" printf 'no newline')" = 'no newline' ]
}

@test "a reader that takes its time still gets everything, long after the program has ended" {
    box
    cbox exec "$box" sh -c 'head -c 100000 /dev/zero; touch /over' | {
        wait_for 10 cbox exec "$box" test -e /over
        sleep 0.3
        wc -c
    } >"$BATS_TEST_TMPDIR/out"
    [ "$(<"$BATS_TEST_TMPDIR/out")" -eq 100000 ]
}

@test "standard input goes there with -i alone, to its end" {
    box
    [ "$(seq 1 100000 | cbox exec -i "$box" sha256sum)" = "$(seq 1 100000 | sha256sum)" ]
    [ "$(echo not this | cbox exec "$box" cat)" = '' ]
}

@test "the program has pipes, never the caller's own files" {
    box
    echo kept >"$BATS_TEST_TMPDIR/file"
    touch "$BATS_TEST_TMPDIR/errors"
    cbox exec -i "$box" sh -c 'for n in 0 1 2; do readlink /proc/$$/fd/$n; done' \
        <"$BATS_TEST_TMPDIR/file" >"$BATS_TEST_TMPDIR/out" 2>>"$BATS_TEST_TMPDIR/errors"
    [ "$(grep -c '^pipe:' "$BATS_TEST_TMPDIR/out")" -eq 3 ]
    cbox exec "$box" sh -c 'readlink /proc/self/fd/0' | grep -qx /dev/null
    cbox exec "$box" sh -c 'for f in /proc/self/fd/*; do echo "${f##*/}"; done' | sort -n | tail -n 1 | grep -qx '[0-3]'
}

@test "a reader that goes away does not hang the exec" {
    box
    timeout 20 bash -c "cbox exec $box seq 1 10000000 | head -n 1" | grep -qx 1
}

@test "-t gives a terminal of its own, and wants one for the input" {
    box
    # An input that does not end: script(1) would type something at its end.
    mkfifo "$BATS_TEST_TMPDIR/input"
    exec 4<>"$BATS_TEST_TMPDIR/input"
    script -qec "stty rows 33 cols 77; cbox exec -it $box sh -c 'tty; echo \$TERM; stty size'" /dev/null <&4 >"$BATS_TEST_TMPDIR/out"
    exec 4>&-
    grep -q '^/dev/pts/' "$BATS_TEST_TMPDIR/out"
    grep -q '^xterm' "$BATS_TEST_TMPDIR/out"
    grep -q '^33 77' "$BATS_TEST_TMPDIR/out"
    refuse 1 'the input device is not a TTY' cbox exec -it "$box" true </dev/null
    cbox exec -t "$box" tty | grep -q '^/dev/pts/'
    run cbox exec "$box" sh -c 'echo "term: $TERM"'
    [ "$output" = 'term: ' ]
}

@test "the detach keys leave it running, and nobody needs to read what it writes then" {
    box
    printf '%s\n' 'sleep 888001 &' 'while [ ! -e /go ]; do sleep 0.05; done' 'seq 1 200000' 'touch /written' wait |
        cbox exec -i "$box" sh -c 'cat >/program'
    mkfifo "$BATS_TEST_TMPDIR/keys"
    script -qec "cbox exec -it $box sh /program" /dev/null <"$BATS_TEST_TMPDIR/keys" >"$BATS_TEST_TMPDIR/out" 3>&- &
    exec 4>"$BATS_TEST_TMPDIR/keys"
    wait_for 5 container_pid 888001
    printf '\020\021' >&4
    wait_for 5 grep -q 'read escape sequence' "$BATS_TEST_TMPDIR/out"
    exec 4>&-
    wait
    container_pid 888001
    events_of exec_detach | grep -qx exec_detach
    cbox exec "$box" touch /go
    wait_for 10 cbox exec "$box" test -e /written
    kill -TERM "$(container_pid 888001)"
    wait_for 5 eval 'events_of exec_die | grep -qx "exec_die 0"'
}

@test "signals go to the program" {
    local exec
    box
    cbox exec "$box" sh -c 'trap "exit 7" TERM; echo ready; while :; do sleep 0.05; done' >"$BATS_TEST_TMPDIR/out" 3>&- &
    exec=$!
    wait_for 5 grep -qx ready "$BATS_TEST_TMPDIR/out"
    kill -TERM $exec
    run wait $exec
    wait $exec || status=$?
    [ "$status" -eq 7 ]
}

# --- what the program is --------------------------------------------------------------------------------------------

@test "the environment is the container's with -e and --env-file on top" {
    box -e KEPT=1 -e CHANGED=1
    printf 'FILE=2\n# no\nCHANGED=file\nTAKEN\n' >"$BATS_TEST_TMPDIR/env"
    TAKEN=ours cbox exec --env-file "$BATS_TEST_TMPDIR/env" -e CHANGED=3 -e ABSENT "$box" env | sort >"$BATS_TEST_TMPDIR/out"
    for line in KEPT=1 CHANGED=3 FILE=2 TAKEN=ours HOME=/root; do
        grep -qx "$line" "$BATS_TEST_TMPDIR/out"
    done
    run grep -e ABSENT -e TERM "$BATS_TEST_TMPDIR/out"
    [ "$status" -eq 1 ]
    refuse 1 'invalid environment variable' cbox exec -e =x "$box" true
}

@test "-u is looked up in the container, and -w is entered" {
    box
    cbox exec "$box" sh -c 'echo them:x:1234:4321::/home/them:/bin/sh >>/etc/passwd; echo crew:x:77:them >>/etc/group'
    expect $'1234:4321:4321 77:/home/them' cbox exec -u them "$box" sh -c 'echo "$(id -u):$(id -g):$(id -G):$HOME"'
    expect '5:0' cbox exec -u 5 "$box" sh -c 'echo "$(id -u):$(id -g)"'
    expect '1234:77' cbox exec -u them:crew "$box" sh -c 'echo "$(id -u):$(id -g)"'
    expect /tmp cbox exec -w /tmp "$box" pwd
}

@test "capabilities and the filter of system calls are the container's, and with --privileged there are all" {
    local all
    box
    [ "$(cbox exec "$box" grep -e Cap -e Seccomp -e NoNewPrivs /proc/self/status)" = \
        "$(cbox exec "$box" grep -e Cap -e Seccomp -e NoNewPrivs /proc/1/status)" ]
    all=$(awk '/CapBnd/ {print $2}' /proc/self/status)
    [ "$(cbox exec --privileged "$box" awk '/CapEff/ {print $2}' /proc/self/status)" = "$all" ]
}

@test "it is in the container's namespaces and cgroup, and dies with it" {
    local exec pid
    box --memory 64m
    cbox exec "$box" sleep 888002 3>&- &
    exec=$!
    wait_for 5 container_pid 888002 >/dev/null
    pid=$(container_pid 888002)
    diff <(sed 's/.*://' "/proc/$pid/cgroup") <(sed 's/.*://' "/proc/$(cbox top "$box" -o pid,args | awk '/sleep 1000/ {print $1}')/cgroup")
    [ "$(cbox exec "$box" hostname)" = "$(cbox ps -qf name="$box")" ]
    cbox rm -f "$box"
    run wait $exec
    wait $exec || status=$?
    [ "$status" -eq 137 ]
    run container_pid 888002
    [ "$status" -eq 1 ]
}

@test "it goes on when the command is killed" {
    local exec
    box
    cbox exec "$box" sleep 888003 3>&- &
    exec=$!
    wait_for 5 container_pid 888003 >/dev/null
    kill -KILL $exec
    wait $exec || true
    container_pid 888003
}

# --- -d and events ---------------------------------------------------------------------------------------------------

@test "-d returns at once, says nothing, and its end is told" {
    box
    expect '' timeout 5 cbox exec -d "$box" sh -c 'echo lost; sleep 888004 & wait; exit 9'
    wait_for 5 container_pid 888004 >/dev/null
    kill -TERM "$(container_pid 888004)"
    wait_for 5 eval 'events_of exec_die | grep -qx "exec_die 9"'
    refuse 1 'no-such-command.*not found' cbox exec -d "$box" no-such-command
}

@test "what stays with a program of -d keeps nothing of the caller's" {
    local keeper
    box
    (cd "$BATS_TEST_TMPDIR" && cbox exec -d "$box" sleep 888005 7<"$BATS_TEST_FILENAME")
    keeper=$(ps -o ppid= -p "$(container_pid 888005)" | tr -d ' ')
    [ "$(cat "/proc/$keeper/comm")" = cbox-exec ]
    [ "$(readlink "/proc/$keeper/cwd")" = / ]
    [ "$(readlink "/proc/$keeper/fd/0")" = /dev/null ]
    run grep -F "$BATS_TEST_FILENAME" <(readlink "/proc/$keeper/fd/"*)
    [ "$status" -eq 1 ]
}

@test "creation, start and end are events, with the id of the exec" {
    box --label role=test
    run cbox exec "$box" sh -c 'exit 4'
    cbox events --since 0 --until 0s --filter container="$box" --filter event=exec_create --filter event=exec_start \
        --filter event=exec_die --format \
        '{{.Action}} {{.Actor.Attributes.exitCode}} {{.Actor.Attributes.role}} {{.Actor.Attributes.image}}' >"$BATS_TEST_TMPDIR/told"
    diff - "$BATS_TEST_TMPDIR/told" <<'END'
exec_create: sh -c exit 4 <no value> test alpine
exec_start: sh -c exit 4 <no value> test alpine
exec_die 4 test alpine
END
    [ "$(cbox events --since 0 --until 0s --filter event=exec_create --filter event=exec_start --filter event=exec_die \
        --filter container="$box" --format '{{.Actor.Attributes.execID}}' | sort -u | wc -l)" -eq 1 ]
}

@test "inspect tells the ids of those that run, whoever waits for them, and of no others" {
    local told exec
    box
    ids() { cbox inspect "$box" | jq -r '.[0].ExecIDs // ["null"] | sort[]'; }
    expect null ids
    cbox exec "$box" true
    cbox exec -d "$box" sleep 888006
    cbox exec "$box" sh -c 'sleep 888007 & wait' 3>&- &
    exec=$!
    wait_for 5 container_pid 888007 >/dev/null
    told=$(cbox events --since 0 --until 0s --filter container="$box" --filter event=exec_start \
        --format '{{.Action}} {{.Actor.Attributes.execID}}' | awk '/8880/ {print $NF}' | sort)
    [ "$(wc -w <<<"$told")" -eq 2 ]
    expect "$told" ids
    # What is in the container is not believed when it calls itself like that.
    cbox exec -d "$box" sh -c 'printf cbox-exec >/proc/self/comm; sleep 888008; :'
    wait_for 5 container_pid 888008 >/dev/null
    [ "$(ids | wc -l)" -eq 3 ]
    kill -KILL $exec
    wait $exec || true
    [ "$(ids | wc -l)" -eq 2 ]
    cbox kill "$box"
    expect null ids
}
