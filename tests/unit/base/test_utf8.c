#include "../unit.h"

#include "base/utf8.h"

static void test_lengths(void **state)
{
    static const struct {
        const char *text;
        size_t length;
    } cases[] = {
        {"", 0},
        {"a", 1},
        {" ", 1},
        {"~", 1},
        {"\x1b", 0},
        {"\n", 0},
        {"\x7f", 0},
        {"\xc2\x80", 0}, /* C1 */
        {"\xc2\x9b", 0}, /* CSI */
        {"\xc2\xa0", 2},
        {"\xc3\xa9", 2},
        {"\xe2\x82\xac", 3},
        {"\xf0\x9f\x90\xb3", 4},
        {"\x80", 0},
        {"\x9b", 0},
        {"\xc0\x80", 0}, /* overlong */
        {"\xc1\xbf", 0},
        {"\xe0\x80\x80", 0},
        {"\xe0\xa0\x80", 3},
        {"\xf0\x80\x80\x80", 0},
        {"\xed\x9f\xbf", 3},
        {"\xed\xa0\x80", 0}, /* surrogate */
        {"\xf4\x8f\xbf\xbf", 4},
        {"\xf4\x90\x80\x80", 0}, /* beyond U+10FFFF */
        {"\xf5\x80\x80\x80", 0},
        {"\xff", 0},
        {"\xc3", 0}, /* cut short */
        {"\xe2\x82", 0},
        {"\xf0\x9f\x90", 0},
        {"\xe2\x82x", 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        if (utf8_printable(cases[i].text) != cases[i].length)
            fail_msg("case %zu: %zu", i, utf8_printable(cases[i].text));
}

static void test_control_characters(void **state)
{
    (void)state;
    assert_int_equal(utf8_length("\t"), 1);
    assert_int_equal(utf8_length("\xc2\x9b"), 2);
    assert_int_equal(utf8_length("\x9b"), 0);
    assert_int_equal(utf8_length(""), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_lengths), cmocka_unit_test(test_control_characters)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
