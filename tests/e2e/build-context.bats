#!/usr/bin/env bats
# cbox build: where files come from, which of them a step takes, and what of them decides whether it is done again.

load alpine

setup() {
    test_setup
    context=$BATS_TEST_TMPDIR/context
    mkdir -p "$context"
    cd "$context" || return
}

# dockerfile [FILE]: what is read becomes the Dockerfile.
dockerfile() {
    cat >"${1-Dockerfile}"
}

# files LINE...: a build of these instructions behind FROM scratch gives the tree out/; prints its names.
files() {
    printf '%s\n' 'FROM scratch' "$@" >Dockerfile
    rm -rf "$BATS_TEST_TMPDIR/out"
    cbox build -q --output "type=local,dest=$BATS_TEST_TMPDIR/out" . >/dev/null
    (cd "$BATS_TEST_TMPDIR/out" && find . -mindepth 1 | sed 's/^..//' | LC_ALL=C sort | tr '\n' ' ')
}

# cached: how many steps of a build were done before.
cached() {
    cbox build --progress plain . 2>&1 | grep -A1 " COPY " | grep -c " CACHED$" || :
}

@test ".dockerignore: what is left out, what is taken back, the Dockerfile itself" {
    mkdir -p node_modules/keep/deep src
    touch node_modules/{a,keep/b,keep/deep/c} src/{x.go,x.log} top.log
    printf '%s\n' '# a comment' node_modules '!node_modules/keep' '**/*.log' /Dockerfile .dockerignore >.dockerignore
    expect 'node_modules node_modules/keep node_modules/keep/b node_modules/keep/deep node_modules/keep/deep/c src src/x.go ' \
        files 'COPY . /'
    dockerfile <<<$'FROM scratch\nCOPY top.log /'
    run -1 cbox build .
    [[ $output == *'"/top.log": not found'* ]]
    [[ $output == *'.dockerignore leaves it out'* ]]
}

@test "a Dockerfile's own patterns come before the context's" {
    touch a b
    echo a >.dockerignore
    dockerfile "$BATS_TEST_TMPDIR/other" <<<$'FROM alpine\nCOPY . /x\nRUN ls -A /x >/out\nCMD cat /out'
    cbox build -q -t x -f "$BATS_TEST_TMPDIR/other" .
    expect $'.dockerignore\nb' cbox run --rm x
    printf 'b\n.dockerignore\n' >"$BATS_TEST_TMPDIR/other.dockerignore"
    cbox build -q -t x -f "$BATS_TEST_TMPDIR/other" .
    expect a cbox run --rm x
}

@test "wildcards, directories, links, --exclude, --parents" {
    mkdir -p d/e empty
    echo 1 >d/one
    echo 2 >d/e/two
    echo t >a.txt
    ln -s d/e link
    ln -s ../a.txt d/flink
    expect 'a.txt ' files 'COPY *.txt none* /'
    expect 'e e/two flink one ' files 'COPY d /'
    expect ../a.txt readlink "$BATS_TEST_TMPDIR/out/flink"
    expect 'x x/two ' files 'COPY link /x/'
    expect 'flink ' files 'COPY d/flink /'
    expect t cat "$BATS_TEST_TMPDIR/out/flink"
    expect 'x x/two ' files 'COPY d/[e]* /x/'
    expect 'flink one ' files 'COPY --exclude=e d /'
    expect 'd d/e d/e/two ' files 'COPY --parents d/e /'
    expect 'e e/two ' files 'COPY --parents d/./e/tw* /'
}

@test "links of a context are not followed out of it" {
    echo secret >"$BATS_TEST_TMPDIR/secret"
    ln -s "$BATS_TEST_TMPDIR/secret" absolute
    ln -s ../secret relative
    ln -s / root
    dockerfile <<<$'FROM scratch\nCOPY absolute /'
    run -1 cbox build .
    dockerfile <<<$'FROM scratch\nCOPY relative /'
    run -1 cbox build .
    dockerfile <<<"FROM scratch"$'\n'"COPY root$BATS_TEST_TMPDIR/secret /"
    run -1 cbox build .
    [[ $output == *'not found'* ]]
    rm Dockerfile
    ln -s ../secret Dockerfile
    run -1 cbox build .
    [[ $output == *'open Dockerfile: No such file or directory'* ]]
}

