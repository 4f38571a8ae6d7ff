#include "../files.h"
#include "../store/store_fixture.h"

#include "build/files_internal.h"

#include <sys/sysmacros.h>
#include <sys/xattr.h>

/* ---- shorthands: a tree `t/` and what is selected of it ---- */

struct fixture {
    struct store *store;
    int dir;
    struct ignore *ignore, *excludes;
    bool parents, plain, owners;
    const char *remember;
};

static void make(const char *path, const char *text)
{
    _cleanup_free_ char *copy = str_dup(path);

    for (char *p = strchr(copy, '/'); p; p = strchr(p + 1, '/')) {
        *p = 0;
        mkdir(copy, 0755);
        *p = '/';
    }
    if (text)
        write_file(path, text);
    else
        mkdir(path, 0755);
}

static struct fixture begin(void)
{
    struct fixture f = {.store = open_store()};

    mkdir("t", 0755);
    f.dir = open("t", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(f.dir >= 0);
    return f;
}

static void end(struct fixture *f)
{
    store_free(f->store);
    close(f->dir);
    ignore_free(f->ignore);
    ignore_free(f->excludes);
}

static struct ignore *patterns(const char *text)
{
    struct ignore *g;
    struct err err;

    assert_ok(ignore_parse(text, strlen(text), &g, &err));
    return g;
}

/* `sources` parted at blanks. */
static int select_in(const struct fixture *f, const char *sources, struct build_selection *ret, struct err *err)
{
    static char **kept; /* the selection borrows them */
    const struct build_tree tree = {f->dir, f->ignore, f->remember, "context", f->owners};
    struct build_select how = {.excludes = f->excludes, .parents = f->parents, .wildcards = !f->plain};

    strv_free(kept);
    kept = strv_split(sources, ' ');
    how.sources = kept;
    return build_select(f->store, &tree, &how, ret, err);
}

/* "a: dir/b c/\n": source's path, then names below it, directories with a slash. */
static char *shown(struct build_selection *s)
{
    struct buf b = BUF_INIT;
    struct build_reading reading;
    struct build_selected source;
    struct build_file file;
    struct err err;

    build_reading_begin(&reading, s);
    while (build_reading_source(&reading, &source, &err) == 1) {
        buf_addf(&b, "%s:", *source.path ? source.path : ".");
        while (build_reading_file(&reading, &file, &err) == 1)
            buf_addf(&b, " %s%s", file.path + file.base, S_ISDIR(file.st.st_mode) ? "/" : "");
        buf_adds(&b, "\n");
    }
    build_reading_end(&reading);
    buf_adds(&b, "");
    return buf_steal(&b);
}

static void expect(const struct fixture *f, const char *sources, const char *expected)
{
    struct build_selection s;
    _cleanup_free_ char *got = NULL;
    struct err err;

    assert_ok(select_in(f, sources, &s, &err));
    got = shown(&s);
    assert_string_equal(got ? got : "", expected);
    build_selection_release(&s);
}

static void expect_not_found(const struct fixture *f, const char *sources, const char *name)
{
    _cleanup_free_ char *text = str_printf("failed to calculate checksum of ref context: \"%s\": not found", name);
    struct build_selection s;
    struct err err;

    assert_fails(select_in(f, sources, &s, &err), ERR_NOT_FOUND, text);
    build_selection_release(&s);
}

/* The digest of what is selected. */
static char *digest_in(const struct fixture *f, const char *sources)
{
    struct build_selection s;
    struct err err;
    char *digest;

    assert_ok(select_in(f, sources, &s, &err));
    digest = str_dup(s.digest);
    assert_int_equal(strlen(digest), 64);
    build_selection_release(&s);
    return digest;
}

static char *last;

static void expect_other(const struct fixture *f, const char *sources)
{
    char *digest = digest_in(f, sources);

    if (last && str_eq(last, digest))
        fail_msg("%s: the digest is the same", sources);
    str_replace(&last, digest);
}

static void expect_same(const struct fixture *f, const char *sources)
{
    char *digest = digest_in(f, sources);

    assert_non_null(last);
    assert_string_equal(last, digest);
    free(digest);
}

static void forget_last(void)
{
    free(last);
    last = NULL;
}

/* ---- which files ---- */

static void make_some(void)
{
    make("t/b/two", "2");
    make("t/b/one", "1");
    make("t/b-c", "x");
    make("t/b/deep/er/file", "3");
    make("t/a.txt", "a");
    make("t/empty", NULL);
    assert_int_equal(symlink("b/deep", "t/link"), 0);
    assert_int_equal(symlink("/a.txt", "t/flink"), 0);
    assert_int_equal(symlink("nowhere", "t/dangling"), 0);
    assert_int_equal(symlink("../../../../a.txt", "t/b/up"), 0);
    assert_int_equal(symlink("round", "t/round"), 0);
}

static void test_names(void **state)
{
    struct fixture f = begin();

    (void)state;
    make_some();
    expect(&f, ".",
           ".: a.txt b/ b/deep/ b/deep/er/ b/deep/er/file b/one b/two b/up b-c dangling empty/ flink link round\n");
    expect(&f, "/",
           ".: a.txt b/ b/deep/ b/deep/er/ b/deep/er/file b/one b/two b/up b-c dangling empty/ flink link round\n");
    expect(&f, "b/", "b: deep/ deep/er/ deep/er/file one two up\n");
    expect(&f, "./b/deep/../deep", "b/deep: er/ er/file\n");
    expect(&f, "../../b/deep", "b/deep: er/ er/file\n");
    expect(&f, "empty", "empty:\n");
    expect(&f, "b/two a.txt", "b/two: two\na.txt: a.txt\n");
    expect_not_found(&f, "b/three", "/b/three");
    expect_not_found(&f, "a.txt nothing", "/nothing");
    expect_not_found(&f, "a.txt/x", "/a.txt/x");
    end(&f);
}

static void test_links(void **state)
{
    struct fixture f = begin();
    struct build_reading reading;
    struct build_selected source;
    struct build_selection s;
    struct build_file file;
    struct err err;

    (void)state;
    make_some();
    expect(&f, "link", "link: er/ er/file\n");
    expect(&f, "link/er/file", "link/er/file: file\n");
    expect(&f, "b/up", "b/up: a.txt\n");
    assert_int_equal(symlink("/a.txt", "t/b/absolute"), 0);
    expect(&f, "b/absolute", "b/absolute: a.txt\n");
    assert_ok(select_in(&f, "flink", &s, &err));
    build_reading_begin(&reading, &s);
    assert_int_equal(build_reading_source(&reading, &source, &err), 1);
    assert_string_equal(source.path, "flink");
    assert_int_equal(build_reading_file(&reading, &file, &err), 1);
    assert_string_equal(file.path, "a.txt");
    assert_true(S_ISREG(file.st.st_mode));
    build_reading_end(&reading);
    build_selection_release(&s);
    expect_not_found(&f, "dangling", "/dangling");
    assert_fails(select_in(&f, "round", &s, &err), ERR_INVALID, "too many links");
    build_selection_release(&s);
    /* what lies outside is not reached */
    make("outside", "secret");
    assert_int_equal(symlink("../outside", "t/out"), 0);
    expect_not_found(&f, "out", "/out");
    end(&f);
}

static void test_wildcards(void **state)
{
    struct fixture f = begin();

    (void)state;
    make_some();
    expect(&f, "*.txt", "a.txt: a.txt\n");
    expect(&f, "b*", "b: deep/ deep/er/ deep/er/file one two up\nb-c: b-c\n");
    expect(&f, "b/[ot]*", "b/one: one\nb/two: two\n");
    expect(&f, "*/t?o", "b/two: two\n");
    expect(&f, "b/*/er", "b/deep/er: file\n");
    expect(&f, "li*/er", ""); /* a link is no directory to a wildcard */
    expect(&f, "link/e*", "link/er: file\n");
    expect(&f, "lin?", "link: er/ er/file\n");
    expect(&f, "none*", "");
    expect(&f, "a.tx[t] none*", "a.txt: a.txt\n");
    expect_not_found(&f, "no/such/*", "/no/such/*");
    make("t/s[x]", "odd");
    expect(&f, "s[[]x]", "s[x]: s[x]\n");
    f.plain = true;
    expect(&f, "s[x]", "s[x]: s[x]\n");
    end(&f);
}

static void test_ignored(void **state)
{
    struct fixture f = begin();
    struct build_selection s;
    struct err err;

    (void)state;
    make_some();
    make("t/b/keep/x", "x");
    make("t/b/keep/y", "y");
    f.ignore = patterns("b\n!b/keep/x\n*.txt\nempty\n");
    expect(&f, ".", ".: b/ b/keep/ b/keep/x b-c dangling flink link round\n");
    expect(&f, "b", "b: keep/ keep/x\n");
    expect(&f, "b*", "b: keep/ keep/x\nb-c: b-c\n");
    expect(&f, "*.txt", "");
    expect_not_found(&f, "a.txt", "/a.txt");
    expect_not_found(&f, "flink", "/flink"); /* it leads to what is left out */
    expect_not_found(&f, "b/deep", "/b/deep");
    expect_not_found(&f, "empty", "/empty");
    assert_fails(select_in(&f, "a.txt", &s, &err), ERR_NOT_FOUND, "a.txt");
    assert_string_equal(err.hint, "the file is there, but .dockerignore leaves it out");
    build_selection_release(&s);
    end(&f);
}

static void test_excluded(void **state)
{
    struct fixture f = begin();

    (void)state;
    make_some();
    f.excludes = patterns("two\n**/er\n*.txt\n");
    expect(&f, "b", "b: deep/ one up\n");
    expect(&f, "a.txt", "a.txt: a.txt\n"); /* what is named is copied */
    expect(&f, "a*", "");
    end(&f);
}

static void test_parents(void **state)
{
    struct fixture f = begin();

    (void)state;
    make_some();
    f.parents = true;
    expect(&f, "b/deep/er/file", ".: b/ b/deep/ b/deep/er/ b/deep/er/file\n");
    expect(&f, "b/./deep/er", "b: deep/ deep/er/ deep/er/file\n");
    expect(&f, "b/*o*", ".: b/ b/one b/two\n");
    expect(&f, "**/file", ".: b/ b/deep/ b/deep/er/ b/deep/er/file\n");
    expect(&f, "none*", ".:\n");
    expect_not_found(&f, "b/none", "/b/none");
    f.excludes = patterns("**/er\n");
    expect(&f, "b/deep", ".: b/ b/deep/\n");
    end(&f);
}

static void test_many_and_deep(void **state)
{
    struct fixture f = begin();
    struct build_selection s;
    struct err err;
    int fd = dup(f.dir);

    (void)state;
    for (int i = 0; i < 300; i++) {
        int next;

        assert_int_equal(mkdirat(fd, "d", 0755), 0);
        next = openat(fd, "d", O_RDONLY | O_DIRECTORY);
        close(fd);
        fd = next;
    }
    close(fd);
    assert_fails(select_in(&f, ".", &s, &err), ERR_LIMIT, "nested");
    build_selection_release(&s);
    end(&f);
}

/* ---- what counts ---- */

static void test_digest(void **state)
{
    struct fixture f = begin();
    struct timespec old[2] = {{.tv_sec = 1}, {.tv_sec = 2}};

    (void)state;
    make("t/d/a", "a");
    make("t/d/sub/b", "b");
    forget_last();
    expect_other(&f, "d");
    expect_same(&f, "d");

    /* no time, no inode */
    assert_int_equal(utimensat(AT_FDCWD, "t/d/a", old, 0), 0);
    assert_int_equal(utimensat(AT_FDCWD, "t/d", old, 0), 0);
    expect_same(&f, "d");
    make("t/d/new", "a");
    assert_int_equal(rename("t/d/new", "t/d/a"), 0);
    expect_same(&f, "d");
    /* nor where a directory lies, nor its own mode */
    assert_int_equal(rename("t/d", "t/e"), 0);
    assert_int_equal(chmod("t/e", 0700), 0);
    expect_same(&f, "e");
    /* nor the owner, in a context */
    assert_int_equal(rename("t/e", "t/d"), 0);
    if (geteuid() == 0) {
        assert_int_equal(chown("t/d/a", 7, 8), 0);
        expect_same(&f, "d");
        f.owners = true;
        expect_other(&f, "d");
        assert_int_equal(chown("t/d/a", 7, 9), 0);
        expect_other(&f, "d");
        f.owners = false;
        expect_other(&f, "d");
    }

    /* content, mode, name; of directories as well */
    write_file("t/d/a", "A");
    expect_other(&f, "d");
    assert_int_equal(chmod("t/d/a", 0755), 0);
    expect_other(&f, "d");
    assert_int_equal(rename("t/d/a", "t/d/aa"), 0);
    expect_other(&f, "d");
    make("t/d/empty", NULL);
    expect_other(&f, "d");
    assert_int_equal(chmod("t/d/empty", 0700), 0);
    expect_other(&f, "d");
    assert_int_equal(symlink("x", "t/d/l"), 0);
    expect_other(&f, "d");
    assert_int_equal(unlink("t/d/l"), 0);
    assert_int_equal(symlink("y", "t/d/l"), 0);
    expect_other(&f, "d");
    assert_int_equal(link("t/d/aa", "t/d/z"), 0);
    expect_other(&f, "d");
    assert_int_equal(unlink("t/d/z"), 0);
    make("t/d/z", "A");
    assert_int_equal(chmod("t/d/z", 0755), 0);
    expect_other(&f, "d"); /* the same content, but a file of its own */
    if (setxattr("t/d/z", "user.x", "1", 1, 0) == 0) {
        expect_other(&f, "d");
        assert_int_equal(setxattr("t/d/z", "user.x", "2", 1, 0), 0);
        expect_other(&f, "d");
    }

    /* every source, and in which order */
    make("t/one", "same");
    make("t/two", "same");
    expect_other(&f, "one");
    expect_other(&f, "two"); /* its name is the target's, perhaps */
    expect_other(&f, "one two");
    expect_other(&f, "two one");
    forget_last();
    end(&f);
}

/* ---- what is remembered ---- */

static struct timespec long_ago(void)
{
    return (struct timespec){.tv_sec = 1000000};
}

/* Waits until the clock that files are dated with has moved on. */
static void let_settle(void)
{
    usleep(30000);
}

static void expect_remembered(const struct fixture *f, const char *path, bool expected)
{
    _cleanup_(files_table_free_cleanup) struct files_table *t = NULL;
    struct build_file_stat is;
    struct stat st;
    struct err err;

    assert_int_equal(stat(path, &st), 0);
    is = build_file_stat_of(&st);
    assert_ok(files_table_open(f->store, f->remember, &t, &err));
    assert_int_equal(files_table_find(t, path + strlen("t/"), &is) != NULL, expected);
}

static void damage_table(void)
{
    struct digest_computed d = digest_of("/somewhere", 10);
    _cleanup_free_ char *path = str_printf("root/build-cache/files/%s", d.digest.hex);
    int fd = open(path, O_WRONLY);

    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, "garbage", 7, 90), 7);
    close(fd);
}

