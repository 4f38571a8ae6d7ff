#include "../unit.h"

#include "dockerfile/ignore.h"

#include "base/strv.h"

enum { LINE_MAX_TEST = 5000 };

/* Patterns parted at blanks, a path, and whether it is left out. What they are about was taken from the behaviour of
 * Docker's matcher, https://github.com/moby/patternmatcher, and of BuildKit's walk, which hands states down. */
static const struct {
    const char *patterns, *path;
    bool out;
} cases[] = {
    {"*", "main.go", true},
    {"*.go", "main.go", true},
    {"*.go", "src/main.go", false},
    {"!main.go *.go", "main.go", true},
    {"*.go !main.go", "main.go", false},
    {"docs !docs/README.md", "docs/README.md", false},
    {"docs/ !docs/README.md", "docs/README.md", false},
    {"docs/* !docs/README.md", "docs/README.md", false},
    {"docs/* !docs/README.md", "docs/other.md", true},
    {"docs/* !docs/README.md", "docs", false},
    {"docs", "docs/a/b/c", true},
    {"docs", "docsx", false},
    {"*.go", ".", false},

    /* two stars */
    {"**", "file", true},
    {"**/", "file", true},
    {"**", "dir/file", true},
    {"**/**", "dir/file", true},
    {"dir/**", "dir", false},
    {"dir/**", "dir/file", true},
    {"dir/**", "dir/dir2/file", true},
    {"**/dir", "dir", true},
    {"**/dir", "dir/file", true},
    {"**/dir", "a/b/dir", true},
    {"**/dir", "a/b/xdir", false},
    {"**/dir2/*", "dir/dir2/file", true},
    {"**/dir2/*", "dir/dir2", false},
    {"**/dir2/**", "dir/dir2/dir3/file", true},
    {"**file", "file", true},
    {"**file", "dir/dir/file", true},
    {"**file", "dir/myfile", true},
    {"**/file*", "dir/dir/file.txt", true},
    {"**/file*txt", "dir/dir/file.txt", true},
    {"**/file*.txt*", "dir/dir/file.txt", true},
    {"**/**/*.txt", "dir/dir/file.txt", true},
    {"**/**/*.txt2", "dir/dir/file.txt", false},
    {"**/*.txt", "file.txt", true},
    {"a**/*.txt", "a/file.txt", true},
    {"a**/*.txt", "a/dir/dir/file.txt", true},
    {"a**/*.txt", "b/file.txt", false},
    {"a/*.txt", "a/dir/file.txt", false},
    {"a/*.txt**", "a/file.txt", true},
    {"a/*.txt**", "a/file.txtdir/b", true},
    {"a**", "abc/d", true},
    {"**/a*/**/b", "x/ay/z/b", true},
    {"**/a*/**/b", "x/ay/b", true},
    {"**/a*/**/b", "x/ay/zb", false},
    {"**/a***/b", "x/aXX/b", true},
    {"**/.foo", ".foo", true},
    {"**/.foo", "bar.foo", false},
    {"**/foo/bar", "foo/bar", true},
    {"**/foo/bar", "a/b/foo/bar", true},

    /* what means something in a regular expression means itself */
    {"abc.def", "abcZdef", false},
    {".*", ".foo", true},
    {".*", "foo", false},
    {"abc?def", "abcZdef", true},
    {"abc?def", "abcdef", false},
    {"abc?def", "abc/def", false},
    {"a(b)c/def", "a(b)c/def", true},
    {"a.|)$(}+{bc", "a.|)$(}+{bc", true},
    {"*.|)$(}+{bc", "a.|)$(}+{bc", true},
    {"dist/*+g08-py3.whl", "dist/proxy-2.4+g08-py3.whl", true},
    {"a^b", "a^b", true},
    {"?^b", "a^b", false},

    /* classes and escapes */
    {"a[b-d]e", "ace", true},
    {"a[b-d]e", "aae", false},
    {"a[^b-d]e", "aze", true},
    {"a[^b-d]e", "ace", false},
    {"[[:digit:]]x", "7x", true},
    {"[[:digit:]]x", "ax", false},
    {"[a\\]]x", "]x", true},
    {"a\\*b", "a*b", true},
    {"a\\*b", "axb", false},
    {"a\\\\", "a\\", true},
    {"a\\d", "a7", true},
    {"a\\d", "ad", false},
    {"a\\bin", "abin", false},
    {"a?b",
     "a\xe2\x98\xba"
     "b",
     true},
    {"a???b",
     "a\xe2\x98\xba"
     "b",
     false},
    {"[\xce\xb1-\xce\xb6]", "\xce\xb2", true},
    {"\xce\xb1*", "\xce\xb1x", true},
    {"a?b",
     "a\xff"
     "b",
     true},

    /* taken back */
    {"** !util/docker/web", "util/docker/web/foo", false},
    {"** !util/docker/web util/docker/web/foo", "util/docker/web/foo", true},
    {"** !dist/*.whl", "dist/a-2.4.whl", false},
    {"** !dist/*.whl", "dist/a-2.4.tar", true},
    {"** !dist/*.whl", "dist", true},
    {"* !src", "src/a/b", false},
    {"* !src src/a", "src/a/b", true},
    {"* !**/*.md", "a/b.md", false},
    {"foo foo2 !foo2/bar", "foo2/bar/x", false},
    {"node_modules !node_modules/keep", "node_modules/keep/index.js", false},
    {"node_modules !node_modules/keep", "node_modules/x/index.js", true},
    {"a/b !a", "a/b", true}, /* "!a" said nothing of a/b itself when a was looked at */
    {"a/*/c !a/b/c", "a/b/c/d", false},

    /* cleaned */
    {"./a//b/", "a/b", true},
    {"a/../b", "b", true},
    {"!a *", "a", true},
};

