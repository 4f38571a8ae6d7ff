#!/usr/bin/env bats
# The OCI runtime: attacks on the life cycle from within a container, and by a bundle, by the names under which they were
# published.
# shellcheck disable=SC2154,SC2016  # the helpers set state, bundle, out and err; scripts are the container's

load helper
load bundle

setup() {
    runtime_setup
    args sleep 1000
    # What an attack would change: a copy, so that one that works does no harm to others.
    victim=$BATS_TEST_TMPDIR/runtime-binary
    cp "$(command -v "${runtime[0]}")" "$victim"
    runtime[0]=$victim
    digest=$(sha256sum <"$victim")
}

teardown() {
    [ "$(sha256sum <"$victim")" = "$digest" ] || echo "the runtime's binary was overwritten"
    [ "$(sha256sum <"$victim")" = "$digest" ]
    runtime_teardown
}

# Tries for two seconds to open the program of every process in sight for writing, as soon as it can, and writes to it.
overwriter='
end=$(($(date +%s) + 2))
while [ $(date +%s) -le $end ]; do
    for pid in /proc/[0-9]*; do
        [ $pid = /proc/$$ ] || case $(readlink $pid/exe) in /bin/busybox|"") ;; *)
            exec 9<$pid/exe && { readlink $pid/exe >>/tmp/seen; (echo owned >/proc/self/fd/9) 2>/dev/null && echo written >>/tmp/written; }
        esac
    done 2>/dev/null
done'

# --- CVE-2019-5736: /proc/self/exe is the runtime's binary -----------------------------------------------------------

@test "CVE-2019-5736: run of a program that is /proc/self/exe does not execute the runtime" {
    args /proc/self/exe --version
    cgroup_for one
    # Either it cannot be executed, or it is a copy that says its version and can be written without harm.
    rt run -b "$bundle" one </dev/null >"$out" 2>"$err" || true
    ln -s /proc/self/exe "$bundle/rootfs/program"
    printf '#!/proc/self/exe\n' >"$bundle/rootfs/script"
    chmod 755 "$bundle/rootfs/script"
    for program in /program /script; do
        args $program --version
        rt run -b "$bundle" one </dev/null >"$out" 2>"$err" || true
        is_runc || run ! grep -q version "$out"
    done
}

@test "CVE-2019-5736: a container that runs cannot write to the runtime of an exec" {
    edit '.root.readonly = false | .process.capabilities |= map_values(. + ["CAP_SYS_PTRACE", "CAP_DAC_OVERRIDE"])'
    script "$overwriter; exec sleep 1000"
    launch one
    for _ in {1..30}; do
        rt exec one true </dev/null || true
    done
    [ ! -e "$bundle/rootfs/tmp/written" ] || [ "$(sha256sum <"$victim")" = "$digest" ]
    remove one
}

@test "CVE-2019-5736: exec of /proc/self/exe and of a script that names it" {
    printf '#!/proc/self/exe\n' >"$bundle/rootfs/script"
    ln -s /proc/self/exe "$bundle/rootfs/link"
    chmod 755 "$bundle/rootfs/script"
    launch one
    for program in /proc/self/exe /script /link; do
        rt exec one $program --version </dev/null >"$out" 2>"$err" || true
        is_runc || run ! grep -q version "$out"
    done
    expect running state_of one
    remove one
}

# What protects the binary must not be paid by the container: runc needs several MiB for a copy of itself (runc#1980).
@test "a program that needs little runs with little memory" {
    beyond_runc 'small memory'
    edit '.linux.resources.memory.limit = 524288'
    args true
    for _ in {1..5}; do
        in_bundle
    done
    edit '.linux.resources.memory.limit = 1048576'
    args sleep 1000
    launch one
    for _ in {1..5}; do
        rt exec one true
    done
    remove one
}

# --- CVE-2024-21626: a directory of the host by a leaked descriptor --------------------------------------------------

# Whether a text holds what only the host's root directory has.
is_hosts() {
    grep -qF -e "$BATS_TEST_TMPDIR" -e config.json
}

