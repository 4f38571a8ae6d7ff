# shellcheck shell=bash
# What it costs to answer a name; sourced by run, whose helpers and folder it uses.
# shellcheck disable=SC2154  # run sets cbox

# ask TIMES NAME...: in the caller's network namespace, the median of the times of an answer, in milliseconds. Each name
# must have one address, and those of several names are not the same.
ask() {
    python3 - "$@" <<'PY'
import socket, statistics, sys, time
times, names = int(sys.argv[1]), [name.encode() for name in sys.argv[2:]]
asker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
asker.settimeout(5)
asker.connect(("127.0.0.11", 53))
taken, found = [], {}
for i in range(times):
    name = names[i % len(names)]
    question = i.to_bytes(2, "big") + b"\1\0\0\1\0\0\0\0\0\0" + bytes([len(name)]) + name + b"\0\0\1\0\1"
    begin = time.perf_counter()
    asker.send(question)
    answer = asker.recv(512)
    taken.append(time.perf_counter() - begin)
    assert answer[:2] == question[:2], "the answer to another question"
    assert answer[3] & 15 == 0 and answer[7] == 1, "not one address"
    found[name] = answer[-4:]
assert len(set(found.values())) == len(names), "names that have the same address"
print("%.3f" % (statistics.median(taken) * 1000))
PY
}

# A network of a thousand: one runs and is asked for; of the others there is what the network's table says of them.
bench_names() {
    local table pid
    with_alpine
    "$cbox" network create bench >/dev/null
    "$cbox" run -d --name bench --network bench alpine sleep 100000 >/dev/null
    pid=$("$cbox" inspect --format '{{.State.Pid}}' bench)
    table=$CBOX_STATE/networks/$("$cbox" network inspect --format '{{.Id}}' bench)/endpoints
    awk '{ own = $0 } END {
        for (i = 1; i < 1000; i++) {
            $0 = own
            $1 = sprintf("%064x", i); $3 = "other" i; $5 = "10.99." int(i / 250) "." i % 250 + 1
            print
        }
        print own
    }' "$table" >"$table.new"
    mv "$table.new" "$table"
    report_limit names "$(nsenter --net --target "$pid" -- bash -c "$(declare -f ask); ask 2000 bench")" \
        'ms for a local answer with 1,000 endpoints (median)' 1
    remove_all
    "$cbox" network rm bench >/dev/null
}
