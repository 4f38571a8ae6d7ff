#!/usr/bin/env bats
# Who reaches whom: containers the world, each other, and the host; what is closed to whom. The machines are those of
# fixtures/hosts.bash.

load network

@test "the world: TCP, UDP and ping, from the host's address; the world does not reach back" {
    listen outside tcp:80:world udp:80:world
    box one -- tcp:80:one udp:80:one
    expect "world $host4" from one tcp "$outside4" 80
    expect "world $host4" from one udp "$outside4" 80
    cbox exec one ping -c 1 -W 2 "$outside4" >/dev/null
    # outside has a route to it.
    silent ask outside tcp "$(address4 one)" 80
    silent ask outside udp "$(address4 one)" 80
    run ! on outside ping -c 1 -W 1 "$(address4 one)"
    # The host has what it needs.
    expect "one 172.17.0.1" ask host tcp "$(address4 one)" 80
    expect "one 172.17.0.1" ask host udp "$(address4 one)" 80
}

@test "the world by IPv6" {
    cbox network create --ipv6 six >/dev/null
    listen outside tcp:80:world udp:80:world
    box one --network six -- tcp:80:one udp:80:one
    expect "world $host6" from one tcp "$outside6" 80
    expect "world $host6" from one udp "$outside6" 80
    cbox exec "one" ping -6 -c 1 -W 2 "$outside6" >/dev/null
    silent ask outside tcp "$(address6 one six)" 80
    expect "world $host4" from one tcp "$outside4" 80
}

@test "containers of one network reach each other by all of their addresses, and see whose connection it is" {
    cbox network create --ipv6 --subnet 10.77.0.0/24 --subnet fd00:77::/64 six >/dev/null
    box one --network six -- tcp:80:one udp:80:one
    box two --network six -- tcp:80:two udp:80:two
    for protocol in tcp udp; do
        expect 'two 10.77.0.2' from one $protocol 10.77.0.3 80
        expect 'two fd00:77::2' from one $protocol fd00:77::3 80
        expect 'one 10.77.0.2' from one $protocol 10.77.0.2 80
    done
    box three -- tcp:80:three udp:80:three
    box four -- tcp:80:four
    expect 'three 172.17.0.3' from four tcp 172.17.0.2 80
}

@test "networks are closed to each other, unless both say otherwise" {
    cbox network create --subnet 10.77.1.0/24 --subnet fd00:77:1::/64 --ipv6 left >/dev/null
    cbox network create --subnet 10.77.2.0/24 --subnet fd00:77:2::/64 --ipv6 right >/dev/null
    box one --network left -- tcp:80:one udp:80:one
    box two --network right -- tcp:80:two udp:80:two
    box three -- tcp:80:three
    silent from one tcp 10.77.2.2 80
    silent from one udp 10.77.2.2 80
    silent from one tcp fd00:77:2::2 80
    silent from one tcp 172.17.0.2 80
    silent from three tcp 10.77.1.2 80
    run ! cbox exec one ping -c 1 -W 1 10.77.2.2
    cbox network connect right one
    expect 'two 10.77.2.3' from one tcp 10.77.2.2 80
    cbox network disconnect right one
    silent from one tcp 10.77.2.2 80
    remove_containers
    cbox network rm left right
    cbox network create --subnet 10.77.1.0/24 -o isolate=false left >/dev/null
    cbox network create --subnet 10.77.2.0/24 -o isolate=false right >/dev/null
    box one --network left -- tcp:80:one
    box two --network right -- tcp:80:two
    expect 'two 10.77.1.2' from one tcp 10.77.2.2 80
    expect 'one 10.77.2.2' from two tcp 10.77.1.2 80
}

@test "an internal network reaches nothing but itself and its gateway, and is reached by nobody" {
    cbox network create --internal --subnet 10.77.3.0/24 inside >/dev/null
    cbox network create --subnet 10.77.4.0/24 other >/dev/null
    listen outside tcp:80:world
    listen host tcp:8000:host
    box one --network inside -- tcp:80:one
    box two --network inside -- tcp:80:two
    box three --network other -- tcp:80:three
    expect 'two 10.77.3.2' from one tcp 10.77.3.3 80
    silent from one tcp "$outside4" 80
    silent from one tcp 10.77.4.2 80
    silent from one tcp "$host4" 8000
    silent from three tcp 10.77.3.2 80
    silent ask outside tcp 10.77.3.2 80
    expect 'one 10.77.3.1' ask host tcp 10.77.3.2 80
    expect 'host 10.77.3.2' from one tcp 10.77.3.1 8000
}

