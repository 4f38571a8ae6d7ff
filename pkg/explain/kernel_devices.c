/* Which devices may be opened. Documentation/admin-guide/cgroup-v1/devices.rst */
#include "explain/kernel.h"

#include "explain/devices.h"

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
        fact->weak = r->allow && !explain_device_rule_is_usual(r);
    }
    if (rules->n && rules->v[0].type == 'a' && rules->v[0].allow)
        str_replace(&group->text, str_dup("the filter of its control group refuses nothing"));
}
