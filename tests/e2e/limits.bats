#!/usr/bin/env bats
# Limits, each proved by a workload that runs into it: what the kernel counts, and lower bounds of time, which a slow machine
# cannot break.
# shellcheck disable=SC2154  # the helpers set state, bundle, out and err

load alpine
load bundle

setup() {
    test_setup
    runtime_setup
    loop=
}

teardown() {
    local failed=0
    runtime_teardown || failed=1
    [ -z "$loop" ] || losetup -d "$loop"
    test_teardown || failed=1
    return $failed
}

# stats ID JQ-FILTER: of what a container uses. A filter that gives false or null fails.
stats() {
    rt events --stats "$1" | jq -e ".data | $2"
}

now() {
    date +%s%N
}

# --- CPU -------------------------------------------------------------------------------------------------------------

@test "cbox run --cpus: throttled, and no more CPU time than that" {
    # Two seconds of a loop, with a tenth of a CPU. What it used is in its times and its children's, in ticks, 100 a second.
    cat >"$BATS_TEST_TMPDIR/burn" <<'END'
start=$(cut -d. -f1 /proc/uptime)
while [ $(($(cut -d. -f1 /proc/uptime) - start)) -lt 2 ]; do i=0; while [ $i -lt 2000 ]; do i=$((i + 1)); done; done
cat /sys/fs/cgroup/cpu.stat /sys/fs/cgroup/cpu/cpu.stat 2>/dev/null | grep '^nr_throttled'
awk '{print $14 + $15 + $16 + $17}' /proc/$$/stat
END
    run cbox run --rm --network none --cpus .1 alpine sh -c "$(<"$BATS_TEST_TMPDIR/burn")"
    [ "$status" -eq 0 ]
    throttled=${lines[0]#nr_throttled }
    ticks=${lines[1]}
    echo "throttled $throttled times, $ticks ticks"
    [ "$throttled" -gt 2 ]
    # Two seconds and what the last round took; a whole CPU would be 200 ticks and more.
    [ "$ticks" -lt 100 ]
}

@test "a quota of CPU time: throttled, and no more than that" {
    local used start end
    script 'while :; do :; done'
    edit '.linux.resources.cpu = {"quota": 20000, "period": 100000}'
    launch one
    wait_for 20 stats one '.cpu.throttling.throttledPeriods > 3'
    start=$(now)
    used=$(stats one .cpu.usage.total)
    sleep 1.5
    used=$(($(stats one .cpu.usage.total) - used))
    end=$(now)
    echo "used $used ns of $((end - start))"
    [ "$used" -lt $(((end - start) / 2)) ]
    stats one '.cpu.throttling.throttledTime > 0'
    # And without it again, it may use all.
    rt update --cpu-quota -1 one
    periods=$(stats one '.cpu.throttling.throttledPeriods // 0')
    sleep 0.5
    [ "$(stats one '.cpu.throttling.throttledPeriods // 0')" -le $((periods + 1)) ]
    remove one
}

@test "one CPU of a set" {
    edit '.linux.resources.cpu = {"cpus": "0"}'
    prints 1 'nproc'
}

@test "shares: what two get of one CPU" {
    local id first second
    script 'while :; do :; done'
    declare -A shares=([first]=2048 [second]=128)
    for id in first second; do
        edit --argjson shares "${shares[$id]}" '.linux.resources.cpu = {"cpus": "0", "shares": $shares}'
        launch $id
    done
    first=$(stats first .cpu.usage.total) second=$(stats second .cpu.usage.total)
    sleep 2
    first=$(($(stats first .cpu.usage.total) - first)) second=$(($(stats second .cpu.usage.total) - second))
    echo "$first and $second ns"
    # One to sixteen; others at work here take from both.
    [ "$first" -gt $((second * 3)) ]
    remove first second
}

# --- memory ----------------------------------------------------------------------------------------------------------

@test "cbox run --memory: killed, and noted as out of memory" {
    export CBOX_ROOT=$BATS_TEST_TMPDIR/root CBOX_STATE=$BATS_TEST_TMPDIR/cbox
    cbox pull -q alpine
    run cbox run --network none --memory 16m alpine tail -c 67108864 /dev/zero
    [ "$status" -eq 137 ]
    expect true jq -r .oomKilled "$CBOX_ROOT"/containers/[0-9a-f]*/record.json
    # 137 alone proves nothing.
    run cbox run --network none --memory 16m alpine sh -c 'exit 137'
    [ "$status" -eq 137 ]
    expect 1 jq -s 'map(select(.oomKilled)) | length' "$CBOX_ROOT"/containers/[0-9a-f]*/record.json
}

is_listening() {
    find "/proc/$1/fd" -lname '*eventfd*' -o -lname '*inotify*' 2>/dev/null | grep -q .
}

@test "a memory limit: killed, counted, and told as an event" {
    local listener
    script 'until [ -e /tmp/go ]; do sleep 0.05; done
            (exec tail -c 67108864 /dev/zero); echo $? >/tmp/status; until [ -e /tmp/end ]; do sleep 0.05; done'
    edit '.root.readonly = false | .linux.resources.memory = {"limit": 16777216, "swap": 16777216}'
    launch one
    "${runtime[@]}" --root "$state" events --interval 1h one >"$BATS_TEST_TMPDIR/events" 3>&- &
    listener=$!
    wait_for 10 is_listening $listener
    touch "$bundle/rootfs/tmp/go"
    wait_for 20 test -s "$bundle/rootfs/tmp/status"
    expect 137 cat "$bundle/rootfs/tmp/status"
    wait_for 10 test -s "$BATS_TEST_TMPDIR/events"
    expect '{"type":"oom","id":"one"}' head -n 1 "$BATS_TEST_TMPDIR/events"
    stats one '.memory.usage.limit == 16777216 and .memory.usage.max <= 16777216'
    # The listener ends with the container.
    touch "$bundle/rootfs/tmp/end"
    wait_for 10 gone $listener
    wait $listener
    remove one
}

@test "what fits into the limit is not killed" {
    edit '.linux.resources.memory = {"limit": 134217728}'
    prints 67108864 'head -c 67108864 /dev/zero | tail -c 67108864 | wc -c'
}

@test "true runs in 512 KiB" {
    edit '.linux.resources.memory = {"limit": 524288}'
    args true
    in_bundle
}

# --- processes -------------------------------------------------------------------------------------------------------

@test "cbox run --pids-limit: no fork beyond it" {
    run cbox run --rm --network none --pids-limit 10 alpine sh -c 'i=0; while [ $i -lt 30 ]; do sleep 20 & i=$((i + 1)); done'
    [ "$status" -ne 0 ]
    [[ $output == *"can't fork"* ]]
}

@test "a limit on processes: no fork beyond it" {
    edit '.linux.resources.pids = {"limit": 10}'
    script 'for i in $(seq 30); do sleep 1000 & done; echo never'
    run in_bundle
    [ "$status" -ne 0 ]
    [[ $output == *"can't fork"* ]]
}

# Its first process is there: what is left is that it cannot have children.
@test "a limit of no processes" {
    edit '.linux.resources.pids = {"limit": 0}'
    prints alone 'echo alone'
    fails -2 "can't fork" in_bundle '/bin/true; echo never'
}

# --- disks -----------------------------------------------------------------------------------------------------------

# a_disk: a loop device of 8 MiB, which the container has as /dev/disk.
a_disk() {
    truncate -s 8M "$BATS_TEST_TMPDIR/disk"
    loop=$(losetup -f --show "$BATS_TEST_TMPDIR/disk") || skip 'no loop devices'
    major=$((0x$(stat -c %t "$loop"))) minor=$((0x$(stat -c %T "$loop")))
    edit --argjson major "$major" --argjson minor "$minor" '
        .linux.devices = [{"path": "/dev/disk", "type": "b", "major": $major, "minor": $minor}]
        | .linux.resources.devices += [{"allow": true, "type": "b", "major": $major, "minor": $minor, "access": "rw"}]'
}

# at_rate KEY RATE: with this limit on the disk.
at_rate() {
    edit --arg key "$1" --argjson rate "$2" --argjson major "$major" --argjson minor "$minor" \
        '.linux.resources.blockIO = {($key): [{"major": $major, "minor": $minor, "rate": $rate}]}'
}

# takes_a_second OP BYTES COMMAND: of two seconds' work at the limit; the kernel has counted it on the disk.
takes_a_second() {
    local start
    script "until [ -e /tmp/go ]; do sleep 0.02; done; $3 2>/dev/null; echo \$? >/tmp/status; exec sleep 1000"
    rm -f "$bundle"/rootfs/tmp/{go,status}
    launch one
    start=$(now)
    touch "$bundle/rootfs/tmp/go"
    wait_for 50 test -s "$bundle/rootfs/tmp/status"
    echo "$1: $((($(now) - start) / 1000000)) ms"
    expect 0 cat "$bundle/rootfs/tmp/status"
    [ $(($(now) - start)) -gt 1000000000 ]
    stats one "[.blkio.ioServiceBytesRecursive[]? | select(.major == $major and (.minor // 0) == $minor and .op == \"$1\")
        | .value] | add >= $2"
    remove one
}

