# shellcheck shell=bash
# Measurements of living containers: exec, ps, logs, monitors; sourced by run, whose helpers and folder it uses.
# shellcheck disable=SC2154,SC2034  # run sets dir, cbox and host, and reads missed

with_alpine() {
    with_registry
    "$cbox" pull -q alpine >/dev/null
}

# Both peers with the image; podman's container needs lower limits than it asks for.
with_peers() {
    docker_start "$dir/docker" "$dir/registry/certs.d"
    docker pull -q "$host/library/alpine" >/dev/null
    podman_pull "$dir/podman" alpine >/dev/null
    podman_command "$dir/podman"
}

remove_all() {
    "$cbox" ps -aq 2>/dev/null | xargs -r "$cbox" rm -f >/dev/null 2>&1 || true
}

bench_exec() {
    with_alpine
    with_peers
    "$cbox" run -d --name bench alpine sleep 100000 >/dev/null
    docker run -d --network none --name bench "$host/library/alpine" sleep 100000 >/dev/null
    "${podman_command[@]}" run -d --network none --name bench "${podman_limits[@]}" "$host/library/alpine" sleep 100000 >/dev/null
    pairs exec 20 docker "$(awk 'BEGIN { print 1 / 12 }')" "$cbox" exec bench true -- docker exec bench true
    pairs exec 20 podman "$(awk 'BEGIN { print 1 / 25 }')" "$cbox" exec bench true -- "${podman_command[@]}" exec bench true
    docker rm -f bench >/dev/null
    "${podman_command[@]}" rm -f -t 0 bench >/dev/null
    docker_stop "$dir/docker"
    remove_all
}

# What a living container costs beside its own processes: the memory of its monitor, and its wake-ups in two seconds.
bench_monitor() {
    local pid kib before
    with_alpine
    "$cbox" run -d --name bench alpine sleep 100000 >/dev/null
    pid=$(ps -o ppid= -p "$("$cbox" inspect --format '{{.State.Pid}}' bench)" | tr -d ' ')
    sleep 1
    kib=$(awk '/^Pss:/ { print $2 }' "/proc/$pid/smaps_rollup")
    before=$(awk '/ctxt_switches/ { n += $2 } END { print n }' "/proc/$pid/status")
    sleep 2
    report_limit monitor "$(awk "BEGIN { print $kib / 1024 }")" 'MiB of proportional memory' 1
    report_limit monitor "$(($(awk '/ctxt_switches/ { n += $2 } END { print n }' "/proc/$pid/status") - before))" \
        'wake-ups while nothing happens' 0
    remove_all
}

# create_many FROM TO: so many containers, every other of which runs.
create_many() {
    local n
    for ((n = $1; n < $2; n++)); do
        if ((n % 2)); then
            "$cbox" run -d alpine sleep 100000 >/dev/null
        else
            "$cbox" create alpine true >/dev/null
        fi
    done
}

bench_ps() {
    local round a b
    with_alpine
    create_many 0 500
    : >"$dir/half"
    for ((round = 0; round <= 10; round++)); do
        ms "$cbox" ps -a >>"$dir/half"
    done
    create_many 500 1000
    : >"$dir/times"
    for ((round = 0; round <= 10; round++)); do
        a=$(ms "$cbox" ps)
        [ "$round" -eq 0 ] || echo "$a 30" >>"$dir/times"
    done
    report_two ps '30 ms' 1
    : >"$dir/times"
    b=$(tail -n 10 "$dir/half" | median)
    for ((round = 0; round <= 10; round++)); do
        a=$(ms "$cbox" ps -a)
        [ "$round" -eq 0 ] || echo "$a $b" >>"$dir/times"
    done
    report_two ps 'of half' 2.2
    remove_all
}

# started FROM TO: starts containers and prints milliseconds for each.
started() {
    local start end n
    start=${EPOCHREALTIME/[.,]/}
    for ((n = $1; n < $2; n++)); do
        "$cbox" run -d alpine sleep 100000 >/dev/null || return 1
    done
    end=${EPOCHREALTIME/[.,]/}
    awk "BEGIN { print ($end - $start) / 1000 / ($2 - $1) }"
}

# The first twenty of a thousand running containers against the last twenty.
bench_many() {
    local a b
    with_alpine
    started 0 20 >/dev/null
    remove_all
    if ! a=$(started 0 20) || ! started 20 980 >/dev/null || ! b=$(started 980 1000); then
        echo "many: no thousand containers"
        missed=1
    else
        report many "$b" 'of first' "$a" "$(awk "BEGIN { print $b / $a }")" 1.5
    fi
    remove_all
}

writing='yes "a line of output as long as lines are in the logs of services, with a number: 123456" | head -c 200000000'

# log_of COMMAND...: a container in the background that writes 200 MB and ends, with its log kept.
log_of() {
    local id
    id=$("$@" sh -c "$writing")
    "${@:1:wait_words}" wait "$id" >/dev/null
    "${@:1:wait_words}" rm "$id" >/dev/null
}

bench_logs() {
    local round a b c id large small
    with_alpine
    with_peers
    : >"$dir/times"
    for ((round = 0; round <= rounds; round++)); do
        wait_words=1 a=$(ms log_of "$cbox" run -d alpine)
        wait_words=1 b=$(ms log_of docker run -d --network none "$host/library/alpine")
        wait_words=${#podman_command[@]} c=$(ms log_of "${podman_command[@]}" run -d --network none "${podman_limits[@]}" \
            --log-driver k8s-file "$host/library/alpine")
        [ "$round" -eq 0 ] || echo "$a $b $c" >>"$dir/times"
    done
    docker_stop "$dir/docker"
    report_columns logging 1
    # Of a gigabyte: all of it against reading the file, and its end against the end of a small one.
    large=$("$cbox" run -d --log-opt max-size=-1 alpine sh -c "for n in 1 2 3 4 5; do $writing; done")
    small=$("$cbox" run -d alpine seq 1000)
    "$cbox" wait "$large" "$small" >/dev/null
    : >"$dir/times"
    for ((round = 0; round <= 10; round++)); do
        a=$(ms "$cbox" logs -n 10 "$large")
        b=$(ms "$cbox" logs -n 10 "$small")
        [ "$round" -eq 0 ] || echo "$a $b" >>"$dir/times"
    done
    report_two logs-end 'of little' 1.5
    : >"$dir/times"
    id=$("$cbox" inspect --format '{{.LogPath}}' "$large")
    for ((round = 0; round <= rounds; round++)); do
        a=$(ms "$cbox" logs "$large")
        b=$(ms grep -c 123456 "$id")
        [ "$round" -eq 0 ] || echo "$a $b" >>"$dir/times"
    done
    report_two logs 'grep -c' 2
    remove_all
}
