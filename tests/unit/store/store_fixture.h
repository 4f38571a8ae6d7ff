/* A store in the test's scratch directory, and shorthands for putting things into it. */
#pragma once

#include "../unit.h"

#include "store/store.h"
#include "store/transaction.h"

#include <dirent.h>
#include <sys/wait.h>

static inline struct store *open_store(void)
{
    _cleanup_free_ char *cwd = getcwd(NULL, 0);
    _cleanup_free_ char *root = str_printf("%s/root", cwd), *state = str_printf("%s/state", cwd);
    struct store *s;
    struct err err;

    assert_ok(store_open(root, state, &s, &err));
    return s;
}

static inline struct digest_computed digest_of(const void *data, size_t len)
{
    struct digest_computed d;
    struct err err;

    assert_ok(digest_compute(DIGEST_SHA256, data, len, &d, &err));
    return d;
}

/* Brings in a blob the long way. */
static inline struct digest bring_blob(struct store *s, struct store_transaction *t, const char *text)
{
    struct digest_computed d = digest_of(text, strlen(text));
    struct store_ingest *in;
    struct err err;

    assert_ok(store_ingest_begin(s, &d.digest, d.size, LOCK_TRY, &in, &err));
    if (!in)
        return d.digest;
    assert_ok(
        store_ingest_write(in, text + store_ingest_offset(in), strlen(text) - (size_t)store_ingest_offset(in), &err));
    assert_ok(store_ingest_verify(in, &err));
    store_transaction_add_blob(t, in);
    return d.digest;
}

/* Brings in a layer with one file. Its diffID is that of `text`. */
static inline struct digest bring_layer(struct store *s, struct store_transaction *t, const char *text)
{
    struct digest_computed d = digest_of(text, strlen(text));
    struct store_layer_info info = {.bytes = (int64_t)strlen(text), .members = 1};
    struct store_stage *st;
    struct err err;
    int fd;

    assert_ok(store_stage_begin(s, &d.digest, LOCK_TRY, &st, &err));
    if (!st)
        return d.digest;
    fd = openat(store_stage_tree(st), "file", O_WRONLY | O_CREAT | O_EXCL, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (int)strlen(text));
    close(fd);
    assert_ok(store_stage_complete(st, &d, &info, &err));
    store_transaction_add_layer(t, st);
    return d.digest;
}

static inline void finish(struct store_transaction *t)
{
    struct err err;

    assert_ok(store_transaction_finish(t, &err));
}

/* Entries of a directory below the working directory; -1 where there is none. */
static inline int count_entries(const char *path)
{
    DIR *d = opendir(path);
    struct dirent *e;
    int n = 0;

    if (!d)
        return -1;
    while ((e = readdir(d)))
        n += e->d_name[0] != '.';
    closedir(d);
    return n;
}
