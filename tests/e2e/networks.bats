#!/usr/bin/env bats
# Networks as things: made, listed, described, removed, refused; and what no crash may leave of them. What goes through them
# is for network-*.bats.

# shellcheck disable=SC2119,SC2120  # names takes options, or none

load alpine

# Those that are not always there.
names() {
    cbox network ls -f type=custom --format '{{.Name}}' "$@"
}

subnet() {
    cbox network inspect -f '{{range .IPAM.Config}}{{.Subnet}} {{.Gateway}}{{end}}' "$1"
}

# configure JSON: a configuration with nothing else, for this test.
configure() {
    echo "$1" >"$BATS_TEST_TMPDIR/c.json"
    export CBOX_CONFIG=$BATS_TEST_TMPDIR/c.json
}

# --- create, ls, inspect ---------------------------------------------------------------------------------------------

@test "create prints the id; a name is taken once" {
    run --separate-stderr cbox network create n1
    [[ $output =~ ^[0-9a-f]{64}$ ]]
    [ "$(cbox network inspect -f '{{.Id}}' n1)" = "$output" ]
    [ "$(cbox network inspect -f '{{.Name}}' "${output:0:7}")" = n1 ]
    refuse 1 'network with name n1 already exists' cbox network create n1
    expect n1 cbox network rm n1
}

@test "three are always there, with ids that stay" {
    expect $'bridge bridge local\nhost host local\nnone null local' \
        cbox network ls -f type=builtin --format '{{.Name}} {{.Driver}} {{.Scope}}'
    ids=$(cbox network ls -q --no-trunc -f type=builtin)
    [ "$(sort -u <<<"$ids" | wc -l)" -eq 3 ]
    expect "$ids" cbox network ls -q --no-trunc -f type=builtin
    for name in bridge host none; do
        refuse 1 "$name is a pre-defined network and cannot be removed" cbox network rm "$name"
        refuse 1 "operation is not permitted on predefined $name network" cbox network create "$name"
    done
}

@test "inspect has Docker's shape, and a list of what is there beside what is not" {
    cbox network create --subnet 10.5.0.0/16 --ip-range 10.5.3.0/24 --gateway 10.5.0.254 --aux-address a=10.5.3.1 \
        --internal --attachable --label x=y -o mtu=1400 n3
    run --separate-stderr cbox network inspect nope n3
    [ "$status" -eq 1 ]
    [[ $stderr == *"network nope not found"* ]]
    [ "$(jq length <<<"$output")" -eq 1 ]
    [ "$(jq -c '.[0] | keys_unsorted' <<<"$output")" = '["Name","Id","Created","Scope","Driver","EnableIPv4","EnableIPv6","IPAM","Internal","Attachable","Ingress","ConfigFrom","ConfigOnly","Containers","Options","Labels"]' ]
    [ "$(jq -c '.[0] | [.IPAM, .Internal, .Attachable, .EnableIPv4, .EnableIPv6, .Containers, .Options, .Labels, .Driver]' <<<"$output")" = \
        '[{"Driver":"default","Options":{},"Config":[{"Subnet":"10.5.0.0/16","IPRange":"10.5.3.0/24","Gateway":"10.5.0.254","AuxiliaryAddresses":{"a":"10.5.3.1"}}]},true,true,true,false,{},{"mtu":"1400"},{"x":"y"},"bridge"]' ]
    # by any way that inspect knows
    [ "$(cbox inspect -f '{{.Driver}}' n3)" = bridge ]
    [ "$(cbox inspect --type network -f '{{.Name}}' none)" = none ]
    refuse_volume() { cbox inspect --type volume n3 2>&1; }
    run refuse_volume
    [ "$status" -eq 1 ]
    cbox network rm n3
}

