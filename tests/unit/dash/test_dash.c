#include "../unit.h"

#include "dash/dash.h"

#include <locale.h>
#include <wchar.h>

#define SECOND INT64_C(1000000000)

struct made {
    const char *id, *name;
    enum store_container_status status;
    int64_t pid;
};

static void take(struct dash *d, const struct made *made, size_t n)
{
    struct container_list list = {0};

    for (size_t i = 0; i < n; i++)
        *VEC_PUSH(&list) = (struct store_container_record){.id = str_dup(made[i].id),
                                                           .name = str_dup(made[i].name),
                                                           .image = str_dup("docker.io/library/alpine:latest"),
                                                           .status = made[i].status,
                                                           .pid = made[i].pid};
    dash_take_list(d, &list);
}

static const struct made three[] = {
    {"c3", "beta", STORE_CONTAINER_RUNNING, 30},
    {"a1", "gamma", STORE_CONTAINER_RUNNING, 10},
    {"b2", "alpha", STORE_CONTAINER_EXITED, 0},
};

/* What is shown, as the first letters of the names. */
static void expect_shown(const struct dash *d, const char *letters)
{
    char got[16] = "";

    for (size_t i = 0; i < d->shown.n && i < sizeof(got) - 1; i++)
        got[i] = d->rows.v[d->shown.v[i]].record.name[0];
    assert_string_equal(got, letters);
}

static size_t row_of(const struct dash *d, const char *id)
{
    size_t i = 0;

    while (strcmp(d->rows.v[i].record.id, id) != 0)
        i++;
    return i;
}

/* Two readings a second apart, between which so much was used. */
static void use(struct dash *d, const char *id, uint64_t cpu, uint64_t memory, uint64_t written)
{
    size_t row = row_of(d, id);

    dash_take_usage(d, row, &(struct container_usage){.cpus = 2, .system = 100, .cpu = 100, .memory = memory}, SECOND);
    dash_take_usage(
        d, row,
        &(struct container_usage){.cpus = 2, .system = 1100, .cpu = 100 + cpu, .memory = memory, .written = written},
        3 * SECOND);
}

static void test_order(void **state)
{
    _cleanup_dash_ struct dash d = {0};

    (void)state;
    take(&d, three, 3);
    expect_shown(&d, "abg");
    use(&d, "c3", 100, 500, 0);
    use(&d, "a1", 50, 900, 4000);
    d.sort = DASH_BY_CPU;
    dash_arrange(&d);
    expect_shown(&d, "bga");
    assert_float_equal(d.rows.v[row_of(&d, "c3")].history[DASH_CPU][0], 20, 0.001);  /* a tenth of two CPUs */
    assert_float_equal(d.rows.v[row_of(&d, "a1")].history[DASH_IO][0], 2000, 0.001); /* in two seconds */
    d.sort = DASH_BY_MEMORY;
    dash_arrange(&d);
    expect_shown(&d, "gba");
    d.backwards = true;
    dash_arrange(&d);
    expect_shown(&d, "abg");
    d.backwards = false;
    d.sort = DASH_BY_STATE;
    dash_arrange(&d);
    expect_shown(&d, "bga");
    for (enum dash_sort s = 0; s < DASH_SORTS; s++)
        assert_true(*dash_sort_name(s));
}

static void test_filter(void **state)
{
    _cleanup_dash_ struct dash d = {0};

    (void)state;
    take(&d, three, 3);
    buf_adds(&d.filter, "AM");
    dash_arrange(&d);
    expect_shown(&d, "g");
    buf_clear(&d.filter);
    buf_adds(&d.filter, "alpine");
    dash_arrange(&d);
    expect_shown(&d, "abg");
    buf_clear(&d.filter);
    buf_adds(&d.filter, "exited");
    dash_arrange(&d);
    expect_shown(&d, "a");
    buf_adds(&d.filter, "?");
    dash_arrange(&d);
    expect_shown(&d, "");
    assert_null(dash_chosen(&d));
    dash_move(&d, 1);
    assert_null(dash_chosen(&d));
}

