#include "store/list.h"

#include "sys/atomic.h"
#include "sys/fd.h"
#include "sys/path.h"
#include "json/json.h"

#include <assert.h>
#include <fcntl.h>
#include <unistd.h>

enum { FILE_MAX = 4 << 20 };

static const struct json_field entry_fields[] = {
    JSON_FIELD(struct store_list_entry, "reference", JSON_K_STRING, reference, .flags = JSON_REQUIRED),
    JSON_FIELD(struct store_list_entry, "descriptor", JSON_K_OBJECT, descriptor, .flags = JSON_REQUIRED,
               .type = &oci_descriptor_type),
};
static const struct json_type entry_type = {
    "entry", sizeof(struct store_list_entry), entry_fields, ARRAY_SIZE(entry_fields), false,
};

static const struct json_field list_fields[] = {
    JSON_FIELD(struct store_list, "entries", JSON_K_ARRAY, entries, .flags = JSON_KEEP_EMPTY, .type = &entry_type),
};
static const struct json_type list_type = {
    "manifest list", sizeof(struct store_list), list_fields, ARRAY_SIZE(list_fields), false,
};

void store_list_release(struct store_list *l)
{
    json_free(&list_type, l);
}

/* The grammar of references keeps each component harmless. */
static char *file_of(const struct oci_reference *name)
{
    _cleanup_free_ char *dir = oci_reference_name(name);

    assert(name->tag);
    return str_printf("%s/:%s", dir, name->tag);
}

static int not_found(const struct oci_reference *name, struct err *err)
{
    _cleanup_free_ char *text = oci_reference_familiar(name);

    return err_set(err, ERR_NOT_FOUND, "no such manifest list: %s", text);
}

int store_list_get(struct store *s, const struct oci_reference *name, struct store_list *ret, struct err *err)
{
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(FILE_MAX);
    _cleanup_free_ char *file = file_of(name);
    struct err why = ERR_INIT;
    int lists;
    int r = store_dir(s, STORE_LISTS, &lists, err);

    if (r < 0)
        return r;
    r = fd_read_file(lists, file, &text, &why);
    if (r == ERR_NOT_FOUND)
        return not_found(name, err);
    if (r == 0) {
        r = json_parse(buf_str(&text), text.len, &list_type, ret, &why);
        if (r == ERR_INVALID)
            r = why.kind = ERR_CORRUPT;
    }
    if (r < 0) {
        if (err)
            *err = why;
        err_wrap(err, "%s/lists/%s", store_root_path(s), file);
    }
    return r;
}

int store_list_set(struct store *s, const struct oci_reference *name, const struct store_list *l, struct err *err)
{
    _cleanup_free_ char *file = file_of(name), *dir = oci_reference_name(name);
    _cleanup_buf_ struct buf text = BUF_INIT;
    int lists;
    int r = store_dir(s, STORE_LISTS, &lists, err);

    if (r < 0)
        return r;
    if (l->entries.n > STORE_LIST_ENTRIES_MAX)
        return err_set(err, ERR_LIMIT, "a manifest list of %zu manifests; at most %d are supported", l->entries.n,
                       STORE_LIST_ENTRIES_MAX);
    r = path_mkdirs(lists, dir, 0700);
    if (r < 0)
        return err_errno(err, -r, "making %s/lists/%s", store_root_path(s), dir);
    json_dump(&list_type, l, true, &text);
    buf_addc(&text, '\n');
    r = atomic_write(lists, file, text.p, text.len, 0600, 0, err);
    return r < 0 ? err_wrap(err, "%s/lists", store_root_path(s)) : 0;
}

/* What is empty goes, as far as it is; who makes a list at this moment makes it again or fails. */
static void remove_empty(int lists, char *dir)
{
    char *slash;

    while (unlinkat(lists, dir, AT_REMOVEDIR) == 0 && (slash = strrchr(dir, '/')))
        *slash = 0;
}

int store_list_remove(struct store *s, const struct oci_reference *name, struct err *err)
{
    _cleanup_free_ char *file = file_of(name), *dir = oci_reference_name(name);
    int lists;
    int r = store_dir(s, STORE_LISTS, &lists, err);

    if (r < 0)
        return r;
    if (unlinkat(lists, file, 0) < 0)
        return errno == ENOENT ? not_found(name, err) : err_errno(err, errno, "removing lists/%s", file);
    r = atomic_sync_dir(lists, dir, err);
    remove_empty(lists, dir);
    return r;
}
