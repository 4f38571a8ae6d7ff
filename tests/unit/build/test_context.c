#include "../files.h"
#include "../store/store_fixture.h"

#include "build/context.h"
#include "sys/path.h"

#include <sys/wait.h>

/* What was opened; and standard input, of the file `stdin` where there is one. */
struct opened {
    struct store *store;
    struct build_context context;
    char *name;
    struct buf text;
    struct err err;
    int result;
};

static void open_with_input(struct opened *o, const char *what, const char *file)
{
    int saved = dup(STDIN_FILENO), fd = open("stdin", O_RDONLY);

    if (fd >= 0) {
        dup2(fd, STDIN_FILENO);
        close(fd);
    }
    *o = (struct opened){.store = open_store(), .text = BUF_INIT_MAX(1 << 20)};
    o->result = build_context_open(o->store, what, file, &o->context, &o->name, &o->text, &o->err);
    dup2(saved, STDIN_FILENO);
    close(saved);
}

static void end(struct opened *o)
{
    build_context_release(&o->context);
    buf_free(&o->text);
    free(o->name);
    store_free(o->store);
}

static void expect(const char *what, const char *file, const char *text, const char *ignored)
{
    struct opened o;

    open_with_input(&o, what, file);
    if (o.result < 0)
        fail_msg("%s: %s", file ? file : "", o.err.text);
    assert_string_equal(buf_str(&o.text), text);
    if (ignored)
        assert_true(ignore_matches(o.context.ignore, ignored, NULL, NULL));
    else
        assert_null(o.context.ignore);
    end(&o);
}

static void expect_failure(const char *what, const char *file, int kind, const char *text)
{
    struct opened o;

    open_with_input(&o, what, file);
    assert_int_equal(o.result, kind);
    if (!strstr(o.err.text, text))
        fail_msg("%s", o.err.text);
    end(&o);
}

static void make_context(void)
{
    mkdir("ctx", 0755);
    mkdir("ctx/sub", 0755);
    write_file("ctx/Dockerfile", "FROM a\n");
    write_file("ctx/sub/other", "FROM b\n");
}

static void test_local(void **state)
{
    struct opened o;

    (void)state;
    make_context();
    expect("ctx", NULL, "FROM a\n", NULL);
    expect("ctx", "ctx/sub/other", "FROM b\n", NULL);
    write_file("elsewhere", "FROM c\n");
    expect("ctx", "elsewhere", "FROM c\n", NULL);
    write_file("stdin", "FROM d\n");
    expect("ctx", "-", "FROM d\n", NULL);
    open_with_input(&o, "ctx", NULL);
    assert_int_equal(o.result, 0);
    assert_true(str_ends(o.context.path, "/ctx"));
    assert_string_equal(o.name, "Dockerfile");
    end(&o);
    /* small letters, where there is no other one */
    assert_int_equal(rename("ctx/Dockerfile", "ctx/dockerfile"), 0);
    expect("ctx", NULL, "FROM a\n", NULL);
}

static void test_ignore(void **state)
{
    (void)state;
    make_context();
    write_file("ctx/.dockerignore", "one\nDockerfile\n.dockerignore\n");
    expect("ctx", NULL, "FROM a\n", "one"); /* it is read though it is left out */
    expect("ctx", NULL, "FROM a\n", "Dockerfile");
    write_file("ctx/Dockerfile.dockerignore", "two\n");
    expect("ctx", NULL, "FROM a\n", "two");
    expect("ctx", "ctx/sub/other", "FROM b\n", "one");
    write_file("ctx/sub/other.dockerignore", "three\n");
    expect("ctx", "ctx/sub/other", "FROM b\n", "three");
    write_file("stdin", "FROM d\n");
    expect("ctx", "-", "FROM d\n", "one");
    write_file("ctx/.dockerignore", "a[\n");
    expect_failure(
        "ctx", "-", ERR_INVALID,
        "failed to read dockerignore patterns: failed parsing .dockerignore: line 1: syntax error in pattern");
}

