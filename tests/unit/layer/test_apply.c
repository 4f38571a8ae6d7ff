#include "apply.h"

#include "layer/manifest.h"

#include <sys/sysmacros.h>
#include <sys/xattr.h>

static void apply_again(const struct buf *b)
{
    assert_int_equal(system("rm -rf tree"), 0);
    apply_ok(b);
}

static const char *describe_other(const struct stat *st, const char *path, char out[300])
{
    char target[200] = "";

    if (S_ISLNK(st->st_mode)) {
        assert_true(readlink(path, target, sizeof(target) - 1) >= 0);
        snprintf(out, 300, "link %s", target);
    } else if (S_ISCHR(st->st_mode) && st->st_rdev == 0) {
        snprintf(out, 300, "whiteout");
    } else if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode)) {
        snprintf(out, 300, "%s %04o %u:%u", S_ISCHR(st->st_mode) ? "char" : "block", st->st_mode & 07777,
                 major(st->st_rdev), minor(st->st_rdev));
    } else {
        snprintf(out, 300, "fifo %04o", st->st_mode & 07777);
    }
    return out;
}

/* What is there in a few words: "file 0644 CONTENT", "dir 0755", "dir 0755 opaque", "link TARGET", "whiteout", "none".
 */
static const char *describe(const char *path)
{
    static char out[300];
    _cleanup_buf_ struct buf content = BUF_INIT_MAX(1 << 20);
    char opaque[2];
    struct stat st;

    if (lstat(path, &st) < 0)
        return "none";
    if (S_ISREG(st.st_mode)) {
        assert_int_equal(fd_read_file(AT_FDCWD, path, &content, NULL), 0);
        snprintf(out, sizeof(out), "file %04o %s", st.st_mode & 07777, buf_str(&content));
    } else if (S_ISDIR(st.st_mode)) {
        ssize_t n = getxattr(path, "user.overlay.opaque", opaque, sizeof(opaque));

        snprintf(out, sizeof(out), "dir %04o%s", st.st_mode & 07777, n == 1 && *opaque == 'y' ? " opaque" : "");
    } else {
        describe_other(&st, path, out);
    }
    return out;
}

#define assert_is(path, what) assert_string_equal(describe(path), what)

static void assert_time(const char *path, int64_t sec, long nsec)
{
    struct stat st;

    assert_int_equal(lstat(path, &st), 0);
    assert_int_equal(st.st_mtim.tv_sec, sec);
    assert_int_equal(st.st_mtim.tv_nsec, nsec);
}

/* Fails with ERR_CORRUPT naming `part`, and nothing outside the tree was touched. */
static void check_refused(const struct buf *b, const char *part)
{
    struct err err = ERR_INIT;

    assert_int_equal(system("rm -rf tree outside && mkdir outside && echo -n precious >outside/file"), 0);
    assert_fails(apply(b, NULL, &err), ERR_CORRUPT, part);
    assert_is("outside/file", "file 0644 precious");
    assert_int_equal(system("test \"$(ls outside | wc -l)\" = 1 && test ! -e escaped"), 0);
}

