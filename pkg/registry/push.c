/* Writing manifests, and asking for them: one request that is waited for. */
#include "registry/internal.h"

struct wait {
    bool done;
    int status;
    int answer;
    struct registry_problem what;
    const struct digest *digest; /* that the answer should name */
    struct err err;
};

int registry_check_digest(const struct http_response *response, const struct digest *expected, struct err *err)
{
    const char *text = http_response_header(response, "Docker-Content-Digest", 0);
    char digest[DIGEST_TEXT_MAX];
    struct digest said;

    if (!text || digest_parse(text, &said, NULL) < 0 || said.algorithm != expected->algorithm ||
        digest_equal(&said, expected))
        return 0;
    return err_set(err, ERR_CORRUPT, "%s took %s for something else: %.100s", response->authority,
                   digest_format(expected, digest), text);
}

static void wait_done(void *ctx, int status, const struct http_response *response, const struct err *err)
{
    struct wait *w = ctx;

    w->done = true;
    w->answer = response->status;
    if (status < 0)
        w->err = *err;
    else if (response->status >= 200 && response->status < 300)
        status = registry_check_digest(response, w->digest, &w->err);
    else
        status = registry_problem_set(&w->what, response, &w->err);
    w->status = status;
}

static const struct registry_call_ops wait_ops = {.done = wait_done};

static int call_and_wait(struct registry *r, const struct oci_reference *ref, const struct registry_call_options *how,
                         struct wait *w, struct err *err)
{
    struct registry_repository *repository;
    struct registry_call *c;
    int status = registry_repository_get(r, ref, &repository, err);

    if (status < 0)
        return status;
    w->what = (struct registry_problem){.ref = ref, .digest = w->digest, .manifest = true, .push = true};
    c = registry_call_new(r, repository, how, &wait_ops, w);
    while (!w->done) {
        status = http_wait(r->http, NULL, 0, -1, err);
        if (status < 0 && !w->done) {
            registry_call_cancel(c);
            return status;
        }
        registry_begin_queued(r);
    }
    if (w->status < 0 && err)
        *err = w->err;
    return w->status;
}

int registry_has_manifest(struct registry *r, const struct oci_reference *ref, const struct digest *digest, bool *ret,
                          struct err *err)
{
    char text[DIGEST_TEXT_MAX];
    _cleanup_free_ char *path = str_printf("manifests/%s", digest_format(digest, text));
    struct registry_call_options how = {
        .method = "HEAD", .path = path, .headers = (char *const *)registry_accept_manifests};
    struct wait w = {.digest = digest};
    struct err why = ERR_INIT;
    int status = call_and_wait(r, ref, &how, &w, &why);

    *ret = status == 0;
    /* An answer that is none to the question leaves it to the push to find out. */
    if (status == 0 || (w.done && w.answer))
        return 0;
    if (err)
        *err = why;
    return status;
}

int registry_push_manifest(struct registry *r, const struct oci_reference *ref, bool by_digest, const void *bytes,
                           size_t len, const char *media_type, struct digest_computed *ret, struct err *err)
{
    enum digest_algorithm algorithm = by_digest && ref->digest.algorithm ? ref->digest.algorithm : DIGEST_SHA256;
    char text[DIGEST_TEXT_MAX];
    _cleanup_free_ char *path = NULL, *type = str_printf("Content-Type: %s", media_type);
    char *headers[] = {type, NULL};
    struct wait w = {0};
    int status = digest_compute(algorithm, bytes, len, ret, err);

    if (status < 0)
        return status;
    w.digest = &ret->digest;
    path = str_printf("manifests/%s", by_digest || !ref->tag ? digest_format(&ret->digest, text) : ref->tag);
    return call_and_wait(r, ref,
                         &(struct registry_call_options){
                             .method = "PUT",
                             .path = path,
                             .headers = headers,
                             .body = {.bytes = bytes, .size = (int64_t)len},
                         },
                         &w, err);
}
