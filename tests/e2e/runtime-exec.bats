#!/usr/bin/env bats
# The OCI runtime: exec, runc's way to run one more process in a container.
# shellcheck disable=SC2154,SC2016  # the helpers set state, bundle, out, err, console and screen; scripts are the containers'

load helper
load bundle

setup() {
    runtime_setup
    args sleep 1000
}

teardown() {
    runtime_teardown
}

# ex [OPTION...] ID COMMAND...: exec with no input.
ex() {
    rt exec "$@" </dev/null
}

# --- what comes back -------------------------------------------------------------------------------------------------

@test "exec passes on output, errors, input and exit code" {
    launch one
    run --separate-stderr ex one sh -c 'echo out; echo err >&2; exit 7'
    [ "$status" -eq 7 ]
    [ "$output" = out ]
    [ "$stderr" = err ]
    [ "$(seq 1 50000 | rt exec one sha256sum)" = "$(seq 1 50000 | sha256sum)" ]
    for code in 0 1 126 255; do
        run ex one sh -c "exit $code"
        [ "$status" -eq "$code" ]
    done
    run ex one sh -c 'kill -KILL $$'
    [ "$status" -eq 137 ]
    remove one
}

@test "exec passes signals on" {
    launch one
    "${runtime[@]}" --root "$state" exec one sh -c 'trap "exit 41" TERM; echo ready; while :; do sleep 0.05; done' \
        </dev/null >"$out" 2>"$err" 3>&- &
    runner=$!
    wait_for 10 grep -q ready "$out"
    kill -TERM $runner
    status=0
    wait $runner || status=$?
    [ "$status" -eq 41 ]
    remove one
}

@test "what cannot be executed: an error, and the container runs on" {
    launch one
    fails -255 'no/such/program.*(not found|no such file)' ex one /no/such/program
    fails -255 'nosuchprogram.*(not found|no such file)' ex one nosuchprogram
    fails -255 '/etc/passwd.*permission denied' ex one /etc/passwd
    fails -255 '' ex one ''
    fails -255 'argument|args' ex one
    expect running state_of one
    remove one
}

@test "exec in every state: created and running take it, stopped, missing and paused do not" {
    fails -255 'not exist' ex one true
    create one
    expect $'1\n0' ex one sh -c 'ls -d /proc/1 | wc -l; [ $$ = 1 ]; echo $((1 - $?))'
    rt start one
    ex one true
    rt pause one
    fails -255 'paused' ex one true
    rt resume one
    ex one true
    rt kill one KILL
    becomes one stopped
    fails -255 'not running|stopped' ex one true
    rt delete one
}

@test "exec --ignore-paused waits until the container goes on" {
    launch one
    rt pause one
    "${runtime[@]}" --root "$state" exec --ignore-paused one echo thawed </dev/null >"$out" 2>"$err" 3>&- &
    runner=$!
    sleep 0.3
    [ ! -s "$out" ]
    rt resume one
    wait $runner
    expect thawed cat "$out"
    remove one
}

# --- where it runs ---------------------------------------------------------------------------------------------------

@test "exec joins every namespace of the container, its root and its cgroups" {
    edit '.linux.namespaces += [{"type": "cgroup"}]'
    edit '.hostname = "inside"'
    launch one
    pid=$(state_of one .pid)
    for kind in cgroup ipc mnt net pid uts user; do
        expect "$(readlink "/proc/$pid/ns/$kind")" ex one readlink "/proc/self/ns/$kind"
    done
    expect inside ex one hostname
    ex one sleep 777201 3>&- &
    runner=$!
    wait_for 10 container_pid 777201
    expect "$(cat "/proc/$pid/cgroup")" cat "/proc/$(container_pid 777201)/cgroup"
    expect "$(stat -Lc %d:%i "/proc/$pid/root")" stat -Lc %d:%i "/proc/$(container_pid 777201)/root"
    kill -KILL "$(container_pid 777201)"
    wait $runner || true
    remove one
}

@test "exec into a container with a user namespace" {
    chown 100000:100000 "$bundle/rootfs"
    edit '.linux.namespaces += [{"type": "user"}]
        | .linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}] | .linux.gidMappings = .linux.uidMappings'
    launch one
    pid=$(state_of one .pid)
    expect "$(readlink "/proc/$pid/ns/user")" ex one readlink /proc/self/ns/user
    expect $'0\n0' ex one sh -c 'id -u; id -g'
    expect $'1000\n1000' ex --user 1000:1000 one sh -c 'id -u; id -g'
    remove one
}

