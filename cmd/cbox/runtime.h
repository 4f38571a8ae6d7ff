/* What the commands behind `cbox runtime` share. */
#pragma once

#include "cbox.h"
#include "runtime/instance.h"

extern const struct cli_command group_runtime;

extern const struct cli_command cmd_runtime_create;
extern const struct cli_command cmd_runtime_delete;
extern const struct cli_command cmd_runtime_events;
extern const struct cli_command cmd_runtime_exec;
extern const struct cli_command cmd_runtime_features;
extern const struct cli_command cmd_runtime_kill;
extern const struct cli_command cmd_runtime_list;
extern const struct cli_command cmd_runtime_pause;
extern const struct cli_command cmd_runtime_ps;
extern const struct cli_command cmd_runtime_resume;
extern const struct cli_command cmd_runtime_run;
extern const struct cli_command cmd_runtime_spec;
extern const struct cli_command cmd_runtime_start;
extern const struct cli_command cmd_runtime_state;
extern const struct cli_command cmd_runtime_update;

/* Where containers are noted: --root, or below /run/cbox for root and $XDG_RUNTIME_DIR/cbox for others. The caller
 * frees it. */
char *cbox_runtime_root(const struct cli_context *ctx);

/* runtime_instance_load() there. */
int cbox_runtime_load(const struct cli_context *ctx, const char *id, bool lock, struct runtime_instance *ret,
                      struct err *err);

/* --log: errors also go there, and with --debug what is being done, in --log-format. ERR_IO. */
int cbox_runtime_log_open(const struct cbox_runtime_globals *g, struct err *err);
void cbox_runtime_log_error(const struct err *err);

/* Under the name by which it was called. */
int cbox_runtime_print_version(const char *program);

/* How many descriptors a socket activation has for us: sd_listen_fds(3). */
unsigned cbox_runtime_listen_fds(void);

/* How many of our descriptors the program gets: --preserve-fds and those of a socket activation. ERR_INVALID where one
 * of them is not open. */
int cbox_runtime_preserve(int64_t n, unsigned *ret, struct err *err);
