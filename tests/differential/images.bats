#!/usr/bin/env bats
# Images between cbox and the others, both ways: what docker, skopeo and buildah push, cbox unpacks as docker does, and what
# cbox pushes, docker, podman and skopeo take as it was.
# shellcheck disable=SC2154  # the helper sets registry and fixtures_dir

load ../e2e/helper
load ../fixtures/peers

setup_file() {
    export daemon=$BATS_FILE_TMPDIR/docker podman=$BATS_FILE_TMPDIR/podman
    file_setup
    export host
    host=$(<"$registry/host")
    rich_layout "$BATS_FILE_TMPDIR/rich"
    registry_push "$registry" "$BATS_FILE_TMPDIR/rich" rich:source
    docker_start "$daemon" "$registry/certs.d" >"$BATS_FILE_TMPDIR/why" 2>&1 ||
        echo "dockerd does not run here: $(tail -n 1 "$daemon/log")" >"$BATS_FILE_TMPDIR/skip"
    export DOCKER_HOST=unix://$daemon/docker.sock
}

teardown_file() {
    docker_stop "$daemon"
    podman_remove "$podman"
    file_teardown
}

setup() {
    [ ! -f "$BATS_FILE_TMPDIR/skip" ] || skip "$(<"$BATS_FILE_TMPDIR/skip")"
    test_setup
    fresh_store
}

teardown() {
    [ ! -f "$BATS_FILE_TMPDIR/skip" ] || return 0
    test_teardown
}

# An image with all that docker itself can unpack: every kind of file and attribute, and a layer that takes away from it.
rich_layout() {
    local dir=$1
    image_init "$dir"
    gzip -dc "$("$fixtures_dir/alpine")/blobs/sha256/$(image_layer_digest "$("$fixtures_dir/alpine")" 0 | cut -d: -f2)" |
        image_layer "$dir" gzip >/dev/null
    "$fixtures_dir/mktar" <<'END' | image_layer "$dir" gzip >/dev/null
dir modes mtime=1000000000
file modes/plain data="content\n" mtime=1000000001
file modes/setuid mode=4755 uid=1234 gid=4321 data=x
file modes/setgid mode=2755 gid=12 data=x
file modes/none mode=0 data=x
dir modes/sticky-dir mode=1777
file modes/huge-ids uid=3000000 gid=3000001 data=x
dir times mtime=1
file times/future mtime=5000000000 data=x
file times/fraction mtime=1234567890.125 data=x
dir xattrs
file xattrs/user data=x xattr.user.plain=value
file xattrs/capability mode=0755 data=x xattr.security.capability="\x01\0\0\x02\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
dir devices
char devices/null major=1 minor=3 mode=0666
block devices/loop major=7 minor=0 mode=0660 gid=6
fifo devices/fifo mode=0640
dir links
file links/a data="shared\n" mtime=1000000002
hard links/b to=links/a mtime=1000000002
link links/relative to=a mtime=1000000003
link links/absolute to=/links/a
link links/dangling to=/nowhere/at/all
dir names
file "names/with space" data=x
file names/ünïcödé data=x
dir sizes
file sizes/empty
file sizes/large size=300000 fill=text
dir gone
file gone/file data=x
dir hidden
file hidden/one data=x
file hidden/two data=x
END
    "$fixtures_dir/mktar" <<'END' | image_layer "$dir" gzip >/dev/null
dir gone-too
file .wh.gone
dir hidden
file hidden/.wh..wh..opq
file hidden/three data=x
dir modes mtime=1000000000
file modes/.wh.plain
file links/a data="another\n" mtime=1000000009
END
    image_manifest "$dir" '{"Cmd": ["/bin/sh"], "Env": ["A=b"], "Labels": {"made": "here"}}' >/dev/null
}

# Times of directories that no tar names are the unpacker's own; so are those that the runtime mounts into.
own_times='s/^(\.|etc|dev|proc|sys|gone-too|names|hidden|links|xattrs|devices|sizes) dir ([^ ]+ [^ ]+) [^ ]+/\1 dir \2/'

trees_equal() {
    diff <(sed -E "$own_times" "$1") <(sed -E "$own_times" "$2")
}

# What a container of docker's sees, as container_tree does for cbox.
docker_tree() {
    local id
    id=$(docker run -d --network none --entrypoint /bin/sleep "$1" 3600)
    "$fixtures_dir/lstree" "/proc/$(docker inspect -f '{{.State.Pid}}' "$id")/root" proc sys dev etc/hosts etc/hostname \
        etc/resolv.conf etc/mtab .dockerenv
    docker rm -f "$id" >/dev/null
}


skopeo_inspect() {
    skopeo inspect --cert-dir "$registry/certs.d/$host" --raw "docker://$host/$1"
}

podman_pull() {
    podman_ "$podman" pull -q --cert-dir "$registry/certs.d/$host" "$host/$1"
}

