/* Steps with their layers in a registry or a directory: an image that is none to run. Its layers are those of the
 * steps, and its config has their records in a label, a line each, and in another one the lists of files that records
 * name, as far as they are small: NAME BASE64 a line. So what pushes, pulls and loads images does it all, and verifies
 * what comes.
 *
 * The inline cache is less of the same in the config of an image that is one to run, as a member of its own beside
 * those of OCI, {"steps": [LINE…]}: records of the steps that made its layers. BuildKit's moby.buildkit.cache.v0 names
 * results by the digests of its own graph, which nobody else has: it is neither read nor written.
 */
#include "base/base64.h"
#include "base/log.h"
#include "base/strv.h"
#include "base/time.h"
#include "build/cache.h"
#include "image/documents.h"
#include "image/load.h"
#include "image/local.h"
#include "image/push.h"
#include "image/save.h"
#include "image/signals.h"
#include "image/tree_blob.h"
#include "sys/aside.h"
#include "sys/path.h"

#include <fcntl.h>
#include <stdio.h>

#define LABEL "io.cbox.build.cache"
/* They have the byte order of their host, and are for others of the same. */
#define LABEL_FILES "io.cbox.build.files." LABEL_ORDER
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define LABEL_ORDER "little"
#else
#define LABEL_ORDER "big"
#endif
enum {
    RECORDS_MAX = 5 << 20, /* with the lists below OCI_CONFIG_MAX, with what JSON adds */
    LISTS_MAX = 1 << 20,
    LIST_MAX = 256 << 10, /* of one */
    INLINE_MAX = 256 << 10,
    LINES_MAX = 1 << 15, /* of those that are read */
};

struct inline_cache {
    char **steps;
};

static const struct json_field inline_fields[] = {
    JSON_FIELD(struct inline_cache, "steps", JSON_K_STRV, steps),
};
static const struct json_type inline_type = {
    "inline cache", sizeof(struct inline_cache), inline_fields, ARRAY_SIZE(inline_fields), false,
};

/* What a layer was found to be. */
struct measured {
    char *diff_id;
    bool good;
    int64_t bytes, tar_size;
};

struct remote {
    struct store *store;
    const struct config *config;
    const struct build_cache_place *place;
    char *const *keys;             /* of an export */
    const build_layers *result;    /* layers of the image, of an export of those alone */
    VEC(struct measured) measured; /* of an import */
    int taken;                     /* what loaded images gave: 0, or an error */
    struct err *err;
};

/* libcurl's threads and the handling of signals are a process of its own's. */
static int run_aside(struct remote *rm, int (*work)(void *rm, int socket, struct err *err), struct err *err)
{
    return aside(&(struct aside){.work = work, .data = rm, .stop = &image_interrupted}, err);
}

/* ---- writing ---- */

struct carrier {
    struct buf records, lists;
    char **listed; /* names of those */
    VEC(struct oci_descriptor) layers;
};

static bool has_layer(const struct carrier *c, const struct digest *d)
{
    VEC_FOREACH (l, &c->layers)
        if (digest_equal(&l->digest, d))
            return true;
    return false;
}

static bool is_of_result(const struct remote *rm, const struct digest *d)
{
    VEC_FOREACH (l, rm->result)
        if (digest_equal(l, d))
            return true;
    return false;
}

/* Whether the list goes along. */
static bool add_list(const struct remote *rm, struct carrier *c, const char *name)
{
    _cleanup_buf_ struct buf list = BUF_INIT_MAX(LIST_MAX);
    _cleanup_free_ char *text = NULL;

    if (strv_contains(c->listed, name))
        return true;
    if (store_build_memo_read(rm->store, name, &list, NULL) < 0 || c->lists.len + list.len > LISTS_MAX * 3 / 4)
        return false;
    text = base64_encode(list.p, list.len);
    buf_addf(&c->lists, "%s %s\n", name, text);
    strv_add(&c->listed, name);
    return true;
}

