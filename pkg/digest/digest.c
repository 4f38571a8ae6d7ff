#include "digest/digest.h"

#include "sys/dl.h"

#include <openssl/evp.h>
#include <stdio.h>

static const struct algorithm {
    const char *name;
    size_t hex_len;
} algorithms[] = {
    [DIGEST_SHA256] = {"sha256", 64},
    [DIGEST_SHA512] = {"sha512", 128},
};

int digest_parse(const char *text, struct digest *ret, struct err *err)
{
    const char *colon = strchr(text, ':');
    size_t n = colon ? (size_t)(colon - text) : 0, digits;

    if (!n)
        return err_set(err, ERR_INVALID, "\"%.200s\" is not a digest such as sha256:…", text);
    for (size_t i = DIGEST_SHA256; i < ARRAY_SIZE(algorithms); i++) {
        if (strncmp(text, algorithms[i].name, n) != 0 || algorithms[i].name[n])
            continue;
        digits = strspn(colon + 1, "0123456789abcdef");
        if (digits != algorithms[i].hex_len || colon[1 + digits])
            return err_set(err, ERR_INVALID, "\"%.200s\" is not a digest: %s has %zu lower-case hexadecimal digits",
                           text, algorithms[i].name, algorithms[i].hex_len);
        *ret = (struct digest){.algorithm = (enum digest_algorithm)i};
        memcpy(ret->hex, colon + 1, digits + 1);
        return 0;
    }
    return err_set(err, ERR_UNSUPPORTED, "digest \"%.200s\" is of an algorithm that is not supported", text);
}

char *digest_format(const struct digest *d, char out[DIGEST_TEXT_MAX])
{
    snprintf(out, DIGEST_TEXT_MAX, "%s:%s", digest_algorithm_name(d->algorithm), d->hex);
    return out;
}

const char *digest_algorithm_name(enum digest_algorithm a)
{
    return a == DIGEST_NONE ? "none" : algorithms[a].name;
}

bool digest_equal(const struct digest *a, const struct digest *b)
{
    return a->algorithm == b->algorithm && strcmp(a->hex, b->hex) == 0;
}

static struct {
    __typeof__(&EVP_MD_CTX_new) EVP_MD_CTX_new;
    __typeof__(&EVP_MD_CTX_free) EVP_MD_CTX_free;
    __typeof__(&EVP_DigestInit_ex) EVP_DigestInit_ex;
    __typeof__(&EVP_DigestUpdate) EVP_DigestUpdate;
    __typeof__(&EVP_DigestFinal_ex) EVP_DigestFinal_ex;
    __typeof__(&EVP_sha256) EVP_sha256;
    __typeof__(&EVP_sha512) EVP_sha512;
} lib;

static const struct dl_symbol symbols[] = {
    DL_SYMBOL(lib, EVP_MD_CTX_new),   DL_SYMBOL(lib, EVP_MD_CTX_free),    DL_SYMBOL(lib, EVP_DigestInit_ex),
    DL_SYMBOL(lib, EVP_DigestUpdate), DL_SYMBOL(lib, EVP_DigestFinal_ex), DL_SYMBOL(lib, EVP_sha256),
    DL_SYMBOL(lib, EVP_sha512),
};

static struct dl_library library = {"libcrypto.so.3", "libssl3", symbols, ARRAY_SIZE(symbols), NULL};

struct digest_stream {
    EVP_MD_CTX *ctx;
    enum digest_algorithm algorithm;
    int64_t size;
};

int digest_stream_new(enum digest_algorithm a, struct digest_stream **ret, struct err *err)
{
    struct digest_stream *s;
    int r = dl_open(&library, err);

    if (r < 0)
        return r;
    s = mem_zalloc(1, sizeof(*s));
    s->algorithm = a;
    s->ctx = lib.EVP_MD_CTX_new();
    if (!s->ctx || !lib.EVP_DigestInit_ex(s->ctx, a == DIGEST_SHA512 ? lib.EVP_sha512() : lib.EVP_sha256(), NULL)) {
        digest_stream_free(s);
        return err_set(err, ERR_UNSUPPORTED, "libcrypto offers no %s", digest_algorithm_name(a));
    }
    *ret = s;
    return 0;
}

void digest_stream_free(struct digest_stream *s)
{
    if (!s)
        return;
    lib.EVP_MD_CTX_free(s->ctx);
    free(s);
}

void digest_stream_update(struct digest_stream *s, const void *data, size_t len)
{
    /* Updating an initialised context has no way to fail. */
    lib.EVP_DigestUpdate(s->ctx, data, len);
    s->size += (int64_t)len;
}

void digest_stream_final(struct digest_stream *s, struct digest_computed *ret)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char raw[EVP_MAX_MD_SIZE];
    unsigned n = 0;

    lib.EVP_DigestFinal_ex(s->ctx, raw, &n);
    *ret = (struct digest_computed){.digest.algorithm = s->algorithm, .size = s->size};
    for (unsigned i = 0; i < n; i++) {
        ret->digest.hex[2 * i] = digits[raw[i] >> 4];
        ret->digest.hex[2 * i + 1] = digits[raw[i] & 15];
    }
}

int digest_compute(enum digest_algorithm a, const void *data, size_t len, struct digest_computed *ret, struct err *err)
{
    _cleanup_(digest_stream_free_cleanup) struct digest_stream *s = NULL;
    int r = digest_stream_new(a, &s, err);

    if (r < 0)
        return r;
    digest_stream_update(s, data, len);
    digest_stream_final(s, ret);
    return 0;
}

int digest_hex(const void *data, size_t len, char ret[DIGEST_SHA256_HEX + 1], struct err *err)
{
    struct digest_computed d;
    int r = digest_compute(DIGEST_SHA256, data, len, &d, err);

    if (r == 0)
        snprintf(ret, DIGEST_SHA256_HEX + 1, "%.64s", d.digest.hex);
    return r;
}

int digest_verify(const struct digest *expected, int64_t size, const struct digest_computed *computed, struct err *err)
{
    char a[DIGEST_TEXT_MAX], b[DIGEST_TEXT_MAX];

    if (size >= 0 && computed->size != size)
        return err_set(err, ERR_CORRUPT, "wrong size: expected %lld bytes, got %lld", (long long)size,
                       (long long)computed->size);
    if (!digest_equal(expected, &computed->digest))
        return err_set(err, ERR_CORRUPT, "wrong digest: expected %s, got %s", digest_format(expected, a),
                       digest_format(&computed->digest, b));
    return 0;
}
