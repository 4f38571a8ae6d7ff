/* Inside the cloned child: the plan is carried out, and the child becomes the container's program. Only for runtime/.
 */
#pragma once

#include "runtime/plan.h"
#include "sys/userdb.h"

/* What goes over the socket to the parent, as types of frames (sys/frame.h). */
enum child_message {
    CHILD_TERMINAL = 1, /* with the master's descriptor */
    CHILD_READY,        /* only execve(2) is left */
    CHILD_ERROR,        /* the child is about to end */
};

struct child {
    const struct runtime_start *start;
    const struct plan *plan;
    const struct cgroup_join *join; /* NULL: no cgroup */
    bool cloned_into;               /* clone3(2) put us into the v2 cgroup */
    int sync;

    /* What steps leave for later ones: */
    int root;     /* O_PATH, where the container's "/" is */
    int terminal; /* the slave, or -1 */
    int mask;     /* O_PATH, an empty directory that hides others, or -1 */
    struct userdb_user user;
};

/* Carries out all steps. Only comes back with an error. */
int child_run(struct child *c, struct err *err);

/* The step that takes the host's binary out of reach: child_binary.c. */
int child_binary(struct child *c, const struct plan_step *s, struct err *err);

/* The steps that build the root file system: child_mount.c. */
int child_propagation(struct child *c, const struct plan_step *s, struct err *err);
int child_root_overlay(struct child *c, const struct plan_step *s, struct err *err);
int child_root_directory(struct child *c, const struct plan_step *s, struct err *err);
int child_mount(struct child *c, const struct plan_step *s, struct err *err);
int child_bind(struct child *c, const struct plan_step *s, struct err *err);
int child_change(struct child *c, const struct plan_step *s, struct err *err);
int child_readonly_path(struct child *c, const struct plan_step *s, struct err *err);
int child_mask_path(struct child *c, const struct plan_step *s, struct err *err);
int child_pivot(struct child *c, const struct plan_step *s, struct err *err);

/* And that fill /dev: child_device.c. */
int child_device(struct child *c, const struct plan_step *s, struct err *err);
int child_symlink(struct child *c, const struct plan_step *s, struct err *err);
int child_terminal(struct child *c, const struct plan_step *s, struct err *err);

/* And that make the process what it shall be: child_process.c. */
int child_user(struct child *c, const struct plan_step *s, struct err *err);
int child_directory(struct child *c, const struct plan_step *s, struct err *err);
int child_rlimit(struct child *c, const struct plan_step *s, struct err *err);
int child_stdio(struct child *c, const struct plan_step *s, struct err *err);
int child_keyring(struct child *c, const struct plan_step *s, struct err *err);
int child_no_new_privs(struct child *c, const struct plan_step *s, struct err *err);
int child_bounding(struct child *c, const struct plan_step *s, struct err *err);
int child_identity(struct child *c, const struct plan_step *s, struct err *err);
int child_workdir(struct child *c, const struct plan_step *s, struct err *err);
int child_exec(struct child *c, const struct plan_step *s, struct err *err);