@test "ls: table, formats, filters, natural order" {
    cbox network create n10 && cbox network create n9 && cbox network create --internal --ipv6 --label k=v lab
    [ "$(cbox network ls | head -1)" = "NETWORK ID     NAME      DRIVER    SCOPE" ]
    expect $'lab\nn9\nn10' names
    expect 'lab true true' cbox network ls -f label=k=v --format '{{.Name}} {{.IPv6}} {{.Internal}}'
    expect v cbox network ls -f label=k --format '{{.Label "k"}}'
    expect $'n9\nn10' names -f name=^n
    expect host cbox network ls -f driver=host --format '{{.Name}}'
    expect '' names -f scope=swarm
    expect n9 names -f "id=$(cbox network ls -q -f name=n9)"
    expect $'lab\nn9\nn10' names -f dangling=true
    refuse 1 "invalid filter 'nope'" cbox network ls -f nope=1
    refuse 1 "invalid filter 'type=x'" cbox network ls -f type=x
    [ "$(cbox network ls -f name=lab --format json | jq -c 'keys')" = '["CreatedAt","Driver","ID","IPv4","IPv6","Internal","Labels","Name","Scope"]' ]
    expect $'lab\nn10\nn9' bash -c 'cbox __complete network | grep -v "bridge\|host\|none"'
    cbox network rm n9 n10 lab
}

# --- subnets ---------------------------------------------------------------------------------------------------------

@test "subnets come from Docker's pools, without what other networks have and the host routes" {
    ip link add name other type bridge
    ip addr add 172.18.0.1/24 dev other
    ip link set dev other up
    ip route add 172.17.128.0/24 dev other
    cbox network create a && cbox network create b
    expect '172.19.0.0/16 172.19.0.1' subnet a
    expect '172.20.0.0/16 172.20.0.1' subnet b
    cbox network rm a
    cbox network create c
    expect '172.19.0.0/16 172.19.0.1' subnet c
    cbox network rm b c
    ip link del dev other
}

@test "the configuration's pools, until they are used up" {
    configure '{"address_pools": [{"base": "10.200.0.0/23", "size": 24}, {"base": "fd12::/47", "size": 48}]}'
    cbox network create a && cbox network create --ipv6 b
    expect '10.200.0.0/24 10.200.0.1' subnet a
    expect '10.200.1.0/24 10.200.1.1fd12::/48 fd12::1' subnet b
    refuse 1 'all predefined address pools have been fully subnetted' cbox network create c
    expect $'a\nb' names
    cbox network rm a b
    configure '{"address_pools": [{"base": "10.200.0.1/23", "size": 24}]}'
    refuse 1 'address_pools\[0\]: base: .* has bits set behind its prefix' cbox network create c
}

@test "IPv6 alone, both, and subnets in one word" {
    cbox network create --ipv4=false --ipv6 --subnet fd07::/64 six
    [ "$(cbox network inspect -f '{{.EnableIPv4}} {{.EnableIPv6}} {{len .IPAM.Config}}' six)" = 'false true 1' ]
    cbox network create --subnet 10.8.0.0/24,fd08::/64 both
    expect '10.8.0.0/24 10.8.0.1fd08::/64 fd08::1' subnet both
    cbox network rm six both
}

