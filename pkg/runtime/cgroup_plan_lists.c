/* The limits that are lists: a write an entry. */
#include "runtime/cgroup_plan.h"

#include "base/strv.h"

#include <ctype.h>
#include <inttypes.h>
#include <net/if.h>
#include <stdio.h>

enum { NAME_MAX_LEN = 64 /* "blockIO.throttleWriteIOPSDevice[123]" */ };

static int check_device(int64_t major, int64_t minor, struct err *err)
{
    if (major < 0 || major >= 1 << 12 || minor < 0 || minor >= 1 << 20)
        return err_set(err, ERR_INVALID, "%" PRId64 ":%" PRId64 " is no number of a device", major, minor);
    return 0;
}

/* ---- blockIO.throttle… ---- */

static const struct throttles {
    const char *name;
    size_t offset;
    const char *file_v1, *key_v2;
} throttles[] = {
    {"blockIO.throttleReadBpsDevice", offsetof(struct oci_block_io, read_bps), "blkio.throttle.read_bps_device",
     "rbps"},
    {"blockIO.throttleWriteBpsDevice", offsetof(struct oci_block_io, write_bps), "blkio.throttle.write_bps_device",
     "wbps"},
    {"blockIO.throttleReadIOPSDevice", offsetof(struct oci_block_io, read_iops), "blkio.throttle.read_iops_device",
     "riops"},
    {"blockIO.throttleWriteIOPSDevice", offsetof(struct oci_block_io, write_iops), "blkio.throttle.write_iops_device",
     "wiops"},
};

static int add_throttle(struct cgroup_plan_maker *m, const struct throttles *t, const char *name,
                        const struct oci_throttle *device, struct err *err)
{
    const struct cgroup_hierarchy *h;
    char *value;
    int r = check_device(device->major, device->minor, err);

    if (r == 0)
        r = cgroup_plan_find(m->host, CGROUP_IO, &h, err);
    if (r < 0)
        return r;
    if (device->rate < 0)
        return err_set(err, ERR_INVALID, "%" PRId64 " for device %" PRId64 ":%" PRId64 " is negative", device->rate,
                       device->major, device->minor);
    /* On v1 a rate of 0 lifts the limit; v2 says so in another way. */
    if (h->version == 1)
        value = str_printf("%" PRId64 ":%" PRId64 " %" PRId64, device->major, device->minor, device->rate);
    else if (device->rate)
        value =
            str_printf("%" PRId64 ":%" PRId64 " %s=%" PRId64, device->major, device->minor, t->key_v2, device->rate);
    else
        value = str_printf("%" PRId64 ":%" PRId64 " %s=max", device->major, device->minor, t->key_v2);
    cgroup_plan_add(m->plan, CGROUP_IO, name, h->version == 1 ? t->file_v1 : "io.max", value)->check =
        CGROUP_CHECK_DEVICE;
    return 0;
}

static int add_throttles(struct cgroup_plan_maker *m, const struct throttles *t, struct err *err)
{
    const oci_throttles *devices = (const void *)((const char *)&m->r->block_io + t->offset);

    for (size_t i = 0; i < devices->n; i++) {
        char name[NAME_MAX_LEN];
        int r;

        snprintf(name, sizeof(name), "%s[%zu]", t->name, i);
        r = add_throttle(m, t, name, &devices->v[i], err);
        if (r < 0)
            return err_wrap(err, CGROUP_LIMIT_PATH "%s", name);
    }
    return 0;
}

/* ---- blockIO.weightDevice ---- */

static void add_weight(struct cgroup_plan_maker *m, const char *name, const char *file,
                       const struct oci_weight_device *d, int64_t weight, enum cgroup_absent absent)
{
    struct cgroup_setting *s = cgroup_plan_add(
        m->plan, CGROUP_IO, name, file, str_printf("%" PRId64 ":%" PRId64 " %" PRId64, d->major, d->minor, weight));

    s->check = CGROUP_CHECK_DEVICE;
    s->absent = absent;
}

static int add_weight_device(struct cgroup_plan_maker *m, const char *name, const struct oci_weight_device *d,
                             struct err *err)
{
    const struct cgroup_hierarchy *h;
    int r = check_device(d->major, d->minor, err);

