#!/usr/bin/env bats
# The OCI runtime: bundles that are none. The error is one line, names the field by its path in config.json, and nothing is left
# behind (every test's teardown looks).
# shellcheck disable=SC2154,SC2016  # the helpers set state, bundle, out and err; scripts are the containers'

load helper
load bundle

setup() {
    runtime_setup
    args true
    cp "$bundle/config.json" "$BATS_TEST_TMPDIR/good.json"
}

teardown() {
    runtime_teardown
}

# bad FILTER FIELD REGEX: config.json changed by FILTER is refused by create and by run, and FIELD is named.
bad() {
    local verb
    cp "$BATS_TEST_TMPDIR/good.json" "$bundle/config.json"
    cgroup_for one
    edit "$1"
    for verb in create run; do
        fails "$3" rt $verb -b "$bundle" one
        [ -z "$2" ] || names "$2"
        [ -z "$(ls "$state")" ]
    done
}

# --- the bundle ------------------------------------------------------------------------------------------------------

@test "no bundle, no config.json, none that can be read" {
    fails 'no/such/bundle.*no such file' rt create -b /no/such/bundle one
    fails 'config.json' rt run -b "$BATS_TEST_TMPDIR" one
    fails 'not a directory' rt run -b /etc/passwd one
    rm "$bundle/config.json"
    fails 'config.json' rt create -b "$bundle" one
    mkdir "$bundle/config.json"
    fails 'config.json.*directory|is a directory|config.json is not a regular file' rt create -b "$bundle" one
    rmdir "$bundle/config.json"
    ln -s config.json "$bundle/config.json"
    fails 'config.json' rt create -b "$bundle" one
    [ -z "$(ls "$state")" ]
}

@test "a config.json that is a pipe, or endless" {
    beyond_runc 'bound of what it reads'
    rm "$bundle/config.json"
    mkfifo "$bundle/config.json"
    fails 'config.json' timeout -k 5 20 "${runtime[@]}" --root "$state" create -b "$bundle" one
    rm "$bundle/config.json"
    ln -s /dev/zero "$bundle/config.json"
    fails 'config.json' timeout -k 5 20 "${runtime[@]}" --root "$state" create -b "$bundle" one
    rm "$bundle/config.json"
    truncate -s 5G "$bundle/config.json"
    fails 'config.json' timeout -k 5 20 "${runtime[@]}" --root "$state" create -b "$bundle" one
    rm "$bundle/config.json"
}

@test "documents that are none" {
    local text
    # runc falls over null.
    is_runc || set -- null
    for text in "$@" '' '{' '[]' '"x"' '{"ociVersion": "1.0.2"' $'{"ociVersion": "1.0.2"}\nmore' '{"ociVersion": 1}' $'\x00' $'{"a": "\xff"}'; do
        printf '%s' "$text" >"$bundle/config.json"
        fails '' rt create -b "$bundle" one
        is_runc || [ "$(wc -l <"$err")" -eq 1 ]
        is_runc || grep -qE 'config.json|ociVersion|process|linux|root' "$err"
    done
    printf '{"x":%.0s' {1..100000} >"$bundle/config.json"
    fails 'config.json|deep|depth|invalid' rt create -b "$bundle" one
    [ -z "$(ls "$state")" ]
}

# config.md, "Specification version": must be SemVer v2, and a runtime that does not support it must fail.
@test "versions" {
    local version
    for version in 1.0.0 1.0.2 1.0.2-dev 1.1.0 1.2.0 1.2.1 1.3.0; do
        cp "$BATS_TEST_TMPDIR/good.json" "$bundle/config.json"
        edit --arg version "$version" '.ociVersion = $version'
        in_bundle
    done
    ! is_runc || return 0
    bad '.ociVersion = "2.0.0"' ociVersion '2.0.0'
    bad '.ociVersion = "0.9.0"' ociVersion '0.9.0'
    bad '.ociVersion = "x"' ociVersion ''
    bad '.ociVersion = ""' ociVersion ''
    bad '.ociVersion = 1' ociVersion ''
    bad 'del(.ociVersion)' ociVersion ''
}

