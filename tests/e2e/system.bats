#!/usr/bin/env bats
# cbox system check, df and prune.

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

# fault REGEX [OPTION...]: system check fails, and says this in one of its lines.
fault() {
    local regex=$1
    shift
    run cbox system check "$@"
    if [ "$status" -ne 1 ] || ! grep -qE -e "$regex" <<<"$output"; then
        printf 'status %s, wanted: %s\n%s\n' "$status" "$regex" "$output"
        return 1
    fi
}

# whole [OPTION...]: system check finds nothing.
whole() {
    expect '' cbox system check -q "$@"
}

# repaired REGEX: a repair says so, and nothing is wrong afterwards.
repaired() {
    run cbox system check --deep --repair
    if [ "$status" -ne 0 ] || ! grep -qE -e "$1" <<<"$output"; then
        printf 'status %s, wanted: %s\n%s\n' "$status" "$1" "$output"
        return 1
    fi
    whole --deep
    expect three cbox run --rm layers:1 'echo $LAYERS'
}

# The compressed layer N of layers:1, its diffID's hex, the hex of manifest and config.
layer_hex() {
    image_layer_digest "$("$fixtures_dir/layers")" "$1" | cut -d: -f2
}

diff_hex() {
    cbox image inspect -f "{{index .RootFS.Layers $1}}" layers:1 | cut -d: -f2
}

manifest_hex() {
    image_digest "$("$fixtures_dir/layers")" | cut -d: -f2
}

config_hex() {
    cbox image inspect -f '{{.Id}}' layers:1 | cut -d: -f2
}

fetched() {
    tail -n "+$((log_mark + 1))" "$registry/log" | grep -c 'GET /v2/.*/blobs/' || true
}

mark_log() {
    log_mark=$(wc -l <"$registry/log")
}

@test "a store that is whole, and one that is not there" {
    whole
    cbox pull -q layers:1
    cbox pull -q --all-platforms multi:1
    cbox run --name user layers:1 true || true
    cbox tag layers:1 other
    cbox untag other
    whole --deep --repair
    run cbox system check
    [ "$status" -eq 0 ]
    [[ ${lines[0]} =~ ^2\ names\ of\ images,\ [0-9]+\ blobs,\ [0-9]+\ layers,\ 1\ containers:\ all\ whole$ ]]
    [ "${#lines[@]}" -eq 1 ]
}

@test "a damaged blob is found, and fetched again, alone" {
    cbox pull -q layers:1
    blob=$CBOX_ROOT/blobs/sha256/$(layer_hex 1)
    printf x | dd of="$blob" bs=1 seek=100 conv=notrunc status=none
    fault "^blob sha256:$(layer_hex 1): is damaged: it has another digest \(layers:1\)$"
    mark_log
    repaired "^blob sha256:$(layer_hex 1): .*: downloaded again$"
    [ "$(fetched)" -eq 1 ]
}

@test "a missing blob, manifest and config" {
    cbox pull -q layers:1
    rm "$CBOX_ROOT/blobs/sha256/$(layer_hex 0)"
    fault "^blob sha256:$(layer_hex 0): is missing \(layers:1\)$"
    mark_log
    repaired "blob sha256:$(layer_hex 0): is missing .*: downloaded again"
    [ "$(fetched)" -eq 1 ]
    config=$(config_hex)
    rm "$CBOX_ROOT/blobs/sha256/$config"
    fault "^blob sha256:$config: is missing"
    repaired "blob sha256:$config: .*: downloaded again"
    rm "$CBOX_ROOT/blobs/sha256/$(manifest_hex)"
    fault "^blob sha256:$(manifest_hex): is missing"
    repaired "blob sha256:$(manifest_hex): .*: downloaded again"
}

