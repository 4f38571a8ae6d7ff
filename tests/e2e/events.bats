#!/usr/bin/env bats
# cbox events: what happened, in Docker's words, before and while one looks.

load alpine

setup() {
    test_setup
    export CBOX_STATE=$BATS_TEST_TMPDIR/state
}

teardown() {
    test_teardown
}

# told [FILTER...]: type, action and name of all events so far.
told() {
    local filters=() filter
    for filter; do filters+=(--filter "$filter"); done
    cbox events --since 0 --until 0s "${filters[@]}" --format '{{.Type}} {{.Action}} {{.Actor.Attributes.name}}'
}

image_id() {
    cbox images -q --no-trunc alpine
}

# watches PID: the process waits for changes of a file.
watches() {
    grep -qs '^inotify wd' "/proc/$1/fdinfo/"*
}

# --- images ----------------------------------------------------------------------------------------------------------

@test "images: pull, tag, untag, save, load, import, delete" {
    local id
    fresh_store
    cbox pull -q alpine
    id=$(image_id)
    cbox tag alpine other:1
    cbox save -o "$BATS_TEST_TMPDIR/archive.tar" other:1
    cbox load -q -i "$BATS_TEST_TMPDIR/archive.tar"
    cbox untag other:1
    cbox rmi alpine
    tar -C "$BATS_TEST_TMPDIR" -c archive.tar | cbox import - made:1
    told >"$BATS_TEST_TMPDIR/told"
    diff - "$BATS_TEST_TMPDIR/told" <<END
image pull alpine
image tag other:1
image save $id
image load $id
image untag $id
image untag $id
image delete $id
image tag made:1
image import $(cbox images -q --no-trunc made)
END
}

@test "a push and a prune are told" {
    fresh_store
    cbox pull -q alpine
    cbox tag alpine "$(<"$registry/host")/mine/alpine:2"
    cbox push -q "$(<"$registry/host")/mine/alpine:2"
    [ "$(cbox events --since 0 --until 0s --filter event=push --format '{{.Actor.ID}} {{.Actor.Attributes.name}}')" = \
        "$(<"$registry/host")/mine/alpine:2 $(<"$registry/host")/mine/alpine" ]
    cbox image prune -f
    [ "$(cbox events --since 0 --until 0s --filter event=prune --format '{{.Type}} {{.Actor.Attributes.reclaimed}}')" = 'image 0' ]
}

# --- containers ------------------------------------------------------------------------------------------------------

# of_box FIELD...: action and these attributes of what happened to the container box.
of_box() {
    local format='{{.Action}}' field
    for field; do format+=" {{.Actor.Attributes.$field}}"; done
    cbox events --since 0 --until 0s --filter container=box --format "$format"
}

@test "a container's life" {
    cbox run --name box --label role=test alpine sh -c 'exit 3' || true
    wait_for 5 eval '[ "$(cbox ps -aq -f status=exited -f name=box)" ]'
    cbox rename box other-box
    cbox rm other-box
    of_box role image >"$BATS_TEST_TMPDIR/told"
    grep -vx 'attach test alpine' "$BATS_TEST_TMPDIR/told" | diff - <(printf '%s test alpine\n' create start die)
    cbox events --since 0 --until 0s --filter event=die --format '{{.Actor.Attributes.exitCode}} {{.From}}' | grep -qx '3 alpine'
    told container=other | diff - <(printf 'container %s other-box\n' rename destroy)
}

@test "stop, kill, pause, unpause, restart are told" {
    cbox run -d --name box alpine sh -c 'trap "exit 0" TERM; echo ready; while :; do sleep 0.05; done'
    wait_for 5 eval '[ "$(cbox logs box | wc -l)" -eq 1 ]'
    cbox pause box
    cbox unpause box
    cbox restart box
    wait_for 5 eval '[ "$(cbox logs box | wc -l)" -eq 2 ]'
    cbox stop box
    cbox rm box
    of_box signal | diff - <(sed 's/- *$/<no value>/' <<'END'
create -
start -
pause -
unpause -
kill 15
die -
start -
restart -
kill 15
die -
stop -
destroy -
END
    )
}

@test "volumes are told of" {
    cbox volume create data
    cbox run --rm -v data:/data:ro alpine true
    cbox volume rm data
    cbox events --since 0 --until 0s --filter volume=data --format '{{.Type}} {{.Action}} {{.Actor.ID}} {{.Actor.Attributes.driver}}' |
        diff - <(printf 'volume %s data local\n' create mount unmount destroy)
    cbox events --since 0 --until 0s --filter event=mount | grep -qE '\(container=[0-9a-f]{64}, destination=/data, driver=local, .*read/write=false\)$'
}

# --- forms -----------------------------------------------------------------------------------------------------------

@test "a line has time, type, action, id and attributes; JSON has Docker's names" {
    cbox tag alpine "$BATS_TEST_NUMBER:1"
    TZ=UTC-2 run cbox events --since 1m --until 0s
    [[ $output =~ ^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{9}\+02:00\ image\ tag\ sha256:[0-9a-f]{64}\ \(name=$BATS_TEST_NUMBER:1\)$ ]]
    run cbox events --since 1m --until 0s --format json
    jq -e --arg id "$(image_id)" --arg name "$BATS_TEST_NUMBER:1" \
        '. as $e | .status == "tag" and .id == $id and .Type == "image" and .Action == "tag" and .scope == "local" and
         .Actor == {ID: $id, Attributes: {name: $name}} and .time == (.timeNano / 1000000000 | floor)' <<<"$output"
    expect "image tag $(image_id) $BATS_TEST_NUMBER:1" cbox events --since 1m --until 0s \
        --format '{{.Type}} {{.Status}} {{.ID}} {{.Actor.Attributes.name}}'
}

@test "what is malformed is refused" {
    refuse 1 "invalid filter 'typo'" cbox events --filter typo=x --until 0s
    refuse 125 'bad format of filter \(expected name=value\)' cbox events --filter type --until 0s
    refuse 1 'failed to parse value as time or duration: "yesterday"' cbox events --since yesterday
    refuse 1 'cannot be after' cbox events --since 10 --until 5
    refuse 64 'Typo' cbox events --format '{{.Typo}}' --until 0s
}

@test "bytes that an image or a command chose do not reach a terminal" {
    mkdir -p "$CBOX_STATE"
    printf '{"time":1,"type":"container","action":"\\u001b[31mx","actor":"a"}\n' >"$CBOX_STATE/events"
    script -qec "cbox events --since 0 --until 0s" /dev/null >"$BATS_TEST_TMPDIR/screen"
    grep -qF 'container ?[31mx a' "$BATS_TEST_TMPDIR/screen"
}

# --- following -------------------------------------------------------------------------------------------------------

@test "events are told when they happen, and --until ends it" {
    cbox events --until "$(($(date +%s) + 4))" --format '{{.Action}} {{.Actor.Attributes.name}}' \
        >"$BATS_TEST_TMPDIR/told" 3>&- &
    reader=$!
    wait_for 5 watches $reader
    cbox tag alpine "follow:1"
    wait_for 2 grep -qx 'tag follow:1' "$BATS_TEST_TMPDIR/told"
    wait $reader
    [ "$(wc -l <"$BATS_TEST_TMPDIR/told")" -eq 1 ]
}
