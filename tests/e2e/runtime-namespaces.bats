#!/usr/bin/env bats
# The OCI runtime: namespaces, id mappings, devices, sysctls, masked and read-only paths. Clauses are those of the runtime
# specification's config-linux.md.
# shellcheck disable=SC2154,SC2016  # the helpers set state, bundle, out and err; scripts are the container's

load helper
load bundle

setup() {
    runtime_setup
    args sleep 1000
}

teardown() {
    for file in "$BATS_TEST_TMPDIR"/ns-*; do
        [ ! -e "$file" ] || umount "$file" || true
    done
    runtime_teardown
}

kinds='cgroup ipc mnt net pid uts user time'

namespaces_of() {
    local kind
    for kind in $kinds; do
        [ ! -e "/proc/$1/ns/$kind" ] || readlink "/proc/$1/ns/$kind"
    done
}

# --- namespaces ------------------------------------------------------------------------------------------------------

# "If path is not specified, a new namespace; if a type is not specified, the runtime's."
@test "what is listed is new, what is not listed is the caller's" {
    local type kind before
    for type in pid:pid network:net ipc:ipc uts:uts cgroup:cgroup; do
        kind=${type#*:}
        edit --arg type "${type%:*}" '.linux.namespaces = [{type: "mount"}, {type: $type}] | del(.hostname)
            | .mounts |= map(select(.type | IN("sysfs", "cgroup", "mqueue") | not))
            | del(.linux.readonlyPaths) | del(.linux.maskedPaths)'
        launch one
        pid=$(state_of one .pid)
        for before in ipc net pid uts cgroup; do
            if [ $before = "$kind" ]; then
                [ "$(readlink "/proc/$pid/ns/$before")" != "$(readlink /proc/self/ns/$before)" ]
            else
                [ "$(readlink "/proc/$pid/ns/$before")" = "$(readlink /proc/self/ns/$before)" ]
            fi
        done
        remove one
    done
}

@test "time namespace with its offsets" {
    beyond_runc 'time namespaces'
    edit '.linux.namespaces += [{type: "time"}] | .linux.timeOffsets = {boottime: {secs: 86400}, monotonic: {secs: 172800, nanosecs: 5}}'
    launch one
    pid=$(state_of one .pid)
    [ "$(readlink "/proc/$pid/ns/time")" != "$(readlink /proc/self/ns/time)" ]
    expect $'monotonic 172800 5\nboottime 86400 0' sh -c "tr -s ' ' </proc/$pid/timens_offsets"
    inside=$(rt exec one cut -d. -f1 /proc/uptime)
    [ $((inside - $(cut -d. -f1 /proc/uptime))) -ge 86399 ]
    remove one
    edit '.linux.namespaces |= map(select(.type != "time"))'
    fails 'time' create one
    names linux.timeOffsets
}

# "path": the process is placed in the namespace of that path; an error where it is of another type.
@test "namespaces by path" {
    local type kind file
    touch "$BATS_TEST_TMPDIR"/ns-{net,ipc,uts}
    unshare "--net=$BATS_TEST_TMPDIR/ns-net" true
    unshare "--ipc=$BATS_TEST_TMPDIR/ns-ipc" true
    unshare "--uts=$BATS_TEST_TMPDIR/ns-uts" hostname from-outside
    for type in network:net ipc:ipc uts:uts; do
        kind=${type#*:} file=$BATS_TEST_TMPDIR/ns-${type#*:}
        edit --arg type "${type%:*}" --arg path "$file" \
            '.linux.namespaces |= map(if .type == $type then .path = $path else . end)'
        edit 'del(.hostname)'
        launch one
        expect "$(nsenter "--$kind=$file" readlink "/proc/self/ns/$kind")" readlink "/proc/$(state_of one .pid)/ns/$kind"
        expect "$(nsenter "--$kind=$file" readlink "/proc/self/ns/$kind")" rt exec one readlink "/proc/self/ns/$kind"
        remove one
    done
    edit --arg path "$BATS_TEST_TMPDIR/ns-net" '.linux.namespaces |= map(if .type == "uts" then .path = $path else . end)'
    fails 'namespace|invalid argument' create one
    names 'linux.namespaces[3].path'
    fails 'not exist' rt state one
}

@test "a hostname is set in a namespace by path" {
    touch "$BATS_TEST_TMPDIR/ns-uts"
    unshare "--uts=$BATS_TEST_TMPDIR/ns-uts" hostname from-outside
    edit --arg path "$BATS_TEST_TMPDIR/ns-uts" '.linux.namespaces |= map(if .type == "uts" then .path = $path else . end)
        | del(.hostname)'
    prints from-outside hostname
}

@test "a container in the PID, network, IPC, UTS and cgroup namespaces of another, as a pod's" {
    edit '.linux.namespaces += [{type: "cgroup"}]'
    launch one
    pid=$(state_of one .pid)
    cp "$bundle/config.json" "$BATS_TEST_TMPDIR/first.json"
    edit --arg proc "/proc/$pid/ns" '.linux.namespaces |= map(
        if .type == "mount" then . else .path = $proc + "/" + (if .type == "network" then "net" else .type end) end) | del(.hostname)'
    launch two
    for kind in pid net ipc uts cgroup; do
        expect "$(readlink "/proc/$pid/ns/$kind")" readlink "/proc/$(state_of two .pid)/ns/$kind"
    done
    [ "$(readlink "/proc/$pid/ns/mnt")" != "$(readlink "/proc/$(state_of two .pid)/ns/mnt")" ]
    # The other's process is in sight.
    rt exec two sh -c '[ "$(cat /proc/[0-9]*/cmdline | tr "\0" "\n" | grep -c ^1000$)" = 2 ]'
    remove two
    expect running state_of one
    remove one
}

@test "a mount namespace by path" {
    launch one
    pid=$(state_of one .pid)
    edit --arg path "/proc/$pid/ns/mnt" '.linux.namespaces |= map(if .type == "mount" then .path = $path else . end)
        | .mounts = [] | del(.linux.maskedPaths) | del(.linux.readonlyPaths)'
    # There is little sense in it, and runtimes differ in what they make of it: an error or the namespace, nothing between.
    if launch two; then
        expect "$(readlink "/proc/$pid/ns/mnt")" readlink "/proc/$(state_of two .pid)/ns/mnt"
        remove two
    fi
    expect running state_of one
    remove one
}

@test "a user namespace by path" {
    beyond_runc 'user namespace by path with its mappings' 
    chown 100000:100000 "$bundle/rootfs"
    edit '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]
        | .linux.gidMappings = .linux.uidMappings'
    launch one
    pid=$(state_of one .pid)
    edit --arg path "/proc/$pid/ns/user" '.linux.namespaces |= map(if .type == "user" then .path = $path else . end)
        | del(.linux.uidMappings) | del(.linux.gidMappings)'
    launch two
    expect "$(readlink "/proc/$pid/ns/user")" readlink "/proc/$(state_of two .pid)/ns/user"
    expect $'0\n0' rt exec two sh -c 'id -u; id -g'
    expect 100000 stat -c %u "/proc/$(state_of two .pid)"
    remove two one
}

@test "a time namespace by path" {
    beyond_runc 'time namespaces'
    edit '.linux.namespaces += [{type: "time"}] | .linux.timeOffsets = {boottime: {secs: 86400}}'
    launch one
    pid=$(state_of one .pid)
    edit --arg path "/proc/$pid/ns/time" '.linux.namespaces |= map(if .type == "time" then .path = $path else . end)
        | del(.linux.timeOffsets)'
    launch two
    expect "$(readlink "/proc/$pid/ns/time")" readlink "/proc/$(state_of two .pid)/ns/time"
    remove two one
}

# "path must be absolute"; "duplicated namespaces with same type: an error".
@test "namespaces that cannot be" {
    args true
    edit '.linux.namespaces[1].path = "relative"'
    fails '' create one
    names 'linux.namespaces[1].path'
    edit '.linux.namespaces[1].path = "/no/such/namespace"'
    fails 'no such file' create one
    names 'linux.namespaces[1].path'
    edit 'del(.linux.namespaces[1].path) | .linux.namespaces += [{type: "pid"}]'
    fails 'pid|duplicat' create one
    names 'linux.namespaces[5]'
    edit '.linux.namespaces[5].type = "nosuch"'
    fails 'nosuch' create one
    names 'linux.namespaces[5].type'
    fails 'not exist' rt state one
}

# --- user namespaces -------------------------------------------------------------------------------------------------

@test "id mappings" {
    chown 100000:200000 "$bundle/rootfs" "$bundle/rootfs/tmp"
    edit '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 1000},
        {containerID: 1000, hostID: 300000, size: 10}] | .linux.gidMappings = [{containerID: 0, hostID: 200000, size: 1000},
        {containerID: 5000, hostID: 0, size: 1}] | .root.readonly = false'
    prints $'0 100000 1000\n1000 300000 10\n0 200000 1000\n5000 0 1\n0 0' \
        'cat /proc/self/uid_map /proc/self/gid_map | sed "s/^ *//" | tr -s " "; stat -c "%u %g" /tmp; echo >/tmp/file'
    expect '100000 200000' stat -c '%u %g' "$bundle/rootfs/tmp/file"
    edit '.process.user = {uid: 1005, gid: 5000}'
    prints $'1005\n5000' 'id -u; id -g'
    # Devices are there, though they could not be made.
    prints $'0\n1:3' 'echo x >/dev/null; echo $?; stat -c %t:%T /dev/null'
}

