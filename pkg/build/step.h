/* Between the parts of doing one step, in its worker: not for use elsewhere. */
#pragma once

#include "build/cache.h"
#include "build/copy.h"
#include "build/execute.h"
#include "build/files.h"
#include "build/run.h"

struct step {
    const struct building *b;
    const struct build_stage *stage;
    const struct build_step *step;
    const build_layers *below;
    int socket; /* to the builder */
    int lock;   /* of the cache, shared; -1: not held */
    struct build_key key;

    /* The place of its upper directory (build_layer_begin()); -1: not begun. */
    int dir, dir_lock;
    char *dir_name;
};

extern volatile sig_atomic_t step_stop;

/* What a name of layers means, for keys. Hexadecimal; the caller frees it. */
int step_digest_layers(const build_layers *layers, char **ret, struct err *err);

/* The layers mounted for this process alone, for reading: their root. The caller closes it. */
int step_view(struct step *s, const build_layers *layers, int *ret_root, struct err *err);

/* step_copy.c, step_run.c: the key, and, where it was not found, the work: afterwards `tree` in s->dir is what it
 * changed. */
int step_copy_key(struct step *s, struct err *err);
int step_copy_do(struct step *s, struct err *err);
void step_copy_release(void); /* what was brought for it */
int step_run_key(struct step *s, struct err *err);
int step_run_do(struct step *s, struct err *err);
