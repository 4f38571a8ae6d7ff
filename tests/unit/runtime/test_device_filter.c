#include "../unit.h"

#include "base/buf.h"
#include "runtime/device_filter.h"

/* ---- the rules by their meaning, and the program by an interpreter ---- */

/* Every kind of access by itself: the last rule that matches decides, without one it is allowed. */
static bool by_meaning(const device_rules *rules, char type, uint32_t major, uint32_t minor, unsigned access)
{
    for (unsigned bit = DEVICE_MKNOD; bit <= DEVICE_WRITE; bit <<= 1) {
        bool allowed = true;

        VEC_FOREACH (r, rules) {
            if ((r->type == 'a' || r->type == type) && (r->major == DEVICE_ANY || (uint32_t)r->major == major) &&
                (r->minor == DEVICE_ANY || (uint32_t)r->minor == minor) && (r->access & bit))
                allowed = r->allow;
        }
        if ((access & bit) && !allowed)
            return false;
    }
    return true;
}

/* bpf(2) as far as the filter goes: 64-bit moves, ands, shifts, loads of words from the context, jumps forward. */
static bool by_program(const struct device_program *p, char type, uint32_t major, uint32_t minor, unsigned access)
{
    struct bpf_cgroup_dev_ctx ctx = {access << 16 | (type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR), major,
                                     minor};
    uint64_t reg[11] = {0};
    uint32_t word;

    for (size_t at = 0;; at++) {
        const struct bpf_insn *i = &p->v[at];
        uint64_t imm = (uint64_t)(int64_t)i->imm;

        assert_true(at < p->n);
        switch (i->code) {
        case BPF_LDX | BPF_MEM | BPF_W:
            assert_int_equal(i->src_reg, BPF_REG_1);
            assert_true(i->off >= 0 && (size_t)i->off + sizeof(word) <= sizeof(ctx));
            memcpy(&word, (char *)&ctx + i->off, sizeof(word));
            reg[i->dst_reg] = word;
            break;
        case BPF_ALU64 | BPF_MOV | BPF_X:
            reg[i->dst_reg] = reg[i->src_reg];
            break;
        case BPF_ALU64 | BPF_MOV | BPF_K:
            reg[i->dst_reg] = imm;
            break;
        case BPF_ALU64 | BPF_AND | BPF_K:
            reg[i->dst_reg] &= imm;
            break;
        case BPF_ALU64 | BPF_RSH | BPF_K:
            reg[i->dst_reg] >>= imm;
            break;
        case BPF_JMP | BPF_JNE | BPF_K:
            at += reg[i->dst_reg] != imm ? (size_t)i->off : 0;
            break;
        case BPF_JMP | BPF_JEQ | BPF_K:
            at += reg[i->dst_reg] == imm ? (size_t)i->off : 0;
            break;
        case BPF_JMP | BPF_EXIT:
            return reg[0] == 1;
        default:
            fail_msg("instruction %zu has code %#x", at, i->code);
        }
        assert_true(i->off >= 0);
    }
}

/* What the verifier refuses: code that nothing leads to. */
static void assert_all_reachable(const struct device_program *p)
{
    _cleanup_free_ bool *reached = mem_zalloc(p->n + 1, 1);

    reached[0] = true;
    for (size_t i = 0; i < p->n; i++) {
        int code = p->v[i].code;

        assert_true(reached[i]);
        if (BPF_CLASS(code) == BPF_JMP && BPF_OP(code) != BPF_EXIT) {
            assert_true(i + 1 + (size_t)p->v[i].off < p->n);
            reached[i + 1 + (size_t)p->v[i].off] = true;
        }
        if (code != (BPF_JMP | BPF_EXIT))
            reached[i + 1] = true;
    }
    assert_false(reached[p->n]);
}

static void compare(const device_rules *rules)
{
    static const uint32_t numbers[] = {0, 1, 3, 5, 8, 10, 136, 229, 4095, 1048575};
    struct device_program p = {0};
    struct err err;

    assert_ok(device_rules_to_program(rules, &p, &err));
    assert_all_reachable(&p);
    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
        for (size_t j = 0; j < ARRAY_SIZE(numbers); j++)
            for (unsigned access = 1; access <= DEVICE_ALL; access++)
                for (const char *type = "cb"; *type; type++) {
                    bool is = by_program(&p, *type, numbers[i], numbers[j], access);
                    bool should = by_meaning(rules, *type, numbers[i], numbers[j], access);

                    if (is != should)
                        fail_msg("%c %u:%u access %u: program says %d, rules say %d", *type, numbers[i], numbers[j],
                                 access, is, should);
                }
    device_program_release(&p);
}

static const struct device_rule deny_all = {false, 'a', DEVICE_ANY, DEVICE_ANY, DEVICE_ALL};

