/* Which devices may be opened. Documentation/admin-guide/cgroup-v1/devices.rst */
#include "explain/kernel.h"

#include "explain/weakened.h"

#include <stdio.h>

static const struct {
    char type;
    int32_t major, minor;
    const char *words;
} usual[] = {
    {'c', DEVICE_ANY, DEVICE_ANY, "any character device, as a node"},
    {'b', DEVICE_ANY, DEVICE_ANY, "any block device, as a node"},
    {'c', 1, 3, "null: takes all and gives nothing"},
    {'c', 1, 5, "zero"},
    {'c', 1, 7, "full: a disk that is"},
    {'c', 1, 8, "random"},
    {'c', 1, 9, "urandom"},
    {'c', 5, 0, "tty: its own terminal"},
    {'c', 5, 2, "ptmx: makes terminals"},
    {'c', 136, DEVICE_ANY, "terminals of its own"},
    {'c', 10, 200, "net/tun: network interfaces by a program, for who may make any"},
};

static int32_t parse_number(const char *word)
{
    return *word == '*' ? DEVICE_ANY : (int32_t)strtol(word, NULL, 10);
}

void explain_kernel_parse_devices(const char *text, device_rules *ret)
{
    *ret = (device_rules){0};
    for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
        char type, major[12], minor[12], access[4];
        struct device_rule rule = {.allow = true};

        if (sscanf(line, "%c %11[0-9*]:%11[0-9*] %3[rwm]", &type, major, minor, access) != 4 ||
            device_access_parse(access, &rule.access, NULL) < 0)
            continue;
        rule.type = type;
        rule.major = parse_number(major);
        rule.minor = parse_number(minor);
        *VEC_PUSH(ret) = rule;
    }
}

/* "c 1:3", "b 8:*" */
static char *name_of(const struct device_rule *r)
{
    struct buf name = BUF_INIT;

    buf_addf(&name, "%c ", r->type);
    if (r->major == DEVICE_ANY)
        buf_adds(&name, "*:");
    else
        buf_addf(&name, "%d:", r->major);
    if (r->minor == DEVICE_ANY)
        buf_addc(&name, '*');
    else
        buf_addf(&name, "%d", r->minor);
    return buf_steal(&name);
}

static bool is_usual(const struct device_rule *r)
{
    device_rules defaults = {0};
    bool found = false;

    device_rules_add_defaults(&defaults);
    VEC_FOREACH (d, &defaults)
        found = found || (d->type == r->type && d->major == r->major && d->minor == r->minor && d->access == r->access);
    free(defaults.v);
    return found;
}

static char *what_of(const struct device_rule *r)
{
    for (size_t i = 0; i < ARRAY_SIZE(usual); i++)
        if (usual[i].type == r->type && usual[i].major == r->major && usual[i].minor == r->minor)
            return str_dup(usual[i].words);
    if (r->type == 'a')
        return str_dup("every device there is");
    return explain_device_name(r->type, r->major, r->minor);
}

static char *access_words(unsigned access)
{
    static const struct {
        unsigned access;
        const char *words;
    } kinds[] = {{DEVICE_READ, "read"}, {DEVICE_WRITE, "write"}, {DEVICE_MKNOD, "make the node"}};
    _cleanup_strv_ char **words = NULL;

    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (access & kinds[i].access)
            strv_add(&words, kinds[i].words);
    return strv_join(words, ", ");
}

void explain_kernel_devices(const device_rules *rules, const char *source, explain_facts *ret)
{
    struct explain_fact *group =
        explain_add(ret, "devices", source, "the filter of its control group lets it open these, and refuses others");

    VEC_FOREACH (r, rules) {
        _cleanup_free_ char *name = name_of(r), *what = what_of(r), *may = access_words(r->access);
        struct explain_fact *fact;
        char access[4];

        device_access_format(r->access, access);
        fact = explain_below(group, name, source, "%s%s: %s", r->allow ? "" : "refused: ", what, may);
        explain_put(fact, "Access", cli_value_text(access));
        explain_put(fact, "Allow", cli_value_truth(r->allow));
        fact->weak = r->allow && !is_usual(r);
    }
    if (rules->n && rules->v[0].type == 'a' && rules->v[0].allow)
        str_replace(&group->text, str_dup("the filter of its control group refuses nothing"));
}
