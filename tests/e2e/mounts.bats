#!/usr/bin/env bats
# -v, --mount, --tmpfs, --volumes-from: what is mounted, and what is refused.

load alpine

setup() {
    test_setup
    dir=$BATS_TEST_TMPDIR/dir
    mkdir -p "$dir/sub"
    echo content >"$dir/file"
}

teardown() {
    ! mountpoint -q "$dir/sub" || umount "$dir/sub"
    ! mountpoint -q "$dir" || umount "$dir"
    test_teardown
}

@test "--mount type=bind: read-only, and the source has to be there" {
    expect content in_alpine --mount "type=bind,source=$dir,target=/x,readonly" -- cat /x/file
    run in_alpine --mount "type=bind,src=$dir,dst=/x,ro" -- touch /x/new
    [[ $output == *"Read-only file system"* ]]
    refuse 125 'invalid mount config for type "bind": bind source path does not exist: /no/such' \
        in_alpine --mount type=bind,src=/no/such,dst=/x -- true
    [ ! -e /no/such ]
    cd "$dir"
    expect content in_alpine --mount type=bind,src=.,dst=/x -- cat /x/file
}

@test "a source of -v that is not there is made" {
    in_alpine -v "$dir/a/b:/x" -- true
    [ -d "$dir/a/b" ]
}

@test "what cannot be is refused in Docker's words" {
    refuse 125 'type is required' in_alpine --mount type=,dst=/x -- true
    refuse 125 'target is required' in_alpine --mount type=volume,src=x1 -- true
    refuse 125 "invalid argument \"foo\" for \"--mount\" flag: invalid field 'foo' must be a key=value pair" \
        in_alpine --mount foo -- true
    refuse 125 "unexpected key 'foo' in 'foo=bar'" in_alpine --mount foo=bar -- true
    refuse 125 "cannot mix 'volume-\*' options with mount type 'bind'" \
        in_alpine --mount "type=bind,src=$dir,dst=/x,volume-nocopy" -- true
    refuse 125 "invalid value for readonly: maybe" in_alpine --mount type=volume,dst=/x,readonly=maybe -- true
    refuse 125 'mount type unknown' in_alpine --mount type=nope,dst=/x -- true
    refuse 125 "mount path must be absolute" in_alpine --mount type=tmpfs,dst=x -- true
    refuse 125 "destination can't be '/'" in_alpine -v "$dir:/" -- true
    refuse 125 'invalid mode: nope' in_alpine -v "$dir:/x:nope" -- true
    refuse 125 'invalid mode: ro,rw' in_alpine -v "$dir:/x:ro,rw" -- true
    refuse 125 'empty section between colons' in_alpine -v ":/x" -- true
    refuse 125 'invalid volume specification' in_alpine -v "$dir:/x:ro:z" -- true
    refuse 125 'invalid tmpfs option "foo"' in_alpine --tmpfs /t:foo -- true
    refuse 125 "requires 'readonly'" in_alpine --mount "type=bind,src=$dir,dst=/x,bind-recursive=readonly" -- true
    refuse 125 'subpath must be a relative path within the volume' \
        in_alpine --mount type=volume,src=sub1,dst=/x,volume-subpath=../up -- true
    [ -z "$(cbox volume ls -q)" ]
}

@test "a destination is named once, however it is written" {
    refuse 125 'Duplicate mount point: /x' in_alpine -v "$dir:/x" -v "$dir:/x/" -- true
    refuse 125 'Duplicate mount point: /x' in_alpine -v "$dir:/x" --mount "type=bind,src=$dir,dst=/y/../x" -- true
    refuse 125 'Duplicate mount point: /x' in_alpine --tmpfs /x --mount type=tmpfs,dst=/x -- true
}

@test "tmpfs: size, mode, what is executed there" {
    run in_alpine --tmpfs /t:size=1m,mode=700,exec --mount type=tmpfs,dst=/u,tmpfs-size=2m,tmpfs-mode=1770 -- \
        sh -c 'stat -c "%a %n" /t /u; grep -E " /(t|u) " /proc/mounts'
    [ "${lines[0]}" = "700 /t" ]
    [ "${lines[1]}" = "1770 /u" ]
    [[ $output == *"tmpfs /u tmpfs rw,nosuid,nodev,noexec"*"size=2048k"* ]]
    [[ $output == *"tmpfs /t tmpfs rw,nosuid,nodev,relatime,size=1024k"* ]]
    run in_alpine --mount type=tmpfs,dst=/u,ro -- touch /u/x
    [[ $output == *"Read-only file system"* ]]
}

@test "read-only reaches what is mounted below, unless it shall not" {
    mount -t tmpfs tmpfs "$dir/sub"
    run in_alpine -v "$dir:/x:ro" -- touch /x/sub/f
    [[ $output == *"Read-only file system"* ]]
    in_alpine --mount "type=bind,src=$dir,dst=/x,ro,bind-recursive=writable" -- touch /x/sub/f
    [ -f "$dir/sub/f" ]
    expect '' in_alpine --mount "type=bind,src=$dir,dst=/x,bind-recursive=disabled" -- ls /x/sub
    run in_alpine --mount "type=bind,src=$dir,dst=/x,ro,bind-recursive=readonly,bind-propagation=rprivate" -- touch /x/sub/f
    [[ $output == *"Read-only file system"* ]]
}

