/* What a template can call. Words and results are Go's text/template's and Docker's (cli/templates). */
#include "cli/template_internal.h"

#include "base/near.h"
#include "base/strv.h"
#include "cli/term.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>

typedef const struct cli_call_of_function call_of;

static bool is_number(const struct cli_value *v)
{
    return v->kind == CLI_NUMBER || v->kind == CLI_FRACTION;
}

static double number_of(const struct cli_value *v)
{
    return v->kind == CLI_NUMBER ? (double)v->number : v->fraction;
}

/* The text of an argument, whatever it is; the caller frees it. */
static char *text_of(const struct cli_value *v)
{
    struct buf b = BUF_INIT;

    cli_value_print(v, &b);
    buf_adds(&b, "");
    return buf_steal(&b);
}

static int take_text(char *text, struct cli_value *ret)
{
    *ret = (struct cli_value){.kind = CLI_TEXT, .text = text};
    return 0;
}

static int wants(const char *what, const struct cli_value *got, struct err *err)
{
    _cleanup_free_ char *text = text_of(got);

    return err_set(err, ERR_INVALID, "wrong type of argument '%.64s': %s expected", text, what);
}

static int take_index(const struct cli_value *v, size_t max, size_t *ret, struct err *err)
{
    if (v->kind != CLI_NUMBER)
        return wants("a whole number", v, err);
    if (v->number < 0 || (uint64_t)v->number > max)
        return err_set(err, ERR_INVALID, "index out of range: %" PRId64, v->number);
    *ret = (size_t)v->number;
    return 0;
}

/* ---- comparing ---- */

/* Below, at, above 0, of two numbers or two texts; booleans and null only equal or not. */
static int compare(const struct cli_value *a, const struct cli_value *b, bool ordered, int *ret, struct err *err)
{
    if (a->kind == CLI_NUMBER && b->kind == CLI_NUMBER)
        *ret = (a->number > b->number) - (a->number < b->number);
    else if (is_number(a) && is_number(b))
        *ret = (number_of(a) > number_of(b)) - (number_of(a) < number_of(b));
    else if (a->kind == CLI_TEXT && b->kind == CLI_TEXT)
        *ret = strcmp(a->text, b->text);
    else if (!ordered && a->kind == CLI_BOOL && b->kind == CLI_BOOL)
        *ret = a->truth != b->truth;
    else if (!ordered && (a->kind == CLI_NULL || b->kind == CLI_NULL))
        *ret = a->kind != b->kind;
    else
        return err_set(err, ERR_INVALID, "incompatible types for comparison");
    return 0;
}

/* eq alone takes several to compare with: whether any is equal. */
static int call_eq(call_of *c, struct cli_value *ret, struct err *err)
{
    *ret = cli_value_truth(false);
    for (size_t i = 1; i < c->n && !ret->truth; i++) {
        int order;

        if (compare(c->args[0], c->args[i], false, &order, err) < 0)
            return ERR_INVALID;
        ret->truth = order == 0;
    }
    return 0;
}

static int call_ne(call_of *c, struct cli_value *ret, struct err *err)
{
    int r = call_eq(c, ret, err);

    ret->truth = !ret->truth;
    return r;
}

#define ORDER(name, test)                                                      \
    static int call_##name(call_of *c, struct cli_value *ret, struct err *err) \
    {                                                                          \
        int order = 0, r = compare(c->args[0], c->args[1], true, &order, err); \
                                                                               \
        *ret = cli_value_truth(test);                                          \
        return r;                                                              \
    }                                                                          \
    struct mem_swallow_semicolon

ORDER(lt, order < 0);
ORDER(le, order <= 0);
ORDER(gt, order > 0);
ORDER(ge, order >= 0);

static int call_not(call_of *c, struct cli_value *ret, struct err *err _unused_)
{
    *ret = cli_value_truth(!cli_value_is_true(c->args[0]));
    return 0;
}

/* Their arguments stop being evaluated where the result is certain: the executor sees to it. */
static int call_last(call_of *c, struct cli_value *ret, struct err *err _unused_)
{
    *ret = cli_value_copy(c->args[c->n - 1]);
    return 0;
}

/* ---- parts ---- */

static int call_len(call_of *c, struct cli_value *ret, struct err *err)
{
    const struct cli_value *v = c->args[0];

    if (v->kind != CLI_TEXT && v->kind != CLI_SEQUENCE && v->kind != CLI_MAP)
        return wants("a text, a list or a map", v, err);
    *ret = cli_value_number((int64_t)(v->kind == CLI_TEXT ? strlen(v->text) : v->n));
    return 0;
}