@test "a subnet that overlaps is refused with whose it is" {
    ip link add name other type bridge
    ip addr add 10.77.0.1/16 dev other
    ip link set dev other up
    cbox network create --subnet 10.5.0.0/16 have
    refuse 1 'subnet 10.5.4.0/24 overlaps with 10.5.0.0/16 of network have' cbox network create --subnet 10.5.4.0/24 n
    refuse 1 'subnet 10.0.0.0/8 overlaps with 10.5.0.0/16 of network have' cbox network create --subnet 10.0.0.0/8 n
    refuse 1 'subnet 10.77.3.0/24 overlaps with 10.77.0.0/16, to which the host has a route' \
        cbox network create --subnet 10.77.3.0/24 n
    # Beside the host's addresses it is meant to be; and a bridge that is there may be used with its subnet.
    cbox network create -d macvlan --subnet 10.77.0.0/16 -o parent=other lan
    cbox network rm lan
    refuse 1 'the host has no interface nosuch0' cbox network create -d macvlan --subnet 10.88.0.0/16 -o parent=nosuch0 n
    refuse 1 'the host has no interface nosuch0' cbox network create -d macvlan --subnet 10.88.0.0/16 -o parent=nosuch0.5 n
    refuse 1 'the host has no interface other.9999' cbox network create -d macvlan --subnet 10.88.0.0/16 -o parent=other.9999 n
    cbox network create --subnet 10.77.0.0/16 --gateway 10.77.0.1 -o com.docker.network.bridge.name=other own
    refuse 1 'bridge other is network own' cbox network create -o com.docker.network.bridge.name=other n
    expect $'have\nown' names
    cbox network rm have own
    ip link show dev other # it was not ours
    ip link del dev other
}

@test "what cannot be is refused, and leaves nothing" {
    refuse 1 'invalid network name "a b"' cbox network create 'a b'
    refuse 1 'invalid network name "../x"' cbox network create ../x
    refuse 1 'is longer than 255' cbox network create "$(printf 'x%.0s' {1..256})"
    refuse 1 'invalid subnet 10.6.0.1/24: it should be 10.6.0.0/24' cbox network create --subnet 10.6.0.1/24 n
    refuse 1 'every ip-range or gateway must have a corresponding subnet' cbox network create --gateway 10.6.0.1 n
    refuse 1 'no matching subnet for gateway 10.7.0.1' cbox network create --subnet 10.6.0.0/24 --gateway 10.7.0.1 n
    refuse 1 'no matching subnet for range 10.7.0.0/25' cbox network create --subnet 10.6.0.0/24 --ip-range 10.7.0.0/25 n
    refuse 1 'no matching subnet for aux-address 10.7.0.1' \
        cbox network create --subnet 10.6.0.0/24 --aux-address x=10.7.0.1 n
    refuse 1 'plugin "nope" not found' cbox network create -d nope n
    refuse 1 'only one instance of "host" network is allowed' cbox network create -d host n
    refuse 1 'overlay needs a swarm' cbox network create -d overlay n
    refuse 1 'driver bridge knows no option "nope"' cbox network create -o nope=1 n
    refuse 1 '"1" is no number from 68 to 65535' cbox network create -o com.docker.network.driver.mtu=1 n
    refuse 1 'cannot be the name of an interface' cbox network create -o com.docker.network.bridge.name=a/b n
    refuse 1 '--ingress: .* swarm' cbox network create --ingress n
    refuse 1 '--config-only: .* swarm' cbox network create --config-only n
    refuse 1 '--config-from: .* swarm' cbox network create --config-from x n
    refuse 1 '--scope swarm' cbox network create --scope swarm n
    refuse 1 'plugin "dhcp" not found' cbox network create --ipam-driver dhcp n
    refuse 1 '--ipam-opt a=b' cbox network create --ipam-opt a=b n
    refuse 125 'unknown flag' cbox network create --nope n
    [ -z "$(names)" ]
    [ -z "$(ls "$CBOX_ROOT/networks")" ]
}

@test "without the right to write there is no network" {
    chmod 711 "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR"
    refuse 1 'permission denied' setpriv --reuid 65534 --regid 65534 --clear-groups "$cbox" network create n
    [ -z "$(names)" ]
}

# --- removing --------------------------------------------------------------------------------------------------------

@test "rm: several, what is not there, and -f" {
    cbox network create a && cbox network create b
    run --separate-stderr cbox network rm a nope b
    [ "$status" -eq 1 ]
    [ "$output" = $'a\nb' ]
    [ "$stderr" = 'cbox: network nope not found' ]
    expect '' cbox network rm -f nope
    [ -z "$(names)" ]
}

