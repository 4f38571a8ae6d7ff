#!/usr/bin/env bats
# cbox run: what the process in the container sees, and what the caller gets back.

load helper

setup_file() {
    file_setup
    registry_push "$registry" "$("$fixtures_dir/layers")" library/layers:1
    PATH=$(dirname -- "$cbox"):$PATH
    cbox pull -q alpine
    cbox pull -q layers:1
}

teardown_file() {
    file_teardown
}

setup() {
    test_setup
}

teardown() {
    ! mountpoint -q "$BATS_TEST_TMPDIR/dir/below" || umount "$BATS_TEST_TMPDIR/dir/below"
    test_teardown
}

# --- what comes back -------------------------------------------------------------------------------------------------

@test "the exit status is the process's" {
    for code in 0 1 42 125 255; do
        run in_alpine -- sh -c "exit $code"
        [ "$status" -eq "$code" ]
    done
}

@test "a signal's death is 128 and its number" {
    run in_alpine -- sh -c 'sh -c "kill -KILL \$\$"; exit $?'
    [ "$status" -eq 137 ]
    cbox run --rm alpine sleep 777001 3>&- &
    runner=$!
    wait_for 10 container_pid 777001
    kill -KILL "$(container_pid 777001)"
    run wait $runner
    wait $runner || status=$?
    [ "$status" -eq 137 ]
}

@test "127 when there is no such command, 126 when it cannot be executed, 125 when cbox fails" {
    refuse 127 'no-such-command.*(not found|no such file)' in_alpine -- no-such-command
    refuse 127 'exec: "": executable file not found' in_alpine -- ''
    refuse 127 '/no/such/file.*(not found|no such file)' in_alpine -- /no/such/file
    refuse 126 '/etc.*(permission denied|is a directory)' in_alpine -- /etc
    refuse 126 '/etc/passwd.*permission denied' in_alpine -- /etc/passwd
    refuse 125 'no-such-option' cbox run --no-such-option alpine true
    refuse 125 'no-such-image' cbox run --rm "$(<"$registry/host")/no-such-image" true
}

@test "output and errors come apart and whole" {
    run --separate-stderr in_alpine -- sh -c 'echo out; echo err >&2'
    [ "$output" = out ]
    [ "$stderr" = err ]
    [ "$(in_alpine -- seq 1 200000 | sha256sum)" = "$(seq 1 200000 | sha256sum)" ]
    [ "$(in_alpine -- printf 'no newline')" = 'no newline' ]
}

@test "a reader that goes away does not hang the run" {
    timeout 20 bash -c 'cbox run --rm alpine seq 1 10000000 | head -n 1' | grep -qx 1
}

@test "-i passes stdin on; without it the process reads nothing" {
    [ "$(seq 1 50000 | in_alpine -i -- sha256sum)" = "$(seq 1 50000 | sha256sum)" ]
    [ -z "$(echo unread | in_alpine -- cat)" ]
}

@test "the process gets pipes, never the caller's own files" {
    echo secret >"$BATS_TEST_TMPDIR/file"
    chmod 600 "$BATS_TEST_TMPDIR/file"
    in_alpine -- sh -c 'chmod 777 /proc/self/fd/1 /proc/self/fd/2; timeout 1 cat /proc/1/fd/1 >&2; echo more' \
        >>"$BATS_TEST_TMPDIR/file" 2>"$BATS_TEST_TMPDIR/errors"
    expect 'secret more' paste -sd ' ' "$BATS_TEST_TMPDIR/file"
    expect 600 stat -c %a "$BATS_TEST_TMPDIR/file"
    run ! grep secret "$BATS_TEST_TMPDIR/errors"
    in_alpine -i -- sh -c 'echo overwritten >/proc/self/fd/0; chmod 777 /proc/self/fd/0; cat' <"$BATS_TEST_TMPDIR/file" || true
    expect 'secret more' paste -sd ' ' "$BATS_TEST_TMPDIR/file"
    expect 600 stat -c %a "$BATS_TEST_TMPDIR/file"
}

@test "another user's process opens /dev/stdout and /dev/stderr by name" {
    run --separate-stderr in_alpine -u 1000:1000 -- sh -c 'echo out >/dev/stdout; echo err >/dev/stderr'
    [ "$output" = out ]
    [ "$stderr" = err ]
}

@test "a process that stops reading its input does not stop the run" {
    expect over timeout 20 bash -c 'yes | cbox run --rm -i alpine sh -c "exec <&-; echo over"'
}

