#!/usr/bin/env bats
# SIGKILL at random moments: the next command finds a whole store, and nothing stays behind.

load helper

setup_file() {
    file_setup
    registry_push "$registry" "$("$fixtures_dir/layers")" library/layers:1
    registry_push "$registry" "$("$fixtures_dir/multi-arch")" library/multi:1
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

nothing_runs() {
    [ -z "$(processes_of_cbox)" ]
}

@test "runs killed at random moments" {
    cbox pull -q alpine
    for ((n = 0; n < 20; n++)); do
        kill_after_ms $((RANDOM % 60)) cbox run --rm --name same alpine sleep 0.05
        wait_for 10 nothing_runs # its monitor goes on without it
        expect hello cbox run --rm --name same alpine echo hello
    done
    nothing_leaked
    [ -z "$(ls -A "$CBOX_ROOT/containers")" ]
}

# prepare STORE: begins with a copy of a store in the working directory, or with none.
prepare() {
    rm -rf "$CBOX_ROOT" "$CBOX_STATE"
    [ "$1" = none ] || cp -a "$1" "$CBOX_ROOT"
}

# What changes the store: a line each with its name, the store that it begins with, and the command; HOST is the registry.
scenarios="
pull                none      cbox pull -q layers:1
pull-all-platforms  none      cbox pull -q --all-platforms multi:1
pull-heals          damaged   cbox pull -q layers:1
tag                 full      cbox tag layers:1 alpine
untag               full      cbox untag layers:1
rmi                 full      cbox rmi layers:1
prune               dangling  cbox image prune -f
system-prune        dangling  cbox system prune -af
save                full      cbox save -o ../saved layers:1
load                none      cbox load -q -i archive
load-compressed     none      cbox load -q -i archive.gz
import              none      cbox import tarball imported:1
push                imported  cbox push -q HOST/imported:1
repair              damaged   cbox system check -q --repair
commit              contained cbox commit made made:1
network-create      full      cbox network create kept
network-rm          contained cbox network rm -f kept
volume-create       full      cbox volume create kept
volume-rm           contained cbox volume rm -f kept
"

# whole WHAT: nothing is wrong with the store after that.
whole() {
    run cbox system check -q
    [ "$status" -eq 0 ] || {
        echo "$1: $output"
        return 1
    }
}

# Stores to begin with, and archives, in one directory.
make_stores() {
    local stores=$BATS_TEST_TMPDIR/stores hex
    export CBOX_ROOT=$stores/full
    mkdir -p "$stores"
    cbox pull -q alpine
    cbox pull -q layers:1
    cbox save -o "$stores/archive" layers:1 alpine
    gzip -k "$stores/archive"
    tar -C "$repository/mk" -cf "$stores/tarball" .
    cp -a "$stores/full" "$stores/dangling"
    CBOX_ROOT=$stores/dangling cbox untag layers:1
    cp -a "$stores/full" "$stores/imported"
    CBOX_ROOT=$stores/imported cbox import "$stores/tarball" "$(<"$registry/host")/imported:1"
    cp -a "$stores/full" "$stores/contained"
    CBOX_ROOT=$stores/contained cbox create --name made layers:1 true
    CBOX_ROOT=$stores/contained cbox volume create kept
    CBOX_ROOT=$stores/contained cbox network create kept
    cp -a "$stores/full" "$stores/damaged"
    hex=$(cbox image inspect -f '{{index .RootFS.Layers 1}}' layers:1 | cut -d: -f2)
    rm -r "$stores/damaged/layers/sha256/$hex"/tree/*
    hex=$(image_layer_digest "$("$fixtures_dir/layers")" 1 | cut -d: -f2)
    rm "$stores/damaged/blobs/sha256/$hex"
    export CBOX_ROOT=$BATS_TEST_TMPDIR/root
}

@test "what changes the store, killed at every named place: whole before and after the next try" {
    make_stores
    cd "$BATS_TEST_TMPDIR/stores"
    names=$(grep -rhoE --include='*.c' 'failpoint\("[^"]+"\)' "$repository/pkg" "$repository/cmd" | cut -d'"' -f2 | sort -u)
    reached=''
    while read -r name store command; do
        [ -n "$name" ] || continue
        command=${command/HOST/$(<"$registry/host")}
        prepare "$store"
        CBOX_FAILPOINT='?' $command >/dev/null 2>"$BATS_TEST_TMPDIR/said"
        whole "$name"
        places=$(sed -n 's/^failpoint //p' "$BATS_TEST_TMPDIR/said" | sort -u)
        for place in $places; do
            prepare "$store"
            code=0
            { CBOX_FAILPOINT=$place $command >/dev/null || code=$?; } 2>/dev/null
            [ "$code" -ne 0 ] || continue
            reached+=" $place "
            [ "$code" -eq 137 ] || [ "$place" = unpack ]
            # Of a store that was damaged the other half still is.
            [ "$store" = damaged ] || whole "$name killed at $place"
            # A name that is gone already is what was wanted.
            $command >/dev/null 2>&1 || [[ $name == untag || $name == rmi ]]
            whole "$name killed at $place and tried again"
        done
    done <<<"$scenarios"
    # Those of containers are for the next test, those of what takes a running one for commit.bats and volumes.bats, those of
    # builds for build-cache.bats and build-output.bats.
    for place in $names; do
        [[ $reached == *" $place "* || $place =~ ^(container-.*|build-.*|local-documents|skeleton-made|commit-paused|volume-filled)$ ]] || {
            echo "nothing reaches $place"
            return 1
        }
    done
}

# fills KIB: what changes a store, on a disk of this size; everything that was reported as done is whole, and what is
# removed makes room. In a mount namespace of its own.
fills() {
    mount -t tmpfs -o "size=${1}k" tmpfs "$CBOX_ROOT" || return
    for command in 'pull -q layers:1' 'load -q -i archive' 'import tarball imported:1' 'tag layers:1 other'; do
        # shellcheck disable=SC2086
        if ! said=$(cbox $command 2>&1) && [[ $said != *'No space left on device'* && $said != *'no such image'* ]]; then
            echo "$1 KiB: $command: $said"
            return 1
        fi
        cbox system check -q || {
            echo "$1 KiB: not whole after: $command: $said"
            return 1
        }
    done
    cbox system prune -af >/dev/null || return
    left=$(cbox images -q && find "$CBOX_ROOT/blobs" "$CBOX_ROOT/layers" -type f 2>/dev/null)
    [ -z "$left" ] || {
        echo "$1 KiB: not everything could be removed: $left"
        return 1
    }
    umount "$CBOX_ROOT"
}

@test "a disk that fills up at any moment: what is there is whole, and can be removed" {
    [ "$(id -u)" -eq 0 ] || skip "mounting a tmpfs needs root"
    make_stores
    mkdir -p "$CBOX_ROOT"
    cd "$BATS_TEST_TMPDIR/stores"
    used=$(du -s --block-size=1024 full | cut -f1)
    export -f fills
    for ((n = 1; n <= 40; n++)); do
        unshare -m bash -c 'mount --make-rprivate / && fills "$0"' $((used * n / 30))
    done
}

nothing_left() {
    (
        cd "$CBOX_ROOT" || exit
        find tmp layers blobs -type f -size +0
        find tmp containers -mindepth 1 -type d ! -path tmp/layers ! -path tmp/trash
    ) >"$BATS_TEST_TMPDIR/left" 2>/dev/null
    [ ! -s "$BATS_TEST_TMPDIR/left" ]
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
        CBOX_FAILPOINT=$name cbox run --rm --name same layers:1 true >/dev/null 2>&1 || true
        # The name of what never ran is free at once.
        expect three cbox run --rm --name same layers:1 'echo $LAYERS'
        CBOX_FAILPOINT=$name cbox rmi layers:1 >/dev/null 2>&1 || true
        cbox pull -q layers:1
        expect three cbox run --rm layers:1 'echo $LAYERS'
        cbox rmi layers:1
        # A pull leaves the trash of others to a process beside it.
        wait_for 10 nothing_left
        # The store is thrown away, and what it has of the machine with it: there are not as many subnets as places.
        ip link del dev cbox0
        nft flush ruleset
    done
}
