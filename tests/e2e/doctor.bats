#!/usr/bin/env bats
# cbox system doctor: each check fails where the host lacks what it looks for.
# shellcheck disable=SC2016,SC2154  # scripts for other shells; helper.bash sets cbox and repository

load helper

setup_file() {
    file_setup none
    cc -O2 -Wall -Wextra -Werror -o "$BATS_FILE_TMPDIR/without" "$repository/tests/fixtures/without.c"
}

setup() {
    test_setup
    fresh_store
    export CBOX_CONFIG=$BATS_TEST_TMPDIR/config.json DOCKER_CONFIG=$BATS_TEST_TMPDIR/docker
    echo '{}' >"$CBOX_CONFIG"
    doctor=(cbox system doctor --format '{{.Verdict}} {{.Check}}: {{.Found}} | {{.Meaning}} | {{.Remedy}}')
}

teardown() {
    [ -z "${open-}" ] || rm -rf "$open"
    test_teardown
}

# finds STATUS REGEX COMMAND...: it ends so, and one line of what it says matches.
finds() {
    local wanted=$1 regex=$2
    shift 2
    run "$@"
    if [ "$status" -ne "$wanted" ] || ! grep -qE -e "$regex" <<<"$output"; then
        printf 'command: %s\nstatus:  %s, wanted %s\nwanted:  %s\noutput:  %s\n' "$*" "$status" "$wanted" "$regex" "$output"
        return 1
    fi
}

# alone SCRIPT COMMAND...: the script, and then the command, with mounts of their own; in a user namespace as well: apart.
alone() {
    unshare --mount --propagation private bash -euc "$1"$'\nexec "$@"' alone "${@:2}"
}

apart() {
    unshare --user --map-root-user bash -euc "$1"$'\nexec "$@"' apart "${@:2}"
}

# shadow LIBRARY: a script for alone, after which the library cannot be opened.
shadow() {
    printf 'for f in $(ldconfig -p | sed -n "s,.* => \\(.*/%s\\)$,\\1,p"); do mount --bind /dev/null "$f"; done' "$1"
}

@test "a host that can do it all: a line a check, and nothing is left" {
    run --separate-stderr cbox system doctor
    [ "$status" -eq 0 ]
    [[ ${lines[-1]} =~ ^[0-9]+\ ok,\ [0-9]+\ notes?,\ [1-9][0-9]*\ warnings?,\ 0\ failures$ ]] # docker.io cannot be reached from here
    for check in kernel namespaces seccomp store space files overlay links nftables libraries configuration clock; do
        grep -qE "^ok +$check " <<<"$output"
    done
    [ ! -e "$CBOX_ROOT" ]
    [ -z "$(find "$BATS_TEST_TMPDIR" -name 'doctor-*')" ]
    [ -z "$(find /sys/fs/cgroup -path '*cbox/doctor-*')" ]
    # On a terminal of 80 columns only what is to be copied is longer.
    [ "$(script -qec 'stty columns 80; cbox system doctor' /dev/null | tr -d '\r' | grep -v ' mend: ' | wc -L)" -le 80 ]
    [ "$(wc -L <<<"$output")" -gt 80 ]
    cbox system doctor --format json clock links | jq -se 'length == 2 and .[0].Check == "links" and .[1].Verdict == "ok"'
    refuse 1 'no such check: clokc' cbox system doctor clokc
}

@test "a plain user is told what could not be looked at, and what would not work" {
    open=$(mktemp -d /var/tmp/cbox-doctor-XXXXXX)
    chmod 777 "$open"
    export CBOX_ROOT=$open/root CBOX_STATE=$open/state CBOX_CONFIG=$open/config.json DOCKER_CONFIG=$open HOME=$open
    echo '{}' >"$CBOX_CONFIG"
    cp "$cbox" "$open/cbox"
    plain=(setpriv --reuid 65534 --regid 65534 --clear-groups "$open/cbox" system doctor)
    finds 1 'firewall +rules of others: not looked at: .*not permitted' "${plain[@]}"
    grep -qE '^failure +users +this is not root' <<<"$output"
    [ "$(grep -c ^failure <<<"$output")" -eq 1 ]
    grep -qE '^warning +cgroups .*nothing is delegated' <<<"$output"
    # What has a hierarchy of v1 is delegated to no user, whatever systemd is asked.
    if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
        grep -q 'mend: systemd-run --user' <<<"$output"
    else
        grep -q 'mend: add systemd.unified_cgroup_hierarchy=1' <<<"$output"
        [[ $output != *systemd-run* ]]
    fi
    grep -qE '^ok +overlay ' <<<"$output"
    # Who tries all the same hears what is missing.
    mkdir -p "$open/box/rootfs"
    (cd "$open/box" && "$open/cbox" runtime spec)
    refuse 1 'Operation not permitted; run it as root, or with a user namespace' \
        env XDG_RUNTIME_DIR="$open" "${plain[@]:0:7}" runtime --root "$open/runtime" run -b "$open/box" one
    mkdir -m 700 "$open/closed"
    CBOX_ROOT=$open/closed/root finds 1 '^failure +store +/.*closed/root cannot be made: /.*closed cannot be written: Permission denied' "${plain[@]}" store
}