@test "the host's services: by the gateway and the host's addresses, not those that listen on its loopback" {
    listen host tcp:8000:host
    box one -- tcp:80:one
    expect 'host 172.17.0.2' from one tcp 172.17.0.1 8000
    expect 'host 172.17.0.2' from one tcp "$host4" 8000
    socat TCP-LISTEN:8001,bind=127.0.0.1,fork,reuseaddr SYSTEM:'echo private' 3>&- &
    pid=$!
    wait_for 10 bash -c ': <>/dev/tcp/127.0.0.1/8001'
    # A container that has the right to routes sends to the host's 127.0.0.1 as it likes.
    cbox run -d --name two --privileged "${with_tools[@]}" alpine sleep 777801 >/dev/null 3>&-
    cbox exec two sh -c 'echo 1 >/proc/sys/net/ipv4/conf/all/route_localnet; ip addr del 127.0.0.1/8 dev lo; ip route add 127.0.0.1 via 172.17.0.1; ip route del local 127.0.0.1 table local 2>/dev/null; true'
    silent from two tcp 127.0.0.1 8001
    # So does a neighbour of the host.
    on router ip addr del 127.0.0.1/8 dev lo
    on router sysctl -qw net.ipv4.conf.all.route_localnet=1
    on router ip route add 127.0.0.1 via 203.0.113.1
    silent ask router tcp 127.0.0.1 8001
    on router ip route del 127.0.0.1
    on router ip addr add 127.0.0.1/8 dev lo
    kill $pid
}

@test "no network, and the host's own" {
    listen outside tcp:80:world
    cbox run -d --name none --network none "${with_tools[@]}" alpine sleep 777802 >/dev/null 3>&-
    silent from none tcp "$outside4" 80
    cbox exec none ping -c 1 -W 1 127.0.0.1 >/dev/null
    box host --network host -- tcp:8002:shared
    expect "shared $outside4" ask outside tcp "$host4" 8002
    expect "world $host4" from host tcp "$outside4" 80
    box one -- tcp:80:one
    box beside --network container:one -- tcp:81:beside
    expect 'one 127.0.0.1' from beside tcp 127.0.0.1 80
    expect 'beside 172.17.0.1' ask host tcp 172.17.0.2 81
}

@test "the default route changes, an interface flaps: containers go on, by the address that the host has there" {
    listen outside tcp:80:world
    box one -p 8080:80 -- tcp:80:one
    expect "world $host4" from one tcp "$outside4" 80
    host_way router2
    expect "world $host4_second" from one tcp "$outside4" 80
    expect "one $outside4" ask outside tcp "$host4_second" 8080
    host_way router
    ip link set up0 down
    silent from one tcp "$outside4" 80
    ip link set up0 up
    ip -6 address replace "$host6/64" dev up0 nodad
    host_way router
    expect "world $host4" from one tcp "$outside4" 80
    expect "one $outside4" ask outside tcp "$host4" 8080
    # The bridge itself.
    ip link set cbox0 down
    ip link set cbox0 up
    expect "world $host4" from one tcp "$outside4" 80
    expect "one 172.17.0.1" ask host tcp 127.0.0.1 8080
}

@test "macvlan: a machine on the host's own segment" {
    on router ip addr add 10.88.0.254/24 dev eth0
    cbox network create -d macvlan --subnet 10.88.0.0/24 --gateway 10.88.0.254 -o parent=up0 segment >/dev/null
    box one --network segment --ip 10.88.0.7 -- tcp:80:one
    box two --network segment -- tcp:80:two
    expect 'one 10.88.0.254' ask router tcp 10.88.0.7 80
    expect 'one 10.88.0.1' from two tcp 10.88.0.7 80
    listen outside tcp:80:world
    on outside ip route add 10.88.0.0/24 via 192.0.2.253
    expect 'world 10.88.0.7' from one tcp "$outside4" 80
    on outside ip route del 10.88.0.0/24
    on router ip addr del 10.88.0.254/24 dev eth0
}

@test "settings of a bridge: mtu, name, masquerade off, the address to publish on" {
    listen outside tcp:80:world
    cbox network create --subnet 10.77.5.0/24 -o com.docker.network.driver.mtu=1300 -o com.docker.network.bridge.name=mine0 \
        -o com.docker.network.bridge.enable_ip_masquerade=false plain >/dev/null
    box one --network plain -- tcp:80:one
    expect 1300 cbox exec one cat /sys/class/net/eth0/mtu
    ip -o link show mine0 | grep -q 'mtu 1300'
    ip -o addr show mine0 | grep -q 'inet 10.77.5.1/24'
    expect 'world 10.77.5.2' from one tcp "$outside4" 80
    cbox rm -f one >/dev/null
    cbox network rm plain
    run ! ip link show mine0
}

@test "links of a container: its own namespace's, named eth0 and on, down to the routes" {
    cbox network create --subnet 10.77.6.0/24 first >/dev/null
    cbox network create --subnet 10.77.7.0/24 second >/dev/null
    cbox run -d --name one --network first --network second alpine sleep 777803 >/dev/null 3>&-
    expect 'eth0 eth1 lo' cbox exec one sh -c 'echo $(ls /sys/class/net)'
    expect '10.77.6.2/24 10.77.7.2/24' cbox exec one sh -c \
        'echo $(ip -o -4 addr show eth0 | sed "s/.*inet \([^ ]*\).*/\1/") $(ip -o -4 addr show eth1 | sed "s/.*inet \([^ ]*\).*/\1/")'
    expect 1 cbox exec one sh -c 'ip route | grep -c ^default'
    cbox exec one ip route | grep -q '^default via 10.77.6.1 dev eth0'
    expect 02:42:0a:4d:06:02 cbox exec one cat /sys/class/net/eth0/address
}