@test "skopeo pushes gzip and zstd, in OCI's and Docker's types; docker and buildah push: cbox unpacks them as docker does" {
    layout=$BATS_FILE_TMPDIR/rich
    jq '.manifests[0].annotations = {"org.opencontainers.image.ref.name": "1"}' "$layout/index.json" >"$layout/named"
    mv "$layout/named" "$layout/index.json"
    docker pull -q "$host/rich:source"
    docker_tree "$host/rich:source" >"$BATS_TEST_TMPDIR/docker"
    grep -q '^modes/setuid file 4755 1234:4321 ' "$BATS_TEST_TMPDIR/docker"
    skopeo copy -q --dest-cert-dir "$registry/certs.d/$host" --format oci "oci:$layout:1" "docker://$host/rich:oci-gzip"
    skopeo copy -q --dest-cert-dir "$registry/certs.d/$host" --format v2s2 "oci:$layout:1" "docker://$host/rich:docker-gzip"
    # To a registry of its own: skopeo would rather take the gzip that it knows to be there already.
    registry_start "$BATS_TEST_TMPDIR/other"
    other=$(<"$BATS_TEST_TMPDIR/other/host")
    cp -r "$BATS_TEST_TMPDIR/other/certs.d/." "$registry/certs.d"
    skopeo copy -q --dest-cert-dir "$registry/certs.d/$other" --format oci --dest-compress-format zstd \
        --src-daemon-host "$DOCKER_HOST" "docker-daemon:$host/rich:source" "docker://$other/rich:oci-zstd"
    docker tag "$host/rich:source" "$host/rich:docker"
    docker push -q "$host/rich:docker"
    buildah --root "$podman/root" --runroot "$podman/run" --storage-driver overlay pull -q \
        --cert-dir "$registry/certs.d/$host" "$host/rich:source" >/dev/null
    buildah --root "$podman/root" --runroot "$podman/run" --storage-driver overlay push -q \
        --cert-dir "$registry/certs.d/$host" "$host/rich:source" "docker://$host/rich:buildah"
    # What was meant to differ does.
    [[ $(skopeo inspect --cert-dir "$registry/certs.d/$other" --raw "docker://$other/rich:oci-zstd") == *tar+zstd* ]]
    [[ $(skopeo_inspect rich:docker-gzip) == *vnd.docker.distribution.manifest.v2* ]]
    [[ $(skopeo_inspect rich:oci-gzip) == *vnd.oci.image.layer* ]]
    for name in "$host/rich:"{source,oci-gzip,docker-gzip,docker,buildah} "$other/rich:oci-zstd"; do
        rm -rf "$CBOX_ROOT"
        cbox pull -q "$name"
        container_tree "$name" >"$BATS_TEST_TMPDIR/cbox"
        trees_equal "$BATS_TEST_TMPDIR/docker" "$BATS_TEST_TMPDIR/cbox"
        expect '' cbox system check -q --deep
    done
}

@test "docker, podman and skopeo take what cbox pushed as it was: pulled, imported, compressed with zstd" {
    cbox pull -q "$host/rich:source"
    cbox tag "$host/rich:source" "$host/pushed:pulled"
    # A tarball as it is, which is compressed for the push.
    container=$BATS_TEST_TMPDIR/files
    mkdir "$container"
    gzip -dc "$("$fixtures_dir/alpine")/blobs/sha256/$(image_layer_digest "$("$fixtures_dir/alpine")" 0 | cut -d: -f2)" |
        cbox import -c 'CMD ["/bin/sh"]' - "$host/pushed:imported"
    for tag in pulled imported; do
        container_tree "$host/pushed:$tag" >"$BATS_TEST_TMPDIR/cbox-$tag"
        id=$(cbox image inspect -f '{{.Id}}' "$host/pushed:$tag")
        cbox push -q "$host/pushed:$tag"
        docker pull -q "$host/pushed:$tag"
        [ "$(docker image inspect -f '{{.Id}}' "$host/pushed:$tag")" = "$id" ]
        docker_tree "$host/pushed:$tag" >"$BATS_TEST_TMPDIR/docker-$tag"
        trees_equal "$BATS_TEST_TMPDIR/docker-$tag" "$BATS_TEST_TMPDIR/cbox-$tag"
        [ "sha256:$(podman_pull "pushed:$tag")" = "$id" ]
        skopeo copy -q --src-cert-dir "$registry/certs.d/$host" "docker://$host/pushed:$tag" "oci:$BATS_TEST_TMPDIR/$tag:1"
        [ "$(jq -r '.manifests[0].digest' "$BATS_TEST_TMPDIR/$tag/index.json")" = \
            "$(cbox image inspect -f '{{index .RepoDigests 0}}' "$host/pushed:$tag" | cut -d@ -f2)" ]
    done
    cbox tag "$host/rich:source" "$host/pushed:zstd"
    cbox push -q --compression zstd "$host/pushed:zstd"
    [[ $(skopeo_inspect pushed:zstd) == *tar+zstd* ]]
    [ "sha256:$(podman_pull pushed:zstd)" = "$(cbox image inspect -f '{{.Id}}' "$host/pushed:zstd")" ]
}

