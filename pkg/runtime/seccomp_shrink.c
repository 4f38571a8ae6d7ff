/* The same filter in a quarter of the instructions.
 *
 * libseccomp compares with every number that a profile names, on each of three ABIs, and the kernel checks, converts
 * and compiles all of it at every start. Most numbers are answered whatever the arguments are, and neighbours mostly
 * alike. So the program is run here, once for each stretch of numbers between two that it compares with; what it says
 * becomes a search among stretches. Where it looks at arguments, what is left of it from there on is taken over. What
 * this does not understand, or does not fit, stays as it was.
 */
#include "runtime/seccomp_internal.h"

#include <linux/seccomp.h>
#include <stddef.h>

enum {
    NR = offsetof(struct seccomp_data, nr),
    ARCH = offsetof(struct seccomp_data, arch),
    QUARTER = 1 << 30, /* bit 30 says x32 */
    REACH = 255,       /* of a conditional jump */
    DEPTH_MAX = 64,    /* of branches that depend on arguments */
    NO_LABEL = 0,
};

enum outcome { CONSTANT, DEPENDS, UNKNOWN };

/* From `start` to the next one's. */
struct stretch {
    uint32_t start;
    enum outcome outcome;
    uint32_t answer; /* constant, or where the first argument is loaded */
};

struct instruction {
    struct sock_filter it;
    size_t yes, no; /* labels; NO_LABEL: the next one */
};

struct shrink {
    const struct sock_filter *from;
    size_t n_from;
    VEC(uint32_t) limits; /* sorted: all that is compared with, and one more */
    VEC(struct stretch) stretches;
    VEC(struct instruction) to;
    VEC(size_t) labels;    /* where each is in `to`; the first is none */
    VEC(uint32_t) answers; /* of the section, each with a label in `answer_labels` */
    VEC(size_t) answer_labels;
    bool failed;
};

/* ---- looking ---- */

static bool compare(uint16_t code, uint32_t a, uint32_t k)
{
    switch (BPF_OP(code)) {
    case BPF_JEQ:
        return a == k;
    case BPF_JGT:
        return a > k;
    case BPF_JGE:
        return a >= k;
    default:
        return a & k;
    }
}

static bool is_jump(uint16_t code)
{
    return code == (BPF_JMP | BPF_JEQ | BPF_K) || code == (BPF_JMP | BPF_JGT | BPF_K) ||
           code == (BPF_JMP | BPF_JGE | BPF_K) || code == (BPF_JMP | BPF_JSET | BPF_K);
}

/* From `pc` on, until it ends or looks at more than the number and the architecture; `a` is what is loaded. */
static enum outcome run(const struct shrink *s, size_t pc, uint32_t a, uint32_t arch, uint32_t nr, uint32_t *ret)
{
    while (pc < s->n_from) {
        const struct sock_filter *i = &s->from[pc++];

        if (i->code == (BPF_RET | BPF_K)) {
            *ret = i->k;
            return CONSTANT;
        }
        if (i->code == (BPF_LD | BPF_W | BPF_ABS)) {
            if (i->k != NR && i->k != ARCH) {
                *ret = (uint32_t)pc - 1;
                return DEPENDS;
            }
            a = i->k == NR ? nr : arch;
        } else if (i->code == (BPF_JMP | BPF_JA)) {
            pc += i->k;
        } else if (is_jump(i->code)) {
            pc += compare(i->code, a, i->k) ? i->jt : i->jf;
        } else {
            return UNKNOWN;
        }
    }
    return UNKNOWN;
}

