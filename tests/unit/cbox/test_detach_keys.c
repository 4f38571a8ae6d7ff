/* The keys that detach from a container. */
#include "../unit.h"

#include "../../../cmd/cbox/detach_keys.h"

static void test_what_is_a_key(void **state _unused_)
{
    static const struct {
        const char *text, *keys; /* NULL: refused */
    } cases[] = {
        {NULL, "\x10\x11"},
        {"", "\x10\x11"},
        {"ctrl-p,ctrl-q", "\x10\x11"},
        {"a", "a"},
        {"a,ctrl-a,z", "a\x01z"},
        {"DEL", "\x7f"},
        {"ctrl-[", "\x1b"},
        {"ctrl-\\,ctrl-]", "\x1c\x1d"},
        {"ctrl-_,ctrl-^", "\x1f\x1e"},
        {"ab", NULL},
        {"ctrl-", NULL},
        {"ctrl-A", NULL},
        {"ctrl-1", NULL},
        {"a,,b", NULL},
        {"ctrl-ab", NULL},
        {"a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q", NULL},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct detach_keys k;
        int r = detach_keys_parse(cases[i].text, &k, NULL);

        assert_int_equal(r, cases[i].keys ? 0 : ERR_INVALID);
        if (r == 0) {
            assert_int_equal(k.n, strlen(cases[i].keys));
            assert_memory_equal(k.keys, cases[i].keys, k.n);
        }
    }
}

/* Types `text` in pieces of `piece` bytes; what came out is in `out`. */
static bool type(const char *keys, const char *text, size_t piece, char *out)
{
    struct detach_keys k;
    bool detached = false;
    size_t len = strlen(text), n = 0;

    assert_int_equal(detach_keys_parse(keys, &k, NULL), 0);
    for (size_t i = 0; i < len && !detached; i += piece) {
        char bytes[64 + DETACH_KEYS_MAX];
        size_t now = MIN_OF(piece, len - i);

        memcpy(bytes, text + i, now);
        now = detach_keys_filter(&k, bytes, now, &detached);
        memcpy(out + n, bytes, now);
        n += now;
    }
    out[n] = 0;
    return detached;
}

static void test_typing(void **state _unused_)
{
    static const struct {
        const char *keys, *text, *out;
        bool detached;
    } cases[] = {
        {"a,b", "xyz", "xyz", false},       {"a,b", "ab", "", true},
        {"a,b", "xab", "x", true},          {"a,b", "xabrest", "x", true},
        {"a,b", "aab", "a", true},          {"a,b", "axb", "axb", false},
        {"a,b", "xa", "x", false},          {"a,a,b", "aaab", "a", true},
        {"a,a,b", "aacaab", "aac", true},   {"a,b,a,c", "ababac", "ab", true},
        {"a,b,a,c", "abad", "abad", false}, {"q", "xq", "x", true},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        for (size_t piece = 1; piece < 8; piece++) {
            char out[128];

            assert_int_equal(type(cases[i].keys, cases[i].text, piece, out), cases[i].detached);
            assert_string_equal(out, cases[i].out);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_a_key),
        cmocka_unit_test(test_typing),
    };

    return cmocka_run_group_tests_name("cbox/detach_keys", tests, NULL, NULL);
}
