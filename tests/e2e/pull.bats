#!/usr/bin/env bats
# cbox pull against docker-registry over TLS.

load helper

setup_file() {
    file_setup
    registry_push "$registry" "$("$fixtures_dir/layers")" library/layers:1
    registry_push "$registry" "$("$fixtures_dir/multi-arch")" library/multi:1
}

teardown_file() {
    file_teardown
}

setup() {
    test_setup
    fresh_store
}

teardown() {
    test_teardown
}

# How often a blob's bytes were asked of the registry since the mark.
mark_log() {
    log_mark=$(wc -l <"$registry/log")
}

fetched() {
    tail -n "+$((log_mark + 1))" "$registry/log" | grep -c "GET /v2/.*/blobs/$1 " || true
}

# The lines in which two trees differ. Times of directories that have no entry in the tar are the unpacker's own, those of
# the root and of /etc the runtime's.
compare_trees() {
    local own='s/^(\.|etc|implied[^ ]*|directory[^ ]*) dir ([^ ]+ [^ ]+) [^ ]+/\1 dir \2/'
    diff <(sed -E "$own" "$1") <(sed -E "$own" "$2")
}

@test "a short name reaches docker.io's mirror; the output ends with the full name" {
    run cbox pull alpine
    [ "$status" -eq 0 ]
    [[ $output == *"Digest: $(image_digest "$("$fixtures_dir/alpine")")"* ]]
    [ "${lines[-1]}" = docker.io/library/alpine:latest ]
    [ "$(pulled)" -eq 1 ]
}

@test "without a terminal the output is plain lines" {
    run cbox pull alpine
    [ "$status" -eq 0 ]
    [[ $output != *$'\e'* && $output != *$'\r'* ]]
}

@test "-q prints the name alone" {
    expect docker.io/library/alpine:latest cbox pull -q alpine
}

@test "a second pull asks for no blob and says that the image is up to date" {
    cbox pull alpine
    mark_log
    run cbox pull alpine
    [ "$status" -eq 0 ]
    [[ $output == *"Image is up to date for alpine:latest"* ]]
    [ "$(fetched '[^ ]*')" -eq 0 ]
}

@test "a registry's own name, a tag, a digest and both together" {
    host=$(<"$registry/host")
    digest=$(image_digest "$("$fixtures_dir/layers")")
    expect "$host/library/layers:1" cbox pull -q "$host/library/layers:1"
    expect "$host/library/layers@$digest" cbox pull -q "$host/library/layers@$digest"
    expect "docker.io/library/layers:1@$digest" cbox pull -q "layers:1@$digest"
    refuse 1 'digest|manifest|not found' cbox pull "$host/library/layers:1@sha256:$(printf '0%.0s' {1..64})"
}

@test "-a pulls every tag" {
    host=$(<"$registry/host")
    registry_push "$registry" "$("$fixtures_dir/alpine")" tags/many:one
    registry_push "$registry" "$("$fixtures_dir/layers")" tags/many:two
    run cbox pull -a "$host/tags/many"
    [ "$status" -eq 0 ]
    [ "${lines[-1]}" = "$host/tags/many" ]
    expect "$(printf 'one\ntwo')" sh -c "cbox images --format '{{.Tag}}' $host/tags/many | sort"
    refuse 1 "tag can't be used with --all-tags" cbox pull --all-tags "$host/tags/many:one"
    # One that is no image is said, and keeps no other one away.
    echo '{"schemaVersion": 1, "mediaType": "application/vnd.oci.image.manifest.v1+json", "config": {}, "layers": []}' |
        jq -c '.schemaVersion = 2 | .config = {mediaType: "application/vnd.oci.empty.v1+json", size: 2,
            digest: "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"}' >"$BATS_TEST_TMPDIR/artifact"
    printf '{}' >"$BATS_TEST_TMPDIR/empty"
    registry_put_blob "$registry" tags/many "$BATS_TEST_TMPDIR/empty" \
        sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a
    registry_put_manifest "$registry" tags/many between "$BATS_TEST_TMPDIR/artifact"
    cbox rmi "$host/tags/many:one" "$host/tags/many:two"
    run cbox pull -a "$host/tags/many"
    [ "$status" -eq 1 ]
    [[ $output == *"cbox: $host/tags/many:between: not a container image but an artifact"* ]]
    [ "$(pulled)" -eq 2 ]
}

