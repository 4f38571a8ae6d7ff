#!/usr/bin/env bats
# Networks through the whole life of containers: taken before a start, given back at the end, whoever was killed and whenever.
# CBOX_STORM_CYCLES says for how long (40).

load alpine

teardown() {
    remove_containers
    cbox network prune -f >/dev/null
    test_teardown
}

field() {
    cbox inspect -f "$2" "$1"
}

address() {
    field "$1" '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}'
}

id_of() {
    field "$1" '{{.Id}}'
}

# Those of this suite alone.
monitors() {
    local pid
    for pid in $(pgrep -x cbox-monitor); do
        if grep -qszxF "CBOX_ROOT=$CBOX_ROOT" "/proc/$pid/environ"; then
            echo "$pid"
        fi
    done
}

monitor_of() {
    local id pid
    id=$(id_of "$1")
    for pid in $(monitors); do
        if find "/proc/$pid/fd" -lname "$CBOX_ROOT/containers/$id" 2>/dev/null | grep -q .; then
            echo "$pid"
        fi
    done
}

# A server in the container that says its host name to whoever connects.
serve() {
    local name=$1
    shift
    cbox run -d --name "$name" "$@" alpine nc -ll -p 80 -e hostname >/dev/null 3>&-
}

says() {
    [ "$(timeout 5 bash -c 'exec 3<>"/dev/tcp/$1/$2"; cat <&3' _ "$2" "$3" 2>/dev/null)" = "$1" ]
}

answers() {
    wait_for 10 says "$@"
}

table() {
    nft list tables 2>/dev/null | sed -n 's/^table inet \(cbox.*\)/\1/p' | while read -r name; do
        nft list table inet "$name"
    done
}

# What is in use of all networks: addresses, ports, rules for ports.
in_use() {
    local networks=$CBOX_STATE/networks
    find "$networks" -name endpoints -exec awk '$NF == 1' {} + 2>/dev/null
    awk 'NF > 2' "$networks/ports" 2>/dev/null || true # the first line says which port was chosen last
    table | grep ' : [0-9a-f.:]* \. ' || true
}

nothing_in_use() {
    [ -z "$(in_use)" ]
}

@test "without a word a container is on the default bridge: address, way out, loopback, and all in inspect" {
    run cbox run --rm alpine sh -c 'ip -o -4 addr show eth0; ip route; ip -o addr show lo'
    [ "$status" -eq 0 ]
    [[ $output == *"inet 172.17.0.2/16"* ]]
    [[ $output == *"default via 172.17.0.1 dev eth0"* ]]
    [[ $output == *"127.0.0.1/8"* ]]
    cbox run -d --name one alpine sleep 777901 3>&-
    expect 'bridge 172.17.0.2 16 172.17.0.1' field one \
        '{{.HostConfig.NetworkMode}} {{.NetworkSettings.IPAddress}} {{.NetworkSettings.IPPrefixLen}} {{.NetworkSettings.Gateway}}'
    expect '172.17.0.2 172.17.0.1 02:42:ac:11:00:02 true' field one \
        '{{with .NetworkSettings.Networks.bridge}}{{.IPAddress}} {{.Gateway}} {{.MacAddress}} {{ne .NetworkID ""}}{{end}}'
    expect 02:42:ac:11:00:02 cbox exec one cat /sys/class/net/eth0/address
    cbox exec one ping -c 1 -W 2 172.17.0.1 >/dev/null
    ping -c 1 -W 2 172.17.0.2 >/dev/null
    expect bridge cbox ps --format '{{.Networks}}'
    cbox stop -t 0 one
    expect '/true' field one '{{.NetworkSettings.IPAddress}}/{{ne .NetworkSettings.Networks.bridge.NetworkID ""}}'
    nothing_in_use
}

