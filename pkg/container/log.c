#include "container/log.h"

#include "config/config.h"

/* Docker's rule: options go with the driver that they were set for. */
static int take_usual(const struct config *config, struct engine_log_config *log, struct err *err)
{
    const char *usual = config_log_driver(config);

    if (str_empty(log->type))
        str_replace(&log->type, str_dup(usual));
    if (!str_eq(log->type, usual))
        return 0;
    if (logging_check(usual, config->log_options, err) < 0)
        return err_wrap(err, "configuration: log_driver and log_options");
    STRV_FOREACH (option, config->log_options) {
        _cleanup_free_ char *name = str_ndup(*option, strcspn(*option, "="));

        if (!strv_env_get(log->config, name))
            strv_env_set(&log->config, *option);
    }
    return 0;
}

int container_decide_log(const struct config *config, struct engine_log_config *log, struct err *err)
{
    int r = config && (config->log_driver || config->log_options) ? take_usual(config, log, err) : 0;

    return r < 0 ? r : logging_check(log->type, log->config, err);
}

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