@test "standard streams that are closed stay closed" {
    # Into a file: the pipe of a substitution would take the place of what is closed.
    timeout 20 cbox run --rm -i alpine sh -c 'cat; echo ok' >"$BATS_TEST_TMPDIR/out" <&-
    expect ok cat "$BATS_TEST_TMPDIR/out"
    timeout 20 cbox run --rm alpine sh -c 'echo kept; echo lost >&2' >"$BATS_TEST_TMPDIR/out" 2>&-
    expect kept cat "$BATS_TEST_TMPDIR/out"
    status=0
    timeout 20 cbox run --rm alpine sh -c 'while echo lost; do :; done; exit 9' >&- 2>"$BATS_TEST_TMPDIR/out" || status=$?
    [ "$status" -eq 9 ]
}

@test "the options end at the image" {
    expect '-e X --rm' in_alpine -- sh -c 'echo "$*"' sh -e X --rm
}

# --- walls -----------------------------------------------------------------------------------------------------------

@test "every namespace is its own" {
    for kind in cgroup ipc mnt net pid uts; do
        [ "$(in_alpine -- readlink /proc/self/ns/$kind)" != "$(readlink /proc/self/ns/$kind)" ]
    done
}

@test "the process is number 1 and sees no other" {
    expect 1 in_alpine -- sh -c 'echo $$'
    run in_alpine -- sh -c 'ls -d /proc/[0-9]* | wc -l'
    [ "$output" -le 3 ]
}

@test "--network none has a loopback that is up, and nothing else; host has the host's" {
    expect 'lo' in_alpine --network none -- sh -c 'ls /sys/class/net'
    in_alpine --network none -- sh -c 'ping -c 1 -W 2 127.0.0.1' >/dev/null
    [ "$(in_alpine --network host -- readlink /proc/self/ns/net)" = "$(readlink /proc/self/ns/net)" ]
    refuse 125 'no-such-network' in_alpine --network no-such-network -- true
}

@test "the root is the image's, and what is written is gone afterwards" {
    expect 'Alpine-shaped test image' in_alpine -- sh -c '. /etc/os-release; echo "$NAME"'
    in_alpine -- sh -c 'echo x > /new; rm /etc/motd; rm -r /home'
    in_alpine -- sh -c '[ ! -e /new ] && [ -e /etc/motd ] && [ -d /home ]'
}

@test "nothing of the host's mounts is in sight" {
    run in_alpine -- cat /proc/mounts
    [ "$status" -eq 0 ]
    [[ $output != *"$BATS_FILE_TMPDIR/root/containers"*" /"[a-z]* ]]
    # Exactly these have a file system of their own.
    points=$(cut -d' ' -f2 <<<"$output" | grep -v '^/sys/fs/cgroup/\|^/proc/.\|^/sys/firmware\|^/etc/' | sort | paste -sd' ')
    [ "$points" = '/ /dev /dev/mqueue /dev/pts /dev/shm /proc /sys /sys/fs/cgroup' ]
}

@test "/dev holds the usual nodes and no disk" {
    run in_alpine -- ls /dev
    for node in null zero full random urandom tty ptmx pts shm mqueue fd stdin stdout stderr; do
        grep -qx "$node" <<<"$output"
    done
    run ! grep -qE '^(sd|vd|nvme|loop|mem|kmsg)' <<<"$output"
    in_alpine -- sh -c 'echo x > /dev/null && [ "$(head -c 3 /dev/zero | wc -c)" = 3 ] && [ -c /dev/tty ]'
    in_alpine -- sh -c 'echo x > /dev/shm/file && [ "$(cat /dev/shm/file)" = x ]'
}

@test "device nodes that are made cannot be opened" {
    run in_alpine -- sh -c 'mknod /disk b 254 0 && cat /disk'
    [ "$status" -ne 0 ]
    [[ $output == *"not permitted"* || $output == *"ermission denied"* ]]
}

@test "/proc/sys and /sys are read-only, dangerous files of /proc masked" {
    run in_alpine -- sh -c 'echo x > /proc/sys/kernel/hostname'
    [ "$status" -ne 0 ]
    run in_alpine -- sh -c 'cd /sys/fs/cgroup; [ ! -d memory ] || cd memory; mkdir x'
    [ "$status" -ne 0 ]
    for file in /proc/kcore /proc/keys /proc/timer_list; do
        expect 0 in_alpine -- sh -c "cat $file 2>/dev/null | wc -c"
    done
    run in_alpine -- sh -c 'echo b > /proc/sysrq-trigger'
    [ "$status" -ne 0 ]
}

