/* The client side of the OCI distribution specification: manifests and blobs of a registry or its mirrors, read and
 * written.
 *
 * One client serves one process in one thread. It keeps connections, tokens and what it learnt about hosts between
 * calls, so a pull uses one client for everything. Nothing of it may be used in a forked child, and closing the
 * inherited descriptors there is enough.
 *
 * Where a reference's registry has mirrors they are asked first, in order; one that fails is passed over, and asked
 * last for the rest of the client's life when it could not be reached or gave wrong bytes. Names, tokens and redirects
 * are trusted with nothing: what comes back is checked against a digest, here for manifests and small blobs, by the
 * caller for downloads. Failures that pass (resets, stalls, 429, 5xx) are tried again with growing pauses, downloads
 * from where they stood.
 *
 * Errors are in Docker's words where Docker has them: ERR_NOT_FOUND "manifest for alpine:nope not found: …", ERR_AUTH
 * "pull access denied for x, repository does not exist or may require authorization: …", ERR_NETWORK, ERR_TLS with the
 * place for a certificate as hint, ERR_LIMIT, ERR_CORRUPT, ERR_INTERRUPTED.
 */
#pragma once

#include "base/buf.h"
#include "config/config.h"
#include "oci/descriptor.h"
#include "oci/reference.h"

#include <poll.h>
#include <signal.h>
#include <stdbool.h>

struct registry;

/* How one client differs from another; zeroes are the usual ways. */
struct registry_options {
    /* When it becomes non-zero (in a signal handler) every call ends with ERR_INTERRUPTED; may be NULL. */
    const volatile sig_atomic_t *interrupted;
    /* --tls-verify=false: every host is taken as if the configuration called it insecure. */
    bool insecure;
};

/* Opens libcurl (ERR_UNSUPPORTED without it). The user's credentials are read when somebody asks for them
 * (registry/credentials.h). `config` is borrowed for the client's life; `options` may be NULL. */
int registry_new(const struct config *config, const struct registry_options *options, struct registry **ret,
                 struct err *err);

/* Gives up what is under way without calling back. */
void registry_free(struct registry *r);
MEM_DEFINE_CLEANUP(struct registry, registry_free);

struct registry_manifest {
    struct buf bytes; /* at most OCI_MANIFEST_MAX */
    char *media_type; /* as delivered; NULL where the server named none */
    struct digest_computed digest;
};

void registry_manifest_release(struct registry_manifest *m);
#define _cleanup_registry_manifest_ _cleanup_(registry_manifest_release)

/* Fetches the manifest or index that `digest` names in the repository of `ref`, or, with NULL, the one of the
 * reference's digest, or else of its tag. With a digest the bytes are verified (ERR_CORRUPT). The caller releases
 * `ret` after 0. Waits; downloads under way move on meanwhile. */
int registry_fetch_manifest(struct registry *r, const struct oci_reference *ref, const struct digest *digest,
                            struct registry_manifest *ret, struct err *err);

/* Appends a small blob to `out`, verified in size and digest. ERR_LIMIT where it would be larger than `out->max`. */
int registry_fetch_blob(struct registry *r, const struct oci_reference *ref, const struct oci_descriptor *blob,
                        struct buf *out, struct err *err);

/* What a download calls, from inside registry_wait() or any other call of the client. None of them may free the
 * client; starting and cancelling downloads is allowed. */
struct registry_download_ops {
    /* The next bytes. A failure (set in `err`) ends the download with it. */
    int (*data)(void *ctx, const void *bytes, size_t len, struct err *err);
    /* The server cannot continue in the middle: data starts at the blob's first byte again. */
    int (*restart)(void *ctx, struct err *err);
    /* Called exactly once unless cancelled: status 0 when all `size` bytes were handed over, or the failure, with
     * `err`. The download is gone afterwards. */
    void (*done)(void *ctx, int status, const struct err *err);
    /* Judges what was handed over when all of it was; may be NULL. With ERR_CORRUPT the bytes were the wrong ones:
     * where there is another place to get them from, restart() is called and that one is asked; else the download ends
     * so. */
    int (*check)(void *ctx, struct err *err);
};

