#!/usr/bin/env bats
# The OCI runtime: hooks. Clauses are those of the runtime specification: config.md "POSIX-platform Hooks" and runtime.md
# "Lifecycle".
# shellcheck disable=SC2154,SC2016  # the helpers set state, bundle, out and err; scripts are the containers'

load helper
load bundle

setup() {
    runtime_setup
    args sleep 1000
    edit '.root.readonly = false'
    log=$BATS_TEST_TMPDIR/hooks.log
    : >"$log"
    chmod 666 "$log"
}

teardown() {
    runtime_teardown
}

# hook KIND SCRIPT [ARG...]: one more hook, a line of the host's shell. Hooks that run inside are run by the root's shell.
hook() {
    local kind=$1 shell=/bin/sh
    local text=$2
    shift 2
    edit --arg kind "$kind" --arg shell "$shell" --arg text "$text" \
        '.hooks[$kind] += [{path: $shell, args: (["sh", "-c", $text] + $ARGS.positional), env: ["PATH=/usr/bin:/bin"]}]' --args -- "$@"
}

# logs KIND TEXT: a hook of this kind on the host's side that adds a line to the log.
logs() {
    hook "$1" "cat >/dev/null; echo $2 >>$log"
}

# "Lifecycle" 3-12: prestart and createRuntime, then createContainer on create; startContainer, then poststart on start;
# poststop on delete; in the order in which they are listed.
@test "hooks run in their order at their time" {
    # startContainer and createContainer's paths of the log: the one is in the container's root after pivot_root(2).
    mkdir "$bundle/rootfs/log"
    edit --arg dir "$BATS_TEST_TMPDIR" '.mounts += [{destination: "/log", type: "none", source: $dir, options: ["rbind"]}]'
    logs prestart prestart
    logs createRuntime createRuntime-1
    logs createRuntime createRuntime-2
    logs createContainer createContainer-1
    logs createContainer createContainer-2
    hook startContainer 'echo startContainer >>/log/hooks.log'
    logs poststop poststop-1
    logs poststop poststop-2
    args sh -c 'echo program >>/log/hooks.log; exec sleep 1000'
    create one
    expect $'prestart\ncreateRuntime-1\ncreateRuntime-2\ncreateContainer-1\ncreateContainer-2' cat "$log"
    : >"$log"
    rt start one
    wait_for 10 grep -q program "$log"
    expect $'startContainer\nprogram' cat "$log"
    : >"$log"
    rt kill one KILL
    becomes one stopped
    [ ! -s "$log" ]
    rt delete one
    expect $'poststop-1\npoststop-2' cat "$log"
}

# "Poststart": after the program is executed, before start returns.
@test "poststart's hooks run after the program began and before start returns" {
    beyond_runc 'poststart in start: it comes in create'
    hook poststart "cat >/dev/null; tr '\\0' ' ' </proc/\$(jq .pid $BATS_TEST_TMPDIR/one.json)/cmdline >>$log"
    logs poststart second
    create one
    rt state one >"$BATS_TEST_TMPDIR/one.json"
    [ ! -s "$log" ]
    rt start one
    expect 'sleep 1000 second' cat "$log"
    remove one
}

# "Lifecycle" 7-9: startContainer hooks come before the program.
@test "the program has not run when startContainer's hook does" {
    hook startContainer '[ ! -e /tmp/program ] && echo before >/tmp/hook'
    args sh -c 'echo >/tmp/program; cat /tmp/hook'
    cgroup_for one
    expect before rt run -b "$bundle" one
}

# "POSIX-platform Hooks": the state must be passed to hooks over stdin.
@test "hooks read the state" {
    local kind
    edit '.annotations = {"org.example.key": "value"}'
    for kind in prestart createRuntime createContainer poststart poststop; do
        hook $kind "cat >$BATS_TEST_TMPDIR/$kind.json"
    done
    hook startContainer 'cat >/tmp/startContainer.json'
    create one
    pid=$(state_of one .pid)
    rt start one
    wait_for 10 test -s "$BATS_TEST_TMPDIR/poststart.json"
    rt kill one KILL
    becomes one stopped
    rt delete one
    for kind in prestart createRuntime createContainer poststart poststop; do
        jq -e --arg bundle "$bundle" '.id == "one" and .bundle == $bundle and (.ociVersion | startswith("1."))
            and .annotations == {"org.example.key": "value"}' "$BATS_TEST_TMPDIR/$kind.json"
    done
    jq -e '.id == "one"' "$bundle/rootfs/tmp/startContainer.json"
    expect "$pid creating" jq -r '"\(.pid) \(.status)"' "$BATS_TEST_TMPDIR/createRuntime.json"
    expect "creating" jq -r .status "$BATS_TEST_TMPDIR/createContainer.json"
    expect "created" jq -r .status "$bundle/rootfs/tmp/startContainer.json"
    # runc's comes in create.
    is_runc || expect "$pid running" jq -r '"\(.pid) \(.status)"' "$BATS_TEST_TMPDIR/poststart.json"
    expect "stopped" jq -r .status "$BATS_TEST_TMPDIR/poststop.json"
}

