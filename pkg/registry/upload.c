/* Uploads of blobs: asked for, mounted, or sent. One is a row of steps, each a request; which comes next follows from
 * the answer.
 *
 *     CHECK   HEAD blob                 there: done
 *     BEGIN   POST uploads/[?mount=…]   201 done, 202 names the place of a session
 *     SEND    PATCH place               from where the session stands
 *     ASK     GET place                 after a failure: where does it stand?
 *     FINISH  PUT place?digest=…        with all bytes where the session takes no PATCH, or they are few
 *     VERIFY  HEAD blob                 after a failure of FINISH: it may be there all the same
 *
 * A session that cannot be gone on with is left to the registry to clean up, and a new one begun. */
#include "registry/internal.h"

#include "base/log.h"
#include "base/num.h"
#include "base/time.h"

enum {
    RUNNING_MAX = 5,   /* as Docker's */
    SMALL = 64 << 10,  /* sent within FINISH: going on in the middle saves nothing */
    SESSIONS_MAX = 12, /* begun for one blob */
};

enum step { STEP_QUEUED, STEP_CHECK, STEP_BEGIN, STEP_WANTED, STEP_SEND, STEP_ASK, STEP_FINISH, STEP_VERIFY };

struct registry_upload {
    struct registry_upload *next;
    struct registry *registry;
    struct registry_repository *repository;
    struct oci_reference ref;
    struct digest digest;
    int64_t size;
    char *from; /* or NULL */
    const struct registry_upload_ops *ops;
    void *ctx;

    enum step step;
    int fd;     /* -1: not given yet */
    bool asked; /* for the bytes */
    bool whole; /* the session takes no PATCH */
    struct registry_location place;
    int64_t at, reached; /* what the session has; the most that any had */
    int sessions, failures;
    int64_t not_before;
    struct registry_call *call;
};

static void upload_free(struct registry_upload *u)
{
    struct registry_upload **at = &u->registry->uploads;

    while (*at != u)
        at = &(*at)->next;
    *at = u->next;
    oci_reference_release(&u->ref);
    registry_location_release(&u->place);
    free(u->from);
    free(u);
}

static void end(struct registry_upload *u, int status, enum registry_uploaded how, const struct err *err)
{
    struct err copy = err ? *err : ERR_INIT;
    const struct registry_upload_ops *ops = u->ops;
    struct registry *r = u->registry;
    void *ctx = u->ctx;

    upload_free(u);
    r->ended++;
    ops->done(ctx, status, how, status < 0 ? &copy : NULL);
}

static void fail(struct registry_upload *u, const struct err *err)
{
    end(u, err->kind, REGISTRY_SENT, err);
}

static bool is_success(const struct http_response *response)
{
    return response->status >= 200 && response->status < 300;
}

/* The answer is no, or says yes and means it not. */
static void refused(struct registry_upload *u, const struct http_response *response)
{
    struct err failure = ERR_INIT;

    if (is_success(response))
        err_set(&failure, ERR_NETWORK, "%s keeps nothing of what it is sent", response->authority);
    else
        registry_problem_set(&(struct registry_problem){.ref = &u->ref, .digest = &u->digest, .push = true}, response,
                             &failure);
    fail(u, &failure);
}

/* ---- requests ---- */

static void answered(void *ctx, int status, const struct http_response *response, const struct err *err);
static void on_sent(void *ctx, int64_t now);

static const struct registry_call_ops call_ops = {.done = answered, .sent = on_sent};

static void call(struct registry_upload *u, enum step step, struct registry_call_options options)
{
    u->step = step;
    options.mount_from = u->from;
    options.not_before = u->not_before;
    u->not_before = 0;
    u->call = registry_call_new(u->registry, u->repository, &options, &call_ops, u);
}

static void on_sent(void *ctx, int64_t now)
{
    struct registry_upload *u = ctx;

    if (u->ops->sent)
        u->ops->sent(u->ctx, u->at + now);
}

static void look(struct registry_upload *u, enum step step)
{
    char digest[DIGEST_TEXT_MAX];
    _cleanup_free_ char *path = str_printf("blobs/%s", digest_format(&u->digest, digest));

    call(u, step, (struct registry_call_options){.method = "HEAD", .path = path});
}

static void begin(struct registry_upload *u)
{
    char digest[DIGEST_TEXT_MAX];
    bool mount = u->from && !u->sessions;
    _cleanup_free_ char *path =
        mount ? str_printf("blobs/uploads/?mount=%s&from=%s", digest_format(&u->digest, digest), u->from)
              : str_dup("blobs/uploads/");

    u->sessions++;
    u->at = 0;
    registry_location_release(&u->place);
    call(u, STEP_BEGIN, (struct registry_call_options){.method = "POST", .path = path});
}

static struct http_body rest(const struct registry_upload *u)
{
    return (struct http_body){.fd = u->fd, .offset = u->at, .size = u->size - u->at};
}

