#!/usr/bin/env bats
# The OCI runtime: the root file system and what is mounted in it. Clauses are those of the runtime specification's config.md
# ("Root", "Mounts", "Linux mount options") and config-linux.md.
# shellcheck disable=SC2154,SC2016  # the helpers set state, bundle, out and err; scripts are the container's

load helper
load bundle

setup() {
    runtime_setup
    source=$BATS_TEST_TMPDIR/source
    mkdir "$source"
}

teardown() {
    local point
    # What a test has mounted for itself, the last first.
    while read -r point; do
        umount -l "$point" || true
    done < <(cut -d' ' -f5 /proc/self/mountinfo | grep -F "$BATS_TEST_TMPDIR/" | tac)
    runtime_teardown
}

# mount_at DESTINATION TYPE SOURCE [OPTION...]: one mount more.
mount_at() {
    edit '.mounts += [{destination: $ARGS.positional[0], type: $ARGS.positional[1], source: $ARGS.positional[2],
        options: $ARGS.positional[3:]}]' --args -- "$@"
}

# Without the mounts that mount_at made.
mounts_again() {
    edit '.mounts = .mounts[:7]'
}

# mountinfo's options of a place in the container: of the mount, and of the file system.
options_of='options_of() { while read -r a b c d point options rest; do [ "$point" != "$1" ] || echo "$options ${rest##* }"; done </proc/self/mountinfo; }; '

# option_is DESTINATION REGEX: run in the bundle, the mount there has these options.
option_is() {
    run in_bundle "$options_of options_of $1"
    [ "$status" -eq 0 ]
    [[ ${lines[-1]-} =~ $2 ]] || {
        printf 'options: %s\nwanted:  %s\n' "$output" "$2"
        return 1
    }
}

# takes CALL: skips the test where the runtime is run without this system call (kernels.bats).
takes() {
    [[ " ${WITHOUT-} " != *" $1 "* ]] || skip "it takes $1"
}

# --- root ------------------------------------------------------------------------------------------------------------

@test "root.path is absolute, or relative to the bundle, or a link" {
    prints ok 'echo ok'
    edit --arg path "$bundle/rootfs" '.root.path = $path'
    prints ok 'echo ok'
    ln -s rootfs "$bundle/link"
    edit '.root.path = "link"'
    is_runc || prints ok 'echo ok'
}

@test "root.readonly, and a root that is read-only by itself" {
    edit '.root.readonly = true'
    prints 'no' 'touch /x 2>/dev/null && echo yes || echo no'
    edit '.root.readonly = false'
    prints 'yes' 'touch /x && echo yes'
    mount --bind "$bundle/rootfs" "$bundle/rootfs"
    mount -o remount,bind,ro "$bundle/rootfs"
    prints 'no' 'touch /y 2>/dev/null && echo yes || echo no'
    edit '.root.readonly = true'
    prints 'no' 'touch /y 2>/dev/null && echo yes || echo no'
    # a place to mount on cannot be made there
    mount_at /no/such/place tmpfs tmpfs
    fails 'read-only file system' rt run -b "$bundle" one
}

@test "nothing of the host's mounts is in sight, and nothing of the container's outside" {
    launch_before=$(wc -l </proc/self/mountinfo)
    args sleep 1000
    launch one
    [ "$(wc -l </proc/self/mountinfo)" -eq "$launch_before" ]
    pid=$(state_of one .pid)
    run ! grep -qF "$BATS_TEST_TMPDIR" <(cut -d' ' -f5 "/proc/$pid/mountinfo")
    [ "$(grep -c ' / ' <(cut -d' ' -f4-6 "/proc/$pid/mountinfo"))" -ge 1 ]
    remove one
}

