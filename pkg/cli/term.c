#include "cli/term.h"

#include <sys/ioctl.h>
#include <unistd.h>

bool cli_is_terminal(int fd)
{
    const char *term = getenv("TERM");

    return isatty(fd) && !str_empty(term) && strcmp(term, "dumb") != 0;
}

bool cli_wants_color(int fd)
{
    return str_empty(getenv("NO_COLOR")) && cli_is_terminal(fd);
}

unsigned cli_columns(int fd)
{
    struct winsize size;

    if (ioctl(fd, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
        return 80;
    return MAX_OF(size.ws_col, 20u);
}

/* The length of the UTF-8 character at `s`, 0 where there is none: RFC 3629, so no surrogates and no overlong forms. */
static unsigned utf8_length(const unsigned char *s)
{
    unsigned n = *s < 0x80 ? 1 : *s < 0xc2 ? 0 : *s < 0xe0 ? 2 : *s < 0xf0 ? 3 : *s < 0xf5 ? 4 : 0;

    for (unsigned i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf0 && s[1] < 0x90) ||
        (s[0] == 0xf4 && s[1] > 0x8f))
        return 0;
    return n;
}

void cli_add_printable(struct buf *out, const char *text)
{
    const unsigned char *s = (const unsigned char *)text;

    while (*s) {
        unsigned n = utf8_length(s);
        bool control = *s < 0x20 || *s == 0x7f || (*s == 0xc2 && s[1] < 0xa0);

        if (!n || control)
            buf_addc(out, '?');
        else
            buf_add(out, s, n);
        s += n ? n : 1;
    }
}

size_t cli_text_width(const char *text)
{
    size_t n = 0;

    for (; *text; text++)
        n += (*text & 0xc0) != 0x80;
    return n;
}
