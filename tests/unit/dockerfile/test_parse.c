#include "../unit.h"

#include "base/buf.h"
#include "base/strv.h"
#include "dockerfile/dockerfile.h"

static struct dockerfile parse(const char *text)
{
    struct dockerfile d;
    struct err err;

    assert_ok(dockerfile_parse("Dockerfile", text, strlen(text), &d, NULL, &err));
    return d;
}

static void assert_words(const struct dockerfile_instruction *i, const char *joined)
{
    _cleanup_free_ char *is = i->words ? strv_join(i->words, "|") : str_dup("-");

    assert_string_equal(is, joined);
}

static void test_stages(void **state)
{
    _cleanup_dockerfile_ struct dockerfile d = parse("ARG V=1\nFROM a:$V AS One\nRUN x\n\nfrom One\nENV A=b\n");

    (void)state;
    assert_int_equal(d.instructions.n, 5);
    assert_int_equal(d.stages.n, 2);
    assert_string_equal(d.stages.v[0].name, "one");
    assert_null(d.stages.v[1].name);
    assert_int_equal(d.stages.v[0].from, 1);
    assert_int_equal(d.stages.v[0].end, 3);
    assert_int_equal(d.stages.v[1].from, 3);
    assert_int_equal(d.stages.v[1].end, 5);
    assert_string_equal(d.instructions.v[3].keyword, "from");
    assert_string_equal(d.instructions.v[3].original, "FROM One");
    assert_int_equal(d.instructions.v[4].at.line, 6);
}

static void test_continuations(void **state)
{
    _cleanup_dockerfile_ struct dockerfile d = parse("\xef\xbb\xbf# Escape = `\r\nFROM x\r\n  run a \\ `  \r\n# "
                                                     "no\r\n\r\n   b ``\r\nCOPY --link --chown='1:2 3' a ` \n b");

    (void)state;
    assert_int_equal(d.escape, '`');
    assert_int_equal(d.instructions.n, 3);
    assert_string_equal(d.instructions.v[1].text, "a \\    b ``");
    assert_true(d.instructions.v[1].empty_continuation);
    assert_int_equal(d.instructions.v[1].at.column, 3);
    assert_int_equal(d.instructions.v[1].last_line, 6);
    assert_words(&d.instructions.v[2], "a|b");
    assert_int_equal(d.instructions.v[2].flags.n, 2);
    assert_string_equal(dockerfile_flag(&d.instructions.v[2], "chown"), "1:2 3");
    assert_string_equal(dockerfile_flag(&d.instructions.v[2], "link"), "");
    assert_null(dockerfile_flag(&d.instructions.v[2], "chmod"));
    assert_int_equal(d.instructions.v[2].flags.v[1].at.column, 13);
}

