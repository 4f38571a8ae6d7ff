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

static const struct cli_entry image_commands[] = {
    {"ls", &cmd_images, CLI_OTHER, "list"},
    {"pull", &cmd_pull, CLI_OTHER},
    {"rm", &cmd_rmi, CLI_OTHER, "remove"},
};
static const struct cli_command group_image = {.summary = "Manage images", CLI_ENTRIES(image_commands)};

static const struct cli_entry commands[] = {
    {"pull", &cmd_pull, CLI_COMMON},         {"images", &cmd_images, CLI_COMMON},   {"rmi", &cmd_rmi, CLI_OTHER},
    {"image", &group_image, CLI_MANAGEMENT}, {"version", &cmd_version, CLI_COMMON},
};

const struct cli_command cbox_root = {
    .summary = "Containers without a daemon",
    CLI_ENTRIES(commands),
    CLI_OPTIONS(struct cbox_globals, globals),
};