# The table of "POSIX-platform Hooks": the runtime's namespaces, but for createContainer and startContainer.
@test "hooks run in the namespaces that the specification says" {
    local kind
    edit '.hostname = "inside"'
    for kind in prestart createRuntime createContainer poststart poststop; do
        hook $kind "cat >/dev/null; for kind in mnt uts net; do readlink /proc/self/ns/\$kind; done >$BATS_TEST_TMPDIR/$kind"
    done
    hook startContainer 'for kind in mnt uts net; do readlink /proc/self/ns/$kind; done >/tmp/startContainer'
    create one
    pid=$(state_of one .pid)
    own=$(readlink /proc/self/ns/mnt /proc/self/ns/uts /proc/self/ns/net)
    containers=$(readlink "/proc/$pid/ns/mnt" "/proc/$pid/ns/uts" "/proc/$pid/ns/net")
    rt start one
    wait_for 10 test -s "$BATS_TEST_TMPDIR/poststart"
    remove one
    for kind in prestart createRuntime poststart poststop; do
        expect "$own" cat "$BATS_TEST_TMPDIR/$kind"
    done
    expect "$containers" cat "$BATS_TEST_TMPDIR/createContainer"
    expect "$containers" cat "$bundle/rootfs/tmp/startContainer"
}

# createContainer: "before the pivot_root operation has been executed", but mounts are there; the path is the host's.
@test "createContainer's hook sees the host's files and the container's mounts" {
    hook createContainer "cat >/dev/null; test -e $bundle/config.json && grep -c $bundle/rootfs/proc /proc/self/mountinfo >$log"
    create one
    [ "$(<"$log")" -ge 1 ]
    remove one
}

# startContainer: "in the container namespace", its path is resolved there.
@test "startContainer's hook is the container's program" {
    printf '#!/bin/sh\necho mine >/tmp/hook\n' >"$bundle/rootfs/bin/only-inside"
    chmod 755 "$bundle/rootfs/bin/only-inside"
    edit '.hooks.startContainer = [{path: "/bin/only-inside"}]'
    args cat /tmp/hook
    cgroup_for one
    expect mine rt run -b "$bundle" one
}

# "args": the same semantics as execv's argv; "env": as environ, nothing else.
@test "hooks get their arguments and environment, and nothing else" {
    edit '.hooks.createRuntime = [{path: "/usr/bin/env", args: ["env"], env: ["ONE=1", "TWO=2 2"]}]'
    # What a hook prints is nobody's; by a file then.
    hook createRuntime "cat >/dev/null; tr '\\0' '\\n' </proc/\$\$/environ >$log; tr '\\0' '\\n' </proc/\$\$/cmdline >$log.args; :" x 'y z'
    SECRET=1 create one
    expect PATH=/usr/bin:/bin cat "$log"
    run cat "$log.args"
    [ "${lines[0]}" = sh ]
    [ "${lines[-2]}" = x ]
    [ "${lines[-1]}" = 'y z' ]
    remove one
}

@test "a hook without arguments is called by its path" {
    printf '#!/bin/sh\ncat >/dev/null\ntr "\\0" "\\n" </proc/$$/cmdline >%s\n' "$log" >"$BATS_TEST_TMPDIR/hook"
    chmod 755 "$BATS_TEST_TMPDIR/hook"
    edit --arg hook "$BATS_TEST_TMPDIR/hook" '.hooks.createRuntime = [{path: $hook}]'
    create one
    expect $'/bin/sh\n'"$BATS_TEST_TMPDIR/hook" cat "$log"
    remove one
}

# "Lifecycle" 3-5: if any prestart, createRuntime or createContainer hook fails: an error, the container is stopped and
# destroyed, and the lifecycle goes on with the poststop hooks.
@test "a hook that fails on create: an error, the container is gone, poststop's hooks run" {
    local kind
    cp "$bundle/config.json" "$BATS_TEST_TMPDIR/plain.json"
    for kind in prestart createRuntime createContainer; do
        cp "$BATS_TEST_TMPDIR/plain.json" "$bundle/config.json"
        : >"$log"
        logs $kind first
        hook $kind 'echo the reason >&2; exit 3'
        logs $kind third
        # runc does not run poststop's hooks then.
        is_runc || logs poststop poststop
        fails 'hook' create one
        names "hooks.${kind}[1]"
        is_runc || grep -q 'the reason' "$err"
        fails 'not exist' rt state one
        if is_runc; then
            expect first cat "$log"
        else
            expect $'first\npoststop' cat "$log"
        fi
        [ -z "$(runtime_cgroups)" ]
    done
}

