#!/usr/bin/env bats
# cp, diff, export: files in and out of containers, and never anything of the host.

# shellcheck disable=SC2317  # what both() runs

load helper

setup_file() {
    file_setup
    PATH=$(dirname -- "$cbox"):$PATH
    cbox pull -q alpine
    cbox create --name still alpine
    cbox run -d --name living alpine sleep 100000 3>&-
}

teardown_file() {
    PATH=$(dirname -- "$cbox"):$PATH
    cbox rm -f still living
    file_teardown
}

setup() {
    test_setup
    cd "$BATS_TEST_TMPDIR" || return
    mkdir -p src/sub
    echo one >src/one
    echo two >src/sub/two
    ln -s one src/link
}

teardown() {
    # `living` runs all the time: it is no leak.
    local pid
    if [ -n "${racer-}" ]; then
        cbox rm -f "$racer" >/dev/null
    fi
    cd /
    for pid in $(jobs -p); do
        kill "$pid" 2>/dev/null || true
    done
}

# both COMMAND...: runs it with c set to a container that does not run, and to one that does.
both() {
    for c in still living; do
        rm -rf out && mkdir out
        echo "container: $c"
        "$@"
    done
}

# --- Docker's rules --------------------------------------------------------------------------------------------------

@test "into a container: a name, a directory, contents, and what is refused" {
    both_bad() {
        cbox cp src/one "$c:/bad.$c"
        mkdir -p clash/one
        cbox cp src "$c:/clash.$c"
        refuse 1 'cannot overwrite non-directory "one" with directory' cbox cp clash/. "$c:/clash.$c"
    }
    both both_bad
    rules() {
        local d=/in.$RANDOM
        cbox cp src "$c:$d"
        cbox cp src "$c:$d"
        cbox cp src/. "$c:$d/src/sub"
        cbox cp src/one "$c:$d/new"
        cbox cp src/one "$c:$d/src/"
        cbox cp src/one "$c:${d#/}/relative"
        [ "$(cbox cp "$c:$d/one" - | tar xO)" = one ]
        [ "$(cbox cp "$c:$d/src/sub/two" - | tar xO)" = two ]
        [ "$(cbox cp "$c:$d/src/sub/sub/two" - | tar xO)" = two ]
        [ "$(cbox cp "$c:$d/new" - | tar t)" = new ]
        cbox cp "$c:$d/relative" out/r
        [ "$(<out/r)" = one ]
        refuse 1 'no such directory' cbox cp src/one "$c:$d/not-there/"
        refuse 1 "could not find the file $d/a/? in container $c" cbox cp src/one "$c:$d/a/b"
        refuse 1 'cannot copy directory' cbox cp src "$c:$d/one"
        refuse 1 'not a directory' cbox cp src/one "$c:$d/one/"
    }
    both rules
}

@test "out of a container: the same rules, and the user owns what he gets" {
    rules() {
        cbox cp src "$c:/o.$c"
        cbox cp "$c:/o.$c" out/named
        [ "$(<out/named/sub/two)" = two ]
        cbox cp "$c:/o.$c" out
        [ "$(<"out/o.$c/one")" = one ]
        cbox cp "$c:/o.$c/." out
        [ "$(<out/one)" = one ]
        cbox cp "$c:/o.$c/one" out/file
        [ "$(<out/file)" = one ]
        refuse 1 "could not find the file /nope in container $c" cbox cp "$c:/nope" out
        refuse 1 'invalid output path: directory "out/a/?" does not exist' cbox cp "$c:/o.$c/one" out/a/b
        refuse 1 'no such directory' cbox cp "$c:/o.$c/one" out/a/
        refuse 1 'cannot copy directory' cbox cp "$c:/o.$c" out/one
        refuse 1 'not a directory' cbox cp "$c:/o.$c/one/" out
    }
    both rules
}

@test "which of the two is the container" {
    refuse 1 'copying between containers is not supported' cbox cp still:/a living:/b
    refuse 1 'must specify at least one container source' cbox cp ./a ./b
    refuse 1 'no such container: nobody' cbox cp nobody:/a .
    echo colon >./a:b
    cbox cp ./a:b still:/colon
    [ "$(cbox cp still:/colon - | tar xO)" = colon ]
}