@test "one in use is not removed, and the containers are named" {
    cbox network create used
    cbox run -d --name web --network used alpine sleep 1000
    refuse 1 'network used has active endpoints \(name:"web" id:"[0-9a-f]{12}"\)' cbox network rm used
    expect 'web 172.17.0.2/16' cbox network inspect -f '{{range .Containers}}{{.Name}} {{.IPv4Address}}{{end}}' used
    expect used names -f dangling=false
    expect '' cbox network prune -f
    cbox stop -t 0 web
    expect '{}' cbox network inspect -f '{{json .Containers}}' used
    expect '' cbox network prune -f # it will be started again
    cbox rm web
    expect $'Deleted Networks:\nused' cbox network prune -f
    [ -z "$(names)" ]
}

@test "prune: question, filters; and system prune" {
    cbox network create old && cbox network create --label keep kept
    run cbox network prune <<<n
    [[ $output == 'WARNING! This will remove all custom networks not used by at least one container.'* ]]
    expect '' cbox network prune -f --filter until=1h
    refuse 1 "invalid filter 'nope'" cbox network prune -f --filter nope=1
    expect $'Deleted Networks:\nold' cbox network prune -f --filter label!=keep
    run cbox system prune <<<n
    [[ $output == *'- all networks not used by at least one container'* ]]
    run cbox system prune -f
    [[ $output == *$'Deleted Networks:\nkept'* ]]
    [ -z "$(names)" ]
}

@test "events tell of it" {
    since=$(date +%s.%N)
    cbox network create told
    cbox network rm told
    expect $'create told bridge\ndestroy told bridge' cbox events --since "$since" --until 0s --filter type=network \
        --format '{{.Action}} {{.Actor.Attributes.name}} {{.Actor.Attributes.type}}'
}

@test "a damaged record is named, keeps others from guessing its subnet, and can be removed" {
    cbox network create bad
    echo '{' >"$CBOX_ROOT/networks/bad/network.json"
    refuse 1 'networks/bad/network.json' cbox network create other
    run cbox system check -q
    [ "$status" -ne 0 ]
    [[ $output == *networks/bad* ]]
    run cbox network ls -q
    [ "$status" -eq 0 ]
    expect bad cbox network rm bad
    cbox network create other
    cbox network rm other
    cbox system check -q
}

@test "a damaged table of endpoints keeps nobody from removing a network that has no containers" {
    cbox network create used
    cbox run -d --name web --network used alpine sleep 1000
    echo nonsense >"$CBOX_STATE/networks/$(cbox network inspect -f '{{.Id}}' used)/endpoints"
    refuse 1 'network used has active endpoints' cbox network rm used
    cbox rm -f web
    wait_for 10 cbox network rm used
    [ -z "$(names)" ]
}

@test "inspect of host and none lists who uses them" {
    cbox run -d --name web --network host alpine sleep 1000
    cbox run -d --name lone --network none alpine sleep 1000
    cbox create --name later --network host alpine sleep 1000
    for one in host=web none=lone; do
        expect "${one#*=}  " cbox network inspect -f \
            '{{range .Containers}}{{.Name}} {{.IPv4Address}} {{.MacAddress}}{{end}}' "${one%=*}"
    done
    cbox rm -f web lone later
    expect '{}' cbox network inspect -f '{{json .Containers}}' host
}

# --- addresses -------------------------------------------------------------------------------------------------------

# has ADDRESS CONTAINER: as the network sees it.
has() {
    [[ "$(cbox network inspect -f '{{range .Containers}}{{.Name}}={{.IPv4Address}} {{end}}' lease)" == *"$2=$1/29 "* ]]
}

