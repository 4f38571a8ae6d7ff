#include "../unit.h"

#include "oci/manifest.h"

#define D(n)                     "sha256:000000000000000000000000000000000000000000000000000000000000000" n
#define CONFIG                   "{\"mediaType\":\"" OCI_MEDIA_CONFIG "\",\"digest\":\"" D("c") "\",\"size\":7}"
#define LAYER(type)              "{\"mediaType\":\"" type "\",\"digest\":\"" D("1") "\",\"size\":42}"
#define MANIFEST(config, layers) "{\"schemaVersion\":2,\"config\":" config ",\"layers\":[" layers "]}"

static int parse(const char *text, struct oci_manifest *m, struct err *err)
{
    return oci_manifest_parse(text, strlen(text), m, err);
}

static void test_image(void **state)
{
    static const char text[] =
        "{\"schemaVersion\":2,\"mediaType\":\"" OCI_MEDIA_DOCKER_MANIFEST
        "\",\"config\":{\"mediaType\":\"" OCI_MEDIA_DOCKER_CONFIG
        "\",\"digest\":\"" D("c") "\",\"size\":7},\"layers\":[" LAYER(OCI_MEDIA_DOCKER_LAYER) "," LAYER(
            OCI_MEDIA_LAYER_ZSTD) "],\"annotations\":{\"a\":\"b\"}}";
    struct oci_manifest m;
    struct err err;
    _cleanup_buf_ struct buf out = BUF_INIT;

    (void)state;
    assert_ok(parse(text, &m, &err));
    assert_int_equal(m.layers.n, 2);
    assert_int_equal(m.layers.v[0].size, 42);
    assert_string_equal(m.config.digest.hex + 63, "c");
    json_dump(&oci_manifest_type, &m, false, &out);
    assert_string_equal(buf_str(&out), text);
    oci_manifest_release(&m);
}

static void test_refused(void **state)
{
    static const struct {
        const char *text, *says;
        int kind;
    } cases[] = {
        {"{}", "schemaVersion: missing", ERR_INVALID},
        {"{\"schemaVersion\":2}", "config: missing", ERR_INVALID},
        {"{\"schemaVersion\":1,\"config\":" CONFIG "}", "schema 1", ERR_UNSUPPORTED},
        {"{\"schemaVersion\":3,\"config\":" CONFIG "}", "schemaVersion 3", ERR_UNSUPPORTED},
        {"{\"schemaVersion\":2,\"mediaType\":\"" OCI_MEDIA_INDEX "\",\"config\":" CONFIG "}", "not that of its content",
         ERR_CORRUPT},
        {MANIFEST(CONFIG, LAYER("text/plain")), "layer of type text/plain", ERR_UNSUPPORTED},
        {MANIFEST("{\"mediaType\":\"application/vnd.cncf.helm.config.v1+json\",\"digest\":\"" D("1") "\",\"size\":1}",
                  ""),
         "an artifact of type application/vnd.cncf.helm.config.v1+json", ERR_UNSUPPORTED},
        {MANIFEST("{\"mediaType\":\"" OCI_MEDIA_CONFIG "\",\"digest\":\"" D("1") "\",\"size\":9000000}", ""),
         "image config of 9000000 bytes", ERR_LIMIT},
        {MANIFEST("{\"mediaType\":\"" OCI_MEDIA_CONFIG "\",\"digest\":\"" D("1") "\",\"size\":-1}", ""), "size -1",
         ERR_INVALID},
        {MANIFEST("{\"mediaType\":\"" OCI_MEDIA_CONFIG "\",\"digest\":\"sha256:12\",\"size\":1}", ""),
         "config.digest: \"sha256:12\" is not a digest", ERR_INVALID},
        {MANIFEST("{\"mediaType\":\"" OCI_MEDIA_CONFIG "\",\"digest\":\"md5:12\",\"size\":1}", ""), "not supported",
         ERR_UNSUPPORTED},
        {MANIFEST("{\"mediaType\":\"" OCI_MEDIA_CONFIG "\",\"size\":1}", ""), "config.digest: missing", ERR_INVALID},
        {MANIFEST("{\"mediaType\":\"\",\"digest\":\"" D("1") "\",\"size\":1}", ""), "without a media type",
         ERR_INVALID},
        {MANIFEST(CONFIG, "{\"mediaType\":\"" OCI_MEDIA_LAYER "\",\"digest\":\"" D("1") "\",\"size\":1e3}"),
         "layers[0].size: whole number", ERR_INVALID},
        {MANIFEST(CONFIG, "{\"mediaType\":\"" OCI_MEDIA_LAYER "\",\"digest\":\"" D("1") "\",\"size\":-5}"), "layers[0]",
         ERR_INVALID},
    };
    struct oci_manifest m;
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        print_message("%s\n", cases[i].text);
        assert_fails(parse(cases[i].text, &m, &err), cases[i].kind, cases[i].says);
        assert_null(m.layers.v);
    }
}

