#!/usr/bin/env bats
# Names of containers: on networks that the user made they are answered, others are asked for outside; /etc/hosts and
# /etc/resolv.conf say what the networks are, as long as the container runs.

load alpine

teardown() {
    local pid
    remove_containers
    cbox network prune -f >/dev/null
    for pid in "${servers[@]}"; do
        kill "$pid" || true
        wait "$pid" 2>/dev/null || true
    done
    test_teardown
}

setup() {
    servers=()
    test_setup
}

# with_resolv_conf TEXT COMMAND...: the command, and the monitors that it starts, see this as the host's file.
with_resolv_conf() {
    printf '%s' "$1" >"$BATS_TEST_TMPDIR/resolv.conf"
    shift
    # shellcheck disable=SC2016  # expanded inside
    unshare --mount sh -c 'mount --bind "$0" /etc/resolv.conf && exec "$@"' "$BATS_TEST_TMPDIR/resolv.conf" "$@"
}

# nameserver ADDRESS ANSWER
nameserver() {
    local ready
    coproc SERVER { exec "$fixtures_dir/nameserver" "$1" "$2" "$BATS_TEST_TMPDIR/asked-$1" 3>&-; }
    servers+=("$SERVER_PID")
    read -r -t 10 ready <&"${SERVER[0]}"
    [ "$ready" = ready ]
}

asked() {
    grep -qx "$2" "$BATS_TEST_TMPDIR/asked-$1"
}

start() {
    local name=$1
    shift
    cbox run -d --name "$name" "$@" alpine sleep 1000 >/dev/null 3>&-
}

field() {
    cbox inspect -f "$2" "$1"
}

# address NAME NETWORK [FIELD]
address() {
    field "$1" "{{(index .NetworkSettings.Networks \"$2\").${3-IPAddress}}}"
}

# within NAME COMMAND...: a program of the host in the container's network.
within() {
    local pid
    pid=$(field "$1" '{{.State.Pid}}')
    shift
    nsenter --net --target "$pid" -- "$@"
}

# digs NAME WHAT...: the answer alone, sorted.
digs() {
    local name=$1
    shift
    within "$name" dig @127.0.0.11 +short +tries=1 +time=5 "$@" | sort
}

# status NAME WHAT...: the code and the flags.
status() {
    local name=$1
    shift
    within "$name" dig @127.0.0.11 +tries=1 +time=5 "$@" | sed -n 's/.*status: \([A-Z]*\),.*/\1/p'
}

# Whether somebody in the container has port 53.
listens() {
    within "$1" ss -Hltn 'sport = 53' | grep -q .
}

in_hosts() {
    cbox exec "$1" cat /etc/hosts | grep -qxF -- "$2"
}

@test "by name, by the start of the id, by alias, with the network behind it, in either case, forward and reverse" {
    local id ip
    cbox network create front >/dev/null
    start web --network front --network-alias www --network-alias site
    start client --network front
    id=$(field web '{{.Id}}')
    ip=$(address web front)
    for name in web WEB Www site web.front WWW.Front "${id:0:12}" client; do
        [ -n "$(digs client "$name")" ]
    done
    [ "$(digs client web)" = "$ip" ]
    [ "$(digs client "${id:0:12}")" = "$ip" ]
    [ "$(digs client site +tcp)" = "$ip" ]
    [ "$(digs client -x "$ip")" = web.front. ]
    [ "$(status client -x "${ip%.*}.250")" = NXDOMAIN ]
    [ "$(digs client web AAAA)" = '' ]
    [ "$(status client web AAAA)" = NOERROR ]
    [ "$(status client web MX)" = NOERROR ]
    cbox exec client nslookup web | grep -q "^Address: $ip$"
    cbox exec client ping -c 1 -W 5 www >/dev/null
}

@test "a network with IPv6 answers both families" {
    cbox network create --ipv6 --subnet 10.77.0.0/24 --subnet fd77::/64 six >/dev/null
    start web --network six
    start client --network six
    [ "$(digs client web AAAA)" = "$(address web six GlobalIPv6Address)" ]
    [ "$(digs client web)" = "$(address web six)" ]
    [ "$(digs client -x "$(address web six GlobalIPv6Address)")" = web.six. ]
    [ "$(within client dig @127.0.0.11 +short web ANY | wc -l)" -eq 2 ]
}