@test "none, host and another container's have no networks of their own, and none beside them" {
    expect lo cbox run --rm --network none alpine ls /sys/class/net
    expect "$(readlink /proc/self/ns/net)" cbox run --rm --network host alpine readlink /proc/self/ns/net
    cbox run -d --name one alpine sleep 777902 3>&-
    expect "$(cbox exec one readlink /proc/self/ns/net)" \
        cbox run --rm --network container:one alpine readlink /proc/self/ns/net
    expect "$(cbox exec one cat /sys/class/net/eth0/address)" \
        cbox run --rm --network container:one alpine cat /sys/class/net/eth0/address
    refuse 125 'no other network beside host' cbox run --rm --network host --network bridge alpine true
    refuse 125 'port publishing and the container type' cbox run --rm --network container:one -p 80 alpine true
    refuse 125 'network no-such not found' cbox run --rm --network no-such alpine true
    expect '' cbox ps -aq --filter status=created
    cbox run --rm --network host -p 80:80 alpine true 2>&1 | grep -q '^WARNING: Published ports are discarded'
    refuse 1 'cannot be connected to any other network' cbox network connect bridge "$(cbox create --network host alpine)"
}

@test "published ports: reachable, shown by ps, port and inspect, and free when run is back" {
    serve one -p 127.0.0.1:8081:80 -p 8082:80 -h here
    answers here 127.0.0.1 8081
    answers here 127.0.0.1 8082
    answers here 172.17.0.1 8082
    expect '0.0.0.0:8082->80/tcp, 127.0.0.1:8081->80/tcp, [::]:8082->80/tcp' cbox ps --format '{{.Ports}}'
    expect $'0.0.0.0:8082\n127.0.0.1:8081\n[::]:8082' cbox port one 80
    expect '{"80/tcp":[{"HostIp":"127.0.0.1","HostPort":"8081"},{"HostIp":"","HostPort":"8082"}]}' \
        field one '{{json .HostConfig.PortBindings}}'
    expect '{"80/tcp":{}}' field one '{{json .Config.ExposedPorts}}'
    expect one cbox ps --filter publish=8082 --format '{{.Names}}'
    expect one cbox ps --filter expose=80 --format '{{.Names}}'
    expect '' cbox ps --filter publish=80 --format '{{.Names}}'
    refuse 1 "No public port '81' published" cbox port one 81
    refuse 125 '8081.* container one' cbox run --rm --name two -p 8081:80 alpine true
    expect '' cbox ps -aq --filter name=two
    cbox rm -f one
    nothing_in_use
    cbox run --rm -p 8081:80 alpine true
    cbox run --rm -p 8081:80 alpine true
    nothing_in_use
}

@test "random ports, -P, and ranges" {
    cbox run -d --name one -p 80 -P --expose 81 --expose 53/udp alpine sleep 777903 3>&-
    expect 3 sh -c "cbox port one | grep -c '0.0.0.0:'"
    cbox port one 53/udp
    cbox run -d --name two -p 20000-29999:20000-29999/udp alpine sleep 777904 3>&-
    expect '0.0.0.0:20000-29999->20000-29999/udp, [::]:20000-29999->20000-29999/udp' \
        cbox ps --filter name=two --format '{{.Ports}}'
    expect 10000 field two '{{len .NetworkSettings.Ports}}'
    cbox run -d --name three -p 8090-8099:80 alpine sleep 777905 3>&-
    cbox run -d --name four -p 8090-8099:80 alpine sleep 777906 3>&-
    expect 0.0.0.0:8090 sh -c 'cbox port three 80 | head -n 1'
    expect 0.0.0.0:8091 sh -c 'cbox port four 80 | head -n 1'
}

@test "the same address after a restart, by the user and by policy; the ports stay too" {
    serve one -p 8083:80 -h here
    cbox run -d --name two alpine sleep 777907 3>&-
    before=$(address one)
    cbox stop -t 0 one
    cbox run -d --name three alpine sleep 777908 3>&-
    run ! [ "$(address three)" = "$before" ]
    cbox start one
    expect "$before" address one
    answers here 127.0.0.1 8083
    cbox restart -t 0 one
    expect "$before" address one
    answers here 127.0.0.1 8083
    cbox run -d --name four --restart always -p 8084:80 alpine sh -c 'sleep 0.3; exit 1' 3>&-
    before=$(address four)
    wait_for 20 sh -c '[ "$(cbox inspect -f "{{.RestartCount}}" four)" -ge 2 ]'
    expect "$before" address four
    refuse 125 '8084.* container four' cbox run --rm -p 8084:80 alpine true
}

