#!/usr/bin/env bats
# The OCI runtime: the operations and the states between which they move a container. Clauses are those of the runtime
# specification's runtime.md, where nothing else is named.
# shellcheck disable=SC2154,SC2016  # the helpers set state, bundle, out and err; scripts are the containers'

load helper
load bundle

setup() {
    runtime_setup
    args sleep 1000
}

teardown() {
    runtime_teardown
}

# --- create and start ------------------------------------------------------------------------------------------------

# "Create": the process is not run before start; "Start": the runtime runs the user-specified program.
@test "create makes the container, start runs its program" {
    script 'echo started >/tmp/started; exec sleep 1000'
    edit '.root.readonly = false'
    create one
    expect created state_of one
    [ ! -e "$bundle/rootfs/tmp/started" ]
    rt start one
    wait_for 10 test -s "$bundle/rootfs/tmp/started"
    expect running state_of one
    remove one
}

# "Lifecycle" 4-8: what is in the container after create is what config.json said then.
@test "a config.json that is changed after create changes nothing" {
    script 'echo first >/tmp/which; exec sleep 1000'
    edit '.root.readonly = false | .annotations.which = "first"'
    create one
    script 'echo second >/tmp/which; exec sleep 1000'
    edit '.annotations.which = "second"'
    rt start one
    wait_for 10 test -s "$bundle/rootfs/tmp/which"
    expect first cat "$bundle/rootfs/tmp/which"
    expect first state_of one .annotations.which
    rm "$bundle/config.json"
    expect running state_of one
    remove one
}

# "Create": must generate an error if the id is not unique, or the bundle is none.
@test "an id is taken once" {
    create one
    pid=$(state_of one .pid)
    fails 'exist' create one
    fails 'exist' launch one
    expect "$pid" state_of one .pid
    expect created state_of one
    remove one
    create one
    remove one
}

@test "ids: what is refused, and what is not" {
    local id
    for id in '' . .. a/b ../a /a 'a b' 'a:b' $'a\nb' 'ä' 'a*'; do
        fails 'id|empty' rt create -b "$bundle" "$id"
    done
    fails 'id' rt state a/b
    fails 'id' rt delete -f ../one
    for id in a A-b_c.d+e0 1 "$(printf 'x%.0s' {1..200})"; do
        create "$id"
        expect created state_of "$id"
        remove "$id"
    done
    fails 'long|id' create "$(printf 'x%.0s' {1..1030})"
    fails 'argument' rt create -b "$bundle"
    fails 'argument' rt create -b "$bundle" one two
    fails 'argument' rt state
}

@test "--pid-file holds the pid of the container's process" {
    create one --pid-file "$BATS_TEST_TMPDIR/pid"
    expect "$(state_of one .pid)" cat "$BATS_TEST_TMPDIR/pid"
    # Callers parse it to the last byte.
    expect "$(state_of one .pid | tr -d '\n' | wc -c)" stat -c %s "$BATS_TEST_TMPDIR/pid"
    remove one
    launch one --pid-file "$BATS_TEST_TMPDIR/pid"
    expect "$(state_of one .pid)" cat "$BATS_TEST_TMPDIR/pid"
    remove one
    fails 'pid|no such file' create one --pid-file "$BATS_TEST_TMPDIR/no/such/pid"
}

@test "the bundle is the current directory without --bundle" {
    cgroup_for one
    cd "$bundle"
    rt create one </dev/null >"$out" 2>"$err"
    expect "$bundle" state_of one .bundle
    remove one
    cd "$BATS_TEST_TMPDIR"
    rt create --bundle bundle one </dev/null >"$out" 2>"$err"
    expect "$bundle" state_of one .bundle
    remove one
}

# "Start": an error where the container is not created; nothing happens to it.
@test "start takes a created container alone" {
    fails 'not exist' rt start one
    launch one
    fails 'running|start' rt start one
    expect running state_of one
    rt kill one KILL
    becomes one stopped
    fails 'stopped' rt start one
    remove one
}

@test "a program that is not there is an error of create, and nothing is left" {
    args /no/such/program
    fails 'no/such/program.*(not found|no such file)' create one
    args nosuchprogram
    fails 'nosuchprogram.*(not found|no such file)' launch one
    args /etc
    fails '/etc.*(permission denied|is a directory)' launch one
    args /etc/passwd
    fails '/etc/passwd.*permission denied' launch one
    fails 'not exist' rt state one
}

