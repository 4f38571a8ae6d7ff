/* What a Dockerfile is planned as, before anything is done. */
#include "../unit.h"
#include "build/plan.h"

#include <stdio.h>

/* What there is besides the Dockerfile: every image is this one. */
struct world {
    int asked;
    char **on_build;
    const char *created;
};

static int give_image(void *data, const char *name, const char *platform, struct build_image *ret, struct err *err)
{
    struct world *w = data;

    (void)platform;
    w->asked++;
    if (str_eq(name, "missing"))
        return err_set(err, ERR_NOT_FOUND, "no such image: missing");
    oci_platform_host(&ret->config.platform);
    ret->config.created = str_dup(w->created ? w->created : "2020-01-02T03:04:05Z");
    ret->config.rootfs.type = str_dup("layers");
    strv_add(&ret->config.config.env, "PATH=/bin");
    strv_add(&ret->config.config.cmd, "/bin/sh");
    ret->config.config.on_build = strv_copy(w->on_build);
    *VEC_PUSH(&ret->config.history) = (struct oci_history){.created_by = str_dup("base")};
    return 0;
}

struct planned {
    struct dockerfile file;
    struct build_plan plan;
    struct dockerfile_problem problem;
    dockerfile_problems warnings;
    struct err err;
    int r;
};

static void make_plan(const char *text, const struct build_request *q, struct world *w, struct planned *p)
{
    const struct build_planning planning = {
        .request = q, .file = &p->file, .image = give_image, .data = w, .warnings = &p->warnings};

    *p = (struct planned){0};
    assert_int_equal(dockerfile_parse("Dockerfile", text, strlen(text), &p->file, NULL, &p->err), 0);
    p->r = build_plan_make(&planning, &p->plan, &p->problem, &p->err);
}

static void release(struct planned *p)
{
    build_plan_release(&p->plan);
    dockerfile_release(&p->file);
    dockerfile_problem_release(&p->problem);
    VEC_FOREACH (w, &p->warnings)
        dockerfile_problem_release(w);
    free(p->warnings.v);
}

/* Titles and histories of all needed stages, a line each. */
static char *describe(const struct planned *p)
{
    struct buf text = BUF_INIT;

    for (size_t i = 0; i < p->plan.n_order; i++) {
        const struct build_stage *s = &p->plan.stages.v[p->plan.order[i]];

        VEC_FOREACH (step, &s->steps)
            buf_addf(&text, "%s\n", step->title);
        for (size_t h = s->base_history; h < s->config.history.n; h++)
            buf_addf(&text, "  %s%s\n", s->config.history.v[h].created_by,
                     s->config.history.v[h].empty_layer ? "" : " +");
    }
    return buf_steal(&text);
}

static const struct {
    const char *name, *dockerfile, *target, *plan;
} plans[] = {
    {"one stage", "FROM a\nENV X=1\nRUN make\nCMD [\"x\"]\n", NULL,
     "[1/2] FROM a\n[2/2] RUN make\n  ENV X=1\n  RUN /bin/sh -c make +\n  CMD [\"x\"]\n"},
    {"only what is needed, in the order of needs",
     "FROM a AS one\nRUN 1\nFROM a AS two\nRUN 2\nFROM a\nCOPY --from=one /x /y\n", NULL,
     "[one 1/2] FROM a\n[one 2/2] RUN 1\n  RUN /bin/sh -c 1 +\n"
     "[stage-2 1/2] FROM a\n[stage-2 2/2] COPY --from=one /x /y\n  COPY /x /y +\n"},
    {"a target", "FROM a AS one\nRUN 1\nFROM one AS two\nRUN 2\nFROM two\nRUN 3\n", "two",
     "[one 1/2] FROM a\n[one 2/2] RUN 1\n  RUN /bin/sh -c 1 +\n"
     "[two 1/2] FROM one\n[two 2/2] RUN 2\n  RUN /bin/sh -c 2 +\n"},
    {"mounts need stages too", "FROM a AS one\nFROM a\nRUN --mount=from=one,target=/m true\n", NULL,
     "[one 1/1] FROM a\n[stage-1 1/2] FROM a\n[stage-1 2/2] RUN --mount=from=one,target=/m true\n"
     "  RUN /bin/sh -c true +\n"},
    {"arguments are said of RUN unless ENV has them", "FROM a\nARG A=1\nARG B=2\nENV B=3\nRUN x\n", NULL,
     "[1/2] FROM a\n[2/2] RUN x\n  ARG A=1\n  ARG B=2\n  ENV B=3\n  RUN |1 A=1 /bin/sh -c x +\n"},
    {"WORKDIR is a step", "FROM a\nWORKDIR /a\nWORKDIR b\n", NULL,
     "[1/3] FROM a\n[2/3] WORKDIR /a\n[3/3] WORKDIR b\n  WORKDIR /a +\n  WORKDIR b +\n"},
    {"passwords of URLs are not told", "FROM a\nADD https://me:secret@host/a@b.tar ssh://h/x /\n", NULL,
     "[1/2] FROM a\n[2/2] ADD https://xxxxxxxxx@host/a@b.tar ssh://h/x /\n"
     "  ADD https://xxxxxxxxx@host/a@b.tar ssh://h/x / +\n"},
    {"SHELL", "FROM a\nSHELL [\"/bin/ash\",\"-e\"]\nRUN x\n", NULL,
     "[1/2] FROM a\n[2/2] RUN x\n  SHELL [\"/bin/ash\",\"-e\"]\n  RUN /bin/ash -e x +\n"},
};