/* What there is no room for is done again by whoever takes the others. */
static int add_step(const struct remote *rm, struct carrier *c, const char *key, struct err *err)
{
    _cleanup_build_record_ struct store_build_record record = {0};
    struct oci_descriptor layer = {.media_type = (char *)OCI_MEDIA_LAYER};
    size_t before = c->records.len;
    bool within = rm->place->type == BUILD_CACHE_INLINE;

    if (store_build_find(rm->store, key, &record, NULL) < 0)
        return 0; /* there was no room for it here either */
    if (record.diff_id && digest_parse(record.diff_id, &layer.digest, err) < 0)
        return ERR_CORRUPT;
    if (!rm->place->all && record.diff_id && !is_of_result(rm, &layer.digest))
        return 0;
    if (record.diff_id && !has_layer(c, &layer.digest) && c->layers.n == OCI_LAYERS_MAX)
        return 0;
    if (record.files && (within || !add_list(rm, c, record.files)))
        str_replace(&record.files, NULL);
    layer.size = record.tar_size;
    if (within)
        record.created = record.bytes = record.tar_size = 0;
    store_build_record_write(&record, &c->records);
    buf_addc(&c->records, '\n');
    if (c->records.len > (size_t)(within ? INLINE_MAX : RECORDS_MAX)) {
        c->records.len = before;
        c->records.p[before] = 0;
        return 0;
    }
    if (record.diff_id && !has_layer(c, &layer.digest))
        *VEC_PUSH(&c->layers) = layer;
    return 0;
}

static int make_documents(const struct carrier *c, struct image_documents *ret, struct err *err)
{
    _cleanup_image_config_ struct oci_image_config config = {0};
    struct buf text = BUF_INIT;
    char digest[DIGEST_TEXT_MAX];
    int r;

    oci_platform_host(&config.platform);
    strv_addf(&config.config.labels, LABEL "=%s", buf_str(&c->records));
    if (c->lists.len)
        strv_addf(&config.config.labels, LABEL_FILES "=%s", buf_str(&c->lists));
    config.rootfs.type = str_dup("layers");
    VEC_FOREACH (l, &c->layers)
        strv_add(&config.rootfs.diff_ids, digest_format(&l->digest, digest));
    oci_image_config_dump(&config, &text);
    r = image_document_take(&text, &ret->config, err);
    return r < 0 ? r : image_documents_make(ret, c->layers.v, c->layers.n, NULL, err);
}

/* What is there is replaced as a whole, if it is a layout. */
static int save(const struct remote *rm, const struct image_documents *documents, struct err *err)
{
    const struct image_made made = {.documents = documents};
    const char *path = rm->place->where;
    _cleanup_free_ char *layout = str_printf("%s/oci-layout", path), *fresh = str_printf("%s.new-%d", path, getpid());
    bool there = access(path, F_OK) == 0;
    struct image_signals signals;
    int r;

    if (there && access(layout, F_OK) < 0 && rmdir(path) < 0)
        return err_set(err, ERR_EXISTS, "%s is there and is no OCI layout", path);
    there = access(path, F_OK) == 0;
    r = image_signals_begin(&signals, err);
    if (r < 0)
        return r;
    r = image_save_made(rm->store, &made, IMAGE_SAVE_DIRECTORY, fresh, err);
    image_signals_end(&signals);
    if (r == 0 && (there ? renameat2(AT_FDCWD, fresh, AT_FDCWD, path, RENAME_EXCHANGE) : rename(fresh, path)) < 0)
        r = err_errno(err, errno, "%s", path);
    if (there || r < 0)
        path_remove_tree(AT_FDCWD, fresh, NULL);
    return r;
}

/* An image of the user's has the name. */
static bool is_taken(struct store *s, const char *name)
{
    struct image image = {0};
    bool is = image_open(s, name, &image, NULL) == 0 && !strv_env_get(image.config.config.labels, LABEL);

    image_release(&image);
    return is;
}

/* The name is the carrier's for as long as that takes. */
static int push(const struct remote *rm, const struct image_documents *documents, struct err *err)
{
    const struct image_push_options options = {.compression = OCI_COMPRESSION_NONE};
    const struct image_removal removal = {.force = true};
    _cleanup_reference_ struct oci_reference name = {0};
    _cleanup_free_ char *full = NULL;
    struct image_pushed pushed;
    int r = oci_reference_parse(rm->place->where, &name, err);

    if (r < 0)
        return r;
    oci_reference_default_tag(&name);
    full = oci_reference_familiar(&name);
    if (is_taken(rm->store, full))
        return err_set(err, ERR_EXISTS, "%s is an image here: give the cache another name", full);
    r = image_local_name(rm->store, documents, &name, 1, NULL, err);
    if (r == 0)
        r = image_push(rm->store, rm->config, &name, &options, &pushed, err);
    (void)image_remove(rm->store, full, &removal, NULL);
    return r;
}

