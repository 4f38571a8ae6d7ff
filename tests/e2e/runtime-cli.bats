#!/usr/bin/env bats
# The OCI runtime: the command line that callers know from runc: list, ps, events, update, spec, features, --version, --log,
# and the names under which the binary is one.
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

# --- list ------------------------------------------------------------------------------------------------------------

@test "list is a table" {
    rt list >"$out"
    expect 'ID PID STATUS BUNDLE CREATED OWNER' sh -c "tr -s ' ' <$out | sed 's/ \$//'"
    create one
    launch two
    rt list >"$out"
    [ "$(wc -l <"$out")" -eq 3 ]
    grep -qE "^one +$(state_of one .pid) +created +$bundle +[0-9-]{10}T[0-9:.]+Z +root *$" "$out"
    grep -qE "^two +$(state_of two .pid) +running +$bundle +[0-9-]{10}T[0-9:.]+Z +root *$" "$out"
    rt kill two KILL
    becomes two stopped
    rt list --format table >"$out"
    grep -qE "^two +0 +stopped +$bundle " "$out"
    remove one two
}

@test "list -q and --format json" {
    expect '' rt list -q
    expect null rt list --format json
    edit '.annotations.key = "value"'
    create one
    launch two
    expect $'one\ntwo' rt list -q
    expect $'one\ntwo' rt list --quiet
    rt list -f json >"$out"
    jq -e --arg bundle "$bundle" 'length == 2 and .[0].id == "one" and .[0].status == "created" and .[1].status == "running"
        and all(.[]; .bundle == $bundle and .rootfs == $bundle + "/rootfs" and .owner == "root" and .pid > 0
            and (.ociVersion | startswith("1.")) and (.created | endswith("Z")) and .annotations.key == "value")' "$out"
    expect "$(state_of one .created)" jq -r '.[0].created' "$out"
    fails 'format' rt list -f nosuch
    remove one two
}

@test "list without a state directory is empty" {
    run --separate-stderr "${runtime[@]}" --root "$BATS_TEST_TMPDIR/nosuch" list -q
    [ "$status" -eq 0 ]
    [ -z "$output" ]
}

# --- ps --------------------------------------------------------------------------------------------------------------

@test "ps shows the container's processes and no other" {
    args sh -c 'sleep 777401 & exec sleep 777402'
    launch one
    wait_for 10 container_pid 777401
    wait_for 10 container_pid 777402
    rt ps --format json one >"$out"
    expect "$(printf '%s\n' "$(container_pid 777401)" "$(container_pid 777402)" | sort -n)" sh -c "jq '.[]' $out | sort -n"
    rt ps one >"$out"
    expect 3 sh -c "wc -l <$out"
    expect 'UID PID PPID C STIME TTY TIME CMD' sh -c "head -n 1 $out | tr -s ' ' | sed 's/^ //'"
    grep -q 'sleep 777401' "$out"
    rt ps one -o pid,args >"$out"
    grep -qE "^ *$(container_pid 777402) +sleep 777402" "$out"
    expect 3 sh -c "wc -l <$out"
    fails 'format' rt ps -f nosuch one
    remove one
    fails 'not exist' rt ps one
}

# --- events, update --------------------------------------------------------------------------------------------------

@test "events --stats is one line of JSON" {
    launch one
    rt events --stats one >"$out"
    expect 1 sh -c "wc -l <$out"
    jq -e '.type == "stats" and .id == "one" and .data.pids.current == 1 and .data.cpu.usage.total > 0
        and .data.memory.usage.usage > 0 and (.data.memory.usage.limit | type) == "number"' "$out"
    remove one
    fails 'not exist' rt events --stats one
}

@test "events goes on until the container is gone" {
    launch one
    "${runtime[@]}" --root "$state" events --interval 100ms one >"$BATS_TEST_TMPDIR/events" 2>"$err" 3>&- &
    pid=$!
    more() { [ "$(wc -l <"$BATS_TEST_TMPDIR/events")" -ge 3 ]; }
    wait_for 10 more
    remove one
    wait_for 10 gone $pid
    wait $pid || true
    jq -es 'length >= 3 and all(.[]; .type | IN("stats", "oom"))' "$BATS_TEST_TMPDIR/events"
}

