#!/usr/bin/env bats
# Images with layers that are here as files alone, as a build leaves them: their tars are made when somebody needs the bytes.

load alpine

# only_tree NAME: an image of alpine and one layer, of which there is no blob; `layer` is its digest.
only_tree() {
    cbox run --name "$1" alpine sh -c '
        mkdir -p /made/deep; echo content >/made/deep/file; ln /made/deep/file /made/hard; ln -s file /made/deep/link
        rm /etc/motd; rm -rf /var; mkdir /var; touch /var/own; chown 3:4 /made/deep; chmod 4755 /made/deep/file'
    cbox commit "$1" "$1:1" >/dev/null
    cbox rm "$1" >/dev/null
    layer=$(cbox image inspect -f '{{index .RootFS.Layers 1}}' "$1:1")
    rm "$CBOX_ROOT/blobs/sha256/${layer#sha256:}"
}

blob() {
    echo "$CBOX_ROOT/blobs/sha256/${layer#sha256:}"
}

@test "nothing is missing: run, lists, names, collection, checks" {
    only_tree looked
    expect $'content\n4755 2' cbox run --rm looked:1 sh -c 'cat /made/hard; stat -c "%a %h" /made/deep/file'
    expect '' cbox system check -q
    expect '' cbox system check -q --deep
    cbox system prune -f
    cbox tag looked:1 other:1
    cbox rmi looked:1
    expect content cbox run --rm other:1 cat /made/deep/link
    [ "$(cbox history -q other:1 | wc -l)" -eq "$(cbox history -q alpine | wc -l | awk '{ print $1 + 1 }')" ]
    cbox images --tree other:1
    cbox system df -v
    [ ! -e "$(blob)" ]
    cbox rmi other:1
    expect '' cbox system check -q --deep
    [ ! -e "$CBOX_ROOT/layers/sha256/${layer#sha256:}" ]
}

@test "saved in every form, it is the same image, and loads" {
    only_tree saved
    id=$(cbox images -q --no-trunc saved:1)
    cbox save -o "$BATS_TEST_TMPDIR/docker.tar" saved:1
    cbox save saved:1 | cmp - "$BATS_TEST_TMPDIR/docker.tar"
    cbox save --format oci-archive -o "$BATS_TEST_TMPDIR/oci.tar" saved:1
    cbox save --format oci-dir -o "$BATS_TEST_TMPDIR/oci" saved:1
    [ "$(sha256sum <"$BATS_TEST_TMPDIR/oci/blobs/sha256/${layer#sha256:}")" = "${layer#sha256:}  -" ]
    [ ! -e "$(blob)" ]
    fresh_store
    for file in docker.tar oci.tar oci; do
        cbox load -q -i "$BATS_TEST_TMPDIR/$file"
        [ "$(cbox images -q --no-trunc saved:1)" = "$id" ]
        expect $'own\n3:4' cbox run --rm saved:1 sh -c 'ls /var; stat -c %u:%g /made/deep'
        expect '' cbox system check -q --deep
        cbox rmi saved:1
    done
}

@test "pushed, it is compressed, kept so, and the same elsewhere" {
    only_tree pushed
    host=$(<"$registry/host")
    id=$(cbox images -q --no-trunc pushed:1)
    cbox tag pushed:1 "$host/pushed:1"
    cbox push -q "$host/pushed:1"
    skopeo inspect --cert-dir "$registry/certs.d/$host" --raw "docker://$host/pushed:1" | grep -q 'tar+gzip'
    # What the registry has is kept for the name that it has; the other name stays what it was.
    cbox push -q "$host/pushed:1"
    expect '' cbox system check -q --deep
    cbox rmi pushed:1
    expect '' cbox system check -q --deep
    (
        fresh_store
        cbox pull -q "$host/pushed:1"
        [ "$(cbox images -q --no-trunc "$host/pushed:1")" = "$id" ]
        expect content cbox run --rm "$host/pushed:1" cat /made/hard
        expect '' cbox system check -q --deep
    )
    cbox rmi "$host/pushed:1"
    # With zstd, from the tree as well.
    only_tree pushed
    cbox tag pushed:1 "$host/pushed:zstd"
    cbox push -q --compression zstd "$host/pushed:zstd"
    cbox rmi pushed:1 "$host/pushed:zstd"
    # The layer is here as a tree, and the registry has the image: the two are one.
    only_tree again
    cbox pull -q "$host/pushed:zstd"
    expect '' cbox system check -q --deep
    cbox rmi again:1
    expect '' cbox system check -q --deep
    cbox rmi "$host/pushed:zstd"
}

@test "a layer on top of one" {
    only_tree below
    cbox run --name above below:1 touch /above
    cbox commit above above:1
    cbox rm above
    [ ! -e "$(blob)" ]
    cbox rmi below:1
    expect '/above /made/hard' cbox run --rm above:1 sh -c 'echo /above /made/h*'
    cbox save above:1 | tar t >"$BATS_TEST_TMPDIR/names"
    grep -q "blobs/sha256/${layer#sha256:}" "$BATS_TEST_TMPDIR/names"
    expect '' cbox system check -q --deep
    cbox rmi above:1
}

@test "a tree that was changed is found out before anybody gets it" {
    only_tree changed
    host=$(<"$registry/host")
    echo other >"$CBOX_ROOT/layers/sha256/${layer#sha256:}/tree/made/deep/file"
    refuse 1 "layer $layer: its files are not what was built" cbox save -o "$BATS_TEST_TMPDIR/tar" changed:1
    [ ! -e "$BATS_TEST_TMPDIR/tar" ]
    cbox tag changed:1 "$host/changed:1"
    refuse 1 "its files are not what was built" cbox push -q "$host/changed:1"
    run cbox system check --deep
    [ "$status" -ne 0 ]
    [[ $output == *"layer $layer"*"is damaged"* ]]
    run cbox system check --deep --repair
    [ "$status" -ne 0 ]
    [[ $output == *"build it again"* ]]
    cbox rmi changed:1 "$host/changed:1"
    expect '' cbox system check -q --deep
}

@test "a whole tree in the place of another one is no secret to a deep check" {
    only_tree swapped
    place=$CBOX_ROOT/layers/sha256/${layer#sha256:}
    cbox run --name another alpine touch /another
    cbox commit another another:1
    cbox rm another
    other=$(cbox image inspect -f '{{index .RootFS.Layers 1}}' another:1)
    mv "$place" "$BATS_TEST_TMPDIR/layer"
    cp -a "$CBOX_ROOT/layers/sha256/${other#sha256:}" "$place"
    expect '' cbox system check -q
    run cbox system check --deep
    [ "$status" -ne 0 ]
    [[ $output == *"layer $layer"*"its files are not what was built"*"swapped:1"* ]]
    [[ $output == *"build it again"* ]]
    rm -r "$place"
    mv "$BATS_TEST_TMPDIR/layer" "$place"
    expect '' cbox system check -q --deep
    cbox rmi swapped:1 another:1
}

@test "a tree that is gone is missed" {
    only_tree gone
    mv "$CBOX_ROOT/layers/sha256/${layer#sha256:}" "$BATS_TEST_TMPDIR/layer"
    run cbox system check
    [ "$status" -ne 0 ]
    [[ $output == *"layer $layer"*"is missing"*"gone:1"* ]]
    mv "$BATS_TEST_TMPDIR/layer" "$CBOX_ROOT/layers/sha256/${layer#sha256:}"
    cbox rmi gone:1
}
