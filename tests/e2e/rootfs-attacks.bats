#!/usr/bin/env bats
# The OCI runtime: attacks by an image, or by whoever shares a volume with the container, on what is mounted, by the names under
# which they were published. Each may fail or come to nothing; what lies outside of the root is as it was, and what is to be
# hidden or protected inside is.
# shellcheck disable=SC2154,SC2016  # the helpers set state, bundle, out and err; scripts are the container's

load helper
load bundle

setup() {
    runtime_setup
    rootfs=$bundle/rootfs
    outside=$BATS_TEST_TMPDIR/outside
    volume=$BATS_TEST_TMPDIR/volume
    mkdir -p "$outside/dir" "$volume"
    echo secret >"$outside/file"
    before=$(picture)
    mounts_before=$(wc -l </proc/self/mountinfo)
    args sleep 1000
    launch one
    usual=$(wc -l <"/proc/$(state_of one .pid)/mountinfo")
    remove one
}

teardown() {
    [ -z "${racer-}" ] || kill "$racer" 2>/dev/null || true
    [ -z "${racer-}" ] || wait "$racer" || true
    if [ "$(picture)" != "$before" ]; then
        printf 'outside was:\n%s\nand is:\n%s\n' "$before" "$(picture)"
        return 1
    fi
    [ "$(wc -l </proc/self/mountinfo)" -eq "$mounts_before" ]
    runtime_teardown
}

picture() {
    find "$outside" -printf '%P %y %m %u %s %l\n' | sort
    cat "$outside/file"
}

mount_at() {
    edit '.mounts += [{destination: $ARGS.positional[0], type: $ARGS.positional[1], source: $ARGS.positional[2],
        options: $ARGS.positional[3:]}]' --args -- "$@"
}

# adds N MOUNTS: the container's mounts are those of any other, and N more; none was made where nobody sees it.
adds() {
    local count
    count=$(wc -l <"/proc/$(state_of one .pid)/mountinfo")
    if [ "$count" -ne $((usual + $1)) ]; then
        echo "mounts: $count, wanted $usual and $1"
        return 1
    fi
}

# exchange DIR: DIR/a and DIR/b change places until race_over.
exchange() {
    python3 -c '
import ctypes, os, sys
libc = ctypes.CDLL(None)
os.chdir(sys.argv[1])
while True:
    libc.renameat2(-100, b"a", -100, b"b", 2)' "$1" 3>&- &
    racer=$!
}

race_over() {
    kill "$racer"
    wait "$racer" || true
    unset racer
}

# --- targets behind links (CVE-2021-30465, CVE-2017-1002101 and their like) ----------------------------------------------

@test "CVE-2021-30465: mount targets behind links of the image stay in the root" {
    ln -s "$outside" "$rootfs/absolute"
    ln -s ../../../../../../../../../.."$outside" "$rootfs/relative"
    ln -s /proc/self/root "$rootfs/magic"
    ln -s "$outside/new" "$rootfs/dangling"
    mount_at /absolute/dir tmpfs tmpfs
    mount_at /relative/made/here tmpfs tmpfs
    mount_at /dangling bind "$volume" bind
    launch one
    adds 3
    [ -d "$rootfs$outside/dir" ]
    [ -d "$rootfs$outside/new" ]
    rt exec one sh -c "touch $outside/dir/x $outside/new/y"
    [ -e "$volume/y" ]
    remove one
    # and a magic link of /proc leads nowhere
    edit '.mounts = .mounts[:7]'
    mount_at "/magic$outside/dir" tmpfs tmpfs
    launch one || true
    [ ! -s "$err" ] || grep -q mounts "$err"
    [ -s "$err" ] || remove one
}

@test "CVE-2021-30465: a target that turns into a link and back while it is mounted on" {
    mkdir "$volume/a"
    ln -s "$outside" "$volume/b"
    exchange "$volume"
    mount_at /vol bind "$volume" rbind
    mount_at /vol/a/dir tmpfs tmpfs
    mount_at /vol/a/dir/deep tmpfs tmpfs
    for _ in {1..25}; do
        if launch one; then
            adds 3
            remove one
        else
            rt delete -f one 2>/dev/null || true
        fi
    done
    race_over
}

@test "files and directories that are made to be mounted on are made in the root" {
    ln -s "$outside/created" "$rootfs/file"
    ln -s "$outside" "$rootfs/up"
    mount_at /file bind "$outside/file" bind ro
    mount_at /up/file2 bind "$outside/file" bind ro
    launch one
    adds 2
    rt exec one grep -q secret /file "$outside/file2"
    remove one
}

