#include "../unit.h"

#include "base/buf.h"
#include "dockerfile/check.h"

/* "LINE RULE: MESSAGE\n" of each problem. */
static char *shown(const dockerfile_problems *p)
{
    struct buf b = BUF_INIT;

    VEC_FOREACH (one, p)
        buf_addf(&b, "%u %s: %s\n", one->at.line, one->rule, one->message);
    buf_adds(&b, "");
    return b.p ? buf_steal(&b) : str_dup("");
}

static void release(dockerfile_problems *p)
{
    VEC_FOREACH (one, p)
        dockerfile_problem_release(one);
    free(p->v);
}

static void parse(const char *text, struct dockerfile *d, struct dockerfile_check_options *o)
{
    struct err err;

    assert_ok(dockerfile_parse("Dockerfile", text, strlen(text), d, NULL, &err));
    assert_ok(dockerfile_check_options_parse(d->check, o, &err));
}

static void expect(const char *text, char *const *build_args, const char *expected)
{
    _cleanup_dockerfile_ struct dockerfile d = {0};
    _cleanup_(dockerfile_check_options_release) struct dockerfile_check_options o = {0};
    _cleanup_(release) dockerfile_problems problems = {0};
    _cleanup_free_ char *got = NULL;

    parse(text, &d, &o);
    dockerfile_check(&d, build_args, &o, &problems);
    got = shown(&problems);
    if (strcmp(got, expected) != 0)
        fail_msg("of\n%s\ncame\n%snot\n%s", text, got, expected);
}

