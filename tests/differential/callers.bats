#!/usr/bin/env bats
# What calls an OCI runtime: podman, containerd and dockerd run, execute in, limit, pause, stop and remove containers on cbox
# without noticing. RUNTIME=PROGRAM proves the suite itself with another runtime (RUNTIME=runc).
# shellcheck disable=SC2154,SC2016  # the helpers set fixtures_dir and podman_limits; scripts are the containers'

load ../e2e/helper
load ../fixtures/peers
load ../fixtures/bundle

setup_file() {
    export daemon=$BATS_FILE_TMPDIR/docker podman=$BATS_FILE_TMPDIR/podman containerd=$BATS_FILE_TMPDIR/containerd
    export program=$BATS_FILE_TMPDIR/cbox-runtime image=localhost/busybox:latest
    # Callers want one path, without arguments: by its name it is the runtime.
    if [ -n "${RUNTIME-}" ]; then
        program=$(command -v "$RUNTIME")
    else
        ln -s "$cbox" "$program"
    fi
    # podman's own cleaning up after a container knows no --runtime-flag, so its state directory is this program's business.
    mkdir -p "$podman/oci"
    printf '#!/bin/sh\nexec %q --root %q "$@"\n' "$program" "$podman/oci" >"$BATS_FILE_TMPDIR/tested"
    chmod 755 "$BATS_FILE_TMPDIR/tested"
    bundle_root "$BATS_FILE_TMPDIR/rootfs"
    tar -C "$BATS_FILE_TMPDIR/rootfs" -cf "$BATS_FILE_TMPDIR/image.tar" .
}

teardown_file() {
    unset DOCKER_HOST
    docker_stop "$daemon"
    containerd_stop "$containerd"
    podman_remove "$podman"
}

setup() {
    mark=$((778000 + BATS_TEST_NUMBER))
}

teardown() {
    if [ -z "${BATS_TEST_COMPLETED-}" ]; then
        tail -n 5 "$daemon/log" "$containerd/log" 2>/dev/null || true
        podman_call rm -af -t 0 >/dev/null 2>&1 || true
        for id in $(ctr_ task ls -q 2>/dev/null); do
            ctr_ task rm -f "$id" || true
        done
        for id in $(ctr_ container ls -q 2>/dev/null); do
            ctr_ container rm "$id" || true
        done
        [ ! -S "$daemon/docker.sock" ] || docker_ ps -aq | xargs -r docker -H "unix://$daemon/docker.sock" rm -f || true
    fi
    run ! container_pid "$mark"
}

# The paths of a container's control, whoever made it: of the cgroup that the process with this pid is in.
control_of() {
    local pid=$1 v2=$2 controller=$3 v1=$4 path
    if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
        cat "/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$pid/cgroup")/$v2"
    else
        path=$(awk -F: -v c="$controller" '$2 == c { print $3 }' "/proc/$pid/cgroup")
        cat "/sys/fs/cgroup/$controller$path/$v1"
    fi
}

is_stopped_by_freezer() {
    [ "$(control_of "$1" cgroup.freeze freezer freezer.state)" = "$2" ]
}

frozen=FROZEN
thawed=THAWED
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
    frozen=1 thawed=0
fi

# --- podman ----------------------------------------------------------------------------------------------------------

podman_call() {
    timeout -k 5 120 "${podman_command[@]}" --runtime "$BATS_FILE_TMPDIR/tested" "$@"
}

podman_run() {
    podman_call run --network none "${podman_limits[@]}" "$@"
}

podman_setup() {
    podman_command "$podman"
    podman_call image exists "$image" || podman_call import -q "$BATS_FILE_TMPDIR/image.tar" "$image" >/dev/null
}

@test "podman: run, with output, input and exit code" {
    podman_setup
    expect $'out\n1' podman_run --rm "$image" sh -c 'echo out; echo $$'
    run podman_run --rm "$image" sh -c 'exit 7'
    [ "$status" -eq 7 ]
    [ "$(echo text | podman_run --rm -i "$image" cat)" = text ]
    run -127 podman_run --rm "$image" no-such-program
    run podman_run --rm "$image" /etc/passwd
    [ "$status" -eq 126 ]
    [ -z "$(ls "$podman/oci")" ]
}

@test "podman: user, directory, environment, hostname, volume, capabilities, read-only root, tmpfs" {
    podman_setup
    mkdir "$BATS_TEST_TMPDIR/volume"
    expect $'1000\n2000\n/tmp\nvalue\nname' podman_run --rm -u 1000:2000 -w /tmp -e KEY=value --hostname name "$image" \
        sh -c 'id -u; id -g; pwd; echo $KEY; hostname'
    podman_run --rm -v "$BATS_TEST_TMPDIR/volume:/mnt" --read-only --tmpfs /scratch "$image" \
        sh -c 'echo x >/mnt/file && echo x >/scratch/file && ! echo x >/file'
    expect x cat "$BATS_TEST_TMPDIR/volume/file"
    expect $'CapEff:\t0000000000000400' podman_run --rm --cap-drop all --cap-add net_bind_service "$image" grep CapEff /proc/self/status
}