# --- fields ----------------------------------------------------------------------------------------------------------

@test "the root" {
    bad '.root.path = "nosuch"' root.path 'no such file'
    bad '.root.path = "config.json"' root.path 'not a directory'
    is_runc || bad '.root.path = ""' root.path ''
    is_runc || bad 'del(.root.path)' root.path ''
    is_runc || bad 'del(.root)' root ''
    bad '.root.path = 1' root.path ''
    bad '.root.readonly = "yes"' root.readonly ''
}

@test "the process" {
    bad '.process.args = []' process.args ''
    bad 'del(.process.args)' process.args ''
    bad '.process.args = "true"' process.args ''
    bad '.process.args = [1]' 'process.args[0]' ''
    bad '.process.cwd = ""' process.cwd ''
    bad '.process.cwd = "x"' process.cwd 'absolute'
    bad '.process.user.uid = "root"' process.user.uid ''
    bad '.process.user.uid = -1' process.user.uid ''
    bad '.process.user.uid = 4294967296' process.user.uid ''
    bad '.process.user.additionalGids = [1, -1]' 'process.user.additionalGids[1]' ''
    bad '.process.env = ["A=1", 2]' 'process.env[1]' ''
    bad '.process.terminal = 1' process.terminal ''
    bad '.process.rlimits = {}' process.rlimits ''
    bad '.process.capabilities.bounding = "ALL"' process.capabilities.bounding ''
    bad '.process.oomScoreAdj = "x"' process.oomScoreAdj ''
    bad '.process = []' process ''
    is_runc || bad '.process.env = ["=1"]' 'process.env[0]' ''
    is_runc || bad '.process.args = ["a\u0000b"]' '' ''
}

@test "mounts" {
    bad '.mounts += [{"destination": 1}]' 'mounts[7].destination' ''
    bad '.mounts += [{"type": "tmpfs", "source": "x"}]' 'mounts[7].destination' ''
    bad '.mounts = {}' mounts ''
    bad '.mounts += [{"destination": "/x", "source": "/no/such/source", "options": ["bind"]}]' 'mounts[7].source' 'no such file'
    bad '.mounts += [{"destination": "/x", "type": "nosuchfs", "source": "x"}]' 'mounts[7]' 'no such device'
    bad '.mounts[0].options = "ro"' 'mounts[0].options' ''
}

@test "annotations and names" {
    bad '.annotations = []' annotations ''
    bad '.annotations = {"a": 1}' annotations.a ''
    is_runc || bad '.annotations = {"": "x"}' annotations ''
    bad '.hostname = 1' hostname ''
    bad '.hostname = ("x" * 100)' hostname ''
}

@test "what is Linux's" {
    bad '.linux.namespaces = {}' linux.namespaces ''
    bad '.linux.namespaces[0].type = 1' 'linux.namespaces[0].type' ''
    bad '.linux.uidMappings = [{"containerID": 0, "hostID": -1, "size": 1}]' 'linux.uidMappings[0].hostID' ''
    bad '.linux.maskedPaths = [1]' 'linux.maskedPaths[0]' ''
    is_runc || bad '.linux.maskedPaths = ["relative"]' 'linux.maskedPaths[0]' 'absolute'
    is_runc || bad '.linux.readonlyPaths = ["relative"]' 'linux.readonlyPaths[0]' 'absolute'
    bad '.linux.sysctl = []' linux.sysctl ''
    bad '.linux.cgroupsPath = 1' linux.cgroupsPath ''
    bad '.linux.resources.memory.limit = "x"' linux.resources.memory.limit ''
    is_runc || bad '.linux.cgroupsPath = "/../../../etc"' linux.cgroupsPath ''
    is_runc || bad '.linux.rootfsPropagation = "nosuch"' linux.rootfsPropagation ''
    bad '.linux = []' linux ''
    bad '.linux.devices = [{"path": "/dev/x", "type": "c", "major": "1", "minor": 5}]' 'linux.devices[0].major' ''
}

