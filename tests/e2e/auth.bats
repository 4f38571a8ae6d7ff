#!/usr/bin/env bats
# cbox login and logout, and what registries are shown: passwords, tokens, certificates.

load helper

setup_file() {
    file_setup none
    registry_start "$registry" --auth me:secret
    registry_push "$registry" "$("$fixtures_dir/alpine")" private/alpine:1
    registry_config "$registry" >"$CBOX_CONFIG"
}

teardown_file() {
    file_teardown
}

setup() {
    test_setup
    fresh_store
    export HOME=$BATS_TEST_TMPDIR/home
    unset REGISTRY_AUTH_FILE XDG_RUNTIME_DIR XDG_CONFIG_HOME
    auth=$HOME/.docker/config.json
    locked=$(<"$registry/host")
}

teardown() {
    [ ! -S "$BATS_TEST_TMPDIR/tmux" ] || "${tmux[@]}" kill-server 2>/dev/null || true
    test_teardown
}

# login HOST USER PASSWORD [OPTION...]
login() {
    local where=$1 user=$2 password=$3
    shift 3
    cbox login -u "$user" --password-stdin "$@" "$where" <<<"$password"
}

auth_of() {
    jq -r --arg host "$1" '.auths[$host].auth' "$auth" | base64 -d
}

# keep HOST JSON: an entry of the file of credentials.
keep() {
    mkdir -p "$(dirname "$auth")"
    jq -n --arg host "$1" --argjson entry "$2" '{auths: {($host): $entry}}' >"$auth"
}

# helper NAME: docker-credential-NAME, which keeps what it is given below $kept and notes its arguments there.
helper() {
    kept=$BATS_TEST_TMPDIR/kept-$1
    mkdir -p "$BATS_TEST_TMPDIR/bin" "$kept"
    cat >"$BATS_TEST_TMPDIR/bin/docker-credential-$1" <<END
#!/bin/sh
kept=$kept
echo "\$*" >>\$kept/calls
input=\$(cat)
server=\$input
[ "\$1" != store ] || server=\$(echo "\$input" | jq -r .ServerURL)
file=\$kept/\$(echo "\$server" | tr / _)
case \$1 in
store) echo "\$input" >"\$file" ;;
get) cat "\$file" 2>/dev/null || { echo credentials not found in native keychain; exit 1; } ;;
erase) rm -f "\$file" ;;
esac
END
    chmod +x "$BATS_TEST_TMPDIR/bin/docker-credential-$1"
    PATH=$BATS_TEST_TMPDIR/bin:$PATH
}

# ---- login and logout ----

@test "login verifies, keeps and says so; pull works; logout takes it away" {
    umask 022
    run --separate-stderr login "$locked" me secret
    [ "$status" -eq 0 ]
    [ "$output" = "Login Succeeded" ]
    [[ $stderr == *"WARNING! Your credentials are stored unencrypted in '$auth'."* ]]
    [ "$(stat -c %a "$auth")" = 600 ]
    [ "$(stat -c %a "$HOME/.docker")" = 700 ]
    [ "$(auth_of "$locked")" = me:secret ]
    cbox pull -q "$locked/private/alpine:1"
    expect "Removing login credentials for $locked" cbox logout "$locked"
    [ "$(jq -c .auths "$auth")" = '{}' ]
    expect "Not logged in to $locked" cbox logout "$locked"
    expect "Not logged in to https://index.docker.io/v1/" cbox logout
}

@test "a wrong password is one line, and nothing is written" {
    refuse 1 "^cbox: login to $locked: unauthorized: incorrect username or password" login "$locked" me wrong
    [ ! -e "$HOME/.docker" ]
    keep other.example '{"auth": "eDp5"}'
    before=$(sha256sum "$auth")
    refuse 1 'unauthorized' login "$locked" me wrong
    [ "$(sha256sum "$auth")" = "$before" ]
    misbehaving bearer=0
    refuse 1 "unauthorized: incorrect username or password" login "$host" user wrong
    [ "$(sha256sum "$auth")" = "$before" ]
    # No registry there.
    run -1 login "127.0.0.1:$(free_port)" me secret
    [ "$(sha256sum "$auth")" = "$before" ]
}

@test "a token server is asked with the password" {
    misbehaving bearer=0
    login "$host" user secret
    grep -q 'GET /token?service=front&account=user&offline_token=true.*Authorization=Basic' "$requests"
    [ "$(auth_of "$host")" = user:secret ]
    cbox pull -q "$host/a/b:1"
}