@test "a damaged layer is unpacked again from its blob, without the registry" {
    cbox pull -q layers:1
    hex=$(diff_hex 1)
    file=$(cd "$CBOX_ROOT/layers/sha256/$hex/tree" && find . -type f -size +0 -links 1 | sort | head -n 1)
    file=${file#./}
    rm "$CBOX_ROOT/layers/sha256/$hex/tree/$file"
    fault "^layer sha256:$hex: is damaged: .*(is missing|was changed).* \(layers:1\)$"
    mark_log
    repaired "^layer sha256:$hex: .*: unpacked again$"
    [ "$(fetched)" -eq 0 ]
    # What only a look at the contents finds.
    path=$CBOX_ROOT/layers/sha256/$hex/tree/$file
    when=$(stat -c %y "$path")
    printf '\377' | dd of="$path" bs=1 conv=notrunc status=none
    touch -d "$when" "$path"
    whole
    fault "^layer sha256:$hex: is damaged: $file has another content" --deep
    repaired "^layer sha256:$hex: .*: unpacked again$"
    [ "$(fetched)" -eq 0 ]
    rm -r "$CBOX_ROOT/layers/sha256/$hex"
    fault "^layer sha256:$hex: is missing \(layers:1\)$"
    repaired "^layer sha256:$hex: .*: unpacked again$"
    echo broken >"$CBOX_ROOT/layers/sha256/$hex/manifest"
    fault "^layer sha256:$hex: is damaged: .*line 1"
    repaired "^layer sha256:$hex: .*: unpacked again$"
    rm "$CBOX_ROOT/layers/sha256/$hex/info"
    fault "^layer sha256:$hex: is damaged: "
    repaired "^layer sha256:$hex: .*: unpacked again$"
    [ "$(fetched)" -eq 0 ]
}

@test "layer and blob, both damaged" {
    cbox pull -q layers:1
    echo x >>"$CBOX_ROOT/blobs/sha256/$(layer_hex 1)"
    rm -r "$CBOX_ROOT/layers/sha256/$(diff_hex 1)"/tree/*
    fault "^layer sha256:$(diff_hex 1): is damaged"
    repaired "^blob sha256:$(layer_hex 1): .*: downloaded again$"
}

@test "what the registry does not have stays a fault, and says why" {
    cbox pull -q layers:1
    cbox tag layers:1 127.0.0.1:1/nowhere:1
    cbox rmi layers:1
    rm "$CBOX_ROOT/blobs/sha256/$(layer_hex 1)"
    refuse 1 'the store .* has 1 fault$' cbox system check --repair -q
    fault "^blob sha256:$(layer_hex 1): is missing \(127.0.0.1:1/nowhere:1\).*Connection refused" --repair
    cbox untag 127.0.0.1:1/nowhere:1
    fault "^blob sha256:$(layer_hex 1): is missing" --repair
    # A pull brings what is missing of blobs as well.
    cbox pull -q layers:1
    whole --deep
}

@test "damaged things that nothing needs are thrown away" {
    cbox pull -q alpine
    cbox pull -q layers:1
    orphan=$CBOX_ROOT/blobs/sha256/$(printf '0%.0s' {1..64})
    echo garbage >"$orphan"
    fault "^blob sha256:0{64}: is damaged: it has another digest$"
    repaired 'blob sha256:0{64}: .*: removed, since nothing needs it$'
    [ ! -e "$orphan" ]
    # Whole ones are no fault.
    printf whole >"$orphan"
    mv "$orphan" "$CBOX_ROOT/blobs/sha256/$(printf whole | sha256sum | cut -d' ' -f1)"
    whole
    run cbox system check
    [ "${lines[1]}" = '1 blobs and layers that nothing needs, which cbox system prune removes' ]
}

@test "records that cannot be read" {
    cbox pull -q layers:1
    cbox pull -q alpine
    cbox run --name user layers:1 true || true
    tag=$CBOX_ROOT/tags/docker.io/library/alpine/:latest
    echo '{' >"$tag"
    fault '^tags/docker.io/library/alpine/:latest: .*; remove the file and pull the image again$'
    fault '^tags/docker.io/library/alpine/:latest: ' --repair
    cbox rmi alpine || rm "$tag"
    id=$(readlink "$CBOX_ROOT/containers/@user")
    cp "$CBOX_ROOT/containers/$id/record.json" "$BATS_TEST_TMPDIR/record"
    echo '{' >"$CBOX_ROOT/containers/$id/record.json"
    fault "^containers/$id: .*; remove it: cbox rm -f ${id:0:12}$"
    cp "$BATS_TEST_TMPDIR/record" "$CBOX_ROOT/containers/$id/record.json"
    # A container's image that lost its names.
    cbox rmi -f layers:1
    whole
    rm "$CBOX_ROOT/blobs/sha256/$(layer_hex 1)"
    fault "^blob sha256:$(layer_hex 1): is missing \(container user\)$"
}

@test "all platforms: what is kept of the others is checked and mended too" {
    cbox pull -q --all-platforms multi:1
    layout=$("$fixtures_dir/multi-arch")
    for blob in "$layout"/blobs/sha256/*; do
        rm "$CBOX_ROOT/blobs/sha256/${blob##*/}"
        fault "^blob sha256:${blob##*/}: is missing \(multi:1\)$"
        run cbox system check --repair
        [ "$status" -eq 0 ]
        whole
    done
    diff <(cd "$CBOX_ROOT/blobs/sha256" && printf '%s\n' *) <(cd "$layout/blobs/sha256" && printf '%s\n' *)
}

