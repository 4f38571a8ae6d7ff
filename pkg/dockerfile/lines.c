/* From text to the lines of instructions: directives, comments, continuations. */
#include "base/utf8.h"
#include "dockerfile/internal.h"

#include <ctype.h>
#include <strings.h>

void lines_release(struct lines *l)
{
    free(l->syntax);
    free(l->check);
    buf_free(&l->joined);
    free(l->pieces.v);
    l->syntax = l->check = NULL;
    l->pieces.v = NULL;
}

bool lines_raw(struct lines *l, const char **ret, size_t *ret_len)
{
    const char *start = l->text + l->at, *end;

    if (l->at >= l->len)
        return false;
    end = memchr(start, '\n', l->len - l->at);
    *ret = start;
    *ret_len = end ? (size_t)(end + 1 - start) : l->len - l->at;
    l->at += *ret_len;
    l->line++;
    return true;
}

static bool next_line(struct lines *l, const char **ret, size_t *ret_len)
{
    if (!lines_raw(l, ret, ret_len))
        return false;
    while (*ret_len > 0 && strchr("\r\n", (*ret)[*ret_len - 1]))
        --*ret_len;
    return true;
}

/* Behind the spaces that a line begins with. The text ends with a 0, so nothing is read behind it. */
static size_t indentation(const char *line, size_t n)
{
    size_t i = 0, space;

    while (i < n && (space = letter_space(line + i)) > 0)
        i += space;
    return i;
}

static bool is_comment(const char *line, size_t n)
{
    size_t i = indentation(line, n);

    return i < n && line[i] == '#';
}

/* ---- parser directives ---- */

/* "# NAME = VALUE". */
static bool parse_directive(const char *line, size_t n, char **ret_name, char **ret_value)
{
    size_t start = 1 + indentation(line + 1, n - 1), end = start, value;

    if (start >= n || !isalpha((unsigned char)line[start]))
        return false;
    while (end < n && isalnum((unsigned char)line[end]))
        end++;
    for (value = end; value < n && is_line_space(line[value]);)
        value++;
    if (value >= n || line[value] != '=')
        return false;
    *ret_value = letters_trim(line + value + 1, n - value - 1);
    if (!**ret_value) {
        free(*ret_value);
        *ret_value = NULL;
        return false;
    }
    *ret_name = str_ndup(line + start, end - start);
    return true;
}

static int set_escape(struct lines *l, const char *value, struct err *err)
{
    if (!str_eq(value, "\\") && !str_eq(value, "`"))
        return err_set(err, ERR_INVALID, "invalid escape token '%s' does not match ` or \\", value);
    l->escape = *value;
    return 0;
}

/* Looks for a directive as long as nothing else has been. Behind "#!" those have meaning that say which program reads
 * the file, and no others. */
static int read_directive(struct lines *l, const char *line, size_t n, struct err *err)
{
    static const char *const names[] = {"escape", "syntax", "check"};
    _cleanup_free_ char *name = NULL, *value = NULL;
    size_t which = 0;

    if (l->directives_done)
        return 0;
    if (l->line == 1 && n > 1 && line[0] == '#' && line[1] == '!') {
        l->shebang = true;
        return 0;
    }
    l->directives_done = true;
    if (n == 0 || line[0] != '#' || !parse_directive(line, n, &name, &value))
        return 0;
    while (which < ARRAY_SIZE(names) && strcasecmp(name, names[which]) != 0)
        which++;
    if (which == ARRAY_SIZE(names))
        return 0;
    if (l->seen_directives & 1u << which)
        return l->shebang ? 0 : err_set(err, ERR_INVALID, "only one %s parser directive can be used", names[which]);
    l->seen_directives |= 1u << which;
    l->directives_done = false;
    l->directives = l->line;
    if (which == 0)
        return l->shebang ? 0 : set_escape(l, value, err);
    str_replace(which == 1 ? &l->syntax : &l->check, steal_ptr(&value));
    return 0;
}

/* ---- instructions ---- */

/* Whether the line goes on: the escape character stands last, and not behind another one. */
static bool trim_continuation(const struct lines *l, const char *line, size_t *n)
{
    size_t end = *n;

    while (end > 0 && (line[end - 1] == ' ' || line[end - 1] == '\t'))
        end--;
    if (end == 0 || line[end - 1] != l->escape || (end > 1 && line[end - 2] == l->escape))
        return false;
    *n = end - 1;
    return true;
}

static void add_piece(struct lines *l, const char *line, size_t n, size_t column)
{
    *VEC_PUSH(&l->pieces) =
        (struct line_piece){.offset = l->joined.len, .line = l->line, .column = (unsigned)column + 1};
    buf_add(&l->joined, line, n);
}

static int check_text(const struct lines *l, struct err *err)
{
    const char *s = buf_str(&l->joined);

    while (*s) {
        size_t n = utf8_length(s);

        if (n == 0)
            return err_set(err, ERR_INVALID, "the text is not UTF-8");
        s += n;
    }
    return 0;
}

static void join_continuation(struct lines *l)
{
    const char *line;
    size_t n;
    bool more = true;

    while (more && next_line(l, &line, &n)) {
        if (is_comment(line, n))
            continue;
        if (indentation(line, n) == n) {
            l->empty_continuation = true;
            continue;
        }
        more = trim_continuation(l, line, &n);
        add_piece(l, line, n, 0);
    }
}

int lines_next(struct lines *l, struct err *err)
{
    const char *line;
    size_t n;

    buf_clear(&l->joined);
    l->pieces.n = 0;
    l->empty_continuation = false;
    while (next_line(l, &line, &n)) {
        size_t skip = indentation(line, n);
        bool more;
        int r = read_directive(l, line + skip, n - skip, err);

        if (r < 0)
            return r;
        line += skip;
        n -= skip;
        if (n > 0 && *line == '#')
            continue;
        more = trim_continuation(l, line, &n);
        if (!more && n == 0)
            continue;
        l->first = l->line;
        add_piece(l, line, n, skip);
        if (more)
            join_continuation(l);
        r = check_text(l, err);
        return r < 0 ? r : 1;
    }
    return 0;
}

struct dockerfile_span lines_locate(const struct lines *l, size_t offset, size_t length)
{
    size_t low = 0, high = l->pieces.n;
    const struct line_piece *piece;
    size_t end;

    while (low + 1 < high) {
        size_t middle = (low + high) / 2;

        if (l->pieces.v[middle].offset <= offset)
            low = middle;
        else
            high = middle;
    }
    piece = &l->pieces.v[low];
    end = low + 1 < l->pieces.n ? l->pieces.v[low + 1].offset : l->joined.len;
    return (struct dockerfile_span){
        .line = piece->line,
        .column = piece->column + (unsigned)(offset - piece->offset),
        .length = (unsigned)MIN_OF(length, end - offset),
    };
}