@test "an alias of several leads to each in turn, and no more to one that ended" {
    cbox network create front >/dev/null
    for i in 1 2 3; do
        start "api$i" --network front --network-alias api
    done
    start client --network front
    [ "$(digs client api | wc -l)" -eq 3 ]
    for i in 1 2 3; do
        within client dig @127.0.0.11 +short api | head -n 1
    done | sort -u >"$BATS_TEST_TMPDIR/firsts"
    [ "$(wc -l <"$BATS_TEST_TMPDIR/firsts")" -eq 3 ]
    cbox rm -f api2 >/dev/null
    [ "$(digs client api | wc -l)" -eq 2 ]
    cbox stop -t 0 api1 >/dev/null
    [ "$(digs client api)" = "$(address api3 front)" ]
    cbox start api1 >/dev/null 3>&-
    [ "$(digs client api | wc -l)" -eq 2 ]
    [ "$(status client api2)" != NOERROR ]
}

@test "names of other networks are nobody's; connect and disconnect are seen at once, in hosts too" {
    local ip
    cbox network create front >/dev/null
    cbox network create back >/dev/null
    start db --network back
    start client --network front -h me
    [ "$(status client db)" != NOERROR ]
    in_hosts client "$(address client front)	me"
    cbox exec client sh -c 'echo "192.0.2.1 mine" >>/etc/hosts'
    cbox network connect --alias store back client
    ip=$(address client back)
    [ "$(digs client db)" = "$(address db back)" ]
    [ "$(digs db store)" = "$ip" ]
    in_hosts client "$ip	me"
    in_hosts client '192.0.2.1 mine'
    cbox network disconnect back client
    [ "$(status client db)" != NOERROR ]
    [ "$(status db store)" != NOERROR ]
    in_hosts client "$(address client front)	me"
    in_hosts client '192.0.2.1 mine'
    run in_hosts client "$ip	me"
    [ "$status" -ne 0 ]
    cbox rename db base
    cbox network connect back client
    [ "$(digs client base)" = "$(address base back)" ]
    cbox restart -t 0 client >/dev/null 3>&-
    [ "$(digs client base)" = "$(address base back)" ]
    in_hosts client "$(address client back)	me"
    run in_hosts client '192.0.2.1 mine' # as with Docker
    [ "$status" -ne 0 ]
}

@test "other names: the host's servers, those on its loopback too, over UDP and TCP, and what does not fit a datagram" {
    nameserver 127.0.0.53 192.0.2.7
    cbox network create front >/dev/null
    with_resolv_conf $'nameserver 127.0.0.53\nsearch test\n' \
        cbox run -d --name client --network front alpine sleep 1000 >/dev/null 3>&-
    [ "$(digs client outside.test)" = 192.0.2.7 ]
    [ "$(digs client outside.test +tcp)" = 192.0.2.7 ]
    asked 127.0.0.53 'tcp outside.test 1'
    [ "$(status client nowhere.test)" = NXDOMAIN ]
    [ "$(digs client big.test +noedns | wc -l)" -eq 60 ]  # asks again over TCP, itself
    [ "$(digs client big.test +bufsize=4096 +notcp +ignore | wc -l)" -eq 60 ]
    [ "$(digs client big.test +bufsize=1232 | wc -l)" -eq 60 ]
    cbox exec client nslookup outside.test | grep -q '192.0.2.7'
    cbox exec client ping -c 1 -W 1 outside 2>&1 | grep -q '(192.0.2.7)' # by the search list
    [ "$(within client dig @127.0.0.11 +short +keepopen +tcp outside.test client outside.test | grep -c .)" -eq 3 ]
}

@test "a server that is silent, and one that is not there, are passed over; the file is looked at again" {
    nameserver 127.0.0.54 192.0.2.8
    cbox network create front >/dev/null
    with_resolv_conf $'nameserver 127.0.0.99\nnameserver 127.0.0.54\n' \
        cbox run -d --name client --network front alpine sleep 1000 >/dev/null 3>&-
    [ "$(digs client outside.test)" = 192.0.2.8 ]
    nameserver 127.0.0.55 192.0.2.9
    printf 'nameserver 127.0.0.55\n' >"$BATS_TEST_TMPDIR/resolv.conf"
    [ "$(digs client outside.test)" = 192.0.2.9 ]
    printf 'nameserver 127.0.0.99\n# nobody\n' >"$BATS_TEST_TMPDIR/resolv.conf"
    [ "$(status client outside.test)" = SERVFAIL ]
}

@test "from internal networks nobody outside is asked" {
    nameserver 127.0.0.53 192.0.2.7
    cbox network create --internal inner >/dev/null
    cbox network create front >/dev/null
    start web --network inner
    with_resolv_conf $'nameserver 127.0.0.53\n' \
        cbox run -d --name client --network inner alpine sleep 1000 >/dev/null 3>&-
    [ "$(digs client web)" = "$(address web inner)" ]
    [ "$(status client outside.test)" = NXDOMAIN ]
    [ ! -s "$BATS_TEST_TMPDIR/asked-127.0.0.53" ]
    cbox network connect front client
    [ "$(digs client outside.test)" = 192.0.2.7 ]
}

