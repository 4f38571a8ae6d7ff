#include "../unit.h"

#include "oci/image_config.h"

#define ID "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void test_all_fields(void **state)
{
    static const char text[] =
        "{\"created\":\"2024-01-02T03:04:05.6Z\",\"author\":\"me\",\"architecture\":\"arm\",\"os\":\"linux\","
        "\"variant\":\"v7\","
        "\"config\":{\"User\":\"1:2\",\"ExposedPorts\":{\"53/udp\":{},\"80/tcp\":{}},\"Env\":[\"A=b\",\"C\"],"
        "\"Entrypoint\":[\"/"
        "e\"],\"Cmd\":[\"c\",\"\"],\"Healthcheck\":{\"Test\":[\"CMD\",\"x\"],\"Interval\":5,\"Timeout\":6,"
        "\"StartPeriod\":7,\"StartInterval\":8,\"Retries\":9},\"Volumes\":{\"/v\":{}},\"WorkingDir\":\"/"
        "w\",\"OnBuild\":[\"RUN x\"],"
        "\"Labels\":{\"k\":\"v=w\"},\"StopSignal\":\"SIGINT\",\"Shell\":[\"/bin/sh\",\"-c\"],\"ArgsEscaped\":true},"
        "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"" ID "\"]},"
        "\"history\":[{\"created\":\"x\",\"created_by\":\"y\",\"author\":\"z\",\"comment\":\"c\",\"empty_layer\":true}]"
        "}";
    struct oci_image_config c;
    struct digest id;
    struct err err;
    _cleanup_buf_ struct buf out = BUF_INIT;

    (void)state;
    assert_ok(oci_image_config_parse(text, strlen(text), &c, &err));
    assert_string_equal(c.platform.variant, "v7");
    assert_string_equal(c.config.exposed_ports[1], "80/tcp");
    assert_string_equal(c.config.labels[0], "k=v=w");
    assert_int_equal(c.config.healthcheck->retries, 9);
    assert_int_equal(oci_image_config_layers(&c), 1);
    oci_image_config_diff_id(&c, 0, &id);
    assert_int_equal(id.algorithm, DIGEST_SHA256);
    oci_image_config_dump(&c, &out);
    assert_string_equal(buf_str(&out), text);
    oci_image_config_release(&c);
}

/* What old builders wrote. */
static void test_nulls(void **state)
{
    static const char text[] =
        "{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{\"Hostname\":\"x\",\"Env\":null,\"Cmd\":null,"
        "\"Volumes\":null,\"Labels\":null,\"Healthcheck\":null,\"AttachStdin\":false},"
        "\"container_config\":{\"Cmd\":[\"#(nop)\"]},\"history\":null,"
        "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":null}}";
    struct oci_image_config c;
    struct err err;

    (void)state;
    assert_ok(oci_image_config_parse(text, strlen(text), &c, &err));
    assert_null(c.config.env);
    assert_null(c.config.healthcheck);
    assert_int_equal(oci_image_config_layers(&c), 0);
    oci_image_config_release(&c);
}

static void test_refused(void **state)
{
    static const struct {
        const char *text, *says;
        int kind;
    } cases[] = {
        {"{}", "rootfs: missing", ERR_INVALID},
        {"{\"rootfs\":{\"type\":\"base\"}}", "rootfs of type \"base\"", ERR_UNSUPPORTED},
        {"{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:xyz\"]}}", "rootfs.diff_ids", ERR_INVALID},
        {"{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[5]}}", "diff_ids[0]: string expected", ERR_INVALID},
        {"{\"config\":{\"Env\":\"A=b\"},\"rootfs\":{\"type\":\"layers\"}}", "config.Env: array of strings",
         ERR_INVALID},
        {"{\"config\":{\"Env\":[\"A\\u0000b\"]},\"rootfs\":{\"type\":\"layers\"}}", "image config", ERR_INVALID},
        {"{\"config\":[],\"rootfs\":{\"type\":\"layers\"}}", "config: object expected", ERR_INVALID},
    };
    struct oci_image_config c;
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        print_message("%s\n", cases[i].text);
        assert_fails(oci_image_config_parse(cases[i].text, strlen(cases[i].text), &c, &err), cases[i].kind,
                     cases[i].says);
    }
}

static void test_too_many_layers(void **state)
{
    _cleanup_buf_ struct buf text = BUF_INIT;
    struct oci_image_config c;
    struct err err;

    (void)state;
    buf_adds(&text, "{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"" ID "\"");
    for (int i = 0; i < 500; i++)
        buf_adds(&text, ",\"" ID "\"");
    buf_adds(&text, "]}}");
    assert_fails(oci_image_config_parse(text.p, text.len, &c, &err), ERR_LIMIT, "501 layers");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_fields),
        cmocka_unit_test(test_nulls),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_too_many_layers),
    };

    return cmocka_run_group_tests_name("image config", tests, NULL, NULL);
}
