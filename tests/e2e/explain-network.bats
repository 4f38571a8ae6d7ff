#!/usr/bin/env bats
# cbox explain: what a container has of networks, and the way of a packet to its ports.

load network

setup() {
    test_setup
}

# network_of CONTAINER: the statements of the wall, those below others with both names, as a map.
network_of() {
    cbox explain --format json "$1" | jq -c '
        def all($at): .[] | ($at + .Name) as $name | {($name): {Text, Value, Weak, Source}}, ((.Facts // []) | all($name + " "));
        [.Walls[] | select(.Name == "network").Facts | all("")] | add'
}

# appears BEFORE AFTER: the names of what is said in only one of two such maps.
appears() {
    jq -rn --argjson a "$1" --argjson b "$2" '($a | keys) as $a | ($b | keys) as $b | ($a - $b) + ($b - $a) | join(", ")'
}

quiet() {
    cbox run -d --name "$1" "${@:2}" alpine sleep 999301 >/dev/null
}

@test "a published port: each hop is there, and a packet takes them" {
    local said host bridge table
    cbox network create --subnet 10.77.1.0/24 mine >/dev/null
    quiet one --network mine
    said=$(network_of one)
    cbox rm -f one >/dev/null
    box one --network mine -p 8080:80 -- tcp:80:one
    # Nothing but what tells of the port is new.
    [ "$(appears "$said" "$(network_of one)" | tr , '\n' | grep -cv '^ *8080->80/tcp')" -eq 0 ]
    said=$(network_of one)
    # The hops in their order, and each of them as others see it.
    cbox explain -f json one | jq -e '[.Walls[] | select(.Name == "network").Facts[] | select(.Name == "8080->80/tcp").Facts[].Name] ==
        ["host", "rule publish4", "rule relay6", "rule relays", "bridge", "link", "inside", "relay", "back", "hairpin"]'
    host=$(jq -r '.eth0.Value.HostEnd' <<<"$said") bridge=$(jq -r '.eth0.Value.Bridge' <<<"$said")
    ip -j link show "$host" | jq -e --arg bridge "$bridge" '.[0].master == $bridge'
    jq -e '.eth0.Value | .Kind == "veth" and .Network == "mine" and .Driver == "bridge"' <<<"$said"
    [ "$bridge" = "$(ip -br addr | awk '/ 10\.77\.1\.1\//{ print $1 }')" ]
    jq -e 'has("eth0 10.77.1.2/24") and (.["routes default"].Text == "through 10.77.1.1 by eth0")' <<<"$said"
    table=$(jq -r '.["8080->80/tcp rule publish4"].Value.Table' <<<"$said")
    nft get element inet "$table" publish4 '{ 0.0.0.0 . tcp . 8080 }' | tr -d '\n' | grep -q '8080 : 10.77.1.2 . 80'
    jq -e '[to_entries[] | select(.key | test("rule ")) | .value.Value.There] | length == 3 and all' <<<"$said"
    jq -e '.["8080->80/tcp inside"].Text == "it arrives at 10.77.1.2 port 80 with the address of who sent it"' <<<"$said"
    expect "one $outside4" ask outside tcp "$host4" 8080
    # IPv6, to a container without it: by the relay, from the host's address.
    [[ $(jq -r '.["8080->80/tcp relay"].Text' <<<"$said") == 'what comes by IPv6 is led to port '* ]]
    ss -Hltn | grep -qE "(\*|\[::\]):$(jq -r '.["8080->80/tcp relay"].Value' <<<"$said") "
    run ask outside tcp "$host6" 8080
    [[ $output == 'one 10.77.1.1' ]]
}

@test "ranges, one address, IPv6: each its own element" {
    cbox network create --ipv6 --subnet 10.77.1.0/24 --subnet fd00:77:1::/64 mine >/dev/null
    quiet one --network mine -p "$host4:9000-9009:9000-9009/udp" -p 8080:80
    network_of one >"$BATS_TEST_TMPDIR/said"
    jq -e --arg host "$host4" '.["\($host):9000-9009->9000-9009/udp rule range4"].Value | .There and
        .Element == "\($host) . udp . 9000-9009 : 10.77.1.2"' "$BATS_TEST_TMPDIR/said"
    jq -e '.["8080->80/tcp rule publish6"].Value | .There and .Element == "::/0 . tcp . 8080 : fd00:77:1::2 . 80"' "$BATS_TEST_TMPDIR/said"
    jq -e '.["8080->80/tcp relay"].Text | startswith("what comes to ::1 is led")' "$BATS_TEST_TMPDIR/said"
    jq -e 'has("eth0 fd00:77:1::2/64") and has("routes default IPv6")' "$BATS_TEST_TMPDIR/said"
}

@test "networks that differ in one option differ in that" {
    local plain
    cbox network create --subnet 10.77.1.0/24 net >/dev/null
    quiet one --network net
    plain=$(network_of one)
    jq -e '.["network net isolation"].Value.There and .["network net masquerade"].Value.There' <<<"$plain"
    # option NETWORK-OPTION...: the same with another network of that name.
    option() {
        cbox rm -f one >/dev/null
        cbox network rm net >/dev/null
        cbox network create --subnet 10.77.1.0/24 "$@" net >/dev/null
        quiet one --network net
    }
    option -o isolate=false
    [ "$(appears "$plain" "$(network_of one)")" = 'network net isolation' ]
    option -o com.docker.network.bridge.enable_ip_masquerade=false
    [ "$(appears "$plain" "$(network_of one)")" = 'network net masquerade' ]
    option --internal
    [ "$(appears "$plain" "$(network_of one)")" = 'network net masquerade, routes default, network net internal' ]
    [[ $(network_of one | jq -r .names.Text) == *'other names have no answer, for its networks are internal' ]]
}

@test "none, host, another container's; who answers names" {
    quiet none --network none
    network_of none | jq -e '.mode.Value == "none" and (.mode.Weak | not) and has("lo") and ([keys[] | select(startswith("eth"))] == [])'
    quiet host --network host
    network_of host | jq -e '.mode.Value == "host" and .mode.Weak and (has("lo") | not)'
    cbox network create --subnet 10.77.1.0/24 mine >/dev/null
    quiet one --network mine --dns 10.1.2.3
    quiet other --network container:one
    network_of other | jq -e '.mode.Value == "container" and (.mode.Text | test("container one")) and .mode.Weak and has("eth0 10.77.1.2/24")'
    [[ $(network_of other | jq -r .names.Text) == '127.0.0.11, which is the monitor of the container one: '* ]]
    cbox explain -f json other | jq -e '[.Walls[] | select(.Name == "files").Facts[] | select(.Weak)] == []'
    network_of one | jq -e '.names.Value == ["127.0.0.11"] and (.names.Text | endswith("other names it asks 10.1.2.3, as was asked for"))'
    quiet default --dns 10.1.2.3
    network_of default | jq -e '.mode.Text == "its own, on bridge" and .names.Value == ["10.1.2.3"]'
}

@test "what does not run would be given it" {
    cbox create --name one -p 8080:80 -p 81 alpine >/dev/null
    network_of one | jq -e '.mode.Text == "its own, on bridge" and .["8080->80/tcp"].Text == "would be published" and has("any->81/tcp")'
    cbox explain --image alpine -f json | jq -e '.Walls[] | select(.Name == "network").Facts[0].Text == "its own, on bridge"'
}
