#!/usr/bin/env bats
# Dockerfiles, contexts and caches of people who mean no good.

load alpine

setup() {
    test_setup
    context=$BATS_TEST_TMPDIR/context
    mkdir -p "$context"
    cd "$context" || return
}

teardown() {
    [ -z "${SSH_AGENT_PID-}" ] || kill "$SSH_AGENT_PID" 2>/dev/null || true
    remove_containers
    test_teardown
}

dockerfile() {
    cat >Dockerfile
}

# $1 lines, each of what printf makes of "$2" and its number.
repeat() {
    local i
    for ((i = 0; i < $1; i++)); do
        # shellcheck disable=SC2059
        printf "$2\n" "$i"
    done
}

# ARG a17, of a megabyte.
megabyte() {
    local i
    echo ARG a0=xxxxxxxx
    for ((i = 0; i < 17; i++)); do
        echo "ARG a$((i + 1))=\$a$i\$a$i"
    done
}

# With a gigabyte at most.
limited() {
    (
        ulimit -v 1500000
        cbox build "$@"
    )
}

@test "values that double: a small Dockerfile needs little memory" {
    { echo FROM scratch; megabyte; repeat 2000 'ARG b%d=$a17'; } >args
    { megabyte; repeat 2000 'ARG b%d=$a17'; echo FROM scratch; } >globals
    { echo FROM scratch; megabyte; repeat 2000 'COPY $a17 /%d'; } >copies
    { echo FROM scratch; megabyte; repeat 2000 'RUN echo %d'; } >runs
    { echo FROM scratch; printf 'MAINTAINER %01000000d\n' 0; repeat 2000 'ENV a=%d'; repeat 2 'WORKDIR /%d'; } >author
    for file in args globals copies; do
        run -1 limited -f "$file" .
        [[ $output == *'all words together are longer than 64 MiB'* ]]
        limited --check -f "$file" . >out 2>&1 || true
        run -1 grep 'out of memory' out
    done
    for file in runs author; do
        run -1 limited -f "$file" .
        [[ $output == *'of all steps are longer than 256 MiB'* ]]
    done
}

no_contexts() {
    run compgen -G "$CBOX_ROOT/tmp/*-*"
    [ "$status" = 1 ]
}

@test "a context that would fill the disk is given up, and leaves nothing" {
    echo FROM scratch >Dockerfile
    truncate -s 15T bomb
    run -1 cbox build - < <(tar -cS Dockerfile bomb | gzip)
    [[ $output == *'standard input: unpacked it takes more than '*'half of what is free on the disk'* ]]
    no_contexts
}

@test "the host's network is for the user to give" {
    dockerfile <<'END'
FROM alpine
RUN --network=host true
END
    run -1 cbox build .
    [[ $output == *'--network=host is not allowed'* && $output == *'--allow network.host'* ]]
    cbox build -q --allow network.host .
    cbox build -q --no-cache --network host .
}

@test "a cache in a directory brings no names" {
    local before
    before=$(cbox images -q --no-trunc alpine)
    echo 'FROM scratch' >Dockerfile
    echo evil >evil
    echo 'COPY evil /' >>Dockerfile
    cbox build -q -t evil:1 --output type=oci,dest=evil.tar,name=docker.io/library/alpine:latest .
    mkdir cache
    tar -C cache -xf evil.tar
    echo 'FROM alpine' >Dockerfile
    cbox build -q --cache-from type=local,src=cache .
    [ "$(cbox images -q --no-trunc alpine)" = "$before" ]
}

# The file $1 as a blob of the layout cache: its digest.
blob() {
    local hex
    hex=$(sha256sum <"$1" | cut -d' ' -f1)
    cp "$1" "cache/blobs/sha256/$hex"
    echo "$hex"
}

# Replaces what jq's $1 says of the records in the layout cache.
forge() {
    local manifest config
    manifest=cache/blobs/sha256/$(jq -r '.manifests[0].digest' cache/index.json | cut -d: -f2)
    config=cache/blobs/sha256/$(jq -r .config.digest "$manifest" | cut -d: -f2)
    jq -c --arg l io.cbox.build.cache ".config.Labels[\$l] |= (split(\"\\n\") | map(select(. != \"\") | fromjson |
        $1 | tojson) | join(\"\\n\"))" "$config" >forged
    jq -c --arg d "sha256:$(blob forged)" --argjson n "$(stat -c %s forged)" '.config.digest = $d | .config.size = $n' \
        "$manifest" >listed
    jq -c --arg d "sha256:$(blob listed)" --argjson n "$(stat -c %s listed)" \
        '.manifests[0].digest = $d | .manifests[0].size = $n' cache/index.json >index
    cp index cache/index.json
}

