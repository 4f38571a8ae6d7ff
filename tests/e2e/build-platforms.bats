#!/usr/bin/env bats
# Images of several platforms in one build. Whether programs of another one run is asked in tests/vm.

load alpine

setup() {
    test_setup
    context=$BATS_TEST_TMPDIR/context
    mkdir "$context"
    cat >"$context/Dockerfile" <<'END'
FROM --platform=$BUILDPLATFORM alpine AS tools
RUN echo one >>/tools && cat /proc/sys/kernel/random/uuid >>/tools
FROM tools AS made
ARG TARGETPLATFORM
ARG TARGETVARIANT
ARG BUILDPLATFORM
RUN echo "$TARGETPLATFORM$TARGETVARIANT on $BUILDPLATFORM" >/made
FROM scratch AS out
COPY --from=made /made /tools /
FROM out
CMD ["none"]
END
    host=linux/$(image_arch)
    platforms=$host,linux/s390x,linux/arm/v7
}

teardown() {
    test_teardown
}

# build_ [OPTION...]
build_() {
    cbox build --network none --platform "$platforms" "$@" "$context"
}

# made_of IMAGE [OPTION...]: what its file /made says.
made_of() {
    cbox create --pull never --network none --name look "${@:2}" "$1" >/dev/null
    cbox cp look:/made -| tar -xO
    cbox rm look >/dev/null
}

@test "one name for all of them; what does not depend on the platform is done once, also without the cache" {
    build_ --progress plain --no-cache -t many --metadata-file "$BATS_TEST_TMPDIR/meta" --iidfile "$BATS_TEST_TMPDIR/id" 2>"$BATS_TEST_TMPDIR/said"
    [ "$(grep -c 'RUN echo one' "$BATS_TEST_TMPDIR/said")" -eq 1 ]
    grep -qF "[$host tools 2/2] RUN echo one" "$BATS_TEST_TMPDIR/said"
    grep -qF "[$host->arm/v7 made 2/2] RUN echo" "$BATS_TEST_TMPDIR/said"
    grep -qF "[linux/s390x out 2/2] COPY --from=made" "$BATS_TEST_TMPDIR/said"
    expect "$host on $host" made_of many
    expect "linux/s390x on $host" made_of many --platform linux/s390x
    expect "linux/arm/v7v7 on $host" made_of many --platform linux/arm/v7
    refuse 1 'does not provide the specified platform .linux/riscv64' \
        cbox create --pull never --platform linux/riscv64 many
    # Of several images it is the index that is the result, and it can be used as an ID.
    id=$(<"$BATS_TEST_TMPDIR/id")
    [ "$id" = "$(jq -r '."containerimage.digest"' "$BATS_TEST_TMPDIR/meta")" ]
    [ "$id" = "$(build_ -q)" ]
    [ "$(jq 'has("containerimage.config.digest")' "$BATS_TEST_TMPDIR/meta")" = false ]
    [ "$(cbox image inspect -f '{{.Id}}' "$id")" = "$(cbox images -q --no-trunc many)" ]
    expect "linux/s390x on $host" made_of "$id" --platform linux/s390x
    expect "$host on $host" made_of "${id:7:12}"
    [ "$(jq -r '."containerimage.descriptor".mediaType' "$BATS_TEST_TMPDIR/meta")" = application/vnd.oci.image.index.v1+json ]
    # The others stay as long as the name, and go with it.
    cbox builder prune -af >/dev/null
    cbox system prune -f >/dev/null
    expect '' cbox system check -q --deep
    expect "linux/s390x on $host" made_of many --platform linux/s390x
    cbox rmi many
    cbox builder prune -af >/dev/null
    [ "$(cd "$CBOX_ROOT/layers/sha256" && echo * | wc -w)" -eq 1 ] # alpine's
}

