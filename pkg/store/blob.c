#include "store/blob.h"

#include "store/internal.h"
#include "sys/failpoint.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

enum {
    REREAD_CHUNK = 256 << 10,
    WRITE_BACK_CHUNK = 8 << 20,
};

struct store_ingest {
    struct store *store;
    struct digest digest;
    int64_t size;
    char name[STORE_PARTIAL_NAME_MAX]; /* below tmp/ */
    int fd;                            /* holds the lock */
    int64_t offset;
    int64_t written_back; /* up to here the kernel was asked to write */
    struct digest_stream *stream;
    bool verified;
};

char *store_digest_path(const struct digest *d, char ret[STORE_DIGEST_PATH_MAX])
{
    snprintf(ret, STORE_DIGEST_PATH_MAX, "%s/%s", digest_algorithm_name(d->algorithm), d->hex);
    return ret;
}

char *store_partial_name(const struct digest *d, char ret[STORE_PARTIAL_NAME_MAX])
{
    snprintf(ret, STORE_PARTIAL_NAME_MAX, STORE_PARTIAL_PREFIX "%s-%s", digest_algorithm_name(d->algorithm), d->hex);
    return ret;
}

static int open_tmp(const struct store_ingest *in, struct err *err)
{
    int tmp;
    int r = store_dir(in->store, STORE_TMP, &tmp, err);

    return r < 0 ? r : tmp;
}

/* Digests what an earlier process left, so that the computation can go on behind it. */
static int reread(struct store_ingest *in, struct err *err)
{
    _cleanup_free_ char *chunk = NULL;
    struct stat st;

    if (fstat(in->fd, &st) < 0)
        return err_errno(err, errno, "%s", in->name);
    if (st.st_size > in->size)
        return store_ingest_restart(in, err);
    chunk = mem_alloc(REREAD_CHUNK);
    while (in->offset < st.st_size) {
        ssize_t n = fd_pread_all(in->fd, chunk, REREAD_CHUNK, in->offset);

        if (n < 0)
            return err_errno(err, (int)-n, "reading %s", in->name);
        if (n == 0)
            break;
        digest_stream_update(in->stream, chunk, (size_t)n);
        in->offset += n;
    }
    in->written_back = in->offset;
    return 0;
}

int store_ingest_begin(struct store *s, const struct digest *digest, int64_t size, enum lock_wait wait,
                       struct store_ingest **ret, struct err *err)
{
    _cleanup_(store_ingest_free_cleanup) struct store_ingest *in = NULL;
    int tmp, r;

    *ret = NULL;
    if (size < 0)
        return err_set(err, ERR_INVALID, "a blob cannot have %lld bytes", (long long)size);
    if (store_blob_has(s, digest))
        return 0;
    in = mem_zalloc(1, sizeof(*in));
    *in = (struct store_ingest){.store = s, .digest = *digest, .size = size, .fd = -1};
    store_partial_name(digest, in->name);
    r = digest_stream_new(digest->algorithm, &in->stream, err);
    if (r == 0)
        r = store_dir(s, STORE_TMP, &tmp, err);
    if (r == 0)
        r = lock_take(tmp, in->name, LOCK_EXCLUSIVE, wait, &in->fd, err);
    if (r < 0)
        return r;
    if (store_blob_has(s, digest)) /* the one we waited for brought it */
        return 0;
    r = reread(in, err);
    if (r < 0)
        return r;
    failpoint("ingest-begun");
    *ret = steal_ptr(&in);
    return 0;
}

void store_ingest_free(struct store_ingest *in)
{
    int tmp;

    if (!in)
        return;
    /* An empty file is worth nothing; its lock goes with it, which lock_take() understands. */
    if (in->fd >= 0 && in->offset == 0) {
        tmp = open_tmp(in, NULL);
        if (tmp >= 0)
            unlinkat(tmp, in->name, 0);
    }
    fd_close(in->fd);
    digest_stream_free(in->stream);
    free(in);
}

void store_ingest_discard(struct store_ingest *in)
{
    in->offset = 0; /* store_ingest_free() removes it */
    in->verified = false;
}

int64_t store_ingest_offset(const struct store_ingest *in)
{
    return in->offset;
}

int64_t store_ingest_size(const struct store_ingest *in)
{
    return in->size;
}

const struct digest *store_ingest_digest(const struct store_ingest *in)
{
    return &in->digest;
}

