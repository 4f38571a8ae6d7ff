/* What the commands of cbox share. */
#pragma once

#include "cli/cli.h"
#include "config/config.h"
#include "store/store.h"

#define CBOX_PROGRAM "cbox"

/* The options behind `cbox runtime` and before its command's name. */
struct cbox_runtime_globals {
    const char *root; /* where its containers are noted; NULL: the usual place */
    const char *log, *log_format;
    const char *rootless;
    bool systemd_cgroup;
    bool debug;
    bool version;
};

/* The options before the command's name. */
struct cbox_globals {
    const char *config; /* NULL: the usual places */
    const char *root;
    const char *state;
    bool debug;
    bool version;
    struct cbox_runtime_globals runtime;
};

/* What a command works with; pkg/cli hands it through. */
struct cli_context {
    struct cbox_globals globals;
    /* Loaded for every command that is not standalone: */
    struct config config;
    char *root;  /* where images and containers lie: an absolute path */
    char *state; /* what is gone after a reboot */
};

/* Every command; see commands.c. */
extern const struct cli_command cbox_root;

/* Decides root and state: option, environment, configuration file, and then /var/lib/cbox and /run/cbox for root,
 * $XDG_DATA_HOME/cbox and $XDG_RUNTIME_DIR/cbox for others. ERR_INVALID for a bad configuration. Nothing is created. */
int cbox_context_load(struct cli_context *ctx, struct err *err);
int cbox_context_places(struct cli_context *ctx, struct err *err); /* with a configuration that is there, or is none */
void cbox_context_release(struct cli_context *ctx);

/* Puts the rules of networks back where another program has flushed them; what keeps it from that is for --debug. */
void cbox_restore_rules(const struct cli_context *ctx);

/* What commands that ask a registry say of --tls-verify. */
#define CBOX_TLS_VERIFY_HELP "Require HTTPS and check the registry's certificate"

/* One line on standard error: what happened, and what to do about it. main() does it for what a command returns. */
void cbox_print_error(const struct err *err);

/* Calls `act` for each operand; what fails is printed, and makes the exit code, which is returned, 1. `forgiving`
 * (--force): what is not there is printed as well, and is no failure. */
int cbox_for_each(char **operands, bool forgiving, int (*act)(const char *operand, void *data, struct err *err),
                  void *data);

/* For the options that are filters: whether it is NAME=VALUE; ERR_INVALID in Docker's words. */
int cbox_check_filter(const char *text, struct err *err);

/* Opens the store for those who only look or take away: where there is none yet, none is made and `*ret` is NULL. */
int cbox_open_existing_store(const struct cli_context *ctx, struct store **ret, struct err *err);

/* container_view() in that store; where there is none, there is no such container. */
struct container_view;
int cbox_view_container(struct store *s, const char *name, struct container_view *ret, struct err *err);
int cbox_no_container(const char *name, struct err *err); /* says so: ERR_NOT_FOUND */

/* "0.1.0" */
extern const char cbox_version[];

/* The one line of --version; gives the exit code. */
int cbox_print_version(void);

/* What `PATH --help` says, on standard output. */
void cbox_print_help(const struct cli_command *command, const char *path);
