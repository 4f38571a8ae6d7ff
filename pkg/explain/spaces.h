/* The namespaces of a container and who else is in them. namespaces(7) */
#pragma once

#include "explain/explain.h"

enum {
    EXPLAIN_SPACES = 8,
    EXPLAIN_SHARERS_MAX = 8, /* so many others in a namespace are named */
};

/* What there is to say of each kind. */
struct explain_space_kind {
    const char *type;                /* as a specification names it: "network" */
    const char *file;                /* in /proc/PID/ns: "net" */
    const char *own, *shared, *host; /* what one of its own, one with others, and the host's mean */
    bool usual;                      /* a container that was run without options has one of its own */
};
extern const struct explain_space_kind explain_space_kinds[EXPLAIN_SPACES];

struct explain_space {
    const struct explain_space_kind *kind;
    uint64_t inode; /* 0: there is none yet, or it cannot be read */
    bool host;      /* it is the host's */
    bool joined;    /* it was somebody's before: the specification says so, as the kernel does not tell */
    char *
        *others; /* who else is in one that is not: "container web", "process 4242 (sh)"; at most EXPLAIN_SHARERS_MAX */
};

/* All of them, of the first process or as its specification will have them. ERR_NOT_FOUND where it has ended. The
 * caller releases `ret` after 0. */
int explain_spaces_of(const struct explain_subject *subject, struct explain_space ret[EXPLAIN_SPACES], struct err *err);
void explain_spaces_release(struct explain_space spaces[EXPLAIN_SPACES]);

/* Less than a container has that was run without options: the host's, or another container's that it joined. That
 * others joined its own is not its doing. */
bool explain_space_is_weak(const struct explain_space *space);

/* Whose it is, and what that means. The caller frees it. */
char *explain_space_words(const struct explain_space *space);

/* Who is in it beside the container, "host" first, as a list that is the caller's. */
struct cli_value explain_space_sharers(const struct explain_space *space);

/* One as a fact. */
void explain_space_add(const struct explain_space *space, const char *source, explain_facts *to);
