#!/usr/bin/env bats
# cbox ps, top and container prune: which containers there are, and what runs in them.

load helper

setup_file() {
    file_setup
    PATH=$(dirname -- "$cbox"):$PATH
    cbox pull -q alpine
    cbox tag alpine other:1
    # Created in this order; what ends has ended.
    cbox run -d --name first --label role=web --label tier=1 alpine sleep 999001
    cbox run --name failed --label role=db alpine sh -c 'echo 12345 >/written; exit 3' || true
    cbox run --name ended --network host other:1 true
    cbox run -d --name last alpine sleep 999002
    export CBOX_ROOT CBOX_STATE
}

teardown_file() {
    cbox rm -f first failed ended last >/dev/null 2>&1 || true
    file_teardown
}

setup() {
    test_setup
}

teardown() {
    for name in again pruned-{1,2,3}; do
        cbox rm -f "$name" >/dev/null 2>&1 || true
    done
}

# names [OPTION...]: of the containers that ps shows, on one line.
names() {
    cbox ps --format '{{.Names}}' "$@" | paste -sd ' '
}

# --- which there are -------------------------------------------------------------------------------------------------

@test "those that run, the newest first; all with -a; the last ones with -n and -l" {
    [ "$(names)" = 'last first' ]
    [ "$(names -a)" = 'last ended failed first' ]
    [ "$(names -n 2)" = 'last ended' ]
    [ "$(names -n 0)" = 'last first' ]
    [ "$(names -l)" = last ]
    [ "$(names -l -n 3)" = 'last ended failed' ]
}

@test "filters by name, id, label, state, exit code" {
    local id
    id=$(cbox ps -aqf name=failed)
    [ "$(names -a -f name=f)" = 'failed first' ]
    [ "$(names -a -f name=^f.*t$)" = first ]
    [ "$(names -a -f name=/first)" = first ]
    [ "$(names -a -f id="$id")" = failed ]
    [ "$(names -a -f label=role)" = 'failed first' ]
    [ "$(names -a -f label=role=web -f label=tier)" = first ]
    [ "$(names -a -f label=role=web -f label=tier=2)" = '' ]
    [ "$(names -f status=exited)" = 'ended failed' ]
    [ "$(names -f status=exited -f status=running)" = 'last ended failed first' ]
    [ "$(names -a -f exited=3)" = failed ]
    [ "$(names -a -f exited=3 -f exited=0)" = 'ended failed' ]
    [ "$(names -f exited=3)" = '' ]
    [ "$(names -a -f health=none)" = 'last ended failed first' ]
    [ "$(names -a -f health=healthy)" = '' ]
}

@test "filters by neighbours, image, network" {
    [ "$(names -a -f before=ended)" = 'failed first' ]
    [ "$(names -a -f since=failed)" = 'last ended' ]
    [ "$(names -a -f since=first -f before=last)" = 'ended failed' ]
    [ "$(names -a -f before=first)" = '' ]
    [ "$(names -a -f ancestor=alpine)" = 'last ended failed first' ]
    [ "$(names -a -f ancestor=no-such-image)" = '' ]
    [ "$(names -a -f network=host)" = ended ]
    [ "$(names -a -f is-task=true)" = '' ]
    [ "$(names -a -f is-task=false -l)" = last ]
}

@test "what makes no sense is refused" {
    refuse 1 "invalid filter 'typo'" cbox ps -f typo=1
    refuse 1 "invalid filter 'status=gone'" cbox ps -f status=gone
    refuse 1 "invalid filter 'exited=x'" cbox ps -f exited=x
    refuse 1 'no such container: nobody' cbox ps -f since=nobody
    refuse 1 "filter for 'publish' should not contain ':'" cbox ps -f publish=80:80
    refuse 1 'Typo' cbox ps --format '{{.Typo}}'
}

# --- columns ---------------------------------------------------------------------------------------------------------

@test "the table is Docker's" {
    run cbox ps -a
    [[ ${lines[0]} =~ ^CONTAINER\ ID\ +IMAGE\ +COMMAND\ +CREATED\ +STATUS\ +PORTS\ +NAMES$ ]]
    grep -qE '^[0-9a-f]{12} +alpine +"sleep 999001" +[^ ].* ago +Up [^(]* +first$' <<<"$output"
    grep -qE '^[0-9a-f]{12} +alpine +"sh -c '"'"'echo 12345 >…" +.* ago +Exited \(3\) .* ago +failed$' <<<"$output"
    grep -qE '^[0-9a-f]{12} +other:1 +"true" +.* ago +Exited \(0\) .* ago +ended$' <<<"$output"
    run cbox ps -a --no-trunc -f name=failed
    grep -qE '^[0-9a-f]{64} .*"sh -c '"'"'echo 12345 >/written; exit 3'"'"'" ' <<<"$output"
    run cbox ps -aq
    [ "${#lines[@]}" -eq 4 ]
    [[ ${lines[0]} =~ ^[0-9a-f]{12}$ ]]
}

