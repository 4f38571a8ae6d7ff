#!/usr/bin/env bats
# Volumes: made, listed, used, filled, removed; and what no crash may leave of them.

# shellcheck disable=SC2119,SC2120  # names takes options, or none

load helper

setup_file() {
    file_setup
    PATH=$(dirname -- "$cbox"):$PATH
    cbox pull -q alpine
    # An image with content at the place of its volume: owners, modes, links, hard links.
    cbox run --name maker alpine sh -c '
        mkdir -p /data/dir && chmod 750 /data && chown 7:8 /data
        echo one >/data/one && chown 1:2 /data/one && chmod 4711 /data/one
        ln /data/one /data/dir/hard && ln -s /etc/passwd /data/link && ln -s ../../../../etc /data/out
        mkfifo /data/fifo
        touch -d "2001-02-03 04:05:06" /data/dir/old && ln -s /data /linked && echo f >/file'
    cbox export maker | cbox import -c 'VOLUME /data' -c 'CMD ["sh"]' - filled:1
    cbox rm maker
}

teardown_file() {
    file_teardown
}

setup() {
    test_setup
}

teardown() {
    test_teardown
}

names() {
    cbox volume ls -q "$@"
}

files_of() {
    cbox volume inspect -f '{{.Mountpoint}}' "$1"
}

# --- create, ls, inspect ---------------------------------------------------------------------------------------------

@test "create prints the name; one that exists is left as it is" {
    expect v1 cbox volume create v1
    echo x >"$(files_of v1)/x"
    expect v1 cbox volume create v1
    [ -f "$(files_of v1)/x" ]
    run cbox volume create
    [[ $output =~ ^[0-9a-f]{64}$ ]]
    [ "$(cbox volume inspect -f '{{json .Labels}}' "$output")" = '{"com.docker.volume.anonymous":""}' ]
    cbox volume rm v1 "$output"
}

@test "names, drivers and options that cannot be are refused in Docker's words" {
    refuse 1 'create a/b: "a/b" includes invalid characters for a local volume name' cbox volume create a/b
    refuse 1 'create \.\.: .* includes invalid characters' cbox volume create ..
    refuse 1 'volume name is too short, names should be at least two' cbox volume create x
    refuse 1 'plugin "nope" not found' cbox volume create -d nope vv
    refuse 1 'invalid option: "bad"' cbox volume create -o bad=1 vv
    refuse 1 'missing required option: "device"' cbox volume create -o type=tmpfs vv
    refuse 1 'quota' cbox volume create -o size=1g vv
    [ -z "$(names)" ]
}

@test "inspect has Docker's shape, and a list of what is there beside what is not" {
    cbox volume create --label a=b -o type=tmpfs -o device=tmpfs -o o=size=1m v2
    [ "$(cbox volume inspect v2 | jq -c '.[0] | [keys, .Driver, .Labels, .Name, .Options.o, .Scope]')" = \
        '[["CreatedAt","Driver","Labels","Mountpoint","Name","Options","Scope"],"local",{"a":"b"},"v2","size=1m","local"]' ]
    run --separate-stderr cbox volume inspect nope v2
    [ "$status" -eq 1 ]
    [[ $stderr == *"get nope: no such volume"* ]]
    [ "$(jq length <<<"$output")" -eq 1 ]
    cbox volume rm v2
}

@test "ls: table, formats, filters, natural order" {
    cbox volume create n10 && cbox volume create n9 && cbox volume create --label k=v lab
    [ "$(cbox volume ls | head -1)" = "DRIVER    VOLUME NAME" ]
    expect $'lab\nn9\nn10' cbox volume ls -q
    expect 'local lab' cbox volume ls -f label=k=v --format '{{.Driver}} {{.Name}}'
    expect v cbox volume ls -f label=k --format '{{.Label "k"}}'
    expect $'n9\nn10' names -f name=^n
    expect '' names -f driver=other
    expect '' names -f dangling=false
    cbox create --name user -v n9:/x alpine
    expect n9 names -f dangling=false
    expect $'lab\nn10' names -f dangling=true
    refuse 1 "invalid filter 'nope'" cbox volume ls -f nope=1
    [ "$(cbox volume ls -f name=lab --format json | jq -r .Labels)" = k=v ]
    cbox rm user
    cbox volume rm n9 n10 lab
}

# --- use -------------------------------------------------------------------------------------------------------------

@test "a named volume outlives its containers, and is theirs together" {
    cbox run --rm -v shared:/x alpine sh -c 'echo hello >/x/f'
    expect hello cbox run --rm -v shared:/y:ro alpine cat /y/f
    refuse_touch() { cbox run --rm -v shared:/y:ro alpine touch /y/g; }
    run refuse_touch
    [[ $output == *"Read-only file system"* ]]
    cbox volume rm shared
}

