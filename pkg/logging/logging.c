#include "logging/internal.h"

#include "base/time.h"
#include "sys/path.h"

/* A line that is not whole yet. */
struct line {
    char *p; /* LOGGING_PIECE_MAX bytes, or NULL while none was needed */
    size_t len;
    int64_t time; /* of the first piece of a line that is longer than one; else 0 */
};

struct logging_writer {
    const struct logging_driver *driver;
    void *sink;           /* NULL: all is dropped */
    void *cache;          /* logging_local's, or NULL */
    struct line lines[2]; /* of standard output, of standard error */
};

int logging_check(const char *driver, char *const *options, struct err *err)
{
    const struct logging_container nobody = {.id = "", .name = "", .image = "", .image_id = ""};
    const struct logging_driver *d;
    struct logging_settings settings;
    _cleanup_strv_ char **attributes = NULL;
    int r = logging_settings_parse(driver, options, &d, &settings, err);

    if (r == 0)
        r = logging_attributes(&nobody, &settings, &attributes, err); /* expressions and templates make sense */
    return r == 0 && d->check ? d->check(&settings, err) : r;
}

char *logging_path(const char *driver, const char *dir_path, const char *id)
{
    _cleanup_free_ char *name = NULL;

    if (!str_empty(driver) && !str_eq(driver, logging_json_file.name))
        return NULL;
    name = logging_json_file.file_name(id);
    return path_join(dir_path, name);
}

static void *open_cache(const struct logging_options *options, const struct logging_settings *settings)
{
    const struct logging_settings own = {.max_size = settings->cache_max_size,
                                         .max_file = settings->cache_max_file,
                                         .compress = settings->cache_compress,
                                         .max_pending = LOGGING_PENDING_MAX};
    void *ret = NULL;

    logging_local.open(options, &own, &ret, NULL);
    return ret;
}

int logging_open(const struct logging_options *options, struct logging_writer **ret, struct err *err)
{
    const struct logging_driver *driver;
    struct logging_settings settings;
    void *sink = NULL, *cache = NULL;
    int r = logging_settings_parse(options->driver, options->options, &driver, &settings, err);

    if (r == 0 && driver->open)
        r = driver->open(options, &settings, &sink, err);
    if (r < 0)
        return r;
    if (sink && !driver->file_name && !settings.cache_disabled)
        cache = open_cache(options, &settings);
    *ret = mem_zalloc(1, sizeof(**ret));
    (*ret)->driver = driver;
    (*ret)->sink = sink;
    (*ret)->cache = cache;
    return 0;
}

/* How much of a line that is too long goes into one piece: a character that is whole, or none at all, is not cut. */
static size_t cut(const char *p, size_t len)
{
    for (size_t back = 1; back <= 3; back++) {
        unsigned char c = (unsigned char)p[len - back];
        size_t need = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;

        if (need > back)
            return len - back;
        if (c < 0x80 || c >= 0xc0)
            break;
    }
    return len;
}

static void emit(struct logging_writer *w, enum logging_stream stream, int64_t now, const char *text, size_t len)
{
    struct line *line = &w->lines[stream - 1];
    bool ends = text[len - 1] == '\n';
    struct logging_entry entry = {.time = line->time ? line->time : now, .stream = stream, .text = text, .len = len};

    w->driver->entry(w->sink, &entry);
    if (w->cache)
        logging_local.entry(w->cache, &entry);
    line->time = ends ? 0 : entry.time;
}

/* Puts more of a line behind what there is of it: how many bytes were taken. */
static size_t complete(struct logging_writer *w, enum logging_stream stream, int64_t now, const char *bytes, size_t len)
{
    struct line *line = &w->lines[stream - 1];
    size_t n = MIN_OF(len, LOGGING_PIECE_MAX - line->len), whole = 0;
    const char *newline = memchr(bytes, '\n', n);

    if (newline)
        n = (size_t)(newline - bytes) + 1;
    if (!line->p)
        line->p = mem_alloc(LOGGING_PIECE_MAX);
    memcpy(line->p + line->len, bytes, n);
    line->len += n;
    if (newline)
        whole = line->len;
    else if (line->len == LOGGING_PIECE_MAX)
        whole = cut(line->p, line->len);
    if (whole) {
        emit(w, stream, now, line->p, whole);
        line->len -= whole;
        memmove(line->p, line->p + whole, line->len);
    }
    return n;
}

/* The same for bytes that begin a line; only the start of one that does not end here is copied. */
static size_t begin(struct logging_writer *w, enum logging_stream stream, int64_t now, const char *bytes, size_t len)
{
    size_t n = MIN_OF(len, (size_t)LOGGING_PIECE_MAX);
    const char *newline = memchr(bytes, '\n', n);

    if (newline)
        n = (size_t)(newline - bytes) + 1;
    else if (n == LOGGING_PIECE_MAX)
        n = cut(bytes, n);
    else
        return complete(w, stream, now, bytes, len);
    emit(w, stream, now, bytes, n);
    return n;
}

static void flush_sinks(struct logging_writer *w, bool end)
{
    w->driver->flush(w->sink, end);
    if (w->cache)
        logging_local.flush(w->cache, end);
}

void logging_write(struct logging_writer *w, enum logging_stream stream, const char *bytes, size_t len)
{
    int64_t now = time_now();

    if (!w->sink)
        return;
    while (len) {
        size_t n = (w->lines[stream - 1].len ? complete : begin)(w, stream, now, bytes, len);

        bytes += n;
        len -= n;
    }
    flush_sinks(w, false);
}

int64_t logging_wake(const struct logging_writer *w)
{
    int64_t own = w->sink ? w->driver->wake(w->sink) : 0, copy = w->cache ? logging_local.wake(w->cache) : 0;

    return own && copy ? MIN_OF(own, copy) : own + copy;
}

void logging_flush(struct logging_writer *w, bool end)
{
    if (!w->sink)
        return;
    for (int i = 0; i < 2 && end; i++) {
        struct line *line = &w->lines[i];

        if (line->len)
            emit(w, (enum logging_stream)(i + 1), time_now(), line->p, line->len);
        free(line->p);
        *line = (struct line){0};
    }
    flush_sinks(w, end);
}

void logging_close(struct logging_writer *w)
{
    if (!w)
        return;
    logging_flush(w, true);
    if (w->sink)
        w->driver->close(w->sink);
    if (w->cache)
        logging_local.close(w->cache);
    free(w);
}