static void finish(struct registry_upload *u)
{
    char digest[DIGEST_TEXT_MAX], *type[] = {(char *)"Content-Type: application/octet-stream", NULL};
    struct registry_location place = {.foreign = u->place.foreign};
    size_t plain = strcspn(u->place.url, "#");
    struct registry_call_options how = {.method = "PUT", .location = &place, .headers = type, .once = true};

    place.url = str_printf("%.*s%cdigest=%s", (int)plain, u->place.url, strchr(u->place.url, '?') ? '&' : '?',
                           digest_format(&u->digest, digest));
    how.body = rest(u);
    call(u, STEP_FINISH, how);
    registry_location_release(&place);
}

static void send_rest(struct registry_upload *u)
{
    _cleanup_free_ char *range = str_printf("Content-Range: %lld-%lld", (long long)u->at, (long long)u->size - 1);
    /* The first one does without, as Docker's: there are registries that know no ranges. */
    char *headers[] = {(char *)"Content-Type: application/octet-stream", u->at ? range : NULL, NULL};
    struct registry_call_options how = {.method = "PATCH", .location = &u->place, .headers = headers, .once = true};

    how.body = rest(u);
    call(u, STEP_SEND, how);
}

static void ask(struct registry_upload *u)
{
    call(u, STEP_ASK, (struct registry_call_options){.method = "GET", .location = &u->place});
}

/* On with a session that there is. */
static void go_on(struct registry_upload *u)
{
    if (u->fd < 0)
        u->step = STEP_WANTED;
    else if (u->at == u->size || u->whole || (u->at == 0 && u->size <= SMALL))
        finish(u);
    else
        send_rest(u);
}

/* The bytes are asked for when it is certain that they are needed. */
static void want(struct registry_upload *u)
{
    struct err err = ERR_INIT;

    u->step = STEP_WANTED;
    if (!u->asked) {
        u->asked = true;
        if (u->ops->wanted(u->ctx, &err) < 0) {
            fail(u, &err);
            return;
        }
    }
    if (u->fd >= 0 && u->step == STEP_WANTED)
        go_on(u);
}

void registry_upload_send(struct registry_upload *u, int fd)
{
    u->fd = fd;
    /* Inside of wanted() the rest is done by its caller. */
    if (u->asked && u->step == STEP_WANTED)
        go_on(u);
}

/* ---- failures ---- */

/* Counts a failure that may pass: false where there were enough, and then the upload has ended. */
static bool may_go_on(struct registry_upload *u, const struct http_response *response, const struct err *err)
{
    int64_t pause;

    if (u->at > u->reached) {
        u->reached = u->at;
        u->failures = 0;
    }
    u->failures++;
    pause = http_pause(u->registry->http, response, u->failures);
    if (u->failures < REGISTRY_FAILURES_MAX && u->sessions < SESSIONS_MAX && pause >= 0) {
        log_debug("registry: upload of %.12s stopped at %lld: %s", u->digest.hex, (long long)u->at,
                  err ? err->text : "the registry lost it");
        u->not_before = time_monotonic() + pause;
        return true;
    }
    if (err)
        fail(u, err);
    else
        refused(u, response);
    return false;
}

/* The session is not, or no longer, what it should be. */
static void begin_again(struct registry_upload *u, const struct http_response *response)
{
    u->at = 0;
    if (may_go_on(u, response, NULL))
        begin(u);
}

/* ---- answers ---- */

/* How many bytes the session has, from "Range: 0-99"; 0 where there is none, or nothing that can be believed. "0-0" is
 * what some say of none and others of one. */
static int64_t range_of(const struct registry_upload *u, const struct http_response *response)
{
    const char *text = http_response_header(response, "Range", 0);
    const char *bytes = text ? str_after(text, "bytes=") : NULL;
    int64_t last;

    text = bytes ? bytes : text;
    if (!text || strncmp(text, "0-", 2) != 0 || num_parse_i64(text + 2, 0, u->size - 1, &last, NULL) < 0)
        return 0;
    return last ? last + 1 : 0;
}

static void checked(struct registry_upload *u, const struct http_response *response)
{
    const char *text = http_response_header(response, "Content-Length", 0);
    int64_t length;

    if (is_success(response) && (!text || num_parse_i64(text, 0, INT64_MAX, &length, NULL) < 0 || length == u->size)) {
        end(u, 0, u->step == STEP_VERIFY ? REGISTRY_SENT : REGISTRY_EXISTED, NULL);
        return;
    }
    /* Whatever else it says, the next answer decides. */
    begin(u);
}

static void begun(struct registry_upload *u, const struct http_response *response)
{
    struct err failure = ERR_INIT;

    if (response->status == 201 && u->from && u->sessions == 1) {
        end(u, 0, REGISTRY_MOUNTED, NULL);
        return;
    }
    if (response->status != 202 && response->status != 201) {
        /* It may be the other repository that must not be read. */
        if (u->from && u->sessions == 1 && response->status >= 400 && response->status < 500) {
            str_replace(&u->from, NULL);
            begin(u);
        } else
            refused(u, response);
        return;
    }
    if (registry_location_set(&u->place, u->repository, response, &failure) < 0)
        fail(u, &failure);
    else
        want(u);
}

