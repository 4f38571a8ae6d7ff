#include "container/network_uses.h"

#include "base/strv.h"
#include "container/container.h"
#include "oci/engine.h"
#include "store/container.h"

static int add_used(struct store *s, const char *id, char ***ret, struct err *err)
{
    _cleanup_engine_options_ struct engine_options o = {0};
    struct err why = ERR_INIT;
    int r = container_read_options(s, id, &o, &why);

    if (r == ERR_NOT_FOUND) /* removed meanwhile, or just begun */
        return 0;
    if (r < 0) {
        if (err)
            *err = why;
        err_wrap(err, "container %.12s, without which it is not known which networks are used", id);
        return err_hint(err, "remove it: cbox rm -f %.12s", id);
    }
    VEC_FOREACH (e, &o.networks)
        strv_add(ret, e->network);
    return 0;
}

int container_networks_used(struct store *s, char ***ret, struct err *err)
{
    _cleanup_strv_ char **ids = NULL;
    int r = store_container_list(s, &ids, err);

    *ret = NULL;
    STRV_FOREACH (id, ids)
        r = r < 0 ? r : add_used(s, *id, ret, err);
    if (r < 0) {
        strv_free(*ret);
        *ret = NULL;
        return r;
    }
    strv_sort(*ret);
    return 0;
}
