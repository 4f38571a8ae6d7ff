/* What is known of the walls of a container, put together to be judged. */
#include "explain/weakened.h"

#include "bundle/bundle.h"
#include "container/apparmor.h"
#include "explain/capabilities.h"
#include "explain/devices.h"
#include "explain/read.h"
#include "sys/fd.h"

enum { DEVICES_MAX = 32 /* that are named */ };

/* What this kernel does not have needs no hiding. */
static void keep_existing(char **paths)
{
    size_t n = 0;

    for (char **path = paths; path && *path; path++)
        if (access(*path, F_OK) == 0)
            paths[n++] = *path;
        else
            free(*path);
    if (paths)
        paths[n] = NULL;
}

static char *real_path(const char *path)
{
    char *real = realpath(path, NULL);

    return real ? real : str_dup(path);
}

/* Where containers are given a profile that name none. */
static bool is_unconfined(const struct explain_subject *subject)
{
    _cleanup_buf_ struct buf label = BUF_INIT;

    if (!container_apparmor())
        return false;
    if (!subject->pid)
        return str_empty(subject->spec->process.apparmor_profile) ||
               str_eq(subject->spec->process.apparmor_profile, "unconfined");
    return explain_read(subject->pid, "attr/current", &label, NULL) == 0 && str_after(buf_str(&label), "unconfined");
}

/* As many as we have ourselves: more can nobody be given. */
static uint64_t capabilities_to_give(void)
{
    _cleanup_explain_status_ struct explain_status own = {0};
    uint64_t all = explain_capabilities_all();

    return explain_status_read(getpid(), &own, NULL) < 0 ? all : all & own.capabilities[EXPLAIN_BOUNDING];
}

/* Those that it may open beyond the usual, and whether that is all. */
static char **unusual_devices(const device_rules *rules, bool *ret_every)
{
    char **list = NULL;

    *ret_every = false;
    VEC_FOREACH (r, rules) {
        _cleanup_free_ char *name = explain_device_name(r->type, r->major, r->minor);

        *ret_every = *ret_every || (r->allow && device_rule_is_total(r));
        if (r->allow && (r->access & (DEVICE_READ | DEVICE_WRITE)) && !explain_device_rule_is_usual(r) &&
            strv_len(list) < DEVICES_MAX && !strv_contains(list, name))
            strv_add(&list, name);
    }
    return list;
}

static int judge(const struct explain_subject *subject, const struct explain_status *status,
                 const explain_mounts *mounts, explain_facts *ret, struct err *err)
{
    _cleanup_strv_ char **masked = NULL, **closed = NULL, **devices = NULL;
    _cleanup_free_ char *root = real_path(store_root_path(subject->store)), *device_source = NULL;
    _cleanup_free_ char *state = real_path(store_state_path(subject->store));
    device_rules rules = {0};
    bool every;
    int r = explain_device_rules_of(subject, &rules, &device_source, err);

    if (r < 0)
        return r;
    devices = unusual_devices(&rules, &every);
    free(rules.v);
    bundle_default_paths(&masked, &closed);
    keep_existing(masked);
    keep_existing(closed);
    explain_state_weakened(
        &(struct explain_state){
            .subject = subject,
            .spaces = subject->spaces,
            .status = status,
            .usual = explain_capabilities_usual(),
            .all = capabilities_to_give(),
            .mounts = mounts,
            .masked = masked,
            .closed = closed,
            .root = root,
            .state = state,
            .devices = devices,
            .every_device = every,
            .device_source = device_source,
            .unconfined = is_unconfined(subject),
        },
        ret);
    return 0;
}

int explain_weakened(const struct explain_subject *subject, explain_facts *ret, struct err *err)
{
    _cleanup_explain_status_ struct explain_status status = {0};
    _cleanup_explain_mounts_ explain_mounts mounts = {0};
    int r = explain_status_of(subject, &status, err);

    if (r == 0)
        r = explain_mounts_of(subject, &mounts, err);
    if (r == 0)
        r = judge(subject, &status, &mounts, ret, err);
    return r;
}