@test "id mappings that cannot be" {
    args true
    edit '.linux.namespaces += [{type: "user"}]'
    fails '' create one
    edit '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 10}] | .linux.gidMappings = .linux.uidMappings
        | .process.user = {uid: 1000, gid: 0}'
    fails '' create one
    names process.user.uid
    edit '.process.user = {uid: 0, gid: 0} | .linux.uidMappings += [{containerID: 5, hostID: 200000, size: 10}]'
    fails '' create one
    names 'linux.uidMappings[1]'
    edit '.linux.uidMappings = .linux.gidMappings | .linux.namespaces |= map(select(.type != "user"))'
    is_runc || fails 'user' create one
    is_runc || names linux.uidMappings
    fails 'not exist' rt state one
}

# --- devices ---------------------------------------------------------------------------------------------------------

# "Default Devices": null, zero, full, random, urandom, tty, ptmx; runtime-linux.md, "Dev symbolic links".
@test "the default devices and links are there" {
    prints $'null 1:3 666\nzero 1:5 666\nfull 1:7 666\nrandom 1:8 666\nurandom 1:9 666\ntty 5:0 666' \
        'cd /dev; for name in null zero full random urandom tty; do stat -c "%n %t:%T %a" $name; done'
    prints $'pts/ptmx\n/proc/self/fd\n/proc/self/fd/0\n/proc/self/fd/1\n/proc/self/fd/2' \
        'cd /dev; for name in ptmx fd stdin stdout stderr; do readlink $name; done'
}

