#include "dockerfile/dockerfile.h"

#include "dockerfile/internal.h"

#include <ctype.h>
#include <strings.h>

static const char *const kind_names[DOCKERFILE_KINDS_] = {
    "ADD",   "ARG",        "CMD",     "COPY", "ENTRYPOINT", "ENV",        "EXPOSE", "FROM",   "HEALTHCHECK",
    "LABEL", "MAINTAINER", "ONBUILD", "RUN",  "SHELL",      "STOPSIGNAL", "USER",   "VOLUME", "WORKDIR",
};

const char *dockerfile_kind_name(enum dockerfile_kind kind)
{
    return kind_names[kind];
}

/* ---- releasing ---- */

void dockerfile_instruction_release(struct dockerfile_instruction *i)
{
    free(i->keyword);
    free(i->text);
    free(i->original);
    strv_free(i->words);
    VEC_FOREACH (flag, &i->flags) {
        free(flag->name);
        free(flag->value);
    }
    free(i->flags.v);
    VEC_FOREACH (h, &i->heredocs) {
        free(h->name);
        free(h->content);
        free(h->raw);
    }
    free(i->heredocs.v);
    if (i->trigger)
        dockerfile_instruction_release(i->trigger);
    free(i->trigger);
    *i = (struct dockerfile_instruction){0};
}

static void release_instructions(struct dockerfile *d)
{
    VEC_FOREACH (i, &d->instructions)
        dockerfile_instruction_release(i);
    d->instructions.n = d->sound = 0;
}

void dockerfile_release(struct dockerfile *d)
{
    free(d->name);
    free(d->text);
    free(d->syntax);
    free(d->check);
    release_instructions(d);
    free(d->instructions.v);
    VEC_FOREACH (s, &d->stages)
        free(s->name);
    free(d->stages.v);
    *d = (struct dockerfile){0};
}

void dockerfile_problem_release(struct dockerfile_problem *p)
{
    free(p->message);
    p->message = NULL;
}

/* ---- one instruction ---- */

static char *make_original(const struct dockerfile_instruction *i, const char *rest)
{
    char *original = str_printf("%s%s%s", i->keyword, *rest ? " " : "", rest);

    for (char *p = original; *p && *p != ' '; p++)
        *p = (char)toupper((unsigned char)*p);
    return original;
}

static bool find_kind(const char *keyword, enum dockerfile_kind *ret)
{
    for (size_t k = 0; k < DOCKERFILE_KINDS_; k++) {
        if (strcasecmp(keyword, kind_names[k]) != 0)
            continue;
        *ret = (enum dockerfile_kind)k;
        return true;
    }
    return false;
}

static int read_trigger(const struct lines *l, const char *s, struct dockerfile_instruction *i, struct err *err);

/* The instruction at `s`, in the joined text. *ret_known: its keyword is one. A trigger has none of its own: it would
 * be refused, and a foreign file could nest many. */
static int read_instruction(const struct lines *l, const char *s, bool is_trigger, struct dockerfile_instruction *i,
                            bool *ret_known, struct err *err)
{
    const char *start = s, *base = buf_str(&l->joined);
    int r;

    while (*s && !is_line_space(*s))
        s++;
    i->keyword = str_ndup(start, (size_t)(s - start));
    i->at = lines_locate(l, (size_t)(start - base), (size_t)(s - start));
    while (is_line_space(*s))
        s++;
    i->original = make_original(i, s);
    *ret_known = find_kind(i->keyword, &i->kind);
    s = flags_scan(l, s, l->escape, i);
    i->text = letters_trim(s, strlen(s));
    s += strlen(s) - strlen(i->text); /* nothing stands behind it */
    i->text_at = lines_locate(l, (size_t)(s - base), strlen(i->text));
    if (!*ret_known)
        return 0;
    r = form_read(i, l->escape, err);
    if (r == 0 && i->kind == DOCKERFILE_ONBUILD && *i->text && !is_trigger)
        r = read_trigger(l, s, i, err);
    return r;
}

