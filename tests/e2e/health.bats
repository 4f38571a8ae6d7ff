#!/usr/bin/env bats
# Health checks: states, results, events, and probes that misbehave.

load alpine

setup() {
    test_setup
    name=health$BATS_TEST_NUMBER
    mkdir "$BATS_TEST_TMPDIR/dir"
}

teardown() {
    cbox rm -f "$name" >/dev/null 2>&1 || true
    test_teardown
}

# start COMMAND [OPTION...]: a container that is probed by COMMAND ten times a second.
start() {
    local command=$1
    shift
    cbox run -d --name "$name" --network none -v "$BATS_TEST_TMPDIR/dir:/dir" --health-interval 100ms --health-retries 2 \
        --health-cmd "$command" "$@" alpine sleep 777200 >/dev/null
}

# health FILTER: of its state, as inspect has it.
health() {
    cbox inspect "$name" | jq -r ".[0].State.Health | $1"
}

is() {
    [ "$(health .Status)" = "$1" ]
}

shows() {
    cbox ps --filter "name=^$name\$" --format '{{.Status}}' | grep -qF -e "($1)"
}

@test "starting, unhealthy, healthy, in inspect and ps and as events" {
    since=$(date +%s.%N)
    start 'echo looked; test -e /dir/ok' --health-interval 300ms
    is starting
    shows 'health: starting'
    [ "$(health .FailingStreak)" -le 1 ]
    wait_for 10 is unhealthy
    shows unhealthy
    [ "$(health .FailingStreak)" -ge 2 ]
    [ "$(health '.Log[-1].ExitCode')" = 1 ]
    [ "$(health '.Log[-1].Output')" = looked ]
    touch "$BATS_TEST_TMPDIR/dir/ok"
    wait_for 10 is healthy
    shows healthy
    [ "$(health .FailingStreak)" = 0 ]
    [ "$(health '.Log | length')" -le 5 ]
    [ "$(health '.Log | map(.Start <= .End) | all')" = true ]
    cbox events --since "$since" --until "$(date +%s.%N)" --filter "container=$name" --format '{{.Action}}' |
        grep ^health_status | diff - <(printf 'health_status: unhealthy\nhealth_status: healthy\n')
    cbox stop -t 0 "$name" >/dev/null
    is unhealthy
}

@test "the last five results are kept, and the start of what they say" {
    start 'head -c 5000 /dev/zero | tr "\0" x; exit 3'
    wait_for 10 has_results 5
    [ "$(health '.Log[-1].ExitCode')" = 3 ]
    [ "$(health '.Log[-1].Output | length')" -eq 4099 ]
    health '.Log[-1].Output' | grep -qE '^x{4096}\.\.\.$'
    before=$(health '.Log[0].Start')
    wait_for 10 is_later "$before"
    [ "$(health '.Log | length')" -eq 5 ]
}

has_results() {
    [ "$(health '.Log | length')" -ge "$1" ]
}

is_later() {
    [ "$(health '.Log[0].Start')" != "$1" ]
}

@test "a probe that takes too long is killed with its children" {
    start 'echo begun; sleep 777201 & (sleep 777201 &) ; sleep 777201' --health-timeout 300ms
    wait_for 10 is unhealthy
    [ "$(health '.Log[-1].ExitCode')" = -1 ]
    health '.Log[-1].Output' | grep -qE '^Health check exceeded timeout \(300ms\): begun$'
    cbox pause "$name"
    [ "$(pgrep -xfc '(/bin/)?sleep 777201')" -le 3 ]
    cbox unpause "$name"
}

@test "the time-out counts from when the probe runs, and others wait for no probe" {
    start 'sleep 2' --health-timeout 10s --health-interval 50ms
    wait_for 10 pgrep -xf 'sleep 2' >/dev/null
    begun=$(date +%s%N)
    cbox exec "$name" true
    cbox ps >/dev/null
    [ $(($(date +%s%N) - begun)) -lt 1500000000 ]
    wait_for 10 is healthy
}

@test "failures within the start period do not count, and it has an interval of its own" {
    start 'test -e /dir/ok' --health-start-period 60s --health-start-interval 50ms --health-interval 1h
    wait_for 10 has_results 4
    is starting
    [ "$(health .FailingStreak)" = 0 ]
    touch "$BATS_TEST_TMPDIR/dir/ok"
    wait_for 10 is healthy
}

@test "a probe that writes anything" {
    start 'printf "a\000\377\303\244\033"; exit 4'
    wait_for 10 is unhealthy
    [ "$(health '.Log[-1].ExitCode')" = 4 ]
    [ "$(health '.Log[-1].Output' | od -An -tx1 | tr -d ' \n')" = 61efbfbdefbfbdc3a41b0a ]
}

@test "a probe that cannot be run is a failure" {
    start 'no-such-command'
    wait_for 10 is unhealthy
    [ "$(health '.Log[-1].ExitCode')" = 127 ]
    health '.Log[-1].Output' | grep -q 'not found'
}

@test "no probes while it is paused" {
    start 'echo x >>/dir/probes'
    wait_for 10 test -s "$BATS_TEST_TMPDIR/dir/probes"
    cbox pause "$name"
    count=$(wc -l <"$BATS_TEST_TMPDIR/dir/probes")
    sleep 0.5
    [ "$(wc -l <"$BATS_TEST_TMPDIR/dir/probes")" -eq "$count" ]
    cbox unpause "$name"
    wait_for 10 more_than "$count"
}

more_than() {
    [ "$(wc -l <"$BATS_TEST_TMPDIR/dir/probes")" -gt "$1" ]
}

@test "an image's health check, and none of it" {
    image_init "$BATS_TEST_TMPDIR/image"
    gzip -dc "$("$fixtures_dir/alpine")/blobs/sha256/$(image_layer_digest "$("$fixtures_dir/alpine")" 0 | cut -d: -f2)" |
        image_layer "$BATS_TEST_TMPDIR/image" gzip >/dev/null
    image_manifest "$BATS_TEST_TMPDIR/image" '{"Env":["PATH=/bin"],"Cmd":["sleep","777202"],"Healthcheck":{"Test":["CMD","/bin/echo","from the image"],"Interval":100000000}}'
    registry_push "$registry" "$BATS_TEST_TMPDIR/image" library/checked:1
    cbox pull -q checked:1
    cbox run -d --name "$name" --network none checked:1 >/dev/null
    wait_for 10 is healthy
    [ "$(health '.Log[-1].Output')" = 'from the image' ]
    cbox rm -f "$name" >/dev/null
    cbox run -d --name "$name" --network none --no-healthcheck checked:1 >/dev/null
    [ "$(health .)" = null ]
    [ "$(find "$CBOX_STATE/monitor" -name '*.health' | wc -l)" -eq 0 ]
}

@test "a restart begins anew, and an end leaves no probe behind" {
    start 'test -e /dir/ok'
    wait_for 10 is unhealthy
    touch "$BATS_TEST_TMPDIR/dir/ok"
    cbox restart -t 0 "$name" >/dev/null
    wait_for 10 is healthy
    cbox rm -f "$name" >/dev/null
    [ "$(find "$CBOX_STATE/monitor" -name '*.health' | wc -l)" -eq 0 ]
}
