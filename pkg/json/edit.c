/* Changing one member of a document as text: all else keeps its bytes, its order and its numbers. */
#include "json/json.h"

#include <jansson.h>

enum { EDIT_DEPTH_MAX = 8 };

/* A member of an object, by offsets: the text from `before` (behind the brace or comma before it) to `end`. */
struct member {
    size_t before, name, value, end;
};

/* The document was parsed, so what is not a blank is what belongs there. */
static size_t skip_blanks(const char *text, size_t at)
{
    return at + strspn(text + at, " \t\r\n");
}

static size_t skip_string(const char *text, size_t at)
{
    for (at++; text[at] != '"'; at++)
        at += text[at] == '\\';
    return at + 1;
}

static size_t skip_value(const char *text, size_t at)
{
    int depth = 0;

    do {
        if (text[at] == '"') {
            at = skip_string(text, at);
            continue;
        }
        depth += (text[at] == '{' || text[at] == '[') - (text[at] == '}' || text[at] == ']');
        at++;
        if (!depth && !strchr("{}[]", text[at - 1]))
            at += strcspn(text + at, " \t\r\n,]}"); /* the rest of a number or word */
    } while (depth);
    return at;
}

static bool is_name(const char *text, const struct member *m, const char *name)
{
    size_t len = skip_string(text, m->name) - m->name;
    json_t *string = json_loadb(text + m->name, len, JSON_DECODE_ANY, NULL);
    bool same = string && str_eq(json_string_value(string), name);

    json_decref(string);
    return same;
}

/* The next member of an object: `m->end` is behind the one before, or behind the opening brace. */
static bool next_member(const char *text, struct member *m)
{
    size_t at = skip_blanks(text, m->end);

    if (text[at] == ',')
        m->end = at + 1;
    m->before = m->end;
    m->name = skip_blanks(text, m->end);
    if (text[m->name] != '"')
        return false;
    at = skip_blanks(text, skip_string(text, m->name));
    m->value = skip_blanks(text, at + 1);
    m->end = skip_value(text, m->value);
    return true;
}

/* Text in place of [from, to). */
static void splice(struct buf *text, size_t from, size_t to, const struct buf *with)
{
    _cleanup_buf_ struct buf whole = BUF_INIT;

    buf_add(&whole, text->p, from);
    buf_add(&whole, buf_str(with), with->len);
    buf_add(&whole, text->p + to, text->len - to);
    buf_clear(text);
    buf_add(text, whole.p, whole.len);
}

/* Behind the last member, on a line of its own that begins like that one's; in an empty object as Docker writes it. */
static void add_member(struct buf *text, size_t brace, const struct member *last, int depth, const char *name,
                       const char *value)
{
    _cleanup_buf_ struct buf new = BUF_INIT;

    if (last->value) {
        buf_addc(&new, ',');
        buf_add(&new, text->p + last->before, last->name - last->before);
    } else
        buf_addf(&new, "\n%.*s", depth + 1, "\t\t\t\t\t\t\t\t\t");
    buf_add_json(&new, name);
    buf_addf(&new, ": %s", value);
    if (last->value) {
        splice(text, last->end, last->end, &new);
        return;
    }
    buf_addf(&new, "\n%.*s", depth, "\t\t\t\t\t\t\t\t\t");
    splice(text, brace + 1, skip_blanks(text->p, brace + 1), &new);
}

static void remove_member(struct buf *text, const struct member *m)
{
    size_t from = m->before, to = m->end, next = skip_blanks(text->p, m->end);

    if (text->p[next] == ',')
        to = next + 1; /* what stood before its name stands before the next one's */
    else if (text->p[m->before - 1] == ',')
        from--;
    else
        to = next;
    splice(text, from, to, &BUF_INIT);
}

/* Finds the member of the object whose brace is at `brace`; else `m` is the last one, `value` 0 where there is none. */
static bool find_member(const char *text, size_t brace, const char *name, struct member *m)
{
    struct member at = {.end = brace + 1};

    *m = (struct member){0};
    while (next_member(text, &at)) {
        *m = at;
        if (is_name(text, &at, name))
            return true;
    }
    return false;
}

static int edit(struct buf *text, const char *const *path, const char *value, struct err *err)
{
    size_t brace = skip_blanks(text->p, 0);

    for (int depth = 0;; depth++) {
        bool last = !path[depth + 1], found;
        struct member m;

        if (text->p[brace] != '{')
            return err_set(err, ERR_INVALID, "%s: object expected", depth ? path[depth - 1] : "document");
        found = find_member(text->p, brace, path[depth], &m);
        if (!found && !value)
            return 0;
        if (!found) {
            add_member(text, brace, &m, depth, path[depth], last ? value : "{}");
            find_member(text->p, brace, path[depth], &m);
        } else if (last && value) {
            _cleanup_buf_ struct buf new = BUF_INIT;

            buf_adds(&new, value);
            splice(text, m.value, m.end, &new);
        } else if (last)
            remove_member(text, &m);
        else if (str_after(text->p + m.value, "null"))
            splice(text, m.value, m.end, &(struct buf){.p = (char *)"{}", .len = 2});
        if (last)
            return 0;
        brace = m.value;
    }
}

int json_edit(struct buf *text, const char *const *path, const char *value, struct err *err)
{
    json_error_t problem;
    json_t *json;
    size_t depth = 0;

    while (path[depth])
        depth++;
    if (!depth || depth > EDIT_DEPTH_MAX)
        return err_set(err, ERR_INTERNAL, "a path of %zu names", depth);
    if (!*(buf_str(text) + strspn(buf_str(text), " \t\r\n"))) {
        buf_clear(text);
        buf_adds(text, "{}\n");
    }
    json = json_loadb(text->p, text->len, JSON_REJECT_DUPLICATES, &problem);
    if (!json)
        return err_set(err, ERR_INVALID, "line %d: %s", problem.line, problem.text);
    json_decref(json);
    return edit(text, path, value, err);
}
