/* A step's record as what its layer is, and back. */
#include "build/cache.h"

#include "base/time.h"

int build_cache_find(struct store *s, const char *key, struct build_layer *ret, struct err *err)
{
    struct store_build_record record = {0};
    int r = store_build_find(s, key, &record, err);

    if (r < 0)
        return r;
    *ret = (struct build_layer){.empty = !record.diff_id, .tar_size = record.tar_size, .bytes = record.bytes};
    if (record.diff_id)
        r = digest_parse(record.diff_id, &ret->diff_id, err);
    store_build_record_release(&record);
    return r;
}

int build_cache_keep(struct store *s, const struct build_key *k, const struct build_layer *layer, int64_t ceiling,
                     struct err *err)
{
    char diff_id[DIGEST_TEXT_MAX];
    int64_t now = time_now();
    const struct store_build_record record = {
        .key = (char *)k->hex,
        .step = k->step,
        .diff_id = layer->empty ? NULL : digest_format(&layer->diff_id, diff_id),
        .tar_size = layer->tar_size,
        .bytes = layer->bytes,
        .created = now,
        .used = now,
        .files = k->files,
        .inputs = k->inputs,
    };

    return store_build_keep(s, &record, ceiling, err);
}