@test "sizes that a cache from elsewhere tells are not believed" {
    dockerfile <<'END'
FROM alpine
RUN echo 1 >/one
END
    cbox build -q --cache-to type=local,dest=cache .
    cbox builder prune -af >/dev/null
    forge '.bytes = 900719925474099'
    run -0 cbox build --progress plain --cache-from type=local,src=cache .
    [[ $output == *'#2 CACHED'* ]]
    run -1 grep -r 900719925474099 "$CBOX_ROOT/build-cache/records"
    cbox builder prune -af >/dev/null
    forge '.tarSize = 900719925474099'
    run -0 cbox build --progress plain --cache-from type=local,src=cache .
    [[ $output == *'#2 CACHED'* ]]
    run -1 grep -r 900719925474099 "$CBOX_ROOT/build-cache/records"
}

@test "a mount of the context shows no fifo and no socket" {
    mkdir sub
    mkfifo pipe sub/pipe
    echo 1 >sub/file
    dockerfile <<'END'
FROM alpine
RUN --mount=type=bind,target=/src [ -z "$(find /src -type p)" ] && [ "$(cat /src/sub/file)" = 1 ]
RUN --mount=type=bind,source=sub/file,target=/one [ "$(cat /one)" = 1 ]
END
    cbox build -q .
}

@test "a context that changes while a RUN sees it: what came of that is not kept" {
    echo 1 >file
    dockerfile <<'END'
FROM alpine
RUN --mount=type=bind,target=/src sleep 3; cp /src/file /
END
    cbox build --progress plain . 2>log 3>&- &
    wait_for 10 grep -q '^#2 \[' log
    sleep 0.5
    echo 2 >file
    failed=0
    wait $! || failed=$?
    [ "$failed" -eq 1 ]
    grep -q 'files of the context changed while this ran' log
    cbox build -q -t app .
    expect 2 cbox run --rm app cat /file
}

@test "connections to an agent are served by few processes of the host" {
    command -v ssh-agent >/dev/null || skip 'there is no ssh-agent'
    local builder pid
    eval "$(ssh-agent)" >/dev/null 3>&-
    dockerfile <<'END'
FROM alpine
RUN --mount=type=ssh exec sleep 47
END
    cbox build -q --ssh default . 3>&- &
    builder=$!
    wait_for 10 pgrep -f '^sleep 47'
    pid=$(pgrep -f '^sleep 47')
    python3 - "/proc/$pid/root/run/buildkit/ssh_agent.0" <<'END' &
import socket, sys, time
held = []
for _ in range(150):
    s = socket.socket(socket.AF_UNIX)
    s.setblocking(False)
    s.connect_ex(sys.argv[1])
    held.append(s)
time.sleep(2)
END
    sleep 1
    run -0 pgrep -fc 'build -q --ssh default'
    kill -9 "$pid"
    kill "$SSH_AGENT_PID"
    wait "$builder" || true
    [ "$output" -gt 20 ]
    [ "$output" -lt 80 ]
}

@test "a mount of the context shows nothing that is left out" {
    mkdir -p keep/sub gone back/deep none
    echo "hushed" | tee .env keep/.env keep/sub/x.key gone/file back/deep/no none/a >/dev/null
    echo good | tee keep/sub/file back/deep/yes keep/other >/dev/null
    chmod 0710 keep
    ln -s .env link
    printf '%s\n' '**/.env' '**/*.key' gone back '!back/deep/yes' none '!none/b' >.dockerignore
    dockerfile <<'END'
FROM alpine
RUN --mount=target=/src cd /src && find . | sort >/ro && ! grep -r hus[h]ed . && [ "$(stat -c %a keep)" = 710 ]
RUN --mount=target=/src,rw cd /src && find . | sort >/rw && ! grep -r hus[h]ed . && [ ! -e link ]
RUN --mount=type=cache,target=/c,from=ctx cd /c && find . | sort >/cache
RUN cmp /ro /rw && cat /ro
END
    cbox build --build-context "ctx=$context" --progress plain -t app . >"$BATS_TEST_TMPDIR/log" 2>&1
    run -0 cbox run --rm app cat /ro
    [ "$output" = "$(printf '%s\n' . ./.dockerignore ./Dockerfile ./back ./back/deep ./back/deep/yes ./keep \
        ./keep/other ./keep/sub ./keep/sub/file ./link)" ]
    run -1 cbox build --target none -f - . <<'END'
FROM alpine AS none
RUN --mount=target=/src,source=.env cat /src
END
}