static void test_simple(void **state _unused_)
{
    _cleanup_buf_ struct buf b = BUF_INIT, z = BUF_INIT;
    struct layer_applied got;
    struct digest_computed d;
    struct err err = ERR_INIT;

    tar_dir(&b, "./", .mode = 0700);
    tar_dir(&b, "etc/", .mtime = 1000);
    tar_file(&b, "./etc/passwd", "root", .mtime = 2000, .mode = 0600);
    tar_file(&b, "/etc//group", "staff", .mode = 04755);
    tar_add(&b, .name = "etc/link", .type = '2', .link = "../../x y", .mtime = 3000, .mode = 0777);
    tar_add(&b, .name = "etc/hard", .type = '1', .link = "/etc/passwd");
    tar_add(&b, .name = "etc/hard-to-link", .type = '1', .link = "etc/link");
    tar_add(&b, .name = "etc/fifo", .type = '6', .mode = 0640, .mtime = 4000);
    tar_pax(&b, "mtime", "-7.25", 5);
    tar_dir(&b, "var");
    tar_file(&b, "var/../deep/er/file", "d", .mtime = 5000);
    tar_end(&b);
    gzip_member(&z, b.p, b.len, NULL);
    assert_ok(apply(&z, &got, &err));
    assert_ok(digest_compute(DIGEST_SHA256, b.p, b.len, &d, &err));
    assert_ok(digest_verify(&d.digest, d.size, &got.diff_id, &err));
    assert_int_equal(got.compressed, z.len);
    assert_int_equal(got.bytes, 10);
    assert_int_equal(got.members, 9);
    assert_int_equal(got.left_out, 0);
    assert_is("tree", "dir 0755"); /* its attributes are not the tar's */
    assert_is("tree/etc", "dir 0755");
    assert_time("tree/etc", 1000, 0);
    assert_is("tree/etc/passwd", "file 0600 root");
    assert_time("tree/etc/passwd", 2000, 0);
    assert_is("tree/etc/group", "file 4755 staff");
    assert_is("tree/etc/link", "link ../../x y");
    assert_time("tree/etc/link", 3000, 0);
    assert_is("tree/etc/hard", "file 0600 root");
    assert_is("tree/etc/hard-to-link", "link ../../x y");
    assert_is("tree/etc/fifo", "fifo 0640");
    assert_time("tree/etc/fifo", 4000, 0);
    assert_time("tree/var", -8, 750000000);
    assert_is("tree/deep/er/file", "file 0644 d");
    assert_is("tree/deep/er", "dir 0755");
    assert_time("tree/deep", 0, 0);
    assert_is("tree/var/deep", "none");
}

static void test_modes_whatever_the_umask(void **state _unused_)
{
    _cleanup_buf_ struct buf b = BUF_INIT;
    mode_t old = umask(077);

    tar_file(&b, "open", "", .mode = 0666);
    tar_file(&b, "none", "", .mode = 01000);
    tar_dir(&b, "tmp", .mode = 01777);
    tar_file(&b, "missing/parent", "");
    apply_ok(&b);
    assert_int_equal(umask(old), 077);
    assert_is("tree/open", "file 0666 ");
    assert_is("tree/tmp", "dir 1777");
    assert_is("tree/missing", "dir 0755");
}

static void test_whiteouts(void **state _unused_)
{
    _cleanup_buf_ struct buf b = BUF_INIT;

    tar_file(&b, "d/.wh.gone", "");
    tar_file(&b, ".wh.before", "");
    tar_file(&b, "before", "new");
    tar_file(&b, "after", "new");
    tar_file(&b, ".wh.after", "");
    tar_file(&b, ".wh.dir-before", "");
    tar_file(&b, "dir-before/x", "new");
    tar_dir(&b, "dir-after");
    tar_file(&b, "dir-after/x", "new");
    tar_file(&b, ".wh.dir-after", "");
    tar_file(&b, ".wh.explicit", "");
    tar_dir(&b, "explicit", .mode = 0711);
    tar_file(&b, ".wh.", "no whiteout");
    tar_file(&b, "d/.wh.gone", "twice");
    tar_file(&b, ".wh..wh.plnk", "");
    tar_file(&b, ".wh..wh.aufs/x", "");
    apply_ok(&b);
    assert_is("tree/d/gone", "whiteout");
    assert_int_equal(getxattr("tree/d", "user.overlay.origin", NULL, 0), 0); /* or readdir shows the whiteout */
    assert_is("tree/before", "file 0644 new");
    assert_is("tree/after", "file 0644 new");
    assert_is("tree/dir-before", "dir 0755 opaque");
    assert_is("tree/dir-before/x", "file 0644 new");
    assert_is("tree/dir-after", "dir 0755 opaque");
    assert_is("tree/dir-after/x", "file 0644 new");
    assert_is("tree/explicit", "dir 0711 opaque");
    assert_is("tree/.wh.", "file 0644 no whiteout");
    assert_is("tree/d/.wh.gone", "none");
    assert_is("tree/.wh..wh.plnk", "none");
    assert_is("tree/.wh..wh.aufs", "none");
}