@test "links: as they are, followed with -L, and through a slash" {
    links() {
        cbox cp src "$c:/l.$c"
        cbox cp "$c:/l.$c/link" out/link
        [ "$(readlink out/link)" = one ]
        cbox cp -L "$c:/l.$c/link" out/followed
        [ "$(<out/followed)" = one ]
        cbox cp src/link "$c:/l.$c/copied"
        [ "$(cbox cp "$c:/l.$c/copied" - | tar tv | sed 's/.* copied/copied/')" = "copied -> one" ]
        cbox cp -L src/link "$c:/l.$c/file"
        [ "$(cbox cp "$c:/l.$c/file" - | tar xO)" = one ]
        # where one is the destination it is written through
        cbox cp src/sub/two "$c:/l.$c/link"
        [ "$(cbox cp "$c:/l.$c/one" - | tar xO)" = two ]
        refuse 1 'not a directory' cbox cp "$c:/l.$c/link/" out/x
    }
    both links
}

@test "owners, modes, times, attributes, hard links, holes, fifos" {
    kinds() {
        rm -rf kinds && mkdir kinds && cd kinds
        echo x >a && ln a b && chown 11:12 a && chmod 6751 a && touch -d '1999-01-02 03:04:05.678' a
        mkfifo p && truncate -s 1G hole && python3 -c 'import os; os.setxattr("a", "user.mine", b"yes")' && mkdir -m 1700 d && chown 5 d
        cd ..
        cbox cp kinds "$c:/k.$c"
        cbox cp -a "$c:/k.$c" out/k
        [ "$(stat -c '%u:%g %a %h %Y' out/k/a)" = "$(stat -c '%u:%g %a %h %Y' kinds/a)" ]
        [ "$(python3 -c 'import os; print(os.getxattr("out/k/a", "user.mine").decode())')" = yes ]
        [ -p out/k/p ]
        [ "$(stat -c %s out/k/hole)" -eq $((1 << 30)) ]
        [ "$(stat -c %b out/k/hole)" -lt 100 ]
        [ "$(stat -c '%u %a' out/k/d)" = "5 1700" ]
        cbox cp "$c:/k.$c" out/mine
        [ "$(stat -c '%u:%g' out/mine/a)" = "$(id -u):$(id -g)" ]
    }
    both kinds
}

@test "-a in a container: its user owns the copy" {
    cbox create --name user -u 1234:77 alpine
    cbox cp -a src user:/x
    cbox cp src/one user:/y
    [ "$(cbox cp user:/x/sub/two - | tar tv --numeric-owner | cut -d' ' -f2)" = 1234/77 ]
    [ "$(cbox cp user:/y - | tar tv --numeric-owner | cut -d' ' -f2)" = "$(id -u)/$(id -g)" ]
    tar c src | cbox cp -a - user:/tmp
    [ "$(cbox cp user:/tmp/src/one - | tar tv --numeric-owner | cut -d' ' -f2)" = 1234/77 ]
    cbox rm user
}

@test "on a terminal it says what was copied, unless it is to be quiet" {
    run script -qec 'cbox cp src/one still:/said' /dev/null
    [[ $output == *"Successfully copied "*"B to still:/said"* ]]
    run script -qec 'cbox cp -q src/one still:/said' /dev/null
    [ -z "$output" ]
    run cbox cp src/one still:/said
    [ -z "$output" ]
}

@test "a tar out and in, also compressed" {
    tars() {
        mkdir out/x
        cbox cp "$c:/etc/passwd" - | tar x -C out
        cmp out/passwd <(cbox cp "$c:/etc/passwd" - | tar xO)
        cbox cp src "$c:/t.$c"
        cbox cp "$c:/t.$c" - | tar t | head -1 | grep -qx "t.$c/"
        cbox cp "$c:/t.$c/." - | tar t | head -1 | grep -qx "./"
        tar c src | cbox cp - "$c:/t.$c"
        tar cz src | cbox cp - "$c:/t.$c/sub"
        [ "$(cbox cp "$c:/t.$c/sub/src/sub/two" - | tar xO)" = two ]
        refuse 1 'destination ".*:/nope" must be a directory' cbox cp - "$c:/nope" </dev/null
        refuse 1 'must be a directory' cbox cp - "$c:/etc/passwd" </dev/null
    }
    both tars
}

