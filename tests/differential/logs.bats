#!/usr/bin/env bats
# The same programs under dockerd and under cbox: their log files byte by byte but for the times, and what `logs` shows.
# shellcheck disable=SC2154  # the helper sets registry and fixtures_dir

load ../e2e/helper
load ../fixtures/peers

setup_file() {
    export daemon=$BATS_FILE_TMPDIR/docker
    file_setup
    docker_start "$daemon" "$registry/certs.d" >"$BATS_FILE_TMPDIR/why" 2>&1 ||
        echo "dockerd does not run here: $(tail -n 1 "$daemon/log")" >"$BATS_FILE_TMPDIR/skip"
    export DOCKER_HOST=unix://$daemon/docker.sock
    [ ! -f "$BATS_FILE_TMPDIR/skip" ] || return 0
    PATH=$(dirname -- "$cbox"):$PATH
    host=$(<"$registry/host")
    docker pull -q "$host/library/alpine" >/dev/null
    docker tag "$host/library/alpine" alpine
    cbox pull -q alpine
}

teardown_file() {
    docker_stop "$daemon"
    file_teardown
}

setup() {
    [ ! -f "$BATS_FILE_TMPDIR/skip" ] || skip "$(<"$BATS_FILE_TMPDIR/skip")"
    test_setup
    name=log$BATS_TEST_NUMBER
}

teardown() {
    [ ! -f "$BATS_FILE_TMPDIR/skip" ] || return 0
    docker rm -f "$name" >/dev/null 2>&1 || true
    cbox rm -f "$name" >/dev/null 2>&1 || true
    test_teardown
}

# both [OPTION...] -- COMMAND...: runs the command in a container, $name, of each.
both() {
    local options=() of
    while [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    shift
    for of in docker cbox; do
        timeout -k 5 60 "$of" run --name "$name" --network none "${options[@]}" alpine "$@" >/dev/null 2>&1 || true
    done
}

# log_file docker|cbox: the newest.
log_file() {
    local data=$daemon/data
    [ "$1" = docker ] || data=$CBOX_ROOT
    find "$data"/containers/*"$("$1" ps -aq --filter "name=^$name\$")"*/ -name '*-json.log'
}

without_times() {
    sed -E 's/"time":"20[0-9-]+T[0-9:]+(\.[0-9]{0,8}[1-9])?Z"/"time":""/'
}

same_files() {
    cmp <(without_times <"$(log_file docker)") <(without_times <"$(log_file cbox)")
}

# same OPTION...: both logs with these options are the same, on both streams, and in their exit code.
same() {
    local of
    for of in docker cbox; do
        "$of" logs "$@" "$name" >"$BATS_TEST_TMPDIR/$of.out" 2>"$BATS_TEST_TMPDIR/$of.err" || echo "exit code $?" >>"$BATS_TEST_TMPDIR/$of.out"
        sed -E -i 's/20[0-9-]{8}T[0-9:]{8}\.[0-9]{9}Z /TIME /g' "$BATS_TEST_TMPDIR/$of.out" "$BATS_TEST_TMPDIR/$of.err"
    done
    cmp "$BATS_TEST_TMPDIR/docker.out" "$BATS_TEST_TMPDIR/cbox.out"
    cmp "$BATS_TEST_TMPDIR/docker.err" "$BATS_TEST_TMPDIR/cbox.err"
}

@test "every byte, long lines and a last line without end" {
    cat >"$BATS_TEST_TMPDIR/program" <<'END'
i=0
while [ $i -lt 256 ]; do printf "%b" "\\0$(printf %o $i)"; i=$((i + 1)); done
printf '\n\n\t"q" \\ <a&b>\r\n\303\244\342\202\254\360\237\230\200\342\200\250\342\200\251\377\376\303(\355\240\200\342\200x\n'
for n in 16383 16384 16385 40000; do head -c $n /dev/zero | tr '\0' x; echo; done
printf 'no end'
END
    both -v "$BATS_TEST_TMPDIR:/dir:ro" -- sh /dir/program
    same_files
    same
    same -t
    same -n 3
    same --details
}

@test "errors beside output" {
    both -- sh -c 'echo out; sleep .1; echo err >&2; sleep .1; printf more'
    same_files
    same
    same -n 1
    same -n 0
    same --since 1h
    same --until 1h
}

@test "a terminal" {
    both -t -- sh -c 'echo out; echo err >&2'
    same_files
    same
}

@test "labels, variables and a tag" {
    both --label a=1 --label 'b=<2> &' -e WHAT=x --log-opt labels=a,b --log-opt env=WHAT --log-opt 'tag={{.Name}}/{{.ImageName}}' -- \
        echo hello
    same_files
    same --details
    same -t --details
}

@test "rotated files" {
    both --log-opt max-size=30k --log-opt max-file=4 -- seq 1 20000
    for of in docker cbox; do
        dir=$(dirname "$(log_file $of)")
        [ "$(find "$dir" -name '*-json.log*' | wc -l)" -eq 4 ]
        find "$dir" -name '*-json.log.*' -size -30000c | grep -c . | grep -qx 0
        [ "$("$of" logs -n 300 "$name")" = "$(seq 19701 20000)" ]
    done
}

@test "what is refused" {
    for options in '--log-driver nothing' '--log-opt x=1' '--log-opt max-file=0' '--log-opt max-size=x' '--log-opt max-size=0' \
        '--log-opt mode=x' '--log-opt max-buffer-size=1m' '--log-driver local --log-opt tag=x' \
        '--log-driver syslog --log-opt syslog-address=x'; do
        for of in docker cbox; do
            # shellcheck disable=SC2086  # several words
            run timeout 60 "$of" run --rm --network none $options alpine true
            [ "$status" -eq 125 ]
        done
    done
    for of in docker cbox; do
        "$of" run --name "$name" --network none --log-driver none alpine echo x
        run "$of" logs "$name"
        [ "$status" -eq 1 ]
        [[ $output == *"configured logging driver does not support reading"* ]]
    done
    for of in docker cbox; do
        run "$of" logs --since x "$name"
        [ "$status" -eq 1 ]
        [[ $output == *'invalid value for "since": failed to parse value as time or duration: "x"'* ]]
    done
}
