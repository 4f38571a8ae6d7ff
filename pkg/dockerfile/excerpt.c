/* The place of a problem, for people:
 *
 *        2 | RUN make
 *        3 | RUNN make install
 *          | ^~~~
 *        4 | CMD ["app"]
 */
#include "base/utf8.h"
#include "dockerfile/internal.h"

enum {
    AROUND = 2,      /* lines before and behind */
    LINE_MAX_ = 160, /* bytes of a line that are shown */
};

/* The text up to `n` bytes, cut where it is long. */
static void add_text(struct buf *out, const char *s, size_t n)
{
    const char *end = s + MIN_OF(n, (size_t)LINE_MAX_);

    while (s < end) {
        size_t len = *s == '\t' ? 1 : utf8_printable(s);

        if (len)
            buf_add(out, s, len);
        else
            buf_addc(out, '?');
        s += len ? len : letter_length(s) ? letter_length(s) : 1;
    }
    if (n > LINE_MAX_)
        buf_adds(out, "...");
}

/* A sign for each character of the line, so that what is below stands below. */
static void add_caret(struct buf *out, const char *s, size_t n, const struct dockerfile_span *at)
{
    size_t column = at->column - 1, end = column + MAX_OF(at->length, 1u);

    if (at->column == 0 || column > MIN_OF(n, (size_t)LINE_MAX_))
        return;
    buf_adds(out, "     | ");
    for (size_t i = 0; i < end && i <= n && i < LINE_MAX_;) {
        size_t len = i < n ? letter_length(s + i) : 1;

        buf_addc(out, i < column ? (s[i] == '\t' ? '\t' : ' ') : i == column ? '^' : '~');
        i += len ? len : 1;
    }
    buf_addc(out, '\n');
}

void dockerfile_excerpt(const struct dockerfile *d, const struct dockerfile_span *at, struct buf *out)
{
    struct lines l = {.text = d->text, .len = d->len};
    const char *line;
    size_t n;

    while (at->line && l.line < at->line + AROUND && lines_raw(&l, &line, &n)) {
        if (l.line + AROUND < at->line)
            continue;
        while (n > 0 && strchr("\r\n", line[n - 1]))
            n--;
        buf_addf(out, "%4u | ", l.line);
        add_text(out, line, n);
        buf_addc(out, '\n');
        if (l.line == at->line)
            add_caret(out, line, n, at);
    }
}
