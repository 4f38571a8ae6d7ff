/* The words of a Dockerfile's instructions: quotes, escapes and variables, as Docker's shell lexer has them.
 *
 * Outside quotes the escape character takes the meaning from what follows it; in "…" only from `"`, `$` and itself; in
 * '…' nothing has any. $NAME and ${NAME} stand for a variable; ${NAME:-WORD}, ${NAME-WORD}, ${NAME:+WORD},
 * ${NAME+WORD}, ${NAME:?WORD}, ${NAME?WORD}, ${NAME#PATTERN}, ${NAME##PATTERN}, ${NAME%PATTERN}, ${NAME%%PATTERN},
 * ${NAME/PATTERN/WORD} and ${NAME//PATTERN/WORD} as in a shell.
 */
#pragma once

#include "base/err.h"
#include "base/strv.h"

/* Bytes that the words of one foreign file may come to in all: a few lines can double a value time and again. */
enum { WORDS_SPENT_MAX = 64 << 20 };

struct words {
    char *const *env;  /* NAME=VALUE; of one name the last counts */
    char *const *args; /* the same, for names that `env` does not have */
    char escape;       /* 0: a backslash */
    char ***unset;     /* names that were asked for and are not there are added here, each once; NULL: nobody asks */
    size_t *spent;     /* counts what all words came to, up to WORDS_SPENT_MAX; NULL: nobody counts */
};

/* Parts `text` at blanks outside quotes; the parts stay as they are written. The caller frees them; NULL: none. */
char **words_split(const char *text, char escape);

/* What a word stands for: without its quotes, with variables in place. The caller frees it. ERR_INVALID: a quote or a
 * brace that does not end, an operator that is not known, ${NAME:?WORD}'s. ERR_LIMIT: longer than 1 MiB. */
int words_expand(const char *word, const struct words *how, char **ret, struct err *err);

/* The same where quotes stay as they are, and only variables are replaced: heredocs. */
int words_expand_variables(const char *text, const struct words *how, char **ret, struct err *err);

/* The same, parted once more at blanks that came out of variables without quotes: EXPOSE. Appended to `ret`. */
int words_expand_list(const char *word, const struct words *how, char ***ret, struct err *err);
