#!/usr/bin/env bats
# What builds keep: what is found again and why not, what removes it, and what a killed build leaves.

load alpine

setup() {
    test_setup
    context=$BATS_TEST_TMPDIR/context
    mkdir -p "$context"
    cd "$context" || return
    cbox builder prune -af >/dev/null
}

# dockerfile [FILE]: what is read becomes the Dockerfile.
dockerfile() {
    cat >"${1-Dockerfile}"
}

# expect_steps WORDS [OPTION...]: a build whose steps end with the words, in their order: CACHED, DONE. That of FROM is
# always there.
expect_steps() {
    local wanted=$1
    shift
    run -0 --separate-stderr cbox build --progress plain "$@" .
    expect "$wanted" eval 'printf "%s\n" "$stderr" | sed -n "s/^#\([0-9]*\) \(CACHED\|DONE\).*/\1 \2/p" | sort -n | cut -d" " -f2 | paste -sd" "'
}

# whole: the store is.
whole() {
    run -0 cbox system check --deep
    [[ $output != *build-cache* ]]
}

@test "steps are found again in other stages, other Dockerfiles, and after a change that was undone" {
    echo one >a
    dockerfile <<'E'
FROM alpine AS first
COPY a /a
RUN cat /a >/b
E
    expect_steps 'CACHED DONE DONE' -t first
    dockerfile <<'E'
FROM alpine AS base
RUN true
FROM alpine
MAINTAINER somebody
COPY a /a
LABEL x=y
RUN cat /a >/b
RUN echo more >/c
E
    run -0 --separate-stderr cbox build --progress plain .
    [ "$(grep -c CACHED <<<"$stderr")" -ge 2 ]
    dockerfile <<'E'
FROM alpine
COPY a /a
RUN cat /a >/b
E
    echo two >a
    expect_steps 'CACHED DONE DONE'
    echo one >a
    touch -d '2001-01-01' a
    expect_steps 'CACHED CACHED CACHED'
    expect_steps 'CACHED DONE DONE' --no-cache
}

@test "a name, a mode and a file more count; a time does not" {
    mkdir d
    echo one >d/a
    dockerfile <<'E'
FROM alpine
COPY d /d/
E
    expect_steps 'CACHED DONE'
    touch d d/a
    expect_steps 'CACHED CACHED'
    chmod 700 d/a
    expect_steps 'CACHED DONE'
    mv d/a d/b
    expect_steps 'CACHED DONE'
    echo >d/c
    expect_steps 'CACHED DONE'
    dockerfile <<'E'
FROM alpine
COPY d/b /e/
E
    expect_steps 'CACHED DONE'
    cp -p d/b d/z
    dockerfile <<'E'
FROM alpine
COPY d/z /e/
E
    expect_steps 'CACHED DONE' -t z
    run -0 cbox run --rm z ls /e
    [ "$output" = z ]
}

@test "a step that only looked into directories makes no layer" {
    dockerfile <<'E'
FROM alpine
RUN touch /tmp/x /etc/y && rm /tmp/x /etc/y
RUN chmod 700 /tmp
E
    cbox build -q -t looked . >id
    expect 2 cbox image inspect --format '{{len .RootFS.Layers}}' looked
    run -0 cbox history --format '{{.Size}}' looked
    [ "${#lines[@]}" -ge 3 ]
}

@test "--explain: the file, the argument, the parent" {
    mkdir src
    echo one >src/a
    echo one >src/b
    dockerfile <<'E'
FROM alpine
ARG VERSION
COPY src /src
RUN echo $VERSION >/v
E
    run -0 --separate-stderr cbox build --progress plain --explain --build-arg VERSION=1 .
    [[ $stderr == *'no earlier build has this step'* ]]
    run -0 --separate-stderr cbox build --progress plain --explain --build-arg VERSION=1 .
    [[ $stderr == *'cached: made '*' ago'* ]]
    run -0 --separate-stderr cbox build --progress plain --explain --build-arg VERSION=2 .
    [[ $stderr == *'variable VERSION: "2", it was "1"'* ]]
    echo two >src/b
    echo new >src/c
    run -0 --separate-stderr cbox build --progress plain --explain --build-arg VERSION=1 .
    [[ $stderr == *'file '*b:*changed* ]]
    [[ $stderr == *'file '*c:*new* ]]
    [[ $stderr != *'file '*a:* ]]
    [[ $stderr == *'a step before this one gave another layer'* ]]
    cbox build -q -t base - <<<$'FROM alpine\nRUN echo 1 >/v'
    dockerfile <<<$'FROM base AS a\nFROM a\nRUN cat /v'
    cbox build -q .
    cbox build -q -t base - <<<$'FROM alpine\nRUN echo 2 >/v'
    run -0 --separate-stderr cbox build --progress plain --explain .
    [[ $stderr == *'the base image is another'* ]]
}

