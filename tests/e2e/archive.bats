#!/usr/bin/env bats
# cbox save and load: archives of ours read by skopeo and umoci, theirs by cbox; archives that mean harm; crashes.

load helper
load ../fixtures/archive

setup_file() {
    file_setup none
    alpine=$("$fixtures_dir/alpine") layers=$("$fixtures_dir/layers") multi=$("$fixtures_dir/multi-arch")
    export alpine layers multi
    skopeo --insecure-policy copy -q "oci:$alpine" "docker-archive:$BATS_FILE_TMPDIR/docker.tar:alpine:3"
    skopeo --insecure-policy copy -q "oci:$layers" "oci-archive:$BATS_FILE_TMPDIR/oci.tar:host.example/team/layers:1"
    skopeo --insecure-policy copy -q --all "oci:$multi" "oci-archive:$BATS_FILE_TMPDIR/multi.tar:multi:1"
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

# skopeo's copy of anything as an OCI layout: prints the digest that it has there.
copied_digest() {
    rm -rf "$BATS_TEST_TMPDIR/copied"
    skopeo --insecure-policy copy -q "$@" "oci:$BATS_TEST_TMPDIR/copied:x"
    jq -r '.manifests[0].digest' "$BATS_TEST_TMPDIR/copied/index.json"
}

config_digest() {
    jq -r .config.digest "$1/blobs/sha256/$(image_digest "$1" | cut -d: -f2)"
}

# load_layers: the image with every kind of file, under the name layers:1.
load_layers() {
    cbox load -q -i "$layers"
    cbox tag "$(config_digest "$layers")" layers:1
}

# same_trees A B: but for the times of directories that no tar names, which are the unpacker's or the runtime's.
same_trees() {
    local own='s/^(\.|etc|implied[^ ]*|directory[^ ]*) dir ([^ ]+ [^ ]+) [^ ]+/\1 dir \2/'
    diff <(sed -E "$own" "$1") <(sed -E "$own" "$2")
}

# Nothing unfinished stays in the store. Trash is deleted by a process beside the commands, which takes its moment.
store_is_clean() {
    cbox image prune -f >/dev/null
    wait_for 10 no_files "$CBOX_ROOT/tmp"
}

no_files() {
    [ -z "$(find "$@" -type f -size +0 2>&1)" ]
}

# ---- loading ----

@test "archives of skopeo: file, standard input, pipe" {
    expect 'Loaded image: alpine:3' cbox load -i "$BATS_FILE_TMPDIR/docker.tar"
    expect 'Loaded image: host.example/team/layers:1' cbox load <"$BATS_FILE_TMPDIR/oci.tar"
    expect 'Loaded image: alpine:3' bash -c "cat '$BATS_FILE_TMPDIR/docker.tar' | cbox load -q"
    expect hello cbox run --rm alpine:3 echo hello
    expect three cbox run --rm host.example/team/layers:1 'echo $LAYERS'
    [ "$(cbox image inspect --format '{{.Id}}' alpine:3)" = "$(config_digest "$alpine")" ]
    store_is_clean
}

@test "a whole archive compressed with gzip or zstd, in a file and in a pipe" {
    gzip -nc "$BATS_FILE_TMPDIR/docker.tar" >"$BATS_TEST_TMPDIR/a.gz"
    zstd -qc "$BATS_FILE_TMPDIR/oci.tar" >"$BATS_TEST_TMPDIR/a.zst"
    expect 'Loaded image: alpine:3' cbox load -i "$BATS_TEST_TMPDIR/a.gz"
    expect 'Loaded image: host.example/team/layers:1' bash -c "cat '$BATS_TEST_TMPDIR/a.zst' | cbox load"
    store_is_clean
}

@test "other compressions are refused by name" {
    xz -c "$BATS_FILE_TMPDIR/docker.tar" >"$BATS_TEST_TMPDIR/a.xz"
    refuse 1 'a.xz: compressed with xz.*gzip, zstd' cbox load -i "$BATS_TEST_TMPDIR/a.xz"
    refuse 1 'standard input: compressed with xz' cbox load <"$BATS_TEST_TMPDIR/a.xz"
}

@test "a plain archive whose first name begins like something compressed" {
    for name in LZIP-notes 'BZh91AY&SY' $'\x1f\x9d'; do
        touch "$BATS_TEST_TMPDIR/$name"
        tar -C "$BATS_TEST_TMPDIR" -cf "$BATS_TEST_TMPDIR/a.tar" "$name"
        tar -Af "$BATS_TEST_TMPDIR/a.tar" "$BATS_FILE_TMPDIR/docker.tar"
        expect 'Loaded image: alpine:3' cbox load -i "$BATS_TEST_TMPDIR/a.tar"
        expect 'Loaded image: alpine:3' bash -c "cat '$BATS_TEST_TMPDIR/a.tar' | cbox load"
        cbox import "$BATS_TEST_TMPDIR/a.tar" files:1
        cbox rmi alpine:3 files:1
    done
    store_is_clean
}

@test "an OCI directory; without a name the ID is printed, once more too" {
    id=$(config_digest "$alpine")
    expect "Loaded image ID: $id" cbox load -i "$alpine"
    before=$(cd "$CBOX_ROOT" && find blobs layers tags | sort)
    expect "Loaded image ID: $id" cbox load -i "$alpine"
    [ "$(cd "$CBOX_ROOT" && find blobs layers tags | sort)" = "$before" ]
    expect "$id" cbox images -q --no-trunc
    expect hello cbox run --rm "$id" echo hello
}

@test "layers of skopeo's archives unpacked, gzip, zstd" {
    for format in none gzip zstd; do
        rm -rf "$BATS_TEST_TMPDIR/l"
        image_init "$BATS_TEST_TMPDIR/l"
        echo "file f data=$format" | "$fixtures_dir/mktar" | image_layer "$BATS_TEST_TMPDIR/l" $format
        image_manifest "$BATS_TEST_TMPDIR/l" '{}'
        rm -f "$BATS_TEST_TMPDIR/a.tar"
        skopeo --insecure-policy copy -q "oci:$BATS_TEST_TMPDIR/l" "oci-archive:$BATS_TEST_TMPDIR/a.tar:$format:1"
        expect "Loaded image: $format:1" cbox load -i "$BATS_TEST_TMPDIR/a.tar"
        layer=$(cbox image inspect --format '{{index .RootFS.Layers 0}}' "$format:1")
        [ "$(<"$CBOX_ROOT/layers/sha256/${layer#sha256:}/tree/f")" = $format ]
    done
}

@test "the old layout of docker save, a layer twice through a link" {
    layout=$BATS_TEST_TMPDIR/twice
    image_init "$layout"
    for n in 1 2 1; do
        echo "file f$n data=$n" | "$fixtures_dir/mktar" | image_layer "$layout" gzip
    done
    image_manifest "$layout" '{"Env":["TWICE=yes"]}'
    archive_old "$layout" twice:old "$BATS_TEST_TMPDIR/old.tar"
    tar tvf "$BATS_TEST_TMPDIR/old.tar" | grep ' -> '
    expect 'Loaded image: twice:old' cbox load -i "$BATS_TEST_TMPDIR/old.tar"
    [ "$(cbox image inspect --format '{{.Id}}' twice:old)" = "$(config_digest "$layout")" ]
    expect 3 cbox image inspect --format '{{len .RootFS.Layers}}' twice:old
    # The manifest that it got depends on the archive alone.
    cbox save --format oci-dir -o "$BATS_TEST_TMPDIR/out" twice:old
    CBOX_ROOT=$BATS_TEST_TMPDIR/other cbox load -i "$BATS_TEST_TMPDIR/old.tar"
    CBOX_ROOT=$BATS_TEST_TMPDIR/other cbox save --format oci-dir -o "$BATS_TEST_TMPDIR/out2" twice:old
    diff -r "$BATS_TEST_TMPDIR/out" "$BATS_TEST_TMPDIR/out2"
    copied_digest "oci:$BATS_TEST_TMPDIR/out"
    [ "$(config_digest "$BATS_TEST_TMPDIR/copied")" = "$(config_digest "$layout")" ]
}

@test "the newer layout of docker save through manifest.json alone: layers compressed, under their digests" {
    load_layers
    mkdir "$BATS_TEST_TMPDIR/new"
    cbox save layers:1 | tar -C "$BATS_TEST_TMPDIR/new" -x
    rm "$BATS_TEST_TMPDIR/new/index.json" "$BATS_TEST_TMPDIR/new/oci-layout"
    tar_of "$BATS_TEST_TMPDIR/new" --mtime=@0 >"$BATS_TEST_TMPDIR/new.tar"
    export CBOX_ROOT=$BATS_TEST_TMPDIR/root2
    for archive in "$BATS_TEST_TMPDIR/new.tar" "$BATS_TEST_TMPDIR/new"; do
        expect 'Loaded image: layers:1' cbox load -i "$archive"
    done
    [ "$(cbox image inspect --format '{{.Id}}' layers:1)" = "$(config_digest "$layers")" ]
    expect three cbox run --rm layers:1 'echo $LAYERS'
    # What was compressed stays so, and keeps its digest.
    cbox save --format oci-dir -o "$BATS_TEST_TMPDIR/out" layers:1
    [ "$(image_layer_digest "$BATS_TEST_TMPDIR/out" 2)" = "$(image_layer_digest "$layers" 2)" ]
}

@test "a load takes a name away from the image that had it, as Docker does" {
    cbox load -q -i "$BATS_FILE_TMPDIR/docker.tar"
    old=$(cbox image inspect --format '{{.Id}}' alpine:3)
    image_init "$BATS_TEST_TMPDIR/l"
    echo 'file f data=x' | "$fixtures_dir/mktar" | image_layer "$BATS_TEST_TMPDIR/l" gzip
    image_manifest "$BATS_TEST_TMPDIR/l" '{}'
    skopeo --insecure-policy copy -q "oci:$BATS_TEST_TMPDIR/l" "docker-archive:$BATS_TEST_TMPDIR/new.tar:alpine:3"
    expect "The image alpine:3 already exists, renaming the old one with ID $old to empty string
Loaded image: alpine:3" cbox load -i "$BATS_TEST_TMPDIR/new.tar"
    [ "$(cbox images -q --no-trunc | sort -u | wc -l)" -eq 2 ]
    expect hello cbox run --rm "$old" echo hello
}

@test "an index: this machine's image, another platform's, every one" {
    cbox load -q -i "$BATS_FILE_TMPDIR/multi.tar"
    expect "$(image_arch)" cbox image inspect --format '{{.Architecture}}' multi:1
    cbox load --platform linux/s390x -i "$BATS_FILE_TMPDIR/multi.tar"
    expect s390x cbox image inspect --format '{{.Architecture}}' multi:1
    refuse 1 'plan9/mips.*the image is there for .*linux/s390x' cbox load --platform plan9/mips -i "$BATS_FILE_TMPDIR/multi.tar"
    refuse 1 'alpine:3|platform linux/s390x: it is for' cbox load --platform linux/s390x -i "$BATS_FILE_TMPDIR/docker.tar"
    refuse 1 'not here for all.*pull --all-platforms' cbox save --all-platforms -o "$BATS_TEST_TMPDIR/no.tar" multi:1
    [ ! -e "$BATS_TEST_TMPDIR/no.tar" ]
    cbox load -q --all-platforms -i "$BATS_FILE_TMPDIR/multi.tar"
    cbox save --all-platforms --format oci-archive -o "$BATS_TEST_TMPDIR/all.tar" multi:1
    [ "$(copied_digest --all "oci-archive:$BATS_TEST_TMPDIR/all.tar")" = "$(image_digest "$multi")" ]
    # What one platform's archive says of the name is known already, and more.
    cbox save multi:1 | cbox load -q
    cbox save --all-platforms multi:1 >/dev/null
    # Collection keeps what was promised.
    cbox image prune -f
    cbox save --platform linux/s390x --format oci-dir -o "$BATS_TEST_TMPDIR/s390x" multi:1
    expect s390x jq -r '.manifests[0].platform.architecture' "$BATS_TEST_TMPDIR/s390x/index.json"
    # Without one platform's content the whole cannot be had.
    mkdir "$BATS_TEST_TMPDIR/less"
    tar -C "$BATS_TEST_TMPDIR/less" -xf "$BATS_TEST_TMPDIR/all.tar"
    rm "$BATS_TEST_TMPDIR/less/blobs/sha256/$(jq -r '.config.digest[7:]' "$BATS_TEST_TMPDIR/s390x/blobs/sha256/$(image_digest "$BATS_TEST_TMPDIR/s390x" | cut -d: -f2)")"
    fresh=$BATS_TEST_TMPDIR/root2
    CBOX_ROOT=$fresh refuse 1 'blobs/sha256/.*: No such file' cbox load --all-platforms -i "$BATS_TEST_TMPDIR/less"
    CBOX_ROOT=$fresh cbox load -i "$BATS_TEST_TMPDIR/less"
}

@test "an index inside an index, with an attestation beside the images" {
    layout=$BATS_TEST_TMPDIR/nested
    image_init "$layout"
    for platform in "linux/$(image_arch)" linux/s390x; do
        echo "file f data=$platform" | "$fixtures_dir/mktar" | image_layer "$layout" gzip
        image_manifest "$layout" '{}' oci "$platform" | tail -n 1 >>"$BATS_TEST_TMPDIR/descriptors"
    done
    statement=$(image_descriptor "$layout" "$(echo '{"of": "nothing"}' | image_blob "$layout")" application/vnd.in-toto+json)
    config=$(image_descriptor "$layout" "$(echo '{}' | image_blob "$layout")" "$(image_media_type oci config)")
    hex=$(jq -cn --argjson c "$config" --argjson s "$statement" '{schemaVersion: 2, config: $c, layers: [$s]}' | image_blob "$layout")
    image_descriptor "$layout" "$hex" "$(image_media_type oci manifest)" |
        jq -c '. + {platform: {os: "unknown", architecture: "unknown"}}' >>"$BATS_TEST_TMPDIR/descriptors"
    mapfile -t descriptors <"$BATS_TEST_TMPDIR/descriptors"
    inner=$(image_index "$layout" oci "${descriptors[@]}")
    image_index "$layout" oci "$inner"
    id=$(cbox load -i "$layout")
    id=${id#Loaded image ID: }
    expect "$(image_arch)" cbox image inspect --format '{{.Architecture}}' "$id"
    cbox tag "$id" nested
    refuse 1 'not here for all' cbox save --all-platforms nested
    cbox load -q --all-platforms -i "$layout"
    cbox tag "$id" nested
    cbox image prune -f
    cbox save --all-platforms --format oci-dir -o "$BATS_TEST_TMPDIR/out" nested
    [ "$(image_digest "$BATS_TEST_TMPDIR/out")" = "$(image_digest "$layout")" ]
    diff <(cd "$layout" && find blobs -type f | sort) <(cd "$BATS_TEST_TMPDIR/out" && find blobs -type f | sort)
    cbox system check --deep
}

@test "names: containerd's, one in full, a tag alone" {
    cp -r "$alpine" "$BATS_TEST_TMPDIR/named"
    name() {
        jq --arg k "$1" --arg v "$2" '.manifests[0].annotations = {($k): $v}' "$alpine/index.json" >"$BATS_TEST_TMPDIR/named/index.json"
        cbox load -q -i "$BATS_TEST_TMPDIR/named"
    }
    expect 'Loaded image: app:2' name io.containerd.image.name docker.io/library/app:2
    expect 'Loaded image: host.example:5000/app:latest' name org.opencontainers.image.ref.name host.example:5000/app
    expect "Loaded image ID: $(config_digest "$alpine")" name org.opencontainers.image.ref.name latest
    expect "Loaded image ID: $(config_digest "$alpine")" name io.containerd.image.name 'Not A Name'
}

# ---- saving ----

@test "a saved image comes back the same: digest, names and every file" {
    load_layers
    container_tree layers:1 >"$BATS_TEST_TMPDIR/before"
    cbox save -o "$BATS_TEST_TMPDIR/saved.tar" layers:1
    expect 600 stat -c %a "$BATS_TEST_TMPDIR/saved.tar"
    cbox rmi layers:1
    [ "$(pulled)" -eq 0 ]
    [ -z "$(find "$CBOX_ROOT/blobs" -type f)" ]
    expect 'Loaded image: layers:1' cbox load -i "$BATS_TEST_TMPDIR/saved.tar"
    container_tree layers:1 >"$BATS_TEST_TMPDIR/after"
    same_trees "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
    cbox save layers:1 >"$BATS_TEST_TMPDIR/again.tar"
    cmp "$BATS_TEST_TMPDIR/saved.tar" "$BATS_TEST_TMPDIR/again.tar"
    cbox save layers:1 | cmp - "$BATS_TEST_TMPDIR/saved.tar"
}

@test "skopeo reads it as every kind: the same digests" {
    load_layers
    for format in docker-archive oci-archive; do
        cbox save --format $format -o "$BATS_TEST_TMPDIR/$format" layers:1
        [ "$(copied_digest "oci-archive:$BATS_TEST_TMPDIR/$format")" = "$(image_digest "$layers")" ]
    done
    cbox save --format oci-dir -o "$BATS_TEST_TMPDIR/dir" layers:1
    [ "$(copied_digest "oci:$BATS_TEST_TMPDIR/dir")" = "$(image_digest "$layers")" ]
    # What it reads through manifest.json it describes anew; the config is the image.
    [ "$(skopeo --insecure-policy inspect --raw "docker-archive:$BATS_TEST_TMPDIR/docker-archive:layers:1" | jq -r .config.digest)" = "$(config_digest "$layers")" ]
    copied_digest "docker-archive:$BATS_TEST_TMPDIR/docker-archive:layers:1"
    run skopeo --insecure-policy inspect "docker-archive:$BATS_TEST_TMPDIR/oci-archive"
    [ "$status" -ne 0 ] # no manifest.json in that one
}

@test "umoci unpacks an OCI directory to the tree of a container" {
    cbox load -q -i "$BATS_FILE_TMPDIR/docker.tar"
    cbox save --format oci-dir -o "$BATS_TEST_TMPDIR/dir" alpine:3
    umoci unpack --image "$BATS_TEST_TMPDIR/dir:3" "$BATS_TEST_TMPDIR/bundle"
    "$fixtures_dir/lstree" "$BATS_TEST_TMPDIR/bundle/rootfs" proc sys dev etc/hosts etc/hostname etc/resolv.conf >"$BATS_TEST_TMPDIR/theirs"
    container_tree alpine:3 >"$BATS_TEST_TMPDIR/ours"
    same_trees "$BATS_TEST_TMPDIR/theirs" "$BATS_TEST_TMPDIR/ours"
}

@test "several images share their blobs; a repository means all of its tags; an ID has no name" {
    load_layers
    cbox load -q -i "$BATS_FILE_TMPDIR/docker.tar"
    cbox tag layers:1 layers:2
    cbox save -o "$BATS_TEST_TMPDIR/all.tar" layers alpine:3
    tar xOf "$BATS_TEST_TMPDIR/all.tar" manifest.json >"$BATS_TEST_TMPDIR/manifest.json"
    expect '["layers:1","layers:2"]' jq -c '.[0].RepoTags' "$BATS_TEST_TMPDIR/manifest.json"
    expect '["alpine:3"]' jq -c '.[1].RepoTags' "$BATS_TEST_TMPDIR/manifest.json"
    [ -z "$(tar tf "$BATS_TEST_TMPDIR/all.tar" | sort | uniq -d)" ]
    expect '["1","2"]' bash -c "tar xOf '$BATS_TEST_TMPDIR/all.tar' repositories | jq -c '.layers | keys'"
    cbox save -o "$BATS_TEST_TMPDIR/id.tar" "$(config_digest "$layers")"
    expect null bash -c "tar xOf '$BATS_TEST_TMPDIR/id.tar' manifest.json | jq -c '.[0].RepoTags'"
    expect "Loaded image ID: $(config_digest "$layers")" cbox load -i "$BATS_TEST_TMPDIR/id.tar"
}

@test "a layer packed in two ways is one layer and two blobs" {
    cbox load -q -i "$alpine"
    cbox load -q -i "$BATS_FILE_TMPDIR/docker.tar"
    [ "$(find "$CBOX_ROOT/layers/sha256" -mindepth 1 -maxdepth 1 | wc -l)" -eq 1 ]
    cbox save --format oci-dir -o "$BATS_TEST_TMPDIR/plain" alpine:3
    CBOX_ROOT=$BATS_TEST_TMPDIR/root2 cbox load -q -i "$BATS_FILE_TMPDIR/docker.tar"
    CBOX_ROOT=$BATS_TEST_TMPDIR/root2 cbox load -q -i "$alpine"
    CBOX_ROOT=$BATS_TEST_TMPDIR/root2 cbox save -o "$BATS_TEST_TMPDIR/plain.tar" alpine:3
    [ -n "$(find "$CBOX_ROOT/blobs" -name "$(image_layer_digest "$alpine" 0 | cut -d: -f2)")" ]
    [ -n "$(find "$BATS_TEST_TMPDIR/root2/blobs" -name "$(image_layer_digest "$alpine" 0 | cut -d: -f2)")" ]
    # In one image too.
    image_init "$BATS_TEST_TMPDIR/both"
    for kind in gzip zstd none; do
        echo 'file f data=x' | "$fixtures_dir/mktar" | image_layer "$BATS_TEST_TMPDIR/both" $kind
    done
    image_manifest "$BATS_TEST_TMPDIR/both" '{}'
    cbox load -q -i "$BATS_TEST_TMPDIR/both"
    cbox save --format oci-dir -o "$BATS_TEST_TMPDIR/out" "$(config_digest "$BATS_TEST_TMPDIR/both")"
    diff <(cd "$BATS_TEST_TMPDIR/both" && find blobs -type f | sort) <(cd "$BATS_TEST_TMPDIR/out" && find blobs -type f | sort)
}

@test "save: what is refused" {
    cbox load -q -i "$BATS_FILE_TMPDIR/docker.tar"
    refuse 1 'no such image: nope' cbox save -o "$BATS_TEST_TMPDIR/x" nope
    refuse 1 'missing/x: No such file' cbox save -o "$BATS_TEST_TMPDIR/missing/x" alpine:3
    refuse 1 'is a directory' cbox save -o "$BATS_TEST_TMPDIR" alpine:3
    refuse 1 'exclude each other' cbox save --platform linux/arm64 --all-platforms -o "$BATS_TEST_TMPDIR/x" alpine:3
    refuse 1 'oci-dir needs' cbox save --format oci-dir alpine:3
    refuse 1 'not for the platform linux/s390x' cbox save --platform linux/s390x -o "$BATS_TEST_TMPDIR/x" alpine:3
    mkdir "$BATS_TEST_TMPDIR/full"
    touch "$BATS_TEST_TMPDIR/full/file"
    refuse 1 'no empty directory' cbox save --format oci-dir -o "$BATS_TEST_TMPDIR/full" alpine:3
    run script -qec 'cbox save alpine:3' /dev/null
    [[ $output == *'cowardly refusing to save to a terminal. Use the -o flag or redirect'* ]]
    run script -qec 'cbox load' /dev/null
    [[ $output == *'requested load from stdin, but stdin is empty'* ]]
    blob=$(find "$CBOX_ROOT/blobs" -type f -size +100k)
    mv "$blob" "$BATS_TEST_TMPDIR/blob"
    refuse 1 'blob sha256:.* is missing.*again' cbox save -o "$BATS_TEST_TMPDIR/x" alpine:3
    head -c 1000 "$BATS_TEST_TMPDIR/blob" >"$blob"
    refuse 1 'alpine:3: blob sha256:.* has 1000 bytes' cbox save -o "$BATS_TEST_TMPDIR/x" alpine:3
    cp "$BATS_TEST_TMPDIR/blob" "$blob"
    printf X | dd of="$blob" bs=1 seek=100000 conv=notrunc status=none
    refuse 1 'blob sha256:.* is damaged.*--repair' cbox save -o "$BATS_TEST_TMPDIR/x" alpine:3
    refuse 1 'blob sha256:.* is damaged' cbox save --format oci-dir -o "$BATS_TEST_TMPDIR/x" alpine:3
    [ -z "$(find "$BATS_TEST_TMPDIR" -maxdepth 1 \( -name x -o -name '.tmp*' \))" ]
}

@test "a name's file is replaced when it is complete, and what is no file is written to" {
    cbox load -q -i "$BATS_FILE_TMPDIR/docker.tar"
    echo old >"$BATS_TEST_TMPDIR/out.tar"
    CBOX_FAILPOINT=save-part run cbox save -o "$BATS_TEST_TMPDIR/out.tar" alpine:3
    [ "$status" -eq 137 ]
    expect old cat "$BATS_TEST_TMPDIR/out.tar"
    [ -z "$(find "$BATS_TEST_TMPDIR" -maxdepth 1 -name '.tmp*')" ]
    cbox save -o "$BATS_TEST_TMPDIR/out.tar" alpine:3
    cbox save -o /dev/stdout alpine:3 | cmp - "$BATS_TEST_TMPDIR/out.tar"
}

@test "a signal ends a save; what it reads is kept from removal until then" {
    # Of several layers, so that the last are not open yet when the first fills the pipe.
    load_layers
    cbox save layers:1 >"$BATS_TEST_TMPDIR/whole.tar"
    mkfifo "$BATS_TEST_TMPDIR/fifo"
    exec 8<>"$BATS_TEST_TMPDIR/fifo"
    cbox save layers:1 >"$BATS_TEST_TMPDIR/fifo" 3>&- 8>&- &
    saving=$!
    head -c 1 <&8 >"$BATS_TEST_TMPDIR/first"
    cbox rmi layers:1
    # All but what head took: the rest comes although the image has gone.
    timeout 20 head -c $(($(stat -c %s "$BATS_TEST_TMPDIR/whole.tar") - 1)) <&8 >"$BATS_TEST_TMPDIR/rest"
    wait $saving
    cat "$BATS_TEST_TMPDIR/first" "$BATS_TEST_TMPDIR/rest" | cmp - "$BATS_TEST_TMPDIR/whole.tar"
    cbox load -q -i "$BATS_TEST_TMPDIR/whole.tar"
    cbox save layers:1 >"$BATS_TEST_TMPDIR/fifo" 3>&- 8>&- &
    saving=$!
    head -c 1 <&8 >/dev/null
    kill -TERM $saving
    ended=0
    wait $saving || ended=$?
    [ "$ended" -eq 130 ]
    exec 8>&-
    store_is_clean
}

# A filter of system calls, and an empty root directory.
confined() {
    grep -q '^Seccomp:.2$' "/proc/$1/status" && [ -z "$(ls -A "/proc/$1/root/")" ]
}

@test "a signal ends a load from a pipe, plain or compressed, and nothing is left" {
    mkfifo "$BATS_TEST_TMPDIR/fifo"
    gzip -nc "$BATS_FILE_TMPDIR/oci.tar" >"$BATS_TEST_TMPDIR/oci.gz"
    for archive in "$BATS_FILE_TMPDIR/oci.tar" "$BATS_TEST_TMPDIR/oci.gz"; do
        exec 8<>"$BATS_TEST_TMPDIR/fifo"
        cbox load <"$BATS_TEST_TMPDIR/fifo" 3>&- 8>&- &
        loading=$!
        # More than a pipe holds: it is being read when this has ended.
        head -c 300000 "$archive" >&8
        # Who reads foreign bytes may do little else.
        wait_for 10 confined "$(pgrep -P $loading)"
        kill -TERM $loading
        ended=0
        wait $loading || ended=$?
        [ "$ended" -eq 130 ]
        exec 8>&-
        [ "$(pulled)" -eq 0 ]
        [ -z "$(find "$CBOX_ROOT/tmp" -name 'spool*')" ]
        store_is_clean
    done
}

# ---- archives that mean harm ----

# docker.tar unpacked in $work, for changes to it; repacked [TAR-OPTION...] prints the path of the tar made of that.
unpacked() {
    work=$BATS_TEST_TMPDIR/work
    rm -rf "$work"
    mkdir "$work"
    tar -C "$work" -xf "$BATS_FILE_TMPDIR/docker.tar"
}

edit_manifest() {
    jq -c "$1" "$work/manifest.json" >"$work/new"
    mv "$work/new" "$work/manifest.json"
}

# refuse_load REGEX FILE: refused, from the file and from a pipe, and nothing of it is seen.
refuse_load() {
    refuse 1 "$1" cbox load -i "$2"
    refuse 1 "$1" cbox load < <(cat "$2")
    [ "$(pulled)" -eq 0 ]
}

repacked() {
    tar -C "$work" -cf "$BATS_TEST_TMPDIR/bad.tar" "$@" .
    echo "$BATS_TEST_TMPDIR/bad.tar"
}

@test "names that lead out of the archive lead nowhere" {
    for name in ../../../../../../etc/passwd /etc/passwd; do
        unpacked
        edit_manifest ".[0].Config = \"$name\""
        refuse_load 'etc/passwd is not in the archive|leaves the' "$(repacked)"
    done
    unpacked
    edit_manifest '.[0].Config = "c.json"'
    ln -s /etc/passwd "$work/c.json"
    refuse_load 'etc/passwd is where a link leads, and not there' "$(repacked)"
    ln -sf ../../../../../../../etc/passwd "$work/c.json"
    refuse_load 'c.json is a link that leads out of the archive' "$(repacked)"
    ln -sf d.json "$work/c.json"
    ln -sf c.json "$work/d.json"
    refuse_load 'c.json is a link that goes in circles' "$(repacked)"
    rm "$work/c.json"
    mkfifo "$work/c.json"
    refuse_load 'c.json is not in the archive' "$(repacked)"
}

@test "a name that stands there twice, a sparse file, a lie about layers" {
    unpacked
    repacked
    tar -C "$work" -rf "$BATS_TEST_TMPDIR/bad.tar" ./manifest.json
    refuse_load 'manifest.json stands in the archive twice' "$BATS_TEST_TMPDIR/bad.tar"
    unpacked
    layer=$(jq -r '.[0].Layers[0]' "$work/manifest.json")
    truncate -s 1M "$work/holes"
    mv "$work/holes" "$work/$layer"
    refuse_load 'is a sparse file' "$(repacked -S)"
    unpacked
    edit_manifest '.[0].Layers = []'
    refuse_load 'lists 0 layers and the config 1' "$(repacked)"
    unpacked
    edit_manifest '.[0].Layers += .[0].Layers'
    refuse_load 'lists 2 layers and the config 1' "$(repacked)"
    unpacked
    edit_manifest '.[0].RepoTags = ["alpine"]'
    refuse_load 'invalid tag "alpine"' "$(repacked)"
}

@test "what is too large is not read" {
    unpacked
    truncate -s 100M "$work/manifest.json"
    refuse_load 'manifest.json has 104857600 bytes; at most' "$(repacked)"
    unpacked
    config=$(jq -r '.[0].Config' "$work/manifest.json")
    truncate -s 100M "$work/$config"
    refuse_load 'has 104857600 bytes; at most' "$(repacked)"
    # A header that promises more than there is.
    unpacked
    repacked
    python3 - "$BATS_TEST_TMPDIR/bad.tar" <<'END'
import struct, sys
with open(sys.argv[1], "r+b") as f:
    f.seek(0, 2)
    f.seek(-10240 if f.tell() > 10240 else 0, 2)
    h = bytearray(512)
    h[0:5], h[156:157], h[257:265] = b"large", b"0", b"ustar\0" + b"00"
    h[124:136] = b"\x80\0\0\0" + struct.pack(">Q", 1 << 60)
    h[148:156] = b" " * 8
    h[148:155] = b"%06o\0" % sum(h)
    data = open(sys.argv[1], "rb").read()
    end = len(data.rstrip(b"\0")) + 511 & ~511
    f.seek(end)
    f.truncate()
    f.write(h)
END
    refuse_load 'truncated' "$BATS_TEST_TMPDIR/bad.tar"
}

@test "a truncated archive, damaged layers and documents" {
    size=$(stat -c %s "$BATS_FILE_TMPDIR/docker.tar")
    for part in 700 $((size / 2)); do
        head -c "$part" "$BATS_FILE_TMPDIR/docker.tar" >"$BATS_TEST_TMPDIR/bad.tar"
        refuse_load 'truncated|neither' "$BATS_TEST_TMPDIR/bad.tar"
    done
    gzip -nc "$BATS_FILE_TMPDIR/docker.tar" | head -c 300000 >"$BATS_TEST_TMPDIR/bad.gz"
    refuse_load 'truncated' "$BATS_TEST_TMPDIR/bad.gz"
    unpacked
    layer=$(jq -r '.[0].Layers[0]' "$work/manifest.json")
    printf X | dd of="$work/$layer" bs=1 seek=3000 conv=notrunc status=none
    refuse_load 'expected .*sha256:' "$(repacked)"
    for what in config layer manifest; do
        rm -rf "$BATS_TEST_TMPDIR/oci"
        cp -r "$alpine" "$BATS_TEST_TMPDIR/oci"
        case $what in
        config) hex=$(config_digest "$alpine") ;;
        layer) hex=$(image_layer_digest "$alpine" 0) ;;
        manifest) hex=$(image_digest "$alpine") ;;
        esac
        printf X | dd of="$BATS_TEST_TMPDIR/oci/blobs/sha256/${hex#sha256:}" bs=1 seek=20 conv=notrunc status=none
        refuse 1 'expected .*sha256:' cbox load -i "$BATS_TEST_TMPDIR/oci"
        [ "$(pulled)" -eq 0 ]
    done
    store_is_clean
}

@test "an OCI directory cannot lead out of itself, and nothing in it makes cbox wait" {
    hex=$(config_digest "$alpine")
    cp -r "$alpine" "$BATS_TEST_TMPDIR/oci"
    file=$BATS_TEST_TMPDIR/oci/blobs/sha256/${hex#sha256:}
    cp "$file" "$BATS_TEST_TMPDIR/elsewhere"
    ln -sf "$BATS_TEST_TMPDIR/elsewhere" "$file"
    refuse 1 "${hex#sha256:}: " cbox load -i "$BATS_TEST_TMPDIR/oci"
    rm "$file"
    mkfifo "$file"
    refuse 1 'is no regular file' cbox load -i "$BATS_TEST_TMPDIR/oci"
    [ "$(pulled)" -eq 0 ]
}

@test "what is no archive of images" {
    echo text >"$BATS_TEST_TMPDIR/text"
    refuse 1 'text: the tar is truncated' cbox load -i "$BATS_TEST_TMPDIR/text"
    refuse 1 'neither index.json nor manifest.json' cbox load < <(tar -C "$fixtures_dir" -cf - README.md)
    refuse 1 'neither index.json nor manifest.json' cbox load -i "$fixtures_dir"
    refuse 1 'nowhere: No such file' cbox load -i nowhere
    mkdir "$BATS_TEST_TMPDIR/later"
    echo '{"imageLayoutVersion":"2.0.0"}' >"$BATS_TEST_TMPDIR/later/oci-layout"
    echo '{"schemaVersion":2,"manifests":[]}' >"$BATS_TEST_TMPDIR/later/index.json"
    refuse 1 'layout is of version 2.0.0' cbox load -i "$BATS_TEST_TMPDIR/later"
    echo '{"imageLayoutVersion":"1.0.0"}' >"$BATS_TEST_TMPDIR/later/oci-layout"
    refuse 1 'no image is in the archive' cbox load -i "$BATS_TEST_TMPDIR/later"
}

@test "an image that lies about a layer of another one does it no harm" {
    cbox load -q -i "$alpine"
    hex=$(image_layer_digest "$alpine" 0)
    image_init "$BATS_TEST_TMPDIR/liar"
    image_layer_raw "$BATS_TEST_TMPDIR/liar" gzip "sha256:$(printf 0%.0s {1..64})" <"$alpine/blobs/sha256/${hex#sha256:}"
    image_manifest "$BATS_TEST_TMPDIR/liar" '{}'
    rm "$BATS_TEST_TMPDIR/liar/blobs/sha256/${hex#sha256:}"
    refuse 1 'unpacking layer 1/1' cbox load -i "$BATS_TEST_TMPDIR/liar"
    [ "$(pulled)" -eq 1 ]
    cbox save -o "$BATS_TEST_TMPDIR/whole.tar" "$(config_digest "$alpine")"
    # One that was damaged in the store is made good.
    layer=$(cbox image inspect --format '{{index .RootFS.Layers 0}}' "$(config_digest "$alpine")")
    rm -rf "$CBOX_ROOT/layers/sha256/${layer#sha256:}"
    printf X | dd of="$CBOX_ROOT/blobs/sha256/${hex#sha256:}" bs=1 seek=3000 conv=notrunc status=none
    cbox load -q -i "$alpine"
    expect hello cbox run --rm "$(config_digest "$alpine")" echo hello
}

# ---- crashes, full disks ----

@test "a load killed at every named place leaves a store that the next one finishes" {
    gzip -nc "$BATS_FILE_TMPDIR/oci.tar" >"$BATS_TEST_TMPDIR/oci.gz"
    for name in spool load-contents load-blob ingest-begun ingest-write ingest-verified unpack pull-documents \
        transaction-sync transaction-synced transaction-blob transaction-layer transaction-finished load-layers; do
        echo "$name"
        export CBOX_ROOT=$BATS_TEST_TMPDIR/$name/root CBOX_STATE=$BATS_TEST_TMPDIR/$name/state
        CBOX_FAILPOINT=$name run cbox load -i "$BATS_TEST_TMPDIR/oci.gz"
        [ "$status" -ne 0 ]
        [ "$(pulled)" -eq 0 ]
        expect 'Loaded image: host.example/team/layers:1' cbox load -i "$BATS_TEST_TMPDIR/oci.gz"
        expect three cbox run --rm host.example/team/layers:1 'echo $LAYERS'
        store_is_clean
        [ -z "$(find "$CBOX_ROOT/tmp" -name 'spool*')" ]
        cbox rmi host.example/team/layers:1
        no_files "$CBOX_ROOT/blobs" "$CBOX_ROOT/layers"
    done
}

@test "a load killed at random moments" {
    for ((n = 0; n < 12; n++)); do
        cbox load -q -i "$BATS_FILE_TMPDIR/oci.tar" >/dev/null 2>&1 3>&- &
        pid=$!
        printf -v delay '0.%03d' $((RANDOM % 120))
        sleep "$delay"
        kill -KILL $pid 2>/dev/null || true
        wait $pid 2>/dev/null || true
        if [ "$(pulled)" -eq 1 ]; then
            expect three cbox run --rm host.example/team/layers:1 'echo $LAYERS'
            cbox rmi host.example/team/layers:1
        fi
    done
    cbox load -q -i "$BATS_FILE_TMPDIR/oci.tar"
    expect three cbox run --rm host.example/team/layers:1 'echo $LAYERS'
    store_is_clean
}

# on_small_disk SIZE COMMAND...: with an empty tmpfs of that size at $small.
on_small_disk() {
    local size=$1
    shift
    small=$BATS_TEST_TMPDIR/small
    mkdir -p "$small"
    export small
    unshare -m --propagation private bash -euc 'mount -t tmpfs -o "size=$0" small "$small"; "$@"' "$size" "$@"
}

@test "a full disk: an error, and as much space as before" {
    [ "$(id -u)" -eq 0 ] || skip "mounting a tmpfs needs root"
    gzip -nc "$BATS_FILE_TMPDIR/docker.tar" >"$BATS_TEST_TMPDIR/a.gz"
    for archive in "$BATS_FILE_TMPDIR/docker.tar" "$BATS_TEST_TMPDIR/a.gz" "$BATS_FILE_TMPDIR/oci.tar"; do
        # shellcheck disable=SC2016
        run on_small_disk 1500k bash -c 'export CBOX_ROOT=$small/root
            cbox load -i "$0" && exit 9
            cbox images -q
            find "$small" -type f -size +8k' "$archive"
        echo "$output"
        [ "$status" -eq 0 ]
        [ "$(grep -c 'No space left on device' <<<"$output")" -eq 1 ]
        [ "${#lines[@]}" -eq 1 ]
    done
    cbox load -q -i "$BATS_FILE_TMPDIR/docker.tar"
    for format in docker-archive oci-dir; do
        # shellcheck disable=SC2016
        run on_small_disk 500k bash -c 'cbox save --format "$0" -o "$small/out" alpine:3 && exit 9; ls -A "$small"' $format
        echo "$output"
        [[ ${#lines[@]} -eq 1 && $output == *'No space left on device'* ]]
    done
}
