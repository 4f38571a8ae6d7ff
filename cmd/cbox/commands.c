/* The table of commands: names, groups, sections of the help. */
#include "commands.h"
#include "cbox.h"
#include "runtime.h"
#include "topics.h"

static const struct cli_option globals[] = {
    CLI_STRING(struct cbox_globals, 0, "config", config, "Configuration file to read instead of the usual ones",
               .word = "file", .env = "CBOX_CONFIG", .values = CLI_VALUES_FILE),
    CLI_FLAG(struct cbox_globals, 'D', "debug", debug, "Say on standard error what is being done"),
    CLI_STRING(struct cbox_globals, 0, "root", root, "Directory of images and containers", .word = "dir",
               .env = "CBOX_ROOT", .values = CLI_VALUES_DIRECTORY),
    CLI_STRING(struct cbox_globals, 0, "state", state, "Directory of what does not outlive a reboot", .word = "dir",
               .env = "CBOX_STATE", .values = CLI_VALUES_DIRECTORY),
    CLI_FLAG(struct cbox_globals, 'v', "version", version, "Print version information and quit"),
};

/* clang-format off */
static const struct cli_entry container_commands[] = {
    {"attach", &cmd_attach, CLI_OTHER},
    {"commit", &cmd_commit, CLI_OTHER},
    {"cp", &cmd_cp, CLI_OTHER},
    {"create", &cmd_create, CLI_OTHER},
    {"diff", &cmd_diff, CLI_OTHER},
    {"exec", &cmd_exec, CLI_OTHER},
    {"explain", &cmd_explain, CLI_OTHER},
    {"export", &cmd_export, CLI_OTHER},
    {"inspect", &cmd_container_inspect, CLI_OTHER},
    {"kill", &cmd_kill, CLI_OTHER},
    {"logs", &cmd_logs, CLI_OTHER},
    {"ls", &cmd_ps, CLI_OTHER, "list"},
    {"pause", &cmd_pause, CLI_OTHER},
    {"port", &cmd_port, CLI_OTHER},
    {"ps", &cmd_ps, CLI_HIDDEN},
    {"prune", &cmd_container_prune, CLI_OTHER},
    {"rename", &cmd_rename, CLI_OTHER},
    {"restart", &cmd_restart, CLI_OTHER},
    {"rm", &cmd_rm, CLI_OTHER, "remove"},
    {"run", &cmd_run, CLI_OTHER},
    {"start", &cmd_start, CLI_OTHER},
    {"stats", &cmd_stats, CLI_OTHER},
    {"stop", &cmd_stop, CLI_OTHER},
    {"top", &cmd_top, CLI_OTHER},
    {"unpause", &cmd_unpause, CLI_OTHER},
    {"update", &cmd_update, CLI_OTHER},
    {"wait", &cmd_wait, CLI_OTHER},
};
/* clang-format on */
static const struct cli_command group_container = {.summary = "Manage containers", CLI_ENTRIES(container_commands)};

static const struct cli_entry image_commands[] = {
    {"build", &cmd_build, CLI_OTHER},
    {"copy", &cmd_image_copy, CLI_OTHER},
    {"history", &cmd_history, CLI_OTHER},
    {"import", &cmd_import, CLI_OTHER},
    {"inspect", &cmd_image_inspect, CLI_OTHER},
    {"load", &cmd_load, CLI_OTHER},
    {"ls", &cmd_images, CLI_OTHER, "list"},
    {"prune", &cmd_image_prune, CLI_OTHER},
    {"pull", &cmd_pull, CLI_OTHER},
    {"push", &cmd_push, CLI_OTHER},
    {"rm", &cmd_rmi, CLI_OTHER, "remove"},
    {"save", &cmd_save, CLI_OTHER},
    {"tag", &cmd_tag, CLI_OTHER},
    {"tags", &cmd_image_tags, CLI_OTHER},
    {"untag", &cmd_untag, CLI_OTHER},
};
static const struct cli_command group_image = {.summary = "Manage images", CLI_ENTRIES(image_commands)};

static const struct cli_entry builder_commands[] = {
    {"build", &cmd_build, CLI_OTHER},
    {"prune", &cmd_builder_prune, CLI_OTHER},
};
static const struct cli_command group_builder = {.summary = "Manage builds", CLI_ENTRIES(builder_commands)};

