#include "base/log.h"
#include "base/time.h"
#include "image/layers.h"
#include "sys/failpoint.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <signal.h>

/* ---- signals ---- */

static const int end_signals[] = {SIGINT, SIGTERM, SIGHUP};

/* A handler can reach nothing else. One pull runs at a time in a process. */
static volatile sig_atomic_t interrupted;
static int wake_write = -1;

struct signals {
    struct sigaction old[ARRAY_SIZE(end_signals)];
    struct sigaction old_pipe;
    int wake[2];
};

static void on_signal(int number)
{
    int saved = errno;

    (void)number;
    interrupted = 1;
    (void)!write(wake_write, "", 1);
    errno = saved;
}

static int signals_begin(struct signals *s, struct err *err)
{
    struct sigaction end = {.sa_handler = on_signal}, ignore = {.sa_handler = SIG_IGN};

    if (pipe2(s->wake, O_CLOEXEC | O_NONBLOCK) < 0)
        return err_errno(err, errno, "making a pipe");
    interrupted = 0;
    wake_write = s->wake[1];
    for (size_t i = 0; i < ARRAY_SIZE(end_signals); i++)
        sigaction(end_signals[i], &end, &s->old[i]);
    sigaction(SIGPIPE, &ignore, &s->old_pipe);
    return 0;
}

static void signals_end(struct signals *s)
{
    for (size_t i = 0; i < ARRAY_SIZE(end_signals); i++)
        sigaction(end_signals[i], &s->old[i], NULL);
    sigaction(SIGPIPE, &s->old_pipe, NULL);
    wake_write = -1;
    fd_close(s->wake[0]);
    fd_close(s->wake[1]);
}

/* ---- naming ---- */

/* The name that the image gets: a digest alone where one was written, else the tag. */
static void name_of(const struct oci_reference *written, struct oci_reference *ret)
{
    oci_reference_copy(written, ret);
    if (ret->digest.algorithm != DIGEST_NONE)
        str_replace(&ret->tag, NULL);
    else
        oci_reference_default_tag(ret);
}

static bool has_name(const struct store_tag *t, const struct oci_reference *name)
{
    return str_eq(t->name.tag, name->tag) && digest_equal(&t->name.digest, &name->digest);
}

/* An image whose last name goes to the image of `by` stays, under its digest, until somebody removes it: under the one
 * it was pulled by, or under its own where that means another image of the same index. */
static int keep_replaced(struct store *s, const struct store_tag *old, const struct store_tag *by, struct err *err)
{
    _cleanup_(store_tag_list_release) struct store_tag_list tags = {0};
    struct store_tag kept = *old; /* borrowed, all of it */
    const struct store_tag *meant;
    size_t names = 0;
    int r = store_tag_list(s, &tags, err);

    for (size_t i = 0; r == 0 && i < tags.n; i++)
        names += digest_equal(&tags.v[i].id, &old->id);
    if (r < 0 || names > 1)
        return r;
    meant = store_tag_list_find(&tags, &old->name, &old->target);
    if (digest_equal(&old->target, &by->target) || (meant && !digest_equal(&meant->id, &old->id)))
        kept.target = old->manifest;
    kept.name.tag = NULL;
    kept.name.digest = kept.target;
    return store_tag_set(s, &kept, err);
}

/* A digest means the image that was pulled last under it: a record of another one under that digest goes. */
static int free_digest(struct store *s, const struct store_tag *by, struct err *err)
{
    _cleanup_(store_tag_release) struct store_tag old = {0};
    struct oci_reference name = by->name; /* borrowed */
    int r;

    name.tag = NULL;
    name.digest = by->target;
    if (store_tag_get(s, &name, &old, NULL) < 0 || !has_name(&old, &name) || digest_equal(&old.id, &by->id))
        return 0;
    r = keep_replaced(s, &old, by, err);
    return r < 0 ? r : store_tag_remove(s, &name, err);
}

