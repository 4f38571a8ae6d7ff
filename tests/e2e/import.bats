#!/usr/bin/env bats
# cbox import: a tar becomes an image.

load helper

setup_file() {
    file_setup none
    mkdir -p "$BATS_FILE_TMPDIR/rootfs/bin"
    cp "$(command -v busybox)" "$BATS_FILE_TMPDIR/rootfs/bin/busybox"
    for name in sh echo cat sleep; do
        ln -s busybox "$BATS_FILE_TMPDIR/rootfs/bin/$name"
    done
    tar_of "$BATS_FILE_TMPDIR/rootfs" --mtime=@0 >"$BATS_FILE_TMPDIR/rootfs.tar"
    gzip -nkf "$BATS_FILE_TMPDIR/rootfs.tar"
    zstd -qf "$BATS_FILE_TMPDIR/rootfs.tar"
}

teardown_file() {
    file_teardown
}

setup() {
    test_setup
    fresh_store
    tar=$BATS_FILE_TMPDIR/rootfs.tar
}

teardown() {
    test_teardown
}

# Trash is deleted by a process beside the commands, which takes its moment.
no_files() {
    [ -z "$(find "$@" -type f -size +0 2>&1)" ]
}

# layer_of NAME: the digest and the type of its layer's blob.
layer_of() {
    rm -rf "$BATS_TEST_TMPDIR/out"
    cbox save --format oci-dir -o "$BATS_TEST_TMPDIR/out" "$1"
    jq -r '.layers[0] | "\(.digest) \(.mediaType)"' "$BATS_TEST_TMPDIR/out/blobs/sha256/$(image_digest "$BATS_TEST_TMPDIR/out" | cut -d: -f2)"
}

@test "a tar plain, with gzip and with zstd: the blob is what was given, the image the same" {
    export SOURCE_DATE_EPOCH=1700000000
    id=$(cbox import "$tar" imported:plain)
    expect "$id" cbox import "$tar.gz" imported:gz
    expect "$id" cbox import "$tar.zst" imported:zst
    type=application/vnd.oci.image.layer.v1.tar
    expect "sha256:$(sha256sum <"$tar" | cut -d' ' -f1) $type" layer_of imported:plain
    expect "sha256:$(sha256sum <"$tar.gz" | cut -d' ' -f1) $type+gzip" layer_of imported:gz
    expect "sha256:$(sha256sum <"$tar.zst" | cut -d' ' -f1) $type+zstd" layer_of imported:zst
    expect "sha256:$(sha256sum <"$tar" | cut -d' ' -f1)" cbox image inspect --format '{{index .RootFS.Layers 0}}' imported:zst
    expect 2023-11-14T22:13:20Z cbox image inspect --format '{{.Created}}' imported:gz
    expect hello cbox run --rm imported:zst echo hello
    expect "Imported from -" cbox history --no-trunc --format '{{.Comment}}' imported:gz
}

@test "from a pipe, without a name" {
    run bash -c "cat '$tar.gz' | cbox import -m 'By hand' -"
    [ "$status" -eq 0 ]
    [[ $output =~ ^sha256:[0-9a-f]{64}$ ]]
    id=$output
    expect "$id" cbox images -q --no-trunc
    expect 'By hand' cbox history --format '{{.Comment}}' "$id"
    expect hello cbox run --rm "$id" echo hello
    wait_for 10 no_files "$CBOX_ROOT/tmp"
}

@test "from a URL" {
    python3 -u -m http.server 0 --bind 127.0.0.1 -d "$BATS_FILE_TMPDIR" >"$BATS_TEST_TMPDIR/log" 2>&1 3>&- &
    server=$!
    wait_for 10 grep -q 'port [0-9]' "$BATS_TEST_TMPDIR/log"
    url=http://127.0.0.1:$(sed -n 's/.*port \([0-9]*\).*/\1/p' "$BATS_TEST_TMPDIR/log")
    cbox import "$url/rootfs.tar.gz?key=secret" fetched
    expect hello cbox run --rm fetched echo hello
    expect "Imported from $url/rootfs.tar.gz" cbox history --no-trunc --format '{{.Comment}}' fetched
    refuse 1 '404' cbox import "$url/nothing" nothing
    refuse 1 'credentials|user' cbox import "http://user:secret@${url#http://}/rootfs.tar" nothing
    [[ $stderr != *secret* ]]
    stop_pid $server
    refuse 1 "${url#http://}" cbox import "$url/rootfs.tar" nothing
}