# --- /proc and /sys that are something else (CVE-2019-16884, CVE-2019-19921, CVE-2023-27561, CVE-2023-28642) --------------

@test "CVE-2023-27561, CVE-2019-19921: a /proc or /sys of the image that is a link is no place for one" {
    for dir in proc sys; do
        mkdir -p "$rootfs/elsewhere/$dir"
        rmdir "$rootfs/$dir"
        ln -s "/elsewhere/$dir" "$rootfs/$dir"
        fails 'director' create one
        is_runc || names "mounts[$([ $dir = proc ] && echo 0 || echo 5)]"
        rm "$rootfs/$dir"
        touch "$rootfs/$dir"
        fails 'director' create one
        rm "$rootfs/$dir"
        mkdir "$rootfs/$dir"
    done
}

@test "CVE-2023-28642: what is hidden in /proc is hidden whatever the image makes of /proc's names" {
    mkdir "$rootfs/proc/sys"
    ln -s "$outside" "$rootfs/proc/kcore"
    script 'echo x >/proc/sys/kernel/core_pattern; cat /proc/timer_list; echo end'
    run in_bundle
    [ "${lines[-1]}" = end ]
    [ "$(grep -c 'ead-only file system' <<<"$output")" -eq 1 ]
    [ "${#lines[@]}" -eq 2 ]
}

@test "CVE-2019-16884: nothing but a proc can be mounted on /proc, and next to nothing in it" {
    mkdir -p "$volume/self/attr"
    mount_at /proc bind "$volume" rbind
    fails 'proc' create one
    edit '.mounts = .mounts[:7]'
    mount_at /proc tmpfs tmpfs
    fails 'proc' create one
    for target in /proc/self/attr /proc/1/attr /proc/sys/kernel /proc/./sys /sys/../proc/fs; do
        edit '.mounts = .mounts[:7]'
        mount_at $target bind "$volume" bind
        fails 'proc' create one
        is_runc || names 'mounts[7]'
    done
    edit '.mounts = .mounts[:7]'
    ln -s proc "$rootfs/alias"
    mount_at /alias/fs tmpfs tmpfs
    fails 'proc' create one
    # what lxcfs does
    edit '.mounts = .mounts[:7]'
    mount_at /proc/uptime bind "$outside/file" bind ro
    prints secret 'cat /proc/uptime'
    # and a proc is a proc
    edit '.mounts = .mounts[:7]'
    mount_at /proc proc proc
    in_bundle true
}

# --- what covers hidden files (CVE-2025-31133) -----------------------------------------------------------------------------

@test "CVE-2025-31133: an image whose /dev/null is something else hides nothing with it" {
    beyond_runc 'check of what there is'
    edit '.mounts |= map(select(.destination | test("^/dev") | not)) | .linux.maskedPaths = ["/etc/hidden"]'
    echo hidden >"$rootfs/etc/hidden"
    for null in link file fifo zero; do
        case $null in
        link) ln -s /proc/sys/kernel/core_pattern "$rootfs/dev/null" ;;
        file) echo image >"$rootfs/dev/null" ;;
        fifo) mkfifo "$rootfs/dev/null" ;;
        zero) mknod "$rootfs/dev/null" c 1 5 ;;
        esac
        fails 'something else' create one
        rm "$rootfs/dev/null"
    done
    mknod -m 0666 "$rootfs/dev/null" c 1 3
    prints '1 3' '[ -z "$(cat /etc/hidden)" ] && stat -c "%t %T" /etc/hidden'
    # what is hidden is found in the root
    rm "$rootfs/etc/hidden"
    ln -s "$outside/file" "$rootfs/etc/hidden"
    mkdir -p "$rootfs$outside"
    echo inside >"$rootfs$outside/file"
    prints '' "cat $outside/file"
}

@test "CVE-2025-31133: a masked or read-only path that turns into a link and back" {
    mkdir "$volume/a"
    echo hidden >"$volume/a/file"
    ln -s "$outside" "$volume/b"
    exchange "$volume"
    mount_at /vol bind "$volume" rbind
    edit '.linux.maskedPaths += ["/vol/a/file"] | .linux.readonlyPaths += ["/vol/a/dir"]'
    for _ in {1..25}; do
        if launch one; then
            remove one
        else
            rt delete -f one 2>/dev/null || true
        fi
    done
    race_over
}

# --- the console (CVE-2025-52565) ------------------------------------------------------------------------------------------

