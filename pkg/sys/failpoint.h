/* Places where a test may kill the process: CBOX_FAILPOINT=NAME in the environment ends it with SIGKILL when it comes
 * to failpoint("NAME"), CBOX_FAILPOINT=? says on stderr to which places it comes. The promise that a store survives a
 * kill at any instant is tested at each of them (tests/e2e/crash.bats). Always compiled in: unset, it costs one look at
 * a variable. */
#pragma once

void failpoint(const char *name);
