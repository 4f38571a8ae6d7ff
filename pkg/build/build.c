#include "build/build.h"

#include "base/log.h"
#include "base/time.h"
#include "build/cache.h"
#include "build/checks.h"
#include "build/execute.h"
#include "build/layout.h"
#include "build/outline.h"
#include "build/output.h"
#include "build/squash.h"
#include "image/image.h"
#include "image/signals.h"
#include "oci/manifest.h"
#include "store/blob.h"
#include "store/build_cache.h"
#include "store/gc.h"
#include "sys/fd.h"

#include <unistd.h>

struct build_all {
    struct building b;
    struct build_plan plan;
    struct build_checks checks;
    struct image_signals signals;
    VEC(struct store_lease *) leases; /* images that stages stand on, and the layers of the result */
    struct build_outline *outline;    /* where it was asked for */
    size_t n_contexts;
    int running; /* as long as it is open, the cache keeps what is found and made */
};

/* ---- images ---- */

static int open_image(struct store *s, const char *name, const char *platform, struct image *ret, struct err *err)
{
    _cleanup_platform_ struct oci_platform wanted = {0};
    int r = platform ? oci_platform_parse(platform, &wanted, err) : 0;

    if (r < 0)
        return r;
    return platform ? image_open_platform(s, name, &wanted, ret, err) : image_open(s, name, ret, err);
}

/* What stays until the build ends. */
static int keep(struct build_all *a, const struct digest *blobs, size_t n_blobs, const struct digest *layers,
                size_t n_layers, struct err *err)
{
    struct store_lease *lease = NULL;
    int r = store_lease_take(a->b.store, blobs, n_blobs, layers, n_layers, &lease, err);

    if (r == 0)
        *VEC_PUSH(&a->leases) = lease;
    return r;
}

static int keep_image(struct build_all *a, const struct digest *manifest, struct err *err)
{
    struct store_needs needs = {0};
    int r = store_needs_add_image(a->b.store, manifest, &needs, err);

    if (r == 0)
        r = keep(a, needs.blobs.v, needs.blobs.n, needs.layers.v, needs.layers.n, err);
    store_needs_release(&needs);
    return r;
}

static int take_image(struct build_all *a, const char *name, const char *platform, struct build_image *ret,
                      struct err *err)
{
    _cleanup_fd_ int lock = -1;
    struct image image = {0};
    int r = store_lock(a->b.store, LOCK_SHARED, LOCK_WAIT, &lock, err);

    if (r == 0)
        r = open_image(a->b.store, name, platform, &image, err);
    if (r < 0)
        return r;
    r = keep_image(a, &image.tag.manifest, err);
    if (r == 0)
        r = json_duplicate(&oci_image_config_type, &image.config, &ret->config, err);
    if (r == 0)
        r = json_duplicate(&oci_platform_type, &image.config.platform, &ret->platform, err);
    ret->manifest = image.tag.manifest;
    image_release(&image);
    return r;
}

static int keep_loaded(void *data, const struct digest *manifest, struct err *err)
{
    return keep_image(data, manifest, err);
}

static int take_layout(struct build_all *a, const char *what, const char *platform, struct build_image *ret,
                       struct err *err)
{
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(OCI_MANIFEST_MAX);
    _cleanup_manifest_ struct oci_manifest manifest = {0};
    int r = build_layout_load(a->b.store, what, platform, keep_loaded, a, &ret->manifest, err);

    if (r == 0)
        r = store_blob_read(a->b.store, &ret->manifest, &text, err);
    if (r == 0)
        r = oci_manifest_parse(buf_str(&text), text.len, &manifest, err);
    if (r == 0)
        r = image_read_config(a->b.store, &manifest.config.digest, &ret->config, err);
    return r < 0 ? r : json_duplicate(&oci_platform_type, &ret->config.platform, &ret->platform, err);
}

static int find_image(void *data, const char *name, const char *platform, struct build_image *ret, struct err *err)
{
    struct build_all *a = data;
    const struct build_request *q = a->b.request;
    struct err why = ERR_INIT;
    int r;

    if (build_is_layout(name))
        return take_layout(a, name, platform, ret, err);
    r = q->pull ? ERR_NOT_FOUND : take_image(a, name, platform, ret, &why);

    if (r == ERR_NOT_FOUND && q->pull_image) {
        r = q->pull_image(q->pull_data, name, platform, !q->pull, err);
        return r < 0 ? r : take_image(a, name, platform, ret, err);
    }
    if (r < 0 && err)
        *err = why;
    return r;
}

