/* --security-opt: what walls of a container are given up or put up. Docker's words; docker run(1). */
#include "bundle/bundle.h"

#include "base/strv.h"

static const char *const default_masked[] = {
    "/proc/asound",      "/proc/acpi",          "/proc/interrupts", "/proc/kcore",
    "/proc/keys",        "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats",
    "/proc/sched_debug", "/proc/scsi",          "/sys/firmware",    "/sys/devices/virtual/powercap",
};

static const char *const default_readonly[] = {
    "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger",
};

void bundle_default_paths(char ***masked, char ***readonly)
{
    for (size_t i = 0; i < ARRAY_SIZE(default_masked); i++)
        strv_add(masked, default_masked[i]);
    for (size_t i = 0; i < ARRAY_SIZE(default_readonly); i++)
        strv_add(readonly, default_readonly[i]);
}

static int fail(const char *option, struct err *err)
{
    return err_set(err, ERR_INVALID, "invalid --security-opt: \"%s\"", option);
}

/* The parts of SELinux's label that a user may name; the others are Docker's. */
static const char *const label_parts[BUNDLE_LABEL_PARTS] = {"user:", "role:", "type:", "level:"};

static int take_label(const char *option, const char *value, struct bundle_security *s, struct err *err)
{
    if (str_eq(value, "disable")) {
        s->no_label = true;
        return 0;
    }
    for (size_t i = 0; i < BUNDLE_LABEL_PARTS; i++) {
        const char *part = str_after(value, label_parts[i]);

        if (!str_empty(part)) {
            s->label[i] = part;
            return 0;
        }
    }
    /* Of files alone, which are not labelled here. */
    if (str_after(value, "filetype:") || str_after(value, "nested"))
        return 0;
    return fail(option, err);
}

static int take_bool(const char *option, const char *value, bool *ret, struct err *err)
{
    if (!str_eq(value, "true") && !str_eq(value, "false"))
        return fail(option, err);
    *ret = str_eq(value, "true");
    return 0;
}

static int take_option(const char *option, struct bundle_security *s, struct err *err)
{
    size_t n = strcspn(option, "=:");
    _cleanup_free_ char *name = str_ndup(option, n);
    const char *value = option[n] ? option + n + 1 : NULL;

    if (str_eq(name, "no-new-privileges")) {
        s->no_new_privileges = true;
        return value ? take_bool(option, value, &s->no_new_privileges, err) : 0;
    }
    if (str_empty(value))
        return fail(option, err);
    if (str_eq(name, "seccomp")) {
        s->seccomp = str_eq(value, "builtin") ? NULL : value;
        return 0;
    }
    if (str_eq(name, "apparmor")) {
        s->apparmor = value;
        return 0;
    }
    if (str_eq(name, "systempaths") && str_eq(value, "unconfined")) {
        s->bare_paths = true;
        return 0;
    }
    return str_eq(name, "label") ? take_label(option, value, s, err) : fail(option, err);
}

int bundle_parse_security(char *const *options, struct bundle_security *ret, struct err *err)
{
    *ret = (struct bundle_security){0};
    STRV_FOREACH (option, options) {
        int r = take_option(*option, ret, err);

        if (r < 0)
            return r;
    }
    return 0;
}

void bundle_privileged_security(struct bundle_security *s)
{
    if (!s->seccomp)
        s->seccomp = "unconfined";
    if (!s->apparmor)
        s->apparmor = "unconfined";
    s->no_label = true;
}

static char *make_label(const struct bundle_security *s)
{
    static const char *const usual[BUNDLE_LABEL_PARTS] = {"system_u", "system_r", "container_t", "s0"};
    const char *part[BUNDLE_LABEL_PARTS];
    bool any = false;

    for (size_t i = 0; i < BUNDLE_LABEL_PARTS; i++) {
        any |= s->label[i] != NULL;
        part[i] = s->label[i] ? s->label[i] : usual[i];
    }
    return any && !s->no_label ? str_printf("%s:%s:%s:%s", part[0], part[1], part[2], part[3]) : NULL;
}

int bundle_apply_security(const struct bundle_security *s, const struct bundle_place *place, struct oci_spec *spec,
                          struct err *err)
{
    const char *apparmor = s->apparmor ? s->apparmor : place->apparmor;
    struct bundle_seccomp_host host;
    char *const *caps = spec->process.capabilities.bounding;
    int r = 0;

    spec->process.no_new_privileges = s->no_new_privileges;
    spec->process.apparmor_profile = str_eq(apparmor, "unconfined") ? NULL : str_dup(apparmor);
    spec->process.selinux_label = make_label(s);
    bundle_seccomp_host(&host);
    if (!s->seccomp)
        spec->platform.seccomp = bundle_seccomp_default(&host, caps);
    else if (!str_eq(s->seccomp, "unconfined"))
        r = bundle_seccomp_parse(s->seccomp, strlen(s->seccomp), &host, caps, &spec->platform.seccomp, err);
    return r < 0 ? err_wrap(err, "--security-opt: seccomp profile") : 0;
}
