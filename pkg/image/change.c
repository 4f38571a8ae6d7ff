#include "image/change.h"

#include "dockerfile/apply.h"
#include "dockerfile/dockerfile.h"

#include <strings.h>

/* What Docker takes here. */
static const enum dockerfile_kind kinds[] = {
    DOCKERFILE_CMD,         DOCKERFILE_ENTRYPOINT, DOCKERFILE_ENV,     DOCKERFILE_EXPOSE,
    DOCKERFILE_HEALTHCHECK, DOCKERFILE_LABEL,      DOCKERFILE_ONBUILD, DOCKERFILE_STOPSIGNAL,
    DOCKERFILE_USER,        DOCKERFILE_VOLUME,     DOCKERFILE_WORKDIR,
};

static int refuse(const char *word, struct err *err)
{
    _cleanup_buf_ struct buf known = BUF_INIT;

    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        buf_addf(&known, "%s%s", i ? ", " : "", dockerfile_kind_name(kinds[i]));
    err_set(err, ERR_INVALID, "%s is not a valid change command", word);
    return err_hint(err, "these are: %s", buf_str(&known));
}

static int check_kind(enum dockerfile_kind kind, struct err *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (kinds[i] == kind)
            return 0;
    return refuse(dockerfile_kind_name(kind), err);
}

/* A word that is no instruction at all is refused like one that has no place here. */
static int check_word(const char *change, struct err *err)
{
    const char *start = change + strspn(change, " \t\r\n");
    _cleanup_free_ char *word = str_ndup(start, strcspn(start, " \t\r\n"));

    for (int kind = 0; kind < DOCKERFILE_KINDS_; kind++)
        if (strcasecmp(word, dockerfile_kind_name(kind)) == 0)
            return 0;
    return !*word || *word == '#' ? 0 : refuse(word, err);
}

int image_change(struct oci_container_config *config, char *const *changes, struct err *err)
{
    struct dockerfile_applying applying = {.config = config};
    bool args_escaped = config->args_escaped; /* a build's mark, which a change is not */
    int r = 0;

    STRV_FOREACH (change, changes) {
        _cleanup_dockerfile_ struct dockerfile d = {0};

        r = check_word(*change, err);
        if (r == 0)
            r = dockerfile_parse_instructions(*change, &d, err);
        for (size_t i = 0; r == 0 && i < d.instructions.n; i++) {
            applying.words = (struct words){.env = config->env, .escape = d.escape};
            r = check_kind(d.instructions.v[i].kind, err);
            r = r < 0 ? r : dockerfile_apply(&applying, &d.instructions.v[i], err);
        }
        if (r < 0)
            break;
    }
    config->args_escaped = args_escaped;
    return r;
}
