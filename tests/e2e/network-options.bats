#!/usr/bin/env bats
# Options of bridges under Docker's names: who reaches whom with them, as network-reach.bats asks it without.

load network

# filtered 0|1: whether the rules of the host see what only crosses a bridge. A host without br_netfilter knows 0 alone.
filtered() {
    if [ -d /proc/sys/net/bridge ]; then
        sysctl -qw "net.bridge.bridge-nf-call-iptables=$1" "net.bridge.bridge-nf-call-ip6tables=$1"
    else
        [ "$1" = 0 ]
    fi
}

# closed FROM ADDRESS...: nobody answers at port 80 of these, all asked at once.
# shellcheck disable=SC2016  # the container's shell reads it
closed() {
    expect '' timeout 20 cbox exec "$1" bash -c 'for address; do
        for protocol in tcp udp; do timeout 1 bash -c "$0" $protocol $address 80 2>/dev/null & done
    done; wait' "$asking" "${@:2}"
}

apart_network() {
    cbox network create --ipv6 --subnet 10.77.0.0/24 --subnet fd00:77::/64 \
        -o com.docker.network.bridge.enable_icc=false "$@" apart >/dev/null
}

# Of one and two, of which two publishes its port 80 as 8080: what is closed, and what is not.
are_apart() {
    closed one 10.77.0.3 fd00:77::3 two
    closed two 10.77.0.2 fd00:77::2
    run ! cbox exec one ping -c 1 -W 1 10.77.0.3
    run ! cbox exec one ping -6 -c 1 -W 1 fd00:77::3
    # Whoever may make packets as he likes sends them by the gateway.
    cbox exec --privileged one sh -c 'ip route replace 10.77.0.3 via 10.77.0.1; ip -6 route replace fd00:77::3 via fd00:77::1'
    closed one 10.77.0.3 fd00:77::3
    cbox exec --privileged one sh -c 'ip route del 10.77.0.3; ip -6 route del fd00:77::3'
    expect '10.77.0.3' cbox exec one sh -c "nslookup two 2>/dev/null | sed -n 's/^Address: *\(10.*\)/\1/p'"
    # The gateway, the world, and what is published.
    expect 'host 10.77.0.2' from one tcp 10.77.0.1 8000
    expect 'host fd00:77::2' from one tcp fd00:77::1 8000
    expect "world $host4" from one tcp "$outside4" 80
    expect "world $host6" from one udp "$outside6" 80
    expect "two $outside4" ask outside tcp "$host4" 8080
    expect "two $outside6" ask outside tcp "$host6" 8080
    expect 'two 10.77.0.1' ask host tcp 10.77.0.3 80
    expect 'two 10.77.0.1' from one tcp "$host4" 8080
    expect 'two 10.77.0.1' from one udp "$host4" 8080
    expect 'two fd00:77::1' from one tcp "$host6" 8080
    expect 'two 10.77.0.1' from two tcp "$host4" 8080
}

@test "enable_icc=false: containers of a network are apart, and reach and are reached by all else" {
    local on
    listen outside tcp:80:world udp:80:world
    listen host tcp:8000:host
    for on in 1 0; do
        filtered "$on" || continue
        apart_network
        box one --network apart -- tcp:80:one udp:80:one
        box two --network apart -p 8080:80 -p 8080:80/udp -- tcp:80:two udp:80:two
        are_apart
        # Connected while it runs.
        box three -- tcp:80:three udp:80:three
        cbox network connect apart three
        closed one 10.77.0.4 fd00:77::4
        closed three 10.77.0.3 fd00:77::3
        expect 'host 10.77.0.4' from three tcp 10.77.0.1 8000
        # Rules that were thrown away, a bridge that was, a container that begins again.
        nft flush ruleset
        cbox ps >/dev/null
        are_apart
        ip link delete "$(bridge_of apart)"
        cbox restart -t 0 three >/dev/null
        soon from one tcp 10.77.0.1 8000
        closed three 10.77.0.3 fd00:77::3
        are_apart
        remove_containers
        cbox network rm apart
    done
    filtered 1 || true
}

bridge_of() {
    ip -br link show type bridge | awk -v id="$(cbox network inspect -f '{{printf "%.10s" .Id}}' "$1")" 'index($1, id) { print $1 }'
}

