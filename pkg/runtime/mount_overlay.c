/* The layers of a root file system. */
#include "runtime/mount_internal.h"

static int fail_with_log(int fs, int errnum, struct err *err)
{
    char said[MOUNT_SAID_MAX];

    mount_read_said(fs, said);
    return err_errno(err, errnum, "%s", *said ? said : "overlay");
}

/* All in one option string: descriptors make for short names, so that any number of layers that an image may have fits
 * into the page that mount(2) takes. */
static int overlay_classic(int target, const struct runtime_overlay *layers, struct err *err)
{
    _cleanup_buf_ struct buf options = BUF_INIT;
    char path[FD_PATH_MAX];

    STRV_FOREACH (lower, layers->lower) {
        int fd = open(*lower, O_PATH | O_DIRECTORY | O_CLOEXEC);

        if (fd < 0)
            return err_errno(err, errno, "%s", *lower);
        buf_addf(&options, "%s%s", options.len ? ":" : "lowerdir=", fd_path(fd, path));
    }
    if (layers->upper)
        buf_addf(&options, ",upperdir=%s,workdir=%s,redirect_dir=off,metacopy=off%s", layers->upper, layers->work,
                 layers->discard ? ",volatile" : "");
    if (options.len >= 4096)
        return err_set(err, ERR_UNSUPPORTED, "too many layers for this kernel: %zu", strv_len(layers->lower));
    if (mount("overlay", fd_path(target, path), "overlay", 0, buf_str(&options)) < 0)
        return err_errno(err, errno, "overlay");
    return 0;
}

/* What some kernels do unless they are told otherwise. An upper directory is to hold whole files under their own names:
 * who reads it by itself (layer/pack.h) would miss what a rename or a change of mode left below. */
static const char *const plain_options[] = {"redirect_dir", "metacopy"};

/* 0, or 1 where the kernel does not take layers one by one (before 6.7). */
static int overlay_configure(int fs, const struct runtime_overlay *layers, struct err *err)
{
    if (sys_fsconfig(fs, FSCONFIG_SET_STRING, "source", "overlay") < 0)
        return fail_with_log(fs, errno, err);
    STRV_FOREACH (lower, layers->lower) {
        if (sys_fsconfig(fs, FSCONFIG_SET_STRING, "lowerdir+", *lower) < 0) {
            if (errno == EINVAL && lower == (char *const *)layers->lower)
                return 1;
            return fail_with_log(fs, errno, err);
        }
    }
    if (!layers->upper)
        return 0;
    for (size_t i = 0; i < ARRAY_SIZE(plain_options); i++)
        sys_fsconfig(fs, FSCONFIG_SET_STRING, plain_options[i], "off"); /* a kernel that has none does none */
    if (sys_fsconfig(fs, FSCONFIG_SET_STRING, "upperdir", layers->upper) < 0 ||
        sys_fsconfig(fs, FSCONFIG_SET_STRING, "workdir", layers->work) < 0 ||
        (layers->discard && sys_fsconfig(fs, FSCONFIG_SET_FLAG, "volatile", NULL) < 0))
        return fail_with_log(fs, errno, err);
    return 0;
}

static int overlay_at(int target, const struct runtime_overlay *layers, struct err *err)
{
    _cleanup_fd_ int fs = sys_fsopen("overlay"), mnt = -1;
    int r;

    if (fs < 0 && errno == ENODEV)
        return err_set(err, ERR_UNSUPPORTED, "the kernel has no overlay file system");
    if (fs < 0 && errno != ENOSYS)
        return err_errno(err, errno, "overlay");
    r = fs < 0 ? 1 : overlay_configure(fs, layers, err);
    if (r != 0)
        return r < 0 ? r : overlay_classic(target, layers, err);
    mnt = mount_make(fs, 0);
    r = mnt < 0 ? mnt : mount_attach(mnt, target);
    if (r < 0) {
        char said[MOUNT_SAID_MAX];

        mount_read_said(fs, said);
        /* Before 6.5 overlay collects whatever options there are, and refuses those it does not know here, silently. */
        if (r == -EINVAL && !*said)
            return overlay_classic(target, layers, err);
        return err_errno(err, -r, "%s", *said ? said : "overlay");
    }
    return 0;
}

int mount_overlay(int target, const struct runtime_overlay *layers, struct err *err)
{
    int r;

    /* Names of layers are relative. */
    if (chdir(layers->dir) < 0)
        return err_errno(err, errno, "%s", layers->dir);
    r = overlay_at(target, layers, err);
    if (chdir("/") < 0 && r == 0)
        r = err_errno(err, errno, "/");
    return r;
}
