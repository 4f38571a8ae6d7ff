#!/usr/bin/env bats
# The fixtures themselves, looked at with skopeo: an end-to-end test that fails should never be the fixture's fault.

bats_require_minimum_version 1.5.0

setup_file() {
    load ../fixtures/common
    load ../fixtures/registry
    export CBOX_DIR=$BATS_FILE_TMPDIR/registry
    registry_start "$CBOX_DIR" --auth me:secret
}

setup() {
    load ../fixtures/common
    load ../fixtures/image
    load ../fixtures/registry
    fixtures=$BATS_TEST_DIRNAME/../fixtures
}

teardown() {
    registry_stop "$BATS_TEST_TMPDIR/front"
}

teardown_file() {
    load ../fixtures/common
    load ../fixtures/registry
    registry_stop "$CBOX_DIR"
}

inspect() {
    skopeo inspect --cert-dir "$1/certs.d/$(<"$1/host")" "${@:3}" "docker://$(<"$1/host")/$2"
}

@test "an image pushed is the image read back" {
    layout=$("$fixtures/layers")
    registry_push "$CBOX_DIR" "$layout" library/layers:1
    [ "$(inspect "$CBOX_DIR" library/layers:1 --creds me:secret | jq -r .Digest)" = "$(image_digest "$layout")" ]
    [ "$(inspect "$CBOX_DIR" library/layers:1 --creds me:secret | jq '.Layers | length')" = 3 ]
}

@test "the registry with a password refuses those without" {
    registry_push "$CBOX_DIR" "$("$fixtures/alpine")" library/alpine:latest
    run ! inspect "$CBOX_DIR" library/alpine:latest --no-creds
    run ! inspect "$CBOX_DIR" library/alpine:latest --creds me:wrong
}

@test "an index pushed has all of its platforms" {
    registry_push "$CBOX_DIR" "$("$fixtures/multi-arch")" library/multi:1
    [ "$(inspect "$CBOX_DIR" library/multi:1 --creds me:secret --raw | jq '.manifests | length')" = 8 ]
}

@test "makers are deterministic" {
    again=$(CBOX_FIXTURE_CACHE=$BATS_TEST_TMPDIR "$fixtures/layers" 2>/dev/null)
    [ "$(image_digest "$again")" = "$(image_digest "$("$fixtures/layers")")" ]
}

@test "a misbehaving registry behaves without a fault" {
    dir=$BATS_TEST_TMPDIR/front
    front_start "$dir" "$("$fixtures/layers")" bearer=0 redirect cut=0
    inspect "$dir" any/name:tag
    skopeo copy -q --src-cert-dir "$dir/certs.d/$(<"$dir/host")" "docker://$(<"$dir/host")/a/b" "dir:$dir/copy"
    grep -q 'GET /token' "$dir/requests"
}
