#!/usr/bin/env bats
# Whatever is wrong: one clear line, the exit code, no half-visible image, nothing left behind, and a second try works.

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
    alpine=$("$fixtures_dir/alpine")
    # By the registry's own name: after a mirror's failure docker.io itself would be asked.
    host=$(<"$registry/host")
    name=$host/library/alpine
}

teardown() {
    [ -z "${spoilt-}" ] || mv "$BATS_TEST_TMPDIR/spared" "$spoilt"
    test_teardown
}

# spoil DIGEST COMMAND...: passes the registry's file of a blob through a filter until the test ends or mend is called.
spoil() {
    spoilt=$(registry_blob_file "$registry" "$1")
    shift
    cp "$spoilt" "$BATS_TEST_TMPDIR/spared"
    "$@" <"$BATS_TEST_TMPDIR/spared" >"$spoilt"
}

mend() {
    mv "$BATS_TEST_TMPDIR/spared" "$spoilt"
    spoilt=
}

# The pull fails as it should and shows nothing; once mended, it works.
refused_then_mended() {
    refuse 1 "$1" cbox pull "$name"
    [ "$(pulled)" -eq 0 ]
    nothing_leaked
    mend
    cbox pull -q "$name"
    expect hello cbox run --rm --network none "$name" echo hello
}

flip_a_byte() {
    cat >"$BATS_TEST_TMPDIR/flipped"
    printf X | dd of="$BATS_TEST_TMPDIR/flipped" bs=1 seek=20000 conv=notrunc status=none
    cat "$BATS_TEST_TMPDIR/flipped"
}

@test "no registry behind the port" {
    port=$(free_port)
    refuse 1 "127.0.0.1:$port.*(refused|connect)" cbox pull "127.0.0.1:$port/a/b"
    [ "$(pulled)" -eq 0 ]
}

@test "a port that cannot be" {
    refuse 1 'invalid port in "127.0.0.1:99999"' cbox pull 127.0.0.1:99999/a/b
}

@test "a host that has no address" {
    refuse 1 'no-such-host.invalid' cbox pull no-such-host.invalid/a/b
}

@test "unknown repository, tag, digest, platform" {
    refuse 1 'no/such.*(not found|unknown|denied)' cbox pull "$host/no/such"
    refuse 1 'alpine:nosuch.*(not found|unknown)' cbox pull "$name:nosuch"
    refuse 1 'not found|unknown' cbox pull "$name@sha256:$(printf '0%.0s' {1..64})"
    refuse 1 'linux/sparc64' cbox pull --platform linux/sparc64 "$host/library/multi:1"
    [ "$(pulled)" -eq 0 ]
}

@test "invalid references" {
    for reference in '' UPPER/Case 'a b' a:b:c a@sha256:12 a/../b :tag a: a//b 'http://host/a' "a:$(printf 'x%.0s' {1..129})"; do
        refuse 1 'invalid|repository name' cbox pull "$reference"
    done
}

@test "a certificate of an unknown CA" {
    export CBOX_CONFIG=$BATS_TEST_TMPDIR/config.json
    echo '{}' >"$CBOX_CONFIG"
    refuse 1 "$host.*certificate" cbox pull "$name"
    registry_certificates "$BATS_TEST_TMPDIR"
    mkdir -p "$BATS_TEST_TMPDIR/certs.d/$host"
    cp "$BATS_TEST_TMPDIR/ca.crt" "$BATS_TEST_TMPDIR/certs.d/$host/"
    jq -n --arg dir "$BATS_TEST_TMPDIR/certs.d" '{certs_dirs: [$dir]}' >"$CBOX_CONFIG"
    refuse 1 "$host.*certificate" cbox pull "$name"
    [ "$(pulled)" -eq 0 ]
    cp "$registry/ca.crt" "$BATS_TEST_TMPDIR/certs.d/$host/"
    cbox pull "$name"
}

