/* Containers: making them, running them under a monitor, looking at them, removing them.
 *
 * A record says what is believed; the lock on the container's directory says what is true (store/container.h). Every
 * look at a container goes through container_look(), which believes no record of a process that is gone.
 *
 *     containers/ID/record.json    who it is and how it is: small, read by `ps` (store/container.h)
 *                   documents      what it was asked to be, and what is run of that (monitor/documents.h)
 *                   upper/ work/   what it wrote
 *                   hosts hostname resolv.conf
 */
#pragma once

#include "bundle/bundle.h"
#include "image/image.h"
#include "oci/engine.h"
#include "store/container.h"

/* A step of a build. Its container has no name and no documents beside its record, is shown to nobody, and goes with
 * its end and with the connection of who started it, whatever happens first. Its layers are kept by who starts it. */
struct container_build {
    char **lower;      /* directories below the store's root, the topmost first */
    const char *upper; /* as `lower`: takes what is written, and stays */
    const char *work;  /* beside it, overlayfs' own */
    int made;          /* a file that gets the names of what is made to mount on (runtime_start.made) */
};

/* What somebody left: layers, and in the directory `dir` as `tree` what was written on top of them, which becomes the
 * container's. Its record keeps the layers, since no image need have them. */
struct container_left {
    char **lower; /* as of a build, below layers/ */
    int dir;
};

/* What a container is made of. All is borrowed. */
struct container_request {
    const char *name;                    /* NULL: one is made up */
    const struct engine_options *wanted; /* as the user asked for it */
    const struct container_build *build; /* a step's container, or */
    const struct container_left *left;   /* of what a step left; both NULL: an image's */
    const struct config *config;         /* what it says of logs is what was not said; NULL: nothing */
};

/* A container that was made, or opened to be started, and is locked by this process. */
struct container {
    struct store *store; /* borrowed */
    struct store_container *dir;
    struct store_container_record record;
    struct engine_options options; /* merged with the image's config */
    struct oci_spec spec;
    char **lower;                        /* directories of the layers below the store's root, the topmost first */
    const struct container_build *build; /* borrowed */
};

/* Makes a container from an image that is open (NULL: `build`, `left`), under the store lock held shared by the caller
 * until this returns. ERR_EXISTS for a name that is taken, ERR_INVALID for options that make no sense; nothing is left
 * behind then. The caller releases `ret` after 0. */
int container_create(struct store *s, const struct image *image, const struct container_request *request,
                     struct container *ret, struct err *err);

/* What would be made: options, specification and layers, and nothing in the store. Without an image (NULL), as for a
 * step of a build, there are no layers, and the options have a command. Its id stands for one that is not known yet.
 * Lock and errors are those of container_create(). The caller releases `ret` after 0. */
#define CONTAINER_ID_IMAGINED "ID"
int container_imagine(struct store *s, const struct image *image, const struct engine_options *wanted,
                      struct container *ret, struct err *err);
void container_release(struct container *c);
#define _cleanup_one_container_ _cleanup_(container_release)

/* Opens and locks one that is there and does not run. ERR_NOT_FOUND; ERR_BUSY where it has a monitor. The caller
 * releases `ret` after 0. */
int container_open(struct store *s, const char *id, struct container *ret, struct err *err);

/* Starts it under a monitor: `*ret_socket` is a connection to it, attached to the streams of `attach` from the first
 * byte on (monitor_fork()), the caller's to close. The lock passes to the monitor: `c` can only be released afterwards.
 */
struct config;
int container_start(struct container *c, const struct config *config, unsigned attach, int *ret_socket,
                    struct err *err);

/* Waits on that connection until the program runs. The error why it does not. */
int container_await_start(int socket, struct err *err);

/* All of it, where nobody follows: back when the program runs. ERR_BUSY where it does already. */
int container_start_alone(struct store *s, const struct config *config, const char *id, struct err *err);

/* After the machine was started: starts what is to run always, or unless it was stopped. `started` hears of each, and
 * of those that could not be. */
int container_start_all(struct store *s, const struct config *config,
                        void (*started)(const char *id, const struct err *failed), struct err *err);

/* A container by name, id or start of an id, as it is: what commands on living containers begin with. */
struct container_view {
    char id[ID_LEN + 1];
    struct store_container_record record;
    int monitor; /* a connection to its monitor, or -1 where it has none */
    int pidfd;   /* its first process, or -1 where it does not run */
};
#define CONTAINER_VIEW_NONE ((struct container_view){.monitor = -1, .pidfd = -1})

/* ERR_NOT_FOUND, ERR_INVALID where several are meant. The caller releases `ret` after 0. */
int container_view(struct store *s, const char *name, struct container_view *ret, struct err *err);
/* The same for who has nothing to ask of the monitor, and need not wake it: `monitor` is -1. */
int container_view_process(struct store *s, const char *name, struct container_view *ret, struct err *err);
void container_view_release(struct container_view *v);
#define _cleanup_container_view_ _cleanup_(container_view_release)

/* Of its documents (monitor/documents.h). The caller releases `ret` after 0. */
int container_read_options(struct store *s, const char *id, struct engine_options *ret, struct err *err);
int container_read_spec(struct store *s, const char *id, struct oci_spec *ret, struct err *err);

/* The directories of its layers below the store's root, the topmost first; the caller frees the vector. */
int container_read_layers(struct store *s, const char *id, char ***ret, struct err *err);

/* For `seconds`: what the container says itself. */
#define CONTAINER_OWN_TIMEOUT INT64_MIN

/* Stops: `signal` (NULL: the container's own), and SIGKILL after `seconds` (below 0: never); it has ended then, and is
 * not started again by its policy. One that does not run is no error. A paused one is let go on to end. */
int container_stop(struct store *s, const char *name, const char *signal, int64_t seconds, struct err *err);

/* The same, and it runs again; also with --rm. One that did not run is started. */
int container_restart(struct store *s, const struct config *config, const char *name, const char *signal,
                      int64_t seconds, struct err *err);

/* Sends a signal (NULL: SIGKILL, whose effect is waited for). SIGKILL and the container's stop signal count as a stop.
 * ERR_INVALID where it does not run. */
int container_kill(struct store *s, const char *name, const char *signal, struct err *err);

/* ERR_INVALID where it is already so, or does not run. */
int container_pause(struct store *s, const char *name, bool pause, struct err *err);

/* ERR_EXISTS for a name that is taken, ERR_INVALID for one that can be nobody's. */
int container_rename(struct store *s, const char *name, const char *to, struct err *err);

/* Removes one that is locked by us, with its cgroup. */
int container_destroy(struct container *c, struct err *err);

/* Whether `name` can be a container's: [a-zA-Z0-9][a-zA-Z0-9_.-]+; ERR_INVALID in Docker's words. */
int container_check_name(const char *name, struct err *err);

/* Reads a container's record and sets it right where its monitor is gone: a running one has ended then (exit code 137),
 * and one that was to be removed is removed (ERR_NOT_FOUND). The caller releases `ret` after 0. */
int container_look(struct store *s, const char *id, struct store_container_record *ret, struct err *err);

/* container_look() at all: finishes what crashed monitors left. */
int container_sweep(struct store *s, struct err *err);

/* Removes by name or id, with `volumes` its anonymous volumes; `force` kills what runs. ERR_BUSY where it runs. */
int container_remove(struct store *s, const char *name, bool force, bool volumes, struct err *err);
