#!/usr/bin/env bats
# The OCI runtime: what the document's process says of the program: arguments, environment, directory, user, limits,
# capabilities, terminal. Clauses are those of the runtime specification's config.md.
# shellcheck disable=SC2154,SC2016  # the helpers set state, bundle, out, err, console and screen; scripts are the container's

load helper
load bundle

setup() {
    runtime_setup
}

teardown() {
    runtime_teardown
}

# --- args, env, cwd --------------------------------------------------------------------------------------------------

# "process.args": similar semantics to execvp's argv, at least one entry.
@test "arguments arrive as they are" {
    args sh -c 'printf "<%s>" "$@"' sh '' 'a b' $'c\nd' '"e"' \\ 'ü' '*'
    cgroup_for one
    expect $'<><a b><c\nd><"e"><\\><ü><*>' rt run -b "$bundle" one
}

@test "a long list of arguments" {
    jq '.process.args = ["sh", "-c", "echo $#", "sh"] + [range(20000) | tostring]' "$bundle/config.json" >"$BATS_TEST_TMPDIR/long"
    cp "$BATS_TEST_TMPDIR/long" "$bundle/config.json"
    cgroup_for one
    expect 20000 rt run -b "$bundle" one
}

@test "the program is looked for in the PATH of its environment" {
    mkdir "$bundle/rootfs/programs"
    printf '#!/bin/sh\necho found\n' >"$bundle/rootfs/programs/only-here"
    chmod 755 "$bundle/rootfs/programs/only-here"
    args only-here
    fails 'only-here.*(not found|no such file)' in_bundle
    edit '.process.env = ["PATH=/nowhere:/programs:/bin"]'
    expect found in_bundle
    # A name with a slash is no matter of PATH, and relative to cwd.
    args ./only-here
    edit '.process.cwd = "/programs"'
    expect found in_bundle
}

@test "the environment is the document's and nothing else" {
    edit '.process.env = ["PATH=/bin", "ONE=1", "EMPTY=", "SPACE=a b", "EQUALS=a=b", "ONE=2"]'
    args env
    SECRET=1 run --separate-stderr in_bundle
    [ "$status" -eq 0 ]
    grep -qx EMPTY= <<<"$output"
    grep -qx 'SPACE=a b' <<<"$output"
    grep -qx EQUALS=a=b <<<"$output"
    run ! grep -q SECRET <<<"$output"
}

@test "the last of two values of a variable is the one" {
    edit '.process.env += ["ONE=1", "ONE=2"]'
    prints 2 'echo $ONE'
}

# "process.cwd": must be absolute.
@test "cwd is where it starts, and is made where it is not there" {
    edit '.process.cwd = "/proc"'
    prints /proc pwd
    edit '.process.cwd = "/made/for/it" | .root.readonly = false'
    prints /made/for/it pwd
    edit '.process.cwd = "relative"'
    fails 'absolute' in_bundle
    names process.cwd
    edit '.process.cwd = "/etc/passwd"'
    fails 'not a directory' in_bundle
    edit 'del(.process.cwd)'
    fails 'cwd' in_bundle
}

@test "a cwd that only its user may enter" {
    mkdir "$bundle/rootfs/private"
    chown 1000:1000 "$bundle/rootfs/private"
    chmod 700 "$bundle/rootfs/private"
    edit '.process.cwd = "/private" | .process.user = {uid: 1000, gid: 1000}'
    prints /private pwd
}

# --- user ------------------------------------------------------------------------------------------------------------

# "User": uid, gid, umask, additionalGids.
@test "uid, gid and additional groups" {
    edit '.process.user = {uid: 1000, gid: 2000, additionalGids: [5, 7]}'
    prints $'1000 1000 1000 1000\n2000 2000 2000 2000\n2000 5 7' \
        'grep ^Uid /proc/self/status | cut -f2- | tr "\t" " "; grep ^Gid /proc/self/status | cut -f2- | tr "\t" " "; id -G'
}

@test "no group of the caller's is left" {
    edit '.process.user = {uid: 1000, gid: 1000}'
    script 'id -G'
    cgroup_for one
    expect 1000 setpriv --groups 4,27 "${runtime[@]}" --root "$state" run -b "$bundle" one
}

@test "umask" {
    edit '.process.user.umask = 23'
    prints 0027 umask
    edit '.process.user.umask = 0'
    prints 0000 umask
    edit 'del(.process.user.umask)'
    (umask 077 && prints 0022 umask)
}

@test "standard streams can be opened by name, whoever the user is" {
    edit '.process.user = {uid: 1000, gid: 1000}'
    # Pipes and terminals are given to the user; a file of the caller's need not be.
    script 'echo out >/dev/stdout; echo err >/dev/stderr'
    cgroup_for one
    expect $'out\nerr' bash -c '"$@" 2>&1 | cat' - "${runtime[@]}" --root "$state" run -b "$bundle" one
}

