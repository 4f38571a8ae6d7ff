#!/usr/bin/env bats
# Many: endpoints of a network, names among a thousand. CBOX_MANY is how many containers run (30).

load network

@test "many containers on one network: each has an address of its own, and each is reached" {
    local n many=${CBOX_MANY:-30}
    cbox network create --subnet 10.77.0.0/20 net >/dev/null
    for ((n = 0; n < many; n++)); do
        cbox run -d --name "n$n" --network net alpine nc -ll -p 80 -e hostname >/dev/null 3>&-
    done
    box asker --network net -- tcp:80:asker
    expect "$((many + 1))" sh -c "cbox network inspect net -f '{{range .Containers}}{{.IPv4Address}}{{\"\\n\"}}{{end}}' | grep . | sort -u | wc -l"
    cbox exec asker bash -c "for ((n = 0; n < $many; n++)); do exec 3<>/dev/tcp/n\$n/80 && head -n 1 <&3; done" >"$BATS_TEST_TMPDIR/names"
    expect "$many" sh -c "sort -u '$BATS_TEST_TMPDIR/names' | wc -l"
    expect "$many" sh -c "ip -br link show type veth | grep -c '^cb[0-9a-f]\{11\}@' | awk '{ print \$1 - 1 }'"
}

# A bridge has 1023 ports. Where bridges are filtered, what goes through the second one comes by the rules, too.
@test "a bridge that is full: the second one beside it is the same network" {
    local n
    cbox network create -o com.docker.network.bridge.name=full net >/dev/null
    box one --network net -- tcp:80:one
    for ((n = 0; n < 1100; n++)); do
        echo "link add f$n type veth peer name g$n"
        echo "link set f$n master full"
    done >"$BATS_TEST_TMPDIR/ports"
    ip -batch "$BATS_TEST_TMPDIR/ports" 2>/dev/null || true # until it is full
    box two --network net -- tcp:80:two
    expect "1" sh -c "ip -br link show master full.1 | grep -c '^cj'"
    expect "two $(address4 one net)" from one tcp two 80
    expect "one $(address4 two net)" from two tcp one 80
    for ((n = 0; n < 1100; n++)); do
        echo "link del f$n"
    done >"$BATS_TEST_TMPDIR/ports"
    ip -force -batch "$BATS_TEST_TMPDIR/ports" 2>/dev/null || true
}

@test "a thousand leases: an address is taken from a network that is nearly full, and an error says when it is" {
    cbox network create --subnet 10.77.0.0/22 net >/dev/null
    box one --network net -- tcp:80:one
    expect 10.77.0.2 address4 one net
    cbox network create --subnet 10.78.0.0/29 --ip-range 10.78.0.4/31 small >/dev/null
    box two --network small -- tcp:80:two
    box three --network small -- tcp:80:three
    refuse 125 'small' cbox run --rm --network small alpine true
    cbox rm -f two >/dev/null
    cbox run --rm --network small alpine true
}
