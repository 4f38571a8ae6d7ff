#include "image/fill.h"

#include "image/signals.h"
#include "sys/fd.h"

enum { CHUNK = 256 << 10 };

int image_fill(int fd, int64_t offset, struct store_ingest *in, struct err *err)
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
