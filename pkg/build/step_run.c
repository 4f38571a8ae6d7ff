/* RUN: what its mounts show counts for its key; then it runs. */
#include "build/emulator.h"
#include "build/step.h"

#include "sys/fd.h"
#include "sys/frame.h"
#include "sys/path.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

/* ---- mounts ---- */

static const struct build_context *context_of(const struct step *s, const struct build_source *source)
{
    return &s->b->contexts[source->index];
}

/* A bind mount of a context: the files that can be seen through it. */
static int digest_context(struct step *s, const struct build_context *c, const struct dockerfile_mount *m, char **ret,
                          struct err *err)
{
    const struct build_tree tree = {.dir = c->dir, .ignore = c->ignore, .remember = c->path, .what = "context"};
    char *source[] = {m->source ? m->source : (char *)".", NULL};
    const struct build_select how = {.sources = source};
    struct build_selection selection = BUILD_SELECTION_NONE;
    int r = build_select(s->b->store, &tree, &how, &selection, err);

    if (r == 0)
        *ret = str_dup(selection.digest);
    build_selection_release(&selection);
    return r;
}

static int digest_mount(struct step *s, size_t i, char **ret, struct err *err)
{
    const struct dockerfile_mount *m = &s->step->run.mounts.v[i];
    const struct build_source *source = &s->step->sources.v[i];
    build_layers layers = {0};
    int r;

    *ret = str_dup("");
    if (m->type != DOCKERFILE_MOUNT_BIND && !m->from)
        return 0;
    free(*ret);
    *ret = NULL;
    if (source->kind == BUILD_SOURCE_CONTEXT)
        return digest_context(s, context_of(s, source), m, ret, err);
    build_source_layers(s->b, source, &layers);
    r = step_digest_layers(&layers, ret, err);
    free(layers.v);
    return r;
}

/* What the command line says of all that run. Limits change how fast it is, not what comes of it. */
static void add_surroundings(struct step *s)
{
    const struct build_request *q = s->b->request;

    build_key_add(&s->key, "network of the build", q->network);
    STRV_FOREACH (host, q->limits ? q->limits->extra_hosts : NULL)
        build_key_add(&s->key, "host", *host);
}

int step_run_key(struct step *s, struct err *err)
{
    size_t n = s->step->run.mounts.n;
    char **mounts = mem_zalloc(n + 1, sizeof(*mounts));
    int r = 0;

    for (size_t i = 0; r == 0 && i < n; i++)
        r = digest_mount(s, i, &mounts[i], err);
    if (r == 0) {
        build_key_of_run(s->b->plan, s->step, s->below, mounts, &s->key);
        add_surroundings(s);
        r = build_key_finish(&s->key, err);
    }
    for (size_t i = 0; i < n; i++)
        free(mounts[i]);
    free(mounts);
    return r;
}

/* Of one that was made it may be a directory of a repository. The caller frees it. */
static int context_path(const struct build_context *c, char **ret, struct err *err)
{
    char link[sizeof("/proc/self/fd/") + 11], path[PATH_MAX];
    ssize_t n;

    if (c->path) {
        *ret = str_dup(c->path);
        return 0;
    }
    snprintf(link, sizeof(link), "/proc/self/fd/%d", c->dir);
    n = readlink(link, path, sizeof(path));
    if (n < 0 || n == sizeof(path))
        return err_errno(err, n < 0 ? errno : ENAMETOOLONG, "finding the context %s", c->name);
    *ret = str_ndup(path, (size_t)n);
    return 0;
}

/* Where a mount finds its files. The cache's lock is held. */
static int find_mounted(struct step *s, size_t i, struct build_mounted *ret, struct err *err)
{
    const struct build_source *source = &s->step->sources.v[i];
    const struct dockerfile_mount *m = &s->step->run.mounts.v[i];
    build_layers layers = {0};
    int r;

    if (m->type != DOCKERFILE_MOUNT_BIND && !m->from)
        return 0;
    if (source->kind == BUILD_SOURCE_CONTEXT) {
        ret->ignore = context_of(s, source)->ignore;
        return context_path(context_of(s, source), &ret->dir, err);
    }
    build_source_layers(s->b, source, &layers);
    r = build_layer_stack(s->b->store, layers.v, layers.n, false, &ret->lower, err);
    free(layers.v);
    return r;
}

/* ---- the run ---- */

