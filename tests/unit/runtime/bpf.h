/* What a filter says to a system call, by running it as the kernel does. */
#pragma once

#include "../unit.h"

#include "runtime/seccomp.h"

#include <linux/audit.h>
#include <linux/seccomp.h>

#define X32(nr)          (0x40000000U + (nr))
#define ANSWER_ERRNO(nr) (SECCOMP_RET_ERRNO | (nr))

static inline uint32_t bpf_load(const struct seccomp_data *data, uint32_t offset)
{
    uint32_t word;

    assert_true(offset % 4 == 0 && offset < sizeof(*data));
    memcpy(&word, (const char *)data + offset, sizeof(word));
    return word;
}

static inline bool bpf_compare(uint16_t code, uint32_t a, uint32_t k)
{
    switch (BPF_OP(code)) {
    case BPF_JEQ:
        return a == k;
    case BPF_JGT:
        return a > k;
    case BPF_JGE:
        return a >= k;
    case BPF_JSET:
        return a & k;
    default:
        fail_msg("jump %#x", code);
        return false;
    }
}

static inline uint32_t bpf_run(const struct seccomp_filter *f, const struct seccomp_data *data)
{
    uint32_t a = 0;

    for (size_t pc = 0; pc < f->program.n;) {
        const struct sock_filter *i = &f->program.v[pc++];

        if (i->code == (BPF_RET | BPF_K))
            return i->k;
        if (i->code == (BPF_LD | BPF_W | BPF_ABS))
            a = bpf_load(data, i->k);
        else if (i->code == (BPF_ALU | BPF_AND | BPF_K))
            a &= i->k;
        else if (i->code == (BPF_JMP | BPF_JA))
            pc += i->k;
        else if (BPF_CLASS(i->code) == BPF_JMP)
            pc += bpf_compare(i->code, a, i->k) ? i->jt : i->jf;
        else
            fail_msg("instruction %#x", i->code);
    }
    fail_msg("the program has no end");
    return 0;
}

static inline uint32_t bpf_ask(const struct seccomp_filter *f, uint32_t arch, uint32_t nr, uint64_t a0, uint64_t a1)
{
    const struct seccomp_data data = {.nr = (int)nr, .arch = arch, .args = {a0, a1}};

    return bpf_run(f, &data);
}
