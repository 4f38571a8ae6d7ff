#include "make.h"

#include "layer/apply.h"
#include "layer/sandbox.h"

#include <linux/capability.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>

/* What a sandboxed process finds, told by its exit code: 0, or the line that failed; 128 and a
 * signal. */
#define MUST(condition)             \
    do {                            \
        if (!(condition))           \
            _exit(__LINE__ & 0xff); \
    } while (0)

static int run(int (*child)(int tree))
{
    int tree, status;
    pid_t pid;

    assert_int_equal(mkdir("tree", 0755), 0);
    tree = open("tree", O_PATH | O_DIRECTORY | O_CLOEXEC);
    pid = fork();
    if (pid == 0)
        _exit(child(tree));
    close(tree);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void need_root(void)
{
    if (geteuid() == 0)
        return;
    print_message("skipped: giving up privileges needs some\n");
    skip();
}

static int confined(int tree)
{
    struct err err = ERR_INIT;
    int other = open("/etc/passwd", O_RDONLY), kept = open("/etc/passwd", O_RDONLY), dir = open("/", O_PATH);
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct caps[2];
    struct stat st;

    MUST(other > 2 && kept > 2 && dir > 2);
    MUST(layer_sandbox_enter(&tree, NULL, &kept, 1, true, &err) == 0);
    MUST(fcntl(kept, F_GETFD) >= 0);
    MUST(other == tree || fcntl(other, F_GETFD) < 0); /* the number may be in use again */
    MUST(dir == tree || fcntl(dir, F_GETFD) < 0);
    /* No path but the tree's. */
    MUST(open("/etc/passwd", O_RDONLY) < 0 && errno == ENOENT);
    MUST(openat(tree, "../../../../etc/passwd", O_RDONLY) < 0 && errno == ENOENT);
    /* What a layer needs goes; what it makes does not open. */
    MUST(mkdirat(tree, "d", 0755) == 0 && stat("/d", &st) == 0);
    MUST(mknodat(tree, "null", S_IFCHR | 0666, makedev(1, 3)) == 0);
    MUST(openat(tree, "null", O_RDWR) < 0 && errno == EACCES);
    MUST(fchownat(tree, "d", 1, 2, 0) == 0);
    MUST(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
    MUST(syscall(SYS_capget, &header, caps) == 0);
    MUST(!(caps[0].permitted & (1U << CAP_SYS_ADMIN | 1U << CAP_SYS_CHROOT | 1U << CAP_SYS_PTRACE)));
    MUST(caps[0].effective & 1U << CAP_CHOWN);
    return 0;
}

static void test_confined(void **state _unused_)
{
    need_root();
    assert_int_equal(run(confined), 0);
    assert_int_equal(access("tree/null", F_OK), 0); /* it was the same directory */
}

/* A second directory: seen, not written, and not left. */
static int looks_at_view(int tree)
{
    struct err err = ERR_INIT;
    int view = open("view", O_PATH | O_DIRECTORY | O_CLOEXEC), old = view;

    MUST(view > 2);
    MUST(layer_sandbox_enter(&tree, &view, NULL, 0, true, &err) == 0);
    MUST(old == tree || old == view || fcntl(old, F_GETFD) < 0);
    MUST(faccessat(view, "file", R_OK, 0) == 0);
    MUST(mkdirat(view, "new", 0700) < 0 && errno == EROFS);
    MUST(openat(view, "file", O_WRONLY) < 0 && errno == EROFS);
    MUST(faccessat(view, "../file", R_OK, 0) == 0); /* its own again */
    MUST(faccessat(view, "../view", R_OK, 0) < 0 && errno == ENOENT);
    MUST(mkdirat(tree, "new", 0700) == 0);
    MUST(faccessat(tree, "../tree", R_OK, 0) < 0 && errno == ENOENT);
    return 0;
}

static void test_view(void **state _unused_)
{
    need_root();
    assert_int_equal(mkdir("view", 0755), 0);
    close(open("view/file", O_WRONLY | O_CREAT, 0644));
    assert_int_equal(run(looks_at_view), 0);
}

static int forbidden(int tree)
{
    struct err err = ERR_INIT;
    char *const args[] = {(char[]){"true"}, NULL};

    MUST(layer_sandbox_enter(&tree, NULL, NULL, 0, false, &err) == 0);
    MUST(setxattr("/", "trusted.overlay.opaque", "y", 1, 0) == 0);
    MUST(mount("none", "/", "tmpfs", 0, NULL) < 0 && errno == EPERM);
    MUST(socket(AF_INET, SOCK_STREAM, 0) < 0 && errno == EPERM);
    MUST(execv("/true", args) < 0 && errno == EPERM);
    MUST(syscall(SYS_unshare, 0x00020000) < 0 && errno == EPERM);
    MUST(syscall(SYS_clone, 0x10000000 | 17, NULL, NULL, NULL, NULL) < 0 && errno == EPERM);
    MUST(syscall(SYS_clone3, NULL, 0) < 0 && errno == ENOSYS);
    MUST(chroot(".") < 0 && errno == EPERM);
    return 0;
}

/* Signals and limits are this process's alone; the rest is what newer kernels have for what is forbidden already. */
static int others_are_out_of_reach(int tree)
{
    struct err err = ERR_INIT;
    siginfo_t info = {.si_code = SI_QUEUE};
    struct rlimit limit;
    pid_t other = getppid();

    MUST(layer_sandbox_enter(&tree, NULL, NULL, 0, false, &err) == 0);
    MUST(tgkill(getpid(), gettid(), 0) == 0);
    MUST(tgkill(other, other, 0) < 0 && errno == EPERM);
    MUST(syscall(SYS_rt_tgsigqueueinfo, other, other, 0, &info) < 0 && errno == EPERM);
    MUST(prlimit(0, RLIMIT_CORE, NULL, &limit) == 0);
    MUST(prlimit(other, RLIMIT_CORE, NULL, &limit) < 0 && errno == EPERM);
    MUST(syscall(467 /* open_tree_attr */, -1, "x", 0, NULL, 0) < 0 && errno == EPERM);
    MUST(syscall(SYS_quotactl_fd, -1, 0, 0, NULL) < 0 && errno == EPERM);
    MUST(setrlimit(RLIMIT_CORE, &(struct rlimit){0}) == 0);
    signal(SIGABRT, SIG_DFL);
    abort();
}

static void test_others_are_out_of_reach(void **state _unused_)
{
    need_root();
    assert_int_equal(run(others_are_out_of_reach), 128 + SIGABRT);
}

static void test_forbidden_calls(void **state _unused_)
{
    need_root();
    assert_int_equal(run(forbidden), 0);
}

static struct buf layer;
static int layer_fd;

static int unpacks(int tree)
{
    struct err err = ERR_INIT;
    int manifest = open("manifest", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    const int keep[] = {layer_fd, manifest};
    struct layer_apply_options o = {.manifest_fd = manifest, .user_xattr = geteuid() != 0};
    struct layer_applied got;

    MUST(layer_open_libraries(&err) == 0);
    MUST(layer_sandbox_enter(&tree, NULL, keep, 2, o.user_xattr, &err) == 0);
    o.tree_fd = tree;
    if (layer_apply(layer_source_file(layer_fd), &o, &got, &err) < 0) {
        dprintf(2, "%s\n", err.text);
        return 1;
    }
    return 0;
}

static void check_unpacks(void (*compress)(const struct buf *in))
{
    _cleanup_buf_ struct buf b = BUF_INIT;
    struct stat st;

    tar_file(&b, "file", "x");
    tar_pax(&b, "SCHILY.xattr.user.a", "b", 1);
    tar_add(&b, .name = "link", .type = '2', .link = "file"); /* by the working directory */
    tar_file(&b, "d/.wh.gone", "");
    tar_file(&b, "d/.wh..wh..opq", "");
    compress(&b);
    assert_int_equal(run(unpacks), 0);
    assert_int_equal(stat("tree/file", &st), 0);
    assert_int_equal(lstat("tree/d/gone", &st), 0);
    assert_true(S_ISCHR(st.st_mode));
    assert_int_equal(getxattr("tree/d", geteuid() ? "user.overlay.opaque" : "trusted.overlay.opaque", NULL, 0), 1);
    layer_fd = fd_close(layer_fd);
    buf_free(&layer);
}

static void as_gzip(const struct buf *in)
{
    gzip_member(&layer, in->p, in->len, NULL);
    layer_fd = memory_file(layer.p, layer.len);
}

/* A window as large as is accepted fits into the memory that is left. */
static void as_zstd(const struct buf *in)
{
    zstd_frame(&layer, in->p, in->len, 27);
    layer_fd = memory_file(layer.p, layer.len);
}

static void test_unpacks_gzip(void **state _unused_)
{
    check_unpacks(as_gzip);
}

static void test_unpacks_zstd(void **state _unused_)
{
    check_unpacks(as_zstd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(test_confined), scratch_test(test_forbidden_calls), scratch_test(test_others_are_out_of_reach),
        scratch_test(test_view),     scratch_test(test_unpacks_gzip),    scratch_test(test_unpacks_zstd),
    };

    return cmocka_run_group_tests_name("layer/sandbox", tests, NULL, NULL);
}