static bool handed_down(const struct ignore *g, const char *path)
{
    size_t size = ignore_state_size(g);
    unsigned char *bits[2] = {mem_zalloc(1, size), mem_zalloc(1, size)};
    struct ignore_parent above = {0}, here = {bits[0]};
    bool out = false;

    for (const char *p = path; p;) {
        _cleanup_free_ char *part = NULL;

        p = strchr(p, '/');
        part = p ? str_ndup(path, (size_t)(p++ - path)) : str_dup(path);
        out = ignore_matches(g, part, &above, &here);
        above = here;
        here.matched = bits[above.matched == bits[0]];
    }
    free(bits[0]);
    free(bits[1]);
    return out;
}

static void test_cases(void **state)
{
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_strv_ char **patterns = strv_split(cases[i].patterns, ' ');
        _cleanup_(ignore_free_cleanup) struct ignore *g = NULL;

        assert_ok(ignore_from_list(patterns, &g, &err));
        if (ignore_matches(g, cases[i].path, NULL, NULL) != cases[i].out)
            fail_msg("%s: %s", cases[i].patterns, cases[i].path);
        if (handed_down(g, cases[i].path) != cases[i].out)
            fail_msg("%s: %s, with states handed down", cases[i].patterns, cases[i].path);
    }
}

static void test_file(void **state)
{
    static const char text[] = "\xef\xbb\xbfone\r\n"
                               "/two\n"
                               "/a/file/here/\n"
                               "\n"
                               "   \t\n"
                               "# a comment\n"
                               " # no comment\n"
                               "! /back/again\n"
                               "\xc2\xa0"
                               "blank \n"
                               "back/**\n"
                               "!back/again\n"
                               "last";
    static const struct {
        const char *path;
        bool out;
    } expected[] = {
        {"one", true},          {"two", true},           {"a/file/here", true},  {"a/file", false},
        {"# a comment", false}, {"blank", true},         {"# no comment", true}, {"back/x", true},
        {"back", false},        {"back/again/x", false}, {"last", true},         {"lost", false},
    };
    _cleanup_(ignore_free_cleanup) struct ignore *g = NULL;
    struct err err;

    (void)state;
    assert_ok(ignore_parse(text, sizeof(text) - 1, &g, &err));
    for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
        if (ignore_matches(g, expected[i].path, NULL, NULL) != expected[i].out)
            fail_msg("%s", expected[i].path);
}

static void test_wrong(void **state)
{
    static const char *const wrong[] = {"[",     "a[",       "a[]b",  "a[-]", "a[b-",   "a\\",
                                        "[z-a]", "src\\obj", "a\\pb", "a\\1", "[[:x:]]"};
    char bang[] = "!", *single[] = {bang, NULL};
    _cleanup_free_ char *many = mem_alloc(IGNORE_FILE_MAX), *line = mem_alloc(LINE_MAX_TEST);
    struct ignore *g = NULL;
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        char *list[] = {(char *)(uintptr_t)wrong[i], NULL};

        err = ERR_INIT;
        if (ignore_from_list(list, &g, &err) != ERR_INVALID)
            fail_msg("%s is taken", wrong[i]);
        assert_non_null(strstr(err.text, wrong[i]));
    }
    assert_fails(ignore_from_list(single, &g, &err), ERR_INVALID, "illegal exclusion pattern: \"!\"");
    assert_fails(ignore_parse("a\n! \n", 5, &g, &err), ERR_INVALID, "line 2: illegal exclusion pattern");
    assert_fails(ignore_parse("a\0b", 3, &g, &err), ERR_INVALID, "UTF-8");
    for (size_t i = 0; i < IGNORE_FILE_MAX; i += 2)
        memcpy(many + i, "a\n", 2);
    assert_fails(ignore_parse(many, IGNORE_FILE_MAX, &g, &err), ERR_LIMIT, "more than");
    memset(line, 'a', LINE_MAX_TEST);
    assert_fails(ignore_parse(line, LINE_MAX_TEST, &g, &err), ERR_LIMIT, "longer than");
}

