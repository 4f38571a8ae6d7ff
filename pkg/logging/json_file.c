/* json-file: Docker's log, and the default. */
#include "logging/file.h"

static char *file_name(const char *id)
{
    return str_printf("%s-json.log", id);
}

static int open_json(const struct logging_options *options, const struct logging_settings *settings, void **ret,
                     struct err *err)
{
    _cleanup_strv_ char **attributes = NULL;
    int r = logging_attributes(&options->container, settings, &attributes, err);

    if (r < 0)
        return r;
    *ret = log_file_new(options->dir, options->path, file_name(options->container.id),
                        logging_attributes_json(attributes), &logging_json_format, settings, options->discard);
    return 0;
}

static const char *const names[] = {"compress", "env",      "env-regex", "labels", "labels-regex",
                                    "max-file", "max-size", "tag",       NULL};

const struct logging_driver logging_json_file = {
    .name = "json-file",
    .options = names,
    .defaults = {.max_size = 10 << 20, .max_file = 3},
    .open = open_json,
    .entry = log_file_entry,
    .flush = log_file_flush,
    .wake = log_file_wake,
    .close = log_file_close,
    .file_name = file_name,
    .format = &logging_json_format,
};