static bool holds_texts(const struct cli_value *map)
{
    for (size_t i = 0; i < map->n; i++)
        if (map->items[i].kind != CLI_TEXT)
            return false;
    return true;
}

/* What is missing in a map of texts is the empty text, as Go's maps have it. */
static int call_index(call_of *c, struct cli_value *ret, struct err *err)
{
    static const struct cli_value nothing = {.kind = CLI_NULL}, empty = {.kind = CLI_TEXT, .text = (char *)""};
    const struct cli_value *v = c->args[0];

    for (size_t i = 1; i < c->n; i++) {
        const struct cli_value *key = c->args[i], *found;
        size_t at = 0;

        if (v->kind == CLI_MAP && key->kind == CLI_TEXT) {
            found = cli_value_get(v, key->text);
            v = found ? found : holds_texts(v) ? &empty : &nothing;
        } else if (v->kind == CLI_SEQUENCE) {
            if (take_index(key, v->n, &at, err) < 0)
                return ERR_INVALID;
            if (at == v->n)
                return err_set(err, ERR_INVALID, "index out of range: %zu", at);
            v = &v->items[at];
        } else if (v->kind == CLI_MAP) {
            return wants("a key", key, err);
        } else {
            return wants("a list or a map", v, err);
        }
    }
    *ret = cli_value_copy(v);
    return 0;
}

static int call_slice(call_of *c, struct cli_value *ret, struct err *err)
{
    const struct cli_value *v = c->args[0];
    size_t n = v->kind == CLI_TEXT ? strlen(v->text) : v->n, from = 0, to = n;

    if (v->kind != CLI_TEXT && v->kind != CLI_SEQUENCE)
        return wants("a text or a list", v, err);
    if ((c->n > 1 && take_index(c->args[1], n, &from, err) < 0) ||
        (c->n > 2 && take_index(c->args[2], n, &to, err) < 0))
        return ERR_INVALID;
    if (from > to)
        return err_set(err, ERR_INVALID, "invalid slice index: %zu > %zu", from, to);
    if (v->kind == CLI_TEXT)
        return take_text(str_ndup(v->text + from, to - from), ret);
    *ret = (struct cli_value){.kind = CLI_SEQUENCE};
    for (; from < to; from++)
        cli_value_append(ret, cli_value_copy(&v->items[from]));
    return 0;
}

/* ---- printing ---- */

/* As fmt.Sprint: a blank between two of which neither is a text. As fmt.Sprintln: between all, and a line's end. */
static int print_all(call_of *c, bool line, struct cli_value *ret)
{
    struct buf b = BUF_INIT;

    buf_adds(&b, "");
    for (size_t i = 0; i < c->n; i++) {
        if (i && (line || (c->args[i]->kind != CLI_TEXT && c->args[i - 1]->kind != CLI_TEXT)))
            buf_addc(&b, ' ');
        cli_value_print(c->args[i], &b);
    }
    if (line)
        buf_addc(&b, '\n');
    return take_text(buf_steal(&b), ret);
}

static int call_print(call_of *c, struct cli_value *ret, struct err *err _unused_)
{
    return print_all(c, false, ret);
}

static int call_println(call_of *c, struct cli_value *ret, struct err *err _unused_)
{
    return print_all(c, true, ret);
}

enum { WIDTH_MAX = 10000 };

/* %[-0+ #]*[width][.precision]verb, taken apart. */
struct directive {
    bool left, zero, plus;
    int width, precision; /* -1: none */
    char verb;
};

static const char *parse_directive(const char *p, struct directive *d)
{
    *d = (struct directive){.width = -1, .precision = -1};
    for (; *p && strchr("-0+ #", *p); p++) {
        d->left |= *p == '-';
        d->zero |= *p == '0';
        d->plus |= *p == '+';
    }
    if (isdigit((unsigned char)*p))
        for (d->width = 0; isdigit((unsigned char)*p); p++)
            d->width = MIN_OF(d->width * 10 + (*p - '0'), WIDTH_MAX);
    if (*p == '.')
        for (d->precision = 0, p++; isdigit((unsigned char)*p); p++)
            d->precision = MIN_OF(d->precision * 10 + (*p - '0'), WIDTH_MAX);
    d->verb = *p;
    return *p ? p + 1 : p;
}

