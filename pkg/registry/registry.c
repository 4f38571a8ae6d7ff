#include "registry/internal.h"

#include "oci/manifest.h"

#include <strings.h>

static int find_tls(void *ctx, const char *authority, const char *origin, const struct http_tls **ret, struct err *err)
{
    struct registry *r = ctx;

    return registry_certs_find(r->certs, authority, origin, ret, err);
}

int registry_new(const struct config *config, const struct registry_options *options, struct registry **ret,
                 struct err *err)
{
    struct registry *r = mem_zalloc(1, sizeof(*r));
    struct http_options http = {
        .interrupted = options ? options->interrupted : NULL,
        .user_agent = "cbox",
        .tls = find_tls,
        .ctx = r,
    };
    int status = http_new(&http, &r->http, err);

    if (status < 0) {
        free(r);
        return status;
    }
    r->config = config;
    r->insecure = options && options->insecure;
    r->certs = registry_certs_new(config, r->insecure);
    *ret = r;
    return 0;
}

void registry_free(struct registry *r)
{
    /* Transfers first: they point at all the others. */
    http_free(r->http);
    registry_downloads_release(r);
    registry_uploads_release(r);
    registry_requests_release(r);
    registry_calls_release(r);
    registry_tokens_release(r);
    registry_endpoints_release(r);
    registry_certs_free(r->certs);
    registry_credentials_release(&r->credentials);
    free(r);
}

/* A request that is waited for. */
struct fetch {
    struct buf *out;
    size_t before;               /* bytes in `out` that are not ours */
    const struct digest *digest; /* to be verified, or NULL */
    int64_t size;                /* or -1 */
    enum digest_algorithm algorithm;
    struct digest_computed computed;
    char *media_type;
    struct registry_page *page; /* of another kind than manifest and blob: nothing is digested */
    bool manifest;
    bool done;
    int status;
    struct err err;
};

static int on_data(void *ctx, const void *bytes, size_t len, struct err *err)
{
    struct fetch *f = ctx;

    return buf_append(f->out, bytes, len, err);
}

static int on_restart(void *ctx, struct err *err)
{
    struct fetch *f = ctx;

    (void)err;
    f->out->len = f->before;
    return 0;
}

/* What the server says about the digest of a manifest that was asked for by tag. */
static int check_promise(const struct fetch *f, const struct http_response *response, struct err *err)
{
    const char *text = http_response_header(response, "Docker-Content-Digest", 0);
    struct digest promised;

    if (f->digest || !text || digest_parse(text, &promised, NULL) < 0 || promised.algorithm != f->algorithm)
        return 0;
    return digest_verify(&promised, -1, &f->computed, err);
}

/* A manifest that was asked for by tag has nothing else to be judged by. What is one of a kind that nobody can use is
 * one all the same. */
static int check_is_document(const struct fetch *f, struct err *err)
{
    enum oci_document kind;
    struct err why = ERR_INIT;

    if (f->digest ||
        oci_document_identify(NULL, f->out->p + f->before, f->out->len - f->before, &kind, &why) != ERR_INVALID)
        return 0;
    if (err)
        *err = why;
    return ERR_INVALID;
}

static int on_check(void *ctx, const struct http_response *response, struct err *err)
{
    struct fetch *f = ctx;
    const char *type = http_response_header(response, "Content-Type", 0);
    int r;

    if (f->page) {
        str_replace(&f->page->link, str_dup(http_response_header(response, "Link", 0)));
        str_replace(&f->page->date, str_dup(http_response_header(response, "Date", 0)));
        return 0;
    }
    if (f->manifest && type && strncasecmp(type, "text/html", 9) == 0) {
        err_set(err, ERR_INVALID, "%s answers with an HTML page instead of a manifest", response->authority);
        return err_hint(err, "is there a proxy or a login page in between?");
    }
    r = digest_compute(f->algorithm, f->out->p + f->before, f->out->len - f->before, &f->computed, err);
    if (r < 0)
        return r;
    r = f->digest ? digest_verify(f->digest, f->size, &f->computed, err) : check_promise(f, response, err);
    if (r == 0 && f->manifest)
        r = check_is_document(f, err);
    if (r < 0)
        return err_wrap(err, "from %s", response->authority);
    str_replace(&f->media_type, str_dup(type));
    return 0;
}

