#!/usr/bin/env bats
# cbox build: the command, what it shows, and what it says of mistakes. What instructions do is in ../differential/build.

load alpine

setup() {
    test_setup
    context=$BATS_TEST_TMPDIR/context
    mkdir -p "$context"
    cd "$context" || return
}

# dockerfile [FILE]: what is read becomes the Dockerfile.
dockerfile() {
    cat >"${1-Dockerfile}"
}

@test "an image that runs, with its history" {
    echo hello >greeting
    dockerfile <<'END'
FROM alpine
ENV WHO=world
COPY greeting /srv/
RUN echo "$(cat /srv/greeting), $WHO" >/srv/all
CMD ["cat", "/srv/all"]
END
    cbox build -q -t app . >id
    [[ $(<id) =~ ^sha256:[0-9a-f]{64}$ ]]
    expect "hello, world" cbox run --rm app
    expect "$(<id)" cbox image inspect --format '{{.Id}}' app
    run -0 cbox history --no-trunc --format '{{.CreatedBy}}' app
    [ "${lines[0]}" = 'CMD ["cat", "/srv/all"]' ]
    [ "${lines[1]}" = "RUN /bin/sh -c echo \"\$(cat /srv/greeting), \$WHO\" >/srv/all" ]
    [ "${lines[2]}" = 'COPY greeting /srv/' ]
    [ "${lines[3]}" = 'ENV WHO=world' ]
}

@test "plain: a number for each step, what it wrote, how it ended; the second time all is there" {
    dockerfile <<'END'
FROM alpine
RUN echo one; echo two >&2
WORKDIR /w
END
    run -0 --separate-stderr cbox build --progress plain .
    [[ $stderr == *'#2 [2/3] RUN echo one; echo two >&2'* ]]
    [[ $stderr =~ '#2 '[0-9.]+' one' ]]
    [[ $stderr =~ '#2 '[0-9.]+' two' ]]
    [[ $stderr =~ '#2 DONE '[0-9.]+s ]]
    run -0 --separate-stderr cbox build --progress plain .
    [[ $stderr == *'#2 CACHED'*'#3 CACHED'* ]]
    [[ $stderr != *' one'$'\n'* ]]
}

@test "json: an object a line" {
    dockerfile <<'END'
FROM alpine
RUN printf 'a\tb\n'
END
    run -0 --separate-stderr cbox build --progress json --no-cache .
    jq -es 'map(.event) | index("planned") == 0 and index("done") != null' <<<"$stderr"
    expect $'a\tb' jq -rs 'map(select(.event == "output").text) | join("")' <<<"$stderr"
}

@test "quiet says the ID alone; --iidfile and --metadata-file" {
    dockerfile <<<'FROM alpine'
    expect "$(cbox build -q .)" cbox build --progress quiet .
    run -0 --separate-stderr cbox build -q --iidfile id --metadata-file meta.json .
    [ -z "$stderr" ]
    [ "$output" = "$(<id)" ]
    expect "$(<id)" jq -r '."containerimage.config.digest"' meta.json
    refuse 125 'incompatible with image ID file' cbox build --iidfile id -o out .
    cbox build -q --iidfile id --load -o out .
    dockerfile <<<$'FROM alpine\nRUN false'
    run -1 cbox build -q --iidfile id .
    [ ! -e id ] # it was another build's
    # What is no file stays: a link as /dev/stdout is written through.
    dockerfile <<<'FROM alpine'
    ln -s target link
    cbox build -q --iidfile link .
    [ -L link ]
    [ "$(<target)" = "$(cbox build -q .)" ]
}

@test "a failed step: the end of what it wrote, the line with a caret, exit code 1, nothing left" {
    dockerfile <<'END'
FROM alpine
RUN echo so far so good
RUN echo alas; exit 7
RUN echo never
END
    run -1 --separate-stderr cbox build --progress plain -t broken .
    [[ $stderr == *$'------\n > [3/4] RUN echo alas; exit 7:\nalas\n------\n'* ]]
    [[ $stderr == *'RUN echo alas; exit 7'*^* ]]
    [[ $stderr == *'cbox: Dockerfile:3: process "/bin/sh -c echo alas; exit 7" did not complete successfully: exit code: 7'* ]]
    run -1 cbox image inspect broken
    expect "" cbox ps -aq
    run -0 --separate-stderr cbox system check
    run -1 --separate-stderr cbox build --progress plain .
    [[ $stderr == *'#2 CACHED'* ]] # what was done stays done
}

