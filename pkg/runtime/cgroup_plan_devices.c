/* linux.resources.devices: rules to lines for v1, to a program for v2. */
#include "runtime/cgroup_plan.h"

#include <inttypes.h>
#include <stdio.h>

static int parse_number(const int64_t *n, const char *what, int32_t *ret, struct err *err)
{
    if (n && (*n < DEVICE_ANY || *n > INT32_MAX))
        return err_set(err, ERR_INVALID, "%s number %" PRId64 " of a device", what, *n);
    *ret = n ? (int32_t)*n : DEVICE_ANY;
    return 0;
}

static int parse_rule(const struct oci_device_rule *from, struct device_rule *ret, struct err *err)
{
    int r;

    ret->allow = from->allow;
    ret->access = DEVICE_ALL;
    if (str_empty(from->type) || str_eq(from->type, "a"))
        ret->type = 'a';
    else if (str_eq(from->type, "c") || str_eq(from->type, "u"))
        ret->type = 'c';
    else if (str_eq(from->type, "b"))
        ret->type = 'b';
    else
        return err_set(err, ERR_INVALID, "type '%s' of a device: only a, b and c are known", from->type);
    r = parse_number(from->major, "major", &ret->major, err);
    if (r == 0)
        r = parse_number(from->minor, "minor", &ret->minor, err);
    if (r == 0 && from->access)
        r = device_access_parse(from->access, &ret->access, err);
    return r;
}

static int plan_rules(struct cgroup_plan_maker *m, const struct cgroup_hierarchy *h, const device_rules *rules,
                      struct err *err)
{
    device_lines lines = {0};
    int r;

    if (h->version == 2)
        return device_rules_to_program(rules, &m->plan->devices, err);
    r = device_rules_to_lines(rules, &lines, err);
    VEC_FOREACH (line, &lines)
        cgroup_plan_add(m->plan, CGROUP_DEVICES, "devices", line->allow ? "devices.allow" : "devices.deny",
                        str_dup(line->text))
            ->check = CGROUP_CHECK_NONE;
    free(lines.v);
    return r;
}

int cgroup_plan_devices(struct cgroup_plan_maker *m, struct err *err)
{
    static const struct device_rule nothing = {false, 'a', DEVICE_ANY, DEVICE_ANY, DEVICE_ALL};
    const struct cgroup_hierarchy *h = cgroup_host_find(m->host, CGROUP_DEVICES);
    char name[64] = "devices";
    device_rules rules = {0};
    int r = 0;

    if (!h && !m->r->devices.n) /* a host without cgroups */
        return 0;
    *VEC_PUSH(&rules) = nothing;
    for (size_t i = 0; r == 0 && i < m->r->devices.n; i++) {
        snprintf(name, sizeof(name), "devices[%zu]", i);
        r = parse_rule(&m->r->devices.v[i], VEC_PUSH(&rules), err);
    }
    if (r == 0) {
        strcpy(name, "devices");
        device_rules_add_defaults(&rules);
        r = h ? plan_rules(m, h, &rules, err)
              : err_set(err, ERR_UNSUPPORTED, "this host has neither a devices controller nor cgroup v2");
    }
    free(rules.v);
    return r < 0 ? err_wrap(err, CGROUP_LIMIT_PATH "%s", name) : 0;
}
