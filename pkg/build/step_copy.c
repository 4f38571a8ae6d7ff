/* COPY and ADD: what they take is looked at for the key; then it is copied. */
#include "build/step.h"

#include "sys/fd.h"
#include "sys/frame.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* What was selected for the key is what is copied. One at a time in a process. */
static struct {
    struct build_tree tree;
    struct build_selection selection;
    struct ignore *excludes;
    char **local; /* the sources that are files */
    struct build_copy_job job;
    int root;      /* of a stage or an image */
    bool selected; /* it was looked at, and not only remembered what was seen there once */
} taken = {.root = -1};

/* ---- sources of ADD that are elsewhere ---- */

/* --checksum of a repository is the commit that it has to have. */
static char *with_commit(const char *source, const char *checksum)
{
    size_t n = strcspn(source, "#");

    return str_empty(checksum) ? str_dup(source)
                               : str_printf("%.*s%ccommit=%s%s", (int)n, source, memchr(source, '?', n) ? '&' : '?',
                                            checksum, source + n);
}

static int fetch_repository(struct step *s, const char *source, struct build_fetched *to, struct err *err)
{
    _cleanup_free_ char *whole = with_commit(source, s->step->copy.checksum);
    const struct build_select how = {.sources = (char *[]){(char *)".", NULL}};
    struct build_selection selection = BUILD_SELECTION_NONE;
    struct build_tree tree = {.what = "repository"};
    int r = build_clone(s->b->store, whole, s->step->copy.keep_git_dir, &step_stop, &to->repository, err);

    if (r < 0)
        return r;
    tree.dir = to->repository.dir;
    r = build_select(s->b->store, &tree, &how, &selection, err);
    if (r == 0) {
        to->digest.algorithm = DIGEST_SHA256;
        memcpy(to->digest.hex, selection.digest, sizeof(selection.digest));
    }
    build_selection_release(&selection);
    return r;
}

static int check_sum(const struct dockerfile_copy *c, const char *source, const struct digest *is, struct err *err)
{
    _cleanup_free_ char *shown = build_hide_secrets(str_dup(source));
    char text[DIGEST_TEXT_MAX];

    if (str_empty(c->checksum) || str_eq(c->checksum, digest_format(is, text)))
        return 0;
    return err_set(err, ERR_CORRUPT, "%s: digest mismatch: it is %s, and --checksum says %s", shown, text, c->checksum);
}

static int fetch(struct step *s, const char *source, struct err *err)
{
    struct build_fetched *to = VEC_PUSH(&taken.job.fetched);
    int r;

    *to = (struct build_fetched){.fd = -1, .repository = BUILD_CONTEXT_NONE};
    if (build_is_repository(source))
        return fetch_repository(s, source, to, err);
    r = build_fetch(s->b->store, source, &step_stop, &to->fd, &to->name, &to->time, &to->digest, err);
    return r < 0 ? r : check_sum(&s->step->copy, source, &to->digest, err);
}

static int sort_sources(struct step *s, struct err *err)
{
    const struct dockerfile_copy *c = &s->step->copy;
    int r = 0;

    STRV_FOREACH (source, c->sources) {
        bool elsewhere = c->add && (build_is_url(*source) || build_is_repository(*source));

        if (elsewhere)
            r = r < 0 ? r : fetch(s, *source, err);
        else
            strv_add(&taken.local, *source);
    }
    if (r == 0 && !str_empty(c->checksum) && (taken.local || c->files.n))
        r = err_set(err, ERR_INVALID, "checksum requires HTTP(S) or Git sources");
    return r;
}

void step_copy_release(void)
{
    VEC_FOREACH (f, &taken.job.fetched)
        build_context_release(&f->repository);
}

/* ---- sources that are files ---- */

static int open_tree(struct step *s, struct err *err)
{
    const struct build_source *source = &s->step->sources.v[0];
    build_layers layers = {0};
    int r;

    if (source->kind == BUILD_SOURCE_CONTEXT) {
        const struct build_context *c = &s->b->contexts[source->index];

        taken.tree = (struct build_tree){.dir = c->dir, .ignore = c->ignore, .remember = c->path, .what = "context"};
        return 0;
    }
    build_source_layers(s->b, source, &layers);
    r = step_view(s, &layers, &taken.root, err);
    free(layers.v);
    taken.tree = (struct build_tree){.dir = taken.root, .what = s->step->copy.from, .keep_owner = true};
    return r;
}

static int select_files(struct step *s, struct err *err)
{
    const struct dockerfile_copy *c = &s->step->copy;
    struct build_select how = {
        .sources = taken.local, .parents = c->parents, .wildcards = true, .list = true, .excludes = NULL};
    int r = 0;

    if (!taken.local || taken.selected)
        return 0;
    taken.selected = true;
    if (c->excludes)
        r = ignore_from_list(c->excludes, &taken.excludes, err);
    if (r == 0)
        r = open_tree(s, err);
    how.excludes = taken.excludes;
    return r < 0 ? r : build_select(s->b->store, &taken.tree, &how, &taken.selection, err);
}