static void on_done(void *ctx, int status, const struct err *err)
{
    struct fetch *f = ctx;

    f->done = true;
    f->status = status;
    if (err)
        f->err = *err;
}

static const struct registry_request_ops fetch_ops = {on_data, on_restart, on_check, on_done};

/* Errors about content say whose it is; those about hosts and rights name their subject already. */
static void name_subject(const struct registry_request_options *options, struct err *err)
{
    _cleanup_free_ char *name = oci_reference_familiar(options->ref);
    char digest[DIGEST_TEXT_MAX];

    if (options->target || (err->kind != ERR_CORRUPT && err->kind != ERR_LIMIT && err->kind != ERR_INVALID))
        return;
    if (options->manifest)
        err_wrap(err, "manifest for %s", name);
    else
        err_wrap(err, "blob %s of %s", digest_format(options->digest, digest), name);
}

static int fetch(struct registry *r, const struct registry_request_options *options, struct fetch *f, struct err *err)
{
    struct registry_repository *repository;
    struct registry_request *q;
    int status = registry_repository_get(r, options->ref, &repository, err);

    if (status < 0)
        return status;
    f->before = f->out->len;
    buf_reserve(f->out, 0); /* so that there are bytes to hash even of an empty answer */
    q = registry_request_new(r, repository, options, &fetch_ops, f);
    while (!f->done) {
        status = http_wait(r->http, NULL, 0, -1, err);
        if (status < 0 && !f->done) {
            registry_request_cancel(q);
            return status;
        }
        registry_begin_queued(r);
    }
    if (f->status < 0 && err) {
        *err = f->err;
        name_subject(options, err);
    }
    return f->status;
}

void registry_manifest_release(struct registry_manifest *m)
{
    buf_free(&m->bytes);
    free(m->media_type);
    m->media_type = NULL;
}

int registry_fetch_manifest(struct registry *r, const struct oci_reference *ref, const struct digest *digest,
                            struct registry_manifest *ret, struct err *err)
{
    struct registry_request_options options = {.ref = ref, .digest = digest, .manifest = true, .size = -1};
    struct fetch f = {.manifest = true, .size = -1, .algorithm = DIGEST_SHA256};
    int status;

    if (!digest && ref->digest.algorithm)
        options.digest = &ref->digest;
    if (!options.digest && !ref->tag)
        return err_set(err, ERR_INVALID, "reference with neither tag nor digest");
    f.digest = options.digest;
    if (f.digest)
        f.algorithm = f.digest->algorithm;
    *ret = (struct registry_manifest){.bytes = BUF_INIT_MAX(OCI_MANIFEST_MAX)};
    f.out = &ret->bytes;
    status = fetch(r, &options, &f, err);
    ret->media_type = f.media_type;
    ret->digest = f.computed;
    if (status < 0)
        registry_manifest_release(ret);
    return status;
}

int registry_fetch_blob(struct registry *r, const struct oci_reference *ref, const struct oci_descriptor *blob,
                        struct buf *out, struct err *err)
{
    struct registry_request_options options = {.ref = ref, .digest = &blob->digest, .size = blob->size};
    struct fetch f = {.out = out, .digest = &blob->digest, .size = blob->size, .algorithm = blob->digest.algorithm};
    size_t before = out->len;
    int status;

    if (out->max && blob->size > (int64_t)(out->max - out->len))
        return err_set(err, ERR_LIMIT, "blob of %lld bytes; at most %zu are supported", (long long)blob->size,
                       out->max - out->len);
    status = fetch(r, &options, &f, err);
    free(f.media_type);
    if (status < 0 && out->p) {
        out->len = before;
        out->p[before] = 0;
    }
    return status;
}

void registry_page_release(struct registry_page *p)
{
    buf_free(&p->bytes);
    free(p->link);
    free(p->date);
    p->link = p->date = NULL;
}

int registry_fetch_page(struct registry *r, const struct registry_request_options *options, struct registry_page *ret,
                        struct err *err)
{
    struct fetch f = {.out = &ret->bytes, .page = ret, .size = -1};
    struct registry_repository *repository;
    int status = fetch(r, options, &f, err);

    if (status < 0)
        return status;
    status = registry_repository_get(r, options->ref, &repository, err);
    ret->endpoint = status < 0 ? 0 : repository->preferred;
    return status;
}
