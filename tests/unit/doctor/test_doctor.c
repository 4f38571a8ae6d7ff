#include "../unit.h"

#include "base/buf.h"
#include "base/time.h"
#include "doctor/internal.h"
#include "sys/fd.h"

#include <glob.h>

#define SECOND INT64_C(1000000000)

/* One finding, of this verdict, that says `part`. */
static void expect_one(doctor_findings *findings, enum doctor_verdict verdict, const char *part)
{
    assert_int_equal(findings->n, 1);
    assert_int_equal(findings->v[0].verdict, verdict);
    if (!strstr(findings->v[0].found, part))
        fail_msg("\"%s\" does not say \"%s\"", findings->v[0].found, part);
    assert_true(verdict == DOCTOR_OK || findings->v[0].meaning);
    doctor_findings_release(findings);
}

static void test_room(void **state)
{
    const uint64_t mib = 1 << 20, gib = mib << 10;
    static const struct {
        uint64_t mib, files, total_files;
        enum doctor_verdict verdict;
        const char *part;
    } cases[] = {
        {63, 1000000, 2000000, DOCTOR_FAILURE, "/x: 66.1MB of 107GB are free"},
        {65, 1000000, 2000000, DOCTOR_WARNING, "68.2MB"},
        {1023, 0, 0, DOCTOR_WARNING, "are free"},
        {1024, 1000000, 2000000, DOCTOR_OK, "1.07GB of 107GB"},
        {2048, 499, 2000000, DOCTOR_FAILURE, "room for 499 files more of 2000000"},
        {2048, 500, 2000000, DOCTOR_WARNING, "room for 500 files"},
        {2048, 20000, 2000000, DOCTOR_OK, "2.15GB"},
        {2048, 0, 0, DOCTOR_OK, "2.15GB"}, /* btrfs counts no files */
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct doctor_room room = {cases[i].mib * mib, 100 * gib, cases[i].files, cases[i].total_files};
        doctor_findings findings = {0};

        doctor_judge_room("/x", &room, &findings);
        expect_one(&findings, cases[i].verdict, cases[i].part);
    }
}

static void test_ids(void **state)
{
    static const char text[] = "root:100000:65536\nweb:165536:1000\n1000:200000:24\nweb:x:5\nweb:1:2:3\nweb:300000:0\n";

    (void)state;
    assert_int_equal(doctor_count_ids(text, "root", 0), 65536);
    assert_int_equal(doctor_count_ids(text, "web", 1000), 1024);
    assert_int_equal(doctor_count_ids(text, "we", 1), 0);
    assert_int_equal(doctor_count_ids("", "root", 0), 0);
}

static void test_clock(void **state)
{
    const int64_t built = INT64_C(1700000000) * SECOND, day = 86400 * SECOND;
    doctor_findings findings = {0};

    (void)state;
    doctor_judge_clock(built - day / 2, built, &findings); /* who builds and who runs may be zones apart */
    expect_one(&findings, DOCTOR_OK, "2023-11-14T10:13:20Z");
    doctor_judge_clock(built - 2 * day, built, &findings);
    expect_one(&findings, DOCTOR_FAILURE, "it is 2023-11-12T22:13:20Z here, before this program was made");
    doctor_judge_clock(0, 0, &findings);
    expect_one(&findings, DOCTOR_OK, "1970");
}

static void test_skew(void **state)
{
    const int64_t now = INT64_C(1700000000) * SECOND;
    doctor_findings findings = {0};
    int64_t t;

    (void)state;
    assert_true(doctor_parse_date("Tue, 14 Nov 2023 22:13:20 GMT", &t));
    assert_int_equal(t, now);
    assert_false(doctor_parse_date(NULL, &t));
    assert_false(doctor_parse_date("Tue, 14 Nov 2023 22:13:20 CET", &t));
    assert_false(doctor_parse_date("Tue, 14 Nov 2023 22:13:20 GMT!", &t));
    assert_false(doctor_parse_date("yesterday", &t));
    doctor_judge_skew("r", now + 299 * SECOND, now, &findings);
    doctor_judge_skew("r", now - 299 * SECOND, now, &findings);
    assert_int_equal(findings.n, 0);
    doctor_judge_skew("r", now + 3600 * SECOND, now, &findings);
    expect_one(&findings, DOCTOR_WARNING, "r: the clock here is About an hour behind its own");
    doctor_judge_skew("r", now - 86400 * 3 * SECOND, now, &findings);
    expect_one(&findings, DOCTOR_WARNING, "r: the clock here is 3 days ahead of its own");
}

static void test_names(void **state)
{
    const struct doctor_host host = {.root = "/nonexistent", .state = "/nonexistent"};
    const struct err why = {ERR_INVALID, "config.json: line 3", ""};
    const struct doctor_host broken = {.root = "/", .state = "/", .config_error = &why};
    doctor_findings findings = {0};
    const char *about;
    struct err err;

    (void)state;
    assert_fails(doctor_examine(&host, (char *[]){(char *)"clokc", NULL}, &findings, &err), ERR_INVALID,
                 "no such check: clokc");
    assert_string_equal(err.hint, "did you mean clock?");
    assert_int_equal(findings.n, 0);
    assert_ok(doctor_examine(&broken, (char *[]){(char *)"configuration", NULL}, &findings, &err));
    assert_string_equal(findings.v[0].check, "configuration");
    expect_one(&findings, DOCTOR_FAILURE, "config.json: line 3");
    for (size_t i = 0; doctor_check_name(i, &about); i++)
        assert_true(*about);
}

/* What an adapter opens is in the table of libraries. */
static void test_libraries(void **state)
{
    glob_t sources;
    size_t found = 0;

    (void)state;
    assert_int_equal(glob("pkg/*/*.c", 0, NULL, &sources), 0);
    for (size_t i = 0; i < sources.gl_pathc; i++) {
        _cleanup_buf_ struct buf text = BUF_INIT_MAX(1 << 20);
        struct err err;
        const char *at, *known;

        assert_ok(fd_read_file(AT_FDCWD, sources.gl_pathv[i], &text, &err));
        for (at = buf_str(&text); (at = strstr(at, "struct dl_library ")); at++) {
            const char *quote = strpbrk(at, "\";");
            _cleanup_free_ char *soname = NULL;
            bool listed = false;

            if (!quote || *quote == ';')
                continue;
            soname = str_ndup(quote + 1, strcspn(quote + 1, "\""));
            for (size_t n = 0; (known = doctor_library(n)); n++)
                listed |= str_eq(known, soname);
            if (!listed)
                fail_msg("%s opens %s, which doctor/libraries.c does not list", sources.gl_pathv[i], soname);
            found++;
        }
    }
    globfree(&sources);
    assert_true(found >= 9);
}

static int fail_here(void *data, struct err *err)
{
    return err_set(err, ERR_CORRUPT, "%s", (const char *)data);
}

static int die_here(void *data, struct err *err)
{
    (void)data, (void)err;
    abort();
}

static void test_try(void **state)
{
    struct err err;

    (void)state;
    assert_fails(doctor_try(0, fail_here, (void *)"in the child", &err), ERR_CORRUPT, "in the child");
    assert_fails(doctor_try(0, die_here, NULL, &err), ERR_IO, "ended with status");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_room), cmocka_unit_test(test_ids),   cmocka_unit_test(test_clock),
        cmocka_unit_test(test_skew), cmocka_unit_test(test_names), cmocka_unit_test(test_libraries),
        cmocka_unit_test(test_try),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
