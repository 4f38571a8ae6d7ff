#include "build/context_internal.h"

#include "build/context_place.h"
#include "sys/fd.h"
#include "sys/path.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#define DOCKERFILE   "Dockerfile"
#define DOCKERIGNORE ".dockerignore"

/* ---- reading a file of the user's ---- */

/* A file below `dir`, links resolved inside of it. 0, or -errno; ERR_LIMIT in `err` and 1 for one that is too large. */
static int read_below(int dir, const char *name, struct buf *b, struct err *err)
{
    _cleanup_fd_ int fd = path_open_in_root(dir, name, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
    struct stat st;

    if (fd < 0)
        return fd;
    if (fstat(fd, &st) < 0)
        return -errno;
    if (S_ISDIR(st.st_mode))
        return -EISDIR;
    if (!S_ISREG(st.st_mode))
        return -EINVAL;
    return fd_read_rest(fd, name, b, err) < 0 ? 1 : 0;
}

/* ---- patterns ---- */

/* ERR_NOT_FOUND: there is no such file, and nothing is said. */
static int read_ignore(int dir, const char *name, struct ignore **ret, struct err *err)
{
    _cleanup_buf_ struct buf b = BUF_INIT_MAX(IGNORE_FILE_MAX);
    int r = read_below(dir, name, &b, err);

    if (r == -ENOENT || r == -ENOTDIR)
        return ERR_NOT_FOUND;
    if (r < 0)
        return err_errno(err, -r, "failed to read dockerignore patterns: open %s", name);
    r = r > 0 ? ERR_LIMIT : ignore_parse(buf_str(&b), b.len, ret, err);
    return r < 0 ? err_wrap(err, "failed to read dockerignore patterns: failed parsing %s", name) : 0;
}

/* Those beside the Dockerfile, which has `name` in `beside` (-1: it lies nowhere), else those of the context. */
static int find_ignore(struct build_context *c, int beside, const char *name, struct err *err)
{
    _cleanup_free_ char *own = str_printf("%s" DOCKERIGNORE, name);
    int r = beside < 0 ? ERR_NOT_FOUND : read_ignore(beside, own, &c->ignore, err);

    if (r == ERR_NOT_FOUND)
        r = read_ignore(c->dir, DOCKERIGNORE, &c->ignore, err);
    return r == ERR_NOT_FOUND ? 0 : r;
}

/* ---- the Dockerfile ---- */

static int cannot_read(const char *name, int r, struct err *err)
{
    if (r > 0)
        return err_wrap(err, "failed to read dockerfile");
    return err_errno(err, -r, "failed to read dockerfile: open %s", name);
}

/* `dockerfile` where there is no `Dockerfile`, as on file systems that do not tell them apart. */
static int read_dockerfile(int dir, const char *name, struct buf *b, struct err *err)
{
    _cleanup_free_ char *directory = str_ndup(name, (size_t)(path_base(name) - name)), *small = NULL;
    int r = read_below(dir, name, b, err), again;

    if (r == 0)
        return 0;
    if (r == -ENOENT && str_eq(path_base(name), DOCKERFILE)) {
        small = str_printf("%sdockerfile", directory);
        again = read_below(dir, small, b, err);
        if (again == 0)
            return 0;
    }
    return cannot_read(name, r, err);
}

/* The directory that `file` lies in, by the way that the user wrote. */
static int open_beside(const char *file, int *ret_dir, struct err *err)
{
    const char *base = path_base(file);
    _cleanup_free_ char *directory = base == file ? str_dup(".") : str_ndup(file, (size_t)(base - file));

    *ret_dir = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return *ret_dir < 0 ? cannot_read(file, -errno, err) : 0;
}

/* A link from beside the context's other files to elsewhere in the context: not followed out of it. */
static int read_linked(const struct build_context *c, const char *file, struct buf *b, struct err *err)
{
    const char *base = path_base(file), *below;
    _cleanup_free_ char *directory = base == file ? str_dup(".") : str_ndup(file, (size_t)(base - file));
    _cleanup_free_ char *real = realpath(directory, NULL), *root = realpath(c->path, NULL), *name = NULL;

    below = real && root ? str_after(real, root) : NULL;
    if (!below || (*below && *below != '/'))
        return -ENOENT;
    name = str_printf("%s/%s", below, base);
    return read_below(c->dir, name, b, err);
}

/* What the shell or the system offers as a file: /dev/fd/63, /dev/stdin. */
static bool is_stream(const char *file)
{
    return str_after(file, "/dev/") || str_after(file, "/proc/");
}

static int read_stream(int fd, const char *file, struct buf *b, struct err *err)
{
    return fd_read_rest(fd, file, b, err) < 0 ? cannot_read(file, 1, err) : 0;
}

/* -f FILE: from where the user is, inside of the context or not. */
static int read_given(struct build_context *c, const char *file, struct buf *b, struct err *err)
{
    _cleanup_fd_ int beside = -1;
    struct stat st;
    int r;

    if (is_stream(file)) {
        beside = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        r = beside < 0 ? cannot_read(file, -errno, err) : read_stream(beside, file, b, err);
        return r < 0 ? r : find_ignore(c, -1, file, err);
    }
    r = open_beside(file, &beside, err);
    if (r == 0)
        r = read_dockerfile(beside, path_base(file), b, err);
    if (r == ERR_NOT_FOUND && read_linked(c, file, b, NULL) == 0)
        r = 0;
    if (r == ERR_NOT_FOUND && *file != '/' && fstatat(c->dir, file, &st, 0) == 0)
        err_hint(err, "-f counts from the working directory: did you mean -f %s/%s?", c->path, file);
    return r < 0 ? r : find_ignore(c, beside, path_base(file), err);
}

/* ---- opening ---- */

static int open_directory(const char *what, struct build_context *ret, struct err *err)
{
    _cleanup_fd_ int fd = open(what, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0 && errno == ENOENT)
        return err_set(err, ERR_NOT_FOUND, "unable to prepare context: path \"%s\" not found", what);
    if (fd < 0 && errno == ENOTDIR) {
        err_set(err, ERR_INVALID, "unable to prepare context: context must be a directory: %s", what);
        return err_hint(err, "an archive is read from standard input: cbox build - <%s", what);
    }
    if (fd < 0)
        return err_errno(err, errno, "unable to prepare context: open %s", what);
    ret->path = realpath(what, NULL);
    if (!ret->path)
        return err_errno(err, errno, "unable to prepare context: %s", what);
    ret->dir = steal_fd(&fd);
    return 0;
}

/* -f URL. */
static int read_remote(struct store *s, struct build_context *c, const char *url, struct buf *b, struct err *err)
{
    _cleanup_fd_ int fd = -1;
    int r = context_open_url(s, url, &fd, err);

    if (r == 0)
        r = read_stream(fd, url, b, err);
    return r < 0 ? r : find_ignore(c, -1, url, err);
}

static int open_local(struct store *s, const char *what, const char *file, struct build_context *ret, char **ret_name,
                      struct buf *b, struct err *err)
{
    int r = open_directory(what, ret, err);

    if (r < 0)
        return r;
    if (str_eq(file, "-")) {
        *ret_name = str_dup(DOCKERFILE);
        r = read_stream(STDIN_FILENO, "standard input", b, err);
        return r < 0 ? r : find_ignore(ret, -1, file, err);
    }
    *ret_name = str_dup(file ? file : DOCKERFILE);
    if (file && build_is_url(file))
        return read_remote(s, ret, file, b, err);
    if (file)
        return read_given(ret, file, b, err);
    r = read_dockerfile(ret->dir, DOCKERFILE, b, err);
    return r < 0 ? r : find_ignore(ret, ret->dir, DOCKERFILE, err);
}

int build_context_open(struct store *s, const char *what, const char *file, struct build_context *ret, char **ret_name,
                       struct buf *ret_dockerfile, struct err *err)
{
    int r;

    *ret = BUILD_CONTEXT_NONE;
    *ret_name = NULL;
    if (str_eq(what, "-") && str_eq(file, "-"))
        return err_set(err, ERR_INVALID, "invalid argument: can't use stdin for both build context and dockerfile");
    if (!context_is_made(what))
        return open_local(s, what, file, ret, ret_name, ret_dockerfile, err);
    r = context_make(s, what, ret, ret_dockerfile, err);
    *ret_name = str_dup(file && ret->dir >= 0 ? file : DOCKERFILE);
    if (r < 0)
        return r;
    if (ret->dir < 0) /* a Dockerfile alone: there is nothing in its context */
        return context_make_place(s, ret, err);
    if (str_eq(file, "-"))
        return read_stream(STDIN_FILENO, "standard input", ret_dockerfile, err);
    return read_dockerfile(ret->dir, *ret_name, ret_dockerfile, err);
}

int build_context_open_named(struct store *s, const char *what, struct build_context *ret, struct err *err)
{
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(DOCKERFILE_MAX);
    int r;

    *ret = BUILD_CONTEXT_NONE;
    if (context_is_made(what)) {
        r = context_make(s, what, ret, &text, err);
        if (r == 0 && ret->dir < 0)
            r = err_set(err, ERR_INVALID, "build context %s is no archive", what);
        return r;
    }
    r = open_directory(what, ret, err);
    return r < 0 ? r : find_ignore(ret, -1, "", err);
}

void build_context_release(struct build_context *c)
{
    context_remove(c);
    fd_close(c->dir);
    fd_close(c->lock);
    free(c->path);
    free(c->name);
    ignore_free(c->ignore);
    *c = BUILD_CONTEXT_NONE;
}