@test "CVE-2024-21626: run with a cwd in /proc/self/fd" {
    local n path
    echo "$BATS_TEST_TMPDIR" >"$BATS_TEST_TMPDIR/host-file"
    for n in {3..24}; do
        for path in /proc/self/fd/$n /proc/self/fd/$n/../.. /proc/thread-self/fd/$n /proc/1/fd/$n; do
            edit --arg path "$path" '.process.cwd = $path'
            script 'pwd; ls; cat ../../../../../../../../../..'"$BATS_TEST_TMPDIR"'/host-file'
            cgroup_for one
            rt run -b "$bundle" one </dev/null >"$out" 2>/dev/null || true
            run ! is_hosts <"$out"
        done
    done
}

@test "CVE-2024-21626: exec --cwd in /proc/self/fd, and by a link in the image" {
    local n
    echo "$BATS_TEST_TMPDIR" >"$BATS_TEST_TMPDIR/host-file"
    edit '.root.readonly = false'
    launch one
    for n in {3..24}; do
        ln -sfn "/proc/self/fd/$n" "$bundle/rootfs/link"
        for path in /proc/self/fd/$n /link /proc/self/fd/$n/..; do
            rt exec --cwd "$path" one sh -c 'pwd; ls; cat ../../../../../../../../../..'"$BATS_TEST_TMPDIR"'/host-file' \
                </dev/null >"$out" 2>/dev/null || true
            run ! is_hosts <"$out"
        done
    done
    remove one
}

@test "CVE-2024-21626: a cwd that was removed, or lies elsewhere, is no way out" {
    edit '.root.readonly = false'
    launch one
    pid=$(state_of one .pid)
    rt exec one mkdir /tmp/gone
    # A directory of the container's that is moved away while a process stands in it.
    fails -255 'no such file|gone' rt exec --cwd /tmp/nothing/../../.. one sh -c 'ls config.json' || true
    run ! grep -q config.json "$out"
    expect running state_of one
    [ -d "/proc/$pid" ]
    remove one
}

@test "no descriptor of the host's is open in the program, however it was started" {
    exec 8<"$bundle" 9</
    edit '.process.capabilities |= map_values(. + ["CAP_SYS_PTRACE"])'
    for verb in run exec; do
        if [ $verb = run ]; then
            script 'for fd in /proc/self/fd/*; do echo "$(readlink $fd)"; done'
            cgroup_for one
            rt run -b "$bundle" one </dev/null >"$out" 2>"$err"
        else
            args sleep 1000
            launch two
            rt exec two sh -c 'for fd in /proc/self/fd/*; do echo "$(readlink $fd)"; done' </dev/null >"$out" 2>"$err"
            remove two
        fi
        # Its own standard streams are what the caller gave.
        run ! grep -vE "^(/dev/null|$out|$err|/proc/[0-9]+/fd|pipe:.*|)$" "$out"
    done
    exec 8<&- 9<&-
}

# --- CVE-2016-9962: the runtime of an exec, seen from inside ---------------------------------------------------------

