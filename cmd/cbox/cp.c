#include "container/cp.h"
#include "base/num.h"
#include "cbox.h"
#include "commands.h"
#include "container/files.h"
#include "event/event.h"
#include "sys/userdb.h"

#include <stdio.h>
#include <unistd.h>

struct cp_options {
    bool archive, follow, quiet;
};

static const struct cli_option options[] = {
    CLI_FLAG(struct cp_options, 'a', "archive", archive, "Archive mode (copy all uid/gid information)"),
    CLI_FLAG(struct cp_options, 'L', "follow-link", follow, "Always follow symbol link in SRC_PATH"),
    CLI_FLAG(struct cp_options, 'q', "quiet", quiet,
             "Suppress progress output during copy. Progress output is automatically suppressed if no terminal is "
             "attached"),
};

/* CONTAINER:PATH; what begins with a slash or a dot is a path of the host, whatever colons are in it. */
static char *split_end(char *operand, char **ret_path)
{
    char *colon = strchr(operand, ':');

    *ret_path = operand;
    if (*operand == '/' || *operand == '.' || !colon || colon == operand)
        return NULL;
    *ret_path = colon + 1;
    return str_ndup(operand, (size_t)(colon - operand));
}

struct copying {
    const struct cp_options *o;
    char *from, *to; /* containers, or NULL */
    char *source, *destination;
    uid_t owner[2];
};

/* Without -a copies on the host are the user's, and in the container they keep their numbers; with it these are kept on
 * the host, and in the container they are the container's user's. */
static int choose_owner(struct copying *c, const struct container_files *f, struct container_cp *how, struct err *err)
{
    _cleanup_userdb_user_ struct userdb_user user = {0};
    const char *name = f->view.pidfd >= 0 ? NULL : f->held.spec.process.user.username;
    _cleanup_spec_ struct oci_spec spec = {0};
    int r = 0;

    if (c->from && !c->o->archive) {
        c->owner[0] = geteuid();
        c->owner[1] = getegid();
        how->owner = c->owner;
    }
    if (c->from || !c->o->archive)
        return 0;
    if (f->view.pidfd >= 0) {
        r = container_read_spec(f->store, f->view.id, &spec, err);
        name = spec.process.user.username;
    }
    if (r < 0 || str_empty(name))
        return r;
    r = userdb_find(f->root, name, &user, err);
    if (r < 0)
        return r;
    c->owner[0] = user.uid;
    c->owner[1] = user.gid;
    how->owner = c->owner;
    return 0;
}

static void say(const struct copying *c, const struct container_cp *how)
{
    char size[NUM_TEXT_MAX];

    if (!c->o->quiet && isatty(STDOUT_FILENO))
        fprintf(stderr, "Successfully copied %s to %s%s%s\n", num_format_size(how->bytes, size), c->to ? c->to : "",
                c->to ? ":" : "", c->destination);
}

static int copy(struct copying *c, struct store *s, struct err *err)
{
    const char *container = c->from ? c->from : c->to;
    _cleanup_container_files_ struct container_files files = {.view = CONTAINER_VIEW_NONE, .upper = -1, .root = -1};
    struct container_cp how = {.follow = c->o->follow};
    struct container_cp_end from = {.root = -1, .path = c->source}, to = {.root = -1, .path = c->destination};
    struct container_cp_end *inside = c->from ? &from : &to;
    bool piped = str_eq(c->from ? c->destination : c->source, "-");
    int r = container_files_open(s, container, CONTAINER_FILES_SEEN, &files, err);

    if (r == 0)
        r = choose_owner(c, &files, &how, err);
    if (r < 0)
        return r;
    inside->root = files.root;
    inside->container = container;
    if (!piped)
        r = container_cp_copy(&from, &to, &how, err);
    else
        r = c->from ? container_cp_pack(&from, &how, STDOUT_FILENO, err)
                    : container_cp_unpack(STDIN_FILENO, &to, &how, err);
    if (r == 0 && !(piped && c->from))
        say(c, &how);
    if (r == 0)
        event_emit(store_state_path(s), "container", c->from ? "archive-path" : "extract-to-dir", files.view.id,
                   files.view.record.labels, "image", files.view.record.image, "name", files.view.record.name, "path",
                   inside->path, NULL);
    return r;
}

static int check(const struct copying *c, struct err *err)
{
    if (c->from && c->to)
        return err_set(err, ERR_INVALID, "copying between containers is not supported");
    if (!c->from && !c->to)
        return err_set(err, ERR_INVALID, "must specify at least one container source");
    if (!*c->source)
        return err_set(err, ERR_INVALID, "source can not be empty");
    if (!*c->destination)
        return err_set(err, ERR_INVALID, "destination can not be empty");
    return 0;
}

static int run(struct cli_context *ctx, const void *opts, char **operands, struct err *err)
{
    _cleanup_(store_free_cleanup) struct store *s = NULL;
    struct copying c = {.o = opts};
    int r;

    c.from = split_end(operands[0], &c.source);
    c.to = split_end(operands[1], &c.destination);
    r = check(&c, err);
    if (r == 0)
        r = cbox_open_existing_store(ctx, &s, err);
    if (r == 0 && !s)
        r = cbox_no_container(c.from ? c.from : c.to, err);
    if (r == 0)
        r = copy(&c, s, err);
    free(c.from);
    free(c.to);
    return r;
}

static const char description[] =
    "One of the two is CONTAINER:PATH, the other a path of the host, or - for a tar on standard input or output. The\n"
    "container may run or not; its volumes are seen as in it. A directory that is copied to where one is goes into "
    "it,\n"
    "and else takes its name; with /. at its end, what is in it is copied. A link is copied as a link, unless -L is\n"
    "given or its path ends with a slash.\n"
    "\n"
    "Copies on the host belong to the user, and with -a to whom they did in the container. In a container they keep\n"
    "their numbers, and with -a they belong to the container's user.";

static const struct cli_example examples[] = {
    {"A file from a container", "cbox cp web:/etc/hosts ."},
    {"What is in a directory, to a container", "cbox cp site/. web:/usr/share/nginx/html"},
    {"A directory as a tar", "cbox cp web:/var/log -"},
    {NULL, NULL},
};

const struct cli_command cmd_cp = {
    .summary = "Copy files/folders between a container and the local filesystem",
    .description = description,
    .operands = "CONTAINER:SRC_PATH|SRC_PATH|- DEST_PATH|-|CONTAINER:DEST_PATH",
    .values = {CLI_VALUES_FILE, CLI_VALUES_FILE},
    CLI_OPTIONS(struct cp_options, options),
    .examples = examples,
    .run = run,
};
