/* What the files of logging share: the table of drivers, and the way of an entry from the program to a driver. */
#pragma once

#include "base/buf.h"
#include "logging/logging.h"

enum {
    LOGGING_PIECE_MAX = 16 << 10,      /* a longer line is several entries */
    LOGGING_ATTRIBUTES_MAX = 64 << 10, /* as they stand with each entry */
    LOGGING_PENDING_MAX = 64 << 10,    /* what is kept while it cannot be written */
};

/* --log-opt, understood. Strings are borrowed from the options. */
struct logging_settings {
    int64_t max_size; /* of a file; 0: no bound */
    int64_t max_file;
    bool compress;
    int64_t max_pending; /* LOGGING_PENDING_MAX, or max-buffer-size */
    const char *labels, *labels_regex, *env, *env_regex, *tag;
    const char *address, *facility, *format; /* syslog's */

    /* Of the copy that makes the output of a driver readable whose other end does not give it back. */
    bool cache_disabled, cache_compress;
    int64_t cache_max_size, cache_max_file;
};

/* A driver. Its functions for writing never fail: see logging_write(). */
struct logging_driver {
    const char *name;
    const char *const *options; /* names of those it takes beside mode and max-buffer-size; NULL: any */
    struct logging_settings defaults;

    /* Whether its other end is there, and its own options make sense; NULL: nothing to look at. */
    int (*check)(const struct logging_settings *settings, struct err *err);

    /* NULL in `open`: everything is dropped. */
    int (*open)(const struct logging_options *options, const struct logging_settings *settings, void **ret,
                struct err *err);
    void (*entry)(void *sink, const struct logging_entry *entry);
    void (*flush)(void *sink, bool end); /* behind the last entry of a batch, and when it is time */
    int64_t (*wake)(const void *sink);   /* logging_wake() */
    void (*close)(void *sink);

    /* The name of the newest file that is read back, and the form of its lines. NULL: a copy is kept by logging_local
     * to be read. */
    char *(*file_name)(const char *id);
    const struct logging_format *format;
};

extern const struct logging_driver logging_json_file, logging_local, logging_journald, logging_syslog;

/* Where the journal listens; changed by tests. */
extern const char *logging_journal_socket;

/* The driver of this name, understood options. ERR_INVALID. */
int logging_settings_parse(const char *driver, char *const *options, const struct logging_driver **ret_driver,
                           struct logging_settings *ret, struct err *err);

/* One entry as one line of a file, both ways. */
struct logging_format {
    /* Appends the line with its newline. `attributes`: as logging_attributes_json() gives them, or "". */
    void (*encode)(const struct logging_entry *entry, const char *attributes, struct buf *out);

    /* Reads `len` bytes, a line without its newline, which it may change, as well as the byte behind it (the newline):
     * the entry's text lies in there. False for a
     * line that is damaged. With `details` the attributes are filled in, the caller's to free. */
    bool (*decode)(char *line, size_t len, bool details, struct logging_entry *ret);
};

extern const struct logging_format logging_json_format, logging_local_format;

/* NAME=VALUE of what labels, env and tag ask for, sorted by name; the caller frees it. ERR_INVALID for a regular
 * expression or template that is none, ERR_LIMIT. */
int logging_attributes(const struct logging_container *container, const struct logging_settings *settings, char ***ret,
                       struct err *err);

/* The tag, from its template; `fallback` where none was asked for. The caller frees `*ret`, which may be NULL. */
int logging_tag(const struct logging_container *container, const struct logging_settings *settings,
                const char *fallback, char **ret, struct err *err);

/* Appends `text` as Go's encoding/json writes a string: in quotes, with <, > and & escaped, U+FFFD for what is no
 * UTF-8. */
void logging_json_string(const char *text, size_t len, struct buf *out);

/* A time as a log line has it: time_parse(), fast. */
bool logging_time_parse(const char *text, size_t len, int64_t *ret);

/* Attributes as a JSON object, or "" where there are none. */
char *logging_attributes_json(char *const *attributes);
