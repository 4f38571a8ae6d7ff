# shellcheck shell=bash
# For every suite: `load helper`, then file_setup in setup_file, file_teardown in teardown_file, test_setup in setup and
# test_teardown in teardown. Each file has its own store, state, configuration, home and registries below BATS_FILE_TMPDIR,
# and each test must leave no mount, no cgroup, no process, no interface and no rule behind.

bats_require_minimum_version 1.5.0
if [ "${CBOX_TEST_NETNS-}" != "$(readlink /proc/self/ns/net)" ]; then
    echo 'this would make networks on the host: use tests/check SUITE.bats, or tests/fixtures/netns bats SUITE.bats' >&2
    exit 1
fi
load ../fixtures/common
load ../fixtures/image
load ../fixtures/registry

export CBOX_FIXTURE_CACHE=$fixture_cache_dir
repository=$(cd -- "$fixtures_dir/../.." && pwd)
cbox=${CBOX:-$repository/${BUILD:-build}/cbox}
registry=$BATS_FILE_TMPDIR/registry

# Without this, C.UTF-8 or whatever the caller speaks would change messages.
export LC_ALL=C.UTF-8 NO_COLOR='' TERM=xterm
unset NO_COLOR DOCKER_CONFIG CBOX_DEBUG SSL_CERT_FILE SSL_CERT_DIR

# file_setup [REGISTRY-OPTION...]: a registry with the images alpine and layers, and a configuration that names it as the
# mirror of docker.io. "none" in place of options starts no registry.
file_setup() {
    export CBOX_ROOT=$BATS_FILE_TMPDIR/root CBOX_STATE=$BATS_FILE_TMPDIR/state
    export CBOX_CONFIG=$BATS_FILE_TMPDIR/config.json HOME=$BATS_FILE_TMPDIR/home
    mkdir -p "$HOME"
    if [ "${1-}" = none ]; then
        echo '{}' >"$CBOX_CONFIG"
        return
    fi
    registry_start "$registry" "$@"
    registry_push "$registry" "$("$fixtures_dir/alpine")" library/alpine:latest
    registry_config "$registry" >"$CBOX_CONFIG"
}

file_teardown() {
    registry_stop "$registry"
}

# fresh_store: gives the test a store and state of its own.
fresh_store() {
    export CBOX_ROOT=$BATS_TEST_TMPDIR/root CBOX_STATE=$BATS_TEST_TMPDIR/state
}

test_setup() {
    PATH=$(dirname -- "$cbox"):$PATH
    cgroups_before=$(cgroups_of_cbox)
    tables_before=$(tables_of_others)
}

test_teardown() {
    local front pid
    # A test that failed halfway may have left its containers running: that is no leak of cbox.
    if [ -z "${BATS_TEST_COMPLETED-}" ]; then
        for pid in $(processes_of_cbox | cut -d' ' -f1); do
            kill -KILL "$pid" 2>/dev/null || true
        done
    fi
    for front in "$BATS_TEST_TMPDIR"/*/pid; do
        [ ! -f "$front" ] || registry_stop "$(dirname -- "$front")"
    done
    nothing_leaked
}

# Empty cgroups made by cbox. One that is in use by another program's container is none of our business.
cgroups_of_cbox() {
    local dir
    find /sys/fs/cgroup -mindepth 2 -type d -path '*cbox/*' 2>/dev/null | while read -r dir; do
        [ -s "$dir/cgroup.procs" ] && [ -n "$(<"$dir/cgroup.procs")" ] || echo "$dir"
    done 2>/dev/null | sort
}

# Processes that work on the test's store: those of cbox by their environment, those in containers by their root.
processes_of_cbox() {
    local file
    {
        grep -lsazxF -e "CBOX_ROOT=$CBOX_ROOT" /proc/[0-9]*/environ | while read -r file; do
            [ "$(readlink "${file%/environ}/exe")" != "$(readlink -f "$cbox")" ] || echo "${file%/environ}"
        done
        grep -lsF -e "$CBOX_ROOT/" /proc/[0-9]*/mountinfo | sed 's,/mountinfo$,,'
    } | sort -u | while read -r file; do
        echo "${file#/proc/} $(tr '\0' ' ' <"$file/cmdline")"
    done 2>/dev/null
}

tables_of_others() {
    nft list tables 2>/dev/null | grep -v ' inet cbox' || true
}

# What containers had of networks, where none runs any more: interfaces, addresses and ports in use, rules for ports. Bridges
# and the table of rules are the networks' own, and stay.
networks_in_use() {
    ip -br link show type veth 2>/dev/null | grep -oE '^cb[0-9a-f]{11}\b' || true
    find "$CBOX_STATE/networks" -name endpoints -exec awk '$NF == 1' {} + 2>/dev/null || true
    awk 'NF > 2' "$CBOX_STATE/networks/ports" 2>/dev/null || true # the first line says which port was chosen last
    [ ! -d "$CBOX_STATE/networks" ] || rules_for_ports
}

# The elements of the maps of all of cbox's tables in the namespace.
rules_for_ports() {
    nft -j list ruleset inet 2>/dev/null |
        jq -r '.nftables[] | .map // .set // empty |
            select((.table | startswith("cbox")) and (.name | test("^(publish|range|relay)"))) | .elem // [] | .[] | tostring' || true
}

