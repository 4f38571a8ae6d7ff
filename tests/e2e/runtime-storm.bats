#!/usr/bin/env bats
# The OCI runtime: lives of containers during which the runtime itself is killed at random moments leave nothing behind.
# CBOX_STORM_CYCLES says how many (300); 10,000 are a good proof.
# shellcheck disable=SC2154  # the helpers set state, bundle and cgroup_parent

load helper
load bundle

setup() {
    runtime_setup
    args sleep 1000
}

teardown() {
    runtime_teardown
}

@test "the runtime killed at random moments of create, start, exec, kill and delete leaves nothing" {
    beyond_runc 'proof against being killed'
    run "$repository/tests/e2e/storm" "${CBOX_STORM_CYCLES:-300}" "$bundle" "$state" "$cgroup_parent" "${runtime[@]}"
    echo "# $output" >&3
    [ "$status" -eq 0 ]
    # Everything that was made is below these, and teardown looks once more.
    [ -z "$(runtime_cgroups)" ]
    [ -z "$(runtime_processes)" ]
}

@test "many callers at once on one container: each ends by itself, and nothing is left" {
    beyond_runc 'locks'
    run "$repository/tests/e2e/together" "$((${CBOX_STORM_CYCLES:-300} / 5))" "$bundle" "$state" "$cgroup_parent" "${runtime[@]}"
    echo "# $output" >&3
    [ "$status" -eq 0 ]
    [ -z "$(runtime_cgroups)" ]
    [ -z "$(runtime_processes)" ]
}
