/* COPY and ADD. */
#include "dockerfile/internal.h"

#include <strings.h>

void dockerfile_copy_release(struct dockerfile_copy *c)
{
    strv_free(c->sources);
    VEC_FOREACH (f, &c->files) {
        free(f->name);
        free(f->content);
    }
    free(c->files.v);
    free(c->target);
    free(c->from);
    free(c->chown);
    free(c->chmod);
    strv_free(c->excludes);
    free(c->checksum);
    free(c->unpack);
    *c = (struct dockerfile_copy){0};
}

/* Of heredocs with one name the last one's content counts. */
static const struct dockerfile_heredoc *find_heredoc(const struct dockerfile_instruction *i, const char *name)
{
    for (size_t n = i->heredocs.n; n > 0; n--)
        if (str_eq(i->heredocs.v[n - 1].name, name))
            return &i->heredocs.v[n - 1];
    return NULL;
}

static int add_file(const struct dockerfile_instruction *i, struct heredoc_word *h, const struct words *how,
                    struct dockerfile_copy *c, struct err *err)
{
    const struct dockerfile_heredoc *written = find_heredoc(i, h->name);
    const char *content = written ? written->content : "";
    struct dockerfile_inline_file *file = VEC_PUSH(&c->files);

    file->name = h->name;
    if (h->expand)
        return words_expand_variables(content, how, &file->content, err);
    file->content = str_dup(content);
    return 0;
}

static int read_words(const struct dockerfile_instruction *i, const struct words *how, struct dockerfile_copy *c,
                      struct err *err)
{
    size_t n = strv_len(i->words), n_sources = 0;
    int r = 0;

    if (n < 2)
        return err_set(err, ERR_INVALID, "%s requires at least two arguments", dockerfile_kind_name(i->kind));
    for (size_t w = 0; r >= 0 && w < n - 1; w++) {
        struct heredoc_word h;
        char *source;

        r = heredoc_parse(i->words[w], &h, NULL);
        if (r > 0) {
            r = add_file(i, &h, how, c, err);
            continue;
        }
        r = words_expand(i->words[w], how, &source, err);
        if (r == 0)
            strv_take_at(&c->sources, n_sources++, source);
    }
    return r < 0 ? r : words_expand(i->words[n - 1], how, &c->target, err);
}

static int read_flag(const struct dockerfile_instruction *i, const char *name, const struct words *how, char **ret,
                     struct err *err)
{
    const char *value = str_given(dockerfile_flag(i, name));
    int r = value ? words_expand(value, how, ret, err) : 0;

    if (r == 0 && *ret && !**ret)
        str_replace(ret, NULL);
    return r;
}

static void read_switches(const struct dockerfile_instruction *i, struct dockerfile_copy *c)
{
    const char *from = str_given(dockerfile_flag(i, "from"));

    c->add = i->kind == DOCKERFILE_ADD;
    c->from = str_dup(from);
    c->link = flags_bool(i, "link");
    c->parents = flags_bool(i, "parents");
    c->keep_git_dir = flags_bool(i, "keep-git-dir");
    if (dockerfile_flag(i, "unpack")) {
        c->unpack = mem_zalloc(1, sizeof(*c->unpack));
        *c->unpack = flags_bool(i, "unpack");
    }
    VEC_FOREACH (flag, &i->flags)
        if (str_eq(flag->name, "exclude"))
            strv_add(&c->excludes, flag->value);
}

/* Docker knows no variables in --from. */
static int check_from(const char *from, const struct words *how, struct err *err)
{
    const struct words nothing = {.escape = how->escape};
    _cleanup_free_ char *expanded = NULL;
    int r = from ? words_expand(from, &nothing, &expanded, err) : 0;

    if (r < 0 || !from || str_eq(expanded, from))
        return r;
    return err_set(err, ERR_INVALID,
                   "variable expansion is not supported for --from, define a new stage with FROM using ARG from global "
                   "scope as a workaround");
}

int dockerfile_read_copy(const struct dockerfile_instruction *i, const struct words *how, struct dockerfile_copy *ret,
                         struct err *err)
{
    int r;

    *ret = (struct dockerfile_copy){0};
    read_switches(i, ret);
    r = check_from(ret->from, how, err);
    r = r < 0 ? r : read_flag(i, "chown", how, &ret->chown, err);
    r = r < 0 ? r : read_flag(i, "chmod", how, &ret->chmod, err);
    r = r < 0 ? r : read_flag(i, "checksum", how, &ret->checksum, err);
    r = r < 0 ? r : read_words(i, how, ret, err);
    if (r == 0 && ret->chmod)
        r = dockerfile_chmod_check(ret->chmod, err);
    if (r < 0)
        dockerfile_copy_release(ret);
    return r;
}