@test "a certificate for another name" {
    mkdir "$BATS_TEST_TMPDIR/front"
    registry_certificates "$BATS_TEST_TMPDIR/front" DNS:elsewhere.example
    front_start "$BATS_TEST_TMPDIR/front" "$alpine"
    registry_config "$BATS_TEST_TMPDIR/front" >"$BATS_TEST_TMPDIR/front.json"
    export CBOX_CONFIG=$BATS_TEST_TMPDIR/front.json
    refuse 1 'certificate|name' cbox pull "$(<"$BATS_TEST_TMPDIR/front/host")/a/b:1"
}

@test "wrong bytes of a layer" {
    spoil "$(image_layer_digest "$alpine" 0)" flip_a_byte
    refused_then_mended 'digest|corrupt|mismatch'
}

@test "a layer cut short by the registry" {
    spoil "$(image_layer_digest "$alpine" 0)" head -c 100000
    refused_then_mended 'size|short|digest|100000'
}

@test "a layer longer than the manifest says" {
    spoil "$(image_layer_digest "$alpine" 0)" sh -c 'cat; echo more'
    refused_then_mended 'size|longer|digest|more'
}

@test "a layer that the registry lost" {
    spoil "$(image_layer_digest "$alpine" 0)" true
    rm "$spoilt"
    refused_then_mended 'not found|unknown|404'
}

@test "wrong bytes of a config" {
    config=$(jq -r .config.digest "$alpine/blobs/sha256/$(image_digest "$alpine" | cut -d: -f2)")
    spoil "$config" sed 's/amd64/amd65/'
    refused_then_mended 'digest|mismatch'
}

@test "wrong bytes of a manifest that was asked for by digest" {
    spoil "$(image_digest "$alpine")" sed 's/"size":/"size": /'
    refuse 1 'digest|mismatch' cbox pull "$name@$(image_digest "$alpine")"
    [ "$(pulled)" -eq 0 ]
    mend
    cbox pull "$name@$(image_digest "$alpine")"
}

# Each case of `hostile`: whatever happens, nothing outside the root changes; what must fail fails with one line.
@test "hostile and broken layers" {
    canary=$BATS_TEST_TMPDIR/canary
    mkdir "$canary"
    echo kept >"$canary/kept"
    "$fixtures_dir/lstree" "$canary" >"$BATS_TEST_TMPDIR/before"
    bad=''
    while read -r case verdict; do
        mkdir "$BATS_TEST_TMPDIR/$case"
        "$fixtures_dir/hostile" "$case" "$BATS_TEST_TMPDIR/$case" "$canary"
        registry_push "$registry" "$BATS_TEST_TMPDIR/$case" "hostile/$case:1"
        if timeout 60 cbox pull "$host/hostile/$case:1" >/dev/null 2>&1; then
            [ "$verdict" = contain ] || bad+=" $case: was accepted;"
        else
            refuse 1 '.' cbox pull "$host/hostile/$case:1" || bad+=" $case: not one line;"
            [ -z "$(cbox images -q "$host/hostile/$case")" ] || bad+=" $case: half-visible;"
        fi
        "$fixtures_dir/lstree" "$canary" | diff "$BATS_TEST_TMPDIR/before" - || bad+=" $case: got out;"
    done < <("$fixtures_dir/hostile")
    echo "$bad"
    [ -z "$bad" ]
    nothing_leaked
    cbox pull "$name"
}

# faulty FAULT REGEX: a registry with this fault makes a pull fail with one line that matches.
faulty() {
    front_start "$BATS_TEST_TMPDIR/$1" "$("$fixtures_dir/layers")" "$1"
    registry_config "$BATS_TEST_TMPDIR/$1" >"$BATS_TEST_TMPDIR/$1.json"
    CBOX_CONFIG=$BATS_TEST_TMPDIR/$1.json refuse 1 "$2" cbox pull "$(<"$BATS_TEST_TMPDIR/$1/host")/a/b:1"
    [ "$(pulled)" -eq 0 ]
    registry_stop "$BATS_TEST_TMPDIR/$1"
}

@test "manifests that are none" {
    faulty garbage-manifest 'JSON|manifest'
    faulty html-manifest 'text/html|JSON|manifest'
    faulty empty-manifest 'empty|JSON|manifest'
    faulty deep-manifest 'JSON|manifest|deep'
}

