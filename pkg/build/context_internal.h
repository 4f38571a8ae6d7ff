/* What the parts of context.h share: not for use elsewhere. */
#pragma once

#include "build/context.h"

/* Whether a context is made of something that comes from elsewhere: standard input, a URL, a repository. */
bool context_is_made(const char *what);

/* Makes it; what is no archive but text comes to `text`, and `ret` has no directory then. */
int context_make(struct store *s, const char *what, struct build_context *ret, struct buf *text, struct err *err);

/* The same from a stream; `what` names it in errors. */
int context_from_stream(struct store *s, int fd, const char *what, struct build_context *ret, struct buf *text,
                        struct err *err);

/* What a URL has, to be read from its start. */
int context_open_url(struct store *s, const char *url, int *ret_fd, struct err *err);

/* %41 is A; what follows a NUL is lost. The caller frees it. */
char *build_url_unescape(const char *text, size_t len);

/* Removes the files of one that was made. */
void context_remove(struct build_context *c);