# --- run -------------------------------------------------------------------------------------------------------------

@test "run passes on output, errors, input and exit code" {
    script 'echo out; echo err >&2; exit 7'
    run --separate-stderr in_bundle
    [ "$status" -eq 7 ]
    [ "$output" = out ]
    [ "$stderr" = err ]
    script 'sha256sum'
    cgroup_for one
    [ "$(seq 1 50000 | rt run -b "$bundle" one)" = "$(seq 1 50000 | sha256sum)" ]
    for code in 0 1 126 255; do
        run in_bundle "exit $code"
        [ "$status" -eq "$code" ]
    done
}

@test "run: a signal's death is 128 and its number" {
    script 'kill -TERM $$; exec sleep 1000'
    cgroup_for one
    rt run -b "$bundle" one </dev/null >"$out" 2>"$err" &
    runner=$!
    becomes one running
    rt kill one KILL
    status=0
    wait $runner || status=$?
    [ "$status" -eq 137 ]
    fails 'not exist' rt state one
}

@test "run passes signals on" {
    local signal
    script 'trap "exit 41" TERM; trap "exit 42" USR1; trap "exit 43" HUP; echo ready; while :; do sleep 0.05; done'
    cgroup_for one
    for signal in TERM:41 USR1:42 HUP:43; do
        "${runtime[@]}" --root "$state" run -b "$bundle" one </dev/null >"$out" 2>"$err" 3>&- &
        runner=$!
        wait_for 10 grep -q ready "$out"
        kill -"${signal%:*}" $runner
        status=0
        wait $runner || status=$?
        [ "$status" -eq "${signal#*:}" ]
    done
}

@test "run removes the container, run --keep leaves it stopped" {
    script 'exit 3'
    cgroup_for one
    fails -3 '' rt run -b "$bundle" one
    fails 'not exist' rt state one
    fails -3 '' rt run --keep -b "$bundle" one
    expect stopped state_of one
    rt delete one
}

@test "run -d returns when the program runs" {
    launch one
    expect running state_of one
    pid=$(state_of one .pid)
    expect 'sleep 1000 ' tr '\0' ' ' <"/proc/$pid/cmdline"
    remove one
    gone "$pid"
}

@test "run --no-subreaper runs all the same" {
    script 'exit 5'
    cgroup_for one
    fails -5 '' rt run --no-subreaper -b "$bundle" one
}

@test "--no-pivot runs all the same" {
    script 'ls /; exit 6'
    cgroup_for one
    fails -6 '' rt run --no-pivot -b "$bundle" one
    grep -qx proc "$out"
    run ! grep -qx home "$out"
}

# --- state -----------------------------------------------------------------------------------------------------------

# "State": ociVersion, id, status, pid, bundle, annotations; runc's callers read rootfs, created and owner.
@test "state prints what the specification and the callers ask for" {
    edit '.annotations = {"org.example.key": "value", "empty": ""}'
    before=$(date +%s)
    create one
    rt state one >"$out"
    jq -e --arg bundle "$bundle" '
        (.ociVersion | test("^1\\.[0-9]+\\.[0-9]+")) and .id == "one" and .status == "created" and .bundle == $bundle
        and (.pid | type == "number" and . > 0) and .annotations == {"org.example.key": "value", "empty": ""}
        and .rootfs == $bundle + "/rootfs" and (.owner | type) == "string"' "$out"
    created=$(date -d "$(jq -r .created "$out")" +%s)
    [ "$created" -ge "$before" ]
    [ "$created" -le "$(date +%s)" ]
    jq -e '.created | test("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(\\.[0-9]+)?Z$")' "$out"
    [ -d "/proc/$(jq .pid "$out")" ]
    rt start one
    jq -e --slurpfile before "$out" '. == ($before[0] | .status = "running")' <(rt state one)
    rt kill one KILL
    becomes one stopped
    jq -e '.pid == 0 and .id == "one"' <(rt state one)
    rt delete one
    fails 'not exist' rt state one
}

@test "a container that ends by itself is stopped" {
    script 'exit 0'
    create one
    rt start one
    becomes one stopped
    rt delete one
}

@test "a pid that is another's by now is not the container's" {
    beyond_runc 'way to look at it'
    create one
    pid=$(state_of one .pid)
    kill -KILL "$pid"
    becomes one stopped
    fails 'not running|stopped' rt kill one TERM
    rt delete one
}