static void test_plans(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(plans); i++) {
        const struct build_request q = {.context = ".", .target = plans[i].target};
        _cleanup_free_ char *text = NULL;
        struct world w = {0};
        struct planned p;

        make_plan(plans[i].dockerfile, &q, &w, &p);
        print_message("%s %s\n", plans[i].name, p.err.text);
        assert_int_equal(p.r, 0);
        text = describe(&p);
        assert_string_equal(text, plans[i].plan);
        release(&p);
    }
}

static const struct {
    const char *dockerfile, *args[3], *env; /* `env` of the last RUN, joined by blanks */
} arguments[] = {
    {"ARG V=1\nFROM a\nARG V\nRUN x\n", {NULL}, "PATH=/bin V=1"},
    {"ARG V=1\nFROM a\nRUN x\n", {"V=2", NULL}, "PATH=/bin"},
    {"ARG V=1\nFROM a\nARG V\nRUN x\n", {"V=2", NULL}, "PATH=/bin V=2"},
    {"FROM a\nARG V=1\nRUN x\n", {"V=", NULL}, "PATH=/bin V="},
    {"FROM a\nARG V\nRUN x\n", {NULL}, "PATH=/bin"},
    {"FROM a\nARG V=1\nENV W=${V}2\nRUN x\n", {NULL}, "PATH=/bin W=12 V=1"},
    {"FROM a\nARG V=1\nENV V=2\nENV W=$V\nRUN x\n", {NULL}, "PATH=/bin V=2 W=2"},
    {"FROM a\nARG TARGETOS\nRUN x\n", {NULL}, "PATH=/bin TARGETOS=linux"},
    {"FROM a AS one\nARG V=1\nFROM one\nRUN x\n", {NULL}, "PATH=/bin"},
    {"FROM scratch\nRUN x\n", {NULL}, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
    {"FROM a\nRUN x\n", {"HTTP_PROXY=p", NULL}, "PATH=/bin"},
};

static void test_arguments(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(arguments); i++) {
        const struct build_request q = {.context = ".", .build_args = (char *const *)arguments[i].args};
        _cleanup_free_ char *env = NULL;
        struct world w = {0};
        struct planned p;
        const struct build_stage *s;

        make_plan(arguments[i].dockerfile, &q, &w, &p);
        assert_int_equal(p.r, 0);
        s = &p.plan.stages.v[p.plan.targets.v[0].stage];
        env = strv_join(s->steps.v[s->steps.n - 1].environment.env, " ");
        assert_string_equal(env, arguments[i].env);
        release(&p);
    }
}

/* Proxies reach RUN without being asked for, and count for no key. */
static void test_proxies(void **state)
{
    char *args[] = {(char *)"HTTP_PROXY=p", (char *)"OTHER=1", NULL};
    const struct build_request q = {.context = ".", .build_args = args};
    struct world w = {0};
    struct planned p;

    (void)state;
    make_plan("FROM a\nRUN x\n", &q, &w, &p);
    assert_int_equal(p.r, 0);
    assert_string_equal(p.plan.stages.v[0].steps.v[1].environment.quiet[0], "HTTP_PROXY=p");
    assert_null(p.plan.stages.v[0].steps.v[1].environment.quiet[1]);
    assert_int_equal(p.warnings.n, 1);
    assert_string_equal(p.warnings.v[0].message, "one or more build-args [OTHER] were not consumed");
    release(&p);
}