@test "an index: this machine's platform is chosen, another with --platform" {
    cbox pull multi:1
    expect "linux/$(image_arch)" cbox run --rm multi:1
    cbox pull --platform linux/arm/v7 multi:1
    refuse 1 'linux/riscv64' cbox pull --platform linux/riscv64 multi:1
    refuse 1 'linux/a/b/c/d|platform' cbox pull --platform linux/a/b/c/d multi:1
}

@test "run --platform pulls where the image that is there is another platform's" {
    cbox pull -q multi:1
    expect "linux/$(image_arch)" cbox run --rm --platform "linux/$(image_arch)" multi:1
    # It has no program: what counts is that it was tried.
    run -127 cbox run --rm --platform linux/arm/v7 multi:1
    [[ $output == *"Unable to find image 'multi:1' locally"* ]]
    run -127 cbox run --rm --platform linux/arm/v7 multi:1
    [[ $output != *"Unable to find image"* ]]
    refuse 125 'linux/riscv64' cbox run --rm --platform linux/riscv64 multi:1
    refuse 125 'error parsing specified platform: "a/b/c/d"' cbox run --rm --platform a/b/c/d multi:1
}

@test "layers that two images share are fetched and kept once" {
    cbox pull alpine
    mark_log
    cbox pull layers:1
    [ "$(fetched "$(image_layer_digest "$("$fixtures_dir/layers")" 0)")" -eq 0 ]
    [ "$(fetched "$(image_layer_digest "$("$fixtures_dir/layers")" 1)")" -eq 1 ]
}

@test "every kind of file, attribute and whiteout is unpacked as umoci does it" {
    cbox pull layers:1
    layout=$BATS_TEST_TMPDIR/layout
    cp -r "$("$fixtures_dir/layers")" "$layout"
    jq '.manifests[0].annotations = {"org.opencontainers.image.ref.name": "1"}' "$layout/index.json" >"$layout/new"
    mv "$layout/new" "$layout/index.json"
    # umoci 0.4 reads no zstd: the same layer as gzip.
    hex=$(image_layer_digest "$layout" 2)
    new=$(zstd -dc "$layout/blobs/sha256/${hex#sha256:}" | gzip -nc | image_blob "$layout")
    image_edit "$layout" ".layers[2] = $(image_descriptor "$layout" "$new" "$(image_media_type oci gzip)")"
    jq '.manifests[0].annotations = {"org.opencontainers.image.ref.name": "1"}' "$layout/index.json" >"$layout/new"
    mv "$layout/new" "$layout/index.json"
    umoci unpack --image "$layout:1" "$BATS_TEST_TMPDIR/bundle"
    "$fixtures_dir/lstree" "$BATS_TEST_TMPDIR/bundle/rootfs" proc sys dev etc/hosts etc/hostname etc/resolv.conf \
        >"$BATS_TEST_TMPDIR/theirs"
    container_tree layers:1 >"$BATS_TEST_TMPDIR/ours"
    compare_trees "$BATS_TEST_TMPDIR/theirs" "$BATS_TEST_TMPDIR/ours"
}

@test "Debian unpacks as tar unpacks it" {
    [ "$(id -u)" -eq 0 ] || skip "debootstrap needs root"
    layout=$("$fixtures_dir/debian")
    registry_push "$registry" "$layout" library/debian:12
    cbox pull debian:12
    mkdir "$BATS_TEST_TMPDIR/tree"
    hex=$(image_layer_digest "$layout" 0)
    tar -C "$BATS_TEST_TMPDIR/tree" --numeric-owner --xattrs --xattrs-include='*' -xpzf "$layout/blobs/sha256/${hex#sha256:}"
    "$fixtures_dir/lstree" "$BATS_TEST_TMPDIR/tree" proc sys dev etc/hosts etc/hostname etc/resolv.conf \
        >"$BATS_TEST_TMPDIR/theirs"
    container_tree debian:12 >"$BATS_TEST_TMPDIR/ours"
    compare_trees "$BATS_TEST_TMPDIR/theirs" "$BATS_TEST_TMPDIR/ours"
}