static void test_remembered(void **state)
{
    struct fixture f = begin();
    struct timespec times[2] = {long_ago(), long_ago()};

    (void)state;
    f.remember = "/somewhere";
    make("t/a", "first");
    make("t/b", "b");
    let_settle();
    forget_last();
    expect_other(&f, ".");

    expect_remembered(&f, "t/a", true);
    expect_same(&f, ".");
    damage_table();
    expect_remembered(&f, "t/a", false);
    expect_same(&f, ".");
    expect_remembered(&f, "t/a", true);

    /* the same size and time of change of its content, but not of the inode */
    let_settle();
    write_file("t/a", "FIRST");
    assert_int_equal(utimensat(AT_FDCWD, "t/a", times, 0), 0);
    expect_other(&f, ".");
    let_settle();
    write_file("t/a", "other");
    assert_int_equal(utimensat(AT_FDCWD, "t/a", times, 0), 0);
    expect_other(&f, ".");
    expect_same(&f, ".");

    /* A change within the same tick of the clock, right after the look. */
    for (int i = 0; i < 200; i++) {
        char text[16];

        snprintf(text, sizeof(text), "%05d", i);
        write_file("t/a", text);
        expect_other(&f, ".");
    }
    expect_remembered(&f, "t/b", true);

    /* A part of the tree does not make the table forget the rest. */
    let_settle();
    expect_same(&f, ".");
    make("t/c", "c");
    let_settle();
    forget_last();
    expect_other(&f, "c");
    expect_remembered(&f, "t/b", true);
    expect_remembered(&f, "t/c", true);
    forget_last();
    end(&f);
}

