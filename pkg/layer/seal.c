#include "layer/seal.h"

#include "layer/apply.h"
#include "layer/attributes.h"
#include "layer/hasher.h"
#include "layer/manifest_writer.h"
#include "layer/pack.h"

#include <limits.h>

struct sealing {
    struct hasher *hasher;
    struct manifest_writer manifest;
    struct layer_sealed *result;
};

static void on_bytes(void *data, const void *p, size_t len)
{
    struct sealing *s = data;

    hasher_add(s->hasher, p, len);
}

static int on_member(void *data, const struct tar_member *m, const uint32_t *crc, struct err *err)
{
    struct sealing *s = data;
    char xattrs[DIGEST_HEX_MAX + 1] = "";
    int r = 0;

    if (s->result->members++ == LAYER_MEMBERS_MAX)
        return err_set(err, ERR_LIMIT, "the layer has more than %d members", LAYER_MEMBERS_MAX);
    if (strlen(m->path) >= PATH_MAX)
        return err_set(err, ERR_LIMIT, "%.100s…: the name is longer than %d bytes", m->path, PATH_MAX - 1);
    s->result->bytes += m->size;
    if (m->n_xattrs)
        r = attributes_digest(m, xattrs, err);
    return r < 0 ? r : manifest_writer_member(&s->manifest, m, m->path, m->target, crc, xattrs, err);
}

static int on_mark(void *data, char type, const char *path, struct err *err)
{
    struct sealing *s = data;

    return manifest_writer_mark(&s->manifest, type, path, err);
}

int layer_seal(int tree, int manifest, const volatile sig_atomic_t *stop, struct layer_sealed *ret, struct err *err)
{
    _cleanup_(layer_pack_free_cleanup) struct layer_pack *pack = layer_pack_new(-1, true, stop);
    _cleanup_(hasher_free_cleanup) struct hasher *hasher = NULL;
    struct sealing s = {.manifest = {.fd = manifest}, .result = ret};
    const struct layer_pack_watcher watcher = {on_bytes, on_member, on_mark, &s};
    int r = hasher_new(DIGEST_SHA256, &hasher, err);

    *ret = (struct layer_sealed){.members = 0};
    s.hasher = hasher;
    layer_pack_watch(pack, &watcher);
    if (r == 0)
        r = layer_pack_add_contents(pack, tree, "", false, err);
    if (r == 0)
        r = layer_pack_finish(pack, err);
    if (r == 0)
        r = manifest_writer_flush(&s.manifest, err);
    manifest_writer_release(&s.manifest);
    if (r == 0)
        hasher_final(hasher, &ret->diff_id);
    return r;
}
