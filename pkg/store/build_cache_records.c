/* Records of steps. */
#include "store/build_cache_internal.h"

#include "base/utf8.h"
#include "store/blob.h"
#include "store/internal.h"
#include "sys/atomic.h"
#include "sys/failpoint.h"
#include "sys/fd.h"
#include "json/json.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

enum {
    RECORD_MAX = 8 << 20,
    INPUTS_MAX = 4096, /* beyond that the others are not there to be explained */
    TEXT_MAX = 1024,   /* of a step, a name, a value */
};

static const struct json_field input_fields[] = {
    JSON_FIELD(struct store_build_input, "name", JSON_K_STRING, name, JSON_REQUIRED | JSON_KEEP_EMPTY),
    JSON_FIELD(struct store_build_input, "value", JSON_K_STRING, value, JSON_KEEP_EMPTY),
};

static const struct json_type input_type = {
    .name = "input of a build step",
    .size = sizeof(struct store_build_input),
    .fields = input_fields,
    .n_fields = ARRAY_SIZE(input_fields),
};

/* The inputs last: who does not need them reads by the fields before. */
static const struct json_field record_fields[] = {
    JSON_FIELD(struct store_build_record, "key", JSON_K_STRING, key, JSON_REQUIRED),
    JSON_FIELD(struct store_build_record, "step", JSON_K_STRING, step),
    JSON_FIELD(struct store_build_record, "diffId", JSON_K_STRING, diff_id),
    JSON_FIELD(struct store_build_record, "tarSize", JSON_K_INT64, tar_size),
    JSON_FIELD(struct store_build_record, "bytes", JSON_K_INT64, bytes),
    JSON_FIELD(struct store_build_record, "created", JSON_K_INT64, created),
    JSON_FIELD(struct store_build_record, "files", JSON_K_STRING, files),
    JSON_FIELD(struct store_build_record, "inputs", JSON_K_ARRAY, inputs, 0, &input_type),
};

static const struct json_type record_type = {
    .name = "build step",
    .size = sizeof(struct store_build_record),
    .fields = record_fields,
    .n_fields = ARRAY_SIZE(record_fields),
};

static const struct json_type brief_type = {
    .name = "build step",
    .size = sizeof(struct store_build_record),
    .fields = record_fields,
    .n_fields = ARRAY_SIZE(record_fields) - 1,
};

void store_build_record_release(struct store_build_record *r)
{
    json_free(&record_type, r);
}

int store_build_record_copy(const struct store_build_record *r, struct store_build_record *ret, struct err *err)
{
    int result = json_duplicate(&record_type, r, ret, err);

    if (result == 0)
        ret->used = r->used;
    return result;
}

/* FNV-1a: two long texts that begin alike are still told apart. */
static uint64_t hash(const char *text)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);

    for (; *text; text++)
        h = (h ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    return h;
}

char *store_build_fit(const char *text)
{
    _cleanup_buf_ struct buf b = BUF_INIT;

    while (text && *text && b.len < TEXT_MAX) {
        size_t n = utf8_length(text);

        if (n > 0)
            buf_add(&b, text, n);
        else
            buf_addf(&b, "\\x%02x", (unsigned char)*text);
        text += n > 0 ? n : 1;
    }
    if (text && *text)
        buf_addf(&b, "… %016llx", (unsigned long long)hash(text));
    return text ? buf_steal(&b) : NULL;
}

/* ---- reading ---- */

static bool is_good(const struct store_build_record *r, const char *key)
{
    struct digest d;

    return str_eq(r->key, key) && (!r->diff_id || digest_parse(r->diff_id, &d, NULL) == 0) && r->bytes >= 0 &&
           r->tar_size >= 0 && (!r->files || store_build_name_good(r->files));
}

int store_build_record_take(const char *line, struct store_build_record *ret, struct err *err)
{
    int r = json_parse(line, strlen(line), &record_type, ret, err);

    if (r < 0)
        return r;
    if (store_build_name_good(ret->key) && strlen(ret->key) == 64 && is_good(ret, ret->key))
        return 0;
    store_build_record_release(ret);
    return err_set(err, ERR_CORRUPT, "a record of a step that is none");
}

static int parse(int fd, const char *key, bool inputs, struct store_build_record *ret, struct err *err)
{
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(RECORD_MAX);
    struct stat st;
    int r = fd_read_rest(fd, key, &text, err);

    if (r == 0)
        r = json_parse(buf_str(&text), text.len, inputs ? &record_type : &brief_type, ret, err);
    if (r < 0)
        return r;
    if (!is_good(ret, key) || fstat(fd, &st) < 0) {
        store_build_record_release(ret);
        return err_set(err, ERR_CORRUPT, "build-cache/records/%s is damaged", key);
    }
    ret->used = store_build_time_of(&st.st_mtim);
    return 0;
}