/* What was changed as lately as it was looked at is not remembered, nor, where times have no fractions, what was
 * changed in the second before. */
static void test_settled(void **state)
{
    struct store *s = open_store();
    struct timespec now;
    static const char *const names[] = {"a", "b", "c", "d"};
    struct build_file files[4] = {{0}};
    struct files_table_writer *w;
    struct files_table *t;
    struct err err;

    (void)state;
    clock_gettime(CLOCK_REALTIME, &now);
    now.tv_nsec = 5;
    for (size_t i = 0; i < 4; i++) {
        files[i].path = names[i];
        files[i].st = (struct build_file_stat){.st_dev = 1, .st_ino = i + 1, .st_size = 1, .st_ctim = now};
    }
    files[0].st.st_ctim.tv_sec -= 10;
    files[1].st.st_ctim.tv_sec += 10; /* of another clock */
    files[2].st.st_ctim.tv_sec -= 1;
    files[2].st.st_ctim.tv_nsec = 0;
    files[3].st.st_ctim.tv_sec -= 4;
    files[3].st.st_ctim.tv_nsec = 0;
    assert_ok(files_table_open(s, "x", &t, &err));
    for (size_t i = 0; i < 4; i++)
        assert_null(files_table_find(t, names[i], &files[i].st));
    w = files_table_write(t);
    assert_non_null(w);
    for (size_t i = 0; i < 4; i++)
        files_table_put(w, &files[i]);
    files_table_written(w, true);
    files_table_free(t);
    assert_ok(files_table_open(s, "x", &t, &err));
    assert_non_null(files_table_find(t, "a", &files[0].st));
    assert_null(files_table_find(t, "b", &files[1].st));
    assert_null(files_table_find(t, "c", &files[2].st));
    assert_non_null(files_table_find(t, "d", &files[3].st));
    files[0].st.st_ctim.tv_nsec++;
    assert_null(files_table_find(t, "a", &files[0].st));
    files_table_free(t);
    store_free(s);
}

