#include "image/usage.h"

#include "base/strv.h"
#include "store/build_cache.h"
#include "store/needs.h"
#include "store/uses.h"

#include <fcntl.h>
#include <fts.h>
#include <sys/stat.h>
#include <unistd.h>

void image_usage_release(struct image_usage *u)
{
    VEC_FOREACH (part, &u->parts)
        free(part->name);
    free(u->parts.v);
    free(u->images.v);
    store_tag_list_release(&u->tags);
}

/* ---- the walk ---- */

/* A file with several names that was counted. */
struct inode {
    dev_t device;
    ino_t number;
};

struct measuring {
    struct image_usage *usage;
    size_t part; /* what the entries that follow belong to, as long as they lie deeper than `level` */
    short level;
    VEC(struct inode) linked; /* sorted */
};

enum { OWN_PART }; /* the first: what belongs to the store itself */

/* Whose entries are a part each, by the path below the store's root. */
static const struct {
    const char *directory;
    enum image_usage_kind kind;
    const char *prefix; /* of their names */
} places[] = {
    {"blobs/sha256", IMAGE_USAGE_BLOB, "sha256:"},
    {"blobs/sha512", IMAGE_USAGE_BLOB, "sha512:"},
    {"layers/sha256", IMAGE_USAGE_LAYER, "sha256:"},
    {"layers/sha512", IMAGE_USAGE_LAYER, "sha512:"},
    {"containers", IMAGE_USAGE_CONTAINER, ""},
    {"volumes", IMAGE_USAGE_VOLUME, ""},
    {"build-cache/layers/sha256", IMAGE_USAGE_BUILD, "layers/sha256/"},
    {"build-cache/layers/sha512", IMAGE_USAGE_BUILD, "layers/sha512/"},
    {"build-cache/records", IMAGE_USAGE_BUILD, "records/"},
    {"build-cache/files", IMAGE_USAGE_BUILD, "files/"},
    {"build-cache/memos", IMAGE_USAGE_BUILD, "memos/"},
    {"build-cache/mounts", IMAGE_USAGE_BUILD, "mounts/"},
    {"tmp/layers", IMAGE_USAGE_UNFINISHED, "layers/"},
    {"tmp/trash", IMAGE_USAGE_UNFINISHED, "trash/"},
    {"tmp", IMAGE_USAGE_UNFINISHED, ""},
};

static size_t add_part(struct image_usage *u, enum image_usage_kind kind, char *name)
{
    *VEC_PUSH(&u->parts) = (struct image_usage_part){.kind = kind, .name = name};
    return u->parts.n - 1;
}

/* Whether an entry lies in the directory, named by its path below the root; FTSENT knows only its parents. */
static bool lies_in(const FTSENT *e, const char *directory)
{
    size_t end = strlen(directory);

    for (e = e->fts_parent; e->fts_level > 0; e = e->fts_parent) {
        size_t n = e->fts_namelen;

        if (n > end || strncmp(directory + end - n, e->fts_name, n) != 0 || (n < end && directory[end - n - 1] != '/'))
            return false;
        end -= n + (n < end);
    }
    return end == 0;
}

/* Begins a part where the entry is one: what lies above belongs to the store itself, as the links do that are
 * containers' names, and the two directories of tmp/ that are always there. */
static void begin_part(struct measuring *m, const FTSENT *e)
{
    if (e->fts_name[0] == '@' || (lies_in(e, "tmp") && (str_eq(e->fts_name, "layers") || str_eq(e->fts_name, "trash"))))
        return;
    for (size_t i = 0; i < ARRAY_SIZE(places); i++)
        if (lies_in(e, places[i].directory)) {
            m->level = e->fts_level;
            m->part = add_part(m->usage, places[i].kind, str_printf("%s%s", places[i].prefix, e->fts_name));
            return;
        }
}