@test "an identity token takes the password's place, and is shown by POST" {
    misbehaving bearer=0 identity=long-lived
    login "$host" user secret
    [ "$(auth_of "$host")" = user: ]
    [ "$(jq -r --arg host "$host" '.auths[$host].identitytoken' "$auth")" = long-lived ]
    : >"$requests"
    cbox pull -q "$host/a/b:1"
    grep -q 'POST /token Authorization= .*Form=grant_type=refresh_token&client_id=cbox&service=front&scope=repository%3Aa%2Fb%3Apull&refresh_token=long-lived' "$requests"
    keep "$host" '{"auth": "dXNlcjo=", "identitytoken": "revoked"}'
    refuse 1 "refuses the identity token.*cbox login" cbox pull -q "$host/a/b:2"
}

@test "where no POST is known, the identity token is shown as a password" {
    misbehaving bearer=0 identity=long-lived no-post
    keep "$host" '{"auth": "dXNlcjo=", "identitytoken": "long-lived"}'
    cbox pull -q "$host/a/b:1"
    grep -q 'POST /token' "$requests"
    grep -q "GET /token.*Authorization=Basic $(printf user:long-lived | base64)" "$requests"
}

@test "a registry token is shown as it is" {
    misbehaving bearer=0 accept=given
    keep "$host" '{"registrytoken": "given"}'
    cbox pull -q "$host/a/b:1"
    run ! grep -q /token "$requests"
    grep -q 'Authorization=Bearer given' "$requests"
    keep "$host" '{"registrytoken": "other"}'
    refuse 1 'denied|unauthorized' cbox pull -q "$host/a/b:2"
}

@test "all scopes of a challenge are asked for, each once" {
    misbehaving bearer=0 scopes
    cbox pull -q "$host/a/b:1"
    grep -q 'GET /token?service=front&scope=repository%3Aa%2Fb%3Apull&scope=repository%3Abase%2Fimage%3Apull&scope=registry%3Acatalog%3A%2A ' "$requests"
}

@test "a token that expires in the middle of a pull is fetched again" {
    misbehaving bearer=1
    cbox pull -q "$host/a/b:1"
    # Index or manifest, config and three layers: each needs its own.
    [ "$(grep -c 'GET /token' "$requests")" -ge 4 ]
    registry_stop "$BATS_TEST_TMPDIR/front"
    # In the middle of a blob as well
    cbox rmi "$host/a/b:1"
    misbehaving bearer=1 cut=2
    cbox pull -q "$host/c/d:1"
    grep -q 'Authorization=Bearer token[0-9]* Range=bytes=[1-9]' "$requests"
}

@test "options are checked, and who has no terminal is not asked" {
    refuse 1 'cannot specify both --password and --password-stdin' cbox login -u me -p x --password-stdin "$locked"
    refuse 1 '--password-stdin option requires --username' cbox login --password-stdin "$locked"
    refuse 1 'password is empty' cbox login -u me -p '' "$locked"
    refuse 1 'password is empty' login "$locked" me ''
    refuse 1 'non TTY device' cbox login -u me "$locked"
    refuse 1 'non TTY device' cbox login "$locked"
    refuse 1 'colon' login "$locked" a:b x
    refuse 1 'no registry: a host is expected' login 'bad host' me x
    refuse 1 'no registry: a host is expected' login 'user@host' me x
    [ ! -e "$HOME/.docker" ]
}

@test "-p works, warns, and is gone from the list of processes" {
    misbehaving silent
    cbox login -u me -p hunter2 "$host" >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
    pid=$!
    asked() { [ -s "$requests" ]; }
    wait_for 10 asked
    tr '\0' ' ' <"/proc/$pid/cmdline" >"$BATS_TEST_TMPDIR/cmdline"
    kill $pid
    run ! wait $pid
    grep -q 'login -u me -p \*\*\*\*\*\*\* ' "$BATS_TEST_TMPDIR/cmdline"
    run --separate-stderr cbox login -u me -p secret --tls-verify=false "$locked"
    [ "$status" -eq 0 ]
    [[ $stderr == *"WARNING! Using --password via the CLI is insecure. Use --password-stdin."* ]]
}

@test "a URL and a path mean their host; nothing and docker.io mean Docker Hub's entry" {
    login "https://$locked/v2/" me secret
    [ "$(auth_of "$locked")" = me:secret ]
    keep https://index.docker.io/v1/ '{"auth": "bWU6c2VjcmV0"}'
    expect "Removing login credentials for https://index.docker.io/v1/" cbox logout docker.io
    keep https://index.docker.io/v1/ '{"auth": "bWU6c2VjcmV0"}'
    expect "Removing login credentials for https://index.docker.io/v1/" cbox logout
    keep "https://$locked" '{"auth": "bWU6c2VjcmV0"}'
    expect "Removing login credentials for $locked" cbox logout "$locked"
    [ "$(jq -c .auths "$auth")" = '{}' ]
}

