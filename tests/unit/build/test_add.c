#include "copy_fixture.h"

/* One ADD of a file: an archive that `make` makes of the tree `content`, as context/a. */
struct add_case {
    const char *what;
    const char *below, *content, *make;
    const char *target, *chown;
    const char *expected;
    int kind;
    bool keep; /* --unpack=false */
};

#define TAR      "tar -C content --numeric-owner -cf context/a ."
#define EXPECTED "d x 755 0:0\nd x/d 750 3:4\nf x/d/f 644 0:0 F\nl x/d/l f\n"
#define CONTENT  "d d 750 3:4\nf d/f F\nl d/l f"

static const struct add_case cases[] = {
    {"a tar", "", CONTENT, TAR, "/x", .expected = EXPECTED},
    {"with a slash", "", CONTENT, TAR, "/x/", .expected = EXPECTED},
    {"gzip", "", CONTENT, TAR " -z", "/x", .expected = EXPECTED},
    {"bzip2", "", CONTENT, TAR " -j", "/x", .expected = EXPECTED},
    {"xz", "", CONTENT, TAR " -J", "/x", .expected = EXPECTED},
    {"xz, damaged in the middle", "", CONTENT,
     "dd if=/dev/urandom of=content/r bs=1k count=64 2>/dev/null; " TAR " -J; truncate -s 30000 context/a", "/x",
     .kind = ERR_CORRUPT, .expected = "a: "},
    {"a name as of another compression", "", "f LZIP F", "tar -C content -cf context/a LZIP", "/x",
     .expected = "d x 755 0:0\nf x/LZIP 644 0:0 F\n"},
    {"not to be unpacked", "", "", "printf BZhello >context/a", "/x", .keep = true,
     .expected = "f x 644 0:0 BZhello\n"},
    {"no archive", "", "", "printf hello >context/a", "/x/", .expected = "d x 755 0:0\nf x/a 644 0:0 hello\n"},
    {"nothing at all", "", "", ": >context/a", "/x/", .expected = "d x 755 0:0\nf x/a 644 0:0 \n"},
    {"looks like bzip2", "", "", "printf BZhello >context/a", "/x", .expected = "f x 644 0:0 BZhello\n"},
    {"damaged in the middle", "", CONTENT,
     "dd if=/dev/urandom of=content/r bs=1k count=64 2>/dev/null; " TAR " -z; truncate -s 30000 context/a", "/x",
     .kind = ERR_CORRUPT, .expected = "a: "},
    {"an owner", "d x 700 9:9", CONTENT, "tar -C content --numeric-owner -cf context/a d", "/x", .chown = "7:8",
     .expected = "d x 700 9:9\nd x/d 750 7:8\nf x/d/f 644 7:8 F\nl x/d/l f\n"},
    {"the target as the archive has it", "d x 700 9:9", "f f F", TAR, "/x",
     .expected = "d x 755 0:0\nf x/f 644 0:0 F\n"},
    {"through links below", "d usr\nd usr/lib 711\nl lib /usr/lib", "d lib\nf lib/f F",
     "tar -C content -cf context/a lib/f", "/",
     .expected = "d usr 755 0:0\nd usr/lib 711 0:0\nf usr/lib/f 644 0:0 F\n"},
    {"links stay in the target", "d x\nl x/out ../../etc\nd etc", "d out\nf out/f F",
     "tar -C content -cf context/a out/f", "/x", .expected = "d x 755 0:0\nd x/etc 755 0:0\nf x/etc/f 644 0:0 F\n"},
    {"a file in place of a directory", "d x\nd x/d\nf x/d/old O", "f d F", "tar -C content -cf context/a d", "/x",
     .expected = "d x 755 0:0\nf x/d 644 0:0 F\n"},
    {"a directory in place of a file", "d x\nf x/d O", "d d", "tar -C content -cf context/a d", "/x",
     .expected = "d x 755 0:0\nd x/d 755 0:0\n"},
    {"a directory in place of a link", "d x\nd x/e\nl x/d e", "d d\nf d/f F", "tar -C content -cf context/a d", "/x",
     .expected = "d x 755 0:0\nd x/d 755 0:0\nf x/d/f 644 0:0 F\n"},
    {"a directory, a file and a directory again", "d x\nd x/d\nf x/d/old O", "d d\nd e\nf e/d F",
     "tar -C content -cf context/a d && tar -C content/e -rf context/a d && tar -C content -rf context/a d", "/x",
     .expected = "d x 755 0:0\nopaque d x/d 755 0:0\n"},
    {"a name that leaves", "", "f f F", "tar -C content -P -cf context/a --transform 's,^,../,' f", "/x",
     .kind = ERR_CORRUPT, .expected = "a: "},
    {"absolute names", "", "f f F", "tar -C content -P -cf context/a --transform 's,^,/,' f", "/x",
     .expected = "d x 755 0:0\nf x/f 644 0:0 F\n"},
};

