/* Images made by hand in the test's store. */
#pragma once

#include "../store/store_fixture.h"

#include "image/image.h"
#include "oci/manifest.h"

struct made {
    struct digest manifest, config;
};

/* Puts an image into the store, with a layer for each of `contents` (ended by NULL), and names it. */
static inline struct made make_image(struct store *s, const char *name, const char *const *contents)
{
    struct store_transaction *t = store_transaction_new(s);
    _cleanup_buf_ struct buf config = BUF_INIT, manifest = BUF_INIT, layers = BUF_INIT;
    _cleanup_(store_tag_release) struct store_tag tag = {.bytes = 1};
    char text[DIGEST_TEXT_MAX];
    struct err err;

    buf_adds(&config, "{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{\"Cmd\":[\"sh\"]},"
                      "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[");
    for (size_t i = 0; contents[i]; i++) {
        _cleanup_free_ char *packed = str_printf("packed %s", contents[i]);
        struct digest blob, layer = digest_of(contents[i], strlen(contents[i])).digest;
        bool again = false;

        for (size_t k = 0; k < i; k++)
            again = again || str_eq(contents[i], contents[k]);
        if (!again)
            layer = bring_layer(s, t, contents[i]);
        buf_addf(&config, "%s\"%s\"", i ? "," : "", digest_format(&layer, text));
        blob = again ? digest_of(packed, strlen(packed)).digest : bring_blob(s, t, packed);
        buf_addf(&layers, "%s{\"mediaType\":\"" OCI_MEDIA_LAYER "\",\"digest\":\"%s\",\"size\":%zu}", i ? "," : "",
                 digest_format(&blob, text), strlen(packed));
    }
    buf_adds(&config, "]}}");
    tag.id = bring_blob(s, t, buf_str(&config));
    buf_addf(&manifest,
             "{\"schemaVersion\":2,\"mediaType\":\"" OCI_MEDIA_MANIFEST
             "\",\"config\":{\"mediaType\":\"" OCI_MEDIA_CONFIG "\",\"digest\":\"%s\",\"size\":%zu},\"layers\":[%s]}",
             digest_format(&tag.id, text), config.len, buf_str(&layers));
    tag.manifest = tag.target = bring_blob(s, t, buf_str(&manifest));
    finish(t);
    store_transaction_free(t);
    assert_ok(oci_reference_parse(name, &tag.name, &err));
    assert_ok(store_tag_set(s, &tag, &err));
    return (struct made){tag.manifest, tag.id};
}

#define LAYERS(...) ((const char *const[]){__VA_ARGS__, NULL})
