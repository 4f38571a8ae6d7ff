#!/usr/bin/env bats
# inspect: what it says of a container, against what the kernel and the files say.

load alpine

# inspect NAME JQ-FILTER
inspect() {
    cbox inspect "$1" | jq -r ".[0] | $2"
}

@test "the shape is Docker's: names and their order" {
    cbox create --name shape alpine true
    expect 'Id Created Path Args State Image ResolvConfPath HostnamePath HostsPath LogPath Name RestartCount Driver Platform MountLabel ProcessLabel AppArmorProfile ExecIDs HostConfig GraphDriver Mounts Config NetworkSettings' \
        inspect shape 'keys_unsorted | join(" ")'
    expect 'Status Running Paused Restarting OOMKilled Dead Pid ExitCode Error StartedAt FinishedAt' inspect shape '.State | keys_unsorted | join(" ")'
    expect 'Hostname Domainname User AttachStdin AttachStdout AttachStderr Tty OpenStdin StdinOnce Env Cmd Image Volumes WorkingDir Entrypoint OnBuild Labels' \
        inspect shape '.Config | keys_unsorted | join(" ")'
    expect 'Binds ContainerIDFile LogConfig NetworkMode PortBindings RestartPolicy AutoRemove VolumeDriver VolumesFrom ConsoleSize CapAdd CapDrop CgroupnsMode Dns DnsOptions DnsSearch ExtraHosts GroupAdd IpcMode Cgroup Links OomScoreAdj PidMode Privileged PublishAllPorts ReadonlyRootfs SecurityOpt UTSMode UsernsMode ShmSize Runtime Isolation CpuShares Memory NanoCpus CgroupParent BlkioWeight BlkioWeightDevice BlkioDeviceReadBps BlkioDeviceWriteBps BlkioDeviceReadIOps BlkioDeviceWriteIOps CpuPeriod CpuQuota CpuRealtimePeriod CpuRealtimeRuntime CpusetCpus CpusetMems Devices DeviceCgroupRules DeviceRequests MemoryReservation MemorySwap MemorySwappiness OomKillDisable PidsLimit Ulimits CpuCount CpuPercent IOMaximumIOps IOMaximumBandwidth MaskedPaths ReadonlyPaths' \
        inspect shape '.HostConfig | keys_unsorted | join(" ")'
    expect 'null null [] {}' inspect shape '[.HostConfig.Binds, .Config.Entrypoint, .HostConfig.Dns, .Config.Labels] | map(tojson) | join(" ")'
    cbox rm shape
}

@test "the state is what the kernel says, from its making to its end" {
    cbox create --name state alpine sh -c 'sleep 1000 & wait; exit 3'
    expect 'created false 0 0001-01-01T00:00:00Z' inspect state '[.State.Status, .State.Running, .State.Pid, .State.StartedAt] | map(tostring) | join(" ")'
    cbox start state
    expect 'running true 0' inspect state '[.State.Status, .State.Running, .State.ExitCode] | map(tostring) | join(" ")'
    pid=$(inspect state .State.Pid)
    grep -q state "/proc/$pid/cgroup" || [ "$(tr '\0' ' ' <"/proc/$pid/cmdline")" = 'sh -c sleep 1000 & wait; exit 3 ' ]
    cbox pause state
    expect 'paused true true' inspect state '[.State.Status, .State.Running, .State.Paused] | map(tostring) | join(" ")'
    cbox unpause state
    cbox kill state
    wait_for 10 [ "$(inspect state .State.Status)" = exited ]
    expect 'exited false 0 137' inspect state '[.State.Status, .State.Running, .State.Pid, .State.ExitCode] | map(tostring) | join(" ")'
    [[ $(inspect state .State.FinishedAt) > $(inspect state .State.StartedAt) ]]
    cbox rm state
}

@test "exit code and out-of-memory kill" {
    cbox run --name end-1 alpine sh -c 'exit 7' || true
    expect '7 false' inspect end-1 '[.State.ExitCode, .State.OOMKilled] | map(tostring) | join(" ")'
    cbox run --name end-2 -m 6m --memory-swap 6m alpine sh -c 'x=$(head -c 100000000 /dev/zero | tr "\0" x); echo $x' || true
    expect 'true' inspect end-2 .State.OOMKilled
    cbox rm end-1 end-2
}

