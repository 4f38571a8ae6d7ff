/* One step in its own process: its key, then what is found, or what is made. */
#include "build/step.h"
#include "build/view.h"

#include "store/build_cache.h"
#include "sys/dir.h"
#include "sys/fd.h"
#include "sys/frame.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

volatile sig_atomic_t step_stop;

static void on_stop(int number)
{
    (void)number;
    step_stop = 1;
}

/* ---- what steps share ---- */

int step_digest_layers(const build_layers *layers, char **ret, struct err *err)
{
    _cleanup_buf_ struct buf text = BUF_INIT;
    char one[DIGEST_TEXT_MAX], hex[DIGEST_SHA256_HEX + 1];
    int r;

    VEC_FOREACH (layer, layers)
        buf_addf(&text, "%s\n", digest_format(layer, one));
    r = digest_hex(buf_str(&text), text.len, hex, err);
    if (r == 0)
        *ret = str_dup(hex);
    return r;
}

static int make_place(struct step *s, struct err *err)
{
    return s->dir >= 0 ? 0 : build_layer_begin(s->b->store, &s->dir, &s->dir_name, &s->dir_lock, err);
}

int step_view(struct step *s, const build_layers *layers, int *ret_root, struct err *err)
{
    int r = make_place(s, err);

    return r < 0 ? r : build_view(s->b->store, layers, s->dir, s->dir_name, ret_root, err);
}

/* ---- WORKDIR ---- */

static int step_workdir_key(struct step *s, struct err *err)
{
    build_key_of_workdir(s->b->plan, s->step, s->below, &s->key);
    return build_key_finish(&s->key, err);
}

