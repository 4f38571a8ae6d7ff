/* Writing back while there is still work to do: not for use outside the store.
 *
 * What a pull writes has to be on disk before it becomes visible, and the kernel would begin with it only when it is
 * waited for. A thread that asks for it again and again meanwhile leaves little to the end: measured 5 to 15 % of a
 * pull of 900 MB. It rests as long as the last time took, so that a slow disk is not kept from its other work.
 *
 * syncfs(2) tells of an error once for each open file description (since Linux 5.8). The thread has one of its own and
 * takes no notice, so it takes nothing away from the caller's syncfs at the end.
 */
#pragma once

struct store_writeback;

/* Starts with the file system of the directory `dirfd`, which stays the caller's. NULL where no thread can be had. */
struct store_writeback *store_writeback_start(int dirfd);

/* Ends the thread. NULL is fine. */
void store_writeback_stop(struct store_writeback *w);
