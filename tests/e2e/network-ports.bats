#!/usr/bin/env bats
# Published ports: from where they are reached, by which address, whom they say that asks, and who may have them.

load network

@test "a port of all addresses: from outside, from the host by any of its addresses, from containers; the client's address stays" {
    box one -p 8080:80 -p 8080:80/udp -- tcp:80:one udp:80:one
    for protocol in tcp udp; do
        expect "one $outside4" ask outside $protocol "$host4" 8080
        expect "one $outside4" ask outside $protocol "$host4_second" 8080
        expect "one 172.17.0.1" ask host $protocol 127.0.0.1 8080
        expect "one $host4" ask host $protocol "$host4" 8080
        expect "one 172.17.0.1" ask host $protocol 172.17.0.1 8080
        run ask host $protocol ::1 8080
        [[ $output == "one "* ]]
    done
    run ask outside tcp "$host6" 8080
    [[ $output == "one "* ]]
    # Its own, and one beside it; those of other networks.
    run from one tcp "$host4" 8080
    [[ $output == "one "* ]]
    box two -- tcp:80:two
    run from two tcp "$host4" 8080
    [[ $output == "one "* ]]
    cbox network create --subnet 10.77.1.0/24 other >/dev/null
    box three --network other -- tcp:80:three
    expect 'one 10.77.1.2' from three tcp "$host4" 8080
    expect 'one 10.77.1.2' from three udp "$host4" 8080
    silent from three tcp 172.17.0.2 80
    cbox rm -f one >/dev/null
    silent ask outside tcp "$host4" 8080
    silent ask host tcp 127.0.0.1 8080
    silent ask host tcp ::1 8080
}

@test "IPv6: published to a container that has it, the client's address stays" {
    cbox network create --ipv6 --subnet 10.77.1.0/24 --subnet fd00:77:1::/64 six >/dev/null
    box one --network six -p 8080:80 -p 8080:80/udp -- tcp:80:one udp:80:one
    for protocol in tcp udp; do
        expect "one $outside6" ask outside $protocol "$host6" 8080
        expect "one $outside4" ask outside $protocol "$host4" 8080
        run ask host $protocol "$host6" 8080
        [[ $output == "one "* ]]
        run ask host $protocol ::1 8080
        [[ $output == "one "* ]]
    done
    box two --network six -p '[::1]:8081:80' -- tcp:80:two
    run ask host tcp ::1 8081
    [[ $output == "two "* ]]
    silent ask outside tcp "$host6" 8081
    silent ask host tcp 127.0.0.1 8081
}

@test "a port of one address is a port of that one alone" {
    box one -p "$host4:8080:80" -p 127.0.0.1:8081:80 -- tcp:80:one
    box two -p "$host4_second:8080:80" -p "[$host6]:8080:80" -- tcp:80:two
    expect "one $outside4" ask outside tcp "$host4" 8080
    expect "two $outside4" ask outside tcp "$host4_second" 8080
    run ask outside tcp "$host6" 8080
    [[ $output == "two "* ]]
    silent ask host tcp 127.0.0.1 8080
    expect "one 172.17.0.1" ask host tcp 127.0.0.1 8081
    silent ask outside tcp "$host4" 8081
    silent ask host tcp ::1 8081
}

@test "the setting for ports without an address: loopback, or one" {
    jq '.publish_address = "loopback"' "$CBOX_CONFIG" >"$BATS_TEST_TMPDIR/config.json"
    CBOX_CONFIG=$BATS_TEST_TMPDIR/config.json box one -p 8080:80 -- tcp:80:one
    expect "one 172.17.0.1" ask host tcp 127.0.0.1 8080
    silent ask outside tcp "$host4" 8080
    jq --arg a "$host4_second" '.publish_address = $a' "$CBOX_CONFIG" >"$BATS_TEST_TMPDIR/config.json"
    CBOX_CONFIG=$BATS_TEST_TMPDIR/config.json box two -p 8081:80 -- tcp:80:two
    expect "two $outside4" ask outside tcp "$host4_second" 8081
    silent ask outside tcp "$host4" 8081
    jq '.publish_address = "nonsense"' "$CBOX_CONFIG" >"$BATS_TEST_TMPDIR/config.json"
    CBOX_CONFIG=$BATS_TEST_TMPDIR/config.json refuse 125 'publish_address' cbox run --rm -p 8082:80 alpine true
}