static void test_docker(_unused_ void **state)
{
    static const struct device_rule fuse = {false, 'c', 10, 229, DEVICE_ALL};
    struct device_program p = {0};
    device_rules rules = {0};
    struct err err;

    *VEC_PUSH(&rules) = deny_all;
    *VEC_PUSH(&rules) = fuse;
    device_rules_add_defaults(&rules);
    compare(&rules);
    assert_ok(device_rules_to_program(&rules, &p, &err));
    assert_true(by_program(&p, 'c', 1, 3, DEVICE_READ | DEVICE_WRITE));   /* null */
    assert_true(by_program(&p, 'c', 136, 7, DEVICE_READ | DEVICE_WRITE)); /* a terminal */
    assert_true(by_program(&p, 'b', 8, 0, DEVICE_MKNOD));
    assert_false(by_program(&p, 'b', 8, 0, DEVICE_READ)); /* the host's disk */
    assert_false(by_program(&p, 'b', 8, 0, DEVICE_MKNOD | DEVICE_READ));
    assert_false(by_program(&p, 'c', 1, 1, DEVICE_READ)); /* mem */
    assert_false(by_program(&p, 'c', 10, 229, DEVICE_READ));
    assert_false(by_program(&p, 'b', 1, 3, DEVICE_READ)); /* null's numbers, another type */
    device_program_release(&p);
    free(rules.v);
}

/* Rules at random, small enough to meet each other often. */
static void test_random(_unused_ void **state)
{
    static const int32_t numbers[] = {DEVICE_ANY, DEVICE_ANY, 0, 1, 3, 5, 8, 1048575};
    unsigned seed = 1;

    for (int round = 0; round < 300; round++) {
        device_rules rules = {0};

        for (int n = rand_r(&seed) % 7; n > 0; n--)
            *VEC_PUSH(&rules) = (struct device_rule){
                .allow = rand_r(&seed) % 2,
                .type = "abc"[rand_r(&seed) % 3],
                .major = numbers[rand_r(&seed) % ARRAY_SIZE(numbers)],
                .minor = numbers[rand_r(&seed) % ARRAY_SIZE(numbers)],
                .access = 1 + (unsigned)rand_r(&seed) % DEVICE_ALL,
            };
        compare(&rules);
        free(rules.v);
    }
}

static void test_too_many(_unused_ void **state)
{
    struct device_program p = {0};
    device_rules rules = {0};
    struct err err;

    for (int i = 0; i < 2000; i++)
        *VEC_PUSH(&rules) = (struct device_rule){true, 'c', i, i, DEVICE_ALL};
    assert_fails(device_rules_to_program(&rules, &p, &err), ERR_LIMIT, "2000 device rules");
    assert_null(p.v);
    free(rules.v);
}

/* ---- v1 ---- */

static void expect_lines(const struct device_rule *v, size_t n, const char *expected)
{
    device_rules rules = {0};
    device_lines lines = {0};
    struct buf text = BUF_INIT;
    struct err err;

    for (size_t i = 0; i < n; i++)
        *VEC_PUSH(&rules) = v[i];
    assert_ok(device_rules_to_lines(&rules, &lines, &err));
    VEC_FOREACH (line, &lines)
        buf_addf(&text, "%s %s\n", line->allow ? "allow" : "deny", line->text);
    assert_string_equal(buf_str(&text), expected);
    buf_free(&text);
    free(rules.v);
    free(lines.v);
}

static void test_lines(_unused_ void **state)
{
    static const struct device_rule some[] = {
        {true, 'c', 7, 7, DEVICE_ALL}, /* of no account */
        {false, 'a', DEVICE_ANY, DEVICE_ANY, DEVICE_ALL},
        {true, 'c', 1, 3, DEVICE_ALL},
        {true, 'b', 8, DEVICE_ANY, DEVICE_READ},
        /* The kernel would take an 'a' with anything behind it as "everything". */
        {true, 'a', 5, 1048575, DEVICE_MKNOD},
        /* It would not take back what lies within this. */
        {false, 'a', DEVICE_ANY, DEVICE_ANY, DEVICE_WRITE},
    };
    /* Reading and writing in one open(2): the kernel wants one exception that has both. */
    static const struct device_rule in_parts[] = {
        {false, 'a', DEVICE_ANY, DEVICE_ANY, DEVICE_ALL},
        {true, 'c', 1, 3, DEVICE_WRITE},
        {true, 'c', 1, DEVICE_ANY, DEVICE_READ},
    };
    static const struct device_rule privileged[] = {
        {true, 'a', DEVICE_ANY, DEVICE_ANY, DEVICE_ALL},
        {false, 'b', 8, 0, DEVICE_ALL},
        {true, 'b', DEVICE_ANY, DEVICE_ANY, DEVICE_MKNOD},
    };
    static const struct device_rule longest[] = {{false, 'c', INT32_MAX, INT32_MAX, DEVICE_ALL}};

    expect_lines(some, ARRAY_SIZE(some),
                 "deny a *:* rwm\nallow c 1:3 rm\nallow b 8:* r\nallow c 5:1048575 m\nallow b 5:1048575 m\n");
    expect_lines(in_parts, ARRAY_SIZE(in_parts), "deny a *:* rwm\nallow c 1:3 rw\nallow c 1:* r\n");
    expect_lines(privileged, ARRAY_SIZE(privileged), "allow a *:* rwm\ndeny b 8:0 rw\n");
    expect_lines(longest, 1, "deny c 2147483647:2147483647 rwm\n");
}

