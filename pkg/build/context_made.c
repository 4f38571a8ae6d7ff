#include "build/context_internal.h"

#include "image/signals.h"
#include "sys/fd.h"

#include <sys/stat.h>

/* As people write it for a context, and nowhere else. */
static bool is_short(const char *what)
{
    return str_after(what, "github.com/");
}

bool context_is_made(const char *what)
{
    struct stat st;

    if (str_eq(what, "-"))
        return true;
    /* github.com/NAME may be a directory here. */
    if (stat(what, &st) == 0 && S_ISDIR(st.st_mode))
        return false;
    return is_short(what) || build_is_repository(what) || build_is_url(what);
}

int context_open_url(struct store *s, const char *url, int *ret_fd, struct err *err)
{
    _cleanup_free_ char *name = NULL;
    struct digest digest;
    int64_t time;
    int r = build_fetch(s, url, &image_interrupted, ret_fd, &name, &time, &digest, err);

    if (r == 0 && lseek(*ret_fd, 0, SEEK_SET) < 0)
        r = err_errno(err, errno, "lseek");
    return r;
}

int context_make(struct store *s, const char *what, struct build_context *ret, struct buf *text, struct err *err)
{
    _cleanup_free_ char *shown = build_hide_secrets(str_dup(what));
    _cleanup_free_ char *whole = is_short(what) ? str_printf("https://%s", what) : NULL;
    _cleanup_fd_ int fd = -1;
    int r;

    if (whole)
        return build_clone(s, whole, false, &image_interrupted, ret, err);
    if (str_eq(what, "-"))
        return context_from_stream(s, STDIN_FILENO, "standard input", ret, text, err);
    if (build_is_repository(what))
        return build_clone(s, what, false, &image_interrupted, ret, err);
    r = context_open_url(s, what, &fd, err);
    return r < 0 ? r : context_from_stream(s, fd, shown, ret, text, err);
}