# A process of the container that was exec'ed dies with its first one, also in a shared PID namespace after delete.
@test "exec dies with its container" {
    launch one
    ex one sleep 777202 3>&- &
    runner=$!
    wait_for 10 container_pid 777202
    rt kill one KILL
    status=0
    wait $runner || status=$?
    [ "$status" -eq 137 ]
    run ! container_pid 777202
    becomes one stopped
    rt delete one
}

@test "delete --force takes exec'ed processes along in a shared PID namespace" {
    edit '.linux.namespaces |= map(select(.type != "pid"))'
    launch one
    ex -d one sleep 777203 >/dev/null 2>&1
    wait_for 10 container_pid 777203
    rt delete -f one
    wait_for 5 test -z "$(container_pid 777203)"
}

# [CONTROLLER:]PATH, below the container's own.
@test "exec --cgroup runs in a cgroup below the container's" {
    launch one
    find /sys/fs/cgroup -path "*/$cgroup_parent/one" -exec mkdir {}/sub \; -prune
    # Without a cgroup namespace the whole path is in sight.
    if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
        rt exec --cgroup /sub one cat /proc/self/cgroup >"$out"
    else
        rt exec --cgroup pids:/sub one cat /proc/self/cgroup >"$out"
        grep -q ':freezer:.*/one$' "$out"
        sed -i -n '/:pids:/p' "$out"
    fi
    grep -q '/one/sub$' "$out"
    fails -255 '' ex --cgroup /nosuch one true
    fails -255 '' ex --cgroup /../.. one true
    remove one
}

# --- as what it runs -------------------------------------------------------------------------------------------------

@test "exec takes environment, directory, user and capabilities of the container's process" {
    edit '.process.env += ["FROM=spec"] | .process.cwd = "/tmp" | .process.user = {"uid": 1000, "gid": 2000, "additionalGids": [5, 6]}'
    launch one
    expect $'spec\n/tmp\n1000\n2000' ex one sh -c 'echo $FROM; pwd; id -u; id -g'
    expect "$(ex one sh -c 'grep ^Cap /proc/1/status')" ex one sh -c 'grep ^Cap /proc/self/status'
    expect $'NoNewPrivs:\t1' ex one grep NoNewPrivs /proc/self/status
    remove one
}

@test "--env adds and replaces, --cwd leads" {
    edit '.process.env += ["A=1", "B=2"]'
    launch one
    expect '1 3 4 x=y' ex -e B=3 -e C=4 -e D=x=y one sh -c 'echo $A $B $C $D'
    expect '3' ex --env B=3 one sh -c 'echo $B'
    expect /proc ex --cwd /proc one pwd
    fails -255 'no/such.*no such file|no such file.*no/such' ex --cwd /no/such one pwd
    fails -255 'cwd|absolute' ex --cwd relative one pwd
    remove one
}

@test "--user, --additional-gids" {
    launch one
    expect $'1000\n0\n0' ex --user 1000 one sh -c 'id -u; id -g; id -G'
    expect $'1000\n2000' ex -u 1000:2000 one sh -c 'id -u; id -g'
    expect $'7\n7 8 9' ex -u 7:7 --additional-gids 8 --additional-gids 9 one sh -c 'id -g; id -G'
    expect $'7\n7 8' ex -u 7:7 -g 8 one sh -c 'id -g; id -G'
    fails -255 '' ex -u nobody one id
    fails -255 '' ex -u 1:2:3 one id
    fails -255 '' ex -u -1 one id
    remove one
}

@test "--cap and --no-new-privs" {
    edit '.process.noNewPrivileges = false'
    launch one
    expect $'NoNewPrivs:\t0' ex one grep NoNewPrivs /proc/self/status
    expect $'NoNewPrivs:\t1' ex --no-new-privs one grep NoNewPrivs /proc/self/status
    # CAP_NET_RAW is 13, CAP_SYS_NICE 23; of the specification are 5, 10 and 29.
    expect $'CapPrm:\t0000000020802420\nCapEff:\t0000000020802420\nCapBnd:\t0000000020802420' \
        ex --cap CAP_NET_RAW --cap CAP_SYS_NICE one grep -E 'Cap(Prm|Eff|Bnd)' /proc/self/status
    # config.md, "process.capabilities": what the kernel does not know is a warning.
    fails -0 'warn.*CAP_NOSUCH|CAP_NOSUCH' ex --cap CAP_NOSUCH one true
    remove one
}