@test "a user pings and serves low ports, on a network of its own alone" {
    expect $'0\n0\t2147483647' in_alpine -u 1000:1000 -- \
        sh -c 'cd /proc/sys/net/ipv4 && cat ip_unprivileged_port_start ping_group_range'
    expect "$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start)" in_alpine --network host -- \
        cat /proc/sys/net/ipv4/ip_unprivileged_port_start
}

@test "Docker's default capabilities, none for a user" {
    expect $'CapInh:\t0000000000000000\nCapPrm:\t00000000a80425fb\nCapEff:\t00000000a80425fb\nCapBnd:\t00000000a80425fb\nCapAmb:\t0000000000000000' \
        in_alpine -- grep ^Cap /proc/self/status
    expect $'CapInh:\t0000000000000000\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\nCapBnd:\t00000000a80425fb\nCapAmb:\t0000000000000000' \
        in_alpine -u nobody -- grep ^Cap /proc/self/status
}

@test "no descriptor of cbox is left open in the process" {
    exec 7</etc/passwd
    expect '0 1 2 3' in_alpine -- sh -c 'cd /proc/self/fd && echo *'
    expect '0 1 2 3' in_alpine -i -- sh -c 'cd /proc/self/fd && echo *'
}

@test "a working directory that is read-only or masked is just that" {
    local dir
    # The value is written back as it was, should it be possible.
    # shellcheck disable=SC2016  # expanded inside
    for dir in /proc/sys/kernel /proc/sys/kernel/. /proc/sys/../sys/kernel; do
        run in_alpine -w "$dir" -- sh -c 'v=$(cat core_pattern) && echo "$v" >core_pattern'
        [ "$status" -ne 0 ]
        [[ $output == *"ead-only file system"* ]]
    done
    in_alpine -w /proc/sys -- test -d kernel
    expect '' in_alpine -w /sys/firmware -- ls
    refuse 125 'symbolic links' in_alpine -w /proc/self/cwd -- pwd
}

# script NAME LINE [MODE]: an executable file in the test's folder "scripts".
script() {
    mkdir -p "$BATS_TEST_TMPDIR/scripts"
    printf '%s\n' "$2" >"$BATS_TEST_TMPDIR/scripts/$1"
    chmod "${3:-755}" "$BATS_TEST_TMPDIR/scripts/$1"
}

# If the kernel ran cbox itself, it would look for cbox's loader, which alpine does not have, and say so: 127.
@test "no name makes the kernel execute cbox itself in the container" {
    local n path
    chmod 755 "$BATS_TEST_TMPDIR"
    script direct '#!/proc/self/exe'
    script thread '#! /proc/thread-self/exe x'
    script deep5 '#!/proc/self/exe'
    for n in 4 3 2 1; do
        script deep$n "#!/s/deep$((n + 1))"
    done
    script name '#!/bin/true'
    script name$'\r' '#!/proc/self/exe'
    script return $'#!/s/name\r'
    script unreadable '#!/proc/self/exe' 111
    ln -s /proc/self/exe "$BATS_TEST_TMPDIR/scripts/link"
    script over '#!/s/link'
    for path in /proc/self/exe /proc/1/exe /proc/thread-self/exe /s/direct /s/thread /s/deep1 /s/return /s/link /s/over; do
        refuse 126 'exec format error' in_alpine -v "$BATS_TEST_TMPDIR/scripts:/s" -- "$path"
        refuse 126 'exec format error' in_alpine -v "$BATS_TEST_TMPDIR/scripts:/s" -w /tmp -- "$path"
    done
    refuse 126 'exec format error' in_alpine -v "$BATS_TEST_TMPDIR/scripts:/s" -u nobody -- /s/unreadable
}

@test "a program in the container runs where cbox may not raise limits, nor execute files in memory" {
    expect here setpriv --bounding-set -sys_resource --inh-caps -sys_resource cbox run --rm alpine echo here
    refuse 126 'exec format error' setpriv --bounding-set -sys_resource --inh-caps -sys_resource \
        cbox run --rm alpine /proc/self/exe
    # The setting is one of the PID namespace, and cannot be taken back there.
    [ -e /proc/sys/vm/memfd_noexec ] || skip "the kernel has no vm.memfd_noexec"
    # shellcheck disable=SC2016  # expanded inside
    expect here unshare --pid --fork --mount-proc sh -c 'echo 2 >/proc/sys/vm/memfd_noexec
        cbox run --rm alpine echo here'
}

