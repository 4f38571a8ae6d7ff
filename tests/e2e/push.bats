#!/usr/bin/env bats
# What cbox writes to registries: push, image copy, manifest lists.

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
    host=$(<"$registry/host")
    there=$BATS_TEST_TMPDIR/front
    # Repositories of its own for each test: what one pushed is not there for another.
    mine=$host/test$BATS_TEST_NUMBER
    export DOCKER_CONFIG=$BATS_TEST_TMPDIR/docker
}

teardown() {
    test_teardown
}

# front FAULT...: a registry that misbehaves, whose certificate is known; `away` is a repository there.
front() {
    registry_stop "$there"
    rm -rf "$there/blobs" "$there/manifests" "$there/stalled"
    front_push_start "$there" "$@"
    cp -r "$there"/certs.d/* "$registry/certs.d/"
    away=$(<"$there/host")/team
}

# login HOST: for user:secret.
login() {
    mkdir -p "$DOCKER_CONFIG"
    jq -n --arg host "$1" --arg auth "$(printf user:secret | base64)" '{auths: {($host): {auth: $auth}}}' \
        >"$DOCKER_CONFIG/config.json"
}

# digest_in TEXT: of the line "TAG: digest: sha256:... size: N".
digest_in() {
    sed -n 's/^[^ ]*: digest: \(sha256:[0-9a-f]*\) size: [0-9]*$/\1/p' <<<"$1"
}

# raw REGISTRY-DIR REPOSITORY REFERENCE: the manifest's bytes.
raw() {
    registry_curl "$1" GET "$2/manifests/$3" -H 'Accept: application/vnd.oci.image.index.v1+json' \
        -H 'Accept: application/vnd.oci.image.manifest.v1+json' \
        -H 'Accept: application/vnd.docker.distribution.manifest.list.v2+json' \
        -H 'Accept: application/vnd.docker.distribution.manifest.v2+json'
}

# requests METHOD PART: how many requests for it the real registry's log has.
requests() {
    grep -c "\"$1 /v2/[^\"]*$2" "$registry/log" || true
}

# arrived LAYOUT REPOSITORY: all that front got is what it should be, and the image is whole there.
arrived() {
    local layout=$1 manifest=$there/manifests/$2/1 digest
    cmp "$manifest" "$layout/blobs/sha256/$(sha256sum "$manifest" | cut -d' ' -f1)"
    for digest in $(jq -r '(.config, .layers[]).digest' "$manifest"); do
        cmp "$there/blobs/$2/$digest" "$layout/blobs/sha256/${digest#sha256:}"
    done
}

# tree_of IMAGE: without its root directory, whose time is that of the container.
tree_of() {
    container_tree "$1" | tail -n +2
}

# uncompressed DIR [FAMILY]: an image of two layers that are not compressed, one of them larger than what is compressed at once.
uncompressed() {
    image_init "$1"
    { echo dir etc; for ((i = 0; i < 300; i++)); do
        echo "file etc/number$i data=\"$(seq -s- $i $((i + 1000)))\""
    done; } | "$fixtures_dir/mktar" | image_layer "$1" none >/dev/null
    echo 'file second data=second' | "$fixtures_dir/mktar" | image_layer "$1" none >/dev/null
    image_manifest "$1" '{"Cmd": ["/second"]}' "${2:-oci}" >/dev/null
}

# layer_tar REPOSITORY REFERENCE N: the Nth layer (from 0) of a pushed image, decompressed by other programs.
layer_tar() {
    local manifest digest
    manifest=$(raw "$registry" "$1" "$2")
    digest=$(jq -r ".layers[$3].digest" <<<"$manifest")
    case $(jq -r ".layers[$3].mediaType" <<<"$manifest") in
    *gzip) gzip -dc ;;
    *zstd) zstd -qdc ;;
    *) cat ;;
    esac < <(registry_curl "$registry" GET "$1/blobs/$digest")
}

@test "what is pulled is pushed as it is, and skopeo finds it" {
    cbox pull -q layers:1
    cbox tag layers:1 "$mine/layers:1"
    run -0 cbox push "$mine/layers:1"
    [ "${lines[0]}" = "The push refers to repository [$mine/layers]" ]
    digest=$(digest_in "$output")
    [ "$digest" = "$(jq -r '.manifests[0].digest' "$("$fixtures_dir/layers")/index.json")" ]
    [ "$(grep -c ': Pushed$' <<<"$output")" -eq 3 ]
    cmp <(raw "$registry" library/layers 1) <(raw "$registry" "test$BATS_TEST_NUMBER/layers" 1)
    skopeo copy -q --src-cert-dir "$registry/certs.d/$host" "docker://$mine/layers@$digest" "dir:$BATS_TEST_TMPDIR/copy"
    # It is known there now: its digest is shown, and a pull finds it up to date.
    [[ $(cbox images --digests "$mine/layers") == *"$digest"* ]]
    [[ $(cbox pull "$mine/layers:1") == *"Image is up to date"* ]]
    # Of another store, by way of the registry.
    before=$(tree_of layers:1)
    export CBOX_ROOT=$BATS_TEST_TMPDIR/other
    cbox pull -q "$mine/layers:1"
    diff <(echo "$before") <(tree_of "$mine/layers:1")
}

@test "a second push uploads nothing, one to another repository mounts" {
    cbox pull -q layers:1
    cbox tag layers:1 "$mine/one:1"
    cbox tag layers:1 "$mine/two:1"
    cbox push -q "$mine/one:1"
    posts=$(requests POST "test$BATS_TEST_NUMBER/")
    [ "$posts" -eq 4 ]
    run -0 cbox push "$mine/one:1"
    [ "$(grep -c ': Layer already exists$' <<<"$output")" -eq 3 ]
    [ "$(requests POST "test$BATS_TEST_NUMBER/")" -eq "$posts" ]
    run -0 cbox push "$mine/two:1"
    [ "$(grep -c ": Mounted from test$BATS_TEST_NUMBER/one\$" <<<"$output")" -eq 3 ]
    [ "$(requests POST "test$BATS_TEST_NUMBER/two/blobs/uploads/?mount=.*from=test$BATS_TEST_NUMBER/one")" -eq 4 ]
    [ "$(requests PATCH "test$BATS_TEST_NUMBER/two/")" -eq 0 ]
    cmp <(raw "$registry" "test$BATS_TEST_NUMBER/one" 1) <(raw "$registry" "test$BATS_TEST_NUMBER/two" 1)
}

@test "layers that are not compressed are, and the image stays the same" {
    for family in oci docker; do
        uncompressed "$BATS_TEST_TMPDIR/$family" $family
        registry_push "$registry" "$BATS_TEST_TMPDIR/$family" library/plain:$family
        cbox pull -q plain:$family
        id=$(cbox images -q --no-trunc plain:$family)
        tree=$(umoci_tree "$BATS_TEST_TMPDIR/$family")
        cbox tag plain:$family "$mine/plain:$family"
        run -0 cbox push "$mine/plain:$family"
        digest=$(digest_in "$output")
        manifest=$(raw "$registry" "test$BATS_TEST_NUMBER/plain" $family)
        [ "sha256:$(printf %s "$manifest" | sha256sum | cut -d' ' -f1)" = "$digest" ]
        [ "$(jq -r .config.digest <<<"$manifest")" = "$id" ]
        [ "$(jq -r '.layers[].mediaType' <<<"$manifest" | sort -u)" = "$(image_media_type $family gzip)" ]
        for n in 0 1; do
            cmp <(layer_tar "test$BATS_TEST_NUMBER/plain" $family $n) \
                "$BATS_TEST_TMPDIR/$family/blobs/sha256/$(jq -r ".layers[$n].digest" <(raw "$registry" library/plain $family) | cut -d: -f2)"
        done
        skopeo copy -q --src-cert-dir "$registry/certs.d/$host" "docker://$mine/plain:$family" \
            "oci:$BATS_TEST_TMPDIR/back-$family:x"
        diff <(echo "$tree") <(umoci_tree "$BATS_TEST_TMPDIR/back-$family")
        # What was made is kept: it is there, pushed again as it is, and nothing is missing after collection.
        [ "$(cbox images -q --no-trunc "$mine/plain:$family")" = "$id" ]
        [[ $(cbox images --digests "$mine/plain") == *"$digest"* ]]
        cbox rmi plain:$family
        for blob in $(jq -r '(.config, .layers[]).digest' <<<"$manifest"); do
            [ "sha256:$(sha256sum <"$CBOX_ROOT/blobs/sha256/${blob#sha256:}" | cut -d' ' -f1)" = "$blob" ]
        done
        cbox tag "$mine/plain:$family" "$mine/again:$family"
        [ "$(digest_in "$(cbox push "$mine/again:$family")")" = "$digest" ]
        # Another store makes the same bytes.
        CBOX_ROOT=$BATS_TEST_TMPDIR/other-$family cbox pull -q plain:$family
        CBOX_ROOT=$BATS_TEST_TMPDIR/other-$family cbox tag plain:$family "$mine/other:$family"
        [ "$(CBOX_ROOT=$BATS_TEST_TMPDIR/other-$family cbox push "$mine/other:$family" | tail -n 1)" = \
            "$(cbox push "$mine/plain:$family" | tail -n 1)" ]
    done
}

@test "an archive is loaded and pushed, and comes back" {
    uncompressed "$BATS_TEST_TMPDIR/plain"
    skopeo copy -q "oci:$BATS_TEST_TMPDIR/plain" "docker-archive:$BATS_TEST_TMPDIR/archive.tar:$mine/loaded:1"
    cbox load -q -i "$BATS_TEST_TMPDIR/archive.tar"
    [[ $(cbox images --digests "$mine/loaded") == *'<none>'* ]]
    run -0 cbox push "$mine/loaded:1"
    digest=$(digest_in "$output")
    [ "$(raw "$registry" "test$BATS_TEST_NUMBER/loaded" 1 | jq -r '.layers[].mediaType' | grep -c 'gzip$')" -eq 2 ]
    [[ $(cbox images --digests "$mine/loaded") == *"$digest"* ]]
    id=$(cbox images -q --no-trunc "$mine/loaded")
    CBOX_ROOT=$BATS_TEST_TMPDIR/other cbox pull -q "$mine/loaded:1"
    [ "$(CBOX_ROOT=$BATS_TEST_TMPDIR/other cbox images -q --no-trunc "$mine/loaded")" = "$id" ]
}

# umoci_tree LAYOUT: what umoci unpacks of it.
umoci_tree() {
    local copy=$BATS_TEST_TMPDIR/umoci
    rm -rf "$copy" "$copy-bundle"
    skopeo copy -q "oci:$1" "oci:$copy:x"
    umoci unpack --image "$copy:x" "$copy-bundle" 2>/dev/null
    "$fixtures_dir/lstree" "$copy-bundle/rootfs"
}

@test "--compression packs anew what is packed otherwise" {
    cbox pull -q layers:1
    cbox tag layers:1 "$mine/zstd:1"
    run -0 cbox push --compression zstd "$mine/zstd:1"
    manifest=$(raw "$registry" "test$BATS_TEST_NUMBER/zstd" 1)
    [[ $(jq -r '.layers[].mediaType' <<<"$manifest" | sort -u) == *zstd ]]
    [ "$(jq -r .config.digest <<<"$manifest")" = "$(cbox images -q --no-trunc layers:1)" ]
    # The one that was zstd already is what it was.
    [ "$(jq -r '.layers[2].digest' <<<"$manifest")" = "$(raw "$registry" library/layers 1 | jq -r '.layers[2].digest')" ]
    for n in 0 1 2; do
        cmp <(layer_tar library/layers 1 $n) <(layer_tar "test$BATS_TEST_NUMBER/zstd" 1 $n)
    done
    # Docker's form has no name for zstd that all know.
    cbox pull -q alpine
    cbox tag alpine "$mine/docker:1"
    cbox push -q --compression zstd "$mine/docker:1"
    manifest=$(raw "$registry" "test$BATS_TEST_NUMBER/docker" 1)
    [ "$(jq -r '.mediaType, .config.mediaType, .layers[0].mediaType' <<<"$manifest")" = \
        "$(for what in manifest config zstd; do image_media_type oci $what; done)" ]
    skopeo copy -q --src-cert-dir "$registry/certs.d/$host" "docker://$mine/docker:1" "dir:$BATS_TEST_TMPDIR/docker"
    before=$(tree_of layers:1)
    CBOX_ROOT=$BATS_TEST_TMPDIR/other
    cbox pull -q "$mine/zstd:1"
    diff <(echo "$before") <(tree_of "$mine/zstd:1")
    refuse 125 "must be one of|invalid" cbox push --compression lzma "$mine/zstd:1"
}

@test "uploads that are cut, refused for a while or taken in part" {
    layout=$("$fixtures_dir/layers")
    cbox pull -q layers:1
    for faults in cut=1 'cut=2 lose' fail=2 limit=2 half=1 no-patch 'cut=1 half=2' cut-after=2 'cut-after=1 no-patch'; do
        echo "$faults"
        # shellcheck disable=SC2086  # words
        front $faults
        cbox tag layers:1 "$away/app:1"
        run -0 cbox push "$away/app:1"
        [ "$(digest_in "$output")" = "$(jq -r '.manifests[0].digest' "$layout/index.json")" ]
        arrived "$layout" team/app
    done
}

@test "an upload goes on where the session stands" {
    layout=$("$fixtures_dir/alpine")
    size=$(raw "$registry" library/alpine latest | jq '.layers[0].size')
    cbox pull -q alpine
    front cut=1
    cbox tag alpine "$away/app:1"
    cbox push -q "$away/app:1"
    arrived "$layout" team/app
    grep "^GET /v2/team/app/blobs/uploads/session" "$there/requests"
    grep "^PATCH .* Content-Range=$((size / 2))-$((size - 1)) Content-Length=$((size - size / 2)) " "$there/requests"
    [ "$(grep -c '^POST ' "$there/requests")" -eq 2 ]
}

@test "a registry that never takes an upload is given up on" {
    cbox pull -q alpine
    for faults in fail=1000 cut=1000 'cut=1000 lose'; do
        # shellcheck disable=SC2086  # words
        front $faults
        cbox tag alpine "$away/app:1"
        refuse 1 "app|layer|127.0.0.1" cbox push "$away/app:1"
        [ "$(grep -c . "$there/requests")" -lt 80 ]
    done
}

@test "places of uploads: relative, with a query, elsewhere" {
    layout=$("$fixtures_dir/layers")
    cbox pull -q layers:1
    for form in relative absolute query plain foreign; do
        echo "$form"
        front location=$form bearer=0
        login "${away%/team}"
        cbox tag layers:1 "$away/app:1"
        cbox push -q "$away/app:1"
        arrived "$layout" team/app
    done
    # Elsewhere nobody saw the token.
    port=${away#*:}
    run ! grep -v "port=${port%/team}\$" <(grep -v "Authorization= " "$there/requests")
    grep -q "^PUT .*Authorization= .*" "$there/requests"
    front location=foreign-plain
    cbox tag layers:1 "$away/app:1"
    refuse 1 "wants the upload to go to .* without TLS" cbox push "$away/app:1"
    front location=none
    cbox tag layers:1 "$away/app:1"
    refuse 1 "does not say where the upload goes" cbox push "$away/app:1"
}

@test "tokens that expire in the middle of an upload" {
    layout=$("$fixtures_dir/layers")
    cbox pull -q layers:1
    for faults in bearer=1 bearer=2 'bearer=3 cut=1'; do
        # shellcheck disable=SC2086  # words
        front $faults
        login "${away%/team}"
        cbox tag layers:1 "$away/app:1"
        cbox push -q "$away/app:1"
        arrived "$layout" team/app
    done
    # A mount asks for both repositories, and where that is not to be had, or does not mount, the blob is sent.
    for fault in bearer=0 no-mount deny-mount; do
        front bearer=2 $fault
        cbox tag layers:1 "$away/app:1"
        cbox tag layers:1 "$away/second:1"
        cbox push -q "$away/app:1"
        : >"$there/requests"
        run -0 cbox push "$away/second:1"
        arrived "$layout" team/second
        grep -q "^POST /v2/team/second/blobs/uploads/?mount=sha256:.*from=team/app" "$there/requests"
        [ $fault != bearer=0 ] || [ "$(grep -c ': Mounted from team/app$' <<<"$output")" -eq 3 ]
    done
}

@test "refusals are told in the registry's words, and the name stays what it was" {
    cbox pull -q alpine
    for case in 'deny 1 denied: requested access to the resource is denied' 'nameless 1 name unknown: repository name not known' \
        'read-only 1 unsupported: The operation is unsupported' 'too-large 1 size invalid: larger than this registry takes'; do
        read -r fault code text <<<"$case"
        front "$fault"
        cbox tag alpine "$away/app:1"
        refuse "$code" "pushing to $away/app: $text" cbox push "$away/app:1"
        [[ $(cbox images --digests "$away/app") == *'<none>'* ]]
    done
    front deny
    cbox tag alpine "$away/app:1"
    refuse 1 "; log in as somebody who may push there: cbox login ${away%/team}\$" cbox push "$away/app:1"
    front bearer=0
    cbox tag alpine "$away/app:1"
    login "${away%/team}"
    sed -i 's/"auth": ".*"/"auth": "dXNlcjp3cm9uZw=="/' "$DOCKER_CONFIG/config.json"
    refuse 1 "refuses user name or password" cbox push "$away/app:1"
    front wrong-digest
    cbox tag alpine "$away/app:1"
    refuse 1 "took sha256:.* for something else" cbox push "$away/app:1"
}

@test "names that cannot be pushed" {
    refuse 1 "an image does not exist locally with the tag: $mine/nope:latest" cbox push "$mine/nope"
    refuse 1 "an image does not exist locally with the tag: $mine/nope" cbox push -a "$mine/nope"
    refuse 1 "invalid reference format" cbox push Bad//name
    refuse 1 "cannot push a digest reference" cbox push "alpine@sha256:$(printf '0%.0s' {1..64})"
    refuse 1 "tag can't be used with --all-tags" cbox push -a "$mine/nope:1"
    refuse 1 "exclude each other" cbox push --all-platforms --platform linux/arm64 "$mine/nope:1"
}

@test "a layer that is not in the store is pushed where the registry has it" {
    cbox pull -q layers:1
    cbox tag layers:1 "$mine/layers:1"
    cbox push -q "$mine/layers:1"
    blob=$(raw "$registry" library/layers 1 | jq -r '.layers[1].digest')
    rm "$CBOX_ROOT/blobs/sha256/${blob#sha256:}"
    cbox push -q "$mine/layers:1"
    cbox tag layers:1 "$mine/mounted:1"
    cbox push -q "$mine/mounted:1"
    front
    cbox tag layers:1 "$away/app:1"
    refuse 1 "layer ${blob:0:19}" cbox push "$away/app:1"
    [[ $stderr == *"pull it again"* ]]
    [ ! -e "$there/manifests/team/app/1" ]
}

@test "all tags, one platform, all platforms" {
    layout=$("$fixtures_dir/multi-arch")
    index=$(jq -r '.manifests[0].digest' "$layout/index.json")
    cbox pull -q multi:1
    cbox tag multi:1 "$mine/tags:a"
    cbox tag multi:1 "$mine/tags:b"
    run -0 cbox push -a "$mine/tags"
    [ "$(grep -c '^[ab]: digest: ' <<<"$output")" -eq 2 ]
    refuse 1 "the other platforms of $mine/tags:a are not here|not for the platform" cbox push --platform linux/arm64 "$mine/tags:a"
    cbox tag multi:1 "$mine/all:1"
    refuse 1 "the other platforms of $mine/all:1 are not here" cbox push --all-platforms "$mine/all:1"
    cbox pull -q --all-platforms multi:1
    cbox tag multi:1 "$mine/all:1"
    [ "$(digest_in "$(cbox push --all-platforms "$mine/all:1")")" = "$index" ]
    cmp <(raw "$registry" library/multi 1) <(raw "$registry" "test$BATS_TEST_NUMBER/all" 1)
    skopeo copy -q --all --src-cert-dir "$registry/certs.d/$host" "docker://$mine/all:1" "oci:$BATS_TEST_TMPDIR/all:1"
    diff <(cd "$layout/blobs/sha256" && ls) <(cd "$BATS_TEST_TMPDIR/all/blobs/sha256" && ls)
    cbox tag multi:1 "$mine/arm:1"
    run -0 cbox push --platform linux/arm64 "$mine/arm:1"
    [ "$(digest_in "$output")" = "$(jq -r '.manifests[] | select(.platform.architecture == "arm64") | .digest' \
        <(raw "$registry" library/multi 1))" ]
    # Pushing one of its platforms takes none away from what is here.
    CBOX_ROOT=$BATS_TEST_TMPDIR/other cbox pull -q --platform linux/arm64 "$mine/all:1"
    cbox push -q --all-platforms "$mine/arm:1"
}

@test "all platforms with layers that are not compressed" {
    dir=$BATS_TEST_TMPDIR/layout
    image_init "$dir"
    descriptors=()
    for platform in "linux/$(image_arch)" linux/mips64le; do
        echo "file platform data=$platform" | "$fixtures_dir/mktar" | image_layer "$dir" none >/dev/null
        descriptors+=("$(image_manifest "$dir" '{}' oci "$platform")")
    done
    image_index "$dir" oci "${descriptors[@]}" >/dev/null
    registry_push "$registry" "$dir" library/plain-multi:1
    cbox pull -q --all-platforms plain-multi:1
    cbox tag plain-multi:1 "$mine/multi:1"
    digest=$(digest_in "$(cbox push --all-platforms "$mine/multi:1")")
    [ "$(digest_in "$(cbox push --all-platforms "$mine/multi:1")")" = "$digest" ]
    repository=test$BATS_TEST_NUMBER/multi
    raw "$registry" "$repository" 1 | jq -r '.manifests[].digest' >"$BATS_TEST_TMPDIR/children"
    [ "$(wc -l <"$BATS_TEST_TMPDIR/children")" -eq 2 ]
    while read -r child; do
        [ "$(raw "$registry" "$repository" "$child" | jq -r '.layers[].mediaType')" = "$(image_media_type oci gzip)" ]
    done <"$BATS_TEST_TMPDIR/children"
    skopeo copy -q --all --src-cert-dir "$registry/certs.d/$host" "docker://$mine/multi:1" "oci:$BATS_TEST_TMPDIR/all:1"
    cbox rmi plain-multi:1
    front
    cbox tag "$mine/multi:1" "$away/multi:1"
    [ "$(digest_in "$(cbox push --all-platforms "$away/multi:1")")" = "$digest" ]
}

@test "a push that is killed or interrupted leaves a store that is whole" {
    cbox pull -q alpine
    front stall
    cbox tag alpine "$away/app:1"
    cbox push "$away/app:1" >/dev/null 2>&1 3>&- &
    pid=$!
    wait_for 20 test -e "$there/stalled"
    kill -KILL $pid
    wait $pid || true
    rm "$there/stalled"
    cbox push "$away/app:1" >/dev/null 2>"$BATS_TEST_TMPDIR/said" 3>&- &
    pid=$!
    wait_for 20 test -e "$there/stalled"
    kill -INT $pid
    code=0
    wait $pid || code=$?
    [ $code -eq 130 ]
    grep -q "interrupted" "$BATS_TEST_TMPDIR/said"
    front
    cbox tag alpine "$away/app:1"
    cbox push -q "$away/app:1"
    arrived "$("$fixtures_dir/alpine")" team/app
    [ -z "$(find "$CBOX_ROOT/tmp" -type f -size +0)" ]
    cbox system check -q
}

@test "a push that is killed while it compresses leaves nothing" {
    uncompressed "$BATS_TEST_TMPDIR/plain"
    registry_push "$registry" "$BATS_TEST_TMPDIR/plain" library/killed:1
    cbox pull -q killed:1
    cbox tag killed:1 "$mine/plain:1"
    for name in push-blobs push-documents transaction-blob tag-written; do
        run ! env CBOX_FAILPOINT=$name cbox push "$mine/plain:1"
        cbox system check -q
        expect "$(printf '%s\n' killed "$mine/plain" | sort)" bash -c "cbox images --format '{{.Repository}}' | sort"
    done
    cbox push -q "$mine/plain:1"
    [ -z "$(find "$CBOX_ROOT/tmp" -type f -size +0)" ]
    cbox rmi killed:1
    cbox tag "$mine/plain:1" "$mine/again:1"
    cbox push -q "$mine/again:1"
}

@test "a name that went away or to another image during a push is not given back" {
    cbox pull -q alpine
    cbox pull -q layers:1
    registry_start "$BATS_TEST_TMPDIR/locked" --auth user:secret
    locked=$(<"$BATS_TEST_TMPDIR/locked/host")
    cp -r "$BATS_TEST_TMPDIR"/locked/certs.d/* "$registry/certs.d/"
    # The credential helper is asked in the middle of the push.
    mkdir -p "$DOCKER_CONFIG" "$BATS_TEST_TMPDIR/bin"
    echo '{"credsStore": "meanwhile"}' >"$DOCKER_CONFIG/config.json"
    PATH=$BATS_TEST_TMPDIR/bin:$PATH
    meanwhile() {
        printf '#!/bin/sh\n%s >>%s || exit\necho %s\n' "$*" "$BATS_TEST_TMPDIR/meanwhile" \
            "'{\"Username\": \"user\", \"Secret\": \"secret\"}'" >"$BATS_TEST_TMPDIR/bin/docker-credential-meanwhile"
        chmod +x "$BATS_TEST_TMPDIR/bin/docker-credential-meanwhile"
    }
    cbox tag alpine "$locked/app:1"
    meanwhile "$(command -v cbox)" tag layers:1 "$locked/app:1"
    cbox push -q "$locked/app:1"
    expect "$(cbox images -q layers)" cbox images -q "$locked/app"
    cbox rmi "$locked/app:1" layers:1
    cbox tag alpine "$locked/app:2"
    meanwhile "$(command -v cbox)" rmi -f "$(cbox images -q alpine)"
    cbox push -q "$locked/app:2"
    grep -q "Untagged: $locked/app:2" "$BATS_TEST_TMPDIR/meanwhile"
    cbox system check
    expect '' cbox images -q
    registry_stop "$BATS_TEST_TMPDIR/locked"
}

@test "without TLS where that is allowed, and with a certificate that nobody knows" {
    cbox pull -q alpine
    registry_start "$BATS_TEST_TMPDIR/plain" --plain
    plain=$(<"$BATS_TEST_TMPDIR/plain/host")
    cbox tag alpine "$plain/app:1"
    cbox push -q "$plain/app:1"
    front
    rm -r "$registry/certs.d/${away%/team}"
    cbox tag alpine "$away/app:1"
    refuse 1 "certificate not accepted" cbox push "$away/app:1"
    cbox push -q --tls-verify=false "$away/app:1"
    arrived "$("$fixtures_dir/alpine")" team/app
    registry_stop "$BATS_TEST_TMPDIR/plain"
}

@test "mirrors are for reading: what is pushed goes to the registry itself" {
    cbox pull -q alpine
    front
    cbox tag alpine "$mine/app:1"
    jq --arg host "$host" --arg mirror "https://${away%/team}" '.registries[$host] = {mirrors: [$mirror]}' "$CBOX_CONFIG" \
        >"$BATS_TEST_TMPDIR/config.json"
    CBOX_CONFIG=$BATS_TEST_TMPDIR/config.json cbox push -q "$mine/app:1"
    cmp <(raw "$registry" library/alpine latest) <(raw "$registry" "test$BATS_TEST_NUMBER/app" 1)
    [ ! -e "$there/requests" ]
}

@test "image copy: from registry to registry, with passwords on both sides" {
    for side in a b; do
        registry_start "$BATS_TEST_TMPDIR/$side" --auth user:secret
        cp -r "$BATS_TEST_TMPDIR/$side"/certs.d/* "$registry/certs.d/"
    done
    a=$(<"$BATS_TEST_TMPDIR/a/host") b=$(<"$BATS_TEST_TMPDIR/b/host")
    mkdir -p "$DOCKER_CONFIG"
    jq -n --arg a "$a" --arg b "$b" --arg auth "$(printf user:secret | base64)" \
        '{auths: {($a): {auth: $auth}, ($b): {auth: $auth}}}' >"$DOCKER_CONFIG/config.json"
    index=$(jq -r '.manifests[0].digest' "$("$fixtures_dir/multi-arch")/index.json")
    [ "$(digest_in "$(cbox image copy "multi:1" "$a/x/multi:1")")" = "$index" ]
    [ "$(digest_in "$(cbox image copy "$a/x/multi@$index" "$b/y/multi:2")")" = "$index" ]
    cmp <(raw "$registry" library/multi 1) <(raw "$BATS_TEST_TMPDIR/b" y/multi 2)
    skopeo copy -q --all --src-cert-dir "$registry/certs.d/$b" --src-creds user:secret "docker://$b/y/multi:2" \
        "oci:$BATS_TEST_TMPDIR/all:1"
    diff <(cd "$("$fixtures_dir/multi-arch")/blobs/sha256" && ls) <(cd "$BATS_TEST_TMPDIR/all/blobs/sha256" && ls)
    # Again there is nothing to do; in one registry blobs are mounted; one platform is its manifest.
    posts=$(grep -c '"POST ' "$BATS_TEST_TMPDIR/b/log")
    expect "$b/y/multi:2" cbox image copy -q "$a/x/multi:1" "$b/y/multi:2"
    [ "$(grep -c '"POST ' "$BATS_TEST_TMPDIR/b/log")" -eq "$posts" ]
    run -0 cbox image copy "$b/y/multi:2" "$b/z/multi:2"
    [[ $output == *'Mounted from y/multi'* && $output != *Pulling* ]]
    run -0 cbox image copy --platform linux/arm64 "$a/x/multi:1" "$b/y/multi:arm"
    [ "$(raw "$BATS_TEST_TMPDIR/b" y/multi arm | jq -r .schemaVersion)" = 2 ]
    [ "$(digest_in "$output")" = "$(raw "$registry" library/multi 1 |
        jq -r '.manifests[] | select(.platform.architecture == "arm64") | .digest')" ]
    refuse 1 "no matching manifest for linux/sparc" cbox image copy --platform linux/sparc "$a/x/multi:1" "$b/y/multi:no"
    refuse 1 "not found|access denied" cbox image copy "$a/x/nope" "$b/y/nope"
    [ -z "$(find "$CBOX_ROOT/blobs" -type f)" ]
    rm "$DOCKER_CONFIG/config.json"
    refuse 1 "access denied|authentication required|no basic auth" cbox image copy multi:1 "$b/y/multi:3"
    for side in a b; do
        registry_stop "$BATS_TEST_TMPDIR/$side"
    done
}

@test "image copy: artifacts, and what goes wrong on the way" {
    dir=$BATS_TEST_TMPDIR/artifact
    image_init "$dir"
    thing=$(image_descriptor "$dir" "$(head -c 300000 /dev/urandom | image_blob "$dir")" application/vnd.example.thing)
    manifest=$(jq -cn --argjson thing "$thing" --argjson config "$(image_descriptor "$dir" "$(echo '{}' | image_blob "$dir")" \
        application/vnd.oci.empty.v1+json)" '{schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json",
        artifactType: "application/vnd.example.artifact", config: $config, layers: [$thing], unknown: {field: 1}}' | image_blob "$dir")
    image_root "$dir" "$(image_descriptor "$dir" "$manifest" application/vnd.oci.image.manifest.v1+json)"
    registry_push "$registry" "$dir" library/artifact:1
    for faults in '' cut=1 half=1 fail=2; do
        # shellcheck disable=SC2086  # words
        front $faults
        cbox image copy -q artifact:1 "$away/artifact:1"
        arrived "$dir" team/artifact
    done
    # The source's wrong bytes go no further.
    file=$(registry_blob_file "$registry" "$(jq -r .digest <<<"$thing")")
    front
    printf x | dd of="$file" bs=1 seek=1000 conv=notrunc status=none
    refuse 1 "blob sha256:" cbox image copy artifact:1 "$away/artifact:1"
    [ ! -e "$there/manifests/team/artifact/1" ]
    run ! grep '^PATCH ' "$there/requests"
    [ -z "$(find "$CBOX_ROOT/tmp" -type f -size +0)" ]
}

@test "manifest lists: create, annotate, push, and pull by platform" {
    arm=$(raw "$registry" library/multi 1 | jq -r '.manifests[] | select(.platform.architecture == "arm64") | .digest')
    expect "Created manifest list $mine/list:1" cbox manifest create "$mine/list:1" alpine "multi@$arm"
    refuse 1 "refusing to amend an existing manifest list with no --amend flag" cbox manifest create "$mine/list:1" alpine
    refuse 1 "multi:1 is a manifest list" cbox manifest create --amend "$mine/list:1" multi:1
    refuse 1 "not found" cbox manifest create --amend "$mine/list:1" nope
    cbox manifest annotate --variant v9 --os-version 1.2 --os-features f "$mine/list:1" "multi@$arm"
    refuse 1 "manifest for image layers:1 does not exist in $mine/list:1" cbox manifest annotate --os linux "$mine/list:1" layers:1
    shown=$(cbox manifest inspect "$mine/list:1")
    [ "$(jq -c '[.manifests[].platform]' <<<"$shown")" = "[{\"architecture\":\"$(image_arch)\",\"os\":\"linux\"},\
{\"architecture\":\"arm64\",\"os\":\"linux\",\"os.version\":\"1.2\",\"os.features\":[\"f\"],\"variant\":\"v9\"}]" ]
    run -0 cbox manifest push "$mine/list:1"
    [ "$output" = "sha256:$(raw "$registry" "test$BATS_TEST_NUMBER/list" 1 | sha256sum | cut -d' ' -f1)" ]
    [ "$shown" = "$(raw "$registry" "test$BATS_TEST_NUMBER/list" 1)" ]
    cbox manifest push --purge "$mine/list:1"
    refuse 1 "no such manifest list: $mine/list:1" cbox manifest push "$mine/list:1"
    refuse 1 "no such manifest list: $mine/list:1" cbox manifest rm "$mine/list:1"
    [ -z "$(find "$CBOX_ROOT/lists" -mindepth 1)" ]
    cbox pull -q --platform linux/arm64/v9 "$mine/list:1"
    [ "$(cbox image inspect --format '{{.Architecture}}' "$mine/list:1")" = arm64 ]
    cbox pull -q "$mine/list:1"
    [ "$(cbox images -q "$mine/list:1")" = "$(cbox pull -q alpine >/dev/null && cbox images -q alpine)" ]
    # Of one repository, a list of Docker's manifests alone is Docker's.
    registry_push "$registry" "$("$fixtures_dir/alpine")" "test$BATS_TEST_NUMBER/list:amd64"
    cbox manifest create "$mine/list:2" "$mine/list:amd64"
    cbox manifest push "$mine/list:2"
    [ "$(raw "$registry" "test$BATS_TEST_NUMBER/list" 2 | jq -r .mediaType)" = "$(image_media_type docker index)" ]
    cbox manifest rm "$mine/list:2"
}

@test "manifest inspect shows documents as they are" {
    diff <(cbox manifest inspect alpine) <(raw "$registry" library/alpine latest | jq --tab .)
    diff <(cbox manifest inspect multi:1) <(raw "$registry" library/multi 1 | jq --indent 3 .)
    shown=$(cbox manifest inspect --verbose alpine)
    [ "$(jq -r 'keys_unsorted | join(" ")' <<<"$shown")" = "Ref Descriptor Raw SchemaV2Manifest" ]
    [ "$(jq -r .Ref <<<"$shown")" = docker.io/library/alpine:latest ]
    [ "$(jq -r .Descriptor.platform.architecture <<<"$shown")" = "$(image_arch)" ]
    cmp <(jq -r .Raw <<<"$shown" | base64 -d) <(raw "$registry" library/alpine latest)
    shown=$(cbox manifest inspect -v multi:1)
    [ "$(jq length <<<"$shown")" -eq "$(raw "$registry" library/multi 1 | jq '.manifests | length')" ]
    [ "$(jq -r '.[0] | keys_unsorted | join(" ")' <<<"$shown")" = "Ref Descriptor Raw OCIManifest" ]
    refuse 1 "no such manifest: nope:latest" cbox manifest inspect nope
}
