#!/usr/bin/env bats
# What comes of a build: images under names, archives, layouts, directories.

load alpine

setup() {
    test_setup
    export DOCKER_CONFIG=$BATS_TEST_TMPDIR/docker
    context=$BATS_TEST_TMPDIR/context
    mkdir "$context"
    echo content >"$context/file"
    touch -d 2001-01-01 "$context/file"
    cat >"$context/Dockerfile" <<'END'
FROM alpine AS base
RUN mkdir -p /made/deep && echo x >/made/deep/x && rm /etc/motd && rm -rf /var && mkdir /var && touch /var/own
ENV A=b
COPY file /copied/
RUN chown 3:4 /made/deep/x && rm /made/deep/x && chmod 4755 /copied/file && ln /copied/file /copied/hard
CMD ["cat", "/copied/file"]
FROM scratch AS files
COPY --from=base /copied /copied
COPY --from=base /etc/os-release /
FROM base
END
}

teardown() {
    test_teardown
}

# build_ [OPTION...]: builds the context quietly, and prints the ID.
build_() {
    cbox build -q "$@" "$context"
}

@test "several names, none, and an old image that loses its own" {
    one=$(build_ -t out:1 -t out:2)
    [ "$(cbox images -q --no-trunc out:1)" = "$one" ]
    [ "$(cbox images -q --no-trunc out:2)" = "$one" ]
    expect content cbox run --rm out:2
    # The same again has no other name, and nothing is new.
    [ "$(build_)" = "$one" ]
    [ "$(cbox images -q --no-trunc | grep -c "$one")" -eq 2 ]
    echo 'LABEL a=b' >>"$context/Dockerfile"
    two=$(build_ -t out:1 -t out:2)
    [ "$one" != "$two" ]
    [ "$(cbox images -q --no-trunc out:1)" = "$two" ]
    [ "$(cbox images -q --no-trunc -f dangling=true)" = "$one" ]
    cbox image prune -f
    run cbox image inspect "$one"
    [ "$status" -ne 0 ]
    echo 'LABEL a=c' >>"$context/Dockerfile"
    three=$(build_)
    [ "$(cbox images -q --no-trunc -f dangling=true)" = "$three" ]
    expect content cbox run --rm "$three"
    cbox rmi out:1 out:2 "$three"
    expect '' cbox system check -q --deep
}

@test "history, config and manifest say what was done" {
    build_ -t said:1
    cbox history --no-trunc --format '{{.CreatedBy}}|{{.Comment}}' said:1 | head -4 >"$BATS_TEST_TMPDIR/history"
    grep -q '^CMD \["cat".*"/copied/file"\]|cbox.dockerfile.v0$' "$BATS_TEST_TMPDIR/history"
    grep -q '^COPY file /copied/.*|cbox' "$BATS_TEST_TMPDIR/history"
    [ "$(cbox image inspect said:1 | jq '.[0].RootFS.Layers | length')" -eq 4 ]
    cbox save --format oci-dir -o "$BATS_TEST_TMPDIR/oci" said:1
    manifest=$BATS_TEST_TMPDIR/oci/blobs/sha256/$(jq -r '.manifests[0].digest' "$BATS_TEST_TMPDIR/oci/index.json" | cut -d: -f2)
    [ "$(jq -r '[.layers[].mediaType | split("+")[1]] | tostring' "$manifest")" = '["gzip",null,null,null]' ]
    config=$BATS_TEST_TMPDIR/oci/blobs/sha256/$(jq -r .config.digest "$manifest" | cut -d: -f2)
    jq -e '[.history[] | select(.empty_layer | not)] | length == 4' "$config"
    jq -e '.os == "linux" and .config.Env[-1] == "A=b"' "$config"
    cbox rmi said:1
}

