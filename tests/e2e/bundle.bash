# shellcheck shell=bash
# For the suites of the OCI runtime: `load helper`, `load bundle`, then runtime_setup in setup and runtime_teardown in
# teardown. Each test has a bundle, a state directory (--root) and a cgroup parent of its own, and must leave no process,
# mount, cgroup or state behind. RUNTIME=COMMAND tests another runtime: with RUNTIME=runc the suites prove themselves.

load ../fixtures/bundle

# Words, since it may be a command with arguments.
# shellcheck disable=SC2154  # helper.bash sets cbox
read -ra runtime <<<"${RUNTIME:-$cbox runtime}"

runtime_setup() {
    PATH=$(dirname -- "$cbox"):$PATH
    umask 022
    # A container whose root is an ordinary user of the host has to get there.
    chmod o+x "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_TEST_TMPDIR" "$BATS_RUN_TMPDIR"/* 2>/dev/null || true
    state=$BATS_TEST_TMPDIR/state
    bundle=$BATS_TEST_TMPDIR/bundle
    out=$BATS_TEST_TMPDIR/out
    err=$BATS_TEST_TMPDIR/err
    cgroup_parent=cbox-e2e-$$-$BATS_TEST_NUMBER-$RANDOM
    mkdir "$state"
    bundle_make "$bundle"
    : >"$out"
    : >"$err"
}

# The processes that belong to the test: in its cgroups, with one of its mounts, or with its state on the command line.
runtime_processes() {
    {
        find /sys/fs/cgroup -path "*/$cgroup_parent/*" -name cgroup.procs -execdir cat {} + 2>/dev/null
        grep -lsF -e "$BATS_TEST_TMPDIR/" /proc/[0-9]*/mountinfo | sed 's,/proc/\([0-9]*\)/.*,\1,'
        grep -lsaF -e "$state" /proc/[0-9]*/cmdline | sed 's,/proc/\([0-9]*\)/.*,\1,'
    } | sort -un | while read -r pid; do
        # The looking itself, and what ended meanwhile.
        [ "$pid" -eq $$ ] || [ ! -s "/proc/$pid/cmdline" ] || echo "$pid $(tr '\0' ' ' <"/proc/$pid/cmdline")"
    done 2>/dev/null
}

runtime_cgroups() {
    find /sys/fs/cgroup -mindepth 2 -type d -path "*/$cgroup_parent/*" 2>/dev/null
}

runtime_left() {
    # Compiled filters are kept for the next container.
    find "$state" -mindepth 1 -not -path "$state/.seccomp~*" 2>/dev/null
    runtime_cgroups
    runtime_processes
    grep -F "$BATS_TEST_TMPDIR/" /proc/self/mountinfo || true
}

runtime_teardown() {
    local tries left id pid
    if [ -z "${BATS_TEST_COMPLETED-}" ]; then
        printf '%s\n' "stdout: $(cat "$out" 2>/dev/null)" "stderr: $(cat "$err" 2>/dev/null)"
        for id in "$state"/*/; do
            id=$(basename "$id")
            rt resume "$id" >/dev/null 2>&1 || true
            rt delete -f "$id" >/dev/null 2>&1 || true
        done
        for pid in $(runtime_processes | cut -d' ' -f1); do
            kill -KILL "$pid" 2>/dev/null || true
        done
    fi
    for ((tries = 0; tries < 60; tries++)); do
        left=$(runtime_left)
        [ -n "$left" ] || break
        sleep 0.05
    done
    # The parent is the test's own: a runtime need not remove what is above the container's cgroup.
    find /sys/fs/cgroup -depth -type d -path "*/$cgroup_parent*" -execdir rmdir {} \; 2>/dev/null || true
    if [ -n "$left" ]; then
        echo "left behind: $left"
        return 1
    fi
}

# Commands of their own name are looked for in the container's bundle: edit [JQ-OPTION...] FILTER, args ARG..., script TEXT.
edit() {
    bundle_edit "$bundle" "$@"
}

args() {
    bundle_args "$bundle" "$@"
}

script() {
    args sh -c "$1"
}

