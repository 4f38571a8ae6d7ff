#!/usr/bin/env bats
# Options of `run` about rights, devices, namespaces and files: each as the program sees it.

load alpine

setup() {
    test_setup
}

teardown() {
    rm -f /etc/cdi/cbox-test.json
    test_teardown
}

# --- rights ----------------------------------------------------------------------------------------------------------

@test "--cap-add and --cap-drop: names in any form, and all" {
    expect 0000000000000000 in_alpine --cap-drop all -- awk '/CapBnd/ {print $2}' /proc/self/status
    expect 0000000000001000 in_alpine --cap-drop ALL --cap-add net_admin -- awk '/CapEff/ {print $2}' /proc/self/status
    expect 0000000000001000 in_alpine --cap-drop ALL --cap-add CAP_NET_ADMIN -- awk '/CapEff/ {print $2}' /proc/self/status
    expect 00000000a80425fa in_alpine --cap-drop chown --cap-drop CAP_SETPCAP --cap-add setpcap -- awk '/CapEff/ {print $2}' /proc/self/status
    # All of them, that is as many as we have ourselves.
    expect "$(awk '/CapBnd/ {print $2}' /proc/self/status)" in_alpine --cap-add ALL -- awk '/CapBnd/ {print $2}' /proc/self/status
    refuse 125 'invalid CapAdd: unknown capability: "CAP_FLY"' in_alpine --cap-add fly -- true
    refuse 125 'invalid CapDrop: unknown capability: "CAP_FLY"' in_alpine --cap-drop fly -- true
}

@test "--privileged takes the walls down" {
    run -0 in_alpine --privileged -- sh -c 'cat /proc/self/status; grep -E " /sys (sysfs|.*rw)" /proc/mounts; ls -l /dev/kmsg
        head -c 0 /dev/kmsg && echo opened; mount -t tmpfs x /mnt && echo mounted; cat /proc/sys/kernel/hostname >/proc/sys/kernel/hostname && echo writable'
    [[ $output == *"CapBnd:	$(awk '/CapBnd/ {print $2}' /proc/self/status)"* ]]
    [[ $output == *"Seccomp:	0"* && $output == *"sysfs rw"* ]]
    [[ $output == *opened* && $output == *mounted* && $output == *writable* ]]
    run in_alpine -- sh -c 'grep -c . /proc/self/status >/dev/null; grep " /sys " /proc/mounts; ls /dev/kmsg; mount -t tmpfs x /mnt && echo mounted'
    [[ $output == *"sysfs ro"* && $output == *"No such file"* && $output != *mounted* ]]
}

@test "--security-opt systempaths=unconfined leaves nothing masked, and seccomp stays" {
    expect 2 in_alpine --security-opt systempaths=unconfined -- awk '/^Seccomp:/ {print $2}' /proc/self/status
    run ! in_alpine --security-opt systempaths=unconfined -- grep -E ' /proc/(interrupts|sys) ' /proc/mounts
    in_alpine -- grep -qE ' /proc/interrupts ' /proc/mounts
    expect 1 in_alpine --security-opt no-new-privileges -- awk '/NoNewPrivs/ {print $2}' /proc/self/status
}

@test "--group-add: by number, and by a name of the container's" {
    expect '1000 0 18 77' in_alpine -u 1000 --group-add 77 --group-add audio -- sh -c 'echo $(id -u) $(awk "/Groups/ {print \$2, \$3, \$4}" /proc/self/status)'
    refuse 125 'Unable to find group no-such-group' in_alpine --group-add no-such-group -- true
}

@test "--read-only" {
    run ! in_alpine --read-only -- touch /x
    in_alpine --read-only --tmpfs /tmp -- touch /tmp/x
}

# --- devices ---------------------------------------------------------------------------------------------------------

@test "--device: another name, rights, directories; no other device works" {
    expect 'crw------- 10, 229' in_alpine --device /dev/fuse:/dev/mine -- sh -c 'ls -l /dev/mine | awk "{print \$1, \$5, \$6}"'
    in_alpine --device /dev/fuse:/dev/mine -- sh -c 'head -c 0 /dev/mine'
    run ! in_alpine --device /dev/fuse:/dev/mine:w -- sh -c 'head -c 1 /dev/mine'
    run ! in_alpine -- sh -c 'mknod /x c 10 229 && head -c 0 /x'
    in_alpine --device-cgroup-rule 'c 10:229 rwm' -- sh -c 'mknod /x c 10 229 && head -c 0 /x'
    mkdir "$BATS_TEST_TMPDIR/devices"
    mknod "$BATS_TEST_TMPDIR/devices/a" c 10 229
    mkdir "$BATS_TEST_TMPDIR/devices/deep"
    mknod "$BATS_TEST_TMPDIR/devices/deep/b" c 1 3
    in_alpine --device "$BATS_TEST_TMPDIR/devices:/dev/many" -- sh -c 'head -c 0 /dev/many/a && echo >/dev/many/deep/b'
    refuse 125 'error gathering device information while adding custom device "/dev/no-such".*no such file' in_alpine --device /dev/no-such -- true
    refuse 125 'error gathering device information.*not a device node' in_alpine --device /etc/passwd:/dev/x -- true
    refuse 125 'bad mode specified: x' in_alpine --device /dev/null:/dev/x:x -- true
    refuse 125 'dev/null is not an absolute path' in_alpine --device dev/null -- true
    refuse 125 "invalid device cgroup format 'c 1'" in_alpine --device-cgroup-rule 'c 1' -- true
}

