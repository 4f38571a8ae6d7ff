#include "../unit.h"

#include "image/change.h"

#define CHANGES(...) ((char *const[]){__VA_ARGS__, NULL})

static void assert_list(char *const *list, const char *joined)
{
    _cleanup_free_ char *is = strv_join(list, "|");

    assert_string_equal(is, joined);
}

static void test_instructions(void **state)
{
    struct oci_image_config c = {0};
    struct oci_container_config *config = &c.config;
    struct err err;

    (void)state;
    strv_add(&config->env, "PATH=/bin");
    strv_add(&config->cmd, "before");
    assert_ok(
        image_change(config,
                     CHANGES((char *)"env A=1 B=\"two words\"\nENV OLD some text  here", (char *)"ENV A=$A$PATH",
                             (char *)"ENTRYPOINT [\"/e\", \"a b\"]", (char *)"EXPOSE 80 70/UDP 8000-8001 80/tcp",
                             (char *)"LABEL b=2 \"a c\"='1'", (char *)"# a comment", (char *)"WORKDIR /a//b",
                             (char *)"WORKDIR ../c", (char *)"USER $B", (char *)"VOLUME /v /w /v",
                             (char *)"VOLUME [\"/x y\"]", (char *)"STOPSIGNAL 15", (char *)"ONBUILD RUN \\\nmake",
                             (char *)"HEALTHCHECK --interval=1m30s --timeout=5s --retries=2 CMD [\"check\", \"it\"]"),
                     &err));
    assert_list(config->env, "PATH=/bin|A=1/bin|B=two words|OLD=some text  here");
    assert_null(config->cmd); /* it belonged to another program */
    assert_list(config->entrypoint, "/e|a b");
    assert_list(config->exposed_ports, "70/udp|80/tcp|8000/tcp|8001/tcp");
    assert_list(config->labels, "a c=1|b=2");
    assert_string_equal(config->working_dir, "/a/c");
    assert_string_equal(config->user, "two words");
    assert_list(config->volumes, "/v|/w|/x y");
    assert_string_equal(config->stop_signal, "15");
    assert_list(config->on_build, "RUN make");
    assert_list(config->healthcheck->test, "CMD|check|it");
    assert_int_equal(config->healthcheck->interval, INT64_C(90000000000));
    assert_int_equal(config->healthcheck->retries, 2);
    assert_ok(image_change(
        config, CHANGES((char *)"CMD a \"b\" $c", (char *)"ENTRYPOINT [not, json]", (char *)"HEALTHCHECK NONE"), &err));
    assert_list(config->cmd, "/bin/sh|-c|a \"b\" $c");
    assert_list(config->entrypoint, "/bin/sh|-c|[not, json]");
    assert_list(config->healthcheck->test, "NONE");
    strv_add(&config->shell, "/bin/ash");
    assert_ok(image_change(config, CHANGES((char *)"CMD x"), &err));
    assert_list(config->cmd, "/bin/ash|x");
    oci_image_config_release(&c);
}

static void test_refused(void **state)
{
    static const struct {
        const char *line, *says;
    } bad[] = {
        {"RUN x", "RUN is not a valid change command"},
        {"FROM x", "FROM is not a valid change command"},
        {"NOPE x", "NOPE is not a valid change command"},
        {"SHELL [\"x\"]", "SHELL is not a valid change command"},
        {"ENV", "ENV requires at least one argument"},
        {"ENV A", "must have two arguments"},
        {"ENV A=1 B", "can't find = in \"B\""},
        {"LABEL =x", "blank"},
        {"EXPOSE x", "invalid containerPort: x"},
        {"EXPOSE 9-8", "invalid containerPort: 9-8"},
        {"EXPOSE 80/icmp", "invalid port: \"80/icmp\": invalid proto: icmp"},
        {"EXPOSE 65536", "invalid containerPort"},
        {"STOPSIGNAL SIGNOPE", "invalid signal"},
        {"ONBUILD onbuild RUN x", "ONBUILD"},
        {"HEALTHCHECK --nope=1 CMD x", "unknown flag: --nope"},
        {"HEALTHCHECK --interval=1us CMD x", "Interval \"interval\" cannot be less than 1ms"},
        {"HEALTHCHECK CMD", "Missing command"},
        {"HEALTHCHECK NONE x", "NONE takes no arguments"},
        {"VOLUME [\"\"]", "empty string"},
        {"USER 'a", "single-quote"},
    };
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct oci_image_config c = {0};

        assert_fails(image_change(&c.config, CHANGES((char *)bad[i].line), &err), ERR_INVALID, bad[i].says);
        oci_image_config_release(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_instructions),
        cmocka_unit_test(test_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
