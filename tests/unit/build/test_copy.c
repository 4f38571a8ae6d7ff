#include "copy_fixture.h"

#include <sys/xattr.h>

/* One COPY: what there is below, what is copied, and what is written or said. */
struct copy_case {
    const char *what;
    const char *below, *context;
    const char *sources; /* separated by spaces */
    const char *target, *working, *chown, *chmod;
    const char *expected; /* lines; or with `kind`, what the error says */
    int kind;
    bool parents, link, from;
};

static const struct copy_case cases[] = {
    {"a file to a new name", "", "f a A", "a", "/x/y", .expected = "d x 755 0:0\nf x/y 644 0:0 A\n"},
    {"a file into a new directory", "", "x a A", "a", "/x/", .expected = "d x 755 0:0\nf x/a 755 0:0 A\n"},
    {"a slash and a dot make a directory", "", "f a A", "a", "/x/.", .expected = "d x 755 0:0\nf x/a 644 0:0 A\n"},
    {"a file into a directory that is there", "d x 1777 5:6", "f a A", "a", "/x",
     .expected = "d x 1777 5:6\nf x/a 644 0:0 A\n"},
    {"a file over a file", "d x\nf x/a old", "f a A", "a", "/x/a", .expected = "d x 755 0:0\nf x/a 644 0:0 A\n"},
    {"a target with a slash that is a file", "f x old", "f a A", "a", "/x/", .kind = ERR_IO,
     .expected = "/x: Not a directory"},
    {"a file on the way", "f x old", "f a A", "a", "/x/y/z", .kind = ERR_IO, .expected = "/x: Not a directory"},
    {"a file in place of a directory", "d x\nd x/a", "f a A", "a", "/x", .kind = ERR_EXISTS,
     .expected = "cannot replace to directory /x/a with file"},
    {"a link to a directory on the way", "d usr\nd usr/lib\nl lib usr/lib", "f a A", "a", "/lib/a",
     .expected = "d usr 755 0:0\nd usr/lib 755 0:0\nf usr/lib/a 644 0:0 A\n"},
    {"a link to a directory as the target", "d usr\nd usr/lib\nl lib usr/lib", "f a A", "a", "/lib",
     .expected = "d usr 755 0:0\nd usr/lib 755 0:0\nf usr/lib/a 644 0:0 A\n"},
    {"a link to a file as the target", "d d\nf d/f old\nl d/x f", "f a A", "a", "/d/x",
     .expected = "d d 755 0:0\nf d/f 644 0:0 A\n"},
    {"a link to nothing as the target", "l x /y/../new/z", "f a A", "a", "/x",
     .expected = "d new 755 0:0\nf new/z 644 0:0 A\nd y 755 0:0\n"},
    {"a link in the directory is replaced", "d d\nf f old\nl d/a ../f", "f a A", "a", "/d",
     .expected = "d d 755 0:0\nf d/a 644 0:0 A\n"},
    {"links do not leave the root", "l x ../../../out", "f a A", "a", "/x/",
     .expected = "d out 755 0:0\nf out/a 644 0:0 A\n"},
    {"a circle of links", "l x y\nl y x", "f a A", "a", "/x/", .kind = ERR_IO, .expected = "Too many levels"},
    {"relative to the working directory", "d w\nd w/d", "f a A", "a", "d/b", "/w",
     .expected = "d w 755 0:0\nd w/d 755 0:0\nf w/d/b 644 0:0 A\n"},
    {"the working directory itself", "", "f a A", "a", ".", "/w", .expected = "d w 755 0:0\nf w/a 644 0:0 A\n"},
    {"above the working directory", "", "f a A", "a", "../b", "/w/v", .expected = "d w 755 0:0\nf w/b 644 0:0 A\n"},
    {"a directory's contents", "", "d d 700 7:7\nf d/a A\nd d/e 750 7:7\nf d/e/b B\nl d/l a", "d", "/x",
     .expected = "d x 755 0:0\nf x/a 644 0:0 A\nd x/e 750 0:0\nf x/e/b 644 0:0 B\nl x/l a\n"},
    {"everything", "", "f a A\nd d\nf d/b B", ".", ".", "/w",
     .expected = "d w 755 0:0\nf w/a 644 0:0 A\nd w/d 755 0:0\nf w/d/b 644 0:0 B\n"},
    {"an empty directory", "", "d d", "d", "/x/y", .expected = "d x 755 0:0\nd x/y 755 0:0\n"},
    {"into directories that are there", "d x 711 5:5\nd x/e 700 5:5\nf x/e/old O", "d d\nd d/e 750\nf d/e/b B", "d",
     "/x", .expected = "d x 711 5:5\nd x/e 750 0:0\nf x/e/b 644 0:0 B\n"},
    {"a directory onto a file", "f x old", "d d\nf d/a A", "d", "/x", .kind = ERR_IO,
     .expected = "/x: Not a directory"},
    {"a directory in place of a file", "d x\nf x/e old", "d d\nd d/e\nf d/e/a A", "d", "/x", .kind = ERR_EXISTS,
     .expected = "cannot copy to non-directory: /x/e"},
    {"a directory in place of a link", "d usr\nd usr/lib\nl lib usr/lib", "d d\nd d/lib\nf d/lib/a A", "d", "/",
     .kind = ERR_EXISTS, .expected = "cannot copy to non-directory: /lib"},
    {"into the root", "d x 711 5:5", "d d 700\nf d/a A", "d", "/", .expected = "f a 644 0:0 A\n"},
    {"several sources", "", "f a A\nf b B", "a b", "/x/",
     .expected = "d x 755 0:0\nf x/a 644 0:0 A\nf x/b 644 0:0 B\n"},
    {"several sources into what is there", "d x", "f a A\nf b B", "a b", "/x",
     .expected = "d x 755 0:0\nf x/a 644 0:0 A\nf x/b 644 0:0 B\n"},
    {"several sources over each other", "", "f a A\nf b B", "a b", "/x", .kind = ERR_INVALID,
     .expected = "more than one source file"},
    {"the later one counts", "", "d d\nf d/a old\nd d/e 700\nd e\nf e/a new\nd e/e 711\np e/p", "d e", "/x",
     .expected = "d x 755 0:0\nf x/a 644 0:0 new\nd x/e 711 0:0\np x/p 600 0:0\n"},
    {"a later directory over an earlier file", "", "d d\nf d/a old\nd e\nd e/a", "d e", "/x", .kind = ERR_EXISTS,
     .expected = "cannot copy to non-directory: /x/a"},
    {"a later file over an earlier directory", "", "d d\nf d/a old\nd e\nd e/a", "e d", "/x", .kind = ERR_EXISTS,
     .expected = "cannot replace to directory /x/a with file"},
    {"names that sort around a slash", "", "d d\nd d/a\nf d/a-b 1\nf d/a/x 2\nf d/a.c 3", "d", "/x",
     .expected = "d x 755 0:0\nd x/a 755 0:0\nf x/a/x 644 0:0 2\nf x/a-b 644 0:0 1\nf x/a.c 644 0:0 3\n"},
    {"an owner by name", "d etc\nf etc/passwd app:x:12:34::/:", "d d\nf d/a A", "d", "/x/y", .chown = "app",
     .expected = "d x 755 12:34\nd x/y 755 12:34\nf x/y/a 644 12:34 A\n"},
    {"an owner and a group", "d etc\nf etc/passwd app:x:12:34::/:\nf etc/group g:x:56:", "f a A", "a", "/a",
     .chown = "app:g", .expected = "f a 644 12:56 A\n"},
    {"a number is its own group", "d etc\nf etc/passwd app:x:12:34::/:", "f a A", "a", "/a", .chown = "12",
     .expected = "f a 644 12:12 A\n"},
    {"a group alone", "d etc\nf etc/group g:x:56:", "f a A", "a", "/a", .chown = ":g", .expected = "f a 644 0:56 A\n"},
    {"nobody", "", "f a A", "a", "/a", .chown = "app", .kind = ERR_INVALID, .expected = "unable to find user app"},
    {"a link has an owner", "", "l a b\nf b B", ".", "/x", .chown = "1:2",
     .expected = "d x 755 1:2\nl x/a b\nf x/b 644 1:2 B\n"},
    {"a mode, also of directories on the way", "d y", "d d 700\nx d/a A", "d", "/x/y", .chmod = "750",
     .expected = "d x 750 0:0\nd x/y 750 0:0\nf x/y/a 750 0:0 A\n"},
    {"a symbolic mode is of files alone", "", "d d 700\nd d/e 700\nx d/a A\nf d/b B", "d", "/x", .chmod = "go=rX,u+s",
     .expected = "d x 755 0:0\nf x/a 4755 0:0 A\nf x/b 4644 0:0 B\nd x/e 4755 0:0\n"},
    {"set-user-ID and an owner", "", "x a A", "a", "/x", .chown = "5", .chmod = "6755", .expected = "f x 6755 5:5 A\n"},
    {"--link looks at nothing", "d x 700 5:5\nl y x", "f a A", "a", "/y/", .chown = "3:4", .link = true,
     .expected = "d y 755 3:4\nf y/a 644 3:4 A\n"},
    {"--link knows no names", "d etc\nf etc/passwd app:x:12:34::/:", "f a A", "a", "/y/", .chown = "app", .link = true,
     .kind = ERR_INVALID, .expected = "with --link nothing of the image is looked at"},
    {"--parents", "", "d d 750\nd d/e 711\nf d/e/a A\nf b B", "d/e/a b", "/x/", .parents = true,
     .expected = "d x 755 0:0\nf x/b 644 0:0 B\nd x/d 750 0:0\nd x/d/e 711 0:0\nf x/d/e/a 644 0:0 A\n"},
    {"--parents from a pivot", "", "d d 750\nd d/e 711\nf d/e/a A", "d/./e/a", "/x/", .parents = true,
     .expected = "d x 755 0:0\nd x/e 711 0:0\nf x/e/a 644 0:0 A\n"},
    {"--parents of a directory", "", "d d 750\nd d/e 711\nf d/e/a A", "d/e", "/x/", .parents = true,
     .expected = "d x 755 0:0\nd x/d 750 0:0\nd x/d/e 711 0:0\nf x/d/e/a 644 0:0 A\n"},
};

