#!/usr/bin/env bats
# What is said of containers is true, whoever was killed and whenever: the command, the monitor, the first process, the
# machine. CBOX_STORM_CYCLES says for how long (150).

load alpine

teardown() {
    remove_containers
    test_teardown
}

state() {
    cbox ps -a --format '{{.Names}} {{.State}}' | sed -n "s/^$1 //p"
}

is() {
    [ "$(state "$1")" = "$2" ]
}

record_of() {
    echo "$CBOX_ROOT/containers/$(cbox ps -aq --no-trunc --filter "name=^$1\$")/record.json"
}

monitor_of() {
    pgrep -f -- "--name $1 " | while read -r pid; do
        [ "$(<"/proc/$pid/comm")" != cbox-monitor ] || echo "$pid"
    done
}

@test "killed at random moments: states are true, commands work, nothing is left" {
    run "$repository/tests/e2e/life-storm" "${CBOX_STORM_CYCLES:-150}" "$cbox" alpine
    echo "# $output" >&3
    [ "$status" -eq 0 ]
}

@test "the monitor killed: its container has ended, and can be started" {
    cbox run -d --name one alpine sleep 777601 3>&-
    kill -KILL "$(monitor_of one)"
    wait_for 10 is one exited
    run ! container_pid 777601
    [ "$(jq .exitCode "$(record_of one)")" -eq 137 ]
    expect 137 cbox wait one
    expect one cbox start one
    is one running
    kill -KILL "$(container_pid 777601)"
    expect 137 cbox wait one
}

@test "who waits for a container whose monitor is killed hears of its end" {
    cbox run -d --name one alpine sleep 777602 3>&-
    timeout 20 cbox wait one >"$BATS_TEST_TMPDIR/waited" 3>&- &
    kill -KILL "$(monitor_of one)"
    wait $!
    expect 137 cat "$BATS_TEST_TMPDIR/waited"
}

# reboot NAME: what the store looks like when the machine went down under the container, and its pid is another's by now.
reboot() {
    local record
    record=$(record_of "$1")
    cp "$record" "$BATS_TEST_TMPDIR/record"
    kill -KILL "$(monitor_of "$1")"
    wait_for 10 is "$1" exited
    jq --argjson pid $$ --argjson start "$(cut -d' ' -f22 /proc/$$/stat)" \
        '.pid = $pid | .pidStart = $start | .bootID = "another"' "$BATS_TEST_TMPDIR/record" >"$record"
    rm -r "$CBOX_STATE"
}

@test "after a reboot nothing is said to run, and nothing of others is touched" {
    cbox run -d --name one alpine sleep 777603 3>&-
    reboot one
    is one exited
    reboot_again() {
        cp "$BATS_TEST_TMPDIR/record" "$(record_of one)"
        jq --argjson pid $$ '.pid = $pid | .bootID = "another"' "$BATS_TEST_TMPDIR/record" >"$(record_of one)"
    }
    reboot_again
    expect one cbox stop one
    reboot_again
    refuse 1 'is not running' cbox kill one
    reboot_again
    expect 137 cbox wait one
    reboot_again
    expect one cbox rm -f one
    kill -0 $$
}

@test "start-all: always, and unless-stopped if nobody stopped it" {
    for policy in always unless-stopped on-failure no; do
        cbox run -d --name "$policy" --restart "$policy" alpine sh -c 'trap exit TERM; while :; do sleep 0.05; done' 3>&-
        reboot "$policy"
    done
    cbox run -d --name stopped --restart unless-stopped alpine sleep 777604 3>&-
    cbox stop -t 0 stopped
    cbox run -d --name forced --restart always alpine sleep 777605 3>&-
    cbox stop -t 0 forced
    cbox create --name never --restart always alpine true
    [ "$(cbox system start-all | wc -l)" -eq 3 ]
    for name in always unless-stopped forced; do
        is "$name" running
    done
    for name in on-failure no stopped; do
        is "$name" exited
    done
    is never created
    [ "$(cbox system start-all | wc -l)" -eq 0 ]
    cbox stop -t 0 forced
}

@test "a rename that was killed halfway: both names can be had" {
    cbox create --name one alpine true
    run bash -c 'CBOX_FAILPOINT=container-renamed cbox rename one two'
    [ "$status" -eq 137 ]
    is one created
    cbox create --name two alpine true
    expect '' cbox rename one three
    is two created && is three created
}

@test "200 containers at once" {
    for n in $(seq 200); do
        cbox run -d --name "many-$n" alpine sleep 777606 >>"$BATS_TEST_TMPDIR/ids" 2>>"$BATS_TEST_TMPDIR/errors" 3>&- &
    done
    wait
    [ ! -s "$BATS_TEST_TMPDIR/errors" ]
    [ "$(sort -u "$BATS_TEST_TMPDIR/ids" | wc -l)" -eq 200 ]
    [ "$(cbox ps -q | wc -l)" -eq 200 ]
    [ "$(container_pid 777606 | wc -l)" -eq 200 ]
    cbox ps -q | xargs cbox rm -f >/dev/null
    [ -z "$(cbox ps -aq)" ]
}

# churn NAME...: starts, stops and removes what others are at, too.
churn() {
    local n name
    for n in 1 2 3 4 5 6; do
        for name in "$@"; do
            cbox run -d --name "$name" alpine sleep 777607
            cbox stop -t 0 "$name"
            cbox start "$name"
            cbox rename "$name" "$name-too"
            cbox rm -f "$name" "$name-too"
        done
    done >/dev/null 2>"$BATS_TEST_TMPDIR/churn.$BASHPID"
}

@test "20 processes that start, stop, rename and remove the same containers" {
    for n in $(seq 20); do
        churn aa bb 3>&- &
    done
    wait
    sed -E 's/[0-9a-f]{12}[0-9a-f]*/ID/g' "$BATS_TEST_TMPDIR"/churn.* | sort | uniq -c
    # What was refused was refused for a reason.
    run ! grep -hvE 'no such container|already in use|is (running|paused|restarting)|same name|ended before its program started' "$BATS_TEST_TMPDIR"/churn.*
    [ "$(cbox ps -aq | wc -l)" -le 4 ]
    for name in aa bb aa-too bb-too; do
        cbox rm -f "$name" >/dev/null 2>&1 || true
        cbox run -d --name "$name" alpine sleep 777608 3>&-
        is "$name" running
    done
    [ "$(container_pid 777607 | wc -l)" -eq 0 ]
    [ "$(container_pid 777608 | wc -l)" -eq 4 ]
}