/* What each check is about: https://docs.docker.com/reference/build-checks/ */
static const struct {
    const char *text, *expected;
} cases[] = {
    {"FROM alpine AS build\nCMD [\"a\"]\n", ""},
    {"FROM alpine AS Build\n", "1 StageNameCasing: Stage name 'Build' should be lowercase\n"},
    {"FROM alpine as build\n", "1 FromAsCasing: 'as' and 'FROM' keywords' casing do not match\n"},
    {"from alpine AS build\n", "1 FromAsCasing: 'AS' and 'from' keywords' casing do not match\n"},
    {"from alpine as build\nrun a\n", ""},
    {"FROM alpine\nRUN a && \\\n\n  b\n", "2 NoEmptyContinuation: Empty continuation line\n"},
    {"FROM alpine\nrun a\nRUN b\n",
     "2 ConsistentInstructionCasing: Command 'run' should match the case of the command majority (uppercase)\n"},
    {"from alpine\nrun a\nRun b\n",
     "3 ConsistentInstructionCasing: Command 'Run' should match the case of the command majority (lowercase)\n"},
    {"FROM a AS x\nFROM b AS x\n", "2 DuplicateStageName: Duplicate stage name \"x\", stage names should be unique\n"},
    {"FROM a AS scratch\n",
     "1 ReservedStageName: Stage name should not use the same name as reserved stage \"scratch\"\n"},
    {"FROM a\nCMD echo\n", "2 JSONArgsRecommended: JSON arguments recommended for CMD to prevent unintended behavior "
                           "related to OS signals\n"},
    {"FROM a\nENTRYPOINT echo\n",
     "2 JSONArgsRecommended: JSON arguments recommended for ENTRYPOINT to prevent unintended "
     "behavior related to OS signals\n"},
    {"FROM a AS x\nSHELL [\"/bin/bash\", \"-c\"]\nCMD echo\nFROM x\nCMD echo\n", ""},
    {"FROM a\nMAINTAINER me\n",
     "2 MaintainerDeprecated: Maintainer instruction is deprecated in favor of using label\n"},
    {"ARG TAG=1\nFROM a:$TAGG\n",
     "2 UndefinedArgInFrom: FROM argument 'TAGG' is not declared (did you mean TAG?)\n"
     "2 InvalidDefaultArgInFrom: Default value for ARG a:$TAGG results in empty or invalid "
     "base image name\n"},
    {"ARG TAG\nFROM a:${TAG:-1}\n", ""},
    {"ARG TAG\nFROM a:$TAG\n",
     "2 InvalidDefaultArgInFrom: Default value for ARG a:$TAG results in empty or invalid base image name\n"},
    {"FROM a-$TARGETARCH\n", ""},
    {"FROM a\nWORKDIR x\nWORKDIR y\n",
     "2 WorkdirRelativePath: Relative workdir \"x\" can have unexpected results if the base image changes\n"},
    {"FROM a AS b\nWORKDIR /x\nWORKDIR y\nFROM b\nWORKDIR z\n", ""},
    {"FROM a\nCMD [\"a\"]\nRUN x\nCMD [\"b\"]\n", "2 MultipleInstructionsDisallowed: Multiple CMD instructions should "
                                                  "not be used in the same stage because only the "
                                                  "last one will be used\n"},
    {"FROM a AS b\nCMD [\"a\"]\nFROM b\nCMD [\"b\"]\n", ""},
    {"FROM a\nHEALTHCHECK NONE\nHEALTHCHECK CMD true\n",
     "2 MultipleInstructionsDisallowed: Multiple HEALTHCHECK instructions should not be used in the same stage because "
     "only the last one will be used\n"},
    {"FROM a\nENV x y z\n",
     "2 LegacyKeyValueFormat: \"ENV key=value\" should be used instead of legacy \"ENV key value\" format\n"},
    {"FROM a\nLABEL x y\n",
     "2 LegacyKeyValueFormat: \"LABEL key=value\" should be used instead of legacy \"LABEL key value\" format\n"},
    {"FROM --platform=$TARGETPLATFORM a\n",
     "1 RedundantTargetPlatform: Setting platform to predefined $TARGETPLATFORM in FROM is redundant as this is the "
     "default behavior\n"},
    {"FROM --platform=${BUILDPLATFORM} a\n", ""},
    {"FROM --platform=linux/amd64 a AS b\n",
     "1 FromPlatformFlagConstDisallowed: FROM --platform flag should not use constant value \"linux/amd64\"\n"},
    {"FROM --platform=linux/amd64 a AS b_amd64\n", ""},
    {"FROM a\nENV API_KEY=1 X=2\n",
     "2 SecretsUsedInArgOrEnv: Do not use ARG or ENV instructions for sensitive data (ENV \"API_KEY\")\n"},
    {"FROM a\nARG github_token\n",
     "2 SecretsUsedInArgOrEnv: Do not use ARG or ENV instructions for sensitive data (ARG \"github_token\")\n"},
    {"FROM a\nENV PUBLIC_KEY=1 PASSWORD_FILE=x KEYBOARD=1 TOKENS=2 MONKEY=1\n", ""},
    {"FROM a\nEXPOSE 80/TCP 81/udp\n",
     "2 ExposeProtoCasing: Defined protocol '80/TCP' in EXPOSE instruction should be lowercase\n"},
    {"FROM a\nEXPOSE 127.0.0.1:80:80 8080\n",
     "2 ExposeInvalidFormat: EXPOSE instruction should not define an IP address or host-port mapping, found "
     "'127.0.0.1:80:80'\n"},

    /* options, of all and of one */
    {"# check=skip=JSONArgsRecommended\nFROM a\nCMD a\nENV a b\n",
     "4 LegacyKeyValueFormat: \"ENV key=value\" should be used instead of legacy \"ENV key value\" format\n"},
    {"# check=skip=all\nFROM a AS X\nCMD a\n", ""},
    {"FROM a\n# check=skip=LegacyKeyValueFormat\nENV a b\nENV c d\n",
     "4 LegacyKeyValueFormat: \"ENV key=value\" should be used instead of legacy \"ENV key value\" format\n"},
    {"FROM a\n# check=skip=LegacyKeyValueFormat\n\nENV a b\n",
     "4 LegacyKeyValueFormat: \"ENV key=value\" should be used instead of legacy \"ENV key value\" format\n"},

    /* experimental ones are asked for */
    {"# other things\nFROM a AS b\n", ""},
    {"# check=experimental=InvalidDefinitionDescription\n# other things\nFROM a AS b\n# VERSION is it\nARG VERSION\n# "
     "x\n"
     "ARG A B\n# apart\n\nARG C\n",
     "3 InvalidDefinitionDescription: Comment for FROM should follow the format: `# b <description>`\n"
     "7 InvalidDefinitionDescription: Comment for ARG should follow the format: `# <arg_key> <description>`\n"},

    /* in the order of lines */
    {"FROM a AS B\nCMD a\nMAINTAINER x\n",
     "1 StageNameCasing: Stage name 'B' should be lowercase\n"
     "2 JSONArgsRecommended: JSON arguments recommended for CMD to prevent unintended behavior related to OS signals\n"
     "3 MaintainerDeprecated: Maintainer instruction is deprecated in favor of using label\n"},
};

static void test_cases(void **state)
{
    char arg[] = "TAG=7", *args[] = {arg, NULL};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        expect(cases[i].text, NULL, cases[i].expected);
    /* a default that is invalid is one also where it is not used */
    expect("ARG TAG\nFROM a:$TAG\n", args,
           "2 InvalidDefaultArgInFrom: Default value for ARG a:$TAG results in empty or invalid base image name\n");
}

/* ---- variables ---- */