static void test_wrong(void **state)
{
    struct opened o;

    (void)state;
    make_context();
    expect_failure("no", NULL, ERR_NOT_FOUND, "unable to prepare context: path \"no\" not found");
    expect_failure("ctx/Dockerfile", NULL, ERR_INVALID, "context must be a directory: ctx/Dockerfile");
    expect_failure("-", "-", ERR_INVALID, "can't use stdin for both build context and dockerfile");
    expect_failure("ctx/sub", NULL, ERR_NOT_FOUND,
                   "failed to read dockerfile: open Dockerfile: No such file or directory");
    expect_failure("ctx", "ctx/sub", ERR_IO, "failed to read dockerfile: open sub: Is a directory");
    expect_failure("ctx", "no/such", ERR_NOT_FOUND, "failed to read dockerfile: open no/such: No such file");
    open_with_input(&o, "ctx", "sub/other");
    assert_int_equal(o.result, ERR_NOT_FOUND);
    assert_non_null(strstr(o.err.hint, "-f counts from the working directory: did you mean -f "));
    end(&o);
}

/* A link in a context is not followed out of it. */
static void test_links(void **state)
{
    (void)state;
    make_context();
    write_file("secret", "FROM secret\n");
    unlink("ctx/Dockerfile");
    assert_int_equal(symlink("../secret", "ctx/Dockerfile"), 0);
    expect_failure("ctx", NULL, ERR_NOT_FOUND, "No such file");
    assert_int_equal(symlink("../secret", "ctx/sub/linked"), 0);
    expect_failure("ctx", "ctx/sub/linked", ERR_NOT_FOUND, "No such file");
    /* but within */
    unlink("ctx/Dockerfile");
    assert_int_equal(symlink("sub/other", "ctx/Dockerfile"), 0);
    expect("ctx", NULL, "FROM b\n", NULL);
    write_file("ctx/top", "FROM top\n");
    assert_int_equal(symlink("../top", "ctx/sub/upwards"), 0);
    expect("ctx", "ctx/sub/upwards", "FROM top\n", NULL);
}

/* ---- standard input ---- */

static void run(const char *command)
{
    assert_int_equal(system(command), 0);
}

static void test_text(void **state)
{
    struct opened o;

    (void)state;
    write_file("stdin", "FROM x\n");
    open_with_input(&o, "-", NULL);
    assert_int_equal(o.result, 0);
    assert_string_equal(buf_str(&o.text), "FROM x\n");
    assert_true(o.context.dir >= 0);
    assert_int_equal(unlinkat(o.context.lock, "tree", AT_REMOVEDIR), 0); /* there is nothing in it */
    end(&o);
}

static void test_tar(void **state)
{
    static const char *const ways[] = {"cat", "gzip", "zstd -q", "xz", "bzip2"};
    struct opened o;

    (void)state;
    make_context();
    write_file("ctx/.dockerignore", "sub\n"); /* which is for directories */
    for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
        _cleanup_free_ char *command = str_printf("tar -C ctx -c . | %s >stdin", ways[i]);
        _cleanup_buf_ struct buf b = BUF_INIT_MAX(100);
        _cleanup_free_ char *place = NULL;
        int fd;

        run(command);
        open_with_input(&o, "-", NULL);
        if (o.result < 0)
            fail_msg("%s: %s", ways[i], o.err.text);
        assert_string_equal(buf_str(&o.text), "FROM a\n");
        assert_null(o.context.ignore);
        fd = path_open_in_root(o.context.dir, "sub/other", O_RDONLY, 0);
        assert_true(fd >= 0);
        assert_int_equal(fd_read_rest(fd, "other", &b, NULL), 0);
        assert_string_equal(buf_str(&b), "FROM b\n");
        close(fd);
        place = str_printf("root/tmp/%s", o.context.name);
        assert_int_equal(access(place, F_OK), 0);
        end(&o);
        assert_int_equal(access(place, F_OK), -1);
    }
    expect("-", "sub/other", "FROM b\n", NULL);
    expect_failure("-", "other", ERR_NOT_FOUND, "failed to read dockerfile: open other: No such file");
    run("printf 'LZIP...............' >stdin");
    expect_failure("-", NULL, ERR_UNSUPPORTED, "standard input: compressed with lzip");
    run("tar -C ctx -c . | gzip | head -c 60 >stdin");
    expect_failure("-", NULL, ERR_CORRUPT, "standard input: ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(test_local), scratch_test(test_ignore), scratch_test(test_wrong),
        scratch_test(test_links), scratch_test(test_text),   scratch_test(test_tar),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