@test "bytes per second, read and written" {
    a_disk
    edit '.root.readonly = false'
    at_rate throttleReadBpsDevice 1048576
    takes_a_second Read 2097152 'dd if=/dev/disk of=/dev/null bs=64k count=32 iflag=direct'
    at_rate throttleWriteBpsDevice 1048576
    takes_a_second Write 2097152 'dd if=/dev/zero of=/dev/disk bs=64k count=32 oflag=direct conv=notrunc'
}

@test "operations per second, read and written" {
    a_disk
    edit '.root.readonly = false'
    at_rate throttleReadIOPSDevice 20
    takes_a_second Read 163840 'dd if=/dev/disk of=/dev/null bs=4k count=40 iflag=direct'
    at_rate throttleWriteIOPSDevice 20
    takes_a_second Write 163840 'dd if=/dev/zero of=/dev/disk bs=4k count=40 oflag=direct conv=notrunc'
}

# --- devices ---------------------------------------------------------------------------------------------------------

@test "a device of the host opens by a rule alone" {
    a_disk
    args dd if=/dev/disk of=/dev/null bs=4k count=1
    in_bundle
    edit '.linux.resources.devices |= map(select(.allow | not))'
    fails 'operation not permitted' in_bundle
    # And where nothing is said of devices.
    edit 'del(.linux.resources.devices)'
    fails 'operation not permitted' in_bundle
    edit '.linux.resources.devices = [{"allow": true, "access": "rwm"}]'
    in_bundle
    # For reading, not for writing.
    edit --argjson major "$major" --argjson minor "$minor" '.linux.resources.devices =
        [{"allow": false}, {"allow": true, "type": "b", "major": $major, "minor": $minor, "access": "r"}]'
    in_bundle
    args dd if=/dev/zero of=/dev/disk bs=4k count=1 conv=notrunc
    fails 'operation not permitted' in_bundle
}

@test "what every container has opens" {
    prints 4 'head -c 4 /dev/zero | wc -c; echo x >/dev/null; head -c 1 /dev/urandom >/dev/null; : </dev/full'
}
