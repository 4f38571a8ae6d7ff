/* config-linux.md, "Control groups" and "Seccomp": what no table can say. Which limits a host can set is not known
 * here.
 */
#include "oci/spec_internal.h"

/* "Allowed Device list". */
static int check_rule(const struct oci_device_rule *rule, const char *field, struct err *err)
{
    static const char *const types[] = {"a", "b", "c", NULL};

    if (!str_empty(rule->type) && !oci_word_known(types, rule->type))
        return spec_fail(err, SPEC_FIELD("%s.type", field), "\"%s\" is not known", rule->type);
    if (rule->access && strspn(rule->access, "rwm") != strlen(rule->access))
        return spec_fail(err, SPEC_FIELD("%s.access", field), "\"%s\" is not made of r, w and m", rule->access);
    return 0;
}

/* "Memory" and "CPU". */
static int check_memory_and_cpu(const struct oci_resources *res, const char *at, struct err *err)
{
    const struct oci_cpu *cpu = &res->cpu;
    int r = 0;

    if (res->memory.swappiness)
        r = spec_check_range(*res->memory.swappiness, 0, 100, SPEC_FIELD("%s.memory.swappiness", at), err);
    if (r == 0 && cpu->burst)
        r = spec_check_range(*cpu->burst, 0, cpu->quota > 0 ? cpu->quota : INT64_MAX, SPEC_FIELD("%s.cpu.burst", at),
                             err);
    if (r == 0 && cpu->idle)
        r = spec_check_range(*cpu->idle, 0, 1, SPEC_FIELD("%s.cpu.idle", at), err);
    if (r == 0)
        r = spec_check_list(cpu->cpus, SPEC_FIELD("%s.cpu.cpus", at), err);
    return r == 0 ? spec_check_list(cpu->mems, SPEC_FIELD("%s.cpu.mems", at), err) : r;
}

enum { WEIGHT_MIN = 10, WEIGHT_MAX = 1000 };

static int check_weight(int64_t weight, const char *field, struct err *err)
{
    return weight == 0 ? 0 : spec_check_range(weight, WEIGHT_MIN, WEIGHT_MAX, field, err);
}

static int check_throttles(const oci_throttles *list, const char *field, struct err *err)
{
    int r = 0;

    for (size_t i = 0; i < list->n && r == 0; i++) {
        const struct oci_throttle *t = &list->v[i];

        r = spec_check_range(t->major, 0, UINT32_MAX, SPEC_FIELD("%s[%zu].major", field, i), err);
        if (r == 0)
            r = spec_check_range(t->minor, 0, UINT32_MAX, SPEC_FIELD("%s[%zu].minor", field, i), err);
        if (r == 0)
            r = spec_check_range(t->rate, 0, INT64_MAX, SPEC_FIELD("%s[%zu].rate", field, i), err);
    }
    return r;
}

/* "Block IO". */
static int check_block_io(const struct oci_block_io *io, const char *at, struct err *err)
{
    int r = check_weight(io->weight, SPEC_FIELD("%s.blockIO.weight", at), err);

    if (r == 0)
        r = check_weight(io->leaf_weight, SPEC_FIELD("%s.blockIO.leafWeight", at), err);
    for (size_t i = 0; i < io->weight_devices.n && r == 0; i++) {
        const struct oci_weight_device *d = &io->weight_devices.v[i];
        const char *field = SPEC_FIELD("%s.blockIO.weightDevice[%zu]", at, i);

        r = check_weight(d->weight, SPEC_FIELD("%s.weight", field), err);
        if (r == 0)
            r = check_weight(d->leaf_weight, SPEC_FIELD("%s.leafWeight", field), err);
        if (r == 0 && !d->weight && !d->leaf_weight)
            r = spec_fail(err, field, "neither weight nor leafWeight");
    }
    if (r == 0)
        r = check_throttles(&io->read_bps, SPEC_FIELD("%s.blockIO.throttleReadBpsDevice", at), err);
    if (r == 0)
        r = check_throttles(&io->write_bps, SPEC_FIELD("%s.blockIO.throttleWriteBpsDevice", at), err);
    if (r == 0)
        r = check_throttles(&io->read_iops, SPEC_FIELD("%s.blockIO.throttleReadIOPSDevice", at), err);
    if (r == 0)
        r = check_throttles(&io->write_iops, SPEC_FIELD("%s.blockIO.throttleWriteIOPSDevice", at), err);
    return r;
}

/* "Huge page limits": a number, a prefix and B; it becomes the name of a file. */
static bool is_page_size(const char *size)
{
    size_t digits = strspn(size, "0123456789");

    return digits > 0 && size[digits] && strchr("KMG", size[digits]) && strcmp(size + digits + 1, "B") == 0;
}