/* What cannot be run can be copied. */
static void test_any(void **state)
{
    static const char chart[] =
        "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"application/"
        "vnd.cncf.helm.config.v1+json\",\"digest\":\"sha256:"
        "0000000000000000000000000000000000000000000000000000000000000001\",\"size\":1},\"layers\":[{\"mediaType\":"
        "\"text/plain\",\"digest\":\"sha256:"
        "0000000000000000000000000000000000000000000000000000000000000002\",\"size\":2}]}";
    static const char empty[] = "{\"schemaVersion\":2,\"config\":{}}";
    struct oci_manifest m;
    struct err err;

    (void)state;
    assert_fails(oci_manifest_parse(chart, strlen(chart), &m, &err), ERR_UNSUPPORTED, "helm");
    assert_ok(oci_manifest_parse_any(chart, strlen(chart), &m, &err));
    assert_int_equal(m.layers.v[0].size, 2);
    oci_manifest_release(&m);
    assert_fails(oci_manifest_parse_any(empty, strlen(empty), &m, &err), ERR_INVALID, "config");
}

static void test_too_many_layers(void **state)
{
    _cleanup_buf_ struct buf text = BUF_INIT;
    struct oci_manifest m;
    struct err err;

    (void)state;
    buf_adds(&text, "{\"schemaVersion\":2,\"config\":" CONFIG ",\"layers\":[");
    for (int i = 0; i <= OCI_LAYERS_MAX; i++)
        buf_addf(&text, "%s" LAYER(OCI_MEDIA_LAYER), i ? "," : "");
    buf_adds(&text, "]}");
    assert_fails(parse(text.p, &m, &err), ERR_LIMIT, "501 layers; at most 500");
}

/* As many strings as fit into a manifest: reading them must not count them again for each. */
static void test_long_list(void **state)
{
    enum { N = 1300000 };
    _cleanup_buf_ struct buf text = BUF_INIT;
    _cleanup_descriptor_ struct oci_descriptor copy = {0};
    struct oci_manifest m;
    struct err err;

    (void)state;
    buf_adds(&text, "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"" OCI_MEDIA_CONFIG
                    "\",\"digest\":\"" D("1") "\",\"size\":1,"
                                              "\"urls\":[\"\"");
    for (int i = 1; i < N; i++)
        buf_add(&text, ",\"\"", 3);
    buf_adds(&text, "]}}");
    assert_in_range(text.len, 1, OCI_MANIFEST_MAX);
    assert_ok(oci_manifest_parse(text.p, text.len, &m, &err));
    assert_int_equal(strv_len(m.config.urls), N);
    oci_descriptor_copy(&m.config, &copy);
    assert_int_equal(strv_len(copy.urls), N);
    oci_manifest_release(&m);
}

static void test_identify(void **state)
{
    static const char image[] = "{\"schemaVersion\":2,\"layers\":[]}", index[] = "{\"manifests\":[]}";
    static const struct {
        const char *type, *text;
        int expected; /* document, or kind */
    } cases[] = {
        {NULL, image, OCI_DOCUMENT_MANIFEST},
        {"application/json", image, OCI_DOCUMENT_MANIFEST},
        {OCI_MEDIA_MANIFEST "; charset=utf-8", image, OCI_DOCUMENT_MANIFEST},
        {OCI_MEDIA_DOCKER_INDEX, index, OCI_DOCUMENT_INDEX},
        {OCI_MEDIA_INDEX, image, ERR_CORRUPT},
        {OCI_MEDIA_MANIFEST, index, ERR_CORRUPT},
        {NULL, "{\"manifests\":[],\"layers\":[]}", ERR_CORRUPT},
        {NULL, "{\"manifests\":[],\"config\":{}}", ERR_CORRUPT},
        {NULL, "{\"mediaType\":\"" OCI_MEDIA_MANIFEST "\",\"manifests\":[]}", ERR_CORRUPT},
        {NULL, "{\"schemaVersion\":1,\"fsLayers\":[]}", ERR_UNSUPPORTED},
        {"application/vnd.docker.distribution.manifest.v1+prettyjws", image, ERR_UNSUPPORTED},
        {NULL, "{}", ERR_INVALID},
        {NULL, "[]", ERR_INVALID},
        {NULL, "", ERR_INVALID},
        {NULL, "<html>", ERR_INVALID},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        enum oci_document is = OCI_DOCUMENT_MANIFEST;
        struct err err = ERR_INIT;
        int r = oci_document_identify(cases[i].type, cases[i].text, strlen(cases[i].text), &is, &err);

        print_message("%s\n", cases[i].text);
        assert_int_equal(r < 0 ? r : (int)is, cases[i].expected);
    }
}