@test "connect and disconnect: of one that runs at once, of one that does not at its start" {
    cbox network create --subnet 10.123.1.0/24 front
    cbox network create --subnet 10.123.2.0/24 back
    cbox run -d --name one --network front --ip 10.123.1.9 --network-alias first alpine sleep 777909 3>&-
    expect 10.123.1.9 address one
    expect '["one","first","'"$(id_of one | cut -c 1-12)"'"]' field one '{{json .NetworkSettings.Networks.front.DNSNames}}'
    cbox network connect --ip 10.123.2.7 --alias second back one
    expect 10.123.2.7/24 cbox exec one sh -c "ip -o -4 addr show eth1 | awk '{print \$4}'"
    expect '10.123.1.9 10.123.2.7' field one '{{.NetworkSettings.Networks.front.IPAddress}} {{.NetworkSettings.Networks.back.IPAddress}}'
    expect front,back cbox ps --format '{{.Networks}}'
    expect one cbox ps --filter network=back --format '{{.Names}}'
    refuse 1 'already exists in network back' cbox network connect back one
    cbox exec one ip route | grep -q '^default via 10.123.2.1' # the first by name
    cbox network disconnect back one
    cbox exec one ip route | grep -q '^default via 10.123.1.1'
    expect 'eth0 lo' cbox exec one sh -c 'echo $(ls /sys/class/net)'
    refuse 1 'not connected to network back' cbox network disconnect back one
    refuse 1 'network side not found' cbox network disconnect side one
    cbox network disconnect front one
    expect lo cbox exec one ls /sys/class/net
    expect '' cbox ps --format '{{.Networks}}'
    expect '' cbox ps -q --filter network=front
    cbox network connect front one
    cbox stop -t 0 one
    cbox network connect back one
    expect front,back cbox ps -a --format '{{.Networks}}'
    cbox start one
    expect 'eth0 eth1 lo' cbox exec one sh -c 'echo $(ls /sys/class/net)'
    cbox stop -t 0 one
    cbox network disconnect front one
    cbox network disconnect back one
    cbox start one
    expect lo cbox exec one ls /sys/class/net
    cbox network connect front one # which brings names, too
    cbox exec one nslookup one | grep -q 'Address: 10.123.1.'
    cbox rm -f one
    nothing_in_use
    cbox network rm front back
}

@test "the long form: addresses, link-local ones, MAC, names, interface, settings, and which is the way out" {
    cbox network create --subnet 10.123.1.0/24 --ipv6 --subnet fd42:1::/64 front
    cbox network create --subnet 10.123.2.0/24 back
    cbox run -d --name one --network "name=front,ip=10.123.1.9,ip6=fd42:1::9,mac-address=02:00:00:00:00:09,alias=a,alias=b" \
        --network 'name=back,gw-priority=-1,link-local-ip=169.254.7.7,"driver-opt=com.docker.network.endpoint.ifname=out0",driver-opt=com.docker.network.endpoint.sysctls=net.ipv4.conf.IFNAME.log_martians=1' \
        alpine sleep 777913 3>&-
    cbox exec one ip -o addr show eth0 >"$BATS_TEST_TMPDIR/eth0"
    grep -q 'inet 10.123.1.9/24 ' "$BATS_TEST_TMPDIR/eth0"
    grep -q 'inet6 fd42:1::9/64 ' "$BATS_TEST_TMPDIR/eth0"
    expect 02:00:00:00:00:09 cbox exec one cat /sys/class/net/eth0/address
    cbox exec one ip -o addr show out0 | grep -q 'inet 169.254.7.7/16 '
    expect 1 cbox exec one cat /proc/sys/net/ipv4/conf/out0/log_martians
    cbox exec one ip route | grep -q '^default via 10.123.1.1 dev eth0'
    cbox exec one ip -6 route | grep -q '^default via fd42:1::1 dev eth0'
    expect '["a","b"] 10.123.1.9 fd42:1::9 64 {"LinkLocalIPs":["169.254.7.7"]}' field one \
        '{{with .NetworkSettings.Networks.front}}{{json .Aliases}} {{.IPAddress}} {{.GlobalIPv6Address}} {{.GlobalIPv6PrefixLen}}{{end}} {{json .NetworkSettings.Networks.back.IPAMConfig}}'
    refuse 125 'eth0 is asked for by two networks' cbox run --rm \
        --network front --network 'name=back,driver-opt=com.docker.network.endpoint.ifname=eth0' alpine true
    refuse 125 'no dot, slash, colon or blank' cbox run --rm \
        --network 'name=back,driver-opt=com.docker.network.endpoint.ifname=eth0.1' alpine true
    refuse 125 'invalid field key x' cbox run --rm --network name=front,x=1 alpine true
}

