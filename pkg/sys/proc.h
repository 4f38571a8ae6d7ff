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

/* A number that /proc/PID/stat has of the process; 0 or -errno (ESRCH). proc_pid_stat(5) */
enum proc_number {
    PROC_PARENT = 4, /* 0: none that we see */
    PROC_SESSION = 6,
    PROC_START_TIME = 22, /* in clock ticks since the boot */
};
int proc_number(pid_t pid, enum proc_number number, uint64_t *ret);

/* The id of this boot; "" where the kernel does not tell. */
void proc_boot_id(char ret[PROC_BOOT_ID_MAX]);

/* A descriptor of the process that had this pid, start time and boot id; -ESRCH where it is no more. */
int proc_open_known(pid_t pid, uint64_t start, const char *boot_id);

/* Sends a signal; 0 or -errno. */
int proc_signal(int pidfd, int signal);

/* Waits for the end of a child and reaps it: its exit code, or 128 and the number of the signal that ended it; or
 * -errno. */
int proc_wait(int pidfd);