static const struct {
    const char *text; /* of a stage */
    const char *expected;
} variables[] = {
    {"ENV A=$BASE\nWORKDIR $A\n", ""},
    {"ENV A=$BSE\n", "2 UndefinedVar: Usage of undefined variable '$BSE' (did you mean $BASE?)\n"},
    {"WORKDIR /${NOTHING_LIKE_IT}\n", "2 UndefinedVar: Usage of undefined variable '$NOTHING_LIKE_IT'\n"},
    {"ENV PATH=$PATH:/x\n", ""},
    {"ARG X\nENV A=$X\n", ""},
    {"ENV A=$XYZQ\nARG XYZQ\n", "2 UndefinedVar: Usage of undefined variable '$XYZQ'\n"},
    {"ENV AAAAA=1 BBBBB=$AAAAA\n", "2 UndefinedVar: Usage of undefined variable '$AAAAA'\n"},
    {"ARG AAAAA=1 BBBBB=$AAAAA\n", ""},
    {"ENV A=${B5555:-x}\n", "2 UndefinedVar: Usage of undefined variable '$B5555'\n"},
    {"RUN echo $UNKNOWN\nCMD [\"$UNKNOWN\"]\n", ""},
    {"COPY $UNKNOWN /\n", "2 UndefinedVar: Usage of undefined variable '$UNKNOWN'\n"},
    {"COPY --chown=$UNKNOWN a /\n", "2 UndefinedVar: Usage of undefined variable '$UNKNOWN'\n"},
    {"COPY <<E /x\n$UNKNOWN\nE\n", "2 UndefinedVar: Usage of undefined variable '$UNKNOWN'\n"},
    {"COPY <<'E' /x\n$UNKNOWN\nE\n", ""},
    {"LABEL a='$UNKNOWN'\n", ""},
    {"# check=skip=UndefinedVar\nENV A=$UNKNOWN\n", ""},
    {"ENV OLD $BASE\nUSER $OLD\n", ""},
};

static void test_variables(void **state)
{
    char base[] = "BASE=/b", *env[] = {base, NULL};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(variables); i++) {
        _cleanup_free_ char *text = str_printf("FROM a\n%s", variables[i].text), *got = NULL;
        _cleanup_dockerfile_ struct dockerfile d = {0};
        _cleanup_(dockerfile_check_options_release) struct dockerfile_check_options o = {0};
        _cleanup_(release) dockerfile_problems problems = {0};

        parse(text, &d, &o);
        dockerfile_check_variables(&d, 0, env, NULL, &o, &problems);
        got = shown(&problems);
        if (strcmp(got, variables[i].expected) != 0)
            fail_msg("of\n%s\ncame\n%snot\n%s", text, got, variables[i].expected);
    }
}

/* ---- what is copied ---- */

static void expect_copy(const char *patterns, const char *source, const char *expected)
{
    static const char text[] = "FROM a\nCOPY x /\n";
    _cleanup_free_ char *one = str_dup(source), *got = NULL;
    char *sources[] = {one, NULL};
    _cleanup_dockerfile_ struct dockerfile d = {0};
    _cleanup_(dockerfile_check_options_release) struct dockerfile_check_options o = {0};
    _cleanup_(release) dockerfile_problems problems = {0};
    _cleanup_(ignore_free_cleanup) struct ignore *g = NULL;
    struct err err;

    parse(text, &d, &o);
    assert_ok(ignore_parse(patterns, strlen(patterns), &g, &err));
    dockerfile_check_copy(&d, &d.instructions.v[1], sources, g, &o, &problems);
    got = shown(&problems);
    assert_string_equal(got, expected);
}

static void test_copy(void **state)
{
    (void)state;
    expect_copy("a\n", "a/b", "2 CopyIgnoredFile: Attempting to Copy file \"a/b\" that is excluded by .dockerignore\n");
    expect_copy("a\n", "/a/", "2 CopyIgnoredFile: Attempting to Copy file \"a\" that is excluded by .dockerignore\n");
    expect_copy("a\n", "b", "");
    expect_copy("a\n!a/b\n", "a", "");
    expect_copy("a\n", ".", "");
    expect_copy("**\n", ".", "2 CopyIgnoredFile: Attempting to Copy file \".\" that is excluded by .dockerignore\n");
}

/* ---- options ---- */

static void test_options(void **state)
{
    struct dockerfile_check_options o;
    struct err err;

    (void)state;
    assert_ok(dockerfile_check_options_parse(" skip=A, B ; error=true;experimental=all", &o, &err));
    assert_string_equal(o.skip[0], "A");
    assert_string_equal(o.skip[1], "B");
    assert_string_equal(o.experimental[0], "all");
    assert_true(o.error);
    dockerfile_check_options_release(&o);
    assert_ok(dockerfile_check_options_parse(NULL, &o, &err));
    assert_null(o.skip);
    assert_fails(dockerfile_check_options_parse("skip", &o, &err), ERR_INVALID, "invalid check option \"skip\"");
    dockerfile_check_options_release(&o);
    assert_fails(dockerfile_check_options_parse("x=y", &o, &err), ERR_INVALID, "invalid check option \"x\"");
    dockerfile_check_options_release(&o);
    assert_fails(dockerfile_check_options_parse("skip=A;error=maybe", &o, &err), ERR_INVALID, "\"maybe\"");
    dockerfile_check_options_release(&o);
}

