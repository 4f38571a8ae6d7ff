#!/usr/bin/env bats
# The OCI runtime with --systemd-cgroup: a scope of systemd's for each container. There is no systemd here, but a program that
# plays it on a bus of the test's own.
# shellcheck disable=SC2154  # the helpers set state, bundle, out and err

load helper
load bundle

setup() {
    runtime_setup
    args sleep 1000
    slice=${cgroup_parent//[^a-z0-9]/}.slice
    log=$BATS_TEST_TMPDIR/systemd.log
    bus=$BATS_TEST_TMPDIR/bus
    cat >"$BATS_TEST_TMPDIR/bus.conf" <<END
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type><listen>unix:path=$bus</listen><auth>EXTERNAL</auth>
  <policy context="default"><allow send_destination="*" eavesdrop="true"/><allow own="*"/><allow receive_sender="*"/></policy>
</busconfig>
END
    export DBUS_SYSTEM_BUS_ADDRESS=unix:path=$bus
    dbus-daemon --config-file="$BATS_TEST_TMPDIR/bus.conf" --nofork --nopidfile 3>&- &
    daemon=$!
    wait_for 10 test -S "$bus"
    player=
}

teardown() {
    local failed=0
    runtime_teardown || failed=1
    [ -z "$player" ] || kill "$player"
    kill "$daemon"
    find /sys/fs/cgroup -depth -type d -path "*/$slice*" -exec rmdir {} \; 2>/dev/null || true
    return $failed
}

# play [REFUSE]: systemd comes up.
play() {
    "$repository/tests/e2e/systemd" "$log" "$@" </dev/null 3>&- &
    player=$!
    wait_for 10 test -s "$log"
}

# booted COMMAND...: where systemd seems to run, which is seen by a directory.
booted() {
    unshare -m sh -c 'mount -t tmpfs tmpfs /run/systemd && mkdir /run/systemd/system && exec "$@"' - timeout -k 5 60 "$@"
}

sd() {
    booted "${runtime[@]}" --root "$state" --systemd-cgroup "$@"
}

told() {
    jq -ce "select(.[0] == \"$1\") | $2" "$log"
}

@test "a scope is made, used and stopped" {
    play
    edit --arg path "$slice:cbox:one" '.linux.cgroupsPath = $path | .linux.resources += {"memory": {"limit": 67108864},
        "cpu": {"quota": 50000, "period": 100000, "shares": 1024}, "pids": {"limit": 20}}'
    sd run -d -b "$bundle" one </dev/null >"$out" 2>"$err"
    expect '["start","cbox-one.scope","replace"]' told start '.[:3]'
    told start '.[3].Slice == "'"$slice"'" and .[3].Delegate == 1 and .[3].MemoryMax == 67108864 and .[3].TasksMax == 20
        and .[3].CPUQuotaPerSecUSec == 500000 and .[3].CPUWeight == 100 and .[3].DefaultDependencies == 0'
    pid=$(state_of one .pid)
    grep -q ":/$slice/cbox-one.scope\$" "/proc/$pid/cgroup"
    # In all of them, and nobody else: whoever held the place is gone.
    run ! grep -v -e ":/$slice/cbox-one.scope\$" "/proc/$pid/cgroup"
    expect "$pid" cat "$(find /sys/fs/cgroup -path "*/$slice/cbox-one.scope/cgroup.procs" -print -quit)"
    # Limits are written as always.
    expect 67108864 cat "$(find /sys/fs/cgroup -path "*/$slice/cbox-one.scope/memory.*" \
        \( -name memory.limit_in_bytes -o -name memory.max \) -print -quit)"
    sd exec one true
    sd update --memory 33554432 --pids-limit 10 one
    expect '["set","cbox-one.scope",true,{"MemoryMax":33554432,"TasksMax":10}]' told set .
    expect 33554432 cat "$(find /sys/fs/cgroup -path "*/$slice/cbox-one.scope/memory.*" \
        \( -name memory.limit_in_bytes -o -name memory.max \) -print -quit)"
    sd delete -f one
    expect '["stop","cbox-one.scope","replace"]' told stop .
    [ -z "$(find /sys/fs/cgroup -path '*/cbox-one.scope' -print -quit)" ]
}

@test "without a cgroupsPath it is a scope of system.slice" {
    play
    name=${slice%.slice}
    sd run -d -b "$bundle" "$name" </dev/null >"$out" 2>"$err"
    expect '["cbox-'"$name"'.scope","system.slice"]' told start '[.[1], .[3].Slice]'
    expect running state_of "$name"
    sd delete -f "$name"
    find /sys/fs/cgroup -depth -maxdepth 3 -type d -path "*/system.slice" -exec rmdir {} \; 2>/dev/null || true
}

@test "a job that fails leaves nothing" {
    play refuse
    edit --arg path "$slice:cbox:one" '.linux.cgroupsPath = $path'
    fails "cbox-one.scope: the job ended as 'failed'" sd run -b "$bundle" one
    fails 'not exist' rt state one
}

@test "a program that is not there leaves no scope" {
    play
    edit --arg path "$slice:cbox:one" '.linux.cgroupsPath = $path | .process.args = ["/no/such/program"]'
    fails 'no such file' sd run -b "$bundle" one
    expect '"cbox-one.scope"' told stop '.[1]'
}

@test "a cgroupsPath of another form" {
    play
    for path in /a/b slice:name a.slice:b:c:d nosuch:cbox:one -a.slice:cbox:one a--b.slice:cbox:one "$slice:cbox:" \
        "$slice:cb ox:one" "$slice:cbox:x.slice"; do
        edit --arg path "$path" '.linux.cgroupsPath = $path'
        fails 'cgroupsPath' sd run -b "$bundle" one
        names linux.cgroupsPath
    done
    run ! told start .
}

@test "no bus, and no systemd" {
    edit --arg path "$slice:cbox:one" '.linux.cgroupsPath = $path'
    fails 'systemd' sd run -b "$bundle" one
    [ -d /run/systemd/system ] || fails 'systemd does not run' rt --systemd-cgroup run -b "$bundle" one
    fails 'not exist' rt state one
}