/* ---- a table of many blocks ---- */

enum { MANY = 20000 };

static struct build_file numbered(int i, char path[32])
{
    snprintf(path, 32, "d%03d/file-%05d", i / 100, i);
    return (struct build_file){.path = path,
                               .st = {.st_ino = (uint64_t)i + 1, .st_ctim = {.tv_sec = 1}},
                               .content = {(unsigned char)i, (unsigned char)(i >> 8)}};
}

/* Puts every file whose number `step` divides, as a build that saw these and no others. */
static void put_numbered(struct store *s, int step)
{
    struct files_table_writer *w;
    struct files_table *t;
    struct err err;
    char path[32];

    assert_ok(files_table_open(s, "many", &t, &err));
    assert_null(files_table_find(t, "nothing", &(struct build_file_stat){.st_ino = 0}));
    w = files_table_write(t);
    assert_non_null(w);
    for (int i = 0; i < MANY; i += step) {
        const struct build_file f = numbered(i, path);

        files_table_put(w, &f);
    }
    files_table_written(w, true);
    files_table_free(t);
}

static void expect_numbered(struct files_table *t, int i)
{
    char path[32];
    const struct build_file f = numbered(i, path);
    const unsigned char *found = files_table_find(t, path, &f.st);

    assert_non_null(found);
    assert_memory_equal(found, f.content, 2);
}