static int by_value(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

/* Between two of these, every comparison of a number comes out alike. */
static void find_limits(struct shrink *s)
{
    for (uint32_t i = 0; i < 4; i++)
        *VEC_PUSH(&s->limits) = i * QUARTER;
    for (size_t i = 0; i < s->n_from; i++) {
        const struct sock_filter *f = &s->from[i];

        if (!is_jump(f->code))
            continue;
        /* A test of other bits is only known to be of arguments, whose loads end every run, if no run comes here. */
        if (BPF_OP(f->code) == BPF_JSET)
            continue;
        *VEC_PUSH(&s->limits) = f->k;
        if (f->k != UINT32_MAX)
            *VEC_PUSH(&s->limits) = f->k + 1;
    }
    qsort(s->limits.v, s->limits.n, sizeof(*s->limits.v), by_value);
}

/* Whether bits other than the one that limits know are tested of anything: nobody does so of a number. */
static bool tests_other_bits(const struct shrink *s)
{
    for (size_t i = 0; i < s->n_from; i++)
        if (s->from[i].code == (BPF_JMP | BPF_JSET | BPF_K) && s->from[i].k != QUARTER)
            return true;
    return false;
}

static void find_stretches(struct shrink *s, uint32_t arch)
{
    s->stretches.n = 0;
    VEC_FOREACH (limit, &s->limits) {
        struct stretch now = {.start = *limit}, *last = s->stretches.n ? &s->stretches.v[s->stretches.n - 1] : NULL;

        if (last && last->start == *limit)
            continue;
        now.outcome = run(s, 0, 0, arch, *limit, &now.answer);
        s->failed |= now.outcome == UNKNOWN;
        if (!last || now.outcome != CONSTANT || last->outcome != CONSTANT || now.answer != last->answer)
            *VEC_PUSH(&s->stretches) = now;
    }
}

/* ---- writing ---- */

static size_t new_label(struct shrink *s)
{
    *VEC_PUSH(&s->labels) = 0;
    return s->labels.n - 1;
}

static void place(struct shrink *s, size_t label)
{
    s->labels.v[label] = s->to.n;
}

static void emit(struct shrink *s, struct sock_filter it, size_t yes, size_t no)
{
    *VEC_PUSH(&s->to) = (struct instruction){it, yes, no};
    s->failed |= s->to.n > BPF_MAXINSNS;
}

static void emit_load(struct shrink *s, uint32_t offset)
{
    emit(s, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset), NO_LABEL, NO_LABEL);
}

static void emit_return(struct shrink *s, uint32_t answer)
{
    emit(s, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, answer), NO_LABEL, NO_LABEL);
}

static size_t answer_label(struct shrink *s, uint32_t answer)
{
    for (size_t i = 0; i < s->answers.n; i++)
        if (s->answers.v[i] == answer)
            return s->answer_labels.v[i];
    *VEC_PUSH(&s->answers) = answer;
    *VEC_PUSH(&s->answer_labels) = new_label(s);
    return s->answer_labels.v[s->answer_labels.n - 1];
}

/* What is left of the program where an argument is loaded at `pc`. */
static void emit_rest(struct shrink *s, size_t pc, uint32_t arch, uint32_t nr, unsigned depth)
{
    while (!s->failed && pc < s->n_from) {
        const struct sock_filter *i = &s->from[pc++];
        uint32_t answer;

        if (i->code == (BPF_RET | BPF_K)) {
            emit_return(s, i->k);
            return;
        }
        if (i->code == (BPF_LD | BPF_W | BPF_ABS) && (i->k == NR || i->k == ARCH)) {
            enum outcome o = run(s, pc, i->k == NR ? nr : arch, arch, nr, &answer);

            if (o == CONSTANT) {
                emit_return(s, answer);
                return;
            }
            s->failed |= o == UNKNOWN;
            pc = answer;
        } else if (i->code == (BPF_JMP | BPF_JA)) {
            pc += i->k;
        } else if (is_jump(i->code)) {
            size_t no = new_label(s);

            s->failed |= depth == DEPTH_MAX;
            emit(s, *i, NO_LABEL, no);
            emit_rest(s, pc + i->jt, arch, nr, depth + 1);
            place(s, no);
            pc += i->jf;
        } else if (i->code == (BPF_LD | BPF_W | BPF_ABS) || BPF_CLASS(i->code) == BPF_ALU) {
            s->failed |= BPF_CLASS(i->code) == BPF_ALU && BPF_SRC(i->code) == BPF_X;
            emit(s, *i, NO_LABEL, NO_LABEL);
        } else {
            s->failed = true;
        }
    }
    s->failed |= pc >= s->n_from;
}

/* The label of what a search ends at, if that is one of the answers behind it. */
static size_t leaf_label(struct shrink *s, size_t i)
{
    const struct stretch *leaf = &s->stretches.v[i];

    return leaf->outcome == CONSTANT ? answer_label(s, leaf->answer) : NO_LABEL;
}

