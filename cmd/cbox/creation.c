/* Making the container that was asked for: its image, pulled where it has to be, and then the container. */
#include "container_options.h"
#include "network/firewall.h"
#include "pull.h"
#include "sys/fd.h"

#include "base/ip.h"
#include "base/log.h"

#include <fcntl.h>
#include <unistd.h>

/* Opens the image, if it is for the platform that was asked for. The caller releases `ret` after 0. */
static int open_for_platform(struct store *s, const struct creation *c, struct image *ret, struct err *err)
{
    const char *name = c->options.config.image;

    return c->platform ? image_open_platform(s, name, &c->wanted, ret, err) : image_open(s, name, ret, err);
}

static int pull(struct cli_context *ctx, const struct creation *c, bool missing, struct err *err)
{
    struct cbox_pull how = {.platform = c->platform, .missing = missing, .quiet = c->quiet};

    return cbox_pull_in_child(ctx, c->options.config.image, &how, err);
}

/* Opens the image, once more after pulling it where it is not there. The lock keeps its layers. */
static int open_image(struct cli_context *ctx, struct store *s, const struct creation *c, struct image *ret,
                      int *ret_lock, struct err *err)
{
    struct err why = ERR_INIT;
    int r = c->pull == PULL_ALWAYS ? pull(ctx, c, false, err) : 0;

    if (r < 0)
        return r;
    for (int tries = 0; tries < 2; tries++) {
        r = store_lock(s, LOCK_SHARED, LOCK_WAIT, ret_lock, err);
        if (r < 0)
            return r;
        why = ERR_INIT;
        r = open_for_platform(s, c, ret, &why);
        if (r != ERR_NOT_FOUND || tries || c->pull != PULL_MISSING)
            break;
        *ret_lock = fd_close(*ret_lock);
        r = pull(ctx, c, true, err);
        if (r < 0)
            return r;
    }
    if (r < 0 && err)
        *err = why;
    return r;
}

/* --cidfile: made before there is a container, so that there is none where it cannot be. */
static int open_id_file(const char *path, int *ret, struct err *err)
{
    *ret = str_empty(path) ? -1 : open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (str_empty(path) || *ret >= 0)
        return 0;
    if (errno != EEXIST)
        return err_errno(err, errno, "failed to create the container ID file: open %s", path);
    return err_set(err, ERR_EXISTS, "container ID file found, make sure the other container isn't running or delete %s",
                   path);
}

static int make(struct cli_context *ctx, struct store *s, const struct creation *c, struct container *ret,
                struct err *err)
{
    struct image image = {0};
    _cleanup_fd_ int lock = -1;
    int r = open_image(ctx, s, c, &image, &lock, err);

    if (r < 0)
        return r;
    r = container_create(s, &image,
                         &(struct container_request){.name = c->name, .wanted = &c->options, .config = &ctx->config},
                         ret, err);
    image_release(&image); /* the record keeps the layers now */
    return r;
}

static bool is_everywhere(const char *host_ip, const char *usual)
{
    struct ip address;

    if (str_empty(host_ip))
        return str_empty(usual) || str_eq(usual, "all");
    return ip_parse(host_ip, &address, NULL) == 0 && ip_is_any(&address);
}

/* Ports on all addresses, which a firewall of the host's keeps from other machines: worth a word, once. */
static void note_firewall(const struct cli_context *ctx, struct store *s, const struct engine_options *o)
{
    _cleanup_free_ char *note = NULL;
    bool everywhere = o->host.publish_all_ports && is_everywhere(NULL, ctx->config.publish_address);

    VEC_FOREACH (b, &o->host.port_bindings)
        everywhere |= is_everywhere(b->host_ip, ctx->config.publish_address);
    if (everywhere && !str_eq(o->host.network_mode, "host") && !str_eq(o->host.network_mode, "none"))
        note = firewall_note(s);
    if (note)
        log_warning("%s", note);
}

int creation_carry_out(struct cli_context *ctx, struct store *s, const struct creation *c, struct container *ret,
                       struct err *err)
{
    const char *path = c->options.host.container_id_file;
    _cleanup_fd_ int id_file = -1;
    int r = open_id_file(path, &id_file, err), w;

    if (r < 0)
        return r;
    r = make(ctx, s, c, ret, err);
    if (r == 0)
        note_firewall(ctx, s, &c->options);
    if (id_file < 0)
        return r;
    w = r < 0 ? 0 : fd_write_all(id_file, store_container_id(ret->dir), ID_LEN);
    if (r < 0) {
        unlink(path);
    } else if (w < 0) {
        r = err_errno(err, -w, "failed to write the container ID to the file: %s", path);
        container_destroy(ret, NULL);
        container_release(ret);
    }
    return r;
}
