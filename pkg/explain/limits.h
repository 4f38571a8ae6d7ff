/* What a container may use, beside what it uses: from the files of its cgroups, whichever version they are. */
#pragma once

#include "explain/facts.h"
#include "runtime/stats.h"

/* What is told of. All is borrowed. */
struct explain_limits {
    const struct cgroup_host *host;
    const struct cgroup *cg;        /* NULL: it does not run, and `plan` is what would be written */
    const struct stats *stats;      /* with `cg` */
    const struct cgroup_plan *plan; /* NULL with `cg` */
    const char *source;             /* of the plan */
};

/* A fact for each limit that is one, and for each thing that is used; last, what is not limited. cgroup-v1/,
 * cgroup-v2.rst. */
void explain_limits_describe(const struct explain_limits *l, explain_facts *ret);

/* ---- for limits*.c ---- */

struct explain_telling {
    const struct explain_limits *l;
    explain_facts *to;
    char **unlimited; /* names */
};

/* The version of the hierarchy that has a controller; 0: none has. */
int explain_limits_version(const struct explain_limits *l, enum cgroup_controller c);

/* A file's text, without the last newline: as the kernel has it, or as it would be written. NULL where there is none.
 * The caller frees it, and `*ret_source` in any case. */
char *explain_limits_read(const struct explain_limits *l, enum cgroup_controller c, const char *file,
                          char **ret_source);

/* "memory.max" of v2, another name of v1: whichever there is. As explain_limits_read(). */
char *explain_limits_read_either(const struct explain_limits *l, enum cgroup_controller c, const char *v1,
                                 const char *v2, char **ret_source);

/* The number that begins a text; -1: there is none, or it is no limit ("max", -1, what v1 has instead). */
int64_t explain_limits_number(const char *text);

/* A statement: limit and usage in words, each of which may be NULL; without a limit the name is remembered. NULL where
 * there is nothing to say. Its value has Limit and Usage where they are 0 and more. */
struct explain_limit_words {
    const char *name, *source;
    const char *limit, *usage;
    int64_t limit_number, usage_number;
};
struct explain_fact *explain_limits_tell(struct explain_telling *t, const struct explain_limit_words *w);

/* A share that counts `when` others want as much: of `n` where they have `usual`. */
void explain_limits_weight(struct explain_telling *t, const char *name, const char *source, int64_t n, int64_t usual,
                           const char *when);

/* How often it was hit, by a key of a file ("oom_kill"; NULL: the file is the number): a fact below. Nothing where the
 * file is not there. */
void explain_limits_hit(struct explain_telling *t, struct explain_fact *fact, enum cgroup_controller c,
                        const char *file, const char *key, const char *name, const char *words);

void explain_limits_memory(struct explain_telling *t);
void explain_limits_io(struct explain_telling *t);