/* All that lies in archives has one time. */
static void make_old(const char *dir)
{
    _cleanup_free_ char *command = str_printf("find %s -exec touch -hd @%d {} +", dir, OLD);

    assert_int_equal(system(command), 0);
}

static int add(const struct add_case *c, int below, int context, int upper, struct err *err)
{
    bool unpack = !c->keep;
    struct build_step step = {
        .directory = (char *)"/",
        .copy = {
            .add = true, .target = (char *)c->target, .chown = (char *)c->chown, .unpack = c->keep ? &unpack : NULL}};
    struct build_tree tree = {.dir = context, .what = "context"};
    struct build_selection selection = BUILD_SELECTION_NONE;
    struct build_copy_job job = {
        .step = &step, .tree = &tree, .selection = &selection, .below = below, .upper = upper, .epoch = EPOCH};
    int r;

    select_source(&selection, context, "a", false);
    r = build_copy(&job, err);
    assert_false(job.changed);
    build_selection_release(&selection);
    return r;
}

static void run_case(const struct add_case *c, size_t i)
{
    _cleanup_free_ char *dir = str_printf("%zu", i);
    _cleanup_buf_ struct buf got = BUF_INIT;
    struct err err = ERR_INIT;
    int below, context, upper, content, r;

    print_message("%s\n", c->what);
    assert_int_equal(mkdir(dir, 0755), 0);
    assert_int_equal(chdir(dir), 0);
    below = make_tree("below", c->below);
    content = make_tree("content", c->content);
    context = make_tree("context", "");
    upper = make_tree("upper", "");
    make_old("content");
    assert_int_equal(system(c->make), 0);
    r = add(c, below, context, upper, &err);
    if (r != c->kind)
        fail_msg("%s: %s", c->what, err.text);
    if (!c->kind) {
        show_names(upper, "", &got);
        assert_string_equal(buf_str(&got), c->expected);
    } else if (!strstr(err.text, c->expected)) {
        fail_msg("%s: %s", c->what, err.text);
    }
    close(below);
    close(content);
    close(context);
    close(upper);
    assert_int_equal(chdir(".."), 0);
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

static void test_hard_links(void **state)
{
    const struct add_case c = {.target = "/"};
    struct stat a, b, d;
    struct err err;
    int below, context, upper;

    (void)state;
    if (no_root())
        skip();
    below = make_tree("below", "d e\nf e/old O");
    context = make_tree("context", "");
    upper = make_tree("upper", "");
    close(make_tree("content", "d e\nf e/old x\nh e/new e/old\nf f F\nd d\nh d/g f"));
    assert_int_equal(system("tar -C content -cf context/a f d e && tar --delete -f context/a e/old e/new && "
                            "tar -C content -cf b.tar e/old e/new && tar --delete -f b.tar e/old && "
                            "tar -A -f context/a b.tar"),
                     0);
    /* Where tar cannot take the first one out, the second one is the file. */
    assert_ok(add(&c, below, context, upper, &err));
    assert_int_equal(fstatat(upper, "f", &a, 0), 0);
    assert_int_equal(fstatat(upper, "d/g", &b, 0), 0);
    assert_true(a.st_ino == b.st_ino);
    assert_int_equal(fstatat(upper, "e/new", &d, 0), 0);
    assert_int_equal(fstatat(upper, "e/old", &a, 0), 0);
    assert_true(a.st_ino == d.st_ino && a.st_size == 1);
    close(below);
    close(context);
    close(upper);
}

/* Of the one child of this process. */
static void look_at_child(int64_t files, int64_t bytes, void *data)
{
    _cleanup_buf_ struct buf children = BUF_INIT_MAX(100), status = BUF_INIT_MAX(8192);
    _cleanup_free_ char *path = NULL;
    bool *confined = data;

    (void)bytes;
    if (files == 0 || *confined)
        return;
    path = str_printf("/proc/self/task/%d/children", getpid());
    assert_int_equal(fd_read_file(AT_FDCWD, path, &children, NULL), 0);
    if (!children.len) /* the last word is this process's own */
        return;
    str_replace(&path, str_printf("/proc/%ld/status", strtol(buf_str(&children), NULL, 10)));
    assert_int_equal(fd_read_file(AT_FDCWD, path, &status, NULL), 0);
    *confined = strstr(buf_str(&status), "\nSeccomp:\t2\n") && strstr(buf_str(&status), "\nNoNewPrivs:\t1\n");
}

/* Whoever reads the archive is another process, and has nothing to gain. */
static void test_confined(void **state)
{
    bool confined = false;
    struct build_step step = {.directory = (char *)"/", .copy = {.add = true, .target = (char *)"/"}};
    struct build_selection selection = BUILD_SELECTION_NONE;
    struct build_tree tree = {.what = "context"};
    struct build_copy_job job = {.step = &step,
                                 .tree = &tree,
                                 .selection = &selection,
                                 .below = -1,
                                 .epoch = EPOCH,
                                 .progress = look_at_child,
                                 .data = &confined};
    struct err err;

    (void)state;
    if (no_root())
        skip();
    tree.dir = make_tree("context", "");
    job.upper = make_tree("upper", "");
    assert_int_equal(system("mkdir content && touch content/f$(seq -s ' content/f' 100) && "
                            "tar -C content -cJf context/a ."),
                     0);
    select_source(&selection, tree.dir, "a", false);
    assert_ok(build_copy(&job, &err));
    assert_true(confined);
    assert_int_equal(faccessat(job.upper, "f100", F_OK, 0), 0);
    build_selection_release(&selection);
    close(tree.dir);
    close(job.upper);
}

static int open_text(const char *text)
{
    int fd;

    write_file("fetched", text);
    fd = open("fetched", O_RDONLY);
    assert_true(fd >= 0);
    return fd;
}

static void test_fetched(void **state)
{
    struct build_step step = {.directory = (char *)"/", .copy = {.add = true, .target = (char *)"/x/"}};
    struct build_copy_job job = {.step = &step, .below = -1, .epoch = EPOCH};
    struct build_fetched *f = VEC_PUSH(&job.fetched);
    _cleanup_buf_ struct buf got = BUF_INIT;
    struct err err;

    (void)state;
    if (no_root())
        skip();
    job.upper = make_tree("upper", "");
    *f = (struct build_fetched){.fd = open_text("bytes"), .name = (char *)"n", .time = OLD};
    assert_ok(build_copy(&job, &err));
    f->name = NULL;
    assert_fails(build_copy(&job, &err), ERR_INVALID, "no name");
    close(f->fd);
    f->fd = -1;
    f->repository.dir = make_tree("repository", "d d 711\nf d/f F\nf r R\nl l r");
    assert_ok(build_copy(&job, &err));
    show_names(job.upper, "", &got);
    assert_string_equal(buf_str(&got), "d x 755 0:0\nd x/d 711 0:0\nf x/d/f 644 0:0 F\nl x/l r\n"
                                       "f x/n 600 0:0 bytes\nf x/r 644 0:0 R\n");
    close(f->repository.dir);
    close(job.upper);
    free(job.fetched.v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(test_cases),
        scratch_test(test_hard_links),
        scratch_test(test_confined),
        scratch_test(test_fetched),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
