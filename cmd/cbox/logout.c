#include "cbox.h"
#include "commands.h"
#include "registry/login.h"

#include <stdio.h>

static int run(struct cli_context *ctx, const void *opts, char **operands, struct err *err)
{
    _cleanup_free_ char *domain = NULL;
    const char *shown;
    bool known;
    int r = registry_login_server(operands[0] ? operands[0] : "", &domain, err);

    (void)ctx;
    (void)opts;
    if (r == 0)
        r = registry_credentials_erase(domain, &known, err);
    if (r < 0)
        return r;
    shown = registry_credentials_key(domain);
    if (known)
        printf("Removing login credentials for %s\n", shown);
    else
        printf("Not logged in to %s\n", shown);
    return 0;
}

static const struct cli_example examples[] = {
    {"Docker Hub", "cbox logout"},
    {"Another registry", "cbox logout registry.example:5000"},
    {NULL, NULL},
};

const struct cli_command cmd_logout = {
    .summary = "Log out from a registry",
    .description =
        "Takes what 'cbox login' kept out of the file or the credential helper that it is in. Without SERVER it is\n"
        "Docker Hub.",
    .operands = "[SERVER]",
    .examples = examples,
    .run = run,
};
