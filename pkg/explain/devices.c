#include "explain/devices.h"

#include "explain/read.h"
#include "runtime/cgroup.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <stdio.h>

enum { LIST_MAX = 1 << 20, UEVENT_MAX = 4096 };

static int32_t parse_number(const char *word)
{
    return *word == '*' ? DEVICE_ANY : (int32_t)strtol(word, NULL, 10);
}

void explain_device_rules_parse(const char *text, device_rules *ret)
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

static void rules_of_spec(const struct oci_spec *spec, device_rules *ret)
{
    VEC_FOREACH (r, &spec->platform.resources.devices) {
        struct device_rule rule = {
            .allow = r->allow,
            .type = str_empty(r->type) ? 'a' : *r->type,
            .major = r->major ? (int32_t)*r->major : DEVICE_ANY,
            .minor = r->minor ? (int32_t)*r->minor : DEVICE_ANY,
            .access = DEVICE_ALL,
        };

        if (!str_empty(r->access))
            device_access_parse(r->access, &rule.access, NULL);
        if (rule.allow || !device_rule_is_total(&rule)) /* that others are refused is said of all */
            *VEC_PUSH(ret) = rule;
    }
    if (!ret->n || !device_rule_is_total(&ret->v[0]))
        device_rules_add_defaults(ret);
}

int explain_device_rules_of(const struct explain_subject *subject, device_rules *ret, char **ret_source,
                            struct err *err)
{
    _cleanup_cgroup_host_ struct cgroup_host host = {0};
    _cleanup_cgroup_ struct cgroup *cg = NULL;
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(LIST_MAX);
    _cleanup_free_ char *source = NULL;
    const struct cgroup_hierarchy *h;
    const char *dir;
    int r = cgroup_host_detect(&host, err);

    *ret = (device_rules){0};
    h = r == 0 ? cgroup_host_find(&host, CGROUP_DEVICES) : NULL;
    if (r == 0 && subject->pid && h && h->version == 1)
        r = cgroup_open(&cg, &host, subject->record->cgroup, err);
    dir = cg ? cgroup_dir(cg, CGROUP_DEVICES) : NULL;
    source = dir ? str_printf("%s/devices.list", dir) : explain_spec_source(subject);
    if (r == 0 && dir)
        r = fd_read_file(AT_FDCWD, source, &text, err);
    if (r < 0)
        return r;
    if (dir)
        explain_device_rules_parse(buf_str(&text), ret);
    else
        rules_of_spec(subject->spec, ret);
    *ret_source = steal_ptr(&source);
    return 0;
}

bool explain_device_rule_is_usual(const struct device_rule *rule)
{
    device_rules defaults = {0};
    bool found = false;

    device_rules_add_defaults(&defaults);
    VEC_FOREACH (d, &defaults)
        found = found || (d->type == rule->type && d->major == rule->major && d->minor == rule->minor &&
                          d->access == rule->access);
    free(defaults.v);
    return found;
}

char *explain_device_name(char type, int32_t major, int32_t minor)
{
    _cleanup_free_ char *path = str_printf("/sys/dev/%s/%d:%d/uevent", type == 'b' ? "block" : "char", major, minor);
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(UEVENT_MAX);
    const char *name = NULL;

    if (minor != DEVICE_ANY && fd_read_file(AT_FDCWD, path, &text, NULL) == 0)
        name = strstr(buf_str(&text), "DEVNAME=");
    if (name)
        return str_printf("/dev/%.*s", (int)strcspn(name + strlen("DEVNAME="), "\n"), name + strlen("DEVNAME="));
    return minor == DEVICE_ANY ? str_printf("every device %c %d", type, major)
                               : str_printf("device %c %d:%d", type, major, minor);
}
