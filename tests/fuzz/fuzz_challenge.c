/* WWW-Authenticate and what follows from it, and credentials as users keep them. */
#include "base/base64.h"
#include "registry/challenge.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_challenges(const char *text)
{
    _cleanup_challenges_ struct registry_challenges c = {0};
    struct err err = ERR_INIT;
    int r = registry_challenge_parse(text, &c, &err);

    if ((r < 0) != (err.kind < 0) || c.list.n > 16)
        abort();
    VEC_FOREACH (i, &c.list) {
        if (str_empty(i->scheme) || strpbrk(i->scheme, " ,\"=ABCDEFGHIJKLMNOPQRSTUVWXYZ") || strv_len(i->params) > 32)
            abort();
        if (registry_challenge_find(&c, i->scheme) > i)
            abort();
        STRV_FOREACH (p, i->params)
            if (**p == '=' || !strchr(*p, '=') || strlen(*p) > 2 * 4096 + 1)
                abort();
    }
}

static void check_base64(const char *text, size_t size)
{
    _cleanup_free_ char *coded = base64_encode(text, size);
    _cleanup_buf_ struct buf plain = BUF_INIT, any = BUF_INIT_MAX(64);

    if (base64_decode(coded, &plain, NULL) < 0 || plain.len != size || (size && memcmp(plain.p, text, size) != 0))
        abort();
    base64_decode(text, &any, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_free_ char *text = str_ndup((const char *)data, size);

    check_challenges(text);
    check_base64(text, strlen(text));
    return 0;
}