@test "create --no-pivot: the same root, and no way to a full /proc of the host" {
    cgroup_for run
    script 'ls /; ls /proc/1/root/ | head -n 1; cat /proc/1/comm'
    rt run --no-pivot -b "$bundle" run </dev/null >"$out"
    run ! grep -qx -e rootfs -e boot "$out"
    grep -qx bin "$out"
    script "grep -c -e ' / /proc ' -e ' / /sys ' /proc/self/mountinfo"
    expect 2 rt run --no-pivot -b "$bundle" run </dev/null
}

# --- mounts in general -----------------------------------------------------------------------------------------------

# "The runtime MUST mount entries in the listed order."
@test "mounts are made in their order" {
    mount_at /a tmpfs tmpfs
    mount_at /a/b tmpfs tmpfs size=64k
    mount_at /a/b/c bind "$source" bind
    touch "$source/here"
    prints 'here' 'ls /a/b/c; touch /a/x'
    [ ! -e "$bundle/rootfs/a/b" ]
}

# "destination: MAY be a relative path, in which case it MUST be interpreted as relative to /"; "Path values for bind mounts are
# either absolute or relative to the bundle".
@test "relative destinations and sources" {
    mkdir "$bundle/volume"
    touch "$bundle/volume/here"
    mount_at data none volume rbind
    prints 'here' 'ls /data'
}

# "A mount is a bind mount if it has either bind or rbind in the options."
@test "a bind mount by its options, whatever its type" {
    touch "$source/here"
    for type in none ext4 bind; do
        mount_at /data $type "$source" rbind
        prints 'here' 'ls /data'
        mounts_again
    done
    edit --arg source "$source" '.mounts += [{destination: "/data", source: $source, options: ["bind"]}]'
    prints 'here' 'ls /data'
}

@test "binds of files, fifos, sockets and devices, on places that there are and that there are not" {
    echo content >"$source/file"
    mkfifo "$source/fifo"
    mknod "$source/device" c 1 3
    mount_at /new/file bind "$source/file" bind
    mount_at /etc/passwd bind "$source/file" bind ro
    mount_at /new/fifo bind "$source/fifo" bind
    mount_at /new/device bind "$source/device" bind
    prints $'content\ncontent\nfifo\ndevice' 'cat /new/file /etc/passwd
        [ ! -p /new/fifo ] || echo fifo
        [ ! -c /new/device ] || echo device'
    mounts_again
    "$repository/tests/e2e/console" "$source/socket" /dev/null </dev/null >/dev/null 2>&1 3>&- &
    listener=$!
    wait_for 10 test -S "$source/socket"
    mount_at /new/socket bind "$source/socket" bind
    prints socket '[ ! -S /new/socket ] || echo socket'
    kill $listener
    wait $listener || true
}

@test "a directory on a file, and a file on a directory" {
    touch "$source/file"
    mount_at /etc/passwd bind "$source" bind
    fails '' rt run -b "$bundle" one
    names 'mounts[7]'
    mounts_again
    mount_at /etc bind "$source/file" bind
    fails '' rt run -b "$bundle" one
    names 'mounts[7]'
}

@test "an unknown option is the file system's, which knows it or does not" {
    mount_at /data tmpfs tmpfs size=64k nr_inodes=99
    option_is /data 'size=64k.*nr_inodes=99'
    mounts_again
    mount_at /data tmpfs tmpfs nosuchoption=1
    fails 'invalid argument' rt run -b "$bundle" one
    names 'mounts[7]'
    [[ -n ${WITHOUT-} ]] || is_runc || grep -q nosuchoption "$err"
    mounts_again
    mount_at /data bind "$source" bind size=64k
    fails '' rt run -b "$bundle" one
    is_runc || names 'mounts[7]'
}

# --- options ---------------------------------------------------------------------------------------------------------

