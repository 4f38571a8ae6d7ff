#!/usr/bin/env bats
# cbox explain: files, kernel, limits, network. Each container differs from the plain one in one option, and so may exactly
# those statements that rest on it.

load helper

setup_file() {
    file_setup
    PATH=$(dirname -- "$cbox"):$PATH
    cbox pull -q alpine
    mkdir -p "$BATS_FILE_TMPDIR/host/below"
    echo text >"$BATS_FILE_TMPDIR/host/file"
    cbox run -d --name plain --network none alpine sleep 999201
}

teardown_file() {
    cbox rm -f plain >/dev/null 2>&1 || true
    file_teardown
}

setup() {
    test_setup
}

teardown() {
    cbox rm -f other >/dev/null 2>&1 || true
}

# other OPTION...: runs one that differs from the plain one in these.
other() {
    cbox run -d --name other --network none "$@" alpine sleep 999202 >/dev/null
}

# wall CONTAINER WALL: the statements of a wall, those below others with both names, as a map.
wall() {
    cbox explain --format json "$1" | jq -c --arg wall "$2" '
        def all($at): .[] | ($at + .Name) as $name | {($name): {Text, Value, Weak}}, ((.Facts // []) | all($name + " "));
        [.Walls[] | select(.Name == $wall).Facts | all("")] | add
        | walk(if type == "string" then gsub("[0-9a-f]{64}"; "ID") else . end)'
}

# differ WALL: the names of what is said of one of the containers and not, or not so, of the other. What is used at the moment
# does not count.
differ() {
    jq -rn --argjson a "$(wall plain "$1")" --argjson b "$(wall other "$1")" '
        def settled: if .Value | type == "object" and has("Usage") then del(.Value.Usage, .Text) else . end;
        [($a + $b | keys[]) as $key | select(($a[$key] | settled) != ($b[$key] | settled)) | $key] | join(", ")'
}

# holds FILTER WALL: whether that is so of what is said of `other`.
holds() {
    wall other "$2" | jq -e "$1" >/dev/null
}

# said NAME WALL [CONTAINER]: the text of a statement.
said() {
    wall "${3:-other}" "$2" | jq -r --arg name "$1" '.[$name].Text'
}

# supplied PATH [CONTAINER] [OPTION...]: where a file comes from, and its value of that name.
supplied() {
    cbox explain --file "$1" --format '{{range .Facts}}{{.Name}}: {{.Text}}
{{end}}' "${@:2}"
}

@test "files: a mount differs, and nothing else" {
    other -v data:/data
    [ "$(differ files)" = /data ]
    [ "$(said /data files)" = "volume data: $CBOX_ROOT/volumes/data/_data; writable" ]
    run -0 cbox explain other
    [[ $output == *"No option took anything away from its walls."* ]]
    cbox rm -f other
    other -v "$BATS_FILE_TMPDIR/host:/bound"
    run -0 cbox explain other
    [[ $output == *"No option took away more than what is marked with ! below."*$'\n  ! /bound '* ]]
    cbox rm -f other
    other -v "$BATS_FILE_TMPDIR/host:/bound:ro"
    [ "$(differ files)" = /bound ]
    [ "$(said /bound files)" = "$BATS_FILE_TMPDIR/host of the host; read-only" ]
    cbox rm -f other
    other --tmpfs /memory:size=2m,exec
    [ "$(differ files)" = /memory ]
    [[ $(said /memory files) == 'tmpfs: memory, '*', at most 2MiB; writable, closed to set-user-ID, devices (nosuid, nodev)' ]]
    cbox rm -f other
    other --shm-size 1m
    [ "$(differ files)" = /dev/shm ]
    cbox rm -f other
    other --read-only
    [ "$(differ files)" = '/etc/hostname, /etc/hosts, /etc/resolv.conf, root' ]
    [[ $(said root files) == 'overlay of 1 layer; read-only: nothing in it can be changed' ]]
    cbox rm -f other
    other --mount "type=image,source=alpine,target=/image"
    [ "$(differ files)" = /image ]
    [[ $(said /image files) == 'the layers of the image sha256:'*'; read-only' ]]
    cbox volume rm data
}

@test "files: what the container writes is counted, and the layers have their history" {
    local diff_id
    other
    [ "$(differ files)" = '' ]
    cbox exec other sh -c 'head -c 100000 /dev/zero >/written'
    [ "$(differ files)" = 'root upper' ]
    wall other files | jq -e '.["root upper"].Value.Size == 100000'
    diff_id=$(cbox image inspect -f '{{index .RootFS.Layers 0}}' alpine)
    cbox explain -f json other | jq -e --arg id "$diff_id" --arg by "$(cbox history --no-trunc --format '{{.CreatedBy}}' alpine)" '
        [.. | objects | select(.Name? == "layer 1")][0].Value | .DiffID == $id and .CreatedBy == $by and .Size > 1000000'
}

@test "a file is a layer's, the container's, a volume's, the host's or the kernel's" {
    other -v "$BATS_FILE_TMPDIR/host:/bound"
    cbox exec other sh -c 'echo more >>/etc/passwd; rm /etc/group; echo new >/new; ln -s /bound/file /link; ln -s /etc/shadow /bound/out'
    supplied /bin/sh other >"$BATS_TEST_TMPDIR/said"
    grep -qx '/bin/sh: a link to /bin/busybox' "$BATS_TEST_TMPDIR/said"
    grep -q '^supplied: by layer 1: sha256:.*, made by ' "$BATS_TEST_TMPDIR/said"
    [[ $(supplied /etc/passwd other) == *'supplied: by the container itself'*'copied from: changed from the one of layer 1: '* ]]
    [[ $(supplied /etc/group other) == *'deleted: by the container itself'*'was supplied: by layer 1: '* ]]
    [[ $(supplied /new other) == *'supplied: by the container itself'* && $(supplied /new other) != *copied* ]]
    [[ $(supplied /etc other) == *'supplied: a directory merged of 3: '* ]]
    [[ $(supplied /link other) == *"/link: a link to /bound/file"*"there it is $BATS_FILE_TMPDIR/host/file"* ]]
    # A link that the container made leads to the container's own file, from wherever it is looked at.
    [[ $(supplied /bound/out other) == *'path: /etc/shadow'*'supplied: by layer 1: '* ]]
    [[ $(supplied /proc/self/exe other) == *'supplied: by what is mounted at /proc: proc of the kernel'* ]]
    refuse 1 'no such file in other: /none/at/all' cbox explain --file /none/at/all other
    # The same of one that does not run; what only a start mounts is told of.
    cbox stop -t 0 other
    [[ $(supplied /etc/passwd other) == *'supplied: by the container itself'*'copied from: '* ]]
    [[ $(supplied /bound/out other) == *'path: /etc/shadow'*'supplied: by layer 1: '* ]]
    [[ $(supplied /link other) == *"there it is $BATS_FILE_TMPDIR/host/file"* ]]
    [[ $(supplied /proc/cpuinfo other) == *'not there while nothing runs'*'supplied: by what is mounted at /proc'* ]]
    refuse 1 'no such file in other: /bound/none' cbox explain --file /bound/none other
    rm "$BATS_FILE_TMPDIR/host/out"
}

@test "of an image a file is a layer's too, and nothing is made" {
    local layers
    layers=$("$fixtures_dir/layers")
    cbox load -qi "$layers" >"$BATS_TEST_TMPDIR/id"
    cbox tag "$(sed 's/.*: //' "$BATS_TEST_TMPDIR/id")" layers
    [[ $(supplied /bin/sh --image alpine) == *'supplied: by layer 1: '* ]]
    [[ $(supplied /links/absolute --image layers) == *'path: /links/a: '*'supplied: by layer 2: '* ]]
    refuse 1 'no such file in layers: /etc/none' cbox explain --image layers --file /etc/none
    refuse 1 'a path is missing' cbox explain --image layers --file ''
    cbox explain --image alpine -f json | jq -e '[.Walls[] | select(.Name == "files").Facts[] | select(.Weak)] == []'
    [ "$(cbox ps -aq --no-trunc)" = "$(cbox inspect -f '{{.Id}}' plain)" ]
    cbox rmi layers
}

@test "kernel: a path, a setting or a device differs, and nothing else" {
    local path
    other --security-opt systempaths=unconfined
    # Each that the plain one has masked or read-only can be written to, and nothing else differs.
    wall plain kernel | jq -e 'has("masked /proc/keys") and has("read-only /proc/sys") and has("writable /proc")'
    holds 'has("writable /proc/keys") and has("writable /proc/sys") and has("read-only /sys") and (has("masked /proc/keys") | not)' kernel
    [ "$(differ kernel | tr , '\n' | grep -cvE '(masked|read-only|writable)( /(proc|sys)/.*)?$')" -eq 0 ]
    cbox rm -f other
    other --sysctl kernel.shmmax=8192
    [ "$(differ kernel)" = 'settings kernel.shmmax' ]
    [ "$(said 'settings kernel.shmmax' kernel)" = 8192 ]
    # As the kernel has it, and not as it was asked for; of a network's as well.
    cbox rm -f other
    other --sysctl net.ipv4.ip_default_ttl=33
    [ "$(differ kernel)" = 'settings net.ipv4.ip_default_ttl' ]
    nsenter -t "$(cbox inspect -f '{{.State.Pid}}' other)" -n sysctl -qw net.ipv4.ip_default_ttl=44
    [ "$(said 'settings net.ipv4.ip_default_ttl' kernel)" = 44 ]
    cbox rm -f other
    other --device /dev/null:/dev/second
    [ "$(differ kernel)" = nodes ]
    [[ $(said nodes kernel) == *'second (c 1:3)'* ]]
    cbox rm -f other
    other --device-cgroup-rule 'c 4000:1 r'
    [ "$(differ kernel)" = 'devices c 4000:1' ]
    holds '."devices c 4000:1" | .Weak and (.Value.Access | startswith("r"))' kernel
}

@test "limits: one differs, and nothing else" {
    other --cpus 0.5
    [ "$(differ limits)" = 'cpu, cpu throttled, no limit' ]
    [[ $(said cpu limits) == 'at most 0.50 CPUs: 50ms of each 100ms; '*' of CPU time so far, '* ]]
    cbox rm -f other
    other --cpu-shares 512
    [ "$(differ limits)" = 'cpu weight' ]
    cbox rm -f other
    other --memory 64m
    holds '."memory".Value.Limit == 67108864 and .memory.Value.Usage > 0 and ."memory limit hit".Value >= 0' limits
    [[ $(differ limits | sed 's/, swap\b.*//') == 'memory, memory limit hit, no limit' ]]
    cbox rm -f other
    other --memory-reservation 32m
    [ "$(differ limits)" = 'memory reserved' ]
    cbox rm -f other
    other --pids-limit 20
    [ "$(differ limits)" = 'no limit, processes, processes refused' ]
    holds '.processes.Value == {Limit: 20, Usage: 1}' limits
    if [ "$(nproc --all)" -gt 1 ]; then
        cbox rm -f other
        other --cpuset-cpus 0
        [ "$(differ limits)" = 'cpus, no limit' ]
        [ "$(said cpus limits)" = 'only CPUs 0' ]
    fi
}

@test "limits: how often each was hit" {
    other --init --cpus 0.1 --memory 16m --memory-swap 16m --pids-limit 5
    holds '."processes refused".Value == 0 and ."memory OOM-killed".Value == 0' limits
    cbox exec other timeout 1 sh -c 'while :; do :; done' || true
    cbox exec other sh -c 'for i in 1 2 3 4 5 6 7; do sleep 1 & done' || true
    wait_for 5 holds '."processes refused".Value > 0' limits
    holds '."cpu throttled".Value | .Times > 0 and .Nanoseconds > 0 and .Periods >= .Times' limits
    wait_for 5 holds ".processes.Value.Usage < 4" limits
    run cbox exec other tail /dev/zero
    [ "$status" -ne 0 ]
    wait_for 5 holds '."memory limit hit".Value > 0 and ."memory OOM-killed".Value > 0' limits
    # Where each is: the kernel has our container's processes there.
    holds '[to_entries[] | select(.key | startswith("cgroup ")) | .value.Value] | length > 0' limits
    # Its path stands there once, and where it is in each hierarchy.
    holds '[to_entries[] | select(.key | startswith("cgroup ")) | .value.Text | startswith("below /")] | length > 0 and all' limits
    while read -r dir; do
        [ -n "$(<"$dir/cgroup.procs")" ]
    done < <(cbox explain -f json other | jq -r '.Walls[] | select(.Name == "limits").Facts[] | select(.Name == "cgroup").Facts[].Value')
}

@test "each source of a living container that is a path can be read" {
    local path n=0
    while read -r path; do
        [ -r "$path" ]
        n=$((n + 1))
    done < <(cbox explain -f json plain | jq -r '[.. | objects | .Source? // empty | select(startswith("/"))] | unique[]')
    [ "$n" -gt 5 ]
}
