#include "image/import_source.h"

#include "http/http.h"
#include "image/signals.h"
#include "image/spool.h"
#include "store/spool.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <strings.h>
#include <sys/stat.h>

static bool is_url(const char *source)
{
    return source && (strncasecmp(source, "http://", 7) == 0 || strncasecmp(source, "https://", 8) == 0);
}

char *image_import_describe(const char *source)
{
    return is_url(source) ? str_printf("Imported from %.*s", (int)strcspn(source, "?#"), source)
                          : str_dup("Imported from -");
}

/* ---- a URL ---- */

static int download(const char *url, int fd, struct err *err)
{
    _cleanup_(http_free_cleanup) struct http *http = NULL;
    const struct http_options options = {.interrupted = &image_interrupted, .user_agent = "cbox"};
    int r = http_new(&options, &http, err);

    return r < 0 ? r : http_download(http, url, fd, 0, NULL, NULL, err);
}

/* ---- any source ---- */

static int open_url(struct store *s, const char *url, int *ret_fd, struct err *err)
{
    _cleanup_fd_ int fd = -1;
    int r = store_spool_open(s, &fd, err);

    if (r == 0)
        r = download(url, fd, err);
    if (r == 0 && lseek(fd, 0, SEEK_SET) < 0)
        r = err_errno(err, errno, "lseek");
    if (r == 0)
        *ret_fd = steal_fd(&fd);
    return r;
}

static int open_file(struct store *s, const char *path, int *ret_fd, struct digest_computed *ret, struct err *err)
{
    _cleanup_fd_ int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
    _cleanup_fd_ int copy = -1;
    struct stat st;
    int r = 0;

    if (fd < 0 || fstat(fd, &st) < 0)
        return err_set(err, err_kind_of_errno(errno), "%s", strerror(errno));
    if (S_ISDIR(st.st_mode))
        return err_set(err, ERR_INVALID, "is a directory; a tar of it can be imported");
    if (!S_ISREG(st.st_mode) || lseek(fd, 0, SEEK_CUR) != 0)
        r = store_spool_open(s, &copy, err);
    if (r == 0)
        r = image_spool_digest(fd, copy, ret, err);
    if (r == 0)
        *ret_fd = copy >= 0 ? steal_fd(&copy) : steal_fd(&fd);
    return r;
}

int image_import_open(struct store *s, const char *source, int *ret_fd, struct digest_computed *ret, struct err *err)
{
    bool url = is_url(source);
    _cleanup_fd_ int fd = -1;
    int r;

    if (url) {
        r = open_url(s, source, &fd, err);
        if (r == 0)
            r = image_spool_digest(fd, -1, ret, err);
    } else {
        r = open_file(s, source, &fd, ret, err);
    }
    if (r < 0 && url) /* whoever fetched it has named the host */
        return r;
    if (r < 0)
        return r == ERR_INTERRUPTED ? r : err_wrap(err, "%s", source ? source : "standard input");
    *ret_fd = steal_fd(&fd);
    return 0;
}