static void test_chosen(void **state)
{
    _cleanup_dash_ struct dash d = {0};

    (void)state;
    assert_null(dash_chosen(&d));
    take(&d, three, 3);
    assert_string_equal(d.chosen, "b2");
    dash_move(&d, 1);
    assert_string_equal(d.chosen, "c3");
    use(&d, "c3", 100, 0, 0);
    d.sort = DASH_BY_CPU; /* it is the same one wherever it goes */
    dash_arrange(&d);
    assert_string_equal(d.chosen, "c3");
    assert_int_equal(dash_place(&d), 0);
    dash_move(&d, 100);
    assert_string_equal(d.chosen, "a1");
    dash_move(&d, -100);
    assert_string_equal(d.chosen, "c3");
    d.sort = DASH_BY_NAME;
    dash_arrange(&d);
    take(&d, three + 1, 2); /* gone, from between the two: who is in its place */
    assert_string_equal(d.chosen, "a1");
    take(&d, NULL, 0);
    assert_null(d.chosen);
}

static void test_history(void **state)
{
    _cleanup_dash_ struct dash d = {0};
    const struct made again[] = {{"a1", "gamma", STORE_CONTAINER_RUNNING, 11}};

    (void)state;
    take(&d, three, 3);
    for (int i = 0; i < 100; i++)
        dash_take_usage(&d, row_of(&d, "a1"), &(struct container_usage){.memory = (uint64_t)i}, (i + 1) * SECOND);
    take(&d, three, 3); /* a new list forgets nothing */
    assert_int_equal(d.rows.v[row_of(&d, "a1")].samples, DASH_HISTORY);
    assert_float_equal(d.rows.v[row_of(&d, "a1")].history[DASH_MEMORY][0], 99, 0);
    assert_float_equal(d.rows.v[row_of(&d, "a1")].history[DASH_MEMORY][DASH_HISTORY - 1], 36, 0);
    take(&d, again, 1); /* it was started anew */
    assert_int_equal(d.rows.v[0].samples, 0);
}

/* Whatever there are, a screen and some more are read, and all of them in time. */
static void test_due(void **state)
{
    enum { MANY = 1000, HEIGHT = 20 };
    static struct made many[MANY];
    static char names[MANY][16], seen[MANY];
    _cleanup_dash_ struct dash d = {0};
    size_t due[HEIGHT + DASH_MORE], n;

    (void)state;
    for (int i = 0; i < MANY; i++) {
        snprintf(names[i], sizeof(names[i]), "n%04d", i);
        many[i] = (struct made){names[i], names[i], i % 10 ? STORE_CONTAINER_RUNNING : STORE_CONTAINER_EXITED, 1};
    }
    take(&d, many, MANY);
    assert_int_equal(dash_due(&d, HEIGHT, due), HEIGHT - 2); /* what has ended uses nothing */
    d.sort = DASH_BY_CPU;
    dash_arrange(&d);
    for (int turn = 0; turn < MANY / DASH_MORE; turn++) {
        n = dash_due(&d, HEIGHT, due);
        assert_true(n <= HEIGHT + DASH_MORE);
        for (size_t i = 0; i < n; i++) {
            for (size_t k = 0; k < i; k++)
                assert_int_not_equal(due[i], due[k]);
            seen[due[i]] = 1;
        }
    }
    for (int i = 0; i < MANY; i++)
        assert_int_equal(seen[i], i % 10 != 0);
    dash_move(&d, MANY);
    dash_scroll(&d, HEIGHT);
    assert_int_equal(d.top, MANY - HEIGHT);
    dash_move(&d, -5);
    dash_scroll(&d, HEIGHT);
    assert_int_equal(d.top, MANY - HEIGHT);
    dash_move(&d, -MANY);
    dash_scroll(&d, HEIGHT);
    assert_int_equal(d.top, 0);
    dash_scroll(&d, MANY + 1);
    assert_int_equal(dash_due(&d, 0, due), DASH_MORE);
}

