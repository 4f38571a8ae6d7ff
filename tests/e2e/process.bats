#!/usr/bin/env bats
# Attributes that few processes have, and the init of cbox run --init. OCI runtime specification, config.md, "Linux Process";
# config-linux.md, "Personality", "Memory policy", "Network Devices".

load alpine
load bundle

setup() {
    test_setup
    runtime_setup
}

teardown() {
    test_teardown && runtime_teardown
}

with_init() {
    timeout -k 5 60 cbox run --rm --init "$@"
}

# refused REGEX: the container is refused in one line that says so.
refused() {
    run --separate-stderr in_bundle true
    [ "$status" -ne 0 ]
    # shellcheck disable=SC2154
    grep -qE -e "$1" <<<"$stderr" || {
        echo "wanted: $1, got: $stderr"
        return 1
    }
}

# --- attributes -----------------------------------------------------------------------------------------------------------

@test "scheduler" {
    edit '.process.scheduler = {policy: "SCHED_BATCH", nice: 5}'
    run in_bundle 'cut -d" " -f19,41 /proc/self/stat' # proc(5): nice, policy
    [ "$output" = "5 3" ]
    edit '.process.scheduler = {policy: "SCHED_IDLE", flags: ["SCHED_FLAG_RESET_ON_FORK"]}'
    run in_bundle 'cut -d" " -f41 /proc/$$/stat'
    [ "$output" = 5 ]
    edit '.process.scheduler = {policy: "SCHED_MAGIC"}'
    refused 'process.scheduler.policy'
    edit '.process.scheduler = {policy: "SCHED_OTHER", nice: 20}'
    refused 'process.scheduler.nice'
    edit '.process.scheduler = {policy: "SCHED_FIFO", priority: 1, flags: ["SCHED_FLAG_MAGIC"]}'
    refused 'process.scheduler.flags'
}

@test "ioPriority" {
    edit '.process.ioPriority = {class: "IOPRIO_CLASS_IDLE", priority: 0}'
    run in_bundle 'ionice -p $$'
    [[ $output == idle* ]]
    edit '.process.ioPriority = {class: "IOPRIO_CLASS_BE", priority: 6}'
    run in_bundle 'ionice -p $$'
    [ "$output" = "best-effort: prio 6" ]
    edit '.process.ioPriority = {class: "IOPRIO_CLASS_BE", priority: 8}'
    refused 'process.ioPriority.priority'
}

@test "personality" {
    [ "$(uname -m)" = x86_64 ] || skip "i686 is what x86-64 says in its place"
    edit '.linux.personality = {domain: "LINUX32"}'
    run in_bundle 'uname -m'
    [ "$output" = i686 ]
    edit '.linux.personality = {domain: "LINUX"}'
    run in_bundle 'uname -m'
    [ "$output" = x86_64 ]
    edit '.linux.personality = {domain: "BSD"}'
    refused 'linux.personality.domain'
}

@test "memoryPolicy" {
    [ -e /proc/self/numa_maps ] || skip "this kernel has no NUMA"
    edit '.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "0"}'
    run in_bundle 'head -n 1 /proc/self/numa_maps'
    [[ $output == *" bind:0 "* ]]
    edit '.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "0", flags: ["MPOL_F_MAGIC"]}'
    refused 'linux.memoryPolicy.flags'
    edit '.linux.memoryPolicy = {mode: "MPOL_INTERLEAVE", nodes: "900"}'
    refused 'linux.memoryPolicy: set_mempolicy'
}

@test "execCPUAffinity is for exec, and not for the container's first process" {
    edit '.process.execCPUAffinity = {initial: "0", final: "0"}'
    args sleep 1000
    launch c
    run rt exec c grep Cpus_allowed_list /proc/1/status
    [[ $output == *$'\t'"$(grep Cpus_allowed_list /proc/self/status | cut -f2)" ]]
    echo '{"cwd": "/", "args": ["grep", "Cpus_allowed_list", "/proc/self/status"], "env": ["PATH=/bin"],
        "user": {"uid": 0, "gid": 0}, "execCPUAffinity": {"initial": "0", "final": "0"}}' >"$BATS_TEST_TMPDIR/p.json"
    run rt exec -p "$BATS_TEST_TMPDIR/p.json" c
    [ "$output" = $'Cpus_allowed_list:\t0' ]
    rt delete -f c
}

@test "labels where the host has none" {
    [ ! -d /sys/module/apparmor ] || skip "this host has AppArmor"
    [ ! -d /sys/fs/selinux ] || skip "this host has SELinux"
    edit '.process.apparmorProfile = "mine"'
    refused 'process.apparmorProfile: this host has no AppArmor'
    edit '.process |= del(.apparmorProfile) | .process.selinuxLabel = "a:b:c:d"'
    refused 'process.selinuxLabel: this host has no SELinux'
}

