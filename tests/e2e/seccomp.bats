#!/usr/bin/env bats
# Filters of system calls: Docker's default and profiles of the user's with cbox run, linux.seccomp with cbox runtime.

load alpine
load bundle

setup() {
    test_setup
    runtime_setup
    profile=$BATS_TEST_TMPDIR/profile.json
}

teardown() {
    test_teardown && runtime_teardown
}

# seccomp JQ-FILTER: the bundle's linux.seccomp.
seccomp() {
    edit ".linux.seccomp = $1"
}

# --- cbox run ----------------------------------------------------------------------------------------------------------

@test "a container has Docker's filter, whoever its user is" {
    expect $'Seccomp:\t2' in_alpine -- grep Seccomp: /proc/self/status
    expect $'Seccomp:\t2' in_alpine -u 1000 -- grep Seccomp: /proc/self/status
    expect $'NoNewPrivs:\t0' in_alpine -- grep NoNewPrivs /proc/self/status
}

@test "what reaches the host is refused, and what programs need is not" {
    run in_alpine -- sh -c 'unshare -U true; mount -t tmpfs x /mnt; swapoff -a; date -s 2020-01-01; dmesg; true'
    [ "$status" -eq 0 ]
    [[ $output == *"unshare"*"not permitted"*"mount"* ]]
    expect "7 threads" in_alpine -- sh -c 'for i in 1 2 3 4 5 6 7; do true & done; wait; mkdir /x; touch /x/y; chmod 700 /x; echo 7 threads'
}

@test "a call that nobody knows yet does not exist, and is not forbidden" {
    cat >"$BATS_TEST_TMPDIR/call.c" <<'END'
#include <errno.h>
#include <stdio.h>
#include <unistd.h>
int main(void)
{
    static const int numbers[] = {600, 1199, 435 /* clone3 */, 248 /* add_key */};
    for (int i = 0; i < 4; i++) {
        long r = syscall(numbers[i], 0, 0, 0, 0, 0);
        printf("%ld %d\n", r, errno);
    }
}
END
    [ "$(uname -m)" = x86_64 ] || skip "the numbers are those of x86-64"
    "${CC:-cc}" -static -o "$BATS_TEST_TMPDIR/call" "$BATS_TEST_TMPDIR/call.c"
    expect $'-1 38\n-1 38\n-1 38\n-1 1' in_alpine -v "$BATS_TEST_TMPDIR:/t:ro" -- /t/call
}

@test "unconfined is without a filter" {
    expect $'Seccomp:\t0' in_alpine --security-opt seccomp=unconfined -- grep Seccomp: /proc/self/status
    expect $'Seccomp:\t2' in_alpine --security-opt seccomp=builtin -- grep Seccomp: /proc/self/status
}

@test "a profile of the user's, in Docker's form" {
    cat >"$profile" <<'END'
{"defaultAction": "SCMP_ACT_ALLOW",
 "archMap": [{"architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86"]}],
 "syscalls": [
  {"names": ["mkdir", "mkdirat", "no_such_call"], "action": "SCMP_ACT_ERRNO", "errnoRet": 5},
  {"names": ["rmdir"], "action": "SCMP_ACT_ERRNO", "includes": {"caps": ["CAP_SYS_ADMIN"]}},
  {"names": ["chmod", "fchmodat"], "action": "SCMP_ACT_ERRNO", "args": null, "excludes": {"minKernel": "99.1"}}]}
END
    run in_alpine --security-opt "seccomp=$profile" -- sh -c 'mkdir /x; chmod 700 /tmp; rmdir /srv && echo removed >&2'
    [ "$status" -eq 0 ]
    [[ ${lines[0]} == "mkdir: can't create directory '/x': "*O\ error || ${lines[0]} == *"Input/output error" ]]
    [ "${lines[1]}" = "chmod: /tmp: Operation not permitted" ]
    [ "${lines[2]}" = removed ]
}