@test "who is logged in already is so by what is kept" {
    login "$locked" me secret
    expect $'Authenticating with existing credentials...\nLogin Succeeded' cbox login "$locked"
    keep "$locked" "{\"auth\": \"$(printf me:old | base64)\"}"
    run --separate-stderr cbox login "$locked"
    [ "$status" -eq 1 ]
    [[ $stderr == *"Login did not succeed, error: login to $locked: unauthorized"*"non TTY device"* ]]
}

@test "the file keeps what else it has, a symbolic link stays one, and broken ones are refused" {
    mkdir -p "$HOME/.docker" "$HOME/dotfiles"
    printf '{"psFormat": "x",\n    "auths": {"a.example": {"auth": "eDp5", "email": "e"}},\n "n": 1.50}\n' >"$HOME/dotfiles/docker.json"
    ln -s ../dotfiles/docker.json "$auth"
    login "$locked" me secret
    [ -L "$auth" ]
    [ "$(stat -c %a "$HOME/dotfiles/docker.json")" = 600 ]
    cbox logout "$locked"
    expect $'{"psFormat": "x",\n    "auths": {"a.example": {"auth": "eDp5", "email": "e"}},\n "n": 1.50}' cat "$auth"
    echo '{' >"$HOME/dotfiles/docker.json"
    refuse 1 'config.json' login "$locked" me secret
    expect '{' cat "$auth"
}

@test "changes at the same time lose nothing" {
    mkdir -p "$HOME/.docker"
    jq -n '{auths: [range(8) | {key: "h\(.).example", value: {auth: "eDp5"}}] | from_entries}' >"$auth"
    for i in {0..7}; do
        cbox logout "h$i.example" 3>&- &
        pids+=($!)
        [ $((i % 4)) -ne 0 ] || { login "$locked" me secret 3>&- & pids+=($!); }
    done
    for pid in "${pids[@]}"; do
        wait "$pid"
    done
    [ "$(jq -c '.auths | keys' "$auth")" = "[\"$locked\"]" ]
    [ "$(auth_of "$locked")" = me:secret ]
}

@test "DOCKER_CONFIG and REGISTRY_AUTH_FILE say where" {
    DOCKER_CONFIG=$BATS_TEST_TMPDIR/a login "$locked" me secret
    [ -f "$BATS_TEST_TMPDIR/a/config.json" ]
    REGISTRY_AUTH_FILE=$BATS_TEST_TMPDIR/b.json login "$locked" me secret
    [ -f "$BATS_TEST_TMPDIR/b.json" ]
    [ ! -e "$HOME/.docker" ]
    DOCKER_CONFIG=$BATS_TEST_TMPDIR/a cbox pull -q "$locked/private/alpine:1"
}

@test "podman's file counts where Docker's is missing" {
    mkdir -p "$BATS_TEST_TMPDIR/run/containers"
    jq -n --arg host "$locked" --arg auth "$(printf me:secret | base64)" '{auths: {($host): {auth: $auth}}}' \
        >"$BATS_TEST_TMPDIR/run/containers/auth.json"
    XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR/run cbox pull -q "$locked/private/alpine:1"
}

@test "skopeo logs in with the file that cbox wrote" {
    login "$locked" me secret
    skopeo inspect --cert-dir "$registry/certs.d/$locked" "docker://$locked/private/alpine:1" >/dev/null
}

@test "docker reads what login wrote, and takes it away" {
    command -v docker >/dev/null || skip "no docker"
    login "$locked" me secret
    run docker --config "$HOME/.docker" logout "$locked"
    [ "$status" -eq 0 ]
    [ "$(jq -c .auths "$auth")" = '{}' ]
    login "$locked" me secret
    [ "$(auth_of "$locked")" = me:secret ]
}

# ---- helpers ----

