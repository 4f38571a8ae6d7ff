#include "container/log.h"

int container_read_log(struct store *s, const char *id, const struct logging_query *query,
                       int (*take)(const struct logging_entry *entry, void *data), void *data, struct err *err)
{
    _cleanup_container_ struct store_container *dir = NULL;
    _cleanup_engine_options_ struct engine_options options = {0};
    struct logging_options from = {.path = "", .container = {.id = id}};
    int r = store_container_open(s, id, &dir, err);

    if (r == 0)
        r = container_read_options(s, id, &options, err);
    if (r < 0)
        return r;
    from.driver = options.host.log_config.type;
    from.options = options.host.log_config.config;
    from.dir = store_container_fd(dir);
    return logging_read(&from, query, take, data, err);
}
