/* FROM and ARG. */
#include "dockerfile/internal.h"

int dockerfile_read_from(const struct dockerfile_instruction *i, const struct words *how, struct dockerfile_from *ret,
                         struct err *err)
{
    const char *platform = dockerfile_flag(i, "platform");
    int r;

    *ret = (struct dockerfile_from){0};
    if (!i->words)
        return err_set(err, ERR_INVALID, "FROM requires either one or three arguments");
    r = words_expand(i->words[0], how, &ret->base, err);
    if (r == 0 && !*ret->base)
        r = err_set(err, ERR_INVALID, "base name (%s) should not be blank", i->words[0]);
    if (r == 0 && platform && *platform) {
        r = words_expand(platform, how, &ret->platform, err);
        if (r < 0)
            r = err_wrap(err, "failed to process arguments for platform");
        else if (!*ret->platform)
            r = err_set(err, ERR_INVALID, "empty platform value from expression %s", platform);
    }
    if (r < 0)
        dockerfile_from_release(ret);
    return r;
}

void dockerfile_from_release(struct dockerfile_from *f)
{
    free(f->base);
    free(f->platform);
    *f = (struct dockerfile_from){0};
}

int dockerfile_read_arg(const struct dockerfile_instruction *i, const struct words *how, char ***ret, struct err *err)
{
    size_t n = strv_len(*ret);

    STRV_FOREACH (word, i->words) {
        const char *value = strchr(*word, '=');
        _cleanup_free_ char *expanded = NULL;
        int r = value ? words_expand(value + 1, how, &expanded, err) : 0;

        if (r < 0)
            return r;
        strv_take_at(ret, n++,
                     value ? str_printf("%.*s%s", (int)(value + 1 - *word), *word, expanded) : str_dup(*word));
    }
    return 0;
}
