#!/usr/bin/env bats
# Containers, and others on their networks, that mean ill; and what the rules must not take from the host.

load alpine

teardown() {
    local pid
    for pid in "${helpers[@]}"; do
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    remove_containers
    cbox network prune -f >/dev/null
    test_teardown
}

helpers=()

# inside NAME COMMAND...: with the host's programs, in the container's network.
inside() {
    local pid
    pid=$(cbox inspect -f '{{.State.Pid}}' "$1")
    shift
    nsenter --net="/proc/$pid/ns/net" "$@"
}

# listen FILE: what comes by UDP to port 9999 is written to it.
listen() {
    socat -u UDP4-RECV:9999,bind=0.0.0.0 "CREATE:$1" 3>&- &
    helpers+=($!)
    wait_for 10 is_bound
}

is_bound() {
    [ -n "$(ss -Hlnu4 'sport = 9999')" ]
}

has() {
    grep -q "$2" "$1"
}

@test "a container cannot speak as the host's own 127.0.0.0/8" {
    local gateway heard=$BATS_TEST_TMPDIR/heard
    sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0
    cbox run -d --name bad alpine sleep 100 >/dev/null 3>&-
    gateway=$(cbox inspect -f '{{.NetworkSettings.Networks.bridge.Gateway}}' bad)
    sysctl -qw "net.ipv4.conf.$(ip -o link show type bridge | cut -d: -f2 | tr -d ' ').rp_filter=0"
    inside bad sysctl -qw net.ipv4.conf.eth0.route_localnet=1 net.ipv4.conf.all.route_localnet=1
    inside bad ip addr add 127.0.0.2/32 dev lo
    listen "$heard"
    echo forged | inside bad socat -u - "UDP4-SENDTO:$gateway:9999,bind=127.0.0.2"
    echo honest | inside bad socat -u - "UDP4-SENDTO:$gateway:9999"
    wait_for 10 has "$heard" honest
    run has "$heard" forged
    [ "$status" -ne 0 ]
}

@test "the number of a relay's port is free for the host's IPv4" {
    local port
    cbox run -d --name web -p 8080:80 alpine sleep 100 >/dev/null 3>&-
    port=$(sed -n 2p "$CBOX_STATE/networks/ports" | cut -d' ' -f9)
    [ "$port" -gt 1024 ]
    socat "TCP4-LISTEN:$port,fork,bind=127.0.0.1" EXEC:'echo here' 3>&- &
    helpers+=($!)
    wait_for 10 listens "$port"
    answers "TCP4:127.0.0.1:$port"
    # and for what the host itself asks for: the answer comes to that port
    socat TCP4-LISTEN:7000,fork,reuseaddr EXEC:'echo here' 3>&- &
    helpers+=($!)
    wait_for 10 listens 7000
    answers "TCP4:127.0.0.1:7000,bind=127.0.0.3:$port"
}

listens() {
    [ -n "$(ss -Hlnt4 "sport = $1")" ]
}

answers() {
    [ "$(timeout 3 socat -u "$1" - 2>/dev/null)" = here ]
}

@test "an internal network does not lead to others by the relay of published ports" {
    cbox network create --internal --ipv6 --subnet fd00:77::/64 shut >/dev/null
    cbox run -d --name web -p 8080:80 alpine sh -c 'echo web >/index.html; exec busybox httpd -f -p 80 -h /' \
        >/dev/null 3>&-
    cbox run -d --name in --network shut alpine sleep 100 >/dev/null 3>&-
    wait_for 10 page 'http://[::1]:8080'
    wait_for 10 inside in ping -6 -c 1 -W 1 fd00:77::1
    run inside in curl -gsS -m 2 'http://[fd00:77::1]:8080/index.html'
    [ "$status" -ne 0 ]
}

page() {
    curl -gsS -m 5 "$1/index.html"
}

@test "nobody on a bridge is taken for a router by a container" {
    cbox network create --ipv6 six >/dev/null
    cbox network create --ipv6 later >/dev/null
    cbox run -d --name one --network six alpine sleep 100 >/dev/null 3>&-
    cbox network connect later one
    [ "$(inside one sysctl -n net.ipv6.conf.eth0.accept_ra)" = 0 ]
    [ "$(inside one sysctl -n net.ipv6.conf.eth1.accept_ra)" = 0 ]
}

@test "a network whose rules cannot be made is not connected at all" {
    cbox network create back >/dev/null
    cbox run -d --name one alpine sleep 100 >/dev/null 3>&-
    rm "$CBOX_STATE/networks/firewall"
    mkdir "$CBOX_STATE/networks/firewall"
    run cbox network connect back one
    [ "$status" -ne 0 ]
    rmdir "$CBOX_STATE/networks/firewall"
    run inside one ip link show eth1
    [ "$status" -ne 0 ]
    cbox network connect back one
    inside one ip link show eth1
}