static const char *const kind_names[] = {
    [CLI_NULL] = "<nil>",  [CLI_BOOL] = "bool",         [CLI_NUMBER] = "int", [CLI_FRACTION] = "float64",
    [CLI_TEXT] = "string", [CLI_SEQUENCE] = "[]string", [CLI_MAP] = "map",
};

static void convert(const struct directive *d, const struct cli_value *v, struct buf *out)
{
    if (d->verb == 'q' && v->kind == CLI_TEXT)
        cli_value_json(v, 0, false, out);
    else if ((d->verb == 'x' || d->verb == 'X') && v->kind == CLI_NUMBER)
        buf_addf(out, d->verb == 'x' ? "%" PRIx64 : "%" PRIX64, (uint64_t)v->number);
    else if ((d->verb == 'x' || d->verb == 'X') && v->kind == CLI_TEXT)
        for (const char *p = v->text; *p; p++)
            buf_addf(out, d->verb == 'x' ? "%02x" : "%02X", (unsigned char)*p);
    else if (d->verb == 'o' && v->kind == CLI_NUMBER)
        buf_addf(out, "%" PRIo64, (uint64_t)v->number);
    else if ((d->verb == 'f' || d->verb == 'F') && is_number(v))
        buf_addf(out, "%.*f", d->precision < 0 ? 6 : d->precision, number_of(v));
    else if ((d->verb == 'e' || d->verb == 'g') && is_number(v))
        buf_addf(out, d->verb == 'e' ? "%.*e" : "%.*g", d->precision < 0 ? 6 : d->precision, number_of(v));
    else if (d->verb == 'v' || (d->verb == 's' && v->kind != CLI_NUMBER && v->kind != CLI_BOOL) ||
             (d->verb == 'd' && v->kind == CLI_NUMBER) || (d->verb == 't' && v->kind == CLI_BOOL))
        cli_value_print(v, out);
    else {
        buf_addf(out, "%%!%c(%s=", d->verb, kind_names[v->kind]); /* what Go shows of a verb that does not fit */
        cli_value_print(v, out);
        buf_addc(out, ')');
    }
}

static void add_padded(const struct directive *d, const struct cli_value *v, struct buf *out)
{
    _cleanup_buf_ struct buf b = BUF_INIT;
    int missing;

    if (d->plus && v->kind == CLI_NUMBER && v->number >= 0)
        buf_addc(&b, '+');
    convert(d, v, &b);
    if (strchr("vs", d->verb) && d->precision >= 0 && (size_t)d->precision < b.len)
        b.p[b.len = (size_t)d->precision] = 0;
    missing = d->width - (int)cli_text_width(buf_str(&b));
    if (missing > 0 && !d->left)
        for (int i = 0; i < missing; i++)
            buf_addc(out, d->zero && is_number(v) ? '0' : ' ');
    buf_adds(out, buf_str(&b));
    if (missing > 0 && d->left)
        buf_addf(out, "%*s", missing, "");
}

static int call_printf(call_of *c, struct cli_value *ret, struct err *err)
{
    struct buf b = BUF_INIT;
    size_t next = 1;

    if (c->args[0]->kind != CLI_TEXT)
        return wants("a format", c->args[0], err);
    buf_adds(&b, "");
    for (const char *p = c->args[0]->text; *p;) {
        struct directive d;

        if (*p != '%') {
            buf_addc(&b, *p++);
            continue;
        }
        p = parse_directive(p + 1, &d);
        if (d.verb == '%')
            buf_addc(&b, '%');
        else if (!d.verb)
            buf_adds(&b, "%!(NOVERB)");
        else if (next >= c->n)
            buf_addf(&b, "%%!%c(MISSING)", d.verb);
        else
            add_padded(&d, c->args[next++], &b);
    }
    return take_text(buf_steal(&b), ret);
}

static int call_json(call_of *c, struct cli_value *ret, struct err *err _unused_)
{
    struct buf b = BUF_INIT;

    if (c->heading)
        cli_value_print(c->args[0], &b);
    else
        cli_value_json(c->args[0], 0, false, &b);
    return take_text(buf_steal(&b), ret);
}

/* ---- texts ---- */

static int call_join(call_of *c, struct cli_value *ret, struct err *err)
{
    const struct cli_value *list = c->args[0], *separator = c->args[1];
    struct buf b = BUF_INIT;

    if (list->kind != CLI_SEQUENCE && list->kind != CLI_NULL)
        return wants("a list", list, err);
    if (separator->kind != CLI_TEXT)
        return wants("a text", separator, err);
    buf_adds(&b, "");
    for (size_t i = 0; list->kind == CLI_SEQUENCE && i < list->n; i++) {
        if (i)
            buf_adds(&b, separator->text);
        cli_value_print(&list->items[i], &b);
    }
    return take_text(buf_steal(&b), ret);
}