@test "CVE-2016-9962: an exec cannot be traced nor its descriptors be opened before its program runs" {
    edit '.root.readonly = false | .process.capabilities |= map_values(. + ["CAP_SYS_PTRACE", "CAP_DAC_READ_SEARCH"])'
    # Looks into every process that is no busybox: it may see nothing that leads to the host.
    script 'echo ready; end=$(($(date +%s) + 3))
        while [ $(date +%s) -le $end ]; do
            for pid in /proc/[0-9]*; do
                case $(readlink $pid/exe 2>/dev/null) in /bin/busybox|"") continue ;; esac
                for fd in $pid/fd/* $pid/cwd; do
                    ls $fd/ 2>/dev/null | grep -qE "^(config.json|host-file)$" && echo "$fd" >>/tmp/found
                done
                ls $pid/root/'"$BATS_TEST_TMPDIR"' >/dev/null 2>&1 && echo root >>/tmp/found
            done
        done; exec sleep 1000'
    launch one
    wait_for 10 grep -q ready "$out"
    cd "$bundle"
    for _ in {1..40}; do
        rt exec one true </dev/null || true
    done
    cd /
    if [ -e "$bundle/rootfs/tmp/found" ]; then
        cat "$bundle/rootfs/tmp/found"
        false
    fi
    remove one
}

# --- CVE-2022-29162: inheritable capabilities ------------------------------------------------------------------------

@test "CVE-2022-29162: exec --cap adds nothing to the inheritable set" {
    edit '.process.noNewPrivileges = false'
    launch one
    expect $'CapInh:\t0000000000000000' rt exec --cap CAP_NET_RAW --cap CAP_SYS_ADMIN one grep CapInh /proc/self/status
    expect $'CapInh:\t0000000000000000' rt exec one grep CapInh /proc/self/status
    # A user's process does not have them by a file's inheritable ones either.
    expect $'CapInh:\t0000000000000000' rt exec --user 1000:1000 --cap CAP_NET_RAW one grep CapInh /proc/self/status
    remove one
}

@test "inheritable capabilities of the caller do not reach the container" {
    script 'grep CapInh /proc/self/status'
    cgroup_for one
    expect $'CapInh:\t0000000000000000' setpriv --inh-caps +net_raw,+sys_admin --ambient-caps +net_raw \
        "${runtime[@]}" --root "$state" run -b "$bundle" one
}

# --- runc#3359 and kin: what outlives its container ------------------------------------------------------------------

@test "an exec that is on its way while its container dies leaves nothing" {
    for _ in {1..15}; do
        launch one
        for _ in 1 2 3; do
            rt exec one sleep 777501 </dev/null >/dev/null 2>&1 3>&- &
        done
        sleep 0.0$((RANDOM % 5))
        rt kill one KILL
        wait
        becomes one stopped
        run ! container_pid 777501
        rt delete one
    done
}

@test "an exec that is on its way while its container is deleted, in a shared PID namespace, leaves nothing" {
    edit '.linux.namespaces |= map(select(.type != "pid"))'
    for _ in {1..15}; do
        launch one
        for _ in 1 2 3; do
            rt exec one sleep 777502 </dev/null >/dev/null 2>&1 3>&- &
        done
        sleep 0.0$((RANDOM % 5))
        rt delete -f one
        wait
        run ! container_pid 777502
    done
}

# --- the bundle as attacker ------------------------------------------------------------------------------------------

@test "a root that is a link leads where the caller may go, its files do not lead out" {
    ln -s /etc "$bundle/rootfs/tmp/etc"
    ln -sfn "/../../../../../../../..$BATS_TEST_TMPDIR" "$bundle/rootfs/tmp/up"
    echo host >"$BATS_TEST_TMPDIR/host-file"
    edit '.process.cwd = "/tmp/up"'
    script 'cat host-file'
    run in_bundle
    [[ $output != *host ]]
    [ ! -e "$BATS_TEST_TMPDIR/new" ]
}

@test "ids do not lead out of the state directory" {
    mkdir "$BATS_TEST_TMPDIR/other"
    echo '{}' >"$BATS_TEST_TMPDIR/other/state.json"
    for id in ../other .. . /; do
        fails '' rt delete -f "$id"
        fails '' rt state "$id"
        fails '' rt kill "$id" KILL
    done
    [ -e "$BATS_TEST_TMPDIR/other/state.json" ]
}

# --- a container that makes cgroups ----------------------------------------------------------------------------------

# A container to which its cgroups belong makes them below its own as deep and with names as long as it likes: further
# down than any path reaches.
deep_cgroups() {
    local name n
    name=$(printf 'n%.0s' {1..250})
    for n in {1..20}; do
        mkdir "$name"
        cd -P "$name" || return
    done
}

@test "a process in a cgroup at the end of a way that is too long for a path is killed with its container" {
    local dir pid
    beyond_runc 'traversal of such cgroups'
    script 'sleep 777503 & exec sleep 1000'
    launch one
    wait_for 10 container_pid 777503
    pid=$(container_pid 777503)
    for dir in /sys/fs/cgroup/{,*/}"$cgroup_parent"/one; do
        [ -d "$dir" ] || continue
        # None of a controller of v2, which hands down to cgroups without processes of their own alone.
        (cd "$dir" && deep_cgroups && if [ ! -e cpuset.cpus ] || [ -s cpuset.cpus ]; then echo "$pid" >cgroup.procs; fi)
    done
    rt delete -f one
    run ! container_pid 777503
}