@test "a helper keeps, gives and forgets" {
    helper mine
    mkdir -p "$HOME/.docker"
    echo '{"credsStore": "mine"}' >"$auth"
    run --separate-stderr login "$locked" me secret
    [ "$status" -eq 0 ]
    [[ $stderr != *WARNING* ]]
    [ "$(jq -c . "$auth")" = "{\"credsStore\":\"mine\",\"auths\":{\"$locked\":{}}}" ]
    expect '{"ServerURL":"'"$locked"'","Username":"me","Secret":"secret"}' cat "$kept/$locked"
    cbox pull -q "$locked/private/alpine:1"
    run ! grep -q secret "$kept/calls"
    expect "Removing login credentials for $locked" cbox logout "$locked"
    [ ! -e "$kept/$locked" ]
    expect "Not logged in to $locked" cbox logout "$locked"
    # Of one registry alone
    helper other
    jq -n --arg host "$locked" '{credsStore: "gone", credHelpers: {($host): "other"}}' >"$auth"
    login "$locked" me secret
    [ -f "$kept/$locked" ]
    cbox pull -q "$locked/private/alpine:1"
}

@test "a helper's identity token is shown to the token server" {
    helper mine
    misbehaving bearer=0 identity=long-lived
    mkdir -p "$HOME/.docker"
    echo '{"credsStore": "mine"}' >"$auth"
    login "$host" user secret
    expect '{"ServerURL":"'"$host"'","Username":"<token>","Secret":"long-lived"}' cat "$kept/$host"
    cbox pull -q "$host/a/b:1"
    grep -q 'refresh_token=long-lived' "$requests"
}

@test "a helper that is missing, fails or is none is one clear error" {
    mkdir -p "$HOME/.docker" "$BATS_TEST_TMPDIR/bin"
    PATH=$BATS_TEST_TMPDIR/bin:$PATH
    echo '{"credsStore": "gone"}' >"$auth"
    refuse 1 "$auth: running docker-credential-gone: No such file.*credsStore" cbox pull -q "$locked/private/alpine:1"
    echo '{"credsStore": "../../bin/sh"}' >"$auth"
    refuse 1 "$auth: .*is no name of a credential helper" cbox pull -q "$locked/private/alpine:1"
    echo '{"credsStore": "locked"}' >"$auth"
    printf '#!/bin/sh\necho "the keyring is locked"\nexit 1\n' >"$BATS_TEST_TMPDIR/bin/docker-credential-locked"
    chmod +x "$BATS_TEST_TMPDIR/bin/docker-credential-locked"
    refuse 1 "$auth: docker-credential-locked get: the keyring is locked" cbox pull -q "$locked/private/alpine:1"
    refuse 1 "docker-credential-locked store: the keyring is locked" login "$locked" me secret
    printf '#!/bin/sh\nyes secret\n' >"$BATS_TEST_TMPDIR/bin/docker-credential-locked"
    refuse 1 "docker-credential-locked" cbox pull -q "$locked/private/alpine:1"
}

# ---- secrets ----

@test "no secret in --debug output, in errors and in the arguments of processes" {
    helper mine
    misbehaving bearer=1 identity=long-lived redirect
    mkdir -p "$HOME/.docker"
    echo '{"credsStore": "mine"}' >"$auth"
    cat >"$BATS_TEST_TMPDIR/bin/docker-credential-mine.new" <<END
#!/bin/sh
for process in /proc/[0-9]*; do tr '\0' ' ' <\$process/cmdline; echo; done 2>/dev/null | grep -F -e hunter2 -e long-lived |
    grep -v -e grep -e fixtures/front >>$kept/leaks
exec $BATS_TEST_TMPDIR/bin/docker-credential-real "\$@"
END
    mv "$BATS_TEST_TMPDIR/bin/docker-credential-mine" "$BATS_TEST_TMPDIR/bin/docker-credential-real"
    mv "$BATS_TEST_TMPDIR/bin/docker-credential-mine.new" "$BATS_TEST_TMPDIR/bin/docker-credential-mine"
    chmod +x "$BATS_TEST_TMPDIR/bin/docker-credential-mine"
    {
        echo secret | cbox -D login -u user --password-stdin "$host"
        echo hunter2 | cbox -D login -u user --password-stdin "$host" && return 1
        cbox -D pull "$host/a/b:1"
    } >"$BATS_TEST_TMPDIR/out" 2>&1
    run ! grep -E 'hunter2|long-lived|dXNlcjp|token[0-9]|"secret' "$BATS_TEST_TMPDIR/out"
    grep -q '^cbox: registry: \|^cbox: http: ' "$BATS_TEST_TMPDIR/out"
    [ -f "$kept/calls" ]
    [ ! -s "$kept/leaks" ]
}

# ---- the prompts ----

start_terminal() {
    tmux=(tmux -S "$BATS_TEST_TMPDIR/tmux" -f /dev/null)
    "${tmux[@]}" new-session -d -x 150 -y 30 "PS1='host> ' exec bash --norc --noprofile" 3>&-
}