static const struct cli_entry manifest_commands[] = {
    {"annotate", &cmd_manifest_annotate, CLI_OTHER},
    {"create", &cmd_manifest_create, CLI_OTHER},
    {"inspect", &cmd_manifest_inspect, CLI_OTHER},
    {"push", &cmd_manifest_push, CLI_OTHER},
    {"rm", &cmd_manifest_rm, CLI_OTHER},
};
static const struct cli_command group_manifest = {.summary = "Manage image manifests and manifest lists",
                                                  CLI_ENTRIES(manifest_commands)};

static const struct cli_entry network_commands[] = {
    {"connect", &cmd_network_connect, CLI_OTHER},       {"create", &cmd_network_create, CLI_OTHER},
    {"disconnect", &cmd_network_disconnect, CLI_OTHER}, {"inspect", &cmd_network_inspect, CLI_OTHER},
    {"ls", &cmd_network_ls, CLI_OTHER, "list"},         {"prune", &cmd_network_prune, CLI_OTHER},
    {"rm", &cmd_network_rm, CLI_OTHER, "remove"},
};
static const struct cli_command group_network = {.summary = "Manage networks", CLI_ENTRIES(network_commands)};

static const struct cli_entry system_commands[] = {
    {"check", &cmd_system_check, CLI_OTHER},
    {"df", &cmd_system_df, CLI_OTHER},
    {"doctor", &cmd_system_doctor, CLI_OTHER},
    {"events", &cmd_events, CLI_OTHER},
    {"info", &cmd_info, CLI_OTHER},
    {"prune", &cmd_system_prune, CLI_OTHER},
    {"start-all", &cmd_system_start_all, CLI_OTHER},
};
static const struct cli_command group_system = {.summary = "Manage cbox", CLI_ENTRIES(system_commands)};

static const struct cli_entry volume_commands[] = {
    {"create", &cmd_volume_create, CLI_OTHER},   {"inspect", &cmd_volume_inspect, CLI_OTHER},
    {"ls", &cmd_volume_ls, CLI_OTHER, "list"},   {"prune", &cmd_volume_prune, CLI_OTHER},
    {"rm", &cmd_volume_rm, CLI_OTHER, "remove"},
};
static const struct cli_command group_volume = {.summary = "Manage volumes", CLI_ENTRIES(volume_commands)};

/* Common ones in the order in which people meet them, the others by name. */
static const struct cli_entry commands[] = {
    {"run", &cmd_run, CLI_COMMON},
    {"exec", &cmd_exec, CLI_COMMON},
    {"ps", &cmd_ps, CLI_COMMON},
    {"build", &cmd_build, CLI_COMMON},
    {"pull", &cmd_pull, CLI_COMMON},
    {"push", &cmd_push, CLI_COMMON},
    {"images", &cmd_images, CLI_COMMON},
    {"login", &cmd_login, CLI_COMMON},
    {"logout", &cmd_logout, CLI_COMMON},
    {"search", &cmd_search, CLI_COMMON},
    {"version", &cmd_version, CLI_COMMON},
    {"info", &cmd_info, CLI_COMMON},
    {"help", &cmd_help, CLI_COMMON},
    {"builder", &group_builder, CLI_MANAGEMENT},
    {"container", &group_container, CLI_MANAGEMENT},
    {"image", &group_image, CLI_MANAGEMENT},
    {"manifest", &group_manifest, CLI_MANAGEMENT},
    {"network", &group_network, CLI_MANAGEMENT},
    {"runtime", &group_runtime, CLI_MANAGEMENT},
    {"system", &group_system, CLI_MANAGEMENT},
    {"volume", &group_volume, CLI_MANAGEMENT},
    {"attach", &cmd_attach, CLI_OTHER},
    {"commit", &cmd_commit, CLI_OTHER},
    {"cp", &cmd_cp, CLI_OTHER},
    {"create", &cmd_create, CLI_OTHER},
    {"dash", &cmd_dash, CLI_OTHER},
    {"diff", &cmd_diff, CLI_OTHER},
    {"events", &cmd_events, CLI_OTHER},
    {"explain", &cmd_explain, CLI_OTHER},
    {"export", &cmd_export, CLI_OTHER},
    {"history", &cmd_history, CLI_OTHER},
    {"import", &cmd_import, CLI_OTHER},
    {"inspect", &cmd_inspect, CLI_OTHER},
    {"kill", &cmd_kill, CLI_OTHER},
    {"load", &cmd_load, CLI_OTHER},
    {"logs", &cmd_logs, CLI_OTHER},
    {"pause", &cmd_pause, CLI_OTHER},
    {"port", &cmd_port, CLI_OTHER},
    {"rename", &cmd_rename, CLI_OTHER},
    {"restart", &cmd_restart, CLI_OTHER},
    {"rm", &cmd_rm, CLI_OTHER},
    {"rmi", &cmd_rmi, CLI_OTHER},
    {"save", &cmd_save, CLI_OTHER},
    {"start", &cmd_start, CLI_OTHER},
    {"stats", &cmd_stats, CLI_OTHER},
    {"stop", &cmd_stop, CLI_OTHER},
    {"tag", &cmd_tag, CLI_OTHER},
    {"top", &cmd_top, CLI_OTHER},
    {"unpause", &cmd_unpause, CLI_OTHER},
    {"untag", &cmd_untag, CLI_OTHER},
    {"update", &cmd_update, CLI_OTHER},
    {"wait", &cmd_wait, CLI_OTHER},
    {"__complete", &cmd_complete, CLI_HIDDEN},
    {"__generate", &cmd_generate, CLI_HIDDEN},
    {"buildx", &group_builder, CLI_HIDDEN},
};

