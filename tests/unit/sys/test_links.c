#include "../unit.h"

#include "sys/links.h"

#include <malloc.h>
#include <sys/stat.h>

static struct stat file(ino_t number, nlink_t names)
{
    return (struct stat){.st_dev = 1, .st_ino = number, .st_nlink = names};
}

static void test_names(void **state)
{
    const struct stat one = {.st_dev = 1, .st_ino = 5, .st_nlink = 3},
                      other = {.st_dev = 2, .st_ino = 5, .st_nlink = 3};
    struct links l = {0};

    (void)state;
    assert_null(links_known(&l, &one, "a"));
    assert_null(links_known(&l, &other, "b"));
    assert_string_equal(links_known(&l, &one, "c"), "a");
    assert_string_equal(links_known(&l, &other, "d"), "b");
    links_release(&l);
    links_release(&l);
}

/* Also in an order of its own, and where a file has the number of one that is gone. */
static void test_what_has_no_other_name_is_forgotten(void **state)
{
    const struct stat one = file(1, 3), two = file(2, 2), single = file(3, 1);
    struct links l = {0};

    (void)state;
    assert_null(links_known(&l, &one, "a"));
    assert_null(links_known(&l, &two, "b"));
    assert_int_equal(l.known, 2);
    assert_string_equal(links_known(&l, &one, "c"), "a");
    assert_string_equal(links_known(&l, &one, "d"), "a");
    assert_int_equal(l.known, 1);
    assert_null(links_known(&l, &one, "e"));
    assert_string_equal(links_known(&l, &one, "f"), "e");
    assert_string_equal(links_known(&l, &two, "g"), "b");
    assert_string_equal(links_known(&l, &one, "h"), "e");
    assert_int_equal(l.known, 0);
    assert_null(links_known(&l, &single, "i"));
    assert_null(links_known(&l, &single, "i"));
    assert_int_equal(l.known, 0);
    links_release(&l);
}

enum { LENGTH = 1000 };

/* A name that is `LENGTH` bytes long and like no other. */
static const char *long_name(char *path, ino_t number)
{
    memset(path, 'x', LENGTH);
    path[snprintf(path, LENGTH, "%ju", (uintmax_t)number)] = '/';
    return path;
}

/* However many pairs there are, and all of the others between the two names of each. */
static void test_memory(void **state)
{
    enum { FILES = 50000 };
    char path[LENGTH + 1] = "", first[LENGTH + 1] = "";
    struct links l = {0};
    struct mallinfo2 used;
    struct stat st;

    (void)state;
    for (int i = 1; i <= FILES; i++) {
        st = file((ino_t)i, 2);
        if (links_known(&l, &st, long_name(path, st.st_ino)))
            fail_msg("%d was never met", i);
    }
    used = mallinfo2();
    assert_in_range(used.uordblks + used.hblkhd, 1, 8 << 20);
    for (int i = FILES; i >= 1; i--) {
        const char *known;

        st = file((ino_t)i, 2);
        known = links_known(&l, &st, "again");
        if (!known || !str_eq(known, long_name(first, st.st_ino)))
            fail_msg("%d: %.20s", i, known ? known : "(unknown)");
    }
    assert_int_equal(l.known, 0);
    assert_null(links_known(&l, &st, "a"));
    assert_string_equal(links_known(&l, &st, "b"), "a");
    links_release(&l);
}

/* Whatever a container makes of its directories, it does not fill the host's memory. */
static void test_room(void **state)
{
    struct links l = {0};
    struct stat st;

    (void)state;
    for (int i = 1; i <= LINKS_MAX + 8; i++) {
        st = file((ino_t)i, 2);
        if (links_known(&l, &st, "a"))
            fail_msg("%d was never met", i);
    }
    assert_int_equal(l.known, LINKS_MAX);
    assert_null(links_known(&l, &st, "again"));
    st = file(1, 2);
    assert_string_equal(links_known(&l, &st, "again"), "a");
    st = file(LINKS_MAX + 8, 2);
    assert_null(links_known(&l, &st, "again"));
    assert_string_equal(links_known(&l, &st, "again"), "again");
    links_release(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_what_has_no_other_name_is_forgotten),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