# make_context DIR NAME...: a context with these names in this order, some of them large enough for several threads.
make_context() {
    local dir=$1 name
    shift
    mkdir -p "$dir/src"
    for name; do
        mkdir -p "$dir/src/$name"
        seq 400000 >"$dir/src/$name/large"
        echo "$name" >"$dir/src/$name/small"
        ln "$dir/src/$name/small" "$dir/src/$name/twin"
        ln -s small "$dir/src/$name/link"
    done
    tar -cf "$dir/archive.tar" --sort=name --owner=5 --group=6 --mtime=@1000000000 -C "$dir/src" a
    cat >"$dir/Dockerfile" <<'E'
FROM alpine AS base
COPY --chmod=0640 src/*/small /flat/
FROM alpine
COPY . /src
ADD archive.tar /unpacked/
COPY --chown=7:8 src/b /own
WORKDIR /w/x
COPY --from=base /etc/passwd /flat ./
RUN mkdir -p z y && for i in 3 1 2; do echo $i >z/$i; done; ln z/1 y/1; ln -s x y/l; rm /etc/hostname 2>/dev/null; date >/dev/null
E
}

@test "the same inputs give the same image: another user, day, umask, path, order, number of processors" {
    local elsewhere=/tmp/cbox-build-elsewhere.$$ umask
    umask=$(umask)
    umask 022
    make_context one a b c
    make_context "$elsewhere" c a b
    umask "$umask"
    chown -R 4321:1234 "$elsewhere"
    find "$elsewhere" -exec touch -h -d '2010-02-03' {} +
    (umask 077 && cbox build -q one >id1)
    cbox builder prune -af >/dev/null
    (umask 002 && cd / && FAKETIME_DONT_FAKE_MONOTONIC=1 HOME=/nonexistent USER=nobody LOGNAME=nobody LANG=tr_TR.UTF-8 TZ=Asia/Tokyo \
        faketime '2031-05-06 07:08:09' taskset -c 0 "$cbox" build -q --no-cache "$elsewhere" >"$context/id2")
    rm -r "$elsewhere"
    expect "$(<id1)" cat id2
}

@test "builder prune: what no image has, all, by age, down to a size; cache mounts" {
    dockerfile <<'E'
FROM alpine
RUN head -c 300000 /dev/urandom >/one
RUN --mount=type=cache,target=/c head -c 300000 /dev/urandom >/c/x; head -c 300000 /dev/urandom >/two
E
    cbox build -q -t kept .
    dockerfile other <<'E'
FROM alpine
RUN head -c 300000 /dev/urandom >/three
E
    cbox build -q -f other -t gone .
    cbox rmi gone
    [ "$(cbox system df --format '{{.Type}} {{.TotalCount}}' | sed -n 's/^Build Cache //p')" = 4 ]
    run -0 cbox system df -v
    [[ $output == *exec.cachemount* ]]
    [[ $output == *'true'*'RUN head -c 300000 /dev/urandom >/one'* ]]
    run -0 cbox builder prune -f --filter until=1h
    [[ $output == *'space: 0B' ]]
    run -0 cbox builder prune -f
    [[ $output =~ Total\ reclaimed\ space:\ 6[0-9.]+kB ]]
    expect_steps 'CACHED CACHED CACHED' -t kept
    [ -z "$(ls "$CBOX_ROOT/build-cache/mounts")" ]
    run -0 cbox builder prune -af
    expect_steps 'CACHED DONE DONE'
    run -0 cbox builder prune -af --keep-storage 400000
    run -1 cbox builder prune -f --filter label=x
    [[ $output == *"invalid filter 'label=x'"* ]]
    whole
}

@test "builder prune answered with no: nothing goes, and the line ends" {
    cbox build -q - <<<$'FROM alpine\nRUN echo kept >/kept'
    for answer in 'n\n' ''; do
        # shellcheck disable=SC2059  # it has escapes
        printf "$answer" | cbox builder prune -a >out
        cmp <(tail -c 7 out) <(printf '[y/N] \n')
    done
    [ -n "$(ls "$CBOX_ROOT/build-cache/records")" ]
}

@test "system prune takes what builds keep as well" {
    dockerfile <<'E'
FROM alpine
RUN echo one >/one
E
    cbox build -q -t img .
    cbox system prune -f
    expect_steps 'CACHED CACHED' -t img
    cbox rmi img
    cbox system prune -f
    expect_steps 'CACHED DONE'
    cbox system prune -af
    [ -z "$(ls "$CBOX_ROOT/build-cache/records")" ]
    cbox pull -q alpine
}

@test "the ceiling is kept while building, and the least recently used goes" {
    jq '. + {build_cache_max: 1000000}' "$CBOX_CONFIG" >"$BATS_TEST_TMPDIR/config.json"
    for i in 1 2 3 4 5; do
        dockerfile <<E
FROM alpine
RUN head -c 300000 /dev/urandom >/$i
E
        CBOX_CONFIG=$BATS_TEST_TMPDIR/config.json cbox build -q . >id
        cbox rmi "$(<id)" >/dev/null
        [ "$(jq -s 'map(.tarSize // 0) | add' "$CBOX_ROOT"/build-cache/records/*)" -le 1000000 ]
    done
    expect_steps 'CACHED CACHED'
    sed -i s,/5,/1, Dockerfile
    expect_steps 'CACHED DONE'
    # What a cache mount has grown by is over the ceiling only as long as the build runs: the mount goes, and not what is older.
    dockerfile small <<'E'
FROM alpine
RUN head -c 100000 /dev/urandom >/small
E
    dockerfile <<'E'
FROM alpine
RUN --mount=type=cache,target=/c,id=large head -c 2000000 /dev/urandom >/c/x
E
    CBOX_CONFIG=$BATS_TEST_TMPDIR/config.json cbox build -q -f small . >/dev/null
    CBOX_CONFIG=$BATS_TEST_TMPDIR/config.json cbox build -q . >/dev/null
    [ "$(du -sb "$CBOX_ROOT/build-cache/mounts" | cut -f1)" -le 1000000 ]
    expect_steps 'CACHED CACHED' -f small
    sed -i 's/2000000/300000/; s/large/fits/' Dockerfile
    CBOX_CONFIG=$BATS_TEST_TMPDIR/config.json cbox build -q . >/dev/null
    [ "$(du -sb "$CBOX_ROOT/build-cache/mounts" | cut -f1)" -gt 300000 ]
    # A step that fails has filled it as well.
    sed -i 's/300000/2000000/; s/$/; false/; s/alpine; false/alpine/' Dockerfile
    CBOX_CONFIG=$BATS_TEST_TMPDIR/config.json run -1 cbox build -q .
    [ "$(du -sb "$CBOX_ROOT/build-cache/mounts" | cut -f1)" -le 1000000 ]
    # One that is larger alone is built all the same.
    dockerfile <<'E'
FROM alpine
RUN head -c 2000000 /dev/zero >/large
E
    CBOX_CONFIG=$BATS_TEST_TMPDIR/config.json cbox build -q -t large .
    expect 2000000 cbox run --rm large stat -c %s /large
    whole
}

@test "killed anywhere: the store is whole and finished steps are there" {
    dockerfile <<'E'
FROM alpine
RUN echo one >/one
RUN echo two >/two
E
    for point in build-stage build-layer-made build-layer-added build-keep build-kept build-settle build-settle-synced \
        build-settle-moved; do
        cbox builder prune -af >/dev/null
        CBOX_FAILPOINT=$point run ! cbox build -q -t "killed-$point" .
        run -0 cbox system check
        run -0 --separate-stderr cbox build --progress plain -t "killed-$point" .
        case $point in
        build-settle*) [[ $stderr == *'#2 CACHED'*'#3 CACHED'* ]] ;;
        esac
        expect one cbox run --rm "killed-$point" cat /one
        cbox rmi "killed-$point" >/dev/null
        whole
    done
    cbox build -q .
    CBOX_FAILPOINT=build-prune run ! cbox builder prune -af
    whole
    cbox build -q .
    whole
}

@test "SIGKILL in the middle of a step: those before it are there" {
    dockerfile <<'E'
FROM alpine
RUN echo one >/one
RUN echo started; sleep 60
E
    cbox build --progress plain . >log 2>&1 &
    local pid=$!
    wait_for 20 grep -q 'started$' log
    kill -KILL $pid
    run wait $pid
    wait_for 20 eval '[ -z "$(processes_of_cbox)" ]'
    run -0 cbox system check
    sed -i 's/sleep 60/true/' Dockerfile
    expect_steps 'CACHED CACHED DONE'
    whole
}

@test "system check: a damaged layer and a damaged record of a step are dropped" {
    dockerfile <<'E'
FROM alpine
RUN echo damaged >/one
E
    cbox build -q . >id
    cbox rmi "$(<id)" >/dev/null
    local layer record
    record=$(echo "$CBOX_ROOT"/build-cache/records/*)
    layer=$(jq -r .diffId "$record")
    echo two >"$CBOX_ROOT/layers/${layer/://}/tree/one"
    run -1 cbox system check --deep
    [[ $output == *"layer $layer"* ]]
    run -0 cbox system check --deep --repair
    expect_steps 'CACHED DONE'
    echo '{' >"$record"
    run -1 cbox system check
    [[ $output == *"build-cache/records/"* ]]
    run -0 cbox system check --repair
    [ ! -e "$record" ]
    whole
}

@test "system df adds up with what builds keep" {
    dockerfile <<'E'
FROM alpine
RUN --mount=type=cache,target=/c head -c 300000 /dev/urandom >/c/x; head -c 300000 /dev/urandom >/two
E
    cbox build -q . >id
    cbox rmi "$(<id)" >/dev/null
    local sum
    sum=$(cbox system df --format '{{.Size}}' | tr -d B | tr k K | numfmt --from=si | paste -sd+ | bc)
    [ "$(du -sB1 "$CBOX_ROOT" | cut -f1)" -gt $((sum * 9 / 10)) ]
    [ "$(du -sB1 "$CBOX_ROOT" | cut -f1)" -lt $((sum * 11 / 10)) ]
}

# elsewhere: another store, with the base image.
elsewhere() {
    export CBOX_ROOT=$BATS_TEST_TMPDIR/elsewhere CBOX_STATE=$BATS_TEST_TMPDIR/elsewhere-state
    cbox pull -q alpine
}

two_stages() {
    echo one >a
    dockerfile <<'END'
FROM alpine AS first
COPY a /a
RUN cat /a >/b
FROM alpine
COPY --from=first /b /c
RUN echo more >/d
WORKDIR /w
END
}

@test "--cache-to and --cache-from a directory: all steps, or those of the result" {
    two_stages
    cbox build -q --cache-to "type=local,dest=$BATS_TEST_TMPDIR/max,mode=max" . >id
    cbox build -q --cache-to "type=local,dest=$BATS_TEST_TMPDIR/min" . >/dev/null
    cbox build -q --cache-to "type=local,dest=$BATS_TEST_TMPDIR/min" . >/dev/null
    [ -e "$BATS_TEST_TMPDIR/min/oci-layout" ]
    expect "$BATS_TEST_TMPDIR/min" echo "$BATS_TEST_TMPDIR"/min*
    elsewhere
    run -0 --separate-stderr cbox build --progress plain --cache-from "type=local,src=$BATS_TEST_TMPDIR/none" .
    [ "$(grep -c ' CACHED' <<<"$stderr")" -le 2 ]
    cbox builder prune -af >/dev/null
    run -0 --separate-stderr cbox build --progress plain --cache-from "type=local,src=$BATS_TEST_TMPDIR/max" .
    [ "$(grep -c ' DONE' <<<"$stderr")" = 0 ]
    expect "$(<id)" cbox build -q .
    cbox system prune -af >/dev/null
    cbox pull -q alpine
    run -0 --separate-stderr cbox build --progress plain --cache-from "type=local,src=$BATS_TEST_TMPDIR/min" .
    [ "$(grep -c ' DONE' <<<"$stderr")" = 2 ]
    run -0 cbox images -q
    whole
}

@test "--cache-to and --cache-from a registry" {
    two_stages
    cbox build -q --cache-to "type=registry,ref=$(<"$registry/host")/cache:1,mode=max" . >id
    run ! cbox image inspect "$(<"$registry/host")/cache:1"
    elsewhere
    run -0 --separate-stderr cbox build --progress plain --cache-from "type=registry,ref=$(<"$registry/host")/cache:none" .
    [ "$(grep -c ' CACHED' <<<"$stderr")" -le 2 ]
    cbox builder prune -af >/dev/null
    run -0 --separate-stderr cbox build --progress plain --cache-from "$(<"$registry/host")/cache:1" .
    [ "$(grep -c ' DONE' <<<"$stderr")" = 0 ]
    expect "$(<id)" cbox build -q .
    run ! cbox image inspect "$(<"$registry/host")/cache:1"
    # What a step from elsewhere took of the context is known by name, as of one that was done here.
    echo two >a
    run -0 --separate-stderr cbox build --progress plain --explain .
    [[ $stderr == *'file a: changed'* ]]
    whole
}

@test "--cache-to type=inline: the image itself is what --cache-from reads" {
    local ref
    ref=$(<"$registry/host")/inline:1
    two_stages
    cbox build -q --cache-to type=inline -t "$ref" . >id
    cbox push -q "$ref"
    dockerfile other <<<"FROM $ref"$'\nRUN echo above >/e'
    cbox build -q -f other -o "type=oci,dest=$BATS_TEST_TMPDIR/above,tar=false" .
    run ! grep -rq io.cbox.build.cache "$BATS_TEST_TMPDIR/above"
    elsewhere
    run -0 --separate-stderr cbox build --progress plain --cache-from "$ref" .
    [ "$(grep -c ' DONE' <<<"$stderr")" = 2 ] # those of the other stage
    run ! cbox image inspect "$ref"
    expect "$(<id)" cbox build -q --cache-to type=inline .
    cbox system prune -af >/dev/null
    cbox pull -q alpine
    expect "$(<id)" cbox build -q --cache-to type=inline .
    # BuildKit's, or none at all.
    run -0 cbox build -q --cache-from alpine .
    whole
}

# config_of LAYOUT: the file of its image's config.
config_of() {
    local manifest
    manifest=$1/blobs/sha256/$(jq -r '.manifests[0].digest[7:]' "$1/index.json")
    echo "$1/blobs/sha256/$(jq -r '.config.digest[7:]' "$manifest")"
}

# with_cache LAYOUT JSON: the image's config has this as its inline cache.
with_cache() {
    local dir=$1 hex
    hex=$(jq -c --slurpfile cache <(echo "$2") '."io.cbox.build.cache.v0" = $cache[0]' "$(config_of "$dir")" | image_blob "$dir")
    image_edit "$dir" ".config.digest = \"sha256:$hex\" | .config.size = $(stat -c %s "$dir/blobs/sha256/$hex")"
}

@test "an inline cache that means harm gives nothing" {
    local layout=$BATS_TEST_TMPDIR/layout good cache
    dockerfile other <<<$'FROM alpine\nRUN echo evil >/evil'
    cbox build -q -f other -t evil . >/dev/null
    dockerfile <<<$'FROM alpine\nRUN echo good >/good'
    cbox build -q --cache-to type=inline -o "type=oci,dest=$layout,tar=false" .
    good=$(jq -c '."io.cbox.build.cache.v0"' "$(config_of "$layout")")
    [ "$(jq '.steps | length' <<<"$good")" = 1 ]
    cbox builder prune -af >/dev/null
    for cache in 7 '"x"' '[{}]' '{"steps":7}' '{"steps":["","x","{}","[]"]}' \
        "$(jq -c --arg d "$(cbox image inspect --format '{{json .RootFS.Layers}}' evil | jq -r '.[-1]')" \
            '.steps[0] |= (fromjson | .diffId = $d | tojson)' <<<"$good")" \
        "$(jq -c '.steps[0] |= (fromjson | .key = "../../x" | tojson)' <<<"$good")" \
        "$(jq -c '.steps = [range(4000) as $i | .steps[0]]' <<<"$good")"; do
        with_cache "$layout" "$cache"
        expect_steps 'CACHED DONE' --cache-from "type=local,src=$layout"
        cbox builder prune -af >/dev/null
    done
    with_cache "$layout" "$good"
    expect_steps 'CACHED CACHED' --cache-from "type=local,src=$layout"
    whole
}
