# shellcheck shell=bash
# Starts and stops the peers that cbox is measured against, each with folders of its own, so that nothing of the host's is
# touched. Sourced after common.bash.

# docker_start DIR CERTS_DIR: a dockerd without networks of its own, which trusts what CERTS_DIR (HOST:PORT/ca.crt) names.
# DOCKER_HOST points to it afterwards. Debian's dockerd is asked for by its path: another may stand first on PATH.
docker_start() {
    local dir=$1 certs=$2 tries
    mkdir -p "$dir"
    # dockerd reads certificates from /etc/docker/certs.d alone, so it runs in a mount namespace with ours there.
    # shellcheck disable=SC2016  # the inner shell expands these
    setsid unshare -m --propagation slave sh -c 'mkdir -p /etc/docker && mount -t tmpfs tmpfs /etc/docker &&
            cp -r "$1" /etc/docker/certs.d && shift && exec "$@"' sh "$certs" \
        /usr/sbin/dockerd --data-root "$dir/data" --exec-root "$dir/exec" --pidfile "$dir/docker.pid" \
        --host "unix://$dir/docker.sock" --iptables=false --ip6tables=false --bridge=none --storage-driver overlay2 \
        >"$dir/log" 2>&1 </dev/null 3>&- &
    echo $! >"$dir/pid"
    export DOCKER_HOST=unix://$dir/docker.sock
    for ((tries = 0; tries < 300; tries++)); do
        docker version >/dev/null 2>&1 && return 0
        kill -0 "$(<"$dir/pid")" 2>/dev/null || break
        sleep 0.1
    done
    fixture_fail "dockerd does not start: $(tail -n 1 "$dir/log")"
}

# Stops dockerd, which stops its containerd. What it stored stays.
docker_quit() {
    local dir=$1 containerd tries
    [ -f "$dir/pid" ] || return 0
    containerd=$(cat "$dir/exec/containerd/containerd.pid" 2>/dev/null || true)
    kill "$(<"$dir/pid")" 2>/dev/null || true
    for ((tries = 0; tries < 200; tries++)); do
        kill -0 "$(<"$dir/pid")" 2>/dev/null || { [ -n "$containerd" ] && kill -0 "$containerd" 2>/dev/null; } || break
        sleep 0.1
    done
    rm -f "$dir/pid"
}

# Stops dockerd and removes its folders.
docker_stop() {
    docker_quit "$1"
    rm -rf --one-file-system "$1"
    rmdir /run/docker/* /run/docker 2>/dev/null || true
}

# podman_ DIR ARG...: podman with a store of its own and Debian's runc (its crun knows no hybrid cgroups).
podman_() {
    podman_command "$1"
    shift
    "${podman_command[@]}" "$@"
}

# podman_command DIR: sets the array podman_command to what podman_ runs, for those who need a program and no function.
podman_command() {
    podman_command=(podman --root "$1/root" --runroot "$1/run" --tmpdir "$1/tmp" --runtime runc
        --cgroup-manager cgroupfs --events-backend file --storage-driver overlay)
}

# What podman run needs on hosts where it may not raise limits.
# shellcheck disable=SC2034  # for those who source this
podman_limits=(--ulimit nofile=1024:4096 --ulimit nproc=1024:4096)

# podman mounts its store on itself and makes cgroups that stay; this undoes both and removes the folders.
podman_remove() {
    local point
    [ -d "$1" ] || return 0
    awk -v below="$1/" 'index($5, below) == 1 { print $5 }' /proc/self/mountinfo | sort -r | while read -r point; do
        umount "$point" || true
    done
    rm -rf --one-file-system "$1"
    find /sys/fs/cgroup -depth -type d -path '*/libpod_parent*' -exec rmdir {} + 2>/dev/null || true
}
