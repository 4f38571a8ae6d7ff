/* Whether programs of another architecture run here. */
#include "../unit.h"
#include "build/emulator.h"

static const struct {
    const char *handler; /* what is written there; NULL: there is none */
    const char *error;   /* NULL: they run */
} cases[] = {
    {"enabled\ninterpreter /usr/bin/qemu-s390x\nflags: OCF\noffset 0\n", NULL},
    {"enabled\ninterpreter /usr/bin/qemu-s390x\nflags: OC\noffset 0\nmagic F\n", "has not the flag F"},
    {"disabled\ninterpreter /usr/bin/qemu-s390x\nflags: F\n", "there is no handler"},
    {NULL, "programs for linux/s390x do not run on this host: there is no handler"},
};

static void test_handlers(void **state)
{
    char dir[] = "/tmp/cbox-emulator-XXXXXX";
    struct oci_platform platform = {.os = (char *)"linux", .architecture = (char *)"s390x"};

    (void)state;
    assert_non_null(mkdtemp(dir));
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_free_ char *path = str_printf("%s/qemu-s390x", dir);
        struct err err = ERR_INIT;
        FILE *f = cases[i].handler ? fopen(path, "we") : NULL;
        int r;

        if (f) {
            fputs(cases[i].handler, f);
            fclose(f);
        }
        r = build_emulator_check(&platform, dir, &err);
        unlink(path);
        assert_int_equal(r, cases[i].error ? ERR_UNSUPPORTED : 0);
        if (cases[i].error)
            assert_non_null(strstr(err.text, cases[i].error));
    }
    rmdir(dir);
}

static void test_host(void **state)
{
    struct oci_platform host = {0};
    struct err err = ERR_INIT;

    (void)state;
    oci_platform_host(&host);
    assert_ok(build_emulator_check(&host, "/nonexistent", &err));
    oci_platform_release(&host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_handlers), cmocka_unit_test(test_host)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