# "Lifecycle" 7: if a startContainer hook fails, the program is not run.
@test "a hook that fails on start: an error, the program does not run" {
    hook startContainer 'exit 3'
    logs poststop poststop
    args sh -c 'echo program >/tmp/program; exec sleep 1000'
    create one
    if is_runc; then
        # runc's start returns before.
        rt start one || true
    else
        fails 'hook' rt start one
        names 'hooks.startContainer[0]'
    fi
    [ ! -e "$bundle/rootfs/tmp/program" ]
    if rt state one >"$out" 2>&1; then
        becomes one stopped
        rt delete one
    fi
    expect poststop cat "$log"
}

@test "a hook that fails on run: an error, and nothing is left" {
    hook startContainer 'exit 3'
    if is_runc; then
        launch one
    else
        fails 'hook' launch one
    fi
    ! rt state one >/dev/null 2>&1 || remove one
    edit 'del(.hooks)'
    hook createRuntime 'exit 3'
    fails 'hook' launch one
    fails 'not exist' rt state one
}

# "Lifecycle" 13: a warning, and the remaining hooks and the lifecycle go on.
@test "a poststop hook that fails is a warning, and the others run" {
    hook poststop 'exit 3'
    logs poststop second
    create one
    rt kill one KILL
    becomes one stopped
    rt delete one
    fails 'not exist' rt state one
    # runc goes no further than the first that fails.
    is_runc || expect second cat "$log"
}

# "Lifecycle" 9: an error, the container is stopped, and the lifecycle goes on at 12.
@test "a poststart hook that fails: an error, the container is gone" {
    logs poststart first
    hook poststart 'exit 3'
    if is_runc; then
        fails 'hook' create one
    else
        logs poststop poststop
        create one
        fails 'hook' rt start one
        names 'hooks.poststart[1]'
        echo poststop >>"$BATS_TEST_TMPDIR/wanted"
    fi
    fails 'not exist' rt state one
    expect "first$(sed '1s/^/\n/' "$BATS_TEST_TMPDIR/wanted" 2>/dev/null)" cat "$log"
}

# "timeout": the number of seconds before aborting the hook.
@test "a hook that takes longer than its time-out is ended and has failed" {
    hook createRuntime "exec sleep 777301"
    edit '.hooks.createRuntime[0].timeout = 1'
    before=$SECONDS
    fails 'hook.*(time|deadline|1 s)' create one
    names 'hooks.createRuntime[0]'
    [ $((SECONDS - before)) -lt 30 ]
    run ! container_pid 777301
    fails 'not exist' rt state one
}

# The hook's own children keep its stderr open.
@test "a hook's children do not keep the runtime waiting" {
    beyond_runc 'end of waiting for pipes'
    hook createRuntime 'cat >/dev/null; sleep 777302 & exit 0'
    before=$SECONDS
    create one
    [ $((SECONDS - before)) -lt 30 ]
    remove one
    kill -KILL "$(container_pid 777302)"
}

@test "delete --force does not wait for a hook that does not end" {
    hook startContainer 'exec sleep 777303'
    create one
    rt start one >/dev/null 2>&1 3>&- &
    wait_for 10 container_pid 777303
    timeout -k 5 20 "${runtime[@]}" --root "$state" delete --force one
    wait
    run ! container_pid 777303
    fails 'not exist' rt state one
}

@test "a hook that reads no state is no failure" {
    edit '.hooks.createRuntime = [{path: "/bin/true"}]'
    edit --arg big "$(printf 'x%.0s' {1..100000})" '.annotations.big = $big'
    create one
    remove one
}

@test "a hook that is not there" {
    edit '.hooks.createRuntime = [{path: "/no/such/hook"}]'
    fails '/no/such/hook.*no such file' create one
    names 'hooks.createRuntime[0]'
    fails 'not exist' rt state one
}

# "path": must be an absolute path; "timeout": must be greater than zero.
@test "hooks that the specification does not allow" {
    beyond_runc 'check of hooks'
    edit '.hooks.createRuntime = [{path: "relative"}]'
    fails 'absolute' create one
    names 'hooks.createRuntime[0].path'
    edit '.hooks.createRuntime = [{path: "/bin/true", timeout: 0}]'
    fails '' create one
    names 'hooks.createRuntime[0].timeout'
    edit '.hooks.createRuntime = [{path: "/bin/true", timeout: -1}]'
    fails '' create one
    names 'hooks.createRuntime[0].timeout'
    edit '.hooks.createRuntime = [{args: ["true"]}]'
    fails '' create one
    names 'hooks.createRuntime[0]'
    edit '.hooks.createRuntime = {}'
    fails '' create one
    names hooks.createRuntime
    fails 'not exist' rt state one
}

@test "hooks have no descriptor of the runtime's, and its streams are not theirs to read" {
    hook createRuntime "cd /proc/\$\$/fd && echo * >$log"
    exec 7</etc/passwd
    create one
    exec 7<&-
    # The shell opens the directory itself.
    expect '0 1 2 3' cat "$log"
    remove one
}

@test "hooks run with the bundle as their directory" {
    hook createRuntime "cat >/dev/null; pwd >$log"
    logs poststop x
    create one
    expect "$bundle" cat "$log"
    remove one
}
