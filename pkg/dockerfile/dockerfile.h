/* Dockerfiles: from text to instructions. Pure data, no I/O.
 *
 *     text -> dockerfile_parse(): instructions as they are written, in stages
 *          -> read.h:    what one of them asks for, with its variables in place
 *          -> apply.h:   what one of them changes in an image's config
 *          -> check.h:   Docker's build checks
 *
 * Docker's reference: https://docs.docker.com/reference/dockerfile/. Everything here is foreign: a file has at most
 * DOCKERFILE_MAX bytes, and the caps below hold.
 */
#pragma once

#include "base/err.h"
#include "base/vec.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    DOCKERFILE_MAX = 4 << 20,
    DOCKERFILE_INSTRUCTIONS_MAX = 16384,
    DOCKERFILE_STAGES_MAX = 1024,
};

enum dockerfile_kind {
    DOCKERFILE_ADD,
    DOCKERFILE_ARG,
    DOCKERFILE_CMD,
    DOCKERFILE_COPY,
    DOCKERFILE_ENTRYPOINT,
    DOCKERFILE_ENV,
    DOCKERFILE_EXPOSE,
    DOCKERFILE_FROM,
    DOCKERFILE_HEALTHCHECK,
    DOCKERFILE_LABEL,
    DOCKERFILE_MAINTAINER,
    DOCKERFILE_ONBUILD,
    DOCKERFILE_RUN,
    DOCKERFILE_SHELL,
    DOCKERFILE_STOPSIGNAL,
    DOCKERFILE_USER,
    DOCKERFILE_VOLUME,
    DOCKERFILE_WORKDIR,
    DOCKERFILE_KINDS_, /* their number */
};

/* "ADD", … */
const char *dockerfile_kind_name(enum dockerfile_kind kind);

/* Where something stands. Lines and columns count from 1, columns and lengths in bytes; a line of 0 is no place. */
struct dockerfile_span {
    unsigned line, column, length;
};

/* --name=value of an instruction; `value` is NULL where there is no `=`. As written: variables are not expanded. */
struct dockerfile_flag {
    char *name, *value;
    struct dockerfile_span at;
};

/* <<NAME of RUN, COPY and ADD. */
struct dockerfile_heredoc {
    char *name;
    char *content;       /* without the leading tabs that <<- takes away; ends with a newline unless empty */
    char *raw;           /* <<-: with its tabs; else NULL */
    bool expand;         /* its name stood without quotes: variables have meaning in it */
    unsigned descriptor; /* 3<<NAME: 3; else 0 */
};

struct dockerfile_instruction {
    enum dockerfile_kind kind;
    struct dockerfile_span at; /* the keyword */
    unsigned last_line;        /* with its continuations and heredocs */
    char *keyword;             /* as it was written: "copy" */
    VEC(struct dockerfile_flag) flags;
    char *text; /* all behind the flags: continuation lines joined, comments between them gone, without the bodies of
                   heredocs; otherwise as written */
    struct dockerfile_span text_at; /* where it begins; its length is that on the first line */
    char *original; /* the whole instruction as Docker's history and progress show it: joined, single-spaced behind the
                       keyword, the keyword in capitals */
    bool json;      /* `text` is a JSON array of strings and `words` are those (exec form) */
    char **words;   /* json: its strings. Else the words of `text` as they are written, with quotes, for the kinds that
                       have words (ADD, ARG, COPY, ENV, EXPOSE, FROM, LABEL, VOLUME); one word, all of `text`, for the
                       others. ENV and LABEL in their old form, NAME VALUE: two words. HEALTHCHECK: its type first */
    VEC(struct dockerfile_heredoc) heredocs; /* ONBUILD's too: not its trigger's */
    bool empty_continuation;                 /* an empty line stood between its lines */
    struct dockerfile_instruction *trigger;  /* ONBUILD's; NULL: of no kind that is known, which shows when it fires */
};

/* From a FROM up to the next one. */
struct dockerfile_stage {
    char *name;       /* AS, in small letters; NULL: none */
    size_t from, end; /* indexes of instructions: its FROM, and one behind its last */
};

/* A remark, or what an error is about. */
struct dockerfile_problem {
    struct dockerfile_span at;
    const char *rule; /* of check.h, a constant; NULL: an error */
    char *message;    /* "unknown instruction: RUNN (did you mean RUN?)" */
};
typedef VEC(struct dockerfile_problem) dockerfile_problems;

struct dockerfile {
    char *name; /* as errors show it: "Dockerfile" */
    char *text; /* in UTF-8 without a byte order mark; lines may end with \r\n */
    size_t len;
    char escape;                                     /* '\\' or '`' */
    char *syntax;                                    /* # syntax=…, or NULL */
    char *check;                                     /* # check=…, or NULL */
    unsigned directives;                             /* the last line of these; 0: there are none */
    VEC(struct dockerfile_instruction) instructions; /* those before the first FROM (only ARG may be) first */
    size_t sound; /* of them, those before the one that an error is about; without an error, all */
    VEC(struct dockerfile_stage) stages;
};

/* Reads a Dockerfile. ERR_INVALID and ERR_LIMIT: the text is "Dockerfile:3: unknown instruction: RUNN (did you mean
 * RUN?)", and `ret_problem` (may be NULL) says where, released by the caller with dockerfile_problem_release(). `ret`
 * has name and text even then, for dockerfile_excerpt(), and its instructions, for dockerfile_check(), where the text
 * could be parted into such; it is the caller's to release in any case. */
int dockerfile_parse(const char *name, const char *text, size_t len, struct dockerfile *ret,
                     struct dockerfile_problem *ret_problem, struct err *err);
void dockerfile_release(struct dockerfile *d);
#define _cleanup_dockerfile_ _cleanup_(dockerfile_release)
void dockerfile_problem_release(struct dockerfile_problem *p);

/* One instruction from text that no Dockerfile holds: --change, and the triggers that an image's config has. The caller
 * releases `ret` after 0. */
int dockerfile_parse_instruction(const char *text, struct dockerfile_instruction *ret, struct err *err);
void dockerfile_instruction_release(struct dockerfile_instruction *i);

/* The same for several, with comments between them; no stages. The caller releases `ret` in any case. */
int dockerfile_parse_instructions(const char *text, struct dockerfile *ret, struct err *err);

/* A flag's value; NULL where it is not given, "" where it has none. */
const char *dockerfile_flag(const struct dockerfile_instruction *i, const char *name);

/* The lines around `at`, numbered, with a caret below it: appended to `out`. Bytes that a terminal would obey become
 * '?'. */
struct buf;
void dockerfile_excerpt(const struct dockerfile *d, const struct dockerfile_span *at, struct buf *out);