@test "enable_icc=false on networks that are internal, or open to others; what inspect says" {
    local on
    for on in 1 0; do
        filtered "$on" || continue
        apart_network --internal
        box one --network apart -- tcp:80:one udp:80:one
        box two --network apart -- tcp:80:two udp:80:two
        closed one 10.77.0.3 fd00:77::3
        expect 'one 10.77.0.1' ask host tcp 10.77.0.2 80
        remove_containers
        cbox network rm apart
        apart_network -o isolate=false
        cbox network create -o isolate=false --subnet 10.78.0.0/24 open >/dev/null
        box one --network apart -- tcp:80:one udp:80:one
        box two --network apart -- tcp:80:two udp:80:two
        box three --network open -- tcp:80:three
        closed one 10.77.0.3 fd00:77::3
        expect 'one 10.78.0.2' from three tcp 10.77.0.2 80
        expect 'three 10.77.0.2' from one tcp 10.78.0.2 80
        remove_containers
        expect false cbox network inspect -f '{{index .Options "com.docker.network.bridge.enable_icc"}}' apart
        cbox network rm apart open
    done
    filtered 1 || true
}

# A bridge has 1023 ports: those on the second one beside it are apart as well, from each other and from the others.
@test "enable_icc=false on a bridge that is full" {
    local n on
    for on in 1 0; do
        filtered "$on" || continue
        apart_network -o com.docker.network.bridge.name=full
        box one --network apart -- tcp:80:one udp:80:one
        for ((n = 0; n < 1100; n++)); do
            echo "link add f$n type veth peer name g$n"
            echo "link set f$n master full"
        done >"$BATS_TEST_TMPDIR/ports"
        ip -batch "$BATS_TEST_TMPDIR/ports" 2>/dev/null || true # until it is full
        box two --network apart -- tcp:80:two udp:80:two
        box three --network apart -- tcp:80:three udp:80:three
        box four --network apart -- tcp:80:four udp:80:four
        expect 4 sh -c "ip -br link show master full.1 | grep -c '^cb'" # the first made room for what joins the two
        closed one 10.77.0.3 fd00:77::3
        closed two 10.77.0.2 fd00:77::2 10.77.0.4 fd00:77::4 10.77.0.5
        closed four 10.77.0.2 10.77.0.3 10.77.0.4
        expect 'one 10.77.0.1' ask host tcp 10.77.0.2 80
        expect 'two 10.77.0.1' ask host tcp 10.77.0.3 80
        expect 'four fd00:77::1' ask host tcp fd00:77::5 80
        for ((n = 0; n < 1100; n++)); do
            echo "link del f$n"
        done >"$BATS_TEST_TMPDIR/ports"
        ip -force -batch "$BATS_TEST_TMPDIR/ports" 2>/dev/null || true
        remove_containers
        cbox network rm apart
    done
    filtered 1 || true
}

@test "container_iface_prefix: a network has a word of its own for the interfaces that lead to it" {
    local prefix=com.docker.network.container_iface_prefix
    cbox network create --subnet 10.77.0.0/24 -o "$prefix=net" first >/dev/null
    cbox network create --subnet 10.78.0.0/24 -o "$prefix=net" second >/dev/null
    cbox network create --subnet 10.79.0.0/24 -o "$prefix=" third >/dev/null
    cbox run -d --name one --network first --network second --network third alpine sleep 777810 >/dev/null 3>&-
    expect 'eth0 lo net0 net1' cbox exec one sh -c 'echo $(ls /sys/class/net)'
    cbox exec one ip -o -4 addr show net1 | grep -q 'inet 10.78.0.2/24'
    cbox exec one ip route | grep -q '^default via 10.77.0.1 dev net0'
    cbox network disconnect first one
    cbox network connect first one
    cbox network connect bridge one
    expect 'eth0 eth1 lo net0 net1' cbox exec one sh -c 'echo $(ls /sys/class/net)'
    cbox exec one ip -o -4 addr show net0 | grep -q 'inet 10.77.0.2/24'
    # A name that was asked for goes before.
    cbox run -d --name two --network "name=first,driver-opt=com.docker.network.endpoint.ifname=up0" alpine sleep 777811 >/dev/null 3>&-
    expect 'lo up0' cbox exec two sh -c 'echo $(ls /sys/class/net)'
    expect net cbox network inspect -f "{{index .Options \"$prefix\"}}" first
    refuse 1 'cannot begin the names of interfaces: at most 13 bytes' cbox network create -o "$prefix=fourteen-bytes" bad
    refuse 1 'cannot begin the names of interfaces' cbox network create -o "$prefix=a/b" bad
    run ! cbox network inspect bad
}