static struct dockerfile_copy instruction(const struct copy_case *c)
{
    struct dockerfile_copy copy = {.target = str_dup(c->target),
                                   .chown = str_dup(c->chown),
                                   .chmod = str_dup(c->chmod),
                                   .parents = c->parents,
                                   .link = c->link};

    copy.sources = strv_split(c->sources, ' ');
    return copy;
}

static int copy(const struct copy_case *c, const struct build_step *step, int below, int context, int upper,
                struct err *err)
{
    struct build_tree tree = {.dir = context, .what = "context", .keep_owner = c->from};
    struct build_selection selection = BUILD_SELECTION_NONE;
    struct build_copy_job job = {.step = step,
                                 .tree = &tree,
                                 .selection = &selection,
                                 .below = c->link ? -1 : below,
                                 .upper = upper,
                                 .epoch = EPOCH};
    int r;

    STRV_FOREACH (source, step->copy.sources)
        select_source(&selection, context, *source, c->parents);
    r = build_copy(&job, err);
    assert_false(job.changed);
    build_selection_release(&selection);
    return r;
}

static void run_case(const struct copy_case *c, size_t i)
{
    _cleanup_free_ char *dir = str_printf("%zu", i);
    struct build_step step = {.copy = instruction(c), .directory = str_dup(c->working ? c->working : "/")};
    _cleanup_buf_ struct buf got = BUF_INIT;
    struct err err = ERR_INIT;
    int below, context, upper, r;

    print_message("%s\n", c->what);
    assert_int_equal(mkdir(dir, 0755), 0);
    assert_int_equal(chdir(dir), 0);
    below = make_tree("below", c->below);
    context = make_tree("context", c->context);
    upper = make_tree("upper", "");
    r = copy(c, &step, below, context, upper, &err);
    assert_int_equal(r, c->kind);
    if (!c->kind) {
        show_names(upper, "", &got);
        assert_string_equal(buf_str(&got), c->expected);
    } else if (!strstr(err.text, c->expected)) {
        fail_msg("%s: %s", c->what, err.text);
    }
    close(below);
    close(context);
    close(upper);
    assert_int_equal(chdir(".."), 0);
    free(step.copy.target);
    free(step.copy.chown);
    free(step.copy.chmod);
    strv_free(step.copy.sources);
    free(step.directory);
}