@test "--change takes a Dockerfile's instructions" {
    cbox import -c 'ENV A="x y" B=z' -c 'ENV C=$A-${D:-d}' -c 'CMD ["echo", "from exec form"]' -c 'EXPOSE 80 90-91/UDP' \
        -c 'LABEL l="m n"' -c 'USER 7:8' -c 'WORKDIR /tmp' -c 'VOLUME ["/v"]' -c 'STOPSIGNAL SIGINT' \
        -c 'HEALTHCHECK --interval=5s --retries=3 CMD true' -c 'ONBUILD RUN x' -c 'ENTRYPOINT ["env"]' -c 'CMD echo $A' \
        --platform linux/arm/v7 "$tar" changed >/dev/null
    expect '["A=x y","B=z","C=x y-d"]' cbox image inspect --format '{{json .Config.Env}}' changed
    expect '["/bin/sh","-c","echo $A"]' cbox image inspect --format '{{json .Config.Cmd}}' changed
    expect '["env"]' cbox image inspect --format '{{json .Config.Entrypoint}}' changed
    expect '{"80/tcp":{},"90/udp":{},"91/udp":{}}' cbox image inspect --format '{{json .Config.ExposedPorts}}' changed
    expect '{"l":"m n"}' cbox image inspect --format '{{json .Config.Labels}}' changed
    expect '7:8 /tmp SIGINT arm' cbox image inspect --format '{{.Config.User}} {{.Config.WorkingDir}} {{.Config.StopSignal}} {{.Architecture}}' changed
    cbox import -c 'ENV GREETING=hi' -c 'CMD echo $GREETING' "$tar" shell
    expect hi cbox run --rm shell
    for change in 'RUN true:RUN is not a valid change' 'EXPOSE x:invalid containerPort: x' 'ENV A:two arguments' 'STOPSIGNAL X:invalid signal' \
        'ENV:at least one' 'LABEL "a=b:matching double-quote' 'ONBUILD FROM x:ONBUILD trigger' 'HEALTHCHECK x:Unknown type "X"'; do
        refuse 1 "${change#*:}" cbox import -c "${change%%:*}" "$tar" refused
    done
}

@test "what is refused leaves nothing" {
    xz -kc "$tar" >"$BATS_TEST_TMPDIR/rootfs.tar.xz"
    refuse 1 'rootfs.tar.xz: compressed with xz.*gzip, zstd' cbox import "$BATS_TEST_TMPDIR/rootfs.tar.xz" x
    refuse 1 'is a directory' cbox import "$BATS_TEST_TMPDIR" x
    refuse 1 'damaged tar header' cbox import "$fixtures_dir/README.md" x
    head -c 500000 "$tar.gz" >"$BATS_TEST_TMPDIR/cut.tar.gz"
    refuse 1 'cut.tar.gz: .*truncated' cbox import "$BATS_TEST_TMPDIR/cut.tar.gz" x
    refuse 1 'cannot import digest reference' cbox import "$tar" "x@sha256:$(printf 0%.0s {1..64})"
    refuse 1 'nowhere: No such file' cbox import nowhere
    [ "$(pulled)" -eq 0 ]
    wait_for 10 no_files "$CBOX_ROOT/blobs" "$CBOX_ROOT/layers" "$CBOX_ROOT/tmp"
}

@test "an import killed at every named place leaves a store that the next one finishes" {
    for name in spool ingest-begun ingest-verified unpack pull-documents transaction-sync transaction-blob local-layer; do
        echo "$name"
        export CBOX_ROOT=$BATS_TEST_TMPDIR/$name/root CBOX_STATE=$BATS_TEST_TMPDIR/$name/state
        CBOX_FAILPOINT=$name run cbox import "$tar.gz" killed
        [ "$status" -ne 0 ]
        [ "$(pulled)" -eq 0 ]
        cbox import "$tar.gz" killed
        expect hello cbox run --rm killed echo hello
        cbox rmi killed
        wait_for 10 no_files "$CBOX_ROOT/blobs" "$CBOX_ROOT/layers" "$CBOX_ROOT/tmp"
    done
}
