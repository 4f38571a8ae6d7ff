#!/usr/bin/env bats
# cbox images and rmi: output in Docker's shape.

load helper

setup_file() {
    file_setup
    registry_push "$registry" "$("$fixtures_dir/layers")" library/layers:1
    PATH=$(dirname -- "$cbox"):$PATH
    cbox pull -q alpine
    cbox pull -q layers:1
    cbox pull -q "$(<"$registry/host")/library/layers:1"
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

@test "an empty store lists its heading alone" {
    fresh_store
    run cbox images
    [ "$status" -eq 0 ]
    [ "${#lines[@]}" -eq 1 ]
    [[ ${lines[0]} =~ ^REPOSITORY\ +TAG\ +IMAGE\ ID\ +CREATED\ +SIZE$ ]]
}

@test "one row a name, short names short" {
    run cbox images
    [ "${#lines[@]}" -eq 4 ]
    grep -qE '^alpine +latest +[0-9a-f]{12} +[0-9]+ (weeks|months|years) ago +[0-9.]+[kM]B$' <<<"$output"
    grep -qE '^layers +1 +[0-9a-f]{12} ' <<<"$output"
    grep -qE "^$(<"$registry/host")/library/layers +1 +[0-9a-f]{12} " <<<"$output"
}

@test "columns are in line, and no line ends in blanks" {
    run cbox images
    offset=${lines[0]%%TAG*}
    for line in "${lines[@]}"; do
        [[ ${line:${#offset}-1:2} =~ ^\ [^\ ]$ ]]
        [[ $line != *" " ]]
    done
}

@test "-q prints ids, --no-trunc the whole digest: the config's, as Docker has it" {
    config=$(jq -r .config.digest "$("$fixtures_dir/alpine")/blobs/sha256/$(image_digest "$("$fixtures_dir/alpine")" |
        cut -d: -f2)")
    expect "$config" cbox images -q --no-trunc alpine
    expect "${config:7:12}" cbox images -q alpine
    expect "${config:7:12}" cbox images --quiet alpine:latest
}

@test "a name that no image has lists none and is no failure" {
    expect '' cbox images -q nosuch
    expect '' cbox images -q alpine:nosuch
}

@test "rmi takes a name away, and the image with its last name" {
    fresh_store
    host=$(<"$registry/host")
    cbox pull -q layers:1
    cbox pull -q "$host/library/layers:1"
    run cbox rmi layers:1
    [ "$status" -eq 0 ]
    [[ $output == *"Untagged: layers:1"* && $output != *Deleted:* ]]
    expect hello cbox run --rm --network none "$host/library/layers:1" 'echo hello'
    run cbox rmi "$host/library/layers:1"
    [[ $output == *"Untagged: $host/library/layers:1"* && $output == *"Deleted: sha256:"* ]]
    expect '' cbox images -q
    # Nothing of its layers is left.
    [ -z "$(find "$CBOX_ROOT/layers" "$CBOX_ROOT/blobs" -type f)" ]
}

@test "rmi by id; of several, all that can be removed are" {
    fresh_store
    cbox pull -q alpine
    cbox pull -q layers:1
    id=$(cbox images -q alpine)
    run cbox rmi nosuch "$id" layers:1
    [ "$status" -eq 1 ]
    [[ $output == *nosuch* ]]
    expect '' cbox images -q
}
