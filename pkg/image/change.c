#include "image/change.h"

#include "base/num.h"
#include "base/time.h"
#include "image/words.h"
#include "sys/path.h"
#include "sys/signal_name.h"

#include <stdio.h>
#include <strings.h>

struct changing {
    struct oci_container_config *config;
    bool cmd_given;
};

/* ---- forms of arguments ---- */

struct exec_form {
    char **words;
};

static const struct json_field exec_fields[] = {
    JSON_FIELD(struct exec_form, "words", JSON_K_STRV, words, .flags = JSON_REQUIRED),
};
static const struct json_type exec_type = {
    "list", sizeof(struct exec_form), exec_fields, ARRAY_SIZE(exec_fields), true,
};

/* ["program", "argument"]: true and its words. Anything else is text for a shell, also what was meant to be a list. */
static bool parse_list(const char *rest, char ***ret)
{
    _cleanup_free_ char *object = str_printf("{\"words\":%s}", rest);
    struct exec_form form = {0};

    if (*rest != '[' || json_parse(object, strlen(object), &exec_type, &form, NULL) < 0)
        return false;
    *ret = form.words;
    return true;
}

static void parse_command(const struct changing *c, const char *rest, char ***ret)
{
    strv_free(*ret);
    *ret = NULL;
    if (parse_list(rest, ret))
        return;
    if (c->config->shell) {
        strv_extend(ret, c->config->shell);
    } else {
        strv_add(ret, "/bin/sh");
        strv_add(ret, "-c");
    }
    strv_add(ret, rest);
}

static int expand_text(const struct changing *c, const char *rest, char **ret, struct err *err)
{
    char *text = NULL;
    int r = words_expand(rest, c->config->env, &text, err);

    if (r == 0)
        str_replace(ret, text);
    return r;
}

/* NAME=VALUE ..., or the old form of one NAME and its value behind a blank. */
static int parse_pairs(const struct changing *c, const char *rest, char ***ret, struct err *err)
{
    _cleanup_strv_ char **words = words_split(rest);
    bool old = words && !strchr(words[0], '=');

    if (old) {
        _cleanup_free_ char *value = str_dup(rest + strlen(words[0])), *expanded = NULL;
        const char *start = value + strspn(value, " \t");
        int r = *start ? words_expand(start, c->config->env, &expanded, err)
                       : err_set(err, ERR_INVALID, "must have two arguments");

        if (r == 0)
            strv_addf(ret, "%s=%s", words[0], expanded);
        return r;
    }
    STRV_FOREACH (word, words) {
        _cleanup_free_ char *expanded = NULL;
        int r = strchr(*word, '=')
                    ? words_expand(*word, c->config->env, &expanded, err)
                    : err_set(err, ERR_INVALID, "can't find = in \"%s\". Must be of the form: name=value", *word);

        if (r == 0 && *expanded == '=')
            r = err_set(err, ERR_INVALID, "names can not be blank");
        if (r < 0)
            return r;
        strv_take(ret, steal_ptr(&expanded));
    }
    return 0;
}

/* Sorted, each once. */
static void make_set(char **list)
{
    size_t n = 0;

    strv_sort(list);
    for (size_t i = 0; list && list[i]; i++) {
        if (n > 0 && str_eq(list[n - 1], list[i]))
            free(list[i]);
        else
            list[n++] = list[i];
    }
    if (list)
        list[n] = NULL;
}

/* ---- the instructions ---- */

static int change_cmd(struct changing *c, const char *rest, struct err *err)
{
    (void)err;
    parse_command(c, rest, &c->config->cmd);
    c->cmd_given = true;
    return 0;
}

static int change_entrypoint(struct changing *c, const char *rest, struct err *err)
{
    (void)err;
    parse_command(c, rest, &c->config->entrypoint);
    if (!c->cmd_given) {
        strv_free(c->config->cmd);
        c->config->cmd = NULL;
    }
    return 0;
}

static int set_pairs(const struct changing *c, const char *rest, char ***target, struct err *err)
{
    _cleanup_strv_ char **pairs = NULL;
    int r = parse_pairs(c, rest, &pairs, err);

    STRV_FOREACH (pair, pairs)
        if (r == 0)
            strv_env_set(target, *pair);
    return r;
}

static int change_env(struct changing *c, const char *rest, struct err *err)
{
    return set_pairs(c, rest, &c->config->env, err);
}

static int change_label(struct changing *c, const char *rest, struct err *err)
{
    int r = set_pairs(c, rest, &c->config->labels, err);

    strv_sort(c->config->labels);
    return r;
}