static bool no_root(void)
{
    if (geteuid() == 0)
        return false;
    print_message("owners can only be given by root\n");
    return true;
}

static void test_cases(void **state)
{
    (void)state;
    if (no_root())
        skip();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        run_case(&cases[i], i);
}

static void test_make_directory(void **state)
{
    int below, upper, empty;
    _cleanup_buf_ struct buf got = BUF_INIT;
    struct err err;

    (void)state;
    if (no_root())
        skip();
    below = make_tree("below", "d w 750 5:5\nl l w\nf f F\nd etc\nf etc/passwd app:x:12:34::/:");
    upper = make_tree("upper", "");
    empty = make_tree("empty", "");
    assert_ok(build_make_directory(below, empty, "/w", NULL, EPOCH, &err));
    show_names(empty, "", &got);
    assert_string_equal(buf_str(&got), "");
    assert_ok(build_make_directory(below, upper, "/l/a", "", EPOCH, &err));
    assert_ok(build_make_directory(below, upper, "/n/a", "app", EPOCH, &err));
    assert_ok(build_make_directory(below, upper, "/m", "unknown", EPOCH, &err));
    assert_fails(build_make_directory(below, upper, "/f/a", NULL, EPOCH, &err), ERR_IO, "/f: Not a directory");
    show_names(upper, "", &got);
    assert_string_equal(buf_str(&got), "d m 755 0:0\nd n 755 12:34\nd n/a 755 12:34\nd w 750 5:5\nd w/a 755 0:0\n");
    close(below);
    close(upper);
    close(empty);
}

