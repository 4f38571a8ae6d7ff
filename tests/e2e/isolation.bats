# contrib/isolation: each script builds one wall, so inside differs from outside in just that, and what they show is so. None
# leaves anything behind, whatever ends it.
# shellcheck disable=SC2154  # helper and run set them

load alpine

scripts=$repository/contrib/isolation
every='uts ipc pid mount user cgroup time cpu memory disk pids rlimits capabilities seccomp network container'

setup() {
    test_setup
    # What the scripts make on disk lies here, and by this their processes are known.
    mark=$(mktemp -d "${BATS_RUN_TMPDIR%/*}/cbox-isolation.XXXXXX")
    chmod 755 "$mark" # also for a user who is somebody else outside
    segments_before=$(segments)
}

teardown() {
    wait_for 5 nothing_of_scripts
    rmdir "$mark"
}

segments() {
    awk '$4 == 4096 { print $2 }' /proc/sysvipc/shm | sort
}

# What they may leave on the host: mounts, cgroups, loop devices, directories, processes,
# links, segments of shared memory. Cgroups of cbox are no sign: suites run side by side.
left_by_scripts() {
    find /sys/fs/cgroup -maxdepth 2 -name 'isolation.*' 2>/dev/null
    losetup --list --noheadings --output BACK-FILE | grep -F "$mark" || true
    find "$mark" -mindepth 1
    grep -F "$mark/" /proc/self/mountinfo || true
    grep -lszxF -e "TMPDIR=$mark" /proc/[0-9]*/environ 2>/dev/null | while read -r file; do
        echo "${file%/environ} $(tr '\0' ' ' <"${file%/environ}/cmdline")"
    done 2>/dev/null
    ip -brief link | grep -E '^(isolation0|port|uplink)' || true
    comm -13 <(echo "$segments_before") <(segments)
}

nothing_of_scripts() {
    [ -z "$(left_by_scripts)" ]
}

# script NAME [ARGUMENT...]
script() {
    run env TMPDIR="$mark" timeout -k 5 60 "$scripts/$1" "${@:2}"
    [ "$status" -eq 0 ] || { echo "$output" && return 1; }
}

# row OUTSIDE INSIDE: they stand side by side.
row() {
    grep -qxF -e "$(printf '  %-37s | %s' "$1" "$2")" <<<"$output" || { echo "no row: $1 | $2" && echo "$output" && return 1; }
}

# inside_says REGEX: so does a line of the right column. said REGEX: so does any line.
inside_says() {
    said "^.{40}\| .*$1"
}

said() {
    grep -qE -e "$1" <<<"$output" || { echo "nowhere: $1" && echo "$output" && return 1; }
}

# only WALL...: in these the two sides differ, and in nothing else.
only() {
    [ "$(sed -n 's/^What differs: //p' <<<"$output")" = "$*" ] || { echo "wanted only: $*" && echo "$output" && return 1; }
}

@test 'uts: the host keeps its name' {
    script uts
    row "$(hostname)" box
    [ "$(hostname)" != box ]
    only uts
}

@test 'ipc: segments and queues that the other side does not have' {
    script ipc
    row 1 0 # a segment of the outside
    row 0 1 # a queue of the inside, unless there are some outside
    only ipc
}

@test 'pid: process 1 is another, it sees its own, and all end with it' {
    script pid
    row "$(</proc/1/comm)" "$(</proc/1/comm)" # with the /proc of the outside
    row "$(</proc/1/comm)" sleep
    row 'the script' nobody
    inside_says 'NSpid: +1$'
    said '^Another process inside, once process 1 was killed, ended with 137\.$'
    only mnt pid
}

@test 'mount: layers are one root, and the old one is out of reach' {
    script mount
    inside_says '4$' # directories
    inside_says 'the layer above it$'
    inside_says 'ls: /etc/passwd: No such'
    said "^  $mark/"
    inside_says "ls: $mark" || inside_says "ls: ${mark:0:20}"
    inside_says 'character special file passwd$'
    only mnt root
}

@test 'user: root inside is somebody outside' {
    script user
    row 'owned by 100000' 'owned by 0'
    row 'owned by 0' 'owned by 65534'
    inside_says 'hostname: you must be root'
    inside_says "head: cannot open '/etc/shadow'"
    # Where the caller lacks a capability, it has it in a namespace of its own.
    only user || only user capabilities
}

@test 'cgroup: its own place is the top' {
    script cgroup
    said 'isolation\.[0-9]+ +\| .*:/$'
    inside_says '1$'
    # Whose place is the top outside as well cannot be told apart by it.
    only cgroup mnt cgroups || only cgroup mnt
}

@test 'time: up for longer, and the same day' {
    script time
    inside_says 'up 100[0-9]{2} days$'
    row "$(date +%F)" "$(date +%F)"
    only time
}

@test 'cpu: a fifth of one' {
    script cpu
    said '^The limit was hit: nr_throttled [1-9]'
    inside_says '0m0\.[0-3][0-9]*s 0m0\.[0-9]*s$'
    only cgroups
}

@test 'memory: who takes too much is killed' {
    script memory
    said '^  67108864 +\| '
    said '^.{40}\| 0$'
    said '^The limit was hit: oom_kill [1-9]'
    only cgroups
}

@test 'disk: bytes a second' {
    script disk
    inside_says '[1-9][0-9]*\.[0-9]+$' # seconds: not one without the limit
    only cgroups
}

