#include "image/bring.h"

#include "image/signals.h"
#include "sys/fd.h"

enum { CHUNK = 256 << 10 };

/* The lock on the blob. Ours may be the process that has it, with another stage of the transaction. */
static int begin(struct store *s, const struct digest *digest, int64_t size, struct store_transaction *t,
                 struct store_ingest **ret, struct err *err)
{
    struct err why = ERR_INIT;
    int r = store_ingest_begin(s, digest, size, LOCK_TRY, ret, &why);

    if (r == ERR_BUSY) {
        r = store_transaction_finish(t, err);
        return r < 0 ? r : store_ingest_begin(s, digest, size, LOCK_WAIT, ret, err);
    }
    if (r < 0 && err)
        *err = why;
    return r;
}

static int copy(int fd, int64_t offset, struct store_ingest *in, struct err *err)
{
    _cleanup_free_ char *chunk = mem_alloc(CHUNK);
    int r = 0;

    while (r == 0 && store_ingest_offset(in) < store_ingest_size(in)) {
        int64_t done = store_ingest_offset(in);
        ssize_t n = fd_pread_all(fd, chunk, (size_t)MIN_OF(store_ingest_size(in) - done, CHUNK), offset + done);

        if (n <= 0)
            return n < 0 ? err_errno(err, (int)-n, "reading") : err_set(err, ERR_CORRUPT, "the bytes end too early");
        r = store_ingest_write(in, chunk, (size_t)n, err);
        if (r == 0)
            r = image_signals_check(err);
    }
    return r;
}

/* Bytes that an earlier process left may be damaged: then all of it anew, once. */
static int fill(int fd, int64_t offset, struct store_ingest *in, struct err *err)
{
    bool inherited = store_ingest_offset(in) > 0;
    struct err why = ERR_INIT;
    int r = copy(fd, offset, in, err);

    if (r < 0)
        return r;
    r = store_ingest_verify(in, &why);
    if (r == ERR_CORRUPT && inherited) {
        r = store_ingest_restart(in, err);
        if (r == 0)
            r = copy(fd, offset, in, err);
        return r < 0 ? r : store_ingest_verify(in, err);
    }
    if (r < 0 && err)
        *err = why;
    return r;
}

int image_bring_file(struct store *s, int fd, int64_t offset, const struct digest *digest, int64_t size,
                     struct store_transaction *t, struct err *err)
{
    _cleanup_(store_ingest_free_cleanup) struct store_ingest *in = NULL;
    int r = begin(s, digest, size, t, &in, err);

    if (r < 0 || !in)
        return r;
    store_transaction_write_back(t);
    r = fill(fd, offset, in, err);
    if (r == ERR_NO_SPACE)
        store_ingest_discard(in);
    if (r == 0)
        store_transaction_add_blob(t, steal_ptr(&in));
    return r;
}