@test "devices by a CDI name, and --gpus through them" {
    mkdir -p /etc/cdi
    cat >/etc/cdi/cbox-test.json <<'END'
{"cdiVersion": "0.6.0", "kind": "cbox.test/gpu",
 "containerEdits": {"env": ["COMMON=yes"]},
 "devices": [
   {"name": "0", "containerEdits": {"deviceNodes": [{"path": "/dev/gpu0", "hostPath": "/dev/fuse"}], "env": ["GPU=0"],
    "mounts": [{"hostPath": "/etc/hostname", "containerPath": "/opt/lib", "options": ["ro", "bind"]}]}},
   {"name": "all", "containerEdits": {"env": ["GPU=all"]}}]}
END
    expect 'yes 0' in_alpine --device cbox.test/gpu=0 -- sh -c 'head -c 0 /dev/gpu0 && cat /opt/lib >/dev/null && echo $COMMON $GPU'
    expect 'yes all' in_alpine --gpus all -- sh -c 'echo $COMMON $GPU'
    expect 'yes 0' in_alpine --gpus 1 -- sh -c 'echo $COMMON $GPU'
    expect 'yes 0' in_alpine --gpus device=0 -- sh -c 'echo $COMMON $GPU'
    refuse 125 'unresolvable CDI devices cbox.test/gpu=7' in_alpine --device cbox.test/gpu=7 -- true
    refuse 125 'could not select device driver "other"' in_alpine --gpus driver=other,count=1 -- true
    refuse 125 'unexpected key' in_alpine --gpus nonsense=1 -- true
}

# --- namespaces ------------------------------------------------------------------------------------------------------

ns() {
    readlink "/proc/self/ns/$1"
}

@test "the host's namespaces" {
    expect "$(ns pid)" in_alpine --pid host -- readlink /proc/self/ns/pid
    expect "$(ns uts) $(hostname)" in_alpine --uts host -- sh -c 'echo $(readlink /proc/self/ns/uts) $(hostname)'
    expect "$(ns ipc)" in_alpine --ipc host -- readlink /proc/self/ns/ipc
    expect "$(ns cgroup)" in_alpine --cgroupns host -- readlink /proc/self/ns/cgroup
    expect "$(ns user)" in_alpine --userns host -- readlink /proc/self/ns/user
    [ "$(in_alpine --cgroupns private -- readlink /proc/self/ns/cgroup)" != "$(ns cgroup)" ]
    refuse 125 '--pid: invalid PID mode' in_alpine --pid me -- true
    refuse 125 '--uts: invalid UTS mode' in_alpine --uts me -- true
    refuse 125 '--userns: invalid USER mode' in_alpine --userns me -- true
    refuse 125 '--cgroupns: invalid CGROUP mode' in_alpine --cgroupns me -- true
    refuse 125 'invalid IPC mode: me' in_alpine --ipc me -- true
    refuse 125 'conflicting options: hostname and the UTS mode' in_alpine --uts host -h me -- true
}

@test "another container's namespaces" {
    cbox run -d --name walls-1 --ipc shareable -h donor alpine sleep 1000 3>&-
    for kind in net ipc pid; do
        wanted=$(cbox exec walls-1 readlink /proc/self/ns/$kind)
        expect "$wanted" in_alpine --network container:walls-1 --ipc container:walls-1 --pid container:walls-1 -- readlink /proc/self/ns/$kind
    done
    in_alpine --ipc container:walls-1 -- sh -c 'echo shared >/dev/shm/file'
    expect shared cbox exec walls-1 cat /dev/shm/file
    expect 'donor donor' in_alpine --network container:walls-1 -- sh -c 'echo $(hostname) $(cat /etc/hostname)'
    refuse 125 'conflicting options: hostname and the network mode' in_alpine --network container:walls-1 -h me -- true
    refuse 125 'No such container: no-such' in_alpine --network container:no-such -- true
    cbox run -d --name walls-2 --network container:walls-1 alpine sleep 1000 3>&-
    # A new start of the one is another namespace, which a new start of the other finds.
    cbox restart -t 0 walls-1
    cbox restart -t 0 walls-2
    expect "$(cbox exec walls-1 readlink /proc/self/ns/net)" cbox exec walls-2 readlink /proc/self/ns/net
    cbox stop -t 0 walls-1
    refuse 125 'cannot join network of a non running container' in_alpine --network container:walls-1 -- true
    cbox rm -f walls-1 walls-2
}

