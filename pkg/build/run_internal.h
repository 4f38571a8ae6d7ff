/* What the parts of RUN share. */
#pragma once

#include "build/run.h"

/* The program's host name, whatever the machine's: it must not get into what a step makes. */
#define BUILD_RUN_HOSTNAME "cbox-build"

/* What is asked of the container (run_options.c), but for its mounts: plain data. `quiet`: with the variables that are
 * to be in nothing that stays. The caller releases `ret` in any case. */
int build_run_options(const struct build_run_job *job, bool quiet, struct engine_options *ret, struct err *err);

/* Follows a container that was just started to its end (run_follow.c): `socket` is its monitor's, attached to both
 * outputs. */
struct monitor_end;
int build_run_follow(const struct build_run_job *job, int socket, struct monitor_end *ret, struct err *err);

/* Lets go of job->lock, for every process that has a copy of it. */
void build_run_unlock(const struct build_run_job *job);

/* The layers below, open: their names may change while the program runs. The caller closes `ret` in any case. */
typedef VEC(int) build_run_layers;
int build_run_layers_open(const struct build_run_job *job, build_run_layers *ret, struct err *err);
void build_run_layers_close(build_run_layers *l);
#define _cleanup_run_layers_ _cleanup_(build_run_layers_close)

/* Takes away what was made in `tree` to mount on, as `made` (runtime_start.made) has it, where nothing came into it;
 * and directories of `lower` that were copied for that alone. */
int build_run_clear(int tree, const build_run_layers *lower, int made, struct err *err);

/* --debug: makes a container, its program a shell, of what the step left in `tree` below `dir`, which is taken away.
 * The caller frees its name. */
int build_run_keep(const struct build_run_job *job, int dir, char **ret_name, struct err *err);

/* ---- mounts ---- */

/* Where the sources of mounts are put together, for as long as the container runs: in a mount namespace of this
 * process's own, which the container's begins as a copy of. Secrets are in memory alone; nothing of it outlives the
 * processes but what is written through a bind mount, below `at`, and that goes with the step's directory. */
struct build_run_place {
    const struct build_run_job *job;
    char *path;         /* at/ in the step's directory, absolute */
    const char *name;   /* of the step's directory, below tmp/ */
    int dir, at;        /* the step's directory, and at/ in it, or -1: nothing was needed yet */
    int files;          /* at/files/, in memory, or -1 */
    VEC(int) locks;     /* of cache mounts */
    VEC(int) processes; /* pidfds: what serves sockets */
    size_t agents;      /* sockets for ssh so far */
    unsigned pinned;    /* at/seen-N: sources of mounts so far */
};

/* Makes them (run_mounts.c): fills in `o->mounts`, and variables of secrets and sockets. The caller releases `p` when
 * the container has ended, or has not begun. */
int build_run_mounts(struct build_run_place *p, struct engine_options *o, struct err *err);
void build_run_place_release(struct build_run_place *p);

/* A mount is to be: `source` on the host, `options` as mount(8) has them, with commas between. */
void build_run_add_mount(struct engine_options *o, const char *target, const char *type, const char *source,
                         const char *options);

/* run_place.c: the directory in memory; its path with `name` in it, freed by the caller. */
int build_run_files(struct build_run_place *p, struct err *err);
char *build_run_file_path(const struct build_run_place *p, const char *name);

/* A file there. */
struct build_run_file {
    const char *name, *text;
    size_t len;
    mode_t mode;
    uid_t uid;
    gid_t gid;
};
int build_run_file_make(struct build_run_place *p, const struct build_run_file *f, struct err *err);

/* Where all that `mounted` has can be seen: an absolute path, or that of `source` in it, which leads nowhere else.
 * `writable`: what is written is thrown away. The caller frees it. */
int build_run_see(struct build_run_place *p, const struct build_mounted *mounted, const char *source, bool writable,
                  char **ret, struct err *err);

/* Fills `marks`, a layer above m->dir, so that what m->ignore leaves out does not show (run_hide.c). */
int build_run_hide(const struct build_mounted *m, int marks, struct err *err);

/* One mount each; `target` is absolute or, where none was named, NULL. */
int build_run_secret(struct build_run_place *p, const struct dockerfile_mount *m, const char *target,
                     struct engine_options *o, struct err *err);
int build_run_ssh(struct build_run_place *p, const struct dockerfile_mount *m, const char *target,
                  struct engine_options *o, struct err *err);

/* All cache mounts at once: who waits for one has none. */
int build_run_caches(struct build_run_place *p, struct engine_options *o, struct err *err);
char *build_run_target(const struct build_run_job *job, const char *target);