/* ---- the Dockerfile ---- */

static int read_dockerfile(struct build_all *a, struct err *err)
{
    const struct build_request *q = a->b.request;
    struct build_result *result = a->b.result;
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(DOCKERFILE_MAX);
    int r =
        build_context_open(a->b.store, q->context, q->file, &a->b.contexts[0], &result->dockerfile_name, &text, err);

    return r < 0 ? r
                 : dockerfile_parse(result->dockerfile_name, buf_str(&text), text.len, &result->dockerfile,
                                    &result->problem, err);
}

static void tell_warning(const struct build_all *a, const struct dockerfile_problem *w)
{
    a->b.watcher->event(a->b.watcher->data, &(struct build_event){.kind = BUILD_WARNING, .problem = w});
}

static void tell_warnings(const struct build_all *a)
{
    VEC_FOREACH (w, &a->checks.problems)
        tell_warning(a, w);
}

static int make_plan(struct build_all *a, struct err *err)
{
    const struct build_planning planning = {.request = a->b.request,
                                            .file = &a->b.result->dockerfile,
                                            .image = find_image,
                                            .data = a,
                                            .warnings = &a->checks.problems};
    int r = build_plan_make(&planning, &a->plan, &a->b.result->problem, err);

    for (size_t i = 1; r == 0 && i < a->plan.contexts.n; i++)
        if (!build_context_image(a->plan.contexts.v[i].what))
            r = build_context_open_named(a->b.store, a->plan.contexts.v[i].what, &a->b.contexts[i], err);
    return r;
}

/* ---- what comes of it ---- */

static const struct build_image *base_of(const struct build_plan *plan, size_t stage)
{
    const struct build_stage *s = &plan->stages.v[stage];

    while (!s->scratch && s->base.kind == BUILD_SOURCE_STAGE)
        s = &plan->stages.v[s->base.index];
    return s->scratch ? NULL : &plan->images.v[s->base.index];
}

bool build_makes_image(const struct build_request *q)
{
    VEC_FOREACH (o, &q->outputs)
        if (o->type != BUILD_OUTPUT_LOCAL && o->type != BUILD_OUTPUT_TAR && o->type != BUILD_OUTPUT_NONE)
            return true;
    return q->outputs.n == 0;
}

static int write_outputs(struct build_all *a, const build_finished_all *all, struct err *err)
{
    const struct build_request *q = a->b.request;
    int r = 0;

    VEC_FOREACH (f, all)
        r = r < 0 ? r : keep(a, NULL, 0, f->layers.v, f->layers.n, err); /* until a name leads to it */
    if (r == 0)
        r = store_build_settle(a->b.store, err);
    if (r == 0 && build_makes_image(q))
        r = build_output_image(a->b.store, q, all, a->b.result, err);
    VEC_FOREACH (o, &q->outputs)
        if (r == 0 && o->type != BUILD_OUTPUT_IMAGE && o->type != BUILD_OUTPUT_NONE)
            r = build_output_write(a->b.store, q, o, all, err);
    return r;
}

static int write_squashed(struct build_all *a, const build_finished_all *all, struct err *err)
{
    struct build_squashed *squashed = mem_zalloc(all->n, sizeof(*squashed));
    build_finished_all made = {0};
    int r = 0;

    for (size_t i = 0; r == 0 && i < all->n; i++) {
        r = build_squash(a->b.store, &all->v[i], *a->b.config->build_cache_max, &squashed[i], err);
        if (r == 0)
            *VEC_PUSH(&made) = squashed[i].finished;
    }
    if (r == 0)
        r = write_outputs(a, &made, err);
    for (size_t i = 0; i < made.n; i++)
        build_squashed_release(&squashed[i]);
    free(made.v);
    free(squashed);
    return r;
}

