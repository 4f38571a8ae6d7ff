#include "explain/layers.h"

#include "base/utf8.h"
#include "image/image.h"
#include "store/layer.h"

enum { CREATED_BY_MAX = 200 /* bytes; the whole of it is the value's */ };

void explain_layers_release(explain_layers *layers)
{
    VEC_FOREACH (l, layers) {
        free(l->path);
        free(l->created_by);
    }
    free(layers->v);
    *layers = (explain_layers){0};
}

/* Of "layers/sha256/HEX/tree", wherever that lies. */
static void find_digest(const char *path, struct digest *ret)
{
    _cleanup_strv_ char **parts = strv_split(path, '/');
    size_t n = strv_len(parts);
    _cleanup_free_ char *text = n >= 3 ? str_printf("%s:%s", parts[n - 3], parts[n - 2]) : NULL;

    if (!text || digest_parse(text, ret, NULL) < 0)
        *ret = (struct digest){0};
}

/* The entry of the history that made layer `wanted`, from 0: those that made none do not count. */
static const char *history_of(const struct oci_image_config *config, size_t wanted)
{
    size_t layer = 0;

    VEC_FOREACH (h, &config->history)
        if (!h->empty_layer && layer++ == wanted)
            return h->created_by;
    return NULL;
}

/* One that an image has twice stands for its highest place. */
static void find_maker(struct explain_layer *l, const struct oci_image_config *config)
{
    for (size_t i = oci_image_config_layers(config); i-- > 0;) {
        struct digest diff_id;

        oci_image_config_diff_id(config, i, &diff_id);
        if (!digest_equal(&diff_id, &l->diff_id))
            continue;
        l->number = i + 1;
        l->created_by = str_dup(str_given(history_of(config, i)));
        return;
    }
}

void explain_layers_of(char *const *lower, const struct oci_image_config *config, explain_layers *ret)
{
    *ret = (explain_layers){0};
    STRV_FOREACH (path, lower) {
        struct explain_layer *l = VEC_PUSH(ret);

        *l = (struct explain_layer){.path = str_dup(*path), .bytes = -1};
        find_digest(*path, &l->diff_id);
        if (l->diff_id.algorithm && config)
            find_maker(l, config);
    }
}

/* A container keeps its image's documents, whatever became of the name. */
static int read_config(const struct explain_subject *subject, struct oci_image_config *ret)
{
    struct digest id = {0};
    struct store_tag tag = {0};
    int r = 0;

    if (subject->record) {
        id = subject->record->image_id;
    } else {
        r = image_find(subject->store, subject->options->config.image, &tag, NULL);
        id = tag.id;
        if (r == 0)
            store_tag_release(&tag);
    }
    if (r < 0 || !id.algorithm)
        return ERR_NOT_FOUND;
    return image_read_config(subject->store, &id, ret, NULL);
}

void explain_layers_read(const struct explain_subject *subject, explain_layers *ret)
{
    struct oci_image_config config = {0};
    bool known = read_config(subject, &config) == 0;

    explain_layers_of(subject->lower, known ? &config : NULL, ret);
    VEC_FOREACH (l, ret) {
        struct store_layer_info info;

        if (l->diff_id.algorithm && store_layer_read_info(subject->store, &l->diff_id, &info, NULL) == 0)
            l->bytes = info.bytes;
    }
    if (known)
        oci_image_config_release(&config);
}

char *explain_layer_name(const struct explain_layer *l)
{
    if (!l->diff_id.algorithm)
        return str_dup("lowest");
    return l->number ? str_printf("layer %zu", l->number) : str_dup("layer");
}

char *explain_layer_words(const struct explain_layer *l)
{
    struct buf text = BUF_INIT;

    if (!l->diff_id.algorithm)
        return str_dup("the places to mount on that cbox lays below every image");
    buf_addf(&text, "%s:%.12s", digest_algorithm_name(l->diff_id.algorithm), l->diff_id.hex);
    if (l->created_by) {
        size_t n = 0, step;

        buf_adds(&text, ", made by ");
        while ((step = MAX_OF(utf8_length(l->created_by + n), (size_t)(l->created_by[n] != 0))) &&
               n + step <= CREATED_BY_MAX)
            n += step;
        buf_add(&text, l->created_by, n);
        if (l->created_by[n])
            buf_adds(&text, "…");
    }
    return buf_steal(&text);
}

void explain_layer_put(struct explain_fact *fact, const struct explain_layer *l)
{
    char digest[DIGEST_TEXT_MAX];

    if (!l->diff_id.algorithm)
        return;
    explain_put(fact, "DiffID", cli_value_text(digest_format(&l->diff_id, digest)));
    explain_put(fact, "CreatedBy", cli_value_text(l->created_by));
}
