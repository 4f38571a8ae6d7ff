#!/usr/bin/env bats
# RUN: what a step's program has, what its mounts show, and that nothing is left of it but its layer.

load alpine

setup() {
    test_setup
    context=$BATS_TEST_TMPDIR/context
    mkdir -p "$context"
    cd "$context" || return
}

teardown() {
    remove_containers
    test_teardown
}

dockerfile() {
    cat >Dockerfile
}

# The build in the background comes to its end, and not to a good one.
fails() {
    local code=0
    wait "$builder" || code=$?
    [ "$code" -ne 0 ]
}

# The files of the last step's layer, a name a line.
last_layer() {
    cbox save app -o "$BATS_TEST_TMPDIR/app.tar"
    mkdir -p "$BATS_TEST_TMPDIR/app"
    tar -C "$BATS_TEST_TMPDIR/app" -xf "$BATS_TEST_TMPDIR/app.tar"
    tar -tf "$BATS_TEST_TMPDIR/app/$(jq -r '.[0].Layers[-1]' "$BATS_TEST_TMPDIR/app/manifest.json")" | sort
}

@test "what a program has: environment, user, directory, a name that is nobody's, no input" {
    dockerfile <<'END'
FROM alpine
ENV A=b
WORKDIR /w
USER 12:34
RUN [ "$A" = b ] && [ "$PWD" = /w ] && [ "$(id -u):$(id -g)" = 12:34 ] && [ "$(hostname)" = cbox-build ]
RUN [ "$(wc -c)" -eq 0 ] && [ -n "$SOURCE_DATE_EPOCH" ]
RUN grep -q '^CapEff:.*0000$' /proc/self/status
USER root
RUN grep -q 'CapEff:.00000000a80425fb' /proc/self/status && grep -q 'Seccomp:.2' /proc/self/status
END
    cbox build -q .
}

@test "both streams come as they were written, and the exit code counts" {
    dockerfile <<'END'
FROM alpine
RUN echo out; echo err >&2; exit 7
END
    run -1 --separate-stderr cbox build --progress plain .
    [[ $stderr == *' out'* && $stderr == *' err'* && $stderr == *'exit code: 7'* ]]
}

@test "what the command line gives to all that run" {
    dockerfile <<'END'
FROM alpine
RUN grep -q '^10.1.2.3.*there$' /etc/hosts && [ "$(ulimit -n)" = 77 ] && grep -q 'Seccomp:.0' /proc/self/status
RUN --network=none [ "$(ls /sys/class/net)" = lo ]
END
    cbox build -q --add-host there=10.1.2.3 --ulimit nofile=77 --security-opt seccomp=unconfined .
    echo '{"defaultAction": "SCMP_ACT_ALLOW"}' >profile
    printf 'FROM alpine\nRUN grep -q Seccomp:.2 /proc/self/status && unshare -r true\n' >Dockerfile
    cbox build -q --security-opt seccomp=profile .
}

@test "a program that is not there" {
    dockerfile <<'END'
FROM alpine
RUN ["/no/such"]
END
    run ! --separate-stderr cbox build .
    [[ $stderr == *'/no/such'*'no such file or directory'* ]]
}

@test "a script is a file" {
    dockerfile <<'END'
FROM alpine
RUN <<EOF
#!/bin/sh
[ "$0" = /dev/pipes/EOF ] && echo written >/x
EOF
END
    cbox build -q -t app .
    expect written cbox run --rm app cat /x
}

@test "what runs is shown to nobody" {
    dockerfile <<'END'
FROM alpine
RUN sleep 30
END
    since=$(date +%s.%N)
    cbox build --progress plain . 2>log 3>&- &
    builder=$!
    wait_for 10 grep -q 'RUN sleep' log
    wait_for 10 pgrep -f '^sleep 30'
    [ -z "$(cbox ps -aq)" ]
    expect 0 cbox info --format '{{.Containers}}'
    run --separate-stderr cbox events --since "$since" --until "$(date +%s.%N)" --filter type=container
    [ -z "$output" ]
    cbox container prune -f
    pgrep -f '^sleep 30'
    kill -INT "$builder"
    fails
}

@test "Ctrl-C ends it, and leaves nothing" {
    dockerfile <<'END'
FROM alpine
RUN touch /x; sleep 31
END
    cbox build . 2>log 3>&- &
    builder=$!
    wait_for 10 pgrep -f '^sleep 31'
    kill -INT "$builder"
    fails
    run -1 pgrep -f '^sleep 31'
    cbox system check
}

@test "SIGKILL of the builder takes its container with it; the store checks clean" {
    dockerfile <<'END'
FROM alpine
RUN touch /first
RUN touch /x; sleep 32
END
    cbox build . 2>log 3>&- &
    builder=$!
    wait_for 10 pgrep -f '^sleep 32'
    kill -KILL "$builder"
    wait_for 10 eval '! pgrep -f "^sleep 32" >/dev/null'
    fails
    [ -z "$(cbox ps -aq)" ]
    cbox system check
    sed -i 's/sleep 32/true/' Dockerfile
    run -0 --separate-stderr cbox build --progress plain .
    [[ $stderr == *CACHED* ]]
}