@test "ten thousand ports: one element of a map, no process, and as quick as one" {
    box one -p 40000-49999:40000-49999 -p 40000-49999:40000-49999/udp -- tcp:49999:last udp:40000:first
    expect "last $outside4" ask outside tcp "$host4" 49999
    expect "first $outside4" ask outside udp "$host4" 40000
    expect "last 172.17.0.1" ask host tcp 127.0.0.1 49999
    silent ask outside tcp "$host4" 50000
    expect 2 sh -c 'nft list map inet "$(nft list tables | sed -n "s/table inet \(cbox.*\)/\1/p" | tail -n 1)" range4 | grep -o "40000-49999" | wc -l'
    pid=$(cbox inspect -f '{{.State.Pid}}' one)
    monitor=$(ps -o ppid= -p "$pid" | tr -d ' ')
    expect 1 sh -c "pgrep -c -P $monitor"
    cbox rm -f one >/dev/null
    # Both ways in turns, so that other load falls on both.
    one=0 many=0
    for _ in 1 2 3 4 5 6 7; do
        start=${EPOCHREALTIME/[.,]/}
        cbox run --rm -p 40000:40000 alpine true
        middle=${EPOCHREALTIME/[.,]/}
        cbox run --rm -p 40000-49999:40000-49999 alpine true
        end=${EPOCHREALTIME/[.,]/}
        one=$((one + middle - start)) many=$((many + end - middle))
    done
    echo "one port: $one µs, ten thousand: $many µs"
    [ $((many * 2)) -lt $((one * 3)) ]
}