@test "a published range of the host is a choice; an address of the configuration is where ports go that name none" {
    jq '.publish_address = "loopback"' "$CBOX_CONFIG" >"$BATS_TEST_TMPDIR/config.json"
    CBOX_CONFIG=$BATS_TEST_TMPDIR/config.json cbox run -d --name one -p 8086:80 -p 0.0.0.0:8087:80 -p 80 alpine sleep 777914 3>&-
    cbox port one 80 >"$BATS_TEST_TMPDIR/ports"
    grep -qx 127.0.0.1:8086 "$BATS_TEST_TMPDIR/ports"
    grep -qx '\[::1\]:8086' "$BATS_TEST_TMPDIR/ports"
    grep -qx 0.0.0.0:8087 "$BATS_TEST_TMPDIR/ports"
    [ "$(wc -l <"$BATS_TEST_TMPDIR/ports")" -eq 4 ]
}

@test "what networks cannot have is refused, with nothing left behind" {
    cbox network create --subnet 10.123.1.0/24 front
    refuse 125 'user specified IP address is supported on user defined networks only' cbox run --rm --ip 172.17.0.9 alpine true
    refuse 125 'only supported for user-defined networks' cbox run --rm --network-alias x alpine true
    refuse 125 '10.9.9.9' cbox run --rm --network front --ip 10.9.9.9 alpine true
    cbox run -d --name one --network front --ip 10.123.1.5 alpine sleep 777910 3>&-
    refuse 125 '10.123.1.5.*one' cbox run --rm --network front --ip 10.123.1.5 alpine true
    refuse 125 'specified multiple times' cbox run --rm --network front --network "$(cbox network inspect -f '{{.Id}}' front)" alpine true
    refuse 125 'cannot attach both' cbox run --rm --network front --network bridge alpine true
    refuse 125 'cannot specify both --ip and per-network' cbox run --rm --network name=front,ip=10.123.1.6 --ip 10.123.1.6 alpine true
    expect one cbox ps -a --format '{{.Names}}'
    expect 1 sh -c "cat '$CBOX_STATE'/networks/*/endpoints | awk '\$NF == 1' | wc -l"
}

@test "a network that is removed: its containers do not start until they are taken out" {
    cbox network create front
    cbox run -d --name one --network front alpine sleep 777915 3>&-
    refuse 1 'active endpoints.*one' cbox network rm front
    cbox stop -t 0 one
    cbox network rm front
    refuse 1 'network front not found' cbox start one
    cbox network disconnect front one
    cbox network connect bridge one
    cbox start one
    expect 'eth0 lo' cbox exec one sh -c 'echo $(ls /sys/class/net)'
    refuse 1 'endpoint gone not found' cbox network disconnect -f bridge gone
    refuse 1 'no such container: gone' cbox network disconnect bridge gone
}