# Of this test's containers, which others run beside.
kill_monitors() {
    local pid
    for pid in $(pgrep -x cbox-monitor); do
        if grep -sqzxF "CBOX_ROOT=$CBOX_ROOT" "/proc/$pid/environ"; then
            kill -KILL "$pid"
        fi
    done
}

swept() {
    cbox build -q --no-cache --build-arg "AT=$RANDOM" - <<<$'FROM alpine\nRUN true'
    [ -z "$(ls "$CBOX_ROOT/containers")" ] && [ -z "$(comm -13 <(echo "${cgroups_before-}") <(cgroups_of_cbox))" ]
}

@test "SIGKILL of a step's monitor: the step fails, and the next build tidies up" {
    dockerfile <<'END'
FROM alpine
RUN sleep 33
END
    cbox build . 2>log 3>&- &
    builder=$!
    wait_for 10 pgrep -f '^sleep 33'
    kill_monitors
    fails
    grep -q 'monitor was killed' log
    run -1 pgrep -f '^sleep 33'
    wait_for 20 swept
}

@test "networks: none, the host's, the usual; further names" {
    dockerfile <<'END'
FROM alpine
RUN --network=none [ "$(ls /sys/class/net)" = lo ]
RUN --network=host [ "$(ls /sys/class/net | wc -l)" -gt 1 ] || [ -z "$(grep eth0 /proc/net/dev)" ]
RUN ls /sys/class/net | grep -q eth0
RUN grep -q '^1.2.3.4.*other' /etc/hosts && [ -s /etc/resolv.conf ] && touch /last
END
    cbox build -q --allow network.host --add-host other:1.2.3.4 -t app .
    run -0 last_layer
    [ "$output" = last ]
    dockerfile <<'END'
FROM alpine
RUN [ "$(ls /sys/class/net)" = lo ]
END
    cbox build -q --network none .
}

@test "security: insecure takes the user's word" {
    dockerfile <<'END'
FROM alpine
RUN --security=insecure grep -q 'CapEff:.0000003fffffffff\|CapEff:.000001f' /proc/self/status
END
    run -1 --separate-stderr cbox build .
    [[ $stderr == *'--allow security.insecure'* ]]
    cbox build -q --allow security.insecure .
}

@test "limits: out of memory is said" {
    dockerfile <<'END'
FROM alpine
RUN head -c 60000000 /dev/zero | tail >/dev/null
END
    run -1 --separate-stderr cbox build --memory 12m .
    [[ $stderr == *'out of memory'* ]]
}

@test "bind: the context, a part of it, a file; what is written is refused, or thrown away" {
    mkdir -p sub
    echo one >sub/file
    ln -s /etc/passwd out
    dockerfile <<'END'
FROM alpine AS other
RUN echo other >/from-other
FROM alpine
RUN --mount=target=/src [ "$(cat /src/sub/file)" = one ] && ! touch /src/x
RUN --mount=target=/deep/est/src,source=sub [ "$(cat /deep/est/src/file)" = one ] && touch /deep/kept
RUN --mount=target=/f,source=sub/file [ "$(cat /f)" = one ]
RUN --mount=target=/src,rw echo two >/src/sub/file && rm /src/out && [ "$(cat /src/sub/file)" = two ]
RUN --mount=target=/o,from=other,rw [ "$(cat /o/from-other)" = other ] && touch /o/new
RUN --mount=target=/o,from=alpine,source=/bin [ -e /o/busybox ]
RUN touch /last
END
    cbox build -q -t app .
    expect one cat sub/file
    [ -L out ]
    cbox run --rm app ls /deep/kept
    for made in /src /deep/est /f /o; do
        run -1 cbox run --rm app ls "$made"
    done
}

@test "what is made to mount on is in no layer" {
    echo secret >"$BATS_TEST_TMPDIR/s"
    dockerfile <<'END'
FROM alpine
RUN --mount=target=/a/b/c --mount=type=cache,target=/d --mount=type=tmpfs,target=/e/f --mount=type=secret,id=s touch /last
END
    cbox build -q --secret id=s,src="$BATS_TEST_TMPDIR/s" -t app .
    run -0 last_layer
    [ "$output" = last ]
}

@test "a source that is not there" {
    dockerfile <<'END'
FROM alpine
RUN --mount=target=/src,source=missing true
END
    run -1 --separate-stderr cbox build .
    [[ $stderr == *missing* ]]
}

@test "tmpfs: empty, of a size, gone" {
    dockerfile <<'END'
FROM alpine
RUN --mount=type=tmpfs,target=/t,size=1048576 [ "$(df -k /t | tail -1 | tr -s ' ' | cut -d' ' -f2)" = 1024 ] && touch /t/x
RUN [ ! -e /t ]
END
    cbox build -q .
}

