/* What the names behind FROM and from= mean: a named context, an earlier stage, an image. */
#include "build/plan_internal.h"

#include "base/num.h"

#include <ctype.h>
#include <strings.h>

#define DOCKER_IMAGE "docker-image://"

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

/* An earlier stage by its name or, where numbers mean stages, by its number. -1: none. */
static int find_stage(const struct planning *p, size_t before, const char *name)
{
    const struct dockerfile *d = p->given->file;
    int64_t number;

    for (size_t i = before; i-- > 0;)
        if (d->stages.v[i].name && strcasecmp(d->stages.v[i].name, name) == 0)
            return (int)i;
    if (!isdigit((unsigned char)*name) || num_parse_i64(name, 0, (int64_t)before - 1, &number, NULL) < 0)
        return -1;
    return (int)number;
}

int plan_find_source(struct planning *p, size_t stage, const char *name, const char *platform, struct build_source *ret,
                     struct err *err)
{
    int context = plan_find_context(p, name), found;
    const char *what = context >= 0 ? p->plan->contexts.v[context].what : NULL;

    if (what && !str_after(what, DOCKER_IMAGE)) {
        *ret = (struct build_source){BUILD_SOURCE_CONTEXT, (size_t)context};
        return 0;
    }
    found = what ? -1 : find_stage(p, stage, name);
    if (found >= 0) {
        *ret = (struct build_source){BUILD_SOURCE_STAGE, (size_t)found};
        return plan_stage(p, (size_t)found, err);
    }
    ret->kind = BUILD_SOURCE_IMAGE;
    return plan_find_image(p, what ? str_after(what, DOCKER_IMAGE) : name, platform, &ret->index, err);
}
