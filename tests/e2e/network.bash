# shellcheck shell=bash
# For suites of networks, in place of alpine: the machines of fixtures/hosts.bash, and containers in which `answer` runs.

load alpine
load ../fixtures/hosts

setup_file() {
    file_setup
    PATH=$(dirname -- "$cbox"):$PATH
    cbox pull -q alpine
    hosts_make
}

teardown_file() {
    hosts_remove
    file_teardown
}

teardown() {
    unlisten
    remove_containers
    cbox network prune -f >/dev/null
    test_teardown
}

# box NAME [OPTION...] -- WHAT...: a container in which `answer WHAT...` runs.
box() {
    local name=$1 options=()
    shift
    while [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    shift
    cbox run -d --name "$name" "${with_tools[@]}" "${options[@]}" alpine /fixtures/answer "$@" >/dev/null 3>&-
    wait_for 20 has_started "$name"
}

has_started() {
    cbox logs "$1" 2>/dev/null | grep -q ready
}

# from CONTAINER PROTOCOL ADDRESS PORT
from() {
    timeout 5 cbox exec "$1" timeout 3 bash -c "$asking" "${@:2}" 2>/dev/null
}

address4() {
    cbox inspect -f "{{with index .NetworkSettings.Networks \"${2:-bridge}\"}}{{.IPAddress}}{{end}}" "$1"
}

address6() {
    cbox inspect -f "{{with index .NetworkSettings.Networks \"${2:-bridge}\"}}{{.GlobalIPv6Address}}{{end}}" "$1"
}

# silent COMMAND...: nobody answers.
silent() {
    run "$@"
    [ "$status" -ne 0 ] && [ -z "$output" ]
}

# soon COMMAND...: within ten seconds it succeeds. By the clock, since asking in vain takes its time.
soon() {
    local end=$((SECONDS + 10))
    until "$@" >/dev/null; do
        [ "$SECONDS" -lt "$end" ] || { echo "waited in vain for: $*" && return 1; }
        sleep 0.05
    done
}