@test "a range to one port; random ports; -P" {
    box one -p 8090-8091:80 -p 81 -P --expose 82 --expose 83/udp -- tcp:80-82:one udp:83:one
    port=$(cbox port one 80/tcp | head -n 1)
    expect "one $outside4" ask outside tcp "$host4" "${port##*:}"
    [[ ${port##*:} == 809[01] ]]
    for port in 81/tcp 82/tcp 83/udp; do
        mapped=$(cbox port one $port | head -n 1)
        expect "one $outside4" ask outside "${port#*/}" "$host4" "${mapped##*:}"
        [ "${mapped##*:}" -ge 32768 ]
    done
}

@test "a taken port names who has it: a container, or a program of the host; before anything is made" {
    box one -p 8080:80 -- tcp:80:one
    refuse 125 'port 8080.*container one' cbox run --rm -p 8080:80 alpine true
    refuse 125 'port 8080.*container one' cbox run --rm -p 127.0.0.1:8080:80 alpine true
    refuse 125 'port 8080.*container one' cbox run --rm -p 8000-8100:8000-8100 alpine true
    cbox run --rm -p 8080:80/udp alpine true
    listen host tcp:8081:host udp:8082:host
    refuse 125 'port 8081.*(python3|answer)' cbox run --rm -p 8081:80 alpine true
    refuse 125 'port 8082.*(python3|answer)' cbox run --rm -p 8082:80/udp alpine true
    refuse 125 '8083' cbox run --rm -p 8083:80 -p 8083:81 alpine true
    expect one cbox ps -a --format '{{.Names}}'
    cbox stop -t 0 one >/dev/null
    box two -p 8080:80 -- tcp:80:two
    refuse 1 'port 8080.*container two' cbox start one
    expect "two $outside4" ask outside tcp "$host4" 8080
}

@test "what cannot be a port" {
    for bad in 0x50:80 80:0 65536:80 80:65536 8080-8070:80-90 8080-8081:80-85 80:80/icmp nonsense:80:80 :::80; do
        refuse 125 '' cbox run --rm -p "$bad" alpine true
    done
    refuse 125 'cannot assign requested address' cbox run --rm -p 198.18.0.1:8084:80 alpine true
    expect '' cbox ps -aq
    expect '' sh -c "awk 'NF > 2' '$CBOX_STATE/networks/ports' 2>/dev/null; true"
}

@test "a container of IPv6 alone has no port of IPv4" {
    cbox network create --ipv4=false --ipv6 --subnet fd00:78::/64 six >/dev/null
    for address in 127.0.0.1 0.0.0.0 "$host4"; do
        refuse 125 "publishing port 80 at $address: the container has no address of IPv4" \
            cbox run --rm --network six -p "$address:8080:80" alpine true
    done
    cbox run --rm --network six -p '[::1]:8080:80' -p 8081:81 alpine true
    echo '{"publish_address": "loopback"}' >"$BATS_TEST_TMPDIR/config.json"
    cbox --config "$BATS_TEST_TMPDIR/config.json" run --rm --network six -p 8080:80 alpine true
}

@test "UDP: the kernel forgets where a client's packets went before" {
    # A client that goes on from its own port the whole time.
    on outside socat -T 60 "UDP-LISTEN:9,fork" /dev/null 3>&- &
    listener=$!
    before() { on outside bash -c "exec 3<>/dev/udp/$host4/8080; for n in \$(seq 100); do echo >&3 2>/dev/null; timeout 0.2 head -n 1 <&3 2>/dev/null; done" >"$BATS_TEST_TMPDIR/said" 3>&- & }
    before
    client=$!
    box one -p 8080:80/udp -- udp:80:one
    wait_for 20 grep -q one "$BATS_TEST_TMPDIR/said"
    cbox rm -f one >/dev/null
    # Another address, so that what was remembered would lead nowhere.
    box gap -- udp:80:gap
    box two -p 8080:80/udp -- udp:80:two
    wait_for 20 grep -q two "$BATS_TEST_TMPDIR/said"
    kill $client $listener 2>/dev/null || true
}

@test "SCTP is an element as the others" {
    cbox run -d --name one -p 8080:80/sctp alpine sleep 777811 >/dev/null 3>&-
    expect '0.0.0.0:8080->80/sctp, [::]:8080->80/sctp' cbox ps --format '{{.Ports}}'
    nft list ruleset | grep -q '0.0.0.0/0 . 132 . 8080\|0.0.0.0/0 . sctp . 8080'
}

@test "a large page of nginx, by many at once, from outside and from the host" {
    mkdir -p "$BATS_TEST_TMPDIR/site"
    head -c 3000000 /dev/urandom >"$BATS_TEST_TMPDIR/site/page"
    sum=$(sha256sum <"$BATS_TEST_TMPDIR/site/page")
    cat >"$BATS_TEST_TMPDIR/site/nginx.conf" <<END
daemon off; user root; pid /tmp/pid; error_log stderr;
events {}
http { access_log off; client_body_temp_path /tmp/a; proxy_temp_path /tmp/b; fastcgi_temp_path /tmp/c; uwsgi_temp_path /tmp/d;
    scgi_temp_path /tmp/e; server { listen 80; listen [::]:80; root /site; } }
END
    cbox run -d --name web --tmpfs /tmp "${with_tools[@]}" -v "$BATS_TEST_TMPDIR/site:/site:ro" -p 8080:80 alpine \
        nginx -e stderr -c /site/nginx.conf >/dev/null 3>&-
    wait_for 20 curl -sf -o /dev/null http://127.0.0.1:8080/page
    for address in "$host4" "[$host6]"; do
        for _ in 1 2 3 4; do
            on outside curl -sf "http://$address:8080/page" | sha256sum >>"$BATS_TEST_TMPDIR/sums" 3>&- &
            pids+=($!)
        done
    done
    wait "${pids[@]}"
    for address in 127.0.0.1 '[::1]' "$host4" "[$host6]"; do
        curl -sf "http://$address:8080/page" | sha256sum >>"$BATS_TEST_TMPDIR/sums"
    done
    expect "12 $sum" sh -c "sort '$BATS_TEST_TMPDIR/sums' | uniq -c | sed 's/^ *//'"
}