# --- descriptors that are promised and missing -----------------------------------------------------------------------

@test "a descriptor of the runtime's own is not preserved in the place of one that is missing" {
    beyond_runc 'distinction of its own descriptors'
    args true
    cgroup_for one
    fails 'preserve-fds: descriptor 3 is not open' \
        rt --log "$BATS_TEST_TMPDIR/log" create --preserve-fds 1 -b "$bundle" one 3<&-
}

# --- a /proc that is the image's -------------------------------------------------------------------------------------

@test "CVE-2025-52881: the OOM score of an exec is written to nothing but the kernel's own file" {
    edit '.root.readonly = false | .process.oomScoreAdj = 500 | .mounts |= map(select(.destination != "/proc"))'
    mkdir -p "$bundle/rootfs/proc/self" "$bundle/rootfs/proc/thread-self"
    echo untouched >"$bundle/rootfs/victim"
    for file in self thread-self; do
        ln "$bundle/rootfs/victim" "$bundle/rootfs/proc/$file/oom_score_adj"
    done
    launch one
    rt exec -d --pid-file "$BATS_TEST_TMPDIR/pid" one sleep 1000 </dev/null
    [ "$(cat "$bundle/rootfs/victim")" = untouched ]
    is_runc || [ "$(cat "/proc/$(cat "$BATS_TEST_TMPDIR/pid")/oom_score_adj")" = 500 ]
    # One that nobody reads holds up whoever opens it.
    for file in self thread-self; do
        rm "$bundle/rootfs/proc/$file/oom_score_adj"
        mkfifo "$bundle/rootfs/proc/$file/oom_score_adj"
    done
    timeout 10 "${runtime[@]}" --root "$state" exec one true </dev/null
    remove one
}

# --- the process that waits to be started ----------------------------------------------------------------------------

@test "what waits to be started shows nobody the caller's environment, and cannot be traced" {
    beyond_runc 'protection of what waits'
    # With no more rights than the container itself, as an exec has them, or a container that shares the host's processes.
    edit '.root.readonly = false'
    export HOSTS_SECRET=4711-secret
    create one
    rt exec one sh -c 'cat /proc/1/environ; cat /proc/1/maps; ls -l /proc/1/fd /proc/1/cwd' </dev/null >"$out" 2>&1 || true
    grep -q . "$out"
    run ! grep -qE '4711-secret|r-xp|waiting|socket:| -> /' "$out"
    # Not by those either who may look into everything.
    pid=$(state_of one .pid)
    run ! grep -qa 4711-secret "/proc/$pid/environ"
    rt start one
    rt exec one sh -c 'ls /proc/1/fd' </dev/null
    remove one
}

# --- a hook that is a program of the image ---------------------------------------------------------------------------

@test "startContainer's hook, a program of the image, runs under the filter of system calls" {
    edit '.root.readonly = false
        | .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW",
            syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 95}]}
        | .hooks.startContainer = [{path: "/bin/sh", env: ["PATH=/bin"],
            args: ["sh", "-c", "mkdir /tmp/unfiltered; grep CapEff /proc/self/status >/tmp/seen"]}]'
    script 'grep CapEff /proc/self/status'
    for nnp in false true; do
        edit --argjson nnp $nnp '.process.noNewPrivileges = $nnp'
        cgroup_for one
        rt run -b "$bundle" one </dev/null >"$out" 2>"$err"
        [ ! -e "$bundle/rootfs/tmp/unfiltered" ]
        # What was lent for the loading of the filter is gone as well.
        expect "$(<"$out")" cat "$bundle/rootfs/tmp/seen"
    done
}
