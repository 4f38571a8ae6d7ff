#include "container/volume.h"

#include "base/log.h"
#include "container/container.h"
#include "event/event.h"
#include "store/container.h"
#include "sys/fd.h"

#include <stdio.h>

void container_volume_uses_release(struct container_volume_uses *uses)
{
    VEC_FOREACH (use, &uses->list) {
        free(use->volume);
        free(use->container);
    }
    free(uses->list.v);
    *uses = (struct container_volume_uses){0};
}

static int add_uses(struct store *s, const char *id, struct container_volume_uses *ret, struct err *err)
{
    _cleanup_engine_options_ struct engine_options o = {0};
    struct err why = ERR_INIT;
    int r = container_read_options(s, id, &o, &why);

    /* Removed meanwhile, or just begun: one that is being made has options before it has volumes. */
    if (r == ERR_NOT_FOUND)
        return 0;
    if (r < 0) {
        if (err)
            *err = why;
        err_wrap(err, "container %.12s, without which it is not known which volumes are used", id);
        return err_hint(err, "remove it: cbox rm -f %.12s", id);
    }
    VEC_FOREACH (p, &o.mounts)
        if (str_eq(p->type, "volume") && p->name)
            *VEC_PUSH(&ret->list) = (struct container_volume_use){str_dup(p->name), str_dup(id)};
    return 0;
}

static int by_volume(const void *va, const void *vb)
{
    const struct container_volume_use *a = va, *b = vb;

    return strcmp(a->volume, b->volume);
}

int container_volume_uses(struct store *s, struct container_volume_uses *ret, struct err *err)
{
    _cleanup_strv_ char **ids = NULL;
    int r = store_container_list(s, &ids, err);

    *ret = (struct container_volume_uses){0};
    STRV_FOREACH (id, ids)
        r = r < 0 ? r : add_uses(s, *id, ret, err);
    if (ret->list.n)
        qsort(ret->list.v, ret->list.n, sizeof(*ret->list.v), by_volume);
    return r;
}

bool container_volume_used(const struct container_volume_uses *uses, const char *volume)
{
    struct container_volume_use key = {.volume = (char *)volume};

    return uses->list.n && bsearch(&key, uses->list.v, uses->list.n, sizeof(key), by_volume);
}

int container_volume_remove_but(struct store *s, const char *name, const char *but, struct err *err)
{
    _cleanup_volume_uses_ struct container_volume_uses uses = {0};
    _cleanup_buf_ struct buf users = BUF_INIT;
    _cleanup_fd_ int lock = -1;
    int r = store_volume_lock(s, name, &lock, err);

    if (r == 0)
        r = container_volume_uses(s, &uses, err);
    if (r < 0)
        return r;
    VEC_FOREACH (use, &uses.list)
        if (str_eq(use->volume, name) && !str_eq(use->container, but))
            buf_addf(&users, "%s%s", users.len ? ", " : "", use->container);
    if (users.len)
        return err_set(err, ERR_BUSY, "remove %s: volume is in use - [%s]", name, buf_str(&users));
    r = store_volume_remove(s, name, err);
    if (r == 0)
        event_emit(store_state_path(s), "volume", "destroy", name, NULL, "driver", "local", NULL);
    return r;
}

int container_volume_remove(struct store *s, const char *name, struct err *err)
{
    return container_volume_remove_but(s, name, NULL, err);
}

void container_volumes_drop(struct store *s, const char *id)
{
    _cleanup_engine_options_ struct engine_options o = {0};
    struct err why = ERR_INIT;

    if (container_read_options(s, id, &o, &why) < 0)
        return;
    VEC_FOREACH (p, &o.mounts) {
        why = ERR_INIT;
        if (p->anonymous && str_eq(p->type, "volume") && container_volume_remove_but(s, p->name, id, &why) < 0)
            log_debug("container %.12s: %s", id, why.text);
    }
}