@test "another name is known to the networks at once" {
    cbox network create --subnet 10.123.1.0/24 front
    cbox run -d --name one --network front alpine sleep 777911 3>&-
    cbox rename one two
    expect '["two","'"$(id_of two | cut -c 1-12)"'"]' field two '{{json .NetworkSettings.Networks.front.DNSNames}}'
    grep -q ' two ' "$CBOX_STATE/networks/$(cbox network inspect -f '{{.Id}}' front)/endpoints"
    cbox stop -t 0 two
    cbox rename two three
    grep -q ' three ' "$CBOX_STATE/networks/$(cbox network inspect -f '{{.Id}}' front)/endpoints"
}

@test "one without a network gets some when it has left none" {
    cbox network create front
    cbox run -d --name one --network none alpine sleep 777909 3>&-
    refuse 1 'in private .none. mode' cbox network connect front one
    expect none cbox ps --format '{{.Networks}}'
    cbox network disconnect none one
    refuse 1 'not connected to network none' cbox network disconnect none one
    expect '{}' field one '{{json .NetworkSettings.Networks}}'
    expect none field one '{{.HostConfig.NetworkMode}}'
    cbox network connect front one
    expect 'none front' field one '{{.HostConfig.NetworkMode}}{{range $name, $_ := .NetworkSettings.Networks}} {{$name}}{{end}}'
    expect 'eth0 lo' cbox exec one sh -c 'echo $(ls /sys/class/net)'
    cbox restart -t 0 one
    expect front cbox ps --format '{{.Networks}}'
    cbox rm -f one
    cbox create --name two --network none alpine true
    cbox network disconnect none two
    cbox network connect front two
    cbox start -a two
    cbox rm -f two
    nothing_in_use
}

@test "a port of one that has IPv6 alone is published there alone" {
    cbox network create --ipv4=false --ipv6 --subnet fd07:1::/64 six
    cbox run -d --name one --network six -p 8097:80 alpine sleep 777910 3>&-
    expect '80/tcp -> [::]:8097' cbox port one
    expect '[::]:8097->80/tcp' cbox ps --format '{{.Ports}}'
}

@test "without the right to change networks: one line" {
    run -125 setpriv --bounding-set -net_admin --inh-caps -net_admin "$cbox" run --rm alpine true
    [ "${#lines[@]}" -eq 1 ]
    [[ $output == 'cbox: network bridge: '*'Operation not permitted' ]]
}

@test "events of connecting and disconnecting" {
    since=$(date +%s.%N)
    cbox run --rm --name one alpine true
    run cbox events --since "$since" --until "$(date +%s.%N)" --filter type=network --format '{{.Action}} {{.Actor.Attributes.name}} {{.Actor.Attributes.type}}'
    [ "$output" = $'connect bridge bridge\ndisconnect bridge bridge' ]
}

@test "a monitor that is killed leaves no address, port or rule in use" {
    serve one -p 8085:80 -h here
    answers here 127.0.0.1 8085
    before=$(address one)
    kill -KILL "$(monitor_of one)"
    wait_for 10 sh -c '[ "$(cbox inspect -f "{{.State.Status}}" one)" = exited ]'
    nothing_in_use
    serve two -p 8085:80 -h there
    answers there 127.0.0.1 8085
    cbox rm -f two
    cbox start one
    expect "$before" address one
    answers here 127.0.0.1 8085
}

@test "killed at random moments: nothing stays in use, and the next start works" {
    local i name pid
    for ((i = 0; i < ${CBOX_STORM_CYCLES:-40}; i++)); do
        name=storm-$i
        cbox run -d --name "$name" -p $((8100 + i % 4)):80 alpine sleep 777912 >/dev/null 2>&1 3>&- &
        pid=$!
        sleep "0.0$((RANDOM % 60 + 10))"
        if [ $((RANDOM % 3)) -eq 0 ]; then
            kill -KILL "$pid" 2>/dev/null || true
        fi
        # shellcheck disable=SC2046  # none, or several
        kill -KILL $(monitors) 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
        cbox ps -aq >/dev/null
        cbox rm -f "$name" >/dev/null 2>&1 || true
    done
    remove_containers
    cbox run --rm -p 8100-8103:80-83 alpine true
    cbox volume prune -f >/dev/null # looks at all containers
    in_use
    nothing_in_use
}
