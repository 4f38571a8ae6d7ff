/* Profiles that a user brings, and what their conditions mean. */
#include "bundle/seccomp.h"

#include <stdio.h>
#include <sys/utsname.h>

struct arch_map {
    char *arch;
    char **others;
};

struct rule {
    struct bundle_seccomp_rule it;
    char *name; /* of old profiles, for one of `names` */
};

struct profile {
    struct oci_seccomp it; /* without system calls */
    VEC(struct arch_map) arch_map;
    VEC(struct rule) rules;
};

#define TYPE(variable, text, s, table)  \
    const struct json_type variable = { \
        .name = (text), .size = sizeof(s), .fields = (table), .n_fields = ARRAY_SIZE(table)}

static const struct json_field arg_fields[] = {
    JSON_FIELD(struct oci_seccomp_arg, "index", JSON_K_INT64, index, JSON_REQUIRED),
    JSON_FIELD(struct oci_seccomp_arg, "value", JSON_K_UINT64, value, JSON_REQUIRED),
    JSON_FIELD(struct oci_seccomp_arg, "valueTwo", JSON_K_UINT64, value_two),
    JSON_FIELD(struct oci_seccomp_arg, "op", JSON_K_STRING, op, JSON_REQUIRED),
};
static TYPE(arg_type, "argument", struct oci_seccomp_arg, arg_fields);

static const struct json_field when_fields[] = {
    JSON_FIELD(struct bundle_seccomp_when, "caps", JSON_K_STRV, caps),
    JSON_FIELD(struct bundle_seccomp_when, "arches", JSON_K_STRV, arches),
    JSON_FIELD(struct bundle_seccomp_when, "minKernel", JSON_K_STRING, min_kernel),
};
static TYPE(when_type, "condition", struct bundle_seccomp_when, when_fields);

static const struct json_field rule_fields[] = {
    JSON_FIELD(struct rule, "name", JSON_K_STRING, name),
    JSON_FIELD(struct rule, "names", JSON_K_STRV, it.rule.names),
    JSON_FIELD(struct rule, "action", JSON_K_STRING, it.rule.action, JSON_REQUIRED),
    JSON_FIELD(struct rule, "errnoRet", JSON_K_INT64_PTR, it.rule.errno_ret),
    JSON_FIELD(struct rule, "args", JSON_K_ARRAY, it.rule.args, 0, &arg_type),
    JSON_FIELD(struct rule, "includes", JSON_K_OBJECT, it.includes, 0, &when_type),
    JSON_FIELD(struct rule, "excludes", JSON_K_OBJECT, it.excludes, 0, &when_type),
};
static TYPE(rule_type, "rule", struct rule, rule_fields);

static const struct json_field arch_map_fields[] = {
    JSON_FIELD(struct arch_map, "architecture", JSON_K_STRING, arch),
    JSON_FIELD(struct arch_map, "subArchitectures", JSON_K_STRV, others),
};
static TYPE(arch_map_type, "architecture", struct arch_map, arch_map_fields);

static const struct json_field profile_fields[] = {
    JSON_FIELD(struct profile, "defaultAction", JSON_K_STRING, it.default_action),
    JSON_FIELD(struct profile, "defaultErrnoRet", JSON_K_INT64_PTR, it.default_errno_ret),
    JSON_FIELD(struct profile, "architectures", JSON_K_STRV, it.architectures),
    JSON_FIELD(struct profile, "archMap", JSON_K_ARRAY, arch_map, 0, &arch_map_type),
    JSON_FIELD(struct profile, "flags", JSON_K_STRV, it.flags),
    JSON_FIELD(struct profile, "listenerPath", JSON_K_STRING, it.listener_path),
    JSON_FIELD(struct profile, "listenerMetadata", JSON_K_STRING, it.listener_metadata),
    JSON_FIELD(struct profile, "syscalls", JSON_K_ARRAY, rules, 0, &rule_type),
};
static TYPE(profile_type, "seccomp profile", struct profile, profile_fields);

/* ---- the host ---- */

#if defined(__x86_64__)
#define HOST_ARCH "amd64"
#elif defined(__i386__)
#define HOST_ARCH "x86"
#elif defined(__aarch64__)
#define HOST_ARCH "arm64"
#elif defined(__arm__)
#define HOST_ARCH "arm"
#elif defined(__riscv) && __riscv_xlen == 64
#define HOST_ARCH "riscv64"
#elif defined(__s390x__)
#define HOST_ARCH "s390x"
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
#define HOST_ARCH "ppc64le"
#elif defined(__loongarch64)
#define HOST_ARCH "loongarch64"
#else
#define HOST_ARCH ""
#endif

void bundle_seccomp_host(struct bundle_seccomp_host *ret)
{
    struct utsname name;

    *ret = (struct bundle_seccomp_host){.arch = HOST_ARCH};
    if (uname(&name) == 0 && sscanf(name.release, "%u.%u", &ret->kernel, &ret->major) != 2)
        ret->kernel = ret->major = 0;
}

