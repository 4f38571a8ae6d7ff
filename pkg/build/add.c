#include "build/add.h"

#include "layer/apply.h"
#include "layer/sandbox.h"
#include "sys/aside.h"
#include "sys/copy.h"
#include "sys/fd.h"
#include "sys/path.h"

#include <fcntl.h>

/* ---- archives, each read by a process of its own ---- */

struct unpacking {
    struct copying *c;
    int fd;
    int64_t size;
    struct said {
        int64_t files, bytes;
        bool archive;
    } said;
};

/* The target is a directory then, whether it ends with a slash or not. */
static int unpack(struct copying *c, struct add_archive *a, struct err *err)
{
    int r = place_walk(&c->place, c->target, true, NULL, err);

    if (r == 0)
        r = add_members(c, a, err);
    while (r == 0 && c->place.levels.n)
        r = place_leave(&c->place, err);
    return r == 0 ? add_archive_finish(a, err) : r;
}

static void pass_progress(int64_t files, int64_t bytes, void *data)
{
    const struct said said = {.files = files, .bytes = bytes};
    const int *socket = data;

    aside_tell(*socket, &said, sizeof(said));
}

/* Nothing of the host is in its reach but what the step writes and, for reading, what that stands on. */
static int enter_sandbox(struct unpacking *u, int socket, struct err *err)
{
    struct build_copy_job *job = u->c->job;
    int keep[] = {u->fd, socket}, upper = job->upper, below = job->below;
    int r = layer_sandbox_enter(&upper, below < 0 ? NULL : &below, keep, ARRAY_SIZE(keep), geteuid() != 0, err);

    return r < 0 ? r : place_open_again(&u->c->place, below, upper, err);
}

static int unpack_confined(void *data, int socket, struct err *err)
{
    _cleanup_(add_archive_close) struct add_archive a = ADD_ARCHIVE_NONE;
    struct unpacking *u = data;
    int r = enter_sandbox(u, socket, err);

    u->c->job->progress = pass_progress;
    u->c->job->data = &socket;
    if (r == 0)
        r = add_archive_open(u->fd, u->size, &a, err);
    if (r == 1) {
        u->said.archive = true;
        r = unpack(u->c, &a, err);
    }
    u->said.files = u->c->files;
    u->said.bytes = u->c->bytes;
    return r;
}

static void hear_progress(void *data, const void *message, size_t len)
{
    const struct unpacking *u = data;
    const struct build_copy_job *job = u->c->job;
    struct said said;

    if (len != sizeof(said) || !job->progress)
        return;
    memcpy(&said, message, sizeof(said));
    job->progress(said.files, said.bytes, job->data);
}

/* 1: unpacked; 0: no archive after all. */
static int unpack_aside(struct unpacking *u, struct err *err)
{
    const struct aside how = {.work = unpack_confined,
                              .data = u,
                              .answer = &u->said,
                              .answer_len = sizeof(u->said),
                              .hear = hear_progress,
                              .stop = u->c->job->stop};
    int r = layer_open_libraries(err);

    if (r == 0)
        r = place_walk(&u->c->place, "/", true, NULL, err); /* whatever it makes is not known here */
    if (r == 0)
        r = aside(&how, err);
    if (r < 0 || !u->said.archive)
        return r;
    u->c->files = u->said.files;
    u->c->bytes = u->said.bytes;
    return 1;
}

/* 1: unpacked; 0: no archive. */
static int try_unpack(struct copying *c, int fd, const char *what, struct err *err)
{
    struct unpacking u = {.c = c, .fd = fd};
    struct stat st;
    int r = fstat(fd, &st) < 0 ? err_errno(err, errno, "looking at it") : add_archive_likely(fd, err);

    u.size = st.st_size;
    if (r == 1)
        r = unpack_aside(&u, err);
    return r < 0 && r != ERR_INTERRUPTED ? err_wrap(err, "%.300s", what) : r;
}

static bool wants_unpacking(const struct copying *c, bool usual)
{
    return c->copy->unpack ? *c->copy->unpack : usual;
}

int add_selected(struct copying *c, const struct build_file *f, struct err *err)
{
    _cleanup_fd_ int fd = -1;
    struct stat st;

    if (!wants_unpacking(c, true) || !S_ISREG(f->st.st_mode))
        return 0;
    fd = path_open_in_root(c->tree->dir, f->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0);
    if (fd < 0)
        return err_errno(err, -fd, "%s of %s", f->path, c->tree->what);
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return 0;
    c->job->changed |= st.st_ino != f->st.st_ino || st.st_size != f->st.st_size ||
                       st.st_mtim.tv_sec != f->st.st_mtim.tv_sec || st.st_mtim.tv_nsec != f->st.st_mtim.tv_nsec;
    return try_unpack(c, fd, f->path, err);
}

/* ---- what was fetched ---- */

static int add_file(struct copying *c, const struct build_fetched *f, struct err *err)
{
    const struct copying_from how = {.keep_time = f->time > 0};
    const struct stat st = {.st_mode = S_IFREG | 0600, .st_mtim = {f->time, 0}};
    _cleanup_free_ char *name = NULL;
    _cleanup_fd_ int fd = -1;
    struct stat is;
    int r = copying_file_target(c, f->name ? f->name : "", &name, err);

    if (r == 0 && !*name)
        r = err_set(err, ERR_INVALID, "the URL has no name for the file: write the target with a name");
    if (r == 0)
        r = copying_make_file(c, name, 0600, &fd, err);
    if (r < 0)
        return r;
    r = fstat(f->fd, &is) < 0 ? -errno : copy_pieces(f->fd, fd, is.st_size, c->job->stop);
    if (r < 0)
        return r == -EINTR ? err_set(err, ERR_INTERRUPTED, "interrupted") : err_errno(err, -r, "%s", name);
    copying_count(c, is.st_size);
    return copying_finish(c, fd, -1, &st, &how, err);
}

int add_fetched(struct copying *c, const struct build_fetched *f, struct err *err)
{
    int r;

    if (f->fd < 0)
        return copying_directory(c, f->repository.dir, "the repository", err);
    r = wants_unpacking(c, false) ? try_unpack(c, f->fd, f->name ? f->name : "archive", err) : 0;
    return r == 0 ? add_file(c, f, err) : MIN_OF(r, 0);
}