# --- kill ------------------------------------------------------------------------------------------------------------

# "Kill": an error where it is neither created nor running, and no effect on the container.
@test "kill sends signals by name, with and without SIG, in any case, and by number" {
    local name
    for name in TERM SIGTERM term sigterm 15; do
        script 'trap "exit 9" TERM; echo ready; while :; do sleep 0.05; done'
        launch one
        wait_for 10 grep -q ready "$out"
        rt kill one $name
        becomes one stopped
        rt delete one
    done
}

@test "kill sends SIGTERM if nothing is said" {
    script 'trap "echo term; exit 0" TERM; echo ready; while :; do sleep 0.05; done'
    launch one
    wait_for 10 grep -q ready "$out"
    rt kill one
    becomes one stopped
    grep -qx term "$out"
    rt delete one
}

@test "signals that there are not" {
    local name
    launch one
    for name in NOSUCH SIG 1000 TERMX; do
        fails 'signal' rt kill one "$name"
    done
    expect running state_of one
    remove one
}

@test "kill: created, running and paused are signalled, stopped and missing refused" {
    fails 'not exist' rt kill one KILL
    create one
    rt kill one KILL
    becomes one stopped
    fails 'not running|stopped' rt kill one KILL
    fails 'not running|stopped' rt kill one 0
    rt delete one
    launch one
    rt pause one
    rt kill one KILL
    rt resume one || true
    becomes one stopped
    rt delete one
}

@test "kill 0 asks whether it is there" {
    launch one
    rt kill one 0
    expect running state_of one
    remove one
}

@test "kill --all reaches every process" {
    script 'sleep 777101 & sleep 777102 & exec sleep 777103'
    # Without a PID namespace nobody else takes the children along.
    edit '.linux.namespaces |= map(select(.type != "pid"))'
    launch one
    for mark in 777101 777102 777103; do
        wait_for 10 container_pid $mark
    done
    rt kill --all one KILL
    becomes one stopped
    for mark in 777101 777102 777103; do
        run ! container_pid $mark
    done
    rt kill --all one KILL
    rt delete one
}

# --- delete ----------------------------------------------------------------------------------------------------------

# "Delete": an error where it is not stopped, and no effect on the container; all that create made is removed.
@test "delete refuses what runs, and takes it with --force" {
    create one
    [ -n "$(runtime_cgroups)" ]
    rt start one
    fails 'stopped|running' rt delete one
    expect running state_of one
    pid=$(state_of one .pid)
    rt delete --force one
    gone "$pid"
    fails 'not exist' rt state one
    [ -z "$(runtime_cgroups)" ]
}

@test "delete of what is not there fails, and does not with --force" {
    fails 'not exist' rt delete one
    rt delete --force one
    rt delete -f one
}

# As one finds it that comes between the first two things a creation does: locked, and not yet written down.
@test "delete --force of a container that is being created waits, and takes all of it" {
    local deletion lock
    beyond_runc 'locks'
    create one
    lock="FLOCK .*:$(stat -c %i "$state/one") "
    mv "$state/one/state.json" "$BATS_TEST_TMPDIR/"
    exec 8> >(exec flock "$state/one" cat 3>&-) # /proc/locks has those of the living
    wait_for 10 grep -q -e "$lock" /proc/locks
    rt delete --force one 8>&- 3>&- &
    deletion=$!
    wait_for 10 grep -q -e "-> $lock" /proc/locks
    mv "$BATS_TEST_TMPDIR/state.json" "$state/one/"
    exec 8>&-
    wait "$deletion"
    expect '' runtime_left
}

@test "delete takes a created container" {
    create one
    pid=$(state_of one .pid)
    rt delete one
    wait_for 5 gone "$pid"
    fails 'not exist' rt state one
}

@test "delete --force takes a paused container" {
    script 'trap "" TERM; while :; do sleep 1; done'
    launch one
    rt pause one
    rt delete --force one
    fails 'not exist' rt state one
}

@test "delete ends what the first process left behind in a shared PID namespace" {
    script 'sleep 777111 & sleep 0.2'
    edit '.linux.namespaces |= map(select(.type != "pid"))'
    launch one
    wait_for 10 container_pid 777111
    becomes one stopped
    rt delete --force one
    wait_for 5 test -z "$(runtime_processes)"
    run ! container_pid 777111
}

