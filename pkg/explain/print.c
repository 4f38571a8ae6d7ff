/* Facts as lines. */
#include "explain/facts.h"

#include "cli/term.h"

#define WEAK "! " /* in front of a name, which is indented by as much at least */

enum {
    NAME_MAX_WIDTH = 24, /* a longer name has a line of its own */
    GAP = 2,
    TEXT_MIN = 20, /* columns that a text gets however narrow the terminal is */
    STEP = 2,
};

static void add_blanks(struct buf *out, size_t n)
{
    while (n--)
        buf_addc(out, ' ');
}

/* The bytes of the next line of `text`: as many words as there is room for, and at least one. */
static size_t line_length(const char *text, size_t room)
{
    size_t end = 0;

    for (size_t at = 0, columns = 0;; at++) {
        bool word_ends = (!text[at] || text[at] == ' ') && at && text[at - 1] != ' ';

        if (word_ends && end && columns > room)
            return end;
        if (word_ends)
            end = at;
        if (!text[at])
            return end;
        columns += (text[at] & 0xc0) != 0x80;
    }
}

void explain_print_text(const char *text, size_t indent, size_t width, struct buf *out)
{
    size_t room = width > indent + TEXT_MIN ? width - indent : TEXT_MIN;
    size_t drawn = strspn(text, " "); /* blanks at the beginning are drawing, and stay */

    if (!width) {
        buf_addf(out, "%s\n", text);
        return;
    }
    for (bool first = true; first || *text; first = false) {
        size_t n = drawn + line_length(text + drawn, room - MIN_OF(drawn, room));

        add_blanks(out, first ? 0 : indent);
        buf_add(out, text, n);
        buf_addc(out, '\n');
        text += n + strspn(text + n, " ");
        drawn = 0;
    }
}

static size_t names_width(const explain_facts *facts)
{
    size_t width = 0;

    VEC_FOREACH (f, facts) {
        size_t n = cli_text_width(f->name);

        if (n <= NAME_MAX_WIDTH)
            width = MAX_OF(width, n);
    }
    return width;
}

/* Once for neighbours that were read together. */
static void print_source(const explain_facts *facts, const struct explain_fact *f, size_t column, struct buf *out)
{
    _cleanup_buf_ struct buf source = BUF_INIT;

    if (!f->source || (f + 1 < facts->v + facts->n && !f->below.n && str_eq(f->source, f[1].source)))
        return;
    cli_add_printable(&source, f->source);
    add_blanks(out, column);
    buf_addf(out, "[%s]\n", buf_str(&source));
}

static void print_fact(const struct explain_fact *f, size_t indent, size_t column, size_t width, struct buf *out)
{
    _cleanup_buf_ struct buf name = BUF_INIT, text = BUF_INIT;
    size_t taken;

    cli_add_printable(&name, f->name);
    cli_add_printable(&text, f->text);
    taken = indent + cli_text_width(buf_str(&name));
    add_blanks(out, indent - (f->weak ? strlen(WEAK) : 0));
    buf_addf(out, "%s%s", f->weak ? WEAK : "", buf_str(&name));
    if (taken + GAP > column) {
        buf_addc(out, '\n');
        taken = 0;
    }
    add_blanks(out, column - taken);
    explain_print_text(buf_str(&text), column, width, out);
}

void explain_print(const explain_facts *facts, const struct explain_print *how, struct buf *out)
{
    size_t column = how->indent + names_width(facts) + GAP;

    VEC_FOREACH (f, facts) {
        print_fact(f, how->indent, column, how->width, out);
        if (how->sources)
            print_source(facts, f, column, out);
        explain_print(&f->below, &(struct explain_print){how->indent + STEP, how->width, how->sources}, out);
    }
}
