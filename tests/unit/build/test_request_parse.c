#include "../unit.h"

#include "base/buf.h"
#include "build/request_parse.h"

struct output_case {
    const char *text;
    enum build_output_type type;
    const char *dest, *name, *compression;
    bool directory, push;
};

static const struct output_case outputs[] = {
    {"out", BUILD_OUTPUT_LOCAL, "out", NULL, NULL, false, false},
    {"a=b", BUILD_OUTPUT_LOCAL, "a=b", NULL, NULL, false, false},
    {"-", BUILD_OUTPUT_TAR, NULL, NULL, NULL, false, false},
    {"type=local,dest=out", BUILD_OUTPUT_LOCAL, "out", NULL, NULL, false, false},
    {"TYPE=local, DEST=out", BUILD_OUTPUT_LOCAL, "out", NULL, NULL, false, false},
    {"type=local,\"dest=a,b\"", BUILD_OUTPUT_LOCAL, "a,b", NULL, NULL, false, false},
    {"type=tar,dest=out.tar", BUILD_OUTPUT_TAR, "out.tar", NULL, NULL, false, false},
    {"type=tar", BUILD_OUTPUT_TAR, NULL, NULL, NULL, false, false},
    {"type=tar,dest=-", BUILD_OUTPUT_TAR, NULL, NULL, NULL, false, false},
    {"type=oci,dest=x,tar=false", BUILD_OUTPUT_OCI, "x", NULL, NULL, true, false},
    {"type=oci,dest=x,compression=zstd", BUILD_OUTPUT_OCI, "x", NULL, "zstd", false, false},
    {"type=docker", BUILD_OUTPUT_IMAGE, NULL, NULL, NULL, false, false},
    {"type=docker,dest=-,name=a", BUILD_OUTPUT_DOCKER, NULL, "a", NULL, false, false},
    {"type=docker,dest=d.tar", BUILD_OUTPUT_DOCKER, "d.tar", NULL, NULL, false, false},
    {"type=image,\"name=a,b:1\",push=true", BUILD_OUTPUT_IMAGE, NULL, "a,b:1", NULL, false, true},
    {"type=image,push=f,oci-mediatypes=true", BUILD_OUTPUT_IMAGE, NULL, NULL, NULL, false, false},
    {"type=registry,name=host:5000/a", BUILD_OUTPUT_IMAGE, NULL, "host:5000/a", NULL, false, true},
    {"type=cacheonly", BUILD_OUTPUT_NONE, NULL, NULL, NULL, false, false},
};

static void assert_text(const char *is, const char *should)
{
    if (should)
        assert_non_null(is);
    if (should)
        assert_string_equal(is, should);
    else
        assert_null(is);
}

static void test_output(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(outputs); i++) {
        const struct output_case *c = &outputs[i];
        struct build_output o;
        struct err err;

        assert_ok(build_output_parse(c->text, &o, &err));
        assert_int_equal(o.type, c->type);
        assert_text(o.dest, c->dest);
        assert_text(o.name, c->name);
        assert_text(o.compression, c->compression);
        assert_int_equal(o.directory, c->directory);
        assert_int_equal(o.push, c->push);
        build_output_release(&o);
    }
}

static const struct {
    const char *text, *says;
    int kind;
} bad_outputs[] = {
    {"dest=x,name=a", "type is required for output", ERR_INVALID},
    {"type=", "type is required for output", ERR_INVALID},
    {"type=nope", "exporter \"nope\" could not be found", ERR_UNSUPPORTED},
    {"type=local", "dest is required for local exporter", ERR_INVALID},
    {"type=local,dest=-", "dest cannot be stdout for local exporter", ERR_INVALID},
    {"type=oci,tar=false", "dest is required for oci exporter", ERR_INVALID},
    {"type=docker,tar=false,dest=x", "no directory", ERR_UNSUPPORTED},
    {"type=tar,here", "invalid field 'here' must be a key=value pair", ERR_INVALID},
    {"type=tar,nope=1", "unexpected key 'nope' in 'nope=1'", ERR_INVALID},
    {"type=oci,tar=maybe", "tar: \"maybe\" is neither true nor false", ERR_INVALID},
    {"type=oci,compression=estargz", "unsupported compression type \"estargz\"", ERR_UNSUPPORTED},
    {"type=image,name=UPPER", "invalid name \"UPPER\": invalid reference format", ERR_INVALID},
    {"type=tar,dest=\"x", "bare \" in non-quoted field", ERR_INVALID},
};

