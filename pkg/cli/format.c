#include "cli/format.h"

#include "cli/term.h"

#include <stdio.h>
#include <unistd.h>

static int add_heading(struct cli_format *f, const struct cli_columns *columns, struct err *err)
{
    _cleanup_value_ struct cli_value headings = {.kind = CLI_MAP};
    _cleanup_buf_ struct buf line = BUF_INIT;
    int r;

    for (size_t i = 0; i < columns->n_columns; i++)
        cli_value_put_text(&headings, columns->columns[i].name, columns->columns[i].heading);
    r = cli_template_execute(f->tmpl, &headings, CLI_TEMPLATE_HEADING, &line, err);
    if (r == 0)
        cli_table_line(&f->table, buf_str(&line));
    return r;
}

int cli_format_begin(struct cli_format *f, const char *format, bool quiet, const struct cli_columns *columns,
                     struct err *err)
{
    const char *text = format ? format : quiet ? "{{.ID}}" : "table", *rest;
    int r;

    *f = (struct cli_format){0};
    text = *text ? text : "table";
    rest = str_after(text, "table");
    if (str_eq(text, "json"))
        return 0;
    f->is_table = rest && (!*rest || *rest == ' ' || *rest == '\t' || *rest == '{');
    if (f->is_table) {
        rest += strspn(rest, " \t");
        text = *rest ? rest : columns->standard;
    }
    r = cli_template_parse(text, &f->tmpl, err);
    if (r == 0 && f->is_table)
        r = add_heading(f, columns, err);
    return r < 0 ? err_wrap(err, "--format") : 0;
}

/* A tab or a line's end inside of a field would be one of the table. */
static void tame(struct cli_value *v)
{
    if (v->kind == CLI_TEXT)
        for (char *p = v->text; *p; p++)
            *p = (unsigned char)*p < ' ' ? '?' : *p;
    for (size_t i = 0; v->kind >= CLI_SEQUENCE && i < v->n; i++)
        tame(&v->items[i]);
}

static int table_row(struct cli_format *f, struct cli_value *row, struct err *err)
{
    _cleanup_buf_ struct buf line = BUF_INIT;
    int r;

    tame(row);
    r = cli_template_execute(f->tmpl, row, CLI_TEMPLATE_DATA, &line, err);
    if (r < 0)
        return r;
    cli_table_line(&f->table, buf_str(&line));
    return 0;
}

int cli_format_row(struct cli_format *f, struct cli_value *row, struct err *err)
{
    int r = 0;

    if (f->is_table)
        r = table_row(f, row, err);
    else if (f->tmpl)
        r = cli_template_execute(f->tmpl, row, CLI_TEMPLATE_DATA, &f->out, err);
    else
        cli_value_json(row, 0, true, &f->out);
    if (!f->is_table)
        buf_addc(&f->out, '\n');
    return r < 0 ? err_wrap(err, "--format") : 0;
}

/* Lines and tabs are the template's; everything else may be somebody else's. */
static void print(const char *text)
{
    _cleanup_buf_ struct buf out = BUF_INIT;
    _cleanup_free_ char *copy = str_dup(text);

    if (!isatty(STDOUT_FILENO)) {
        fputs(text, stdout);
        return;
    }
    for (char *p = copy; *p;) {
        size_t len = strcspn(p, "\n\t");
        char end = p[len];

        p[len] = 0;
        cli_add_printable(&out, p);
        if (end)
            buf_addc(&out, end);
        p += len + (end != 0);
    }
    fputs(buf_str(&out), stdout);
}

void cli_format_add(const struct cli_format *f, struct buf *out)
{
    if (f->is_table)
        cli_table_print(&f->table, out);
    else
        buf_add(out, buf_str(&f->out), f->out.len);
}

void cli_format_print(const struct cli_format *f)
{
    _cleanup_buf_ struct buf out = BUF_INIT;

    cli_format_add(f, &out);
    print(buf_str(&out));
}

void cli_format_release(struct cli_format *f)
{
    if (f->tmpl)
        cli_template_free(f->tmpl);
    cli_table_release(&f->table);
    buf_free(&f->out);
    *f = (struct cli_format){0};
}

int cli_format_object(const char *format, const struct cli_value *object, struct err *err)
{
    _cleanup_(cli_template_free_cleanup) struct cli_template *t = NULL;
    _cleanup_buf_ struct buf out = BUF_INIT;
    int r = 0;

    if (str_eq(format, "json")) {
        cli_value_json(object, 0, false, &out);
    } else {
        r = cli_template_parse(format, &t, err);
        if (r == 0)
            r = cli_template_execute(t, object, CLI_TEMPLATE_DATA, &out, err);
    }
    if (r < 0)
        return err_wrap(err, "--format");
    buf_addc(&out, '\n');
    print(buf_str(&out));
    return 0;
}
