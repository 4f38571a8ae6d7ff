/* What the names behind FROM and from= mean: a named context, an earlier stage, an image. */
#include "build/plan_internal.h"

#include "base/num.h"
#include "build/layout.h"

#include <strings.h>

/* Its index, or -1. "context" itself has no name. */
int plan_find_context(struct planning *p, const char *name)
{
    for (size_t i = 1; i < p->plan->contexts.n; i++)
        if (strcasecmp(p->plan->contexts.v[i].name, name) == 0)
            return (int)i;
    return -1;
}

static bool same_platform(const struct build_image *image, const char *platform)
{
    return str_eq(image->wanted, platform);
}

int plan_find_image(struct planning *p, const char *name, const char *platform, size_t *ret, struct err *err)
{
    struct build_image image = {0};
    int r;

    for (size_t i = 0; i < p->plan->images.n; i++) {
        *ret = i;
        if (str_eq(p->plan->images.v[i].name, name) && same_platform(&p->plan->images.v[i], platform))
            return 0;
    }
    r = p->given->image(p->given->data, name, platform, &image, err);
    if (r < 0)
        return r;
    image.name = str_dup(name);
    image.wanted = str_dup(platform);
    *ret = p->plan->images.n;
    *VEC_PUSH(&p->plan->images) = image;
    return 0;
}

static int find_stage(const struct planning *p, size_t first, size_t end, const char *name)
{
    const struct dockerfile *d = p->given->file;

    for (size_t i = end; i-- > first;)
        if (d->stages.v[i].name && strcasecmp(d->stages.v[i].name, name) == 0)
            return (int)i;
    return -1;
}

/* An earlier stage by its name or, but for FROM, its number; -1: it is an image. */
static int find_earlier(const struct planning *p, size_t stage, const char *name, bool base, int *ret, struct err *err)
{
    size_t n = p->given->file->stages.n;
    int64_t number;

    *ret = find_stage(p, 0, stage, name);
    if (*ret >= 0 || base)
        return 0;
    if (strspn(name, "0123456789") == strlen(name)) {
        if (num_parse_i64(name, 0, (int64_t)stage - 1, &number, NULL) < 0)
            return err_set(err, ERR_INVALID, "invalid from flag value %s: no earlier stage has that number", name);
        *ret = (int)number;
        return 0;
    }
    if (find_stage(p, stage, n, name) >= 0)
        return err_set(err, ERR_INVALID, "invalid from flag value %s: that stage is not an earlier one", name);
    return 0;
}

/* Of stages that are not needed too: a mistake is one wherever it stands. */
int plan_check_references(struct planning *p, struct err *err)
{
    const struct dockerfile *d = p->given->file;

    for (size_t s = 0; s < d->stages.n; s++)
        for (size_t i = d->stages.v[s].from + 1; i < d->stages.v[s].end; i++) {
            const struct dockerfile_instruction *in = &d->instructions.v[i];
            const char *from = in->kind == DOCKERFILE_COPY ? dockerfile_flag(in, "from") : NULL;
            int found;

            if (!str_empty(from) && plan_find_context(p, from) < 0 && find_earlier(p, s, from, false, &found, err) < 0)
                return plan_fail(p, &in->at, err);
        }
    return 0;
}

int plan_find_source(struct planning *p, size_t number, const char *name, const char *platform, bool base,
                     struct build_source *ret, struct err *err)
{
    int context = plan_find_context(p, name), found = -1, r = 0;
    const char *what = context >= 0 ? p->plan->contexts.v[context].what : NULL;

    if (what && !build_context_image(what)) {
        *ret = (struct build_source){BUILD_SOURCE_CONTEXT, (size_t)context};
        return 0;
    }
    if (!what)
        r = find_earlier(p, number, name, base, &found, err);
    if (r < 0)
        return r;
    if (found >= 0) {
        ret->kind = BUILD_SOURCE_STAGE;
        return plan_stage(p, (size_t)found, &ret->index, err);
    }
    ret->kind = BUILD_SOURCE_IMAGE;
    return plan_find_image(p, what ? build_context_image(what) : name, platform, &ret->index, err);
}