@test "what was asked for, merged with the image" {
    mkdir "$BATS_TEST_TMPDIR/dir"
    cbox create --name asked -e A=1 -l b=2 -u 1000:1000 -w /tmp -m 64m --cap-add net_admin -v "$BATS_TEST_TMPDIR/dir:/x:ro" \
        --entrypoint /bin/echo -h me --ulimit nofile=10:20 --device /dev/fuse alpine one two
    expect '/bin/echo ["one","two"]' inspect asked '.Path + " " + (.Args | tojson)'
    expect '["A=1","PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]' inspect asked '.Config.Env | tojson'
    expect '1000:1000 /tmp me 67108864 134217728' inspect asked '[.Config.User, .Config.WorkingDir, .Config.Hostname, .HostConfig.Memory, .HostConfig.MemorySwap] | map(tostring) | join(" ")'
    expect '["CAP_NET_ADMIN"] [{"Name":"nofile","Hard":20,"Soft":10}]' inspect asked '(.HostConfig.CapAdd | tojson) + " " + (.HostConfig.Ulimits | tojson)'
    expect '[{"PathOnHost":"/dev/fuse","PathInContainer":"/dev/fuse","CgroupPermissions":"rwm"}]' inspect asked '.HostConfig.Devices | tojson'
    expect "{\"Type\":\"bind\",\"Source\":\"$BATS_TEST_TMPDIR/dir\",\"Destination\":\"/x\",\"Mode\":\"ro\",\"RW\":false,\"Propagation\":\"rprivate\"}" inspect asked '.Mounts[0] | tojson'
    expect 'asked' cbox inspect -f '{{slice .Name 1}}' asked
    [ -d "$(inspect asked .GraphDriver.Data.UpperDir)" ] && [ -f "$(inspect asked .HostsPath)" ]
    expect "$(cbox image inspect -f '{{.Id}}' alpine)" inspect asked .Image
    cbox rm asked
}

@test "by name, by id and by its start; --type, --size and --format" {
    id=$(cbox create --name kinds alpine sh -c 'head -c 5000 /dev/zero >/file')
    cbox start -a kinds
    for name in kinds "$id" "${id:0:12}"; do
        expect "$id" cbox inspect -f '{{.Id}}' "$name"
        expect "$id" cbox container inspect -f '{{.Id}}' "$name"
    done
    expect 5000 cbox inspect -s -f '{{.SizeRw}}' kinds
    [ "$(cbox inspect -s -f '{{.SizeRootFs}}' kinds)" -gt 1000000 ]
    expect null inspect kinds .SizeRw
    expect '["alpine:latest"]' cbox inspect -f '{{json .RepoTags}}' alpine
    cbox volume create kinds >/dev/null
    expect local cbox inspect --type volume -f '{{.Driver}}' kinds
    expect "$id" cbox inspect --type container -f '{{.Id}}' kinds
    run -1 --separate-stderr cbox inspect --type image kinds
    [ "$output" = '[]' ] && [[ $stderr == *"no such image: kinds"* ]]
    run -1 --separate-stderr cbox inspect kinds no-such
    [ "$(jq length <<<"$output")" -eq 1 ] && [[ $stderr == *"No such object: no-such"* ]]
    refuse 1 'unknown type: "planet": must be one of "container", "image", "network", "volume"' cbox inspect --type planet kinds
    cbox volume rm kinds >/dev/null
    cbox rm kinds
}

@test "health, as the checks find it" {
    cbox run -d --name checked --health-cmd 'echo fine' --health-interval 50ms alpine sleep 1000 3>&-
    wait_for 10 bash -c '[ "$(cbox inspect -f "{{.State.Health.Status}}" checked)" = healthy ]'
    expect '0 0 fine' inspect checked '[.State.Health.FailingStreak, .State.Health.Log[0].ExitCode, .State.Health.Log[0].Output] | map(tostring | rtrimstr("\n")) | join(" ")'
    cbox rm -f checked
    cbox create --name unchecked alpine true
    expect null inspect unchecked .State.Health
    cbox rm unchecked
}

@test "port: nothing is published" {
    cbox create --name ports --expose 80 alpine true
    expect '' cbox port ports
    refuse 1 "No public port '80' published for ports" cbox port ports 80
    refuse 1 'no such container: no-such' cbox port no-such
    cbox rm ports
}

@test "a field that there is not is an error, below too; one that is only not shown, and a key of a map, is not" {
    cbox create --name fields --label l=1 -v "$BATS_TEST_TMPDIR:/bound" alpine true
    refuse 1 'no field .Nothing; there are Status, ' cbox inspect -f '{{.State.Nothing.More}}' fields
    refuse 1 'no field .Nothing; there are ' cbox inspect -f '{{range .Mounts}}{{.Nothing}}{{end}}' fields
    refuse 1 'no field .Nothing; there are ' cbox inspect -f '{{.Config.Nothing}}' alpine
    refuse 1 "can't evaluate field Status" cbox inspect -f '{{.State.Health.Status}}' fields
    expect 'none [] <nil> map[] <no value> 1' cbox inspect -f '{{with .State.Health}}{{.Status}}{{else}}none{{end}} [{{.Config.MacAddress}}] {{.Config.StopTimeout}} {{.HostConfig.Tmpfs}} {{.Config.Labels.nothing}} {{.Config.Labels.l}}' fields
    expect '[]' cbox inspect -f '[{{range .Mounts}}{{.Name}}{{end}}]' fields
    expect '<nil>' cbox inspect -f '{{.SizeRw}}' fields
    cbox rm fields
}