@test "first use copies what the image has there: owner, mode, time, links" {
    cbox run --rm -v first:/data filled:1 true
    cd "$(files_of first)"
    [ "$(stat -c '%u:%g %a' .)" = "7:8 750" ]
    [ "$(stat -c '%u:%g %a %h' one)" = "1:2 4711 2" ]
    [ "$(stat -c %i one)" = "$(stat -c %i dir/hard)" ]
    [ "$(readlink link)" = /etc/passwd ]
    [ "$(readlink out)" = ../../../../etc ]
    [ -p fifo ]
    [ "$(date -u -r dir/old +%F)" = 2001-02-03 ]
    cd /
    cbox volume rm first
}

@test "it is copied into an empty volume alone, and not with nocopy" {
    cbox volume create full
    touch "$(files_of full)/mine"
    cbox run --rm -v full:/data filled:1 true
    [ "$(ls -A "$(files_of full)")" = mine ]
    cbox run --rm -v bare:/data:nocopy filled:1 true
    [ -z "$(ls -A "$(files_of bare)")" ]
    cbox run --rm --mount type=volume,src=bare2,dst=/data,volume-nocopy filled:1 true
    [ -z "$(ls -A "$(files_of bare2)")" ]
    # what the image has no directory for is no failure
    cbox run --rm -v none:/nothing/there filled:1 true
    # through a link of the image, which never leads out of it
    cbox run --rm -v link:/linked filled:1 true
    [ -f "$(files_of link)/one" ]
    cbox volume rm full bare bare2 none link
}

@test "an image's volume, and -v DESTINATION, are anonymous: gone with --rm and rm -v, and with nothing else" {
    cbox run --rm filled:1 true
    cbox run --rm -v /more alpine true
    [ -z "$(names)" ]
    cbox run --name keeps -v named:/n filled:1 true
    [ "$(names | wc -l)" -eq 2 ]
    cbox rm keeps
    [ "$(names | wc -l)" -eq 2 ]
    cbox volume prune -f
    expect named names
    cbox run --name goes -v named:/n filled:1 true
    cbox rm -v goes
    expect named names
    cbox volume rm named
}

@test "--rm leaves an anonymous volume that another container uses" {
    cbox create --name first filled:1
    cbox create --name second --volumes-from first alpine cat /data/one
    cbox rm -v first
    [ "$(names | wc -l)" -eq 1 ]
    expect one cbox start -a second
    cbox rm -v second
    [ -z "$(names)" ]
}

@test "a volume over a file of the image is refused, and leaves nothing" {
    refuse 125 'file exists /file' cbox run --rm -v over:/file filled:1 true
    [ -z "$(names)" ]
    [ -z "$(cbox ps -aq)" ]
}

@test "what fails leaves no volume behind" {
    cbox create --name taken alpine
    refuse 125 'already in use' cbox run --name taken -v mine:/x -v /anon alpine true
    refuse 125 'not found' cbox run --name other -v mine:/x --volume-driver nope alpine true
    refuse 125 'no such container: nobody' cbox run -v mine:/x --volumes-from nobody alpine true
    [ -z "$(names)" ]
    cbox rm taken
}

@test "two containers that fill one volume at once see all of it" {
    local i pids=()
    for i in 1 2 3 4; do
        cbox run --rm -v together:/data filled:1 sh -c 'cat /data/one; ls /data | wc -l' >"$BATS_TEST_TMPDIR/$i" 3>&- &
        pids+=($!)
    done
    wait "${pids[@]}"
    for i in 1 2 3 4; do
        [ "$(<"$BATS_TEST_TMPDIR/$i")" = $'one\n5' ]
    done
    cbox volume rm together
}

@test "a volume of type tmpfs, and one that is a directory of the host" {
    cbox volume create -o type=tmpfs -o device=tmpfs -o o=size=1m,uid=5 mem
    run cbox run --rm -v mem:/m alpine sh -c 'grep " /m " /proc/mounts; stat -c %u /m'
    [[ $output == *"tmpfs /m tmpfs"*"size=1024k"* ]]
    [ "${lines[-1]}" = 5 ]
    mkdir "$BATS_TEST_TMPDIR/host"
    echo host >"$BATS_TEST_TMPDIR/host/f"
    cbox volume create -o type=none -o o=bind -o "device=$BATS_TEST_TMPDIR/host" dir
    expect host cbox run --rm -v dir:/d alpine cat /d/f
    cbox volume rm mem dir
    [ -f "$BATS_TEST_TMPDIR/host/f" ]
}

# --- rm and prune ----------------------------------------------------------------------------------------------------

@test "rm: in use, not there, forced" {
    cbox create --name user -v used:/x alpine
    id=$(cbox ps -aq --no-trunc)
    refuse 1 "remove used: volume is in use - \[$id\]" cbox volume rm used
    refuse 1 "volume is in use" cbox volume rm -f used
    refuse 1 "get nope: no such volume" cbox volume rm nope
    expect nope cbox volume rm -f nope
    refuse 1 "get \.\./containers: no such volume" cbox volume rm ../containers
    cbox rm user
    expect used cbox volume rm used
}

