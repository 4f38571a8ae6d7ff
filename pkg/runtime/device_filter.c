#include "runtime/device_filter.h"

#include "base/log.h"
#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>

static const struct {
    char letter;
    unsigned bit;
} accesses[] = {{'r', DEVICE_READ}, {'w', DEVICE_WRITE}, {'m', DEVICE_MKNOD}};

int device_access_parse(const char *s, unsigned *ret, struct err *err)
{
    unsigned bits = 0;

    for (const char *p = s; *p; p++) {
        unsigned bit = 0;

        for (size_t i = 0; i < ARRAY_SIZE(accesses); i++)
            if (accesses[i].letter == *p)
                bit = accesses[i].bit;
        if (!bit)
            return err_set(err, ERR_INVALID, "access '%s' to a device: only r, w and m are known", s);
        bits |= bit;
    }
    if (!bits)
        return err_set(err, ERR_INVALID, "a device rule without access: r, w or m expected");
    *ret = bits;
    return 0;
}

void device_access_format(unsigned access, char out[4])
{
    for (size_t i = 0; i < ARRAY_SIZE(accesses); i++)
        if (access & accesses[i].bit)
            *out++ = accesses[i].letter;
    *out = 0;
}

void device_rules_add_defaults(device_rules *rules)
{
    static const struct device_rule defaults[] = {
        {true, 'c', DEVICE_ANY, DEVICE_ANY, DEVICE_MKNOD},
        {true, 'b', DEVICE_ANY, DEVICE_ANY, DEVICE_MKNOD},
        {true, 'c', 1, 3, DEVICE_ALL},            /* null */
        {true, 'c', 1, 5, DEVICE_ALL},            /* zero */
        {true, 'c', 1, 7, DEVICE_ALL},            /* full */
        {true, 'c', 1, 8, DEVICE_ALL},            /* random */
        {true, 'c', 1, 9, DEVICE_ALL},            /* urandom */
        {true, 'c', 5, 0, DEVICE_ALL},            /* tty */
        {true, 'c', 5, 2, DEVICE_ALL},            /* ptmx */
        {true, 'c', 136, DEVICE_ANY, DEVICE_ALL}, /* pts, the console among them */
        {true, 'c', 10, 200, DEVICE_ALL},         /* net/tun, for who makes the node and has the capabilities */
    };

    for (size_t i = 0; i < ARRAY_SIZE(defaults); i++)
        *VEC_PUSH(rules) = defaults[i];
}

bool device_rule_is_total(const struct device_rule *r)
{
    return r->type == 'a' && r->major == DEVICE_ANY && r->minor == DEVICE_ANY && r->access == DEVICE_ALL;
}

/* ---- v2 ---- */

/* Registers: r1 is the context on entry (struct bpf_cgroup_dev_ctx), r0 the answer. */
enum {
    R_ANSWER = BPF_REG_0,
    R_CTX = BPF_REG_1,
    R_TYPE = BPF_REG_2,
    R_WANTED = BPF_REG_3, /* the kinds of access about which no rule has decided yet */
    R_MAJOR = BPF_REG_4,
    R_MINOR = BPF_REG_5,
    R_MATCHED = BPF_REG_6,
};

/* What the kernel verifies for a caller without CAP_BPF; far more rules than anybody has. */
enum { PROGRAM_MAX = BPF_MAXINSNS };

static void emit(struct device_program *p, int code, int dst, int src, int off, int32_t imm)
{
    *VEC_PUSH(p) = (struct bpf_insn){
        .code = (uint8_t)code, .dst_reg = dst & 15, .src_reg = src & 15, .off = (int16_t)off, .imm = imm};
}

