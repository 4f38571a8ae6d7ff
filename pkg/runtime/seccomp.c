#include "runtime/seccomp.h"

#include "runtime/seccomp_internal.h"
#include "sys/pass.h"

#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SECCOMP_FILTER_FLAG_NEW_LISTENER
#define SECCOMP_FILTER_FLAG_NEW_LISTENER (1UL << 3)
#endif

void seccomp_filter_release(struct seccomp_filter *filter)
{
    free(filter->program.v);
    *filter = (struct seccomp_filter){0};
}

void seccomp_profile_text(const struct oci_seccomp *profile, struct buf *ret)
{
    if (!profile->flags && str_empty(profile->listener_path))
        json_dump(&oci_seccomp_type, profile, false, ret);
}

static int compile(const struct oci_seccomp *profile, const char *text, struct seccomp_filter *ret,
                   const char **ret_library, struct err *err)
{
    struct oci_seccomp parsed = {0};
    int r;

    if (profile)
        return seccomp_compile(profile, false, ret, ret_library, err);
    r = json_parse(text, strlen(text), &oci_seccomp_type, &parsed, err);
    if (r < 0)
        return err_wrap(err, "linux.seccomp");
    r = seccomp_compile(&parsed, false, ret, ret_library, err);
    json_free(&oci_seccomp_type, &parsed);
    return r;
}

int seccomp_filter_make(const struct oci_seccomp *profile, const char *text, const char *cache,
                        struct seccomp_filter *ret, struct err *err)
{
    _cleanup_buf_ struct buf key = BUF_INIT;
    const char *library = NULL;
    int r;

    if (cache) {
        seccomp_cache_key(profile, text, &key);
        if (seccomp_cache_read(cache, &key, ret) == 0)
            return 0;
    }
    r = compile(profile, text, ret, &library, err);
    if (r == 0 && cache)
        seccomp_cache_write(cache, &key, ret, library);
    return r;
}

int seccomp_filter_load(const struct seccomp_filter *filter, int *ret_listener)
{
    struct sock_fprog program = {(unsigned short)filter->program.n, filter->program.v};
    unsigned flags = filter->flags | (filter->notifies ? SECCOMP_FILTER_FLAG_NEW_LISTENER : 0);
    long r = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);

    *ret_listener = -1;
    if (r < 0 && errno == ENOSYS && !flags) /* before 3.17 */
        r = prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
    if (r < 0)
        return -errno;
    if (filter->notifies)
        *ret_listener = (int)r;
    return 0;
}

void seccomp_listener_state(const struct oci_seccomp *profile, const struct oci_state *state, struct buf *ret)
{
    buf_addf(ret, "{\"ociVersion\":\"%s\",\"fds\":[\"seccompFd\"],\"pid\":%lld,", OCI_SPEC_VERSION,
             (long long)state->pid);
    if (!str_empty(profile->listener_metadata)) {
        buf_adds(ret, "\"metadata\":");
        buf_add_json(ret, profile->listener_metadata);
        buf_addc(ret, ',');
    }
    buf_adds(ret, "\"state\":");
    json_dump(&oci_state_type, state, false, ret);
    buf_addc(ret, '}');
}

int seccomp_listener_send(const char *path, int listener, const void *text, size_t len, struct err *err)
{
    return pass_fd("linux.seccomp.listenerPath", path, listener, text, len, err);
}