@test "mistakes in the file: name, line, the line itself, the nearest word" {
    dockerfile <<'END'
FROM alpine
RUNN make
END
    run -1 --separate-stderr cbox build .
    [[ $stderr == *'Dockerfile:2: unknown instruction: RUNN'*'RUN'* ]]
    [[ $stderr == *'RUNN make'*^* ]]
    dockerfile <<<'RUN make'
    run -1 cbox build .
    [[ $output == *'no build stage in current context'* ]]
    dockerfile </dev/null
    run -1 cbox build .
    [[ $output == *'file with no instructions'* ]]
    dockerfile <<<'FROM nothing/of/the/kind'
    run -1 cbox build .
    [[ $output == *'Dockerfile:1: '*'nothing/of/the/kind'* ]]
    dockerfile <<<$'FROM alpine\nCOPY missing /'
    run -1 cbox build .
    [[ $output == *'Dockerfile:2: '*'"/missing": not found'* ]]
}

@test "contexts and files that are not there" {
    run -1 cbox build nowhere
    [[ $output == *'path "nowhere" not found'* ]]
    run -1 cbox build .
    [[ $output == *'Dockerfile: No such file or directory'* ]]
    dockerfile <<<'FROM alpine'
    run -1 cbox build -f other .
    [[ $output == *'other: No such file or directory'* ]]
    run -1 cbox build --target x .
    [[ $output == *'target stage "x" could not be found'* ]]
    run -125 cbox build -t 'Not/A:Name' .
    [[ $output == *'invalid'* ]]
    run -1 cbox build
    [[ $output == *'requires 1 argument'* ]]
}

@test "a Dockerfile on standard input, a tar as the context" {
    expect hi bash -c 'printf "FROM alpine\nCMD echo hi\n" | cbox build -q -t in - >/dev/null && cbox run --rm in'
    echo data >file
    dockerfile sub.docker <<<$'FROM alpine\nCOPY file /\nCMD cat /file'
    tar -c . | cbox build -q -t in -f sub.docker -
    expect data cbox run --rm in
    printf 'FROM alpine\nCOPY file /\nCMD cat /file\n' | cbox build -q -t in -f - .
    expect data cbox run --rm in
}

@test "stages: only what the target needs, those that do not wait for each other at once" {
    dockerfile <<'END'
FROM alpine AS a
RUN --network=none touch /a; sleep 1; echo a
FROM alpine AS b
RUN --network=none touch /b; sleep 1; echo b
FROM alpine AS never
RUN false
FROM alpine
COPY --from=a /a /
COPY --from=b /b /
END
    run -0 --separate-stderr cbox build --progress json .
    [[ $stderr != *never* ]]
    # Both began before either was done.
    expect true jq -s '[.[] | select(.event == "started" or .event == "done") | .event] | .[0:2] == ["started", "started"]' <<<"$stderr"
}

@test "names: several, and an image that loses its own keeps its ID" {
    dockerfile <<<$'FROM alpine\nENV V=1'
    cbox build -q -t app -t app:v1 -t other . >one
    dockerfile <<<$'FROM alpine\nENV V=2'
    cbox build -q -t app . >two
    expect "$(<two)" cbox image inspect --format '{{.Id}}' app
    expect "$(<one)" cbox image inspect --format '{{.Id}}' app:v1
    expect "$(<one)" cbox image inspect --format '{{.Id}}' other
    expect 2 cbox image inspect --format '{{(index .Config.Env 1)}}' app | cut -d= -f2
}

@test "interrupted: exit code 130, nothing runs on, the finished step is kept" {
    dockerfile <<'END'
FROM alpine
RUN echo first
RUN touch /begun; sleep 1000
END
    cbox build --progress plain . 2>log &
    build=$!
    wait_for 20 grep -q '^#3 \[' log
    sleep 0.3
    kill -INT $build
    wait $build && false
    [ $? -eq 1 ] || true
    expect "" cbox ps -aq
    run -0 --separate-stderr cbox system check
    dockerfile <<<$'FROM alpine\nRUN echo first'
    run -0 --separate-stderr cbox build --progress plain .
    [[ $stderr == *'#2 CACHED'* ]]
}

@test "killed in the middle of a step: its container goes, the store is clean, the finished step is kept" {
    dockerfile <<'END'
FROM alpine
RUN echo before the end
RUN sleep 1000
END
    cbox build --progress plain . 2>log &
    build=$!
    wait_for 20 grep -q '^#3 \[' log
    sleep 0.3
    kill -KILL $build
    wait $build || true
    gone() { [ -z "$(processes_of_cbox)" ]; }
    wait_for 10 gone
    run -0 --separate-stderr cbox system check
    dockerfile <<<$'FROM alpine\nRUN echo before the end'
    run -0 --separate-stderr cbox build --progress plain .
    [[ $stderr == *'#2 CACHED'* ]]
    [ -z "$(find "$CBOX_ROOT/tmp/layers" -name "build-*")" ]
}

