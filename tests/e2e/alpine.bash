# shellcheck shell=bash
# For suites whose tests need the image alpine, in place of helper. What a suite needs beyond this it defines anew.

load helper

setup_file() {
    file_setup
    PATH=$(dirname -- "$cbox"):$PATH
    cbox pull -q alpine
}

teardown_file() {
    file_teardown
}

setup() {
    test_setup
}

teardown() {
    test_teardown
}

# Whatever a test has left: for suites in which that is usual.
remove_containers() {
    local id
    for id in $(cbox ps -aq --no-trunc); do
        cbox rm -f "$id" >/dev/null
    done
}