@test "all fields have a value, and JSON has Docker's names" {
    cbox ps -a -f name=first --format json >"$BATS_TEST_TMPDIR/json"
    jq -e '.Names == "first" and .Image == "alpine" and .State == "running" and .Networks == "bridge" and .Ports == "" and
        .Labels == "role=web,tier=1" and .Mounts == "" and .LocalVolumes == "0" and .Command == "\"sleep 999001\"" and
        (.CreatedAt | test("^[0-9-]{10} [0-9:]{8} [+-][0-9]{4} ")) and .Size == "0B" and .Platform == null and
        (.RunningFor | endswith(" ago")) and (.Status | startswith("Up "))' "$BATS_TEST_TMPDIR/json"
    cbox ps -f name=first --format '{{json .}}' | jq -e '.Size | test("^0B \\(virtual .*MB\\)$")'
    [ "$(cbox ps -a -f name=first --format '{{.Label "role"}} {{.Label "none"}}.')" = 'web .' ]
    [ "$(cbox ps -f name=first --format 'table {{.Names}}\t{{.Networks}}\t{{.LocalVolumes}}' | head -n 1)" = \
        'NAMES     NETWORKS   LOCAL VOLUMES' ]
}

@test "-q wins over a template, and says so" {
    run --separate-stderr cbox ps -q --format '{{.Names}}'
    [[ ${lines[0]} =~ ^[0-9a-f]{12}$ ]]
    grep -q 'WARNING: Ignoring custom format' <<<"$stderr"
}