@test "a private IPC namespace is nobody else's" {
    cbox run -d --name walls-3 alpine sleep 1000 3>&-
    refuse 125 'non-shareable IPC' in_alpine --ipc container:walls-3 -- true
    cbox rm -f walls-3
}

# It could make what is taken from it a link: that leads nowhere but into itself.
@test "a container whose /dev/shm is shared cannot lead it into the host" {
    cbox run -d --name walls-6 --ipc shareable --privileged alpine sleep 1000 3>&-
    cbox exec walls-6 sh -c 'umount /dev/shm && rmdir /dev/shm && mkdir /secret && echo own >/secret/file && ln -s /secret /dev/shm'
    mkdir /secret && echo host >/secret/file
    run in_alpine --ipc container:walls-6 -- cat /dev/shm/file
    cbox exec walls-6 rm -r /secret
    run ! in_alpine --ipc container:walls-6 -- cat /dev/shm/file
    rm -r /secret
    [[ $output != *host* ]]
    cbox rm -f walls-6
}

@test "--ipc none has no /dev/shm; --shm-size is its size" {
    run ! in_alpine --ipc none -- grep ' /dev/shm ' /proc/mounts
    expect 1024 in_alpine --shm-size 1m -- sh -c 'df -k /dev/shm | awk "END {print \$2}"'
    expect 65536 in_alpine -- sh -c 'df -k /dev/shm | awk "END {print \$2}"'
}

@test "--cgroup-parent" {
    run -0 in_alpine --cgroup-parent /cbox/options-test --cgroupns host -- cat /proc/self/cgroup
    grep -qE ':/cbox/options-test/[0-9a-f]{64}$' <<<"$output"
    find /sys/fs/cgroup -depth -type d -path '*/cbox/options-test' -exec rmdir {} \;
}

@test "--sysctl: the container's own, and no other" {
    expect '1 7' in_alpine --sysctl net.ipv4.ip_forward=1 --sysctl kernel.shmmni=7 -- sh -c 'echo $(cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shmmni)'
    expect 80 in_alpine --sysctl net.ipv4.ip_unprivileged_port_start=80 -- cat /proc/sys/net/ipv4/ip_unprivileged_port_start
    refuse 125 "sysctl 'kernel.panic=1' is not allowed" in_alpine --sysctl kernel.panic=1 -- true
    refuse 125 'none of the container' in_alpine --network host --sysctl net.ipv4.ip_forward=1 -- true
}

# --- files -----------------------------------------------------------------------------------------------------------

@test "--hostname, --domainname, --add-host and --dns*" {
    expect 'me my.domain' in_alpine -h me --domainname my.domain -- sh -c 'echo $(hostname) $(cat /proc/sys/kernel/domainname)'
    in_alpine --add-host one:1.2.3.4 --add-host 'two=::5' -- sh -c 'grep -qx "1.2.3.4	one" /etc/hosts && grep -qx "::5	two" /etc/hosts'
    in_alpine --network host --add-host one:1.2.3.4 -- grep -qx '1.2.3.4	one' /etc/hosts
    expect $'nameserver 9.9.9.9\nnameserver 8.8.8.8\nsearch a b\noptions ndots:2' \
        in_alpine --dns 9.9.9.9 --dns 8.8.8.8 --dns-search a --dns-search b --dns-option ndots:2 -- cat /etc/resolv.conf
    refuse 125 'invalid IP address in add-host: "x"' in_alpine --add-host one:x -- true
    refuse 125 'bad format for add-host: "one"' in_alpine --add-host one -- true
    refuse 125 'IP address is not correctly formatted: x' in_alpine --dns x -- true
    in_alpine --network none --add-host one:host-gateway -- grep -q '^# one: no network' /etc/hosts
}

@test "--env-file and --label-file" {
    printf 'A=1\n# no\nB=2\n' >"$BATS_TEST_TMPDIR/file"
    expect '1 3' in_alpine --env-file "$BATS_TEST_TMPDIR/file" -e B=3 -- sh -c 'echo $A $B'
    cbox create --name walls-4 --label-file "$BATS_TEST_TMPDIR/file" -l B=3 -l C alpine true
    expect '{"A":"1","B":"3","C":""}' cbox inspect -f '{{json .Config.Labels}}' walls-4
    cbox rm walls-4
    refuse 125 'no-such-file: no such file' in_alpine --label-file no-such-file -- true
}