@test "propagation: what the host mounts later is seen where it was asked for" {
    mount --bind "$dir" "$dir"
    mount --make-shared "$dir"
    cbox run -d --name slave -v "$dir:/x:rslave" alpine sleep 1000
    cbox run -d --name private -v "$dir:/x" alpine sleep 1000
    mount -t tmpfs tmpfs "$dir/sub"
    touch "$dir/sub/later"
    expect later cbox exec slave ls /x/sub
    expect '' cbox exec private ls /x/sub
    umount "$dir/sub"
    cbox rm -f slave private
}

@test "a subpath of a volume, and none that a link leads out by" {
    cbox run --rm -v paths:/v alpine sh -c 'mkdir /v/in; echo deep >/v/in/f; ln -s /etc /v/evil; ln -s in /v/good; ln -s ../.. /v/up'
    expect deep in_alpine --mount type=volume,src=paths,dst=/y,volume-subpath=in -- cat /y/f
    expect deep in_alpine --mount type=volume,src=paths,dst=/y,volume-subpath=good -- cat /y/f
    expect deep in_alpine --mount type=volume,src=paths,dst=/y,volume-subpath=in/f -- cat /y
    refuse 125 'evil' in_alpine --mount type=volume,src=paths,dst=/y,volume-subpath=evil -- ls /y
    refuse 125 'up' in_alpine --mount type=volume,src=paths,dst=/y,volume-subpath=up -- ls /y
    refuse 125 'No such file' in_alpine --mount type=volume,src=paths,dst=/y,volume-subpath=nope -- ls /y
    cbox volume rm paths
}

@test "an image, read-only, and a directory of it" {
    expect root in_alpine --mount type=image,src=alpine,dst=/img -- sh -c 'cut -d: -f1 /img/etc/passwd | head -1'
    run in_alpine --mount type=image,src=alpine,dst=/img -- touch /img/x
    [[ $output == *"Read-only file system"* ]]
    expect passwd in_alpine --mount type=image,src=alpine,dst=/img,image-subpath=etc -- sh -c 'cd /img && ls passwd'
    refuse 125 'no such image: nope' in_alpine --mount type=image,src=nope,dst=/img -- true
}

@test "an image that is mounted is in use, and stays when it has lost its name" {
    cbox run --name maker alpine sh -c 'echo other >/other'
    cbox commit maker other:1
    cbox create --name user --mount type=image,src=other:1,dst=/img alpine cat /img/other
    refuse 1 'user|container' cbox rmi other:1
    cbox rm maker
    cbox rmi -f other:1
    cbox image prune -af
    expect other cbox start -a user
    cbox rm user
    cbox pull -q alpine
}

@test "a bind's source that went away is made again at the next start" {
    cbox create --name again -v "$dir/gone:/x" alpine ls /x
    rmdir "$dir/gone"
    expect '' cbox start -a again
    [ -d "$dir/gone" ]
    cbox rm again
}

@test "--volumes-from: all mounts of another container, also read-only" {
    cbox create --name from -v data:/d -v "$dir:/bind" -v /anon alpine
    in_alpine --volumes-from from -- sh -c 'echo x >/d/f; test -d /anon; cat /bind/file' | grep -qx content
    expect x in_alpine --volumes-from from:ro -- cat /d/f
    run in_alpine --volumes-from from:ro -- touch /d/g
    [[ $output == *"Read-only file system"* ]]
    # what is asked for wins
    expect '' in_alpine --volumes-from from --tmpfs /other -v other:/d -- ls /d
    refuse 125 'invalid mode: rshared' in_alpine --volumes-from from:rshared -- true
    refuse 125 'no such container: nobody' in_alpine --volumes-from nobody -- true
    cbox rm -v from
    cbox volume rm data other
}

@test "inspect shows mounts as Docker does" {
    cbox create --name shown -v data:/d -v "$dir:/b:ro" --mount type=tmpfs,dst=/t alpine
    [ "$(cbox container inspect shown | jq -c '.[0].Mounts | map([.Type, .Destination, .Mode, .RW, .Propagation, .Driver]) | sort')" = \
        '[["bind","/b","ro",false,"rprivate",null],["tmpfs","/t","",true,"",null],["volume","/d","z",true,"","local"]]' ]
    cbox rm shown
    cbox volume rm data
}

@test "quoted fields, as in CSV" {
    cbox volume create -o type=tmpfs -o device=tmpfs unused
    run in_alpine --mount 'type=volume,src=quoted,dst=/q,volume-opt=type=tmpfs,volume-opt=device=tmpfs,"volume-opt=o=size=1m,uid=3"' -- \
        stat -c %u /q
    [ "$output" = 3 ]
    cbox volume rm quoted unused
}
