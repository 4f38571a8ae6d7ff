#!/usr/bin/env bats
# Names of images and what goes by them: tag, untag, filters, --tree, image prune.

load helper

setup_file() {
    file_setup
    registry_push "$registry" "$("$fixtures_dir/layers")" library/layers:1
    registry_push "$registry" "$("$fixtures_dir/multi-arch")" library/multi:1
    local dir=$BATS_FILE_TMPDIR/labelled
    image_init "$dir"
    echo file here data=here | "$fixtures_dir/mktar" | image_layer "$dir" gzip >/dev/null
    image_manifest "$dir" '{"Labels": {"team": "blue", "empty": ""}}' >/dev/null
    registry_push "$registry" "$dir" library/labelled:1
}

teardown_file() {
    file_teardown
}

setup() {
    test_setup
    fresh_store
    unset TZ
}

teardown() {
    test_teardown
}

# shellcheck disable=SC2120  # expect passes arguments
names() {
    cbox images --format '{{.Repository}}:{{.Tag}}' "$@" | sort
}

id_of() {
    cbox image inspect -f '{{.Id}}' "$1"
}

@test "tag gives a name that no registry knows" {
    cbox pull -q alpine
    expect '' cbox tag alpine registry.example:5000/team/base:3
    expect "$(printf 'alpine:latest\nregistry.example:5000/team/base:3')" names
    [ "$(id_of alpine)" = "$(id_of registry.example:5000/team/base:3)" ]
    digest=$(image_digest "$("$fixtures_dir/alpine")")
    expect "[alpine@$digest]" cbox image inspect -f '{{.RepoDigests}}' alpine
    expect "$(printf '<none>\n%s' "$digest")" sh -c "cbox images --format '{{.Digest}}' | sort"
    expect hello cbox run --rm registry.example:5000/team/base:3 echo hello
    cbox rmi alpine
    expect '[]' cbox image inspect -f '{{.RepoDigests}}' registry.example:5000/team/base:3
    expect hello cbox run --rm registry.example:5000/team/base:3 echo hello
}

@test "tag by ID, onto itself, and onto another image, which is kept" {
    cbox pull -q alpine
    cbox pull -q layers:1
    cbox tag "$(id_of alpine)" copy
    cbox tag copy copy
    expect "$(printf 'alpine:latest\ncopy:latest\nlayers:1')" names
    cbox tag layers:1 copy
    [ "$(id_of copy)" = "$(id_of layers:1)" ]
    expect "$(printf 'alpine:latest\ncopy:latest\nlayers:1')" names
    # The name from the registry was the last one: the image stays by its digest, as after a pull.
    cbox tag layers:1 alpine
    expect "$(printf 'alpine:<none>\nalpine:latest\ncopy:latest\nlayers:1')" names
    # One that has only ever had names of our own stays without any.
    id=$(cbox images -q --filter dangling=true)
    cbox tag "$id" mine
    cbox rmi "alpine@$(image_digest "$("$fixtures_dir/alpine")")"
    cbox tag layers:1 mine
    expect "$(printf '<none>:<none>\nalpine:latest\ncopy:latest\nlayers:1\nmine:latest')" names
    expect "$id" cbox images -q --filter dangling=true
    expect hello cbox run --rm --entrypoint echo "$id" hello
    cbox rmi "$id"
    expect "$(printf 'alpine:latest\ncopy:latest\nlayers:1\nmine:latest')" names
}

@test "tag refuses what is no name" {
    cbox pull -q alpine
    refuse 1 'no such image: nothing:latest' cbox tag nothing new
    refuse 1 'not a valid repository/tag: invalid reference format' cbox tag alpine 'UPPER:x'
    refuse 1 'digest reference' cbox tag alpine "x@$(image_digest "$("$fixtures_dir/alpine")")"
    refuse 1 'requires 2 arguments' cbox tag alpine
    expect alpine:latest names
}

@test "untag takes names away and leaves the image" {
    cbox pull -q alpine
    cbox tag alpine other
    expect 'Untagged: other:latest' cbox untag other
    expect alpine:latest names
    cbox untag alpine
    expect '<none>:<none>' names
    expect hello cbox run --rm "$(cbox images -q)" echo hello
    refuse 1 'no such image: alpine:latest' cbox untag alpine
    cbox pull -q layers:1
    refuse 1 'is no name of its own' cbox untag "layers@$(image_digest "$("$fixtures_dir/layers")")"
    cbox rmi layers:1
    cbox tag "$(cbox images -q)" again
    expect again:latest names
}