# What a control of the container's cgroup says, v2's name first.
control() {
    local name=$2
    [ -e /sys/fs/cgroup/cgroup.controllers ] || name=$3
    cat "$(find /sys/fs/cgroup -path "*/$cgroup_parent/$1/$name")"
}

@test "update by options and by a document" {
    launch one
    rt update --memory 33554432 --pids-limit 20 one
    expect 33554432 control one memory.max memory.limit_in_bytes
    expect 20 control one pids.max pids.max
    echo '{"memory": {"limit": 67108864}, "cpu": {"quota": 50000, "period": 100000}}' >"$BATS_TEST_TMPDIR/resources.json"
    rt update --resources "$BATS_TEST_TMPDIR/resources.json" one
    expect 67108864 control one memory.max memory.limit_in_bytes
    expect 20 control one pids.max pids.max
    rt update -r - one <<<'{"pids": {"limit": 30}}'
    expect 30 control one pids.max pids.max
    expect running state_of one
    fails '' rt update --memory lots one
    fails '' rt update -r - one <<<'{'
    fails '' rt update -r /no/such/file one
    remove one
    fails 'not exist' rt update --memory 33554432 one
}

# --- spec, features, version -----------------------------------------------------------------------------------------

@test "spec writes a config.json that runs, once" {
    mkdir "$BATS_TEST_TMPDIR/fresh"
    rt spec -b "$BATS_TEST_TMPDIR/fresh"
    fails 'exist' rt spec --bundle "$BATS_TEST_TMPDIR/fresh"
    jq -e '(.ociVersion | startswith("1.")) and .process.args == ["sh"] and .process.terminal and .root == {path: "rootfs", readonly: true}
        and (.mounts | map(.destination)) == ["/proc", "/dev", "/dev/pts", "/dev/shm", "/dev/mqueue", "/sys", "/sys/fs/cgroup"]
        and (.linux.namespaces | map(.type) | contains(["pid", "network", "ipc", "uts", "mount"]))
        and .process.noNewPrivileges and (.process.capabilities.bounding | length) == 3' "$BATS_TEST_TMPDIR/fresh/config.json"
    jq '.process.terminal = false | .process.args = ["echo", "it runs"]' "$BATS_TEST_TMPDIR/fresh/config.json" >"$bundle/config.json"
    expect 'it runs' in_bundle
    cd "$BATS_TEST_TMPDIR"
    rt spec
    [ -s config.json ]
}

