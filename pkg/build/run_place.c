/* Where the sources of a RUN's mounts are put together. */
#include "build/run_internal.h"
#include "runtime/view.h"
#include "store/build_cache.h"
#include "sys/dir.h"
#include "sys/fd.h"
#include "sys/path.h"
#include "sys/proc.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>

static int make_directory(int dir, const char *name, int *ret, struct err *err)
{
    if (mkdirat(dir, name, 0755) < 0)
        return err_errno(err, errno, "making %s", name);
    *ret = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return *ret < 0 ? err_errno(err, errno, "making %s", name) : 0;
}

/* The directory, in a mount namespace that nobody else sees. */
static int begin(struct build_run_place *p, struct err *err)
{
    if (p->at >= 0)
        return 0;
    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
        return err_errno(err, errno, "a mount namespace for the step's mounts");
    p->path = str_printf("%s/tmp/%s/at", store_root_path(p->job->store), p->name);
    return make_directory(p->dir, "at", &p->at, err);
}

/* ---- files in memory ---- */

char *build_run_file_path(const struct build_run_place *p, const char *name)
{
    return str_printf("%s/files/%s", p->path, name);
}

int build_run_files(struct build_run_place *p, struct err *err)
{
    _cleanup_free_ char *path = NULL;
    int r = p->files >= 0 ? 0 : begin(p, err);

    if (r < 0 || p->files >= 0)
        return r;
    path = str_printf("%s/files", p->path);
    if (mkdirat(p->at, "files", 0700) < 0 ||
        mount("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0700,size=64m") < 0)
        return err_errno(err, errno, "a place in memory for the step's secrets");
    p->files = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return p->files < 0 ? err_errno(err, errno, "%s", path) : 0;
}