static int export_cache(struct build_all *a, const build_finished_all *all, struct err *err)
{
    build_layers layers = {0};
    int r = 0;

    VEC_FOREACH (f, all)
        VEC_FOREACH (layer, &f->layers)
            *VEC_PUSH(&layers) = *layer;
    VEC_FOREACH (to, &a->b.request->cache_to)
        if (r == 0 && to->type != BUILD_CACHE_INLINE)
            r = build_cache_export(a->b.store, a->b.config, to, a->b.keys, &layers, err);
    free(layers.v);
    return r;
}

static bool wants_inline(const struct build_request *q)
{
    VEC_FOREACH (to, &q->cache_to)
        if (to->type == BUILD_CACHE_INLINE)
            return true;
    return false;
}

/* The text is the list's. */
static const char *add_inline(const struct build_all *a, const build_layers *layers, char ***caches)
{
    char *text = build_cache_inline(a->b.store, a->b.keys, layers);

    strv_take(caches, text);
    return text;
}

static char **manifest_annotations(const struct build_request *q)
{
    char **ret = NULL;

    VEC_FOREACH (a, &q->annotations)
        if (a->manifest)
            strv_env_set(&ret, a->assignment);
    return ret;
}

static int finish(struct build_all *a, struct err *err)
{
    _cleanup_strv_ char **annotations = manifest_annotations(a->b.request), **caches = NULL;
    build_finished_all all = {0};
    int r;

    VEC_FOREACH (target, &a->plan.targets) {
        const struct build_progress *p = &a->b.progress[target->stage];
        struct build_finished *f = VEC_PUSH(&all);

        *f = (struct build_finished){.platform = &target->platform,
                                     .annotations = annotations,
                                     .stage = &a->plan.stages.v[target->stage],
                                     .made = p->made.v,
                                     .n_made = p->made.n,
                                     .base = base_of(&a->plan, target->stage)};
        f->layers.v = p->layers.v;
        f->layers.n = p->layers.n;
        if (wants_inline(a->b.request))
            f->inline_cache = add_inline(a, &f->layers, &caches);
    }
    r = (a->b.request->squash ? write_squashed : write_outputs)(a, &all, err);
    if (r == 0)
        r = export_cache(a, &all, err);
    free(all.v);
    return r;
}

/* ---- all of it ---- */

/* A build can do without what cannot be had, which is said. */
static int import(struct build_all *a, const struct build_cache_place *from, struct err *err)
{
    struct err why = ERR_INIT;
    struct dockerfile_problem problem = {.message = why.text};
    int r = build_cache_import(a->b.store, a->b.config, from, &why);

    if (r == ERR_INTERRUPTED)
        *err = why;
    else if (r < 0)
        tell_warning(a, &problem);
    return r == ERR_INTERRUPTED ? r : 0;
}

static int prepare(struct build_all *a, struct err *err)
{
    struct digest_computed warm;
    int r = store_build_begin(a->b.store, &a->running, err);

    /* So that no step has to open the library anew. */
    if (r == 0)
        r = digest_compute(DIGEST_SHA256, "", 0, &warm, err);
    VEC_FOREACH (from, &a->b.request->cache_from)
        r = r < 0 ? r : import(a, from, err);
    return r;
}

static int carry_out(struct build_all *a, struct err *err)
{
    int r = prepare(a, err);

    if (r < 0)
        return r;
    a->b.progress = mem_zalloc(a->plan.stages.n, sizeof(*a->b.progress));
    a->b.plan = &a->plan;
    r = build_execute(&a->b, err);
    return r < 0 ? r : finish(a, err);
}

static void begin(struct build_all *a, struct store *s, const struct config *config, const struct build_request *q,
                  const struct build_watcher *w, struct build_result *ret)
{
    *ret = (struct build_result){0};
    a->n_contexts = q->contexts.n + 1;
    a->running = -1;
    a->b = (struct building){.store = s,
                             .config = config,
                             .request = q,
                             .watcher = w,
                             .result = ret,
                             .contexts = mem_zalloc(a->n_contexts, sizeof(struct build_context)),
                             .stop = {-1, -1}};
    for (size_t i = 0; i < a->n_contexts; i++)
        a->b.contexts[i] = BUILD_CONTEXT_NONE;
}