@test 'pids: no fork beyond the limit' {
    script pids
    row 'eight at once' 'sh: 0: Cannot fork'
    said '^The limit was hit: max [1-9]'
    only cgroups
}

@test 'rlimits: descriptors' {
    script rlimits
    inside_says 'bash: line 1: 40: Bad file descriptor$'
    said '^  descriptor 40 is open '
    only limits
}

@test 'capabilities: root without most of its rights' {
    script capabilities
    inside_says 'CapEff: 00000000a80425fb$'
    row 'owned by 1' 'owned by 1'
    said '^  permitted +\| RTNETLINK answers: Operation not perm'
    said '^  permitted +\| hostname: you must be root'
    only capabilities
}

@test 'seccomp: refused, unknown, and killed' {
    script seccomp
    row 'no_new_privs: 0' 'no_new_privs: 1'
    said '^  permitted +\| unshare: unshare failed: Operation no'
    row 'status 0' 'status 159'
    only filter
    # clone3: as if there were none. 435 is its number on every architecture.
    expect 38 "$scripts/filter.pl" perl -e 'syscall(435, 0, 0); print $! + 0'
    expect 22 perl -e 'syscall(435, 0, 0); print $! + 0'
}

@test 'network: a box, a host and the world' {
    script network
    inside_says 'eth0@.*UP 198\.18\.0\.2/24 ?$'
    row 'the world was asked by 198.19.0.1' 'the world was asked by 198.19.0.1'
    said '^  the box was asked by 198\.19\.0\.2$'
    said '^  the box was asked by 198\.19\.0\.1$'
    only net
}

@test 'container: an image behind all walls' {
    script container
    row "$(hostname)" box
    row "$(</proc/1/comm)" sh
    inside_says '"Alpine-shaped test image"$'
    row 'the host answers' 'the host answers'
    said '^  permitted +\| sh: can.t create /proc/sys/vm/swappi'
    inside_says 'CapBnd: 00000000a00425fb$'
    said '^  134217728 +\| '
    said '^.{40}\| 0$'
    only cgroup ipc mnt net pid uts root cgroups limits capabilities filter
}

@test 'container: another image, questions of ones own, what the image says' {
    printf '%s\n' 'FROM alpine' 'ENV GREETING="hello there"' 'WORKDIR /srv/app' 'RUN rm /etc/motd && echo new >/etc/issue' |
        cbox build -q -t own - >/dev/null
    # shellcheck disable=SC2016
    script container own 'echo "$GREETING"' pwd 'ls /etc/motd; cat /etc/issue' 'exit 3' 'echo still there'
    inside_says 'hello there$'
    inside_says '/srv/app$'
    inside_says 'ls: /etc/motd: No such'
    inside_says 'new$'
    row 'still there' 'still there'
    cbox rmi -f own >/dev/null
}

@test 'container: an image that is not there' {
    run --separate-stderr "$scripts/container" nowhere
    [ "$status" -ne 0 ] && [[ $stderr == *nowhere* ]]
}

@test 'the page names every script, and lines of cbox explain that are there' {
    local name section line explained=$BATS_TEST_TMPDIR/explained
    cbox run -d --name box --network none alpine sleep 1000 >/dev/null 3>&-
    cbox explain --format json box >"$explained"
    cbox rm -f box >/dev/null
    for name in $every; do
        grep -q "^| \`$name\` |" "$scripts/README.md" || { echo "not there: $name" && return 1; }
    done
    while IFS=: read -r section line; do
        jq -e --arg section "$section" --arg line "${line# }" \
            'any(.Walls[] | select(.Name == $section).Facts[]; .Name == $line)' "$explained" >/dev/null ||
            { echo "explain has no $section:$line" && return 1; }
    done < <(awk -F ' [|] ' '/^[|] `/ { print $3 }' "$scripts/README.md" | sed 's/, /\n/g' | grep :)
}

# With all walls built, each is stopped where it would print for the first time.
@test 'killed in the middle, they leave nothing' {
    local name pid signal pids=() stopped=$BATS_TEST_TMPDIR/stopped
    mkdir "$BATS_TEST_TMPDIR/bin"
    printf '#!/bin/sh\necho $$ >>%s\nexec sleep 60\n' "$stopped" >"$BATS_TEST_TMPDIR/bin/fold"
    chmod +x "$BATS_TEST_TMPDIR/bin/fold"
    for signal in KILL TERM; do
        : >"$stopped"
        pids=()
        for name in $every; do
            [ "$signal" = KILL ] || [[ ' ipc mount disk network container ' = *" $name "* ]] || continue
            TMPDIR=$mark PATH=$BATS_TEST_TMPDIR/bin:$PATH "$scripts/$name" >/dev/null 2>&1 3>&- &
            pids+=($!)
        done
        wait_for 30 all_stopped $((2 * ${#pids[@]}))
        [ -n "$(left_by_scripts)" ]
        kill -"$signal" "${pids[@]}"
        xargs kill <"$stopped"
        for pid in "${pids[@]}"; do
            wait "$pid" || [ $? -gt 128 ]
        done
        wait_for 10 nothing_of_scripts || { left_by_scripts && return 1; }
    done
}

all_stopped() {
    [ "$(wc -l <"$BATS_TEST_TMPDIR/stopped")" -ge "$1" ]
}
