#!/usr/bin/env bats
# Images of several platforms: indexes, indexes inside indexes, and all of an index at once.

load helper

setup_file() {
    file_setup
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

blobs() {
    (cd "$CBOX_ROOT/blobs/sha256" && printf '%s\n' * | sort)
}

# An image whose root is an index of two indexes: one of this machine's platform and arm64's, one of an attestation.
nested_layout() {
    local dir=$1 here there attestation inner=() root
    image_init "$dir"
    echo file here data=here | "$fixtures_dir/mktar" | image_layer "$dir" gzip >/dev/null
    here=$(image_manifest "$dir" '{}')
    echo file there data=there | "$fixtures_dir/mktar" | image_layer "$dir" gzip >/dev/null
    there=$(image_manifest "$dir" '{}' oci linux/mips64le)
    inner+=("$(image_index "$dir" oci "$there")" "$(image_index "$dir" oci "$here")")
    attestation=$(image_descriptor "$dir" "$(echo '{}' | image_blob "$dir")" application/vnd.in-toto+json)
    root=$(jq -cn --argjson layer "$attestation" --argjson config "$(image_descriptor "$dir" \
        "$(echo '{"os": "unknown"}' | image_blob "$dir")" application/vnd.example.thing+json)" \
        '{schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json", config: $config, layers: [$layer]}' |
        image_blob "$dir")
    inner+=("$(image_descriptor "$dir" "$root" application/vnd.oci.image.manifest.v1+json |
        jq -c '. + {platform: {os: "unknown", architecture: "unknown"}}')")
    image_index "$dir" oci "${inner[@]}" >/dev/null
}

@test "--all-platforms keeps every blob of the index, and only this platform's layers unpacked" {
    layout=$("$fixtures_dir/multi-arch")
    cbox pull --all-platforms multi:1
    diff <(blobs) <(cd "$layout/blobs/sha256" && printf '%s\n' * | sort)
    expect "linux/$(image_arch)" cbox run --rm multi:1
    # A pull of one platform of what is all there takes nothing away, nor does the removal of another image.
    cbox pull -q multi:1
    cbox pull -q alpine
    cbox rmi alpine
    diff <(blobs) <(cd "$layout/blobs/sha256" && printf '%s\n' * | sort)
    cbox rmi multi:1
    [ "$(blobs)" = '*' ]
    [ -z "$(ls -A "$CBOX_ROOT/layers/sha256")" ]
}

@test "--all-platforms again asks for no blob; after a pull of one platform only for what is missing" {
    cbox pull -q multi:1
    mark=$(wc -l <"$registry/log")
    cbox pull -q --all-platforms multi:1
    [ "$(tail -n "+$((mark + 1))" "$registry/log" | grep -c 'GET /v2/.*/blobs/')" -gt 0 ]
    mark=$(wc -l <"$registry/log")
    cbox pull -q --all-platforms multi:1
    run ! grep -q 'GET /v2/.*/blobs/' <(tail -n "+$((mark + 1))" "$registry/log")
}

@test "--all-platforms of a name that has one platform" {
    cbox pull -q --all-platforms alpine
    expect hello cbox run --rm alpine echo hello
    cbox rmi alpine
    [ "$(blobs)" = '*' ]
}

@test "a pull of all platforms killed in the middle goes on" {
    for name in pull-documents ingest-verified transaction-synced transaction-blob pull-layers; do
        CBOX_FAILPOINT=$name cbox pull -q --all-platforms multi:1 >/dev/null 2>&1 || true
        [ "$(pulled)" -eq 0 ]
    done
    cbox pull -q --all-platforms multi:1
    diff <(blobs) <(cd "$("$fixtures_dir/multi-arch")/blobs/sha256" && printf '%s\n' * | sort)
}

@test "an index inside an index is looked into" {
    nested_layout "$BATS_TEST_TMPDIR/nested"
    registry_push "$registry" "$BATS_TEST_TMPDIR/nested" library/nested:1
    cbox pull -q nested:1
    [ "$(cat "$CBOX_ROOT"/layers/sha256/*/tree/here)" = here ]
    cbox pull -q --platform linux/mips64le nested:1
    [ "$(cat "$CBOX_ROOT"/layers/sha256/*/tree/there)" = there ]
    refuse 1 'no matching manifest for linux/riscv64' cbox pull --platform linux/riscv64 nested:1
    cbox rmi nested:1 >/dev/null
}

@test "--all-platforms takes what indexes inside it have, and what is no image" {
    nested_layout "$BATS_TEST_TMPDIR/nested"
    registry_push "$registry" "$BATS_TEST_TMPDIR/nested" library/nested:2
    cbox pull -q --all-platforms nested:2
    diff <(blobs) <(cd "$BATS_TEST_TMPDIR/nested/blobs/sha256" && printf '%s\n' * | sort)
    cbox pull -q alpine
    cbox rmi alpine
    diff <(blobs) <(cd "$BATS_TEST_TMPDIR/nested/blobs/sha256" && printf '%s\n' * | sort)
}