static int layers_bytes(struct store *s, const struct oci_image_config *config, int64_t *ret, struct err *err)
{
    int64_t sum = 0;

    for (size_t i = 0; i < oci_image_config_layers(config); i++) {
        struct store_layer_info info;
        struct digest diff_id;
        int r;

        oci_image_config_diff_id(config, i, &diff_id);
        r = store_layer_read_info(s, &diff_id, &info, err);
        if (r < 0)
            return r;
        sum += info.bytes;
    }
    *ret = sum;
    return 0;
}

/* Gives the image its name, unless it has it. */
static int give_name(struct store *s, const struct oci_reference *name, const struct image_documents *d,
                     struct image_pulled *ret, struct err *err)
{
    _cleanup_(store_tag_release) struct store_tag tag = {.pulled = time_now()}, old = {0};
    int r = store_tag_get(s, name, &old, NULL);
    bool had;

    tag.target = *image_documents_target(d);
    tag.manifest = d->manifest.digest.digest;
    tag.id = d->config.digest.digest;
    had = r == 0 && has_name(&old, name);
    *ret = (struct image_pulled){.target = tag.target, .id = tag.id, .newer = r < 0 || !digest_equal(&old.id, &tag.id)};
    if (had && digest_equal(&old.target, &tag.target) && digest_equal(&old.manifest, &tag.manifest))
        return 0;
    oci_reference_copy(name, &tag.name);
    r = name->tag ? free_digest(s, &tag, err) : 0;
    if (r == 0 && had && ret->newer)
        r = keep_replaced(s, &old, &tag, err);
    if (r == 0)
        r = layers_bytes(s, &d->parsed_config, &tag.bytes, err);
    if (r < 0)
        return r;
    tag.platform = oci_platform_format(&d->parsed_config.platform);
    if (d->parsed_config.created)
        (void)time_parse(d->parsed_config.created, &tag.created, NULL);
    return store_tag_set(s, &tag, err);
}

/* ---- the pull ---- */

static int pull(struct store *s, struct registry *registry, const struct oci_reference *name,
                const struct image_pull_options *options, int wake_fd, struct image_pulled *ret, struct err *err)
{
    _cleanup_(image_documents_release) struct image_documents documents = {0};
    _cleanup_(store_transaction_free_cleanup) struct store_transaction *t = store_transaction_new(s);
    _cleanup_(store_lease_free_cleanup) struct store_lease *lease = NULL;
    int r = image_documents_fetch(s, registry, name, options->platform, &documents, err);

    if (r < 0)
        return r;
    if (options->event) {
        struct image_event e = {.kind = IMAGE_PULLING, .digest = image_documents_target(&documents)};

        options->event(&e, options->data);
    }
    r = image_layers_bring(s, registry, name, &documents, options, wake_fd, t, &lease, err);
    if (r < 0)
        return r;
    failpoint("pull-layers");
    return give_name(s, name, &documents, ret, err);
}

int image_pull(struct store *s, const struct config *config, const struct oci_reference *name,
               const struct image_pull_options *options, struct image_pulled *ret, struct err *err)
{
    _cleanup_(registry_free_cleanup) struct registry *registry = NULL;
    _cleanup_reference_ struct oci_reference full = {0};
    struct signals signals;
    struct err why = ERR_INIT;
    int r;

    if (store_sweep_unfinished(s, &why) < 0) /* no reason to go without the image */
        log_debug("%s", why.text);
    store_empty_trash_aside(s);
    r = signals_begin(&signals, err);
    if (r < 0)
        return r;
    name_of(name, &full);
    r = registry_new(config, &(struct registry_options){.interrupted = &interrupted, .insecure = options->insecure},
                     &registry, err);
    if (r == 0)
        r = pull(s, registry, &full, options, signals.wake[0], ret, err);
    registry_free(steal_ptr(&registry));
    signals_end(&signals);
    return r;
}