/* What the last build did not see is kept, whatever the order it is looked for in; a damaged block costs itself. */
static void test_table_of_many(void **state)
{
    struct store *s = open_store();
    struct digest_computed d = digest_of("many", 4);
    _cleanup_free_ char *path = str_printf("root/build-cache/files/%s", d.digest.hex);
    struct files_table *t;
    int fd, found = 0;
    struct err err;

    (void)state;
    put_numbered(s, 3);
    put_numbered(s, 1);
    put_numbered(s, 7);
    assert_ok(files_table_open(s, "many", &t, &err));
    for (int i = 0; i < MANY; i++)
        expect_numbered(t, i);
    for (int i = MANY - 1; i > 0; i -= 1 + i / 7)
        expect_numbered(t, i);
    assert_null(files_table_find(t, "d000/file", &(struct build_file_stat){.st_ino = 1}));
    assert_null(files_table_find(t, "zzz", &(struct build_file_stat){.st_ino = 1}));
    files_table_free(t);

    fd = open(path, O_WRONLY);
    assert_int_equal(pwrite(fd, "garbage", 7, 500000), 7);
    close(fd);
    assert_ok(files_table_open(s, "many", &t, &err));
    for (int i = 0; i < MANY; i++) {
        char name[32];
        const struct build_file f = numbered(i, name);

        found += files_table_find(t, name, &f.st) != NULL;
    }
    assert_in_range(found, MANY / 2, MANY - 1000);
    expect_numbered(t, 0);
    expect_numbered(t, MANY - 1);
    files_table_free(t);
    store_free(s);
}

