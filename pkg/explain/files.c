/* What a container sees of files: the root's layers, and each mount by its origin. */
#include "base/num.h"
#include "container/list.h"
#include "explain/layers.h"
#include "explain/origins.h"

static void add_layer(const struct explain_subject *subject, const struct explain_layer *l, struct explain_fact *root)
{
    _cleanup_free_ char *words = explain_layer_words(l), *name = explain_layer_name(l);
    _cleanup_free_ char *path = str_printf("%s/%s", store_root_path(subject->store), l->path);
    char size[NUM_TEXT_MAX];
    struct explain_fact *fact;

    if (l->bytes < 0)
        fact = explain_below(root, name, path, "%s", words);
    else
        fact = explain_below(root, name, path, "%s; %s", words, num_format_size(l->bytes, size));
    explain_layer_put(fact, l);
    if (l->bytes >= 0)
        explain_put(fact, "Size", cli_value_number(l->bytes));
    explain_put(fact, "Path", cli_value_text(path));
}

static void add_upper(const struct explain_subject *subject, struct explain_fact *root)
{
    _cleanup_free_ char *path = NULL;
    char size[NUM_TEXT_MAX];
    struct explain_fact *fact;
    int64_t bytes;

    if (!subject->id) {
        explain_below(root, "upper", NULL, "a new directory would take what the container writes");
        return;
    }
    path = str_printf("%s/containers/%s/upper", store_root_path(subject->store), subject->id);
    bytes = container_size(subject->store, subject->id);
    fact = explain_below(root, "upper", path, "what the container wrote, changed or deleted: %s in %s",
                         num_format_size(bytes, size), path);
    explain_put(fact, "Size", cli_value_number(bytes));
    explain_put(fact, "Path", cli_value_text(path));
}

static void add_root(const struct explain_subject *subject, const struct explain_origin_view *v,
                     const explain_layers *layers, explain_facts *ret)
{
    const struct explain_mount *m = explain_mount_of(v->mounts, "/");
    bool readonly = m && explain_mount_is_readonly(m);
    size_t n = 0;
    struct explain_fact *root;

    VEC_FOREACH (l, layers)
        n += l->diff_id.algorithm != DIGEST_NONE;
    root = explain_add(ret, "root", v->source, "%s of %zu layer%s; %s", m ? m->type : "overlay", n,
                       n == 1 ? "" : "s, the topmost first",
                       readonly ? "read-only: nothing in it can be changed"
                                : "writable: changes go to a directory of the container's own, never to a layer");
    explain_put(root, "Type", cli_value_text(m ? m->type : "overlay"));
    explain_put(root, "Layers", cli_value_number((int64_t)n));
    explain_put(root, "ReadOnly", cli_value_truth(readonly));
    add_upper(subject, root);
    VEC_FOREACH (l, layers)
        add_layer(subject, l, root);
}

int explain_files(const struct explain_subject *subject, explain_facts *ret, struct err *err)
{
    _cleanup_free_ char *source = explain_source(subject, "mountinfo");
    _cleanup_explain_layers_ explain_layers layers = {0};
    _cleanup_explain_mounts_ explain_mounts mounts = {0};
    struct explain_origin_view v = explain_origin_view(subject, &mounts, source);
    int r = explain_mounts_of(subject, &mounts, err);

    if (r < 0)
        return r;
    explain_layers_read(subject, &layers);
    add_root(subject, &v, &layers, ret);
    explain_origins_describe(&v, ret);
    return 0;
}