int build_run_file_make(struct build_run_place *p, const struct build_run_file *f, struct err *err)
{
    _cleanup_fd_ int fd = -1;
    int r = build_run_files(p, err);

    if (r < 0)
        return r;
    fd = openat(p->files, f->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    r = fd < 0 ? -errno : fd_write_all(fd, f->text, f->len);
    if (r == 0 && (fchown(fd, f->uid, f->gid) < 0 || fchmod(fd, f->mode) < 0))
        r = -errno;
    return r < 0 ? err_errno(err, -r, "%s", f->name) : 0;
}

/* ---- layers and directories ---- */

/* A directory of the host, where a short name leads to it: the kernel takes no long one for a layer. */
static int bind_below(const char *dir, const char *place, struct err *err)
{
    if (mount(dir, place, NULL, MS_BIND | MS_REC, NULL) < 0)
        return err_errno(err, errno, "%s", dir);
    return 0;
}

/* `ret_any`: there is something to hide. */
static int hide_below(const struct build_mounted *m, int at, bool *ret_any, struct err *err)
{
    _cleanup_fd_ int marks = openat(at, "marks", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    _cleanup_strv_ char **names = NULL;
    int r = marks < 0 ? err_errno(err, errno, "marks") : build_run_hide(m, marks, err);

    if (r == 0 && dir_names(marks, &names) < 0)
        r = err_set(err, ERR_IO, "marks");
    *ret_any = names;
    return r;
}

static int open_directory(const char *path, int *ret, struct err *err)
{
    *ret = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return *ret < 0 ? err_errno(err, errno, "%s", path) : 0;
}

/* An overlay of all that there is, at at/N/all; or the directory itself, where that is all. */
static int stack(struct build_run_place *p, const struct build_mounted *m, bool writable, int *ret_root,
                 struct err *err)
{
    static unsigned number;
    _cleanup_free_ char *name = str_printf("%u", number++);
    _cleanup_free_ char *below = str_printf("tmp/%s/at/%s", p->name, name),
                        *all = str_printf("%s/%s/all", p->path, name);
    _cleanup_free_ char *upper = str_printf("%s/upper", below), *work = str_printf("%s/work", below);
    _cleanup_free_ char *lower = str_printf("%s/lower", below), *empty = str_printf("%s/empty", below);
    _cleanup_free_ char *marks = str_printf("%s/marks", below);
    _cleanup_free_ char *bound = str_printf("%s/%s/lower", p->path, name);
    _cleanup_strv_ char **lowers = NULL;
    struct runtime_overlay overlay = {.dir = store_root_path(p->job->store)};
    static const char *const dirs[] = {"all", "upper", "work", "lower", "empty", "marks"};
    _cleanup_fd_ int at = -1;
    bool hidden = false;
    int r = make_directory(p->at, name, &at, err);

    for (size_t i = 0; r == 0 && i < ARRAY_SIZE(dirs); i++)
        if (mkdirat(at, dirs[i], 0755) < 0)
            r = err_errno(err, errno, "making %s", dirs[i]);
    if (r == 0 && !m->lower)
        r = bind_below(m->dir, bound, err);
    if (r == 0 && !m->lower)
        r = hide_below(m, at, &hidden, err);
    if (r < 0)
        return r;
    if (!m->lower && !hidden && !writable)
        return open_directory(bound, ret_root, err);
    if (hidden)
        strv_add(&lowers, marks);
    strv_extend(&lowers, m->lower);
    strv_add(&lowers, lower);
    strv_add(&lowers, empty); /* two at least */
    overlay.lower = lowers;
    if (writable) {
        overlay.upper = upper;
        overlay.work = work;
        overlay.discard = true;
    }
    return runtime_view(&overlay, all, NULL, ret_root, err);
}

/* What a name leads to in a directory, and never out of it, held on to by a mount of its own: whoever changes the
 * directory meanwhile changes nothing about that. `ret`: where it is. */
static int pin(struct build_run_place *p, int root, const char *source, char **ret, struct err *err)
{
    _cleanup_fd_ int fd = path_open_in_root(root, str_empty(source) ? "." : source, O_PATH, 0);
    _cleanup_free_ char *name = str_printf("seen-%u", p->pinned++);
    char link[32];
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        return err_errno(err, fd < 0 ? -fd : errno, "mount source \"%s\"", source);
    if (S_ISDIR(st.st_mode) ? mkdirat(p->at, name, 0700) < 0 : mknodat(p->at, name, S_IFREG | 0600, 0) < 0)
        return err_errno(err, errno, "mount source \"%s\"", source);
    *ret = str_printf("%s/%s", p->path, name);
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    if (mount(link, *ret, NULL, MS_BIND | MS_REC, NULL) < 0)
        return err_errno(err, errno, "mount source \"%s\"", source);
    return 0;
}

int build_run_see(struct build_run_place *p, const struct build_mounted *mounted, const char *source, bool writable,
                  char **ret, struct err *err)
{
    _cleanup_fd_ int root = -1;
    int r = begin(p, err);

    if (r == 0)
        r = stack(p, mounted, writable, &root, err);
    return r < 0 ? r : pin(p, root, source, ret, err);
}

/* ---- the end ---- */

static void end_processes(struct build_run_place *p)
{
    VEC_FOREACH (pidfd, &p->processes) {
        proc_signal(*pidfd, SIGKILL);
        proc_wait(*pidfd);
        fd_close(*pidfd);
    }
    free(p->processes.v);
}

/* What is mounted below at/ goes, the last first. */
static void unmount(struct build_run_place *p)
{
    static const char *const names[] = {"all", "lower"};
    _cleanup_free_ char *files = str_printf("%s/files", p->path);

    umount2(files, MNT_DETACH);
    for (unsigned i = 0; i < p->pinned; i++) {
        _cleanup_free_ char *seen = str_printf("%s/seen-%u", p->path, i);

        umount2(seen, MNT_DETACH);
    }
    for (unsigned number = 0;; number++) {
        _cleanup_free_ char *below = str_printf("%s/%u", p->path, number);

        if (access(below, F_OK) < 0)
            return;
        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
            _cleanup_free_ char *path = str_printf("%s/%s", below, names[i]);

            umount2(path, MNT_DETACH);
        }
    }
}

void build_run_place_release(struct build_run_place *p)
{
    end_processes(p);
    VEC_FOREACH (lock, &p->locks) {
        flock(*lock, LOCK_UN); /* the monitor's copy too */
        fd_close(*lock);
    }
    if (p->locks.n)
        store_build_mounts_grown(p->job->store);
    free(p->locks.v);
    fd_close(p->files);
    if (p->at >= 0) {
        unmount(p);
        fd_close(p->at);
        path_remove_tree(p->dir, "at", NULL);
    }
    free(p->path);
    *p = (struct build_run_place){.at = -1, .files = -1};
}
