#!/usr/bin/env bats
# The rules: one table, nobody else's touched, put back when they were flushed, and a word where the host's own firewall drops
# what is published.

load network

# cbox's own tables are named so.
own_tables() {
    nft list tables | grep ' cbox' || true
}

others() {
    nft list ruleset | awk '/^table /{ show = $3 !~ /^cbox/ } show'
}

links_of_host() {
    ip -br link | awk '$1 !~ /^(cbox|cb)/ { print $1 }'
}

@test "other programs' rules, links and routes stay as they are" {
    nft -f - <<'END'
table inet mine {
    set good { type ipv4_addr; elements = { 10.1.2.3 }; }
    chain input { type filter hook input priority filter; policy accept; ip saddr @good accept; }
    chain forward { type filter hook forward priority filter; policy accept; }
}
table ip nat {
    chain POSTROUTING { type nat hook postrouting priority srcnat; policy accept; ip saddr 10.9.9.9 masquerade; }
    chain DOCKER { }
}
END
    others >"$BATS_TEST_TMPDIR/before"
    links_of_host >"$BATS_TEST_TMPDIR/links"
    ip route | grep -v cbox >"$BATS_TEST_TMPDIR/routes"
    cbox network create --subnet 10.77.1.0/24 left >/dev/null
    box one --network left -p 8080:80 -- tcp:80:one
    cbox run --rm alpine true
    expect "one $outside4" ask outside tcp "$host4" 8080
    cbox rm -f one >/dev/null
    cbox network rm left
    cbox network prune -f >/dev/null
    expect "$(<"$BATS_TEST_TMPDIR/before")" others
    expect "$(<"$BATS_TEST_TMPDIR/links")" links_of_host
    expect "$(<"$BATS_TEST_TMPDIR/routes")" sh -c "ip route | grep -v cbox"
    expect 1 sh -c 'nft list tables | grep -c cbox'
    nft delete table inet mine
    nft delete table ip nat
}

@test "no rule and no link where no network is used, no library for a network without ports" {
    CBOX_STATE=$BATS_TEST_TMPDIR/state CBOX_ROOT=$CBOX_ROOT cbox run --rm --network none alpine true
    [ ! -e "$BATS_TEST_TMPDIR/state/networks/lock" ]
    cbox run --rm alpine true
    strace -f -o "$BATS_TEST_TMPDIR/trace" cbox run --rm alpine true
    run ! grep -E 'openat.*lib(nftables|nftnl|mnl|xtables|curl|crypto)' "$BATS_TEST_TMPDIR/trace"
    run ! grep -E 'execve.*/(nft|ip|iptables|sysctl|brctl|conntrack)"' "$BATS_TEST_TMPDIR/trace"
}

@test "a flushed rule set: the monitor of a publishing container puts ours back, soon" {
    box one -p 8080:80 -- tcp:80:one
    expect "one $outside4" ask outside tcp "$host4" 8080
    nft flush ruleset
    soon ask outside tcp "$host4" 8080
    expect "one $outside4" ask outside tcp "$host4" 8080
    listen outside tcp:80:world
    expect "world $host4" from one tcp "$outside4" 80
    # As firewalld does: the table goes, and others come, in one transaction.
    nft -f - <<END
flush ruleset
table inet firewalld { chain filter_FORWARD { type filter hook forward priority filter + 10; policy accept; }; }
END
    soon ask outside tcp "$host4" 8080
    nft list table inet firewalld >/dev/null
    nft delete table inet firewalld
}

@test "a flushed rule set: the next command puts ours back where nobody publishes" {
    listen outside tcp:80:world
    box one -- tcp:80:one
    expect "world $host4" from one tcp "$outside4" 80
    nft flush ruleset
    cbox run --rm alpine true
    expect "world $host4" from one tcp "$outside4" 80
    silent ask outside tcp 172.17.0.2 80
    # A chain of it alone.
    nft flush ruleset
    cbox ps >/dev/null
    silent ask outside tcp 172.17.0.2 80
    expect "world $host4" from one tcp "$outside4" 80
}

@test "a rule of ours that was removed comes back with the next container" {
    listen outside tcp:80:world
    box one -p 8080:80 -- tcp:80:one
    table=$(own_tables | awk 'END { print $3 }')
    nft flush chain inet "$table" postrouting
    cbox run --rm alpine true
    expect "world $host4" from one tcp "$outside4" 80
}

@test "a map or set of ours that was flushed, and an element that was deleted, come back with the next command" {
    listen outside tcp:80:world
    box one -p 8080:80 -- tcp:80:one
    table=$(own_tables | awk 'END { print $3 }')
    for map in publish4 masquerade4 bridges; do
        nft flush set inet "$table" $map 2>/dev/null || nft flush map inet "$table" $map
        cbox ps >/dev/null
        expect "one $outside4" ask outside tcp "$host4" 8080
        expect "world $host4" from one tcp "$outside4" 80
    done
    nft delete element inet "$table" publish4 '{ 0.0.0.0/0 . tcp . 8080 }'
    silent ask outside tcp "$host4" 8080
    cbox ps >/dev/null
    expect "one $outside4" ask outside tcp "$host4" 8080
    # Rules of others alone are no reason to make ours anew.
    before=$(nft -a list table inet "$table" | grep -o 'handle.*')
    nft add table inet mine
    cbox ps >/dev/null
    expect "$before" sh -c "nft -a list table inet $table | grep -o 'handle.*'"
    nft delete table inet mine
}