@test "--cidfile has the id, and is never written over" {
    id=$(cbox create --cidfile "$BATS_TEST_TMPDIR/id" alpine true)
    [ "$(<"$BATS_TEST_TMPDIR/id")" = "$id" ]
    refuse 125 "container ID file found, make sure the other container isn't running or delete" in_alpine --cidfile "$BATS_TEST_TMPDIR/id" -- true
    cbox rm "$id"
    refuse 125 'no such image' cbox run --pull never --cidfile "$BATS_TEST_TMPDIR/other" no-such-image true
    [ ! -e "$BATS_TEST_TMPDIR/other" ]
}

@test "--pull: always, missing, never; -q is quiet" {
    fresh_store
    refuse 125 'no such image: alpine' in_alpine --pull never -- true
    run -0 --separate-stderr in_alpine -q -- echo ran
    [ "$output" = ran ] && [[ $stderr != *"Pull complete"* ]]
    run -0 --separate-stderr in_alpine --pull always -- echo ran
    [[ $stderr == *"Image is up to date"* && $stderr != *"Unable to find image"* ]]
    refuse 125 "invalid pull option: 'now'" in_alpine --pull now -- true
    # shellcheck disable=SC2154
    rm -rf "$CBOX_ROOT"
}

# --- what is kept, and what is refused -------------------------------------------------------------------------------

@test "health, restart, stop and log options are kept as they are" {
    cbox create --name walls-5 --health-cmd 'true' --health-interval 2s --health-retries 4 --health-timeout 1500ms \
        --health-start-period 1m --health-start-interval 3s --restart on-failure:2 --stop-signal INT --stop-timeout 3 \
        --log-driver local --log-opt max-size=1m --annotation a=b --expose 80-81 --expose 53/udp alpine
    expect '{"Test":["CMD-SHELL","true"],"Interval":2000000000,"Timeout":1500000000,"StartPeriod":60000000000,"StartInterval":3000000000,"Retries":4}' \
        cbox inspect -f '{{json .Config.Healthcheck}}' walls-5
    expect '{"Name":"on-failure","MaximumRetryCount":2} INT 3' \
        cbox inspect -f '{{json .HostConfig.RestartPolicy}} {{.Config.StopSignal}} {{.Config.StopTimeout}}' walls-5
    expect '{"Type":"local","Config":{"max-size":"1m"}} {"a":"b"}' cbox inspect -f '{{json .HostConfig.LogConfig}} {{json .HostConfig.Annotations}}' walls-5
    expect '{"53/udp":{},"80/tcp":{},"81/tcp":{}}' cbox inspect -f '{{json .Config.ExposedPorts}}' walls-5
    cbox rm walls-5
    refuse 125 '--no-healthcheck conflicts with --health-\* options' in_alpine --no-healthcheck --health-cmd x -- true
    refuse 125 '--health-retries cannot be negative' in_alpine --health-retries -1 -- true
    refuse 125 'Interval in Healthcheck cannot be less than 1ms' in_alpine --health-interval 1us -- true
    refuse 125 "unknown policy 'sometimes'" cbox run --restart sometimes alpine true
    refuse 125 'cannot specify both --restart and --rm' in_alpine --restart always -- true
    refuse 125 'Invalid signal: x' in_alpine --stop-signal x -- true
    refuse 125 "unknown log opt 'x'" in_alpine --log-opt x=1 -- true
    refuse 125 'invalid logging opts for driver none' in_alpine --log-driver none --log-opt max-size=1 -- true
}

@test "what cannot be given is refused by name, with the reason" {
    refuse 125 '"--link" flag: links are' in_alpine --link a -- true
    refuse 125 'network web not found' in_alpine --network web -- true
    for option in cpu-count=1 cpu-percent=1 io-maxbandwidth=1 io-maxiops=1; do
        refuse 125 "\"--${option%%=*}\" flag: this is for Windows" in_alpine "--$option" -- true
    done
    refuse 125 '"--storage-opt" flag' in_alpine --storage-opt size=1g -- true
    refuse 125 '"--runtime" flag: unknown or invalid runtime name: nvidia' in_alpine --runtime nvidia -- true
    refuse 125 '"--isolation" flag' in_alpine --isolation hyperv -- true
    refuse 125 'plugin "nfs" not found' in_alpine --volume-driver nfs -- true
    refuse 125 'socket' in_alpine --use-api-socket -- true
    in_alpine --isolation default --disable-content-trust --volume-driver local --runtime cbox -- true
}
