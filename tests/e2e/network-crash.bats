#!/usr/bin/env bats
# Networks and what happens to them: kills, restarts, bad input. tests/e2e/network-life.bats looks at what is written down; here
# the packets tell.

load network

monitor_of() {
    ps -o ppid= -p "$(cbox inspect -f '{{.State.Pid}}' "$1")" | tr -d ' '
}

is_status() {
    [ "$(cbox inspect -f '{{.State.Status}}' "$1")" = "$2" ]
}

@test "a monitor that was killed: its port and address are free for the next, and the packets go to that" {
    box one -p 8080:80 -p 8080:80/udp -- tcp:80:one udp:80:one
    expect "one $outside4" ask outside tcp "$host4" 8080
    before=$(address4 one)
    kill -KILL "$(monitor_of one)"
    wait_for 10 is_status one exited
    silent ask outside tcp "$host4" 8080
    box two -p 8080:80 -p 8080:80/udp -- tcp:80:two udp:80:two
    expect "two $outside4" ask outside tcp "$host4" 8080
    expect "two $outside4" ask outside udp "$host4" 8080
    cbox rm -f two >/dev/null
    cbox start one >/dev/null
    expect "$before" address4 one
    soon ask outside tcp "$host4" 8080
    expect "one $outside4" ask outside tcp "$host4" 8080
}

@test "the same address and port after a restart, and after others came and went" {
    cbox network create --ipv6 --subnet 10.77.1.0/24 --subnet fd00:77:1::/64 six >/dev/null
    box one --network six -p 8080:80 -- tcp:80:one
    box two --network six -- tcp:80:two
    cbox stop -t 0 one >/dev/null
    box three --network six -- tcp:80:three
    run ! [ "$(address4 three six)" = 10.77.1.2 ]
    cbox start one >/dev/null
    expect '10.77.1.2 fd00:77:1::2' echo "$(address4 one six) $(address6 one six)"
    for _ in 1 2 3; do
        cbox restart -t 0 one >/dev/null
        soon from two tcp 10.77.1.2 80
        expect 'one 10.77.1.3' from two tcp 10.77.1.2 80
        expect 'one fd00:77:1::3' from two tcp fd00:77:1::2 80
        soon ask outside tcp "$host4" 8080
        expect "one $outside4" ask outside tcp "$host4" 8080
    done
}

@test "a successor at the same address is found at once, though its neighbours remember the one before" {
    cbox network create --subnet 10.77.1.0/24 net >/dev/null
    box two --network net --ip 10.77.1.9 -- tcp:80:two
    for n in 1 2 3 4 5; do
        cbox run -d --name "one-$n" --network net --ip 10.77.1.5 "${with_tools[@]}" alpine /fixtures/answer "tcp:80:one-$n" >/dev/null 3>&-
        wait_for 20 has_started "one-$n"
        expect "one-$n 10.77.1.9" from two tcp 10.77.1.5 80
        expect "one-$n 10.77.1.1" ask host tcp 10.77.1.5 80
        cbox rm -f "one-$n" >/dev/null
    done
}

@test "leases of the killed are free: a network of two addresses serves many, one after the other" {
    cbox network create --subnet 10.77.1.0/30 tiny >/dev/null
    for n in 1 2 3; do
        cbox run -d --name "one-$n" --network tiny alpine sleep 777821 >/dev/null 3>&-
        expect 10.77.1.2 address4 "one-$n" tiny
        refuse 125 'tiny' cbox run --rm --network tiny alpine true
        kill -KILL "$(monitor_of "one-$n")"
        wait_for 10 is_status "one-$n" exited
    done
}

@test "killed while it starts: neither port nor address nor rule stays, whenever that is" {
    for n in 01 02 03 04 05 06 08 10 12 15 20 30; do
        cbox run -d --name "k$n" -p 8080:80 alpine sleep 777822 >/dev/null 2>&1 3>&- &
        pid=$!
        sleep "0.0$n"
        kill -KILL $pid 2>/dev/null || true
        wait $pid || true
        cbox rm -f "k$n" >/dev/null 2>&1 || true
        wait_for 10 cbox run --rm -p 8080:80 alpine true
    done
    expect '' networks_in_use
}

