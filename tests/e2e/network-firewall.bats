#!/usr/bin/env bats
# The rules of networks: put back when other programs took them, what the kernel cannot translate, and what the user is told.

load alpine

teardown() {
    local pid
    for pid in "${clients[@]}"; do
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    remove_containers
    cbox network prune -f >/dev/null
    nft flush ruleset # those of the tests
    test_teardown
}

clients=()

# web NAME [OPTION...]: a container with a page at port 80 that says its name.
web() {
    local name=$1
    shift
    cbox run -d --name "$name" "$@" alpine sh -c 'echo "$0" >/index.html; exec busybox httpd -f -p 80 -h /' "$name" \
        >/dev/null 3>&-
}

# echo_in NAME: an echo of UDP at the container's port 53.
echo_in() {
    nsenter --net="/proc/$(cbox inspect -f '{{.State.Pid}}' "$1")/ns/net" socat UDP4-recvfrom:53,fork EXEC:cat 3>&- &
    clients+=($!)
}

echoes() {
    [ "$(echo hello | socat -t 1 - "$1" 2>/dev/null)" = hello ]
}

page() {
    curl -gsS -m 5 "http://$1/index.html"
}

says() {
    [ "$(page "$1" 2>/dev/null)" = "$2" ]
}

table() {
    nft list tables | grep -o 'cbox.*'
}

@test "the next command puts back what another program has flushed, and leaves what it has made" {
    local before
    web web -p 8080:80
    wait_for 10 says 127.0.0.1:8080 web
    cbox network create inner >/dev/null
    cbox run --rm --network inner alpine true
    before=$(nft list ruleset)
    cbox kill web >/dev/null # nobody looks after rules now
    wait_for 10 run_is 0 cbox ps -q
    cbox run --rm alpine true
    nft flush ruleset
    nft add table inet mine
    cbox ps >/dev/null
    [[ $(nft list ruleset) == *"172.17.0.0/16"* ]]
    [[ $(nft list ruleset) == *"172.18.0.0/16"* ]]
    [[ $(nft list ruleset) == *"table inet mine"* ]]
    [[ $before == *"8080"* ]]
    [[ $(nft list ruleset) != *"8080"* ]]
    nft flush table inet "$(table)"
    cbox ps >/dev/null
    [[ $(nft list ruleset) == *"dnat ip to"* ]]
}

# run_is LINES COMMAND...
run_is() {
    local wanted=$1
    shift
    [ "$("$@" | wc -l)" -eq "$wanted" ]
}

@test "the monitor of a container that publishes puts rules back by itself; others sleep" {
    web web -p 8080:80
    wait_for 10 says 127.0.0.1:8080 web
    nft flush ruleset
    wait_for 10 says 127.0.0.1:8080 web
    nft delete table inet "$(table)"
    wait_for 10 says 127.0.0.1:8080 web
}

@test "a monitor sleeps while others change rules" {
    local p pid before i
    web web -p 8080:80
    wait_for 10 says 127.0.0.1:8080 web
    for p in $(pgrep -x cbox-monitor); do
        if grep -qszxF "CBOX_ROOT=$CBOX_ROOT" "/proc/$p/environ"; then
            pid=$p
        fi
    done
    sleep 1 # half a second behind the start it gives back what only the start needed
    before=$(grep ^voluntary "/proc/$pid/status")
    nft add table inet mine
    for i in 1 2 3; do
        nft add chain inet mine "c$i"
        nft add rule inet mine "c$i" accept
        nft flush chain inet mine "c$i"
        nft delete chain inet mine "c$i"
    done
    [ "$(grep ^voluntary "/proc/$pid/status")" = "$before" ]
}

@test "localhost is ::1 as well: TCP and UDP, to a container without IPv6" {
    web web -p 8080:80 -p 5353:53/udp
    wait_for 10 says 127.0.0.1:8080 web
    [ "$(page '[::1]:8080')" = web ]
    echo_in web
    wait_for 10 echoes UDP4:127.0.0.1:5353
    echoes 'UDP6:[::1]:5353'
    cbox rm -f web >/dev/null
    run page '[::1]:8080'
    [ "$status" -ne 0 ]
    [ -z "$(ss -Hlnu6)" ] # nobody holds the port
}

@test "from outside by IPv6 to a container without it; the relay's own port is closed to all" {
    local port
    ip netns add far
    ip link add near type veth peer name eth0 netns far
    ip addr add 2001:db8:1::1/64 dev near nodad
    ip -n far addr add 2001:db8:1::2/64 dev eth0 nodad
    ip link set near up
    ip -n far link set eth0 up
    web web -p 8080:80
    wait_for 10 says '[::1]:8080' web
    wait_for 10 says_far '[2001:db8:1::1]:8080' web
    [ "$(page '[2001:db8:1::1]:8080')" = web ] # and from the host
    port=$(sed -n 2p "$CBOX_STATE/networks/ports" | cut -d' ' -f9)
    [ "$port" -gt 1024 ]
    run nsenter --net=/run/netns/far -- curl -gsS -m 2 "[2001:db8:1::1]:$port"
    [ "$status" -eq 28 ] # nobody answers
    ip link del near
    ip netns del far
}

says_far() {
    [ "$(nsenter --net=/run/netns/far -- curl -gsS -m 5 "$1/index.html" 2>/dev/null)" = "$2" ]
}

@test "a container with IPv6 answers at ::1, also after it was started again" {
    cbox network create --ipv6 six >/dev/null
    web web --network six -p 8080:80 -p 5353:53/udp
    wait_for 10 says '[::1]:8080' web
    echo_in web
    wait_for 10 echoes 'UDP6:[::1]:5353'
    cbox restart -t 0 web >/dev/null
    wait_for 10 says '[::1]:8080' web
    [ "$(page 127.0.0.1:8080)" = web ]
}

@test "a port of IPv4 alone is not passed on by IPv6" {
    web web -p 127.0.0.1:8080:80
    wait_for 10 says 127.0.0.1:8080 web
    run page '[::1]:8080'
    [ "$status" -ne 0 ]
}

@test "who publishes on all addresses is told once that a firewall drops it" {
    nft add table ip filter
    nft add chain ip filter FORWARD '{ type filter hook forward priority 0; policy drop; }'
    fresh_store
    cbox pull -q alpine >/dev/null
    run cbox run --rm -p 127.0.0.1:8080:80 alpine true
    [ "$output" = "" ]
    run cbox run --rm -p 8080:80 alpine true
    [[ $output == *"warning: ports are published on all addresses, but the host's firewall (ip filter FORWARD) drops"* ]]
    run cbox run --rm -p 8080:80 alpine true
    [ "$output" = "" ]
}

@test "info says what forwards and how the rules are" {
    web web -p 8080-8089:8080-8089
    run cbox info
    [[ $output == *"IPv4 Forwarding: true"* ]]
    [[ $output == *"Firewall: nftables: table inet $(table), "*" 10 published ports"* ]]
    [ "$(cbox info -f '{{.IPv4Forwarding}}')" = true ]
}