static void test_opaque(void **state _unused_)
{
    _cleanup_buf_ struct buf b = BUF_INIT;
    _cleanup_fd_ int tree = -1, plain = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    tar_file(&b, "a/new", "new");
    tar_file(&b, "a/.wh..wh..opq", "");
    tar_file(&b, "b/.wh..wh..opq", "");
    tar_dir(&b, "b", .mode = 0700);
    tar_file(&b, "b/new", "new");
    tar_file(&b, ".wh..wh..opq", "");
    apply_ok(&b);
    assert_is("tree/a", "dir 0755 opaque");
    assert_is("tree/a/new", "file 0644 new");
    assert_is("tree/b", "dir 0700 opaque");
    assert_is("tree/b/new", "file 0644 new");
    tree = open("tree", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(layer_tree_opaque(tree));
    assert_false(layer_tree_opaque(plain));
}

static void test_marks_follow_no_links(void **state _unused_)
{
    _cleanup_buf_ struct buf b = BUF_INIT;

    tar_dir(&b, "real");
    tar_file(&b, "real/x", "stays");
    tar_add(&b, .name = "link", .type = '2', .link = "real");
    tar_file(&b, "link/.wh..wh..opq", "");
    tar_file(&b, "link/.wh.y", "");
    tar_file(&b, "link/z", "through");
    apply_ok(&b);
    assert_is("tree/real", "dir 0755");
    assert_is("tree/real/y", "none");
    assert_is("tree/real/x", "file 0644 stays");
    assert_is("tree/real/z", "file 0644 through");
    assert_is("tree/link", "link real");
}

static void test_replacement(void **state _unused_)
{
    _cleanup_buf_ struct buf b = BUF_INIT;

    tar_file(&b, "file-dir", "old");
    tar_dir(&b, "file-dir");
    tar_file(&b, "file-dir/x", "new");
    tar_file(&b, "dir-file/deep/x", "old");
    tar_file(&b, "dir-file", "new");
    tar_file(&b, "again", "old content", .mode = 0600);
    tar_file(&b, "again", "new", .mode = 0644);
    tar_file(&b, "shared", "one");
    tar_add(&b, .name = "other", .type = '1', .link = "shared");
    tar_file(&b, "shared", "two"); /* a new file: the other name keeps the old one */
    tar_add(&b, .name = "other-self", .type = '1', .link = "other");
    tar_add(&b, .name = "other", .type = '1', .link = "other-self"); /* already so */
    tar_add(&b, .name = "link", .type = '2', .link = "again");
    tar_file(&b, "link", "not through the link");
    tar_add(&b, .name = "to", .type = '2', .link = "one");
    tar_file(&b, "one/1", "1");
    tar_file(&b, "two/2", "2");
    tar_file(&b, "to/x", "x");
    tar_add(&b, .name = "to", .type = '2', .link = "two"); /* what was known about to/ no longer holds */
    tar_file(&b, "to/y", "y");
    tar_dir(&b, "dir", .mtime = 5);
    tar_dir(&b, "dir", .mode = 0700, .mtime = 6);
    apply_ok(&b);
    assert_is("tree/file-dir", "dir 0755 opaque");
    assert_is("tree/file-dir/x", "file 0644 new");
    assert_is("tree/dir-file", "file 0644 new");
    assert_is("tree/again", "file 0644 new");
    assert_is("tree/shared", "file 0644 two");
    assert_is("tree/other", "file 0644 one");
    assert_is("tree/other-self", "file 0644 one");
    assert_is("tree/link", "file 0644 not through the link");
    assert_is("tree/one/x", "file 0644 x");
    assert_is("tree/one/y", "none");
    assert_is("tree/two/y", "file 0644 y");
    assert_is("tree/dir", "dir 0700");
    assert_time("tree/dir", 6, 0);
}

static void test_links_lead_nowhere_but_into_the_tree(void **state _unused_)
{
    _cleanup_buf_ struct buf b = BUF_INIT;

    tar_dir(&b, "usr/lib");
    tar_add(&b, .name = "lib", .type = '2', .link = "usr/lib");
    tar_file(&b, "lib/x", "relative");
    tar_add(&b, .name = "abs", .type = '2', .link = "/usr/lib");
    tar_file(&b, "abs/y", "absolute");
    tar_add(&b, .name = "up", .type = '2', .link = "../../../../usr");
    tar_file(&b, "up/lib/z", "stops at the root");
    tar_add(&b, .name = "hard", .type = '1', .link = "abs/x");
    apply_ok(&b);
    assert_is("tree/usr/lib/x", "file 0644 relative");
    assert_is("tree/usr/lib/y", "file 0644 absolute");
    assert_is("tree/usr/lib/z", "file 0644 stops at the root");
    assert_is("tree/hard", "file 0644 relative");
}

static void test_names_that_leave_the_tree(void **state _unused_)
{
    static const char *const names[] = {
        "..", "../escaped", "/../escaped", "a/../../escaped", "./../escaped", "a/b/../../../escaped/x"};

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        _cleanup_buf_ struct buf file = BUF_INIT, dir = BUF_INIT, target = BUF_INIT;

        tar_file(&file, names[i], "evil");
        check_refused(&file, names[i]);
        tar_dir(&dir, names[i]);
        check_refused(&dir, names[i]);
        tar_add(&target, .name = "hard", .type = '1', .link = names[i]);
        check_refused(&target, names[i]);
    }
}

