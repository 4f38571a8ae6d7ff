#include "registry/internal.h"

#include "base/num.h"

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

static int denied(const struct registry_problem *what, const struct http_response *response, const char *said,
                  struct err *err)
{
    _cleanup_free_ char *name = NULL;

    if (!*what->ref->path)
        return err_set(err, ERR_AUTH, "%s denies access%s%s", response->authority, *said ? ": " : "", said);
    name = oci_reference_familiar_name(what->ref);
    err_set(err, ERR_AUTH, "pull access denied for %s, repository does not exist or may require authorization%s%s",
            name, *said ? ": " : "", said);
    return err_hint(err, "log in with: cbox login %s", what->ref->domain);
}

/* "100;w=21600" is 100 in six hours. draft-ietf-httpapi-ratelimit-headers, as Docker Hub has it. */
static bool read_limit(const struct http_response *response, const char *header, int64_t *ret, int64_t *ret_window)
{
    const char *text = http_response_header(response, header, 0);
    _cleanup_strv_ char **parts = text ? strv_split(text, ';') : NULL;
    const char *window;

    *ret_window = 0;
    if (!parts || num_parse_i64(parts[0], 0, INT32_MAX, ret, NULL) < 0)
        return false;
    window = parts[1] ? str_after(parts[1] + strspn(parts[1], " "), "w=") : NULL;
    if (window)
        num_parse_i64(window, 1, INT32_MAX, ret_window, NULL);
    return true;
}

/* "6 hours", "90 minutes", "30 seconds" */
static void add_span(struct buf *text, int64_t seconds)
{
    static const struct {
        int64_t seconds;
        const char *name;
    } units[] = {{3600, "hour"}, {60, "minute"}, {1, "second"}};
    size_t i = 0;

    while (seconds % units[i].seconds)
        i++;
    buf_addf(text, "%lld %s%s", (long long)(seconds / units[i].seconds), units[i].name,
             seconds == units[i].seconds ? "" : "s");
}

/* "; 0 of 100 pulls in 6 hours are left for 192.0.2.1" */
static void add_limits(struct buf *text, const struct http_response *response)
{
    const char *source = http_response_header(response, "Docker-RateLimit-Source", 0);
    int64_t limit = 0, left = 0, window = 0, other;
    bool has_limit = read_limit(response, "RateLimit-Limit", &limit, &window);

    if (read_limit(response, "RateLimit-Remaining", &left, &other))
        buf_addf(text, "; %lld", (long long)left);
    else if (has_limit)
        buf_adds(text, "; none");
    else
        return;
    if (has_limit)
        buf_addf(text, " of %lld pulls", (long long)limit);
    if (has_limit && window) {
        buf_adds(text, " in ");
        add_span(text, window);
    }
    buf_adds(text, " are left");
    if (!str_empty(source))
        buf_addf(text, " for %.100s", source);
}

static int limited(const struct http_response *response, const char *said, struct err *err)
{
    const char *retry = http_response_header(response, "Retry-After", 0);
    bool is_hub = registry_is_docker_hub(response->authority) || strcmp(response->authority, "auth.docker.io") == 0;
    _cleanup_buf_ struct buf text = BUF_INIT, wait = BUF_INIT;
    int64_t seconds = 0;

    buf_addf(&text, "%s answers with status 429 (too many requests)%s%s", response->authority, *said ? ": " : "", said);
    add_limits(&text, response);
    if (retry)
        num_parse_i64(retry, 1, INT32_MAX, &seconds, NULL);
    if (seconds)
        add_span(&wait, seconds);
    err_set(err, ERR_NETWORK, "%s", buf_str(&text));
    return err_hint(err, "wait %s, or log in for a higher limit: cbox login%s%s", wait.len ? wait.p : "a while",
                    is_hub ? "" : " ", is_hub ? "" : response->authority);
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
    if (kind == ERR_AUTH)
        return err_hint(err, "log in as somebody who may push there: cbox login %s", what->ref->domain);
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
    if (status == 429)
        return limited(response, said, err);
    if (status == 401 || status == 403 || has_code(&errors, "DENIED") || has_code(&errors, "UNAUTHORIZED"))
        return denied(what, response, said, err);
    if (status == 404 && what->missing)
        return err_set(err, ERR_NOT_FOUND, "%s%s%s", what->missing, colon, said);
    if (status == 404 && has_code(&errors, "NAME_UNKNOWN"))
        return err_set(err, ERR_NOT_FOUND, "repository %s not found%s%s", name, colon, said);
    if (status == 404)
        return err_set(err, ERR_NOT_FOUND, "%s %s not found%s%s", what->manifest ? "manifest for" : "blob", name, colon,
                       said);
    return err_set(err, status >= 500 ? ERR_NETWORK : ERR_INVALID, "%s answers with status %d (%s)%s%s",
                   response->authority, status, reason(status), colon, said);
}

int registry_problem_limited(const struct http_response *response, struct err *err)
{
    _cleanup_(errors_release) struct errors errors = {0};
    _cleanup_free_ char *said = NULL;

    json_parse(buf_str(&response->body), response->body.len, &errors_type, &errors, NULL);
    said = say(&errors);
    return limited(response, said, err);
}

void registry_problem_hint(const struct config *config, const struct http_response *response, struct err *err)
{
    const char *dir = config->certs_dirs ? config->certs_dirs[0] : "/etc/cbox/certs.d";

    if (response->failure == HTTP_UNKNOWN_AUTHORITY)
        err_hint(err, "the certificate of its authority belongs into %s/%s/ca.crt", dir, response->authority);
    else if (response->failure == HTTP_WANTS_CERTIFICATE)
        err_hint(err, "it and its key belong into %s/%s as client.cert and client.key", dir, response->authority);
    else if (response->failure == HTTP_NO_TLS && err->kind == ERR_TLS)
        err_hint(err,
                 "a registry without TLS needs {\"registries\": {\"%s\": {\"insecure\": true}}} in the configuration",
                 response->authority);
}