# options_of RUN IMAGE: what people ask for beyond the usual, in podman's and docker's words.
options_of() {
    local run=$1 image=$2
    expect 777 "$run" --rm --oom-score-adj 777 "$image" cat /proc/self/oom_score_adj
    expect $'5\n1' "$run" --rm --sysctl net.ipv4.ip_default_ttl=5 --sysctl kernel.msgmni=1 "$image" \
        cat /proc/sys/net/ipv4/ip_default_ttl /proc/sys/kernel/msgmni
    expect 8192 "$run" --rm --shm-size 8m "$image" sh -c "df -k /dev/shm | awk 'NR == 2 { print \$2 }'"
    expect 1:b "$run" --rm --device /dev/kmsg:/dev/mine "$image" stat -c %t:%T /dev/mine
    expect "$(readlink /proc/self/ns/pid)" "$run" --rm --pid host "$image" readlink /proc/self/ns/pid
    expect "$(readlink /proc/self/ns/ipc)" "$run" --rm --ipc host "$image" readlink /proc/self/ns/ipc
    expect "$(readlink /proc/self/ns/uts)" "$run" --rm --uts host "$image" readlink /proc/self/ns/uts
    # All capabilities, all devices, a /sys to write to. Where the host has not all, runc fails, but under podman.
    [ "${RUNTIME-}" = runc ] || "$run" --rm --privileged "$image" sh -c '[ -c /dev/kmsg ] && mount -t tmpfs x /tmp && ! grep -q "^sysfs /sys sysfs ro" /proc/mounts'
    expect $'Seccomp:\t0' "$run" --rm --security-opt seccomp=unconfined "$image" grep Seccomp: /proc/self/status
    expect $'NoNewPrivs:\t1' "$run" --rm --security-opt no-new-privileges "$image" grep NoNewPrivs /proc/self/status
    expect $'Cpus_allowed_list:\t0' "$run" --rm --cpuset-cpus 0 "$image" grep Cpus_allowed_list /proc/self/status
}

@test "podman: what is asked for less often" {
    podman_setup
    options_of podman_run "$image"
}

@test "podman: a terminal" {
    podman_setup
    output=$(script -qec "$(printf '%q ' "${podman_command[@]}" --runtime "$BATS_FILE_TMPDIR/tested" run --network none \
        "${podman_limits[@]}" --rm -t "$image" sh -c 'tty; [ -t 1 ] && echo terminal')" /dev/null </dev/null)
    [[ $(tr -d '\r' <<<"$output") == *$'/dev/pts/0\nterminal'* ]]
}

@test "podman: exec, limits, pause, unpause, stop, start, rm" {
    podman_setup
    podman_run -d --name one --memory 64m --pids-limit 50 --stop-timeout 1 "$image" sleep "$mark" >/dev/null
    pid=$(podman_call inspect -f '{{.State.Pid}}' one)
    expect "$pid" container_pid "$mark"
    expect inside podman_call exec one echo inside
    run podman_call exec one sh -c 'exit 9'
    [ "$status" -eq 9 ]
    run -127 podman_call exec one no-such-program
    expect $'1000\n/tmp' podman_call exec -u 1000 -w /tmp one sh -c 'id -u; pwd'
    expect 67108864 control_of "$pid" memory.max memory memory.limit_in_bytes
    expect 50 control_of "$pid" pids.max pids pids.max
    podman_call pause one >/dev/null
    is_stopped_by_freezer "$pid" $frozen
    expect paused podman_call inspect -f '{{.State.Status}}' one
    podman_call unpause one >/dev/null
    is_stopped_by_freezer "$pid" $thawed
    podman_call top one pid args | grep -q "sleep $mark"
    podman_call stop one >/dev/null
    expect exited podman_call inspect -f '{{.State.Status}}' one
    podman_call start one >/dev/null
    expect running podman_call inspect -f '{{.State.Status}}' one
    podman_call kill -s KILL one >/dev/null
    podman_call rm -f -t 0 one >/dev/null
    [ -z "$(ls "$podman/oci")" ]
}

@test "podman: a container over its memory is killed" {
    podman_setup
    run podman_run --name big --memory 32m "$image" sh -c 'dd if=/dev/zero of=/dev/null bs=200M count=1'
    [ "$status" -eq 137 ]
    podman_call rm big >/dev/null
}