static size_t columns_of(const char *text)
{
    wchar_t wide[512];
    size_t n = mbstowcs(wide, text, ARRAY_SIZE(wide));

    assert_true(n < ARRAY_SIZE(wide));
    return (size_t)wcswidth(wide, n);
}

/* All widths, down to none, and names of any bytes. */
static void test_widths(void **state)
{
    static const char *const names[] = {"web",
                                        "with-a-name-that-is-longer-than-any-column",
                                        "漢字漢字漢字漢字漢字漢字",
                                        "\x1b]0;title\x07",
                                        "\xff\xfe",
                                        "e\xcc\x81 combined",
                                        ""};
    _cleanup_dash_ struct dash d = {0};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        const struct made made = {"a1", names[i], STORE_CONTAINER_RUNNING, 1};

        take(&d, &made, 1);
        use(&d, "a1", 100, UINT64_C(1) << 40, UINT64_MAX / 4);
        for (size_t width = 0; width < 300; width++) {
            const struct dash_paper paper = {width, width % 2 == 0};
            char *lines[] = {dash_line(&d.rows.v[0], &paper), dash_heading(&d, &paper), dash_summary(&d, &paper),
                             dash_fit(names[i], &paper)};

            for (size_t k = 0; k < ARRAY_SIZE(lines); k++) {
                if (columns_of(lines[k]) != width)
                    fail_msg("line %zu of \"%s\" at width %zu: \"%s\"", k, names[i], width, lines[k]);
                assert_null(strpbrk(lines[k], "\x1b\x07\n\t"));
                free(lines[k]);
            }
        }
    }
}

static void test_lines(void **state)
{
    const struct made made[] = {{"a1", "web", STORE_CONTAINER_RUNNING, 1}};
    _cleanup_dash_ struct dash d = {0};
    _cleanup_free_ char *wide = NULL, *narrow = NULL, *fresh = NULL, *log = NULL;

    (void)state;
    take(&d, made, 1);
    fresh = dash_line(&d.rows.v[0], &(struct dash_paper){40, true});
    assert_string_equal(fresh, "web            running        -        -");
    use(&d, "a1", 50, 5 << 20, 4000);
    d.rows.v[0].record.health = str_dup("healthy");
    narrow = dash_line(&d.rows.v[0], &(struct dash_paper){40, true});
    assert_string_equal(narrow, "web            healthy     10.0     5MiB");
    wide = dash_line(&d.rows.v[0], &(struct dash_paper){80, true});
    assert_string_equal(wide, "web            healthy     10.0     █     5MiB     █     2kB     ▁      0B      ");
    log = dash_fit("a\tb\x1b[31mc", &(struct dash_paper){12, true});
    assert_string_equal(log, "a b?[31mc   ");
}

static void test_graph(void **state)
{
    static const double samples[] = {8, 4, 0, 1, 0.01};
    static const struct {
        double most;
        size_t width;
        bool utf8;
        const char *graph;
    } cases[] = {
        {0, 5, true, "▁▁ ▄█"},  {0, 7, true, "  ▁▁ ▄█"}, {0, 2, true, "▄█"},
        {16, 5, true, "▁▁ ▂▄"}, {0, 5, false, "__ =@"},  {0, 0, true, ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_buf_ struct buf out = BUF_INIT;

        dash_graph(samples, ARRAY_SIZE(samples), cases[i].most, cases[i].width, cases[i].utf8, &out);
        assert_string_equal(buf_str(&out), cases[i].graph);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),   cmocka_unit_test(test_filter), cmocka_unit_test(test_chosen),
        cmocka_unit_test(test_history), cmocka_unit_test(test_due),    cmocka_unit_test(test_widths),
        cmocka_unit_test(test_lines),   cmocka_unit_test(test_graph),
    };

    setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