@test "options of a mount" {
    for case in 'ro,nosuid,nodev,noexec ^ro,nosuid,nodev,noexec,relatime' 'noatime,nodiratime ^rw,noatime,nodiratime' \
        'strictatime ^rw[[:space:]]' 'nosymfollow ^rw,relatime,nosymfollow' 'ro,rw,noexec,exec,nosuid,suid ^rw,relatime ' \
        'noatime,atime ^rw,relatime' 'strictatime,nostrictatime ^rw,relatime' 'norelatime ^rw,relatime' \
        'noatime,relatime ^rw,relatime' 'nodiratime,diratime ^rw,relatime '; do
        for type in tmpfs bind; do
            # shellcheck disable=SC2046  # words
            mount_at /data $type "$source" $([ $type = tmpfs ] || echo bind) $(tr , ' ' <<<"${case%% *}")
            option_is /data "${case#* }"
            mounts_again
        done
    done
}

@test "options of a file system" {
    mount_at /data tmpfs tmpfs sync dirsync lazytime mand iversion silent acl
    option_is /data ' rw,.*sync'
    mounts_again
    mount_at /data tmpfs tmpfs sync async dirsync loud noiversion nomand nolazytime noacl defaults
    run in_bundle "$options_of options_of /data"
    [[ $output != *,sync* ]]
    mounts_again
    # of no account to a bind
    mount_at /data bind "$source" bind sync mand iversion silent acl
    in_bundle true
}

@test "recursive options: all that is mounted below as well" {
    beyond_runc 'some of them'
    mkdir "$source/below"
    mount -t tmpfs tmpfs "$source/below"
    for case in 'rro ro,relatime ro,relatime' 'ro ro,relatime rw,relatime' 'rnosuid,rnodev,rnoexec rw,nosuid,nodev,noexec,relatime rw,nosuid,nodev,noexec,relatime' \
        'rnoatime rw,noatime rw,noatime' 'rstrictatime rw rw' 'rnosymfollow rw,relatime,nosymfollow rw,relatime,nosymfollow' 'rnodiratime rw,nodiratime,relatime rw,nodiratime,relatime'; do
        read -r options above below <<<"$case"
        # shellcheck disable=SC2046  # words
        mount_at /data bind "$source" rbind $(tr , ' ' <<<"$options")
        prints "$above $below" "$options_of"'set -- $(options_of /data) $(options_of /data/below); echo "$1 $3"'
        mounts_again
    done
    mount -o remount,bind,ro,nosuid "$source/below"
    mount_at /data bind "$source" rbind rrw rsuid
    prints "rw,relatime" "$options_of"'set -- $(options_of /data/below); echo "$1"'
}