/* PORT[-PORT][/PROTOCOL] */
static int add_ports(struct changing *c, const char *word, struct err *err)
{
    static const char *const protocols[] = {"tcp", "udp", "sctp"};
    _cleanup_free_ char *ports = str_ndup(word, strcspn(word, "/")), *first = NULL;
    const char *protocol = strchr(word, '/') ? strchr(word, '/') + 1 : "tcp", *dash = strchr(ports, '-');
    int64_t low = 0, high = 0;
    size_t n = strv_len(c->config->exposed_ports);
    bool known = false;

    first = str_ndup(ports, dash ? (size_t)(dash - ports) : strlen(ports));
    for (size_t i = 0; i < ARRAY_SIZE(protocols); i++)
        known = known || strcasecmp(protocol, protocols[i]) == 0;
    if (!known || num_parse_i64(first, 1, 65535, &low, NULL) < 0 ||
        num_parse_i64(dash ? dash + 1 : first, 1, 65535, &high, NULL) < 0 || high < low)
        return err_set(err, ERR_INVALID, "invalid port: %s", word);
    for (; low <= high; low++) {
        char *port = str_printf("%d/%s", (int)low, protocol);

        for (char *p = strchr(port, '/') + 1; *p; p++)
            *p |= 0x20; /* all of them are letters */
        strv_take_at(&c->config->exposed_ports, n++, port);
    }
    return 0;
}

static int change_expose(struct changing *c, const char *rest, struct err *err)
{
    _cleanup_free_ char *expanded = NULL;
    _cleanup_strv_ char **words = NULL;
    int r = words_expand(rest, c->config->env, &expanded, err);

    words = r == 0 ? words_split(expanded) : NULL;
    STRV_FOREACH (word, words)
        r = r < 0 ? r : add_ports(c, *word, err);
    make_set(c->config->exposed_ports);
    return r;
}

static int change_onbuild(struct changing *c, const char *rest, struct err *err)
{
    static const char *const refused[] = {"ONBUILD", "FROM", "MAINTAINER"};
    size_t n = strcspn(rest, " \t");

    for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
        if (strlen(refused[i]) == n && strncasecmp(rest, refused[i], n) == 0)
            return err_set(err, ERR_INVALID, "%s isn't allowed as an ONBUILD trigger", refused[i]);
    strv_add(&c->config->on_build, rest);
    return 0;
}

static int change_stopsignal(struct changing *c, const char *rest, struct err *err)
{
    _cleanup_free_ char *text = NULL;
    int number, r = expand_text(c, rest, &text, err);

    if (r == 0)
        r = signal_parse(text, &number, err);
    if (r == 0)
        str_replace(&c->config->stop_signal, steal_ptr(&text));
    return r;
}

static int change_user(struct changing *c, const char *rest, struct err *err)
{
    return expand_text(c, rest, &c->config->user, err);
}

static int change_volume(struct changing *c, const char *rest, struct err *err)
{
    _cleanup_strv_ char **words = NULL;

    if (!parse_list(rest, &words))
        words = words_split(rest);
    STRV_FOREACH (word, words) {
        _cleanup_free_ char *path = NULL;
        int r = words_expand(*word, c->config->env, &path, err);

        if (r == 0 && !*path)
            r = err_set(err, ERR_INVALID, "a volume can not be an empty string");
        if (r < 0)
            return r;
        strv_take(&c->config->volumes, steal_ptr(&path));
    }
    make_set(c->config->volumes);
    return 0;
}

static int change_workdir(struct changing *c, const char *rest, struct err *err)
{
    _cleanup_free_ char *dir = NULL;
    const char *before = str_given(c->config->working_dir);
    int r = expand_text(c, rest, &dir, err);

    if (r == 0)
        str_replace(&c->config->working_dir, *dir == '/' ? path_clean(dir) : path_join(before ? before : "/", dir));
    return r;
}

static int health_option(struct oci_healthcheck *h, const char *name, const char *value, struct err *err)
{
    const struct {
        const char *name;
        int64_t *duration;
    } durations[] = {
        {"interval", &h->interval},
        {"timeout", &h->timeout},
        {"start-period", &h->start_period},
        {"start-interval", &h->start_interval},
    };

    for (size_t i = 0; i < ARRAY_SIZE(durations); i++) {
        int r;

        if (!str_eq(name, durations[i].name))
            continue;
        r = time_parse_duration(value, durations[i].duration, err);
        if (r == 0 && *durations[i].duration != 0 && *durations[i].duration < 1000000)
            r = err_set(err, ERR_INVALID, "--%s %s cannot be less than 1ms", name, value);
        return r;
    }
    if (str_eq(name, "retries"))
        return num_parse_i64(value, 0, INT32_MAX, &h->retries, err);
    return err_set(err, ERR_INVALID, "unknown flag: --%s", name);
}