static int read_trigger(const struct lines *l, const char *s, struct dockerfile_instruction *i, struct err *err)
{
    struct dockerfile_instruction *trigger = mem_zalloc(1, sizeof(*trigger));
    bool known = false;
    int r = read_instruction(l, s, true, trigger, &known, err);

    if (known) {
        i->trigger = trigger;
    } else {
        dockerfile_instruction_release(trigger);
        free(trigger);
    }
    return r;
}

static int refuse_unknown(const char *keyword, struct err *err)
{
    _cleanup_free_ char *upper = str_dup(keyword);
    char text[80];
    bool small = false;

    for (char *p = upper; *p; p++) {
        small = small || islower((unsigned char)*p);
        *p = (char)toupper((unsigned char)*p);
    }
    did_you_mean(upper, kind_names, DOCKERFILE_KINDS_, text);
    for (char *p = text[0] ? text + strlen(" (did you mean ") : text; small && *p; p++)
        *p = (char)tolower((unsigned char)*p);
    return err_set(err, ERR_INVALID, "unknown instruction: %s%s", keyword, text);
}

/* ---- the file ---- */

struct reading {
    struct dockerfile *d;
    struct lines lines;
    bool stages;               /* instructions are those of stages */
    struct dockerfile_span at; /* of what went wrong */
    struct err error;          /* what Docker finds only when all of the file could be parted into instructions */
    struct dockerfile_span error_at;
};

static int add_stage(struct dockerfile *d, const struct dockerfile_instruction *i, struct err *err)
{
    struct dockerfile_stage *stage;
    char *name = NULL;
    int r = stage_name_read(i, &name, err);

    if (r < 0)
        return r;
    if (d->stages.n == DOCKERFILE_STAGES_MAX) {
        free(name);
        return err_set(err, ERR_LIMIT, "more than %d stages", DOCKERFILE_STAGES_MAX);
    }
    stage = VEC_PUSH(&d->stages);
    stage->name = name;
    stage->from = d->instructions.n - 1;
    return 0;
}

static int add_to_stage(struct dockerfile *d, const struct dockerfile_instruction *i, struct err *err)
{
    if (i->kind == DOCKERFILE_FROM) {
        int r = add_stage(d, i, err);

        if (r < 0)
            return r;
    }
    if (d->stages.n == 0 && i->kind != DOCKERFILE_ARG)
        return err_set(err, ERR_INVALID, "no build stage in current context");
    if (d->stages.n > 0)
        d->stages.v[d->stages.n - 1].end = d->instructions.n;
    return 0;
}

/* What is found once and does not stop the reading: the first counts. */
static void check_instruction(struct reading *r, const struct dockerfile_instruction *i, bool known)
{
    int failed;

    if (r->error.kind)
        return;
    r->error_at = i->at;
    failed = known ? instruction_validate(i, &r->error_at, &r->error) : refuse_unknown(i->keyword, &r->error);
    if (failed == 0 && r->stages)
        add_to_stage(r->d, i, &r->error);
    r->d->sound += !r->error.kind;
}

static void trim_end(struct buf *b)
{
    while (b->len > 0) {
        size_t n = b->len - 1;

        while (n > 0 && ((unsigned char)b->p[n] & 0xc0) == 0x80)
            n--;
        if (!letter_space(b->p + n))
            break;
        b->len = n;
        b->p[n] = 0;
    }
}

/* RUN's end in a config, which is JSON; those of COPY are files. */
static int check_heredocs(const struct dockerfile_instruction *i, struct err *err)
{
    if (i->kind != DOCKERFILE_COPY && i->kind != DOCKERFILE_ADD)
        VEC_FOREACH (h, &i->heredocs)
            for (const char *s = h->raw ? h->raw : h->content; *s; s += letter_length(s))
                if ((unsigned char)*s >= 0x80 && letter_length(s) < 2)
                    return err_set(err, ERR_INVALID, "the text of a heredoc is not UTF-8");
    return 0;
}

