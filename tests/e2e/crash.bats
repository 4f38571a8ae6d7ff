#!/usr/bin/env bats
# SIGKILL at random moments: the next command finds a whole store, and nothing stays behind.

load helper

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
    # The moments differ from run to run; a failing run is repeated with CBOX_SEED.
    RANDOM=${CBOX_SEED:-$$}
    echo "CBOX_SEED=${CBOX_SEED:-$$}"
}

teardown() {
    test_teardown
}

# kill_after_ms N COMMAND...: SIGKILL to the command after N milliseconds, or let it end.
kill_after_ms() {
    local pid
    printf -v delay '%d.%03d' $(($1 / 1000)) $(($1 % 1000))
    shift
    "$@" >/dev/null 2>&1 3>&- &
    pid=$!
    sleep "$delay"
    kill -KILL $pid 2>/dev/null || true
    wait $pid 2>/dev/null || true
}

@test "pulls killed at random moments" {
    for ((n = 0; n < 15; n++)); do
        kill_after_ms $((RANDOM % 250)) cbox pull layers:1
        # An image that is in the list is whole.
        if [ "$(pulled)" -eq 1 ]; then
            expect three cbox run --rm layers:1 'echo $LAYERS'
            cbox rmi layers:1
        fi
    done
    cbox pull layers:1
    expect three cbox run --rm layers:1 'echo $LAYERS'
    cbox rmi layers:1
    cbox pull alpine
    # What was cut off is gone; empty files that locks are taken on may stay.
    [ -z "$(find "$CBOX_ROOT/tmp" -type f -size +0)" ]
}

@test "removals killed at random moments" {
    for ((n = 0; n < 15; n++)); do
        cbox pull -q layers:1
        expect three cbox run --rm layers:1 'echo $LAYERS'
        kill_after_ms $((RANDOM % 30)) cbox rmi layers:1
    done
}

@test "runs killed at random moments" {
    cbox pull -q alpine
    for ((n = 0; n < 20; n++)); do
        kill_after_ms $((RANDOM % 60)) cbox run --rm --name same alpine sleep 0.05
        sleep 0.2
        expect hello cbox run --rm --name same alpine echo hello
    done
    nothing_leaked
    [ -z "$(ls -A "$CBOX_ROOT/containers")" ]
}

@test "commands killed at every named place" {
    names=$(grep -rhoE --include='*.c' 'failpoint\("[^"]+"\)' "$repository/pkg" "$repository/cmd" | cut -d'"' -f2 | sort -u)
    [ -n "$names" ]
    for name in $names; do
        echo "$name"
        export CBOX_ROOT=$BATS_TEST_TMPDIR/$name/root CBOX_STATE=$BATS_TEST_TMPDIR/$name/state
        # Places of runs and removals are not reached by the pull, and the other way round.
        CBOX_FAILPOINT=$name cbox pull -q layers:1 >/dev/null 2>&1 || true
        if [ "$(pulled)" -eq 1 ]; then
            expect three cbox run --rm layers:1 'echo $LAYERS'
        fi
        cbox pull -q layers:1
        CBOX_FAILPOINT=$name cbox run --rm layers:1 true >/dev/null 2>&1 || true
        expect three cbox run --rm layers:1 'echo $LAYERS'
        CBOX_FAILPOINT=$name cbox rmi layers:1 >/dev/null 2>&1 || true
        cbox pull -q layers:1
        expect three cbox run --rm layers:1 'echo $LAYERS'
        cbox rmi layers:1
        [ -z "$(find "$CBOX_ROOT/tmp" "$CBOX_ROOT/layers" "$CBOX_ROOT/blobs" -type f -size +0)" ]
        left=$(cd "$CBOX_ROOT" && find tmp containers -mindepth 1 -type d ! -path tmp/layers ! -path tmp/trash)
        echo "$left"
        [ -z "$left" ]
    done
}