/* Files of a stage or an image follow from its layers: what they were found to be once, they are for ever. The name of
 * that memo; the caller frees it. */
static int name_memo(struct step *s, char **ret, struct err *err)
{
    const struct dockerfile_copy *c = &s->step->copy;
    _cleanup_buf_ struct buf text = BUF_INIT;
    build_layers layers = {0};
    char one[DIGEST_TEXT_MAX], hex[DIGEST_SHA256_HEX + 1];
    int r;

    buf_addf(&text, "selection 1 %d\n", c->parents);
    build_source_layers(s->b, &s->step->sources.v[0], &layers);
    VEC_FOREACH (layer, &layers)
        buf_addf(&text, "layer %s\n", digest_format(layer, one));
    free(layers.v);
    STRV_FOREACH (source, taken.local)
        buf_addf(&text, "source %zu:%s\n", strlen(*source), *source);
    STRV_FOREACH (pattern, c->excludes)
        buf_addf(&text, "exclude %zu:%s\n", strlen(*pattern), *pattern);
    r = digest_hex(buf_str(&text), text.len, hex, err);
    if (r == 0)
        *ret = str_dup(hex);
    return r;
}

enum { HEX = sizeof(taken.selection.digest) - 1 };

static bool recall(struct step *s, const char *memo)
{
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(2 * HEX);
    size_t n = store_build_memo_read(s->b->store, memo, &text, NULL) < 0 ? 0 : text.len;

    if (n != HEX && n != (size_t)2 * HEX)
        return false;
    snprintf(taken.selection.digest, sizeof(taken.selection.digest), "%s", buf_str(&text));
    snprintf(taken.selection.list, sizeof(taken.selection.list), "%s", buf_str(&text) + HEX);
    return true;
}

static int know_files(struct step *s, struct err *err)
{
    _cleanup_free_ char *memo = NULL, *value = NULL;
    int r;

    if (!taken.local || s->step->sources.v[0].kind == BUILD_SOURCE_CONTEXT)
        return select_files(s, err);
    r = name_memo(s, &memo, err);
    if (r < 0 || recall(s, memo))
        return r;
    r = select_files(s, err);
    if (r < 0)
        return r;
    value = str_printf("%s%s", taken.selection.digest, taken.selection.list);
    return store_build_memo_write(s->b->store, memo, value, strlen(value), err);
}

/* ---- the key ---- */

static int digest_content(struct step *s, char **ret, struct err *err)
{
    const struct dockerfile_copy *c = &s->step->copy;
    _cleanup_buf_ struct buf text = BUF_INIT;
    char one[DIGEST_TEXT_MAX], hex[DIGEST_SHA256_HEX + 1];
    int r;

    buf_addf(&text, "files %s\n", taken.selection.digest);
    VEC_FOREACH (f, &taken.job.fetched)
        buf_addf(&text, "fetched %zu:%s %lld %s\n", f->name ? strlen(f->name) : 0, f->name ? f->name : "",
                 (long long)f->time, digest_format(&f->digest, one));
    VEC_FOREACH (f, &c->files)
        buf_addf(&text, "inline %zu:%s %zu:%s\n", strlen(f->name), f->name, strlen(f->content), f->content);
    r = digest_hex(buf_str(&text), text.len, hex, err);
    if (r == 0)
        *ret = str_dup(hex);
    return r;
}

int step_copy_key(struct step *s, struct err *err)
{
    _cleanup_free_ char *content = NULL;
    int r = sort_sources(s, err);

    if (r == 0)
        r = know_files(s, err);
    if (r == 0)
        r = digest_content(s, &content, err);
    if (r < 0)
        return r;
    build_key_of_copy(s->b->plan, s->step, s->below, content, taken.selection.list, &s->key);
    return build_key_finish(&s->key, err);
}

/* ---- the work ---- */

static void pass_progress(int64_t files, int64_t bytes, void *data)
{
    const struct step *s = data;
    const int64_t numbers[2] = {bytes, files};

    frame_send(s->socket, BUILD_WORD_PROGRESS, numbers, sizeof(numbers), NULL, 0);
}

int step_copy_do(struct step *s, struct err *err)
{
    _cleanup_fd_ int below = -1, upper = -1;
    int r = select_files(s, err);

    if (r == 0 && !s->step->copy.link)
        r = step_view(s, s->below, &below, err);
    if (r < 0)
        return r;
    upper = openat(s->dir, "tree", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (upper < 0)
        return err_errno(err, errno, "tmp/%s/tree", s->dir_name);
    taken.job.step = s->step;
    taken.job.tree = &taken.tree;
    taken.job.selection = &taken.selection;
    taken.job.below = below;
    taken.job.upper = upper;
    taken.job.epoch = s->stage->epoch;
    taken.job.stop = &step_stop;
    taken.job.progress = pass_progress;
    taken.job.data = s;
    r = build_copy(&taken.job, err);
    if (r == 0 && taken.job.changed)
        r = err_set(err, ERR_BUSY, "files changed while they were copied: build again when nobody writes them");
    return r;
}
