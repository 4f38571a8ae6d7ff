#!/usr/bin/env bats
# README's tour, command by command as it stands there, against a registry that mirrors Docker Hub.

load helper

setup_file() {
    file_setup
}

teardown_file() {
    file_teardown
}

setup() {
    test_setup
    fresh_store
}

teardown() {
    test_teardown
}

@test "the tour: ten commands, each does what it says" {
    cd "$BATS_TEST_DIRNAME/../.."
    mapfile -t tour < <(sed -n '/^<!-- tour -->$/,/^<!-- end of tour -->$/s/^    //p' README.md)
    [ "${#tour[@]}" -eq 10 ]
    expected=('Digest: sha256:' 'hello from ' '[0-9a-f]{64}' '^hi$' 'nc -l' 'web' 'amespaces' '.' 'GREETING' '^web$')
    for n in "${!tour[@]}"; do
        # Who types them is not as quick as this, and the program has to have begun to listen.
        [[ ${tour[n]} != curl* ]] || wait_for 10 eval "${tour[n]}"
        run bash -c "${tour[n]}"
        echo "${tour[n]}: $output"
        [ "$status" -eq 0 ]
        grep -qE -e "${expected[n]}" <<<"$output"
    done
}
