#include "build/layout.h"

#include "base/strv.h"
#include "image/load.h"
#include "image/signals.h"
#include "sys/aside.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DOCKER_IMAGE "docker-image://"
#define OCI_LAYOUT   "oci-layout://"

enum { TAG_MAX = 255 };

bool build_is_layout(const char *what)
{
    return str_after(what, OCI_LAYOUT) != NULL;
}

const char *build_context_image(const char *what)
{
    return build_is_layout(what) ? what : str_after(what, DOCKER_IMAGE);
}

/* ---- what it says ---- */

struct layout {
    char *dir; /* with the tag behind its NUL, where there is one */
    struct image_choice choice;
};

/* A directory's own name may have '@' and ':' in it: they count behind its last slash alone. */
static int parse(const char *what, struct layout *ret, struct err *err)
{
    char *dir = str_dup(str_after(what, OCI_LAYOUT)), *slash = strrchr(dir, '/'), *last = slash ? slash : dir;
    char *at = strchr(last, '@'), *colon;
    int r = 0;

    *ret = (struct layout){.dir = dir};
    if (at) {
        *at = 0;
        r = digest_parse(at + 1, &ret->choice.digest, err);
    }
    colon = strchr(last, ':');
    if (colon) {
        *colon = 0;
        ret->choice.tag = colon + 1;
    }
    if (r == 0 && colon && (!colon[1] || strlen(colon + 1) > TAG_MAX))
        r = err_set(err, ERR_INVALID, "a tag has 1 to %d bytes", TAG_MAX);
    if (r == 0 && !*dir)
        r = err_set(err, ERR_INVALID, "the directory is missing");
    if (r == 0)
        return 0;
    free(dir);
    err_wrap(err, "invalid context value %.200s", what);
    return err_hint(err, "it is " OCI_LAYOUT "DIR, with :TAG or @DIGEST where several images are in it");
}

int build_layout_check(const char *what, struct err *err)
{
    struct layout l;
    int r = parse(what, &l, err);

    if (r == 0)
        free(l.dir);
    return r;
}

/* ---- the load ---- */

struct loading {
    struct store *store;
    const struct layout *layout;
    const char *platform;
    int kept[2];    /* a pipe: once the process that waits keeps the image */
    int socket;     /* of the process that loads */
    int result;     /* of loaded() there, and of `keep` here */
    struct err why; /* of the latter */
    int (*keep)(void *data, const struct digest *manifest, struct err *err);
    void *data;
    struct digest *manifest;
    bool heard;
};

/* In the process: what is held here is let go when this returns. */
static void on_loaded(const struct image_loaded *loaded, void *data)
{
    struct loading *l = data;
    char text[DIGEST_TEXT_MAX], answer;

    digest_format(&loaded->manifest, text);
    aside_tell(l->socket, text, strlen(text) + 1);
    if (read(l->kept[0], &answer, 1) != 1)
        l->result = ERR_INTERRUPTED;
}

static int load(void *data, int socket, struct err *err)
{
    struct loading *l = data;
    const struct image_load_options options = {
        .choice = &l->layout->choice, .platform = l->platform, .unrecorded = true, .loaded = on_loaded, .data = l};
    int r;

    l->socket = socket;
    l->kept[1] = fd_close(l->kept[1]);
    r = image_load(l->store, l->layout->dir, &options, err);
    return r == 0 && l->result < 0 ? err_set(err, l->result, "interrupted") : r;
}

/* Here. */
static void hear(void *data, const void *message, size_t len)
{
    struct loading *l = data;
    const char *text = message;

    if (l->heard || len == 0 || len > DIGEST_TEXT_MAX || text[len - 1])
        return;
    l->heard = true;
    l->result = digest_parse(text, l->manifest, &l->why);
    if (l->result == 0)
        l->result = l->keep(l->data, l->manifest, &l->why);
    (void)fd_write_all(l->kept[1], "", 1);
}

static int load_aside(struct loading *l, struct err *err)
{
    const struct aside how = {.work = load, .data = l, .hear = hear, .stop = &image_interrupted};
    int r;

    if (pipe2(l->kept, O_CLOEXEC) < 0)
        return err_errno(err, errno, "making a pipe");
    r = aside(&how, err);
    fd_close(l->kept[0]);
    fd_close(l->kept[1]);
    if (r < 0 || l->result == 0)
        return r < 0 || l->heard ? r : err_set(err, ERR_INTERNAL, "the process that loads reports nonsense");
    if (err)
        *err = l->why;
    return l->result;
}

int build_layout_load(struct store *s, const char *what, const char *platform,
                      int (*keep)(void *data, const struct digest *manifest, struct err *err), void *data,
                      struct digest *ret_manifest, struct err *err)
{
    struct layout layout;
    struct loading l = {
        .store = s, .layout = &layout, .platform = platform, .keep = keep, .data = data, .manifest = ret_manifest};
    struct stat st;
    int r = parse(what, &layout, err);

    if (r < 0)
        return r;
    if (stat(layout.dir, &st) < 0)
        r = err_errno(err, errno, "%s", layout.dir);
    else if (!S_ISDIR(st.st_mode))
        r = err_set(err, ERR_INVALID, "%s is no directory: an OCI layout is one", layout.dir);
    else
        r = load_aside(&l, err);
    free(layout.dir);
    return r;
}