/* Many files, read by more than one thread, give what one gives. */
static void test_threads(void **state)
{
    struct fixture f = begin();
    _cleanup_free_ char *large = mem_alloc(3 << 20);
    struct build_reading reading;
    struct build_selected source;
    struct build_selection s;
    struct build_file file;
    struct digest_computed d;
    struct err err;

    (void)state;
    memset(large, 'x', 3 << 20);
    large[(3 << 20) - 1] = 0;
    for (int i = 0; i < 50; i++) {
        _cleanup_free_ char *path = str_printf("t/f%02d", i);

        large[0] = (char)('a' + i % 26);
        write_file(path, i % 10 ? path : large);
    }
    assert_ok(select_in(&f, ".", &s, &err));
    assert_int_equal(s.n_files, 50);
    build_reading_begin(&reading, &s);
    assert_int_equal(build_reading_source(&reading, &source, &err), 1);
    for (int i = 0; i < 50; i++) {
        _cleanup_free_ char *path = NULL;
        char hex[65];

        assert_int_equal(build_reading_file(&reading, &file, &err), 1);
        path = str_printf("t/%s", file.path);

        large[0] = (char)('a' + i % 26);
        d = i % 10 ? digest_of(path, strlen(path)) : digest_of(large, (3 << 20) - 1);
        for (size_t j = 0; j < 32; j++)
            snprintf(hex + 2 * j, 3, "%02x", file.content[j]);
        assert_string_equal(hex, d.digest.hex);
    }
    build_reading_end(&reading);
    build_selection_release(&s);
    end(&f);
}

/* ---- lists ---- */

static char *list_of(const struct fixture *f, const char *sources)
{
    const struct build_tree tree = {f->dir, f->ignore, NULL, "context", false};
    _cleanup_strv_ char **kept = strv_split(sources, ' ');
    const struct build_select how = {.sources = kept, .wildcards = true, .list = true};
    struct build_selection s;
    struct err err;
    char *list;

    assert_ok(build_select(f->store, &tree, &how, &s, &err));
    list = str_dup(s.list);
    build_selection_release(&s);
    return list;
}

static void test_lists(void **state)
{
    struct fixture f = begin();
    _cleanup_free_ char *before = NULL, *now = NULL;
    _cleanup_buf_ struct buf text = BUF_INIT, few = BUF_INIT;
    struct err err;

    (void)state;
    make("t/b/one", "1");
    make("t/b/two", "2");
    make("t/b-c", "x");
    make("t/a", "a");
    make("t/mode", "m");
    make("t/kind", "k");
    before = list_of(&f, "b mode *[^m]* b");
    now = list_of(&f, "b mode *[^m]* b");
    assert_string_equal(before, now);
    assert_ok(build_files_differ(f.store, before, now, 10, &text, &err));
    assert_string_equal(buf_str(&text), "");
    write_file("t/b/two", "3");
    unlink("t/b-c");
    unlink("t/kind");
    make("t/kind", NULL);
    make("t/kind/below", "x");
    assert_int_equal(chmod("t/mode", 0755), 0);
    make("t/b/zz", "3");
    free(now);
    now = list_of(&f, ". b");
    free(before);
    unlink("t/b/zz");
    unlink("t/kind/below");
    rmdir("t/kind");
    make("t/kind", "k");
    make("t/b-c", "x");
    assert_int_equal(chmod("t/mode", 0644), 0);
    write_file("t/b/two", "2");
    before = list_of(&f, "b .");
    assert_ok(build_files_differ(f.store, before, now, 10, &text, &err));
    assert_string_equal(buf_str(&text), "b/two: changed\nb/zz: new\nb-c: gone\nkind: became something else\n"
                                        "kind/below: new\nmode: mode 0755, was 0644\n");
    assert_ok(build_files_differ(f.store, before, now, 2, &few, &err));
    assert_string_equal(buf_str(&few), "b/two: changed\nb/zz: new\nand 4 more\n");
    before[0] = before[0] == '0' ? '1' : '0';
    assert_fails(build_files_differ(f.store, before, now, 10, &text, &err), ERR_NOT_FOUND, "");
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(test_names),         scratch_test(test_links),         scratch_test(test_wildcards),
        scratch_test(test_ignored),       scratch_test(test_excluded),      scratch_test(test_parents),
        scratch_test(test_digest),        scratch_test(test_many_and_deep), scratch_test(test_remembered),
        scratch_test(test_threads),       scratch_test(test_lists),         scratch_test(test_settled),
        scratch_test(test_table_of_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