/* A thousand files, one that changed since it was selected, and one that went. */
static void test_many(void **state)
{
    enum { DIRECTORIES = 30, FILES = 33 };
    struct build_step step = {.directory = (char *)"/", .copy = {.target = (char *)"/x/", .chown = (char *)"3:4"}};
    struct build_selection selection = BUILD_SELECTION_NONE;
    struct build_tree tree = {.what = "context"};
    volatile sig_atomic_t stop = 0;
    struct build_copy_job job = {
        .step = &step, .tree = &tree, .selection = &selection, .below = -1, .epoch = EPOCH, .stop = &stop};
    struct stat st;
    struct err err;

    (void)state;
    if (no_root())
        skip();
    tree.dir = make_tree("context", "f hole ");
    assert_int_equal(truncate("context/hole", 1 << 30), 0);
    for (int d = 0; d < DIRECTORIES; d++) {
        char path[64], text[64];

        snprintf(path, sizeof(path), "context/d%02d", d);
        assert_int_equal(mkdir(path, 0755), 0);
        for (int f = 0; f < FILES; f++) {
            snprintf(path, sizeof(path), "context/d%02d/f%d", d, f);
            snprintf(text, sizeof(text), "text of %d %d", d, f);
            write_file(path, text);
        }
    }
    job.upper = make_tree("upper", "");
    select_source(&selection, tree.dir, ".", false);
    assert_ok(build_copy(&job, &err));
    assert_false(job.changed);
    for (int d = 0; d < DIRECTORIES; d++)
        for (int f = 0; f < FILES; f++) {
            char path[64], text[64];

            snprintf(path, sizeof(path), "upper/x/d%02d/f%d", d, f);
            snprintf(text, sizeof(text), "text of %d %d", d, f);
            expect_file(path, text);
            assert_int_equal(stat(path, &st), 0);
            assert_true(st.st_uid == 3 && st.st_gid == 4 && st.st_mtime == EPOCH);
        }
    assert_int_equal(stat("upper/x/hole", &st), 0);
    assert_true(st.st_size == 1 << 30 && st.st_blocks < 100);

    write_file("context/d29/f0", "another");
    assert_ok(build_copy(&job, &err));
    assert_true(job.changed);
    assert_int_equal(unlink("context/d29/f0"), 0);
    assert_fails(build_copy(&job, &err), ERR_NOT_FOUND, "d29/f0 of context");
    stop = 1;
    assert_fails(build_copy(&job, &err), ERR_INTERRUPTED, "interrupted");
    build_selection_release(&selection);
    close(tree.dir);
    close(job.upper);
}

