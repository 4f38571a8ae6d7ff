#include "cli/term.h"

#include "base/utf8.h"

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

unsigned cli_rows(int fd)
{
    struct winsize size;

    return ioctl(fd, TIOCGWINSZ, &size) < 0 || size.ws_row == 0 ? 24 : size.ws_row;
}

unsigned cli_columns(int fd)
{
    struct winsize size;

    if (ioctl(fd, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
        return 80;
    return size.ws_col;
}

void cli_add_printable(struct buf *out, const char *text)
{
    while (*text) {
        size_t n = utf8_printable(text);

        buf_add(out, n ? text : "?", n ? n : 1);
        text += n ? n : 1;
    }
}

size_t cli_text_width(const char *text)
{
    size_t n = 0;

    for (; *text; text++)
        n += (*text & 0xc0) != 0x80;
    return n;
}
