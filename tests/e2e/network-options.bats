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

mode4=com.docker.network.bridge.gateway_mode_ipv4 mode6=com.docker.network.bridge.gateway_mode_ipv6

two_families() {
    cbox network create --ipv6 --subnet 10.77.0.0/24 --subnet fd00:77::/64 "$@" >/dev/null
}

routed_is_open() {
    expect "one $outside4" ask outside tcp 10.77.0.2 80
    expect "one $outside4" ask outside udp 10.77.0.2 80
    expect "one $outside6" ask outside tcp fd00:77::2 80
    expect "two $outside4" ask outside tcp 10.77.0.3 80
    expect "one 10.78.0.2" from three tcp 10.77.0.2 80
    silent ask outside tcp 10.77.0.2 81
    silent ask outside tcp fd00:77::2 81
    silent ask outside udp fd00:77::3 80
    silent from three tcp 10.77.0.2 81
    on outside ping -c 1 -W 2 10.77.0.2 >/dev/null
    on outside ping -6 -c 1 -W 2 fd00:77::2 >/dev/null
    cbox exec three ping -c 1 -W 2 10.77.0.3 >/dev/null
}

@test "gateway mode routed: by the container's own addresses, at the ports that are published, and no port of the host" {
    two_families -o $mode4=routed -o $mode6=routed routed
    cbox network create --subnet 10.78.0.0/24 other >/dev/null
    listen outside tcp:80:world udp:80:world
    box one --network routed -p 8080:80 -p 80:80/udp -- tcp:80:one udp:80:one tcp:81:shut
    box two --network routed -p 8080:80 -p 70-90:70-90 -p 8085:85 -- tcp:80:two udp:80:two
    box three --network other -- tcp:80:three
    expect 'world 10.77.0.2' from one tcp "$outside4" 80
    expect 'world fd00:77::2' from one udp "$outside6" 80
    routed_is_open
    silent ask outside tcp "$host4" 8080
    silent ask host tcp ::1 8080
    silent ask outside tcp "$host6" 8080
    expect 'one 10.77.0.1' ask host tcp 10.77.0.2 80
    expect 'shut 10.77.0.1' ask host tcp 10.77.0.2 81
    silent from one tcp 10.78.0.2 80
    expect '80/tcp, 80/udp' cbox ps -f name=one --format '{{.Ports}}'
    expect '' cbox port one
    expect '' sh -c 'cbox explain one | grep MISSING || true'
    cbox explain one | grep -q '80/tcp by IPv6'
    # What was thrown away comes back, by the next command, and by the monitor, for a container that begins again too.
    nft flush ruleset
    cbox ps >/dev/null
    routed_is_open
    cbox restart -t 0 two >/dev/null
    nft delete table inet "$(nft list tables | sed -n 's/^table inet \(cbox[^ ]*\)/\1/p')"
    soon ask outside tcp 10.77.0.3 80
    routed_is_open
    # Another way out: the ports are the host's again.
    cbox network connect --gw-priority 1 other one
    expect "one $outside4" ask outside tcp "$host4" 8080
    silent ask outside tcp 10.77.0.2 80
    cbox network disconnect other one
    expect "one $outside4" ask outside tcp 10.77.0.2 80
    silent ask outside tcp "$host4" 8080
}

@test "gateway mode routed of one family alone; what is published to the host's loopback opens nothing" {
    two_families -o $mode6=routed mixed
    listen outside tcp:80:world
    box one --network mixed -p 8080:80 -p 127.0.0.1:8081:81 -p '[::1]:8082:82' -p '[::]:8083:83' -- \
        tcp:80:one tcp:81:local tcp:82:local6 tcp:83:six
    expect "world $host4" from one tcp "$outside4" 80
    expect 'world fd00:77::2' from one tcp "$outside6" 80
    expect "one $outside4" ask outside tcp "$host4" 8080
    expect 'local 10.77.0.1' ask host tcp 127.0.0.1 8081
    silent ask outside tcp "$host6" 8080
    expect "one $outside6" ask outside tcp fd00:77::2 80
    expect "six $outside6" ask outside tcp fd00:77::2 83
    silent ask outside tcp fd00:77::2 81
    silent ask outside tcp fd00:77::2 82
    silent ask outside tcp 10.77.0.2 80
    expect 0.0.0.0:8080 cbox port one 80
    # Ports of the host are its own of IPv4 alone.
    refuse 125 'port 8080 of 0.0.0.0 is already allocated' cbox run --rm -p 8080:80 alpine true
}

