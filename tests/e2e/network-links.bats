#!/usr/bin/env bats
# What networks are made of in the kernel, and what becomes of it when somebody takes some of it away.

load alpine

teardown() {
    remove_containers
    cbox network prune -f >/dev/null
    ip link del wan0 2>/dev/null || true
    test_teardown
}

address() {
    cbox inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' "$1"
}

bridge_of() {
    local id
    id=$(cbox network inspect -f '{{.Id}}' "$1")
    ip -o link show type bridge | grep -F "alias cbox $id" | cut -d: -f2 | tr -d ' ' | head -n 1
}

start() {
    local name=$1
    shift
    cbox run -d --name "$name" "$@" alpine sleep 1000 >/dev/null 3>&-
}

# At once: what is lost is asked for again after a second.
hears() {
    ping -c 1 -W 0.5 "$(address "$1")" >/dev/null
}

inside() {
    cbox exec "$@"
}

@test "a bridge is made at first use: ours, with the gateway's address, and a port a container" {
    cbox network create --subnet 10.61.0.0/24 --gateway 10.61.0.77 -o com.docker.network.driver.mtu=1400 one >/dev/null
    [ -z "$(bridge_of one)" ]
    start first --network one
    hears first
    run ip -o addr show "$(bridge_of one)"
    [[ "$output" = *'inet 10.61.0.77/24 brd 10.61.0.255'* ]]
    [[ "$output" != *inet6* ]]
    run ip -o link show master "$(bridge_of one)"
    [ "${#lines[@]}" -eq 1 ]
    [[ "$output" = *'mtu 1400'* ]]
    run inside first sh -c 'ip -o link show eth0; ip route; cat /proc/sys/net/ipv6/conf/eth0/disable_ipv6'
    [[ "$output" = *'mtu 1400'* ]]
    [[ "$output" = *'default via 10.61.0.77 dev eth0'* ]]
    [ "${lines[-1]}" = 1 ]
    cbox rm -f first >/dev/null
    cbox network rm one >/dev/null
    run ip -o link show type bridge
    [[ "$output" != *10.61* ]]
    [ -z "$(ip -o link show | grep -F 'mtu 1400' || true)" ]
}

@test "taken down, without its address, or removed: the next start heals it, and who was on it is back" {
    local bridge
    cbox network create --subnet 10.62.0.0/24 --subnet fd00:62::/64 --ipv6 two >/dev/null
    start first --network two
    bridge=$(bridge_of two)
    ip link set "$bridge" down
    ip addr flush dev "$bridge"
    start second --network two
    hears first
    hears second
    inside second ping -6 -c 1 -W 1 fd00:62::1 >/dev/null
    inside first ping -6 -c 1 -W 1 fd00:62::3 >/dev/null

    ip link del "$bridge"
    start third --network two
    hears first
    hears second
    hears third
    inside third ping -c 1 -W 1 "$(address first)" >/dev/null
    [ "$(ip -o link show master "$bridge" | wc -l)" -eq 3 ]
}

@test "a name that another's interface has is refused, and the interface left alone" {
    ip link add wan0 type veth peer name wan1
    cbox network create -o com.docker.network.bridge.name=wan0 three >/dev/null
    refuse 125 'there is an interface wan0 already' cbox run --rm --network three alpine true
    ip link show wan0 >/dev/null
}

@test "a bridge that the user made is used as it is, and stays" {
    ip link add wan0 type bridge
    cbox network create --subnet 10.63.0.0/24 -o com.docker.network.bridge.name=wan0 four >/dev/null
    start first --network four
    hears first
    cbox rm -f first >/dev/null
    cbox network rm four >/dev/null
    ip link show wan0 >/dev/null
}

@test "an internal network has no way out" {
    cbox network create --internal --subnet 10.64.0.0/24 five >/dev/null
    start first --network five
    run inside first ip route
    [[ "$output" = *10.64.0.0* ]]
    [[ "$output" != *default* ]]
    hears first
}

@test "forwarding is on where a network needs it, and routers are heard as before" {
    ip link add wan0 type veth peer name wan1
    echo 0 >/proc/sys/net/ipv4/ip_forward
    echo 0 >/proc/sys/net/ipv6/conf/all/forwarding
    echo 1 >/proc/sys/net/ipv6/conf/wan0/accept_ra
    cbox network create --internal six >/dev/null
    cbox run --rm --network six alpine true
    [ "$(cat /proc/sys/net/ipv4/ip_forward)" = 0 ]
    cbox run --rm alpine true
    [ "$(cat /proc/sys/net/ipv4/ip_forward)" = 1 ]
    [ "$(cat /proc/sys/net/ipv6/conf/all/forwarding)" = 0 ]
    cbox network create --ipv6 --subnet fd00:65::/64 seven >/dev/null
    cbox run --rm --network seven alpine true
    [ "$(cat /proc/sys/net/ipv6/conf/all/forwarding)" = 1 ]
    [ "$(cat /proc/sys/net/ipv6/conf/wan0/accept_ra)" = 2 ]
}

@test "macvlan: on an interface of the host, with the way out by the gateway there; without a parent among themselves" {
    ip link add wan0 type veth peer name wan1
    ip link set wan0 up
    ip link set wan1 up
    ip addr add 10.66.0.1/24 dev wan1
    cbox network create -d macvlan -o parent=wan0 --subnet 10.66.0.0/24 --gateway 10.66.0.1 lan >/dev/null
    start first --network lan
    inside first ping -c 1 -W 1 10.66.0.1 >/dev/null
    run inside first ip route
    [[ "$output" = *'default via 10.66.0.1 dev eth0'* ]]

    cbox network create -d macvlan --subnet 10.67.0.0/24 among >/dev/null
    start second --network among
    start third --network among
    inside third ping -c 1 -W 1 "$(address second)" >/dev/null
    cbox rm -f second third >/dev/null
    cbox network rm among >/dev/null
    [ -z "$(ip -o link show | grep -F ': dm-' || true)" ]
}

@test "macvlan: the address of one that just ended is free; a MAC address that another has is said" {
    ip link add wan0 type veth peer name wan1
    ip link set wan0 up
    ip link set wan1 up
    cbox network create -d macvlan -o parent=wan0 --subnet 10.66.0.0/24 lan >/dev/null
    for _ in 1 2 3 4 5 6 7 8; do
        cbox run --rm --network lan alpine true
    done
    start first --network lan --mac-address 02:42:00:00:00:09
    cbox restart -t 0 first >/dev/null
    run -125 cbox run --rm --network lan --mac-address 02:42:00:00:00:09 alpine true
    [ "$output" = 'cbox: network lan: MAC address 02:42:00:00:00:09 is in use on the same parent interface' ]
}

@test "a successor with the same address is heard at once, by who spoke with the one before" {
    cbox network create --subnet 10.68.0.0/24 eight >/dev/null
    start asker --network eight
    for mac in 02:42:00:00:00:01 02:42:00:00:00:02 02:42:00:00:00:03; do
        start next --network eight --ip 10.68.0.9 --mac-address "$mac"
        inside asker ping -c 1 -W 1 10.68.0.9 >/dev/null
        hears next
        cbox rm -f next >/dev/null
    done
}