# --- limits ----------------------------------------------------------------------------------------------------------

# "process.rlimits": getrlimit's rlim_cur and rlim_max must match.
@test "rlimits are what they say" {
    edit '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 100, hard: 200}, {type: "RLIMIT_CORE", soft: 0, hard: 4096},
        {type: "RLIMIT_FSIZE", soft: 1048576, hard: 2097152}, {type: "RLIMIT_STACK", soft: 4194304, hard: 8388608}]'
    prints $'100 200\n0 4096\n1048576 2097152\n4194304 8388608' \
        'for name in "open files" "core file size" "file size" "stack size"; do
            grep "^Max $name" /proc/self/limits | sed "s/^Max $name *//" | while read -r soft hard rest; do echo "$soft $hard"; done
        done'
}

@test "rlimits that cannot be" {
    edit '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 200, hard: 100}]'
    fails 'rlimit|invalid argument' in_bundle true
    names 'process.rlimits[0].soft'
    # "for any values which cannot be mapped to a kernel interface, an error".
    edit '.process.rlimits = [{type: "RLIMIT_NOSUCH", soft: 1, hard: 1}]'
    fails 'RLIMIT_NOSUCH' in_bundle true
    names 'process.rlimits[0].type'
    # "duplicated entries with same type: an error".
    ! is_runc || return 0
    edit '.process.rlimits = [{type: "RLIMIT_CORE", soft: 1, hard: 1}, {type: "RLIMIT_CORE", soft: 2, hard: 2}]'
    fails 'RLIMIT_CORE|duplicate|twice' in_bundle true
    names process.rlimits
}

# --- capabilities, privileges ----------------------------------------------------------------------------------------

# "process.capabilities": five sets. CAP_CHOWN is bit 0, CAP_KILL 5, CAP_NET_RAW 13, CAP_SYS_CHROOT 18, CAP_MKNOD 27.
@test "the five sets of capabilities are what they say" {
    edit '.process.capabilities = {
        bounding: ["CAP_CHOWN", "CAP_KILL", "CAP_NET_RAW", "CAP_MKNOD"], permitted: ["CAP_CHOWN", "CAP_KILL", "CAP_NET_RAW"],
        inheritable: ["CAP_KILL", "CAP_NET_RAW"], ambient: ["CAP_KILL"], effective: ["CAP_CHOWN", "CAP_KILL", "CAP_NET_RAW"]}
        | .process.user = {uid: 1000, gid: 1000} | .process.noNewPrivileges = false'
    # What a program of another user than root keeps over its execve(2) is the ambient set.
    prints $'CapInh:\t0000000000002020\nCapPrm:\t0000000000000020\nCapEff:\t0000000000000020\nCapBnd:\t0000000008002021\nCapAmb:\t0000000000000020' \
        'grep ^Cap /proc/self/status'
    edit '.process.user = {uid: 0, gid: 0} | .process.capabilities.ambient = []'
    # Root's program gets the bounding and inheritable sets.
    prints $'CapInh:\t0000000000002020\nCapPrm:\t0000000008002021\nCapEff:\t0000000008002021\nCapBnd:\t0000000008002021\nCapAmb:\t0000000000000000' \
        'grep ^Cap /proc/self/status'
}

@test "no capabilities at all" {
    for filter in '.process.capabilities = {}' 'del(.process.capabilities)'; do
        edit "$filter"
        prints $'CapInh:\t0000000000000000\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\nCapBnd:\t0000000000000000\nCapAmb:\t0000000000000000' \
            'grep ^Cap /proc/self/status'
        ! is_runc || break
    done
}

# "Any value which cannot be mapped ... must be logged as a warning"; "should not fail".
@test "a capability that there is not, or that cannot be had, is a warning" {
    edit '.process.capabilities.bounding += ["CAP_NOSUCH"]'
    args true
    cgroup_for one
    fails -0 'CAP_NOSUCH' rt run -b "$bundle" one
    ! is_runc || return 0
    # The machine's own bounding set may have all: then none is missing.
    edit '.process.capabilities |= map_values(. - ["CAP_NOSUCH"] + ["CAP_SYS_RESOURCE"])'
    script 'grep CapBnd /proc/self/status'
    setpriv --bounding-set -sys_resource --inh-caps -sys_resource "${runtime[@]}" --root "$state" run -b "$bundle" one \
        </dev/null >"$out" 2>"$err"
    expect $'CapBnd:\t0000000020000420' cat "$out"
    grep -q CAP_SYS_RESOURCE "$err"
}

