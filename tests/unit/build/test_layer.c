#include "../files.h"

#include "base/strv.h"
#include "build/layer.h"
#include "layer/apply.h"
#include "layer/pack.h"
#include "layer/verify.h"
#include "store/build_cache.h"
#include "sys/fd.h"

#include <sys/sysmacros.h>
#include <sys/xattr.h>

enum { EPOCH = 1000000000 };

static struct store *open_store(void)
{
    _cleanup_free_ char *cwd = getcwd(NULL, 0);
    _cleanup_free_ char *root = str_printf("%s/root", cwd), *state = str_printf("%s/state", cwd);
    struct store *s;
    struct err err;

    assert_ok(store_open(root, state, &s, &err));
    return s;
}

/* What no shell can do: `attr FILE NAME VALUE` in a script sets an attribute, and makes a socket. */
static void set_attributes(int dir, const char *name)
{
    _cleanup_free_ char *list = str_printf("root/tmp/%s/attributes", name);
    FILE *f = fopen(list, "r");
    char file[64], attribute[64], value[64];

    while (f && fscanf(f, "%63s %63s %63s", file, attribute, value) == 3) {
        _cleanup_free_ char *path = str_printf("root/tmp/%s/tree/%s", name, file);

        if (str_eq(attribute, "socket"))
            assert_int_equal(mknod(path, S_IFSOCK | 0600, 0), 0);
        else if (lsetxattr(path, attribute, value, strlen(value), 0) < 0)
            fail_msg("%s %s: %s", path, attribute, strerror(errno));
    }
    if (f)
        fclose(f);
    unlinkat(dir, "attributes", 0);
}

/* An upper directory, filled by a shell. */
static void step(struct store *s, const char *lower, const char *script, struct build_layer *ret)
{
    _cleanup_free_ char *name = NULL, *command = NULL;
    _cleanup_fd_ int dir = -1, lock = -1, below = lower ? open(lower, O_RDONLY | O_DIRECTORY) : -1;
    struct err err;

    assert_ok(build_layer_begin(s, &dir, &name, &lock, &err));
    command = str_printf("set -e; umask 022; attr() { echo \"$@\" >> ../attributes; }; cd root/tmp/%s/tree; %s", name,
                         script);
    if (system(command) != 0)
        fail_msg("%s", script);
    set_attributes(dir, name);
    assert_ok(build_layer_make(s, dir, name, EPOCH, below, ret, &err));
}

static char *tree_of(struct store *s, const struct build_layer *l)
{
    _cleanup_free_ char *path = NULL;
    struct err err;

    assert_ok(store_build_layer_path(s, &l->diff_id, &path, &err));
    return str_printf("root/%s", path);
}

static bool on_difference(const char *path, const char *what, void *data _unused_)
{
    fail_msg("%s %s", path, what);
    return false;
}

/* The tree as its manifest says, to the contents. */
static void expect_whole(struct store *s, const struct build_layer *l)
{
    _cleanup_free_ char *tree = tree_of(s, l), *manifest = str_printf("%s/../manifest", tree);
    struct layer_verify_options o = {.tree_fd = open(tree, O_PATH | O_DIRECTORY),
                                     .manifest_fd = open(manifest, O_RDONLY),
                                     .depth = LAYER_VERIFY_CONTENTS,
                                     .differs = on_difference};
    struct err err;
    int64_t bytes;

    assert_true(o.tree_fd >= 0 && o.manifest_fd >= 0);
    assert_ok(layer_verify(&o, &bytes, &err));
    assert_int_equal(bytes, l->bytes);
    close(o.tree_fd);
    close(o.manifest_fd);
}

/* The tar that is made of the tree later is the one that was digested. */
static void expect_same_tar(struct store *s, const struct build_layer *l)
{
    _cleanup_free_ char *tree = tree_of(s, l);
    _cleanup_fd_ int dir = open(tree, O_RDONLY | O_DIRECTORY), fd = open(".", O_TMPFILE | O_RDWR, 0600);
    struct layer_pack *p = layer_pack_new(fd, true, NULL);
    _cleanup_(digest_stream_free_cleanup) struct digest_stream *h = NULL;
    struct digest_computed d;
    char chunk[4096];
    ssize_t n;
    struct err err;

    assert_ok(layer_pack_add_contents(p, dir, "", false, &err));
    assert_ok(layer_pack_finish(p, &err));
    assert_int_equal(layer_pack_bytes(p), l->tar_size);
    layer_pack_free(p);
    assert_ok(digest_stream_new(DIGEST_SHA256, &h, &err));
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    while ((n = read(fd, chunk, sizeof(chunk))) > 0)
        digest_stream_update(h, chunk, (size_t)n);
    digest_stream_final(h, &d);
    assert_true(digest_equal(&d.digest, &l->diff_id));
}