@test "a directory: -o DIR, with the caller's files left alone" {
    mkdir "$BATS_TEST_TMPDIR/out"
    echo mine >"$BATS_TEST_TMPDIR/out/mine"
    cbox build -q --target files -o "$BATS_TEST_TMPDIR/out" "$context"
    [ "$(cd "$BATS_TEST_TMPDIR/out" && find . | sort | tr '\n' ' ')" = '. ./copied ./copied/file ./copied/hard ./mine ./os-release ' ]
    [ "$(<"$BATS_TEST_TMPDIR/out/copied/hard")" = content ]
    [ "$(stat -c '%u:%g %h' "$BATS_TEST_TMPDIR/out/copied/file")" = '0:0 2' ]
    cbox build -q --target files --output "type=local,dest=$BATS_TEST_TMPDIR/new/deep" "$context"
    diff -r "$BATS_TEST_TMPDIR/new/deep/copied" "$BATS_TEST_TMPDIR/out/copied"
    # All of a stage: what was removed is not there, nor are places to mount on.
    cbox build -q -o "$BATS_TEST_TMPDIR/all" "$context"
    [ ! -e "$BATS_TEST_TMPDIR/all/etc/motd" ]
    [ "$(ls "$BATS_TEST_TMPDIR/all/var")" = own ]
    [ "$(ls "$BATS_TEST_TMPDIR/all/made/deep")" = '' ]
    [ ! -e "$BATS_TEST_TMPDIR/all/etc/resolv.conf" ]
    # A stage without files is an empty directory.
    printf 'FROM scratch\nLABEL a=b\n' | cbox build -q -o "$BATS_TEST_TMPDIR/empty" -
    [ "$(ls -A "$BATS_TEST_TMPDIR/empty")" = '' ]
}

@test "a tar: to a file, to standard output; the same bytes each time" {
    cbox build -q --target files -o "type=tar,dest=$BATS_TEST_TMPDIR/out.tar" "$context"
    cbox build -q --target files -o - "$context" >"$BATS_TEST_TMPDIR/stdout.tar"
    cmp "$BATS_TEST_TMPDIR/out.tar" "$BATS_TEST_TMPDIR/stdout.tar"
    [ "$(tar tf "$BATS_TEST_TMPDIR/out.tar" | tr '\n' ' ')" = 'copied/ copied/file copied/hard os-release ' ]
    [ "$(tar tvf "$BATS_TEST_TMPDIR/out.tar" --numeric-owner | awk '/hard/ { print $1, $2 }')" = 'hrwsr-xr-x 0/0' ]
    refuse 125 'multiple outputs configured to write to stdout' cbox build -q -o - -o type=oci "$context"
    refuse 125 'dest is required for local exporter' cbox build -q -o type=local "$context"
    refuse 125 'exporter "nope" could not be found' cbox build -q -o type=nope "$context"
    refuse 1 "nowhere.*No such file or directory" cbox build -q -o "type=tar,dest=$BATS_TEST_TMPDIR/nowhere/x" "$context"
}

@test "a layout and archives, without an image in the store; load takes them" {
    id=$(build_ -t kept:1)
    cbox rmi kept:1
    before=$(cbox images -q | wc -l)
    [ "$(build_ -t arch:1 -o "type=oci,dest=$BATS_TEST_TMPDIR/oci.tar")" = "$id" ]
    cbox build -q -o "type=oci,dest=$BATS_TEST_TMPDIR/oci,tar=false,name=arch:1" "$context"
    cbox build -q -t arch:1 -o "type=docker,dest=$BATS_TEST_TMPDIR/docker.tar" "$context"
    cbox build -q -o type=cacheonly "$context"
    [ "$(cbox images -q | wc -l)" -eq "$before" ]
    [ "$(jq -r '.manifests[0].annotations["io.containerd.image.name"]' "$BATS_TEST_TMPDIR/oci/index.json")" = docker.io/library/arch:1 ]
    tar tf "$BATS_TEST_TMPDIR/docker.tar" | grep -qx manifest.json
    run tar tf "$BATS_TEST_TMPDIR/oci.tar"
    [[ $output != *manifest.json* ]]
    skopeo inspect "oci:$BATS_TEST_TMPDIR/oci:1" | jq -e '.Layers | length == 4'
    expect '' cbox system check -q --deep
    fresh_store
    for file in oci.tar oci docker.tar; do
        cbox load -q -i "$BATS_TEST_TMPDIR/$file"
        [ "$(cbox images -q --no-trunc arch:1)" = "$id" ]
        expect content cbox run --rm arch:1
        cbox rmi arch:1
    done
}

@test "compression= of an archive: what is a tar until then; the image is the same" {
    id=$(build_ -t packed:1 -o "type=oci,dest=$BATS_TEST_TMPDIR/zstd,tar=false,compression=zstd")
    blobs=$BATS_TEST_TMPDIR/zstd/blobs/sha256
    manifest=$blobs/$(jq -r '.manifests[0].digest' "$BATS_TEST_TMPDIR/zstd/index.json" | cut -d: -f2)
    [ "$(jq -r '[.layers[].mediaType | split("+")[1]] | tostring' "$manifest")" = '["gzip","zstd","zstd","zstd"]' ]
    for blob in "$blobs"/*; do
        [ "$(sha256sum <"$blob")" = "${blob##*/}  -" ]
    done
    build_ -t packed:1 -o "type=docker,dest=$BATS_TEST_TMPDIR/gzip.tar,compression=gzip"
    fresh_store
    for file in zstd gzip.tar; do
        cbox load -q -i "$BATS_TEST_TMPDIR/$file"
        [ "$(cbox images -q --no-trunc packed:1)" = "$id" ]
        expect content cbox run --rm packed:1
        expect '' cbox system check -q --deep
        cbox rmi packed:1
    done
}