@test "--check says what could be better, and builds nothing" {
    dockerfile <<'END'
from alpine as Base
MAINTAINER me
RUN false
END
    run -0 --separate-stderr cbox build --check .
    [[ $stderr == *'MaintainerDeprecated'* ]]
    [[ $stderr == *'StageNameCasing'* ]]
    [[ $stderr != *'[2/'* ]]
    dockerfile <<<$'# check=error=true\nFROM alpine\nMAINTAINER me'
    run -1 cbox build --check .
    dockerfile <<<$'FROM --platform=$BULIDPLATFORM alpine'
    run -1 --separate-stderr cbox build .
    [[ $stderr == *"'BULIDPLATFORM' is not declared (did you mean BUILDPLATFORM?)"*'empty platform value'* ]]
    dockerfile <<<$'FROM alpine AS Base\nRUNN x'
    run -1 --separate-stderr cbox build --check .
    [[ $stderr == *"StageNameCasing: Stage name 'Base'"*'unknown instruction: RUNN'* ]]
    run -1 --separate-stderr cbox build .
    [[ $stderr == *"StageNameCasing: Stage name 'Base'"*'unknown instruction: RUNN'* ]]
    dockerfile <<<'FROM alpine'
    expect "Check complete, no warnings found." cbox build --call=check .
}

@test "--call: the targets of a Dockerfile, and what one of them asks for" {
    dockerfile <<'END'
# VERSION is of the base
ARG VERSION=latest
ARG INNER=3
ARG COMPOSED=v$INNER
ARG UNUSED=x

# base has the tools
FROM alpine:${VERSION} AS base
# SAID is what is said
ARG SAID=hello
ARG VERSION
ARG EMPTY
RUN --mount=type=secret,id=token,required --mount=type=ssh echo

FROM alpine AS other
ARG OTHER=1
RUN --mount=type=secret,id=unused echo
# release is what is shipped
FROM base AS release
ARG COMPOSED
RUN --mount=type=secret,target=/run/file echo
FROM --platform=$BUILDPLATFORM scratch
END
    expect $'TARGET|DESCRIPTION\nbase|has the tools\nother\nrelease|is what is shipped\n(default)' \
        eval 'cbox build --call=targets . 2>/dev/null | sed "s/ *$//; s/   */|/g"'
    expect $'TARGET:|release\nDESCRIPTION:|is what is shipped\n\nBUILD ARG|VALUE|DESCRIPTION\nVERSION|latest|is of the base\nINNER|3\nCOMPOSED|v3\nSAID|hi|is what is said\nEMPTY\n\nSECRET|REQUIRED\ntoken|true\nfile\n\nSSH|REQUIRED\ndefault' \
        eval 'cbox build --call=outline --target release --build-arg SAID=hi . 2>/dev/null | sed "s/ *$//; s/   */|/g"'
    expect '["other",["OTHER"],[16],"unused",null]' eval 'cbox build -q --call=outline,format=json --target other . |
        jq -c "[.name, [.args[].name], [.args[].location.ranges[].start.line], .secrets[0].name, .ssh]"'
    cbox build -q --call=targets,format=json . >json
    expect '[["base","other","release",null],[null,null,null,true],"alpine:${VERSION}","$BUILDPLATFORM"]' \
        jq -c '[[.targets[].name], [.targets[].default], .targets[0].base, .targets[3].platform]' json
    diff Dockerfile <(jq -r '.sources[0]' json | base64 -d)
}