@test "df: totals, active ones, what could go; the sum is the store's" {
    cbox pull -q layers:1
    cbox pull -q alpine
    cbox run --name user layers:1 true || true
    run cbox system df
    [[ ${lines[0]} =~ ^TYPE\ +TOTAL\ +ACTIVE\ +SIZE\ +RECLAIMABLE$ ]]
    [[ ${lines[1]} =~ ^Images\ +2\ +1\ +[0-9.]+[kMG]?B\ +[0-9.]+[kMG]?B\ \([0-9]+%\)$ ]]
    [[ ${lines[2]} =~ ^Containers\ +1\ +0\ +[0-9.]+[kMG]?B\ +[0-9.]+[kMG]?B\ \(100%\)$ ]]
    [[ ${lines[3]} =~ ^Local\ Volumes\ +0\ +0\  ]]
    [[ ${lines[4]} =~ ^Build\ Cache\ +0\ +0\ +0B\  ]]
    [[ ${lines[5]} =~ ^Unfinished\  ]]
    [[ ${lines[6]} =~ ^Other\  ]]
    expect $'Images 2\nContainers 1' sh -c "cbox system df --format '{{.Type}} {{.TotalCount}}' | head -n 2"
    run cbox system df -v
    grep -qE "^layers +1 +[0-9a-f]{12} .* 1$" <<<"$output"
    grep -qE "^alpine +latest +[0-9a-f]{12} .* 0$" <<<"$output"
    grep -qE "^[0-9a-f]{12} +layers:1 .* exited +user$" <<<"$output"
    refuse 1 'exclude each other' cbox system df -v --format json
}

@test "prune: stopped containers, dangling images, unfinished downloads" {
    cbox pull -q alpine
    cbox pull -q layers:1
    cbox untag layers:1
    cbox run --name stopped alpine true
    cbox run --name running alpine sleep 987654 3>&- &
    wait_for 10 container_pid 987654
    CBOX_FAILPOINT=ingest-verified cbox pull -q multi:1 >/dev/null 2>&1 || true
    ls "$CBOX_ROOT"/tmp/blob-*
    run cbox system prune <<<n
    [ "$(cbox ps -aq | wc -l)" -eq 2 ]
    run cbox system prune -f
    [ "$status" -eq 0 ]
    grep -qx 'Deleted Containers:' <<<"$output"
    grep -qx 'Deleted Images:' <<<"$output"
    [[ ${lines[-1]} =~ ^Total\ reclaimed\ space:\ [1-9][0-9.]+[kM]B$ ]]
    [ "$(cbox ps -aq | wc -l)" -eq 1 ]
    expect alpine:latest cbox images --format '{{.Repository}}:{{.Tag}}'
    run ! ls "$CBOX_ROOT"/tmp/blob-*
    whole
    # A second one has nothing to do.
    expect 'Total reclaimed space: 0B' cbox system prune -f
    kill -KILL "$(container_pid 987654)"
    wait
    expect '' cbox system prune -f -a --filter until=1h | true
    cbox system prune -f -a >/dev/null
    expect '' cbox images -q
    [ -z "$(find "$CBOX_ROOT/blobs" "$CBOX_ROOT/layers" -type f)" ]
}