@test "name and password are asked for on a terminal, and the password is not shown" {
    start_terminal
    type_ "cbox login $locked"
    sees '^Username:$'
    type_ me
    sees '^Password:$'
    type_ secret
    sees '^Login Succeeded$'
    run ! screen_has 'secret'
    [ "$(auth_of "$locked")" = me:secret ]
    type_ 'stty -a'
    sees ' echo '
    # The name that is known need not be typed again.
    keep "$locked" "{\"auth\": \"$(printf me:old | base64)\"}"
    type_ "clear; cbox login $locked"
    sees '^Username \(me\):$'
    type_ ''
    sees '^Password:$'
    type_ secret
    sees '^Login Succeeded$'
    "${tmux[@]}" kill-server
}

@test "Ctrl-C at the password sets the terminal back" {
    start_terminal
    type_ "cbox login -u me $locked"
    sees '^Password:$'
    "${tmux[@]}" send-keys -l half
    "${tmux[@]}" send-keys C-c
    type_ 'echo ended $?'
    sees '^ended 130$'
    type_ 'stty -a'
    sees ' echo '
    run ! screen_has 'half'
    [ ! -e "$HOME/.docker" ]
    "${tmux[@]}" kill-server
}

# ---- certificates ----

@test "--tls-verify=false takes any certificate and no TLS, for that command alone" {
    echo '{"certs_dirs": []}' >"$BATS_TEST_TMPDIR/config.json"
    export CBOX_CONFIG=$BATS_TEST_TMPDIR/config.json
    refuse 1 'certificate' login "$locked" me secret
    [ ! -e "$HOME/.docker" ]
    login "$locked" me secret --tls-verify=false
    refuse 1 'certificate' cbox pull "$locked/private/alpine:1"
    cbox pull -q --tls-verify=false "$locked/private/alpine:1"
    refuse 1 'certificate' cbox image tags "$locked/private/alpine"
    expect 1 cbox image tags --tls-verify=false "$locked/private/alpine"
    refuse 125 '"maybe" is not true or false' cbox pull --tls-verify=maybe alpine
}

@test "a redirect without TLS is followed for an insecure registry only" {
    misbehaving redirect-plain
    refuse 1 'redirects to 127.0.0.1:[0-9]* without TLS' cbox pull -q "$host/a/b:1"
    cbox pull -q --tls-verify=false "$host/a/b:1"
}

@test "a client certificate from certs.d is shown, and to nobody else" {
    misbehaving client-cert
    # The server's word on it may be lost when it closes the connection.
    refuse 1 "wants a client certificate; .*certs.d/$host as client.cert|connection lost|reset|broken pipe" cbox pull -q "$host/a/b:1"
    certs=$BATS_TEST_TMPDIR/front/certs.d/$host
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=me -keyout "$certs/me.key" \
        -out "$BATS_TEST_TMPDIR/me.csr" 2>/dev/null
    openssl x509 -req -in "$BATS_TEST_TMPDIR/me.csr" -CA "$BATS_TEST_TMPDIR/front/ca.crt" \
        -CAkey "$BATS_TEST_TMPDIR/front/ca.key" -CAcreateserial -days 2 -out "$certs/me.cert" 2>/dev/null
    cbox pull -q "$host/a/b:1"
    rm "$certs/me.key"
    refuse 1 'client certificate|me.key' cbox pull -q "$host/a/b:2"
}

@test "SSL_CERT_FILE and SSL_CERT_DIR name authorities" {
    echo '{"certs_dirs": []}' >"$BATS_TEST_TMPDIR/config.json"
    export CBOX_CONFIG=$BATS_TEST_TMPDIR/config.json
    keep "$locked" "{\"auth\": \"$(printf me:secret | base64)\"}"
    refuse 1 'certificate' cbox pull -q "$locked/private/alpine:1"
    SSL_CERT_FILE=$registry/ca.crt cbox image tags "$locked/private/alpine"
    mkdir "$BATS_TEST_TMPDIR/authorities"
    cp "$registry/ca.crt" "$BATS_TEST_TMPDIR/authorities/$(openssl x509 -hash -noout -in "$registry/ca.crt").0"
    SSL_CERT_DIR=$BATS_TEST_TMPDIR/authorities cbox image tags "$locked/private/alpine"
    SSL_CERT_FILE=$BATS_TEST_TMPDIR/none refuse 1 'SSL_CERT_FILE' cbox image tags "$locked/private/alpine"
    # Beside what certs.d has
    registry_config "$registry" >"$CBOX_CONFIG"
    SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt cbox image tags "$locked/private/alpine"
}
