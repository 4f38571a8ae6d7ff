#include "container/files.h"

#include "runtime/view.h"
#include "sys/fd.h"
#include "sys/proc.h"

#include <fcntl.h>
#include <sys/stat.h>

/* What its first process has as its root. The process may end while this is opened, and its number be another's: it is
 * looked at afterwards whether it is still there. One that is just being made has the host's root. */
static int open_running(const struct container_view *v, int *ret_root, struct err *err)
{
    _cleanup_free_ char *path = str_printf("/proc/%lld/root", (long long)v->record.pid);
    _cleanup_fd_ int root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int opened = root < 0 ? -errno : 0;
    struct stat ours, theirs;

    if (proc_signal(v->pidfd, 0) < 0)
        return err_set(err, ERR_NOT_FOUND, "container %.12s has ended", v->id);
    if (opened < 0 || stat("/", &ours) < 0 || fstat(root, &theirs) < 0)
        return err_errno(err, opened < 0 ? -opened : errno, "the root of container %.12s", v->id);
    if (ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino)
        return err_set(err, ERR_BUSY, "container %.12s is just starting", v->id);
    *ret_root = steal_fd(&root);
    return 0;
}

/* `layers` are those of the image; on top of them what the container wrote, which can be changed where `seen`. */
static int mount_layers(struct store *s, const char *id, char **layers, const struct oci_spec *seen, bool with_upper,
                        int *ret_root, struct err *err)
{
    _cleanup_free_ char *upper = str_printf("containers/%s/upper", id), *work = str_printf("containers/%s/work", id);
    _cleanup_free_ char *target = str_printf("%s/containers/%s", store_root_path(s), id);
    _cleanup_strv_ char **lower = NULL;
    struct runtime_overlay overlay = {.dir = store_root_path(s)};

    if (with_upper && !seen)
        strv_add(&lower, upper);
    strv_extend(&lower, layers);
    overlay.lower = lower;
    if (seen) {
        overlay.upper = upper;
        overlay.work = work;
    }
    return runtime_view(&overlay, target, seen, ret_root, err);
}

static int open_root(struct store *s, enum container_files_kind kind, struct container_files *f, struct err *err)
{
    const struct oci_spec *spec = kind == CONTAINER_FILES_SEEN ? &f->held.spec : NULL;
    _cleanup_strv_ char **layers = NULL;
    int r = 0;

    if (kind == CONTAINER_FILES_UPPER)
        return 0;
    if (f->view.pidfd >= 0 && kind == CONTAINER_FILES_SEEN)
        return open_running(&f->view, &f->root, err);
    if (f->view.pidfd >= 0 && kind == CONTAINER_FILES_ROOT)
        return runtime_view_running(f->view.pidfd, &f->root, err);
    if (f->view.pidfd >= 0)
        r = container_read_layers(s, f->view.id, &layers, err);
    if (r < 0)
        return r;
    return mount_layers(s, f->view.id, layers ? layers : f->held.lower, spec, kind == CONTAINER_FILES_ROOT, &f->root,
                        err);
}

static int open_upper(struct store *s, const char *id, int *ret, struct err *err)
{
    _cleanup_container_ struct store_container *dir = NULL;
    int r = store_container_open(s, id, &dir, err);

    if (r < 0)
        return r;
    *ret = openat(store_container_fd(dir), "upper", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return *ret < 0 ? err_errno(err, errno, "container %.12s: upper", id) : 0;
}

int container_files_open(struct store *s, const char *name, enum container_files_kind kind, struct container_files *ret,
                         struct err *err)
{
    struct container_files f = {.store = s, .view = CONTAINER_VIEW_NONE, .upper = -1, .root = -1};
    int r = container_view(s, name, &f.view, err);

    if (r < 0)
        return r;
    if (f.view.pidfd < 0)
        r = container_open(s, f.view.id, &f.held, err);
    if (r == 0)
        r = open_upper(s, f.view.id, &f.upper, err);
    if (r == 0)
        r = open_root(s, kind, &f, err);
    if (r < 0)
        container_files_release(&f);
    else
        *ret = f;
    return r;
}

void container_files_release(struct container_files *f)
{
    fd_close(f->root);
    fd_close(f->upper);
    container_release(&f->held);
    container_view_release(&f->view);
    f->root = f->upper = -1;
}
