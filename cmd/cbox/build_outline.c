#include "build_outline.h"

#include "cli/table.h"

#include <stdio.h>

static void print_table(struct cli_table *t)
{
    _cleanup_buf_ struct buf out = BUF_INIT;

    cli_table_print(t, &out);
    fputs(buf_str(&out), stdout);
    cli_table_release(t);
}

static void print_json(const struct build_outline *o)
{
    _cleanup_buf_ struct buf out = BUF_INIT;

    json_dump(&build_outline_type, o, true, &out);
    puts(buf_str(&out));
}

static void print_required(const char *what, const build_outline_items *items)
{
    struct cli_table t = {0};

    if (!items->n)
        return;
    cli_table_row(&t, what, "REQUIRED", NULL);
    VEC_FOREACH (item, items)
        cli_table_row(&t, item->name, item->required ? "true" : "", NULL);
    putchar('\n');
    print_table(&t);
}

void print_outline(const struct build_outline *o, bool json)
{
    struct cli_table target = {0}, args = {0};

    if (json) {
        print_json(o);
        return;
    }
    cli_table_row(&target, "TARGET:", o->name ? o->name : "(default)", NULL);
    if (o->description)
        cli_table_row(&target, "DESCRIPTION:", o->description, NULL);
    print_table(&target);
    if (o->args.n) {
        cli_table_row(&args, "BUILD ARG", "VALUE", "DESCRIPTION", NULL);
        VEC_FOREACH (a, &o->args)
            cli_table_row(&args, a->name, a->value ? a->value : "", a->description ? a->description : "", NULL);
        putchar('\n');
        print_table(&args);
    }
    print_required("SECRET", &o->secrets);
    print_required("SSH", &o->ssh);
}

void print_targets(const struct build_outline *o, bool json)
{
    struct cli_table table = {0};

    if (json) {
        print_json(o);
        return;
    }
    cli_table_row(&table, "TARGET", "DESCRIPTION", NULL);
    VEC_FOREACH (t, &o->targets) {
        _cleanup_free_ char *name = str_printf("%s%s%s", t->name ? t->name : "", t->name && t->is_default ? " " : "",
                                               t->is_default ? "(default)" : "");

        cli_table_row(&table, name, t->description ? t->description : "", NULL);
    }
    print_table(&table);
}
