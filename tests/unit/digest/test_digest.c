#include "../unit.h"

#include "digest/digest.h"

/* FIPS 180-4's example messages. */
#define ABC256 "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define ABC512                                                                                                         \
    "sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d44236" \
    "43ce80e2a9ac94fa54ca49f"

static void test_parse(void **state)
{
    static const char *const wrong[] = {
        "",
        "sha256",
        "sha256:",
        ":abc",
        "sha256:abc",
        "sha25:",
        "../sha256:x",
        "sha256:BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD",
        ABC256 "0",
        ABC256 "/..",
        "sha512:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    };
    struct digest d;
    struct err err;
    char text[DIGEST_TEXT_MAX];

    (void)state;
    assert_ok(digest_parse(ABC256, &d, &err));
    assert_string_equal(digest_format(&d, text), ABC256);
    assert_ok(digest_parse(ABC512, &d, &err));
    assert_string_equal(digest_format(&d, text), ABC512);
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
        assert_true(digest_parse(wrong[i], &d, &err) < 0);
    assert_fails(digest_parse("md5:900150983cd24fb0d6963f7d28e17f72", &d, &err), ERR_UNSUPPORTED, "md5");
}

static void test_compute(void **state)
{
    struct digest expected;
    struct digest_computed whole, parts;
    struct digest_stream *s;
    struct err err;

    (void)state;
    assert_ok(digest_parse(ABC256, &expected, &err));
    assert_ok(digest_compute(DIGEST_SHA256, "abc", 3, &whole, &err));
    assert_ok(digest_verify(&expected, 3, &whole, &err));
    assert_ok(digest_stream_new(DIGEST_SHA256, &s, &err));
    digest_stream_update(s, "a", 1);
    digest_stream_update(s, "", 0);
    digest_stream_update(s, "bc", 2);
    digest_stream_final(s, &parts);
    digest_stream_free(s);
    assert_true(digest_equal(&parts.digest, &expected));
    assert_int_equal(parts.size, 3);
    assert_fails(digest_verify(&expected, 4, &whole, &err), ERR_CORRUPT, "wrong size: expected 4 bytes, got 3");
    assert_ok(digest_compute(DIGEST_SHA256, "abd", 3, &whole, &err));
    assert_fails(digest_verify(&expected, 3, &whole, &err), ERR_CORRUPT, "wrong digest: expected " ABC256);
    assert_ok(digest_compute(DIGEST_SHA512, "abc", 3, &whole, &err));
    assert_fails(digest_verify(&expected, -1, &whole, &err), ERR_CORRUPT, "wrong digest");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_parse), cmocka_unit_test(test_compute)};

    return cmocka_run_group_tests_name("digest", tests, NULL, NULL);
}