@test "propagation of a mount" {
    mount --bind "$source" "$source"
    mount --make-shared "$source"
    for case in 'private ' 'rprivate ' 'slave master:' 'rslave master:' 'shared shared:' 'rshared shared:' 'unbindable unbindable' 'runbindable unbindable'; do
        edit '.linux.rootfsPropagation = "private"'
        [[ $case != *slave* ]] || edit '.linux.rootfsPropagation = "slave"'
        [[ $case != *shared* ]] || edit '.linux.rootfsPropagation = "shared"'
        mount_at /data bind "$source" bind "${case% *}"
        run in_bundle 'while read -r a b c d point options rest; do [ "$point" != /data ] || echo "${rest%% - *}"; done </proc/self/mountinfo'
        [ "$status" -eq 0 ]
        [[ ${lines[-1]-} == "${case#* }"* ]] || [[ ${lines[-1]-} == -* && -z ${case#* } ]]
        mounts_again
    done
}

@test "what is mounted into a shared volume appears outside, into a slave one inside" {
    mount --bind "$source" "$source"
    mount --make-shared "$source"
    mkdir "$source/in" "$source/out"
    edit '.linux.rootfsPropagation = "slave" | .process.args = ["sleep", "1000"]'
    mount_at /data bind "$source" rbind rslave
    launch one
    mount -t tmpfs outside "$source/out"
    rt exec one grep -q ' /data/out ' /proc/self/mountinfo
    remove one
    umount "$source/out"
    mounts_again
    edit '.linux.rootfsPropagation = "shared" | .process.capabilities[] += ["CAP_SYS_ADMIN"]'
    mount_at /data bind "$source" rbind rshared
    script 'mount -t tmpfs inside /data/in && sleep 1000'
    launch one
    wait_for 10 grep -qF "$source/in " /proc/self/mountinfo
    remove one
    umount "$source/in"
}

@test "remount, of the mount and of the file system" {
    mount_at /data tmpfs tmpfs size=64k
    mount_at /data tmpfs tmpfs remount size=128k nosuid
    option_is /data 'nosuid.*size=128k'
    mounts_again
    mount_at /data bind "$source" bind nosuid
    mount_at /data bind "$source" remount bind ro
    option_is /data '^ro,nosuid,relatime'
}

# --- tmpfs -----------------------------------------------------------------------------------------------------------

@test "a tmpfs has the mode of the place, of its option, or is for everybody" {
    mkdir -m 0711 "$bundle/rootfs/there"
    mount_at /there tmpfs tmpfs
    mount_at /new tmpfs tmpfs
    mount_at /said tmpfs tmpfs mode=0700
    prints $'711\n1777\n700' 'stat -c %a /there /new /said'
}

@test "a tmpfs that is read-only has what is mounted in it" {
    mount_at /data tmpfs tmpfs ro
    mount_at /data/in bind "$source" bind
    prints no 'touch /data/in/x; touch /data/x 2>/dev/null && echo yes || echo no'
}

@test "tmpcopyup: a tmpfs begins with what is below it" {
    data=$bundle/rootfs/data
    mkdir -p "$data/deep/er"
    echo content >"$data/file"
    echo secret >"$BATS_TEST_TMPDIR/secret"
    ln -s "$BATS_TEST_TMPDIR/secret" "$data/link"
    ln -s ../../../../../../etc "$data/up"
    mkfifo "$data/deep/fifo"
    mknod "$data/deep/device" c 1 3
    chown 12:34 "$data/file" "$data/deep"
    chmod 4755 "$data/file"
    chmod 1711 "$data/deep"
    touch -d @1000000000 "$data/file" "$data/deep"
    setfattr -n user.note -v hello "$data/file" 2>/dev/null || true
    chmod 0750 "$data"
    mount_at /data tmpfs tmpfs tmpcopyup size=1m
    prints "12 34 4755 1000000000 regular file /data/file
12 34 1711 1000000000 directory /data/deep
content
$BATS_TEST_TMPDIR/secret
fifo
device
750" 'stat -c "%u %g %a %Y %F %n" /data/file /data/deep
        cat /data/file
        readlink /data/link
        [ ! -p /data/deep/fifo ] || echo fifo
        [ ! -c /data/deep/device ] || echo device
        stat -c %a /data
        touch /data/deep/er/new'
    [ "$(cat "$data/file")" = content ]
    [ ! -e "$data/deep/er/new" ]
}

@test "tmpcopyup of more than fits, and of what is no tmpfs" {
    mkdir "$bundle/rootfs/data"
    head -c 200000 /dev/zero >"$bundle/rootfs/data/file"
    mount_at /data tmpfs tmpfs tmpcopyup size=64k
    fails 'no space' rt run -b "$bundle" one
    names 'mounts[7]'
    mounts_again
    mount_at /data bind "$source" bind tmpcopyup
    is_runc || fails 'tmpcopyup' rt run -b "$bundle" one
}

# --- special file systems --------------------------------------------------------------------------------------------

@test "mqueue, devpts, sysfs and proc with their options" {
    mount_at /proc2 proc proc hidepid=2
    prints $'mqueue\ndevpts\nsysfs\nproc\nptmx\nptmx' 'stat -f -c %T /dev/mqueue >/dev/null
        while read -r a b c d point o rest; do case $point in /dev/mqueue|/dev/pts|/sys|/proc) echo "${rest#*- }" | cut -d" " -f1;; esac; done </proc/self/mountinfo | sort | sed "s/^devpts/2 &/;s/^mqueue/1 &/;s/^proc/4 &/;s/^sysfs/3 &/" | sort | cut -d" " -f2
        ls /dev/pts | grep ptmx
        readlink /dev/ptmx | sed "s,.*/,,"'
    option_is /proc2 'hidepid=(2|invisible)'
    mounts_again
    mount_at /proc2 proc proc subset=pid
    prints no '[ -e /proc2/meminfo ] && echo yes || echo no'
}

@test "cgroup, with a namespace and without one" {
    edit '.linux.namespaces += [{type: "cgroup"}]'
    prints yes '[ -d /sys/fs/cgroup ] && grep -q ":/$" /proc/self/cgroup && echo yes'
    edit '.linux.namespaces |= map(select(.type != "cgroup"))'
    if [ -d /sys/fs/cgroup/memory ]; then
        # the container's own cgroup and nobody else's
        prints yes '[ "$(cat /sys/fs/cgroup/memory/cgroup.procs | head -n 1)" = 1 ] && ! ls -d /sys/fs/cgroup/memory/*/ 2>/dev/null && echo yes'
    fi
    prints no 'mkdir /sys/fs/cgroup/x 2>/dev/null && echo yes || echo no'
}

# --- ids -------------------------------------------------------------------------------------------------------------

@test "a mount with ids mapped by its own mappings, and by the container's" {
    takes mount_setattr
    beyond_runc 'mapped mounts'
    touch "$source/file"
    chown 1000:1001 "$source/file"
    edit --arg source "$source" '.mounts += [{destination: "/data", source: $source, options: ["bind", "idmap"],
        uidMappings: [{containerID: 1000, hostID: 2000, size: 10}], gidMappings: [{containerID: 1000, hostID: 3000, size: 10}]}]'
    prints '2000 3001' 'stat -c "%u %g" /data/file'
    mounts_again
    chown -R 0:0 "$source"
    chmod 700 "$source"
    chown -R 100000:100000 "$bundle/rootfs"
    edit --arg source "$source" '.linux.namespaces += [{type: "user"}]
        | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings
        | .mounts += [{destination: "/data", source: $source, options: ["bind", "idmap"]}]'
    prints '0 0' 'touch /data/new && stat -c "%u %g" /data/new'
    [ "$(stat -c '%u %g' "$source/new")" = '0 0' ]
}