@test "gateway mode nat-unprotected: every port is reached from outside, none from other networks" {
    two_families -o $mode4=nat-unprotected open
    cbox network create --subnet 10.78.0.0/24 other >/dev/null
    listen outside tcp:80:world
    box one --network open -p 8080:80 -- tcp:80:one tcp:81:too
    box two --network other -- tcp:80:two
    expect "world $host4" from one tcp "$outside4" 80
    expect "too $outside4" ask outside tcp 10.77.0.2 81
    on outside ping -c 1 -W 2 10.77.0.2 >/dev/null
    expect "one $outside4" ask outside tcp "$host4" 8080
    silent ask outside tcp fd00:77::2 81
    silent from two tcp 10.77.0.2 80
    silent from two tcp 10.77.0.2 81
    nft flush ruleset
    cbox ps >/dev/null
    expect "too $outside4" ask outside tcp 10.77.0.2 81
    silent from two tcp 10.77.0.2 81
    expect '' sh -c 'cbox explain one | grep MISSING || true'
}

@test "gateway mode isolated: an internal network on which the host has no address" {
    two_families --internal -o $mode4=isolated -o $mode6=isolated alone
    listen host tcp:8000:host
    box one --network alone -- tcp:80:one
    box two --network alone -- tcp:80:two
    expect "two $(address4 one alone)" from one tcp "$(address4 two alone)" 80
    expect "two $(address6 one alone)" from one tcp "$(address6 two alone)" 80
    expect "two $(address6 one alone)" from one tcp two 80
    expect '' ip -o addr show dev "$(bridge_of alone)"
    silent ask host tcp "$(address4 one alone)" 80
    silent ask host tcp "$(address6 one alone)" 80
    silent from one tcp "$host4" 8000
    expect '' sh -c "cbox network inspect alone | grep Gateway || true"
    # One that was asked for is kept free, and is not the host's either.
    cbox network create --internal --subnet 10.80.0.0/24 --gateway 10.80.0.1 -o $mode4=isolated kept >/dev/null
    box four --network kept -- tcp:80:four
    expect 10.80.0.2 address4 four kept
    expect '' ip -o -4 addr show dev "$(bridge_of kept)"
    # Of one family alone.
    cbox network create --internal --ipv6 --subnet 10.79.0.0/24 --subnet fd00:79::/64 -o $mode4=isolated half >/dev/null
    box three --network half -- tcp:80:three
    expect 'three fd00:79::1' ask host tcp "$(address6 three half)" 80
    silent ask host tcp "$(address4 three half)" 80
    refuse 1 'gateway mode "isolated" takes an internal network' cbox network create -o $mode4=isolated bad
    refuse 1 '"nat64" is none of nat, nat-unprotected, routed, isolated' cbox network create -o $mode6=nat64 bad
}

@test "inhibit_ipv4: the gateway is another machine on the bridge" {
    listen outside tcp:80:world
    ip link add mine0 type bridge
    ip link set mine0 up
    ip link add gw0 type veth peer name gw1
    ip link set gw0 master mine0 up
    ip link set gw1 netns router
    on router ip link set gw1 up
    on router ip addr add 10.77.0.1/24 dev gw1
    cbox network create --subnet 10.77.0.0/24 -o com.docker.network.bridge.inhibit_ipv4=true \
        -o com.docker.network.bridge.name=mine0 beside >/dev/null
    box one --network beside -- tcp:80:one
    expect 'world 10.77.0.2' from one tcp "$outside4" 80
    expect 'one 10.77.0.1' ask router tcp 10.77.0.2 80
    expect '' ip -o -4 addr show dev mine0
    cbox exec one ip route | grep -q '^default via 10.77.0.1'
    expect 10.77.0.1 cbox network inspect -f '{{range .IPAM.Config}}{{.Gateway}}{{end}}' beside
    remove_containers
    cbox network rm beside
    ip link delete gw0
    ip link delete mine0
    # A bridge of cbox's own, and one that nobody leaves.
    cbox network create --subnet 10.77.0.0/24 -o com.docker.network.bridge.inhibit_ipv4=true bare >/dev/null
    box two --network bare -- tcp:80:two
    expect '' ip -o -4 addr show dev "$(bridge_of bare)"
    cbox network create --internal --subnet 10.78.0.0/24 -o com.docker.network.bridge.inhibit_ipv4=true inside >/dev/null
    expect '' sh -c "cbox network inspect inside | grep Gateway || true"
}