# Another program that shares them may have made them so. Nothing is read before the pipe is full or the command over, and
# nothing written before the command waits.
@test "tars through pipes that do not block" {
    cat >"$BATS_TEST_TMPDIR/pipes.py" <<'END'
import fcntl, os, struct, subprocess, sys, termios, time
command = sys.argv[2:]
ours, theirs = os.pipe() if sys.argv[1] == "out" else os.pipe()[::-1]
os.set_blocking(theirs, False)
child = subprocess.Popen(command, **{"stdout" if sys.argv[1] == "out" else "stdin": theirs})
os.close(theirs)
def stuck():
    while child.poll() is None and open(f"/proc/{child.pid}/stat").read().rsplit(")")[-1].split()[0] != "S":
        time.sleep(0.05)
if sys.argv[1] == "out":
    held = lambda: struct.unpack("i", fcntl.ioctl(ours, termios.FIONREAD, b"\0" * 4))[0]
    while held() < 48000 and child.poll() is None:
        time.sleep(0.05)
    stuck()
    while block := os.read(ours, 65536):
        sys.stdout.buffer.write(block)
else:
    stuck()
    try:
        while block := sys.stdin.buffer.read(65536):
            os.write(ours, block)
    except BrokenPipeError:
        pass
    os.close(ours)
sys.exit(child.wait())
END
    pipes() { timeout 60 python3 "$BATS_TEST_TMPDIR/pipes.py" "$@"; }
    cbox run --name one alpine seq 1 100000 >/dev/null
    pipes out cbox logs one | cmp - <(seq 1 100000)
    pipes out cbox export one | tar -t >/dev/null
    pipes out cbox cp one:/bin - | tar -t >/dev/null
    pipes out cbox save alpine >"$BATS_TEST_TMPDIR/saved"
    pipes in cbox load <"$BATS_TEST_TMPDIR/saved"
    cbox export one >"$BATS_TEST_TMPDIR/root"
    pipes in cbox import - copy <"$BATS_TEST_TMPDIR/root"
    cbox cp one:/bin - >"$BATS_TEST_TMPDIR/bin"
    pipes in cbox cp - one:/tmp <"$BATS_TEST_TMPDIR/bin"
    cbox cp one:/tmp/bin - | tar -t >/dev/null
    cbox rmi copy
    cbox rm one
}

@test "volumes and binds are seen as in the container, and read-only is read-only" {
    mkdir bound
    cbox create --name mounts -v cpvol:/v -v "$PWD/bound:/b" -v "$PWD/src:/ro:ro" --read-only alpine
    cbox cp src/one mounts:/v/f
    cbox cp src/one mounts:/b/f
    [ "$(<bound/f)" = one ]
    [ "$(<"$(cbox volume inspect -f '{{.Mountpoint}}' cpvol)/f")" = one ]
    refuse 1 'read-only' cbox cp src/one mounts:/ro/f
    refuse 1 'read-only' cbox cp src/one mounts:/f
    [ ! -e src/f ]
    expect '' cbox export mounts -o all.tar
    run tar tf all.tar v/f b/f
    [ "$status" -ne 0 ]
    cbox rm mounts
    cbox volume rm cpvol
}

@test "nothing stays mounted, and a container can be started after a copy" {
    cbox create --name after alpine cat /f
    cbox cp src/one after:/f
    expect one cbox start -a after
    cbox cp after:/f out
    run grep -F "$BATS_FILE_TMPDIR/" /proc/self/mountinfo
    [ -z "$output" ]
    cbox rm after
}

# --- hostile containers ----------------------------------------------------------------------------------------------

