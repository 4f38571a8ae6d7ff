#include "../unit.h"

#include "base/buf.h"
#include "dockerfile/apply.h"
#include "dockerfile/read.h"

static char *const env[] = {(char *)"A=x", (char *)"B=b c", (char *)"E=", NULL};
static const struct words how = {.env = env};

static struct dockerfile_instruction one(const char *text)
{
    struct dockerfile_instruction i;
    struct err err;

    assert_ok(dockerfile_parse_instruction(text, &i, &err));
    return i;
}
#define _cleanup_one_ _cleanup_(dockerfile_instruction_release)

static void assert_list(char *const *list, const char *joined)
{
    _cleanup_free_ char *is = list ? strv_join(list, "|") : str_dup("-");

    assert_string_equal(is, joined);
}

static void test_from_and_arg(void **state)
{
    _cleanup_one_ struct dockerfile_instruction from = one("FROM --platform=linux/$A base:${A} as y");
    _cleanup_one_ struct dockerfile_instruction blank = one("FROM $NOPE"), platform = one("FROM --platform=$E x");
    _cleanup_one_ struct dockerfile_instruction arg = one("ARG X Y=\"$B\" Z=");
    struct dockerfile_from f;
    _cleanup_strv_ char **args = NULL;
    struct err err;

    (void)state;
    assert_ok(dockerfile_read_from(&from, &how, &f, &err));
    assert_string_equal(f.base, "base:x");
    assert_string_equal(f.platform, "linux/x");
    dockerfile_from_release(&f);
    assert_fails(dockerfile_read_from(&blank, &how, &f, &err), ERR_INVALID, "base name ($NOPE) should not be blank");
    assert_fails(dockerfile_read_from(&platform, &how, &f, &err), ERR_INVALID, "empty platform value from expression");
    assert_ok(dockerfile_read_arg(&arg, &how, &args, &err));
    assert_list(args, "X|Y=b c|Z=");
}

static void test_run(void **state)
{
    static const struct {
        const char *text, *argv, *script;
    } cases[] = {
        {"RUN echo $A", "/bin/sh|-c|echo $A", NULL},
        {"RUN [\"echo\", \"$A\"]", "echo|$A", NULL},
        {"RUN <<E\na\nb\nE", "/bin/sh|-c|a\nb\n", NULL},
        {"RUN <<-E\n\ta\n\tE", "/bin/sh|-c|a\n", NULL},
        {"RUN <<E\n#!/bin/x\nE", "/dev/pipes/E", "#!/bin/x\n"},
        {"RUN cat <<-E\n\ta\n\tE", "/bin/sh|-c|cat <<-E\n\ta\nE", NULL},
    };
    struct err err;

    (void)state;
    for (size_t n = 0; n < ARRAY_SIZE(cases); n++) {
        _cleanup_one_ struct dockerfile_instruction i = one(cases[n].text);
        struct dockerfile_run r;

        assert_ok(dockerfile_read_run(&i, &how, NULL, &r, &err));
        assert_list(r.argv, cases[n].argv);
        assert_true(str_eq(r.script, cases[n].script));
        assert_string_equal(r.network, "default");
        dockerfile_run_release(&r);
    }
}

static void test_mounts(void **state)
{
    _cleanup_one_ struct dockerfile_instruction i =
        one("RUN --mount=type=cache,TARGET=/$A,id=i,sharing=locked,mode=0750,uid=7 --mount='\"source=a,b\",from=s,rw' "
            "--mount=type=tmpfs,size=1m --mount=type=secret,id=s,env=S,required --security=insecure x");
    static const struct {
        const char *mount, *says;
    } bad[] = {
        {"type=nope", "unsupported mount type \"nope\""},
        {"type=cahce", "(did you mean cache?)"},
        {"typ=bind", "unexpected key 'typ' in 'typ=bind' (did you mean type?)"},
        {"target", "invalid field 'target' must be a key=value pair"},
        {"required", "unexpected key 'required' for mount type 'bind'"},
        {"size=1", "unexpected key 'size' for mount type 'bind'"},
        {"ro=x", "invalid value for ro: x"},
        {"uid=1", "uid not allowed for \"bind\" type mounts"},
        {"sharing=shared", "invalid cache sharing set for bind mount"},
        {"type=cache,sharing=x", "unsupported sharing value \"x\""},
        {"type=secret", "invalid secret mount. one of source, target required"},
        {"type=secret,id=a,from=b", "secret mount should not have a from"},
        {"type=cache,mode=9", "invalid value 9 for mode"},
    };
    struct dockerfile_run r;
    struct err err;

    (void)state;
    assert_ok(dockerfile_read_run(&i, &how, NULL, &r, &err));
    assert_int_equal(r.mounts.n, 4);
    assert_string_equal(r.mounts.v[0].target, "/x");
    assert_int_equal(r.mounts.v[0].mode, 0750);
    assert_int_equal(r.mounts.v[0].uid, 7);
    assert_false(r.mounts.v[0].has_gid || r.mounts.v[0].read_only);
    assert_string_equal(r.mounts.v[1].source, "a,b");
    assert_false(r.mounts.v[1].read_only);
    assert_int_equal(r.mounts.v[2].size, 1 << 20);
    assert_true(r.mounts.v[3].required && r.mounts.v[3].read_only);
    assert_string_equal(r.mounts.v[3].env, "S");
    assert_string_equal(r.security, "insecure");
    dockerfile_run_release(&r);
    for (size_t n = 0; n < ARRAY_SIZE(bad); n++) {
        _cleanup_free_ char *text = str_printf("RUN --mount=%s x", bad[n].mount);
        _cleanup_one_ struct dockerfile_instruction refused = one(text);

        assert_fails(dockerfile_read_run(&refused, &how, NULL, &r, &err), ERR_INVALID, bad[n].says);
    }
}

