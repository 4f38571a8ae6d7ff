#include "container/prune.h"

#include "base/log.h"
#include "container/container.h"
#include "container/list.h"
#include "event/event.h"

#include <inttypes.h>
#include <stdio.h>

static void pass_over(const struct err *why)
{
    log_debug("%s", why->text);
}

static void tell(struct store *s, int64_t bytes)
{
    char text[24];

    snprintf(text, sizeof(text), "%" PRId64, bytes);
    event_emit(store_state_path(s), "container", "prune", "", NULL, "reclaimed", text, NULL);
}

int container_prune(struct store *s, const struct container_filter *filter, void (*removed)(const char *id, void *data),
                    void *data, int64_t *ret_bytes, struct err *err)
{
    _cleanup_container_list_ struct container_list list = {0};
    const struct container_list_options all = {.all = true, .filter = filter};
    int r = container_list(s, &all, pass_over, &list, err);

    *ret_bytes = 0;
    for (size_t i = 0; r == 0 && i < list.n; i++) {
        const struct store_container_record *record = &list.v[i];
        int64_t bytes = store_container_is_alive(record->status) ? 0 : container_size(s, record->id);
        struct err why = ERR_INIT;

        if (store_container_is_alive(record->status))
            continue;
        if (container_remove(s, record->id, false, false, &why) < 0) {
            pass_over(&why);
            continue;
        }
        *ret_bytes += bytes;
        removed(record->id, data);
    }
    if (r == 0)
        tell(s, *ret_bytes);
    return r;
}