# "process: This property is REQUIRED when start is called."
@test "a process is missed at the start, and not before" {
    beyond_runc 'container without a process'
    edit 'del(.process)'
    create one
    expect created state_of one
    fails 'missing' rt start one
    names process
    rt delete -f one 2>/dev/null || true
    fails 'missing' rt run -b "$bundle" one
    names process
}

# "IntelRdt": "If no mounted resctrl pseudo-filesystem is available, the runtime MUST generate an error."
@test "classes of service where there are none" {
    [ ! -e /sys/fs/resctrl/schemata ] || skip "this host has a resctrl"
    bad '.linux.intelRdt = {"l3CacheSchema": "L3:0=f"}' linux.intelRdt 'resctrl|RDT'
}

# "Extensibility": unknown properties are ignored; "Valid values": unknown values of known ones are errors.
@test "unknown properties are ignored" {
    edit '.nosuch = {"x": 1} | .process.nosuch = 1 | .linux.nosuch = [] | .root.nosuch = null | .vm = {} | .windows = {}'
    in_bundle
}

@test "null is as good as nothing" {
    edit '.hooks = null | .annotations = null | .linux.devices = null | .linux.sysctl = null | .linux.seccomp = null
        | .process.rlimits = null | .process.apparmorProfile = null'
    in_bundle
}

@test "linux may be missing" {
    beyond_runc 'protection of the host: it mounts there'
    edit 'del(.linux) | del(.hostname) | .mounts = []'
    # There is nothing left that would be a container's: without a mount namespace the root could not be entered.
    fails '' rt run -b "$bundle" one
    [ "$(wc -l <"$err")" -eq 1 ]
    [ -z "$(ls "$state")" ]
}

# --- the surroundings ------------------------------------------------------------------------------------------------

@test "a state directory that cannot be" {
    fails '' "${runtime[@]}" --root /proc/nosuch run -b "$bundle" one
    fails '' "${runtime[@]}" --root "$bundle/config.json" run -b "$bundle" one
}

@test "a state that was damaged" {
    local file
    args sleep 1000
    create one
    pid=$(state_of one .pid)
    for file in "$state"/*/*; do
        [ -f "$file" ] && [ -s "$file" ] || continue
        cp "$file" "$BATS_TEST_TMPDIR/kept"
        for content in '' '{' '[]' 'null'; do
            printf '%s' "$content" >"$file"
            run rt state one
            run rt list
            run timeout 20 "${runtime[@]}" --root "$state" start one
            [ "$status" -le 128 ]
        done
        cp "$BATS_TEST_TMPDIR/kept" "$file"
    done
    expect "$pid" state_of one .pid
    remove one
}

@test "a full disk for the state" {
    mkdir "$BATS_TEST_TMPDIR/small"
    mount -t tmpfs -o size=4k,nr_inodes=2 tmpfs "$BATS_TEST_TMPDIR/small"
    fails 'no space' "${runtime[@]}" --root "$BATS_TEST_TMPDIR/small" create -b "$bundle" one || failed=1
    left=$(ls "$BATS_TEST_TMPDIR/small")
    umount "$BATS_TEST_TMPDIR/small"
    [ -z "${failed-}" ]
    is_runc || [ -z "$left" ]
}

@test "options that there are not" {
    fails '' rt create --nosuch -b "$bundle" one
    run ! rt nosuch
    fails '' "${runtime[@]}" --nosuch state one
    fails '' rt run --preserve-fds x -b "$bundle" one
    fails '' rt run --preserve-fds 1000000 -b "$bundle" one
    [ -z "$(ls "$state")" ]
}

@test "descriptors that are not open cannot be preserved" {
    beyond_runc 'look at the descriptors before'
    fails 'preserve-fds|descriptor' rt run --preserve-fds 100 -b "$bundle" one
}
