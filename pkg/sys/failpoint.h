/* Places where a test may kill the process: CBOX_FAILPOINT=NAME in the environment ends it with SIGKILL when it comes
 * to failpoint("NAME"). The promise that a store survives a kill at any instant is tested at each of them
 * (tests/fault). Always compiled in: unset, it costs one look at a variable. */
#pragma once

void failpoint(const char *name);
