#!/usr/bin/env bats
# The life of a container: in the background, started, stopped, killed, restarted, paused, renamed, removed.

load alpine

teardown() {
    remove_containers
    test_teardown
}

# A program that says what it hears, and ends at TERM with 5.
listener='trap "echo term; exit 5" TERM; trap "echo hup" HUP; echo ready; while :; do sleep 0.05; done'

# background NAME [OPTION...] -- COMMAND...: a container in the background.
background() {
    local name=$1 options=()
    shift
    while [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    shift
    timeout -k 5 30 cbox run -d --name "$name" "${options[@]}" alpine "$@" >"$BATS_TEST_TMPDIR/id-$name" 3>&-
}

# listening NAME [OPTION...]: the listener above, ready.
listening() {
    background "$@" -- sh -c "$listener"
    wait_for 10 said "$1" ready
}

said() {
    cbox logs "$1" | grep -qx "$2"
}

# state NAME: of it, as ps has it.
state() {
    cbox ps -a --no-trunc --format '{{.Names}} {{.State}}' | sed -n "s/^$1 //p"
}

is() {
    [ "$(state "$1")" = "$2" ]
}

# record NAME FILTER: of record.json.
record() {
    jq -r "$2" "$CBOX_ROOT/containers/$(cbox ps -aq --no-trunc --filter "name=^$1\$")/record.json"
}

monitor_of() {
    pgrep -f -- "--name $1 " | while read -r pid; do
        [ "$(<"/proc/$pid/comm")" != cbox-monitor ] || echo "$pid"
    done
}

# --- in the background -----------------------------------------------------------------------------------------------

@test "run -d prints the id once the program runs, and keeps nothing of its caller" {
    # The substitution would wait for whoever keeps its pipe.
    id=$(timeout 20 cbox run -d --name one alpine sleep 777401)
    [[ $id =~ ^[0-9a-f]{64}$ ]]
    container_pid 777401
    is one running
    monitor=$(monitor_of one)
    expect / readlink "/proc/$monitor/cwd"
    run ! grep -q . <(find "/proc/$monitor/fd" -lname '*bats*' -lname '*pipe*bats*')
    expect "" timeout 10 bash -c 'exec 9>"$1"; flock 9; cbox run -d --rm alpine sleep 777402 >/dev/null 3>&-; exec 9>&-; flock -n "$1" true' - \
        "$BATS_TEST_TMPDIR/lock"
    kill -KILL "$(container_pid 777402)"
}

@test "run -d tells why it cannot run: 127, 126, 125" {
    refuse 127 'not found|no such file' cbox run -d --rm alpine no-such-command
    refuse 126 'denied' cbox run -d --rm alpine /etc/passwd
    refuse 1 'conflicting options' cbox run -d -a stdout alpine true
    [ -z "$(cbox ps -aq)" ]
}

@test "--rm in the background: gone after its end" {
    background gone --rm -- true
    wait_for 10 is gone ''
}

@test "what is said in the background is in the log, its last line as well" {
    background chatty -- sh -c 'echo out; echo err >&2; printf end'
    cbox wait chatty
    run --separate-stderr cbox logs chatty
    # shellcheck disable=SC2154
    [ "$output" = $'out\nend' ] && [ "$stderr" = err ]
}

@test "a monitor at rest: little memory, no work" {
    listening small
    background idle -- sleep 777403
    monitor=$(monitor_of idle)
    small_enough() {
        [ "$(sed -n 's/^Pss: *\([0-9]*\) kB/\1/p' "/proc/$monitor/smaps_rollup")" -le 1024 ]
    }
    wait_for 10 small_enough
    sleeps() {
        before=$(grep ^voluntary_ctxt_switches "/proc/$monitor/status")
        sleep 2
        [ "$before" = "$(grep ^voluntary_ctxt_switches "/proc/$monitor/status")" ]
    }
    wait_for 1 sleeps
}

# --- wait ------------------------------------------------------------------------------------------------------------

@test "wait: the exit code of each, whether it has ended or is yet to" {
    background three -- sh -c 'exit 3'
    cbox wait three
    background slow -- sh -c 'while [ ! -e /go ]; do sleep 0.05; done; exit 4'
    cbox wait slow >"$BATS_TEST_TMPDIR/waited" 3>&- &
    waiter=$!
    cbox create --name never alpine true
    expect $'3\n0' cbox wait three never
    [ ! -s "$BATS_TEST_TMPDIR/waited" ]
    touch "/proc/$(record slow .pid)/root/go"
    wait $waiter
    expect 4 cat "$BATS_TEST_TMPDIR/waited"
    run --separate-stderr cbox wait nobody three
    [ "$status" -eq 1 ] && [ "$output" = 3 ] && [[ $stderr == *"no such container: nobody"* ]]
}

# --- start -----------------------------------------------------------------------------------------------------------

@test "start runs the same container again, with what it wrote" {
    run cbox run --name again alpine sh -c 'echo x >>/file; cat /file; exit 7'
    [ "$status" -eq 7 ]
    expect again cbox start again
    expect 7 cbox wait again
    run cbox start -a again
    [ "$status" -eq 7 ] && [ "$output" = $'x\nx\nx' ]
    expect $'x\nx\nx\nx\nx\nx' cbox logs again
}

@test "start: one that runs is left alone, several, and none that there is" {
    listening one
    cbox create --name two alpine sleep 777404
    before=$(record one .pid)
    run --separate-stderr cbox start one nobody two
    [ "$status" -eq 1 ] && [ "$output" = $'one\ntwo' ] && [[ $stderr == *"no such container: nobody"* ]]
    [ "$(record one .pid)" = "$before" ]
    is two running
    refuse 1 'multiple containers' cbox start -a one two
}

@test "a start that fails is told, and is in the record" {
    cbox create --name broken alpine no-such-command
    refuse 1 'not found|no such file' cbox start broken
    is broken created
    [ "$(record broken .exitCode)" -eq 127 ]
    [[ $(record broken .error) == *no-such-command* ]]
}

@test "20 starts of one container at once: one of them is" {
    cbox create --name same alpine sh -c 'echo once; exec sleep 777405'
    for ((n = 0; n < 20; n++)); do
        cbox start same >>"$BATS_TEST_TMPDIR/said" 2>&1 3>&- &
    done
    wait
    [ "$(grep -cx same "$BATS_TEST_TMPDIR/said")" -eq 20 ]
    expect once cbox logs same
    is same running
}

# --- stop, kill, restart ---------------------------------------------------------------------------------------------

@test "stop: TERM, and the exit code that follows" {
    listening one
    expect one timeout 9 cbox stop one
    is one exited
    [ "$(record one .exitCode)" -eq 5 ]
    [ "$(record one .stopped)" = true ]
    said one term
    expect one cbox stop one
    cbox start one
    [ "$(record one .stopped)" = null ]
}

@test "stop: KILL after the time" {
    background deaf -- sh -c 'trap "" TERM; echo ready; while :; do sleep 0.05; done'
    wait_for 10 said deaf ready
    expect deaf timeout 9 cbox stop -t 1 deaf
    [ "$(record deaf .exitCode)" -eq 137 ]
    cbox start deaf
    expect deaf timeout 9 cbox stop --time 0 deaf
    cbox start deaf
    expect deaf timeout 9 cbox stop -s KILL deaf
}

@test "the container's own stop signal and time" {
    background own --stop-signal HUP --stop-timeout 1 -- sh -c "$listener"
    wait_for 10 said own ready
    expect own timeout 9 cbox stop own
    said own hup
    [ "$(record own .exitCode)" -eq 137 ]
}

@test "stop and kill of several: names as they come, errors at the end" {
    listening one
    listening two
    run --separate-stderr cbox stop one nobody two
    [ "$status" -eq 1 ] && [ "$output" = $'one\ntwo' ] && [[ $stderr == *"no such container: nobody"* ]]
    refuse 1 'cannot kill container: one: container [0-9a-f]{64} is not running' cbox kill one
    refuse 1 'invalid signal: NONSENSE' cbox kill -s NONSENSE one
}

@test "kill: any signal; KILL has ended it" {
    listening one
    expect one cbox kill -s HUP one
    wait_for 10 said one hup
    is one running
    expect one cbox kill one
    is one exited
    [ "$(record one .exitCode)" -eq 137 ]
}

@test "restart: a new run, whether it ran or not, with --rm too" {
    listening one
    before=$(record one .pid)
    expect one cbox restart one
    is one running
    [ "$(record one .pid)" != "$before" ]
    cbox stop one
    expect one cbox restart one
    is one running
    background two --rm -- sh -c 'echo x >>/file; wc -l </file; exec sleep 777406'
    expect two timeout 9 cbox restart -t 0 two
    expect $'1\n2' cbox logs two
    cbox stop -t 0 two
    wait_for 10 is two ''
}

# --- pause -----------------------------------------------------------------------------------------------------------

@test "pause holds all processes, unpause lets them go on" {
    background one -- sh -c 'while :; do echo x; sleep 0.02; done'
    refuse 1 'is not paused' cbox unpause one
    expect one cbox pause one
    is one paused
    [[ $(cbox ps --filter name=one --format '{{.Status}}') == *"(Paused)" ]]
    cbox logs one >"$BATS_TEST_TMPDIR/before"
    sleep 0.3
    cbox logs one | cmp - "$BATS_TEST_TMPDIR/before"
    refuse 1 'already paused' cbox pause one
    refuse 1 'paused' cbox start one
    refuse 1 'paused' cbox attach one
    refuse 1 'container is paused' cbox rm one
    expect one cbox unpause one
    is one running
    went_on() {
        [ "$(cbox logs one | wc -l)" -gt "$(wc -l <"$BATS_TEST_TMPDIR/before")" ]
    }
    wait_for 10 went_on
    cbox stop -t 0 one
    refuse 1 'is not running' cbox pause one
}

@test "what is paused can be stopped, killed, restarted and removed" {
    listening one
    for command in 'stop' 'kill' 'restart -t 0' 'rm -f'; do
        cbox pause one
        # shellcheck disable=SC2086
        timeout 9 cbox $command one
        [ "$command" = 'rm -f' ] || cbox start one
    done
    is one ''
}

# --- names -----------------------------------------------------------------------------------------------------------

@test "rename: while it runs and afterwards; the old name is free" {
    listening one
    expect '' cbox rename one two
    is two running
    is one ''
    expect two cbox stop two
    expect '' cbox rename two /three
    is three exited
    background two -- true
    refuse 1 'already in use' cbox rename three two
    refuse 1 'same name' cbox rename three three
    refuse 1 'invalid container name' cbox rename three 'no/name'
    refuse 1 'no such container' cbox rename one four
    is three exited
}

@test "names, ids and their starts; several are refused with the candidates" {
    for n in $(seq 17); do
        cbox create --name "c$n" alpine true
    done >"$BATS_TEST_TMPDIR/ids"
    # Of 17 ids two begin alike.
    twice=$(cut -c1 "$BATS_TEST_TMPDIR/ids" | sort | uniq -d | head -n 1)
    refuse 1 "several containers begin with $twice: [0-9a-f]{12} and [0-9a-f]{12}" cbox stop "$twice"
    id=$(head -n 1 "$BATS_TEST_TMPDIR/ids")
    expect "${id:0:20}" cbox stop "${id:0:20}"
    expect "$id" cbox rm "$id"
    expect c2 cbox rm c2
}

# --- rm --------------------------------------------------------------------------------------------------------------

@test "rm: refuses what runs, takes it with -f; several" {
    listening one
    background two -- true
    cbox wait two
    run --separate-stderr cbox rm one nobody two
    [ "$status" -eq 1 ] && [ "$output" = two ]
    [[ $stderr == *'cannot remove container "one": container is running: stop the container before removing or force remove'* ]]
    [[ $stderr == *"no such container: nobody"* ]]
    expect one cbox rm -f one
    is one ''
    refuse 1 'link' cbox rm -l one
}

# --- restart policies ------------------------------------------------------------------------------------------------

ended_for_good() {
    is "$1" exited && [ "$(record "$1" .restarts)" -eq "$2" ]
}

@test "on-failure: so many times, and not after success" {
    background fails --restart on-failure:2 -- sh -c 'echo run; exit 3'
    wait_for 10 ended_for_good fails 2
    expect $'run\nrun\nrun' cbox logs fails
    [ "$(record fails .exitCode)" -eq 3 ]
    background good --restart on-failure -- sh -c 'echo run'
    cbox wait good
    wait_for 10 is good exited
    expect run cbox logs good
    cbox start fails
    wait_for 10 ended_for_good fails 2
}

@test "always: again and again, with a growing pause, until it is stopped" {
    background again --restart always -- sh -c 'echo run'
    wait_for 10 is again restarting
    refuse 1 'restarting' cbox attach again
    several() {
        [ "$(cbox logs again | wc -l)" -ge 4 ]
    }
    wait_for 20 several
    # 100, 200 and 400 ms lie between four of them.
    times=$(cbox logs -t again | cut -d' ' -f1 | head -n 4)
    first=$(date -d "$(head -n 1 <<<"$times")" +%s%3N) last=$(date -d "$(tail -n 1 <<<"$times")" +%s%3N)
    [ $((last - first)) -ge 700 ] && [ $((last - first)) -lt 3000 ]
    expect again timeout 9 cbox stop again
    is again exited
    runs=$(cbox logs again | wc -l)
    sleep 1
    [ "$(cbox logs again | wc -l)" -eq "$runs" ]
}

@test "what is between two runs is killed, removed, renamed and restarted like any other" {
    for command in 'rm -f' 'stop' 'restart' 'kill'; do
        background again --restart always -- sh -c 'exit 1'
        runs_seldom() {
            [ "$(record again .restarts)" -ge 4 ] && is again restarting
        }
        wait_for 20 runs_seldom
        cbox rename again other
        # shellcheck disable=SC2086
        timeout 9 cbox $command other
        cbox rm -f other 2>/dev/null
    done
}

@test "--rm and a restart policy exclude each other" {
    refuse 125 'conflicting options' cbox run --rm --restart always alpine true
}

# --- what is known ---------------------------------------------------------------------------------------------------

@test "the record: times, the kernel's word on memory, exit codes" {
    before=$(date +%s%N)
    run cbox run --name greedy --memory 32m alpine dd if=/dev/zero of=/dev/null bs=200M count=1
    [ "$(record greedy .oomKilled)" = true ]
    [ "$(record greedy .exitCode)" -eq 137 ]
    [ "$(record greedy .started)" -gt "$before" ]
    [ "$(record greedy .finished)" -ge "$(record greedy .started)" ]
    [ "$(record greedy .pid)" = null ]
}

@test "events of a life" {
    listening one
    cbox pause one
    cbox unpause one
    cbox kill -s HUP one
    cbox rename one two
    cbox restart two
    cbox stop two
    cbox rm two
    # What two processes tell at the same moment comes in either order.
    told=$(cbox events --since 1h --until 0s --filter type=container --format '{{.Action}}' | tail -n 14 | sort | uniq -c | tr -s ' ' | paste -sd' ')
    [ "$told" = ' 1 create  1 destroy  2 die  3 kill  1 pause  1 rename  1 restart  2 start  1 stop  1 unpause' ] || {
        echo "$told"
        return 1
    }
    cbox events --since 1h --until 0s --filter event=die --format '{{json .Actor.Attributes}}' | tail -n 1 |
        jq -e '.exitCode == "5" and .name == "two" and .image == "alpine" and (.execDuration | test("^[0-9]+$"))'
}