static void test_bad_output(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad_outputs); i++) {
        struct build_output o;
        struct err err;

        assert_fails(build_output_parse(bad_outputs[i].text, &o, &err), bad_outputs[i].kind, bad_outputs[i].says);
    }
}

static void add_output(struct build_request *q, const char *text)
{
    struct err err;

    assert_ok(build_output_parse(text, VEC_PUSH(&q->outputs), &err));
}

static void test_standard_output(void **state)
{
    _cleanup_build_request_ struct build_request q = {0};
    struct err err;

    (void)state;
    add_output(&q, "type=image");
    add_output(&q, "type=tar,dest=x");
    add_output(&q, "out");
    assert_ok(build_outputs_check(&q, true, &err));
    add_output(&q, "type=oci");
    assert_ok(build_outputs_check(&q, false, &err));
    assert_fails(build_outputs_check(&q, true, &err), ERR_INVALID,
                 "dest file is required for oci exporter. refusing to write to console");
    add_output(&q, "-");
    assert_fails(build_outputs_check(&q, false, &err), ERR_INVALID, "multiple outputs configured to write to stdout");
}

static void test_platforms(void **state)
{
    char *given[] = {(char *)"linux/amd64,arm64", (char *)"linux/arm64/v8", NULL},
         *bad[] = {(char *)"linux/amd64,", NULL};
    _cleanup_build_request_ struct build_request q = {0};
    _cleanup_strv_ char **platforms = NULL, **none = NULL;
    _cleanup_free_ char *joined = NULL;
    struct err err;

    (void)state;
    assert_ok(build_platforms_parse(given, &platforms, &err));
    joined = strv_join(platforms, " ");
    assert_string_equal(joined, "linux/amd64 linux/arm64");
    assert_fails(build_platforms_parse(bad, &none, &err), ERR_INVALID, "invalid platform \"\"");
    q.platforms = platforms;
    add_output(&q, "type=docker");
    assert_ok(build_outputs_check(&q, false, &err));
    add_output(&q, "type=docker,dest=x");
    assert_fails(build_outputs_check(&q, false, &err), ERR_UNSUPPORTED,
                 "docker exporter does not support an archive of several platforms");
}

static void test_annotation(void **state)
{
    static const struct {
        const char *text, *assignment;
        bool manifest, index;
    } cases[] = {
        {"a=b", "a=b", true, false},
        {"a=b:c=d", "a=b:c=d", true, false},
        {"index:a=", "a=", false, true},
        {"manifest,index:a=b:c", "a=b:c", true, true},
    };
    static const struct {
        const char *text, *says;
        int kind;
    } bad[] = {
        {"a", "invalid annotation \"a\": expected key=value", ERR_INVALID},
        {"index:=b", "invalid annotation \"=b\": expected key=value", ERR_INVALID},
        {"manifest-descriptor:a=b", "\"manifest-descriptor\" cannot have any", ERR_UNSUPPORTED},
    };
    _cleanup_build_request_ struct build_request q = {0};
    struct build_annotation a;
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_ok(build_annotation_parse(cases[i].text, &a, &err));
        assert_string_equal(a.assignment, cases[i].assignment);
        assert_int_equal(a.manifest, cases[i].manifest);
        assert_int_equal(a.index, cases[i].index);
        build_annotation_release(&a);
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_fails(build_annotation_parse(bad[i].text, &a, &err), bad[i].kind, bad[i].says);
    assert_ok(build_annotation_parse("index:a=b", VEC_PUSH(&q.annotations), &err));
    assert_fails(build_annotations_check(&q, &err), ERR_INVALID, "there is an index for several platforms alone");
}