@test "--process says it all" {
    launch one
    cat >"$BATS_TEST_TMPDIR/process.json" <<'END'
{"terminal": false, "user": {"uid": 1000, "gid": 1001, "additionalGids": [7]}, "cwd": "/tmp", "env": ["PATH=/bin", "X=of the file"],
 "args": ["sh", "-c", "id -u; id -g; id -G; pwd; echo $X; grep CapEff /proc/self/status; exit 4"], "noNewPrivileges": true,
 "rlimits": [{"type": "RLIMIT_CORE", "soft": 0, "hard": 0}]}
END
    run --separate-stderr ex --process "$BATS_TEST_TMPDIR/process.json" one
    [ "$status" -eq 4 ]
    [ "$output" = $'1000\n1001\n1001 7\n/tmp\nof the file\nCapEff:\t0000000000000000' ]
    remove one
}

@test "--process: files that are none" {
    launch one
    process=$BATS_TEST_TMPDIR/process.json
    fails -255 'no such file' ex --process "$process" one
    echo '{' >"$process"
    fails -255 'process.json|JSON|EOF' ex -p "$process" one
    echo '{"cwd": "/", "args": []}' >"$process"
    fails -255 'args' ex -p "$process" one
    echo '{"cwd": "relative", "args": ["true"]}' >"$process"
    fails -255 'cwd|absolute' ex -p "$process" one
    remove one
}

# --- detached, with a terminal ---------------------------------------------------------------------------------------

@test "exec -d returns at once, and --pid-file knows the process" {
    launch one
    ex -d --pid-file "$BATS_TEST_TMPDIR/pid" one sleep 777204 >/dev/null 2>&1
    expect "$(container_pid 777204)" cat "$BATS_TEST_TMPDIR/pid"
    expect "$(container_pid 777204 | tr -d '\n' | wc -c)" stat -c %s "$BATS_TEST_TMPDIR/pid"
    remove one
}

@test "exec -d -t with a console socket" {
    launch one
    console_start
    ex -d -t --console-socket "$console" one sh -c 'tty; [ -t 0 ] && [ -t 1 ] && [ -t 2 ] && echo terminal; stat -c %u:%t /dev/pts/0'
    expect $'/dev/pts/0\nterminal\n0:88' console_end
    grep -q '^1 ' "$screen.name"
    remove one
}

@test "exec -t with a console socket types and reads" {
    launch one
    console_start '' $'line of input\n'
    ex -t -d --console-socket "$console" one sh -c 'read -r line; echo "got $line"'
    console_end >"$out"
    grep -qx 'got line of input' "$out"
    remove one
}

@test "a terminal's size is the process document's" {
    launch one
    console_start
    echo '{"terminal": true, "consoleSize": {"height": 33, "width": 111}, "cwd": "/", "env": ["PATH=/bin"], "args": ["stty", "size"]}' \
        >"$BATS_TEST_TMPDIR/process.json"
    ex -d --console-socket "$console" --process "$BATS_TEST_TMPDIR/process.json" one
    expect '33 111' console_end
    remove one
}

@test "terminal and console socket go together" {
    launch one
    fails -255 'console|terminal|tty' ex -d -t one true
    fails -255 'no/such' ex -d -t --console-socket /no/such/socket one true
    expect running state_of one
    remove one
}

# --- descriptors -----------------------------------------------------------------------------------------------------

@test "exec: the standard streams and no other descriptor; --preserve-fds as many as it says" {
    launch one
    exec 7</etc/passwd
    expect '0 1 2 3' ex one sh -c 'cd /proc/self/fd; echo *'
    exec 7<&-
    echo third >"$BATS_TEST_TMPDIR/third"
    run --separate-stderr rt exec --preserve-fds 1 one sh -c 'cat <&3; echo >&4' 3<"$BATS_TEST_TMPDIR/third" 4</etc/passwd
    [ "$status" -ne 0 ]
    [ "$output" = third ]
    remove one
}

@test "options end at the command" {
    launch one
    expect '-d -t x' ex one echo -d -t x
    expect '-t' ex -- one echo -t
    remove one
}

@test "ten at once" {
    launch one
    pids=()
    for n in {1..10}; do
        rt exec one sh -c "exit $n" </dev/null 3>&- &
        pids+=($!)
    done
    for n in {1..10}; do
        status=0
        wait "${pids[n - 1]}" || status=$?
        [ "$status" -eq "$n" ]
    done
    remove one
}
