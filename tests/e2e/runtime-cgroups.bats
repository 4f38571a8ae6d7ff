#!/usr/bin/env bats
# The OCI runtime: a container's cgroups, and the operations on them: pause, resume, ps, events, update. Clauses are those of
# the runtime specification's config-linux.md.
# shellcheck disable=SC2154  # the helpers set state, bundle, out and err

load helper
load bundle

setup() {
    runtime_setup
    args sleep 1000
}

teardown() {
    runtime_teardown
}

# control ID V2-NAME [V1-NAME]: what a file of the container's cgroup says.
control() {
    local name=${3:-$2}
    [ ! -e /sys/fs/cgroup/cgroup.controllers ] || name=$2
    cat "$(find /sys/fs/cgroup -path "*/$cgroup_parent/$1/$name" -print -quit)"
}

# --- where it is: "Cgroups Path" -------------------------------------------------------------------------------------

@test "an absolute cgroupsPath is below the mount point" {
    edit --arg path "/$cgroup_parent//./one/" '.linux.cgroupsPath = $path'
    rt run -d -b "$bundle" one </dev/null >"$out" 2>"$err"
    grep -q ":/$cgroup_parent/one\$" "/proc/$(state_of one .pid)/cgroup"
    remove one
}

@test "a relative cgroupsPath, and none, are below the runtime's own" {
    beyond_runc 'parent of its own'
    for path in '"'"$cgroup_parent/two"'"' null; do
        edit --argjson path "$path" '.linux.cgroupsPath = $path'
        rt run -d -b "$bundle" "$cgroup_parent" </dev/null >"$out" 2>"$err"
        expected=/cbox-runtime/$cgroup_parent
        [ "$path" = null ] || expected+=/two
        grep -q ":$expected\$" "/proc/$(state_of "$cgroup_parent" .pid)/cgroup"
        remove "$cgroup_parent"
    done
}

@test "a cgroupsPath that names none of its own" {
    beyond_runc 'opinion about it'
    for path in / . /. ../x /a/../b; do
        edit --arg path "$path" '.linux.cgroupsPath = $path'
        fails 'cgroupsPath' rt run -b "$bundle" one
        names linux.cgroupsPath
    done
}

# "a runtime MAY check if the container cgroup is fit for purpose, and MUST generate an error": a non-empty cgroup.
@test "a cgroup that another container lives in is refused" {
    beyond_runc 'refusal, but a warning'
    launch one
    fails 'process|not empty' rt run -b "$bundle" two
    expect running state_of one
    remove one
}

# The same: a frozen cgroup.
@test "a frozen cgroup is refused, and stays" {
    local freezer
    freezer=$(dirname "$(find /sys/fs/cgroup -maxdepth 2 -name freezer.state -o -maxdepth 2 -name cgroup.freeze -print -quit)")
    [ -e /sys/fs/cgroup/freezer ] && freezer=/sys/fs/cgroup/freezer
    [ -w "$freezer" ] || skip 'no freezer'
    mkdir -p "$freezer/$cgroup_parent/one"
    echo FROZEN >"$freezer/$cgroup_parent/one/freezer.state"
    fails 'frozen' launch one
    expect FROZEN cat "$freezer/$cgroup_parent/one/freezer.state"
    rmdir "$freezer/$cgroup_parent/one"
}

# What somebody made for it is used, with its limits, and not taken away when the creation fails.
@test "a cgroup that is there is used as it is" {
    local pids
    pids=$(find /sys/fs/cgroup -maxdepth 1 -name pids)
    [ -n "$pids" ] || skip 'not v1'
    mkdir -p "$pids/$cgroup_parent/one"
    echo 33 >"$pids/$cgroup_parent/one/pids.max"
    launch one
    expect 33 control one pids.max
    remove one
    mkdir -p "$pids/$cgroup_parent/one"
    echo 33 >"$pids/$cgroup_parent/one/pids.max"
    edit '.linux.resources.cpu.cpus = "4000"'
    fails 'cpuset' launch one
    is_runc || expect 33 cat "$pids/$cgroup_parent/one/pids.max"
    rmdir "$pids/$cgroup_parent/one" || true
}