static void test_secret(void **state)
{
    static const struct {
        const char *text, *id, *path, *env;
    } cases[] = {
        {"id=a,src=f", "a", "f", NULL},           {"id=a,source=f", "a", "f", NULL},
        {"id=a,env=V", "a", NULL, "V"},           {"id=a,type=env,src=V", "a", NULL, "V"},
        {"type=file,ID=a,src=\"f\"", NULL, 0, 0}, {"id=a,type=file", "a", "a", NULL},
        {"id=a,type=env", "a", NULL, "a"},        {"id=CBOX_TEST_SECRET", "CBOX_TEST_SECRET", NULL, "CBOX_TEST_SECRET"},
        {"id=nosuch", "nosuch", "nosuch", NULL},  {"\"id=a\",\"src=x,y\"", "a", "x,y", NULL},
    };
    struct build_secret s;
    struct err err;

    (void)state;
    setenv("CBOX_TEST_SECRET", "x", 1);
    unsetenv("nosuch");
    unsetenv("a");
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        if (!cases[i].id) {
            assert_fails(build_secret_parse(cases[i].text, &s, &err), ERR_INVALID, "bare \"");
            continue;
        }
        assert_ok(build_secret_parse(cases[i].text, &s, &err));
        assert_text(s.id, cases[i].id);
        assert_text(s.path, cases[i].path);
        assert_text(s.env, cases[i].env);
        build_secret_release(&s);
    }
    assert_fails(build_secret_parse("src=f", &s, &err), ERR_INVALID, "secret missing ID");
    assert_fails(build_secret_parse("a", &s, &err), ERR_INVALID, "invalid field 'a' must be a key=value pair");
    assert_fails(build_secret_parse("id=a,nope=b", &s, &err), ERR_INVALID, "unexpected key 'nope' in 'nope=b'");
    assert_fails(build_secret_parse("id=a,type=x", &s, &err), ERR_UNSUPPORTED, "unsupported secret type \"x\"");
    assert_fails(build_secret_parse("id=a,src=f,env=V", &s, &err), ERR_INVALID, "one of them is enough");
}

static void test_ssh(void **state)
{
    struct build_ssh s;
    struct err err;

    (void)state;
    assert_ok(build_ssh_parse("default", &s, &err));
    assert_string_equal(s.id, "default");
    assert_null(s.paths);
    build_ssh_release(&s);
    assert_ok(build_ssh_parse("git=/a,/b", &s, &err));
    assert_string_equal(s.id, "git");
    assert_int_equal(strv_len(s.paths), 2);
    assert_string_equal(s.paths[1], "/b");
    build_ssh_release(&s);
    assert_fails(build_ssh_parse("=x", &s, &err), ERR_INVALID, "invalid SSH value");
}

static void test_named(void **state)
{
    static const char *const cases[][3] = {
        {"base=docker-image://alpine=x", "base", "docker-image://alpine=x"},
        {"alpine:latest=dir", "alpine", "dir"},
        {"base=oci-layout:///a:b@c/d:tag", "base", "oci-layout:///a:b@c/d:tag"},
        {"docker.io/library/alpine:3=dir", "alpine:3", "dir"},
        {"host:5000/a=", "host:5000/a", ""},
    };
    struct build_named_context c;
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_ok(build_named_parse(cases[i][0], &c, &err));
        assert_string_equal(c.name, cases[i][1]);
        assert_string_equal(c.what, cases[i][2]);
        build_named_release(&c);
    }
    assert_fails(build_named_parse("dir", &c, &err), ERR_INVALID, "invalid context value: dir, expected key=value");
    assert_fails(build_named_parse("a=oci-layout://", &c, &err), ERR_INVALID, "the directory is missing");
    assert_fails(build_named_parse("a=oci-layout:///a:", &c, &err), ERR_INVALID, "a tag has 1 to 255 bytes");
    assert_fails(build_named_parse("a=oci-layout:///a@sha256:12", &c, &err), ERR_INVALID,
                 "invalid context value oci-layout:///a@sha256:12: ");
    assert_fails(build_named_parse("Base=dir", &c, &err), ERR_INVALID, "invalid context name Base: ");
}