@test "-s counts what a container wrote, each file once" {
    run cbox ps -as -f name=failed
    [[ ${lines[0]} =~ SIZE$ ]]
    [[ ${lines[1]} =~ \ 6B\ \(virtual\ [0-9.]+MB\)$ ]]
    cbox exec first sh -c 'head -c 1000 /dev/zero >/tmp/a; ln /tmp/a /tmp/b; mkdir /tmp/d; ln -s /etc /tmp/d/l'
    [[ $(cbox ps -f name=first --format '{{.Size}}') =~ ^1kB\ \(virtual ]]
    cbox exec first rm -r /tmp/a /tmp/b /tmp/d
}

# status_of NAME REGEX: what ps says of its state matches.
status_of() {
    [[ $(cbox ps -a -f name="$1" --format '{{.State}}: {{.Status}}') =~ $2 ]]
}

@test "states are said in Docker's words: created, paused, restarting, healthy" {
    cbox create --name again alpine true
    status_of again '^created: Created$'
    cbox rm again
    cbox run -d --name again --health-cmd 'test -e /well' --health-interval 100ms --health-retries 1 alpine sleep 999007
    wait_for 5 status_of again '^running: Up .* \(unhealthy\)$'
    [ "$(names -f health=unhealthy)" = again ]
    cbox exec again touch /well
    wait_for 5 status_of again '^running: Up .* \(healthy\)$'
    [ "$(names -f health=healthy -f health=starting)" = again ]
    cbox pause again
    status_of again '^paused: Up [^(]* \(Paused\)$'
    [ "$(names -f status=paused)" = again ]
    [ "$(names)" = 'again last first' ]
    cbox rm -f again
    cbox run -d --name again --restart always alpine sh -c 'exit 7'
    wait_for 5 status_of again '^restarting: Restarting \(7\) .* ago$'
    cbox rm -f again
}

@test "an image that lost its name is shown by its ID" {
    local id
    id=$(cbox images -q --no-trunc other:1)
    cbox untag other:1
    [ "$(cbox ps -a -f name=ended --format '{{.Image}}')" = "${id:7:12}" ]
    [ "$(cbox ps -a --no-trunc -f name=ended --format '{{.Image}}')" = "$id" ]
    cbox tag alpine other:1
    [ "$(cbox ps -a -f name=ended --format '{{.Image}}')" = other:1 ]
}

@test "what is said to run, runs: a monitor that was killed leaves no such record" {
    local pid
    cbox run -d --name again alpine sleep 999003
    pid=$(ps -o ppid= -p "$(container_pid 999003)" | tr -d " ")
    kill -KILL "$pid"
    wait_for 5 eval '[ "$(names -a -f name=again -f status=exited)" = again ]'
    [ "$(cbox ps -a -f name=again --format '{{.State}}')" = exited ]
    [[ $(cbox ps -a -f name=again --format '{{.Status}}') == 'Exited (137) '* ]]
}

@test "a record that cannot be read is told of, and the others are shown" {
    local id
    id=$(printf '%064d' 7)
    mkdir "$CBOX_ROOT/containers/$id"
    echo '{"id": ' >"$CBOX_ROOT/containers/$id/record.json"
    run --separate-stderr cbox ps -a --format '{{.Names}}'
    [ "$(paste -sd ' ' <<<"$output")" = 'last ended failed first' ]
    grep -q 'container 000000000000' <<<"$stderr"
    rm -r "$CBOX_ROOT/containers/$id"
}

@test "mounts: names of volumes, sources of binds, and a filter by any of them" {
    mkdir -p "$BATS_TEST_TMPDIR/bound"
    cbox run -d --name again -v data:/data -v "$BATS_TEST_TMPDIR/bound":/bound alpine sleep 999006
    [[ $(cbox ps -f name=again --format '{{.Mounts}} {{.LocalVolumes}}') =~ ^(data,/tmp/bats-run-.*…|/tmp/bats-run-.*…,data)\ 1$ ]]
    [[ $(cbox ps --no-trunc -f name=again --format '{{.Mounts}}') == *"$BATS_TEST_TMPDIR/bound"* ]]
    for volume in data /data /bound "$BATS_TEST_TMPDIR/bound"; do
        [ "$(names -f volume="$volume")" = again ]
    done
    [ "$(names -f volume=other)" = '' ]
    cbox rm -f again
    cbox volume rm data
}

@test "hundreds of containers are listed, the newest first, and those that only say that they run are found out" {
    export CBOX_ROOT=$BATS_TEST_TMPDIR/root CBOX_STATE=$BATS_TEST_TMPDIR/state
    local i id status
    cbox ps
    mkdir -p "$CBOX_ROOT/containers"
    echo 1 >"$CBOX_ROOT/format"
    for ((i = 1; i <= 300; i++)); do
        printf -v id '%064x' $i
        mkdir "$CBOX_ROOT/containers/$id"
        status=exited
        ((i % 100)) || status=running
        printf '{\n  "id": "%s",\n  "name": "c%d",\n  "command": ["status\\": \\"running"],\n  "created": %d,\n  "started": 1,\n  "status": "%s"\n}\n' \
            "$id" $i $i "$status" >"$CBOX_ROOT/containers/$id/record.json"
    done
    [ "$(names -a)" = "$(seq 300 -1 1 | sed s/^/c/ | paste -sd ' ')" ]
    [ "$(names)" = '' ]
    [ "$(names -a -f exited=137)" = 'c300 c200 c100' ]
}

# --- top -------------------------------------------------------------------------------------------------------------

@test "top shows the container's processes in Docker's columns, as ps(1) has them" {
    cbox exec -d first sleep 999004
    wait_for 5 container_pid 999004 >/dev/null
    run cbox top first
    [[ ${lines[0]} =~ ^UID\ {17}PID\ {17}PPID\ {16}C\ {19}STIME\ {15}TTY\ {17}TIME\ {16}CMD$ ]]
    [ "${#lines[@]}" -eq 3 ]
    grep -qE "^root +$(container_pid 999001) .* sleep 999001$" <<<"$output"
    grep -qE "^root +$(container_pid 999004) .* sleep 999004$" <<<"$output"
    run cbox top first -o pid,comm
    [[ ${lines[0]} =~ ^PID\ {17}COMMAND$ ]]
    kill -KILL "$(container_pid 999004)"
}

@test "top without a ps(1) shows the same" {
    mkdir "$BATS_TEST_TMPDIR/empty"
    PATH=$BATS_TEST_TMPDIR/empty run "$cbox" top first
    PATH=/usr/bin:/bin
    grep -qE '^UID +PID +PPID +C +STIME +TTY +TIME +CMD$' <<<"$output"
    grep -qE "^root +$(container_pid 999001) +[0-9]+ +[0-9]+ +[^ ]+ +\? +00:00:00 +sleep 999001$" <<<"$output"
}

@test "top refuses what it cannot show" {
    refuse 1 "container $(cbox ps -aq --no-trunc -f name=ended) is not running" cbox top ended
    refuse 1 'no column PID' cbox top first -o comm
    refuse 1 'ps: exit status' cbox top first -o nothing-like-it
    refuse 1 'no such container' cbox top nobody
}

# --- prune -----------------------------------------------------------------------------------------------------------

@test "container prune removes what does not run, says what, and how much that was" {
    export CBOX_ROOT=$BATS_TEST_TMPDIR/root CBOX_STATE=$BATS_TEST_TMPDIR/state
    local id
    cbox pull -q alpine
    cbox run --name pruned-1 alpine sh -c 'head -c 2000 /dev/zero >/f'
    cbox run --name pruned-2 --label keep alpine true
    cbox run -d --name pruned-3 alpine sleep 999005
    id=$(cbox ps -aq --no-trunc -f name=pruned-1)
    run cbox container prune <<<n
    [[ $output == 'WARNING! This will remove all stopped containers.'* ]]
    [ "$(names -a)" = 'pruned-3 pruned-2 pruned-1' ]
    expect 'Total reclaimed space: 0B' cbox container prune -f --filter until=1h
    expect "Deleted Containers:
$id

Total reclaimed space: 2kB" cbox container prune -f --filter label!=keep
    [ "$(names -a)" = 'pruned-3 pruned-2' ]
    cbox container prune -f
    [ "$(names -a)" = pruned-3 ]
    refuse 1 "invalid filter 'name'" cbox container prune -f --filter name=x
    [ "$(cbox events --since 0 --until 0s --filter event=prune --format '{{.Type}} {{.Actor.Attributes.reclaimed}}' | sed -n 2p)" = 'container 2000' ]
    cbox rm -f pruned-3
}
