/* What supplies a single file of a container. */
#include "container/files.h"
#include "explain/file_layers.h"
#include "explain/file_path.h"
#include "explain/layers.h"
#include "explain/origins.h"
#include "runtime/view.h"
#include "store/skeleton.h"
#include "sys/fd.h"

#include <fcntl.h>

/* The files that are looked at: a container's, or an image's. */
struct looking {
    const struct explain_subject *subject;
    struct container_files files;
    int root, upper; /* `upper` -1: an image has none */
    explain_layers layers;
    explain_mounts mounts;
    struct explain_path path;
    bool missing, unseen; /* unseen: it does not run, and only a start mounts what would have it */
    char *source;         /* of the mounts */
};

static void looking_release(struct looking *l)
{
    if (l->files.store)
        container_files_release(&l->files);
    else
        fd_close(l->root);
    explain_layers_release(&l->layers);
    explain_mounts_release(&l->mounts);
    explain_path_release(&l->path);
    free(l->source);
}

/* ---- opening ---- */

static int open_root(struct looking *l, struct err *err)
{
    const struct explain_subject *subject = l->subject;
    _cleanup_free_ char *target = str_printf("%s/" STORE_SKELETON, store_root_path(subject->store));
    struct runtime_overlay overlay = {.dir = store_root_path(subject->store), .lower = (char **)subject->lower};
    int r;

    if (!subject->id)
        return runtime_view(&overlay, target, NULL, &l->root, err);
    r = container_files_open(subject->store, subject->id, CONTAINER_FILES_SEEN, &l->files, err);
    if (r == 0) {
        l->root = l->files.root;
        l->upper = l->files.upper;
    }
    return r;
}

/* Where a start would mount what it is told to: links of the root lie on the way. */
static void settle_targets(struct looking *l)
{
    VEC_FOREACH (m, &l->mounts) {
        _cleanup_explain_path_ struct explain_path p = {0};

        if (explain_path_follow(l->root, m->target, &p) == 0)
            str_replace(&m->target, steal_ptr(&p.path));
    }
}

static int look(struct looking *l, const char *path, struct err *err)
{
    int r = open_root(l, err);

    if (r == 0)
        r = explain_mounts_of(l->subject, &l->mounts, err);
    if (r < 0)
        return r;
    l->source = explain_source(l->subject, "mountinfo");
    explain_layers_read(l->subject, &l->layers);
    if (!l->subject->pid)
        settle_targets(l);
    r = explain_path_follow(l->root, path, &l->path);
    l->missing = r == -ENOENT;
    return r < 0 && !l->missing ? err_errno(err, -r, "%s in %s", path, l->subject->name) : 0;
}

/* ---- the file itself ---- */

static const struct {
    mode_t type;
    const char *words;
} types[] = {
    {S_IFREG, "file"},         {S_IFDIR, "directory"}, {S_IFLNK, "link"},    {S_IFCHR, "character device"},
    {S_IFBLK, "block device"}, {S_IFIFO, "pipe"},      {S_IFSOCK, "socket"},
};

static const char *type_words(mode_t mode)
{
    for (size_t i = 0; i < ARRAY_SIZE(types); i++)
        if ((mode & S_IFMT) == types[i].type)
            return types[i].words;
    return "thing";
}

static void add_path(const struct looking *l, explain_facts *ret)
{
    const struct stat *st = &l->path.st;
    struct explain_fact *fact;

    VEC_FOREACH (link, &l->path.links)
        explain_string(explain_add(ret, link->path, NULL, "a link to %s", link->to), link->to);
    if (l->missing) {
        fact =
            explain_add(ret, "path", NULL, "%s: is not there%s", l->path.path, l->unseen ? " while nothing runs" : "");
    } else {
        fact =
            explain_add(ret, "path", NULL, "%s: a %s of %lld bytes, mode %o, owner %u:%u", l->path.path,
                        type_words(st->st_mode), (long long)st->st_size, st->st_mode & 07777, st->st_uid, st->st_gid);
        explain_put(fact, "Type", cli_value_text(type_words(st->st_mode)));
        explain_put(fact, "Size", cli_value_number(st->st_size));
    }
    explain_put(fact, "Path", cli_value_text(l->path.path));
}