static void test_copy(void **state)
{
    _cleanup_one_ struct dockerfile_instruction i = one("COPY \"a b\" c"); /* parted before quotes count */
    _cleanup_one_ struct dockerfile_instruction add = one("ADD --unpack=false --checksum=$A [\"x y\", \"$E/\"]");
    _cleanup_one_ struct dockerfile_instruction from = one("COPY --from=$A a b"), mode = one("COPY --chmod=9 a b");
    struct dockerfile_copy c;
    struct err err;

    (void)state;
    assert_fails(dockerfile_read_copy(&mode, &how, &c, &err), ERR_INVALID, "invalid chmod parameter: '9'");
    assert_fails(dockerfile_read_copy(&from, &how, &c, &err), ERR_INVALID, "not supported for --from");
    assert_ok(dockerfile_read_copy(&add, &how, &c, &err));
    assert_list(c.sources, "x y");
    assert_string_equal(c.target, "/");
    assert_true(c.add && c.unpack && !*c.unpack);
    assert_string_equal(c.checksum, "x");
    dockerfile_copy_release(&c);
    assert_fails(dockerfile_read_copy(&i, &how, &c, &err), ERR_INVALID, "double-quote");
}

static void test_heredoc_copy(void **state)
{
    _cleanup_one_ struct dockerfile_instruction i = one(
        "COPY --from=s --chown=$A --exclude=$A --exclude=b --link --parents=false a$A $B <<F <<'G' d/\n$A '\\$A'\nF\n"
        "$A\nG");
    struct dockerfile_copy c;
    struct err err;

    (void)state;
    assert_ok(dockerfile_read_copy(&i, &how, &c, &err));
    assert_list(c.sources, "ax|b c");
    assert_string_equal(c.target, "d/");
    assert_string_equal(c.from, "s");
    assert_string_equal(c.chown, "x");
    assert_list(c.excludes, "$A|b");
    assert_true(c.link && !c.parents && !c.unpack);
    assert_int_equal(c.files.n, 2);
    assert_string_equal(c.files.v[0].name, "F");
    assert_string_equal(c.files.v[0].content, "x '$A'\n");
    assert_string_equal(c.files.v[1].content, "$A\n");
    dockerfile_copy_release(&c);
}

static void test_chmod(void **state)
{
    static const struct {
        const char *text;
        mode_t before, is;
        bool directory;
    } cases[] = {
        {"755", 0600, 0755, false},           {"04755", 0, 04755, false},         {"u=rwX,go=rX", 0644, 0644, false},
        {"u=rwX,go=rX", 0, 0755, true},       {"u=rwX,go=rX", 0700, 0755, false}, {"+x", 0644, 0755, false},
        {"a-w", 0666, 0444, false},           {"go=u-w", 0640, 0644, false},      {"go=", 0777, 0700, false},
        {"u+s,g+s", 0755, 06755, false},      {"+t", 0755, 01755, false},         {"o=g", 0750, 0755, false},
        {"u+x,g-r+w,o=r", 0644, 0724, false},
    };
    static const char *const bad[] = {"", "8", "77777", "u", "rwx", "u=q", "u=r,", "u=r;"};
    struct err err;

    (void)state;
    for (size_t n = 0; n < ARRAY_SIZE(cases); n++) {
        mode_t is = dockerfile_chmod_apply(cases[n].text, cases[n].before, cases[n].directory);

        assert_ok(dockerfile_chmod_check(cases[n].text, &err));
        if (is != cases[n].is)
            fail_msg("%s of %o: %o and not %o", cases[n].text, cases[n].before, is, cases[n].is);
    }
    for (size_t n = 0; n < ARRAY_SIZE(bad); n++)
        assert_fails(dockerfile_chmod_check(bad[n], &err), ERR_INVALID, "invalid chmod parameter");
}

