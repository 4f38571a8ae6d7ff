/* A profile of system calls that a user brings: read in Docker's form, and what comes of it is written, read again and
 * keyed for the cache without a difference. Compiling it is libseccomp's. */
#include "bundle/seccomp.h"
#include "runtime/seccomp_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct bundle_seccomp_host host = {"amd64", 6, 1};
    char *caps[] = {(char *)"CAP_SYS_ADMIN", (char *)"CAP_CHOWN", NULL};
    _cleanup_buf_ struct buf first = BUF_INIT, key = BUF_INIT, again = BUF_INIT;
    struct oci_seccomp *profile, read;
    struct err err = ERR_INIT;

    if (bundle_seccomp_parse((const char *)data, size, &host, caps, &profile, &err) < 0) {
        if (!err.kind || !*err.text || profile)
            abort();
        return 0;
    }
    if (!profile)
        return 0;
    json_dump(&oci_seccomp_type, profile, false, &first);
    seccomp_cache_key(profile, NULL, &key);
    if (json_parse(buf_str(&first), first.len, &oci_seccomp_type, &read, &err) == 0) {
        json_dump(&oci_seccomp_type, &read, false, &again);
        if (again.len != first.len || memcmp(again.p, first.p, first.len) != 0)
            abort();
        json_free(&oci_seccomp_type, &read);
    }
    json_free(&oci_seccomp_type, profile);
    free(profile);
    return 0;
}