@test "done again for content, mode, names and empty directories; not for times and inodes" {
    mkdir d
    echo 1 >d/a
    dockerfile <<<$'FROM scratch\nCOPY d /d'
    cbox build -q .
    expect 1 cached
    touch -d 2001-02-03 d/a
    expect 1 cached
    cp d/a d/b
    mv d/b d/a
    expect 1 cached
    chown 77:88 d/a
    expect 1 cached
    chmod 755 d/a
    expect 0 cached
    echo 2 >d/a
    touch -d 2001-02-03 d/a
    expect 0 cached
    mkdir d/empty
    expect 0 cached
    mv d/a d/c
    expect 0 cached
    expect 1 cached
    # back to what was there
    rmdir d/empty
    mv d/c d/a
    expect 1 cached
}

@test "a change within the same moment is seen" {
    dockerfile <<<$'FROM scratch\nCOPY a /'
    for i in 1 2 3 4 5 6 7 8; do
        echo "$i" >a
        touch -d 2001-02-03 a
        cbox build -q --output "type=local,dest=$BATS_TEST_TMPDIR/out" . >/dev/null
        expect "$i" cat "$BATS_TEST_TMPDIR/out/a"
    done
}

@test "a tar as the context, however it is compressed" {
    echo data >file
    mkdir sub
    dockerfile sub/D <<<$'FROM alpine\nCOPY file /\nCMD cat /file'
    echo file >.dockerignore # which is for directories
    for with in cat gzip 'zstd -q' xz bzip2; do
        tar -c . | $with | cbox build -q -t in -f sub/D -
        expect data cbox run --rm in
    done
    run -1 cbox build - <<<LZIP...
    [[ $output == *'standard input: compressed with lzip, which is not supported'* ]]
    run -1 cbox build - < <(tar -c . | gzip | head -c 100)
    run -1 cbox build - < <(tar -c .)
    [[ $output == *'open Dockerfile: No such file or directory'* ]]
    run -1 compgen -G "$CBOX_ROOT/tmp/context-*"
}

@test "a tar as the context: what is mounted of it" {
    mkdir -p d
    echo one >f
    echo two >d/g
    cat >Dockerfile <<'END'
FROM alpine
RUN --mount=target=/m [ "$(cat /m/f /m/d/g)" = "$(printf 'one\ntwo')" ]
RUN --mount=source=d,target=/m [ "$(cat /m/g)" = two ]
END
    tar -c Dockerfile f d | cbox build -q -
}

@test "a tar cannot write outside of its context" {
    python3 - <<'END'
import io, tarfile
t = tarfile.open("evil.tar", "w")
l = tarfile.TarInfo("out"); l.type = tarfile.SYMTYPE; l.linkname = "/"
t.addfile(l)
f = tarfile.TarInfo("out/cbox-was-here"); f.size = 1
t.addfile(f, io.BytesIO(b"x"))
d = tarfile.TarInfo("Dockerfile"); d.size = 13
t.addfile(d, io.BytesIO(b"FROM scratch\n"))
t.close()
END
    run cbox build - <evil.tar
    [ ! -e /cbox-was-here ]
}

@test "a URL of an archive, and of a Dockerfile; -f of a URL" {
    mkdir served app
    echo data >app/file
    printf 'FROM alpine\nCOPY file /\nCMD cat /file\n' >app/Dockerfile
    tar -C app -czf served/app.tgz .
    printf 'FROM alpine\nCMD echo text\n' >served/Dockerfile
    python3 -u -m http.server --bind 127.0.0.1 --directory served 0 >log 2>&1 3>&- &
    server=$!
    wait_for 10 grep -q 'port [0-9]' log
    port=$(sed -n 's/.*port \([0-9]*\).*/\1/p' log | head -n 1)
    run cbox build -q -t net "http://127.0.0.1:$port/app.tgz"
    status_archive=$status
    run cbox build -q -t text "http://127.0.0.1:$port/Dockerfile"
    status_text=$status
    run cbox build -q -t file -f "http://127.0.0.1:$port/Dockerfile" app
    status_file=$status
    run cbox build -q "http://127.0.0.1:$port/none.tgz"
    kill "$server"
    [ "$status_archive$status_text$status_file" = 000 ]
    [[ $output == *404* ]]
    expect data cbox run --rm net
    expect text cbox run --rm text
    expect text cbox run --rm file
}