static void test_base_args(void **state)
{
    char *args[] = {(char *)"TAG=2", NULL};
    const struct build_request q = {.context = ".", .build_args = args};
    struct world w = {0};
    struct planned p;

    (void)state;
    make_plan("ARG TAG=1\nARG NAME=img:$TAG\nFROM ${NAME}\n", &q, &w, &p);
    assert_int_equal(p.r, 0);
    assert_string_equal(p.plan.images.v[0].name, "img:2");
    release(&p);
}

/* What a base image asks for comes first, once, and is not passed on. */
static void test_triggers(void **state)
{
    char *on_build[] = {(char *)"RUN first", (char *)"ENV T=1", NULL};
    const struct build_request q = {.context = "."};
    struct world w = {.on_build = on_build};
    struct planned p;
    const struct build_stage *s;

    (void)state;
    make_plan("FROM a\nRUN second\n", &q, &w, &p);
    assert_int_equal(p.r, 0);
    s = &p.plan.stages.v[0];
    assert_int_equal(s->steps.n, 3);
    assert_string_equal(s->steps.v[1].title, "[2/3] RUN first");
    assert_string_equal(s->steps.v[2].environment.env[1], "T=1");
    assert_int_equal(s->steps.v[1].at.line, 1);
    assert_null(s->config.config.on_build);
    release(&p);
}

/* What RUN gets is made once for all between two changes: many arguments in front of many steps are no product. */
static void test_environments(void **state)
{
    const struct build_request q = {.context = "."};
    struct world w = {0};
    struct planned p;
    const struct build_step *s;

    (void)state;
    make_plan(
        "FROM a\nARG A=1\nRUN one\nRUN two\nLABEL x=$A\nRUN three\nENV A=2\nRUN four $A\nARG B=$A\nARG A=3\nRUN five\n"
        "LABEL y=$A\n",
        &q, &w, &p);
    assert_int_equal(p.r, 0);
    s = p.plan.stages.v[0].steps.v;
    assert_ptr_equal(s[1].environment.env, s[2].environment.env);
    assert_ptr_equal(s[1].environment.env, s[3].environment.env);
    assert_string_equal(s[3].created_by, "RUN |1 A=1 /bin/sh -c three");
    assert_string_equal(s[4].environment.env[1], "A=2");
    assert_null(s[4].environment.env[2]);
    assert_string_equal(s[5].created_by, "RUN |1 B=2 /bin/sh -c five");
    assert_string_equal(s[5].environment.env[1], "A=2");
    assert_string_equal(p.plan.stages.v[0].config.config.labels[0], "x=1");
    assert_string_equal(p.plan.stages.v[0].config.config.labels[1], "y=2");
    assert_int_equal(p.plan.stages.v[0].environments.n, 3);
    release(&p);
}

/* A stage that is planned once; an image that is asked for once. */
static void test_shared(void **state)
{
    const struct build_request q = {.context = "."};
    struct world w = {0};
    struct planned p;

    (void)state;
    make_plan("FROM a AS b\nRUN 1\nFROM b AS c\nRUN 2\nFROM b AS d\nRUN 3\nFROM a\nCOPY --from=c / /\n"
              "COPY --from=d / /\nCOPY --from=a / /\n",
              &q, &w, &p);
    assert_int_equal(p.r, 0);
    assert_int_equal(p.plan.n_order, 4);
    assert_int_equal(w.asked, 1);
    release(&p);
}