# --- what cannot be is named -----------------------------------------------------------------------------------------

# bad FILTER FIELD REGEX: this limit is refused by name, and nothing is left.
bad() {
    cp "$bundle/config.json" "$BATS_TEST_TMPDIR/good.json"
    edit "$1"
    fails "$3" launch one
    names "$2"
    cp "$BATS_TEST_TMPDIR/good.json" "$bundle/config.json"
    [ ! -e "$state/one" ]
    [ -z "$(runtime_cgroups)" ]
}

@test "limits that no kernel takes" {
    beyond_runc 'checks of them'
    bad '.linux.resources.memory.limit = -5' linux.resources.memory.limit 'neither a number of bytes nor -1'
    bad '.linux.resources.memory = {"limit": 67108864, "swap": 33554432}' linux.resources.memory.swap 'cannot be 33554432'
    bad '.linux.resources.memory.swap = 33554432' linux.resources.memory.swap 'only be limited together'
    bad '.linux.resources.memory.swappiness = 101' linux.resources.memory.swappiness 'not from 0 to 100'
    bad '.linux.resources.cpu.shares = 1' linux.resources.cpu.shares 'not from 2 to 262144'
    bad '.linux.resources.cpu = {"quota": 10000, "burst": 20000}' linux.resources.cpu.burst '20000'
    bad '.linux.resources.cpu.period = 10' linux.resources.cpu.period 'not from 1000'
    bad '.linux.resources.cpu.idle = 2' linux.resources.cpu.idle 'not from 0 to 1'
    bad '.linux.resources.cpu.cpus = "4000"' linux.resources.cpu.cpus 'cpuset.cpus'
    bad '.linux.resources.pids.limit = 5000000' linux.resources.pids.limit 'not from 0 to'
    bad '.linux.resources.blockIO.weight = 5' linux.resources.blockIO.weight 'not from 10 to 1000'
    bad '.linux.resources.blockIO.weightDevice = [{"major": 8, "minor": 0}]' 'linux.resources.blockIO.weightDevice[0]' 'neither'
    bad '.linux.resources.blockIO.throttleReadBpsDevice = [{"major": 4095, "minor": 0, "rate": 5}]' \
        'linux.resources.blockIO.throttleReadBpsDevice[0]' 'no such device'
    bad '.linux.resources.hugepageLimits = [{"pageSize": "../2MB", "limit": 0}]' 'linux.resources.hugepageLimits[0]' 'pageSize'
    bad '.linux.resources.hugepageLimits = [{"pageSize": "3MB", "limit": 0}]' 'linux.resources.hugepageLimits[0]' 'hugetlb'
    bad '.linux.resources.devices = [{"allow": true, "type": "z"}]' 'linux.resources.devices[0]' '"z"'
    bad '.linux.resources.devices = [{"allow": true, "access": "rx"}]' 'linux.resources.devices[0]' 'rx'
    bad '.linux.resources.unified = {"../memory.max": "1"}' linux.resources.unified 'is not the name of a (setting|file)'
    bad '.linux.resources.unified = {"cgroup.procs": "1"}' linux.resources.unified 'is not the name of a (setting|file)'
    bad '.linux.resources.rdma = {"mlx5_1": {}}' linux.resources.rdma.mlx5_1 'neither'
}

@test "controllers that this host has not" {
    [ ! -e /sys/fs/cgroup/cgroup.controllers ] || skip 'another host'
    beyond_runc 'errors about it'
    grep -q net_cls /proc/self/cgroup || bad '.linux.resources.network.classID = 1' linux.resources.network.classID 'no net_cls'
    grep -q net_prio /proc/self/cgroup || bad '.linux.resources.network.priorities = [{"name": "lo", "priority": 1}]' \
        'linux.resources.network.priorities[0]' 'no net_prio'
    bad '.linux.resources.unified = {"memory.high": "10000000"}' linux.resources.unified 'no memory controller on cgroup v2'
}