/* "Network", "RDMA", "Unified": names that become lines and files of the kernel's. */
static int check_named(const struct oci_resources *res, const char *at, struct err *err)
{
    for (size_t i = 0; i < res->network.priorities.n; i++)
        if (strcspn(res->network.priorities.v[i].name, "/ \n") != strlen(res->network.priorities.v[i].name) ||
            str_empty(res->network.priorities.v[i].name))
            return spec_fail(err, SPEC_FIELD("%s.network.priorities[%zu].name", at, i),
                             "\"%s\" is no name of an interface", res->network.priorities.v[i].name);
    VEC_FOREACH (d, &res->rdma) {
        if (str_empty(d->device) || strpbrk(d->device, "/ \n"))
            return spec_fail(err, SPEC_FIELD("%s.rdma", at), "\"%s\" is no name of a device", d->device);
        if (!d->hca_handles && !d->hca_objects)
            return spec_fail(err, SPEC_FIELD("%s.rdma.%s", at, d->device), "neither hcaHandles nor hcaObjects");
    }
    STRV_FOREACH (setting, res->unified) {
        int n = (int)MIN_OF(strcspn(*setting, "="), (size_t)64);

        if (n == 0 || memchr(*setting, '/', (size_t)n))
            return spec_fail(err, SPEC_FIELD("%s.unified", at), "\"%.*s\" is not the name of a file", n, *setting);
    }
    return 0;
}

int oci_resources_check(const struct oci_resources *res, const char *at, struct err *err)
{
    int r = 0;

    for (size_t i = 0; i < res->devices.n && r == 0; i++)
        r = check_rule(&res->devices.v[i], SPEC_FIELD("%s.devices[%zu]", at, i), err);
    if (r == 0)
        r = check_memory_and_cpu(res, at, err);
    if (r == 0)
        r = check_block_io(&res->block_io, at, err);
    for (size_t i = 0; i < res->hugepage_limits.n && r == 0; i++)
        if (!is_page_size(res->hugepage_limits.v[i].page_size))
            r = spec_fail(err, SPEC_FIELD("%s.hugepageLimits[%zu].pageSize", at, i), "\"%s\" is not as 2MB",
                          res->hugepage_limits.v[i].page_size);
    if (r == 0 && res->network.class_id)
        r = spec_check_range(*res->network.class_id, 0, UINT32_MAX, SPEC_FIELD("%s.network.classID", at), err);
    return r == 0 ? check_named(res, at, err) : r;
}

/* ---- seccomp ---- */

enum { ARGUMENTS_MAX = 6, ERRNO_MAX = 4095 };

/* An errno where the action can have one. */
static int check_action(const char *action, const int64_t *errno_ret, const char *at, const char *action_name,
                        const char *errno_name, struct err *err)
{
    static const char *const with_errno[] = {"SCMP_ACT_ERRNO", "SCMP_ACT_TRACE", NULL};
    int r = spec_check_word(action, oci_seccomp_action_words, SPEC_FIELD("%s.%s", at, action_name), err);

    if (r < 0 || !errno_ret)
        return r;
    if (!oci_word_known(with_errno, action))
        return spec_fail(err, SPEC_FIELD("%s.%s", at, errno_name), "%s has none", action);
    return spec_check_range(*errno_ret, 0, str_eq(action, "SCMP_ACT_TRACE") ? UINT16_MAX : ERRNO_MAX,
                            SPEC_FIELD("%s.%s", at, errno_name), err);
}

static int check_filter_rule(const struct oci_seccomp_rule *rule, const char *field, struct err *err)
{
    int r = check_action(rule->action, rule->errno_ret, field, "action", "errnoRet", err);

    if (r == 0 && (!rule->names || !rule->names[0]))
        return spec_fail(err, SPEC_FIELD("%s.names", field), "none");
    for (size_t i = 0; i < rule->args.n && r == 0; i++) {
        const struct oci_seccomp_arg *arg = &rule->args.v[i];

        r = spec_check_range(arg->index, 0, ARGUMENTS_MAX - 1, SPEC_FIELD("%s.args[%zu].index", field, i), err);
        if (r == 0)
            r = spec_check_word(arg->op, oci_seccomp_operator_words, SPEC_FIELD("%s.args[%zu].op", field, i), err);
    }
    return r;
}

int spec_check_seccomp(const struct oci_seccomp *s, struct err *err)
{
    int r =
        check_action(s->default_action, s->default_errno_ret, "linux.seccomp", "defaultAction", "defaultErrnoRet", err);

    if (r == 0)
        r = spec_check_words(s->architectures, oci_seccomp_arch_words, "linux.seccomp.architectures", err);
    if (r == 0)
        r = spec_check_words(s->flags, oci_seccomp_flag_words, "linux.seccomp.flags", err);
    if (r == 0 && !str_empty(s->listener_metadata) && str_empty(s->listener_path))
        return spec_fail(err, "linux.seccomp.listenerMetadata", "there is no listenerPath to send it to");
    for (size_t i = 0; i < s->syscalls.n && r == 0; i++)
        r = check_filter_rule(&s->syscalls.v[i], SPEC_FIELD("linux.seccomp.syscalls[%zu]", i), err);
    return r;
}
