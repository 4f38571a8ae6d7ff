#!/usr/bin/env bats
# Options of `run` that limit: each as the kernel has it, read inside of the container.

load alpine

setup() {
    test_setup
    loop=
}

teardown() {
    [ -z "$loop" ] || losetup -d "$loop"
    test_teardown
}

# in_alpine [OPTION...] -- COMMAND...
# limit CONTROLLER/FILE-OF-V1 FILE-OF-V2 [OPTION...]: what the kernel says of it.
limit() {
    local v1=$1 v2=$2
    shift 2
    in_alpine "$@" -- sh -c "cat /sys/fs/cgroup/$v1 2>/dev/null || cat /sys/fs/cgroup/$v2"
}

is_v2() {
    [ "$(stat -fc %T /sys/fs/cgroup)" = cgroup2fs ]
}

# --- cpu -------------------------------------------------------------------------------------------------------------

@test "--cpu-period and --cpu-quota, and --cpus as both" {
    if is_v2; then
        expect '20000 50000' limit x cpu.max --cpu-period 50000 --cpu-quota 20000
        expect '150000 100000' limit x cpu.max --cpus 1.5
        expect '50000 100000' limit x cpu.max --cpus 5e-1
    else
        expect 20000 limit cpu/cpu.cfs_quota_us x --cpu-period 50000 --cpu-quota 20000
        expect 50000 limit cpu/cpu.cfs_period_us x --cpu-period 50000 --cpu-quota 20000
        expect 150000 limit cpu/cpu.cfs_quota_us x --cpus 1.5
        expect 50000 limit cpu/cpu.cfs_quota_us x --cpus 5e-1
    fi
}

@test "--cpu-shares, --cpuset-cpus and --cpuset-mems" {
    is_v2 || expect 512 limit cpu/cpu.shares x -c 512
    expect 0 limit cpuset/cpuset.cpus cpuset.cpus.effective --cpuset-cpus 0
    expect 0 limit cpuset/cpuset.mems cpuset.mems.effective --cpuset-mems 0
    expect 1 in_alpine --cpuset-cpus 0 -- nproc
}

@test "what makes no sense of CPUs is refused in Docker's words" {
    refuse 125 'Range of CPUs is from 0.01 to [0-9]+.00, as there are only [0-9]+ CPUs available' in_alpine --cpus 1000 -- true
    refuse 125 'Range of CPUs is from 0.01' in_alpine --cpus -1 -- true
    refuse 125 'failed to parse nonsense as a rational number' in_alpine --cpus nonsense -- true
    refuse 125 'Nano CPUs and CPU Period cannot both be set' in_alpine --cpus 1 --cpu-period 1000 -- true
    refuse 125 'Nano CPUs and CPU Quota cannot both be set' in_alpine --cpus 1 --cpu-quota 1000 -- true
    refuse 125 'CPU cfs period can not be less than 1ms' in_alpine --cpu-period 10 -- true
    refuse 125 'Invalid value x for cpuset cpus: invalid format: x' in_alpine --cpuset-cpus x -- true
    refuse 125 'CPU cfs quota can not be less than 1ms' in_alpine --cpu-quota 10 -- true
    refuse 125 'Requested CPUs are not available - requested 4000, available: ' in_alpine --cpuset-cpus 4000 -- true
}

# --- memory ----------------------------------------------------------------------------------------------------------

@test "--memory, --memory-reservation and --memory-swap" {
    expect 67108864 limit memory/memory.limit_in_bytes memory.max -m 64m
    expect 33554432 limit memory/memory.soft_limit_in_bytes memory.low -m 64m --memory-reservation 32m
    if is_v2; then
        expect 67108864 limit x memory.swap.max -m 64m
        expect 33554432 limit x memory.swap.max -m 64m --memory-swap 96m
        expect max limit x memory.swap.max -m 64m --memory-swap -1
    elif [ -e /sys/fs/cgroup/memory/memory.memsw.limit_in_bytes ]; then
        expect 134217728 limit memory/memory.memsw.limit_in_bytes x -m 64m
        expect 100663296 limit memory/memory.memsw.limit_in_bytes x -m 64m --memory-swap 96m
        [ "$(limit memory/memory.memsw.limit_in_bytes x -m 64m --memory-swap -1)" -gt 1000000000000 ]
    fi
}

