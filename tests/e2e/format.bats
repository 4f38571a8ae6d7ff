#!/usr/bin/env bats
# What commands show, and in which form: --format, history, inspect.

load helper

setup_file() {
    file_setup
    registry_push "$registry" "$("$fixtures_dir/layers")" library/layers:1
    PATH=$(dirname -- "$cbox"):$PATH
    cbox pull -q alpine
    cbox pull -q layers:1
}

teardown_file() {
    file_teardown
}

setup() {
    test_setup
    export TZ=UTC
}

teardown() {
    test_teardown
}

@test "history says what each layer is and how large, the newest first" {
    run cbox history layers:1
    [ "$status" -eq 0 ]
    [[ ${lines[0]} =~ ^IMAGE\ +CREATED\ +CREATED\ BY\ +SIZE\ +COMMENT$ ]]
    [[ ${lines[1]} == "$(cbox images -q layers:1) "* ]]
    [[ ${lines[2]} == '<missing> '* ]]
    [ "${#lines[@]}" -eq "$(($(config_of layers:1 | jq '.history | length') + 1))" ]
    expect "$(cbox image inspect -f '{{.Id}}' layers:1)" bash -c 'cbox history -q --no-trunc layers:1 | head -n 1'
    [ "$(cbox history -H=false --format '{{.Size}}' layers:1 | jq -s add)" -eq "$(cbox image inspect -f '{{.Size}}' layers:1)" ]
    refuse 1 'no such image: nosuch' cbox history nosuch
}

# The image config, as it lies in the store.
config_of() {
    cat "$CBOX_ROOT/blobs/sha256/$(cbox images -q --no-trunc "$1" | cut -d: -f2)"
}

@test "inspect shows the config in Docker's words" {
    cbox image inspect alpine >"$BATS_TEST_TMPDIR/out"
    jq -e '.[0] | .RepoTags == ["alpine:latest"] and .Os == "linux" and .RootFS.Type == "layers"' "$BATS_TEST_TMPDIR/out"
    [ "$(jq -c '.[0].Config.Env' "$BATS_TEST_TMPDIR/out")" = "$(config_of alpine | jq -c .config.Env)" ]
    [ "$(jq -c '.[0].RootFS.Layers' "$BATS_TEST_TMPDIR/out")" = "$(config_of alpine | jq -c .rootfs.diff_ids)" ]
    [ "$(jq -r '.[0].RepoDigests[0]' "$BATS_TEST_TMPDIR/out")" = "alpine@$(image_digest "$("$fixtures_dir/alpine")")" ]
    jq -e '.[0].GraphDriver.Data.UpperDir' "$BATS_TEST_TMPDIR/out" | xargs test -d
    expect '[/bin/sh] alpine:latest layers' cbox image inspect -f '{{.Config.Cmd}} {{join .RepoTags ","}} {{.RootFS.Type}}' alpine
}

@test "inspect shows those images that there are, and fails for the others" {
    run --separate-stderr cbox image inspect nosuch alpine
    [ "$status" -eq 1 ]
    [ "$(jq length <<<"$output")" -eq 1 ]
    [ "$stderr" = 'cbox: no such image: nosuch:latest' ]
    run --separate-stderr cbox image inspect nosuch
    [ "$output" = '[]' ]
}

@test "ps --format: templates, tables under headings, JSON" {
    cbox run --name one -l com.example.role=db alpine true
    expect one cbox ps -a --format '{{.Names}}'
    expect $'NAMES     STATE     role\none       EXITED    db' cbox ps -a --format 'table {{.Names}}\t{{upper .State}}\t{{.Label "com.example.role"}}'
    [ "$(cbox ps -a --format json | jq -r '.Names + .Labels + .State')" = onecom.example.role=dbexited ]
    [ "$(cbox ps -a --format '{{json .}}' | jq -r .Image)" = alpine ]
    [ -z "$(cbox ps --format '{{.Names}}')" ]
    cbox rm one
}

@test "images --format: templates, tables under headings, JSON" {
    expect $'alpine:latest\nlayers:1' bash -c "cbox images --format '{{.Repository}}:{{.Tag}}' | sort"
    expect "$(cbox images -q --no-trunc alpine)" cbox images --no-trunc --format '{{.ID}}' alpine
    expect "$(image_digest "$("$fixtures_dir/alpine")")" cbox images --format '{{.Digest}}' alpine
    run cbox images --format 'table {{.Repository}}\t{{.CreatedAt}}' alpine
    [[ ${lines[0]} =~ ^REPOSITORY\ +CREATED\ AT$ ]]
    [[ ${lines[1]} =~ ^alpine\ +2024-01-02\ 03:04:05\ \+0000\ UTC$ ]]
    [ "$(cbox images --format json | jq -r .Repository | sort | paste -sd ' ')" = 'alpine layers' ]
}

@test "a format that is wrong is refused where it is wrong" {
    refuse 1 "format: template: 1:8: unclosed action" cbox ps --format '{{.Name'
    refuse 1 'function "nope" not defined' cbox history --format '{{nope}}' alpine
    refuse 1 'no field .Nmae; there are ID, CreatedAt' cbox history --format '{{.Nmae}}' alpine
}

@test "info and version --format: Docker's names, and JSON" {
    expect "$CBOX_ROOT overlayfs $(nproc) $(uname -r)" cbox info -f '{{.DockerRootDir}} {{.Driver}} {{.NCPU}} {{.KernelVersion}}'
    [ "$(cbox info --format json | jq -r '.Images, .OSType' | paste -sd ' ')" = '2 linux' ]
    expect "$(cbox --version | sed 's/^cbox version \(.*\), build.*/\1/') linux" cbox version -f '{{.Client.Version}} {{.Server.Os}}'
    [ "$(cbox version -f '{{json .Client}}' | jq -r .Arch)" = "$(image_arch)" ]
    refuse 1 'template' cbox version -f '{{'
    refuse 1 'template' cbox info -f '{{'
}
