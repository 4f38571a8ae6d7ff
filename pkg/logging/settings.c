/* --log-opt: names, values, and what a driver takes when nothing is said. */
#include "logging/internal.h"

#include "base/num.h"

#include <stddef.h>

static const struct logging_driver none = {.name = "none"};
static const struct logging_driver *const drivers[] = {&logging_json_file, &logging_local, &logging_journald,
                                                       &logging_syslog, &none};

/* The copy is kept as by `local`. */
enum { CACHE_MAX_SIZE = 20 * 1000 * 1000, CACHE_MAX_FILE = 5 };

static int parse_max_size(const char *text, void *field, struct err *err)
{
    int64_t *size = field;

    *size = 0;
    if (str_eq(text, "-1"))
        return 0;
    if (num_parse_size_si(text, size, err) < 0)
        return ERR_INVALID;
    return *size > 0 ? 0 : err_set(err, ERR_INVALID, "max-size must be a positive number");
}

static int parse_max_file(const char *text, void *field, struct err *err)
{
    int r = num_parse_i64(text, INT64_MIN, INT32_MAX, field, err);

    if (r < 0)
        return err_wrap(err, "max-file");
    return *(int64_t *)field >= 1 ? 0 : err_set(err, ERR_INVALID, "max-file cannot be less than 1");
}

/* Go's strconv.ParseBool. */
static int parse_flag(const char *text, void *field, struct err *err)
{
    static const char *const words[] = {"1", "t", "T", "true",  "TRUE",  "True",
                                        "0", "f", "F", "false", "FALSE", "False"};

    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (str_eq(text, words[i])) {
            *(bool *)field = i < ARRAY_SIZE(words) / 2;
            return 0;
        }
    return err_set(err, ERR_INVALID, "\"%s\" is neither true nor false", text);
}

static int parse_text(const char *text, void *field, struct err *err _unused_)
{
    *(const char **)field = str_given(text);
    return 0;
}

static const struct {
    const char *name;
    size_t offset;
    int (*parse)(const char *text, void *field, struct err *err);
} table[] = {
    {"cache-compress", offsetof(struct logging_settings, cache_compress), parse_flag},
    {"cache-disabled", offsetof(struct logging_settings, cache_disabled), parse_flag},
    {"cache-max-file", offsetof(struct logging_settings, cache_max_file), parse_max_file},
    {"cache-max-size", offsetof(struct logging_settings, cache_max_size), parse_max_size},
    {"compress", offsetof(struct logging_settings, compress), parse_flag},
    {"env", offsetof(struct logging_settings, env), parse_text},
    {"env-regex", offsetof(struct logging_settings, env_regex), parse_text},
    {"labels", offsetof(struct logging_settings, labels), parse_text},
    {"labels-regex", offsetof(struct logging_settings, labels_regex), parse_text},
    {"max-file", offsetof(struct logging_settings, max_file), parse_max_file},
    {"max-size", offsetof(struct logging_settings, max_size), parse_max_size},
    {"syslog-address", offsetof(struct logging_settings, address), parse_text},
    {"syslog-facility", offsetof(struct logging_settings, facility), parse_text},
    {"syslog-format", offsetof(struct logging_settings, format), parse_text},
    {"tag", offsetof(struct logging_settings, tag), parse_text},
};

/* mode and max-buffer-size, which every driver takes. */
static int parse_mode(char *const *options, struct logging_settings *ret, struct err *err)
{
    const char *mode = strv_env_get(options, "mode"), *size = strv_env_get(options, "max-buffer-size");
    bool holds = str_empty(mode) || str_eq(mode, "blocking");

    ret->max_pending = LOGGING_PENDING_MAX;
    if (!holds && !str_eq(mode, "non-blocking"))
        return err_set(err, ERR_INVALID, "logger: logging mode not supported: %s", mode);
    if (holds && size)
        return err_set(err, ERR_INVALID, "logger: max-buffer-size option is only supported with 'mode=non-blocking'");
    if (!holds)
        ret->max_pending = 1 << 20;
    if (size && num_parse_size(size, &ret->max_pending, err) < 0)
        return err_wrap(err, "error parsing option max-buffer-size");
    return 0;
}

static bool is_for_all(const char *name)
{
    return str_eq(name, "mode") || str_eq(name, "max-buffer-size") || str_after(name, "cache-");
}

static int parse_option(const struct logging_driver *driver, const char *option, struct logging_settings *ret,
                        struct err *err)
{
    size_t len = strcspn(option, "=");
    _cleanup_free_ char *name = str_ndup(option, len);
    const char *value = option[len] ? option + len + 1 : "";

    for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
        if (!str_eq(table[i].name, name) || !(is_for_all(name) || strv_contains((char *const *)driver->options, name)))
            continue;
        if (table[i].parse(value, (char *)ret + table[i].offset, err) < 0)
            return err_wrap(err, "--log-opt %s", name);
        return 0;
    }
    if (str_eq(name, "mode") || str_eq(name, "max-buffer-size"))
        return 0;
    return err_set(err, ERR_INVALID,
                   driver == &logging_local ? "unknown log opt '%s' for log driver %s"
                                            : "unknown log opt '%s' for %s log driver",
                   name, driver->name);
}

int logging_settings_parse(const char *driver, char *const *options, const struct logging_driver **ret_driver,
                           struct logging_settings *ret, struct err *err)
{
    const char *name = str_empty(driver) ? logging_json_file.name : driver;
    bool compress_asked;
    size_t i = 0;
    int r;

    while (i < ARRAY_SIZE(drivers) && !str_eq(drivers[i]->name, name))
        i++;
    if (i == ARRAY_SIZE(drivers))
        return err_set(err, ERR_INVALID, "logger: no log driver named '%s' is registered", name);
    *ret_driver = drivers[i];
    *ret = drivers[i]->defaults;
    ret->cache_max_size = CACHE_MAX_SIZE;
    ret->cache_max_file = CACHE_MAX_FILE;
    ret->cache_compress = true;
    if (!drivers[i]->options)
        return 0;
    r = parse_mode(options, ret, err);
    STRV_FOREACH (option, options)
        if (r == 0)
            r = parse_option(drivers[i], *option, ret, err);
    if (r < 0)
        return r;
    compress_asked = strv_env_get(options, "compress") != NULL;
    if (ret->compress && compress_asked && (ret->max_file < 2 || !ret->max_size))
        return err_set(err, ERR_INVALID, "compress cannot be true when max-file is less than 2 or max-size is not set");
    return 0;
}