/* What a layer keeps goes along, and what only overlayfs reads does not. */
static void test_attributes(void **state)
{
    static const char capability[20] = {1, 0, 0, 2, 0, 4}; /* cap_net_bind_service, permitted and effective */
    const struct copy_case c = {.sources = "a d", .target = "/x/", .chown = "1:1"};
    struct build_step step = {.copy = instruction(&c), .directory = (char *)"/"};
    int below, context, upper;
    char value[32];
    struct err err;

    (void)state;
    if (no_root())
        skip();
    below = make_tree("below", "d x");
    context = make_tree("context", "x a A\nd d\nd d/e\nf d/e/f F");
    upper = make_tree("upper", "");
    if (setxattr("context/a", "security.capability", capability, sizeof(capability), 0) < 0 ||
        setxattr("below/x", "user.kept", "k", 1, 0) < 0) {
        print_message("this file system has no attributes\n");
        skip();
    }
    assert_int_equal(setxattr("context/d/e", "user.mine", "m", 1, 0), 0);
    assert_int_equal(setxattr("context/d/e", "trusted.overlay.opaque", "y", 1, 0), 0);
    assert_int_equal(setxattr("context/d/e/f", "user.overlay.whiteout", "y", 1, 0), 0);
    assert_ok(copy(&c, &step, below, context, upper, &err));
    assert_int_equal(getxattr("upper/x/a", "security.capability", value, sizeof(value)), sizeof(capability));
    assert_int_equal(getxattr("upper/x", "user.kept", value, sizeof(value)), 1);
    assert_int_equal(getxattr("upper/x/e", "user.mine", value, sizeof(value)), 1);
    assert_true(getxattr("upper/x/e", "trusted.overlay.opaque", value, sizeof(value)) < 0);
    assert_true(getxattr("upper/x/e/f", "user.overlay.whiteout", value, sizeof(value)) < 0);
    close(below);
    close(context);
    close(upper);
    free(step.copy.target);
    free(step.copy.chown);
    strv_free(step.copy.sources);
}

static void test_hard_links(void **state)
{
    const struct copy_case c = {.sources = ".", .target = "/x/"};
    struct build_step step = {.copy = instruction(&c), .directory = (char *)"/"};
    int below, context, upper;
    struct stat a, b;
    struct err err;

    (void)state;
    if (no_root())
        skip();
    below = make_tree("below", "");
    context = make_tree("context", "d d\nf d/a A\nh b d/a\nh d/c d/a");
    upper = make_tree("upper", "");
    assert_ok(copy(&c, &step, below, context, upper, &err));
    assert_int_equal(stat("upper/x/b", &a), 0);
    assert_int_equal(stat("upper/x/d/c", &b), 0);
    assert_true(a.st_ino == b.st_ino && a.st_nlink == 3);
    close(below);
    close(context);
    close(upper);
    free(step.copy.target);
    strv_free(step.copy.sources);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(test_cases),      scratch_test(test_make_directory), scratch_test(test_many),
        scratch_test(test_attributes), scratch_test(test_hard_links),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
