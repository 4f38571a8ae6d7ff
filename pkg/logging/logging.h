/* What a container wrote, kept: drivers, rotation, reading back and following.
 *
 * One writer, the container's monitor, and any number of readers in processes of their own; files are read and written
 * without locks: a writer only appends, and rotates by renaming. A full disk never holds the container: what could not
 * be written is counted and told once there is room again. Driver names and their options are Docker's (json-file,
 * local, journald, syslog, none); --log-opt max-size, max-file, compress, labels, env, tag, mode.
 *
 * Files, in the container's directory, the newest first; with compression all but the first end in ".gz":
 *
 *     json-file   ID-json.log   ID-json.log.1   ID-json.log.2
 *     local       local.log     local.log.1     …
 *
 * Both have one entry a line, so one that is damaged takes no other with it. Beside journald and syslog a copy is kept
 * as by local, which logging_read() reads (--log-opt cache-disabled, cache-max-size, cache-max-file, cache-compress).
 */
#pragma once

#include "base/err.h"
#include "base/strv.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum logging_stream { LOGGING_STDOUT = 1, LOGGING_STDERR = 2 };

/* What a driver may want to know of the container. Strings are borrowed. */
struct logging_container {
    const char *id, *name, *image, *image_id;
    const char *command;              /* with its arguments; for tags; may be NULL */
    char *const *labels, *const *env; /* NAME=VALUE */
    int64_t created;                  /* time.h */
};

struct logging_options {
    const char *driver;   /* NULL or "": json-file */
    char *const *options; /* NAME=VALUE */
    int dir;              /* the container's directory: files lie in it, named by the driver */
    const char *path;     /* its absolute path, for messages */
    bool discard;         /* the files go when the writer is closed: no more work than needed is put into them */
    struct logging_container container;
};

/* Whether the driver is known and takes these options; ERR_INVALID in Docker's words ("unknown log opt 'x' for
 * json-file log driver"), ERR_UNSUPPORTED for a driver whose other end (journald, syslog) is not there. Nothing is
 * made. */
int logging_check(const char *driver, char *const *options, struct err *err);

/* The path of the file that a reader of json-file finds (inspect's LogPath), or NULL for drivers without one. The
 * caller frees it. */
char *logging_path(const char *driver, const char *dir_path, const char *id);

/* ---- writing ---- */

struct logging_writer;

/* Opens the driver; the file is made with the first byte, so a program that writes nothing costs nothing. What the
 * options' strings say is copied; `dir` has to stay open as long as the writer. */
int logging_open(const struct logging_options *options, struct logging_writer **ret, struct err *err);

/* Takes output as it came from the program, in pieces of any size: lines are cut at newlines and at 16 KiB, as Docker
 * does (but never inside a character), and are stamped with the time at which their end arrived. All whole lines are
 * with the driver when it returns, by one write(2) where they are not many; the start of a line waits for its end.
 * Never fails and never blocks for long; what could not be kept is counted. */
void logging_write(struct logging_writer *w, enum logging_stream stream, const char *bytes, size_t len);

/* When logging_flush() is due, in time_monotonic()'s time; 0: no need. It is 0 nearly always: where everything was
 * written, nobody has to wake up. */
int64_t logging_wake(const struct logging_writer *w);

/* Tries what is due. `end`: the program has ended, and what it left without a newline is a line. It may be started
 * again and write on. */
void logging_flush(struct logging_writer *w, bool end);

/* logging_flush() with `end`, and then a last time what could not be written yet. Takes NULL. */
void logging_close(struct logging_writer *w);

/* ---- reading ---- */

struct logging_entry {
    int64_t time; /* time.h */
    enum logging_stream stream;
    const char *text; /* with its newline, where it had one */
    size_t len;
    char **attributes; /* --details; may be NULL */
};

struct logging_query {
    int64_t since, until; /* 0: no bound */
    int64_t tail;         /* so many last lines; -1: all */
    bool details;         /* fill in `attributes`, which costs time */
    bool follow;          /* until `ended` says so and everything was read */
    bool (*ended)(void *data);
    int wake;                /* readable when it may have ended (a monitor's connection), or -1 */
    int (*idle)(void *data); /* before more is waited for: anything but 0 ends the reading; may be NULL */
    void *data;
};

/* Hands each entry to `take`, which ends the reading with anything but 0. ERR_UNSUPPORTED for drivers that cannot be
 * read: "configured logging driver does not support reading". A line that is damaged (a full disk, a power cut) is
 * passed over. `tail` reads from the end: its time does not depend on the size. */
int logging_read(const struct logging_options *options, const struct logging_query *query,
                 int (*take)(const struct logging_entry *entry, void *data), void *data, struct err *err);
