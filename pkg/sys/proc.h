/* Processes by descriptor, and by name across time.
 *
 * A pid alone names nothing for long: it is used again. A process is named by its pid, the time at which it started and
 * the boot in which that was; within one's own lifetime a pidfd names it for good. pidfd_open(2), proc(5).
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

enum { PROC_BOOT_ID_MAX = 37 };

/* A close-on-exec descriptor of the process, or -errno (ESRCH). */
int proc_open(pid_t pid);

/* When the process started, in clock ticks since the boot; 0 or -errno (ESRCH). */
int proc_start_time(pid_t pid, uint64_t *ret);

/* The id of this boot; "" where the kernel does not tell. */
void proc_boot_id(char ret[PROC_BOOT_ID_MAX]);

/* A descriptor of the process that had this pid, start time and boot id; -ESRCH where it is no more. */
int proc_open_known(pid_t pid, uint64_t start, const char *boot_id);

/* Sends a signal; 0 or -errno. */
int proc_signal(int pidfd, int signal);

/* Waits for the end of a child and reaps it: its exit code, or 128 and the number of the signal that ended it; or
 * -errno. */
int proc_wait(int pidfd);