# rt COMMAND...: the runtime on the test's state.
rt() {
    timeout -k 5 60 "${runtime[@]}" --root "$state" "$@"
}

# In a container's cgroup of its own below the test's.
cgroup_for() {
    edit --arg path "/$cgroup_parent/$1" '.linux.cgroupsPath = $path'
}

# create ID [OPTION...], launch ID [OPTION...] (run -d): output goes to the files $out and $err, since a container that goes
# on holds its streams open.
create() {
    local id=$1
    shift
    cgroup_for "$id"
    rt create -b "$bundle" "$@" "$id" </dev/null >"$out" 2>"$err"
}

launch() {
    local id=$1
    shift
    cgroup_for "$id"
    rt run -d -b "$bundle" "$@" "$id" </dev/null >"$out" 2>"$err"
}

# in_bundle [TEXT]: runs TEXT (or what the bundle says) in a container that is removed again. Its output is the container's.
in_bundle() {
    [ $# -eq 0 ] || script "$1"
    cgroup_for run
    rt run -b "$bundle" run </dev/null
}

# prints TEXT SCRIPT: the script, run in the bundle, prints TEXT and nothing else.
prints() {
    expect "$1" in_bundle "$2"
}

# fails [-STATUS] REGEX COMMAND...: ends with 1 (or STATUS), and what it says on stderr matches. Through files, since a
# container that lives on by mistake would hold a pipe open.
fails() {
    local wanted=1 regex status=0
    if [[ $1 == -* ]]; then
        wanted=${1#-}
        shift
    fi
    regex=$1
    shift
    "$@" </dev/null >"$out" 2>"$err" || status=$?
    if [ "$status" -ne "$wanted" ] || { [ -n "$regex" ] && ! grep -qiE -e "$regex" "$err"; }; then
        printf 'command: %s\nstatus:  %s, wanted %s\nwanted:  %s\nstderr:  %s\n' "$*" "$status" "$wanted" "$regex" "$(<"$err")"
        return 1
    fi
}

# names FIELD: the message of the last `fails` names the field of config.json by its path, in one line. Of a list's element
# the list is enough, where what else it says tells which one. runc names no paths.
names() {
    ! is_runc || return 0
    if ! grep -qE -e "(^|[ :])${1%%[*}[][0-9a-zA-Z.]*: " "$err" || [ "$(wc -l <"$err")" -ne 1 ]; then
        printf 'wanted one line with: %s\nstderr: %s\n' "$1" "$(<"$err")"
        return 1
    fi
}

# Whether it is Go's runc that is tested.
is_runc() {
    "${runtime[@]}" --version 2>/dev/null | grep -q '^go: '
}

# beyond_runc WHAT: skips the test where runc 1.1 is tested, which does not have it.
beyond_runc() {
    ! is_runc || skip "runc 1.1: no $1"
}

# state_of ID [JQ-FILTER]
state_of() {
    rt state "$1" | jq -r "${2:-.status}"
}

is_in_state() {
    [ "$(state_of "$1" 2>/dev/null)" = "$2" ]
}

# becomes ID STATUS: soon.
becomes() {
    wait_for 10 is_in_state "$1" "$2"
}

gone() {
    [ ! -e "/proc/$1" ] || [ "$(cut -d' ' -f3 "/proc/$1/stat" 2>/dev/null)" = Z ]
}

# remove ID...: whatever it does.
remove() {
    local id
    for id; do
        rt delete -f "$id"
    done
}

# console_start [AFTER TEXT]...: a caller's console socket, $console; what the terminal says goes to $screen. Each TEXT is typed
# when the terminal has said AFTER.
console_start() {
    console=$BATS_TEST_TMPDIR/console screen=$BATS_TEST_TMPDIR/screen
    rm -f "$console" "$screen"
    "$repository/tests/e2e/console" "$console" "$screen" "$@" </dev/null >/dev/null 2>&1 3>&- &
    console_pid=$!
    wait_for 10 test -S "$console"
}

# console_end: waits for the terminal's end. What it said has come with carriage returns.
console_end() {
    wait_for 10 gone "$console_pid"
    wait "$console_pid"
    tr -d '\r' <"$screen"
}