# --- pause and resume ------------------------------------------------------------------------------------------------

@test "pause stops the world, resume lets it go on" {
    script 'while :; do echo x; sleep 0.02; done'
    launch one
    wait_for 10 test -s "$out"
    rt pause one
    expect paused state_of one
    size=$(stat -c %s "$out")
    sleep 0.2
    expect "$size" stat -c %s "$out"
    rt resume one
    expect running state_of one
    grew() { [ "$(stat -c %s "$out")" -gt "$size" ]; }
    wait_for 10 grew
    remove one
}

@test "pause and resume in the wrong state" {
    fails 'not exist' rt pause one
    fails 'not exist' rt resume one
    launch one
    fails 'not paused' rt resume one
    rt pause one
    fails 'paused|not running' rt pause one
    expect paused state_of one
    rt resume one
    rt kill one KILL
    becomes one stopped
    fails 'not running|stopped' rt pause one
    fails 'not paused|stopped' rt resume one
    rt delete one
}

@test "a created container is paused, refuses to start, and starts when it is resumed" {
    create one
    rt pause one
    expect paused state_of one
    fails 'paused' rt start one
    rt resume one
    expect created state_of one
    rt start one
    expect running state_of one
    remove one
    create one
    rt pause one
    rt delete --force one
}

# --- descriptors -----------------------------------------------------------------------------------------------------

@test "the program has the standard streams and no other descriptor" {
    exec 7</etc/passwd
    script 'cd /proc/self/fd; echo *'
    # The shell opens the directory itself.
    cgroup_for one
    expect '0 1 2 3' rt run -b "$bundle" one
    exec 7<&-
}

@test "--preserve-fds hands on as many as it says" {
    echo third >"$BATS_TEST_TMPDIR/third"
    echo fourth >"$BATS_TEST_TMPDIR/fourth"
    script 'cat <&3; cat <&4; echo >&5' 
    cgroup_for one
    run --separate-stderr rt run -b "$bundle" --preserve-fds 2 one 3<"$BATS_TEST_TMPDIR/third" 4<"$BATS_TEST_TMPDIR/fourth" 5</etc/passwd
    [ "$status" -ne 0 ]
    [ "$output" = $'third\nfourth' ]
    [[ $stderr == *ad\ file\ descriptor* ]]
}

@test "LISTEN_FDS are handed on, with the pid that the program has" {
    echo socket >"$BATS_TEST_TMPDIR/file"
    script 'cat <&3; echo "$LISTEN_FDS $LISTEN_PID"'
    cgroup_for one
    # shellcheck disable=SC2016  # expanded inside
    expect $'socket\n1 1' env LISTEN_FDS=1 bash -c 'file=$1; shift; LISTEN_PID=$$ exec "$@" 3<"$file"' - \
        "$BATS_TEST_TMPDIR/file" "${runtime[@]}" --root "$state" run -b "$bundle" one
}

# --- many ------------------------------------------------------------------------------------------------------------

@test "twenty at once" {
    pids=()
    script 'exit 0'
    for n in {1..20}; do
        cp -a "$bundle" "$BATS_TEST_TMPDIR/bundle-$n"
        bundle_edit "$BATS_TEST_TMPDIR/bundle-$n" --arg path "/$cgroup_parent/c$n" '.linux.cgroupsPath = $path'
        bundle_args "$BATS_TEST_TMPDIR/bundle-$n" sh -c "exit $n"
        rt run -b "$BATS_TEST_TMPDIR/bundle-$n" "c$n" </dev/null >"$BATS_TEST_TMPDIR/$n" 2>&1 3>&- &
        pids+=($!)
    done
    for n in {1..20}; do
        status=0
        wait "${pids[n - 1]}" || status=$?
        [ "$status" -eq "$n" ]
    done
}

@test "of twenty that create one id at once, one gets it" {
    beyond_runc 'lock: who loses may remove what the winner made'
    cgroup_for one
    pids=() won=0
    for n in {1..20}; do
        rt create -b "$bundle" one </dev/null >"$BATS_TEST_TMPDIR/$n" 2>&1 3>&- &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do
        ! wait "$pid" || ((won += 1))
    done
    [ "$won" -eq 1 ]
    expect created state_of one
    remove one
}