@test "devices are made as they are asked for" {
    edit '.linux.devices = [
        {path: "/dev/mine", type: "c", major: 1, minor: 5, fileMode: 416, uid: 1000, gid: 2000},
        {path: "/dev/deep/er/block", type: "b", major: 7, minor: 0}, {path: "/dev/fifo", type: "p", fileMode: 384},
        {path: "/dev/u", type: "u", major: 1, minor: 3}]
        | .linux.resources.devices += [{allow: true, type: "c", major: 1, minor: 5, access: "rwm"}]'
    prints $'c 1:5 640 1000:2000\nb 7:0\np 600\nc 1:3' 'cd /dev
        t() { stat -c %F $1 | cut -c1 | sed "s/f/p/"; }
        echo "$(t mine) $(stat -c "%t:%T %a %u:%g" mine)"; echo "$(t deep/er/block) $(stat -c %t:%T deep/er/block)"
        echo "$(t fifo) $(stat -c %a fifo)"; echo "$(t u) $(stat -c %t:%T u)"'
    edit '.linux.devices[0].fileMode = 438'
    script 'head -c 3 /dev/mine | wc -c'
    expect 3 in_bundle
}

# "If a file already exists at path that does not match the requested device, an error."
@test "a device where another file is" {
    edit '.linux.devices = [{path: "/etc/passwd", type: "c", major: 1, minor: 5}] | .root.readonly = false'
    args true
    beyond_runc 'look at what is there'
    fails 'passwd' create one
    names 'linux.devices[0].path'
}

@test "devices that cannot be" {
    beyond_runc 'check of devices'
    args true
    edit '.linux.devices = [{path: "relative", type: "c", major: 1, minor: 5}]'
    fails '' create one
    names 'linux.devices[0].path'
    edit '.linux.devices = [{path: "/dev/x", type: "z", major: 1, minor: 5}]'
    fails '' create one
    names 'linux.devices[0].type'
    edit '.linux.devices = [{path: "/dev/x", type: "c"}]'
    fails '' create one
    names 'linux.devices[0].major'
    edit '.linux.devices = [{type: "c", major: 1, minor: 5}]'
    fails '' create one
    names 'linux.devices[0].path'
}

