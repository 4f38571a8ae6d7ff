/* Which devices of the host a container may open. Documentation/admin-guide/cgroup-v1/devices.rst */
#include "explain/weakened.h"

#include "explain/read.h"
#include "runtime/cgroup.h"
#include "runtime/device_filter.h"
#include "sys/fd.h"
#include "sys/path.h"

#include <fcntl.h>
#include <stdio.h>

enum { LIST_MAX = 1 << 20, DEVICES_MAX = 32 /* that are named */ };

/* Whether one of the rules that every container has lets it be opened. */
static bool is_usual(char type, int32_t major, int32_t minor)
{
    device_rules rules = {0};
    bool usual = false;

    device_rules_add_defaults(&rules);
    VEC_FOREACH (r, &rules)
        usual = usual || ((r->access & DEVICE_READ) && r->type == type && r->major == major &&
                          (r->minor == DEVICE_ANY || r->minor == minor));
    free(rules.v);
    return usual;
}

char *explain_device_name(char type, int32_t major, int32_t minor)
{
    _cleanup_free_ char *path = str_printf("/sys/dev/%s/%d:%d/uevent", type == 'b' ? "block" : "char", major, minor);
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(4096);
    const char *name = NULL;

    if (minor != DEVICE_ANY && fd_read_file(AT_FDCWD, path, &text, NULL) == 0)
        name = strstr(buf_str(&text), "DEVNAME=");
    if (name)
        return str_printf("/dev/%.*s", (int)strcspn(name + strlen("DEVNAME="), "\n"), name + strlen("DEVNAME="));
    return minor == DEVICE_ANY ? str_printf("every device %c %d", type, major)
                               : str_printf("device %c %d:%d", type, major, minor);
}

static void add_device(char ***to, char type, int32_t major, int32_t minor)
{
    _cleanup_free_ char *name = NULL;

    if (is_usual(type, major, minor) || strv_len(*to) >= DEVICES_MAX)
        return;
    name = explain_device_name(type, major, minor);
    if (!strv_contains(*to, name))
        strv_add(to, name);
}

static int32_t parse_number(const char *word)
{
    return *word == '*' ? DEVICE_ANY : (int32_t)strtol(word, NULL, 10);
}

/* "c 10:229 rwm", and "a *:* rwm" where nothing is refused. */
static void read_list(const char *text, char ***to, bool *ret_every)
{
    for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
        char type, major[12], minor[12], access[4];

        if (sscanf(line, "%c %11[0-9*]:%11[0-9*] %3[rwm]", &type, major, minor, access) != 4 || !strpbrk(access, "rw"))
            continue;
        *ret_every = *ret_every || type == 'a';
        if (type != 'a')
            add_device(to, type, parse_number(major), parse_number(minor));
    }
}

static void read_spec(const struct oci_spec *spec, char ***to, bool *ret_every)
{
    VEC_FOREACH (d, &spec->platform.devices)
        if (d->major && d->minor)
            add_device(to, *d->type == 'b' ? 'b' : 'c', (int32_t)*d->major, (int32_t)*d->minor);
    VEC_FOREACH (rule, &spec->platform.resources.devices)
        if (rule->allow && (!rule->type || str_eq(rule->type, "a")))
            *ret_every = true;
        else if (rule->allow && rule->major && rule->access && strpbrk(rule->access, "rw"))
            add_device(to, *rule->type, (int32_t)*rule->major, rule->minor ? (int32_t)*rule->minor : DEVICE_ANY);
}

int explain_devices_of(const struct explain_subject *subject, char ***ret, bool *ret_every, char **ret_source,
                       struct err *err)
{
    _cleanup_cgroup_host_ struct cgroup_host host = {0};
    _cleanup_cgroup_ struct cgroup *cg = NULL;
    _cleanup_free_ char *path = NULL;
    _cleanup_buf_ struct buf list = BUF_INIT_MAX(LIST_MAX);
    const char *dir = NULL;
    int r = subject->pid ? cgroup_host_detect(&host, err) : 0;

    *ret = NULL;
    *ret_every = false;
    if (r < 0)
        return r;
    if (subject->pid && cgroup_open(&cg, &host, subject->record->cgroup, NULL) == 0)
        dir = cgroup_dir(cg, CGROUP_DEVICES);
    path = dir ? path_join(dir, "devices.list") : NULL;
    if (path && fd_read_file(AT_FDCWD, path, &list, NULL) == 0) {
        read_list(buf_str(&list), ret, ret_every);
        *ret_source = steal_ptr(&path);
    } else {
        read_spec(subject->spec, ret, ret_every);
        *ret_source = explain_spec_source(subject);
    }
    return 0;
}