static void test_place(void **state)
{
    static const struct {
        const char *text;
        bool to;
        enum build_cache_type type;
        const char *where;
        bool all;
    } cases[] = {
        {"host/a:1", false, BUILD_CACHE_REGISTRY, "host/a:1", false},
        {"type=registry,ref=a", false, BUILD_CACHE_REGISTRY, "a", false},
        {"type=registry,ref=a,mode=max", true, BUILD_CACHE_REGISTRY, "a", true},
        {"type=local,src=dir", false, BUILD_CACHE_LOCAL, "dir", false},
        {"type=local,dest=dir,mode=min,compression=zstd", true, BUILD_CACHE_LOCAL, "dir", false},
        {"type=inline", true, BUILD_CACHE_INLINE, NULL, false},
    };
    struct build_cache_place p;
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_ok(build_cache_place_parse(cases[i].text, cases[i].to, &p, &err));
        assert_int_equal(p.type, cases[i].type);
        assert_text(p.where, cases[i].where);
        assert_int_equal(p.all, cases[i].all);
        build_cache_place_release(&p);
    }
    assert_fails(build_cache_place_parse("ref=a", false, &p, &err), ERR_INVALID, "type required for \"ref=a\"");
    assert_fails(build_cache_place_parse("", false, &p, &err), ERR_INVALID, "ref is required");
    assert_fails(build_cache_place_parse("type=gha", false, &p, &err), ERR_UNSUPPORTED, "unknown cache type \"gha\"");
    assert_fails(build_cache_place_parse("type=inline", false, &p, &err), ERR_UNSUPPORTED,
                 "unknown cache type \"inline\": there are registry, local");
    assert_fails(build_cache_place_parse("type=inline,mode=max", true, &p, &err), ERR_INVALID, "has mode=min alone");
    assert_fails(build_cache_place_parse("type=local,src=x", true, &p, &err), ERR_INVALID,
                 "dest is required for the local cache exporter");
    assert_fails(build_cache_place_parse("type=local,dest=x", false, &p, &err), ERR_INVALID,
                 "src is required for the local cache importer");
    assert_fails(build_cache_place_parse("type=local,mode=x", true, &p, &err), ERR_INVALID, "may be min or max");
    assert_fails(build_cache_place_parse("type=local,src=x,mode=max", false, &p, &err), ERR_INVALID,
                 "for --cache-to alone");
    assert_fails(build_cache_place_parse("UPPER", false, &p, &err), ERR_INVALID, "cache \"UPPER\": ");
}

static void test_metadata(void **state)
{
    _cleanup_build_request_ struct build_request q = {.tags = (char *[]){(char *)"app", NULL}};
    struct build_result result = {.manifest_size = 7};
    _cleanup_buf_ struct buf out = BUF_INIT, none = BUF_INIT;
    char a[DIGEST_TEXT_MAX], b[DIGEST_TEXT_MAX];
    _cleanup_free_ char *wanted = NULL;
    struct err err;

    (void)state;
    build_metadata(&q, &result, &none);
    assert_string_equal(buf_str(&none), "{}\n");
    memset(a, 'a', sizeof(a));
    memset(b, 'b', sizeof(b));
    memcpy(a, "sha256:", 7);
    memcpy(b, "sha256:", 7);
    a[71] = b[71] = 0;
    assert_ok(digest_parse(a, &result.id, &err));
    assert_ok(digest_parse(b, &result.manifest, &err));
    add_output(&q, "type=image,\"name=host/x,y:1\"");
    build_metadata(&q, &result, &out);
    wanted = str_printf(
        "{\n  \"containerimage.config.digest\": \"%s\",\n  \"containerimage.descriptor\": {\n"
        "    \"mediaType\": \"application/vnd.oci.image.manifest.v1+json\",\n    \"digest\": \"%s\",\n"
        "    \"size\": 7\n  },\n  \"containerimage.digest\": \"%s\",\n"
        "  \"image.name\": \"docker.io/library/app:latest,docker.io/host/x:latest,docker.io/library/y:1\"\n}\n",
        a, b, b);
    assert_string_equal(buf_str(&out), wanted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_output),    cmocka_unit_test(test_bad_output), cmocka_unit_test(test_standard_output),
        cmocka_unit_test(test_platforms), cmocka_unit_test(test_annotation), cmocka_unit_test(test_secret),
        cmocka_unit_test(test_ssh),       cmocka_unit_test(test_named),      cmocka_unit_test(test_place),
        cmocka_unit_test(test_metadata),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