static int apply(struct dockerfile_applying *a, const char *text, struct err *err)
{
    _cleanup_one_ struct dockerfile_instruction i = one(text);

    a->words = (struct words){.env = a->config->env};
    return dockerfile_apply(a, &i, err);
}

static void test_apply(void **state)
{
    static const char *const lines[] = {
        "ENV A=1 B=$A",
        "ENV A=$A$A B=$A",
        "SHELL [\"/bin/x\", \"-e\"]",
        "CMD a  b",
        "ENTRYPOINT [\"e\"]",
        "EXPOSE 80 ${A}0-112/UDP 127.0.0.1:1:2 [::1]::3/sctp",
        "LABEL $A=$B",
        "VOLUME /v$A /v11",
        "WORKDIR a",
        "WORKDIR ../b/$A",
        "USER u$A:g",
        "STOPSIGNAL INT",
        "ONBUILD COPY <<-E /x\n\t$A\n\tE",
        "HEALTHCHECK --interval=1m --start-interval=2s --retries=3 cmd a b",
    };
    static const struct {
        const char *line, *says;
    } bad[] = {
        {"EXPOSE 80/x", "invalid port: \"80/x\": invalid proto: x"},
        {"EXPOSE /tcp", "invalid port: \"/tcp\": no port specified"},
        {"EXPOSE 9-8", "invalid containerPort: 9-8"},
        {"EXPOSE 1.2.3:1:2", "invalid IP address: 1.2.3"},
        {"EXPOSE x:2", "invalid hostPort: x"},
        {"EXPOSE 1-3:1-2", "invalid ranges specified for container and host Ports: 1-2 and 1-3"},
        {"STOPSIGNAL X", "invalid signal"},
        {"VOLUME $NOPE", "VOLUME specified can not be an empty string"},
        {"ENV $NOPE=x", "ENV names can not be blank"},
    };
    _cleanup_image_config_ struct oci_image_config c = {0};
    struct dockerfile_applying a = {.config = &c.config};
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
        assert_ok(apply(&a, lines[i], &err));
    assert_list(c.config.env, "A=11|B=1");
    assert_list(c.config.cmd, "/bin/x|-e|a  b");
    assert_list(c.config.entrypoint, "e");
    assert_list(c.config.exposed_ports, "110/udp|111/udp|112/udp|2/tcp|3/sctp|80/tcp");
    assert_list(c.config.labels, "11=1");
    assert_list(c.config.volumes, "/v11");
    assert_string_equal(c.config.working_dir, "/b/11");
    assert_string_equal(c.config.user, "u11:g");
    assert_string_equal(c.config.stop_signal, "INT");
    assert_list(c.config.on_build, "COPY <<-E /x\n\t$A\nE");
    assert_list(c.config.healthcheck->test, "CMD-SHELL|a b");
    assert_int_equal(c.config.healthcheck->retries, 3);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_fails(apply(&a, bad[i].line, &err), ERR_INVALID, bad[i].says);
}

/* Each doubles what was there: that ends. */
static void test_growth(void **state)
{
    _cleanup_image_config_ struct oci_image_config c = {0};
    struct dockerfile_applying a = {.config = &c.config};
    _cleanup_buf_ struct buf ports = BUF_INIT;
    struct err err = ERR_INIT;
    int r = apply(&a, "ENV A=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                  &err);

    (void)state;
    buf_adds(&ports, "EXPOSE");
    for (size_t i = 0; r == 0 && i < 12; i++)
        r = apply(&a, "ENV A=$A$A", &err);
    assert_int_equal(r, 0);
    for (size_t i = 0; r == 0 && i < 100; i++) {
        _cleanup_free_ char *line = str_printf("ENV B%zu=$A", i);

        r = apply(&a, line, &err);
    }
    assert_int_equal(r, ERR_LIMIT);
    a.grown = 0;
    for (size_t i = 0; i < 100; i++)
        buf_adds(&ports, " 0-65535");
    assert_int_equal(apply(&a, buf_str(&ports), NULL), ERR_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_from_and_arg), cmocka_unit_test(test_run),          cmocka_unit_test(test_mounts),
        cmocka_unit_test(test_copy),         cmocka_unit_test(test_heredoc_copy), cmocka_unit_test(test_chmod),
        cmocka_unit_test(test_apply),        cmocka_unit_test(test_growth),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