@test "podman: a pod shares its namespaces" {
    podman_setup
    # The pod's first container is a program of podman's image, which is not here: a container in its place.
    podman_run -d --name first "$image" sleep "$mark" >/dev/null
    pid=$(container_pid "$mark")
    expect "$(readlink "/proc/$pid/ns/ipc" "/proc/$pid/ns/net" "/proc/$pid/ns/pid")" podman_call run --rm "${podman_limits[@]}" \
        --ipc container:first --network container:first --pid container:first "$image" \
        sh -c 'for kind in ipc net pid; do readlink /proc/self/ns/$kind; done'
    podman_call rm -f -t 0 first >/dev/null
}

@test "podman: the runtime's version is known" {
    podman_setup
    podman_call info -f '{{.Host.OCIRuntime.Version}}' >"$BATS_TEST_TMPDIR/version"
    grep -qE ' version [0-9]' "$BATS_TEST_TMPDIR/version"
}

# --- containerd ------------------------------------------------------------------------------------------------------

ctr_() {
    timeout -k 5 120 ctr --address "$containerd/socket" -n cbox-test "$@"
}

ctr_run() {
    ctr_ run --runc-binary "$program" --runc-root "$containerd/oci" --env PATH=/bin --rootfs "$@"
}

containerd_setup() {
    [ -S "$containerd/socket" ] || containerd_start "$containerd"
    rootfs=$BATS_FILE_TMPDIR/rootfs
}

no_task() {
    [ -z "$(ctr_ task ls -q)" ]
}

@test "containerd: run, with output and exit code" {
    containerd_setup
    expect $'out\n1' ctr_run --rm "$rootfs" one sh -c 'echo out; echo $$; sleep 0.3'
    run ctr_run --rm "$rootfs" one sh -c 'exit 7'
    [ "$status" -eq 7 ]
    run ctr_run --rm "$rootfs" one no-such-program
    [ "$status" -ne 0 ]
    [[ $output == *no-such-program* ]]
    wait_for 10 no_task
    [ -z "$(find "$containerd/oci" -mindepth 2 2>/dev/null)" ]
}

@test "containerd: a terminal" {
    containerd_setup
    output=$(script -qec "stty rows 40 cols 120; $(printf '%q ' ctr --address "$containerd/socket" -n cbox-test run --runc-binary "$program" \
        --runc-root "$containerd/oci" --env PATH=/bin --rootfs --rm -t "$rootfs" one sh -c 'tty; sleep 0.2; stty size')" /dev/null </dev/null)
    [[ $(tr -d '\r' <<<"$output") == *$'/dev/pts/0\n40 120'* ]]
}

@test "containerd: exec, limits, ps, metrics, pause, resume, kill, rm" {
    containerd_setup
    ctr_run -d --memory-limit 67108864 --cpu-quota 50000 --cpu-period 100000 "$rootfs" one sleep "$mark"
    wait_for 10 container_pid "$mark"
    pid=$(container_pid "$mark")
    # ctr lets go of the streams as soon as it hears of the end, read or not.
    expect inside ctr_ task exec --exec-id x one sh -c 'echo inside; sleep 0.3'
    run ctr_ task exec --exec-id y one sh -c 'exit 9'
    [ "$status" -eq 9 ]
    expect /tmp ctr_ task exec --exec-id z --cwd /tmp one sh -c 'pwd; sleep 0.3'
    expect 67108864 control_of "$pid" memory.max memory memory.limit_in_bytes
    ctr_ task ps one | grep -q "^$pid "
    ctr_ task metrics one | grep -q memory
    ctr_ task pause one
    is_stopped_by_freezer "$pid" $frozen
    ctr_ task ls | grep -q "one *$pid *PAUSED"
    ctr_ task resume one
    is_stopped_by_freezer "$pid" $thawed
    ctr_ task ls | grep -q "one *$pid *RUNNING"
    ctr_ task kill -s KILL one
    wait_for 10 gone_or_stopped one
    ctr_ task rm one || [ $? -eq 137 ]
    ctr_ container rm one
    [ -z "$(find "$containerd/oci" -mindepth 2 2>/dev/null)" ]
}

gone_or_stopped() {
    ! ctr_ task ls | grep -q "^$1 .*RUNNING"
}

# --- dockerd ---------------------------------------------------------------------------------------------------------

docker_() {
    timeout -k 5 120 docker -H "unix://$daemon/docker.sock" "$@"
}

docker_run() {
    docker_ run --runtime tested --network none "$@"
}

