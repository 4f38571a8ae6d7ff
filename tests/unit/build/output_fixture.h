/* Layers as steps leave them, and stages at their end. */
#pragma once

#include "../image/image_fixture.h"

#include "build/output.h"
#include "layer/pack.h"

#include <sys/stat.h>

/* A tree with a file `name`, of one time whatever the clock says. */
static inline void fill_tree(int dir, const char *name, const char *text)
{
    const struct timespec times[] = {{.tv_sec = 1000000}, {.tv_sec = 1000000}};
    int fd;

    assert_true(mkdirat(dir, "etc", 0755) == 0);
    fd = openat(dir, "etc", O_RDONLY | O_DIRECTORY);
    assert_true(fd >= 0);
    close(openat(fd, name, O_WRONLY | O_CREAT | O_EXCL, 0644));
    {
        int file = openat(fd, name, O_WRONLY);

        assert_int_equal(write(file, text, strlen(text)), (int)strlen(text));
        close(file);
    }
    assert_int_equal(utimensat(fd, name, times, 0), 0);
    close(fd);
    assert_int_equal(utimensat(dir, "etc", times, 0), 0);
}

static inline struct digest_computed pack_tree(int dir)
{
    _cleanup_buf_ struct buf text = BUF_INIT;
    FILE *f = tmpfile();
    struct layer_pack *p = layer_pack_new(fileno(f), true, NULL);
    struct digest_computed d;
    struct err err;
    char chunk[4096];
    ssize_t n;

    assert_ok(layer_pack_add_contents(p, dir, "", false, &err));
    assert_ok(layer_pack_finish(p, &err));
    layer_pack_free(p);
    lseek(fileno(f), 0, SEEK_SET);
    while ((n = read(fileno(f), chunk, sizeof(chunk))) > 0)
        buf_add(&text, chunk, (size_t)n);
    d = digest_of(buf_str(&text), text.len);
    fclose(f);
    return d;
}

/* A layer of the store that was built: its tree alone is there. */
static inline struct build_layer build_layer(struct store *s, const char *name, const char *text)
{
    char scratch[] = "layer-XXXXXX";
    struct store_layer_info info = {.bytes = (int64_t)strlen(text), .members = 2};
    struct store_transaction *t = store_transaction_new(s);
    struct digest_computed d;
    struct store_stage *st;
    struct err err;
    int dir;

    assert_non_null(mkdtemp(scratch));
    dir = open(scratch, O_RDONLY | O_DIRECTORY);
    fill_tree(dir, name, text);
    d = pack_tree(dir);
    close(dir);
    assert_ok(store_stage_begin(s, &d.digest, LOCK_TRY, &st, &err));
    if (st) {
        fill_tree(store_stage_tree(st), name, text);
        assert_ok(store_stage_complete(st, &d, &info, &err));
        store_transaction_add_layer(t, st);
        finish(t);
    }
    store_transaction_free(t);
    return (struct build_layer){.diff_id = d.digest, .tar_size = d.size, .bytes = info.bytes, .members = 2};
}
