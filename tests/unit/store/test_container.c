#include "store_fixture.h"

#include "store/container.h"

#include <sys/syscall.h>

enum { CREATORS = 4, ROUNDS = 60 };

/* Between the look at a name and what is done about it somebody else does something. */
int unlinkat(int dirfd, const char *name, int flags)
{
    if (*name == '@')
        usleep(500);
    return (int)syscall(SYS_unlinkat, dirfd, name, flags);
}

static void id_of(int creator, char ret[ID_LEN + 1])
{
    snprintf(ret, ID_LEN + 1, "%064d", creator);
}

static _Noreturn void take(int creator, int start)
{
    struct store *s = open_store();
    char id[ID_LEN + 1], byte;

    id_of(creator, id);
    if (read(start, &byte, 1) < 0)
        _exit(9);
    _exit(store_container_name_take(s, "name", id, NULL, NULL) == 0 ? 0 : 1);
}

/* Of several that see the name of a container that is gone, one gets it. */
static void test_stale_name(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    char id[ID_LEN + 1], owner[ID_LEN + 1] = "";
    struct store_container *c[CREATORS];
    struct err err;

    (void)state;
    for (int i = 0; i < CREATORS; i++) {
        id_of(i, id);
        assert_ok(store_container_create(s, id, &c[i], &err));
    }
    id_of(CREATORS, id);
    for (int round = 0; round < ROUNDS; round++) {
        int start[2], won = 0, winner = -1, status;
        pid_t pids[CREATORS];

        unlink("root/containers/@name");
        assert_int_equal(symlink(id, "root/containers/@name"), 0);
        assert_int_equal(pipe2(start, O_CLOEXEC), 0);
        for (int i = 0; i < CREATORS; i++) {
            pids[i] = fork();
            if (pids[i] == 0) {
                close(start[1]);
                take(i, start[0]);
            }
        }
        close(start[0]);
        close(start[1]); /* all at once */
        for (int i = 0; i < CREATORS; i++) {
            assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
            if (status == 0) {
                won++;
                winner = i;
            }
        }
        assert_int_equal(won, 1);
        assert_ok(store_container_find(s, "name", owner, &err));
        assert_int_equal(atoi(owner + ID_LEN - 2), winner);
    }
    for (int i = 0; i < CREATORS; i++)
        store_container_free(c[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(test_stale_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
