# shellcheck shell=bash
# The bundles of runtime.test, in the guest's /bundles: one root file system, and a config.json for each. Sourced behind
# tests/fixtures/bundle.bash, with `work` set.
# shellcheck disable=SC2154

# vm_bundle NAME SCRIPT [JQ-FILTER]: a shell script as the program, in the cgroup /vm/NAME.
vm_bundle() {
    local dir=$work/root/bundles/$1
    mkdir -p "$dir"
    cp tests/fixtures/bundle.json "$dir/config.json"
    bundle_args "$dir" sh -c "$2"
    bundle_edit "$dir" --arg path "/vm/$1" '.root.path = "/bundles/rootfs" | .root.readonly = false | .linux.cgroupsPath = $path
        | .mounts += [{"destination": "/host", "type": "bind", "source": "/tmp", "options": ["rbind"]}]'
    [ $# -lt 3 ] || bundle_edit "$dir" "$3"
}

vm_bundles() {
    local disk='.linux.devices = [{"path": "/dev/disk", "type": "b", "major": 7, "minor": 0}]
        | .linux.resources.devices += [{"allow": true, "type": "b", "major": 7, "minor": 0, "access": "rw"}]'

    bundle_root "$work/root/bundles/rootfs"
    mkdir -p "$work/root/bundles/rootfs/host"
    vm_bundle limits 'exec sleep 1000' '.linux.resources += {
        "memory": {"limit": 67108864, "reservation": 33554432, "swap": 134217728, "useHierarchy": true},
        "cpu": {"shares": 512, "quota": 50000, "period": 100000, "burst": 20000, "cpus": "0", "mems": "0"},
        "pids": {"limit": 20}, "blockIO": {"weight": 500},
        "unified": {"memory.high": "123002880", "cgroup.max.depth": "3"}}'
    vm_bundle v1only 'true' '.linux.resources.memory = {"disableOOMKiller": true}'
    vm_bundle quota 'while :; do :; done' '.linux.resources.cpu = {"quota": 10000, "period": 100000}'
    vm_bundle oom 'until [ -e /host/go ]; do sleep 0.1; done; (exec tail -c 67108864 /dev/zero); exec sleep 1000' \
        '.linux.resources.memory = {"limit": 16777216, "swap": 16777216}'
    vm_bundle pids 'for i in $(seq 30); do sleep 1000 & done; echo never' '.linux.resources.pids = {"limit": 10}'
    vm_bundle readbps 'exec dd if=/dev/disk of=/dev/null bs=64k count=32 iflag=direct' \
        "$disk"'| .linux.resources.blockIO = {"throttleReadBpsDevice": [{"major": 7, "minor": 0, "rate": 1048576}]}'
    vm_bundle writebps 'exec dd if=/dev/zero of=/dev/disk bs=64k count=32 oflag=direct conv=notrunc' \
        "$disk"'| .linux.resources.blockIO = {"throttleWriteBpsDevice": [{"major": 7, "minor": 0, "rate": 1048576}]}'
    vm_bundle device 'mknod /tmp/node b 7 0 && exec 3</tmp/node && echo opened' \
        '.linux.resources.devices += [{"allow": true, "type": "b", "major": 7, "minor": 0, "access": "r"}]
        | .process.capabilities[] += ["CAP_MKNOD"]'
    vm_bundle nodevice 'rm -f /tmp/node; mknod /tmp/node b 7 0; exec cat /tmp/node' '.process.capabilities[] += ["CAP_MKNOD"]'
    vm_bundle pause 'i=0; while :; do i=$((i + 1)); echo $i >/host/count; done'
    vm_bundle pausetoo 'true' '.linux.cgroupsPath = "/vm/pause"'
    vm_bundle many 'for i in $(seq 10); do sleep 1000 & done; wait'
    vm_bundle threaded 'true' '.linux.cgroupsPath = "/threads/below"'
    vm_bundle pids1 'exec sleep 1000'
    vm_bundle pids1too 'true' '.linux.cgroupsPath = "/vm/pids1"'
    vm_bundle delegated 'mkdir /sys/fs/cgroup/below && echo made; echo max 2>/dev/null >/sys/fs/cgroup/memory.max || echo forbidden' \
        '.process.user = {"uid": 1000, "gid": 1000} | .linux.namespaces += [{"type": "cgroup"}]
        | (.mounts[] | select(.destination == "/sys/fs/cgroup")).options -= ["ro"]'
    vm_bundle undelegated 'mkdir /sys/fs/cgroup/below 2>/dev/null || echo refused' \
        '.process.user = {"uid": 1000, "gid": 1000} | .linux.namespaces += [{"type": "cgroup"}]'
}