@test "a filter that forbids what setting up takes forbids it the program alone" {
    cat >"$profile" <<'END'
{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"action": "SCMP_ACT_ERRNO", "names":
 ["sendmsg", "sendto", "recvmsg", "setgroups", "setresuid", "setresgid", "prctl", "close_range", "chdir", "fchdir",
  "openat2", "faccessat", "faccessat2", "stat", "newfstatat", "rt_sigaction", "rt_sigprocmask", "dup2", "setsid"]}]}
END
    expect "" in_alpine --security-opt "seccomp=$profile" -- true
    expect "" in_alpine --security-opt "seccomp=$profile" -u 1000 -- true
    expect "" in_alpine --security-opt "seccomp=$profile" --security-opt no-new-privileges -- true
}

@test "profiles that are none" {
    refuse 125 'opening seccomp profile .*nowhere.*: No such file' in_alpine --security-opt seccomp=/nowhere -- true
    echo '{"defaultAction": 1}' >"$profile"
    refuse 125 'defaultAction: string expected' in_alpine --security-opt "seccomp=$profile" -- true
    echo '{"defaultAction": "SCMP_ACT_MAGIC"}' >"$profile"
    refuse 125 'no such action: "SCMP_ACT_MAGIC"' in_alpine --security-opt "seccomp=$profile" -- true
    echo '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["a"], "name": "b", "action": "SCMP_ACT_LOG"}]}' >"$profile"
    refuse 125 'syscalls\[0\]: name: there are names as well' in_alpine --security-opt "seccomp=$profile" -- true
    head -c 2000000 /dev/zero | tr '\0' ' ' >"$profile"
    refuse 125 'limit|larger|more than' in_alpine --security-opt "seccomp=$profile" -- true
    refuse 125 'invalid --security-opt: "magic"' in_alpine --security-opt magic -- true
    refuse 125 'invalid --security-opt: "seccomp="' in_alpine --security-opt seccomp= -- true
}

@test "a start with a profile that was seen before opens no libseccomp" {
    in_alpine -- true
    strace -f -e trace=open,openat,openat2,seccomp -o "$BATS_TEST_TMPDIR/trace" cbox run --rm alpine true
    run ! grep -q 'libseccomp.*= [0-9]' "$BATS_TEST_TMPDIR/trace"
    grep -q 'seccomp(SECCOMP_SET_MODE_FILTER' "$BATS_TEST_TMPDIR/trace"
}

