#include "dockerfile/apply.h"

#include "dockerfile/internal.h"
#include "sys/path.h"
#include "sys/signal_name.h"

enum {
    LIST_MAX = 16384,    /* entries of one list of a config */
    GROWN_MAX = 8 << 20, /* bytes that one stage's instructions add */
};

/* ---- parts ---- */

static int expand_text(const struct dockerfile_applying *a, const char *word, char **ret, struct err *err)
{
    char *text = NULL;
    int r = words_expand(word, &a->words, &text, err);

    if (r == 0)
        str_replace(ret, text);
    return r;
}

/* Values may hold earlier ones: what grows that way has its limit. */
static int count_growth(struct dockerfile_applying *a, const struct dockerfile_instruction *i, const char *s,
                        size_t n_before, struct err *err)
{
    a->grown += strlen(s);
    if (a->grown <= GROWN_MAX && n_before < LIST_MAX)
        return 0;
    return err_set(err, ERR_LIMIT, "%s: more than an image's config may hold", dockerfile_kind_name(i->kind));
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

static void set_command(const struct dockerfile_applying *a, const struct dockerfile_instruction *i, char ***ret)
{
    strv_free(*ret);
    *ret = NULL;
    if (i->json) {
        strv_extend(ret, i->words);
    } else {
        if (a->config->shell) {
            strv_extend(ret, a->config->shell);
        } else {
            strv_add(ret, "/bin/sh");
            strv_add(ret, "-c");
        }
        strv_add(ret, i->text);
    }
}

/* ---- the instructions ---- */

static int apply_cmd(struct dockerfile_applying *a, const struct dockerfile_instruction *i, struct err *err)
{
    (void)err;
    set_command(a, i, &a->config->cmd);
    a->config->args_escaped = true;
    a->cmd_given = true;
    return 0;
}

static int apply_entrypoint(struct dockerfile_applying *a, const struct dockerfile_instruction *i, struct err *err)
{
    (void)err;
    set_command(a, i, &a->config->entrypoint);
    if (!a->cmd_given) {
        strv_free(a->config->cmd);
        a->config->cmd = NULL;
    }
    return 0;
}

/* All of one instruction see the environment that was there before it. */
static int expand_pairs(struct dockerfile_applying *a, const struct dockerfile_instruction *i, char ***ret,
                        struct err *err)
{
    bool old = i->words && !strchr(i->words[0], '=');
    size_t n = 0;

    for (char **word = i->words; word && *word; word += old ? 2 : 1) {
        const char *equals = strchr(*word, '=');
        _cleanup_free_ char *name = old ? str_dup(*word) : str_ndup(*word, (size_t)(equals - *word));
        _cleanup_free_ char *expanded_name = NULL, *value = NULL;
        int r = words_expand(name, &a->words, &expanded_name, err);

        r = r < 0 ? r : words_expand(old ? word[1] : equals + 1, &a->words, &value, err);
        if (r == 0 && (!*expanded_name || strchr(expanded_name, '=')))
            r = err_set(err, ERR_INVALID, "%s names can not be blank or hold a =", dockerfile_kind_name(i->kind));
        if (r < 0)
            return r;
        strv_take_at(ret, n++, str_printf("%s=%s", expanded_name, value));
    }
    return 0;
}

static int set_pairs(struct dockerfile_applying *a, const struct dockerfile_instruction *i, char ***target,
                     struct err *err)
{
    _cleanup_strv_ char **pairs = NULL;
    int r = expand_pairs(a, i, &pairs, err);

    STRV_FOREACH (pair, pairs) {
        r = r < 0 ? r : count_growth(a, i, *pair, strv_len(*target), err);
        if (r < 0)
            return r;
        strv_env_set(target, *pair);
    }
    return r;
}

static int apply_env(struct dockerfile_applying *a, const struct dockerfile_instruction *i, struct err *err)
{
    return set_pairs(a, i, &a->config->env, err);
}

static int apply_label(struct dockerfile_applying *a, const struct dockerfile_instruction *i, struct err *err)
{
    int r = set_pairs(a, i, &a->config->labels, err);

    strv_sort(a->config->labels);
    return r;
}

static int apply_expose(struct dockerfile_applying *a, const struct dockerfile_instruction *i, struct err *err)
{
    size_t n = strv_len(a->config->exposed_ports);
    int r = 0;

    for (char **word = i->words; r == 0 && word && *word; word++) {
        _cleanup_strv_ char **ports = NULL;

        r = words_expand_list(*word, &a->words, &ports, err);
        for (char **port = ports; r == 0 && port && *port; port++) {
            size_t before = n;

            r = ports_add(&a->config->exposed_ports, &n, *port, err);
            a->grown += (n - before) * sizeof("65535/tcp");
            r = r < 0 ? r : count_growth(a, i, "", 0, err);
        }
    }
    make_set(a->config->exposed_ports);
    return r;
}

static int apply_healthcheck(struct dockerfile_applying *a, const struct dockerfile_instruction *i, struct err *err)
{
    struct oci_healthcheck h;
    int r = healthcheck_read(i, &h, err);

    if (r < 0)
        return r;
    if (!a->config->healthcheck)
        a->config->healthcheck = mem_zalloc(1, sizeof(h));
    strv_free(a->config->healthcheck->test);
    *a->config->healthcheck = h;
    return 0;
}

/* As the trigger is written, with the bodies of its heredocs. */
static int apply_onbuild(struct dockerfile_applying *a, const struct dockerfile_instruction *i, struct err *err)
{
    _cleanup_buf_ struct buf text = BUF_INIT;
    int r;

    buf_adds(&text, i->text);
    VEC_FOREACH (h, &i->heredocs)
        buf_addf(&text, "\n%s%s", h->raw ? h->raw : h->content, h->name);
    r = count_growth(a, i, buf_str(&text), strv_len(a->config->on_build), err);
    if (r == 0)
        strv_add(&a->config->on_build, buf_str(&text));
    return r;
}

static int apply_shell(struct dockerfile_applying *a, const struct dockerfile_instruction *i, struct err *err)
{
    (void)err;
    strv_free(a->config->shell);
    a->config->shell = strv_copy(i->words);
    return 0;
}

static int apply_stopsignal(struct dockerfile_applying *a, const struct dockerfile_instruction *i, struct err *err)
{
    _cleanup_free_ char *text = NULL;
    int number, r = expand_text(a, i->text, &text, err);

    if (r == 0)
        r = signal_parse(text, &number, err);
    if (r == 0)
        str_replace(&a->config->stop_signal, steal_ptr(&text));
    return r;
}

static int apply_user(struct dockerfile_applying *a, const struct dockerfile_instruction *i, struct err *err)
{
    return expand_text(a, i->text, &a->config->user, err);
}

static int apply_volume(struct dockerfile_applying *a, const struct dockerfile_instruction *i, struct err *err)
{
    size_t n = strv_len(a->config->volumes);
    int r = 0;

    STRV_FOREACH (word, i->words) {
        _cleanup_free_ char *trimmed = letters_trim(*word, strlen(*word)), *path = NULL;

        r = words_expand(trimmed, &a->words, &path, err);
        if (r == 0 && !*path)
            r = err_set(err, ERR_INVALID, "VOLUME specified can not be an empty string");
        r = r < 0 ? r : count_growth(a, i, path, n, err);
        if (r < 0)
            break;
        strv_take_at(&a->config->volumes, n++, steal_ptr(&path));
    }
    make_set(a->config->volumes);
    return r;
}

static int apply_workdir(struct dockerfile_applying *a, const struct dockerfile_instruction *i, struct err *err)
{
    _cleanup_free_ char *dir = NULL;
    const char *before = str_given(a->config->working_dir);
    int r = expand_text(a, i->text, &dir, err);

    if (r < 0)
        return r;
    str_replace(&a->config->working_dir, *dir == '/' ? path_clean(dir) : path_join(before ? before : "/", dir));
    return count_growth(a, i, a->config->working_dir, 0, err);
}

static int (*const appliers[DOCKERFILE_KINDS_])(struct dockerfile_applying *a, const struct dockerfile_instruction *i,
                                                struct err *err) = {
    [DOCKERFILE_CMD] = apply_cmd,
    [DOCKERFILE_ENTRYPOINT] = apply_entrypoint,
    [DOCKERFILE_ENV] = apply_env,
    [DOCKERFILE_EXPOSE] = apply_expose,
    [DOCKERFILE_HEALTHCHECK] = apply_healthcheck,
    [DOCKERFILE_LABEL] = apply_label,
    [DOCKERFILE_ONBUILD] = apply_onbuild,
    [DOCKERFILE_SHELL] = apply_shell,
    [DOCKERFILE_STOPSIGNAL] = apply_stopsignal,
    [DOCKERFILE_USER] = apply_user,
    [DOCKERFILE_VOLUME] = apply_volume,
    [DOCKERFILE_WORKDIR] = apply_workdir,
};

bool dockerfile_applies(enum dockerfile_kind kind)
{
    return kind < DOCKERFILE_KINDS_ && appliers[kind] != NULL;
}

int dockerfile_apply(struct dockerfile_applying *a, const struct dockerfile_instruction *i, struct err *err)
{
    if (!dockerfile_applies(i->kind))
        return err_set(err, ERR_INTERNAL, "%s does not change a config alone", dockerfile_kind_name(i->kind));
    return appliers[i->kind](a, i, err);
}
