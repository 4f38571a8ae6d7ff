/* What the files of this folder share. */
#pragma once

#include "dockerfile/read.h"
#include "oci/image_config.h"

/* ---- letters (letters.c) ---- */

/* The length of the space at `s`, by Unicode's notion as Go's unicode.IsSpace has it; 0: none. */
size_t letter_space(const char *s);
/* The same for a letter, a digit or `_`: what names of variables are of. */
size_t letter_name(const char *s);
/* The whole character at `s`, 1 for a byte that is none; 0 at the end. */
size_t letter_length(const char *s);
/* Without spaces at both ends; the caller frees it. */
char *letters_trim(const char *s, size_t n);
/* Spaces of lines: what Docker's parser parts words at where it knows no quotes. */
static inline bool is_line_space(char c)
{
    return c == ' ' || c == '\t' || c == '\v' || c == '\f' || c == '\r';
}

/* ---- words (words.c, words_pattern.c) ---- */

struct word_modes {
    char escape;
    bool raw_quotes, raw_escapes; /* they stay in the result */
    bool skip_quotes;             /* they have no meaning */
    bool skip_unset;              /* variables that are not there stay as they are written */
};
/* `word` parted at spaces after expansion; quotes keep together. Appended to `ret`. */
int words_expand_parts(const char *word, const struct words *how, const struct word_modes *modes, char ***ret,
                       struct err *err);

enum { WORD_MAX = 1 << 20 };

/* ${…#…} and its kin, with the pattern as it is written behind the operator. */
int pattern_trim(const char *value, const char *pattern, bool suffix, bool longest, struct buf *out, struct err *err);
int pattern_replace(const char *value, const char *pattern, const char *by, bool all, struct buf *out, struct err *err);

/* ---- lines (lines.c) ---- */

struct line_piece {
    size_t offset; /* in the joined text */
    unsigned line, column;
};

struct lines {
    const char *text;
    size_t len, at;
    unsigned line; /* of what was read last */
    char escape;
    bool directives_done, shebang;
    unsigned seen_directives;
    unsigned directives; /* the line of the last one; 0: none */
    char *syntax, *check;

    /* One instruction's text, its lines joined. */
    struct buf joined;
    VEC(struct line_piece) pieces;
    unsigned first;
    bool empty_continuation; /* an empty line stood between its lines */
};
void lines_release(struct lines *l);
/* The next instruction: 1, 0 at the end, or an error of the line `l->line`. */
int lines_next(struct lines *l, struct err *err);
/* One line as it is, with its end, for heredocs. False at the end. */
bool lines_raw(struct lines *l, const char **ret, size_t *ret_len);
struct dockerfile_span lines_locate(const struct lines *l, size_t offset, size_t length);

/* ---- heredocs (heredoc.c) ---- */

struct heredoc_word {
    char *name;
    bool expand, chomp;
    unsigned descriptor;
};
/* Whether `word` begins one: 1, 0, or an error. The name is the caller's to free after 1. */
int heredoc_parse(const char *word, struct heredoc_word *ret, struct err *err);
/* Reads the bodies of all that the instruction's text names. */
int heredocs_read(struct lines *l, struct dockerfile_instruction *i, struct err *err);

/* ---- flags (flags.c) ---- */

/* Reads --name=value at the beginning of `text`; what is behind them. `l` (may be NULL) knows where things stand. */
const char *flags_scan(const struct lines *l, const char *text, char escape, struct dockerfile_instruction *i);
/* ERR_INVALID for flags that the kind does not have, twice, without a value; *ret_at is then the flag's place. */
int flags_check(const struct dockerfile_instruction *i, struct dockerfile_span *ret_at, struct err *err);
bool flags_bool(const struct dockerfile_instruction *i, const char *name);
/* " (did you mean X?)" for `near`, or "". */
const char *did_you_mean(const char *word, const char *const *names, size_t n, char out[80]);

/* ---- forms of arguments (forms.c) ---- */

/* Fills `json` and `words` from `text`. ERR_INVALID. */
int form_read(struct dockerfile_instruction *i, char escape, struct err *err);
/* ["a", "b"]: 1 and its strings; 0: no such list; ERR_INVALID: a list of something else. */
int form_json(const char *text, char ***ret, struct err *err);

/* ---- checks at reading (validate.c) ---- */

/* What Docker finds before a build begins; *ret_at (the keyword's before) is where it is. */
int instruction_validate(const struct dockerfile_instruction *i, struct dockerfile_span *ret_at, struct err *err);
int healthcheck_read(const struct dockerfile_instruction *i, struct oci_healthcheck *ret, struct err *err);
/* RUN's --mount=…; without `how` only what needs no variables is looked at. */
int mount_read(const char *text, const struct words *how, struct dockerfile_mount *ret, struct err *err);
void mount_release(struct dockerfile_mount *m);
/* The name behind AS, in small letters; NULL: none. */
int stage_name_read(const struct dockerfile_instruction *i, char **ret, struct err *err);
/* Whether the argument of RUN's flag is one. */
int run_mode_check(const struct dockerfile_instruction *i, struct err *err);

/* Go's %q of a foreign word, cut where it is long: for messages. */
enum { QUOTED_MAX = 200 };
const char *quoted(const char *word, char out[QUOTED_MAX]);

/* ---- ports (apply_ports.c) ---- */

/* Adds what one word of EXPOSE means to a list of *n. ERR_INVALID. */
int ports_add(char ***to, size_t *n, const char *word, struct err *err);
