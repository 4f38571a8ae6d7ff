/* Shared by the seccomp*.c files and their tests; not for use elsewhere. */
#pragma once

#include "base/buf.h"
#include "runtime/seccomp.h"

#include <stdint.h>

/* With libseccomp, without the cache; `raw` as that makes it, for comparing. `*ret_library` is the file that the
 * library was loaded from, owned by it. */
int seccomp_compile(const struct oci_seccomp *profile, bool raw, struct seccomp_filter *ret, const char **ret_library,
                    struct err *err);

/* The highest number that a profile names on one ABI. Two share an architecture of the kernel: x86-64 and x32, whose
 * numbers have bit 30 set. */
struct seccomp_abi {
    uint32_t audit_arch; /* AUDIT_ARCH_* */
    bool x32;
    bool multiplexed; /* s390: number 0 stands for those that the kernel does not know */
    uint32_t highest;
};

/* Appends what answers ENOSYS above the highest numbers, and for all else goes on behind itself. */
void seccomp_stub_add(const struct seccomp_abi *abis, size_t n, struct seccomp_filter *filter);

/* Says the same in fewer instructions, where it can. `arches` are the AUDIT_ARCH_* of which the program knows calls. */
void seccomp_shrink(struct seccomp_filter *filter, const uint32_t *arches, size_t n);

/* From the cache in `dir`: ERR_NOT_FOUND where there is none that can be trusted, which is no error to anybody. */
int seccomp_cache_read(const char *dir, const struct buf *key, struct seccomp_filter *ret);

/* Into it, volatile. Failures are debug lines. */
void seccomp_cache_write(const char *dir, const struct buf *key, const struct seccomp_filter *filter,
                         const char *library);

/* All that the program depends on, but for the library. */
void seccomp_cache_key(const struct oci_seccomp *profile, const char *text, struct buf *ret);
