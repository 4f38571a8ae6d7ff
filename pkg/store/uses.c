#include "store/uses.h"

#include "oci/descriptor.h"
#include "store/internal.h"
#include "sys/fd.h"
#include "json/json.h"

enum { RECORD_MAX = 4 << 20 };

static const struct json_field use_fields[] = {
    JSON_FIELD(struct store_use, "id", JSON_K_STRING, id),
    JSON_FIELD(struct store_use, "name", JSON_K_STRING, name),
    JSON_FIELD(struct store_use, "manifest", JSON_K_CUSTOM, manifest, 0, NULL, &oci_digest_conversion),
    JSON_FIELD(struct store_use, "layers", JSON_K_STRV, layers),
    JSON_FIELD(struct store_use, "mounted", JSON_K_STRV, mounted),
    JSON_FIELD(struct store_use, "build", JSON_K_BOOL, build),
};

static const struct json_type use_type = {
    .name = "container record",
    .size = sizeof(struct store_use),
    .fields = use_fields,
    .n_fields = ARRAY_SIZE(use_fields),
};

struct iteration {
    store_each_use_fn each;
    void *data;
};

/* Each image that is mounted in the container is a use of its own. */
static int each_image(const struct iteration *it, const struct store_use *use, struct err *err)
{
    struct store_use mounted = {.id = use->id, .name = use->name, .extra = true};
    int r = it->each(use, it->data, err);

    STRV_FOREACH (manifest, use->mounted)
        if (r >= 0 && digest_parse(*manifest, &mounted.manifest, NULL) == 0)
            r = it->each(&mounted, it->data, err);
    return r;
}

static int each_container(int containers, const char *id, void *data, struct err *err)
{
    const struct iteration *it = data;
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(RECORD_MAX);
    _cleanup_free_ char *file = str_printf("%s/record.json", id);
    struct store_use use = {0};
    struct err why = ERR_INIT;
    int r;

    if (*id == '@') /* a name, which is a link to the container */
        return 0;
    r = fd_read_file(containers, file, &text, &why);

    if (r == ERR_NOT_FOUND) /* being made or removed */
        return 0;
    if (r == 0)
        r = json_parse(buf_str(&text), text.len, &use_type, &use, &why);
    if (r < 0) {
        if (err)
            *err = why;
        return err_wrap(err, "containers/%s", file);
    }
    r = use.build ? 0 : each_image(it, &use, err);
    json_free(&use_type, &use);
    return r;
}

int store_each_use(struct store *s, store_each_use_fn each, void *data, struct err *err)
{
    struct iteration it = {each, data};
    int root;
    int r = store_dir(s, STORE_ROOT, &root, err);

    return r < 0 ? r : store_each_name(root, "containers", each_container, &it, err);
}