@test "what cbox is cloned from is its binary still when its name is another's" {
    cp "$cbox" "$BATS_TEST_TMPDIR/cbox"
    # shellcheck disable=SC2016  # expanded inside
    expect here bash -c 'exec 3<"$1"; rm "$1"; ln -s /bin/false "$1"; exec /proc/self/fd/3 run --rm alpine echo here' - \
        "$BATS_TEST_TMPDIR/cbox"
}

@test "no descriptor of cbox leads the kernel out of the container" {
    local n
    script host '#!/bin/echo out'
    mv "$BATS_TEST_TMPDIR/scripts/host" "$BATS_TEST_TMPDIR/host"
    for n in {3..24}; do
        script "up$n" "#!/proc/self/fd/$n/../../../../../../../../../../../..$BATS_TEST_TMPDIR/host"
        refuse 127 'interpreter or loader is missing|not a directory' \
            in_alpine -v "$BATS_TEST_TMPDIR/scripts:/s" -w /tmp -- "/s/up$n"
    done
}

@test "standard input is the null device or nothing, whatever a volume on /dev calls null" {
    local n
    mkdir "$BATS_TEST_TMPDIR/dev"
    echo secret >"$BATS_TEST_TMPDIR/secret"
    for n in {3..24}; do
        ln -sfn "/proc/self/fd/$n/../../../../../../../../../../..$BATS_TEST_TMPDIR/secret" "$BATS_TEST_TMPDIR/dev/null"
        refuse 125 '/dev/null: (too many levels of symbolic links|no such file)' in_alpine -v "$BATS_TEST_TMPDIR/dev:/dev" -- cat
    done
    ln -sfn secret "$BATS_TEST_TMPDIR/dev/null"
    cp "$BATS_TEST_TMPDIR/secret" "$BATS_TEST_TMPDIR/dev"
    refuse 125 '/dev/null: no such device' in_alpine -v "$BATS_TEST_TMPDIR/dev:/dev" -- cat
    rm "$BATS_TEST_TMPDIR/dev/null"
    mkfifo "$BATS_TEST_TMPDIR/dev/null"
    refuse 125 '/dev/null: no such device' in_alpine -v "$BATS_TEST_TMPDIR/dev:/dev" -- cat
}

@test "mounts of a container are in nobody else's sight while it runs" {
    cbox run --rm alpine sleep 777002 3>&- &
    runner=$!
    wait_for 10 container_pid 777002
    run ! grep -F "$BATS_FILE_TMPDIR/" /proc/self/mountinfo
    kill -KILL "$(container_pid 777002)"
    wait $runner || true
}

@test "the limit of open files is not endless" {
    run in_alpine -- sh -c 'ulimit -Sn; ulimit -Hn'
    [ "${lines[0]}" -le 1048576 ]
    [ "${lines[1]}" -le 1048576 ]
}

# --- limits ----------------------------------------------------------------------------------------------------------

# The value of a control as the container sees it, v2's name first.
control() {
    local v2=$1 v1=$2
    shift 2
    in_alpine "$@" -- sh -c "cd /sys/fs/cgroup && cat $v2 2>/dev/null || cat $v1"
}

@test "--memory, --cpus and --pids-limit become the cgroup's values" {
    expect 67108864 control memory.max memory/memory.limit_in_bytes --memory 64m
    expect 67108864 control memory.max memory/memory.limit_in_bytes -m 64m
    run control cpu.max 'cpu/cpu.cfs_quota_us cpu/cpu.cfs_period_us' --cpus 0.5
    [[ $output == '50000 100000' || $output == $'50000\n100000' ]]
    expect 17 control pids.max pids/pids.max --pids-limit 17
    expect max control pids.max pids/pids.max --pids-limit -1
    expect max control pids.max pids/pids.max --pids-limit -2
}

@test "a process over its memory is killed: 137" {
    run in_alpine --memory 32m -- dd if=/dev/zero of=/dev/null bs=200M count=1
    [ "$status" -eq 137 ]
    # A child that is killed for memory leaves the first process to go on.
    expect 137 in_alpine --memory 32m -- sh -c 'dd if=/dev/zero of=/dev/null bs=200M count=1 2>/dev/null; echo $?'
    in_alpine --memory 300m -- dd if=/dev/zero of=/dev/null bs=200M count=1
}

