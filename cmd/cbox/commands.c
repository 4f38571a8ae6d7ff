/* The table of commands: names, groups, sections of the help. */
#include "commands.h"
#include "cbox.h"

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

static const struct cli_entry system_commands[] = {
    {"info", &cmd_info, CLI_OTHER},
};
static const struct cli_command group_system = {.summary = "Manage cbox", CLI_ENTRIES(system_commands)};

/* Common ones in the order in which people meet them, the others by name. */
static const struct cli_entry commands[] = {
    {"version", &cmd_version, CLI_COMMON},
    {"info", &cmd_info, CLI_COMMON},
    {"help", &cmd_help, CLI_COMMON},
    {"system", &group_system, CLI_MANAGEMENT},
};

const struct cli_command cbox_root = {
    .summary = "Containers without a daemon",
    CLI_ENTRIES(commands),
    CLI_OPTIONS(struct cbox_globals, globals),
};
