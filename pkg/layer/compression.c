#include "layer/compression.h"

static const struct compression known[] = {
    {"gzip", &codec_zlib, OCI_COMPRESSION_GZIP, NULL, 0},       {"zstd", &codec_zstd, OCI_COMPRESSION_ZSTD, NULL, 0},
    {"xz", &codec_xz, OCI_COMPRESSION_NONE, NULL, 0},           {"bzip2", &codec_bzip2, OCI_COMPRESSION_NONE, NULL, 0},
    {"lz4", NULL, OCI_COMPRESSION_NONE, "\x04\x22\x4d\x18", 4}, {"lzip", NULL, OCI_COMPRESSION_NONE, "LZIP", 4},
    {"compress", NULL, OCI_COMPRESSION_NONE, "\x1f\x9d", 2},    {"lzop", NULL, OCI_COMPRESSION_NONE, "\x89LZO", 4},
};

const struct compression *compression_find(const void *start, size_t len)
{
    if (len >= TAR_BLOCK && tar_is_header(start))
        return NULL;
    for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
        const struct compression *c = &known[i];

        if (c->codec ? c->codec->is_frame(start, len) : len >= c->len && memcmp(start, c->magic, c->len) == 0)
            return c;
    }
    return NULL;
}

const struct codec *compression_open(const struct compression *c, struct err *err)
{
    if (c->codec == &codec_zlib)
        return codec_gzip(err);
    if (!c->codec)
        compression_refuse(c, err);
    return c->codec && c->codec->load(err) == 0 ? c->codec : NULL;
}

int compression_refuse(const struct compression *c, struct err *err)
{
    err_set(err, ERR_UNSUPPORTED, "compressed with %s, which is not supported", c->name);
    return err_hint(err, "gzip, zstd and no compression are; unpack it with %s first", c->name);
}