@test "--memory-swappiness and --oom-kill-disable, where the kernel has them" {
    [ -e /sys/fs/cgroup/memory/memory.swappiness ] || skip "cgroup v1 alone has them"
    expect 17 limit memory/memory.swappiness x -m 64m --memory-swappiness 17
    in_alpine -m 64m --oom-kill-disable -- grep -qx 'oom_kill_disable 1' /sys/fs/cgroup/memory/memory.oom_control
    in_alpine -m 64m -- grep -qx 'oom_kill_disable 0' /sys/fs/cgroup/memory/memory.oom_control
}

@test "what makes no sense of memory is refused in Docker's words" {
    refuse 125 'Minimum memory limit allowed is 6MB' in_alpine -m 1m -- true
    refuse 125 'Minimum memoryswap limit should be larger than memory limit' in_alpine -m 64m --memory-swap 32m -- true
    refuse 125 'You should always set the Memory limit when using Memoryswap limit' in_alpine --memory-swap 32m -- true
    refuse 125 'Minimum memory reservation allowed is 6MB' in_alpine --memory-reservation 1m -- true
    refuse 125 'Minimum memory limit can not be less than memory reservation limit' \
        in_alpine -m 32m --memory-reservation 64m -- true
    refuse 125 'invalid value: 101. Valid memory swappiness range is 0-100' in_alpine --memory-swappiness 101 -- true
    refuse 125 'invalid argument "x" for "-m, --memory" flag' in_alpine -m x -- true
    refuse 125 'no limit of their own' in_alpine --kernel-memory 64m -- true
}

# --- processes -------------------------------------------------------------------------------------------------------

@test "--pids-limit, and 0 or -1 for none" {
    expect 20 limit pids/pids.max pids.max --pids-limit 20
    expect max limit pids/pids.max pids.max --pids-limit -1
    expect max limit pids/pids.max pids.max --pids-limit 0
    run in_alpine --pids-limit 5 -- sh -c 'for i in 1 2 3 4 5 6 7 8; do sleep 1 & done; wait'
    [[ $output == *"fork"* ]]
}

@test "--oom-score-adj" {
    expect 500 in_alpine --oom-score-adj 500 -- cat /proc/self/oom_score_adj
    refuse 125 'range for oom score adj is \[-1000, 1000\]' in_alpine --oom-score-adj 1001 -- true
}

@test "--ulimit: soft and hard, and -1 for none" {
    expect '100 200' in_alpine --ulimit nofile=100:200 -- sh -c 'echo $(ulimit -n) $(ulimit -Hn)'
    expect '300 300' in_alpine --ulimit nofile=300 -- sh -c 'echo $(ulimit -n) $(ulimit -Hn)'
    expect unlimited in_alpine --ulimit core=-1 -- sh -c 'ulimit -c'
    expect '7 1024' in_alpine --ulimit nproc=7 -- sh -c 'echo $(awk "/processes/ {print \$3}" /proc/self/limits) $(ulimit -n)'
    refuse 125 'invalid ulimit argument: nofile' in_alpine --ulimit nofile -- true
    refuse 125 'invalid ulimit type: files' in_alpine --ulimit files=1 -- true
    refuse 125 'soft limit must be less than or equal to hard limit: 2 > 1' in_alpine --ulimit nofile=2:1 -- true
    refuse 125 'too many limit value arguments' in_alpine --ulimit nofile=1:2:3 -- true
}

# --- block devices ---------------------------------------------------------------------------------------------------

@test "--device-read-bps and its sisters" {
    truncate -s 4M "$BATS_TEST_TMPDIR/disk"
    loop=$(losetup --show -f "$BATS_TEST_TMPDIR/disk")
    numbers=$(lsblk -ndo MAJ:MIN "$loop" | tr -d ' ')
    if is_v2; then
        expect "$numbers rbps=1048576 wbps=2097152 riops=30 wiops=40" limit x io.max --device-read-bps "$loop:1mb" \
            --device-write-bps "$loop:2mb" --device-read-iops "$loop:30" --device-write-iops "$loop:40"
    else
        expect "$numbers 1048576" limit blkio/blkio.throttle.read_bps_device x --device-read-bps "$loop:1mb"
        expect "$numbers 2097152" limit blkio/blkio.throttle.write_bps_device x --device-write-bps "$loop:2mb"
        expect "$numbers 30" limit blkio/blkio.throttle.read_iops_device x --device-read-iops "$loop:30"
        expect "$numbers 40" limit blkio/blkio.throttle.write_iops_device x --device-write-iops "$loop:40"
    fi
    refuse 125 'bad format for device path: disk:1mb' in_alpine --device-read-bps disk:1mb -- true
    refuse 125 'invalid rate for device: /dev/vda:x' in_alpine --device-read-bps /dev/vda:x -- true
    refuse 125 'no-such-disk: no such file' in_alpine --device-read-iops /dev/no-such-disk:1 -- true
}