static int read_all(struct reading *r, struct err *err)
{
    struct dockerfile *d = r->d;
    struct lines *l = &r->lines;
    int failed;

    while ((failed = lines_next(l, err)) > 0) {
        struct dockerfile_instruction *i;
        bool known;

        if (d->instructions.n == DOCKERFILE_INSTRUCTIONS_MAX) {
            r->at.line = l->first;
            return err_set(err, ERR_LIMIT, "more than %d instructions", DOCKERFILE_INSTRUCTIONS_MAX);
        }
        i = VEC_PUSH(&d->instructions);
        i->empty_continuation = l->empty_continuation;
        trim_end(&l->joined);
        failed = read_instruction(l, buf_str(&l->joined), false, i, &known, err);
        r->at = i->at;
        if (failed == 0 && known)
            failed = heredocs_read(l, i, err);
        if (failed == 0)
            failed = check_heredocs(i, err);
        if (failed < 0)
            return failed;
        i->last_line = l->line;
        check_instruction(r, i, known);
    }
    r->at = (struct dockerfile_span){.line = l->line};
    return failed;
}

static int read_file(struct reading *r, struct err *err)
{
    const char *text = r->d->text, *nul = memchr(text, 0, r->d->len);
    int failed;

    if (nul) {
        r->at.line = 1;
        for (const char *p = text; p < nul; p++)
            r->at.line += *p == '\n';
        return err_set(err, ERR_INVALID, "a byte of the value 0 is no text");
    }
    failed = read_all(r, err);
    if (failed < 0) {
        release_instructions(r->d);
        return failed;
    }
    if (r->stages && r->d->instructions.n == 0)
        return err_set(err, ERR_INVALID, "file with no instructions");
    r->at = r->error_at;
    if (r->error.kind) {
        if (err)
            *err = r->error;
        return r->error.kind;
    }
    r->at = (struct dockerfile_span){.line = r->lines.line};
    if (r->stages && r->d->stages.n == 0)
        return err_set(err, ERR_INVALID, "dockerfile contains no stages to build");
    return 0;
}

static int parse(const char *text, size_t len, bool stages, struct dockerfile *d, struct dockerfile_span *ret_at,
                 struct err *err)
{
    struct reading r = {.d = d, .stages = stages};
    int failed;

    if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        text += 3;
        len -= 3;
    }
    d->text = str_ndup("", 0);
    if (len > DOCKERFILE_MAX)
        return err_set(err, ERR_LIMIT, "larger than %d bytes", DOCKERFILE_MAX);
    free(d->text);
    d->text = mem_alloc(len + 1);
    if (len)
        memcpy(d->text, text, len);
    d->text[len] = 0;
    d->len = len;
    r.lines = (struct lines){.text = d->text, .len = len, .escape = '\\'};
    failed = read_file(&r, err);
    *ret_at = r.at;
    d->escape = r.lines.escape;
    d->syntax = steal_ptr(&r.lines.syntax);
    d->check = steal_ptr(&r.lines.check);
    d->directives = r.lines.directives;
    lines_release(&r.lines);
    return failed;
}

int dockerfile_parse(const char *name, const char *text, size_t len, struct dockerfile *ret,
                     struct dockerfile_problem *ret_problem, struct err *err)
{
    struct err inner = ERR_INIT;
    struct dockerfile_span at = {0};
    int r;

    *ret = (struct dockerfile){.name = str_dup(name), .escape = '\\'};
    r = parse(text, len, true, ret, &at, &inner);
    if (r == 0)
        return 0;
    if (ret_problem)
        *ret_problem = (struct dockerfile_problem){.at = at, .message = str_dup(inner.text)};
    if (at.line)
        return err_set(err, r, "%s:%u: %s", name, at.line, inner.text);
    return err_set(err, r, "%s: %s", name, inner.text);
}

int dockerfile_parse_instructions(const char *text, struct dockerfile *ret, struct err *err)
{
    struct dockerfile_span at = {0};

    *ret = (struct dockerfile){.escape = '\\'};
    return parse(text, strlen(text), false, ret, &at, err);
}

int dockerfile_parse_instruction(const char *text, struct dockerfile_instruction *ret, struct err *err)
{
    _cleanup_dockerfile_ struct dockerfile d = {0};
    int r = dockerfile_parse_instructions(text, &d, err);

    if (r < 0)
        return r;
    if (d.instructions.n != 1)
        return err_set(err, ERR_INVALID, "a single instruction is expected");
    *ret = d.instructions.v[0];
    d.instructions.n = 0;
    return 0;
}