#define ENTRY(type, n, platform) "{\"mediaType\":\"" type "\",\"digest\":\"" D(n) "\",\"size\":1" platform "}"
#define PLATFORM(os, arch, more) ",\"platform\":{\"os\":\"" os "\",\"architecture\":\"" arch "\"" more "}"

/* The last digit of the digest that is chosen. */
static char choose(const char *entries, const char *platform, struct err *err)
{
    _cleanup_free_ char *text = str_printf("{\"schemaVersion\":2,\"manifests\":[%s]}", entries);
    _cleanup_platform_ struct oci_platform wanted = {0};
    const struct oci_descriptor *d = NULL;
    struct oci_index index;
    char chosen = 0;

    if (oci_index_parse(text, strlen(text), &index, err) < 0)
        return '!';
    assert_int_equal(oci_platform_parse(platform, &wanted, err), 0);
    if (oci_index_select(&index, &wanted, &d, err) == 0)
        chosen = d->digest.hex[63];
    oci_index_release(&index);
    return chosen;
}

static void test_select(void **state)
{
    static const char *const list[] = {
        ENTRY(OCI_MEDIA_MANIFEST, "1", PLATFORM("unknown", "unknown", "")),
        ENTRY(OCI_MEDIA_MANIFEST, "2", PLATFORM("linux", "386", "")),
        ENTRY(OCI_MEDIA_MANIFEST, "3", PLATFORM("linux", "amd64", "")),
        ENTRY(OCI_MEDIA_MANIFEST, "4", PLATFORM("linux", "amd64", "")),
        ENTRY(OCI_MEDIA_MANIFEST, "5", PLATFORM("linux", "arm", ",\"variant\":\"v5\"")),
        ENTRY(OCI_MEDIA_MANIFEST, "6", PLATFORM("linux", "arm", ",\"variant\":\"v6\"")),
        ENTRY("application/vnd.example", "7", PLATFORM("linux", "arm", ",\"variant\":\"v7\"")),
        NULL,
    };
    _cleanup_free_ char *entries = strv_join((char *const *)list, ",");
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(choose(entries, "linux/amd64", &err), '3');
    assert_int_equal(choose(entries, "linux/386", &err), '2');
    assert_int_equal(choose(entries, "linux/arm/v7", &err), '6');
    assert_int_equal(choose(entries, "linux/arm64", &err), '6');
    assert_int_equal(choose(entries, "linux/s390x", &err), 0);
    assert_int_equal(err.kind, ERR_NOT_FOUND);
    assert_string_equal(err.text, "no matching manifest for linux/s390x in the manifest list entries");
    assert_string_equal(err.hint, "the image is there for linux/386, linux/amd64, linux/arm/v5, linux/arm/v6");
    /* Without a platform an entry is for all, but comes last. */
    assert_int_equal(choose(ENTRY(OCI_MEDIA_MANIFEST, "8", ""), "linux/s390x", &err), '8');
    assert_int_equal(
        choose(ENTRY(OCI_MEDIA_MANIFEST, "8", "") "," ENTRY(OCI_MEDIA_MANIFEST, "9", PLATFORM("linux", "386", "")),
               "linux/amd64", &err),
        '9');
    assert_int_equal(choose(ENTRY(OCI_MEDIA_MANIFEST, "8", ",\"platform\":{}"), "linux/amd64", &err), 0);
    assert_int_equal(choose("", "linux/amd64", &err), 0);
}

static void test_classify(void **state)
{
    struct oci_layer_kind kind;
    struct err err;

    (void)state;
    assert_ok(oci_layer_classify(OCI_MEDIA_DOCKER_LAYER, &kind, &err));
    assert_int_equal(kind.compression, OCI_COMPRESSION_GZIP);
    assert_ok(oci_layer_classify("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", &kind, &err));
    assert_true(kind.foreign);
    assert_fails(oci_layer_classify("application/vnd.oci.image.layer.v1.tar+gzip+encrypted", &kind, &err),
                 ERR_UNSUPPORTED, "encrypted");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_image),           cmocka_unit_test(test_refused),   cmocka_unit_test(test_any),
        cmocka_unit_test(test_too_many_layers), cmocka_unit_test(test_long_list), cmocka_unit_test(test_identify),
        cmocka_unit_test(test_select),          cmocka_unit_test(test_classify),
    };

    return cmocka_run_group_tests_name("manifest", tests, NULL, NULL);
}