@test "a threaded cgroup is refused" {
    local unified=/sys/fs/cgroup/unified
    [ ! -e /sys/fs/cgroup/cgroup.controllers ] || unified=/sys/fs/cgroup
    [ -e $unified/cgroup.controllers ] || skip 'no v2 hierarchy'
    beyond_runc 'look at it on a hybrid host'
    mkdir -p "$unified/$cgroup_parent/threads"
    echo threaded >"$unified/$cgroup_parent/threads/cgroup.type" || skip 'the controllers above forbid it'
    edit --arg path "/$cgroup_parent/threads/one" '.linux.cgroupsPath = $path'
    fails "'domain threaded'|'threaded'" rt run -b "$bundle" one
    rmdir "$unified/$cgroup_parent/threads"
}

# --- limits as they are written --------------------------------------------------------------------------------------

@test "limits of many kinds, as the kernel has them" {
    edit '.linux.resources += {
        "memory": {"limit": 67108864, "reservation": 33554432, "swap": 134217728, "kernel": -1, "swappiness": 30,
                   "disableOOMKiller": false, "useHierarchy": true, "checkBeforeUpdate": true},
        "cpu": {"shares": 512, "quota": 50000, "period": 100000, "cpus": "0", "mems": "0"},
        "pids": {"limit": 40}}'
    [ ! -e /sys/fs/cgroup/cgroup.controllers ] || edit 'del(.linux.resources.memory.swappiness)'
    is_runc || edit '.linux.resources.cpu += {"burst": 10000, "idle": 0}'
    launch one
    expect 67108864 control one memory.max memory.limit_in_bytes
    expect 33554432 control one memory.low memory.soft_limit_in_bytes
    [ -e /sys/fs/cgroup/cgroup.controllers ] || expect 134217728 control one - memory.memsw.limit_in_bytes
    [ -e /sys/fs/cgroup/cgroup.controllers ] || expect 30 control one - memory.swappiness
    [ -e /sys/fs/cgroup/cgroup.controllers ] || expect 512 control one - cpu.shares
    [ -e /sys/fs/cgroup/cgroup.controllers ] || expect 50000 control one - cpu.cfs_quota_us
    is_runc || expect 10000 control one cpu.max.burst cpu.cfs_burst_us
    expect 0 control one cpuset.cpus
    expect 40 control one pids.max
    remove one
}

@test "a weight of block I/O, as whichever scheduler has it" {
    edit '.linux.resources.blockIO.weight = 300'
    if ! launch one; then
        grep -q 'has no' "$err"
        skip 'no scheduler with weights'
    fi
    control one io.bfq.weight blkio.bfq.weight | grep -qE '(^|default )300$'
    remove one
}

@test "limits of huge pages where the controller is, on a hybrid host in v2" {
    local size
    size=$(find /sys/kernel/mm/hugepages -name 'hugepages-2048kB')
    [ -n "$size" ] || skip 'no pages of 2 MiB'
    grep -q hugetlb /proc/cgroups || skip 'no hugetlb controller'
    beyond_runc 'v2 beside v1'
    edit '.linux.resources.hugepageLimits = [{"pageSize": "2MB", "limit": 4194304}]'
    launch one
    expect 4194304 cat "$(find /sys/fs/cgroup -path "*/$cgroup_parent/one/hugetlb.2MB.*" \
        \( -name hugetlb.2MB.max -o -name hugetlb.2MB.limit_in_bytes \))"
    remove one
    edit 'del(.linux.resources.hugepageLimits) | .linux.resources.unified = {"hugetlb.2MB.max": "2097152"}'
    if [ -e /sys/fs/cgroup/unified ] && ! grep -q hugetlb /sys/fs/cgroup/unified/cgroup.controllers; then
        skip 'hugetlb is on v1'
    fi
    launch one
    expect 2097152 cat "$(find /sys/fs/cgroup -path "*/$cgroup_parent/one/hugetlb.2MB.max")"
    remove one
}

# --- pause and resume ------------------------------------------------------------------------------------------------

