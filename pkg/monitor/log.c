/* What the program writes goes to its log, whoever else reads it. */
#include "base/log.h"
#include "logging/logging.h"
#include "monitor/internal.h"

static void set_timer(struct monitor *m)
{
    loop_set_timer(&m->loop, &m->log_timer, logging_wake(m->log));
}

static void written(void *data, enum monitor_stream which, const char *bytes, size_t len)
{
    struct monitor *m = data;

    logging_write(m->log, which == MONITOR_ERRORS ? LOGGING_STDERR : LOGGING_STDOUT, bytes, len);
    set_timer(m);
}

static void due(struct loop_timer *t)
{
    struct monitor *m = t->data;

    logging_flush(m->log, false);
    set_timer(m);
}

int monitor_log_open(struct monitor *m, struct err *err)
{
    const struct store_container_record *record = m->job.record;
    const struct engine_options *options = m->job.options;
    _cleanup_free_ char *path = str_printf("%s/containers/%s", store_root_path(m->job.store), record->id);
    char image_id[DIGEST_TEXT_MAX];
    struct logging_options o = {
        .driver = options->host.log_config.type,
        .options = options->host.log_config.config,
        .dir = store_container_fd(m->job.dir),
        .path = path,
        .container = {.id = record->id,
                      .name = record->name,
                      .image = record->image,
                      .image_id = digest_format(&record->image_id, image_id),
                      .labels = record->labels,
                      .env = options->config.config.env,
                      .created = record->created},
    };

    if (m->log)
        return 0;
    m->log_timer = (struct loop_timer){.due = due, .data = m};
    m->streams.written = written;
    m->streams.data = m;
    return logging_open(&o, &m->log, err);
}

void monitor_log_end(struct monitor *m)
{
    if (!m->log)
        return;
    logging_flush(m->log, true);
    set_timer(m);
}

void monitor_log_close(struct monitor *m)
{
    loop_set_timer(&m->loop, &m->log_timer, 0);
    logging_close(m->log);
    m->log = NULL;
}