@test "filters: dangling, reference, label, before, since, until" {
    cbox pull -q alpine
    cbox pull -q labelled:1
    cbox pull -q layers:1
    cbox tag alpine team/app:2
    expect "$(printf 'alpine:latest\nteam/app:2')" names -f 'reference=al*' -f 'reference=team/*:2'
    expect alpine:latest names --filter reference='alp[h-j]n?'
    expect '' names --filter 'reference=*/*/*'
    expect labelled:1 names --filter label=team
    expect labelled:1 names --filter label=team=blue --filter label=empty
    expect '' names --filter label=team=red
    expect "$(printf 'alpine:latest\nlayers:1\nteam/app:2')" names --filter 'label!=team=blue'
    expect "$(names)" names --filter dangling=false
    expect '' names --filter dangling=true
    expect '' names --filter before=alpine
    expect "$(names)" names --filter until=24h
    expect '' names --filter until=2024-01-02T03:04:05Z
    expect "$(names)" names --filter until=2024-01-02T03:04:06Z
    expect '' names --filter since=layers:1
    refuse 1 "invalid filter 'nonsense'" cbox images --filter nonsense=1
    refuse 1 'NAME=VALUE' cbox images --filter dangling
    refuse 1 "invalid filter 'dangling=maybe'" cbox images --filter dangling=maybe
    refuse 1 'no such image: nothing:latest' cbox images --filter before=nothing
    refuse 1 'as time or duration' cbox images --filter until=soon
}

@test "--tree shows what is there for which platform" {
    cbox pull -q --all-platforms multi:1
    cbox pull -q alpine
    cbox tag alpine copy
    run cbox images --tree
    [ "$status" -eq 0 ]
    [[ ${lines[0]} =~ ^IMAGE\ +ID\ +DISK\ USAGE\ +CONTENT\ SIZE\ +USED$ ]]
    [ "$(grep -c '^[├└]─ ' <<<"$output")" -eq $((2 + $(jq '.manifests | length' "$("$fixtures_dir/multi-arch")/blobs/sha256/$(
        image_digest "$("$fixtures_dir/multi-arch")" | cut -d: -f2)"))) ]
    grep -q "^├─ linux/$(image_arch) " <<<"$output"
    grep -q '^└─ ' <<<"$output"
    run cbox images --tree alpine
    [ "${#lines[@]}" -eq 3 ]
    refuse 1 'exclude each other' cbox images --tree -q
    # Only what was pulled.
    cbox rmi multi:1 >/dev/null
    cbox pull -q multi:1
    run cbox images --tree multi
    [ "${#lines[@]}" -eq 3 ]
}

@test "image prune removes images without a tag, and says what it freed" {
    cbox pull -q alpine
    cbox pull -q layers:1
    cbox untag layers:1
    id=$(id_of "$(cbox images -q --filter dangling=true)")
    cbox run --name user alpine true # so that what could go is what is dangling
    could_go=$(cbox system df --format '{{.Type}} {{.Reclaimable}}' | sed -n 's/^Images \(.*\) (.*/\1/p')
    cbox rm user
    run cbox image prune -f
    [ "$status" -eq 0 ]
    [ "${lines[0]}" = 'Deleted Images:' ]
    grep -qx "deleted: $id" <<<"$output"
    [ "${lines[-1]}" = "Total reclaimed space: $could_go" ] # as system df said
    expect alpine:latest names
    # What is left is what alpine needs.
    [ "$(find "$CBOX_ROOT/layers/sha256" -mindepth 1 -maxdepth 1 | wc -l)" -eq 1 ]
    [ "$(find "$CBOX_ROOT/blobs" -type f | wc -l)" -eq 3 ]
    expect 'Total reclaimed space: 0B' cbox image prune -f
}

@test "image prune -a removes what no container stands on, by its filters" {
    cbox pull -q alpine
    cbox pull -q labelled:1
    cbox pull -q layers:1
    cbox tag layers:1 kept/by:container
    cbox run --name user layers:1 true || true
    run cbox image prune -a -f --filter label=team
    grep -qx 'untagged: labelled:1' <<<"$output"
    expect "$(printf 'alpine:latest\nkept/by:container\nlayers:1')" names
    expect 'Total reclaimed space: 0B' cbox image prune -a -f --filter until=2000-01-01
    run cbox image prune --all --force
    grep -qx 'untagged: alpine:latest' <<<"$output"
    expect "$(printf 'kept/by:container\nlayers:1')" names
    cbox rm user
    cbox image prune -af
    expect '' names
    [ -z "$(find "$CBOX_ROOT/blobs" -type f)" ]
    refuse 1 "invalid filter 'reference'" cbox image prune -f --filter reference=x
}

@test "image prune asks first" {
    cbox pull -q alpine
    cbox untag alpine
    run cbox image prune </dev/null
    [ "$status" -eq 0 ]
    [[ $output == 'WARNING! This will remove all dangling images.'* ]]
    [ "$(pulled)" -eq 1 ]
    run cbox image prune <<<n
    [ "$(pulled)" -eq 1 ]
    run cbox image prune <<<y
    [ "$(pulled)" -eq 0 ]
}

@test "in no store at all" {
    expect '' names --filter dangling=true
    expect 'Total reclaimed space: 0B' cbox image prune -f
    refuse 1 'no such image: x' cbox tag x y
    refuse 1 'no such image: x' cbox untag x
    [ ! -e "$CBOX_ROOT" ]
}

@test "inspect shows images by name and ID" {
    cbox pull -q alpine
    diff <(cbox inspect alpine) <(cbox image inspect alpine)
    expect "$(id_of alpine)" cbox inspect --type image -f '{{.Id}}' "$(cbox images -q)"
    refuse 1 'no such object: nothing' cbox inspect -f x nothing
    refuse 1 '"volcano"' cbox inspect --type volcano alpine
}
