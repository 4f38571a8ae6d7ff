#include "image/change.h"

#include "dockerfile/apply.h"
#include "dockerfile/dockerfile.h"

/* What Docker takes here. */
static const enum dockerfile_kind kinds[] = {
    DOCKERFILE_CMD,         DOCKERFILE_ENTRYPOINT, DOCKERFILE_ENV,     DOCKERFILE_EXPOSE,
    DOCKERFILE_HEALTHCHECK, DOCKERFILE_LABEL,      DOCKERFILE_ONBUILD, DOCKERFILE_STOPSIGNAL,
    DOCKERFILE_USER,        DOCKERFILE_VOLUME,     DOCKERFILE_WORKDIR,
};

static int check_kind(enum dockerfile_kind kind, struct err *err)
{
    _cleanup_buf_ struct buf known = BUF_INIT;

    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        if (kinds[i] == kind)
            return 0;
        buf_addf(&known, "%s%s", i ? ", " : "", dockerfile_kind_name(kinds[i]));
    }
    err_set(err, ERR_INVALID, "%s is not a valid change command", dockerfile_kind_name(kind));
    return err_hint(err, "these are: %s", buf_str(&known));
}

int image_change(struct oci_container_config *config, char *const *changes, struct err *err)
{
    struct dockerfile_applying applying = {.config = config};
    bool args_escaped = config->args_escaped; /* a build's mark, which a change is not */
    int r = 0;

    STRV_FOREACH (change, changes) {
        _cleanup_dockerfile_ struct dockerfile d = {0};

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