@test "a password from ~/.docker/config.json; none and a wrong one are refused" {
    registry_start "$BATS_TEST_TMPDIR/locked" --auth me:secret
    registry_push "$BATS_TEST_TMPDIR/locked" "$("$fixtures_dir/alpine")" private/alpine:1
    registry_config "$BATS_TEST_TMPDIR/locked" >"$BATS_TEST_TMPDIR/config.json"
    export CBOX_CONFIG=$BATS_TEST_TMPDIR/config.json HOME=$BATS_TEST_TMPDIR/home
    host=$(<"$BATS_TEST_TMPDIR/locked/host")
    mkdir -p "$HOME/.docker"
    refuse 1 'unauthorized|authentication|denied|login' cbox pull "$host/private/alpine:1"
    jq -n --arg host "$host" --arg auth "$(printf me:wrong | base64)" '{auths: {($host): {auth: $auth}}}' \
        >"$HOME/.docker/config.json"
    refuse 1 'unauthorized|authentication|denied|login' cbox pull "$host/private/alpine:1"
    [ "$(pulled)" -eq 0 ]
    jq -n --arg host "$host" --arg auth "$(printf me:secret | base64)" '{auths: {($host): {auth: $auth}}}' \
        >"$HOME/.docker/config.json"
    cbox pull "$host/private/alpine:1"
}

@test "a registry on loopback needs no TLS, as in Docker" {
    registry_start "$BATS_TEST_TMPDIR/plain" --plain
    registry_push "$BATS_TEST_TMPDIR/plain" "$("$fixtures_dir/alpine")" a/b:1
    export CBOX_CONFIG=$BATS_TEST_TMPDIR/config.json
    echo '{}' >"$CBOX_CONFIG"
    cbox pull "$(<"$BATS_TEST_TMPDIR/plain/host")/a/b:1"
}

@test "a bearer token is fetched, and fetched again when it expires" {
    misbehaving bearer=2
    cbox pull "$host/a/b:1"
    [ "$(grep -c 'GET /token' "$requests")" -ge 2 ]
    grep -q 'GET /token.*scope=repository' "$requests"
}

@test "the token's password comes from ~/.docker/config.json" {
    misbehaving bearer=0
    export HOME=$BATS_TEST_TMPDIR/home
    mkdir -p "$HOME/.docker"
    jq -n --arg host "$host" --arg auth "$(printf user:wrong | base64)" '{auths: {($host): {auth: $auth}}}' \
        >"$HOME/.docker/config.json"
    refuse 1 'unauthorized|authentication|denied|login|refuses user' cbox pull "$host/a/b:1"
    jq -n --arg host "$host" --arg auth "$(printf user:secret | base64)" '{auths: {($host): {auth: $auth}}}' \
        >"$HOME/.docker/config.json"
    cbox pull "$host/a/b:1"
}

@test "credentials go to a token server without TLS only where the registry may be without it, as on loopback" {
    misbehaving bearer=0 plain-token
    refuse 1 'without TLS' cbox pull a/b:1
    [ "$(grep -c 'GET /token' "$requests")" -eq 0 ]
    cbox pull "$host/a/b:1"
}

@test "the token server's certificate may be of the registry's authority" {
    misbehaving bearer=0 other-token
    cbox pull "$host/a/b:1"
    [ "$(grep -c 'GET /token' "$requests")" -eq 1 ]
}

# link FILE: puts a symbolic link in its place.
link() {
    mv "$1" "$1.real"
    ln -s "$1.real" "$1"
}

@test "configuration, certificate and credentials may be symbolic links" {
    misbehaving bearer=0
    export HOME=$BATS_TEST_TMPDIR/home
    mkdir -p "$HOME/.docker"
    jq -n --arg host "$host" --arg auth "$(printf user:secret | base64)" '{auths: {($host): {auth: $auth}}}' \
        >"$HOME/.docker/config.json"
    link "$HOME/.docker/config.json"
    link "$CBOX_CONFIG"
    link "$BATS_TEST_TMPDIR/front/certs.d/$host/ca.crt"
    cbox pull "$host/a/b:1"
    grep -q 'GET /token.*Authorization=Basic' "$requests"
}

@test "a redirect is followed without the Authorization header" {
    misbehaving bearer=0 redirect
    cbox pull "$host/a/b:1"
    grep -q "/blobs/.* Authorization= .*port=" "$requests"
}

