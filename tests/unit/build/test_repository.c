#include "../unit.h"

#include "build/context.h"
#include "build/repository.h"

static void test_is(void **state)
{
    static const char *const repositories[] = {"https://h/p.git",   "http://h/p.git#main", "git://h/p",
                                               "ssh://git@h/p",     "git@github.com:a/b",  "https://h/p.git?ref=x",
                                               "git@h:p.git#v1:dir"};
    static const char *const others[] = {"https://h/p", "https://h/p.tar.gz", "./a@b:c/x", "a.git", "@h:p", "-x@h:p",
                                         "h:p",         "https://h/x?y=.git"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(repositories); i++)
        if (!build_is_repository(repositories[i]))
            fail_msg("%s", repositories[i]);
    for (size_t i = 0; i < ARRAY_SIZE(others); i++)
        if (build_is_repository(others[i]))
            fail_msg("%s", others[i]);
    assert_true(build_is_url("HTTP://h/x") && build_is_url("https://h/x"));
    assert_false(build_is_url("ftp://h/x") || build_is_url("http:/h"));
}

#define COMMIT "0123456789abcdef0123456789abcdef01234567"

static void test_parse(void **state)
{
    static const struct {
        const char *text, *url, *ref, *subdir, *commit;
        bool keep;
        const char *origin, *user, *password;
    } cases[] = {
        {"https://h/p.git", .url = "https://h/p.git"},
        {"https://h/p.git#main", .url = "https://h/p.git", .ref = "main"},
        {"https://h/p.git#main:a/../b/", .url = "https://h/p.git", .ref = "main", .subdir = "b"},
        {"https://h/p.git#:../../x", .url = "https://h/p.git", .subdir = "x"},
        {"https://h/p.git#:.", .url = "https://h/p.git"},
        {"git@h:p#v1:d", .url = "git@h:p", .ref = "v1", .subdir = "d"},
        {"https://h/p.git?branch=b&subdir=d&keep-git-dir", .url = "https://h/p.git", .ref = "b", .subdir = "d",
         .keep = true},
        {"https://h/p.git?commit=" COMMIT, .url = "https://h/p.git", .ref = COMMIT, .commit = COMMIT},
        {"https://u:p%40:s@h:81/p.git#main", .url = "https://h:81/p.git", .ref = "main", .origin = "https://h:81",
         .user = "u", .password = "p@:s"},
        {"http://token@h/p@x.git", .url = "http://h/p@x.git", .origin = "http://h", .user = "token", .password = ""},
        {"https://h/a@b:c.git", .url = "https://h/a@b:c.git"},
        {"ssh://git@h/p", .url = "ssh://git@h/p"},
        {"https://h/p.git?tag=t&commit=0123#t", .url = "https://h/p.git", .ref = "t", .commit = "0123"},
    };
    static const char *const bad[] = {
        "https://u:p%0aq@h/p.git", "https://u:p@h=x/p.git", "https://u:p@/p.git",
        "ssh://u:p@h/p",           "git://u:p@h/p",         "https://h/p.git#--upload-pack=x",
        "https://h/p.git#a..b",    "https://h/p.git#a b",   "https://h/p.git?ref=a#b",
        "https://h/p.git?ref=",    "https://h/p.git?x=y",   "https://h/p.git?commit=xyz"};
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct repository r;

        assert_ok(repository_parse(cases[i].text, &r, &err));
        assert_string_equal(r.url, cases[i].url);
        if (!str_eq(r.ref, cases[i].ref) || !str_eq(r.subdir, cases[i].subdir) || !str_eq(r.commit, cases[i].commit))
            fail_msg("%s: %s %s %s", cases[i].text, r.ref, r.subdir, r.commit);
        if (!str_eq(r.origin, cases[i].origin) || !str_eq(r.user, cases[i].user) ||
            !str_eq(r.password, cases[i].password))
            fail_msg("%s: %s %s %s", cases[i].text, r.origin, r.user, r.password);
        assert_int_equal(r.keep_git_dir, cases[i].keep);
        repository_release(&r);
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct repository r;

        err = ERR_INIT;
        if (repository_parse(bad[i], &r, &err) != ERR_INVALID)
            fail_msg("%s", bad[i]);
        repository_release(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_is),
        cmocka_unit_test(test_parse),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