# Fails, and says what, if cbox left something behind. What is on its way out gets a moment; what was killed is for the next
# command to clean.
nothing_leaked() {
    local tries mounts cgroups processes networks tables
    for ((tries = 0; tries < 60; tries++)); do
        mounts=$(grep -F "$BATS_FILE_TMPDIR/" /proc/self/mountinfo || true)
        cgroups=$(comm -13 <(echo "${cgroups_before-}") <(cgroups_of_cbox))
        processes=$(processes_of_cbox)
        networks=$(networks_in_use)
        tables=$(comm -3 <(echo "${tables_before-}") <(tables_of_others))
        if [ -z "$mounts$cgroups$processes$networks$tables" ]; then
            return 0
        fi
        if [ "$tries" -eq 0 ] && [ -n "$networks" ]; then
            "$cbox" ps -aq >/dev/null 2>&1 </dev/null 3>&- || true
        fi
        sleep 0.05
    done
    echo "left behind:" "${mounts:+mounts: $mounts}" "${cgroups:+cgroups: $cgroups}" "${processes:+processes: $processes}" \
        "${networks:+networks: $networks}" "${tables:+tables: $tables}"
    return 1
}

# wait_for SECONDS COMMAND...: runs the command until it succeeds.
wait_for() {
    local tries=$(($1 * 20))
    shift
    while ! "$@"; do
        ((tries-- > 0)) || { echo "waited in vain for: $*" && return 1; }
        sleep 0.05
    done
}

# expect TEXT COMMAND...: the command succeeds, and TEXT is its whole output.
expect() {
    local text=$1
    shift
    run --separate-stderr "$@"
    # shellcheck disable=SC2154  # run sets these
    if [ "$status" -ne 0 ] || [ "$output" != "$text" ]; then
        printf 'command: %s\nstatus:  %s\nstderr:  %s\nwanted:  %s\ngot:     %s\n' "$*" "$status" "$stderr" "$text" "$output"
        return 1
    fi
}

# refuse STATUS REGEX COMMAND...: the command fails with this status, prints nothing on stdout but progress, and says why in
# one line on stderr that begins with "cbox: " and matches. A hint may follow on a line of its own that begins with a blank
# or "See".
refuse() {
    local wanted=$1 regex=$2 said
    shift 2
    declare -F "$1" >/dev/null || set -- timeout -k 5 60 "$@"
    run --separate-stderr "$@"
    # shellcheck disable=SC2154
    said=$(grep -v '^\( \|[0-9]* | \|See \|Run \|Unable to find image \|$\)' <<<"$stderr") # numbered lines are a Dockerfile's
    # shellcheck disable=SC2154
    if [ "$status" -ne "$wanted" ] || [ "$(wc -l <<<"$said")" -ne 1 ] || [[ $said != "cbox: "* ]] ||
        ! grep -qiE -e "$regex" <<<"$said"; then
        printf 'command: %s\nstatus:  %s, wanted %s\nstderr:  %s\nwanted:  %s\n' "$*" "$status" "$wanted" "$stderr" "$regex"
        return 1
    fi
}

# misbehaving FAULT[=VALUE]..., misbehaving_with IMAGE FAULT[=VALUE]...: a registry (see front) that serves an image with
# faults, as docker.io's mirror; host is its address, requests what it was asked.
misbehaving() {
    misbehaving_with layers "$@"
}

misbehaving_with() {
    local image=$1
    shift
    front_start "$BATS_TEST_TMPDIR/front" "$("$fixtures_dir/$image")" "$@"
    export CBOX_CONFIG=$BATS_TEST_TMPDIR/front.json
    registry_config "$BATS_TEST_TMPDIR/front" >"$CBOX_CONFIG"
    # shellcheck disable=SC2034  # the tests use these
    host=$(<"$BATS_TEST_TMPDIR/front/host")
    # shellcheck disable=SC2034
    requests=$BATS_TEST_TMPDIR/front/requests
}

# For suites with a terminal: tmux is the command, as an array.
# type_ TEXT: types it, and Enter.
# shellcheck disable=SC2154  # the suite sets tmux
type_() {
    "${tmux[@]}" send-keys -l -- "$1"
    "${tmux[@]}" send-keys Enter
}

# shellcheck disable=SC2154
screen_has() {
    "${tmux[@]}" capture-pane -p | grep -qE -e "$1"
}

# sees REGEX: a line of the screen matches, soon.
sees() {
    wait_for 10 screen_has "$1" || {
        "${tmux[@]}" capture-pane -p
        return 1
    }
}

# pulled: how many images there are. A failed pull must not add to it.
pulled() {
    cbox images -q --no-trunc | wc -l
}

# container_pid MARK: the pid, on the host, of the process whose command line is "sleep MARK".
container_pid() {
    pgrep -xf "(/bin/)?sleep $1"
}

# container_tree IMAGE: runs IMAGE and lists its root file system as lstree does, without what a runtime puts there.
container_tree() {
    local mark=$((100000 + RANDOM)) runner pid
    cbox run --rm --network none --entrypoint /bin/sleep -u 0 -w / "$1" $mark 3>&- &
    runner=$!
    wait_for 10 container_pid $mark >/dev/null
    pid=$(container_pid $mark)
    "$fixtures_dir/lstree" "/proc/$pid/root" proc sys dev etc/hosts etc/hostname etc/resolv.conf etc/mtab
    kill -KILL "$pid"
    wait $runner || true
}

# in_alpine [OPTION...] -- COMMAND...: runs a command in alpine, to be thrown away afterwards.
in_alpine() {
    local options=()
    while [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    shift
    timeout -k 5 60 cbox run --rm "${options[@]}" alpine "$@"
}