@test "a container that starts again has the address that it had; whoever is not there keeps none from others" {
    cbox network create --subnet 10.9.0.0/29 lease # .1 is the gateway's, .2 to .6 are for containers
    cbox run -d --name one --network lease alpine sleep 1000
    cbox run -d --name two --network lease alpine sleep 1000
    has 10.9.0.2 one
    has 10.9.0.3 two
    refuse 125 'address 10.9.0.2 of network lease is already in use by container one' \
        cbox run --rm --network lease --ip 10.9.0.2 alpine true
    refuse 125 'no configured subnet of network lease contains the IP address 10.9.1.2' \
        cbox run --rm --network lease --ip 10.9.1.2 alpine true
    refuse 125 'address 10.9.0.7 is the broadcast address' cbox run --rm --network lease --ip 10.9.0.7 alpine true
    cbox stop -t 0 one
    cbox run -d --name three --network lease alpine sleep 1000
    has 10.9.0.4 three # .2 is kept while there are others
    cbox start one
    has 10.9.0.2 one
    cbox run -d --name four --network lease alpine sleep 1000
    cbox run -d --name five --network lease alpine sleep 1000
    refuse 125 'no available IPv4 addresses on this network.s address pools: lease' \
        cbox run --rm --network lease alpine true
    cbox stop -t 0 two
    expect 10.9.0.3 cbox run --rm --network lease alpine sh -c "ip -4 -o addr show dev eth0 | sed 's,.*inet ,,; s,/.*,,'"
    cbox start two
    has 10.9.0.3 two
    cbox rm -f one two three four five
    cbox network rm lease
}

@test "whose monitor was killed has no address; nor one that was removed" {
    cbox network create --subnet 10.9.0.0/29 lease
    cbox run -d --name one --network lease alpine sleep 1000
    pid=$(cbox inspect -f '{{.State.Pid}}' one)
    kill -KILL "$(awk '/^PPid/ {print $2}' "/proc/$pid/status")"
    cbox run -d --name two --network lease --ip 10.9.0.2 alpine sleep 1000
    has 10.9.0.2 two
    cbox rm -f one two
    [ ! -s "$CBOX_STATE/networks/$(cbox network inspect -f '{{.Id}}' lease)/endpoints" ]
    cbox network rm lease
}

@test "a removed network leaves no bridge, no rule and no table" {
    cbox network create gone
    id=$(cbox network inspect -f '{{.Id}}' gone)
    cbox run --rm --network gone alpine true
    ip link show dev "cbox-${id:0:10}"
    nft list ruleset | grep -q "cbox-${id:0:10}"
    cbox network rm gone
    ! ip link show dev "cbox-${id:0:10}" || return 1
    ! nft list ruleset | grep "cbox-${id:0:10}" || return 1
    [ ! -e "$CBOX_STATE/networks/$id" ]
}

# --- many at once ----------------------------------------------------------------------------------------------------

@test "made at once they have different subnets, and one name is taken once" {
    pids=()
    for ((n = 0; n < 12; n++)); do
        cbox network create "many$n" >/dev/null &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do
        wait "$pid"
    done
    [ "$(for name in $(names); do subnet "$name"; done | sort -u | wc -l)" -eq 12 ]
    made=0
    for ((n = 0; n < 8; n++)); do
        cbox network create same >/dev/null 2>&1 3>&- &
        pids[n]=$!
    done
    for ((n = 0; n < 8; n++)); do
        if wait "${pids[n]}"; then made=$((made + 1)); fi
    done
    [ "$made" -eq 1 ]
    cbox network prune -f >/dev/null
    [ -z "$(names)" ]
}

@test "killed while it is made or removed: there or not, and never by half" {
    for ((n = 0; n < 20; n++)); do
        timeout -s KILL "0.00$((RANDOM % 10))" cbox network create "k$n" >/dev/null 2>&1 || true
        cbox network ls -q >/dev/null
    done
    for name in $(names); do
        [ -n "$(subnet "$name")" ]
        timeout -s KILL "0.00$((RANDOM % 10))" cbox network rm "$name" >/dev/null 2>&1 || true
    done
    names | xargs -r cbox network rm -f >/dev/null
    [ -z "$(names)" ]
    cbox system check -q
}