static void sent(struct registry_upload *u, const struct http_response *response)
{
    struct err failure = ERR_INIT;
    bool told = http_response_header(response, "Range", 0);
    int64_t at = told ? range_of(u, response) : u->size;

    if (response->status == 405 || response->status == 501) {
        u->whole = true;
        if (u->at)
            begin_again(u, response);
        else
            go_on(u);
        return;
    }
    if (response->status == 404) {
        begin_again(u, response);
        return;
    }
    if (response->status == 416) { /* it has more or less than we think */
        if (may_go_on(u, response, NULL))
            ask(u);
        return;
    }
    if (!is_success(response)) {
        refused(u, response);
        return;
    }
    if (registry_location_set(&u->place, u->repository, response, &failure) < 0) {
        fail(u, &failure);
        return;
    }
    if (told && at <= u->at) {
        begin_again(u, response); /* it took nothing */
        return;
    }
    u->at = at;
    go_on(u);
}

static void asked(struct registry_upload *u, const struct http_response *response)
{
    struct err failure = ERR_INIT;

    u->at = is_success(response) ? range_of(u, response) : 0;
    if (!u->at)
        begin(u);
    else if (registry_location_set(&u->place, u->repository, response, &failure) < 0)
        fail(u, &failure);
    else
        go_on(u);
}

static void finished(struct registry_upload *u, const struct http_response *response)
{
    struct err failure = ERR_INIT;

    if (response->status == 404 || response->status == 416) {
        u->at = 0;
        if (may_go_on(u, response, NULL))
            look(u, STEP_VERIFY);
    } else if (!is_success(response))
        refused(u, response);
    else if (registry_check_digest(response, &u->digest, &failure) < 0)
        fail(u, &failure);
    else
        end(u, 0, REGISTRY_SENT, NULL);
}

/* A failure that may pass, in a step that is not tried again by itself. */
static void stopped(struct registry_upload *u, const struct http_response *response, const struct err *err)
{
    struct err failure = ERR_INIT;

    if (err)
        failure = *err;
    else
        registry_problem_set(&(struct registry_problem){.ref = &u->ref, .digest = &u->digest, .push = true}, response,
                             &failure);
    if (!may_go_on(u, response, &failure))
        return;
    if (u->step == STEP_FINISH)
        look(u, STEP_VERIFY);
    else
        ask(u);
}

static void answered(void *ctx, int status, const struct http_response *response, const struct err *err)
{
    static void (*const judges[])(struct registry_upload *, const struct http_response *) = {
        [STEP_CHECK] = checked, [STEP_BEGIN] = begun,     [STEP_SEND] = sent,
        [STEP_ASK] = asked,     [STEP_FINISH] = finished, [STEP_VERIFY] = checked,
    };
    struct registry_upload *u = ctx;

    u->call = NULL;
    if ((u->step == STEP_SEND || u->step == STEP_FINISH) && http_may_pass(status, response))
        stopped(u, response, err);
    else if (status == ERR_AUTH && u->from) {
        /* A token server may give nothing where it would not give everything. */
        str_replace(&u->from, NULL);
        look(u, STEP_CHECK);
    } else if (status < 0)
        fail(u, err);
    else
        judges[u->step](u, response);
}

/* ---- the queue ---- */

struct registry_upload *registry_upload(struct registry *r, const struct oci_reference *ref,
                                        const struct oci_descriptor *blob, const char *from,
                                        const struct registry_upload_ops *ops, void *ctx)
{
    struct registry_upload *u = mem_zalloc(1, sizeof(*u)), **at = &r->uploads;

    u->registry = r;
    oci_reference_copy(ref, &u->ref);
    u->digest = blob->digest;
    u->size = blob->size;
    u->from = from && strcmp(from, ref->path) != 0 ? str_dup(from) : NULL;
    u->ops = ops;
    u->ctx = ctx;
    u->fd = -1;
    while (*at)
        at = &(*at)->next;
    *at = u;
    return u;
}

static void start(struct registry_upload *u)
{
    struct err err = ERR_INIT;

    if (registry_repository_get(u->registry, &u->ref, &u->repository, &err) < 0)
        fail(u, &err);
    else
        look(u, STEP_CHECK);
}

void registry_uploads_begin(struct registry *r)
{
    struct registry_upload *queued;

    /* done() may change the list, so every look at it starts from its beginning. */
    do {
        size_t running = 0;

        queued = NULL;
        for (struct registry_upload *u = r->uploads; u; u = u->next) {
            running += u->step != STEP_QUEUED;
            if (!queued && u->step == STEP_QUEUED)
                queued = u;
        }
        if (running >= RUNNING_MAX)
            return;
        if (queued)
            start(queued);
    } while (queued);
}

void registry_upload_cancel(struct registry_upload *u)
{
    if (u->call)
        registry_call_cancel(u->call);
    upload_free(u);
}

size_t registry_uploads(const struct registry *r)
{
    size_t n = 0;

    for (const struct registry_upload *u = r->uploads; u; u = u->next)
        n++;
    return n;
}

void registry_uploads_release(struct registry *r)
{
    while (r->uploads)
        upload_free(r->uploads);
}