int store_build_record_read(int records, const char *key, bool inputs, struct store_build_record *ret, struct err *err)
{
    _cleanup_fd_ int fd = openat(records, key, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

    return fd < 0 ? err_errno(err, errno, "build-cache/records/%s", key) : parse(fd, key, inputs, ret, err);
}

bool store_build_record_whole(struct store *s, const struct store_build_record *r)
{
    struct digest d;

    return !r->diff_id ||
           (digest_parse(r->diff_id, &d, NULL) == 0 && (store_build_layer_has(s, &d) || store_layer_has(s, &d)));
}

int store_build_find(struct store *s, const char *key, struct store_build_record *ret, struct err *err)
{
    _cleanup_fd_ int lock = -1, records = -1, fd = -1;
    int r = store_build_dir(s, BUILD_RECORDS, &records, err);

    if (r < 0)
        return r;
    fd = store_build_name_good(key) ? openat(records, key, O_RDONLY | O_NOFOLLOW | O_CLOEXEC) : -1;
    if (fd < 0)
        return err_set(err, ERR_NOT_FOUND, "no earlier build has this step");
    /* Marked before it is said to be there, and nobody removes it in between. */
    r = store_build_lock(s, LOCK_SHARED, LOCK_WAIT, &lock, err);
    if (r < 0)
        return r;
    if (futimens(fd, NULL) < 0 || faccessat(records, key, F_OK, 0) < 0 || parse(fd, key, true, ret, NULL) < 0)
        return err_set(err, ERR_NOT_FOUND, "no earlier build has this step");
    if (store_build_record_whole(s, ret))
        return 0;
    store_build_record_release(ret);
    return err_set(err, ERR_NOT_FOUND, "the layer of this step is not there any more");
}

struct iteration {
    bool inputs;
    int (*each)(const struct store_build_record *r, void *data, struct err *err);
    void *data;
};

static int each_record(int records, const char *key, void *data, struct err *err)
{
    const struct iteration *it = data;
    _cleanup_build_record_ struct store_build_record record = {0};

    if (store_build_record_read(records, key, it->inputs, &record, NULL) < 0)
        return 0;
    return it->each(&record, it->data, err);
}

int store_build_each(struct store *s, bool inputs,
                     int (*each)(const struct store_build_record *r, void *data, struct err *err), void *data,
                     struct err *err)
{
    struct iteration it = {inputs, each, data};
    int top, r = store_dir(s, STORE_BUILD, &top, err);

    return r < 0 ? r : store_each_name(top, BUILD_RECORDS, each_record, &it, err);
}

static int add_layer(const struct store_build_record *r, void *data, struct err *err _unused_)
{
    struct store_needs *to = data;
    struct digest d;

    if (r->diff_id && digest_parse(r->diff_id, &d, NULL) == 0)
        *VEC_PUSH(&to->layers) = d;
    return 0;
}

int store_build_add_needs(struct store *s, struct store_needs *to, struct err *err)
{
    return store_build_exists(s) ? store_build_each(s, false, add_layer, to, err) : 0;
}

/* ---- keeping ---- */

void store_build_record_write(const struct store_build_record *r, struct buf *out)
{
    struct store_build_record fitting = *r;

    fitting.step = store_build_fit(r->step);
    fitting.inputs.v = NULL;
    fitting.inputs.n = fitting.inputs.cap = 0;
    for (size_t i = 0; i < r->inputs.n && i < INPUTS_MAX; i++) {
        const struct store_build_input *in = &r->inputs.v[i];

        *VEC_PUSH(&fitting.inputs) = (struct store_build_input){store_build_fit(in->name), store_build_fit(in->value)};
    }
    json_dump(&record_type, &fitting, false, out);
    VEC_FOREACH (in, &fitting.inputs) {
        free(in->name);
        free(in->value);
    }
    free(fitting.inputs.v);
    free(fitting.step);
}

/* The layer of a kept step is moved to the store's when everything is synced. */
static int mark_kept(struct store *s, const char *diff_id, struct err *err)
{
    char path[STORE_DIGEST_PATH_MAX];
    _cleanup_free_ char *kept = NULL;
    _cleanup_fd_ int fd = -1;
    struct digest d;
    int layers, r = digest_parse(diff_id, &d, err);

    if (r == 0)
        r = store_dir(s, STORE_BUILD_LAYERS, &layers, err);
    if (r < 0 || !store_build_layer_has(s, &d))
        return r;
    kept = str_printf("%s/" BUILD_KEPT, store_digest_path(&d, path));
    fd = openat(layers, kept, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    return fd < 0 ? err_errno(err, errno, "build-cache/layers/%s", kept) : 0;
}

static int keep(struct store *s, const struct store_build_record *r, bool room, struct err *err)
{
    _cleanup_fd_ int lock = -1, records = -1;
    _cleanup_buf_ struct buf text = BUF_INIT;
    int result = store_build_dir(s, BUILD_RECORDS, &records, err);

    if (result == 0)
        result = store_build_lock(s, LOCK_SHARED, LOCK_WAIT, &lock, err);
    if (result == 0 && !store_build_record_whole(s, r))
        result = err_set(err, ERR_INTERNAL, "the layer of the step %.12s is not in the store", r->key);
    if (result == 0 && r->diff_id)
        result = mark_kept(s, r->diff_id, err);
    if (result < 0 || !room)
        return result;
    store_build_record_write(r, &text);
    failpoint("build-keep");
    result = atomic_write(records, r->key, buf_str(&text), text.len, 0600, ATOMIC_VOLATILE, err);
    failpoint("build-kept");
    return result;
}

int store_build_keep(struct store *s, const struct store_build_record *r, int64_t ceiling, struct err *err)
{
    _cleanup_fd_ int size = -1;
    int room;

    if (!store_build_name_good(r->key))
        return err_set(err, ERR_INTERNAL, "%.64s is no key", r->key);
    room = store_build_make_room(s, store_build_record_size(r), ceiling, &size, err);
    return room < 0 ? room : keep(s, r, room > 0, err);
}

/* ---- after a power cut ---- */

/* Records say which layers they need: those that are on disk stay. */
static int drop_record(int records, const char *key, void *data, struct err *err)
{
    struct store_build_record record = {0};
    struct store *s = data;
    struct digest d;
    int r = store_build_record_read(records, key, true, &record, NULL);
    bool whole = r == 0 && (!record.diff_id || (digest_parse(record.diff_id, &d, NULL) == 0 && store_layer_has(s, &d)));

    if (r == 0)
        store_build_record_release(&record);
    if (!whole && unlinkat(records, key, 0) < 0 && errno != ENOENT)
        return err_errno(err, errno, "removing build-cache/records/%s", key);
    return 0;
}

static int drop_layers(int layers _unused_, const char *algorithm, void *data, struct err *err)
{
    return store_discard(data, STORE_BUILD_LAYERS, algorithm, false, err);
}

int store_build_drop_unsynced(struct store *s, struct err *err)
{
    static const char *const hints[] = {BUILD_FILES, BUILD_MEMOS, BUILD_SIZE};
    int top, r = store_dir(s, STORE_BUILD, &top, err);

    /* Records last: with their layers gone they say by themselves that they are worth nothing. */
    if (r == 0)
        r = store_each_name(top, "layers", drop_layers, s, err);
    for (size_t i = 0; r == 0 && i < ARRAY_SIZE(hints); i++)
        r = store_discard(s, STORE_BUILD, hints[i], false, err);
    return r < 0 ? r : store_each_name(top, BUILD_RECORDS, drop_record, s, err);
}

/* ---- damage ---- */

struct checking {
    struct store *store;
    void (*broken)(const char *key, const char *what, void *data);
    void *data;
};

static int check_record(int records, const char *key, void *data, struct err *err _unused_)
{
    const struct checking *c = data;
    struct store_build_record record = {0};
    struct err why = ERR_INIT;
    int r = store_build_record_read(records, key, true, &record, &why);

    if (r == ERR_NOT_FOUND)
        return 0;
    if (r < 0)
        c->broken(key, why.text, c->data);
    else if (!store_build_record_whole(c->store, &record))
        c->broken(key, "its layer is missing", c->data);
    if (r == 0)
        store_build_record_release(&record);
    return 0;
}

int store_build_check(struct store *s, void (*broken)(const char *key, const char *what, void *data), void *data,
                      struct err *err)
{
    struct checking c = {s, broken, data};
    _cleanup_fd_ int lock = -1;
    int top, r;

    if (!store_build_exists(s))
        return 0;
    r = store_dir(s, STORE_BUILD, &top, err);
    if (r == 0)
        r = store_build_lock(s, LOCK_SHARED, LOCK_WAIT, &lock, err);
    return r < 0 ? r : store_each_name(top, BUILD_RECORDS, check_record, &c, err);
}

int store_build_drop_layer(struct store *s, const struct digest *diff_id, struct err *err)
{
    char path[STORE_DIGEST_PATH_MAX];
    _cleanup_fd_ int lock = -1;
    int r = store_build_lock(s, LOCK_EXCLUSIVE, LOCK_WAIT, &lock, err);

    return r < 0 ? r : store_discard(s, STORE_BUILD_LAYERS, store_digest_path(diff_id, path), false, err);
}

static int drop_broken(int records, const char *key, void *data, struct err *err)
{
    struct store_build_record record = {0};
    int r = store_build_record_read(records, key, true, &record, NULL);
    bool whole = r == 0 && store_build_record_whole(data, &record);

    if (r == 0)
        store_build_record_release(&record);
    return !whole && unlinkat(records, key, 0) < 0 && errno != ENOENT
               ? err_errno(err, errno, "removing build-cache/records/%s", key)
               : 0;
}

int store_build_drop_broken(struct store *s, struct err *err)
{
    _cleanup_fd_ int lock = -1;
    int top, r;

    if (!store_build_exists(s))
        return 0;
    r = store_dir(s, STORE_BUILD, &top, err);
    if (r == 0)
        r = store_build_lock(s, LOCK_EXCLUSIVE, LOCK_WAIT, &lock, err);
    return r < 0 ? r : store_each_name(top, BUILD_RECORDS, drop_broken, s, err);
}