/* One plan for all: what does not depend on the platform stands in it once. */
static void test_platforms(void **state)
{
    char *platforms[] = {(char *)"linux/s390x", (char *)"linux/arm/v7", NULL};
    const struct build_request q = {.context = ".", .platforms = platforms};
    _cleanup_free_ char *text = NULL;
    struct oci_platform host;
    _cleanup_free_ char *is = NULL, *wanted = NULL;
    struct world w = {0};
    struct planned p;

    (void)state;
    oci_platform_host(&host);
    is = oci_platform_format(&host);
    oci_platform_release(&host);
    wanted = str_printf("[%s tools 1/2] FROM a\n[%s tools 2/2] RUN 1\n  RUN /bin/sh -c 1 +\n"
                        "[%s->s390x cross 1/2] FROM tools\n[%s->s390x cross 2/2] RUN 2\n"
                        "  ARG TARGETARCH=s390x\n  RUN |1 TARGETARCH=s390x /bin/sh -c 2 +\n"
                        "[linux/s390x stage-2 1/2] FROM scratch\n[linux/s390x stage-2 2/2] COPY --from=cross / /\n"
                        "  COPY / / +\n"
                        "[%s->arm/v7 cross 1/2] FROM tools\n[%s->arm/v7 cross 2/2] RUN 2\n"
                        "  ARG TARGETARCH=arm\n  RUN |1 TARGETARCH=arm /bin/sh -c 2 +\n"
                        "[linux/arm/v7 stage-2 1/2] FROM scratch\n[linux/arm/v7 stage-2 2/2] COPY --from=cross / /\n"
                        "  COPY / / +\n",
                        is, is, is, is, is, is);
    make_plan("FROM --platform=$BUILDPLATFORM a AS tools\nRUN 1\nFROM tools AS cross\nARG TARGETARCH\nRUN 2\n"
              "FROM scratch\nCOPY --from=cross / /\n",
              &q, &w, &p);
    assert_int_equal(p.r, 0);
    text = describe(&p);
    assert_string_equal(text, wanted);
    assert_int_equal(p.plan.targets.n, 2);
    assert_string_equal(p.plan.targets.v[1].platform.variant, "v7");
    assert_true(p.plan.targets.v[0].stage != p.plan.targets.v[1].stage);
    assert_int_equal(w.asked, 1);
    release(&p);
}

static void test_epoch(void **state)
{
    static const struct {
        const char *created;
        int64_t given, epoch;
    } cases[] = {{"1970-01-02T00:00:00.5Z", -1, 86400}, {"0001-01-01T00:00:00Z", -1, 315532800}, {NULL, 7, 7}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct build_request q = {.context = ".", .has_epoch = cases[i].given >= 0, .epoch = cases[i].given};
        struct world w = {.created = cases[i].created};
        struct planned p;

        make_plan("FROM a AS x\nFROM x\nRUN 1\n", &q, &w, &p);
        assert_int_equal(p.r, 0);
        assert_int_equal(p.plan.stages.v[1].epoch, cases[i].epoch);
        release(&p);
    }
}

static const struct {
    const char *dockerfile, *target, *error;
    unsigned line;
} errors[] = {
    {"FROM a\n", "nope", "target stage \"nope\" could not be found", 0},
    {"FROM missing\n", NULL, "Dockerfile:1: no such image: missing", 1},
    {"FROM a\nCOPY --from=missing / /\n", NULL, "Dockerfile:2: no such image: missing", 2},
    {"FROM a\nENV X=1 \\\n  Y\n", NULL, "Dockerfile:2: ", 2},
    {"FROM a\nCOPY --from=1 / /\nFROM a\n", "0", "Dockerfile:2: invalid from flag value 1: no earlier stage", 2},
    {"FROM a AS me\nCOPY --from=me / /\n", NULL, "Dockerfile:2: invalid from flag value me: that stage is not", 2},
    {"FROM a\nCOPY --from=two / /\nFROM a AS two\n", "0", "Dockerfile:2: invalid from flag value two: that", 2},
};

static void test_errors(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
        const struct build_request q = {.context = ".", .target = errors[i].target};
        struct world w = {0};
        struct planned p = {0};
        const struct build_planning planning = {.request = &q, .file = &p.file, .image = give_image, .data = &w};

        if (dockerfile_parse("Dockerfile", errors[i].dockerfile, strlen(errors[i].dockerfile), &p.file, &p.problem,
                             &p.err) == 0)
            p.r = build_plan_make(&planning, &p.plan, &p.problem, &p.err);
        else
            p.r = p.err.kind;
        assert_true(p.r < 0);
        assert_non_null(str_after(p.err.text, errors[i].error));
        assert_int_equal(p.problem.at.line, errors[i].line);
        release(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plans),     cmocka_unit_test(test_arguments), cmocka_unit_test(test_proxies),
        cmocka_unit_test(test_base_args), cmocka_unit_test(test_triggers),  cmocka_unit_test(test_environments),
        cmocka_unit_test(test_shared),    cmocka_unit_test(test_platforms), cmocka_unit_test(test_epoch),
        cmocka_unit_test(test_errors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
