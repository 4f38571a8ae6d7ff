#!/usr/bin/env bats
# What a container wrote, kept and read back: drivers, times, following, rotation, and what goes wrong on the way.

load alpine

setup() {
    test_setup
    name=log$BATS_TEST_NUMBER
    disk=
}

teardown() {
    cbox rm -f "$name" >/dev/null 2>&1 || true
    [ -z "$disk" ] || umount "$disk"
    test_teardown
}

# keep [OPTION...] -- COMMAND...: runs a command in a container, $name, that stays, and throws its output away.
keep() {
    local options=()
    while [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    shift
    timeout -k 5 60 cbox run --name "$name" --network none "${options[@]}" alpine "$@" >/dev/null 2>&1
}

# The container's directory.
directory() {
    echo "$CBOX_ROOT"/containers/"$(cbox ps -aq --no-trunc --filter "name=^$name\$")"
}

json_log() {
    echo "$(directory)"/*-json.log
}

# --- reading ---------------------------------------------------------------------------------------------------------

@test "output and errors come back apart, whole and in their order" {
    keep -- sh -c 'echo one; echo two >&2; printf "\n\001\t\"\\ <&>\303\244\n"; printf end'
    run --separate-stderr cbox logs "$name"
    [ "$status" -eq 0 ]
    [ "$output" = "$(printf 'one\n\n\001\t"\\ <&>\303\244\nend')" ]
    [ "$stderr" = two ]
    [ "$(cbox container logs "$name" 2>/dev/null | tail -c 4)" = "$(printf '\nend')" ]
}

@test "the file is Docker's json-file" {
    keep -- sh -c 'printf "a<b\n\tc"'
    id=$(basename "$(directory)")
    file=$(directory)/$id-json.log
    [ "$(jq -r .log "$file")" = "$(printf 'a<b\n\n\tc')" ]
    [ "$(jq -rc 'keys' "$file" | uniq)" = '["log","stream","time"]' ]
    head -n 1 "$file" | grep -qE '^\{"log":"a\\u003cb\\n","stream":"stdout","time":"20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(\.[0-9]{1,9})?Z"\}$'
    [ "$(stat -c %a "$file")" = 640 ]
}

@test "a program that writes nothing costs no file" {
    keep -- true
    [ "$(find "$(directory)" -name '*.log*' | wc -l)" -eq 0 ]
    [ "$(cbox logs "$name")" = "" ]
}

@test "the last lines" {
    keep -- seq 1 1000
    [ "$(cbox logs -n 3 "$name")" = "$(seq 998 1000)" ]
    [ "$(cbox logs --tail 0 "$name")" = "" ]
    [ "$(cbox logs --tail all "$name")" = "$(seq 1 1000)" ]
    [ "$(cbox logs --tail -1 "$name")" = "$(seq 1 1000)" ]
    [ "$(cbox logs -n 5000 "$name")" = "$(seq 1 1000)" ]
    refuse 1 '--tail: "many" is not a number' cbox logs -n many "$name"
}

@test "times, and lines by their time" {
    keep -- sh -c 'echo one; sleep 1.1; echo two'
    run cbox logs -t "$name"
    [[ ${lines[0]} =~ ^20[0-9-]{8}T[0-9:]{8}\.[0-9]{9}Z\ one$ ]]
    second=${lines[1]%% *}
    [ "$(cbox logs --since "$second" "$name")" = two ]
    before=$(($(date -d "$second" +%s%N) - 500000000))
    [ "$(cbox logs --until "${before%?????????}.${before: -9}" "$name")" = one ]
    [ "$(cbox logs --until "$(date -u -d "@${before%?????????}.${before: -9}" +%Y-%m-%dT%H:%M:%S.%NZ)" "$name")" = one ]
    [ "$(cbox logs --since "$(date -d "$second" +%s.%N)" "$name")" = two ]
    [ "$(cbox logs --since 1h "$name" | wc -l)" -eq 2 ]
    [ "$(cbox logs --until 1h "$name" | wc -l)" -eq 0 ]
    refuse 1 'invalid value for "since": failed to parse value as time or duration: "x"' cbox logs --since x "$name"
    refuse 1 'invalid value for "until"' cbox logs --until 2024-13-01 "$name"
}

@test "details are the labels and variables that were asked for" {
    keep --label 'a=1 &' --label b=2 -e WHAT=x --log-opt labels=a,none --log-opt env=WHAT --log-opt 'tag={{.Name}}' -- echo hello
    expect "WHAT=x,a=1+%26,tag=$name hello" cbox logs --details "$name"
    expect hello cbox logs "$name"
}

@test "what a terminal showed is all output" {
    keep -t -- sh -c 'echo out; echo err >&2'
    run --separate-stderr cbox logs "$name"
    [ "$output" = "$(printf 'out\r\nerr\r')" ]
    [ "$stderr" = "" ]
}

@test "a container that is not there, and one that keeps no log" {
    refuse 1 'no such container: nothing' cbox logs nothing
    keep --log-driver none -- echo x
    refuse 1 'configured logging driver does not support reading' cbox logs "$name"
}

@test "a reader that has enough ends it" {
    keep -- seq 1 300000
    timeout 20 bash -c "cbox logs $name | head -n 1" | grep -qx 1
}

# --- following -------------------------------------------------------------------------------------------------------

@test "following shows what is there and what comes, and ends with the container" {
    mkdir "$BATS_TEST_TMPDIR/dir"
    cbox run -d --name "$name" --network none -v "$BATS_TEST_TMPDIR/dir:/dir" alpine \
        sh -c 'echo begin; until [ -e /dir/go ]; do sleep .05; done; seq 1 5000; echo end >&2' >/dev/null
    timeout 60 cbox logs -f "$name" >"$BATS_TEST_TMPDIR/all" 2>"$BATS_TEST_TMPDIR/errors" 3>&- &
    all=$!
    timeout 60 cbox logs -f -n 0 "$name" >"$BATS_TEST_TMPDIR/new" 2>/dev/null 3>&- &
    new=$!
    wait_for 10 grep -qx begin "$BATS_TEST_TMPDIR/all"
    wait_for 10 is_waiting $new
    touch "$BATS_TEST_TMPDIR/dir/go"
    wait $all
    wait $new
    cmp "$BATS_TEST_TMPDIR/all" <(echo begin; seq 1 5000)
    cmp "$BATS_TEST_TMPDIR/new" <(seq 1 5000)
    [ "$(<"$BATS_TEST_TMPDIR/errors")" = end ]
    [ "$(timeout 10 cbox logs -f "$name" 2>&1 | wc -l)" -eq 5002 ]
}

# is_waiting PID: the `cbox logs` that timeout(1) runs as PID's child sleeps in poll(2).
is_waiting() {
    grep -q poll "/proc/$(pgrep -P "$1")/wchan" 2>/dev/null || grep -q '^7 \|^271 ' "/proc/$(pgrep -P "$1")/syscall"
}

@test "following misses nothing and repeats nothing while files are rotated" {
    cbox run -d --name "$name" --network none --log-opt max-size=50k --log-opt max-file=100 alpine \
        sh -c 'for i in $(seq 0 199); do seq $((i * 200 + 1)) $((i * 200 + 200)); done' >/dev/null
    timeout 60 cbox logs -f "$name" >"$BATS_TEST_TMPDIR/all"
    cmp "$BATS_TEST_TMPDIR/all" <(seq 1 40000)
    [ "$(find "$(directory)" -name '*-json.log.*' | wc -l)" -gt 10 ]
}

@test "following goes on while a restart policy does" {
    cbox run -d --name "$name" --network none --restart on-failure:3 alpine sh -c 'echo run; exit 3' >/dev/null
    [ "$(timeout 30 cbox logs -f "$name" | grep -cx run)" -eq 4 ]
    [ "$(cbox logs "$name" | wc -l)" -eq 4 ]
}

@test "following until a time ends at it" {
    cbox run -d --name "$name" --network none alpine sleep 777101 >/dev/null
    timeout 20 cbox logs -f --until "$(date -u -d '+1 second' +%Y-%m-%dT%H:%M:%S.%NZ)" "$name"
    cbox rm -f "$name"
}

@test "a follower of a container that is removed ends" {
    cbox run -d --rm --name "$name" --network none alpine sh -c 'echo x; exec sleep 777102' >/dev/null
    timeout 20 cbox logs -f "$name" >"$BATS_TEST_TMPDIR/all" 3>&- &
    wait_for 10 grep -qx x "$BATS_TEST_TMPDIR/all"
    kill -KILL "$(container_pid 777102)"
    wait $!
}

@test "a follower of a container whose monitor is killed ends" {
    cbox run -d --name "$name" --network none alpine sh -c 'echo x; exec sleep 777103' >/dev/null
    timeout 20 cbox logs -f "$name" >"$BATS_TEST_TMPDIR/all" 3>&- &
    wait_for 10 grep -qx x "$BATS_TEST_TMPDIR/all"
    kill -KILL "$(ps -o ppid= -p "$(container_pid 777103)")"
    wait $!
    expect x cbox logs "$name"
}

# --- drivers ---------------------------------------------------------------------------------------------------------

@test "a log is rotated without asking" {
    keep -- sh -c 'head -c 25000000 /dev/zero | tr "\0" x | fold -w 99'
    [ "$(find "$(directory)" -name '*-json.log*' | wc -l)" -eq 3 ]
    find "$(directory)" -name '*-json.log*' -size +10300k | grep -c . | grep -qx 0
    [ "$(cbox logs -n 1 "$name" | wc -c)" -le 100 ]
    keep_rest=$(cbox logs "$name" | wc -c)
    [ "$keep_rest" -gt 10000000 ]
}

@test "local: compact, compressed when it is rotated, read back whole" {
    keep --log-driver local --log-opt max-size=100k --log-opt max-file=50 -- seq 1 40000
    [ "$(find "$(directory)" -name 'local.log.*.gz' | wc -l)" -ge 1 ]
    cbox logs "$name" | cmp - <(seq 1 40000)
    [ "$(cbox logs -n 20000 "$name")" = "$(seq 20001 40000)" ]
}

@test "drivers and options that are none are refused before there is a container" {
    refuse 125 "log driver named 'nothing'|log driver.*nothing" cbox run --name "$name" --log-driver nothing alpine true
    refuse 125 "unknown log opt 'x' for json-file log driver" cbox run --name "$name" --log-opt x=1 alpine true
    refuse 125 "unknown log opt 'tag' for log driver local" cbox run --name "$name" --log-driver local --log-opt tag=x alpine true
    refuse 125 'max-file cannot be less than 1' cbox run --name "$name" --log-opt max-file=0 alpine true
    refuse 125 'logging mode not supported' cbox run --name "$name" --log-opt mode=x alpine true
    refuse 125 'proto://address' cbox run --name "$name" --log-driver syslog --log-opt syslog-address=x alpine true
    [ -S /run/systemd/journal/socket ] ||
        refuse 125 'journald is not enabled' cbox run --name "$name" --log-driver journald alpine true
    refuse 1 'no such container' cbox logs "$name"
}

# configure LOG_DRIVER LOG_OPTIONS, as JSON
configure() {
    jq --argjson driver "$1" --argjson options "$2" '. + {log_driver: $driver, log_options: $options} | del(.[] | nulls)' \
        "$CBOX_CONFIG" >"$BATS_TEST_TMPDIR/log.json"
}

@test "the configuration says which driver is taken and with what options, and the command line wins" {
    log_of() {
        CBOX_CONFIG=$BATS_TEST_TMPDIR/log.json cbox create --name "$name" "$@" alpine true >/dev/null
        cbox inspect "$name" | jq -c '.[0].HostConfig.LogConfig | [.Type, .Config]'
        cbox rm "$name" >/dev/null
    }
    configure '"local"' '{"max-size": "1m", "max-file": "2"}'
    expect '["local",{"max-file":"2","max-size":"1m"}]' log_of
    expect '["local",{"compress":"false","max-file":"7","max-size":"1m"}]' log_of --log-opt max-file=7 --log-opt compress=false
    expect '["local",{"max-file":"2","max-size":"1m"}]' log_of --log-driver local
    expect '["json-file",{}]' log_of --log-driver json-file
    expect '["none",{}]' log_of --log-driver none
    expect local env CBOX_CONFIG="$BATS_TEST_TMPDIR/log.json" cbox info -f '{{.LoggingDriver}}'
    CBOX_CONFIG=$BATS_TEST_TMPDIR/log.json keep -- echo kept
    [ -e "$(directory)/local.log" ]
    expect kept cbox logs "$name"
    cbox rm "$name"
    configure null '{"labels": "a"}'
    expect '["json-file",{"labels":"a"}]' log_of
    expect '["local",{}]' log_of --log-driver local
    expect json-file cbox info -f '{{.LoggingDriver}}'
}

@test "a configuration of logs that makes no sense is said to be that, and only where it is used" {
    export CBOX_CONFIG
    local usual=$CBOX_CONFIG
    configure '"nothing"' null
    CBOX_CONFIG=$BATS_TEST_TMPDIR/log.json
    refuse 125 'configuration: log_driver and log_options: .*nothing' cbox run --name "$name" alpine true
    cbox run --rm --name "$name" --log-driver local alpine true
    CBOX_CONFIG=$usual configure '"local"' '{"tag": "x"}'
    refuse 1 "configuration: log_driver and log_options: unknown log opt 'tag' for log driver local" cbox create --name "$name" alpine true
    refuse 1 'no such container' cbox logs "$name"
}

@test "syslog: sent there, and readable here" {
    python3 -c 'import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
while True: open(sys.argv[2], "ab").write(s.recv(65536))' "$BATS_TEST_TMPDIR/log" "$BATS_TEST_TMPDIR/got" 3>&- &
    wait_for 10 test -S "$BATS_TEST_TMPDIR/log"
    keep --log-driver syslog --log-opt "syslog-address=unixgram://$BATS_TEST_TMPDIR/log" --log-opt 'tag={{.Name}}' -- \
        sh -c 'echo one; echo two >&2'
    wait_for 10 grep -q two "$BATS_TEST_TMPDIR/got"
    kill $!
    grep -qE "^<30>[A-Z][a-z]{2} [ 0-9][0-9] [0-9:]{8} $name\[[0-9]+\]: one$" "$BATS_TEST_TMPDIR/got"
    grep -qE "^<27>.* $name\[[0-9]+\]: two$" "$BATS_TEST_TMPDIR/got"
    [ "$(cbox logs "$name" 2>/dev/null)" = one ]
}

# --- what goes wrong -------------------------------------------------------------------------------------------------

@test "binary output and lines without end are kept" {
    head -c 300000 /dev/urandom >"$BATS_TEST_TMPDIR/bytes"
    keep --log-driver local -v "$BATS_TEST_TMPDIR:/dir:ro" -- cat /dir/bytes
    cbox logs "$name" | cmp - "$BATS_TEST_TMPDIR/bytes"
    cbox rm "$name" >/dev/null
    keep -- sh -c 'head -c 100000 /dev/zero | tr "\0" x'
    [ "$(cbox logs "$name" | wc -c)" -eq 100000 ]
}

@test "a flood is kept whole, for who is attached and in the log" {
    mkdir "$BATS_TEST_TMPDIR/dir"
    seq 1 8000000 >"$BATS_TEST_TMPDIR/dir/numbers"
    timeout -k 5 60 cbox run --name "$name" --network none --log-opt max-size=-1 -v "$BATS_TEST_TMPDIR/dir:/dir:ro" \
        alpine cat /dir/numbers | cmp - "$BATS_TEST_TMPDIR/dir/numbers"
    cbox logs "$name" | cmp - "$BATS_TEST_TMPDIR/dir/numbers"
}

@test "a damaged log is read as far as it goes" {
    keep -- seq 1 5
    file=$(json_log)
    { head -n 2 "$file"; echo '{"log":"dam'; head -c 100 /dev/urandom | tr -d '\n'; echo; tail -n 3 "$file"; printf '{"log":"half'; } >"$BATS_TEST_TMPDIR/damaged"
    cp "$BATS_TEST_TMPDIR/damaged" "$file"
    expect "$(seq 1 5)" cbox logs "$name"
    rm "$file"
    ln -s /etc/passwd "$file"
    refuse 1 'log' cbox logs "$name"
    rm "$file"
    mkfifo "$file"
    refuse 1 'not a regular file' cbox logs "$name"
}

@test "a writer that is killed leaves whole lines, and the next one goes on behind them" {
    cbox run -d --name "$name" --network none alpine sh -c 'seq 1 20000; exec sleep 777104' >/dev/null
    wait_for 10 container_pid 777104
    wait_for 10 ends_with 20000
    kill -KILL "$(ps -o ppid= -p "$(container_pid 777104)")"
    wait_for 10 is_exited
    cp "$(json_log)" "$BATS_TEST_TMPDIR/before"
    printf '{"log":"half of a li' >>"$(json_log)"
    [ "$(cbox logs -n 1 "$name")" = 20000 ]
    cbox start "$name" >/dev/null
    wait_for 10 container_pid 777104
    wait_for 10 ends_with 20000
    cmp -n "$(stat -c %s "$BATS_TEST_TMPDIR/before")" "$BATS_TEST_TMPDIR/before" "$(json_log)"
    [ "$(jq -r .log "$(json_log)" | grep -c .)" -eq 40000 ]
    cbox rm -f "$name" >/dev/null
}

ends_with() {
    [ "$(cbox logs -n 1 "$name")" = "$1" ]
}

is_exited() {
    [ "$(cbox ps -a --filter "name=^$name\$" --format '{{.State}}')" = exited ]
}

@test "the end of a large log is found at once" {
    keep -- true
    id=$(basename "$(directory)")
    seq 1 3000000 | sed 's/.*/{"log":"line &\\n","stream":"stdout","time":"2024-01-02T03:04:05.123456789Z"}/' >"$(directory)/$id-json.log"
    start=$(date +%s%N)
    expect "$(printf 'line 2999999\nline 3000000')" cbox logs -n 2 "$name"
    [ $(($(date +%s%N) - start)) -lt 1000000000 ]
    [ "$(strace -f -e trace=read,pread64 -o /dev/stdout cbox logs -n 2 "$name" | grep -c 'pread64.*line')" -lt 10 ]
}

@test "a full disk neither holds the program nor costs its last lines" {
    disk=$BATS_TEST_TMPDIR/disk
    mkdir "$disk"
    mount -t tmpfs -o size=64m tmpfs "$disk"
    CBOX_ROOT=$disk/root
    cbox pull -q alpine
    cbox run -d --name "$name" --network none -v "$BATS_TEST_TMPDIR:/dir" alpine \
        sh -c 'echo begin; until [ -e /dir/full ]; do sleep .05; done; seq 1 100000; echo the end' >/dev/null
    wait_for 10 grep -q begin "$(json_log)"
    head -c 100M /dev/zero >"$disk/filler" 2>/dev/null || true
    touch "$BATS_TEST_TMPDIR/full"
    [ "$(timeout 30 cbox wait "$name")" = 0 ]
    cbox logs -n 3 "$name" 2>/dev/null | tail -n 1 | grep -qx 'the end'
    cbox logs "$name" 2>&1 | grep -qE '^cbox: [0-9]+ lines of output not kept: No space left on device$'
    [ "$(tail -c 1 "$(json_log)" | od -An -tx1)" = ' 0a' ]
    rm "$disk/filler"
    cbox rm "$name" >/dev/null
}
