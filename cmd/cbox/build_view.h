/* What a build shows while it goes on, on standard error.
 *
 * plain: a line for everything that happens, with the number of its step in front ("#3 [2/4] RUN make", "#3 0.213 cc
 * …",
 * "#3 DONE 1.2s"). tty: a line a step, drawn anew, with the last of what a running one writes below it. quiet: nothing.
 * json: an object a line. What failed is shown once more at the end in all but json.
 */
#pragma once

#include "build/build.h"

enum build_view_mode { BUILD_VIEW_PLAIN, BUILD_VIEW_TTY, BUILD_VIEW_QUIET, BUILD_VIEW_JSON };

/* "auto" (tty on a terminal), "plain", "tty", "quiet", "json", "rawjson", and nothing else, which is auto; ended by
 * NULL. ERR_INVALID for tty where there is no terminal. */
extern const char *const build_view_words[];
int build_view_parse(const char *word, enum build_view_mode *ret, struct err *err);

struct build_view;
struct build_view *build_view_new(enum build_view_mode mode, int fd);
void build_view_free(struct build_view *v);
MEM_DEFINE_CLEANUP(struct build_view, build_view_free);

/* What a build is to be watched by; good as long as the view. */
struct build_watcher build_view_watcher(struct build_view *v);

/* How many warnings there were. */
size_t build_view_warnings(const struct build_view *v);

/* The last picture; behind it, what failed and where: the end of its output, the lines of the Dockerfile. */
void build_view_end(struct build_view *v, const struct build_result *result, const struct err *failed);