static int export(void *data, int socket _unused_, struct err *err)
{
    const struct remote *rm = data;
    _cleanup_(image_documents_release) struct image_documents documents = {0};
    struct carrier c = {.records = BUF_INIT, .lists = BUF_INIT};
    int r = 0;

    STRV_FOREACH (key, rm->keys)
        r = r < 0 ? r : add_step(rm, &c, *key, err);
    if (r == 0)
        r = make_documents(&c, &documents, err);
    if (r == 0)
        r = rm->place->type == BUILD_CACHE_LOCAL ? save(rm, &documents, err) : push(rm, &documents, err);
    buf_free(&c.records);
    buf_free(&c.lists);
    strv_free(c.listed);
    free(c.layers.v);
    return r;
}

int build_cache_export(struct store *s, const struct config *config, const struct build_cache_place *to,
                       char *const *keys, const build_layers *result, struct err *err)
{
    struct remote rm = {s, config, to, keys, result};
    int r = run_aside(&rm, export, err);

    return r < 0 ? err_wrap(err, "exporting the cache to %s", to->where) : 0;
}

char *build_cache_inline(struct store *s, char *const *keys, const build_layers *result)
{
    const struct build_cache_place place = {.type = BUILD_CACHE_INLINE};
    const struct remote rm = {.store = s, .place = &place, .result = result};
    _cleanup_strv_ char **sorted = strv_copy(keys), **lines = NULL;
    struct carrier c = {.records = BUF_INIT};
    struct inline_cache cache = {0};
    struct buf text = BUF_INIT;

    strv_sort(sorted); /* stages end in no order */
    for (size_t i = 0; i < strv_len(sorted); i++)
        if (i == 0 || !str_eq(sorted[i - 1], sorted[i]))
            (void)add_step(&rm, &c, sorted[i], NULL); /* one that cannot be read is done again elsewhere */
    lines = c.records.len ? strv_split(buf_str(&c.records), '\n') : NULL;
    STRV_FOREACH (line, lines)
        if (**line)
            strv_add(&cache.steps, *line);
    json_dump(&inline_type, &cache, false, &text);
    json_free(&inline_type, &cache);
    buf_free(&c.records);
    free(c.layers.v);
    return buf_steal(&text);
}

/* ---- reading ---- */

/* Whether the image that was verified has the layer. */
static bool names_layer(const struct oci_image_config *config, const char *diff_id)
{
    return !diff_id || strv_contains(config->rootfs.diff_ids, diff_id);
}

/* How large a layer is decides what makes room for what, and goes into manifests: that is not for others to say. One
 * whose files do not give the layer again is of no use. Many records may name the same one. */
static const struct measured *measure(struct remote *rm, const char *diff_id)
{
    struct digest_computed tar;
    struct store_layer_info info;
    struct measured *m;
    struct digest d;

    VEC_FOREACH (known, &rm->measured)
        if (str_eq(known->diff_id, diff_id))
            return known;
    m = VEC_PUSH(&rm->measured);
    *m = (struct measured){.diff_id = str_dup(diff_id)};
    m->good = digest_parse(diff_id, &d, NULL) == 0 && store_layer_read_info(rm->store, &d, &info, NULL) == 0 &&
              image_tree_digest(rm->store, &d, &tar, NULL) == 0 && image_tree_check(&d, &tar, NULL) == 0;
    m->bytes = m->good ? info.bytes : 0;
    m->tar_size = m->good ? tar.size : 0;
    return m;
}

static bool take_measures(struct remote *rm, struct store_build_record *record)
{
    const struct measured *m = record->diff_id ? measure(rm, record->diff_id) : NULL;

    record->bytes = m ? m->bytes : 0;
    record->tar_size = m ? m->tar_size : 0;
    return !m || m->good;
}

/* The list of a record, if it came along: kept under a name that follows from what it says, so that it takes the place
 * of nothing that was found out here. */
static void take_list(const struct remote *rm, char *const *lists, struct store_build_record *record)
{
    _cleanup_buf_ struct buf list = BUF_INIT_MAX(LIST_MAX);
    _cleanup_free_ char *name = steal_ptr(&record->files);
    struct digest_computed digest;
    const char *text = NULL;

    STRV_FOREACH (line, name ? lists : NULL) {
        const char *rest = str_after(*line, name);

        text = rest && *rest == ' ' ? rest + 1 : text;
    }
    if (text && base64_decode(text, &list, NULL) == 0 &&
        digest_compute(DIGEST_SHA256, buf_str(&list), list.len, &digest, NULL) == 0 &&
        store_build_memo_write(rm->store, digest.digest.hex, list.p, list.len, NULL) == 0)
        record->files = str_dup(digest.digest.hex);
}