@test "a fork bomb ends at --pids-limit" {
    run in_alpine --pids-limit 12 -- sh -c 'i=0; while [ $i -lt 40 ]; do sleep 3 & i=$((i + 1)); done; wait'
    [[ $output == *fork* ]]
}

@test "limits that make no sense are refused" {
    refuse 125 'memory' in_alpine --memory 1k -- true
    refuse 125 'memory|size' in_alpine --memory lots -- true
    refuse 125 'cpus' in_alpine --cpus -1 -- true
    refuse 125 'cpus' in_alpine --cpus 1000000 -- true
    refuse 125 'pids' in_alpine --pids-limit many -- true
}

# --- user, environment, directory, command ---------------------------------------------------------------------------

@test "-u takes names, numbers and groups" {
    expect 'uid=405(guest) gid=100(users) groups=100(users)' in_alpine -u guest -- id
    expect 'uid=405(guest) gid=100(users) groups=100(users)' in_alpine --user 405 -- id
    expect 'uid=1234 gid=0(root) groups=0(root)' in_alpine -u 1234 -- id
    expect 'uid=1234 gid=4321 groups=4321' in_alpine -u 1234:4321 -- id
    expect 'uid=405(guest) gid=12(mail) groups=12(mail)' in_alpine -u guest:mail -- id
    expect '2 1' in_alpine -u daemon -- id -G
    refuse 125 'uids and gids must be in range 0-2147483647' in_alpine -u 2147483648 -- true
    refuse 125 'uids and gids must be in range 0-2147483647' in_alpine -u 0:2147483648 -- true
    refuse 125 'nosuch.*passwd|nosuch.*user|user nosuch' in_alpine -u nosuch -- true
    refuse 125 'nosuch.*group|group nosuch' in_alpine -u root:nosuch -- true
}

@test "the environment is the image's, HOME of the user, HOSTNAME, and -e" {
    expect $'HOME=/root\nHOSTNAME=box\nPATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
        sh -c 'cbox run --rm --hostname box alpine env | sort'
    expect /dev/null in_alpine -u guest -- sh -c 'echo "$HOME"'
    expect /root in_alpine -e HOME= -- sh -c 'echo "$HOME"'
    expect / in_alpine -u 4711 -- sh -c 'echo "$HOME"'
    FROM_HERE='a b' expect 'a b,x=y,,none' in_alpine -e FROM_HERE -e SET=x=y -e EMPTY= -e NOT_HERE -- \
        sh -c 'echo "$FROM_HERE,$SET,$EMPTY,${NOT_HERE-none}"'
    expect 'two' in_alpine -e A=one --env A=two -- sh -c 'echo $A'
    expect 'LAYERS=mine' cbox run --rm -e LAYERS=mine layers:1 'env | grep LAYERS'
}

@test "working directory: the image's, or -w, made when it is missing" {
    expect / in_alpine -- pwd
    expect /work/dir cbox run --rm layers:1 pwd
    expect /a/new/place in_alpine -w /a/new/place -- pwd
    expect /tmp in_alpine --workdir=/tmp -- pwd
    expect /root in_alpine -u nobody -w /root -- pwd
    expect /new in_alpine --read-only -w /new -- pwd
    refuse 125 'absolute' in_alpine -w relative/path -- true
}

@test "an empty value counts as none" {
    run in_alpine --hostname '' -w '' --name '' -u '' --platform '' -- sh -c 'hostname; pwd; id -u'
    [ "$status" -eq 0 ]
    [[ ${lines[0]} =~ ^[0-9a-f]{12}$ ]]
    [ "${lines[1]} ${lines[2]}" = '/ 0' ]
    in_alpine --network default -- true
    [ "$(in_alpine --net host -- readlink /proc/self/ns/net)" = "$(readlink /proc/self/ns/net)" ]
    refuse 125 'for "-l, --label" flag: invalid label .=x.: empty name' in_alpine -l =x -- true
}

@test "entrypoint and command follow Docker's rules" {
    expect default cbox run --rm layers:1
    expect mine cbox run --rm layers:1 'echo mine'
    expect 'an argument' cbox run --rm --entrypoint /bin/echo layers:1 an argument
    expect '' cbox run --rm --entrypoint /bin/echo layers:1
    expect 'no entrypoint' cbox run --rm --entrypoint '' layers:1 echo 'no entrypoint'
    refuse 125 'no command' cbox run --rm --entrypoint '' layers:1
}