@test "a base image that is here for several serves each; the same again is the same index" {
    build_ -q -t base:1
    printf 'FROM base:1\nLABEL above=yes\n' >"$context/Dockerfile"
    build_ -q -t above --metadata-file "$BATS_TEST_TMPDIR/one"
    expect "linux/s390x on $host" made_of above --platform linux/s390x
    build_ -q -t above --metadata-file "$BATS_TEST_TMPDIR/two"
    cmp "$BATS_TEST_TMPDIR/one" "$BATS_TEST_TMPDIR/two"
    [ "$(cbox images -q --no-trunc -f dangling=true)" = '' ]
    # One platform alone is another meaning of the name.
    platforms=$host build_ -q -t above
    refuse 1 'does not provide' cbox create --pull never --platform linux/s390x above
    cbox rmi above base:1
}

@test "an OCI layout with an index, a folder a platform, no archive of Docker's" {
    build_ -q -t many -o "type=oci,dest=$BATS_TEST_TMPDIR/oci.tar,compression=zstd" -o "$BATS_TEST_TMPDIR/out" \
        -o "type=tar,dest=$BATS_TEST_TMPDIR/files.tar"
    for arch in s390x arm "$(image_arch)"; do
        skopeo --override-arch "$arch" copy -q "oci-archive:$BATS_TEST_TMPDIR/oci.tar" "dir:$BATS_TEST_TMPDIR/$arch"
        [ "$(jq -r .architecture "$BATS_TEST_TMPDIR/$arch/$(jq -r .config.digest "$BATS_TEST_TMPDIR/$arch/manifest.json" | cut -d: -f2)")" = "$arch" ]
    done
    expect "linux/arm/v7v7 on $host" cat "$BATS_TEST_TMPDIR/out/linux_arm_v7/made"
    expect "linux/s390x on $host" tar -xOf "$BATS_TEST_TMPDIR/files.tar" linux_s390x/made
    [ "$(cbox images -q many)" = '' ]
    refuse 125 'docker exporter does not support an archive of several platforms; use type=oci' \
        build_ -o "type=docker,dest=$BATS_TEST_TMPDIR/no.tar"
    [ ! -e "$BATS_TEST_TMPDIR/no.tar" ]
}

@test "annotations of manifests and of the index; what asks for no attestation is taken" {
    build_ -q --annotation a=one --annotation index:a=two --annotation manifest,index:b=three --builder default \
        --attest type=provenance,disabled=true -o "type=oci,dest=$BATS_TEST_TMPDIR/oci.tar,compression=gzip"
    mkdir "$BATS_TEST_TMPDIR/oci"
    tar -xf "$BATS_TEST_TMPDIR/oci.tar" -C "$BATS_TEST_TMPDIR/oci"
    blob() {
        echo "$BATS_TEST_TMPDIR/oci/blobs/sha256/$(cut -d: -f2 <<<"$1")"
    }
    index=$(blob "$(jq -r '.manifests[0].digest' "$BATS_TEST_TMPDIR/oci/index.json")")
    expect '{"a":"two","b":"three"}' jq -cS .annotations "$index"
    expect '{"a":"one","b":"three"}' jq -cS .annotations "$(blob "$(jq -r '.manifests[1].digest' "$index")")"
    refuse 125 'no builder "mine" found' build_ --builder mine
    refuse 125 'no attestations are made' build_ --attest type=sbom
    platforms=$host refuse 125 'an index for several platforms alone' build_ --annotation index:a=b
}

@test "pushed as an index, layers compressed; pulled again by others" {
    name=$(<"$registry/host")/platforms/many:1
    platforms=$host,linux/s390x build_ -q -t "$name" --push
    expect '' cbox system check -q --deep
    expect "linux/s390x on $host" made_of "$name" --platform linux/s390x
    fresh_store
    cbox pull -q --platform linux/s390x "$name"
    expect "linux/s390x on $host" made_of "$name" --platform linux/s390x
    cbox pull -q --all-platforms "$name"
    cbox save --all-platforms --format oci-dir -o "$BATS_TEST_TMPDIR/saved" "$name"
    [ "$(grep -lF 'layer.v1.tar+gzip' "$BATS_TEST_TMPDIR"/saved/blobs/sha256/* | wc -l)" -eq 2 ]
}