/* A search among the stretches from `first` to `last`; `rest` has the labels of those that depend on arguments. */
static void emit_search(struct shrink *s, size_t first, size_t last, const size_t *rest)
{
    size_t middle = first + (last - first + 1) / 2, below, above = NO_LABEL;
    struct sock_filter test = BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, s->stretches.v[middle].start, 0, 0);

    if (first == last) {
        size_t answer = leaf_label(s, first);

        emit(s, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, 0), answer ? answer : rest[first], NO_LABEL);
        return;
    }
    below = middle - 1 == first ? leaf_label(s, first) : NO_LABEL;
    if (middle == last)
        above = leaf_label(s, last);
    if (above == NO_LABEL) {
        above = new_label(s);
        emit(s, test, above, below);
        if (below == NO_LABEL)
            emit_search(s, first, middle - 1, rest);
        place(s, above);
        emit_search(s, middle, last, rest);
        return;
    }
    emit(s, test, above, below);
    if (below == NO_LABEL)
        emit_search(s, first, middle - 1, rest);
}

static void emit_section(struct shrink *s, uint32_t arch)
{
    _cleanup_free_ size_t *rest = NULL;

    find_stretches(s, arch);
    if (s->failed)
        return;
    s->answers.n = s->answer_labels.n = 0;
    rest = mem_zalloc(s->stretches.n, sizeof(*rest));
    for (size_t i = 0; i < s->stretches.n; i++)
        if (s->stretches.v[i].outcome == DEPENDS)
            rest[i] = new_label(s);
    emit_load(s, NR);
    emit_search(s, 0, s->stretches.n - 1, rest);
    for (size_t i = 0; i < s->answers.n; i++) {
        place(s, s->answer_labels.v[i]);
        emit_return(s, s->answers.v[i]);
    }
    for (size_t i = 0; i < s->stretches.n && !s->failed; i++) {
        if (!rest[i])
            continue;
        place(s, rest[i]);
        emit_rest(s, s->stretches.v[i].answer, arch, s->stretches.v[i].start, 0);
    }
}

/* An architecture that no profile names gets one answer to everything. */
static void emit_other(struct shrink *s)
{
    uint32_t arch = 1; /* of none */

    find_stretches(s, arch);
    s->failed |= s->stretches.n != 1 || s->stretches.v[0].outcome != CONSTANT;
    if (!s->failed)
        emit_return(s, s->stretches.v[0].answer);
}

static bool reach(struct shrink *s, size_t at, size_t label, uint8_t *ret)
{
    size_t distance = label ? s->labels.v[label] - at - 1 : 0;

    *ret = (uint8_t)distance;
    return distance <= REACH;
}

static void resolve(struct shrink *s)
{
    for (size_t i = 0; i < s->to.n && !s->failed; i++) {
        struct instruction *to = &s->to.v[i];

        if (to->it.code == (BPF_JMP | BPF_JA))
            to->it.k = (uint32_t)(s->labels.v[to->yes] - i - 1);
        else if (BPF_CLASS(to->it.code) == BPF_JMP)
            s->failed |= !reach(s, i, to->yes, &to->it.jt) || !reach(s, i, to->no, &to->it.jf);
    }
}

static void shrink(struct shrink *s, const uint32_t *arches, size_t n)
{
    size_t sections[16];

    new_label(s);
    find_limits(s);
    s->failed = tests_other_bits(s) || n > ARRAY_SIZE(sections);
    if (s->failed)
        return;
    emit_load(s, ARCH);
    for (size_t i = 0; i < n; i++) {
        size_t past = new_label(s);

        sections[i] = new_label(s);
        emit(s, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, arches[i], 0, 0), NO_LABEL, past);
        emit(s, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, 0), sections[i], NO_LABEL);
        place(s, past);
    }
    emit_other(s);
    for (size_t i = 0; i < n && !s->failed; i++) {
        place(s, sections[i]);
        emit_section(s, arches[i]);
    }
    resolve(s);
}

void seccomp_shrink(struct seccomp_filter *f, const uint32_t *arches, size_t n)
{
    struct shrink s = {.from = f->program.v, .n_from = f->program.n};

    shrink(&s, arches, n);
    if (!s.failed && s.to.n < f->program.n) {
        for (size_t i = 0; i < s.to.n; i++)
            f->program.v[i] = s.to.v[i].it;
        f->program.n = s.to.n;
    }
    free(s.limits.v);
    free(s.stretches.v);
    free(s.to.v);
    free(s.labels.v);
    free(s.answers.v);
    free(s.answer_labels.v);
}