/* Nothing of a build depends on it. */
static void trim(const struct build_all *a)
{
    struct err err = ERR_INIT;

    if (a->b.progress && store_build_trim(a->b.store, *a->b.config->build_cache_max, &err) < 0)
        log_debug("what builds keep: %s", err.text);
}

static void end(struct build_all *a)
{
    for (size_t i = 0; i < a->n_contexts; i++)
        build_context_release(&a->b.contexts[i]);
    free(a->b.contexts);
    for (size_t i = 0; a->b.progress && i < a->plan.stages.n; i++) {
        free(a->b.progress[i].layers.v);
        free(a->b.progress[i].made.v);
    }
    free(a->b.progress);
    VEC_FOREACH (lease, &a->leases)
        store_lease_free(*lease);
    free(a->leases.v);
    strv_free(a->b.keys);
    build_plan_release(&a->plan);
    a->running = fd_close(a->running);
    trim(a);
    store_sweep_unfinished(a->b.store, NULL); /* what killed builds left */
    store_empty_trash_aside(a->b.store);
    build_checks_release(&a->checks);
}

/* Up to where something is done. */
static int understand(struct build_all *a, struct err *err)
{
    const struct build_request *q = a->b.request;
    const struct dockerfile *d = &a->b.result->dockerfile;
    int r = read_dockerfile(a, err), checked = build_checks_begin(d, q, &a->checks, r < 0 ? NULL : err);

    r = r < 0 ? r : checked;
    if (r == 0)
        r = make_plan(a, err);
    if (r < 0) {
        tell_warnings(a); /* one of them may say why */
        return r;
    }
    build_checks_plan(d, q, &a->plan, a->b.contexts, &a->checks);
    tell_warnings(a);
    return dockerfile_check_result(&a->checks.options, &a->checks.problems, err);
}

static int carry_out_all(struct build_all *a, struct err *err)
{
    int r = understand(a, err);

    return r < 0 ? r : carry_out(a, err);
}

static int outline(struct build_all *a, struct err *err)
{
    int r = understand(a, err);

    if (r == 0)
        build_outline_make(&a->b.result->dockerfile, &a->plan, a->outline);
    return r;
}

static int targets(struct build_all *a, struct err *err)
{
    int r = read_dockerfile(a, err);

    if (r == 0 && a->b.result->dockerfile.stages.n == 0)
        r = err_set(err, ERR_INVALID, "%s: file with no instructions", a->b.result->dockerfile_name);
    if (r == 0)
        build_outline_list(&a->b.result->dockerfile, a->outline);
    return r;
}

static int build_with(int (*work)(struct build_all *a, struct err *err), struct store *s, const struct config *config,
                      const struct build_request *q, const struct build_watcher *w, struct build_outline *into,
                      struct build_result *ret, struct err *err)
{
    struct build_all a = {.outline = into};
    int r;

    begin(&a, s, config, q, w, ret);
    r = image_signals_begin(&a.signals, err);
    if (r == 0) {
        a.b.wake_fd = a.signals.wake[0];
        r = work(&a, err);
        image_signals_end(&a.signals);
    }
    end(&a);
    return r;
}

int build(struct store *s, const struct config *config, const struct build_request *q, const struct build_watcher *w,
          struct build_result *ret, struct err *err)
{
    return build_with(carry_out_all, s, config, q, w, NULL, ret, err);
}

int build_check(struct store *s, const struct config *config, const struct build_request *q,
                const struct build_watcher *w, struct build_result *ret, struct err *err)
{
    return build_with(understand, s, config, q, w, NULL, ret, err);
}

int build_outline(struct store *s, const struct config *config, const struct build_request *q,
                  const struct build_watcher *w, struct build_outline *into, struct build_result *ret, struct err *err)
{
    return build_with(outline, s, config, q, w, into, ret, err);
}

int build_targets(struct store *s, const struct config *config, const struct build_request *q,
                  const struct build_watcher *w, struct build_outline *into, struct build_result *ret, struct err *err)
{
    return build_with(targets, s, config, q, w, into, ret, err);
}

void build_result_release(struct build_result *r)
{
    free(r->dockerfile_name);
    dockerfile_release(&r->dockerfile);
    dockerfile_problem_release(&r->problem);
    free(r->debug_container);
    *r = (struct build_result){0};
}