@test "a paused container does nothing, and goes on" {
    local before
    script 'i=0; while :; do i=$((i + 1)); echo $i >/tmp/count; done'
    edit '.root.readonly = false'
    launch one
    wait_for 10 test -s "$bundle/rootfs/tmp/count"
    rt pause one
    expect paused state_of one
    before=$(cat "$bundle/rootfs/tmp/count")
    sleep 0.3
    [ "$(cat "$bundle/rootfs/tmp/count")" = "$before" ]
    fails '' rt pause one
    is_runc || fails -255 'paused' rt exec one true
    fails '' rt delete one
    rt resume one
    expect running state_of one
    counts_on() { [ "$(cat "$bundle/rootfs/tmp/count")" != "$before" ]; }
    wait_for 10 counts_on
    fails 'not paused' rt resume one
    remove one
}

@test "a paused container can be killed and deleted" {
    launch one
    rt pause one
    rt kill one KILL
    becomes one stopped
    rt delete one
    launch two
    rt pause two
    rt delete -f two
    launch three
    rt pause three
    if ! is_runc; then
        rt kill --all three KILL
        becomes three stopped
    fi
    rt delete -f three
}

@test "what is paused and resumed must be there" {
    fails 'not exist' rt pause one
    fails 'not exist' rt resume one
    launch one
    rt kill one KILL
    becomes one stopped
    fails 'not running' rt pause one
    fails 'not paused' rt resume one
    remove one
}

# --- ps --------------------------------------------------------------------------------------------------------------

@test "ps shows the container's processes and no others" {
    script 'sleep 777301 & sleep 777302 & wait'
    launch one
    both() { [ "$(rt ps one | grep -c 'sleep 77730[12]$')" -eq 2 ]; }
    wait_for 10 both
    expect 4 sh -c "${runtime[*]} --root $state ps one | wc -l"
    expect 'PID COMMAND' sh -c "${runtime[*]} --root $state ps one -o pid,comm | head -n 1 | xargs"
    expect 3 sh -c "${runtime[*]} --root $state ps --format json one | jq length"
    rt ps -f json one | jq -e --argjson pid "$(state_of one .pid)" 'any(.[]; . == $pid)'
    fails '' rt ps one -o comm
    fails '' rt ps -f xml one
    fails '' rt ps one --no-such-option
    rt kill one KILL
    becomes one stopped
    expect null rt ps -f json one
    remove one
    fails 'not exist' rt ps one
}

# --- events ----------------------------------------------------------------------------------------------------------

# Names of all values, with the type of each: what a reader of the numbers finds.
shape() {
    jq -c '[.. | objects | keys[]] | unique' "$1"
}