@test "a connection that breaks off is taken up again where it broke" {
    misbehaving cut=3
    cbox pull "$host/a/b:1"
    grep -q 'Range=bytes=[1-9]' "$requests"
}

@test "a registry that ignores Range is asked again from the start" {
    misbehaving cut=2 norange
    cbox pull "$host/a/b:1"
}

@test "other bytes after the second try than after the first: what was unpacked of those goes" {
    for fault in wrong-start garbage-start; do
        misbehaving_with alpine $fault norange
        cbox pull "$host/a/b:1"
        expect unpacked cbox run --rm --network none "$host/a/b:1" echo unpacked
        registry_stop "$BATS_TEST_TMPDIR/front"
        cbox rmi "$host/a/b:1"
    done
}

@test "503 and 429 are tried again" {
    misbehaving fail=2 limit=1
    cbox pull "$host/a/b:1"
}

@test "a pull killed with SIGKILL shows nothing, and the next one goes on where it stopped" {
    misbehaving slow=300000
    cbox pull "$host/a/b:1" 3>&- &
    pid=$!
    wait_for 10 grep -qs 'GET .*/blobs/' "$requests"
    sleep 1
    kill -KILL $pid
    wait $pid || true
    [ "$(pulled)" -eq 0 ]
    : >"$requests"
    cbox pull "$host/a/b:1"
    grep -q 'Range=bytes=[1-9]' "$requests"
    expect three cbox run --rm --network none "$host/a/b:1" 'echo $LAYERS'
}

# damage LAYER SIZE [GOOD]: what is left of a download of SIZE bytes after a power cut; all but the first GOOD ones are zero.
damage() {
    local file=$CBOX_ROOT/tmp/blob-${1/:/-}
    mkdir -p "$CBOX_ROOT/tmp"
    head -c "${3:-0}" "$("$fixtures_dir/alpine")/blobs/${1/://}" >"$file"
    truncate -s "$2" "$file"
}

@test "a download that was damaged is begun anew" {
    layer=$(image_layer_digest "$("$fixtures_dir/alpine")" 0)
    size=$(stat -c %s "$("$fixtures_dir/alpine")/blobs/${layer/://}")
    misbehaving_with alpine
    for damaged in "$((size / 2))" "$((size / 2)) 100000" "$((size - 1)) $((size / 2))" "$size" "$size $((size - 5))"; do
        # shellcheck disable=SC2086
        damage "$layer" $damaged
        cbox pull "$host/a/b:1"
        expect whole cbox run --rm --network none "$host/a/b:1" echo whole
        cbox rmi "$host/a/b:1"
    done
    grep -q "/blobs/$layer.*Range=bytes=$((size / 2))-" "$requests"
}

@test "an image of two hundred layers, with the usual limit of open files" {
    "$fixtures_dir/many-layers" "$BATS_TEST_TMPDIR/layout" 200
    front_start "$BATS_TEST_TMPDIR/front" "$BATS_TEST_TMPDIR/layout"
    registry_config "$BATS_TEST_TMPDIR/front" >"$BATS_TEST_TMPDIR/front.json"
    host=$(<"$BATS_TEST_TMPDIR/front/host")
    (ulimit -n 1024 && cbox --config "$BATS_TEST_TMPDIR/front.json" pull -q "$host/a/b:1")
}

# A file of a layer that is being unpacked.
unpacked_file() {
    [ -n "$(find "$CBOX_ROOT/tmp/layers" -type f -path '*/tree/*' -print -quit 2>/dev/null)" ]
}

