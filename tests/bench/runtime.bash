# shellcheck shell=bash
# The OCI runtime's measurements; sourced by run, whose helpers and folder it uses.
# shellcheck disable=SC2154,SC2034  # run sets dir and cbox, and reads missed

. tests/fixtures/bundle.bash

bench_id=cbox-bench-$$

# A bundle with the full default specification that runs true, and one that lives.
with_bundle() {
    [ ! -d "$dir/bundle" ] || return 0
    bundle_make "$dir/bundle"
    bundle_args "$dir/bundle" true
    for other in living limited; do
        mkdir "$dir/$other"
        cp "$dir/bundle/config.json" "$dir/$other"
        # shellcheck disable=SC2016  # jq expands it
        bundle_edit "$dir/$other" --arg root "$dir/bundle/rootfs" '.root.path = $root'
    done
    bundle_args "$dir/living" sleep 100000
    bundle_edit "$dir/limited" '.linux.resources.memory.limit = 524288'
    runtime=("$cbox" runtime --root "$dir/memory/oci-cbox")
    runc=(runc --root "$dir/memory/oci-runc")
}

# Whatever a broken-off measurement left.
runtime_clean_up() {
    local id
    [ -d "$dir/bundle" ] || return 0
    for id in "$dir"/memory/oci-cbox/*/; do
        [ ! -d "$id" ] || "${runtime[@]}" delete -f "$(basename "$id")" || true
    done
    for id in "$dir"/memory/oci-runc/*/; do
        [ ! -d "$id" ] || "${runc[@]}" delete -f "$(basename "$id")" || true
    done
}

bench_runtime() {
    local floor
    with_bundle
    pairs runtime 100 runc 0.25 "${runtime[@]}" run -b "$dir/bundle" "$bench_id-a" -- "${runc[@]}" run -b "$dir/bundle" "$bench_id-b"
    cc -O2 -Wall -Wextra -o "$dir/floor" tests/bench/floor.c
    mkdir -p "$dir/floor-dir"/{upper,work,merged}
    floor=("$dir/floor" "$dir/bundle/rootfs" "$dir/floor-dir" /bin/true)
    pairs runtime 200 floor 2 "${runtime[@]}" run -b "$dir/bundle" "$bench_id-a" -- "${floor[@]}"
    # crun 1.8 refuses hosts with both kinds of cgroups, so it runs on a machine of its own there.
    if crun --root "$dir/memory/oci-crun" run -b "$dir/bundle" "$bench_id-c" </dev/null >/dev/null 2>&1; then
        pairs runtime 100 crun 0.75 "${runtime[@]}" run -b "$dir/bundle" "$bench_id-a" -- \
            crun --root "$dir/memory/oci-crun" run -b "$dir/bundle" "$bench_id-c"
    else
        runtime_in_emulation
    fi
}

runtime_in_emulation() {
    local peer a b ratio
    tests/bench/vm 20 >"$dir/output" || missed=1
    while read -r peer a b ratio; do
        case $peer in
        crun) report emulated "$a" crun "$b" "$ratio" 0.75 ;;
        runc) report emulated "$a" runc "$b" "$ratio" 0.25 ;;
        esac
    done <"$dir/output"
    [ "$(wc -l <"$dir/output")" -eq 2 ] || missed=1
}

bench_runtime_exec() {
    with_bundle
    "${runtime[@]}" run -d -b "$dir/living" "$bench_id-a" </dev/null >/dev/null 2>&1
    "${runc[@]}" run -d -b "$dir/living" "$bench_id-b" </dev/null >/dev/null 2>&1
    pairs exec 100 runc 0.25 "${runtime[@]}" exec "$bench_id-a" true -- "${runc[@]}" exec "$bench_id-b" true
    runtime_clean_up
}

# limit NAME VALUE UNIT TARGET
report_limit() {
    awk -v name="$1" -v value="$2" -v unit="$3" -v target="$4" 'BEGIN {
        met = value != "" && value + 0 <= target
        printf "%-11s %.2f %s  target %s  %s\n", name, value, unit, target, met ? "met" : "MISSED"
        exit !met
    }' || missed=1
}

bench_runtime_memory() {
    local verb kib peak=0 n ran=0
    with_bundle
    cc -O2 -Wall -Wextra -o "$dir/rss" tests/bench/rss.c
    for verb in 'run' create exec; do
        case $verb in
        run) kib=$("$dir/rss" "${runtime[@]}" run -b "$dir/bundle" "$bench_id-a" </dev/null 2>"$dir/output") ;;
        create) "$dir/rss" "${runtime[@]}" create -b "$dir/living" "$bench_id-a" </dev/null >"$dir/kib" 2>"$dir/output" && kib=$(<"$dir/kib") ;;
        exec) kib=$("$dir/rss" "${runtime[@]}" exec "$bench_id-a" true </dev/null 2>"$dir/output") ;;
        esac || {
            echo "memory: $verb: $(tail -n 1 "$dir/output")"
            missed=1
        }
        ((kib <= peak)) || peak=$kib
    done
    runtime_clean_up
    report_limit memory "$(awk "BEGIN { print $peak / 1024 }")" "MiB at most in run, create and exec" 4
    for n in {1..20}; do
        ! "${runtime[@]}" run -b "$dir/limited" "$bench_id-a" </dev/null >/dev/null 2>&1 || ((ran += 1))
    done
    report_limit limit "$((20 - ran))" "of 20 runs of true in 512 KiB of memory failed" 0
}

# living FROM TO: starts containers with these numbers and prints milliseconds for each.
living() {
    local start end n
    start=${EPOCHREALTIME/[.,]/}
    for ((n = $1; n < $2; n++)); do
        "${runtime[@]}" run -d -b "$dir/living" "$bench_id-$n" </dev/null >/dev/null 2>&1 || return 1
    done
    end=${EPOCHREALTIME/[.,]/}
    awk "BEGIN { print ($end - $start) / 1000 / ($2 - $1) }"
}

# The first hundred of a thousand against all of them.
bench_runtime_many() {
    local a b
    with_bundle
    living 0 20 >/dev/null && runtime_clean_up
    if ! a=$(living 0 100) || ! b=$(living 100 1000); then
        echo "many: no thousand containers"
        missed=1
        runtime_clean_up
        return 0
    fi
    runtime_clean_up
    report many "$(awk "BEGIN { print ($a * 100 + $b * 900) / 1000 }")" 'of 100' "$a" \
        "$(awk "BEGIN { print ($a * 100 + $b * 900) / 1000 / $a }")" 1.25
}