@test "a kernel that lacks calls" {
    finds 0 '^note kernel: .* no openat2' "$BATS_FILE_TMPDIR/without" openat2 -- "${doctor[@]}" kernel
    finds 1 '^failure kernel: .* no pidfd_open.*do not start' "$BATS_FILE_TMPDIR/without" pidfd_open -- "${doctor[@]}" kernel
}

@test "namespaces that are forbidden, and with them networks" {
    none='echo 0 >/proc/sys/user/max_net_namespaces'
    finds 1 '^failure namespaces: no network namespace .*sysctl -w user.max_net_namespaces=' apart "$none" "${doctor[@]}" namespaces
    finds 1 '^failure links: ' apart "$none" "${doctor[@]}" links
    finds 1 '^failure nftables: ' apart "$none" "${doctor[@]}" nftables
    finds 0 '^warning users: .*sysctl -w user.max_user_namespaces' \
        apart 'echo 0 >/proc/sys/user/max_user_namespaces' "${doctor[@]}" users
}

@test "no control groups, and a controller that is missing" {
    finds 0 '^warning cgroups: no control groups' alone 'umount -R /sys/fs/cgroup' "${doctor[@]}" cgroups
    [ -d /sys/fs/cgroup/pids ] || skip 'this host has one hierarchy for all controllers'
    finds 0 '^warning limits: --pids-limit' \
        alone 'umount /sys/fs/cgroup/pids; mount -t tmpfs tmpfs /sys/fs/cgroup/pids' "${doctor[@]}" limits
}

@test "libraries that are missing, by their packages" {
    finds 1 '^failure libraries: .*libcurl.so.4: .*apt-get install libcurl4$' alone "$(shadow libcurl.so.4)" "${doctor[@]}" libraries
    finds 1 '^failure seccomp: .*apt-get install libseccomp2$' alone "$(shadow libseccomp.so.2)" "${doctor[@]}" seccomp
    finds 1 '^failure nftables: .*apt-get install libnftables1$' alone "$(shadow libnftables.so.1)" "${doctor[@]}" nftables
    finds 0 '^note libraries: .*libisal.so.2: .*apt-get install libisal2$' alone "$(shadow libisal.so.2)" "${doctor[@]}" libraries
}

@test "a store that cannot be: a file, one of a newer cbox, one with leftovers" {
    echo >"$BATS_TEST_TMPDIR/root"
    finds 1 '^failure store: .*/root is no directory' "${doctor[@]}" store
    rm "$BATS_TEST_TMPDIR/root"
    mkdir -p "$CBOX_ROOT/tmp/unfinished"
    echo 1 >"$CBOX_ROOT/format"
    finds 0 '^note store: .*/tmp: 1 unfinished .*cbox system check' "${doctor[@]}" store
    echo 99 >"$CBOX_ROOT/format"
    finds 1 '^failure store: .*99' "${doctor[@]}" store
}

@test "a disk that is full, of bytes or of files" {
    mkdir -p "$CBOX_ROOT"
    finds 1 '^failure space: .*/root: .* of 2[01].*MB are free .*cbox system prune' \
        alone 'mount -t tmpfs -o size=20m tmpfs "$CBOX_ROOT"' "${doctor[@]}" space
    finds 0 '^warning space: ' alone 'mount -t tmpfs -o size=200m tmpfs "$CBOX_ROOT"' "${doctor[@]}" space
    finds 1 '^failure space: .*room for [0-9]+ files more of 100' \
        alone 'mount -t tmpfs -o size=2g,nr_inodes=100 tmpfs "$CBOX_ROOT"' "${doctor[@]}" space
}