@test "hostname and /etc files" {
    expect box in_alpine --hostname box -- hostname
    expect box in_alpine -h box -- cat /etc/hostname
    run in_alpine -- hostname
    [[ $output =~ ^[0-9a-f]{12}$ ]]
    in_alpine --hostname box -- grep -q '127.0.0.1.*localhost' /etc/hosts
    in_alpine -- test -f /etc/resolv.conf
    for options in '--network host' '--network host --hostname='; do
        # shellcheck disable=SC2086  # words on purpose
        expect "$(hostname) $(hostname) $(hostname)" in_alpine $options -- \
            sh -c 'echo "$(hostname) $(cat /etc/hostname) $HOSTNAME"'
    done
    expect 'box box' in_alpine --network host -h box -- sh -c 'echo "$(hostname) $(cat /etc/hostname)"'
    refuse 125 'hostname' in_alpine --hostname "$(printf 'x%.0s' {1..65})" -- true
}

@test "/etc/mtab is a link to what is mounted, where the image has none, and no change" {
    cbox run --name mtab --network none alpine sh -c '[ "$(readlink /etc/mtab)" = /proc/mounts ] && grep -q "^overlay / " /etc/mtab'
    expect '' cbox diff mtab
    cbox rm mtab
    cbox run --name mtab --network none alpine sh -c 'rm /etc/mtab && echo own >/etc/mtab'
    cbox diff mtab | sort | diff - <(printf 'C /etc\nC /etc/mtab\n')
    cbox commit mtab mtab:own
    cbox rm mtab
    expect own cbox run --rm --network none mtab:own cat /etc/mtab
    cbox rmi mtab:own
}

# --- mounts ----------------------------------------------------------------------------------------------------------

@test "-v binds a directory or a file, :ro read-only" {
    mkdir "$BATS_TEST_TMPDIR/dir"
    echo content >"$BATS_TEST_TMPDIR/dir/file"
    expect content in_alpine -v "$BATS_TEST_TMPDIR/dir:/deep/in/there" -- cat /deep/in/there/file
    expect content in_alpine -v "$BATS_TEST_TMPDIR/dir/file:/etc/motd" -- cat /etc/motd
    in_alpine -v "$BATS_TEST_TMPDIR/dir:/mnt" -- sh -c 'echo written > /mnt/new'
    [ "$(<"$BATS_TEST_TMPDIR/dir/new")" = written ]
    run in_alpine -v "$BATS_TEST_TMPDIR/dir:/mnt:ro" -- sh -c 'echo x > /mnt/new'
    [ "$status" -ne 0 ]
    [[ $output == *"ead-only file system"* ]]
    in_alpine --volume "$BATS_TEST_TMPDIR/made:/mnt" -- touch /mnt/file
    [ -f "$BATS_TEST_TMPDIR/made/file" ]
    refuse 125 'invalid|absolute' in_alpine -v "$BATS_TEST_TMPDIR:relative" -- true
    refuse 125 'invalid|mode' in_alpine -v "$BATS_TEST_TMPDIR:/mnt:nosuchmode" -- true
}

@test "-v DIR:DIR:ro is read-only with what is mounted below DIR" {
    mkdir -p "$BATS_TEST_TMPDIR/dir/below"
    mount -t tmpfs tmpfs "$BATS_TEST_TMPDIR/dir/below"
    for dir in / /below; do
        run in_alpine -v "$BATS_TEST_TMPDIR/dir:/mnt:ro" -- touch "/mnt$dir/new"
        [ "$status" -ne 0 ]
        [[ $output == *"ead-only file system"* ]]
    done
    in_alpine -v "$BATS_TEST_TMPDIR/dir:/mnt" -- touch /mnt/below/new
    [ -f "$BATS_TEST_TMPDIR/dir/below/new" ]
}

@test "a source that begins with a dot is looked for from here" {
    mkdir -p "$BATS_TEST_TMPDIR/here/d" "$BATS_TEST_TMPDIR/src"
    cd "$BATS_TEST_TMPDIR/here"
    expect d in_alpine -v .:/x -- ls /x
    in_alpine -v ./d:/x -v ../src:/y -- sh -c 'touch /x/one /y/two'
    [ -f d/one ] && [ -f ../src/two ]
    refuse 125 'volume name is too short' in_alpine -v d:/x -- true
}

