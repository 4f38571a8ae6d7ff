/* The piece in front of a filter that answers ENOSYS to what is newer than its profile. */
#include "runtime/seccomp_internal.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stddef.h>

enum { X32_BIT = 0x40000000 };

#define LOAD(field) ((struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field)))

static void emit(struct seccomp_filter *f, struct sock_filter instruction)
{
    *VEC_PUSH(&f->program) = instruction;
}

/* Skips `yes` or `no` instructions. */
static void jump(struct seccomp_filter *f, uint16_t how, uint32_t than, uint8_t yes, uint8_t no)
{
    emit(f, (struct sock_filter)BPF_JUMP(BPF_JMP | how | BPF_K, than, yes, no));
}

static void refuse(struct seccomp_filter *f)
{
    emit(f, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS));
}

/* With the number loaded: ENOSYS above the highest, else on. A number of the other one of x86-64 and x32 is none of
 * this one's. */
static void emit_abi(const struct seccomp_abi *abi, bool x86, struct seccomp_filter *f)
{
    if (x86)
        jump(f, BPF_JSET, X32_BIT, abi->x32 ? 0 : 2, abi->x32 ? 2 : 0);
    jump(f, BPF_JGT, abi->highest, 0, 1);
    refuse(f);
    if (abi->multiplexed) {
        jump(f, BPF_JEQ, 0, 0, 1);
        refuse(f);
    }
}

void seccomp_stub_add(const struct seccomp_abi *abis, size_t n, struct seccomp_filter *f)
{
    for (size_t i = 0; i < n; i++) {
        const struct seccomp_abi *abi = &abis[i];
        size_t at;

        emit(f, LOAD(arch));
        at = f->program.n;
        jump(f, BPF_JEQ, abi->audit_arch, 0, 0);
        emit(f, LOAD(nr));
        emit_abi(abi, abi->audit_arch == AUDIT_ARCH_X86_64, f);
        f->program.v[at].jf = (uint8_t)(f->program.n - at - 1); /* another architecture: over all of this */
    }
}
