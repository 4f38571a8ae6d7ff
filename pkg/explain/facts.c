#include "explain/facts.h"

#include "base/mem.h"

#include <inttypes.h>
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

static void set_value(struct explain_fact *fact, struct buf *value)
{
    free(fact->value);
    fact->value = buf_steal(value);
}

void explain_number(struct explain_fact *fact, int64_t value)
{
    struct buf text = BUF_INIT;

    buf_addf(&text, "%" PRId64, value);
    set_value(fact, &text);
}

void explain_string(struct explain_fact *fact, const char *value)
{
    struct buf text = BUF_INIT;

    buf_add_json(&text, value);
    set_value(fact, &text);
}

void explain_strings(struct explain_fact *fact, char *const *values)
{
    struct buf text = BUF_INIT;

    buf_addc(&text, '[');
    for (char *const *value = values; value && *value; value++) {
        if (value != values)
            buf_addc(&text, ',');
        buf_add_json(&text, *value);
    }
    buf_addc(&text, ']');
    set_value(fact, &text);
}

void explain_facts_release(explain_facts *facts)
{
    VEC_FOREACH (f, facts) {
        free(f->name);
        free(f->text);
        free(f->value);
        free(f->source);
        explain_facts_release(&f->below);
    }
    free(facts->v);
    *facts = (explain_facts){0};
}