@test "file systems that no overlay can be written to" {
    mkdir -p "$CBOX_ROOT"
    finds 1 '^failure files: .*keeps no extended attributes' alone 'mount -t ramfs ramfs "$CBOX_ROOT"' "${doctor[@]}" files
    finds 1 '^failure overlay: .*ext4, xfs or btrfs' \
        alone 'mount -t tmpfs tmpfs /mnt; mkdir /mnt/{l,u,w}; mount -t overlay -o lowerdir=/mnt/l,upperdir=/mnt/u,workdir=/mnt/w o "$CBOX_ROOT"' \
        "${doctor[@]}" overlay
    finds 0 '^ok overlay: ' alone 'mount -t tmpfs tmpfs "$CBOX_ROOT"' "${doctor[@]}" overlay
}

@test "a host that forwards nothing, and cannot be made to" {
    off='echo 0 >/proc/sys/net/ipv4/ip_forward'
    finds 0 'IPv4 is not forwarded yet' alone "$off" "${doctor[@]}" forwarding
    finds 1 '^failure forwarding: IPv4.*sysctl -w net/ipv4/ip_forward=1' \
        alone "$off; mount --bind -o ro /proc/sys /proc/sys; mount -o remount,ro,bind /proc/sys" "${doctor[@]}" forwarding
    finds 0 'forwarding: IPv4 is forwarded' alone 'echo 1 >/proc/sys/net/ipv4/ip_forward' "${doctor[@]}" forwarding
}

@test "rules of others that drop what containers send" {
    fresh=(unshare --net)
    filter='nft add table ip filter; nft "add chain ip filter FORWARD { type filter hook forward priority 0; policy drop; }"'
    finds 0 '^warning firewall: the chain ip filter FORWARD drops.*iptables -I FORWARD -i cbox' \
        "${fresh[@]}" bash -euc "$filter"$'\nexec "$@"' - "${doctor[@]}" firewall
    other='nft add table inet mine; nft "add chain inet mine forward { type filter hook forward priority 0; policy drop; }"'
    # What mends it is run, and lets both ways pass.
    # shellcheck disable=SC2016  # expanded inside
    run -0 "${fresh[@]}" bash -euc "$other"'
        eval "$("$@" --format "{{.Remedy}}" firewall | grep "inet mine forward")"
        nft list chain inet mine forward' - cbox system doctor
    [[ $output == *'oifname "cbox*" accept'*'iifname "cbox*" accept'* ]]
    # One that lets ours pass stands in nobody's way: so does iptables' after what mends it, whatever else is accepted before.
    # One that does for one way alone, for one bridge, or after something that may be otherwise decided, does.
    local rules says pass='add rule inet mine forward counter iifname \"cbox*\" accept; add rule inet mine forward oifname \"cbox*\" accept'
    while IFS='|' read -r says rules; do
        finds 0 "^$says firewall: " "${fresh[@]}" bash -euc "$other; nft \"$rules\""$'\nsysctl -qw net.bridge.bridge-nf-call-iptables=0 || true\nexec "$@"' - \
            "${doctor[@]}" firewall
    done <<END
ok|$pass
ok|add rule inet mine forward ct state established accept; $pass
ok|add rule inet mine forward tcp dport 22 counter; add rule inet mine forward counter accept
warning|add rule inet mine forward iifname \"cbox*\" accept
warning|add rule inet mine forward iifname \"cbox0\" accept; add rule inet mine forward oifname \"cbox0\" accept
warning|add rule inet mine forward iifname != \"cbox*\" accept; add rule inet mine forward oifname \"cbox*\" accept
warning|add rule inet mine forward iifname \"cbox*\" tcp dport 80 accept; add rule inet mine forward oifname \"cbox*\" accept
warning|add rule inet mine forward tcp dport 80 drop; $pass
warning|add rule inet mine forward tcp dport 80 reject; $pass
warning|add chain inet mine more; add rule inet mine forward jump more; $pass
warning|add rule inet mine forward iifname vmap { \"eth0\" : drop }; $pass
END
    finds 0 '^note firewall: firewalld' \
        "${fresh[@]}" bash -euc 'nft add table inet firewalld; nft add chain inet firewalld x; exec "$@"' - "${doctor[@]}" firewall
}

@test "a configuration with an error: said, and all else is looked at" {
    echo '{"rot": 1}' >"$CBOX_CONFIG"
    finds 1 '^failure configuration: .*config.json.*rot' "${doctor[@]}"
    grep -q '^ok overlay: ' <<<"$output"
    grep -q '^note registries: not looked at' <<<"$output"
}

@test "a clock before the program was made" {
    cp "$cbox" "$BATS_TEST_TMPDIR/future"
    touch -d '2099-01-01' "$BATS_TEST_TMPDIR/future"
    finds 1 '^failure clock: .*before this program was made .2099' "$BATS_TEST_TMPDIR/future" "${doctor[@]:1}" clock
}

@test "registries: a login that is taken, one that is not, none, and one that is down" {
    registry_start "$BATS_TEST_TMPDIR/r" --auth ann:sesame
    host=$(<"$BATS_TEST_TMPDIR/r/host")
    jq -n --arg certs "$BATS_TEST_TMPDIR/r/certs.d" --arg host "$host" '{certs_dirs: [$certs], registries: {($host): {}}}' >"$CBOX_CONFIG"
    finds 0 "^note registries: $host answers, and wants a login .*cbox login $host" "${doctor[@]}" registries
    cbox login -u ann --password-stdin "$host" <<<sesame
    finds 0 "^ok registries: $host answers, and takes the login" "${doctor[@]}" registries
    jq -n --arg host "$host" '{auths: {($host): {auth: ("ann:wr0ng" | @base64)}}}' >"$DOCKER_CONFIG/config.json"
    finds 1 "^failure registries: $host: .*cbox login $host" "${doctor[@]}" registries
    run ! grep -qF -e wr0ng -e "$(printf ann:wr0ng | base64)" <<<"$output"
    registry_stop "$BATS_TEST_TMPDIR/r"
    finds 1 "^failure registries: $host: .*refused.*curl -v https://$host/v2/" "${doctor[@]}" registries
}

# serve DIR CERTIFICATE DATE: answers every GET with 200 and that date, by TLS; DIR/host is where.
serve() {
    python3 - "$@" >"$1/log" 2>&1 3>&- <<'END' &
import http.server, ssl, sys
folder, certificate, date = sys.argv[1:]
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def date_time_string(self, timestamp=None):
        return date
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, folder + "/server.key")
server.socket = context.wrap_socket(server.socket, server_side=True)
open(folder + "/host", "w").write("127.0.0.1:%d" % server.server_port)
server.serve_forever()
END
    echo $! >"$1/pid"
    wait_for 10 test -s "$1/host"
    jq -n --arg ca "$1/ca.crt" --arg host "$(<"$1/host")" '{registries: {($host): {ca: $ca}}}' >"$CBOX_CONFIG"
}

