/* What `run` and `create` have in common: their options, what they ask for, and the making of the container. */
#pragma once

#include "cbox.h"
#include "container/container.h"
#include "oci/engine.h"

/* As the command line has them; container_options_table.h. */
struct container_flags {
    bool detach, init, interactive, readonly, rm, sig_proxy, tty;
    const char *detach_keys;
    const char *entrypoint, *hostname, *name, *network, *platform, *user, *workdir;
    char **attach, **env, **env_files, **labels, **security;
    char **mounts, **tmpfs, **volumes, **volumes_from;
    const char *volume_driver;
    int64_t cpus, memory, pids_limit;
};

extern const char *const container_networks[];

/* A container that is to be made. */
struct creation {
    struct engine_options options; /* as asked for */
    const char *name;              /* NULL: one is made up */
    const char *platform;          /* of the image if it has to be pulled, as it was written, or NULL */
    struct oci_platform wanted;    /* the same */
};

/* Understands the options and their operands, IMAGE [COMMAND] [ARG...]. ERR_INVALID in Docker's words. The caller
 * releases `ret` in any case. */
int creation_read(const struct container_flags *flags, char **operands, struct creation *ret, struct err *err);
void creation_release(struct creation *c);
#define _cleanup_creation_ _cleanup_(creation_release)

/* Makes it, after pulling the image where that is not there. The caller releases `ret` after 0. */
int creation_carry_out(struct cli_context *ctx, struct store *s, const struct creation *c, struct container *ret,
                       struct err *err);