static int step_workdir_do(struct step *s, struct err *err)
{
    _cleanup_fd_ int below = -1, upper = -1;
    int r = step_view(s, s->below, &below, err);

    if (r < 0)
        return r;
    upper = openat(s->dir, "tree", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (upper < 0)
        return err_errno(err, errno, "tmp/%s/tree", s->dir_name);
    return build_make_directory(below, upper, s->step->directory, s->step->config.user, s->stage->epoch, err);
}

/* ---- all kinds ---- */

static const struct {
    int (*key)(struct step *s, struct err *err);
    int (*work)(struct step *s, struct err *err);
} kinds[] = {
    [BUILD_STEP_RUN] = {step_run_key, step_run_do},
    [BUILD_STEP_COPY] = {step_copy_key, step_copy_do},
    [BUILD_STEP_WORKDIR] = {step_workdir_key, step_workdir_do},
};

/* What was done before; 1 where there is none, or none is wanted. */
static int find(const struct building *b, const struct build_step *step, const char *key, struct build_done *ret,
                struct err *err)
{
    struct err why = ERR_INIT;
    int r = step->no_cache ? ERR_NOT_FOUND : build_cache_find(b->store, key, &ret->layer, &why);

    if (r == ERR_NOT_FOUND)
        return 1;
    if (r < 0) {
        if (err)
            *err = why;
        return r;
    }
    ret->cached = true;
    snprintf(ret->key, sizeof(ret->key), "%s", key);
    return 0;
}

/* Of the layers that a stage begins with, however many stages stand between. */
static size_t count_base_layers(const struct build_plan *p, const struct build_stage *stage)
{
    while (!stage->scratch && stage->base.kind == BUILD_SOURCE_STAGE)
        stage = &p->stages.v[stage->base.index];
    return stage->scratch ? 0 : oci_image_config_layers(&p->images.v[stage->base.index].config);
}

static int explain(struct step *s, bool found, struct err *err)
{
    _cleanup_buf_ struct buf text = BUF_INIT;
    int r = 0;

    if (!s->b->request->explain)
        return 0;
    s->key.base_layers = count_base_layers(s->b->plan, s->stage);
    if (s->step->no_cache)
        buf_adds(&text, "the cache is not asked (--no-cache)\n");
    else
        r = build_cache_explain(s->b->store, &s->key, found, &text, err);
    for (size_t at = 0; r == 0 && at < text.len; at += FRAME_MAX)
        frame_send(s->socket, BUILD_WORD_EXPLAINED, text.p + at, MIN_OF(text.len - at, (size_t)FRAME_MAX), NULL, 0);
    return r;
}

static bool has_names(int dir)
{
    _cleanup_dir_ DIR *d = dir_open(dir, "tree");
    const struct dirent *e;

    while (d && (e = readdir(d)))
        if (!str_eq(e->d_name, ".") && !str_eq(e->d_name, ".."))
            return true;
    return false;
}

/* A program may have looked into directories and changed nothing in them, which only the comparison with what is below
 * tells; -1 where there is nothing to compare. */
static int view_for_layer(struct step *s, int *ret_root, struct err *err)
{
    return s->step->kind == BUILD_STEP_RUN && has_names(s->dir) ? step_view(s, s->below, ret_root, err) : 0;
}

static int do_step(struct step *s, struct build_done *ret, struct err *err)
{
    _cleanup_fd_ int below = -1;
    int r = make_place(s, err);

    if (r == 0)
        r = kinds[s->step->kind].work(s, err);
    if (r == 0 && step_stop)
        r = err_set(err, ERR_INTERRUPTED, "interrupted");
    if (r == 0)
        r = view_for_layer(s, &below, err);
    if (r < 0)
        return r;
    r = build_layer_make(s->b->store, s->dir, s->dir_name, s->stage->epoch, below, &ret->layer, err);
    snprintf(ret->key, sizeof(ret->key), "%s", s->key.hex);
    return r < 0 ? r : build_cache_keep(s->b->store, &s->key, &ret->layer, *s->b->config->build_cache_max, err);
}

static int work(struct step *s, struct build_done *ret, struct err *err)
{
    int r = kinds[s->step->kind].key(s, err);

    if (r == 0)
        r = find(s->b, s->step, s->key.hex, ret, err);
    if (r >= 0) {
        int e = explain(s, r == 0, err);

        r = e < 0 ? e : r;
    }
    return r <= 0 ? r : do_step(s, ret, err);
}

/* Whoever did not hand it over throws it away. */
static void drop_place(struct step *s)
{
    step_copy_release();
    if (s->dir >= 0)
        store_build_unstage(s->b->store, s->dir_name, NULL);
    s->dir = fd_close(s->dir);
    s->dir_lock = fd_close(s->dir_lock);
}

_Noreturn void build_work(const struct building *b, size_t stage, int socket)
{
    const struct build_progress *p = &b->progress[stage];
    struct sigaction stop = {.sa_handler = on_stop}, ignore = {.sa_handler = SIG_IGN};
    struct step s = {.b = b,
                     .stage = &b->plan->stages.v[stage],
                     .step = &b->plan->stages.v[stage].steps.v[p->next],
                     .below = &p->layers,
                     .socket = socket,
                     .dir = -1,
                     .dir_lock = -1};
    struct build_done done = {.cached = false};
    struct err err = ERR_INIT;

    sigaction(SIGTERM, &stop, NULL);
    sigaction(SIGINT, &ignore, NULL); /* a terminal's is the builder's to hear */
    sigaction(SIGHUP, &ignore, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
    if (work(&s, &done, &err) < 0) {
        drop_place(&s);
        frame_send_error(socket, BUILD_WORD_FAILED, &err);
        _exit(1);
    }
    drop_place(&s);
    frame_send(socket, BUILD_WORD_DONE, &done, sizeof(done), NULL, 0);
    _exit(0);
}

/* ---- without a process ---- */

/* A step whose key follows from the plan alone. */
static bool is_plain(const struct build_step *step)
{
    return step->kind == BUILD_STEP_WORKDIR || (step->kind == BUILD_STEP_RUN && step->run.mounts.n == 0);
}

bool build_find_at_once(const struct building *b, size_t stage, struct build_done *ret)
{
    const struct build_progress *p = &b->progress[stage];
    struct step s = {.b = b,
                     .stage = &b->plan->stages.v[stage],
                     .step = &b->plan->stages.v[stage].steps.v[p->next],
                     .below = &p->layers};
    bool found;

    if (!is_plain(s.step) || s.step->no_cache || b->request->explain)
        return false;
    found = kinds[s.step->kind].key(&s, NULL) == 0 && find(b, s.step, s.key.hex, ret, NULL) == 0;
    build_key_release(&s.key);
    return found;
}
