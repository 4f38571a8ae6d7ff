/* local: the compact log, compressed when it is rotated. A line an entry:
 *
 *     0017b1c2d3e4f506o hello
 *     |               ||
 *     |               |the bytes that the program wrote, up to and with its newline
 *     |               o: standard output; e: standard error; O and E: the line goes on in the next entry of its stream,
 *     |               or had no newline, so that the one that ends this line is ours
 *     nanoseconds since 1970, sixteen hexadecimal digits
 *
 * Lines are cut at newlines, so the text holds none; it is what cut(1), grep(1) and zgrep(1) read.
 */
#include "logging/file.h"

enum { TIME_DIGITS = 16, HEAD = TIME_DIGITS + 2 };

static void encode(const struct logging_entry *entry, const char *attributes _unused_, struct buf *out)
{
    static const char hex[] = "0123456789abcdef";
    bool whole = entry->text[entry->len - 1] == '\n';
    char head[HEAD];

    for (int i = 0; i < TIME_DIGITS; i++)
        head[i] = hex[(uint64_t)entry->time >> (4 * (TIME_DIGITS - 1 - i)) & 15];
    head[TIME_DIGITS] = "oeOE"[(entry->stream == LOGGING_STDERR) + 2 * !whole];
    head[TIME_DIGITS + 1] = ' ';
    buf_add(out, head, HEAD);
    buf_add(out, entry->text, entry->len);
    if (!whole)
        buf_addc(out, '\n');
}

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool decode(char *line, size_t len, bool details _unused_, struct logging_entry *ret)
{
    static const char kinds[] = "oeOE";
    uint64_t time = 0;
    const char *kind;

    if (len < HEAD)
        return false;
    kind = memchr(kinds, line[TIME_DIGITS], 4);
    for (int i = 0; i < TIME_DIGITS && kind; i++) {
        if (digit(line[i]) < 0)
            return false;
        time = time << 4 | (unsigned)digit(line[i]);
    }
    if (!kind || line[TIME_DIGITS + 1] != ' ')
        return false;
    *ret = (struct logging_entry){
        .time = (int64_t)time,
        .stream = (kind - kinds) % 2 ? LOGGING_STDERR : LOGGING_STDOUT,
        .text = line + HEAD,
        .len = len - HEAD,
    };
    if (kind - kinds < 2)
        line[HEAD + ret->len++] = '\n'; /* where it was when the line was read */
    return true;
}

const struct logging_format logging_local_format = {encode, decode};

static char *file_name(const char *id _unused_)
{
    return str_dup("local.log");
}

static int open_local(const struct logging_options *options, const struct logging_settings *settings, void **ret,
                      struct err *err _unused_)
{
    *ret = log_file_new(options->dir, options->path, file_name(NULL), str_dup(""), &logging_local_format, settings,
                        options->discard);
    return 0;
}

static const char *const names[] = {"compress", "max-file", "max-size", NULL};

const struct logging_driver logging_local = {
    .name = "local",
    .options = names,
    .defaults = {.max_size = 10 << 20, .max_file = 3, .compress = true},
    .open = open_local,
    .entry = log_file_entry,
    .flush = log_file_flush,
    .wake = log_file_wake,
    .close = log_file_close,
    .file_name = file_name,
    .format = &logging_local_format,
};