@test "volumes inside others are seen, whatever their order" {
    mkdir -p "$BATS_TEST_TMPDIR/outer/in" "$BATS_TEST_TMPDIR/inner"
    touch "$BATS_TEST_TMPDIR/outer/outer" "$BATS_TEST_TMPDIR/inner/inner"
    expect $'/x/in/inner\n/x/outer' in_alpine -v "$BATS_TEST_TMPDIR/inner:/x/in" -v "$BATS_TEST_TMPDIR/outer:/x" -- \
        sh -c 'find /x -type f | sort'
    expect inner in_alpine -v "$BATS_TEST_TMPDIR/inner:/dev/shm" -- ls /dev/shm
    expect inner in_alpine -v "$BATS_TEST_TMPDIR/inner:/dev/new" -- ls /dev/new
    expect inner in_alpine -v "$BATS_TEST_TMPDIR/inner:/sys/fs/cgroup" -- ls /sys/fs/cgroup
    in_alpine -v /dev:/dev -- test -c /dev/loop-control
    refuse 125 'Duplicate mount point: /x$' in_alpine -v "$BATS_TEST_TMPDIR/inner:/x" -v "$BATS_TEST_TMPDIR/outer:/x/" \
        -- true
}

@test "a bind's target that is a symlink stays inside the root" {
    mkdir "$BATS_TEST_TMPDIR/dir" "$BATS_TEST_TMPDIR/evil"
    image_init "$BATS_TEST_TMPDIR/image"
    printf '%s\n' "link out to=$BATS_TEST_TMPDIR/evil" "link proc to=$BATS_TEST_TMPDIR/evil" "link dev to=/" \
        "dir bin" "file bin/busybox data=x" | "$fixtures_dir/mktar" | image_layer "$BATS_TEST_TMPDIR/image" gzip
    image_manifest "$BATS_TEST_TMPDIR/image" '{"Cmd":["/bin/busybox"]}'
    registry_push "$registry" "$BATS_TEST_TMPDIR/image" library/evil:1
    run timeout 20 cbox run --rm -v "$BATS_TEST_TMPDIR/dir:/out/made" evil:1
    [ "$status" -ne 0 ]
    [ -z "$(ls -A "$BATS_TEST_TMPDIR/evil")" ]
}

@test "directories are made behind links to what is missing, inside the root" {
    mkdir "$BATS_TEST_TMPDIR/dir"
    ln -s "$BATS_TEST_TMPDIR/nowhere" "$BATS_TEST_TMPDIR/dir/link"
    expect "$BATS_TEST_TMPDIR/nowhere/x" in_alpine -v "$BATS_TEST_TMPDIR/dir:/dl" -w /dl/link/x -- pwd
    in_alpine -v "$BATS_TEST_TMPDIR/dir:/dl" -v "$BATS_TEST_TMPDIR/dir:/dl/link/y" -- \
        test -L "$BATS_TEST_TMPDIR/nowhere/y/link"
    [ ! -e "$BATS_TEST_TMPDIR/nowhere" ]
}

@test "--read-only: nothing of the root can be written, /dev/shm can" {
    run in_alpine --read-only -- touch /new
    [ "$status" -ne 0 ]
    [[ $output == *"ead-only file system"* ]]
    in_alpine --read-only -- touch /dev/shm/file
    for file in hosts hostname resolv.conf; do
        run in_alpine --read-only -- sh -c "echo x >>/etc/$file"
        [[ $output == *"ead-only file system"* ]]
        in_alpine -- sh -c "echo x >>/etc/$file"
    done
    in_alpine --read-only -v "$BATS_TEST_TMPDIR:/mnt" -- touch /mnt/file
}

# --- names, images, lives --------------------------------------------------------------------------------------------

@test "--name is taken while the container is there, and free with --rm" {
    cbox run --rm --name mine alpine sleep 777003 3>&- &
    runner=$!
    wait_for 10 container_pid 777003
    refuse 125 'mine.*in use' cbox run --rm --name mine alpine true
    kill -KILL "$(container_pid 777003)"
    wait $runner || true
    cbox run --rm --name mine alpine true
    refuse 125 'name' cbox run --rm --name 'not/valid' alpine true
}

@test "an image by name, short id, id and digest; one that is missing is pulled" {
    id=$(cbox images -q --no-trunc alpine)
    for image in alpine alpine:latest docker.io/library/alpine "${id:7:12}" "$id" "alpine@$(image_digest "$("$fixtures_dir/alpine")")"; do
        expect hello cbox run --rm "$image" echo hello
    done
    fresh_store
    run --separate-stderr cbox run --rm alpine echo hello
    [ "$status" -eq 0 ]
    [ "$output" = hello ]
}

no_monitor() {
    [ -z "$(processes_of_cbox)" ]
}

