#!/usr/bin/env bats
# What `cbox explain` says of namespaces, processes, users, capabilities, system calls, limits of a process, and of what options
# took away. What a statement rests on is tested by a container made to differ in just that from a plain one: every statement that
# should differ does, and no other.

load alpine

setup_file() {
    file_setup
    PATH=$(dirname -- "$cbox"):$PATH
    cbox pull -q alpine
    run_plain
    cbox explain -f json plain | statements >"$BATS_FILE_TMPDIR/plain"
    cbox rm -f plain
}

run_plain() {
    cbox run -d --name plain --network none --ipc shareable alpine sleep 1000
}

# statements: a document's, one a line: its way through the walls, and its value, or its text where it has none, without the numbers
# that are others each time. A process that is not the first has N for its number inside.
statements() {
    jq -r 'def value: if has("Value") then .Value | if type == "object" then del(.Inode, .Outside, .Parent) |
                 if .Inside? and .Inside > 1 and .Command? then .Inside = "N" else . end else . end else .Text end;
        def flat($way): .[] | (.Name | if test("^[0-9]+$") and . != "1" and $way == "processes" then "N" else . end) as $name |
            "\($way)/\($name)\t\(value | tojson)\t\(.Weak // false)", ((.Facts // []) | flat("\($way)/\($name)"));
        (.Weakened | flat("weakened")),
        (.Walls[] | select(.Name | IN("namespaces", "processes", "users", "capabilities", "syscalls", "labels", "rlimits")) |
            .Name as $wall | .Facts | flat($wall))' | sort
}

weakened() {
    jq -c '[.Weakened[] | {Name, Value: (.Value // .Text)}]'
}

# differs NAME EXPECTED...: the container's statements differ from the plain one's in what the patterns name, all of them, and in
# nothing else.
differs() {
    local name=$1 ways way pattern hit bad=0
    shift
    ways=$(cbox explain -f json "$name" | statements | comm -3 - "$BATS_FILE_TMPDIR/plain" | sed 's/^\t//' | cut -f1 | sort -u)
    for pattern in "$@"; do
        hit=$(while IFS= read -r way; do
            # shellcheck disable=SC2053  # a pattern
            [[ $way != $pattern ]] || echo hit
        done <<<"$ways")
        [ -n "$hit" ] || { echo "$name: $pattern does not differ" && bad=1; }
    done
    while IFS= read -r way; do
        hit=
        for pattern in "$@"; do
            # shellcheck disable=SC2053
            [[ $way != $pattern ]] || hit=yes
        done
        [ -n "$hit" ] || [ -z "$way" ] || { echo "$name: $way differs" && bad=1; }
    done <<<"$ways"
    return $bad
}

@test "a plain container has every wall" {
    run_plain
    expect 0 cbox explain -f '{{len .Weakened}}' plain
    run -0 cbox explain plain
    [[ $output == *"No option took anything away from its walls."* ]]
    [[ $output == *$'\nNAMESPACES\n'*$'\nPROCESSES\n'*$'\nUSERS\n'*$'\nCAPABILITIES\n'*$'\nSYSTEM CALLS\n'* ]]
    [[ $output != *$'\n    !'* && $output != *$'\n  !'* ]]
    # 80 columns, but for words that are longer.
    sed '/^SECURITY MODULES/,$d' <<<"$output" >"$BATS_TEST_TMPDIR/lines"
    [ "$(wc -l <"$BATS_TEST_TMPDIR/lines")" -gt 80 ]
    [ "$(wc -L <"$BATS_TEST_TMPDIR/lines")" -le 80 ]
    cbox rm -f plain
}

# A line each: name; options of run; the statements that differ.
differences="
chown     --cap-drop chown         capabilities/bounding capabilities/effective capabilities/permitted capabilities/kept capabilities/kept/CAP_CHOWN capabilities/dropped capabilities/dropped/CAP_CHOWN
net-admin --cap-add net_admin      capabilities/bounding capabilities/effective capabilities/permitted capabilities/kept capabilities/kept/CAP_NET_ADMIN capabilities/dropped capabilities/dropped/CAP_NET_ADMIN weakened/CAP_NET_ADMIN
bpf       --cap-add bpf            capabilities/bounding capabilities/effective capabilities/permitted capabilities/kept capabilities/kept/CAP_BPF capabilities/dropped capabilities/dropped/CAP_BPF weakened/CAP_BPF syscalls/allowed syscalls/refused syscalls/refused/bpf syscalls/more?than?usual syscalls/more?than?usual/bpf
usual-cap --cap-add chown
user      --user 1000              users/user users/groups capabilities/effective capabilities/permitted processes/1
group     --group-add 77           users/groups
no-new    --security-opt no-new-privileges users/no?new?privileges
unfilter  --security-opt seccomp=unconfined weakened/system?calls syscalls/filter syscalls/allowed syscalls/sometimes syscalls/refused syscalls/refused/* syscalls/default syscalls/unknown
paths     --security-opt systempaths=unconfined weakened/not?hidden weakened/not?closed
pid       --pid host               weakened/pid?namespace namespaces/pid processes/1 processes/N
net       --network host           weakened/net?namespace namespaces/net
uts       --uts host               weakened/uts?namespace namespaces/uts
ipc       --ipc host               weakened/ipc?namespace namespaces/ipc
cgroupns  --cgroupns host          weakened/cgroup?namespace namespaces/cgroup
etc       -v /etc:/etc2:ro         weakened//etc2
run       -v /run:/run2            weakened//run2
state     -v $CBOX_STATE:/state    weakened//state
above     -v $BATS_FILE_TMPDIR:/above weakened//above
other     -v $HOME:/mine
volume    -v some:/mine
nofile    --ulimit nofile=100:200  rlimits/nofile
memory    --memory 64m
"

@test "an option: what differs, and nothing else" {
    local name option value patterns ways before after
    while read -r name option value ways; do
        [ -n "$name" ] || continue
        read -ra patterns <<<"$ways"
        set -- "$option" "$value"
        [ "$option" = --network ] || set -- "$@" --network none
        cbox create --name "$name" "$@" alpine sleep 1000 >/dev/null
        # What it would be, by its specification, is what it is then, by the kernel.
        before=$(cbox explain -f json "$name" | weakened)
        cbox start "$name" >/dev/null
        after=$(cbox explain -f json "$name" | weakened)
        [ "$before" = "$after" ] || { printf '%s\nwould: %s\nis:    %s\n' "$name" "$before" "$after" && return 1; }
        differs "$name" "${patterns[@]}"
        cbox rm -f "$name" >/dev/null
    done <<<"$differences"
}

@test "a privileged container: what it means comes first" {
    cbox run -d --name privileged --network none --privileged alpine sleep 1000
    expect 'privileged capabilities devices system calls not hidden not closed sysfs control groups' \
        bash -c 'cbox explain -f "{{range .Weakened}}{{println .Name}}{{end}}" privileged | grep -v apparmor | xargs'
    run -0 cbox explain privileged
    [[ $output == *$'\nWEAKENED\n'*$'\n  ! privileged '*$'\nNAMESPACES\n'*'! CAP_SYS_ADMIN '* ]]
    cbox rm -f privileged
}

@test "a device: by the filter of the kernel" {
    cbox run -d --name device --network none --device /dev/fuse:/dev/mine alpine sleep 1000
    differs device weakened/devices
    run -0 cbox explain -f '{{json .Weakened}}' device
    [ "$(jq -c '.[0].Value' <<<"$output")" = '["/dev/fuse"]' ]
    cbox rm -f device
}

@test "namespaces that are shared, seen from both sides, and by a process of the host" {
    local pid guest
    run_plain
    cbox run -d --name guest --network container:plain --ipc container:plain --pid container:plain alpine sleep 1000
    differs guest 'weakened/* namespace' namespaces/{net,ipc,pid} processes/1 processes/N
    shared() {
        cbox explain -f json "$1" | jq -c ".Walls[] | select(.Name == \"namespaces\").Facts[] | select(.Name == \"$2\") |
            [.Value.SharedWith, .Weak // false]"
    }
    expect '[["container plain"],true]' shared guest net
    expect '[["container guest"],false]' shared plain net
    expect '[[],false]' shared plain uts
    cbox rm -f guest

    pid=$(cbox inspect -f '{{.State.Pid}}' plain)
    nsenter -t "$pid" -u sleep 1000 3>&- &
    guest=$!
    wait_for 5 grep -q '^sleep' "/proc/$guest/comm"
    run shared plain uts
    kill "$guest"
    [ "$output" = "[[\"process $guest (sleep)\"],false]" ]
    expect 0 cbox explain -f '{{len .Weakened}}' plain
    cbox rm -f plain
}

@test "processes: the tree, both numbers, and what was started from outside" {
    cbox run -d --name tree --network none --health-cmd 'exec sleep 1005' --health-interval 1s --health-timeout 1000s \
        alpine sh -c 'sh -c "sleep 1001; :" & sleep 1002 & wait'
    cbox exec -d -u 1234 tree sleep 1003
    cbox exec tree sh -c 'sleep 1004; :' 3>&- & # killed below: its program goes on, with another parent
    command=$!
    tree() {
        cbox explain -f json tree | jq -r '.Walls[] | select(.Name == "processes").Facts[] | select(.Value.Command?) |
            "\(.Value.Inside) \(.Value.User) \(.Text | sub(".* outside +[^ ]+ +"; ""))"'
    }
    is_whole() { [ "$(tree | grep -c sleep)" -eq 8 ]; }
    wait_for 20 is_whole
    kill -KILL "$command"
    wait "$command" || true
    [ "$(tree | sed 's/^[0-9]* //' | sort)" = "$(sort <<'END'
root sh -c sh -c "sleep 1001; :" & sleep 1002 & wait
root ├─ sh -c sleep 1001; :
root │  └─ sleep 1001
root └─ sleep 1002
1234 by exec: sleep 1003
root by exec: sh -c sleep 1004; :
root └─ sleep 1004
root by health check: sleep 1005
END
        )" ]
    [[ $(tree | head -1) == "1 root sh -c "* ]]
    cbox explain -f json tree | jq -r '.Walls[] | select(.Name == "processes").Facts[] | select(.Value.By?) |
        "\(.Value.By) \(.Source == "/proc/\(.Value.Outside)/status, /proc/\(.Value.Parent)/status")"' | sort | uniq -c |
        sed 's/^ *//' | diff - <(printf '2 exec true\n1 health check true\n')
    # The numbers are the kernel's.
    cbox explain -f json tree | jq -r '.Walls[] | select(.Name == "processes").Facts[] | select(.Value.Command?) |
        "\(.Value.Outside) \(.Value.Inside)"' | while read -r outside inside; do
        [ "$(awk '/^NSpid/ {print $NF}' "/proc/$outside/status")" -eq "$inside" ]
    done
    cbox rm -f tree
}

@test "the processes of the host are looked through once" {
    run_plain
    strace -e trace=openat -o "$BATS_TEST_TMPDIR/trace" cbox explain plain >/dev/null
    [ "$(grep -c 'openat(AT_FDCWD, "/proc", ' "$BATS_TEST_TMPDIR/trace")" -eq 1 ]
    cbox rm -f plain
}

@test "a thousand processes are counted, and some of them shown" {
    cbox run -d --name many --network none alpine sh -c 'i=0; while [ $i -lt 1000 ]; do sleep 1000 & i=$((i + 1)); done; wait'
    facts() { cbox explain -f json many | jq -c '.Walls[] | select(.Name == "processes").Facts | [length, .[0].Value, .[-1].Value]'; }
    all_there() { [ "$(facts)" = '[52,1001,951]' ]; }
    wait_for 30 all_there
    cbox rm -f many
}

@test "what a program calls itself commands no terminal" {
    cbox run -d --name evil --network none alpine \
        sh -c 'exec sh -c "$(printf "sleep 1000; : \\033[31m\\n\\377\\302\\233x")"'
    renamed() { [[ $(cbox explain evil) == *'sh -c sleep 1000'* ]]; }
    wait_for 5 renamed
    run -0 cbox explain evil
    [[ $output == *'sh -c sleep 1000; : ?[31m????x'* ]]
    run ! grep -qP '[\x00-\x09\x0b-\x1f\x7f]' <<<"$output"
    iconv -f UTF-8 -t UTF-8 <<<"$output" >/dev/null
    cbox explain -f json evil | jq -e . >/dev/null
    cbox rm -f evil
}

@test "every source is a file that can be opened" {
    local source name n=0
    run_plain
    cbox create --name made --network none alpine
    for name in plain made; do
        while IFS= read -r source; do
            # shellcheck disable=SC2188  # opened, and no more
            <"$source"
            n=$((n + 1))
        done < <(cbox explain -f json "$name" | jq -r '[.. | objects | .Source? // empty | select(startswith("/"))] | unique[]')
    done
    [ "$n" -gt 15 ]
    run -0 cbox explain --sources plain
    [[ $output == *"[/proc/$(cbox inspect -f '{{.State.Pid}}' plain)/ns/pid]"* ]]
    cbox rm -f made plain
}

@test "an image: what a run would get, and nothing is made" {
    local before
    before=$(find "$CBOX_ROOT" | sort)
    expect 'alpine false 0' cbox explain --image alpine -f '{{.Name}} {{.Running}} {{len .Weakened}}'
    run -0 cbox explain --image alpine
    [[ $output == "What a container of the image alpine would have that is run without options."* ]]
    [[ $output == *"/bin/sh would be process 1 inside"* ]]
    [ "$(find "$CBOX_ROOT" | sort)" = "$before" ]
}

@test "an image without a command, with a volume: what a run with a command would get, the same each time" {
    cbox run --name made --network none alpine true
    cbox export made | cbox import --change 'VOLUME /kept' - bare >/dev/null
    cbox rm made >/dev/null
    run -0 cbox explain --image bare
    [[ $output == *"the command of the run would be process 1 inside"*"a new volume, with what the image has there"* ]]
    [ "$(cbox explain --image bare -f json)" = "$(cbox explain --image bare -f json)" ]
    cbox rmi bare >/dev/null
}

@test "a container that ends while it is explained" {
    local i
    for i in 1 2 3 4 5 6 7 8; do
        cbox run -d --name brief --network none alpine sleep "0.0$i" >/dev/null
        while [ "$(cbox inspect -f '{{.State.Running}}' brief)" = true ]; do
            cbox explain -f json brief | jq -e '.Walls | length > 6' >/dev/null
        done
        expect false cbox explain -f '{{.Running}}' brief
        cbox rm brief >/dev/null
    done
}

@test "what cannot be explained" {
    run_plain
    refuse 1 'no such container: nobody' cbox explain nobody
    refuse 1 'no such image: nothing' cbox explain --image nothing
    refuse 1 'what is to be explained: a container, or --image' cbox explain
    refuse 1 'conflicting options: either a container or --image' cbox explain --image alpine plain
    refuse 1 'at most 1 argument' cbox explain plain plain
    refuse 125 'unknown flag: --loud' cbox explain --loud plain
    refuse 1 'template' cbox explain -f '{{' plain
    refuse 1 'invalid reference format' cbox explain --image 'Not An Image'
    cbox rm -f plain
}
