#include "registry/login.h"
#include "cbox.h"
#include "commands.h"
#include "sys/fd.h"
#include "sys/tty.h"

#include <stdio.h>

enum { SECRET_MAX = 64 << 10 };

struct login_options {
    const char *password, *username;
    bool password_stdin, tls_verify;
};

static const struct login_options defaults = {.tls_verify = true};

static const struct cli_option options[] = {
    CLI_STRING(struct login_options, 'p', "password", password, "Password or Personal Access Token (PAT)"),
    CLI_FLAG(struct login_options, 0, "password-stdin", password_stdin,
             "Take the Password or Personal Access Token (PAT) from stdin"),
    CLI_FLAG(struct login_options, 0, "tls-verify", tls_verify, CBOX_TLS_VERIFY_HELP, .shown_default = "true"),
    CLI_STRING(struct login_options, 'u', "username", username, "Username"),
};

static int check_options(const struct login_options *o, struct err *err)
{
    if (o->password && o->password_stdin)
        return err_set(err, ERR_INVALID, "conflicting options: cannot specify both --password and --password-stdin");
    if (o->password_stdin && str_empty(o->username))
        return err_set(err, ERR_INVALID, "the --password-stdin option requires --username to be set");
    if (o->password && !*o->password)
        return err_set(err, ERR_INVALID, "password is empty");
    if (o->username && strchr(o->username, ':'))
        return err_set(err, ERR_INVALID, "a user name cannot hold a colon");
    return 0;
}

static int read_stdin(struct buf *password, struct err *err)
{
    int r = fd_read_rest(STDIN_FILENO, "password", password, err);

    if (r < 0)
        return r;
    if (password->len && password->p[password->len - 1] == '\n')
        password->p[--password->len] = 0;
    if (password->len && password->p[password->len - 1] == '\r')
        password->p[--password->len] = 0;
    return 0;
}

static int ask_username(const char *known, struct buf *username, struct err *err)
{
    char line[256];

    if (known)
        printf("Username (%s): ", known);
    else
        printf("Username: ");
    fflush(stdout);
    if (!fgets(line, sizeof(line), stdin))
        return err_set(err, ERR_INTERRUPTED, "the input ended");
    line[strcspn(line, "\r\n")] = 0;
    buf_adds(username, line + strspn(line, " "));
    if (!username->len && known)
        buf_adds(username, known);
    while (username->len && username->p[username->len - 1] == ' ')
        username->p[--username->len] = 0;
    return username->len ? 0 : err_set(err, ERR_INVALID, "username is empty");
}

static int ask_password(struct buf *password, struct err *err)
{
    int r;

    printf("Password: ");
    fflush(stdout);
    r = tty_read_secret(STDIN_FILENO, password, err);
    return r < 0 ? err_wrap(err, "password") : 0;
}

/* The value of an option, out of the list of processes. */
static char *take_from_arguments(const char *value)
{
    char *copy = str_dup(value);

    if (value)
        memset((char *)value, '*', strlen(value));
    return copy;
}

/* From options and from the user, who is asked for what is missing. `known`: whose login is kept now, or NULL. */
static int gather(const struct login_options *o, const char *given, const char *known, struct registry_login *ret,
                  struct err *err)
{
    _cleanup_buf_ struct buf username = BUF_INIT, password = BUF_INIT_MAX(SECRET_MAX);
    int r;

    buf_adds(&username, o->username ? o->username : "");
    r = buf_append(&password, given ? given : "", given ? strlen(given) : 0, err);
    if (r < 0)
        return err_wrap(err, "password");
    if ((!username.len || !password.len) && !o->password_stdin && !isatty(STDIN_FILENO)) {
        err_set(err, ERR_INVALID, "cannot perform an interactive login from a non TTY device");
        return err_hint(err, "give --username and --password-stdin");
    }
    if (!username.len)
        r = ask_username(known, &username, err);
    if (r == 0 && o->password_stdin)
        r = read_stdin(&password, err);
    else if (r == 0 && !password.len)
        r = ask_password(&password, err);
    if (r == 0 && (!password.len || strlen(password.p) != password.len))
        r = err_set(err, ERR_INVALID, password.len ? "a password cannot hold a NUL" : "password is empty");
    if (r == 0 && strchr(buf_str(&username), ':'))
        r = err_set(err, ERR_INVALID, "a user name cannot hold a colon");
    if (r == 0)
        *ret = (struct registry_login){.username = buf_steal(&username), .password = buf_steal(&password)};
    if (password.p)
        explicit_bzero(password.p, password.len);
    return r;
}