static int call_split(call_of *c, struct cli_value *ret, struct err *err)
{
    const char *p, *found, *by;

    for (size_t i = 0; i < 2; i++)
        if (c->args[i]->kind != CLI_TEXT)
            return wants("a text", c->args[i], err);
    *ret = (struct cli_value){.kind = CLI_SEQUENCE};
    p = c->args[0]->text;
    by = c->args[1]->text;
    while (*by && (found = strstr(p, by))) {
        cli_value_append(ret, (struct cli_value){.kind = CLI_TEXT, .text = str_ndup(p, (size_t)(found - p))});
        p = found + strlen(by);
    }
    for (; !*by && *p; p++)
        cli_value_append(ret, (struct cli_value){.kind = CLI_TEXT, .text = str_ndup(p, 1)});
    if (*by)
        cli_value_append(ret, cli_value_text(p));
    return 0;
}

/* The letters of ASCII; what they make of a heading is the heading. */
static int change_case(call_of *c, int (*start)(int), int (*rest)(int), struct cli_value *ret)
{
    char *text = text_of(c->args[0]);
    bool in_word = false;

    for (char *p = text; *p && !c->heading; p++) {
        *p = (char)(in_word ? rest : start)((unsigned char)*p);
        in_word = !isspace((unsigned char)*p);
    }
    return take_text(text, ret);
}

static int as_it_is(int c)
{
    return c;
}

static int call_lower(call_of *c, struct cli_value *ret, struct err *err _unused_)
{
    return change_case(c, tolower, tolower, ret);
}

static int call_upper(call_of *c, struct cli_value *ret, struct err *err _unused_)
{
    return change_case(c, toupper, toupper, ret);
}

static int call_title(call_of *c, struct cli_value *ret, struct err *err _unused_)
{
    return change_case(c, toupper, as_it_is, ret);
}

static int call_pad(call_of *c, struct cli_value *ret, struct err *err)
{
    _cleanup_free_ char *text = text_of(c->args[0]);
    size_t before = 0, after = 0;

    if (take_index(c->args[1], WIDTH_MAX, &before, err) < 0 || take_index(c->args[2], WIDTH_MAX, &after, err) < 0)
        return ERR_INVALID;
    if (!*text) /* nothing stays nothing */
        before = after = 0;
    return take_text(str_printf("%*s%s%*s", (int)before, "", text, (int)after, ""), ret);
}

static int call_truncate(call_of *c, struct cli_value *ret, struct err *err)
{
    _cleanup_free_ char *text = text_of(c->args[0]);
    size_t n = strlen(text);

    if (take_index(c->args[1], SIZE_MAX / 2, &n, err) < 0)
        return ERR_INVALID;
    return take_text(str_ndup(text, c->heading ? strlen(text) : n), ret);
}

/* ---- the table ---- */

enum { ANY = 1 << 10 };

static const struct cli_function functions[] = {
    {"and", 1, ANY, call_last},      {"eq", 2, ANY, call_eq},
    {"ge", 2, 2, call_ge},           {"gt", 2, 2, call_gt},
    {"index", 1, ANY, call_index},   {"join", 2, 2, call_join},
    {"json", 1, 1, call_json},       {"le", 2, 2, call_le},
    {"len", 1, 1, call_len},         {"lower", 1, 1, call_lower},
    {"lt", 2, 2, call_lt},           {"ne", 2, 2, call_ne},
    {"not", 1, 1, call_not},         {"or", 1, ANY, call_last},
    {"pad", 3, 3, call_pad},         {"print", 0, ANY, call_print},
    {"printf", 1, ANY, call_printf}, {"println", 0, ANY, call_println},
    {"slice", 1, 3, call_slice},     {"split", 2, 2, call_split},
    {"title", 1, 1, call_title},     {"truncate", 2, 2, call_truncate},
    {"upper", 1, 1, call_upper},
};

const struct cli_function *cli_function_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(functions); i++)
        if (str_eq(functions[i].name, name))
            return &functions[i];
    return NULL;
}

const char *cli_function_near(const char *name)
{
    struct near near = near_to(name);

    for (size_t i = 0; i < ARRAY_SIZE(functions); i++)
        near_offer(&near, functions[i].name);
    return near.best;
}
