/* A process that stays with a program of `exec` which goes on when nobody follows it: it holds its terminal, which
 * would else hang up, and hears of its end. A program whose follower only passes on pipes needs none. */
#pragma once

#include "container/exec.h"

/* Starts the program in such a process. `ret` has its pidfd and, if it has one, its terminal; `*ret_socket`, whose
 * closing is for it to see, says how it ends (exec_keeper_end()). As of container_exec(). The caller releases `ret`,
 * and closes the socket, after 0. */
int exec_keeper_start(struct store *s, const struct container_view *v, const struct container_exec *how,
                      struct container_execed *ret, int *ret_socket, struct err *err);

/* Waits for the end: the exit code. ERR_IO where the keeper was killed. */
int exec_keeper_end(int socket, struct err *err);