const char *bundle_seccomp_arch(const struct bundle_seccomp_host *host)
{
    static const char *const known[][2] = {
        {"amd64", "SCMP_ARCH_X86_64"},    {"x86", "SCMP_ARCH_X86"},
        {"arm64", "SCMP_ARCH_AARCH64"},   {"arm", "SCMP_ARCH_ARM"},
        {"riscv64", "SCMP_ARCH_RISCV64"}, {"s390x", "SCMP_ARCH_S390X"},
        {"ppc64le", "SCMP_ARCH_PPC64LE"}, {"loongarch64", "SCMP_ARCH_LOONGARCH64"},
        {"mips64", "SCMP_ARCH_MIPS64"},   {"mipsel64", "SCMP_ARCH_MIPSEL64"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(known); i++)
        if (str_eq(known[i][0], host->arch))
            return known[i][1];
    return NULL;
}

/* ---- conditions ---- */

/* 1 where the host's kernel is at least that. */
static int kernel_is(const char *version, const struct bundle_seccomp_host *host, struct err *err)
{
    unsigned kernel, major;
    char rest;

    if (sscanf(version, "%4u.%4u%c", &kernel, &major, &rest) != 2)
        return err_set(err, ERR_INVALID, "minKernel: \"%s\" is not KERNEL.MAJOR", version);
    return host->kernel > kernel || (host->kernel == kernel && host->major >= major);
}

static size_t count_in(char *const *these, char *const *those)
{
    size_t n = 0;

    STRV_FOREACH (one, these)
        n += strv_contains(those, *one);
    return n;
}

int bundle_seccomp_applies(const struct bundle_seccomp_rule *rule, const struct bundle_seccomp_host *host,
                           char *const *capabilities, struct err *err)
{
    const struct bundle_seccomp_when *in = &rule->includes, *ex = &rule->excludes;
    int since = 1, until = 0;

    if (in->min_kernel)
        since = kernel_is(in->min_kernel, host, err);
    if (since >= 0 && ex->min_kernel)
        until = kernel_is(ex->min_kernel, host, err);
    if (since < 0 || until < 0)
        return ERR_INVALID;
    return since && !until && !strv_contains(ex->arches, host->arch) && !count_in(ex->caps, capabilities) &&
           (!strv_len(in->arches) || strv_contains(in->arches, host->arch)) &&
           count_in(in->caps, capabilities) == strv_len(in->caps);
}

/* ---- profiles ---- */

static int take_rule(struct rule *rule, const struct bundle_seccomp_host *host, char *const *capabilities,
                     struct oci_seccomp *to, struct err *err)
{
    int r;

    if (rule->name && strv_len(rule->it.rule.names))
        return err_set(err, ERR_INVALID, "name: there are names as well");
    if (rule->name)
        strv_take(&rule->it.rule.names, steal_ptr(&rule->name));
    if (!strv_len(rule->it.rule.names))
        return err_set(err, ERR_INVALID, "names: missing");
    r = bundle_seccomp_applies(&rule->it, host, capabilities, err);
    if (r > 0) {
        *VEC_PUSH(&to->syscalls) = rule->it.rule;
        rule->it.rule = (struct oci_seccomp_rule){0};
    }
    return MIN_OF(r, 0);
}

static int make(struct profile *p, const struct bundle_seccomp_host *host, char *const *capabilities, struct err *err)
{
    const char *arch = bundle_seccomp_arch(host);

    if (strv_len(p->it.architectures) && p->arch_map.n)
        return err_set(err, ERR_INVALID, "archMap: there are architectures as well");
    if (!p->it.default_action)
        return err_set(err, ERR_INVALID, "defaultAction: missing");
    VEC_FOREACH (m, &p->arch_map)
        if (str_eq(m->arch, arch)) {
            strv_add(&p->it.architectures, m->arch);
            strv_extend(&p->it.architectures, m->others);
            break;
        }
    VEC_FOREACH (rule, &p->rules) {
        int r = take_rule(rule, host, capabilities, &p->it, err);

        if (r < 0)
            return err_wrap(err, "syscalls[%td]", rule - p->rules.v);
    }
    return 0;
}

int bundle_seccomp_parse(const char *text, size_t len, const struct bundle_seccomp_host *host,
                         char *const *capabilities, struct oci_seccomp **ret, struct err *err)
{
    struct profile p = {0};
    int r = json_parse(text, len, &profile_type, &p, err);

    *ret = NULL;
    if (r < 0)
        return r;
    if (p.it.default_action || p.rules.n) {
        r = make(&p, host, capabilities, err);
        if (r == 0) {
            *ret = mem_dup(&p.it, sizeof(p.it));
            p.it = (struct oci_seccomp){0};
        }
    }
    json_free(&oci_seccomp_type, &p.it);
    json_free(&profile_type, &p);
    return r;
}