    if (r == 0 && d->weight)
        r = cgroup_check_range(d->weight, 10, 1000, err);
    if (r == 0 && d->leaf_weight)
        r = cgroup_check_range(d->leaf_weight, 10, 1000, err);
    if (r == 0)
        r = cgroup_plan_find(m->host, CGROUP_IO, &h, err);
    if (r < 0)
        return r;
    if (!d->weight && !d->leaf_weight)
        return err_set(err, ERR_INVALID, "neither weight nor leafWeight is given");
    if (h->version == 2 && d->leaf_weight)
        return err_set(err, ERR_UNSUPPORTED, "leafWeight: cgroup v2 has no such limit");
    if (h->version == 1 && d->weight) {
        add_weight(m, name, "blkio.weight_device", d, d->weight, CGROUP_ABSENT_NEXT);
        add_weight(m, name, "blkio.bfq.weight_device", d, d->weight, CGROUP_ABSENT_REFUSED);
    }
    if (h->version == 1 && d->leaf_weight)
        add_weight(m, name, "blkio.leaf_weight_device", d, d->leaf_weight, CGROUP_ABSENT_REFUSED);
    if (h->version == 2) {
        add_weight(m, name, "io.bfq.weight", d, d->weight, CGROUP_ABSENT_NEXT);
        add_weight(m, name, "io.weight", d, cgroup_io_weight(d->weight), CGROUP_ABSENT_REFUSED);
    }
    return 0;
}

/* ---- hugepageLimits ---- */

/* "2MB": it becomes a part of a file's name. */
static bool is_page_size(const char *s)
{
    size_t digits = strspn(s ? s : "", "0123456789");
    const char *unit = s ? s + digits : "";

    return digits > 0 && digits < 8 && (str_eq(unit, "KB") || str_eq(unit, "MB") || str_eq(unit, "GB"));
}

static int add_hugepages(struct cgroup_plan_maker *m, const char *name, const struct oci_hugepage_limit *l,
                         struct err *err)
{
    static const char *const kinds[] = {"", ".rsvd"}; /* what is used, and what is reserved */
    const struct cgroup_hierarchy *h;
    int r;

    if (!is_page_size(l->page_size))
        return err_set(err, ERR_INVALID, "pageSize '%s' is not like 64KB, 2MB or 1GB",
                       l->page_size ? l->page_size : "");
    r = cgroup_plan_find(m->host, CGROUP_HUGETLB, &h, err);
    if (r < 0)
        return r;
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        _cleanup_free_ char *file =
            str_printf("hugetlb.%s%s.%s", l->page_size, kinds[i], h->version == 1 ? "limit_in_bytes" : "max");
        struct cgroup_setting *s =
            cgroup_plan_add(m->plan, CGROUP_HUGETLB, name, file, str_printf("%" PRIu64, l->limit));

        s->check = CGROUP_CHECK_AT_MOST;
        if (i == 1)
            s->absent = CGROUP_ABSENT_IGNORED; /* before Linux 5.7 */
    }
    return 0;
}

/* ---- network.priorities ---- */

static int add_priority(struct cgroup_plan_maker *m, const char *name, const struct oci_interface_priority *p,
                        struct err *err)
{
    const struct cgroup_hierarchy *h;
    int r;

    if (str_empty(p->name) || strlen(p->name) >= IFNAMSIZ || strpbrk(p->name, " \t\n/"))
        return err_set(err, ERR_INVALID, "name '%s' is not that of an interface", p->name ? p->name : "");
    r = cgroup_check_range(p->priority, 0, UINT32_MAX, err);
    if (r == 0)
        r = cgroup_plan_find(m->host, CGROUP_NET_PRIO, &h, err);
    if (r < 0)
        return r;
    cgroup_plan_add(m->plan, CGROUP_NET_PRIO, name, "net_prio.ifpriomap",
                    str_printf("%s %" PRId64, p->name, p->priority))
        ->check = CGROUP_CHECK_DEVICE;
    return 0;
}

/* ---- rdma ---- */

static int add_rdma(struct cgroup_plan_maker *m, const char *name, const struct oci_rdma *d, struct err *err)
{
    struct buf value = BUF_INIT;
    const struct cgroup_hierarchy *h;
    int r;

    if (str_empty(d->device) || strlen(d->device) >= 64 || strpbrk(d->device, " \t\n=/"))
        return err_set(err, ERR_INVALID, "'%s' is not the name of a device", d->device ? d->device : "");
    if (!d->hca_handles && !d->hca_objects)
        return err_set(err, ERR_INVALID, "neither hcaHandles nor hcaObjects is given");
    r = d->hca_handles ? cgroup_check_range(*d->hca_handles, 0, UINT32_MAX, err) : 0;
    if (r == 0 && d->hca_objects)
        r = cgroup_check_range(*d->hca_objects, 0, UINT32_MAX, err);
    if (r == 0)
        r = cgroup_plan_find(m->host, CGROUP_RDMA, &h, err);
    if (r < 0)
        return r;
    buf_adds(&value, d->device);
    if (d->hca_handles)
        buf_addf(&value, " hca_handle=%" PRId64, *d->hca_handles);
    if (d->hca_objects)
        buf_addf(&value, " hca_object=%" PRId64, *d->hca_objects);
    cgroup_plan_add(m->plan, CGROUP_RDMA, name, "rdma.max", buf_steal(&value))->check = CGROUP_CHECK_DEVICE;
    return 0;
}

