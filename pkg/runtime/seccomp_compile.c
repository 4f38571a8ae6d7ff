/* libseccomp's adapter: a profile becomes a program. */
#include "base/log.h"
#include "base/strv.h"
#include "runtime/seccomp_internal.h"
#include "sys/dl.h"
#include "sys/fd.h"

#include <dlfcn.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/un.h>

#ifndef SECCOMP_FILTER_FLAG_NEW_LISTENER
#define SECCOMP_FILTER_FLAG_NEW_LISTENER (1UL << 3)
#endif
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

enum {
    ARGS_MAX = 6,
    ERRNO_MAX = 4095, /* MAX_ERRNO of the kernel: beyond, an answer would look like success */
    ABIS_MAX = 16,
};

static struct {
    __typeof__(&seccomp_init) seccomp_init;
    __typeof__(&seccomp_release) seccomp_release;
    __typeof__(&seccomp_arch_native) seccomp_arch_native;
    __typeof__(&seccomp_arch_resolve_name) seccomp_arch_resolve_name;
    __typeof__(&seccomp_arch_add) seccomp_arch_add;
    __typeof__(&seccomp_attr_set) seccomp_attr_set;
    __typeof__(&seccomp_syscall_resolve_name) seccomp_syscall_resolve_name;
    __typeof__(&seccomp_syscall_resolve_name_arch) seccomp_syscall_resolve_name_arch;
    __typeof__(&seccomp_rule_add_array) seccomp_rule_add_array;
    __typeof__(&seccomp_export_bpf) seccomp_export_bpf;
} lib;

static const struct dl_symbol symbols[] = {
    DL_SYMBOL(lib, seccomp_init),
    DL_SYMBOL(lib, seccomp_release),
    DL_SYMBOL(lib, seccomp_arch_native),
    DL_SYMBOL(lib, seccomp_arch_resolve_name),
    DL_SYMBOL(lib, seccomp_arch_add),
    DL_SYMBOL(lib, seccomp_attr_set),
    DL_SYMBOL(lib, seccomp_syscall_resolve_name),
    DL_SYMBOL(lib, seccomp_syscall_resolve_name_arch),
    DL_SYMBOL(lib, seccomp_rule_add_array),
    DL_SYMBOL(lib, seccomp_export_bpf),
};

static struct dl_library library = {"libseccomp.so.2", "libseccomp2", symbols, ARRAY_SIZE(symbols)};

static void release_context(scmp_filter_ctx *ctx)
{
    if (*ctx)
        lib.seccomp_release(*ctx);
    *ctx = NULL;
}

/* ---- words ---- */

static const struct action {
    const char *name;
    uint32_t action;
    uint32_t kernel; /* what the kernel calls it, for asking whether it has it */
    uint32_t max;    /* of the number that goes with it; 0: none does */
    bool permissive; /* as a default it lets through what nobody knew */
} actions[] = {
    {"SCMP_ACT_KILL", SCMP_ACT_KILL_THREAD, SECCOMP_RET_KILL_THREAD, 0, false},
    {"SCMP_ACT_KILL_THREAD", SCMP_ACT_KILL_THREAD, SECCOMP_RET_KILL_THREAD, 0, false},
    {"SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS, SECCOMP_RET_KILL_PROCESS, 0, false},
    {"SCMP_ACT_TRAP", SCMP_ACT_TRAP, SECCOMP_RET_TRAP, 0, false},
    {"SCMP_ACT_ERRNO", SCMP_ACT_ERRNO(0), SECCOMP_RET_ERRNO, ERRNO_MAX, false},
    {"SCMP_ACT_TRACE", SCMP_ACT_TRACE(0), SECCOMP_RET_TRACE, UINT16_MAX, true},
    {"SCMP_ACT_ALLOW", SCMP_ACT_ALLOW, SECCOMP_RET_ALLOW, 0, true},
    {"SCMP_ACT_LOG", SCMP_ACT_LOG, SECCOMP_RET_LOG, 0, true},
    {"SCMP_ACT_NOTIFY", SCMP_ACT_NOTIFY, SECCOMP_RET_USER_NOTIF, 0, false},
};

/* `*ret` with the number in it; the row, or NULL after an error. */
static const struct action *find_action(const char *name, const int64_t *number, const char *field, uint32_t *ret,
                                        struct err *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
        const struct action *a = &actions[i];
        int64_t n = number ? *number : a->max ? EPERM : 0;
        uint32_t kernel = a->kernel;

        if (!str_eq(a->name, name))
            continue;
        if (number && !a->max)
            err_set(err, ERR_INVALID, "linux.seccomp.%s: %s takes no errno", field, name);
        else if (n < 0 || n > a->max)
            err_set(err, ERR_INVALID, "linux.seccomp.%s: %lld is no errno", field, (long long)n);
        else if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &kernel) < 0 && errno == EOPNOTSUPP)
            err_set(err, ERR_UNSUPPORTED, "linux.seccomp.%s: this kernel has no %s", field, name);
        else {
            *ret = a->action | (uint32_t)n;
            return a;
        }
        return NULL;
    }
    err_set(err, ERR_INVALID, "linux.seccomp.%s: no such action: \"%s\"", field, name);
    return NULL;
}