static void test_result(void **state)
{
    _cleanup_dockerfile_ struct dockerfile d = {0};
    _cleanup_(dockerfile_check_options_release) struct dockerfile_check_options o = {0};
    _cleanup_(release) dockerfile_problems problems = {0};
    struct err err;

    (void)state;
    parse("# check=error=true\nFROM a\nCMD a\nENTRYPOINT b\nENV a b\n", &d, &o);
    assert_ok(dockerfile_check_result(&o, &problems, &err));
    dockerfile_check(&d, NULL, &o, &problems);
    assert_int_equal(problems.n, 3);
    assert_fails(dockerfile_check_result(&o, &problems, &err), ERR_INVALID,
                 "lint violation found for rules: JSONArgsRecommended, LegacyKeyValueFormat");
    o.error = false;
    assert_ok(dockerfile_check_result(&o, &problems, &err));
}

/* What the file says of itself is no comment of the instruction below it: somebody else may decide otherwise. */
static void test_directive_is_no_comment(void **state)
{
    _cleanup_dockerfile_ struct dockerfile d = {0};
    _cleanup_(dockerfile_check_options_release) struct dockerfile_check_options o = {0}, other = {0};
    _cleanup_(release) dockerfile_problems problems = {0};
    struct err err;

    (void)state;
    parse("# check=skip=all\nFROM a AS B\n", &d, &o);
    dockerfile_check(&d, NULL, &o, &problems);
    assert_int_equal(problems.n, 0);
    assert_ok(dockerfile_check_options_parse("error=true", &other, &err));
    dockerfile_check(&d, NULL, &other, &problems);
    assert_int_equal(problems.n, 1);
}

/* Each rule has a name and words of its own, in the place of its number. */
static void test_rules(void **state)
{
    size_t n = 0;

    (void)state;
    for (; dockerfile_rules[n].name; n++)
        assert_non_null(dockerfile_rules[n].what);
    assert_int_equal(n, RULE_EXPOSE_INVALID_FORMAT + 1);
}

/* What Docker has found when it comes to what is wrong, and no more: of the instructions before it, and how that one is
 * written. Whether lines are parted as they should be it knows of all. */
static void test_refused(void **state)
{
    static const struct {
        const char *text, *expected;
    } refused[] = {
        {"FROM a AS B\nMAINTAINER me\nWORKDIR x\nRUNN y\nMAINTAINER me\nFROM b AS C\nRUN z \\\n\n  z\n",
         "1 StageNameCasing: Stage name 'B' should be lowercase\n"
         "2 MaintainerDeprecated: Maintainer instruction is deprecated in favor of using label\n"
         "7 NoEmptyContinuation: Empty continuation line\n"},
        {"MAINTAINER me\nFROM a\n",
         "1 MaintainerDeprecated: Maintainer instruction is deprecated in favor of using label\n"},
        {"FROM a AS B!\n", "1 StageNameCasing: Stage name 'B!' should be lowercase\n"},
        {"# check=experimental=all\n# this\nARG a\n# that\nFROM a AS b!\n",
         "3 InvalidDefinitionDescription: Comment for ARG should follow the format: `# a <description>`\n"},
        {"# check=skip=all\nFROM a AS B\nRUNN y\n", ""},
        {"FROM a AS B\nRUN <<END\n", ""},
        {"FROM a AS B\nENV\nRUN a\n", "1 StageNameCasing: Stage name 'B' should be lowercase\n"},
        {"ARG a\n", ""},
        {"", ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
        _cleanup_dockerfile_ struct dockerfile d = {0};
        _cleanup_(dockerfile_check_options_release) struct dockerfile_check_options o = {0};
        _cleanup_(release) dockerfile_problems problems = {0};
        _cleanup_free_ char *got = NULL;
        struct err err;

        assert_int_equal(dockerfile_parse("D", refused[i].text, strlen(refused[i].text), &d, NULL, NULL), ERR_INVALID);
        assert_ok(dockerfile_check_options_parse(d.check, &o, &err));
        dockerfile_check(&d, NULL, &o, &problems);
        got = shown(&problems);
        if (strcmp(got, refused[i].expected) != 0)
            fail_msg("of\n%s\ncame\n%snot\n%s", refused[i].text, got, refused[i].expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases), cmocka_unit_test(test_refused), cmocka_unit_test(test_variables),
        cmocka_unit_test(test_copy),  cmocka_unit_test(test_options), cmocka_unit_test(test_directive_is_no_comment),
        cmocka_unit_test(test_rules), cmocka_unit_test(test_result),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