@test "CVE-2025-52565: the terminal is mounted on no link, and comes from no file of the image" {
    edit '.process.terminal = true | .mounts |= map(select(.destination | test("^/dev") | not))'
    mkdir "$rootfs/dev/pts"
    touch "$rootfs/dev/pts/ptmx"
    console_start
    fails '' rt create -b "$bundle" --console-socket "$console" one
    rm "$rootfs/dev/pts/ptmx"
    ln -s "$outside/file" "$rootfs/dev/pts/ptmx"
    fails '' rt create -b "$bundle" --console-socket "$console" one
    rm "$rootfs/dev/pts/ptmx"
    mount_at /dev/pts devpts devpts newinstance ptmxmode=0666 mode=0620
    for target in /proc/sys/kernel/core_pattern /proc/sysrq-trigger "$outside/file"; do
        ln -sf "$target" "$rootfs/dev/console"
        fails '' rt create -b "$bundle" --console-socket "$console" one
        run ! rt state one
    done
    kill "$console_pid"
    wait "$console_pid" || true
}

# --- what is written on the container's behalf (CVE-2025-52881, CVE-2019-16884) ----------------------------------------------

@test "CVE-2025-52881: a sysctl is written to the kernel's own file or not at all" {
    edit '.linux.sysctl = {"net.ipv4.ip_forward": "1"}'
    # no /proc, and a file in its place
    edit '.mounts = .mounts[1:]'
    mkdir -p "$rootfs/proc/sys/net/ipv4"
    echo image >"$rootfs/proc/sys/net/ipv4/ip_forward"
    edit '.linux.maskedPaths = [] | .linux.readonlyPaths = []'
    if launch one; then
        remove one
    fi
    [ "$(cat "$rootfs/proc/sys/net/ipv4/ip_forward")" = image ]
    # a link in its place
    ln -sf "$outside/file" "$rootfs/proc/sys/net/ipv4/ip_forward"
    launch one || true
    remove one
    [ ! -e "$rootfs$outside/file" ]
}

@test "sysctls through links" {
    rm -r "$rootfs/proc"
    mkdir "$rootfs/real"
    ln -s real "$rootfs/proc"
    edit '.linux.sysctl = {"net.ipv4.ip_forward": "1"}'
    fails 'director' create one
}

# --- /dev ------------------------------------------------------------------------------------------------------------------

@test "devices and links of /dev are made in the root, whatever /dev is" {
    rmdir "$rootfs/dev"
    ln -s "$outside" "$rootfs/dev"
    edit '.linux.devices = [{path: "/dev/sub/zero", type: "c", major: 1, minor: 5}]'
    launch one
    adds 0
    rt exec one test -c "$outside/null" -a -c "$outside/sub/zero"
    remove one
    edit '.mounts |= map(select(.destination | test("^/dev") | not))'
    rm -r "$rootfs${outside:?}"
    launch one
    rt exec one test -c "$outside/null"
    remove one
    rm -r "$rootfs${outside:?}"
}

@test "a device in a directory that turns into a link and back" {
    mkdir "$volume/a"
    ln -s "$outside/dir" "$volume/b"
    exchange "$volume"
    mount_at /vol bind "$volume" rbind
    edit '.linux.devices = [{path: "/vol/a/zero", type: "c", major: 1, minor: 5}, {path: "/vol/a/more/zero", type: "c", major: 1, minor: 5}]'
    for _ in {1..25}; do
        if launch one; then
            remove one
        else
            rt delete -f one 2>/dev/null || true
        fi
    done
    race_over
}

# --- tmpcopyup --------------------------------------------------------------------------------------------------------------

@test "tmpcopyup copies nothing from outside of the root" {
    mkdir "$rootfs/data"
    ln -s "$outside" "$rootfs/data/link"
    ln -s "$outside/file" "$rootfs/data/file"
    ln "$rootfs/etc/passwd" "$rootfs/data/hard"
    mount_at /data tmpfs tmpfs tmpcopyup
    prints "$outside
$outside/file
file" 'readlink /data/link /data/file 2>/dev/null || { readlink /data/link; readlink /data/file; }
        [ ! -f /data/hard ] || echo file
        cat /data/file 2>/dev/null || true'
    edit '.mounts = .mounts[:7]'
    ln -s "$outside" "$rootfs/target"
    mkdir -p "$rootfs$outside"
    mount_at /target tmpfs tmpfs tmpcopyup
    prints '' 'ls /target/'
}