@test "devices that are not allowed cannot be used, those of every container can" {
    prints $'1\n3' '(head -c 1 /dev/zero >/dev/null) && [ -n "$(head -c 1 /dev/urandom | od)" ] && echo 1; head -c 3 /dev/zero | wc -c'
    edit '.process.capabilities |= map_values(. + ["CAP_MKNOD"]) | .root.readonly = false'
    script 'mknod /tmp/disk b 254 0 && head -c 1 /tmp/disk'
    run in_bundle
    [ "$status" -ne 0 ]
    [[ $output == *"not permitted"* ]]
}

# --- sysctl ----------------------------------------------------------------------------------------------------------

@test "sysctls are set in the container and nowhere else" {
    before=$(cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shmmni)
    edit '.linux.sysctl = {"net.ipv4.ip_forward": "1", "kernel.shmmni": "1234", "net.ipv4.ip_local_port_range": "2000 3000",
        "fs.mqueue.msg_max": "7"}'
    prints $'1\n1234\n2000\t3000\n7' \
        'cd /proc/sys; cat net/ipv4/ip_forward kernel/shmmni net/ipv4/ip_local_port_range fs/mqueue/msg_max'
    expect "$before" cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shmmni
}

@test "a sysctl of an interface with a dot in its name" {
    beyond_runc 'slashes in names of sysctls'
    edit '.linux.sysctl = {"net/ipv4/conf/lo/forwarding": "1"}'
    prints 1 'cat /proc/sys/net/ipv4/conf/lo/forwarding'
}

@test "sysctls that are the host's are refused" {
    args true
    for name in kernel.panic vm.overcommit_memory fs.file-max kernel.core_pattern; do
        edit --arg name $name '.linux.sysctl = {($name): "1"}'
        fails "$name" create one
        names linux.sysctl
    done
    edit '.linux.sysctl = {"net.ipv4.ip_forward": "1"} | .linux.namespaces |= map(select(.type != "network"))'
    fails 'net.ipv4.ip_forward|network' create one
    edit '.linux.sysctl = {"kernel.shmmni": "1"} | .linux.namespaces |= map(select(.type != "ipc"))'
    fails 'kernel.shmmni|ipc' create one
    fails 'not exist' rt state one
}

@test "sysctls that there are not, and that lead elsewhere" {
    args true
    for name in net.nosuch.name net.../../kernel/core_pattern net/../kernel/panic; do
        edit --arg name $name '.linux.sysctl = {($name): "1"}'
        fails '' create one
        fails 'not exist' rt state one
    done
}

# --- masked and read-only --------------------------------------------------------------------------------------------

# "maskedPaths": cannot be read; "readonlyPaths": read only; absolute in the container.
@test "masked paths are empty, files and directories" {
    mkdir "$bundle/rootfs/hidden"
    echo secret | tee "$bundle/rootfs/hidden/file" >"$bundle/rootfs/secret"
    edit '.linux.maskedPaths += ["/hidden", "/secret", "/no/such/path"] | .root.readonly = false'
    prints $'0\n0' 'ls /hidden | wc -l; cat /secret | wc -c'
    prints 1 'echo x >/hidden/new 2>/dev/null; echo $?'
    expect secret cat "$bundle/rootfs/secret"
}

@test "read-only paths are read-only, files, directories and mounts below" {
    mkdir -p "$bundle/rootfs/fixed/below"
    echo here >"$bundle/rootfs/fixed/file"
    edit '.linux.readonlyPaths += ["/fixed", "/no/such/path"] | .root.readonly = false
        | .mounts += [{destination: "/tmp", type: "tmpfs", source: "tmpfs"}]'
    prints $'1\n1\nhere\n0' 'echo x >/fixed/new 2>/dev/null; echo $?; echo x >/fixed/file 2>/dev/null; echo $?; cat /fixed/file; echo x >/tmp/x; echo $?'
    prints 1 'echo x >/proc/sysrq-trigger 2>/dev/null; echo $?'
}

@test "root.readonly" {
    prints 1 'echo x >/tmp/new 2>/dev/null; echo $?'
    edit '.root.readonly = false'
    prints 0 'echo x >/tmp/new; echo $?'
    expect x cat "$bundle/rootfs/tmp/new"
}
