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
    export DOCKER_HOST=unix://$dir/docker.sock DOCKER_CONFIG=$dir/config
    mkdir -p "$DOCKER_CONFIG"
    echo '{}' >"$DOCKER_CONFIG/config.json"
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

# podman_ DIR ARG...: podman with a store of its own and Debian's runc (its crun knows no hybrid cgroups), and with a hard
# limit of open files that it can set everywhere.
podman_() {
    local dir=$1
    shift
    podman --root "$dir/root" --runroot "$dir/run" --tmpdir "$dir/tmp" --runtime runc --cgroup-manager cgroupfs \
        --events-backend file --storage-driver overlay "$@"
}

# podman mounts its store on itself; this undoes it and removes the folders.
podman_remove() {
    umount "$1/root/overlay" 2>/dev/null || true
    rm -rf --one-file-system "$1"
}
