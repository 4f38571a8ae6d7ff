/* Errors.
 *
 * A function that can fail returns int: 0, or one of the negative kinds below. Its last parameter is a `struct err *`
 * that is set exactly once, by the place that knows what failed, and left untouched on success. Layers above add what
 * they were doing with err_wrap(), so that the final text reads from the large to the small:
 *
 *     unpacking layer 3/5 (sha256:ab12…): etc/passwd: No space left on device
 *
 * A kind says what a caller may do about a failure (ask again, try another mirror, exit with 127); the text is for
 * people and is never parsed. The record is a plain value without ownership: copy it, drop it, put it on the stack.
 */
#pragma once

#include "base/mem.h"

#include <stdarg.h>

enum err_kind {
    ERR_INVALID = -1,      /* malformed input: command line, document, reference */
    ERR_NOT_FOUND = -2,    /* the named object does not exist */
    ERR_EXISTS = -3,       /* the name is taken */
    ERR_PERMISSION = -4,   /* refused by the kernel or by file modes */
    ERR_NO_SPACE = -5,     /* disk, quota or inodes are used up */
    ERR_IO = -6,           /* any other failing system call */
    ERR_NETWORK = -7,      /* unreachable, reset, timed out: worth a retry or another mirror */
    ERR_AUTH = -8,         /* the registry wants other credentials */
    ERR_TLS = -9,          /* the peer's certificate was not accepted */
    ERR_CORRUPT = -10,     /* digest, size or format is not what was promised */
    ERR_LIMIT = -11,       /* foreign input is larger than the cap that holds for it */
    ERR_UNSUPPORTED = -12, /* well-formed, but nothing this host or version can do */
    ERR_BUSY = -13,        /* somebody else holds the lock */
    ERR_INTERRUPTED = -14, /* a signal asked for the end */
    ERR_NO_EXEC = -15,     /* the container's program cannot be executed: exit code 126 */
    ERR_NO_COMMAND = -16,  /* the container's program was not found: exit code 127 */
    ERR_INTERNAL = -17,    /* a rule of our own is broken */
};

enum { ERR_TEXT_MAX = 1024, ERR_HINT_MAX = 256 };

struct err {
    int kind; /* 0 while unset */
    char text[ERR_TEXT_MAX];
    char hint[ERR_HINT_MAX]; /* what to do next, or empty */
};

#define ERR_INIT ((struct err){0})

/* Sets the error and returns `kind`. Over-long texts are cut; control characters and bytes that are no UTF-8 become
 * '?', since texts quote foreign bytes and end on terminals. `err` may be NULL where a caller needs no text; the kind
 * then gets lost where a layer above wraps, so a caller that looks at kinds passes a record. */
int err_set(struct err *err, int kind, const char *fmt, ...) _printf_(3, 4);

/* The same from an errno value (positive): the kind is derived from it and its text is appended behind ": ". */
int err_errno(struct err *err, int errnum, const char *fmt, ...) _printf_(3, 4);

/* Puts "…: " in front of the text; returns the kind, so `return err_wrap(err, "reading %s", path);` works. Without a
 * record it returns ERR_INTERNAL. */
int err_wrap(struct err *err, const char *fmt, ...) _printf_(2, 3);

/* Says what the user can do next; shown behind the text. The hint nearest to the failure wins: a later one is ignored.
 * Returns the kind. */
int err_hint(struct err *err, const char *fmt, ...) _printf_(2, 3);

/* The kind that fits an errno value. */
int err_kind_of_errno(int errnum);