int store_ingest_open(const struct store_ingest *in, int *ret_fd, struct err *err)
{
    int tmp = open_tmp(in, err);
    int fd;

    if (tmp < 0)
        return tmp;
    fd = openat(tmp, in->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return err_errno(err, errno, "opening %s", in->name);
    *ret_fd = fd;
    return 0;
}

static int pwrite_all(int fd, const char *data, size_t len, int64_t offset)
{
    while (len > 0) {
        ssize_t n = pwrite(fd, data, len, offset);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        data += n;
        len -= (size_t)n;
        offset += n;
    }
    return 0;
}

static int write_back_failed(const struct store_ingest *in, struct err *err)
{
    if (errno == ENOSYS || errno == EINVAL || errno == ESPIPE) /* not on this system */
        return 0;
    return err_errno(err, errno, "writing back %s/tmp/%s", store_root_path(in->store), in->name);
}

/* The disk starts early on what it has to take in the end anyhow. What cannot even be started fails here and nowhere
 * later (ext4 gives up pages that it finds no place for), and the bytes are not to be gone on with. */
static int write_back(struct store_ingest *in, struct err *err)
{
    int64_t from = in->written_back;
    int r = 0;

    if (in->offset - from < WRITE_BACK_CHUNK)
        return 0;
    in->written_back = in->offset;
    if (sync_file_range(in->fd, from, in->offset - from, SYNC_FILE_RANGE_WRITE) < 0)
        r = write_back_failed(in, err);
    if (r < 0)
        store_ingest_discard(in);
    return r;
}

int store_ingest_write(struct store_ingest *in, const void *data, size_t len, struct err *err)
{
    int r;

    if ((uint64_t)len > (uint64_t)(in->size - in->offset))
        return err_set(err, ERR_CORRUPT, "the blob is longer than its %lld bytes", (long long)in->size);
    r = pwrite_all(in->fd, data, len, in->offset);
    if (r < 0)
        return err_errno(err, -r, "writing %s/tmp/%s", store_root_path(in->store), in->name);
    digest_stream_update(in->stream, data, len);
    in->offset += (int64_t)len;
    failpoint("ingest-write");
    return write_back(in, err);
}

int store_ingest_check_written(const struct store_ingest *in, struct err *err)
{
    /* Nothing is left to wait for; what is wanted is the file's error, which this takes from its descriptor. */
    return sync_file_range(in->fd, 0, 0, SYNC_FILE_RANGE_WAIT_AFTER) < 0 ? write_back_failed(in, err) : 0;
}

/* The content is not cut: a reader that was told of it keeps finding bytes there, and what it makes of them is checked
 * by the diffID. */
int store_ingest_restart(struct store_ingest *in, struct err *err)
{
    digest_stream_free(in->stream);
    in->stream = NULL;
    in->offset = in->written_back = 0;
    return digest_stream_new(in->digest.algorithm, &in->stream, err);
}

int store_ingest_verify(struct store_ingest *in, struct err *err)
{
    struct digest_computed computed;
    int r;

    digest_stream_final(in->stream, &computed);
    r = digest_verify(&in->digest, in->size, &computed, err);
    if (r == 0 && ftruncate(in->fd, in->size) < 0) /* a restart may have left more */
        r = err_errno(err, errno, "writing %s", in->name);
    if (r < 0) {
        store_ingest_discard(in);
        return r;
    }
    in->verified = true;
    failpoint("ingest-verified");
    return 0;
}

int store_ingest_publish(struct store_ingest *in, struct err *err)
{
    char path[STORE_DIGEST_PATH_MAX];
    int tmp, blobs;
    int r = store_dir(in->store, STORE_TMP, &tmp, err);

    if (r == 0)
        r = store_dir(in->store, STORE_BLOBS, &blobs, err);
    if (r < 0)
        return r;
    if (!in->verified)
        return err_set(err, ERR_INTERNAL, "blob %s was not verified", in->name);
    if (renameat(tmp, in->name, blobs, store_digest_path(&in->digest, path)) < 0)
        return err_errno(err, errno, "storing blob %s", path);
    in->fd = fd_close(in->fd);
    return 0;
}

bool store_blob_has(struct store *s, const struct digest *digest)
{
    char path[STORE_DIGEST_PATH_MAX];
    int blobs;

    return store_dir(s, STORE_BLOBS, &blobs, NULL) == 0 &&
           faccessat(blobs, store_digest_path(digest, path), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int store_blob_open(struct store *s, const struct digest *digest, int *ret_fd, int64_t *ret_size, struct err *err)
{
    char path[STORE_DIGEST_PATH_MAX];
    _cleanup_fd_ int fd = -1;
    struct stat st;
    int blobs;
    int r = store_dir(s, STORE_BLOBS, &blobs, err);

    if (r < 0)
        return r;
    fd = openat(blobs, store_digest_path(digest, path), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 || fstat(fd, &st) < 0)
        return err_errno(err, errno, "blob %s", path);
    if (ret_size)
        *ret_size = st.st_size;
    *ret_fd = steal_fd(&fd);
    return 0;
}

int store_blob_read(struct store *s, const struct digest *digest, struct buf *b, struct err *err)
{
    char path[STORE_DIGEST_PATH_MAX];
    _cleanup_fd_ int fd = -1;
    int r = store_blob_open(s, digest, &fd, NULL, err);

    return r < 0 ? r : fd_read_rest(fd, store_digest_path(digest, path), b, err);
}

int store_blob_discard(struct store *s, const struct digest *digest, struct err *err)
{
    char path[STORE_DIGEST_PATH_MAX];

    return store_discard(s, STORE_BLOBS, store_digest_path(digest, path), false, err);
}

struct digest_iteration {
    enum digest_algorithm algorithm;
    store_each_digest_fn each;
    void *data;
};

static int each_name(int dirfd, const char *name, void *data, struct err *err)
{
    const struct digest_iteration *it = data;
    char text[8 + 256];
    struct digest digest;

    (void)dirfd;
    snprintf(text, sizeof(text), "%s:%s", digest_algorithm_name(it->algorithm), name);
    return digest_parse(text, &digest, NULL) < 0 ? 0 : it->each(&digest, it->data, err);
}

int store_each_digest(struct store *s, enum store_dir dir, store_each_digest_fn each, void *data, struct err *err)
{
    int parent;
    int r = store_dir(s, dir, &parent, err);

    for (enum digest_algorithm a = DIGEST_SHA256; r == 0 && a <= DIGEST_SHA512; a++) {
        struct digest_iteration it = {a, each, data};

        r = store_each_name(parent, digest_algorithm_name(a), each_name, &it, err);
    }
    return r;
}
