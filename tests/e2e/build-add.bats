#!/usr/bin/env bats
# ADD of what is elsewhere: URLs, archives, repositories. What COPY does with names is in ../unit/build/test_copy.c.

load alpine

# A web server and a repository that are there for all tests of this file.
setup_file() {
    file_setup
    PATH=$(dirname -- "$cbox"):$PATH
    cbox pull -q alpine
    export WWW=$BATS_FILE_TMPDIR/www src=$BATS_FILE_TMPDIR/src
    mkdir -p "$WWW" "$src/sub"
    (
        cd "$src" || exit
        git init -q -b main .
        git config user.email a@b
        git config user.name n
        echo one >f
        echo two >sub/g
        printf '#!/bin/sh\ntouch %s/hooked\n' "$BATS_FILE_TMPDIR" >.git/hooks/post-checkout
        git add .
        git commit -qm 1
        git tag v1
        echo three >f
        git commit -qam 2
    )
    git clone -q --bare "$src" "$WWW/r.git"
    git -C "$WWW/r.git" update-server-info
    tar -C "$src" -czf "$WWW/a.tgz" sub
    echo data >"$WWW/file.txt"
    python3 -u -m http.server 0 --bind 127.0.0.1 -d "$WWW" >"$BATS_FILE_TMPDIR/log" 2>&1 3>&- &
    echo $! >"$BATS_FILE_TMPDIR/server"
    wait_for 10 grep -q 'port [0-9]' "$BATS_FILE_TMPDIR/log"
    url=http://127.0.0.1:$(sed -n 's/.*port \([0-9]*\).*/\1/p' "$BATS_FILE_TMPDIR/log")
    export url
}

teardown_file() {
    stop_pid "$(<"$BATS_FILE_TMPDIR/server")"
    file_teardown
}

setup() {
    test_setup
    mkdir -p "$BATS_TEST_TMPDIR/context"
    cd "$BATS_TEST_TMPDIR/context" || return
}

# built LINE...: builds alpine with these lines as `app`.
built() {
    printf '%s\n' 'FROM alpine' "$@" >Dockerfile
    cbox build -q -t app . >/dev/null
}

# refused PATTERN LINE...: does not build.
refused() {
    local pattern=$1
    printf '%s\n' 'FROM alpine' "${@:2}" >Dockerfile
    refuse 1 "$pattern" cbox build -q .
}

@test "a URL: a file with mode 0600, or what --chmod says; not unpacked unless asked" {
    built "ADD $url/file.txt /u/" "ADD --chmod=644 --chown=5:6 $url/file.txt?x=y /v" "ADD $url/a.tgz /t/" "ADD --unpack=true $url/a.tgz /w"
    expect '600 0:0 /u/file.txt
644 5:6 /v
600 0:0 /t/a.tgz
644 0:0 /w/sub/g' cbox run --rm app stat -c '%a %u:%g %n' /u/file.txt /v /t/a.tgz /w/sub/g
    expect data cbox run --rm app cat /v
}

@test "a URL that is not there, or not what its checksum says" {
    refused '404' "ADD $url/nothing /"
    sum=$(sha256sum "$WWW/file.txt")
    built "ADD --checksum=sha256:${sum%% *} $url/file.txt /"
    refused 'digest mismatch' "ADD --checksum=sha256:${sum%% *} $url/a.tgz /"
}

@test "a repository: a branch, a tag with a directory, a commit; without .git unless asked" {
    commit=$(git -C "$src" rev-parse v1)
    built "ADD $url/r.git /a" "ADD $url/r.git#v1:sub /b" "ADD $url/r.git#$commit /c" "ADD --keep-git-dir=true $url/r.git /d"
    expect 'three
two
one
ref: refs/heads/main' cbox run --rm app sh -c 'cat /a/f /b/g /c/f; test ! -e /a/.git && test -d /d/.git && echo ref: refs/heads/main'
    built "ADD --checksum=$commit $url/r.git#v1 /a"
    refused "expected commit $commit" "ADD --checksum=$commit $url/r.git#main /a"
    refused 'nope' "ADD $url/r.git#nope /a"
    refused 'git fetch: ssh: .*no-such.invalid' "ADD git@no-such.invalid:r.git /a"
    [ ! -e "$BATS_FILE_TMPDIR/hooked" ]
    wait_for 10 no_contexts
}