@test "registries: another clock, and a certificate whose time is over" {
    old=$BATS_TEST_TMPDIR/old
    mkdir "$old"
    registry_certificates "$old"
    serve "$old" "$old/server.crt" 'Tue, 14 Nov 2023 22:13:20 GMT'
    finds 0 "^warning registries: 127.0.0.1:[0-9]+: the clock here is .* ahead of" "${doctor[@]}" registries
    registry_stop "$old"
    rm "$old/host"
    openssl x509 -req -in "$old/server.csr" -CA "$old/ca.crt" -CAkey "$old/ca.key" -days -1 \
        -extfile <(echo subjectAltName=IP:127.0.0.1) -out "$old/expired.crt" 2>/dev/null
    serve "$old" "$old/expired.crt" 'Tue, 14 Nov 2023 22:13:20 GMT'
    finds 1 '^failure registries: 127.0.0.1:[0-9]+: .*certificate has expired' "${doctor[@]}" registries
}

@test "registries: one that never answers is given up after five seconds" {
    socat -u TCP-LISTEN:0,bind=127.0.0.1,fork /dev/null 3>&- &
    pid=$!
    wait_for 10 bash -c "ss -Hltnp | grep -q pid=$pid"
    host=127.0.0.1:$(ss -Hltnp | sed -n "s/.*127.0.0.1:\([0-9]*\) .*pid=$pid.*/\1/p")
    jq -n --arg host "$host" '{registries: {($host): {}}}' >"$CBOX_CONFIG"
    finds 1 "^failure registries: $host: no answer within 5 seconds" timeout 20 "${doctor[@]}" registries
    kill $pid
}