static void test_links_that_leave_the_tree(void **state _unused_)
{
    _cleanup_free_ char *cwd = getcwd(NULL, 0), *outside = str_printf("%s/outside", cwd);
    const char *const targets[] = {outside, "../outside", "/../../../../../../..", "/proc/self/cwd", "/proc/self/root"};

    for (size_t i = 0; i < 3; i++) {
        const char *below = i == 2 ? outside + 1 : NULL;
        _cleanup_free_ char *file = below ? str_printf("evil/%s/file", below) : str_dup("evil/file");
        _cleanup_buf_ struct buf write = BUF_INIT, hard = BUF_INIT, opaque = BUF_INIT;
        struct err err = ERR_INIT;

        tar_add(&write, .name = "evil", .type = '2', .link = targets[i]);
        tar_file(&write, file, "evil");
        if (below) { /* the root of the tree: the path is made in there */
            assert_int_equal(system("rm -rf tree outside && mkdir outside && echo -n precious >outside/file"), 0);
            assert_ok(apply(&write, NULL, &err));
            assert_is("outside/file", "file 0644 precious");
            continue;
        }
        check_refused(&write, "symbolic link");
        tar_add(&hard, .name = "evil", .type = '2', .link = targets[i]);
        tar_add(&hard, .name = "hard", .type = '1', .link = "evil/file");
        check_refused(&hard, "evil");
        tar_add(&opaque, .name = "evil", .type = '2', .link = targets[i]);
        tar_file(&opaque, "evil/.wh.file", "");
        check_refused(&opaque, "symbolic link");
    }
}

static void test_hard_links_to_nothing(void **state _unused_)
{
    static const char *const targets[] = {"missing", "no/such/dir", "dir", "gone", "."};

    for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
        _cleanup_buf_ struct buf b = BUF_INIT;

        tar_dir(&b, "dir");
        tar_file(&b, ".wh.gone", "");
        tar_add(&b, .name = "hard", .type = '1', .link = targets[i]);
        check_refused(&b, "hard: a hard link to");
    }
}

static void test_other_nonsense(void **state _unused_)
{
    _cleanup_buf_ struct buf root = BUF_INIT, below = BUF_INIT, dot = BUF_INIT, dots = BUF_INIT, empty = BUF_INIT,
                             loop = BUF_INIT;

    tar_file(&root, "./", "");
    root.p[156] = '2'; /* a link in the place of the root */
    memcpy(root.p + 157, "x", 1);
    tar_sum(root.p);
    check_refused(&root, "root of the layer");
    tar_file(&below, "file", "");
    tar_file(&below, "file/below", "");
    check_refused(&below, "file: is no directory");
    tar_file(&dot, "d/.wh..", "");
    check_refused(&dot, "whiteout");
    tar_file(&dots, "d/.wh...", "");
    check_refused(&dots, "whiteout");
    tar_add(&empty, .name = "link", .type = '2');
    check_refused(&empty, "without a target");
    tar_add(&loop, .name = "a", .type = '2', .link = "b");
    tar_add(&loop, .name = "b", .type = '2', .link = "a");
    tar_file(&loop, "a/x", "");
    check_refused(&loop, "symbolic link");
}