@test "cache: stays, is shared by its id, has an owner, begins with what it is told to" {
    dockerfile <<'END'
FROM alpine
RUN --mount=type=cache,target=/c echo kept >/c/one
RUN --mount=type=cache,target=/x,id=/c [ "$(cat /x/one)" = kept ]
RUN --mount=type=cache,target=/c,id=other,uid=12,gid=34,mode=0710 [ "$(stat -c '%u:%g %a' /c)" = '12:34 710' ]
RUN --mount=type=cache,target=/c,id=full,from=alpine,source=/bin [ -e /c/busybox ]
RUN --mount=type=cache,target=/c,ro ! touch /c/two
RUN [ ! -e /c ]
END
    cbox build -q .
    cbox build -q --no-cache .
}

@test "cache: locked is for one at a time, private is another one" {
    dockerfile <<'END'
FROM alpine AS a
RUN --mount=type=cache,target=/c,sharing=locked [ ! -e /c/x ] && touch /c/x && sleep 1 && rm /c/x
RUN --mount=type=cache,target=/p,sharing=private [ ! -e /p/x ] && touch /p/x && sleep 1 && rm /p/x
FROM alpine AS b
RUN --mount=type=cache,target=/c,sharing=locked : ; [ ! -e /c/x ] && touch /c/x && sleep 1 && rm /c/x
RUN --mount=type=cache,target=/p,sharing=private : ; [ ! -e /p/x ] && touch /p/x && sleep 1 && rm /p/x
FROM alpine
COPY --from=a /etc/passwd /a
COPY --from=b /etc/passwd /b
END
    cbox build -q .
}

@test "secrets: files in memory and variables, nowhere on the disk" {
    printf 'geheim-%s' 4711 >"$BATS_TEST_TMPDIR/s"
    dockerfile <<'END'
FROM alpine
RUN --mount=type=secret,id=s [ "$(cat /run/secrets/s)" = geheim-$((4710 + 1)) ]
RUN --mount=type=secret,id=s [ "$(stat -c '%u:%g %a' /run/secrets/s)" = '0:0 400' ] && ! echo x >/run/secrets/s
RUN --mount=type=secret,id=s,target=/s,uid=5,gid=6,mode=0440 [ "$(stat -c '%u:%g %a' /s)" = '5:6 440' ]
RUN --mount=type=secret,id=s,env=TOKEN [ "$TOKEN" = geheim-$((4710 + 1)) ] && [ ! -e /run/secrets/s ]
RUN --mount=type=secret,id=v,env=TOKEN [ "$TOKEN" = geheim-$((4710 + 1)) ]
RUN --mount=type=secret,id=none [ ! -e /run/secrets/none ]
RUN --mount=type=secret,id=s sleep 1; cat /run/secrets/s >/dev/null
END
    VALUE=geheim-4711 cbox build -q --secret id=s,src="$BATS_TEST_TMPDIR/s" --secret id=v,env=VALUE -t app . 3>&- &
    builder=$!
    for ((i = 0; i < 2; i++)); do
        sleep 0.3
        run -1 grep -rl geheim-4711 "$CBOX_ROOT" "$CBOX_STATE"
    done
    wait "$builder"
    run -1 grep -rl geheim-4711 "$CBOX_ROOT" "$CBOX_STATE"
    dockerfile <<'END'
FROM alpine
RUN --mount=type=secret,id=absent,required true
END
    run -1 --separate-stderr cbox build .
    [[ $stderr == *absent*'not found'* ]]
}

@test "ssh: an agent of the user's, or one for a key" {
    command -v ssh-agent >/dev/null || skip "there is no ssh-agent"
    ssh-keygen -q -t ed25519 -N '' -f "$BATS_TEST_TMPDIR/key"
    dockerfile <<'END'
FROM alpine
RUN --mount=type=ssh [ -S "$SSH_AUTH_SOCK" ] && [ "$SSH_AUTH_SOCK" = /run/buildkit/ssh_agent.0 ]
RUN --mount=type=ssh,target=/s,uid=5,gid=6,mode=0620 [ "$(stat -c '%u:%g %a' /s)" = '5:6 620' ]
RUN [ ! -e /run/buildkit ]
END
    eval "$(ssh-agent)" >/dev/null 3>&-
    ssh-add -q "$BATS_TEST_TMPDIR/key"
    cbox build -q --ssh default .
    kill "$SSH_AGENT_PID"
    unset SSH_AUTH_SOCK
    cbox build -q --no-cache --ssh default="$BATS_TEST_TMPDIR/key" .
    run -1 --separate-stderr cbox build --no-cache --ssh default .
    [[ $stderr == *SSH_AUTH_SOCK* ]]
}

@test "--debug: a shell in what a failed step left" {
    dockerfile <<'END'
FROM alpine
RUN echo below >/below
RUN echo left >/left; false
END
    run -1 --separate-stderr cbox build --debug .
    [[ $stderr == *'cbox start -ai '* ]]
    name=$(cbox ps -a --format '{{.Names}}')
    [ -n "$name" ]
    rm -r "$CBOX_ROOT/build-cache/records" # which keep layers too
    cbox image prune -af
    cbox system check
    printf 'cat /below /left; exit\n' >input
    run script -qec "cbox start -ai $name" /dev/null <input
    [[ $output == *below*left* ]]
    cbox rm -f "$name"
}