/* ---- out of a mount ---- */

static void add_mount(const struct looking *l, const struct explain_mount *m, explain_facts *ret)
{
    const struct explain_origin_view v = explain_origin_view(l->subject, &l->mounts, l->source);
    _cleanup_explain_origin_ struct explain_origin o = {0};
    _cleanup_free_ char *words = NULL, *file = NULL;
    const char *rest = l->path.path + (str_eq(m->target, "/") ? 0 : strlen(m->target));
    struct explain_fact *fact;

    explain_origin_of(&v, m, &o);
    words = explain_origin_words(&o, m);
    file = o.path ? str_printf("%s%s", o.path, rest) : NULL;
    fact = explain_add(ret, "supplied", l->source, "by what is mounted at %s: %s%s%s", m->target, words,
                       file && *rest ? "; there it is " : "", file && *rest ? file : "");
    explain_put(fact, "Origin", cli_value_text(explain_origin_kind_name(o.kind)));
    explain_put(fact, "Mount", cli_value_text(m->target));
    if (o.name)
        explain_put(fact, "Name", cli_value_text(o.name));
    if (file)
        explain_put(fact, "Path", cli_value_text(file));
}

/* ---- out of the layers ---- */

struct answer {
    const struct explain_layer *layer; /* NULL: the upper directory */
    struct explain_layer_answer a;
};
typedef VEC(struct answer) answers;

/* All that is said, the topmost first. What lies below what is last is only asked where that deletes: to tell who
 * had it. */