static const char description[] =
    "Pulls OCI images over HTTPS, unpacks their layers into an overlayfs store and runs containers, each command in a\n"
    "process of its own: nothing listens and nothing stays behind but what watches over a running container.\n"
    "\n"
    "Options before the command are for all commands. An option wins over its environment variable, that over the\n"
    "configuration, and that over the usual place: /var/lib/cbox and /run/cbox for root, $XDG_DATA_HOME/cbox and\n"
    "$XDG_RUNTIME_DIR/cbox for others.\n"
    "\n"
    "The configuration is a JSON document in /etc/cbox/config.json, and then in $XDG_CONFIG_HOME/cbox/config.json (or\n"
    "below ~/.config), whose names replace those of the first; --config names one file to be read instead of both.\n"
    "An unknown name is an error. All of them are optional:\n"
    "\n"
    "  {\n"
    "    \"root\": \"/srv/cbox\",\n"
    "    \"state\": \"/run/cbox\",\n"
    "    \"registries\": {\n"
    "      \"docker.io\": {\"mirrors\": [\"https://mirror.example:5000\"]},\n"
    "      \"registry.example:5000\": {\"ca\": \"/etc/ssl/example.pem\",\n"
    "        \"client_cert\": \"/etc/cbox/me.cert\", \"client_key\": \"/etc/cbox/me.key\"},\n"
    "      \"127.0.0.1:5000\": {\"insecure\": true}\n"
    "    },\n"
    "    \"certs_dirs\": [\"/etc/cbox/certs.d\", \"/etc/docker/certs.d\"],\n"
    "    \"max_concurrent_downloads\": 3,\n"
    "    \"build_cache_max\": 20000000000\n"
    "  }\n"
    "\n"
    "Mirrors are asked in their order before the registry itself. An insecure registry is one whose certificate is\n"
    "not checked and which may speak plain HTTP. The certificate directories are Docker's: HOST/NAME.crt are further\n"
    "authorities, HOST/NAME.cert and HOST/NAME.key are what cbox identifies itself with; the first directory that has\n"
    "the host counts. SSL_CERT_FILE and SSL_CERT_DIR take the place of the system's authorities. build_cache_max is\n"
    "what steps of builds may take in bytes; before it is exceeded, those go that were not used for longest.\n"
    "\n"
    "What registries are shown, user names, passwords and tokens, is where 'cbox login' and Docker keep it.";

const struct cli_command cbox_root = {
    .summary = "Containers without a daemon",
    .description = description,
    CLI_ENTRIES(commands),
    .topics = cbox_topics,
    CLI_OPTIONS(struct cbox_globals, globals),
};