@test "the same inputs give the same image: another directory, other times, another user's files" {
    dockerfile <<'END'
FROM alpine
COPY . /src
RUN mkdir /out; cp /src/* /out; date >/dev/null; touch /out/made
END
    echo 1 >a
    cbox build -q . >"$BATS_TEST_TMPDIR/one"
    mkdir "$BATS_TEST_TMPDIR/other"
    cp Dockerfile a "$BATS_TEST_TMPDIR/other"
    cd "$BATS_TEST_TMPDIR/other" || return
    touch -d 2001-02-03 a
    chown 1000:1000 a
    cbox build -q --no-cache . >"$BATS_TEST_TMPDIR/two"
    cmp "$BATS_TEST_TMPDIR/one" "$BATS_TEST_TMPDIR/two"
}

@test "a live display on a terminal" {
    dockerfile <<<$'FROM alpine\nRUN echo shown; sleep 0.5'
    run -0 script -qec "cbox build --no-cache ." /dev/null
    [[ $output == *'=> [2/2] RUN echo shown'* ]]
    [[ $output == *'=> => shown'* ]]
    [[ $output == *'[+] Building'*'(2/2)'* ]]
    dockerfile <<<$'FROM alpine\nRUN printf "a line\\n1 of 2\\r"; sleep 0.3; printf "2 of 2\\r"; sleep 0.5; printf "\\n"'
    run -0 script -qec "cbox build --no-cache ." /dev/null
    [[ $output == *'=> => a line'*'=> => 1 of 2 '*'=> => 2 of 2 '* ]]
    run -0 cbox build --no-cache --progress plain .
    [[ $output =~ '#2 '[0-9.]+' 2 of 2'$'\n' ]]
    dockerfile <<<$'FROM alpine\nMAINTAINER me\nRUN echo shown; sleep 0.1'
    run -0 script -qec "cbox build --explain ." /dev/null
    [[ $output == *'(2/2)'*'WARNING: MaintainerDeprecated: '*'[2/2] RUN echo shown; sleep 0.1'*'   not cached: '* ]]
    run -0 script -qec "cbox build --check ." /dev/null
    [[ $output == *'WARNING: MaintainerDeprecated: '* && $output != *Building* && $output != *'no warnings'* ]]
}

@test "--network=host of a Dockerfile needs to be allowed; a program that is not there is a failed build" {
    printf "FROM alpine\nRUN --network=host true\n" >Dockerfile
    run -1 cbox build --progress plain .
    [[ $output == *"RUN --network=host is not allowed to this build"* ]]
    cbox build -q --allow network.host .
    cbox build -q --network host .
    printf "FROM alpine\nRUN [\"/no/such/program\"]\n" >Dockerfile
    run -1 cbox build --progress plain .
    [[ $output == *"/no/such/program"* ]]
    run -125 cbox build --allow everything .
}

@test "a Dockerfile on standard input has a context with nothing in it" {
    run -1 cbox build --progress plain - <<<$'FROM alpine\nCOPY x /'
    [[ $output == *'Dockerfile:2: '*'"/x": not found'* ]]
    cbox build -q - <<<$'FROM alpine\nCOPY . /there\nRUN --mount=target=/m [ -d /there ] && [ -z "$(ls -A /there)$(ls -A /m)" ]'
}

@test "-q and --progress quiet: of a base image that has to be fetched nothing is said either" {
    cbox rmi alpine >/dev/null
    run -0 --separate-stderr cbox build -q - <<<'FROM alpine'
    [ "$stderr" = '' ]
    run -0 --separate-stderr cbox build --pull --progress quiet - <<<'FROM alpine'
    [ "$stderr" = '' ]
    cbox pull -q alpine >/dev/null
}

@test "what is wrong on the command line is said whatever the cache has" {
    dockerfile <<<'FROM alpine'
    run -1 cbox build -q --secret id=a,src=/no/such .
    [ "$output" = 'cbox: --secret id=a: /no/such: No such file or directory' ]
    run -1 env -u SSH_AUTH_SOCK cbox build -q --ssh default .
    [[ $output == *'SSH_AUTH_SOCK is not set'* ]]
    run -1 cbox build -q --ssh default=/no/such .
    [[ $output == *'--ssh default: /no/such: No such file or directory'* ]]
    run -1 cbox build -q --network no-such .
    [[ $output == *'network no-such not found'* ]]
    while IFS='|' read -r option value says; do
        refuse 125 "$says" cbox build "$option" "$value" .
    done <<'END'
--add-host|a|bad format for add-host
--build-arg|=x|"--build-arg" flag: invalid environment variable
--build-context|dir|"--build-context" flag: invalid context value
--cache-from|type=nope|"--cache-from" flag: unknown cache type
--cache-to|type=local|"--cache-to" flag: dest is required
--cpu-period|1|CPU cfs period
--cpuset-cpus|8191|Requested CPUs are not available
--memory|1m|Minimum memory limit
--memory-swap|1g|always set the Memory limit
-o|type=nope|"-o, --output" flag: exporter "nope" could not be found
--platform|?/?|"--platform" flag
--progress|no|"--progress" flag: use one of auto
--provenance|true|no attestations
--call|describe|there are build, check, outline, targets
--call|build,format=json|outline and targets can have
--secret|src=x|"--secret" flag: secret missing ID
--security-opt|seccomp|invalid --security-opt
--security-opt|seccomp=Dockerfile|seccomp profile
--shm-size|-1|"--shm-size" flag
--ssh|=x|"--ssh" flag: invalid SSH value
--ulimit|x|"--ulimit" flag
END
    refuse 125 'progress=plain and quiet' cbox build -q --progress plain .
    cbox build -q --compress --disable-content-trust --isolation default --provenance=false --sbom=false .
}

@test "a cache that cannot be read is done without, which is said" {
    dockerfile <<<'FROM alpine'
    run -0 --separate-stderr cbox build --progress plain --cache-from type=local,src=/no/such --cache-from 127.0.0.1:1/x:y .
    [[ $stderr == *'WARNING: --cache-from /no/such: '*'No such file or directory'* ]]
    [[ $stderr == *'WARNING: --cache-from 127.0.0.1:1/x:y: '*'Connection refused'* ]]
}
