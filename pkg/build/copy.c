#include "build/copy.h"

#include "base/log.h"
#include "base/num.h"
#include "build/add.h"
#include "build/copying.h"
#include "sys/fd.h"
#include "sys/path.h"
#include "sys/userdb.h"

#include <ctype.h>

/* ---- whom it belongs to ---- */

static bool is_name(const char *text)
{
    return text[strspn(text, "0123456789")] != 0;
}

static int parse_id(const char *text, uid_t *ret, struct err *err)
{
    int64_t n = 0;
    int r = *text ? num_parse_i64(text, 0, INT32_MAX, &n, err) : 0;

    *ret = (uid_t)n;
    return r < 0 ? err_wrap(err, "--chown") : 0;
}

/* BuildKit's rules: a name brings the group of its entry, a number is its own group; what stands behind the colon, if
 * anything, takes its place. */
static int find_owner(int below, const char *who, uid_t ret[2], struct err *err)
{
    _cleanup_free_ char *user = str_ndup(who, strcspn(who, ":"));
    const char *group = who[strlen(user)] ? who + strlen(user) + 1 : "";
    _cleanup_userdb_user_ struct userdb_user found = {0};
    int r;

    if (!is_name(user) && !is_name(group)) {
        r = parse_id(user, &ret[0], err);
        return r < 0 ? r : parse_id(*group ? group : user, &ret[1], err);
    }
    if (below < 0) {
        err_set(err, ERR_INVALID, "--chown=%.100s: with --link nothing of the image is looked at", who);
        return err_hint(err, "use numbers, or leave out --link");
    }
    r = userdb_find(below, who, &found, err);
    ret[0] = found.uid;
    ret[1] = found.gid;
    return r;
}

/* ---- where it goes ---- */

/* "." and "" are directories, as is what ends with a slash. */
static void find_target(struct copying *c, const char *working, const char *target)
{
    size_t n = strlen(target);

    c->directory = !n || str_eq(target, ".") || target[n - 1] == '/' || str_ends(target, "/.");
    c->target = *target == '/' ? path_clean(target) : path_join(str_empty(working) ? "/" : working, target);
}

int copying_file_target(struct copying *c, const char *name, char **ret_name, struct err *err)
{
    int r = place_walk(&c->place, c->target, c->directory, ret_name, err);

    if (r == 0 && *ret_name && c->several)
        r = err_set(err, ERR_INVALID,
                    "When using %s with more than one source file, the destination must be a directory and end with "
                    "a /",
                    c->copy->add ? "ADD" : "COPY");
    if (r == 0 && !*ret_name)
        *ret_name = str_dup(path_base(name));
    return r;
}

/* ---- heredocs ---- */

static int copy_inline(struct copying *c, const struct dockerfile_inline_file *f, struct err *err)
{
    static const struct copying_from from = {0};
    const struct stat st = {.st_mode = S_IFREG | 0644};
    _cleanup_free_ char *name = NULL;
    _cleanup_fd_ int fd = -1;
    size_t len = strlen(f->content);
    int r = copying_file_target(c, f->name, &name, err);

    if (r == 0)
        r = copying_make_file(c, name, 0644, &fd, err);
    if (r < 0)
        return r;
    r = fd_write_all(fd, f->content, len);
    if (r < 0)
        return err_errno(err, -r, "%s", f->name);
    copying_count(c, (int64_t)len);
    return copying_finish(c, fd, -1, &st, &from, err);
}

/* ---- all of it ---- */

static int prepare(struct copying *c, struct err *err)
{
    const struct build_copy_job *job = c->job;
    uint64_t n = job->fetched.n + c->copy->files.n + (job->selection ? job->selection->n_sources : 0);
    const char *chmod = c->copy->chmod;
    int r = 0;

    c->several = n > 1;
    c->not_root = geteuid() || getegid();
    find_target(c, job->step->directory, c->copy->target);
    c->place.epoch = (struct timespec){job->epoch, 0};
    /* Docker's directories on the way get --chown, and of --chmod what is octal. */
    c->place.mode = chmod && isdigit((unsigned char)*chmod) ? dockerfile_chmod_apply(chmod, 0755, true) & 0777 : 0755;
    if (c->copy->chown) {
        r = find_owner(job->below, c->copy->chown, c->owner, err);
        c->chown = true;
        memcpy(c->place.owner, c->owner, sizeof(c->owner));
    }
    return r < 0 ? r : place_open(&c->place, job->below, job->upper, err);
}

static int copy_selection(struct copying *c, struct build_selection *s, struct err *err)
{
    struct build_reading reading;
    struct build_selected source;
    int r;

    build_reading_begin(&reading, s);
    while ((r = build_reading_source(&reading, &source, err)) == 1) {
        r = copying_selected(c, &source, &reading, err);
        if (r < 0)
            break;
    }
    build_reading_end(&reading);
    return r;
}

static int copy_all(struct copying *c, struct err *err)
{
    const struct build_copy_job *job = c->job;
    int r = prepare(c, err);

    if (r == 0 && job->selection)
        r = copy_selection(c, job->selection, err);
    for (size_t i = 0; r == 0 && i < job->fetched.n; i++)
        r = add_fetched(c, &job->fetched.v[i], err);
    for (size_t i = 0; r == 0 && i < c->copy->files.n; i++)
        r = copy_inline(c, &c->copy->files.v[i], err);
    while (r == 0 && c->place.levels.n)
        r = place_leave(&c->place, err);
    return r;
}

static void copying_release(struct copying *c)
{
    VEC_FOREACH (s, &c->sources)
        fd_close(s->fd);
    free(c->sources.v);
    place_release(&c->place);
    links_release(&c->links);
    free(c->target);
    free(c->buffer);
}

void copying_count(struct copying *c, int64_t bytes)
{
    enum { EVERY = 64 };
    const struct build_copy_job *job = c->job;

    c->bytes += bytes;
    if (++c->files % EVERY == 0 && job->progress)
        job->progress(c->files, c->bytes, job->data);
}

int build_copy(struct build_copy_job *job, struct err *err)
{
    _cleanup_(copying_release) struct copying c = {.job = job, .copy = &job->step->copy, .tree = job->tree};
    mode_t mask = umask(0);
    int r = copy_all(&c, err);

    umask(mask);
    if (r == 0 && job->progress)
        job->progress(c.files, c.bytes, job->data);
    return r;
}

/* ---- WORKDIR ---- */

int build_make_directory(int below, int upper, const char *path, const char *user, int64_t epoch, struct err *err)
{
    struct place p = {.epoch = {epoch, 0}, .mode = 0755};
    struct err unknown = ERR_INIT;
    mode_t mask = umask(0);
    int r = 0;

    /* Somebody whom the image does not have yet: Docker says nothing either. */
    if (!str_empty(user) && find_owner(below, user, p.owner, &unknown) < 0)
        log_debug("WORKDIR %s: %s", path, unknown.text);
    r = place_open(&p, below, upper, err);
    if (r == 0)
        r = place_walk(&p, path, true, NULL, err);
    while (r == 0 && p.levels.n)
        r = place_leave(&p, err);
    place_release(&p);
    umask(mask);
    return r;
}