@test "a repository as the context: its .dockerignore leaves nothing out" {
    printf '%s\n' 'FROM alpine' 'COPY . /x' 'CMD cat /x/f' >"$src/Dockerfile"
    echo f >"$src/.dockerignore"
    git -C "$src" add .
    git -C "$src" commit -qm 3
    git clone -q --bare "$src" "$WWW/context.git"
    git -C "$WWW/context.git" update-server-info
    cbox build -q -t app "$url/context.git" >/dev/null
    expect three cbox run --rm app
}

no_contexts() {
    ! compgen -G "$CBOX_ROOT/tmp/context-*"
}

@test "a repository cannot reach files of this host" {
    evil=$BATS_TEST_TMPDIR/evil
    git init -q -b main "$evil"
    git -C "$evil" config user.email a@b
    git -C "$evil" config user.name n
    git -C "$evil" -c protocol.file.allow=always submodule --quiet add "file://$src" stolen
    git -C "$evil" commit -qm 1
    git clone -q --bare "$evil" "$WWW/evil.git"
    git -C "$WWW/evil.git" update-server-info
    refused 'submodule.*stolen' "ADD $url/evil.git /a"
}

@test "archives of the context are unpacked, and others are copied" {
    mkdir d
    echo x >d/f
    ln -s f d/l
    tar -czf a.tar.gz d
    tar -cJf a.tar.xz d
    tar -cjf a.tar.bz2 d
    gzip -k d/f
    mv d/f.gz plain.gz
    built 'ADD a.tar.gz /g' 'ADD a.tar.xz /x/' 'ADD a.tar.bz2 /b' 'ADD plain.gz /p/' 'ADD --unpack=false a.tar.gz /k/'
    expect 'x
x
x
f
/k/a.tar.gz
/p/plain.gz' cbox run --rm app sh -c 'cat /g/d/l /x/d/l /b/d/f; readlink /g/d/l; ls /k/* /p/*'
}

# Serves the folder to who has the password, and writes down every process that shows it.
guarded() {
    python3 -u - "$WWW" "$BATS_TEST_TMPDIR/seen" >port 3>&- <<'END' &
import base64, http.server, os, sys
secret = b"t0p-s3" + b"cret"
want = "Basic " + base64.b64encode(b"user:" + secret).decode()
seen = open(sys.argv[2], "w", buffering=1)

class Handler(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        if self.headers.get("Authorization") != want:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="x"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        for pid in os.listdir("/proc"):
            for what in "cmdline", "environ":
                try:
                    if secret in open(f"/proc/{pid}/{what}", "rb").read():
                        print(pid, what, file=seen)
                except OSError:
                    pass
        super().do_GET()

    def log_message(self, *args):
        pass

os.chdir(sys.argv[1])
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port)
server.serve_forever()
END
    server=$!
    wait_for 10 test -s port
    guarded=127.0.0.1:$(<port)
}

@test "the password of a repository is seen by its host alone" {
    guarded
    built "ADD --keep-git-dir=true http://user:t0p-s3cret@$guarded/r.git /a"
    run cbox history --no-trunc app
    history=$output
    printf '%s\n' 'FROM scratch' "ADD http://user:wr0ng-0ne@$guarded/r.git /a" >Dockerfile
    run cbox build --progress plain .
    stop_pid "$server"
    [[ $status = 1 && $output == *'Authentication failed'* && $output != *wr0ng* ]]
    [[ $history == *"http://xxxxxxxxxxxxxxx@$guarded/r.git"* ]]
    expect three cbox run --rm app cat /a/f
    [ -e "$BATS_TEST_TMPDIR/seen" ]
    expect '' cat "$BATS_TEST_TMPDIR/seen"
    run -1 grep -r t0p-s3cret "$CBOX_ROOT"
}

is_over() {
    ! kill -0 "$1" 2>/dev/null
}

# Ends the build of $1 by $2 while git waits for a server that says nothing.
ended_by() {
    cbox build "$1" >log 2>&1 3>&- &
    local build=$!
    wait_for 10 pgrep -f "git-remote-http.*:$(<port)/"
    kill -"$2" "$build"
    wait_for 5 is_over "$build"
    run wait "$build"
    [ "$status" != 0 ]
    run -1 pgrep -f "git.*:$(<port)/"
    no_contexts
}

@test "a signal ends git at once, and nothing is left" {
    python3 -u -c 'import socket, time
s = socket.create_server(("127.0.0.1", 0))
print(s.getsockname()[1])
time.sleep(600)' >port 3>&- &
    server=$!
    wait_for 10 test -s port
    ended_by "http://127.0.0.1:$(<port)/x.git" INT
    printf '%s\n' 'FROM scratch' "ADD http://127.0.0.1:$(<port)/x.git /a" >Dockerfile
    ended_by . TERM
    stop_pid "$server"
}