static bool is_counted(struct measuring *m, const struct stat *st)
{
    struct inode in = {st->st_dev, st->st_ino};
    size_t from = 0, to = m->linked.n;

    if (st->st_nlink < 2 || S_ISDIR(st->st_mode))
        return false;
    while (from < to) {
        size_t middle = (from + to) / 2;
        const struct inode *at = &m->linked.v[middle];

        if (at->device == in.device && at->number == in.number)
            return true;
        if (at->device < in.device || (at->device == in.device && at->number < in.number))
            from = middle + 1;
        else
            to = middle;
    }
    (void)VEC_PUSH(&m->linked);
    memmove(&m->linked.v[from + 1], &m->linked.v[from], (m->linked.n - 1 - from) * sizeof(in));
    m->linked.v[from] = in;
    return false;
}

static void count(struct measuring *m, const FTSENT *e)
{
    if (e->fts_level <= m->level || m->part == OWN_PART) {
        m->part = OWN_PART;
        begin_part(m, e);
    }
    if (!is_counted(m, e->fts_statp))
        m->usage->parts.v[m->part].bytes += (int64_t)e->fts_statp->st_blocks * 512;
}

static int walk(struct measuring *m, const char *root, struct err *err)
{
    char *paths[] = {(char *)root, NULL};
    FTS *fts = fts_open(paths, FTS_PHYSICAL | FTS_XDEV, NULL);
    FTSENT *e;

    if (!fts)
        return err_errno(err, errno, "%s", root);
    m->part = add_part(m->usage, IMAGE_USAGE_OTHER, str_dup(""));
    while ((e = fts_read(fts)))
        if (e->fts_info != FTS_DP && e->fts_info != FTS_NS)
            count(m, e);
    fts_close(fts);
    return 0;
}

static int compare_parts(const void *va, const void *vb)
{
    const struct image_usage_part *a = va, *b = vb;

    return a->kind != b->kind ? (a->kind > b->kind) - (a->kind < b->kind) : strcmp(a->name, b->name);
}

static struct image_usage_part *find_part(struct image_usage *u, enum image_usage_kind kind, const struct digest *d)
{
    char text[DIGEST_TEXT_MAX];
    struct image_usage_part key = {.kind = kind, .name = digest_format(d, text)};

    return u->parts.n ? bsearch(&key, u->parts.v, u->parts.n, sizeof(key), compare_parts) : NULL;
}

/* ---- who needs what ---- */

typedef VEC(struct image_usage_part *) part_list;

/* The parts that the images of one ID stand on. */
static void find_parts(struct store *s, struct image_usage *u, const struct image_usage_image *image, part_list *ret)
{
    _cleanup_needs_ struct store_needs needs = {0};
    store_digests *sets[] = {&needs.blobs, &needs.layers};

    for (size_t i = 0; i < u->tags.n; i++)
        if (digest_equal(&u->tags.v[i].id, &image->tag->id))
            (void)store_needs_add_tag(s, &u->tags.v[i], &needs, NULL); /* what was found is counted */
    for (size_t k = 0; k < ARRAY_SIZE(sets); k++) {
        store_digests_sort(sets[k]);
        VEC_FOREACH (d, sets[k]) {
            struct image_usage_part *part = find_part(u, k ? IMAGE_USAGE_LAYER : IMAGE_USAGE_BLOB, d);

            if (part)
                *VEC_PUSH(ret) = part;
        }
    }
}

/* First all images claim their parts, then it is known which of them are shared. */
static void count_images(struct store *s, struct image_usage *u)
{
    part_list *lists = mem_zalloc(u->images.n, sizeof(*lists));

    for (size_t i = 0; i < u->images.n; i++) {
        find_parts(s, u, &u->images.v[i], &lists[i]);
        VEC_FOREACH (part, &lists[i]) {
            (*part)->images++;
            (*part)->in_use = (*part)->in_use || u->images.v[i].containers > 0;
        }
    }
    for (size_t i = 0; i < u->images.n; i++) {
        struct image_usage_image *image = &u->images.v[i];

        VEC_FOREACH (part, &lists[i])
            *((*part)->images > 1 ? &image->shared : &image->unique) += (*part)->bytes;
        free(lists[i].v);
    }
    free(lists);
}