@test "--blkio-weight and --blkio-weight-device: in effect, or refused by a kernel that cannot" {
    refuse 125 'Range of blkio weight is from 10 to 1000' in_alpine --blkio-weight 5 -- true
    refuse 125 'invalid weight for device: /dev/vda:5' in_alpine --blkio-weight-device /dev/vda:5 -- true
    run --separate-stderr in_alpine --blkio-weight 300 -- sh -c 'cat /sys/fs/cgroup/blkio/blkio*.weight /sys/fs/cgroup/io*.weight 2>/dev/null'
    if [ "$status" -eq 125 ]; then
        [[ $stderr == *blockIO.weight* ]]
    else
        grep -qE '\b(300|2910|30[0-9]{2})\b' <<<"$output"
    fi
}

# --- update ----------------------------------------------------------------------------------------------------------

# inside NAME FILE-OF-V1 FILE-OF-V2
inside() {
    cbox exec "$1" sh -c "cat /sys/fs/cgroup/$2 2>/dev/null || cat /sys/fs/cgroup/$3"
}

@test "update changes a container that runs, and its next start" {
    cbox run -d --name up-1 -m 64m --pids-limit 50 alpine sleep 1000 3>&-
    expect up-1 cbox update -m 96m --memory-swap 128m --cpuset-cpus 0 --pids-limit 70 up-1
    expect 100663296 inside up-1 memory/memory.limit_in_bytes memory.max
    expect 0 inside up-1 cpuset/cpuset.cpus cpuset.cpus.effective
    expect 70 inside up-1 pids/pids.max pids.max
    expect '100663296 134217728 0 70' cbox inspect -f \
        '{{.HostConfig.Memory}} {{.HostConfig.MemorySwap}} {{.HostConfig.CpusetCpus}} {{.HostConfig.PidsLimit}}' up-1
    cbox restart -t 0 up-1
    expect 100663296 inside up-1 memory/memory.limit_in_bytes memory.max
    cbox rm -f up-1
}

@test "update changes a container that does not run" {
    cbox create --name up-2 alpine sh -c 'cat /sys/fs/cgroup/pids/pids.max 2>/dev/null || cat /sys/fs/cgroup/pids.max'
    cbox update --pids-limit 33 up-2
    expect 33 cbox start -a up-2
    cbox rm up-2
}

# Variables are where secrets are.
@test "what a container was asked for with is its owner's to read, after an update too" {
    local modes=('%a' "$CBOX_ROOT"/containers/@up-5/{documents,record.json})
    (umask 0 && cbox create --name up-5 -e SECRET=1 alpine true)
    expect $'600\n600' stat -c "${modes[@]}"
    cbox update --pids-limit 33 up-5
    expect $'600\n600' stat -c "${modes[@]}"
    cbox rm up-5
}

@test "update changes the restart policy" {
    cbox run -d --name up-3 alpine sleep 1000 3>&-
    cbox update --restart on-failure:3 up-3
    expect 'on-failure 3' cbox inspect -f '{{.HostConfig.RestartPolicy.Name}} {{.HostConfig.RestartPolicy.MaximumRetryCount}}' up-3
    cbox rm -f up-3
    cbox run -d --rm --name up-4 alpine sleep 1000 3>&-
    refuse 1 'Restart policy cannot be updated because AutoRemove is enabled' cbox update --restart always up-4
    cbox rm -f up-4
}

@test "an update that makes no sense changes nothing" {
    cbox run -d --name up-5 -m 64m --cpus 1 alpine sleep 1000 3>&-
    refuse 1 'Memory limit should be smaller than already set memoryswap limit' cbox update -m 256m up-5
    refuse 1 'CPU Quota cannot be updated as NanoCPUs has already been set' cbox update --cpu-quota 5000 up-5
    refuse 1 'Minimum memory limit allowed is 6MB' cbox update -m 1m up-5
    refuse 1 'one or more flags' cbox update up-5
    refuse 1 'no such container: no-such' cbox update -m 64m no-such
    refuse 1 "unknown policy 'sometimes'" cbox update --restart sometimes up-5
    expect 67108864 inside up-5 memory/memory.limit_in_bytes memory.max
    expect 67108864 cbox inspect -f '{{.HostConfig.Memory}}' up-5
    cbox rm -f up-5
}
