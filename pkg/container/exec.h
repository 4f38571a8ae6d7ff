/* Running a further program in a container that runs, for `exec`.
 *
 * Its streams are a terminal or pipes made here, as those of the container's own are (monitor/monitor.h), or nothing.
 * It is a child of the calling process, which waits for it and says so; it goes on when that dies, and ends with the
 * container.
 */
#pragma once

#include "container/container.h"
#include "runtime/enter.h"

enum { CONTAINER_EXEC_ID_MAX = ID_LEN + 1 };

struct container_exec {
    char *const *args;
    char *const *env;           /* NAME=VALUE */
    const char *user, *workdir; /* NULL: the container's */
    bool terminal, privileged;
    struct oci_console_size size;
    bool input;    /* without a terminal: somebody will write to its standard input */
    bool detached; /* its standard streams are /dev/null, unless it has a terminal */
};

/* A program that runs. */
struct container_execed {
    struct runtime_process process;
    int streams[3]; /* our ends of its input, output and errors, -1 for what there is not */
    char id[CONTAINER_EXEC_ID_MAX];
};
#define CONTAINER_EXECED_NONE ((struct container_execed){.process = RUNTIME_PROCESS_INIT, .streams = {-1, -1, -1}})

/* The id of the program that this process waits for; false: it waits for none that container_exec() started. */
bool container_exec_id(pid_t waiter, char ret[CONTAINER_EXEC_ID_MAX]);

/* Whether programs can be started in it now: ERR_INVALID in Docker's words. */
int container_exec_check(const struct container_view *v, struct err *err);

/* Starts it; tells of exec_create and exec_start. As of runtime_enter(). The caller releases `ret` after 0. */
int container_exec(struct store *s, const struct container_view *v, const struct container_exec *how,
                   struct container_execed *ret, struct err *err);
void container_execed_release(struct container_execed *e);
#define _cleanup_execed_ _cleanup_(container_execed_release)

/* Tells of exec_die, or with `detached` of exec_detach. */
void container_exec_tell_end(struct store *s, const struct container_view *v, const char *exec_id, int code);
void container_exec_tell_detach(struct store *s, const struct container_view *v, const char *exec_id);