static int add_use(const struct store_use *use, void *data, struct err *err _unused_)
{
    struct image_usage *u = data;
    const struct digest *id = NULL;

    for (size_t i = 0; i < u->tags.n && !id; i++)
        if (digest_equal(&u->tags.v[i].manifest, &use->manifest))
            id = &u->tags.v[i].id;
    STRV_FOREACH (layer, use->layers) { /* of a container without an image */
        struct digest d;
        struct image_usage_part *part = digest_parse(*layer, &d, NULL) < 0 ? NULL : find_part(u, IMAGE_USAGE_LAYER, &d);

        if (part)
            part->in_use = true;
    }
    VEC_FOREACH (image, &u->images)
        if (id && digest_equal(&image->tag->id, id))
            image->containers++;
    return 0;
}

static int count_steps(struct store *s, struct image_usage *u, struct err *err)
{
    _cleanup_needs_ struct store_needs needs = {0};
    int r = store_build_add_needs(s, &needs, err);

    VEC_FOREACH (d, &needs.layers) {
        struct image_usage_part *part = find_part(u, IMAGE_USAGE_LAYER, d);

        if (part)
            part->step = part->images == 0;
    }
    return r;
}

static void list_images(struct image_usage *u)
{
    for (size_t i = 0; i < u->tags.n; i++) {
        bool known = false;

        VEC_FOREACH (image, &u->images)
            known = known || digest_equal(&image->tag->id, &u->tags.v[i].id);
        if (!known)
            *VEC_PUSH(&u->images) = (struct image_usage_image){.tag = &u->tags.v[i]};
    }
}

int image_usage_walk(struct store *s, struct image_usage *ret, struct err *err)
{
    struct measuring m = {.usage = ret};
    int r;

    *ret = (struct image_usage){0};
    r = walk(&m, store_root_path(s), err);
    free(m.linked.v);
    VEC_FOREACH (part, &ret->parts)
        ret->bytes[part->kind] += part->bytes;
    return r;
}

int image_usage_measure(struct store *s, struct image_usage *ret, struct err *err)
{
    int r = image_usage_walk(s, ret, err);

    if (r == 0)
        r = store_tag_list(s, &ret->tags, err);
    if (r < 0)
        return r;
    qsort(ret->parts.v, ret->parts.n, sizeof(*ret->parts.v), compare_parts);
    list_images(ret);
    r = store_each_use(s, add_use, ret, err);
    if (r == 0)
        count_images(s, ret);
    return r < 0 ? r : count_steps(s, ret, err);
}

int64_t image_usage_steps(const struct image_usage *u)
{
    int64_t sum = 0;

    VEC_FOREACH (part, &u->parts)
        sum += part->step ? part->bytes : 0;
    return sum;
}

int64_t image_usage_reclaimable(const struct image_usage *u)
{
    int64_t sum = 0;

    VEC_FOREACH (part, &u->parts)
        sum += part->kind <= IMAGE_USAGE_LAYER && !part->in_use && !part->step ? part->bytes : 0;
    return sum;
}

/* Where a part lies: the name of a blob or layer is its path with a colon. */
static bool is_there(struct store *s, const struct image_usage_part *part)
{
    static const enum store_dir dirs[] = {
        [IMAGE_USAGE_BLOB] = STORE_BLOBS,           [IMAGE_USAGE_LAYER] = STORE_LAYERS,
        [IMAGE_USAGE_CONTAINER] = STORE_CONTAINERS, [IMAGE_USAGE_VOLUME] = STORE_VOLUMES,
        [IMAGE_USAGE_BUILD] = STORE_BUILD,          [IMAGE_USAGE_UNFINISHED] = STORE_TMP,
    };
    _cleanup_free_ char *path = str_dup(part->name);
    char *colon = strchr(path, ':');
    int dir;

    if (part->kind == IMAGE_USAGE_OTHER || store_dir(s, dirs[part->kind], &dir, NULL) < 0)
        return true;
    if (colon)
        *colon = '/';
    return faccessat(dir, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int64_t image_usage_gone(struct store *s, const struct image_usage *before)
{
    int64_t sum = 0;

    VEC_FOREACH (part, &before->parts)
        sum += is_there(s, part) ? 0 : part->bytes;
    return sum;
}
