#!/usr/bin/env bats
# Registries, mirrors and networks as they are: what a pull does about them; searching, and listing tags.

load helper
load ../fixtures/nginx

setup_file() {
    file_setup
    registry_push "$registry" "$("$fixtures_dir/layers")" library/layers:1
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

# mirrors_of HOST FRONT...: a configuration with these registries as mirrors of HOST, in this order, the last one being the
# registry of this file.
mirrors_of() {
    local of=$1 dirs=() urls=() dir
    shift
    for dir in "$@" "$registry"; do
        dirs+=("$dir/certs.d")
        urls+=("https://$(<"$dir/host")")
    done
    # The registry itself is out of reach, so that what comes must be of a mirror.
    export CBOX_CONFIG=$BATS_TEST_TMPDIR/mirrors.json
    jq -n --arg of "$of" --arg urls "${urls[*]}" --arg dirs "${dirs[*]}" \
        '{registries: {($of): {mirrors: ($urls | split(" "))}}, certs_dirs: ($dirs | split(" "))}' >"$CBOX_CONFIG"
}

# wrong_mirror IMAGE FAULT...: the front of $BATS_TEST_TMPDIR/front with these faults is the first mirror, a sound registry the
# second.
wrong_mirror() {
    misbehaving_with "$@"
    mirrors_of docker.io "$BATS_TEST_TMPDIR/front"
}

# ---- mirrors ----

@test "wrong bytes, a wrong length, a cut for good and no blob at all: the next mirror is asked" {
    for fault in wrong-blob wrong-length cut=1000 garbage-manifest empty-manifest html-manifest fail=1000 'bearer=0 plain-token'; do
        echo "fault: $fault"
        # shellcheck disable=SC2086  # several words
        wrong_mirror layers $fault
        cbox pull -q layers:1
        cbox run --rm --network none --entrypoint /bin/sh layers:1 -c true
        [ -s "$requests" ]
        registry_stop "$BATS_TEST_TMPDIR/front"
        cbox rmi layers:1
    done
}

@test "wrong bytes are unpacked while they come, and the right ones afterwards" {
    for fault in wrong-start garbage-start; do
        wrong_mirror alpine $fault norange
        cbox pull -q alpine
        expect unpacked cbox run --rm --network none alpine echo unpacked
        registry_stop "$BATS_TEST_TMPDIR/front"
        cbox rmi alpine
    done
}

@test "a mirror that gave wrong bytes is not asked first again" {
    wrong_mirror layers wrong-blob
    run cbox -D pull layers:1
    [ "$status" -eq 0 ]
    [[ $output == *"from $host: "*digest* ]]
    # Three layers and a config; what was asked for at once may be as many as run at once.
    [ "$(grep -c 'GET .*/blobs/' "$requests")" -le 3 ]
}

@test "wrong bytes everywhere fail the pull, and nothing is kept" {
    misbehaving wrong-blob
    refuse 1 "(from|of) .*(digest|sha256)" cbox pull -q "$host/a/b:1"
    [ "$(pulled)" -eq 0 ]
    [ -z "$(find "$CBOX_ROOT/blobs" -type f)" ]
}

@test "a pull-through cache of any registry" {
    mirrors_of quay.example:8443
    expect quay.example:8443/library/alpine:latest cbox pull -q quay.example:8443/library/alpine
    mirrors_of registry.example
    expect registry.example/library/layers:1 cbox pull -q registry.example/library/layers:1
    run -1 cbox pull -q other.invalid/library/alpine
}

# ---- limits ----

@test "Retry-After is waited for, and a limit that lasts is told in words" {
    misbehaving limit=2 fail=2
    cbox pull -q "$host/a/b:1"
    registry_stop "$BATS_TEST_TMPDIR/front"
    misbehaving rate-limit
    refuse 1 "$host answers with status 429 .*: toomanyrequests; 0 of 100 pulls in 6 hours are left for 192.0.2.7; wait 2 hours, or log in for a higher limit: cbox login $host" \
        cbox pull -q "$host/a/b:1"
    # Two hours are not waited for.
    [ "$(grep -c manifests "$requests")" -eq 1 ]
}

# ---- HTTP/2 ----

@test "HTTP/2 is spoken where it is offered, and a pull works there" {
    nginx_start "$BATS_TEST_TMPDIR/nginx" "$registry"
    mirrors_of docker.io "$BATS_TEST_TMPDIR/nginx"
    expect docker.io/library/layers:1 cbox pull -q layers:1
    grep -q '^HTTP/1.1 GET /v2/library/layers/blobs/.* 200$' "$BATS_TEST_TMPDIR/nginx/requests"
    expect latest cbox image tags alpine
    grep -q '^HTTP/2.0 GET /v2/library/alpine/tags/list?n=1000 200$' "$BATS_TEST_TMPDIR/nginx/requests"
}

# ---- tags ----

@test "image tags: one a line, in the registry's order" {
    expect latest cbox image tags alpine
    registry_push "$registry" "$("$fixtures_dir/alpine")" library/several:2
    registry_push "$registry" "$("$fixtures_dir/alpine")" library/several:1
    theirs=$(registry_curl "$registry" GET library/several/tags/list | jq -r '.tags[]')
    [ "$(wc -l <<<"$theirs")" -eq 2 ]
    expect "$theirs" cbox image tags several
    expect "$(head -n 1 <<<"$theirs")" cbox image tags --limit 1 "$(<"$registry/host")/library/several"
}

@test "image tags: all pages" {
    misbehaving tags=35
    run --separate-stderr cbox image tags "$host/a/b"
    [ "$status" -eq 0 ]
    [ "${#lines[@]}" -eq 35 ]
    [ "${lines[0]}" = t1 ]
    [ "${lines[34]}" = t35 ]
    [ "$(grep -c tags/list "$requests")" -eq 4 ]
    : >"$requests"
    run --separate-stderr cbox image tags --limit 12 "$host/a/b"
    [ "${#lines[@]}" -eq 12 ]
    [ "$(grep -c tags/list "$requests")" -eq 2 ]
}

@test "image tags: a next page is of the same registry, and another one" {
    misbehaving tags=35 tags-elsewhere
    refuse 1 'tags of .*/a/b: .*continues its tags at "https://127.0.0.1:.*no next page' cbox image tags "$host/a/b"
    registry_stop "$BATS_TEST_TMPDIR/front"
    misbehaving tags=35 tags-loop
    refuse 1 'no next page' cbox image tags "$host/a/b"
}

@test "image tags: what is not there, and what is no repository" {
    misbehaving tags=3
    refuse 1 "repository $host/absent/x not found" cbox image tags "$host/absent/x"
    refuse 1 'name it without tag' cbox image tags "$host/a/b:1"
    refuse 1 'invalid reference format' cbox image tags "$host/A"
    run ! cbox image tags "127.0.0.1:$(free_port)/a/b"
}

@test "image tags: with a token" {
    misbehaving bearer=1 tags=15
    run cbox image tags "$host/a/b"
    [ "${#lines[@]}" -eq 15 ]
    grep -q 'GET /token.*scope=repository%3Aa%2Fb%3Apull' "$requests"
}

# ---- search ----

@test "search: Docker's columns, in a form that suits the terminal" {
    misbehaving slow=1000000
    run --separate-stderr cbox search hello
    [ "$status" -eq 0 ]
    [[ ${lines[0]} =~ ^NAME\ +DESCRIPTION\ +STARS\ +OFFICIAL$ ]]
    [[ ${lines[1]} =~ ^hello\ +The\ official\ one:\ .{1,2}\[31mvery\ good\ very\ g?o?o?d?.*…\ +1234\ +\[OK\]$ ]]
    [[ ${lines[2]} =~ ^somebody/hello\ +7\ *$ ]]
    [[ $output != *$'\e'* ]]
    grep -q 'GET /v1/search?q=hello&n=25 ' "$requests"
}

@test "search: limit, filters, formats, no truncation" {
    misbehaving slow=1000000
    expect hello cbox search --limit 1 --format '{{.Name}}' hello
    grep -q 'q=hello&n=1 ' "$requests"
    expect hello cbox search -f is-official=true --format '{{.Name}}' hello
    expect somebody/hello cbox search -f is-official=false --format '{{.Name}}' hello
    expect hello cbox search -f stars=8 --format '{{.Name}}' hello
    expect 'somebody/hello 7 []' cbox search -f stars=2 -f is-official=false --format '{{.Name}} {{.StarCount}} [{{.IsOfficial}}]' hello
    run cbox search --no-trunc hello
    [[ $output == *"very good very good very good very good very good very good very good very good"* ]]
    expect '{"Description":"","IsAutomated":"","IsOfficial":"","Name":"somebody/hello","StarCount":"7"}' \
        cbox search -f is-official=false --format json hello
    refuse 1 "invalid filter 'colour=red'" cbox search -f colour=red hello
    refuse 1 "invalid filter 'stars=many'" cbox search -f stars=many hello
    refuse 125 'invalid argument "101"' cbox search --limit 101 hello
    refuse 125 'invalid argument "0"' cbox search --limit 0 hello
}

@test "search: another registry by its name, and one that has none" {
    misbehaving slow=1000000
    expect "$host/a b&c/é" cbox search --limit 1 --format '{{.Name}}' "$host/a b&c/é"
    grep -q 'q=a%20b%26c%2F%C3%A9&n=1' "$requests"
    refuse 1 "$(<"$registry/host") has no search" cbox search --tls-verify=false "$(<"$registry/host")/hello"
}

# An image whose second layer no registry may have: its blob is at the URLs.
foreign_layout() {
    local dir=$1 hex
    cp -r "$("$fixtures_dir/layers")" "$dir"
    hex=$(image_layer_digest "$dir" 1 | cut -d: -f2)
    image_edit "$dir" ".layers[1] += {mediaType: \"application/vnd.oci.image.layer.nondistributable.v1.tar+gzip\",
        urls: $(printf '%s\n' "${@:2}" | jq -R . | jq -cs .)}"
    rm "$dir/blobs/sha256/$hex"
}

@test "a layer that registries may not have comes from its URLs, by https alone" {
    blob=v2/library/layers/blobs/$(image_layer_digest "$("$fixtures_dir/layers")" 1)
    there=$(<"$registry/host")
    foreign_layout "$BATS_TEST_TMPDIR/foreign" "http://$there/$blob" "https://$there/none" "https://$there/$blob"
    front_start "$BATS_TEST_TMPDIR/front" "$BATS_TEST_TMPDIR/foreign" bearer=0
    cp -r "$registry/certs.d/." "$BATS_TEST_TMPDIR/front/certs.d"
    export CBOX_CONFIG=$BATS_TEST_TMPDIR/front.json
    registry_config "$BATS_TEST_TMPDIR/front" >"$CBOX_CONFIG"
    cbox pull -q layers:1
    expect three cbox run --rm layers:1 'echo $LAYERS'
    expect '' cbox system check -q
    # The registry was asked first.
    grep -q "GET /$blob" "$BATS_TEST_TMPDIR/front/requests"
    cbox rmi layers:1
    # Wrong bytes, and places that are none.
    registry_stop "$BATS_TEST_TMPDIR/front"
    rm -r "$BATS_TEST_TMPDIR/foreign"
    wrong=v2/library/layers/blobs/$(image_layer_digest "$("$fixtures_dir/layers")" 0)
    foreign_layout "$BATS_TEST_TMPDIR/foreign" "https://$there/$wrong" "http://$there/$blob"
    front_start "$BATS_TEST_TMPDIR/front" "$BATS_TEST_TMPDIR/foreign"
    registry_config "$BATS_TEST_TMPDIR/front" >"$CBOX_CONFIG"
    cp -r "$registry/certs.d/." "$BATS_TEST_TMPDIR/front/certs.d"
    refuse 1 'layer 2/3.*(wrong size|digest)' cbox pull layers:1
    [ "$(pulled)" -eq 0 ]
}