struct registry_download;

/* Queues the download of a blob from byte `start` (0 <= start <= size) on; at most max_concurrent_downloads of the
 * configuration run at once, in the order of their start. Nothing is called before registry_wait(). No more than the
 * descriptor's size is ever handed over; the digest is the caller's to check (check()). A layer of a type that
 * registries may not have ("nondistributable") is asked of its URLs, https alone, where they do not have it. `ops` is
 * borrowed until the end, all else is copied. The handle is good until done() was called. */
struct registry_download *registry_download(struct registry *r, const struct oci_reference *ref,
                                            const struct oci_descriptor *blob, int64_t start,
                                            const struct registry_download_ops *ops, void *ctx);

/* Ends a download without a call of done(). */
void registry_download_cancel(struct registry_download *d);

/* Downloads that are queued or running. */
size_t registry_downloads(const struct registry *r);

/* ---- writing ----
 *
 * What is written goes to the registry itself, never to a mirror. OCI distribution specification 1.1, "Push". Errors
 * are ERR_AUTH "denied: requested access to the resource is denied" and the like, in the registry's own words where it
 * has some; ERR_LIMIT where it takes nothing so large; ERR_UNSUPPORTED where it takes no pushes. */

/* Whether the repository of `ref` has a manifest, which then has all of its content. A registry that does not say has
 * it not. Waits; transfers under way move on meanwhile. */
int registry_has_manifest(struct registry *r, const struct oci_reference *ref, const struct digest *digest, bool *ret,
                          struct err *err);

/* Stores a manifest or index, byte for byte, whose content is there already: under the tag of `ref`, or by its digest,
 * which is computed here (with the algorithm of `ref->digest`, where it has one). Waits as well. */
int registry_push_manifest(struct registry *r, const struct oci_reference *ref, bool by_digest, const void *bytes,
                           size_t len, const char *media_type, struct digest_computed *ret, struct err *err);

enum registry_uploaded {
    REGISTRY_EXISTED, /* nothing was to be done */
    REGISTRY_MOUNTED, /* from another repository */
    REGISTRY_SENT,
};

/* What an upload calls, as a download does. */
struct registry_upload_ops {
    /* The registry lacks the blob: registry_upload_send() is to be called, now or later. A failure ends the upload. */
    int (*wanted)(void *ctx, struct err *err);
    void (*sent)(void *ctx, int64_t now); /* `now` bytes are on their way, sometimes less than before; may be NULL */
    /* Called exactly once unless cancelled; the upload is gone afterwards. `how` counts with status 0. */
    void (*done)(void *ctx, int status, enum registry_uploaded how, const struct err *err);
};

struct registry_upload;

/* Queues the upload of a blob: nothing is sent where it is there already, or can be had from the repository `from` (a
 * path at the same registry, or NULL). Five run at once, in the order of their start. As with downloads nothing is
 * called before registry_wait(), `ops` is borrowed, all else is copied, and the handle is good until done(). */
struct registry_upload *registry_upload(struct registry *r, const struct oci_reference *ref,
                                        const struct oci_descriptor *blob, const char *from,
                                        const struct registry_upload_ops *ops, void *ctx);

/* The blob's bytes, all of them and nothing else, in a file that is the caller's and stays open until the end. */
void registry_upload_send(struct registry_upload *u, int fd);

/* Ends an upload without a call of done(). */
void registry_upload_cancel(struct registry_upload *u);

/* Uploads that are queued or running. */
size_t registry_uploads(const struct registry *r);

/* Moves downloads and uploads on until one of the caller's `fds` is ready, or `timeout_ms` (-1: none) has passed, or
 * one of them came to its end, or none is left. Returns how many of `fds` are ready, with their revents set as poll(2)
 * does, or ERR_INTERRUPTED. Without any it is a plain poll. */
int registry_wait(struct registry *r, struct pollfd *fds, size_t n_fds, int timeout_ms, struct err *err);