static int take_step(struct remote *rm, const struct oci_image_config *config, const char *line, char *const *lists,
                     struct err *err)
{
    _cleanup_build_record_ struct store_build_record record = {0}, known = {0};

    if (store_build_record_take(line, &record, NULL) < 0 || !names_layer(config, record.diff_id) ||
        store_build_find(rm->store, record.key, &known, NULL) == 0 || !take_measures(rm, &record))
        return 0;
    if (record.created <= 0)
        record.created = time_now(); /* here */
    take_list(rm, lists, &record);
    return store_build_keep(rm->store, &record, *rm->config->build_cache_max, err);
}

static int take_lines(struct remote *rm, const struct oci_image_config *config, char *const *lines, char *const *lists,
                      struct err *err)
{
    int r = 0;

    for (size_t i = 0; r == 0 && lines && lines[i] && i < LINES_MAX; i++)
        if (*lines[i])
            r = take_step(rm, config, lines[i], lists, err);
    return r;
}

/* Those of a carrier, or of an image with an inline cache; `*ret_any` where it is one of them. */
static int take_steps(struct remote *rm, const struct digest *id, bool *ret_any, struct err *err)
{
    _cleanup_image_config_ struct oci_image_config config = {0};
    _cleanup_strv_ char **lines = NULL, **lists = NULL;
    struct inline_cache within = {0};
    const char *label, *files;
    int r = image_read_config(rm->store, id, &config, err);

    if (r < 0)
        return r;
    label = strv_env_get(config.config.labels, LABEL);
    files = strv_env_get(config.config.labels, LABEL_FILES);
    lines = label ? strv_split(label, '\n') : NULL;
    lists = files ? strv_split(files, '\n') : NULL;
    *ret_any = label || config.build_cache;
    r = take_lines(rm, &config, lines, lists, err);
    if (r == 0 && config.build_cache && strlen(config.build_cache) <= 2 * INLINE_MAX &&
        json_parse(config.build_cache, strlen(config.build_cache), &inline_type, &within, NULL) == 0) {
        r = take_lines(rm, &config, within.steps, NULL, err);
        json_free(&inline_type, &within);
    }
    return r;
}

/* What its steps need stays with them; no record of the image is left. */
static void on_loaded(const struct image_loaded *l, void *data)
{
    struct remote *rm = data;
    bool any;

    if (rm->taken == 0)
        rm->taken = take_steps(rm, &l->id, &any, rm->err);
}

static int load(void *data, int socket _unused_, struct err *err)
{
    struct remote *rm = data;
    const struct image_load_options options = {.unrecorded = true, .loaded = on_loaded, .data = rm};
    int r;

    rm->err = err;
    if (access(rm->place->where, F_OK) < 0)
        return err_errno(err, errno, "%s", rm->place->where);
    r = image_load(rm->store, rm->place->where, &options, err);
    return r < 0 ? r : rm->taken;
}

/* An image that is here already under the name stays what it is; one that came for its steps goes. */
static int pull(void *data, int socket _unused_, struct err *err)
{
    struct remote *rm = data;
    const struct image_pull_options options = {.platform = NULL};
    const struct image_removal removal = {.force = true};
    _cleanup_reference_ struct oci_reference name = {0};
    _cleanup_(store_tag_release) struct store_tag tag = {0}, before = {0};
    _cleanup_free_ char *full = NULL;
    struct image_pulled pulled;
    bool here, any = false;
    int r = oci_reference_parse(rm->place->where, &name, err);

    if (r < 0)
        return r;
    oci_reference_default_tag(&name);
    full = oci_reference_familiar(&name);
    here = image_find(rm->store, full, &before, NULL) == 0;
    r = here ? 0 : image_pull(rm->store, rm->config, &name, &options, &pulled, err);
    if (r == 0)
        r = image_find(rm->store, full, &tag, err);
    if (r == 0)
        r = take_steps(rm, &tag.id, &any, err);
    if (any && !here)
        (void)image_remove(rm->store, full, &removal, NULL);
    return r;
}

int build_cache_import(struct store *s, const struct config *config, const struct build_cache_place *from,
                       struct err *err)
{
    struct remote rm = {.store = s, .config = config, .place = from};
    int r = run_aside(&rm, from->type == BUILD_CACHE_LOCAL ? load : pull, err);

    return r < 0 ? err_wrap(err, "--cache-from %s", from->where) : 0;
}
