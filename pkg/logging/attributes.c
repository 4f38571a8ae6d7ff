/* What --log-opt labels, labels-regex, env, env-regex and tag put beside each line. */
#include "logging/internal.h"

#include "cli/template.h"
#include "json/json.h"

#include <regex.h>

static void put_named(char *const *from, const char *names, char ***ret)
{
    _cleanup_strv_ char **wanted = names ? strv_split(names, ',') : NULL;

    STRV_FOREACH (name, wanted) {
        const char *value = **name ? strv_env_get(from, *name) : NULL;
        _cleanup_free_ char *entry = value ? str_printf("%s=%s", *name, value) : NULL;

        if (entry)
            strv_env_set(ret, entry);
    }
}

static int put_matching(char *const *from, const char *pattern, char ***ret, struct err *err)
{
    char text[128];
    regex_t regex;
    int r = pattern ? regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) : 0;

    if (!pattern)
        return 0;
    if (r) {
        regerror(r, &regex, text, sizeof(text));
        return err_set(err, ERR_INVALID, "error parsing regexp: %s: \"%s\"", text, pattern);
    }
    STRV_FOREACH (entry, from) {
        _cleanup_free_ char *name = str_ndup(*entry, strcspn(*entry, "="));

        if (strchr(*entry, '=') && regexec(&regex, name, 0, NULL, 0) == 0)
            strv_env_set(ret, *entry);
    }
    regfree(&regex);
    return 0;
}

/* {{.ID}} in a tag is the short one, as everywhere. */
static struct cli_value tag_data(const struct logging_container *c)
{
    struct cli_value data = {.kind = CLI_MAP};
    const char *hex = c->image_id ? str_after(c->image_id, "sha256:") : NULL;
    _cleanup_free_ char *id = str_ndup(c->id, 12), *image_id = str_ndup(hex ? hex : c->image_id, 12);

    cli_value_put_text(&data, "ID", id);
    cli_value_put_text(&data, "FullID", c->id);
    cli_value_put_text(&data, "Name", c->name);
    cli_value_put_text(&data, "ImageID", image_id);
    cli_value_put_text(&data, "ImageFullID", c->image_id);
    cli_value_put_text(&data, "ImageName", c->image);
    cli_value_put_text(&data, "Command", c->command);
    cli_value_put_text(&data, "DaemonName", "cbox");
    return data;
}

int logging_tag(const struct logging_container *container, const struct logging_settings *settings,
                const char *fallback, char **ret, struct err *err)
{
    _cleanup_(cli_template_free_cleanup) struct cli_template *template = NULL;
    _cleanup_value_ struct cli_value data = {.kind = CLI_NULL};
    _cleanup_buf_ struct buf out = BUF_INIT;
    const char *text = settings->tag ? settings->tag : fallback;
    int r = text ? cli_template_parse(text, &template, err) : 0;

    *ret = NULL;
    if (!text)
        return 0;
    data = tag_data(container);
    if (r == 0)
        r = cli_template_execute(template, &data, CLI_TEMPLATE_DATA, &out, err);
    if (r < 0)
        return err_wrap(err, "log tag");
    *ret = buf_steal(&out);
    return 0;
}

int logging_attributes(const struct logging_container *container, const struct logging_settings *settings, char ***ret,
                       struct err *err)
{
    _cleanup_strv_ char **all = NULL;
    _cleanup_free_ char *tag = NULL, *entry = NULL;
    size_t size = 0;
    int r;

    put_named(container->labels, settings->labels, &all);
    r = put_matching(container->labels, settings->labels_regex, &all, err);
    put_named(container->env, settings->env, &all);
    if (r == 0)
        r = put_matching(container->env, settings->env_regex, &all, err);
    if (r == 0)
        r = logging_tag(container, settings, NULL, &tag, err);
    if (r < 0)
        return r;
    entry = str_empty(tag) ? NULL : str_printf("tag=%s", tag);
    if (entry)
        strv_env_set(&all, entry);
    STRV_FOREACH (one, all)
        size += strlen(*one);
    if (size > LOGGING_ATTRIBUTES_MAX)
        return err_set(err, ERR_LIMIT, "the labels and variables of a log line are larger than %d bytes",
                       LOGGING_ATTRIBUTES_MAX);
    if (all)
        strv_sort(all);
    *ret = steal_ptr(&all);
    return 0;
}

char *logging_attributes_json(char *const *attributes)
{
    struct buf out = BUF_INIT;

    STRV_FOREACH (entry, attributes) {
        size_t len = strcspn(*entry, "=");

        buf_addc(&out, out.len ? ',' : '{');
        logging_json_string(*entry, len, &out);
        buf_addc(&out, ':');
        logging_json_string(*entry + len + 1, strlen(*entry + len + 1), &out);
    }
    if (out.len)
        buf_addc(&out, '}');
    return buf_steal(&out);
}
