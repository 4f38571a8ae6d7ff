# shellcheck shell=bash
# Building images; sourced by run, whose helpers and folder it uses.
# shellcheck disable=SC2154,SC2034  # run sets dir and cbox, and reads missed

# A context of 25,000 files and 480 MB: sizes from some hundred bytes to some hundred kilobytes, contents that differ.
make_context() {
    python3 - "$1" <<'END'
import os
import random
import sys

source = random.Random(1)
bytes_ = source.randbytes(1 << 20)
sizes = [int(source.lognormvariate(8.6, 1.6)) % 400000 for _ in range(25000)]
scale = 480e6 / sum(sizes)
for n, size in enumerate(sizes):
    folder = "%s/src/%02d/%d" % (sys.argv[1], n % 50, n // 500)
    os.makedirs(folder, exist_ok=True)
    with open("%s/file-%d" % (folder, n), "wb") as file:
        file.write(b"%d\n" % n)
        file.write((bytes_[n:] + bytes_)[: int(size * scale)])
END
    cat >"$1/Dockerfile" <<'END'
FROM alpine
COPY . /context
RUN ls /context/src | wc -l >/folders
END
}

with_builders() {
    [ ! -d "$dir/build" ] || return 0
    mkdir -p "$dir/build/files" "$dir/build/steps" "$dir/certs"
    skopeo copy -q "oci:$(tests/fixtures/alpine)" "docker-archive:$dir/build/alpine.tar:alpine:latest"
    make_context "$dir/build/files"
    {
        echo FROM alpine
        printf 'RUN true # %d\n' {1..10}
    } >"$dir/build/steps/Dockerfile"
    [ -f "$CBOX_CONFIG" ] || echo '{}' >"$CBOX_CONFIG"
    docker_start "$dir/docker" "$dir/certs"
    export DOCKER_BUILDKIT=0
    buildah=(buildah --root "$dir/podman/root" --runroot "$dir/podman/run" --storage-driver overlay)
    cbox_build=("$cbox" build -q --network none)
    docker_build=(docker build -q --network none)
    buildah_build=("${buildah[@]}" bud -q --pull-never --runtime runc --network none --ulimit nofile=1024:4096 --ulimit nproc=1024:4096)
    "$cbox" load -q -i "$dir/build/alpine.tar" >/dev/null
    docker load -q -i "$dir/build/alpine.tar" >/dev/null
    "${buildah[@]}" pull -q "docker-archive:$dir/build/alpine.tar" >/dev/null
}

# What was built goes, so that each round finds the same.
forget_builds() {
    "$cbox" rmi -f built >/dev/null 2>&1 || true
    "$cbox" builder prune -af >/dev/null
    docker rmi -f built >/dev/null 2>&1 || true
    docker image prune -f >/dev/null 2>&1 || true
    "${buildah[@]}" rmi -f built >/dev/null 2>&1 || true
    "${buildah[@]}" rmi --prune -f >/dev/null 2>&1 || true
}

# rounds_of_builds NAME ROUNDS TARGET CONTEXT FORGET [OPTION...]: each builds CONTEXT in turn, from nothing where FORGET is yes. What
# was built before it has warmed all of them up: a round of docker's with the large context takes a minute, too long for that.
rounds_of_builds() {
    local name=$1 n=$2 target=$3 context=$4 forget=$5 round a b c
    shift 5
    : >"$dir/times"
    for ((round = 0; round < n; round++)); do
        [ "$forget" = no ] || forget_builds
        a=$(ms "${cbox_build[@]}" "$@" -t built "$context")
        b=$(ms "${docker_build[@]}" "$@" -t built "$context")
        c=$(ms "${buildah_build[@]}" --layers "$@" -t built "$context")
        echo "$a $b $c" >>"$dir/times"
    done
    sed -i 's/$/ /' "$dir/times"
    report_columns "$name" "$target"
}

bench_build() {
    local found start kib
    with_builders
    "${cbox_build[@]}" "$dir/build/steps" >/dev/null
    "${docker_build[@]}" "$dir/build/steps" >/dev/null
    "${buildah_build[@]}" --layers "$dir/build/steps" >/dev/null
    rounds_of_builds build-steps "$rounds" 0.1 "$dir/build/steps" no --no-cache
    rounds_of_builds build-files 2 0.2 "$dir/build/files" yes --no-cache
    rounds_of_builds build-again "$rounds" 0.1 "$dir/build/files" no
    # Every file is looked at, as find does.
    found=$("$dir/pair" 5 "${cbox_build[@]}" -t built "$dir/build/files" -- sh -c "cd '$dir/build/files' && find . -type f | wc -l") || missed=1
    start=$("$dir/pair" 20 "$cbox" --version -- true) || missed=1
    awk -v found="$found" -v start="$start" 'BEGIN {
        split(found, f, " "); split(start, s, " ")
        limit = 4 * f[2] + s[1]
        met = f[1] <= limit
        printf "%-11s cbox %9.2f ms  find   %9.2f ms  limit (4 times, and the start) %.2f ms  %s\n", "build-find", f[1], f[2], limit, met ? "met" : "MISSED"
        exit !met
    }' || missed=1
    forget_builds
    kib=$(tests/bench/peak "${cbox_build[@]}" "$dir/build/files" 2>"$dir/output") || missed=1
    report_limit build "$(awk "BEGIN { print ${kib:-0} / 1024 }")" "MiB at most in a build of 480 MB" 64
    docker_stop "$dir/docker"
}
