#!/usr/bin/env bats
# Older kernels: other suites, or tests of them, with a cbox for which system calls are missing (fixtures/without.c).
# shellcheck disable=SC2154  # helper.bash sets cbox and repository

load helper

setup_file() {
    cc -O2 -Wall -Wextra -Werror -o "$BATS_FILE_TMPDIR/without" "$repository/tests/fixtures/without.c"
}

mount_calls='fsopen fsconfig fsmount open_tree move_mount mount_setattr'

# again FILE FILTER CALL...: its tests whose names match pass without these system calls.
again() {
    local file=$1 filter=$2 wrapper=$BATS_TEST_TMPDIR/cbox
    shift 2
    printf '#!/bin/bash\nexec %q %s -- %q "$@"\n' "$BATS_FILE_TMPDIR/without" "$*" "$(realpath "$cbox")" >"$wrapper"
    chmod 755 "$wrapper"
    # The same for suites of the runtime: as its first word, the wrapper would be copied by some in the program's place.
    CBOX=$wrapper WITHOUT=$* bats --tap -f "$filter" "$repository/tests/e2e/$file" >"$BATS_TEST_TMPDIR/tap" 2>&1 3>&- || {
        grep -A 20 '^not ok' "$BATS_TEST_TMPDIR/tap"
        return 1
    }
    [ "$(grep -c '^ok' "$BATS_TEST_TMPDIR/tap")" -gt 0 ]
}

@test "a call that is missing is missing" {
    run "$BATS_FILE_TMPDIR/without" openat2 -- python3 -c 'import ctypes, errno
libc = ctypes.CDLL(None, use_errno=True)
assert libc.syscall(437, 0, 0, 0, 0) == -1 and ctypes.get_errno() == errno.ENOSYS
assert libc.syscall(439, 0, 0, 0, 0) == -1 and ctypes.get_errno() != errno.ENOSYS'
    [ "$status" -eq 0 ]
    run "$BATS_FILE_TMPDIR/without" nosuchcall -- true
    [ "$status" -eq 2 ]
}

# Linux 5.12 has mount_setattr(2), 5.9 close_range(2), 5.6 openat2(2), 5.3 clone3(2), 5.2 the other calls for mounts.
@test "the runtime's root file system without mount_setattr" {
    again rootfs.bats . mount_setattr
}

@test "the runtime's root file system without openat2" {
    again rootfs.bats . openat2
}

@test "the runtime's root file system without any of the newer calls" {
    again rootfs.bats . "$mount_calls openat2 clone3 close_range"
}

@test "the runtime's namespaces, devices and paths without any of the newer calls" {
    again runtime-namespaces.bats . "$mount_calls openat2 clone3 close_range"
}

@test "volumes, roots and paths of containers without any of the newer calls" {
    again run.bats '^-v |volumes inside|--read-only:|are read-only, dangerous|symlink|behind links|root is the image|in nobody|every namespace|device nodes|user pings' "$mount_calls openat2 clone3 close_range"
}