@test "--build-context: another directory, with its own patterns" {
    mkdir "$BATS_TEST_TMPDIR/lib"
    touch "$BATS_TEST_TMPDIR/lib/"{a,b}
    printf 'b\n.dockerignore\n' >"$BATS_TEST_TMPDIR/lib/.dockerignore"
    dockerfile <<<$'FROM alpine\nCOPY --from=lib . /x\nRUN ls /x >/out\nCMD cat /out'
    cbox build -q -t x --build-context "lib=$BATS_TEST_TMPDIR/lib" .
    expect a cbox run --rm x
    run -1 cbox build --build-context lib=nowhere .
    [[ $output == *'path "nowhere" not found'* ]]
}

# layout_image DIR TEXT: an image with the text in /text is added to the layout, and no index names it; prints its descriptor.
layout_image() {
    local tree
    tree=$(mktemp -d "$BATS_TEST_TMPDIR/tree.XXXXXX")
    echo "$2" >"$tree/text"
    image_init "$1"
    tar -c -C "$tree" text | image_layer "$1" gzip >/dev/null
    image_manifest "$1" "{\"Labels\":{\"text\":\"$2\"}}"
}

# layout_index DIR DESCRIPTOR...: what index.json names.
layout_index() {
    local dir=$1
    shift
    printf '%s\n' "$@" | jq -s '{schemaVersion: 2, manifests: .}' >"$dir/index.json"
}

# named DESCRIPTOR TAG: with the tag.
named() {
    jq -c --arg tag "$2" '. + {annotations: {"org.opencontainers.image.ref.name": $tag}}' <<<"$1"
}

@test "--build-context oci-layout://: chosen by tag or digest, for FROM, COPY and RUN, and no name is left" {
    local layout=$BATS_TEST_TMPDIR/a:b@c/layout one two other
    one=$(layout_image "$layout" one)
    two=$(layout_image "$layout" two)
    find "$CBOX_ROOT/tags" | sort >"$BATS_TEST_TMPDIR/before"
    dockerfile <<<$'FROM base\nCOPY --from=base /text /copied'
    cbox build -q -t laid-out --build-context "base=oci-layout://$layout" .
    expect two cbox image inspect --format '{{.Config.Labels.text}}' laid-out
    cbox rmi laid-out >/dev/null
    diff "$BATS_TEST_TMPDIR/before" <(find "$CBOX_ROOT/tags" | sort)
    layout_index "$layout" "$(named "$one" first)" "$(named "$two" latest)"
    dockerfile other <<<$'FROM alpine\nRUN --mount=from=base,target=/m cp /m/text /out\nCOPY --from=base /text /in\nCMD cat /out /in'
    cbox build -q -t laid-out -f other --build-context "base=oci-layout://$layout:first" .
    expect $'one\none' cbox run --rm laid-out
    cbox rmi laid-out >/dev/null
    cbox build -q -t laid-out -f other --build-context "base=oci-layout://$layout" .
    expect $'two\ntwo' cbox run --rm laid-out
    cbox rmi laid-out >/dev/null
    cbox build -q -t laid-out -f other --build-context "base=oci-layout://$layout@$(jq -r .digest <<<"$one")" .
    expect $'one\none' cbox run --rm laid-out
    cbox rmi laid-out >/dev/null
    # The entry of this machine among those under one tag.
    other=$(image_init "$layout" && image_manifest "$layout" '{}' oci linux/mips64le)
    layout_index "$layout" "$(named "$other" 1)" "$(named "$one" 1)"
    cbox build -q --output "type=local,dest=$BATS_TEST_TMPDIR/out" --build-context "base=oci-layout://$layout:1" .
    expect one cat "$BATS_TEST_TMPDIR/out/copied"
    # What save writes is read.
    rm -r "$layout" && mkdir "$layout"
    cbox save alpine | tar -x -C "$layout"
    dockerfile <<<$'FROM base\nRUN cat /etc/passwd'
    cbox build -q -o type=cacheonly --build-context "base=oci-layout://$layout:latest" .
    diff "$BATS_TEST_TMPDIR/before" <(find "$CBOX_ROOT/tags" | sort)
}