static void test_too_long(void **state _unused_)
{
    _cleanup_buf_ struct buf path = BUF_INIT, component = BUF_INIT, longest = BUF_INIT;
    struct err err = ERR_INIT;
    char name[5000];

    for (size_t i = 0; i < sizeof(name); i++)
        name[i] = i % 2 ? '/' : 'd';
    tar_special(&longest, 'L', name, 4095);
    tar_file(&longest, "x", "deep");
    apply_ok(&longest);
    assert_int_equal(system("rm -rf tree"), 0);
    tar_special(&path, 'L', name, 4096);
    tar_file(&path, "x", "");
    assert_fails(apply(&path, NULL, &err), ERR_LIMIT, "longer than 4095 bytes");
    assert_int_equal(system("rm -rf tree"), 0);
    memset(name, 'x', 256);
    tar_special(&component, 'L', name, 256);
    tar_file(&component, "x", "");
    assert_true(apply(&component, NULL, &err) < 0);
    assert_non_null(strstr(err.text, strerror(ENAMETOOLONG)));
}

static void test_names_are_bytes(void **state _unused_)
{
    static const char *const names[] = {"latin-\xe9\xff", "nfd-e\xcc\x81", "nfc-\xc3\xa9", "new\nline", " ", "\\x41"};

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        _cleanup_buf_ struct buf b = BUF_INIT;
        char path[64], link[64];

        tar_pax(&b, "path", names[i], strlen(names[i]));
        tar_dir(&b, "x", .mtime = 9);
        tar_pax(&b, "linkpath", names[i], strlen(names[i]));
        tar_add(&b, .name = "link", .type = '2');
        tar_file(&b, "after", "");
        apply_again(&b);
        snprintf(path, sizeof(path), "tree/%s", names[i]);
        snprintf(link, sizeof(link), "link %s", names[i]);
        assert_is(path, "dir 0755");
        assert_time(path, 9, 0); /* found again through the manifest */
        assert_is("tree/link", link);
    }
}

static void test_xattrs(void **state _unused_)
{
    _cleanup_buf_ struct buf b = BUF_INIT, pax = BUF_INIT;
    char value[16];

    pax_record(&pax, "SCHILY.xattr.user.nul", "a\0b\0", 4);
    pax_record(&pax, "SCHILY.xattr.user.overlay.opaque", "y", 1);
    pax_record(&pax, "SCHILY.xattr.user.overlay.redirect", "/etc", 4);
    pax_record(&pax, "SCHILY.xattr.trusted.overlay.metacopy", "", 0);
    pax_record(&pax, "SCHILY.xattr.nonsense", "x", 1); /* no such namespace: left out */
    tar_special(&b, 'x', pax.p, pax.len);
    tar_file(&b, "file", "x");
    tar_special(&b, 'x', pax.p, pax.len);
    tar_dir(&b, "dir");
    tar_special(&b, 'x', pax.p, pax.len);
    tar_add(&b, .name = "link", .type = '2', .link = "dangling"); /* user.* is not possible on it */
    apply_ok(&b);
    for (int i = 0; i < 2; i++) {
        const char *path = i ? "tree/dir" : "tree/file";

        assert_int_equal(getxattr(path, "user.nul", value, sizeof(value)), 4);
        assert_memory_equal(value, "a\0b\0", 4);
        assert_int_equal(listxattr(path, NULL, 0), sizeof("user.nul"));
    }
    assert_is("tree/link", "link dangling");
}

static void test_sparse(void **state _unused_)
{
    _cleanup_buf_ struct buf b = BUF_INIT, pax = BUF_INIT, content = BUF_INIT_MAX(20000);
    struct stat st;

    pax_record(&pax, "GNU.sparse.size", "100000000000", 12);
    pax_record(&pax, "GNU.sparse.map", "10,3,50000000000,2", 18);
    tar_special(&b, 'x', pax.p, pax.len);
    tar_file(&b, "sparse", "abcde");
    apply_ok(&b);
    assert_int_equal(stat("tree/sparse", &st), 0);
    assert_true(st.st_size == 100000000000);
    assert_true(st.st_blocks < 1000);
    assert_int_equal(system("test \"$(tail -c +50000000001 tree/sparse | head -c 2)\" = de"), 0);
}