@test "docker load takes what cbox saves, and cbox load what docker saves" {
    cbox pull -q "$host/rich:source"
    cbox save -o "$BATS_TEST_TMPDIR/cbox.tar" "$host/rich:source"
    docker rmi -f "$host/rich:source" >/dev/null 2>&1 || true
    docker load -q -i "$BATS_TEST_TMPDIR/cbox.tar"
    id=$(cbox image inspect -f '{{.Id}}' "$host/rich:source")
    [ "$(docker image inspect -f '{{.Id}}' "$host/rich:source")" = "$id" ]
    container_tree "$host/rich:source" >"$BATS_TEST_TMPDIR/cbox"
    docker_tree "$host/rich:source" >"$BATS_TEST_TMPDIR/docker"
    trees_equal "$BATS_TEST_TMPDIR/docker" "$BATS_TEST_TMPDIR/cbox"
    docker save -o "$BATS_TEST_TMPDIR/docker.tar" "$host/rich:source"
    cbox rmi "$host/rich:source"
    cbox load -q -i "$BATS_TEST_TMPDIR/docker.tar"
    [ "$(cbox image inspect -f '{{.Id}}' "$host/rich:source")" = "$id" ]
    container_tree "$host/rich:source" >"$BATS_TEST_TMPDIR/loaded"
    trees_equal "$BATS_TEST_TMPDIR/docker" "$BATS_TEST_TMPDIR/loaded"
}

# With what a step can do to files of the base and to its own, and two stages.
built_context() {
    mkdir "$1"
    echo content >"$1/file"
    touch -d 2001-01-01 "$1/file"
    cat >"$1/Dockerfile" <<END
FROM $host/rich:source AS first
RUN mkdir -p /made/deep && echo x >/made/deep/x && chown 1:2 /made/deep/x && ln /made/deep/x /made/hard && rm -r /links && mkdir /links && touch /links/own
FROM $host/rich:source
COPY --chown=5:6 file /copied/
COPY --from=first /made /from/
RUN rm /modes/setuid && chmod 4711 /copied/file && mv /from/deep/x /from/moved && ln -s /copied /link && rm -rf /var && mkdir /var
WORKDIR /work/here
CMD ["cat", "/copied/file"]
END
}

@test "what cbox built: pushed, saved, squashed, it is the same to docker, podman and skopeo, and runs there" {
    context=$BATS_TEST_TMPDIR/context
    cbox pull -q "$host/rich:source"
    built_context "$context"
    id=$(cbox build -q --push -t "$host/built:1" "$context")
    cbox build -q --squash -t "$host/built:squashed" "$context" >/dev/null
    cbox push -q "$host/built:squashed"
    container_tree "$host/built:1" >"$BATS_TEST_TMPDIR/cbox"
    grep -q '^copied/file file 4711 5:6 ' "$BATS_TEST_TMPDIR/cbox"
    docker pull -q "$host/built:1"
    [ "$(docker image inspect -f '{{.Id}}' "$host/built:1")" = "$id" ]
    docker_tree "$host/built:1" >"$BATS_TEST_TMPDIR/docker"
    trees_equal "$BATS_TEST_TMPDIR/docker" "$BATS_TEST_TMPDIR/cbox"
    docker pull -q "$host/built:squashed"
    docker_tree "$host/built:squashed" >"$BATS_TEST_TMPDIR/squashed"
    trees_equal "$BATS_TEST_TMPDIR/squashed" "$BATS_TEST_TMPDIR/cbox"
    expect content docker run --rm --network none "$host/built:1"
    [[ $(docker history --no-trunc --format '{{.CreatedBy}} {{.Comment}}' "$host/built:1" | head -1) == 'CMD ["cat"'*' cbox.dockerfile.v0' ]]
    [ "sha256:$(podman_pull built:1)" = "$id" ]
    expect content podman_ "$podman" run --rm --network none "${podman_limits[@]}" "$host/built:1"
    skopeo copy -q --src-cert-dir "$registry/certs.d/$host" "docker://$host/built:1" "oci:$BATS_TEST_TMPDIR/copied:1"
    docker rmi -f "$host/built:1" >/dev/null
    # Without a registry, and without compressing.
    cbox build -q -t "$host/built:1" -o "type=docker,dest=$BATS_TEST_TMPDIR/built.tar" "$context" >/dev/null
    docker load -q -i "$BATS_TEST_TMPDIR/built.tar"
    [ "$(docker image inspect -f '{{.Id}}' "$host/built:1")" = "$id" ]
    expect content docker run --rm --network none "$host/built:1"
    podman_ "$podman" rmi -af >/dev/null
    podman_ "$podman" load -q -i "$BATS_TEST_TMPDIR/built.tar"
    expect content podman_ "$podman" run --rm --network none "${podman_limits[@]}" "$host/built:1"
    podman_remove "$podman" # it mounts its store
    expect '' cbox system check -q --deep
}