@test "a manifest that is not what its digest header says" {
    faulty wrong-manifest-digest digest
}

@test "answers that never end" {
    faulty endless-manifest 'large|size|limit|long'
    faulty endless-blob 'large|size|limit|long'
}

@test "a redirect in a circle" {
    faulty redirect-loop redirect
}

@test "Ctrl-C while the registry is silent" {
    front_start "$BATS_TEST_TMPDIR/front" "$("$fixtures_dir/layers")" stall
    registry_config "$BATS_TEST_TMPDIR/front" >"$BATS_TEST_TMPDIR/front.json"
    export CBOX_CONFIG=$BATS_TEST_TMPDIR/front.json
    # bash lets background commands ignore SIGINT; env gives it back.
    env --default-signal=INT cbox pull "$(<"$BATS_TEST_TMPDIR/front/host")/a/b:1" 2>"$BATS_TEST_TMPDIR/stderr" 3>&- &
    pid=$!
    wait_for 10 grep -qs 'GET .*/blobs/' "$BATS_TEST_TMPDIR/front/requests"
    kill -INT $pid
    status=0
    wait $pid || status=$?
    cat "$BATS_TEST_TMPDIR/stderr"
    [ "$status" -eq 130 ]
    [ "$(wc -l <"$BATS_TEST_TMPDIR/stderr")" -le 1 ]
    [ "$(pulled)" -eq 0 ]
}

@test "no space in the store" {
    # The file system lives in the namespace of one shell and ends with it.
    mkdir "$BATS_TEST_TMPDIR/small"
    export CBOX_ROOT=$BATS_TEST_TMPDIR/small/root
    # shellcheck disable=SC2016  # the inner shell expands these
    refuse 1 'no space' unshare -m sh -c 'mount -t tmpfs -o size=1m tmpfs "$1" && shift && "$@"' sh \
        "$BATS_TEST_TMPDIR/small" cbox pull "$name"
    # The same again, and a look at what is visible while the disk is full.
    # shellcheck disable=SC2016
    run unshare -m sh -c 'mount -t tmpfs -o size=1m tmpfs "$1"; shift; "$@" 2>/dev/null; cbox images -q' \
        sh "$BATS_TEST_TMPDIR/small" cbox pull -q "$name"
    [ "$output" = '' ]
    cbox pull "$name"
}

@test "no permission to write the store" {
    chmod 711 "$BATS_FILE_TMPDIR" "$BATS_TEST_TMPDIR"
    mkdir -m 700 "$BATS_TEST_TMPDIR/locked"
    export CBOX_ROOT=$BATS_TEST_TMPDIR/locked/root
    refuse 1 'permission denied' setpriv --reuid=65534 --regid=65534 --clear-groups "$cbox" pull "$name"
}

@test "a store on a read-only file system" {
    cbox pull alpine
    # shellcheck disable=SC2016  # the inner shell expands these
    refuse 125 'opening lock: Read-only file system$' unshare -m sh -c 'mount --bind "$1" "$1" &&
        mount -o remount,bind,ro "$1" && shift && "$@"' sh "$CBOX_ROOT" cbox run --rm alpine true
}

@test "a configuration that is wrong" {
    export CBOX_CONFIG=$BATS_TEST_TMPDIR/config.json
    echo '{"root": ' >"$CBOX_CONFIG"
    refuse 1 "$CBOX_CONFIG" cbox images
    echo '{"root": 5}' >"$CBOX_CONFIG"
    refuse 1 "$CBOX_CONFIG.*root" cbox images
    echo '{"rout": "/x"}' >"$CBOX_CONFIG"
    refuse 1 "$CBOX_CONFIG.*rout" cbox images
    refuse 1 '/no/such/file' cbox --config /no/such/file images
}

@test "a store of a newer format" {
    cbox pull alpine
    echo 999 >"$CBOX_ROOT/format"
    refuse 1 'format|newer|version' cbox images
}
