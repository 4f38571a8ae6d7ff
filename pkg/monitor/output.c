#include "monitor/output.h"

/* After anything that may have left something to do later. */
static void set_timer(struct output *o)
{
    int64_t at = logging_wake(o->writer);

    if (at != o->timer.at)
        loop_set_timer(o->loop, &o->timer, at);
}

static void try_again(struct loop_timer *t)
{
    struct output *o = t->data;

    logging_flush(o->writer, false);
    set_timer(o);
}

int output_open(struct output *o, struct loop *loop, const struct monitor_job *job, struct err *err)
{
    const struct store_container_record *record = job->record;
    const struct engine_log_config *asked = &job->options->host.log_config;
    _cleanup_free_ char *command = strv_join(record->command, " ");
    _cleanup_free_ char *path = str_printf("%s/containers/%s", store_root_path(job->store), record->id);
    char image_id[DIGEST_TEXT_MAX];
    const struct logging_options options = {
        .driver = asked->type,
        .options = asked->config,
        .dir = store_container_fd(job->dir),
        .path = path,
        .discard = record->remove,
        .container = {.id = record->id,
                      .name = record->name,
                      .image = record->image,
                      .image_id = digest_format(&record->image_id, image_id),
                      .command = command,
                      .labels = record->labels,
                      .env = job->spec->process.env,
                      .created = record->created},
    };

    o->loop = loop;
    o->timer.due = try_again;
    o->timer.data = o;
    if (o->writer)
        return 0;
    return logging_open(&options, &o->writer, err) < 0 ? err_wrap(err, "failed to initialize logging driver") : 0;
}

void output_written(void *data, enum monitor_stream which, const char *bytes, size_t len)
{
    struct output *o = data;

    logging_write(o->writer, which == MONITOR_ERRORS ? LOGGING_STDERR : LOGGING_STDOUT, bytes, len);
    set_timer(o);
}

void output_end(struct output *o)
{
    if (!o->writer)
        return;
    logging_flush(o->writer, true);
    set_timer(o);
}

void output_close(struct output *o)
{
    if (o->timer.at)
        loop_set_timer(o->loop, &o->timer, 0);
    logging_close(o->writer);
    o->writer = NULL;
}