@test "a network whose bridge was deleted by somebody is whole at the next start" {
    cbox network create --subnet 10.77.1.0/24 -o com.docker.network.bridge.name=mine0 net >/dev/null
    cbox run --rm --network net alpine true
    ip link delete mine0
    box one --network net -- tcp:80:one
    expect 'one 10.77.1.1' ask host tcp 10.77.1.2 80
    ip link set mine0 down
    cbox run --rm --network net alpine ping -c 1 -W 2 10.77.1.1 >/dev/null
    ip addr flush dev mine0
    cbox run --rm --network net alpine ping -c 1 -W 2 10.77.1.1 >/dev/null
}

# Nothing is made: what was there before is there after.
world() {
    ip -br link | grep -v '^cb[0-9a-f]\{11\}@' | awk '{ print $1 }'
    cbox network ls --format '{{.Name}}'
    cbox ps -aq
    ls "$CBOX_ROOT/networks"
    nft list ruleset | md5sum
}

@test "bad input: one line that names the thing and its owner, and nothing half-made" {
    cbox network create --subnet 10.77.1.0/24 net >/dev/null
    box one --network net --ip 10.77.1.5 -p 8080:80 -- tcp:80:one
    cbox run --rm alpine true
    before=$(world)
    no() {
        refuse "$@"
        expect "$before" world
    }
    no 1 '10\.77\.1\.0/25.*net|net.*10\.77\.1\.0' cbox network create --subnet 10.77.1.0/25 bad
    no 1 '203\.0\.113\.0' cbox network create --subnet 203.0.113.0/24 bad
    no 1 '10\.77\.2\.1' cbox network create --subnet 10.77.3.0/24 --gateway 10.77.2.1 bad
    no 1 '10\.77\.4\.0' cbox network create --subnet 10.77.3.0/24 --ip-range 10.77.4.0/28 bad
    no 1 '10\.77\.4\.9' cbox network create --subnet 10.77.3.0/24 --aux-address x=10.77.4.9 bad
    no 1 'nonsense' cbox network create --subnet nonsense bad
    no 1 '10\.77\.3\.1/24' cbox network create --subnet 10.77.3.1/24 bad
    no 1 'net.*already exists' cbox network create net
    no 1 'bad/name' cbox network create bad/name
    no 1 'host|bridge' cbox network create bridge
    no 1 'no-such' cbox network create -d no-such bad
    no 1 'mtu|nonsense' cbox network create -o com.docker.network.driver.mtu=nonsense bad
    no 1 'net.*one|one.*net' cbox network rm net
    no 1 'bridge' cbox network rm bridge
    no 1 'no-such' cbox network rm no-such
    no 1 'no-such' cbox network inspect no-such
    no 1 'one' cbox network connect net one
    no 1 'no-such' cbox network connect no-such one
    no 1 'no-such' cbox network disconnect net no-such
    no 125 '10\.77\.1\.5.*one' cbox run --rm --network net --ip 10.77.1.5 alpine true
    no 125 '10\.77\.1\.1' cbox run --rm --network net --ip 10.77.1.1 alpine true
    no 125 '10\.9\.9\.9' cbox run --rm --network net --ip 10.9.9.9 alpine true
    no 125 'nonsense' cbox run --rm --network net --ip nonsense alpine true
    no 125 'nonsense' cbox run --rm --network net --mac-address nonsense alpine true
    no 125 '8080.*one' cbox run --rm -p 8080:80 alpine true
    no 125 'no-such' cbox run --rm --network no-such alpine true
    no 125 '' cbox run --rm --network name=net,nonsense=1 alpine true
}

@test "a kernel without a module: its name" {
    cbox network create -d ipvlan --subnet 10.77.8.0/24 -o parent=up0 lan >/dev/null
    if ! ip link add probe link up0 type ipvlan 2>/dev/null; then
        refuse 125 'ipvlan' cbox run --rm --network lan alpine true
    else
        ip link delete probe
        cbox run --rm --network lan alpine true
    fi
}

@test "without root: one line" {
    refuse 125 'root|permi' setpriv --reuid 65534 --regid 65534 --clear-groups env CBOX_ROOT="$BATS_TEST_TMPDIR/r" \
        CBOX_STATE="$BATS_TEST_TMPDIR/s" "$cbox" run --rm alpine true
}