/* ---- unified ---- */

/* "memory.high": a file of the cgroup's own directory, no path to another; and one that sets something: who writes to
 * cgroup.procs moves processes. */
static bool is_unified_file(const char *name, size_t len)
{
    static const char *const actions[] = {"cgroup.procs", "cgroup.threads", "cgroup.kill"};

    if (!len || len > 64 || name[0] == '.' || !memchr(name, '.', len))
        return false;
    for (size_t i = 0; i < len; i++)
        if (!isalnum((unsigned char)name[i]) && !strchr("._-", name[i]))
            return false;
    for (size_t i = 0; i < ARRAY_SIZE(actions); i++)
        if (strlen(actions[i]) == len && memcmp(name, actions[i], len) == 0)
            return false;
    return true;
}

/* The controller that a file belongs to; CGROUP_CORE for files of no controller, and of one that is not known here. */
static enum cgroup_controller controller_of_file(const char *file)
{
    _cleanup_free_ char *name = str_ndup(file, strcspn(file, "."));

    for (int c = 0; c < CGROUP_CONTROLLERS; c++)
        if (str_eq(cgroup_controller_name((enum cgroup_controller)c, 2), name))
            return (enum cgroup_controller)c;
    return CGROUP_CORE;
}

/* Each line is a write of its own, as io.max wants it. */
static int add_unified(struct cgroup_plan_maker *m, const char *entry, struct err *err)
{
    size_t len = strcspn(entry, "=");
    _cleanup_free_ char *file = str_ndup(entry, len), *name = str_printf("unified[%s]", file);
    _cleanup_strv_ char **lines = entry[len] ? strv_split(entry + len + 1, '\n') : NULL;
    const struct cgroup_hierarchy *h;
    enum cgroup_controller c;

    if (!is_unified_file(entry, len))
        return err_set(err, ERR_INVALID, "'%s' is not the name of a setting of cgroup v2", file);
    c = controller_of_file(file);
    h = cgroup_host_find(m->host, c);
    if (!h || h->version != 2)
        return err_set(err, ERR_UNSUPPORTED, "%s: this host has no %s%scgroup v2 (cgroups: %s)", file,
                       c == CGROUP_CORE ? "" : cgroup_controller_name(c, 2), c == CGROUP_CORE ? "" : " controller on ",
                       cgroup_host_mode(m->host));
    STRV_FOREACH (line, lines)
        if (**line || !lines[1])
            cgroup_plan_add(m->plan, c, name, file, str_dup(*line))->check = CGROUP_CHECK_NONE;
    return 0;
}

/* ---- all of them ---- */

/* Calls `fn` for each entry of a list, with its name. */
#define ADD_EACH(m, list, format, fn, err)                           \
    do {                                                             \
        for (size_t i_ = 0; i_ < (list)->n; i_++) {                  \
            char name_[NAME_MAX_LEN];                                \
            int r_;                                                  \
                                                                     \
            snprintf(name_, sizeof(name_), format "[%zu]", i_);      \
            r_ = fn(m, name_, &(list)->v[i_], err);                  \
            if (r_ < 0)                                              \
                return err_wrap(err, CGROUP_LIMIT_PATH "%s", name_); \
        }                                                            \
    } while (0)

int cgroup_plan_lists(struct cgroup_plan_maker *m, struct err *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(throttles); i++) {
        int r = add_throttles(m, &throttles[i], err);

        if (r < 0)
            return r;
    }
    ADD_EACH(m, &m->r->block_io.weight_devices, "blockIO.weightDevice", add_weight_device, err);
    ADD_EACH(m, &m->r->hugepage_limits, "hugepageLimits", add_hugepages, err);
    ADD_EACH(m, &m->r->network.priorities, "network.priorities", add_priority, err);
    ADD_EACH(m, &m->r->rdma, "rdma", add_rdma, err);
    STRV_FOREACH (entry, m->r->unified) {
        int r = add_unified(m, *entry, err);

        if (r < 0)
            return err_wrap(err, CGROUP_LIMIT_PATH "unified");
    }
    return 0;
}