@test "port 53 is the container's own" {
    cbox network create front >/dev/null
    start web --network front
    start client --network front
    cbox exec -d client sh -c 'echo mine | nc -l -p 53'
    wait_for 10 listens client
    [ "$(digs client web)" = "$(address web front)" ]
    [ "$(digs client web +tcp)" = "$(address web front)" ]
}

@test "resolv.conf: ours on networks of the user's own, with what was asked for; edits are kept while it runs" {
    local ours=$'nameserver 127.0.0.11\nsearch home.arpa\noptions edns0 ndots:0'
    cbox network create front >/dev/null
    [ "$(with_resolv_conf $'nameserver 9.9.9.9\nsearch home.arpa\noptions edns0\n' \
        cbox run --rm --network front alpine cat /etc/resolv.conf)" = "$ours" ]
    [ "$(cbox run --rm --network front --dns 9.9.9.9 --dns-search a --dns-search b --dns-option ndots:2 alpine \
        cat /etc/resolv.conf)" = $'nameserver 127.0.0.11\nsearch a b\noptions ndots:2' ]
    with_resolv_conf $'nameserver 9.9.9.9\n' cbox run -d --name client alpine sleep 1000 >/dev/null 3>&-
    [ "$(cbox exec client cat /etc/resolv.conf)" = 'nameserver 9.9.9.9' ]
    cbox network connect front client
    cbox exec client grep -qx 'nameserver 127.0.0.11' /etc/resolv.conf
    [ "$(digs client client)" = "$(address client front)" ]
    cbox exec client sh -c 'echo "# mine" >/etc/resolv.conf'
    cbox network disconnect front client
    cbox network connect front client
    [ "$(cbox exec client cat /etc/resolv.conf)" = '# mine' ]
    cbox restart -t 0 client >/dev/null 3>&-
    cbox exec client grep -qx 'nameserver 127.0.0.11' /etc/resolv.conf
}

@test "--dns on a network of the user's own is whom we ask" {
    ip addr add 10.9.9.9/32 dev lo
    nameserver 10.9.9.9 192.0.2.9
    cbox network create front >/dev/null
    start client --network front --dns 10.9.9.9
    [ "$(digs client outside.test)" = 192.0.2.9 ]
    ip addr del 10.9.9.9/32 dev lo
}

@test "resolv.conf on the default bridge: servers that are reached from there, else we ask those that are not" {
    nameserver 127.0.0.53 192.0.2.7
    [ "$(with_resolv_conf $'nameserver 127.0.0.53\nnameserver 192.0.2.99\nnameserver fd00::1\noptions trust-ad\n' \
        cbox run --rm alpine cat /etc/resolv.conf)" = $'nameserver 192.0.2.99\noptions trust-ad' ]
    with_resolv_conf $'nameserver 127.0.0.53\n' cbox run -d --name client alpine sleep 1000 >/dev/null 3>&-
    [ "$(cbox exec client cat /etc/resolv.conf)" = $'nameserver 127.0.0.11\noptions ndots:0' ]
    cbox exec client nslookup outside.test | grep -q '192.0.2.7'
    [ "$(status client client)" = NXDOMAIN ]  # there are no names on the default bridge
    cbox run --rm --network none alpine true
    [ "$(with_resolv_conf $'nameserver 127.0.0.53\n' cbox run --rm --network host alpine cat /etc/resolv.conf)" = \
        'nameserver 127.0.0.53' ]
}

@test "hosts: the container's addresses and name, --add-host and host-gateway" {
    local gateway
    cbox network create --subnet 10.78.0.0/24 front >/dev/null
    [ "$(cbox run --rm --network front -h box --domainname example.org --add-host one:192.0.2.1 \
        --add-host up:host-gateway alpine tail -n 3 /etc/hosts)" = \
        $'192.0.2.1\tone\n10.78.0.1\tup\n10.78.0.2\tbox.example.org box' ]
    gateway=$(cbox run --rm --add-host up:host-gateway alpine sh -c 'grep "	up$" /etc/hosts; ip route | head -n 1')
    [ "$(sed -n 1p <<<"$gateway" | cut -f 1)" = "$(sed -n 's/^default via \([^ ]*\) .*/\1/p' <<<"$gateway")" ]
    [ "$(cbox run --rm --network host --add-host up:host-gateway alpine tail -n 1 /etc/hosts)" = $'127.0.0.1\tup' ]
    cbox run --rm --network none --add-host up:host-gateway alpine grep -q '^# up: no network' /etc/hosts
}

@test "a container that is in another's network has its names" {
    cbox network create front >/dev/null
    start web --network front
    cbox run --rm --network container:web alpine nslookup web | grep -q "$(address web front)"
}
