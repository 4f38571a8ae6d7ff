/* The monitor: the one process that stays with a container.
 *
 * It is forked by whoever starts the container, in a session of its own, and inherits the lock on the container's
 * directory, which it holds as long as it lives. It makes the cgroup, starts the container, writes down how that went,
 * holds the program's streams, serves who asks for it on a socket, waits, and cleans up. When the monitor itself is
 * killed, the container's first process dies with it, and the next command finds the lock free and finishes the rest.
 *
 * The program's standard streams are a terminal or pipes made here, never the caller's own: what stands open in a
 * container can be opened again through /proc/self/fd, whatever the caller opened it for, and changed in its mode.
 *
 * Its socket, <state>/monitor/ID (SOCK_SEQPACKET, 0600), speaks in frames (sys/frame.h). While a monitor lives it alone
 * writes the container's record: who wants to change something asks it to. Every connection hears of starts and of
 * ends.
 */
#pragma once

#include "oci/engine.h"
#include "oci/spec.h"
#include "runtime/runtime.h"
#include "store/container.h"

enum monitor_message {
    /* From the monitor, to every connection, when it happens. */
    MONITOR_STARTED = 1, /* the program runs; descriptor: its pidfd */
    MONITOR_FAILED,      /* it could not be started: the error; nothing follows */
    MONITOR_ENDED,       /* struct monitor_end */

    /* To the monitor. Each is answered by MONITOR_DONE or, with an error, by MONITOR_REFUSED. */
    MONITOR_ATTACH,   /* which streams, a byte of bits (1 << enum monitor_stream); ERR_BUSY while no program runs. DONE
                         has   a byte that says which descriptors came, in the order of enum monitor_stream. Output comes
                         until   the end of the pipe, which is that of the program at the latest */
    MONITOR_LET_GO,   /* the same bits: the asker has closed these streams of its own accord. Input: it is at its end.
                         Output: nobody reads it any more. A connection that breaks off says this of its input alone */
    MONITOR_STOPPING, /* its next end is what the user wanted: no restart. Descriptor in DONE: its pidfd, or none where
                         it does not run at the moment, and then never will */
    MONITOR_RESTART,  /* the same, but it is to be started again when it has ended, whatever its policy */
    MONITOR_RENAME,   /* the new name, which the asker has taken in the store already */
    MONITOR_RELOAD,   /* its documents were changed: they are read again before they count */
    MONITOR_PAUSED,   /* a byte, whether it was paused: written into the record */
    MONITOR_CONNECT,  /* a network that the container is to be on: struct engine_endpoint as JSON; its documents are
                         written by the monitor */
    MONITOR_DISCONNECT, /* the name of one that it is to leave */
    MONITOR_DONE = 64,
    MONITOR_REFUSED,
};

enum monitor_stream {
    MONITOR_INPUT,    /* the writing end; none where the container's input is not open */
    MONITOR_OUTPUT,   /* the reading end of a pipe; of a terminal, all that is written to it */
    MONITOR_ERRORS,   /* the same; none of a terminal */
    MONITOR_TERMINAL, /* its master: input is written to it, and the size set; comes unasked where there is one */
    MONITOR_PROGRAM,  /* the pidfd; comes unasked */
};
enum { MONITOR_ALL_OUTPUT = 1 << MONITOR_OUTPUT | 1 << MONITOR_ERRORS, MONITOR_STREAMS = MONITOR_PROGRAM + 1 };

struct monitor_end {
    int32_t code;
    int32_t again; /* it is being started again: MONITOR_STARTED follows; else cgroup, lock and, with --rm, the
                      container are gone and nothing follows */
    int32_t oom_killed;
};

struct monitor_job {
    struct store *store;
    struct store_container *dir; /* locked */
    struct store_container_record *record;
    const struct engine_options *options;
    struct oci_spec *spec;
    /* Before each start: sees whose namespaces are shared, which may have other processes by now. */
    int (*join)(struct store *s, const struct engine_options *options, struct oci_spec *spec, struct err *err);
    const struct runtime_overlay *overlay;
    const struct config *config; /* for networks that are made at first use; NULL: the usual settings */
    /* Removes what else belongs to a container that goes by itself; may be NULL. */
    void (*forget)(struct store *s, const char *id);
    void (*housekeeping)(struct store *s); /* called once, when there is time for it; may be NULL */
    bool bound; /* to its starter, whose connection is the only one: the program is killed when that breaks off */
    int made;   /* as of runtime_start */
};

/* Forks the monitor; the socket is a connection to it, as of monitor_connect(), the caller's. `attach`: the streams
 * that the connection is attached to from the first byte on, bits as of MONITOR_ATTACH; the answer to it (MONITOR_DONE)
 * comes behind MONITOR_STARTED, and only where bits are set. The calling process must have one thread; it closes its
 * own descriptor of the container's directory afterwards, so that the lock is the monitor's alone. ERR_IO. */
int monitor_fork(const struct monitor_job *job, unsigned attach, int *ret_socket, struct err *err);

/* Connects to a container's monitor. ERR_NOT_FOUND where there is none, or none yet. */
int monitor_connect(struct store *s, const char *id, int *ret_socket, struct err *err);

/* Puts a network into the options and the record, or takes one out, by name; for the holder of the container's lock.
 * ERR_EXISTS, ERR_INVALID: it is there already, or is not. */
int monitor_write_networks(const struct store_container *dir, struct store_container_record *record,
                           const struct engine_endpoint *add, const char *remove, struct err *err);

/* The names of all its networks, with commas between them, or its mode if that is no network's name; the caller frees
 * it. */
char *monitor_network_names(const struct engine_options *options);

/* Tells an event of a container (event/event.h), with Docker's attributes and, where `name` is not NULL, one more, or
 * two. */
void monitor_tell(struct store *s, const struct store_container_record *record, const char *action, const char *name,
                  const char *value);
void monitor_tell_two(struct store *s, const struct store_container_record *record, const char *action,
                      const char *name, const char *value, const char *other, const char *other_value);

/* For who holds the container's lock: whether a monitor was killed, which left its socket, and removing that. */
bool monitor_was_killed(struct store *s, const char *id);
void monitor_sweep(struct store *s, const char *id);

/* Descriptors by enum monitor_stream, -1 where there is none. */
struct monitor_fds {
    int fds[MONITOR_STREAMS];
};
#define MONITOR_FDS_NONE ((struct monitor_fds){{-1, -1, -1, -1, -1}})
void monitor_fds_release(struct monitor_fds *fds);
#define _cleanup_monitor_fds_ _cleanup_(monitor_fds_release)

/* What a MONITOR_DONE brought; they are `ret`'s then. */
struct frame;
void monitor_take_fds(struct frame *done, struct monitor_fds *ret);

/* What a MONITOR_ENDED says. */
void monitor_take_end(const struct frame *ended, struct monitor_end *ret);

/* Asks for one thing and waits for the answer, passing over what else arrives. `ret` may be NULL: descriptors are
 * closed. The monitor's error where it refuses; ERR_NOT_FOUND where it ended meanwhile. */
int monitor_ask(int socket, enum monitor_message request, const void *data, size_t len, struct monitor_fds *ret,
                struct err *err);

/* Waits for the next end of the program: 1; 0 where `until` (time_monotonic(); 0: for ever) came first; ERR_NOT_FOUND
 * where the monitor was killed; the error of a start that failed. */
int monitor_await_end(int socket, int64_t until, struct monitor_end *ret, struct err *err);