@test "a layer is unpacked while it is downloaded" {
    alpine=$("$fixtures_dir/alpine")
    layer=$(image_layer_digest "$alpine" 0)
    misbehaving_with alpine slow=100000
    cbox pull "$host/a/b:1" 3>&- &
    pid=$!
    wait_for 10 unpacked_file
    [ "$(stat -c %s "$CBOX_ROOT"/tmp/blob-*)" -lt "$(stat -c %s "$alpine/blobs/${layer/://}")" ]
    kill -TERM $pid
    wait $pid || true
}

@test "two pulls of one image at once share the work" {
    mark_log
    cbox pull layers:1 >"$BATS_TEST_TMPDIR/one" 2>&1 3>&- &
    one=$!
    cbox pull layers:1 >"$BATS_TEST_TMPDIR/two" 2>&1 3>&- &
    two=$!
    wait $one || { cat "$BATS_TEST_TMPDIR/one"; false; }
    wait $two || { cat "$BATS_TEST_TMPDIR/two"; false; }
    for n in 0 1 2; do
        [ "$(fetched "$(image_layer_digest "$("$fixtures_dir/layers")" $n)")" -eq 1 ]
    done
    [ "$(pulled)" -eq 1 ]
}

@test "a tag that moved is pulled anew, and the old image loses its name" {
    registry_push "$registry" "$("$fixtures_dir/alpine")" library/moving:1
    cbox pull moving:1
    old=$(cbox images -q --no-trunc moving)
    registry_push "$registry" "$("$fixtures_dir/layers")" library/moving:1
    run cbox pull moving:1
    [[ $output == *"Downloaded newer image for moving:1"* ]]
    [ "$(cbox images -q --no-trunc moving)" != "$old" ]
}

# The images of `multi`, a line each: tag, digest and id.
multis() {
    cbox images --digests --no-trunc multi | awk 'NR > 1 { print $2, $3, $4 }'
}

@test "images of several platforms of one tag stay, each under a digest that means it" {
    index=$(image_digest "$("$fixtures_dir/multi-arch")")
    cbox pull -q --platform linux/arm/v7 multi:1
    arm=$(cbox images -q --no-trunc multi:1)
    [ "$(multis)" = "1 $index $arm" ]
    cbox pull -q multi:1
    own=$(cbox images -q --no-trunc multi:1)
    run multis
    [ "${#lines[@]}" -eq 2 ]
    grep -qx "1 $index $own" <<<"$output"
    arm_digest=$(sed -n "s/^<none> \(.*\) $arm$/\1/p" <<<"$output")
    [[ $arm_digest == sha256:* && $arm_digest != "$index" ]]
    expect "linux/$(image_arch)" cbox run --rm "multi@$index"
    # The name of the one goes, the other stays what it was.
    cbox rmi multi:1
    [ "$(multis)" = "<none> $arm_digest $arm" ]
    cbox rmi "multi@$arm_digest"
    [ "$(pulled)" -eq 0 ]
}

@test "a digest means the image that was pulled last under it" {
    index=$(image_digest "$("$fixtures_dir/multi-arch")")
    cbox pull -q --platform linux/arm/v7 "multi@$index"
    arm=$(cbox images -q --no-trunc multi)
    cbox pull -q multi:1
    expect "linux/$(image_arch)" cbox run --rm "multi@$index"
    own=$(cbox images -q --no-trunc multi:1)
    multis | grep -qx "1 $index $own"
    multis | grep -qx "<none> sha256:[0-9a-f]* $arm"
    # And the other way round: the tag stays what it was.
    cbox pull -q --platform linux/arm/v7 "multi@$index"
    [ "$(cbox images -q --no-trunc multi:1)" = "$own" ]
    multis | grep -qx "<none> $index $arm"
    [ "$(cbox images -q --no-trunc multi | grep -cx "$arm")" -eq 1 ]
    own_digest=$(multis | sed -n "s/^1 \(.*\) $own$/\1/p")
    [ "$own_digest" != "$index" ]
    expect "linux/$(image_arch)" cbox run --rm "multi@$own_digest"
}

@test "an image that its tag brought in is up to date by its digest" {
    digest=$(image_digest "$("$fixtures_dir/alpine")")
    cbox pull -q alpine
    run cbox pull "alpine:latest@$digest"
    [[ $output == *"Image is up to date for alpine"* ]]
    [ "$(pulled)" -eq 1 ]
    run cbox pull "alpine@$digest"
    [[ $output == *"Image is up to date for alpine@$digest"* ]]
}

no_trash() {
    [ -z "$(ls -A "$CBOX_ROOT/tmp/trash")" ]
}

@test "a pull leaves the trash of others to a process beside it" {
    cbox pull -q alpine
    mkdir -p "$CBOX_ROOT/tmp/trash/old"
    touch "$CBOX_ROOT/tmp/trash/old/marked"
    # Its own calls alone, not its children's.
    strace -o "$BATS_TEST_TMPDIR/calls" cbox pull -q alpine
    run ! grep -q '"marked"' "$BATS_TEST_TMPDIR/calls"
    wait_for 10 no_trash
}

@test "rmi removes, and a pull brings back" {
    cbox pull alpine
    cbox rmi alpine
    [ "$(pulled)" -eq 0 ]
    refuse 1 'no such image' cbox rmi alpine
    cbox pull alpine
    [ "$(pulled)" -eq 1 ]
}

@test "a pull heals a layer that was damaged, and fetches nothing for it" {
    cbox pull -q alpine
    layer=$(echo "$CBOX_ROOT"/layers/sha256/*)
    mark_log
    for damage in 'rm tree/bin/busybox info' 'rm tree/etc/passwd' 'echo more >>tree/etc/passwd' 'chmod 700 tree/etc' \
        'rm info' 'rm manifest' ': >manifest' 'rm -r tree' 'echo {} >info'; do
        echo "$damage"
        (cd "$layer" && eval "$damage")
        cbox pull -q alpine
        expect 'root' cbox run --rm --network none alpine sh -c 'head -n 1 /etc/passwd | cut -d: -f1'
        [ -f "$layer/info" ]
        [ "$(stat -c %a "$layer/tree/etc")" = 755 ]
        run ! grep more "$layer/tree/etc/passwd"
    done
    [ "$(fetched '[^ ]*')" -eq 0 ]
    # Intact, it is left alone.
    inode=$(stat -c %i "$layer")
    cbox pull -q alpine
    [ "$(stat -c %i "$layer")" = "$inode" ]
    rm "$layer/info"
    rm -r "$CBOX_ROOT/tags"
    cbox pull -q alpine
    expect hello cbox run --rm --network none alpine echo hello
    rm "$layer/info"
    CBOX_FAILPOINT=stage-replacing cbox pull -q alpine || true
    [ ! -e "$layer" ]
    cbox pull -q alpine
    expect hello cbox run --rm --network none alpine echo hello
}

@test "a container that runs keeps the layer that was replaced under it" {
    cbox pull -q alpine
    layer=$(echo "$CBOX_ROOT"/layers/sha256/*)
    mkfifo "$BATS_TEST_TMPDIR/fifo"
    cbox run -i --name old --network none alpine sh -c 'echo ready; read x; cat /etc/os-release; ls /etc/motd' \
        <"$BATS_TEST_TMPDIR/fifo" >"$BATS_TEST_TMPDIR/output" 2>&1 3>&- &
    exec 5>"$BATS_TEST_TMPDIR/fifo"
    wait_for 10 grep -q ready "$BATS_TEST_TMPDIR/output"
    rm "$layer/tree/etc/motd"
    cbox pull -q alpine
    cbox pull -q alpine # which empties the trash
    expect hello cbox run --rm --network none alpine echo hello
    echo 3>&- >&5
    exec 5>&-
    wait $! || true
    # Not looked at before: it is not in the kernel's memory of the layer either.
    grep -q Alpine "$BATS_TEST_TMPDIR/output"
    grep -q 'motd.*No such' "$BATS_TEST_TMPDIR/output"
    expect /etc/motd cbox run --rm --network none alpine ls /etc/motd
    cbox rm old
    cbox pull -q alpine # leaves the trash to a process beside it
    wait_for 10 no_trash
}

# A file that nobody can delete, in the trash.
undeletable() {
    mkdir -p "$CBOX_ROOT/tmp/trash/1" "$CBOX_ROOT/tmp/trash/2" "$CBOX_ROOT/tmp/trash/3"
    touch "$CBOX_ROOT/tmp/trash/2/file"
    chattr +i "$CBOX_ROOT/tmp/trash/2/file" 2>/dev/null || skip "this file system knows no chattr +i"
}

@test "what cannot be deleted keeps no image away and nothing else in the trash" {
    undeletable
    run cbox pull -q alpine
    left=$(ls "$CBOX_ROOT/tmp/trash")
    chattr -i "$CBOX_ROOT/tmp/trash/2/file"
    [ "$status" -eq 0 ]
    [ "$left" = 2 ]
    cbox pull -q alpine
    [ -z "$(ls "$CBOX_ROOT/tmp/trash")" ]
}