docker_setup() {
    if [ ! -S "$daemon/docker.sock" ]; then
        mkdir -p "$BATS_FILE_TMPDIR/certs"
        docker_start "$daemon" "$BATS_FILE_TMPDIR/certs" --add-runtime "tested=$program"
        docker_ import - busybox:latest <"$BATS_FILE_TMPDIR/image.tar" >/dev/null
    fi
}

@test "dockerd: run, with output, input and exit code" {
    docker_setup
    expect $'out\n1' docker_run --rm busybox sh -c 'echo out; echo $$'
    run docker_run --rm busybox sh -c 'exit 7'
    [ "$status" -eq 7 ]
    [ "$(echo text | docker_run --rm -i busybox cat)" = text ]
    run -127 docker_run --rm busybox no-such-program
    run docker_run --rm busybox /etc/passwd
    [ "$status" -eq 126 ]
}

@test "dockerd: user, directory, environment, hostname, volume, capabilities, init, ulimits" {
    docker_setup
    mkdir "$BATS_TEST_TMPDIR/volume"
    expect $'1000\n2000\n/tmp\nvalue\nname' docker_run --rm -u 1000:2000 -w /tmp -e KEY=value --hostname name busybox \
        sh -c 'id -u; id -g; pwd; echo $KEY; hostname'
    docker_run --rm -v "$BATS_TEST_TMPDIR/volume:/mnt" --read-only --tmpfs /scratch --ulimit nofile=100:200 busybox \
        sh -c 'echo x >/mnt/file && echo x >/scratch/file && ! echo x >/file && [ $(ulimit -n) = 100 ]'
    expect $'CapEff:\t0000000000000400' docker_run --rm --cap-drop all --cap-add net_bind_service busybox grep CapEff /proc/self/status
    expect $'Seccomp:\t2' docker_run --rm busybox grep Seccomp: /proc/self/status
}

@test "dockerd: what is asked for less often" {
    docker_setup
    options_of docker_run busybox
}

@test "dockerd: a terminal" {
    docker_setup
    output=$(script -qec "$(printf '%q ' docker -H "unix://$daemon/docker.sock" run --runtime tested --network none --rm -t busybox \
        sh -c 'tty; [ -t 1 ] && echo terminal')" /dev/null </dev/null)
    [[ $(tr -d '\r' <<<"$output") == *$'/dev/pts/0\nterminal'* ]]
}

@test "dockerd: exec, limits, update, top, stats, pause, unpause, stop, start, rm" {
    docker_setup
    docker_run -d --name one --memory 64m --pids-limit 50 --stop-timeout 1 busybox sleep "$mark" >/dev/null
    pid=$(docker_ inspect -f '{{.State.Pid}}' one)
    expect "$pid" container_pid "$mark"
    expect inside docker_ exec one echo inside
    run docker_ exec one sh -c 'exit 9'
    [ "$status" -eq 9 ]
    run docker_ exec one no-such-program
    [[ $status == 12[67] ]]
    expect $'1000\n/tmp' docker_ exec -u 1000 -w /tmp one sh -c 'id -u; pwd'
    expect 67108864 control_of "$pid" memory.max memory memory.limit_in_bytes
    expect 50 control_of "$pid" pids.max pids pids.max
    docker_ update --memory 96m --memory-swap 96m one >/dev/null || docker_ update --memory 96m one >/dev/null
    expect 100663296 control_of "$pid" memory.max memory memory.limit_in_bytes
    docker_ top one | grep -q "sleep $mark"
    docker_ stats --no-stream --format '{{.PIDs}}' one | grep -qx 1
    docker_ pause one >/dev/null
    is_stopped_by_freezer "$pid" $frozen
    expect paused docker_ inspect -f '{{.State.Status}}' one
    docker_ unpause one >/dev/null
    is_stopped_by_freezer "$pid" $thawed
    docker_ stop one >/dev/null
    expect exited docker_ inspect -f '{{.State.Status}}' one
    docker_ start one >/dev/null
    expect running docker_ inspect -f '{{.State.Status}}' one
    docker_ rm -f one >/dev/null
}

@test "dockerd: a container over its memory is killed, and docker says so" {
    docker_setup
    run docker_run --name big --memory 32m busybox sh -c 'dd if=/dev/zero of=/dev/null bs=200M count=1'
    [ "$status" -eq 137 ]
    expect true docker_ inspect -f '{{.State.OOMKilled}}' big
    docker_ rm big >/dev/null
}

@test "dockerd: ten at once" {
    docker_setup
    pids=()
    for n in {1..10}; do
        docker_run --rm busybox sh -c "exit $n" 3>&- &
        pids+=($!)
    done
    for n in {1..10}; do
        status=0
        wait "${pids[n - 1]}" || status=$?
        [ "$status" -eq "$n" ]
    done
}