nothing_of_containers() {
    [ -z "$(find "$CBOX_ROOT/containers" "$CBOX_ROOT/tmp/trash" -mindepth 1)" ]
}

@test "--rm leaves no file of the container" {
    in_alpine -- sh -c 'echo x > /new'
    wait_for 10 no_monitor
    nothing_of_containers
    in_alpine -- no-such-command || true
    wait_for 10 no_monitor
    nothing_of_containers
    in_alpine --name . -- true || true
    in_alpine -u nosuch -- true || true
    wait_for 10 no_monitor
    nothing_of_containers
}

@test "rm deletes the files, also of one that runs" {
    cbox run --name mine alpine sh -c 'echo x > /new'
    cbox rm mine
    nothing_of_containers
    cbox run --name mine alpine sh -c 'echo x > /new; exec sleep 777004' 3>&- &
    runner=$!
    wait_for 10 container_pid 777004
    cbox rm -f mine
    nothing_of_containers
    wait $runner || true
}

@test "rm -f ends a container whose record does not say yet that it runs" {
    cbox run --name mine alpine sleep 777005 3>&- &
    runner=$!
    wait_for 10 container_pid 777005
    record=$CBOX_ROOT/containers/@mine/record.json
    jq '.status = "created" | del(.pid, .pidStart, .bootID)' "$record" >"$BATS_TEST_TMPDIR/record"
    cp "$BATS_TEST_TMPDIR/record" "$record"
    timeout -k 5 20 cbox rm -f mine
    run ! container_pid 777005
    wait $runner || true
    nothing_of_containers
}

# In a store whose disk takes all of a container but the word that it runs.
run_with_full_disk() {
    export CBOX_ROOT=$BATS_TEST_TMPDIR/root CBOX_STATE=$BATS_TEST_TMPDIR/state
    mkdir "$CBOX_ROOT"
    mount -t tmpfs -o huge=never tmpfs "$CBOX_ROOT"
    cbox pull -q alpine >&2
    cbox run --rm alpine true # which makes the network
    free=$(stat -fc %f "$CBOX_ROOT")
    cbox run alpine true
    blocks=$((free - $(stat -fc %f "$CBOX_ROOT")))
    used=$(($(stat -fc '%b - %f' "$CBOX_ROOT")))
    mount -o "remount,size=$(((used + blocks) * $(stat -fc %S "$CBOX_ROOT")))" "$CBOX_ROOT"
    timeout -k 5 20 cbox run --name full alpine sleep 777006 3>&-
}

@test "what cannot be written down as running is not started" {
    export -f run_with_full_disk
    run --separate-stderr unshare --mount --propagation private bash -ec run_with_full_disk
    [ "$status" -eq 125 ]
    [[ ${stderr_lines[-1]} == *"record.json: No space left on device"* ]]
    run ! container_pid 777006
}

@test "signals are passed on" {
    for signal in TERM INT HUP USR1; do
        rm -f "$BATS_TEST_TMPDIR/output" # or the word of the one before would be taken for this one's
        env --default-signal=INT cbox run --rm alpine sh -c "trap 'echo got $signal; exit 7' $signal; echo ready; while :; do sleep 0.1; done" \
            >"$BATS_TEST_TMPDIR/output" 3>&- &
        runner=$!
        wait_for 10 grep -qs ready "$BATS_TEST_TMPDIR/output"
        kill -$signal $runner
        status=0
        wait $runner || status=$?
        [ "$status" -eq 7 ]
        grep -qx "got $signal" "$BATS_TEST_TMPDIR/output"
    done
}

@test "twenty at once" {
    pids=()
    for n in {1..20}; do
        cbox run --rm --network none alpine sh -c "echo $n" >"$BATS_TEST_TMPDIR/$n" 2>&1 3>&- &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do
        wait "$pid"
    done
    for n in {1..20}; do
        [ "$(<"$BATS_TEST_TMPDIR/$n")" = "$n" ]
    done
}

@test "run, images and version open no TLS, HTTP, archive or compression library" {
    for command in 'run --rm --network none alpine true' images version --version; do
        # shellcheck disable=SC2086  # words on purpose
        strace -f -o "$BATS_TEST_TMPDIR/trace" -e trace=openat,open cbox $command
        run ! grep -E 'lib(curl|crypto|ssl|archive|isal|zstd)\.so[^ ]* *[^E]*= [0-9]' "$BATS_TEST_TMPDIR/trace"
    done
}