@test "prune takes what is anonymous and unused, with -a all that is unused" {
    cbox create --name user -v used:/x -v /anon alpine
    cbox volume create named
    cbox volume create --label keep=1 kept
    anonymous=$(cbox volume create)
    run cbox volume prune -f
    [ "${lines[0]}" = "Deleted Volumes:" ]
    [ "${lines[1]}" = "$anonymous" ]
    [[ ${lines[2]} == "Total reclaimed space: "* ]]
    echo n | cbox volume prune -a | grep -q "This will remove all local volumes"
    cbox volume prune -af --filter label!=keep
    expect $'kept\nused' cbox volume ls -q -f 'name=^(kept|used|named)$'
    cbox rm -v user
    cbox volume prune -af
    [ -z "$(names)" ]
}

@test "system prune takes anonymous volumes along when it is told to" {
    cbox create --name old -v /anon -v kept:/k alpine
    cbox system prune -f
    [ "$(names | wc -l)" -eq 2 ]
    refuse 1 'until.* not supported with "--volumes"' cbox system prune -f --volumes --filter until=1h
    run cbox system prune -f --volumes
    [[ $output == *"Deleted Volumes:"* ]]
    expect kept names
    cbox volume rm kept
}

@test "system df counts their bytes, and check reads their records" {
    cbox volume create big
    head -c 300000 /dev/urandom >"$(files_of big)/f"
    [ "$(cbox system df --format '{{.Type}} {{.TotalCount}} {{.Active}}' | grep Volumes)" = "Local Volumes 1 0" ]
    cbox system df -v | grep -qE '^big +0 +3[0-9.]+kB'
    cbox system check
    echo '{' >"$(dirname "$(files_of big)")/volume.json"
    run cbox system check
    [ "$status" -ne 0 ]
    [[ $output == *"volumes/big"* ]]
    cbox volume rm big
    cbox system check
}

# --- crashes ---------------------------------------------------------------------------------------------------------

@test "killed while one is made: it is there, or it is not" {
    for point in volume-made volume-removed; do
        CBOX_FAILPOINT=$point run cbox volume create crash
        run cbox volume create crash
        CBOX_FAILPOINT=$point run cbox volume rm crash
        cbox volume rm -f crash
        [ -z "$(names)" ]
    done
    cbox system prune -f
    [ -z "$(find "$CBOX_ROOT/tmp" -mindepth 1 -maxdepth 1 -not -name trash -not -name layers)" ]
}

@test "killed while it is filled: the next use fills it again" {
    CBOX_FAILPOINT=volume-filled run cbox run --rm -v half:/data filled:1 true
    [ "$status" -ne 0 ]
    rm -f "$(files_of half)/one"
    expect one cbox run --rm -v half:/data filled:1 cat /data/one
    cbox volume rm half
    # and with an anonymous one nothing is left, once the next command has looked
    CBOX_FAILPOINT=volume-filled run cbox run filled:1 true
    cbox ps -a
    cbox volume prune -f
    [ -z "$(names)" ]
}

@test "the monitor killed: with --rm the anonymous volumes go all the same" {
    local id pid
    id=$(cbox run -d --rm -v /anon -v stays:/s alpine sleep 1000 3>&-)
    pid=$(jq .pid "$CBOX_ROOT/containers/$id/record.json")
    kill -KILL "$(awk '{print $4}' "/proc/$pid/stat")"
    wait_for 10 bash -c '[ -z "$(cbox ps -aq)" ]'
    expect stays names
    cbox volume rm stays
}

@test "killed at any moment: what is filled is whole, what is gone is gone" {
    local i
    for i in $(seq 1 20); do
        timeout -s KILL "0.0$((RANDOM % 4))$((RANDOM % 10))" cbox run --rm -v any:/data -v /anon filled:1 true 3>&- || true
        timeout -s KILL "0.00$((RANDOM % 10))" cbox volume create made.$((i % 3)) || true
        timeout -s KILL "0.00$((RANDOM % 10))" cbox volume rm -f made.$((i % 3)) || true
    done
    cbox ps -a
    expect $'one\n5' cbox run --rm -v any:/data filled:1 sh -c 'cat /data/one; ls /data | wc -l'
    for i in 0 1 2; do
        cbox volume create made.$i
        [ -d "$(files_of made.$i)" ]
    done
    cbox system check
    cbox volume prune -af
    wait_for 10 bash -c '[ -z "$(cbox ps -aq)" ]'
    cbox volume prune -af
    [ -z "$(names)" ]
}

@test "containers and removers at once: a container that runs has its volume" {
    local i pids=()
    for i in $(seq 1 12); do
        cbox run --rm -v race:/r alpine sh -c 'touch /r/x && test -f /r/x' 3>&- &
        pids+=($!)
        cbox volume rm race 2>/dev/null || true
    done
    for i in "${pids[@]}"; do
        wait "$i"
    done
    cbox volume rm -f race
}