@test "events --stats has all that runc's has" {
    command -v runc >/dev/null || skip 'no runc'
    [ ! -e /sys/fs/cgroup/cgroup.controllers ] || skip 'runc 1.1 knows less of v2'
    edit '.linux.resources += {"memory": {"limit": 67108864}, "pids": {"limit": 20}, "cpu": {"quota": 50000}}'
    script 'dd if=/dev/zero of=/dev/null bs=1M count=2 2>/dev/null; exec sleep 1000'
    launch one
    rt events --stats one >"$BATS_TEST_TMPDIR/ours"
    remove one
    runtime=(runc)
    launch one
    rt events --stats one >"$BATS_TEST_TMPDIR/theirs"
    remove one
    # Counts that are 0 are left out by both, so each may have some that the other has not.
    missing=$(jq -nc --argjson ours "$(shape "$BATS_TEST_TMPDIR/ours")" --argjson theirs "$(shape "$BATS_TEST_TMPDIR/theirs")" \
        '$theirs - $ours - ["cache", "usage", "max", "periods", "throttledPeriods", "throttledTime", "minor", "value"]')
    [ "$missing" = '[]' ] || { echo "missing: $missing" && false; }
    jq -e '.type == "stats" and .id == "one" and .data.pids == {"current": 1, "limit": 20}
        and .data.memory.usage.limit == 67108864 and .data.cpu.usage.total > 0' "$BATS_TEST_TMPDIR/ours"
    for key in .data.memory.raw .data.cpuset .data.cpu.usage; do
        expect "$(jq -c "$key | keys - [\"total\"]" "$BATS_TEST_TMPDIR/theirs")" \
            jq -c "$key | keys - [\"total\"]" "$BATS_TEST_TMPDIR/ours"
    done
}

@test "events counts the network of the container" {
    beyond_runc 'interfaces without a library caller'
    launch one
    rt events --stats one | jq -e '.data.network_interfaces | map(.Name) == ["lo"]'
    remove one
}

@test "events until the end" {
    local listener
    launch one
    rt events --interval 100ms one >"$BATS_TEST_TMPDIR/events" 3>&- &
    listener=$!
    several() { [ "$(wc -l <"$BATS_TEST_TMPDIR/events")" -ge 3 ]; }
    wait_for 10 several
    rt kill one KILL
    wait_for 10 gone $listener
    wait $listener
    jq -es 'length >= 3 and all(.[]; .type == "stats" and .data.pids.current == 1)' "$BATS_TEST_TMPDIR/events"
    fails 'not running' rt events --stats one
    fails 'interval' rt events --interval 0s one
    fails 'interval|duration' rt events --interval soon one
    remove one
    fails 'not exist' rt events one
}

# --- update ----------------------------------------------------------------------------------------------------------

@test "update by every option" {
    launch one
    rt update --memory 64m --memory-swap 128m --memory-reservation 32m --cpu-share 256 --cpu-quota 50000 --cpu-period 100000 \
        --cpuset-cpus 0 --cpuset-mems 0 --pids-limit 30 one
    expect 67108864 control one memory.max memory.limit_in_bytes
    expect 33554432 control one memory.low memory.soft_limit_in_bytes
    expect 0 control one cpuset.cpus
    expect 30 control one pids.max
    if [ ! -e /sys/fs/cgroup/cgroup.controllers ]; then
        expect 134217728 control one - memory.memsw.limit_in_bytes
        expect 256 control one - cpu.shares
        expect 50000 control one - cpu.cfs_quota_us
    fi
    if ! is_runc; then
        rt update --cpu-burst 10000 one
        expect 10000 control one cpu.max.burst cpu.cfs_burst_us
        rt update --cpu-idle 1 one
        expect 1 control one cpu.idle
        rt update --cpu-idle 0 --cpu-share 512 one
        expect 0 control one cpu.idle
    fi
    # Below, then above both: memory may never be above memory and swap.
    rt update --memory 16m --memory-swap 16m one
    rt update --memory 256m --memory-swap 256m one
    expect 268435456 control one memory.max memory.limit_in_bytes
    rt update --memory -1 --pids-limit -1 --cpu-quota -1 one
    expect max control one pids.max
    [ -e /sys/fs/cgroup/cgroup.controllers ] || expect -1 control one - cpu.cfs_quota_us
    remove one
}

@test "an update that fails changes nothing" {
    beyond_runc 'taking back'
    launch one
    rt update --memory 64m --memory-swap 64m --pids-limit 30 one
    fails 'cpuset' rt update --memory 32m --memory-swap 32m --pids-limit 20 --cpuset-cpus 4000 one
    names linux.resources.cpu.cpus
    expect 67108864 control one memory.max memory.limit_in_bytes
    expect 30 control one pids.max
    fails '' rt update --cpu-share 1 --pids-limit 20 one
    names linux.resources.cpu.shares
    expect 30 control one pids.max
    expect running state_of one
    remove one
}

@test "an update of what is not there" {
    fails 'not exist' rt update --memory 64m one
    launch one
    fails 'memory' rt update --memory lots one
    fails 'pids|number' rt update --pids-limit many one
    fails '' rt update --resources /no/such/file one
    fails '' rt update --resources - one <<<'["x"]'
    rt kill one KILL
    becomes one stopped
    fails 'not running' rt update --memory 64m one
    remove one
}
