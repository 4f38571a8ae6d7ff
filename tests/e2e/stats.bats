#!/usr/bin/env bats
# cbox stats: what containers use.

load helper

setup_file() {
    file_setup
    PATH=$(dirname -- "$cbox"):$PATH
    cbox pull -q alpine
    # What lies in memory for good counts, a file that the kernel may drop does not.
    cbox run -d --name busy --memory 64m alpine sh -c \
        'head -c 20000000 /dev/zero >/dev/shm/kept; head -c 20000000 /dev/zero >/dropped; while :; do :; done'
    cbox run -d --name idle --network none alpine sleep 999101
    cbox run --name ended alpine true
}

teardown_file() {
    cbox rm -f busy idle ended >/dev/null 2>&1 || true
    file_teardown
}

setup() {
    test_setup
}

@test "all that run, or with -a all, or those that are named" {
    [ "$(cbox stats --no-stream --format '{{.Name}}' | paste -sd ' ')" = 'idle busy' ]
    [ "$(cbox stats --no-stream -a --format '{{.Name}}' | paste -sd ' ')" = 'ended idle busy' ]
    [ "$(cbox stats --no-stream ended busy --format '{{.Container}}' | paste -sd ' ')" = 'ended busy' ]
    refuse 1 'no such container: nobody' cbox stats --no-stream nobody
}

@test "the table is Docker's, and one that ended uses nothing" {
    run cbox stats --no-stream ended
    [[ ${lines[0]} =~ ^CONTAINER\ ID\ +NAME\ +CPU\ %\ +MEM\ USAGE\ /\ LIMIT\ +MEM\ %\ +NET\ I/O\ +BLOCK\ I/O\ +PIDS$ ]]
    [[ ${lines[1]} =~ ^[0-9a-f]{12}\ +ended\ +0\.00%\ +0B\ /\ 0B\ +0\.00%\ +0B\ /\ 0B\ +0B\ /\ 0B\ +0$ ]]
    run cbox stats --no-stream --no-trunc idle
    [[ ${lines[1]} =~ ^[0-9a-f]{64}\ +idle ]]
}

@test "CPU, memory, its limit and processes are what the kernel counts" {
    cbox stats --no-stream --format json busy >"$BATS_TEST_TMPDIR/busy"
    cbox stats --no-stream --format json idle >"$BATS_TEST_TMPDIR/idle"
    # A processor has it for itself, or shares it with whatever else runs here.
    jq -e '(.CPUPerc | rtrimstr("%") | tonumber) as $cpu | $cpu > 5 and $cpu < 150' "$BATS_TEST_TMPDIR/busy"
    jq -e '(.CPUPerc | rtrimstr("%") | tonumber) < 1' "$BATS_TEST_TMPDIR/idle"
    jq -e '.MemUsage | test("^(19|2[0-5])(\\.[0-9]+)?MiB / 64MiB$")' "$BATS_TEST_TMPDIR/busy"
    jq -e '(.MemPerc | rtrimstr("%") | tonumber) as $m | $m > 29 and $m < 40' "$BATS_TEST_TMPDIR/busy"
    jq -e '.PIDs == "1" and .NetIO == "0B / 0B" and .Name == "idle" and (.MemUsage | test("(KiB|MiB) / [0-9.]+GiB$"))' \
        "$BATS_TEST_TMPDIR/idle"
    cbox exec -d idle sleep 999102
    wait_for 5 container_pid 999102 >/dev/null
    [ "$(cbox stats --no-stream --format '{{.PIDs}}' idle)" = 2 ]
    kill -KILL "$(container_pid 999102)"
}

@test "the live screen is drawn over itself on a terminal, and follows what comes and goes" {
    script -qefc "cbox stats" "$BATS_TEST_TMPDIR/screen" >/dev/null 3>&- &
    wait_for 10 grep -q idle "$BATS_TEST_TMPDIR/screen"
    cbox run -d --name later alpine sleep 999103
    wait_for 10 grep -q later "$BATS_TEST_TMPDIR/screen"
    cbox rm -f later
    kill $!
    wait
    [ "$(grep -c $'\033\\[H' "$BATS_TEST_TMPDIR/screen")" -ge 2 ]
    grep -q $'\033\\[J' "$BATS_TEST_TMPDIR/screen"
}

@test "into a pipe it goes on without what draws, until nobody reads" {
    timeout 20 cbox stats --format '{{.Name}}' idle | head -n 3 >"$BATS_TEST_TMPDIR/out"
    [ "$(sort -u "$BATS_TEST_TMPDIR/out")" = idle ]
}

@test "a template that is wrong is refused" {
    refuse 1 'Typo' cbox stats --no-stream --format '{{.Typo}}'
}
