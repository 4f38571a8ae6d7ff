/* Names with the platforms below them: what of an index is in the store, and how large it is packed and unpacked. */
#include "images_tree.h"

#include "base/num.h"
#include "cli/table.h"
#include "oci/manifest.h"
#include "show.h"
#include "store/blob.h"
#include "store/layer.h"
#include "store/uses.h"

#include <stdio.h>

struct sizes {
    int64_t content, unpacked;
};

struct branch {
    char *platform;
    struct digest manifest;
    struct sizes sizes;
    bool used;
};

struct listing {
    struct store *store;
    struct cli_table table;
    VEC(struct digest) used; /* manifests that containers stand on */
};

static int add_use(const struct store_use *use, void *data, struct err *err _unused_)
{
    struct listing *l = data;

    *VEC_PUSH(&l->used) = use->manifest;
    return 0;
}

static int64_t content_size(struct store *s, const struct oci_descriptor *d)
{
    return store_blob_has(s, &d->digest) ? d->size : 0;
}

static int64_t unpacked_size(struct store *s, const struct digest *config_digest)
{
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(OCI_CONFIG_MAX);
    _cleanup_image_config_ struct oci_image_config config = {0};
    int64_t sum = 0;

    if (store_blob_read(s, config_digest, &text, NULL) < 0 ||
        oci_image_config_parse(buf_str(&text), text.len, &config, NULL) < 0)
        return 0;
    for (size_t i = 0; i < oci_image_config_layers(&config); i++) {
        struct store_layer_info info = {0};
        struct digest diff_id;

        oci_image_config_diff_id(&config, i, &diff_id);
        if (store_layer_has(s, &diff_id) && store_layer_read_info(s, &diff_id, &info, NULL) == 0)
            sum += info.bytes;
    }
    return sum;
}

/* Whether the image of a manifest is there, and as what. Attestations and the like are none. */
static bool measure(struct listing *l, const struct digest *manifest, struct branch *ret)
{
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(OCI_MANIFEST_MAX);
    _cleanup_manifest_ struct oci_manifest m = {0};

    if (store_blob_read(l->store, manifest, &text, NULL) < 0 ||
        oci_manifest_parse(buf_str(&text), text.len, &m, NULL) < 0)
        return false;
    *ret = (struct branch){.manifest = *manifest};
    ret->sizes.content = (int64_t)text.len + content_size(l->store, &m.config);
    VEC_FOREACH (layer, &m.layers)
        ret->sizes.content += content_size(l->store, layer);
    ret->sizes.unpacked = unpacked_size(l->store, &m.config.digest);
    VEC_FOREACH (used, &l->used)
        ret->used = ret->used || digest_equal(used, manifest);
    return true;
}

typedef VEC(struct branch) branches;

/* The platforms of an index, or the one of an image without. */
static void find_branches(struct listing *l, const struct store_tag *t, branches *ret)
{
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(OCI_MANIFEST_MAX);
    _cleanup_index_ struct oci_index index = {0};
    struct branch b;
    bool chosen_seen = false;

    if (!digest_equal(&t->target, &t->manifest) && store_blob_read(l->store, &t->target, &text, NULL) == 0 &&
        oci_index_parse(buf_str(&text), text.len, &index, NULL) == 0)
        VEC_FOREACH (entry, &index.manifests) {
            if (!entry->platform || !measure(l, &entry->digest, &b))
                continue;
            b.platform = oci_platform_format(entry->platform);
            *VEC_PUSH(ret) = b;
            chosen_seen = chosen_seen || digest_equal(&entry->digest, &t->manifest);
        }
    if (!chosen_seen && measure(l, &t->manifest, &b)) {
        b.platform = str_dup(t->platform ? t->platform : "unknown");
        *VEC_PUSH(ret) = b;
    }
}

static void add_row(struct listing *l, const char *name, const struct digest *d, const struct sizes *sizes, bool used)
{
    char disk[NUM_TEXT_MAX], content[NUM_TEXT_MAX];
    _cleanup_free_ char *id = show_digest(d, false);

    cli_table_row(&l->table, name, id, num_format_size(sizes->content + sizes->unpacked, disk),
                  num_format_size(sizes->content, content), used ? "✔" : "", NULL);
}

static void add_tree(struct listing *l, const struct store_tag *t)
{
    _cleanup_free_ char *name = store_tag_nameless(t) ? str_dup("<untagged>") : oci_reference_familiar(&t->name);
    branches all = {0};
    struct sizes sum = {0};
    bool used = false;

    find_branches(l, t, &all);
    VEC_FOREACH (b, &all) {
        sum.content += b->sizes.content;
        sum.unpacked += b->sizes.unpacked;
        used = used || b->used;
    }
    add_row(l, name, &t->target, &sum, used);
    for (size_t i = 0; i < all.n; i++) {
        _cleanup_free_ char *line = str_printf("%s %s", i + 1 < all.n ? "├─" : "└─", all.v[i].platform);

        add_row(l, line, &all.v[i].manifest, &all.v[i].sizes, all.v[i].used);
        free(all.v[i].platform);
    }
    free(all.v);
}

int images_tree_print(struct store *s, const struct store_tag_list *tags, const struct image_filter *filter,
                      struct err *err)
{
    struct listing l = {.store = s};
    _cleanup_buf_ struct buf out = BUF_INIT;
    int r = s ? store_each_use(s, add_use, &l, err) : 0;

    cli_table_row(&l.table, "IMAGE", "ID", "DISK USAGE", "CONTENT SIZE", "USED", NULL);
    for (size_t i = 0; r >= 0 && i < tags->n; i++) {
        r = image_filter_match(s, filter, tags, &tags->v[i], err);
        if (r > 0)
            add_tree(&l, &tags->v[i]);
    }
    if (r >= 0) {
        cli_table_print(&l.table, &out);
        fputs(buf_str(&out), stdout);
    }
    cli_table_release(&l.table);
    free(l.used.v);
    return MIN_OF(r, 0);
}