@test "--iidfile and --metadata-file" {
    id=$(build_ -t meta:1 --iidfile "$BATS_TEST_TMPDIR/id" --metadata-file "$BATS_TEST_TMPDIR/meta")
    [ "$(<"$BATS_TEST_TMPDIR/id")" = "$id" ]
    [ "$(jq -r '."containerimage.config.digest" + " " + ."image.name"' "$BATS_TEST_TMPDIR/meta")" = "$id docker.io/library/meta:1" ]
    digest=$(jq -r '."containerimage.digest"' "$BATS_TEST_TMPDIR/meta")
    [ "sha256:$(sha256sum <"$CBOX_ROOT/blobs/sha256/${digest#sha256:}" | cut -d' ' -f1)" = "$digest" ]
    cbox rmi meta:1
}

@test "--squash: one layer above the base's, that shows the same" {
    whole=$(build_ -t whole:1)
    build_ -t squashed:1 --squash
    [ "$(cbox image inspect squashed:1 | jq '.[0].RootFS.Layers | length')" -eq 2 ]
    # The top has no time of its own.
    container_tree whole:1 | grep -v '^\. ' >"$BATS_TEST_TMPDIR/whole"
    container_tree squashed:1 | grep -v '^\. ' >"$BATS_TEST_TMPDIR/squashed"
    diff "$BATS_TEST_TMPDIR/whole" "$BATS_TEST_TMPDIR/squashed"
    alpine=$(cbox images -q --no-trunc alpine)
    [ "$(cbox history --no-trunc --format '{{.Comment}}' squashed:1 | head -1)" = "merge $whole to $alpine" ]
    [ "$(cbox history -q squashed:1 | wc -l)" -eq $(($(cbox history -q whole:1 | wc -l) + 1)) ]
    [ "$(build_ --squash)" = "$(cbox images -q --no-trunc squashed:1)" ]
    expect '' cbox system check -q --deep
    cbox save squashed:1 | tar t >/dev/null
    cbox rmi whole:1 squashed:1
    # From scratch, with whiteouts within.
    printf 'FROM scratch\nCOPY file /a/b/\nCOPY file /a/c\n' >"$context/Dockerfile"
    build_ -t squashed:2 --squash
    [ "$(cbox image inspect squashed:2 | jq '.[0].RootFS.Layers | length')" -eq 1 ]
    cbox rmi squashed:2
    expect '' cbox system check -q --deep
}

@test "a built image as a base; pushed and pulled again, its layers are compressed once" {
    host=$(<"$registry/host")
    id=$(build_ -t "$host/built:1")
    printf 'FROM %s\nRUN touch /on-top\n' "$host/built:1" | cbox build -q -t top:1 -
    expect '/on-top' cbox run --rm top:1 sh -c 'ls -d /on-*'
    cbox push -q "$host/built:1"
    cbox push -q "$host/built:1"
    # Built again it is what the registry has.
    digests=$(cbox image inspect -f '{{json .RepoDigests}}' "$host/built:1")
    [ "$(build_ -t "$host/built:1")" = "$id" ]
    [ "$(cbox image inspect -f '{{json .RepoDigests}}' "$host/built:1")" = "$digests" ]
    cbox rmi top:1 "$host/built:1"
    cbox pull -q "$host/built:1"
    [ "$(cbox images -q --no-trunc "$host/built:1")" = "$id" ]
    expect '' cbox system check -q --deep
    cbox rmi "$host/built:1"
}

@test "--push, type=registry, type=image,push=true" {
    host=$(<"$registry/host")
    id=$(build_ --push -t "$host/pushing:1" -t "$host/pushing:2")
    cbox rmi "$host/pushing:1" "$host/pushing:2"
    build_ -o "type=registry,name=$host/pushing:3,compression=zstd"
    run cbox build -t "$host/pushing:4" -o type=image,push=true "$context"
    [ "$status" -eq 0 ]
    [[ $output == *"pushed $host/pushing:4@sha256:"* ]]
    cbox rmi "$host/pushing:3" "$host/pushing:4"
    skopeo inspect --cert-dir "$registry/certs.d/$host" --raw "docker://$host/pushing:3" | grep -q 'tar+zstd'
    for tag in 1 2 3 4; do
        cbox pull -q "$host/pushing:$tag"
        [ "$(cbox images -q --no-trunc "$host/pushing:$tag")" = "$id" ]
        cbox rmi "$host/pushing:$tag"
    done
    refuse 125 'tag is needed when pushing to registry' cbox build -q --push "$context"
    refuse 125 'push is for an image' cbox build -q -t a --push -o out "$context"
    # --load beside a directory: both.
    build_ -t both:1 --load -o "$BATS_TEST_TMPDIR/both"
    [ -e "$BATS_TEST_TMPDIR/both/copied/file" ]
    cbox rmi both:1
}

@test "a damaged layer: what to do is said, and helps" {
    build_ -t damaged:1
    layer=$(cbox image inspect -f '{{index .RootFS.Layers 2}}' damaged:1)
    echo other >"$CBOX_ROOT/layers/sha256/${layer#sha256:}/tree/copied/file"
    refuse 1 "layer $layer: its files are not what was built" cbox save -o "$BATS_TEST_TMPDIR/tar" damaged:1
    run cbox system check --deep --repair
    [ "$status" -ne 0 ]
    [[ $output == *"remove the image, then the layer (cbox system check --deep --repair), and build it again"* ]]
    cbox rmi damaged:1
    cbox system check --deep --repair
    build_ -t damaged:1
    expect content cbox run --rm damaged:1
    expect '' cbox system check -q --deep
    cbox rmi damaged:1
}

@test "the layers of a failed step's container are needed: missed, and not thrown away" {
    printf 'FROM alpine\nCOPY file /a\nRUN false\n' >"$context/Dockerfile"
    run cbox build --debug -q "$context"
    [ "$status" -eq 1 ]
    id=$(cbox ps -aq --no-trunc)
    layer=$(jq -r '.layers[0]' "$CBOX_ROOT/containers/$id/record.json")
    expect '' cbox system check -q
    cbox builder prune -af >/dev/null
    cp -a "$CBOX_ROOT/layers/sha256/${layer#sha256:}/tree/a" "$BATS_TEST_TMPDIR/a"
    tr n m <"$BATS_TEST_TMPDIR/a" >"$CBOX_ROOT/layers/sha256/${layer#sha256:}/tree/a"
    run cbox system check --deep
    [ "$status" -ne 0 ]
    [[ $output == *"layer $layer: is damaged: a was changed (container "* ]]
    cp -a "$BATS_TEST_TMPDIR/a" "$CBOX_ROOT/layers/sha256/${layer#sha256:}/tree/a"
    expect '' cbox system check -q --deep
    mv "$CBOX_ROOT/layers/sha256/${layer#sha256:}" "$BATS_TEST_TMPDIR/layer"
    run cbox system check
    [ "$status" -ne 0 ]
    [[ $output == *"layer $layer: is missing (container "* ]]
    mv "$BATS_TEST_TMPDIR/layer" "$CBOX_ROOT/layers/sha256/${layer#sha256:}"
    cbox rm "$id"
    expect '' cbox system check -q
}

@test "killed while the result is made: the store is whole, and the next build does no step anew" {
    for place in build-settle build-settle-synced build-settle-moved local-documents transaction-sync transaction-finished; do
        for way in '' --squash; do
            fresh_store
            export CBOX_ROOT=$CBOX_ROOT-$place$way
            cbox pull -q alpine
            status=0
            # shellcheck disable=SC2086  # no option, or one
            { CBOX_FAILPOINT=$place build_ $way -t killed:1 || status=$?; } 2>/dev/null
            [ "$status" -eq 137 ]
            expect '' cbox system check -q --deep
            run -0 --separate-stderr cbox build --progress plain -t killed:1 "$context"
            [[ $stderr != *' DONE '* ]]
            expect content cbox run --rm killed:1
            expect '' cbox system check -q --deep
        done
    done
    CBOX_FAILPOINT=save-part run cbox build -q -o "type=oci,dest=$BATS_TEST_TMPDIR/killed.tar" "$context"
    [ "$status" -eq 137 ]
    [ ! -e "$BATS_TEST_TMPDIR/killed.tar" ]
}

@test "what is on disk adds up, with what builds keep" {
    build_ -t sum:1
    cbox rmi sum:1
    expect '' cbox system check -q --deep
    sum=$(cbox system df --format '{{.Size}}' | sed 's/B$//; s/k$/K/' | numfmt --from=si | paste -sd+ | bc)
    disk=$(du -s --block-size=1 "$CBOX_ROOT" | cut -f1)
    [ $((sum > disk * 97 / 100 && sum < disk * 103 / 100)) -eq 1 ]
    cbox system df
    cbox system df -v
}
