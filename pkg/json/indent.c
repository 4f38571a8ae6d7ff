#include "json/json.h"

/* Deeper than this nothing moves to the right any more: a short document of many levels would become gigabytes. */
enum { LEVELS_MAX = 32 };

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void new_line(struct buf *out, const char *indent, size_t depth)
{
    buf_addc(out, '\n');
    for (size_t i = 0; i < MIN_OF(depth, (size_t)LEVELS_MAX); i++)
        buf_adds(out, indent);
}

/* The length of the string that begins at `s`, both quotes included. */
static size_t string_length(const char *s, size_t len)
{
    size_t n = 1;

    while (n < len && s[n] != '"')
        n += s[n] == '\\' ? 2 : 1;
    return MIN_OF(n + 1, len);
}

static size_t skip_space(const char *text, size_t at, size_t len)
{
    while (at < len && is_space(text[at]))
        at++;
    return at;
}

void json_indent(const char *text, size_t len, const char *indent, struct buf *out)
{
    size_t depth = 0;

    for (size_t at = 0; (at = skip_space(text, at, len)) < len;) {
        char c = text[at];
        size_t n = c == '"' ? string_length(text + at, len - at) : 1;
        size_t next = c == '{' || c == '[' ? skip_space(text, at + 1, len) : len;

        if (next < len && (text[next] == '}' || text[next] == ']')) {
            buf_addc(out, c);
            buf_addc(out, text[next]);
            at = next + 1;
            continue;
        }
        if ((c == '}' || c == ']') && depth)
            new_line(out, indent, --depth);
        buf_add(out, text + at, n);
        if (c == '{' || c == '[')
            new_line(out, indent, ++depth);
        else if (c == ',')
            new_line(out, indent, depth);
        else if (c == ':')
            buf_addc(out, ' ');
        at += n;
    }
}
