/* Making the container that was asked for: its image, pulled where it has to be, and then the container. */
#include "container_options.h"
#include "pull.h"
#include "sys/fd.h"

/* Opens the image, if it is for the platform that was asked for. The caller releases `ret` after 0. */
static int open_for_platform(struct store *s, const struct creation *c, struct image *ret, struct err *err)
{
    const char *name = c->options.config.image;
    int r = image_open(s, name, ret, err);

    if (r < 0 || !c->platform || oci_platform_distance(&c->wanted, &ret->config.platform) >= 0)
        return r;
    image_release(ret);
    return err_set(err, ERR_NOT_FOUND,
                   "image with reference %s was found but does not provide the specified platform (%s)", name,
                   c->platform);
}

/* Opens the image, once more after pulling it where it is not there. The lock keeps its layers. */
static int open_image(struct cli_context *ctx, struct store *s, const struct creation *c, struct image *ret,
                      int *ret_lock, struct err *err)
{
    struct err why = ERR_INIT;
    int r;

    for (int tries = 0; tries < 2; tries++) {
        r = store_lock(s, LOCK_SHARED, LOCK_WAIT, ret_lock, err);
        if (r < 0)
            return r;
        why = ERR_INIT;
        r = open_for_platform(s, c, ret, &why);
        if (r != ERR_NOT_FOUND || tries)
            break;
        *ret_lock = fd_close(*ret_lock);
        r = cbox_pull_in_child(ctx, c->options.config.image, c->platform, err);
        if (r < 0)
            return r;
    }
    if (r < 0 && err)
        *err = why;
    return r;
}

int creation_carry_out(struct cli_context *ctx, struct store *s, const struct creation *c, struct container *ret,
                       struct err *err)
{
    struct image image = {0};
    _cleanup_fd_ int lock = -1;
    int r = open_image(ctx, s, c, &image, &lock, err);

    if (r < 0)
        return r;
    r = container_create(s, &image, &(struct container_request){c->name, &c->options}, ret, err);
    image_release(&image); /* the record keeps the layers now */
    return r;
}