@test "links in the container lead nowhere else" {
    echo secret >secret
    cbox run --name evil alpine sh -c "
        ln -s / /root-link; ln -s /../../../.. /up; ln -s $PWD /host; ln -s $PWD/secret /leak
        mkdir /d; ln -s $PWD/secret /d/leak; ln -s ../../../../../..$PWD /d/rel; mknod /d/mem c 1 1 2>/dev/null; true"
    refuse 1 'could not find the file' cbox cp evil:/host/secret out
    refuse 1 'could not find the file' cbox cp -L evil:/leak out
    refuse 1 'could not find the file' cbox cp evil:/d/rel/secret out
    refuse 1 'could not find the file' cbox cp src/one evil:/host/new
    cbox cp src/one evil:/up/written
    [ ! -e /written ]
    [ "$(cbox cp evil:/written - | tar xO)" = one ]
    mkdir out
    cbox cp evil:/d out
    [ "$(readlink out/d/leak)" = "$PWD/secret" ]
    [ ! -e new ]
    # what is copied over a link in the container replaces it in a directory, and does not follow
    mkdir over && echo over >over/leak
    cbox cp over/. evil:/d
    [ "$(<secret)" = secret ]
    [ "$(cbox cp evil:/d/leak - | tar xO)" = over ]
    cbox rm evil
}

@test "a hostile tar stays in the container" {
    echo secret >secret
    mkdir t && ln -s "$PWD" t/host && ln -s / t/root
    tar cf evil.tar -C t host root
    mkdir -p f/host f/root && echo evil >f/host/secret && echo evil >f/root/cp-evil
    tar rf evil.tar -C f host/secret root/cp-evil
    cbox cp - still:/ <evil.tar || true
    [ "$(<secret)" = secret ]
    [ ! -e /cp-evil ]
    tar cPf up.tar --transform 's,^,../../../../../../../..,' secret
    refuse 1 'leaves' cbox cp - still:/ <up.tar
    tar cPf absolute.tar "$PWD/secret"
    cbox cp - still:/ <absolute.tar
    [ "$(cbox cp "still:$PWD/secret" - | tar xO)" = secret ]
}

# swap DIRECTORY: exchanges, as fast as it can, d and f in it for links to the same names in the host's directory host.
swap() {
    python3 - "$1" "$PWD/host" <<'EOF' 3>&- &
import contextlib, ctypes, os, sys
root, host = sys.argv[1:]
os.chdir(root)
renameat2 = ctypes.CDLL(None).renameat2
while True:
    for name in "d", "f":
        with contextlib.suppress(OSError):
            os.symlink(host + "/" + name, name + ".link")
        for i in range(500):
            renameat2(-100, name.encode(), -100, (name + ".link").encode(), 2)
EOF
    swapper=$!
}

@test "a container that swaps directories for links meanwhile gets nothing of the host, and changes nothing" {
    local end pid
    mkdir -p host/d && echo host >host/d/secret && echo host >host/f
    racer=$(cbox run -d --tmpfs /r alpine sh -c 'mkdir -p /r/d; echo inside >/r/d/secret; echo inside >/r/f; sleep 1000' 3>&-)
    wait_for 10 cbox exec "$racer" test -e /r/f
    pid=$(cbox exec "$racer" true && jq .pid "$CBOX_ROOT/containers/$racer/record.json")
    swap "/proc/$pid/root/r"
    mkdir -p in/d && echo attacker >in/d/secret && echo attacker >in/d/new && echo attacker >in/f
    end=$((SECONDS + 8))
    while [ $SECONDS -lt $end ]; do
        rm -rf got && mkdir got
        cbox cp "$racer:/r/." got 2>/dev/null || true
        cbox cp "$racer:/r/d/secret" got/one 2>/dev/null || true
        cbox cp "$racer:/r/f" got/two 2>/dev/null || true
        cbox cp "$racer:/r" - 2>/dev/null | tar xO >got/all 2>/dev/null || true
        run grep -rlx host got
        [ "$status" -ne 0 ]
        cbox cp in/. "$racer:/r" 2>/dev/null || true
        cbox cp in/d/. "$racer:/r/d" 2>/dev/null || true
        cbox cp in/f "$racer:/r/f" 2>/dev/null || true
        tar c -C in d f | cbox cp - "$racer:/r" 2>/dev/null || true
        [ "$(cat host/d/secret host/f)" = $'host\nhost' ]
        [ "$(ls host/d)" = secret ]
    done
    kill "$swapper"
}

