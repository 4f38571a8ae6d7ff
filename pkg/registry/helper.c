#include "registry/helper.h"

#include "sys/run.h"

enum {
    ANSWER_MAX = 256 << 10,
    NAME_MAX_LENGTH = 64,
    TIMEOUT_MS = 60000, /* it may have to ask the user */
    SAID_MAX = 200,
};

/* Instead of a user name: the secret is an identity token. */
static const char token_user[] = "<token>";
static const char not_found[] = "credentials not found in native keychain";

struct answer {
    char *username, *secret;
};

static const struct json_field answer_fields[] = {
    JSON_FIELD(struct answer, "Username", JSON_K_STRING, username),
    JSON_FIELD(struct answer, "Secret", JSON_K_STRING, secret),
};
static const struct json_type answer_type = {
    "answer", sizeof(struct answer), answer_fields, ARRAY_SIZE(answer_fields), false,
};

static bool is_name(const char *name)
{
    size_t n = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

    return n > 0 && n <= NAME_MAX_LENGTH && !name[n];
}

/* Programs say on standard output what is wrong, in one line. Anything that looks like a document may be the answer
 * itself, with the secret in it. */
static int failed(const char *program, const char *action, int code, const struct buf *said, struct err *err)
{
    int n = (int)MIN_OF(strcspn(buf_str(said), "\r\n"), (size_t)SAID_MAX);

    if (!n || strchr(buf_str(said), '{'))
        return err_set(err, ERR_AUTH, "%s %s fails with exit code %d", program, action, code);
    return err_set(err, ERR_AUTH, "%s %s: %.*s", program, action, n, buf_str(said));
}

static bool says_not_found(const struct buf *answer)
{
    const char *rest = str_after(buf_str(answer), not_found);

    return rest && !rest[strspn(rest, " \t\r\n")];
}

/* 1: done; 0: there is nothing of that server. */
static int call(const char *name, const char *file, const char *action, const struct buf *input, struct buf *answer,
                struct err *err)
{
    _cleanup_free_ char *program = str_printf("docker-credential-%s", name);
    const char *const argv[] = {program, action, NULL};
    const struct run run = {
        .argv = argv, .input = input->p, .input_len = input->len, .timeout_ms = TIMEOUT_MS, .output = answer};
    int r;

    if (!is_name(name))
        return err_set(err, ERR_INVALID, "%s: \"%.100s\" is no name of a credential helper", file, name);
    r = run_program(&run, err);
    if (r > 0)
        r = says_not_found(answer) ? 0 : failed(program, action, r, answer, err);
    else if (r == 0)
        r = 1;
    if (r >= 0)
        return r;
    err_wrap(err, "credential helper of %s", file);
    if (err && err->kind == ERR_NOT_FOUND)
        err_hint(err, "install it, or take it out of \"credsStore\" or \"credHelpers\"");
    return err ? err->kind = ERR_AUTH : ERR_AUTH;
}

int registry_helper_parse(const char *text, size_t len, struct registry_login *ret, struct err *err)
{
    struct answer a;
    int r = json_parse(text, len, &answer_type, &a, err);

    *ret = (struct registry_login){0};
    if (r < 0)
        return r;
    if (str_eq(a.username, token_user))
        ret->identity_token = steal_ptr(&a.secret);
    else if (!str_empty(a.username) && a.secret) {
        ret->username = steal_ptr(&a.username);
        ret->password = steal_ptr(&a.secret);
    }
    json_free(&answer_type, &a);
    return 0;
}

int registry_helper_get(const char *name, const char *file, const char *server, struct registry_login *ret,
                        struct err *err)
{
    _cleanup_buf_ struct buf answer = BUF_INIT_MAX(ANSWER_MAX), input = BUF_INIT;
    int r;

    *ret = (struct registry_login){0};
    buf_adds(&input, server);
    r = call(name, file, "get", &input, &answer, err);
    if (r <= 0)
        return r;
    if (registry_helper_parse(buf_str(&answer), answer.len, ret, NULL) < 0)
        return err_set(err, ERR_AUTH, "credential helper of %s: docker-credential-%s get answers nonsense", file, name);
    return 0;
}

int registry_helper_store(const char *name, const char *file, const char *server, const struct registry_login *login,
                          struct err *err)
{
    _cleanup_buf_ struct buf answer = BUF_INIT_MAX(ANSWER_MAX), input = BUF_INIT;

    buf_adds(&input, "{\"ServerURL\":");
    buf_add_json(&input, server);
    buf_adds(&input, ",\"Username\":");
    buf_add_json(&input, login->identity_token ? token_user : login->username);
    buf_adds(&input, ",\"Secret\":");
    buf_add_json(&input, login->identity_token ? login->identity_token : login->password);
    buf_addc(&input, '}');
    return MIN_OF(call(name, file, "store", &input, &answer, err), 0);
}

int registry_helper_erase(const char *name, const char *file, const char *server, struct err *err)
{
    _cleanup_buf_ struct buf answer = BUF_INIT_MAX(ANSWER_MAX), input = BUF_INIT;

    buf_adds(&input, server);
    return MIN_OF(call(name, file, "erase", &input, &answer, err), 0);
}
