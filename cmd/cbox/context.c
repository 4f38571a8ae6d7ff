#include "cbox.h"
#include "container/container.h"

#include "base/log.h"
#include "network/firewall.h"

#include <unistd.h>

/* `chosen`, or the usual place: /var/lib/cbox for root, else below $XDG_… or its default below $HOME. */
static int choose_directory(const char *chosen, const char *of_root, const char *variable, const char *below_home,
                            char **ret, struct err *err)
{
    _cleanup_free_ char *cwd = NULL;
    const char *xdg = getenv(variable), *home = getenv("HOME");

    if (chosen && *chosen == '/') {
        *ret = str_dup(chosen);
    } else if (chosen) {
        cwd = getcwd(NULL, 0);
        if (!cwd)
            return err_errno(err, errno, "working directory");
        *ret = str_printf("%s/%s", cwd, chosen);
    } else if (geteuid() == 0) {
        *ret = str_dup(of_root);
    } else if (!str_empty(xdg)) {
        *ret = str_printf("%s/cbox", xdg);
    } else if (!str_empty(home)) {
        *ret = str_printf("%s/%s", home, below_home);
    } else {
        err_set(err, ERR_INVALID, "neither %s nor HOME is set", variable);
        return err_hint(err, "say where to keep things with --root and --state");
    }
    return 0;
}

int cbox_context_load(struct cli_context *ctx, struct err *err)
{
    int r = config_load(str_given(ctx->globals.config), &ctx->config, err);

    return r < 0 ? r : cbox_context_places(ctx, err);
}

int cbox_context_places(struct cli_context *ctx, struct err *err)
{
    const struct cbox_globals *g = &ctx->globals; /* an empty option or variable is as if it were not there */
    int r = choose_directory(str_given(g->root) ? g->root : ctx->config.root, "/var/lib/cbox", "XDG_DATA_HOME",
                             ".local/share/cbox", &ctx->root, err);
    if (r < 0)
        return r;
    return choose_directory(str_given(g->state) ? g->state : ctx->config.state, "/run/cbox", "XDG_RUNTIME_DIR",
                            ".cache/cbox/run", &ctx->state, err);
}

void cbox_context_release(struct cli_context *ctx)
{
    free(ctx->root);
    free(ctx->state);
    config_release(&ctx->config);
}

void cbox_restore_rules(const struct cli_context *ctx)
{
    _cleanup_free_ char *used = str_printf("%s/networks/firewall", ctx->state); /* network/firewall.c */
    _cleanup_(store_free_cleanup) struct store *s = NULL;
    struct err err = ERR_INIT;
    int r;

    if (access(used, R_OK) < 0) /* most have no networks at all */
        return;
    r = cbox_open_existing_store(ctx, &s, &err);
    if (r == 0 && s)
        r = firewall_ensure(s, &err);
    if (r < 0)
        log_debug("rules of networks: %s", err.text);
}

int cbox_open_existing_store(const struct cli_context *ctx, struct store **ret, struct err *err)
{
    _cleanup_free_ char *format = str_printf("%s/format", ctx->root);

    *ret = NULL;
    if (access(format, F_OK) < 0 && errno == ENOENT)
        return 0;
    return store_open(ctx->root, ctx->state, ret, err);
}

int cbox_no_container(const char *name, struct err *err)
{
    return err_set(err, ERR_NOT_FOUND, "no such container: %s", name);
}

int cbox_view_container(struct store *s, const char *name, struct container_view *ret, struct err *err)
{
    return s ? container_view(s, name, ret, err) : cbox_no_container(name, err);
}

int cbox_check_filter(const char *text, struct err *err)
{
    return strchr(text, '=') ? 0 : err_set(err, ERR_INVALID, "bad format of filter (expected name=value)");
}