@test "devices and fifos in the container are not opened" {
    racer=$(cbox run -d alpine sh -c 'mkdir /r; while :; do echo x >/r/f; rm /r/f; mkfifo /r/f; rm /r/f; done' 3>&-)
    wait_for 10 cbox exec "$racer" test -d /r
    local end=$((SECONDS + 3))
    while [ $SECONDS -lt $end ]; do
        rm -rf got && mkdir got
        timeout 5 cbox cp "$racer:/r" got 2>/dev/null || [ $? -ne 124 ]
    done
}

@test "files that come and go meanwhile are no failure" {
    racer=$(cbox run -d alpine sh -c 'mkdir /r; while :; do mkdir /r/d; touch /r/d/x /r/y; ln -s x /r/l; rm -r /r/d /r/y /r/l; done' 3>&-)
    wait_for 10 cbox exec "$racer" test -d /r
    local end=$((SECONDS + 4))
    while [ $SECONDS -lt $end ]; do
        rm -rf got
        cbox cp "$racer:/r" got
        cbox cp "$racer:/r" - >got.tar
        cbox diff "$racer" >got.diff
        cbox export "$racer" >got.tar
    done
}

# --- diff and export -------------------------------------------------------------------------------------------------

@test "diff: added, changed, deleted, replaced" {
    cbox run --name changes alpine sh -c '
        echo x >>/etc/motd; mkdir -p /new/dir; touch /new/dir/file; rm /etc/shells; chmod 711 /opt
        mv /home /gone; mkdir /home; rm -rf /var; mkdir /var; touch /var/own; cat /etc/passwd >/dev/null; touch /tmp/t'
    run cbox diff changes
    for line in 'C /etc' 'C /etc/motd' 'D /etc/shells' 'A /new' 'A /new/dir' 'A /new/dir/file' 'C /opt' 'A /gone' \
        'A /var/own' 'A /tmp/t' 'C /tmp'; do
        grep -qx "$line" <<<"$output"
    done
    run grep -E ' /(etc/passwd|usr|bin)' <<<"$output"
    [ -z "$output" ]
    cbox rm changes
    refuse 1 'no such container: nobody' cbox diff nobody
    cbox exec living touch /while-it-runs
    cbox diff living | grep -qx 'A /while-it-runs'
}

@test "diff: how much a container writes is no matter of our memory" {
    # shellcheck disable=SC2016  # the container's own
    cbox run --name many alpine sh -c 'n=$(printf "%090d" 0) d=; for i in $(seq 40); do d=$d/$n; done
        mkdir -p "$d" && cd "$d" && seq 12000 | xargs touch'
    run bash -c "ulimit -v 32768; cbox diff many | wc -l"
    cbox rm many
    expect 12040 echo "$output"
}

@test "export: the whole root, once more an image" {
    cbox run --name whole alpine sh -c 'echo x >/etc/mine; rm /etc/motd; ln /etc/mine /etc/hard; chown 3:4 /etc/mine'
    cbox export whole >whole.tar
    cbox export -o whole2.tar whole
    cmp whole.tar whole2.tar
    tar tvf whole.tar etc/hard etc/mine --numeric-owner | grep -q '3/4.* etc/mine link to etc/hard'
    run tar tf whole.tar etc/motd
    [ "$status" -ne 0 ]
    cbox import - again:1 <whole.tar
    expect x cbox run --rm again:1 cat /etc/mine
    cbox rm whole
    cbox rmi again:1
    cbox export living | tar t | grep -qx bin/busybox
    run script -qec 'cbox export still' /dev/null
    [ "$status" -eq 1 ]
    [[ $output == *"cowardly refusing"* ]]
}