static void test_reproducible(void **state _unused_)
{
    static const char script[] = "mkdir -p usr/bin; echo hello > usr/bin/a; ln usr/bin/a usr/bin/b; ln -s a usr/bin/c;"
                                 "chmod 4755 usr/bin/a; mkfifo pipe; echo old > old; touch -d @5 old;"
                                 "head -c 700000 /dev/zero > large; mknod gone c 0 0; mkdir o;"
                                 "attr o trusted.overlay.opaque y";
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    struct build_layer a, b;
    struct stat st;
    _cleanup_free_ char *tree = NULL, *old = NULL, *file = NULL;

    if (geteuid() != 0)
        skip();
    step(s, NULL, script, &a);
    assert_false(a.empty);
    expect_whole(s, &a);
    expect_same_tar(s, &a);
    assert_int_equal(a.bytes, 6 + 4 + 700000);
    tree = tree_of(s, &a);
    old = str_printf("%s/old", tree);
    file = str_printf("%s/usr/bin", tree);
    assert_int_equal(stat(old, &st), 0);
    assert_int_equal(st.st_mtim.tv_sec, 5);
    assert_int_equal(stat(file, &st), 0);
    assert_true(st.st_mtim.tv_sec == EPOCH && st.st_mtim.tv_nsec == 0);
    /* Made in another order, at another time, with what overlayfs leaves. */
    step(s, NULL,
         "mkdir o; attr o trusted.overlay.opaque y; attr o trusted.overlay.origin x; mknod gone c "
         "0 0;"
         "head -c 700000 /dev/zero > large; sleep 0.1; mkdir -p usr/bin; ln -s a usr/bin/c; echo hello > usr/bin/b;"
         "ln usr/bin/b usr/bin/a; chmod 4755 usr/bin/a; mkfifo pipe; echo old > old; touch -d @5 old; "
         "attr usr trusted.overlay.impure y; attr usr security.selinux x; chmod 700 .",
         &b);
    assert_true(digest_equal(&a.diff_id, &b.diff_id));
    assert_int_equal(a.tar_size, b.tar_size);
    expect_whole(s, &b);
}

/* What counts is in the digest. */
static void test_what_counts(void **state _unused_)
{
    static const char *const scripts[] = {
        "echo x > a",
        "echo y > a",
        "echo x > b",
        "echo x > a; chmod 600 a",
        "echo x > a; chown 1 a",
        "ln -s x a",
        "ln -s y a",
        "mkdir a",
        "echo x > a; touch -d @7 a",
        "mknod a c 0 0",
        "mkfifo a",
        "echo x > a; attr a user.x 1",
        "mkdir a; touch a/b",
        "mkdir a; attr a trusted.overlay.opaque y",
    };
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    struct build_layer layers[ARRAY_SIZE(scripts)];

    if (geteuid() != 0)
        skip();
    for (size_t i = 0; i < ARRAY_SIZE(scripts); i++) {
        step(s, NULL, scripts[i], &layers[i]);
        expect_whole(s, &layers[i]);
        expect_same_tar(s, &layers[i]);
        for (size_t j = 0; j < i; j++)
            if (digest_equal(&layers[i].diff_id, &layers[j].diff_id))
                fail_msg("\"%s\" is taken for \"%s\"", scripts[i], scripts[j]);
    }
}

/* A directory that was looked into is no change, one that was changed is. */
static void test_touched(void **state _unused_)
{
    static const struct {
        const char *script;
        bool empty;
    } cases[] = {
        {"true", true},
        {"mkdir -p tmp/x; chmod 1777 tmp", true},
        {"mkdir tmp; chmod 1777 tmp; mkdir -p etc/deep", true},
        {"mkdir tmp", false},
        {"mkdir tmp; chmod 1777 tmp; touch tmp/y", false},
        {"mkdir other", false},
        {"mkdir -p etc/deep/new", false},
        {"mkdir etc; chown 5 etc", false},
        {"mkdir etc; attr etc user.x 1", false},
        {"mkdir etc; attr etc trusted.overlay.opaque y", false},
        {"mkdir etc; mknod etc/deep c 0 0", false},
        {"mkdir etc; attr etc/sock socket x", true},
        {"mkdir file", false}, /* below it is a file */
    };
    _cleanup_(store_free_cleanup) struct store *s = open_store();

    if (geteuid() != 0)
        skip();
    assert_int_equal(system("umask 022; mkdir -p lower/tmp/x lower/etc/deep; chmod 1777 lower/tmp; touch lower/file"),
                     0);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct build_layer l;

        step(s, "lower", cases[i].script, &l);
        if (l.empty != cases[i].empty)
            fail_msg("\"%s\" is %s", cases[i].script, l.empty ? "empty" : "not empty");
        if (!l.empty)
            expect_whole(s, &l);
    }
    assert_int_equal(system("test -z \"$(ls root/tmp/layers)\""), 0);
}

/* Only what was removed from changes its time, and that is put back. */
static void test_old_directory(void **state _unused_)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    _cleanup_free_ char *tree = NULL, *path = NULL;
    struct build_layer l;
    struct stat st;

    assert_int_equal(system("umask 022; mkdir -p lower/d/e"), 0);
    step(s, "lower", "mkdir -p d/e; touch d/f; touch -d @77 d/f d", &l);
    tree = tree_of(s, &l);
    path = str_printf("%s/d", tree);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mtim.tv_sec, 77);
    expect_whole(s, &l);
}

static void test_stack(void **state _unused_)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    _cleanup_strv_ char **stack = NULL, **cut = NULL;
    struct build_layer a, b, o;
    struct err err;

    if (geteuid() != 0)
        skip();
    step(s, NULL, "touch a", &a);
    step(s, NULL, "touch b", &b);
    step(s, NULL, "touch o; attr . trusted.overlay.opaque y", &o);
    assert_ok(build_layer_stack(s, (struct digest[]){a.diff_id, b.diff_id, a.diff_id}, 3, true, &stack, &err));
    assert_int_equal(strv_len(stack), 3);
    assert_non_null(strstr(stack[0], a.diff_id.hex));
    assert_non_null(strstr(stack[1], b.diff_id.hex));
    assert_string_equal(stack[2], "skeleton");
    assert_ok(build_layer_stack(s, (struct digest[]){a.diff_id, o.diff_id, b.diff_id}, 3, true, &cut, &err));
    assert_int_equal(strv_len(cut), 3);
    assert_non_null(strstr(cut[1], o.diff_id.hex));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(test_reproducible),  scratch_test(test_what_counts), scratch_test(test_touched),
        scratch_test(test_old_directory), scratch_test(test_stack),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