@test "a damaged or foreign cache weakens nobody" {
    in_alpine -- true
    file=$(ls "$CBOX_STATE"/.seccomp~/*)
    # All of the program becomes "let it pass".
    perl -e 'open F, "+<", $ARGV[0]; $s = -s F; for ($i = $s - 800; $i < $s; $i += 8) { seek F, $i, 0; print F pack "SCCL", 6, 0, 0, 0x7fff0000 }' "$file"
    run in_alpine -- unshare -U true
    [ "$status" -ne 0 ]
    chown 65534 "$CBOX_STATE/.seccomp~"
    run in_alpine -- unshare -U true
    [ "$status" -ne 0 ]
    chown 0 "$CBOX_STATE/.seccomp~"
    in_alpine -- true
}

@test "no-new-privileges" {
    expect $'NoNewPrivs:\t1' in_alpine --security-opt no-new-privileges -- grep NoNewPrivs /proc/self/status
    expect $'NoNewPrivs:\t1' in_alpine --security-opt no-new-privileges:true -u 1000 -- grep NoNewPrivs /proc/self/status
    expect $'NoNewPrivs:\t0' in_alpine --security-opt no-new-privileges=false -- grep NoNewPrivs /proc/self/status
    refuse 125 'invalid --security-opt' in_alpine --security-opt no-new-privileges=perhaps -- true
}

@test "systempaths=unconfined shows all of /proc" {
    in_alpine -- test -c /proc/interrupts
    run in_alpine -- touch /proc/sysrq-trigger
    [ "$status" -ne 0 ]
    in_alpine --security-opt systempaths=unconfined -- test -f /proc/interrupts
    refuse 125 'invalid --security-opt' in_alpine --security-opt systempaths=other -- true
}

@test "labels where the host has none are refused, and none asked for are not" {
    [ ! -d /sys/module/apparmor ] || skip "this host has AppArmor"
    [ ! -d /sys/fs/selinux ] || skip "this host has SELinux"
    in_alpine --security-opt apparmor=unconfined --security-opt label=disable -- true
    refuse 125 'process.apparmorProfile: this host has no AppArmor' in_alpine --security-opt apparmor=docker-default -- true
    refuse 125 'process.selinuxLabel: this host has no SELinux' in_alpine --security-opt label=type:container_t -- true
    refuse 125 'invalid --security-opt' in_alpine --security-opt label=colour:red -- true
}

# --- cbox runtime --------------------------------------------------------------------------------------------------------

# config-linux.md, "Seccomp".
@test "actions" {
    seccomp '{defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 28}]}'
    run in_bundle 'mkdir /tmp/x; echo $?'
    [[ $output == *"No space left"*1 ]]
    for action in KILL KILL_PROCESS KILL_THREAD TRAP; do
        seccomp "{defaultAction: \"SCMP_ACT_ALLOW\", syscalls: [{names: [\"mkdir\", \"mkdirat\"], action: \"SCMP_ACT_$action\"}]}"
        run in_bundle 'mkdir /tmp/x; echo $?'
        [ "${lines[-1]}" = 159 ]
    done
    seccomp '{defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_TRACE", errnoRet: 1}]}'
    run in_bundle 'mkdir /tmp/x; echo $?' # there is no tracer
    [[ $output == *"not implemented"*1 ]]
    seccomp '{defaultAction: "SCMP_ACT_LOG"}'
    run in_bundle 'mkdir /dev/x; echo $?'
    [ "$output" = 0 ]
}

@test "conditions on arguments" {
    seccomp '{defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["kill"], action: "SCMP_ACT_ERRNO",
        args: [{index: 1, value: 10, op: "SCMP_CMP_EQ"}]}]}'
    run in_bundle "trap 'echo two' USR2; kill -USR2 \$\$; kill -USR1 \$\$ 2>/dev/null; echo refused \$?"
    [ "$output" = $'two\nrefused 1' ]
}

@test "with noNewPrivileges and without, for root and others" {
    seccomp '{defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO"}]}'
    for nnp in true false; do
        for uid in 0 1000; do
            edit ".process.noNewPrivileges = $nnp | .process.user = {uid: $uid, gid: $uid}"
            run in_bundle 'mkdir /tmp/x 2>/dev/null; echo $?; grep -E "Seccomp:|CapEff" /proc/self/status | sort'
            [ "${lines[0]}" = 1 ]
            [[ ${lines[2]} == *2 ]]
            # What loading took is gone again.
            (((0x${lines[1]#*:?} & 0x200000) == 0))
        done
    done
}

@test "flags" {
    for flag in TSYNC LOG SPEC_ALLOW; do
        seccomp "{defaultAction: \"SCMP_ACT_ALLOW\", flags: [\"SECCOMP_FILTER_FLAG_$flag\"]}"
        run in_bundle 'grep -c "Seccomp:.2" /proc/self/status'
        [ "$output" = 1 ]
    done
}

@test "architectures that do not name this one change nothing for it" {
    seccomp '{defaultAction: "SCMP_ACT_ALLOW", architectures: ["SCMP_ARCH_X86"], syscalls:
        [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO"}]}'
    run in_bundle 'mkdir /tmp/x 2>/dev/null; echo $?'
    [ "$output" = 1 ]
}

@test "profiles that cannot be" {
    refused() {
        seccomp "$1"
        run --separate-stderr in_bundle true
        [ "$status" -ne 0 ]
        # shellcheck disable=SC2154
        grep -qE "$2" <<<"$stderr" || {
            echo "$1: $stderr"
            return 1
        }
    }
    refused '{defaultAction: "SCMP_ACT_MAGIC"}' 'linux.seccomp.defaultAction'
    refused '{defaultAction: "SCMP_ACT_ALLOW", flags: ["SECCOMP_FILTER_FLAG_MAGIC"]}' 'linux.seccomp.flags'
    refused '{defaultAction: "SCMP_ACT_ALLOW", architectures: ["SCMP_ARCH_MAGIC"]}' 'linux.seccomp.architectures'
    refused '{defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["kill"], action: "SCMP_ACT_NOTIFY"}]}' 'listenerPath'
    refused '{defaultAction: "SCMP_ACT_NOTIFY", listenerPath: "/x"}' 'SCMP_ACT_NOTIFY'
    refused '{defaultAction: "SCMP_ACT_ALLOW", listenerPath: "/nowhere/s", syscalls: [{names: ["kill"], action: "SCMP_ACT_NOTIFY"}]}' \
        'listenerPath: /nowhere/s'
}

# An agent that answers mkdir(2) with 42 (ENOMSG) and keeps the state that it was sent.
agent() {
    python3 - "$1" "$2" <<'END'
import array, fcntl, socket, struct, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
s.bind(sys.argv[1])
s.listen()
s.settimeout(20)
c, _ = s.accept()
fds = array.array("i")
text, ancillary, _, _ = c.recvmsg(65536, socket.CMSG_LEN(4))
fds.frombytes(ancillary[0][2][:4])
while part := c.recv(65536):
    text += part
open(sys.argv[2], "wb").write(text)
# struct seccomp_notif: 80 bytes; struct seccomp_notif_resp: 24.
request = bytearray(80)
fcntl.ioctl(fds[0], 0xC0502100, request)
fcntl.ioctl(fds[0], 0xC0182101, bytearray(struct.pack("=QqiI", struct.unpack_from("=Q", request)[0], 0, -42, 0)))
END
}

@test "the notification descriptor and the container's state go to the agent" {
    agent "$BATS_TEST_TMPDIR/agent" "$BATS_TEST_TMPDIR/sent" 3>&- &
    wait_for 10 test -S "$BATS_TEST_TMPDIR/agent"
    seccomp "{defaultAction: \"SCMP_ACT_ALLOW\", listenerPath: \"$BATS_TEST_TMPDIR/agent\", listenerMetadata: \"for \\\"me\\\"\",
        syscalls: [{names: [\"mkdir\", \"mkdirat\"], action: \"SCMP_ACT_NOTIFY\"}]}"
    edit '.annotations = {"org.test": "yes"}'
    run in_bundle 'mkdir /tmp/x'
    [ "$status" -eq 1 ]
    [[ $output == *"No message of desired type"* ]]
    wait
    jq -e --arg bundle "$bundle" '.fds == ["seccompFd"] and .metadata == "for \"me\"" and .pid > 1 and
        .pid == .state.pid and .state.id == "run" and .state.bundle == $bundle and
        .state.annotations["org.test"] == "yes"' "$BATS_TEST_TMPDIR/sent"
}

@test "a program that enters has the container's filter" {
    seccomp '{defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO"}]}'
    args sleep 1000
    launch c
    run rt exec c sh -c 'mkdir /tmp/x 2>/dev/null; echo $?; grep -c "Seccomp:.2" /proc/self/status'
    [ "$output" = $'1\n1' ]
    rt delete -f c
}

@test "1000 conditions, and more than the kernel takes" {
    seccomp '{defaultAction: "SCMP_ACT_ALLOW", syscalls: [range(1000) |
        {names: ["kill"], action: "SCMP_ACT_ERRNO", args: [{index: 1, value: (. + 100), op: "SCMP_CMP_EQ"}]}]}'
    run in_bundle true
    [ "$status" -eq 0 ]
    seccomp '{defaultAction: "SCMP_ACT_ALLOW", syscalls: [range(5000) |
        {names: ["kill"], action: "SCMP_ACT_ERRNO", args: [{index: 1, value: (. + 100), op: "SCMP_CMP_EQ"}]}]}'
    run --separate-stderr in_bundle true
    [ "$status" -ne 0 ]
    [[ $stderr == *"linux.seccomp"*"too long for the kernel"* ]]
}