static void test_manifest_says_what_is_there(void **state _unused_)
{
    _cleanup_buf_ struct buf b = BUF_INIT, text = BUF_INIT_MAX(10000);
    _cleanup_free_ char *expected = NULL;
    unsigned u = geteuid(), g = getegid();

    tar_file(&b, "d/file", "123456789", .mtime = 7);
    tar_add(&b, .name = "hard", .type = '1', .link = "/d/file");
    tar_file(&b, ".wh.gone", "");
    tar_file(&b, "gone/x", "");
    tar_file(&b, "d", "now a file");
    tar_file(&b, ".wh.b", "");
    apply_ok(&b);
    assert_int_equal(fd_read_file(AT_FDCWD, "manifest", &text, NULL), 0);
    expected = str_printf("d 755 %u %u 0.000000000 0 - - d\n"
                          "f 644 %u %u 7.000000000 9 cbf43926 - d/file\n"
                          "h 644 %u %u 0.000000000 0 - - hard d/file\n"
                          "w 0 0 0 0.000000000 0 - - gone\n"
                          "- 0 0 0 0.000000000 0 - - gone\n"
                          "d 755 %u %u 0.000000000 0 - - gone\n"
                          "o 0 0 0 0.000000000 0 - - gone\n"
                          "f 644 %u %u 0.000000000 0 00000000 - gone/x\n"
                          "- 0 0 0 0.000000000 0 - - d\n"
                          "f 644 %u %u 0.000000000 10 69e4a922 - d\n"
                          "w 0 0 0 0.000000000 0 - - b\n",
                          u, g, u, g, u, g, u, g, u, g, u, g);
    assert_string_equal(buf_str(&text), expected);
}

static void test_many_directories(void **state _unused_)
{
    _cleanup_buf_ struct buf b = BUF_INIT;
    char name[64];

    /* More than descriptors are kept for, in an order that helps nobody. */
    for (int i = 0; i < 3000; i++) {
        snprintf(name, sizeof(name), "d%d/e%d/f%d", i * 7 % 100, i % 10, i);
        tar_file(&b, name, "x");
    }
    apply_ok(&b);
    assert_int_equal(system("test $(find tree -type f | wc -l) = 3000"), 0);
}

static void test_errors_name_the_member(void **state _unused_)
{
    _cleanup_buf_ struct buf b = BUF_INIT, z = BUF_INIT, data = BUF_INIT;
    struct err err = ERR_INIT;

    some_bytes(&data, 1 << 20, 1);
    tar_add(&b, .name = "usr/big", .data = data.p, .len = data.len);
    gzip_member(&z, b.p, b.len, NULL);
    z.len /= 2;
    assert_fails(apply(&z, NULL, &err), ERR_CORRUPT, "usr/big: the gzip stream is truncated");
    assert_int_equal(system("rm -rf tree"), 0);
    assert_fails(apply(&data, NULL, &err), ERR_CORRUPT, "damaged tar header");
}

/* What only root can do. */
static void test_as_root(void **state _unused_)
{
    static const unsigned char capability[20] = {1, 0, 0, 2, 0, 0x20};
    _cleanup_buf_ struct buf b = BUF_INIT, pax = BUF_INIT;
    struct layer_applied got;
    struct err err = ERR_INIT;
    struct stat st;
    char value[32];

    if (geteuid() != 0) {
        print_message("skipped: owners and devices need root\n");
        skip();
    }
    pax_record(&pax, "SCHILY.xattr.security.capability", capability, sizeof(capability));
    pax_record(&pax, "uid", "4000000000", 10);
    tar_special(&b, 'x', pax.p, pax.len);
    tar_file(&b, "capable", "x", .mode = 06755, .gid = 3000000);
    tar_dir(&b, "setgid", .gid = 50, .mode = 02775);
    tar_file(&b, "setgid/root-group", "x");
    tar_file(&b, "setgid/missing/x", "x");
    tar_add(&b, .name = "link", .type = '2', .link = "x", .uid = 11, .gid = 12);
    tar_add(&b, .name = "char", .type = '3', .mode = 0622, .uid = 5, .major = 1, .minor = 70000);
    tar_add(&b, .name = "block", .type = '4', .mode = 04660, .major = 300, .minor = 3);
    tar_file(&b, "forged", "replaced by nothing");
    tar_add(&b, .name = "forged", .type = '3');
    assert_ok(apply(&b, &got, &err));
    assert_int_equal(lstat("tree/capable", &st), 0);
    assert_true(st.st_uid == 4000000000 && st.st_gid == 3000000 && (st.st_mode & 07777) == 06755);
    assert_int_equal(getxattr("tree/capable", "security.capability", value, sizeof(value)), sizeof(capability));
    assert_memory_equal(value, capability, sizeof(capability));
    assert_is("tree/setgid", "dir 2775");
    assert_int_equal(lstat("tree/setgid/root-group", &st), 0);
    assert_int_equal(st.st_gid, 0);
    assert_int_equal(lstat("tree/setgid/missing", &st), 0);
    assert_true(st.st_gid == 0 && (st.st_mode & 07777) == 0755);
    assert_int_equal(lstat("tree/link", &st), 0);
    assert_true(st.st_uid == 11 && st.st_gid == 12);
    assert_is("tree/char", "char 0622 1:70000");
    assert_is("tree/block", "block 4660 300:3");
    assert_is("tree/forged", "none");
    assert_int_equal(got.left_out, 1);
}