@test "noNewPrivileges" {
    prints $'NoNewPrivs:\t1' 'grep NoNewPrivs /proc/self/status'
    edit '.process.noNewPrivileges = false'
    prints $'NoNewPrivs:\t0' 'grep NoNewPrivs /proc/self/status'
    edit 'del(.process.noNewPrivileges)'
    prints $'NoNewPrivs:\t0' 'grep NoNewPrivs /proc/self/status'
}

# --- names -----------------------------------------------------------------------------------------------------------

@test "hostname, and none" {
    edit '.hostname = "a-name.example"'
    prints a-name.example hostname
    edit 'del(.hostname)'
    prints "$(hostname)" hostname
    edit '.hostname = "x" | .linux.namespaces |= map(select(.type != "uts"))'
    fails 'hostname|uts' in_bundle true
    names hostname
    expect "$(hostname)" hostname
}

@test "domainname" {
    beyond_runc domainname
    edit '.domainname = "example.org"'
    prints example.org 'cat /proc/sys/kernel/domainname'
    edit '.linux.namespaces |= map(select(.type != "uts")) | del(.hostname)'
    fails '' in_bundle true
    names domainname
}

# --- terminal --------------------------------------------------------------------------------------------------------

@test "a terminal by console socket" {
    edit '.process.terminal = true'
    script 'tty; [ -t 0 ] && [ -t 1 ] && [ -t 2 ] && echo three; stat -c %u:%t:%a /dev/pts/0; stat -c %t:%T /dev/console; ps -o tty= | head -n 1'
    console_start
    create one --console-socket "$console"
    rt start one
    console_end >"$BATS_TEST_TMPDIR/text"
    expect $'/dev/pts/0\nthree\n0:88:620\n88:0\n136,0' cat "$BATS_TEST_TMPDIR/text"
    # One descriptor, with its name as the message.
    grep -qE '^1 .' "$screen.name"
    becomes one stopped
    rt delete one
}

@test "the terminal belongs to the user" {
    edit '.process.terminal = true | .process.user = {uid: 1000, gid: 1000}'
    script 'stat -c %u /dev/pts/0; echo x >/dev/tty; echo y >/dev/console'
    console_start
    launch one --console-socket "$console"
    expect $'1000\nx\ny' console_end
    becomes one stopped
    rt delete one
}

# "process.consoleSize".
@test "the terminal's size" {
    edit '.process.terminal = true | .process.consoleSize = {height: 33, width: 111}'
    script 'stty size'
    console_start
    launch one --console-socket "$console"
    expect '33 111' console_end
    becomes one stopped
    rt delete one
}

# "Runtimes must ignore consoleSize if terminal is false or unset."
@test "a size without a terminal is ignored" {
    edit '.process.consoleSize = {height: 33, width: 111}'
    prints over 'echo over'
}

@test "keys reach the program, and the terminal signals" {
    edit '.process.terminal = true'
    script 'trap "echo interrupted; exit 0" INT; echo ready; while :; do read -r line; echo "got $line"; done'
    console_start ready $'typed\n' 'got typed' $'\003'
    launch one --console-socket "$console"
    console_end >"$out"
    grep -qx 'got typed' "$out"
    grep -q interrupted "$out"
    becomes one stopped
    rt delete one
}

@test "terminal and console socket go together" {
    args true
    edit '.process.terminal = true'
    fails 'console|terminal|tty' create one
    fails 'console|terminal|tty' launch one
    fails 'no/such' create one --console-socket /no/such/socket
    edit '.process.terminal = false'
    console_start
    fails 'console|terminal|tty' create one --console-socket "$console"
    kill "$console_pid"
    fails 'not exist' rt state one
}

@test "run with a terminal in the foreground passes the caller's through" {
    edit '.process.terminal = true'
    script 'tty; stty size; exit 9'
    cgroup_for one
    printf 'stty rows 44 cols 122; exec %q' "${runtime[0]}" >"$BATS_TEST_TMPDIR/command"
    printf ' %q' "${runtime[@]:1}" --root "$state" run -b "$bundle" one >>"$BATS_TEST_TMPDIR/command"
    run command script -qec "bash $BATS_TEST_TMPDIR/command" /dev/null
    [ "$status" -eq 9 ]
    # script(1) types the end of its own input, anywhere in between.
    output=$(tr -d '\r' <<<"${output//^[@D]/}")
    [[ $output == *$'/dev/pts/0\n44 122'* ]]
    # And so does exec, before the program asks for it. With runc the program may be faster.
    ! is_runc || return 0
    edit '.process.terminal = false'
    args sleep 1000
    launch two
    printf ' %q' "${runtime[@]}" --root "$state" exec -t two stty size >"$BATS_TEST_TMPDIR/exec"
    for _ in {1..10}; do
        run command script -qec "stty rows 44 cols 122; $(<"$BATS_TEST_TMPDIR/exec")" /dev/null
        [[ $output == *'44 122'* ]]
    done
    remove two
}
