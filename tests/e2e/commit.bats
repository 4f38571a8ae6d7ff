#!/usr/bin/env bats
# commit: a container's changes become an image that runs, is pushed and saved like any other.

load alpine

@test "what was added, changed and deleted, in a layer of its own" {
    cbox run --name made -v /vol alpine sh -c '
        echo x >/etc/mine; chown 3:4 /etc/mine; ln /etc/mine /etc/hard; rm /etc/motd
        rm -rf /var; mkdir /var; touch /var/own; ln -s /nowhere /link; touch /vol/not; mkfifo /fifo'
    id=$(cbox commit made made:1)
    [[ $id =~ ^sha256:[0-9a-f]{64}$ ]]
    [ "$(cbox images -q --no-trunc made:1)" = "$id" ]
    expect $'x\n3:4 2\nown\n/nowhere' cbox run --rm made:1 sh -c 'cat /etc/hard; stat -c "%u:%g %h" /etc/mine; ls /var; readlink /link'
    run cbox run --rm made:1 ls /etc/motd /var/log
    [ "$status" -ne 0 ]
    expect '' cbox run --rm --entrypoint ls made:1 /vol
    [ "$(cbox image inspect made:1 | jq '.[0].RootFS.Layers | length')" -eq 2 ]
    cbox system check
    cbox rm -v made
    cbox rmi made:1
}

@test "the layer's whiteouts are those of the specification" {
    cbox run --name marks alpine sh -c 'rm /etc/motd; rm -rf /var; mkdir /var; touch /var/own'
    cbox commit marks marks:1
    cbox save --format oci-dir -o "$BATS_TEST_TMPDIR/oci" marks:1
    layer=$(cbox image inspect marks:1 | jq -r '.[0].RootFS.Layers[-1]')
    run tar tf "$BATS_TEST_TMPDIR/oci/blobs/sha256/${layer#sha256:}"
    for name in etc/.wh.motd var/.wh..wh..opq var/own; do
        grep -qx "$name" <<<"$output"
    done
    [[ $output != *trusted* ]]
    cbox rm marks
    cbox rmi marks:1
}

@test "the config: the container's, with changes; author, message, history" {
    cbox create --name config -e A=b -w /tmp -u 5 --label l=m --entrypoint /bin/echo alpine hello
    cbox commit -a 'Me <me@example>' -m 'why not' -c 'ENV C=d' -c 'EXPOSE 80' -c 'CMD ["bye"]' config config:1
    expect bye cbox run --rm config:1
    [ "$(cbox image inspect config:1 | jq -c '.[0] | [.Author, .Comment, .Config.User, .Config.WorkingDir, .Config.Labels.l,
        .Config.Entrypoint, .Config.Cmd, .Config.ExposedPorts]')" = \
        '["Me <me@example>","why not","5","/tmp","m",["/bin/echo"],["bye"],{"80/tcp":{}}]' ]
    cbox image inspect config:1 | jq -e '.[0].Config.Env | index("A=b") and index("C=d")'
    [ "$(cbox history --format '{{.Comment}}' config:1 | head -1)" = "why not" ]
    refuse 1 'NOPE is not a valid change command' cbox commit -c 'NOPE x' config nope:1
    refuse 1 'no such container: nobody' cbox commit nobody
    refuse 1 'invalid reference|repository name must be lowercase' cbox commit config Upper:1
    # nothing changed: no layer more
    [ "$(cbox image inspect config:1 | jq '.[0].RootFS.Layers | length')" -eq 1 ]
    cbox rm config
    cbox rmi config:1
}

@test "the same container commits to the same image" {
    cbox run --name same alpine sh -c 'touch -d 2001-01-01 /a /b; mkdir /c; touch -d 2001-01-01 /c /'
    export SOURCE_DATE_EPOCH=1000000000
    one=$(cbox commit same)
    two=$(cbox commit same)
    [ "$one" = "$two" ]
    cbox rm same
    cbox rmi "$one"
}

@test "one that runs is paused, and goes on; one that is paused stays so" {
    cbox run -d --name busy alpine sh -c 'while :; do date +%s%N >/now; done' 3>&-
    wait_for 10 cbox exec busy test -s /now
    cbox commit busy busy:1
    [ "$(cbox ps --format '{{.State}}' --filter name=busy)" = running ]
    before=$(cbox exec busy cat /now)
    wait_for 10 bash -c "[ \"\$(cbox exec busy cat /now)\" != '$before' ]"
    cbox run --rm busy:1 test -f /now
    cbox commit --pause=false busy busy:2
    cbox pause busy
    cbox commit busy busy:3
    [ "$(cbox ps --format '{{.State}}' --filter name=busy)" = paused ]
    cbox unpause busy
    cbox rm -f busy
    cbox rmi busy:1 busy:2 busy:3
}

@test "killed while a container is paused for it: the container goes on" {
    cbox run -d --name frozen alpine sleep 1000 3>&-
    CBOX_FAILPOINT=commit-paused run cbox commit frozen
    [ "$status" -ne 0 ]
    goes_on() {
        [ "$(cbox ps --format '{{.State}}' --filter name=frozen)" = running ]
    }
    wait_for 10 goes_on
    cbox exec frozen true
    cbox rm -f frozen
}

@test "it is pushed, pulled, saved and loaded" {
    host=$(<"$registry/host")
    cbox run --name trip alpine sh -c 'echo there >/f'
    cbox commit trip "$host/trip:1"
    cbox push -q "$host/trip:1"
    cbox save -o "$BATS_TEST_TMPDIR/trip.tar" "$host/trip:1"
    fresh_store
    cbox load -q -i "$BATS_TEST_TMPDIR/trip.tar"
    expect there cbox run --rm "$host/trip:1" cat /f
    cbox rmi "$host/trip:1"
    cbox pull -q "$host/trip:1"
    expect there cbox run --rm "$host/trip:1" cat /f
}

@test "killed in the middle, nothing is left but what the next command cleans" {
    cbox run --name crash alpine touch /f
    for point in local-layer pull-documents; do
        CBOX_FAILPOINT=$point run cbox commit crash crash:1
        [ "$status" -ne 0 ]
        [ -z "$(cbox images -q crash)" ]
    done
    cbox system check
    cbox commit crash crash:1
    expect '' cbox run --rm crash:1 test -f /f
    cbox rm crash
    cbox rmi crash:1
}

@test "an image that lost its name can still be committed on" {
    cbox tag alpine base:1
    cbox run --name on base:1 touch /f
    cbox rmi -f base:1
    cbox commit on on:1
    cbox run --rm on:1 test -f /f
    cbox rm on
    cbox rmi on:1
}
