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