static void emit_answer(struct device_program *p, bool allow)
{
    emit(p, BPF_ALU64 | BPF_MOV | BPF_K, R_ANSWER, 0, 0, allow);
    emit(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

static void emit_prologue(struct device_program *p)
{
    emit(p, BPF_LDX | BPF_MEM | BPF_W, R_TYPE, R_CTX, offsetof(struct bpf_cgroup_dev_ctx, access_type), 0);
    emit(p, BPF_ALU64 | BPF_MOV | BPF_X, R_WANTED, R_TYPE, 0, 0);
    emit(p, BPF_ALU64 | BPF_AND | BPF_K, R_TYPE, 0, 0, 0xffff);
    emit(p, BPF_ALU64 | BPF_RSH | BPF_K, R_WANTED, 0, 0, 16);
    emit(p, BPF_LDX | BPF_MEM | BPF_W, R_MAJOR, R_CTX, offsetof(struct bpf_cgroup_dev_ctx, major), 0);
    emit(p, BPF_LDX | BPF_MEM | BPF_W, R_MINOR, R_CTX, offsetof(struct bpf_cgroup_dev_ctx, minor), 0);
}

/* Jumps over the rest of a rule; the distance is filled in at its end. */
static void emit_skip_unless(struct device_program *p, int reg, int32_t value)
{
    emit(p, BPF_JMP | BPF_JNE | BPF_K, reg, 0, 0, value);
}

/* One rule. A request may ask for several kinds of access at once (open for reading and writing): an allowing rule
 * takes its kinds off the list and answers when none is left, a denying one answers as soon as one of its kinds is on
 * it. */
static void emit_rule(struct device_program *p, const struct device_rule *r)
{
    size_t start = p->n, conditions;

    if (r->type != 'a')
        emit_skip_unless(p, R_TYPE, r->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
    if (r->major != DEVICE_ANY)
        emit_skip_unless(p, R_MAJOR, r->major);
    if (r->minor != DEVICE_ANY)
        emit_skip_unless(p, R_MINOR, r->minor);
    conditions = p->n;
    if (r->access != DEVICE_ALL && r->allow) {
        emit(p, BPF_ALU64 | BPF_AND | BPF_K, R_WANTED, 0, 0, ~(int32_t)r->access);
        emit(p, BPF_JMP | BPF_JNE | BPF_K, R_WANTED, 0, 2, 0);
    } else if (r->access != DEVICE_ALL) {
        emit(p, BPF_ALU64 | BPF_MOV | BPF_X, R_MATCHED, R_WANTED, 0, 0);
        emit(p, BPF_ALU64 | BPF_AND | BPF_K, R_MATCHED, 0, 0, (int32_t)r->access);
        emit(p, BPF_JMP | BPF_JEQ | BPF_K, R_MATCHED, 0, 2, 0);
    }
    emit_answer(p, r->allow);
    for (size_t i = start; i < conditions; i++)
        p->v[i].off = (int16_t)(p->n - i - 1);
}

int device_rules_to_program(const device_rules *rules, struct device_program *ret, struct err *err)
{
    struct device_program p = {0};

    emit_prologue(&p);
    /* The last rule that matches decides: ask it first. The verifier refuses code that cannot be reached, such as what
     * would come behind a rule about everything. */
    for (size_t i = rules->n; i-- > 0;) {
        emit_rule(&p, &rules->v[i]);
        if (p.n + 2 > PROGRAM_MAX) {
            device_program_release(&p);
            return err_set(err, ERR_LIMIT, "%zu device rules are more than the kernel takes", rules->n);
        }
        if (device_rule_is_total(&rules->v[i]))
            break;
        if (i == 0)
            emit_answer(&p, true);
    }
    if (!rules->n)
        emit_answer(&p, true);
    *ret = p;
    return 0;
}

void device_program_release(struct device_program *program)
{
    free(program->v);
    *program = (struct device_program){0};
}

static int bpf(int cmd, union bpf_attr *attr)
{
    return (int)syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

bool device_filter_needless(void)
{
    _cleanup_buf_ struct buf map = BUF_INIT_MAX(4096);
    unsigned long inside, outside, count;

    if (geteuid() != 0)
        return true;
    if (fd_read_file(AT_FDCWD, "/proc/self/uid_map", &map, NULL) < 0)
        return false;
    /* user_namespaces(7): the first one maps everything to itself */
    return sscanf(buf_str(&map), "%lu %lu %lu", &inside, &outside, &count) != 3 || inside || outside ||
           count != UINT32_MAX;
}

/* Loads once more for what the verifier says. */
static void log_verifier(union bpf_attr attr)
{
    char text[4096] = "";

    if (!log_enabled())
        return;
    attr.log_level = 1;
    attr.log_buf = (uintptr_t)text;
    attr.log_size = sizeof(text);
    fd_close(bpf(BPF_PROG_LOAD, &attr));
    log_debug("device filter: %s", text);
}

static int failed(int errnum, const char *what, struct err *err)
{
    if (errnum == EPERM && device_filter_needless()) {
        log_debug("device filter: not permitted, and not needed in a user namespace");
        return 0;
    }
    if (errnum == ENOSYS || errnum == EINVAL)
        return err_set(err, ERR_UNSUPPORTED,
                       "%s the device filter: the kernel has no BPF programs for cgroups (CONFIG_CGROUP_BPF)", what);
    return err_errno(err, errnum, "%s the device filter", what);
}

int device_program_attach(const struct device_program *program, int cgroup_fd, struct err *err)
{
    _cleanup_fd_ int fd = -1;
    union bpf_attr load = {
        .prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
        .insns = (uintptr_t)program->v,
        .insn_cnt = (uint32_t)program->n,
        .license = (uintptr_t) "GPL",
        .prog_name = "cbox_devices",
    };
    union bpf_attr attach = {
        .target_fd = (uint32_t)cgroup_fd,
        .attach_type = BPF_CGROUP_DEVICE,
        .attach_flags = BPF_F_ALLOW_MULTI,
    };

    fd = bpf(BPF_PROG_LOAD, &load);
    if (fd < 0) {
        int errnum = errno;

        if (errnum != EPERM)
            log_verifier(load);
        return failed(errnum, "loading", err);
    }
    attach.attach_bpf_fd = (uint32_t)fd;
    if (bpf(BPF_PROG_ATTACH, &attach) < 0)
        return failed(errno, "attaching", err);
    return 0;
}
