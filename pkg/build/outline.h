/* What a Dockerfile offers, for --call=outline and --call=targets: the words and the JSON of BuildKit's methods of
 * these names (docs.docker.com/reference/cli/docker/buildx/build, "Invoke a frontend method").
 */
#pragma once

#include "build/plan.h"
#include "json/json.h"

struct build_outline_line {
    int64_t line;
};
struct build_outline_range {
    struct build_outline_line start, end;
};
struct build_outline_location {
    VEC(struct build_outline_range) ranges;
};

/* An argument, a secret or an agent that the target asks for. */
struct build_outline_item {
    char *name;
    char *description; /* of the comment above an ARG; or NULL */
    char *value;       /* of an argument, as the build would have it; or NULL */
    bool required;     /* of a secret or an agent */
    struct build_outline_location location;
};
typedef VEC(struct build_outline_item) build_outline_items;

struct build_outline_target {
    char *name; /* NULL: it has none */
    bool is_default;
    char *description;
    char *base, *platform; /* as the FROM has them */
    struct build_outline_location location;
};

struct build_outline {
    char *name, *description; /* of the target; NULL: none */
    build_outline_items args, secrets, ssh;
    VEC(struct build_outline_target) targets; /* all stages; of build_targets() alone */
    char **sources;                           /* the Dockerfile in base64 */
};

extern const struct json_type build_outline_type;

/* What the first target of the plan, and all that it needs, asks for; each name once, in the order of the file.
 * Arguments are those that a needed stage declares, and those in front of the stages that a needed FROM names. */
void build_outline_make(const struct dockerfile *d, const struct build_plan *plan, struct build_outline *ret);
/* The stages of the file; nothing has to be planned for it. */
void build_outline_list(const struct dockerfile *d, struct build_outline *ret);
void build_outline_release(struct build_outline *o);
#define _cleanup_build_outline_ _cleanup_(build_outline_release)