static int parse_healthcheck(const char *rest, struct oci_healthcheck *h, struct err *err)
{
    const char *command;
    size_t n;

    while (str_after(rest, "--")) {
        size_t end = strcspn(rest, " \t");
        _cleanup_free_ char *name = str_ndup(rest + 2, end - 2);
        char *value = strchr(name, '=');
        int r;

        if (value)
            *value++ = 0;
        r = health_option(h, name, value ? value : "", err);
        if (r < 0)
            return r;
        rest += end;
        rest += strspn(rest, " \t");
    }
    n = strcspn(rest, " \t");
    command = rest + n + strspn(rest + n, " \t");
    if (n == 4 && strncasecmp(rest, "NONE", n) == 0 && !*command) {
        strv_add(&h->test, "NONE");
        return 0;
    }
    if (n != 3 || strncasecmp(rest, "CMD", n) != 0 || !*command)
        return err_set(err, ERR_INVALID, "must be NONE, or CMD with a command");
    if (parse_list(command, &h->test)) {
        char **words = h->test;

        h->test = NULL;
        strv_add(&h->test, "CMD");
        strv_extend(&h->test, words);
        strv_free(words);
        return 0;
    }
    strv_add(&h->test, "CMD-SHELL");
    strv_add(&h->test, command);
    return 0;
}

static int change_healthcheck(struct changing *c, const char *rest, struct err *err)
{
    struct oci_healthcheck h = {0};
    int r = parse_healthcheck(rest, &h, err);

    if (r < 0) {
        strv_free(h.test);
        return r;
    }
    if (!c->config->healthcheck)
        c->config->healthcheck = mem_zalloc(1, sizeof(h));
    strv_free(c->config->healthcheck->test);
    *c->config->healthcheck = h;
    return 0;
}

static const struct {
    const char *name;
    int (*apply)(struct changing *c, const char *rest, struct err *err);
} instructions[] = {
    {"CMD", change_cmd},         {"ENTRYPOINT", change_entrypoint},   {"ENV", change_env},
    {"EXPOSE", change_expose},   {"HEALTHCHECK", change_healthcheck}, {"LABEL", change_label},
    {"ONBUILD", change_onbuild}, {"STOPSIGNAL", change_stopsignal},   {"USER", change_user},
    {"VOLUME", change_volume},   {"WORKDIR", change_workdir},
};

static int refuse_instruction(const char *name, struct err *err)
{
    _cleanup_buf_ struct buf known = BUF_INIT;

    for (size_t i = 0; i < ARRAY_SIZE(instructions); i++)
        buf_addf(&known, "%s%s", i ? ", " : "", instructions[i].name);
    err_set(err, ERR_INVALID, "%s is not a valid change command", name);
    return err_hint(err, "these are: %s", buf_str(&known));
}

static int apply_line(struct changing *c, const char *line, struct err *err)
{
    const char *start = line + strspn(line, " \t\r"), *rest;
    size_t n = strcspn(start, " \t\r"), len;
    _cleanup_free_ char *name = str_ndup(start, n), *trimmed = NULL;

    if (!*start || *start == '#')
        return 0;
    rest = start + n + strspn(start + n, " \t\r");
    for (len = strlen(rest); len > 0 && strchr(" \t\r", rest[len - 1]);)
        len--;
    trimmed = str_ndup(rest, len);
    for (size_t i = 0; i < ARRAY_SIZE(instructions); i++) {
        int r;

        if (strcasecmp(name, instructions[i].name) != 0)
            continue;
        r = *trimmed ? instructions[i].apply(c, trimmed, err)
                     : err_set(err, ERR_INVALID, "requires at least one argument");
        return r < 0 ? err_wrap(err, "%s", instructions[i].name) : 0;
    }
    return refuse_instruction(name, err);
}

/* A backslash at the end of a line goes on with the next. */
static char *join_lines(const char *text)
{
    _cleanup_buf_ struct buf b = BUF_INIT;

    for (; *text; text++) {
        if (text[0] == '\\' && text[1] == '\n')
            text++;
        else
            buf_addc(&b, *text);
    }
    return str_dup(buf_str(&b));
}

int image_change(struct oci_container_config *config, char *const *changes, struct err *err)
{
    struct changing c = {.config = config};

    STRV_FOREACH (change, changes) {
        _cleanup_free_ char *joined = join_lines(*change);
        _cleanup_strv_ char **lines = strv_split(joined, '\n');

        STRV_FOREACH (line, lines) {
            int r = apply_line(&c, *line, err);

            if (r < 0)
                return r;
        }
    }
    return 0;
}