static int check(struct cli_context *ctx, const struct login_options *o, const char *domain,
                 struct registry_login *login, struct err *err)
{
    _cleanup_(registry_free_cleanup) struct registry *registry = NULL;
    const struct registry_options how = {.insecure = !o->tls_verify};
    int r = registry_new(&ctx->config, &how, &registry, err);

    return r < 0 ? r : registry_login_check(registry, domain, login, err);
}

/* Somebody who says nothing and is logged in already: whether that is still good. Else he is asked. */
static bool still_good(struct cli_context *ctx, const struct login_options *o, const char *domain,
                       struct registry_login *kept)
{
    struct err why = ERR_INIT;

    if (registry_login_is_empty(kept))
        return false;
    printf("Authenticating with existing credentials...\n");
    fflush(stdout);
    if (check(ctx, o, domain, kept, &why) == 0)
        return true;
    fprintf(stderr, "Login did not succeed, error: %s\n", why.text);
    return false;
}

static int keep(const struct registry_credentials *c, const char *domain, const struct registry_login *login,
                struct err *err)
{
    bool encrypted = registry_credentials_helper(c, domain, "");
    char *path = NULL;
    int r = registry_credentials_save(domain, login, &path, err);

    if (r == 0 && !encrypted)
        fprintf(stderr,
                "\nWARNING! Your credentials are stored unencrypted in '%s'.\n"
                "Configure a credential helper to remove this warning. See\n"
                "https://docs.docker.com/go/credential-store/\n\n",
                path);
    free(path);
    return r;
}

static int run(struct cli_context *ctx, const void *opts, char **operands, struct err *err)
{
    const struct login_options *o = opts;
    _cleanup_(registry_credentials_release) struct registry_credentials credentials = {0};
    _cleanup_login_ struct registry_login kept = {0}, login = {0};
    _cleanup_free_ char *domain = NULL, *password = NULL;
    bool changed = true;
    int r = check_options(o, err);

    password = take_from_arguments(o->password);
    if (r == 0)
        r = registry_login_server(operands[0] ? operands[0] : "", &domain, err);
    if (r < 0)
        return r;
    if (password)
        fprintf(stderr, "WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n");
    if (registry_credentials_load_own(&credentials, err) < 0)
        return ERR_AUTH;
    if (!o->username && !password) {
        r = registry_credentials_find(&credentials, domain, "", &kept, err);
        if (r < 0)
            return r;
    }
    if (still_good(ctx, o, domain, &kept)) {
        changed = false;
    } else {
        r = gather(o, password, kept.username, &login, err);
        if (r == 0)
            r = check(ctx, o, domain, &login, err);
    }
    if (r == 0 && changed)
        r = keep(&credentials, domain, &login, err);
    if (r == 0)
        printf("Login Succeeded\n");
    return r;
}

static const struct cli_example examples[] = {
    {"Docker Hub; user name and password are asked for", "cbox login"},
    {"A password that no history, log or process list shows",
     "cbox login --username me --password-stdin registry.example:5000"},
    {NULL, NULL},
};

const struct cli_command cmd_login = {
    .summary = "Authenticate to a registry",
    .description =
        "Asks the registry whether it takes user name and password, and only then keeps them: in the file that\n"
        "REGISTRY_AUTH_FILE names, else in config.json of DOCKER_CONFIG or ~/.docker, where Docker finds them\n"
        "too, or with the credential helper that this file names for the registry (credHelpers) or for all\n"
        "(credsStore). Without SERVER it is Docker Hub.",
    .operands = "[SERVER]",
    .defaults = &defaults,
    CLI_OPTIONS(struct login_options, options),
    .examples = examples,
    .run = run,
};