/* A filter that is none: EFAULT shows that the flags got through. */
static bool kernel_has_flag(unsigned flag)
{
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flag, NULL) < 0 && errno == EFAULT;
}

static int read_flags(const struct oci_seccomp *profile, struct seccomp_filter *f, struct err *err)
{
    static const struct {
        const char *name;
        unsigned flag, with;
    } known[] = {
        {"SECCOMP_FILTER_FLAG_TSYNC", 0, 0}, /* there is one thread */
        {"SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG, 0},
        {"SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW, 0},
        {"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
         SECCOMP_FILTER_FLAG_NEW_LISTENER},
    };

    /* Where nobody says anything of flags, programs are not to be slowed down by what a filter would bring beside. */
    if (!profile->flags)
        f->flags = kernel_has_flag(SECCOMP_FILTER_FLAG_SPEC_ALLOW) ? SECCOMP_FILTER_FLAG_SPEC_ALLOW : 0;
    STRV_FOREACH (flag, profile->flags) {
        size_t i = 0;

        while (i < ARRAY_SIZE(known) && strcmp(known[i].name, *flag) != 0)
            i++;
        if (i == ARRAY_SIZE(known))
            return err_set(err, ERR_INVALID, "linux.seccomp.flags: no such flag: \"%s\"", *flag);
        if (known[i].flag && !kernel_has_flag(known[i].flag | known[i].with))
            return err_set(err, ERR_UNSUPPORTED, "linux.seccomp.flags: this kernel has no %s", *flag);
        f->flags |= known[i].flag;
    }
    return 0;
}

/* ---- rules ---- */

static int read_arg(const struct oci_seccomp_arg *arg, struct scmp_arg_cmp *ret, struct err *err)
{
    static const struct {
        const char *name;
        enum scmp_compare op;
    } known[] = {
        {"SCMP_CMP_NE", SCMP_CMP_NE},
        {"SCMP_CMP_LT", SCMP_CMP_LT},
        {"SCMP_CMP_LE", SCMP_CMP_LE},
        {"SCMP_CMP_EQ", SCMP_CMP_EQ},
        {"SCMP_CMP_GE", SCMP_CMP_GE},
        {"SCMP_CMP_GT", SCMP_CMP_GT},
        {"SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ},
    };

    if (arg->index < 0 || arg->index >= ARGS_MAX)
        return err_set(err, ERR_INVALID, "linux.seccomp.syscalls.args.index: there is no argument %lld",
                       (long long)arg->index);
    for (size_t i = 0; i < ARRAY_SIZE(known); i++)
        if (str_eq(known[i].name, arg->op)) {
            *ret = (struct scmp_arg_cmp){(unsigned)arg->index, known[i].op, arg->value, arg->value_two};
            return 0;
        }
    return err_set(err, ERR_INVALID, "linux.seccomp.syscalls.args.op: no such operator: \"%s\"", arg->op);
}

static int add_rule(scmp_filter_ctx ctx, uint32_t action, int call, const char *name, const struct scmp_arg_cmp *args,
                    unsigned n, struct err *err)
{
    int r = lib.seccomp_rule_add_array(ctx, action, call, n, args);

    if (r == 0 || r == -EEXIST)
        return 0;
    return err_errno(err, -r, "linux.seccomp.syscalls: %s", name);
}

/* libseccomp takes one condition for an argument. Where a profile has more, each becomes a rule of its own, of which
 * any will do: what runc made of such profiles once, and all others keep to. */
static bool same_argument_twice(const struct scmp_arg_cmp *args, size_t n)
{
    unsigned seen = 0;

    for (size_t i = 0; i < n; i++) {
        if (seen >> args[i].arg & 1)
            return true;
        seen |= 1U << args[i].arg;
    }
    return false;
}

/* The parent and the child have to get a descriptor across before anybody answers. */
static bool needed_by_ourselves(const char *name)
{
    return str_eq(name, "sendmsg");
}

static int add_call(scmp_filter_ctx ctx, uint32_t action, const char *name, const struct scmp_arg_cmp *args, size_t n,
                    struct err *err)
{
    int call = lib.seccomp_syscall_resolve_name(name), r = 0;

    if (call == __NR_SCMP_ERROR) {
        log_debug("seccomp: passing over %s, which libseccomp does not know", name);
        return 0;
    }
    if (!same_argument_twice(args, n))
        return add_rule(ctx, action, call, name, args, (unsigned)n, err);
    for (size_t i = 0; i < n && r == 0; i++)
        r = add_rule(ctx, action, call, name, &args[i], 1, err);
    return r;
}

static int add_rules(scmp_filter_ctx ctx, const struct oci_seccomp_rule *rule, uint32_t default_action,
                     struct seccomp_filter *f, struct err *err)
{
    struct scmp_arg_cmp args[4 * ARGS_MAX];
    uint32_t action;
    int r = find_action(rule->action, rule->errno_ret, "syscalls.action", &action, err) ? 0 : ERR_INVALID;

    if (r < 0)
        return err && err->kind ? err->kind : r;
    if (!strv_len(rule->names))
        return err_set(err, ERR_INVALID, "linux.seccomp.syscalls.names: missing");
    if (rule->args.n > ARRAY_SIZE(args))
        return err_set(err, ERR_LIMIT, "linux.seccomp.syscalls.args: more than %zu conditions", ARRAY_SIZE(args));
    for (size_t i = 0; i < rule->args.n && r == 0; i++)
        r = read_arg(&rule->args.v[i], &args[i], err);
    if (r < 0 || action == default_action)
        return r;
    f->notifies |= action == SCMP_ACT_NOTIFY;
    STRV_FOREACH (name, rule->names) {
        if (action == SCMP_ACT_NOTIFY && needed_by_ourselves(*name))
            return err_set(err, ERR_INVALID, "linux.seccomp.syscalls: SCMP_ACT_NOTIFY cannot be used for %s", *name);
        r = add_call(ctx, action, *name, args, rule->args.n, err);
        if (r < 0)
            return r;
    }
    return 0;
}

/* ---- architectures ---- */

static int add_architectures(scmp_filter_ctx ctx, const struct oci_seccomp *profile, uint32_t *arches, size_t *n,
                             struct err *err)
{
    arches[(*n)++] = lib.seccomp_arch_native();
    STRV_FOREACH (name, profile->architectures) {
        const char *word = str_after(*name, "SCMP_ARCH_");
        char lower[24] = "";
        uint32_t arch = 0;
        int r;

        for (size_t i = 0; word && word[i] && i + 1 < sizeof(lower); i++)
            lower[i] = (char)(word[i] >= 'A' && word[i] <= 'Z' ? word[i] - 'A' + 'a' : word[i]);
        arch = *lower ? lib.seccomp_arch_resolve_name(lower) : 0;
        if (!arch)
            return err_set(err, ERR_INVALID, "linux.seccomp.architectures: libseccomp knows no \"%s\"", *name);
        r = lib.seccomp_arch_add(ctx, arch);
        if (r == -EEXIST)
            continue;
        if (r < 0)
            return err_errno(err, -r, "linux.seccomp.architectures: %s", *name);
        if (*n == ABIS_MAX)
            return err_set(err, ERR_LIMIT, "linux.seccomp.architectures: more than %d", ABIS_MAX);
        arches[(*n)++] = arch;
    }
    return 0;
}

static uint32_t audit_arch(uint32_t arch)
{
    return arch == SCMP_ARCH_X32 ? AUDIT_ARCH_X86_64 : arch;
}

static struct seccomp_abi find_highest(const struct oci_seccomp *profile, uint32_t arch)
{
    struct seccomp_abi abi = {
        .audit_arch = audit_arch(arch),
        .x32 = arch == SCMP_ARCH_X32,
        .multiplexed = arch == SCMP_ARCH_S390 || arch == SCMP_ARCH_S390X,
    };

    VEC_FOREACH (rule, &profile->syscalls)
        STRV_FOREACH (name, rule->names) {
            int call = lib.seccomp_syscall_resolve_name_arch(arch, *name);

            if (call > 0 && (uint32_t)call > abi.highest)
                abi.highest = (uint32_t)call;
        }
    return abi;
}

static void add_stub(const struct oci_seccomp *profile, const uint32_t *arches, size_t n_arches,
                     struct seccomp_filter *f)
{
    struct seccomp_abi abis[ABIS_MAX];
    size_t n = 0;

    for (size_t i = 0; i < n_arches; i++) {
        abis[n] = find_highest(profile, arches[i]);
        n += abis[n].highest > 0; /* a profile that names nothing says nothing of what is new */
    }
    seccomp_stub_add(abis, n, f);
}

static void shrink(const uint32_t *arches, size_t n_arches, struct seccomp_filter *f)
{
    uint32_t audit[ABIS_MAX];
    size_t n = 0;

    for (size_t i = 0; i < n_arches; i++) {
        size_t j = 0;

        while (j < n && audit[j] != audit_arch(arches[i]))
            j++;
        if (j == n)
            audit[n++] = audit_arch(arches[i]);
    }
    seccomp_shrink(f, audit, n);
}

/* ---- the program ---- */

static int append_program(scmp_filter_ctx ctx, struct seccomp_filter *f, struct err *err)
{
    _cleanup_fd_ int fd = memfd_create("seccomp", MFD_CLOEXEC);
    _cleanup_buf_ struct buf bytes = BUF_INIT_MAX(BPF_MAXINSNS * sizeof(struct sock_filter));
    int r = fd < 0 ? -errno : lib.seccomp_export_bpf(ctx, fd);

    if (r < 0)
        return err_errno(err, -r, "linux.seccomp: making the program");
    if (lseek(fd, 0, SEEK_SET) < 0)
        return err_errno(err, errno, "linux.seccomp: reading the program");
    r = fd_read_rest(fd, "the program", &bytes, err);
    if (r < 0)
        return r == ERR_LIMIT ? err_wrap(err, "linux.seccomp: too long for the kernel") : r;
    if (f->program.n + bytes.len / sizeof(struct sock_filter) > BPF_MAXINSNS)
        return err_set(err, ERR_LIMIT, "linux.seccomp: more than %d instructions, too long for the kernel",
                       BPF_MAXINSNS);
    for (size_t i = 0; i < bytes.len / sizeof(struct sock_filter); i++)
        memcpy(VEC_PUSH(&f->program), bytes.p + i * sizeof(struct sock_filter), sizeof(struct sock_filter));
    return 0;
}

static int check_listener(const struct oci_seccomp *profile, const struct seccomp_filter *f, struct err *err)
{
    if (!str_empty(profile->listener_metadata) && str_empty(profile->listener_path))
        return err_set(err, ERR_INVALID, "linux.seccomp.listenerMetadata: there is no listenerPath");
    if (f->notifies && str_empty(profile->listener_path))
        return err_set(err, ERR_INVALID, "linux.seccomp.listenerPath: missing, SCMP_ACT_NOTIFY needs it");
    if (f->notifies && strlen(profile->listener_path) >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
        return err_set(err, ERR_INVALID, "linux.seccomp.listenerPath: \"%s\" is too long for a socket",
                       profile->listener_path);
    return 0;
}

static int compile(const struct oci_seccomp *profile, bool raw, struct seccomp_filter *f, struct err *err)
{
    _cleanup_(release_context) scmp_filter_ctx ctx = NULL;
    uint32_t arches[ABIS_MAX], default_action;
    size_t n_arches = 0;
    const struct action *found =
        find_action(profile->default_action, profile->default_errno_ret, "defaultAction", &default_action, err);
    int r = 0;

    if (!found)
        return err && err->kind ? err->kind : ERR_INVALID;
    if (default_action == SCMP_ACT_NOTIFY)
        return err_set(err, ERR_INVALID, "linux.seccomp.defaultAction: SCMP_ACT_NOTIFY cannot be the default");
    ctx = lib.seccomp_init(default_action);
    if (!ctx)
        return err_set(err, ERR_UNSUPPORTED, "linux.seccomp: libseccomp does not take %s", profile->default_action);
    r = add_architectures(ctx, profile, arches, &n_arches, err);
    VEC_FOREACH (rule, &profile->syscalls)
        if (r == 0)
            r = add_rules(ctx, rule, default_action, f, err);
    if (r == 0)
        r = check_listener(profile, f, err);
    if (r == 0)
        r = read_flags(profile, f, err);
    if (r < 0)
        return r;
    if (!f->notifies)
        f->flags &= ~(unsigned)SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV; /* of a listener that there is not */
    /* A tree and no chain: kernels before 5.11 walk it at every call. Before 2.5 the library has none. */
    lib.seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    if (!found->permissive && default_action != SCMP_ACT_ERRNO(ENOSYS))
        add_stub(profile, arches, n_arches, f);
    r = append_program(ctx, f, err);
    if (r == 0 && !raw)
        shrink(arches, n_arches, f);
    return r;
}

int seccomp_compile(const struct oci_seccomp *profile, bool raw, struct seccomp_filter *ret, const char **ret_library,
                    struct err *err)
{
    struct seccomp_filter f = {0};
    int r = dl_open(&library, err);
    Dl_info where;

    if (r < 0)
        return err_wrap(err, "linux.seccomp");
    r = compile(profile, raw, &f, err);
    if (r < 0) {
        seccomp_filter_release(&f);
        return r;
    }
    *ret_library = dladdr((const void *)lib.seccomp_init, &where) ? where.dli_fname : NULL;
    *ret = f;
    return 0;
}