@test "a bridge that was made anew leads ports of the host's loopback to containers as before" {
    box one -p 127.0.0.1:8080:80 -- tcp:80:one
    expect 'one 172.17.0.1' ask host tcp 127.0.0.1 8080
    ip link delete cbox0
    box two -- tcp:80:two
    expect 1 cat /proc/sys/net/ipv4/conf/cbox0/route_localnet
    expect 'one 172.17.0.1' ask host tcp 127.0.0.1 8080
}

@test "a network that cannot be understood is refused, not left without its rules, and can be removed" {
    cbox network create odd >/dev/null
    box one --network odd -- tcp:80:one
    jq '.options = {"isolate": "perhaps"}' "$CBOX_ROOT/networks/odd/network.json" >"$BATS_TEST_TMPDIR/record"
    cp "$BATS_TEST_TMPDIR/record" "$CBOX_ROOT/networks/odd/network.json"
    refuse 125 'network odd: option isolate: "perhaps" is neither true nor false' cbox run --rm --network odd alpine true
    nft flush ruleset
    run cbox ps
    [ "$status" -eq 0 ]
    [[ $output == *'warning: network odd has no part in the rules: '*isolate* ]]
    cbox rm -f one >/dev/null
    cbox network rm odd
}

# other COMMAND...: with a store and a table of its own.
other() {
    CBOX_ROOT=$BATS_TEST_TMPDIR/other/root CBOX_STATE=$BATS_TEST_TMPDIR/other/state cbox "$@"
}

# From one router through the host to the other.
across() {
    on router ping -c 1 -W 1 198.51.100.254 >/dev/null
}

@test "what cbox has switched forwarding on for is its own networks; a host that forwarded goes on" {
    local table
    for table in $(own_tables | awk '{ print $3 }'); do
        nft delete table inet "$table"
    done
    on router ip route replace 198.51.100.254 via 203.0.113.1
    on router2 ip route replace 203.0.113.254 via 198.51.100.1
    mkdir "$BATS_TEST_TMPDIR/other"
    other pull -q alpine >/dev/null
    sysctl -qw net.ipv4.ip_forward=1
    other run --rm alpine ping -c 1 -W 1 "$outside4" >/dev/null
    across
    run other info
    [[ $output != *'switched forwarding on'* ]]

    sysctl -qw net.ipv4.ip_forward=0
    run across
    [ "$status" -ne 0 ]
    other run --rm alpine ping -c 1 -W 1 "$outside4" >/dev/null
    expect 1 cat /proc/sys/net/ipv4/ip_forward
    run across
    [ "$status" -ne 0 ]
    run other info
    [[ $output == *'between interfaces of others nothing is forwarded, since cbox switched forwarding on'* ]]
    # Also when the rules were made anew, and not what another engine's bridge sends.
    nft flush ruleset
    other run --rm alpine ping -c 1 -W 1 "$outside4" >/dev/null
    run across
    [ "$status" -ne 0 ]
    ip netns add guest
    ip link add foreign type bridge
    ip link set foreign up
    ip address add 10.123.0.1/24 dev foreign
    host_link host guest0 '' '' guest eth0 10.123.0.2/24 ''
    ip link set guest0 master foreign
    on guest ip route add default via 10.123.0.1
    on guest ping -c 1 -W 2 203.0.113.254 >/dev/null
    ip netns delete guest
    ip link delete foreign
    nft delete table inet "$(own_tables | awk 'END { print $3 }')"
    on router ip route delete 198.51.100.254
    on router2 ip route delete 203.0.113.254
}

@test "forwarding is switched on where it is needed, and told by info; what others set stays" {
    expect 1 cat /proc/sys/net/ipv4/ip_forward
    cbox info | grep -qi forward
    sysctl -qw net.ipv4.ip_forward=0
    listen outside tcp:80:world
    box one -- tcp:80:one
    expect 1 cat /proc/sys/net/ipv4/ip_forward
    expect "world $host4" from one tcp "$outside4" 80
    expect 0 cat /proc/sys/net/ipv4/conf/all/route_localnet
    expect 0 cat /proc/sys/net/ipv4/conf/up0/route_localnet
}

@test "two stores on one machine: a table each, and neither touches the other's" {
    box one -p 8080:80 -- tcp:80:one
    mkdir "$BATS_TEST_TMPDIR/other"
    other() { CBOX_ROOT=$BATS_TEST_TMPDIR/other/root CBOX_STATE=$BATS_TEST_TMPDIR/other/state cbox "$@"; }
    other pull -q alpine >/dev/null
    other run -d --name two "${with_tools[@]}" -p 8081:80 alpine /fixtures/answer tcp:80:two >/dev/null 3>&-
    soon ask outside tcp "$host4" 8081
    expect "one $outside4" ask outside tcp "$host4" 8080
    expect 2 sh -c 'nft list tables | grep -c cbox'
    listen outside tcp:80:world
    expect "world $host4" from one tcp "$outside4" 80
    other rm -f two >/dev/null
    expect "one $outside4" ask outside tcp "$host4" 8080
    silent ask outside tcp "$host4" 8081
    nft delete table inet "$(own_tables | awk 'END { print $3 }')"
}

@test "a host that has no names of protocols" {
    mount --bind /dev/null /etc/protocols
    box one -p 8080:80 -- tcp:80:one
    umount /etc/protocols
    expect "one $outside4" ask outside tcp "$host4" 8080
}