/* Better no container than one that may do more than was said. */
static void test_lines_refused(_unused_ void **state)
{
    static const struct device_rule holes[] = {
        {false, 'a', DEVICE_ANY, DEVICE_ANY, DEVICE_ALL},
        {true, 'c', 1, DEVICE_ANY, DEVICE_ALL},
        {false, 'c', 1, 3, DEVICE_WRITE},
    };
    device_rules rules = {0};
    device_lines lines = {0};
    struct err err;

    for (size_t i = 0; i < ARRAY_SIZE(holes); i++)
        *VEC_PUSH(&rules) = holes[i];
    assert_fails(device_rules_to_lines(&rules, &lines, &err), ERR_UNSUPPORTED, "cgroup v1 cannot deny a part");
    assert_null(lines.v);
    free(rules.v);
}

/* What security/device_cgroup.c makes of the lines. */
static bool by_lines(const device_lines *lines, char type, uint32_t major, uint32_t minor, unsigned access)
{
    bool allow = true, some = false;

    VEC_FOREACH (line, lines) {
        char letter = 0, accesses[4] = "", numbers[2][12] = {"", ""};
        unsigned bits = 0;
        struct err err;

        assert_int_equal(sscanf(line->text, "%c %11[^:]:%11s %3s", &letter, numbers[0], numbers[1], accesses), 4);
        if (letter == 'a') {
            allow = line->allow;
            continue;
        }
        assert_int_not_equal(line->allow, allow);
        assert_ok(device_access_parse(accesses, &bits, &err));
        if (letter != type || (numbers[0][0] != '*' && strtoul(numbers[0], NULL, 10) != major) ||
            (numbers[1][0] != '*' && strtoul(numbers[1], NULL, 10) != minor))
            continue;
        some |= allow ? (access & bits) != 0 : (access & ~bits) == 0;
    }
    return allow != some;
}

/* Never more than the rules say; and just that unless two wild cards cross. */
static void test_random_lines(_unused_ void **state)
{
    static const int32_t numbers[] = {DEVICE_ANY, DEVICE_ANY, 0, 1, 3};
    unsigned seed = 1, taken = 0;

    for (int round = 0; round < 2000; round++) {
        device_rules rules = {0};
        device_lines lines = {0};

        for (int n = rand_r(&seed) % 5; n > 0; n--)
            *VEC_PUSH(&rules) = (struct device_rule){
                .allow = rand_r(&seed) % 2,
                .type = "abc"[rand_r(&seed) % 3],
                .major = numbers[rand_r(&seed) % ARRAY_SIZE(numbers)],
                .minor = numbers[rand_r(&seed) % ARRAY_SIZE(numbers)],
                .access = 1 + (unsigned)rand_r(&seed) % DEVICE_ALL,
            };
        if (device_rules_to_lines(&rules, &lines, NULL) == 0) {
            taken++;
            for (uint32_t major = 0; major < 4; major++)
                for (uint32_t minor = 0; minor < 4; minor++)
                    for (unsigned access = 1; access <= DEVICE_ALL; access++)
                        for (const char *type = "cb"; *type; type++)
                            if (by_lines(&lines, *type, major, minor, access))
                                assert_true(by_meaning(&rules, *type, major, minor, access));
                            else if (!(access & (access - 1))) /* one kind alone */
                                assert_false(by_meaning(&rules, *type, major, minor, access));
        }
        free(rules.v);
        free(lines.v);
    }
    assert_true(taken > 500);
}

static void test_access(_unused_ void **state)
{
    unsigned bits;
    struct err err;

    assert_ok(device_access_parse("mr", &bits, &err));
    assert_int_equal(bits, DEVICE_MKNOD | DEVICE_READ);
    assert_ok(device_access_parse("rwm", &bits, &err));
    assert_int_equal(bits, DEVICE_ALL);
    assert_fails(device_access_parse("rx", &bits, &err), ERR_INVALID, "'rx'");
    assert_fails(device_access_parse("", &bits, &err), ERR_INVALID, "without access");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_docker), cmocka_unit_test(test_random),        cmocka_unit_test(test_too_many),
        cmocka_unit_test(test_lines),  cmocka_unit_test(test_lines_refused), cmocka_unit_test(test_random_lines),
        cmocka_unit_test(test_access),
    };

    return cmocka_run_group_tests_name("runtime/device_filter", tests, NULL, NULL);
}
