#include "image/damage.h"

#include "base/log.h"
#include "image/verify.h"

struct looking {
    const struct digest *diff_id;
    bool differs;
};

/* One is enough. */
static bool on_difference(const char *path, const char *what, void *data)
{
    struct looking *l = data;

    log_debug("layer %.12s: %s %s", l->diff_id->hex, path, what);
    l->differs = true;
    return false;
}

static int look(struct store *s, struct looking *l, int64_t *budget, struct err *err)
{
    enum layer_verify_depth depth = LAYER_VERIFY_NAMES;
    struct store_layer_info info = {0};
    int r = store_layer_read_info(s, l->diff_id, &info, err);

    if (r < 0)
        return r;
    if (info.members <= *budget) {
        depth = LAYER_VERIFY_ENTRIES;
        *budget -= info.members;
    }
    return image_layer_compare(s, l->diff_id, depth, on_difference, l, err);
}

bool image_layer_damaged(struct store *s, const struct digest *diff_id, int64_t *budget)
{
    struct looking l = {.diff_id = diff_id};
    struct err why = ERR_INIT;

    if (look(s, &l, budget, &why) == 0)
        return l.differs;
    log_debug("layer %.12s: %s", diff_id->hex, why.text);
    return true;
}