static void test_forms(void **state)
{
    static const struct {
        const char *line, *words;
        bool json;
    } cases[] = {
        {"RUN [\"a\", \"b c\"]", "a|b c", true},
        {"RUN [ 'a' ]", "[ 'a' ]", false},
        {"RUN [\"a\"", "[\"a\"", false},
        {"RUN [\"a\"] b", "[\"a\"] b", false},
        {"RUN [\"a\"],\"x\":[]", "[\"a\"],\"x\":[]", false},
        {"CMD []", "-", true},
        {"CMD", "-", false},
        {"run  a  'b' # no comment", "a  'b' # no comment", false},
        {"COPY \"a b\"  c", "\"a|b\"|c", false},
        {"COPY [\"a b\", \"c\"]", "a b|c", true},
        {"VOLUME /a\t/b", "/a|/b", false},
        {"ARG A B=\"c d\" E='f'g", "A|B=\"c d\"|E='f'g", false},
        {"ENV A=b\\ c D=\"e f\"", "A=b\\ c|D=\"e f\"", false},
        {"ENV A  some text", "A|some text", false},
        {"LABEL \"a b\"=c", "\"a b\"=c", false},
        {"EXPOSE 80 \"90 91\"", "80|\"90|91\"", false},
        {"HEALTHCHECK --interval=5s CMD [\"a\", \"b\"]", "CMD|a|b", true},
        {"HEALTHCHECK cmd a b", "cmd|a b", false},
        {"WORKDIR a  b ", "a  b", false},
        {"RUN -- --x", "--x", false},
        {"RUN --network=none", "-", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_free_ char *text = str_printf("FROM x\n%s\n", cases[i].line);
        _cleanup_dockerfile_ struct dockerfile d = parse(text);

        assert_int_equal(d.instructions.n, 2);
        assert_words(&d.instructions.v[1], cases[i].words);
        assert_int_equal(d.instructions.v[1].json, cases[i].json);
    }
}

static void test_heredocs(void **state)
{
    _cleanup_dockerfile_ struct dockerfile d = parse("FROM x\nRUN <<A cat 3<<-\"B C\" <<< x\na\r\nA\n\tb\n\t\n\tB "
                                                     "C\nCOPY << 'D' <<E \\\n /x\nd\nD\nE\nRUN [\"<<F\"]\n"
                                                     "RUN echo '<<G' $((1<<2)) ${x\nONBUILD RUN <<H\nh\nH\nENV A=<<I");
    const struct dockerfile_instruction *i = d.instructions.v + 1;

    (void)state;
    assert_int_equal(d.instructions.n, 7);
    assert_int_equal(i->heredocs.n, 2);
    assert_string_equal(i->text, "<<A cat 3<<-\"B C\" <<< x");
    assert_string_equal(i->heredocs.v[0].content, "a\r\n");
    assert_true(i->heredocs.v[0].expand);
    assert_string_equal(i->heredocs.v[1].name, "B C");
    assert_string_equal(i->heredocs.v[1].content, "b\n\n");
    assert_string_equal(i->heredocs.v[1].raw, "\tb\n\t\n");
    assert_false(i->heredocs.v[1].expand);
    assert_int_equal(i->heredocs.v[1].descriptor, 3);
    assert_int_equal(i->last_line, 7);
    assert_int_equal(i[1].heredocs.n, 2);
    assert_string_equal(i[1].heredocs.v[0].content, "d\n");
    assert_string_equal(i[1].heredocs.v[1].content, "");
    assert_int_equal(i[2].heredocs.n, 0);
    assert_int_equal(i[3].heredocs.n, 0);
    assert_int_equal(i[4].heredocs.n, 1);
    assert_string_equal(i[4].trigger->text, "<<H");
    assert_int_equal(i[5].heredocs.n, 0);
}

static void test_refused(void **state)
{
    static const struct {
        const char *text, *says;
    } bad[] = {
        {"", "Dockerfile: file with no instructions"},
        {"# x\n\n", "Dockerfile:2: file with no instructions"},
        {"ARG A\n", "Dockerfile:1: dockerfile contains no stages to build"},
        {"RUN x\nFROM x", "Dockerfile:1: no build stage in current context"},
        {"# escape=x\nFROM x", "Dockerfile:1: invalid escape token 'x' does not match ` or \\"},
        {"# escape=`\n# ESCAPE=`\nFROM x", "Dockerfile:2: only one escape parser directive can be used"},
        {"FROM x\nRUNN x", "Dockerfile:2: unknown instruction: RUNN (did you mean RUN?)"},
        {"FROM x\ncpoy x", "unknown instruction: cpoy (did you mean copy?)"},
        {"FROM x\nFOOBAR x\nENV A", "Dockerfile:3: ENV must have two arguments"},
        {"FROM x\nENV A=b c", "Syntax error - can't find = in \"c\". Must be of the form: name=value"},
        {"FROM x\nENV =b", "ENV names can not be blank"},
        {"FROM x\nLABEL", "LABEL requires at least one argument"},
        {"FROM x\nARG =b", "ARG names can not be blank"},
        {"FROM x\nWORKDIR", "WORKDIR requires exactly one argument"},
        {"FROM x\nRUN [\"a\", 1]", "when using JSON array syntax, arrays must be comprised of strings only"},
        {"FROM", "FROM requires either one or three arguments"},
        {"FROM a b", "FROM requires either one or three arguments"},
        {"FROM a as 1b", "invalid name for build stage: \"1b\", name can't start with a number or contain symbols"},
        {"FROM x\nCOPY a", "COPY requires at least two arguments, but only one was provided"},
        {"FROM x\nCOPY a <<E\nE", "COPY cannot accept a heredoc as a destination"},
        {"FROM x\nRUN <<E\nx", "Dockerfile:2: unterminated heredoc"},
        {"FROM x\nCOPY --form=x a b", "unknown flag: --form (did you mean from?)"},
        {"FROM x\nCOPY --link=x a b", "expecting boolean value for flag --link, not: x"},
        {"FROM x\nCOPY --link= a b", "missing a value on flag: --link"},
        {"FROM x\nCOPY --from a b", "missing a value on flag: --from"},
        {"FROM x\nCOPY --from=a --from=b a b", "duplicate flag specified: --from"},
        {"FROM x\nENV --x=1 A=b", "unknown flag: --x"},
        {"FROM x\nRUN --network=x a", "invalid network mode \"x\""},
        {"FROM x\nRUN --security=x a", "security \"x\" is not valid"},
        {"FROM x\nRUN --mount=type=cache,from=$A a", "'from' doesn't support variable expansion"},
        {"FROM x\nSHELL a", "SHELL requires the arguments to be in JSON form"},
        {"FROM x\nSHELL []", "SHELL requires at least one argument"},
        {"FROM x\nVOLUME [\" \"]", "VOLUME specified can not be an empty string"},
        {"FROM x\nONBUILD ONBUILD RUN x", "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"},
        {"FROM x\nONBUILD from x", "FROM isn't allowed as an ONBUILD trigger"},
        {"FROM x\nHEALTHCHECK", "HEALTHCHECK requires at least one argument"},
        {"FROM x\nHEALTHCHECK CMD", "Missing command after HEALTHCHECK CMD"},
        {"FROM x\nHEALTHCHECK nope x", "Unknown type \"NOPE\" in HEALTHCHECK (try CMD)"},
        {"FROM x\nHEALTHCHECK --interval=1us CMD x", "Interval \"interval\" cannot be less than 1ms"},
        {"FROM x\nHEALTHCHECK --retries=-1 CMD x", "--retries cannot be negative (-1)"},
        {"FROM x\nRUN \xff", "Dockerfile:2: the text is not UTF-8"},
    };
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        _cleanup_dockerfile_ struct dockerfile d = {0};

        assert_fails(dockerfile_parse("Dockerfile", bad[i].text, strlen(bad[i].text), &d, NULL, &err), ERR_INVALID,
                     bad[i].says);
    }
}