@test "a mount that its file system cannot map, and mappings that are none" {
    takes mount_setattr
    beyond_runc 'mapped mounts'
    edit '.mounts += [{destination: "/data", source: "/proc", options: ["rbind", "idmap"],
        uidMappings: [{containerID: 0, hostID: 1, size: 1}], gidMappings: [{containerID: 0, hostID: 1, size: 1}]}]'
    fails 'cannot map ids' rt run -b "$bundle" one
    names 'mounts[7]'
    mounts_again
    mount_at /data bind "$source" bind idmap
    fails '' rt run -b "$bundle" one
    names 'mounts[7].options'
}

@test "sources that the container's user may not reach" {
    takes mount_setattr
    chmod 700 "$BATS_TEST_TMPDIR"
    chmod o+x "$BATS_TEST_TMPDIR"
    hidden=$BATS_TEST_TMPDIR/hidden
    mkdir -p "$hidden/volume"
    chmod 700 "$hidden"
    touch "$hidden/volume/here"
    chown -R 100000:100000 "$bundle/rootfs"
    edit '.linux.namespaces += [{type: "user"}]
        | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings'
    mount_at /data bind "$hidden/volume" rbind
    beyond_runc 'way to such sources'
    prints here 'ls /data'
    # and nothing that is mounted there is seen outside
    mount --bind "$hidden" "$hidden"
    mount --make-shared "$hidden"
    prints 'no' "grep -q ' /data .*shared:' /proc/self/mountinfo && echo yes || echo no"
}

# --- /dev ------------------------------------------------------------------------------------------------------------

