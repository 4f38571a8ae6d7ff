# shellcheck shell=bash
# Sourced by tests/bench/run: what networks cost. The peers have networks of their own in the benchmark's namespace.
# shellcheck disable=SC2154  # run sets dir, cbox, host, missed

with_bridge() {
    ip link show bare0 >/dev/null 2>&1 || {
        ip link add bare0 type bridge
        ip addr add 10.99.0.1/16 dev bare0
        ip link set bare0 up
        cc -O2 -o "$dir/links" tests/bench/links.c
    }
}

# medians ROUNDS COMMAND... -- COMMAND...: the two medians in milliseconds, and the median of the ratios.
medians() {
    "$dir/pair" "$@" 2>"$dir/stderr" || {
        tail -n 1 "$dir/stderr" >&2
        echo 0 0 99
    }
}

# On the default bridge against the same without a network and the netlink messages that a network takes at the least.
bench_network() {
    local with without bare _
    with_alpine
    with_bridge
    "$cbox" run --rm alpine true
    read -r with without _ < <(medians 40 "$cbox" run --rm alpine true -- "$cbox" run --rm --network none alpine true)
    read -r bare _ _ < <(medians 40 "$dir/links" bare0 -- true)
    printf 'network     on the bridge %.2f ms, without %.2f ms, bare netlink %.2f ms\n' "$with" "$without" "$bare"
    report network "$with" floor "$(awk "BEGIN { print $without + $bare }")" "$(awk "BEGIN { print $with / ($without + $bare) }")" 1.5
    network_peers
    pairs network 10 docker "$(awk 'BEGIN { print 1 / 30 }')" "$cbox" run --rm alpine true -- docker run --rm "$host/library/alpine" true
    pairs network 10 podman "$(awk 'BEGIN { print 1 / 30 }')" "$cbox" run --rm alpine true -- \
        "${podman_command[@]}" run --rm "${podman_limits[@]}" "$host/library/alpine" true
    docker_stop "$dir/docker"
    remove_all
}

network_peers() {
    # shellcheck disable=SC2034  # docker_start reads it
    docker_network=(--iptables=true)
    docker_start "$dir/docker" "$dir/registry/certs.d"
    docker pull -q "$host/library/alpine" >/dev/null
    # CNI's leases are where all podmans look: in this mount namespace nowhere.
    mkdir -p /var/lib/cni
    mountpoint -q /var/lib/cni || mount -t tmpfs tmpfs /var/lib/cni
    podman_pull "$dir/podman" alpine >/dev/null
    podman_command "$dir/podman"
}

# gigabits ADDRESS [PORT] [COMMAND...]: what a client gets of a server in four seconds, the best of three.
gigabits() {
    local address=$1 port=$2
    shift 2
    for _ in 1 2 3; do
        "$@" iperf3 -c "$address" -p "$port" -t 2 -J | jq '.end.sum_received.bits_per_second / 1e9'
    done | sort -g | tail -n 1
}

tools=(-v /usr:/usr:ro -v /lib:/lib:ro -v /lib64:/lib64:ro)

# container_throughput COMMAND... : container to container, and host to published port, of one program.
container_throughput() {
    local address
    "$@" run -d --name server -p 5555:5201 "${options[@]}" "${tools[@]}" "$image" iperf3 -s >/dev/null
    "$@" run -d --name client "${options[@]}" "${tools[@]}" "$image" sleep 100000 >/dev/null
    address=$("$@" inspect -f '{{.NetworkSettings.IPAddress}}' server)
    sleep 0.5
    gigabits "$address" 5201 "$@" exec client
    gigabits 127.0.0.1 5555
    "$@" rm -f server client >/dev/null
}

# Gigabits a second, as "cost" of a gigabit, so that less is better as everywhere here.
bench_network_throughput() {
    local name bare server options=() image values
    with_alpine
    with_bridge
    network_peers
    "$dir/links" bare0 10.99.0.2 iperf3 -s >/dev/null &
    server=$!
    sleep 0.5
    bare=$(gigabits 10.99.0.2 5201 "$dir/links" bare0 10.99.0.3)
    kill "$server"
    echo "$bare" >"$dir/bare"
    for name in cbox docker podman; do
        case $name in
        cbox) image=alpine && container_throughput "$cbox" ;;
        docker) image=$host/library/alpine && container_throughput docker ;;
        podman) image=$host/library/alpine options=("${podman_limits[@]}") && container_throughput "${podman_command[@]}" ;;
        esac >"$dir/$name.gigabits"
        mapfile -t values <"$dir/$name.gigabits"
        printf 'throughput  %-6s container to container %.1f Gbit/s, host to published port %.1f; bare veth and bridge %.1f\n' \
            "$name" "${values[0]}" "${values[1]}" "$bare"
    done
    report throughput "$(awk '{ print 1 / $1; exit }' "$dir/cbox.gigabits")" bare "$(awk "BEGIN { print 1 / $bare }")" \
        "$(awk "{ print $bare / \$1; exit }" "$dir/cbox.gigabits")" 1.05
    docker_stop "$dir/docker"
    remove_all
}

# The last twenty of a thousand containers on networks against the first, and a name among them.
bench_network_many() {
    local a b n
    with_alpine
    "$cbox" network create --subnet 10.77.0.0/16 many >/dev/null
    network_started() {
        local start=${EPOCHREALTIME/[.,]/}
        for ((n = $1; n < $2; n++)); do
            "$cbox" run -d --network many --name "m$n" alpine sleep 100000 >/dev/null || return 1
        done
        awk "BEGIN { print (${EPOCHREALTIME/[.,]/} - $start) / 1000 / ($2 - $1) }"
    }
    network_started 2000 2020 >/dev/null
    if ! a=$(network_started 0 20) || ! network_started 20 960 >/dev/null || ! b=$(network_started 960 980); then
        echo 'network-many: no thousand containers'
        # shellcheck disable=SC2034  # run's own
        missed=1
    else
        report network-many "$b" 'of first' "$a" "$(awk "BEGIN { print $b / $a }")" 1.5
        n=$(printf 'm%d ' {20..219})
        report_limit network-dns "$(nsenter --net --target "$("$cbox" inspect --format '{{.State.Pid}}' m0)" -- \
            bash -c "$(declare -f ask); ask 2000 $n")" 'ms for a name among a thousand, median' 1
    fi
    remove_all
    "$cbox" network rm many >/dev/null
}