static void pass_output(void *data, int stream, const char *text, size_t len)
{
    const struct step *s = data;
    char message[FRAME_MAX];

    message[0] = (char)stream;
    for (size_t at = 0; at < len; at += sizeof(message) - 1) {
        size_t n = MIN_OF(len - at, sizeof(message) - 1);

        memcpy(message + 1, text + at, n);
        frame_send(s->socket, BUILD_WORD_TEXT, message, n + 1, NULL, 0);
    }
}

static void tell_exit(struct step *s, const struct build_run_result *result)
{
    char message[FRAME_MAX];
    int32_t code = result->exit_code;
    size_t n = result->kept ? strlen(result->kept) : 0;

    memcpy(message, &code, sizeof(code));
    if (n)
        memcpy(message + sizeof(code), result->kept, n);
    frame_send(s->socket, BUILD_WORD_EXIT, message, sizeof(code) + n, NULL, 0);
}

static int failed(struct step *s, const struct build_run_result *result, struct err *err)
{
    _cleanup_free_ char *command = strv_join(s->step->run.argv, " ");
    int r;

    tell_exit(s, result);
    r = err_set(err, ERR_INVALID, "process \"%.700s\" did not complete successfully: %s%d", command,
                result->oom_killed ? "out of memory, exit code: " : "exit code: ", result->exit_code);
    if (result->kept)
        err_hint(err, "`cbox start -ai %s` is a shell in what it left, `cbox rm %s` removes that", result->kept,
                 result->kept);
    return r;
}

static int run(struct step *s, struct build_mounted *mounted, struct err *err)
{
    _cleanup_strv_ char **lower = NULL;
    _cleanup_fd_ int lock = -1;
    struct build_run_result result = {0};
    struct build_run_job job = {.store = s->b->store,
                                .config = s->b->config,
                                .request = s->b->request,
                                .step = s->step,
                                .lock = &lock,
                                .mounted = mounted,
                                .epoch = s->stage->epoch,
                                .keep = s->b->request->debug,
                                .output = pass_output,
                                .data = s,
                                .stop_fd = s->b->stop[0]};
    int r = build_emulator_check(&s->stage->config.platform, NULL, err);

    if (r == 0)
        r = store_build_lock(s->b->store, LOCK_SHARED, LOCK_WAIT, &lock, err);
    for (size_t i = 0; r == 0 && i < s->step->run.mounts.n; i++)
        r = find_mounted(s, i, &mounted[i], err);
    if (r == 0)
        r = build_layer_stack(s->b->store, s->below->v, s->below->n, true, &lower, err);
    if (r < 0)
        return r;
    job.lower = lower;
    r = build_run(&job, s->dir, s->dir_name, &result, err);
    if (r == 0 && result.exit_code)
        r = failed(s, &result, err);
    if ((r == ERR_NO_COMMAND || r == ERR_NO_EXEC) && err)
        r = err->kind = ERR_NOT_FOUND; /* it is the build that failed: exit code 1 */
    build_run_result_release(&result);
    return r;
}

static bool sees_context(const struct step *s)
{
    for (size_t i = 0; i < s->step->run.mounts.n; i++) {
        const struct dockerfile_mount *m = &s->step->run.mounts.v[i];

        if ((m->type == DOCKERFILE_MOUNT_BIND || m->from) && s->step->sources.v[i].kind == BUILD_SOURCE_CONTEXT)
            return true;
    }
    return false;
}

/* What was made of other files than those that the key knows is not to be found by it. */
static int check_unchanged(struct step *s, struct err *err)
{
    struct build_key before = s->key;
    int r;

    if (!sees_context(s))
        return 0;
    s->key = (struct build_key){0};
    r = step_run_key(s, err);
    if (r == 0 && !str_eq(s->key.hex, before.hex))
        r = err_set(err, ERR_BUSY, "files of the context changed while this ran: build again when nobody writes them");
    build_key_release(&s->key);
    s->key = before;
    return r;
}

int step_run_do(struct step *s, struct err *err)
{
    size_t n = s->step->run.mounts.n;
    struct build_mounted *mounted = mem_zalloc(n + 1, sizeof(*mounted));
    int r = run(s, mounted, err);

    for (size_t i = 0; i < n; i++) {
        strv_free(mounted[i].lower);
        free(mounted[i].dir);
    }
    free(mounted);
    return r < 0 ? r : check_unchanged(s, err);
}