@test "/dev of the host, and a terminal" {
    mount_at /dev bind /dev rbind
    edit '.process.terminal = true | .mounts |= map(select(.destination | test("^/dev/") | not))'
    mount_at /dev/pts devpts devpts newinstance ptmxmode=0666 mode=0620
    script 'tty; [ -c /dev/console ] && echo console'
    cgroup_for one
    console_start
    rt run -b "$bundle" --console-socket "$console" -d one </dev/null >"$out" 2>"$err"
    console_end >"$out"
    grep -q console "$out"
    becomes one stopped
    remove one
    run ! grep -qF ' /dev/console ' /proc/self/mountinfo
}

@test "a device that is there already is the one that was asked for, or an error" {
    beyond_runc 'check of devices that there are'
    edit '.mounts |= map(select(.destination | test("^/dev") | not)) | .mounts += [{destination: "/dev/pts", type: "devpts", source: "devpts"}]
        | .linux.devices = [{path: "/nodes/zero", type: "c", major: 1, minor: 5, fileMode: 438}, {path: "/nodes/fifo", type: "p"}]'
    mkdir "$bundle/rootfs/nodes"
    mknod -m 0600 "$bundle/rootfs/nodes/zero" c 1 5
    mkfifo "$bundle/rootfs/nodes/fifo"
    prints '600' 'stat -c %a /nodes/zero'
    rm "$bundle/rootfs/nodes/zero"
    mknod "$bundle/rootfs/nodes/zero" c 1 3
    fails 'something else' rt run -b "$bundle" one
    names 'linux.devices[0]'
    rm "$bundle/rootfs/nodes/zero"
    ln -s /etc/passwd "$bundle/rootfs/nodes/zero"
    fails 'something else' rt run -b "$bundle" one
}

@test "devices of a user namespace are the host's, the first time and the next" {
    edit '.linux.namespaces += [{type: "user"}]
        | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings
        | .mounts |= map(select(.destination | test("^/dev") | not))'
    chown -R 100000:100000 "$bundle/rootfs"
    for _ in 1 2; do
        prints '1 3' 'stat -c "%t %T" /dev/null'
    done
    echo content >"$bundle/rootfs/dev/zero"
    is_runc || fails 'something else' rt run -b "$bundle" one
}

# --- propagation of the root -----------------------------------------------------------------------------------------

@test "rootfsPropagation" {
    for case in 'private -' 'rprivate -' 'slave ' 'rslave ' 'shared shared:' 'rshared shared:' 'unbindable unbindable' 'runbindable unbindable'; do
        edit --arg word "${case% *}" '.linux.rootfsPropagation = $word'
        run in_bundle 'while read -r a b c d point options rest; do [ "$point" != / ] || echo "$rest"; done </proc/self/mountinfo'
        [ "$status" -eq 0 ]
        [[ ${lines[-1]} == "${case#* }"* ]]
    done
}

# on_shared_host: the container, where all of the host's mounts are shared, as systemd has them; prints how many mounts came
# to the host meanwhile.
on_shared_host() {
    unshare --mount --propagation private bash -ec '
        mount --make-rshared /
        before=$(wc -l </proc/self/mountinfo)
        "$@" run -b "$bundle" run </dev/null
        echo "mounts: $(($(wc -l </proc/self/mountinfo) - before))"' bash "${runtime[@]}" --root "$state"
}

@test "whatever rootfsPropagation is, a host whose mounts are shared sees none of the container's" {
    export bundle
    cgroup_for run
    script 'mount -t tmpfs tmpfs /tmp && echo mounted'
    edit '.process.capabilities[] += ["CAP_SYS_ADMIN"]'
    for word in '' private slave shared rshared unbindable; do
        edit --arg word "$word" '.linux.rootfsPropagation = $word'
        expect $'mounted\nmounts: 0' on_shared_host
    done
    # and nothing of it is lost there when the container ends
    expect $'mounted\nmounts: 0' on_shared_host
}
