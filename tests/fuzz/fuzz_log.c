/* Log files, as a crash, a full disk or somebody's hand left them: lines are found, read or passed over, whether from
 * the start or from the end. What was written is read back as it was. */
#include "base/utf8.h"
#include "logging/internal.h"
#include "logging/lines.h"
#include "sys/fd.h"

#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct logging_format *const formats[] = {&logging_json_format, &logging_local_format};

static void check_entry(const char *line, size_t len, const struct logging_entry *e)
{
    if (e->text < line || e->text + e->len > line + len + 1)
        abort();
    if (e->stream != LOGGING_STDOUT && e->stream != LOGGING_STDERR)
        abort();
}

/* Every line of the file, from `offset` on; how many there are. */
static int64_t read_lines(int fd, int64_t offset, const struct logging_format *format)
{
    _cleanup_lines_ struct log_lines lines = {.fd = fd, .offset = offset};
    int64_t n = 0;
    char *line;
    size_t len;

    while (log_lines_next(&lines, &line, &len) > 0) {
        struct logging_entry e;

        n++;
        if (!format->decode(line, len, true, &e))
            continue;
        check_entry(line, len, &e);
        strv_free(e.attributes);
    }
    return n;
}

static void check_file(const uint8_t *data, size_t size, const struct logging_format *format)
{
    _cleanup_fd_ int fd = memfd_create("fuzz", MFD_CLOEXEC);
    int64_t all, end, wanted = size ? data[0] : 0;

    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        return;
    all = read_lines(fd, 0, format);
    end = log_lines_end(fd);
    if (end < 0 || end > (int64_t)size || (end && data[end - 1] != '\n'))
        abort();
    if (wanted) {
        int64_t missing = wanted, offset = log_lines_tail(fd, &missing);

        if (offset < 0 || read_lines(fd, offset, format) != wanted - missing || wanted - missing > all)
            abort();
    }
}

static bool is_utf8(const char *text)
{
    size_t n;

    for (; *text; text += n) {
        n = utf8_length(text);
        if (!n)
            return false;
    }
    return true;
}

/* One entry there and back. */
static void check_entry_round(const char *text, size_t len, const struct logging_format *format)
{
    const struct logging_entry in = {.time = 1700000000123456789, .stream = LOGGING_STDERR, .text = text, .len = len};
    _cleanup_buf_ struct buf line = BUF_INIT;
    struct logging_entry out;

    format->encode(&in, "", &line);
    if (memchr(line.p, '\n', line.len) != line.p + line.len - 1)
        abort();
    if (!format->decode(line.p, line.len - 1, true, &out) || out.time != in.time || out.stream != in.stream)
        abort();
    if (format == &logging_local_format || (strlen(text) == len && is_utf8(text)))
        if (out.len != len || memcmp(out.text, text, len) != 0)
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_free_ char *text = str_ndup((const char *)data, size);
    const char *newline = memchr(text, '\n', strlen(text));
    size_t len = newline ? (size_t)(newline - text) + 1 : strlen(text);

    for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
        check_file(data, size, formats[i]);
        if (len) {
            text[len] = 0;
            check_entry_round(text, len, formats[i]);
        }
    }
    return 0;
}