static int ask_all(const struct looking *l, answers *ret, struct err *err)
{
    struct explain_layer_answer a = {0};
    bool deleted = false;
    int store, r = store_dir(l->subject->store, STORE_ROOT, &store, err);

    if (r == 0 && l->upper >= 0 && (r = explain_layer_ask(l->upper, l->path.path, &a)) < 0)
        return err_errno(err, -r, "%s: upper", l->subject->name);
    if (a.says)
        *VEC_PUSH(ret) = (struct answer){NULL, a};
    VEC_FOREACH (layer, &l->layers) {
        _cleanup_fd_ int dir = -1;

        deleted = deleted || a.says == EXPLAIN_LAYER_DELETES;
        if (r < 0 || (a.last && !deleted) || (deleted && a.says == EXPLAIN_LAYER_HAS))
            break;
        dir = openat(store, layer->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        r = dir < 0 ? -errno : explain_layer_ask(dir, l->path.path, &a);
        if (r < 0)
            return err_errno(err, -r, "%s", layer->path);
        if (a.says)
            *VEC_PUSH(ret) = (struct answer){layer, a};
    }
    return r;
}

static char *who(const struct answer *a, bool named)
{
    _cleanup_free_ char *name = a->layer ? explain_layer_name(a->layer) : NULL;
    _cleanup_free_ char *words = a->layer ? explain_layer_words(a->layer) : NULL;

    if (!a->layer)
        return str_dup("the container itself, in its upper directory");
    return named && a->layer->diff_id.algorithm ? str_printf("%s: %s", name, words) : steal_ptr(&words);
}

static char *where(const struct looking *l, const struct answer *a)
{
    const char *root = store_root_path(l->subject->store);

    if (a->layer)
        return str_printf("%s/%s%s", root, a->layer->path, l->path.path);
    return str_printf("%s/containers/%s/upper%s", root, l->subject->id, l->path.path);
}

static void put_layer(struct explain_fact *fact, const struct answer *a)
{
    explain_put(fact, "Origin", cli_value_text(!a->layer ? "upper" : "layer"));
    if (a->layer)
        explain_layer_put(fact, a->layer);
}

/* The next one that has it, behind `from`. */
static const struct answer *next_that_has(const answers *all, size_t from)
{
    for (size_t i = from; i < all->n; i++)
        if (all->v[i].a.says == EXPLAIN_LAYER_HAS)
            return &all->v[i];
    return NULL;
}

static void add_one(const struct looking *l, const char *name, const char *verb, const struct answer *a,
                    explain_facts *ret)
{
    _cleanup_free_ char *words = who(a, *verb), *source = where(l, a);
    struct explain_fact *fact =
        explain_add(ret, name, a->a.says == EXPLAIN_LAYER_HAS ? source : NULL, "%s%s", verb, words);

    put_layer(fact, a);
    if (a->a.says == EXPLAIN_LAYER_HAS)
        explain_put(fact, "Path", cli_value_text(source));
}

static void add_deleted(const struct looking *l, const answers *all, explain_facts *ret)
{
    const struct answer *had = next_that_has(all, 1);

    add_one(l, "deleted", "by ", &all->v[0], ret);
    if (had)
        add_one(l, "was supplied", "by ", had, ret);
}

static void add_merged(const struct looking *l, const answers *all, explain_facts *ret)
{
    struct explain_fact *fact;
    size_t n = 0;

    VEC_FOREACH (a, all)
        n += a->a.says == EXPLAIN_LAYER_HAS;
    fact =
        explain_add(ret, "supplied", l->source, "a directory merged of %zu: what is in the upper ones goes first", n);
    explain_put(fact, "Origin", cli_value_text("merged"));
    explain_put(fact, "Layers", cli_value_number((int64_t)n));
    VEC_FOREACH (a, all) {
        _cleanup_free_ char *name = a->layer ? explain_layer_name(a->layer) : str_dup("upper");

        if (a->a.says == EXPLAIN_LAYER_HAS)
            add_one(l, name, "", a, &fact->below);
    }
}

/* What the container changed was copied up first. Only directories are asked on below what has it, and so the layer
 * that it was copied from is asked once more. */
static void add_original(const struct looking *l, explain_facts *ret)
{
    struct looking below = *l;
    answers all = {0};
    const struct answer *had;

    below.upper = -1;
    if (ask_all(&below, &all, NULL) == 0 && (had = next_that_has(&all, 0)) == all.v && had)
        add_one(l, "copied from", "changed from the one of ", had, ret);
    free(all.v);
}

static int add_layers(const struct looking *l, const char *path, explain_facts *ret, struct err *err)
{
    answers all = {0};
    const struct answer *first;
    int r = ask_all(l, &all, err);

    first = r == 0 ? next_that_has(&all, 0) : NULL;
    if (r == 0 && l->missing && (!all.n || all.v[0].a.says != EXPLAIN_LAYER_DELETES)) {
        r = err_set(err, ERR_NOT_FOUND, "no such file in %s: %s", l->subject->name, path);
    } else if (r == 0 && l->missing) {
        add_path(l, ret);
        add_deleted(l, &all, ret);
    } else if (r == 0) {
        add_path(l, ret);
        if (first && S_ISDIR(l->path.st.st_mode) && !first->a.last && next_that_has(&all, (size_t)(first - all.v) + 1))
            add_merged(l, &all, ret);
        else if (first)
            add_one(l, "supplied", "by ", first, ret);
        if (first && !first->layer && !S_ISDIR(l->path.st.st_mode))
            add_original(l, ret);
    }
    free(all.v);
    return r;
}

int explain_file(const struct explain_subject *subject, const char *path, explain_facts *ret, struct err *err)
{
    _cleanup_(looking_release) struct looking l = {.subject = subject, .root = -1, .upper = -1};
    const struct explain_mount *m;
    explain_facts facts = {0};
    int r = look(&l, path, err);

    if (r < 0)
        return r;
    m = explain_mount_of(&l.mounts, l.path.path);
    l.unseen = l.missing && !subject->pid && m && !str_eq(m->target, "/") && !m->origin;
    if (!m || str_eq(m->target, "/")) {
        r = add_layers(&l, path, &facts, err);
    } else if (l.missing && !l.unseen) {
        r = err_set(err, ERR_NOT_FOUND, "no such file in %s: %s", subject->name, path);
    } else {
        add_path(&l, &facts);
        add_mount(&l, m, &facts);
    }
    if (r < 0)
        explain_facts_release(&facts);
    else
        *ret = facts;
    return r;
}
