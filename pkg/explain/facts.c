#include "explain/facts.h"

#include "base/mem.h"

#include <stdarg.h>

static _printf_(4, 0) struct explain_fact *add(explain_facts *to, const char *name, const char *source,
                                               const char *format, va_list args)
{
    struct explain_fact *fact = VEC_PUSH(to);

    fact->name = str_dup(name);
    fact->text = str_vprintf(format, args);
    fact->source = source ? str_dup(source) : NULL;
    return fact;
}

struct explain_fact *explain_add(explain_facts *to, const char *name, const char *source, const char *format, ...)
{
    va_list args;
    struct explain_fact *fact;

    va_start(args, format);
    fact = add(to, name, source, format, args);
    va_end(args);
    return fact;
}

struct explain_fact *explain_below(struct explain_fact *above, const char *name, const char *source, const char *format,
                                   ...)
{
    va_list args;
    struct explain_fact *fact;

    va_start(args, format);
    fact = add(&above->below, name, source, format, args);
    va_end(args);
    return fact;
}

static void set_value(struct explain_fact *fact, struct cli_value value)
{
    cli_value_release(&fact->value);
    fact->value = value;
}

void explain_number(struct explain_fact *fact, int64_t value)
{
    set_value(fact, cli_value_number(value));
}

void explain_string(struct explain_fact *fact, const char *value)
{
    set_value(fact, cli_value_text(value));
}

void explain_strings(struct explain_fact *fact, char *const *values)
{
    set_value(fact, cli_value_list(values));
}

void explain_put(struct explain_fact *fact, const char *key, struct cli_value value)
{
    if (fact->value.kind != CLI_MAP)
        set_value(fact, (struct cli_value){.kind = CLI_MAP});
    cli_value_put(&fact->value, key, value);
}

const struct explain_fact *explain_find(const explain_facts *facts, const char *name)
{
    VEC_FOREACH (f, facts)
        if (str_eq(f->name, name))
            return f;
    return NULL;
}

void explain_facts_release(explain_facts *facts)
{
    VEC_FOREACH (f, facts) {
        free(f->name);
        free(f->text);
        cli_value_release(&f->value);
        free(f->source);
        explain_facts_release(&f->below);
    }
    free(facts->v);
    *facts = (explain_facts){0};
}

static struct cli_value facts_value(const explain_facts *facts, const char *source)
{
    struct cli_value list = {.kind = CLI_SEQUENCE};

    VEC_FOREACH (f, facts) {
        struct cli_value v = {.kind = CLI_MAP};
        const char *read = f->source ? f->source : source;

        cli_value_put_text(&v, "Name", f->name);
        cli_value_put_text(&v, "Text", f->text);
        if (f->value.kind != CLI_NULL)
            cli_value_put(&v, "Value", cli_value_copy(&f->value));
        if (read)
            cli_value_put_text(&v, "Source", read);
        if (f->weak)
            cli_value_put(&v, "Weak", cli_value_truth(true));
        if (f->below.n)
            cli_value_put(&v, "Facts", facts_value(&f->below, read));
        cli_value_append(&list, v);
    }
    return list;
}

struct cli_value explain_facts_value(const explain_facts *facts)
{
    return facts_value(facts, NULL);
}