static void test_limits(void **state)
{
    _cleanup_dockerfile_ struct dockerfile many = {0}, stages = {0}, nul = {0}, chain = {0};
    _cleanup_buf_ struct buf text = BUF_INIT, froms = BUF_INIT, nested = BUF_INIT;
    struct err err;

    (void)state;
    /* Deep nesting costs nothing. */
    buf_adds(&nested, "FROM x\n");
    for (size_t i = 0; i < 100000; i++)
        buf_adds(&nested, "ONBUILD ");
    assert_fails(dockerfile_parse("D", nested.p, nested.len, &chain, NULL, &err), ERR_INVALID, "D:2: Chaining");
    buf_adds(&text, "FROM x\n");
    for (size_t i = 0; i < DOCKERFILE_INSTRUCTIONS_MAX; i++)
        buf_adds(&text, "RUN x\n");
    assert_fails(dockerfile_parse("D", text.p, text.len, &many, NULL, &err), ERR_LIMIT, "more than 16384 instructions");
    for (size_t i = 0; i <= DOCKERFILE_STAGES_MAX; i++)
        buf_adds(&froms, "FROM x\n");
    assert_fails(dockerfile_parse("D", froms.p, froms.len, &stages, NULL, &err), ERR_LIMIT, "D:1025: more than 1024");
    assert_fails(dockerfile_parse("D", "FROM x\nRUN \0", 12, &nul, NULL, &err), ERR_INVALID, "D:2: a byte");
}

static void test_excerpt(void **state)
{
    static const char text[] = "FROM x\n\nRUN a\n\x1b[1m\n\tCOPY --form=a b c\nRUN b\n";
    _cleanup_dockerfile_ struct dockerfile d = {0};
    struct dockerfile_problem problem = {0};
    _cleanup_buf_ struct buf out = BUF_INIT;
    struct err err;

    (void)state;
    assert_int_equal(dockerfile_parse("D", text, sizeof(text) - 1, &d, &problem, &err), ERR_INVALID);
    assert_string_equal(problem.message, "unknown instruction: ?[1m");
    problem.at = (struct dockerfile_span){.line = 5, .column = 7, .length = 6};
    dockerfile_excerpt(&d, &problem.at, &out);
    assert_string_equal(buf_str(&out), "   3 | RUN a\n   4 | ?[1m\n   5 | \tCOPY --form=a b c\n     | \t     ^~~~~~\n"
                                       "   6 | RUN b\n");
    dockerfile_problem_release(&problem);
}

static void test_one(void **state)
{
    struct dockerfile_instruction i;
    struct err err;

    (void)state;
    assert_ok(dockerfile_parse_instruction("COPY <<E /x\na\nE", &i, &err));
    assert_string_equal(i.heredocs.v[0].content, "a\n");
    dockerfile_instruction_release(&i);
    assert_fails(dockerfile_parse_instruction("RUN a\nRUN b", &i, &err), ERR_INVALID, "single instruction");
    assert_fails(dockerfile_parse_instruction("NOPE", &i, &err), ERR_INVALID, "unknown instruction");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stages),   cmocka_unit_test(test_continuations), cmocka_unit_test(test_forms),
        cmocka_unit_test(test_heredocs), cmocka_unit_test(test_refused),       cmocka_unit_test(test_limits),
        cmocka_unit_test(test_excerpt),  cmocka_unit_test(test_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