@test "--build-context oci-layout://: what is not there, what is several, what means harm" {
    local layout=$BATS_TEST_TMPDIR/layout one two digest says what
    one=$(layout_image "$layout" one)
    two=$(layout_image "$layout" two)
    find "$CBOX_ROOT/tags" | sort >"$BATS_TEST_TMPDIR/before"
    digest=$(jq -r .digest <<<"$one")
    layout_index "$layout" "$(named "$one" a)" "$(named "$two" b)"
    dockerfile <<<$'FROM base\nCOPY --from=base /text /copied'
    while IFS='|' read -r what says; do
        run -1 cbox build -q --build-context "base=oci-layout://$what" .
        [[ $output == *"$says"* && ${#lines[@]} -le 8 ]]
    done <<END
$layout|index.json names more than one image
$layout:none|index.json names no image with the tag "none"
$layout@${digest%??????}abcdef|index.json names no image sha256:
$layout/none|No such file or directory
$layout/index.json|is no directory
$context|oci-layout
END
    CBOX_FAILPOINT=load-layers run -1 cbox build -q --build-context "base=oci-layout://$layout:a" .
    [[ $output == *'the process that did it died'* ]]
    diff "$BATS_TEST_TMPDIR/before" <(find "$CBOX_ROOT/tags" | sort)
    layout_index "$layout" "$(named "$one" a)" "$(named "$two" a)"
    jq 'del(.manifests[].platform)' "$layout/index.json" >new && mv new "$layout/index.json"
    run -1 cbox build -q --build-context "base=oci-layout://$layout:a" .
    [[ $output == *'several images with the tag "a"'* ]]
    # Another document under the digest of the one that is meant; a link out of it; a size that is a lie; nonsense.
    layout_index "$layout" "$one"
    sed -i 's/"schemaVersion":2/"schemaVersion":3/' "$layout/blobs/sha256/${digest#*:}"
    run -1 cbox build -q --build-context "base=oci-layout://$layout@$digest" .
    [[ $output == *"blobs/sha256/${digest#*:}"* ]]
    rm "$layout/blobs/sha256/${digest#*:}"
    ln -s /etc/passwd "$layout/blobs/sha256/${digest#*:}"
    run -1 cbox build -q --build-context "base=oci-layout://$layout" .
    [[ $output == *"blobs/sha256/${digest#*:}"* ]]
    for what in '{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:../../x","size":1}]}' \
        '{"schemaVersion":2,"manifests":[]}' '[' ''; do
        echo "$what" >"$layout/index.json"
        run -1 cbox build -q --build-context "base=oci-layout://$layout" .
        [[ $output == *index.json* ]]
    done
    diff "$BATS_TEST_TMPDIR/before" <(find "$CBOX_ROOT/tags" | sort)
    run -0 cbox system check
}

# make_files DIR N: so many names, half of them in one directory, and a Dockerfile that copies all of them. Names of one file,
# which costs the file system less than as many files.
make_files() {
    python3 - "$1" "$2" <<'E'
import os, sys

top, n = sys.argv[1], int(sys.argv[2])
for i in range(n):
    folder = top + "/flat" if i % 2 or not i else "%s/tree/%d" % (top, i // 500)
    os.makedirs(folder, exist_ok=True)
    name = "%s/file-%d" % (folder, i)
    if i:
        os.link(top + "/flat/file-0", name)
    else:
        open(name, "w").close()
E
    printf 'FROM scratch\nCOPY . /x\n' >"$1/Dockerfile"
}

# peak_of DIR: KiB of memory that a process of a build takes at most.
peak_of() {
    python3 - "$cbox" build -q "$1" <<'E'
import resource, subprocess, sys

subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
E
}

@test "memory does not grow with the number of files, made and found again" {
    local few many again
    make_files few 15000
    make_files many 60000
    few=$(peak_of few)
    many=$(peak_of many)
    again=$(peak_of many)
    echo "few $few, many $many, again $again KiB"
    [ "$many" -lt $((few + 2048)) ]
    [ "$again" -lt $((few + 2048)) ]
}

# make_pairs DIR N: so many files of two names, the second of each behind the first of all, and a Dockerfile that copies them.
make_pairs() {
    python3 - "$1" "$2" <<'E'
import os, sys

top, n = sys.argv[1], int(sys.argv[2])
for folder in "first", "second":
    os.makedirs(top + "/" + folder)
for i in range(n):
    name = "%s-%d" % ("x" * 200, i)
    open("%s/first/%s" % (top, name), "w").close()
    os.link("%s/first/%s" % (top, name), "%s/second/%s" % (top, name))
E
    printf 'FROM scratch\nCOPY . /x\n' >"$1/Dockerfile"
}

@test "memory does not grow with the number of files that have several names" {
    local few many
    make_pairs few 5000
    make_pairs many 20000
    few=$(peak_of few)
    many=$(peak_of many)
    echo "few $few, many $many KiB"
    [ "$many" -lt $((few + 2048)) ]
    cbox build -q -o out many
    [ "$(find out/x/second -links 2 -type f | wc -l)" = 20000 ]
}