static void progress(int64_t consumed, void *data)
{
    int64_t *seen = data;

    assert_true(consumed > *seen);
    *seen = consumed;
}

/* While the blob is still being written, as in a pull. */
static void test_growing_blob(void **state _unused_)
{
    _cleanup_buf_ struct buf b = BUF_INIT, z = BUF_INIT, data = BUF_INIT;
    _cleanup_fd_ int blob = -1, tree = -1, manifest = -1;
    _cleanup_(layer_source_free_cleanup) struct layer_source *s = NULL;
    struct layer_applied got;
    struct err err = ERR_INIT;
    int64_t seen = 0;
    struct layer_apply_options o = {.user_xattr = true, .progress = progress, .progress_data = &seen};
    int p[2];
    pid_t pid;

    some_bytes(&data, 3 << 20, 1);
    tar_add(&b, .name = "big", .data = data.p, .len = data.len);
    gzip_member(&z, b.p, b.len, NULL);
    blob = memory_file("", 0);
    assert_int_equal(pipe2(p, O_CLOEXEC), 0);
    pid = fork();
    if (pid == 0) {
        for (size_t at = 0, n; at < z.len; at += n) {
            n = MIN_OF(z.len - at, (size_t)16384);
            if (fd_write_all(blob, z.p + at, n) < 0 ||
                layer_source_announce(p[1], (int64_t)(at + n), at + n == z.len) < 0)
                _exit(1);
        }
        _exit(0);
    }
    p[1] = fd_close(p[1]);
    assert_int_equal(mkdir("tree", 0755), 0);
    o.tree_fd = tree = open("tree", O_PATH | O_DIRECTORY | O_CLOEXEC);
    o.manifest_fd = manifest = open("manifest", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    s = layer_source_growing(blob, p[0]);
    assert_ok(layer_apply(s, &o, &got, &err));
    assert_int_equal(got.compressed, z.len);
    assert_int_equal(seen, z.len);
    assert_int_equal(got.bytes, data.len);
    fd_close(p[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(test_simple),
        scratch_test(test_modes_whatever_the_umask),
        scratch_test(test_whiteouts),
        scratch_test(test_opaque),
        scratch_test(test_marks_follow_no_links),
        scratch_test(test_replacement),
        scratch_test(test_links_lead_nowhere_but_into_the_tree),
        scratch_test(test_names_that_leave_the_tree),
        scratch_test(test_links_that_leave_the_tree),
        scratch_test(test_hard_links_to_nothing),
        scratch_test(test_other_nonsense),
        scratch_test(test_too_long),
        scratch_test(test_names_are_bytes),
        scratch_test(test_xattrs),
        scratch_test(test_sparse),
        scratch_test(test_manifest_says_what_is_there),
        scratch_test(test_many_directories),
        scratch_test(test_errors_name_the_member),
        scratch_test(test_as_root),
        scratch_test(test_growing_blob),
    };

    return cmocka_run_group_tests_name("layer/apply", tests, NULL, NULL);
}
