#include "registry/internal.h"

/* OCI distribution specification, "Error Codes". */
struct entry {
    char *code, *message;
};

struct errors {
    VEC(struct entry) list;
};

static const struct json_field entry_fields[] = {
    JSON_FIELD(struct entry, "code", JSON_K_STRING, code),
    JSON_FIELD(struct entry, "message", JSON_K_STRING, message),
};
static const struct json_type entry_type = {
    "error", sizeof(struct entry), entry_fields, ARRAY_SIZE(entry_fields), false,
};

static const struct json_field errors_fields[] = {
    JSON_FIELD(struct errors, "errors", JSON_K_ARRAY, list, .type = &entry_type),
};
static const struct json_type errors_type = {
    "errors", sizeof(struct errors), errors_fields, ARRAY_SIZE(errors_fields), false,
};

static void errors_release(struct errors *e)
{
    json_free(&errors_type, e);
}

/* "manifest unknown", "denied: requested access to the resource is denied"; "" where the server did not say. */
static char *say(const struct errors *errors)
{
    const struct entry *e = errors->list.n ? &errors->list.v[0] : NULL;
    _cleanup_free_ char *code = e ? str_dup(e->code ? e->code : "") : NULL;

    if (!e)
        return str_dup("");
    for (char *p = code; *p; p++)
        *p = *p == '_' ? ' ' : *p >= 'A' && *p <= 'Z' ? (char)(*p + ('a' - 'A')) : *p;
    if (str_empty(e->message) || strcmp(e->message, code) == 0)
        return steal_ptr(&code);
    return *code ? str_printf("%s: %s", code, e->message) : str_dup(e->message);
}

static bool has_code(const struct errors *errors, const char *code)
{
    VEC_FOREACH (e, &errors->list)
        if (str_eq(e->code, code))
            return true;
    return false;
}

/* "alpine:3.20", "alpine@sha256:…" */
static char *name_of(const struct registry_problem *what)
{
    _cleanup_free_ char *name = oci_reference_familiar_name(what->ref);
    char digest[DIGEST_TEXT_MAX];

    if (what->digest)
        return str_printf("%s@%s", name, digest_format(what->digest, digest));
    return oci_reference_familiar(what->ref);
}

static const char *reason(int status)
{
    static const struct {
        int status;
        const char *text;
    } reasons[] = {
        {400, "bad request"},
        {404, "not found"},
        {405, "method not allowed"},
        {406, "not acceptable"},
        {407, "proxy login"},
        {408, "timeout"},
        {410, "gone"},
        {413, "too large"},
        {416, "range not satisfiable"},
        {429, "too many requests"},
        {500, "server error"},
        {502, "bad gateway"},
        {503, "service unavailable"},
        {504, "gateway timeout"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
        if (reasons[i].status == status)
            return reasons[i].text;
    return "unexpected";
}

static int denied(const struct registry_problem *what, const char *said, struct err *err)
{
    _cleanup_free_ char *name = oci_reference_familiar_name(what->ref);

    err_set(err, ERR_AUTH, "pull access denied for %s, repository does not exist or may require authorization%s%s",
            name, *said ? ": " : "", said);
    return err_hint(err, "credentials for %s belong into \"auths\" of ~/.docker/config.json", what->ref->domain);
}

/* Docker shows what the registry says of a push, and nothing else. */
static int push_refused(const struct registry_problem *what, const struct http_response *response, const char *said,
                        struct err *err)
{
    static const struct {
        int status, kind;
        const char *usual; /* where it says nothing */
    } reasons[] = {
        {401, ERR_AUTH, "unauthorized: authentication required"},
        {403, ERR_AUTH, "denied: requested access to the resource is denied"},
        {404, ERR_NOT_FOUND, "name unknown: repository name not known to registry"},
        {405, ERR_UNSUPPORTED, "unsupported: the operation is unsupported"},
        {413, ERR_LIMIT, "size invalid: larger than the registry takes"},
    };
    _cleanup_free_ char *name = oci_reference_familiar_name(what->ref);
    int status = response->status, kind = status == 429 || status >= 500 ? ERR_NETWORK : ERR_INVALID;
    const char *usual = NULL;

    for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
        if (reasons[i].status == status) {
            usual = reasons[i].usual;
            kind = reasons[i].kind;
        }
    if (*said || usual)
        err_set(err, kind, "pushing to %s: %s", name, *said ? said : usual);
    else
        err_set(err, kind, "pushing to %s: %s answers with status %d (%s)", name, response->authority, status,
                reason(status));
    if (kind == ERR_UNSUPPORTED)
        return err_hint(err, "%s takes no pushes: it may be read-only, or a mirror", response->authority);
    return kind;
}

int registry_problem_set(const struct registry_problem *what, const struct http_response *response, struct err *err)
{
    _cleanup_(errors_release) struct errors errors = {0};
    _cleanup_free_ char *name = name_of(what), *said = NULL;
    const char *colon;
    int status = response->status;

    json_parse(buf_str(&response->body), response->body.len, &errors_type, &errors, NULL);
    said = say(&errors);
    if (what->push)
        return push_refused(what, response, said, err);
    colon = *said ? ": " : "";
    if (status == 401 || status == 403 || has_code(&errors, "DENIED") || has_code(&errors, "UNAUTHORIZED"))
        return denied(what, said, err);
    if (status == 404 && has_code(&errors, "NAME_UNKNOWN"))
        return err_set(err, ERR_NOT_FOUND, "repository %s not found%s%s", name, colon, said);
    if (status == 404)
        return err_set(err, ERR_NOT_FOUND, "%s %s not found%s%s", what->manifest ? "manifest for" : "blob", name, colon,
                       said);
    return err_set(err, status == 429 || status >= 500 ? ERR_NETWORK : ERR_INVALID,
                   "%s answers with status %d (%s)%s%s", response->authority, status, reason(status), colon, said);
}

void registry_problem_hint(const struct config *config, const struct http_response *response, struct err *err)
{
    const char *dir = config->certs_dirs ? config->certs_dirs[0] : "/etc/cbox/certs.d";

    if (response->failure == HTTP_UNKNOWN_AUTHORITY)
        err_hint(err, "the certificate of its authority belongs into %s/%s/ca.crt", dir, response->authority);
    else if (response->failure == HTTP_NO_TLS && err->kind == ERR_TLS)
        err_hint(err,
                 "a registry without TLS needs {\"registries\": {\"%s\": {\"insecure\": true}}} in the configuration",
                 response->authority);
}
