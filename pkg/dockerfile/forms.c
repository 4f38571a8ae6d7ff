#include "dockerfile/internal.h"
#include "json/json.h"

/* ---- lists in JSON ---- */

struct any_list {
    char *list;
};
static const struct json_field any_fields[] = {
    JSON_FIELD(struct any_list, "words", JSON_K_RAW, list, .flags = JSON_REQUIRED),
};
static const struct json_type any_type = {"list", sizeof(struct any_list), any_fields, ARRAY_SIZE(any_fields), true};

struct string_list {
    char **words;
};
static const struct json_field string_fields[] = {
    JSON_FIELD(struct string_list, "words", JSON_K_STRV, words, .flags = JSON_REQUIRED),
};
static const struct json_type string_type = {
    "list", sizeof(struct string_list), string_fields, ARRAY_SIZE(string_fields), true,
};

int form_json(const char *text, char ***ret, struct err *err)
{
    _cleanup_free_ char *object = NULL;
    struct string_list strings = {0};
    struct any_list any = {0};
    bool is_list;

    if (*text != '[')
        return 0;
    object = str_printf("{\"words\":%s}", text);
    if (json_parse(object, strlen(object), &string_type, &strings, NULL) == 0) {
        *ret = strings.words;
        return 1;
    }
    is_list = json_parse(object, strlen(object), &any_type, &any, NULL) == 0;
    json_free(&any_type, &any);
    if (!is_list)
        return 0;
    return err_set(err, ERR_INVALID, "when using JSON array syntax, arrays must be comprised of strings only");
}

/* ---- forms of arguments ---- */

static int form_text(struct dockerfile_instruction *i, char escape, struct err *err)
{
    (void)escape;
    (void)err;
    if (*i->text)
        strv_add(&i->words, i->text);
    return 0;
}

/* Exec form, or text for a shell. */
static int form_command(struct dockerfile_instruction *i, char escape, struct err *err)
{
    int r = form_json(i->text, &i->words, err);

    i->json = r > 0;
    return r != 0 ? MIN_OF(r, 0) : form_text(i, escape, err);
}

/* Parted at blanks: quotes have no meaning yet. */
static int form_blanks(struct dockerfile_instruction *i, char escape, struct err *err)
{
    const char *s = i->text;

    (void)escape;
    (void)err;
    for (size_t n = 0; *s; n++) {
        const char *start = s;

        while (*s && !is_line_space(*s))
            s++;
        strv_take_at(&i->words, n, str_ndup(start, (size_t)(s - start)));
        while (is_line_space(*s))
            s++;
    }
    return 0;
}

static int form_list(struct dockerfile_instruction *i, char escape, struct err *err)
{
    int r = form_json(i->text, &i->words, err);

    i->json = r > 0;
    return r != 0 ? MIN_OF(r, 0) : form_blanks(i, escape, err);
}

static int form_words(struct dockerfile_instruction *i, char escape, struct err *err)
{
    (void)err;
    i->words = words_split(i->text, escape);
    return 0;
}

/* NAME VALUE, all of the line. */
static int form_old_pair(struct dockerfile_instruction *i, struct err *err)
{
    const char *s = i->text;

    while (*s && !is_line_space(*s))
        s++;
    if (!*s)
        return err_set(err, ERR_INVALID, "%s must have two arguments", dockerfile_kind_name(i->kind));
    strv_free(i->words);
    i->words = NULL;
    strv_take(&i->words, str_ndup(i->text, (size_t)(s - i->text)));
    while (is_line_space(*s))
        s++;
    strv_add(&i->words, s);
    return 0;
}

static int form_pairs(struct dockerfile_instruction *i, char escape, struct err *err)
{
    char text[QUOTED_MAX];

    i->words = words_split(i->text, escape);
    if (i->words && !strchr(i->words[0], '='))
        return form_old_pair(i, err);
    STRV_FOREACH (word, i->words)
        if (!strchr(*word, '='))
            return err_set(err, ERR_INVALID, "Syntax error - can't find = in %s. Must be of the form: name=value",
                           quoted(*word, text));
    return 0;
}

/* TYPE and a command. */
static int form_health(struct dockerfile_instruction *i, char escape, struct err *err)
{
    const char *s = i->text;
    _cleanup_strv_ char **words = NULL;
    size_t space;
    int r;

    (void)escape;
    while (*s && !letter_space(s))
        s++;
    if (s == i->text)
        return 0;
    strv_take(&i->words, str_ndup(i->text, (size_t)(s - i->text)));
    while ((space = letter_space(s)) > 0)
        s += space;
    if (!*s)
        return 0;
    r = form_json(s, &words, err);
    if (r < 0)
        return r;
    i->json = r > 0;
    if (i->json)
        strv_extend(&i->words, words);
    else
        strv_add(&i->words, s);
    return 0;
}

static int (*const forms[DOCKERFILE_KINDS_])(struct dockerfile_instruction *i, char escape, struct err *err) = {
    [DOCKERFILE_ADD] = form_list,      [DOCKERFILE_ARG] = form_words,          [DOCKERFILE_CMD] = form_command,
    [DOCKERFILE_COPY] = form_list,     [DOCKERFILE_ENTRYPOINT] = form_command, [DOCKERFILE_ENV] = form_pairs,
    [DOCKERFILE_EXPOSE] = form_blanks, [DOCKERFILE_FROM] = form_blanks,        [DOCKERFILE_HEALTHCHECK] = form_health,
    [DOCKERFILE_LABEL] = form_pairs,   [DOCKERFILE_MAINTAINER] = form_text,    [DOCKERFILE_ONBUILD] = form_text,
    [DOCKERFILE_RUN] = form_command,   [DOCKERFILE_SHELL] = form_command,      [DOCKERFILE_STOPSIGNAL] = form_text,
    [DOCKERFILE_USER] = form_text,     [DOCKERFILE_VOLUME] = form_list,        [DOCKERFILE_WORKDIR] = form_text,
};

int form_read(struct dockerfile_instruction *i, char escape, struct err *err)
{
    return forms[i->kind](i, escape, err);
}