static void test_take_back(void **state)
{
    static const struct {
        const char *patterns, *directory;
        bool may;
    } expected[] = {
        {"a", "a", false},          {"a !b/c", "a", false},      {"a !a/c", "a", true},
        {"a !a/c/**", "a/c", true}, {"a !a/c/*", "a/b", false},  {"a !ab/c", "a", false},
        {"a !**/x", "a", true},     {"a !a/*/x", "a/y/z", true}, {"a !a/b/c", "a/b/c", true},
    };
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
        _cleanup_strv_ char **patterns = strv_split(expected[i].patterns, ' ');
        _cleanup_(ignore_free_cleanup) struct ignore *g = NULL;

        assert_ok(ignore_from_list(patterns, &g, &err));
        if (ignore_may_take_back(g, expected[i].directory) != expected[i].may)
            fail_msg("%s: %s", expected[i].patterns, expected[i].directory);
    }
    assert_false(ignore_matches(NULL, "a", NULL, NULL));
    assert_false(ignore_may_take_back(NULL, "a"));
}

/* A pattern with many ways to fail fails in a moment. */
static void test_hostile(void **state)
{
    char pattern[601], path[2001];
    char *list[] = {pattern, NULL};
    _cleanup_(ignore_free_cleanup) struct ignore *g = NULL;
    struct err err;

    (void)state;
    for (int i = 0; i < 300; i++)
        memcpy(pattern + 2 * (size_t)i, "*a", 2);
    memcpy(pattern + 596, "?*b", 4);
    memset(path, 'a', 2000);
    path[2000] = 0;
    assert_ok(ignore_from_list(list, &g, &err));
    assert_false(ignore_matches(g, path, NULL, NULL));
}

static const struct {
    const char *pattern, *name;
    int result; /* 1: matches; 0; -1: no pattern */
} globs[] = {
    {"abc", "abc", 1},
    {"*", "abc", 1},
    {"*c", "abc", 1},
    {"a*", "a", 1},
    {"a*", "ab/c", 0},
    {"a*/b", "abc/b", 1},
    {"a*/b", "a/c/b", 0},
    {"a*b*c*d*e*/f", "axbxcxdxexxx/f", 1},
    {"a*b*c*d*e*/f", "axbxcxdxexxx/fff", 0},
    {"a*b?c*x", "abxbbxdbxebxczzx", 1},
    {"a*b?c*x", "abxbbxdbxebxczzy", 0},
    {"ab[b-d]", "abc", 1},
    {"ab[e-g]", "abc", 0},
    {"ab[^c]", "abc", 0},
    {"ab[^e-g]", "abc", 1},
    {"a\\*b", "a*b", 1},
    {"a?b",
     "a\xe2\x98\xba"
     "b",
     1},
    {"a???b",
     "a\xe2\x98\xba"
     "b",
     0},
    {"[a-\xce\xb6]*", "\xce\xb1", 1},
    {"*[a-\xce\xb6]", "A", 0},
    {"a?b", "a/b", 0},
    {"a*b", "a/b", 0},
    {"[\\]a]", "]", 1},
    {"[\\-x]", "-", 1},
    {"[\\-x]", "z", 0},
    {"[]a]", "]", -1},
    {"[-]", "-", -1},
    {"[x-]", "x", -1},
    {"[a-b-c]", "a", -1},
    {"[", "a", -1},
    {"[^bc", "a", -1},
    {"a[", "a", -1},
    {"a[", "ab", -1},
    {"a[", "x", -1},
    {"a/b[", "x", -1},
    {"\\", "a", -1},
    {"*x", "xxx", 1},
    {"", "", 1},
    {"", "a", 0},
    {"*", "", 1},
    {"*", "a/b", 0},
    {"**", "ab", 1},
    {"a[^x]b", "a/b", 1},
    {".npmr[c]", ".npmrc", 1},
    {"*.txt*.txt", "a.txt", 0},
};

static void test_glob(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(globs); i++) {
        struct err err = ERR_INIT;
        bool matches = false;
        int r = ignore_glob(globs[i].pattern, globs[i].name, &matches, &err);

        if (r != (globs[i].result < 0 ? ERR_INVALID : 0) || (!r && matches != (globs[i].result == 1)))
            fail_msg("%s: %s: %d %d", globs[i].pattern, globs[i].name, r, matches);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),     cmocka_unit_test(test_file),    cmocka_unit_test(test_wrong),
        cmocka_unit_test(test_take_back), cmocka_unit_test(test_hostile), cmocka_unit_test(test_glob),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
