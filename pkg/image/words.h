/* The words of a Dockerfile's instructions: quotes, backslashes and variables, as Docker's shell lexer has them.
 *
 * Outside quotes a backslash takes the meaning from what follows it; in "…" only from `"`, `$` and itself; in '…'
 * nothing has any. $NAME and ${NAME} stand for a variable, ${NAME:-WORD} for WORD where it is empty, ${NAME:+WORD} for
 * WORD where it is not, ${NAME:?WORD} for an error that says WORD where it is empty.
 */
#pragma once

#include "base/err.h"
#include "base/strv.h"

/* Parts `text` at blanks outside quotes; the parts stay as they are written. The caller frees them; NULL: none. */
char **words_split(const char *text);

/* What a word stands for: without its quotes, with variables from `env` (NAME=VALUE) in place. The caller frees it.
 * ERR_INVALID: a quote or a brace that does not end, an operator that is not known. */
int words_expand(const char *word, char *const *env, char **ret, struct err *err);
