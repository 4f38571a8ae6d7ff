/* The commands, one file each (the word behind cmd_), and how they are grouped: commands.c. */
#pragma once

#include "cli/cli.h"

extern const struct cli_command cmd_create;
extern const struct cli_command cmd_attach;
extern const struct cli_command cmd_container_prune;
extern const struct cli_command cmd_events;
extern const struct cli_command cmd_cp;
extern const struct cli_command cmd_diff;
extern const struct cli_command cmd_export;
extern const struct cli_command cmd_exec;
extern const struct cli_command cmd_history;
extern const struct cli_command cmd_image_copy;
extern const struct cli_command cmd_image_inspect;
extern const struct cli_command cmd_image_prune;
extern const struct cli_command cmd_image_tags;
extern const struct cli_command cmd_images;
extern const struct cli_command cmd_import;
extern const struct cli_command cmd_inspect;
extern const struct cli_command cmd_load;
extern const struct cli_command cmd_login;
extern const struct cli_command cmd_logout;
extern const struct cli_command cmd_logs;
extern const struct cli_command cmd_manifest_annotate;
extern const struct cli_command cmd_manifest_create;
extern const struct cli_command cmd_manifest_inspect;
extern const struct cli_command cmd_manifest_push;
extern const struct cli_command cmd_manifest_rm;
extern const struct cli_command cmd_ps;
extern const struct cli_command cmd_pull;
extern const struct cli_command cmd_push;
extern const struct cli_command cmd_rm;
extern const struct cli_command cmd_rmi;
extern const struct cli_command cmd_run;
extern const struct cli_command cmd_save;
extern const struct cli_command cmd_search;
extern const struct cli_command cmd_start;
extern const struct cli_command cmd_stats;
extern const struct cli_command cmd_system_check;
extern const struct cli_command cmd_system_df;
extern const struct cli_command cmd_system_prune;
extern const struct cli_command cmd_tag;
extern const struct cli_command cmd_top;
extern const struct cli_command cmd_untag;
extern const struct cli_command cmd_volume_create;
extern const struct cli_command cmd_volume_inspect;
extern const struct cli_command cmd_volume_ls;
extern const struct cli_command cmd_volume_prune;
extern const struct cli_command cmd_volume_rm;
extern const struct cli_command cmd_complete;
extern const struct cli_command cmd_generate;
extern const struct cli_command cmd_help;
extern const struct cli_command cmd_info;
extern const struct cli_command cmd_version;
extern const struct cli_command cmd_wait;