# In a network namespace of its own in the place of the host's.
move_interfaces() {
    ip link add a0 type veth peer name a1
    ip link add b0 type veth peer name b1
    ip address add 10.7.7.7/24 dev a0
    ip address add 10.8.8.8/24 dev b0
    cgroup_for run
    timeout -k 5 60 "${runtime[@]}" --root "$state" run -b "$bundle" run </dev/null
    ip -o link | grep -c '[ab]1@'
}

@test "interfaces move into the container with their addresses" {
    # shellcheck disable=SC2016  # the inner shells' own
    unshare -n ip link add t0 type veth peer name t1 || skip "this kernel has no veth"
    edit '.linux.netDevices = {a0: {}, b0: {name: "eth9"}}'
    script 'ip -o -4 address | grep -v " lo " | tr -s " " | cut -d" " -f2,4; ip -o link | grep -c "UP.*UP\|LOWERLAYERDOWN"'
    export -f move_interfaces cgroup_for edit bundle_edit
    export cgroup_parent bundle state
    run unshare -n bash -c "runtime=(${runtime[*]}); move_interfaces"
    [[ $output == *"a0 10.7.7.7/24"* && $output == *"eth9 10.8.8.8/24"* ]]
}

# --- cbox run --init ------------------------------------------------------------------------------------------------------

@test "init: the program is its child, and its exit code the container's" {
    run with_init alpine sh -c 'echo $$ $PPID; exit 7'
    [ "$status" -eq 7 ]
    [ "$output" = "2 1" ]
    run with_init alpine sh -c 'kill -KILL $$'
    [ "$status" -eq 137 ]
    refuse 127 'no-such-command' with_init alpine no-such-command
    refuse 126 'ermission denied' with_init alpine /etc/passwd
}

@test "init: orphans are reaped" {
    expect "" with_init alpine sh -c 'for i in 1 2 3 4 5; do (sleep 0.1 & ) ; done; sleep 0.4; ps | grep "\[sleep\]" || true'
}

@test "init: signals are passed on" {
    for signal in TERM HUP USR1 USR2 WINCH; do
        rm -f "$BATS_TEST_TMPDIR/output"
        cbox run --rm --init alpine sh -c "trap 'echo got $signal; exit 7' $signal; echo ready; while :; do sleep 0.1; done" \
            >"$BATS_TEST_TMPDIR/output" 3>&- &
        runner=$!
        wait_for 10 grep -qs ready "$BATS_TEST_TMPDIR/output"
        kill -$signal $runner
        status=0
        wait $runner || status=$?
        [ "$status" -eq 7 ]
        grep -qx "got $signal" "$BATS_TEST_TMPDIR/output"
    done
}

let_go() {
    [ "$(grep -vc vsyscall "/proc/$1/maps")" -eq 2 ]
}

@test "init: nothing of the host stays in it" {
    cbox run --rm --init alpine sh -c 'ls /proc/1/fd /proc/1/maps; cat /proc/1/environ; exec sleep 777301' >"$BATS_TEST_TMPDIR/output" 2>&1 3>&- &
    wait_for 10 container_pid 777301 >/dev/null
    program=$(container_pid 777301)
    init=$(sed -n 's/^PPid:\t//p' "/proc/$program/status")
    expect cbox-init cat "/proc/$init/comm"
    expect "" ls "/proc/$init/fd"
    case $(uname -m) in
    x86_64 | aarch64)
        wait_for 10 let_go "$init" # while the program begins already
        expect "" cat "/proc/$init/environ"
        [ "$(sed -n 's/^VmRSS:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$init/status")" -le 128 ]
        ;;
    esac
    # And what there is cannot be looked at from inside.
    grep -q 'environ.*Permission denied' "$BATS_TEST_TMPDIR/output"
    kill -KILL "$program"
    wait $! || true
}

@test "init: it has the program's walls" {
    run with_init -u 1000 --security-opt no-new-privileges alpine sh -c 'grep -E "Uid|CapEff|NoNewPrivs|Seccomp:" /proc/1/status /proc/self/status | cut -d: -f2- | sort | uniq -c | tr -s " "'
    [ "$(wc -l <<<"$output")" -eq 4 ]
    [[ $output == *"CapEff:"*0000000000000000*"NoNewPrivs:"*1*"Seccomp:"*2*"Uid:"*1000* ]]
    run ! grep -qv '^ 2 ' <<<"$output"
}

@test "init: the program is in front at its terminal" {
    tmux=(tmux -L "cbox-$BATS_TEST_NUMBER-$$")
    "${tmux[@]}" -f /dev/null new-session -d -x 100 -y 30 "cbox run --rm --init -it alpine sh; echo code \$?; sleep 100" 3>&-
    type_ 'trap "echo interrupted" INT; set -m; echo ready $$'
    sees 'ready 2'
    type_ 'sleep 1000'
    wait_for 10 pgrep -xf '(/bin/)?sleep 1000' >/dev/null
    "${tmux[@]}" send-keys C-c
    type_ 'echo back; exit 5'
    sees 'code 5'
    "${tmux[@]}" kill-server
}