@test "spec --rootless writes one for a user" {
    rm "$bundle/config.json"
    rt spec --rootless -b "$bundle"
    jq -e '(.linux.namespaces | map(.type) | index("user") != null and index("network") == null)
        and (.linux.uidMappings | length) == 1 and .linux.uidMappings[0].containerID == 0
        and ([.mounts[] | (.options // [])[] | select(startswith("gid="))] == [])
        and .linux.resources == null' "$bundle/config.json"
}

@test "features says what there is" {
    rt features >"$out"
    jq -e '.ociVersionMin == "1.0.0" and (.ociVersionMax | startswith("1.")) and (.hooks | length) == 6
        and (.mountOptions | contains(["bind", "rbind", "ro", "rro", "nosuid"]))
        and (.linux.namespaces | contains(["pid", "network", "ipc", "uts", "mount", "user", "cgroup"]))
        and (.linux.capabilities | contains(["CAP_CHOWN"])) and .linux.cgroup.v1 and .linux.cgroup.v2
        and .linux.seccomp.enabled and (.linux.seccomp.actions | contains(["SCMP_ACT_ERRNO"]))' "$out"
}

@test "--version is what callers parse" {
    "${runtime[@]}" --version >"$out"
    grep -qE '^[a-z-]+ version [0-9]+\.[0-9]+' <(head -n 1 "$out")
    grep -qE '^commit: .' "$out"
    grep -qE '^spec: 1\.[0-9]+\.[0-9]+' "$out"
    expect "$(<"$out")" "${runtime[@]}" -v
}

@test "under the names runc and cbox-runtime the binary is the runtime" {
    beyond_runc 'other names'
    [ -z "${RUNTIME-}" ] || skip 'another runtime is tested'
    local name
    for name in runc cbox-runtime; do
        ln -s "$cbox" "$BATS_TEST_TMPDIR/$name"
        "$BATS_TEST_TMPDIR/$name" --version >"$out"
        grep -qE "^$name version [0-9]" "$out"
        grep -qE '^spec: 1\.' "$out"
        runtime=("$BATS_TEST_TMPDIR/$name")
        prints "as $name" "echo as $name"
    done
    cp "$cbox" "$BATS_TEST_TMPDIR/copy"
    mkdir "$BATS_TEST_TMPDIR/bin"
    mv "$BATS_TEST_TMPDIR/copy" "$BATS_TEST_TMPDIR/bin/runc"
    PATH=$BATS_TEST_TMPDIR/bin:$PATH runtime=(runc)
    prints copied 'echo copied'
}

@test "--help is there for all of it" {
    local verb
    rt --help >"$out"
    for verb in create start run state kill delete exec list ps pause resume events update spec features; do
        grep -qE "^ +$verb( |,)" "$out"
        "${runtime[@]}" $verb --help >"$BATS_TEST_TMPDIR/help"
        grep -q -- "$verb" "$BATS_TEST_TMPDIR/help"
    done
}

@test "what callers pass on is accepted: --no-new-keyring, --rootless" {
    args true
    cgroup_for one
    rt run --no-new-keyring -b "$bundle" one
    "${runtime[@]}" --rootless=auto --root "$state" run -b "$bundle" one
    "${runtime[@]}" --rootless false --root "$state" run -b "$bundle" one
}

# --- log -------------------------------------------------------------------------------------------------------------

@test "--log gets the error, in the format that was asked for, and stderr too" {
    log=$BATS_TEST_TMPDIR/log
    fails 'not exist' "${runtime[@]}" --root "$state" --log "$log" --log-format json state nosuch
    jq -e '.level == "error" and (.msg | test("not exist")) and (.time | test("^[0-9-]{10}T[0-9:.]+(Z|[+-][0-9:]+)$"))' "$log"
    expect 1 sh -c "wc -l <$log"
    fails 'not exist' "${runtime[@]}" --root "$state" --log "$log" --log-format json delete nosuch
    # It is added to.
    expect 2 sh -c "wc -l <$log"
    fails 'not exist' "${runtime[@]}" --root "$state" --log "$BATS_TEST_TMPDIR/text" state nosuch
    grep -qE 'level=error msg=".*not exist' "$BATS_TEST_TMPDIR/text"
}

@test "a message that JSON must escape" {
    log=$BATS_TEST_TMPDIR/log
    args $'/no/"such"\n\x01\\program'
    cgroup_for one
    fails '' "${runtime[@]}" --root "$state" --log "$log" --log-format json run -b "$bundle" one
    jq -es 'any(.[]; .level == "error")' "$log"
}

@test "what goes well writes no error to the log" {
    log=$BATS_TEST_TMPDIR/log
    args true
    cgroup_for one
    "${runtime[@]}" --root "$state" --log "$log" --log-format json run -b "$bundle" one
    [ ! -s "$log" ] || run ! grep -q '"error"' "$log"
}

@test "--debug says more" {
    log=$BATS_TEST_TMPDIR/log
    args true
    cgroup_for one
    "${runtime[@]}" --debug --root "$state" --log "$log" --log-format json run -b "$bundle" one
    jq -es 'length > 0 and any(.[]; .level == "debug")' "$log"
}

@test "logs that cannot be" {
    fails 'nosuch' "${runtime[@]}" --root "$state" --log-format nosuch list
    fails 'no such file' "${runtime[@]}" --root "$state" --log /no/such/log list
}

# --- systemd ---------------------------------------------------------------------------------------------------------

@test "--systemd-cgroup is refused where systemd does not run" {
    [ ! -d /run/systemd/system ] || skip 'systemd runs here'
    args true
    edit '.linux.cgroupsPath = "system.slice:cbox:one"'
    fails 'systemd' rt --systemd-cgroup run -b "$bundle" one
    fails 'not exist' rt state one
}
