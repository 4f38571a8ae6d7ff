#include "build/context_internal.h"

#include "sys/fd.h"

bool context_is_made(const char *what)
{
    return str_eq(what, "-");
}

int context_make(struct store *s, const struct config *config, const char *what, struct build_context *ret,
                 struct buf *text, struct err *err)
{
    (void)config;
    (void)what;
    return context_from_stream(s, STDIN_FILENO, "standard input", ret, text, err);
}
