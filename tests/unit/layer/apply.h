/* Unpacking tars made in memory, and comparing what came of them. */
#pragma once

#include "make.h"

#include "layer/apply.h"
#include "layer/verify.h"

/* What layer_verify() tells of: how many differences, and the last one as "PATH: WHAT". */
struct told {
    int n;
    char last[300];
};

static inline bool on_difference(const char *path, const char *what, void *data)
{
    struct told *told = data;

    told->n++;
    snprintf(told->last, sizeof(told->last), "%s: %s", path, what);
    return true;
}

/* Compares "tree" with "manifest". */
static inline struct told verify(enum layer_verify_depth depth)
{
    struct told told = {0};
    _cleanup_fd_ int tree = open("tree", O_RDONLY | O_DIRECTORY), manifest = open("manifest", O_RDONLY);
    struct layer_verify_options o = {.tree_fd = tree,
                                     .manifest_fd = manifest,
                                     .user_xattr = true,
                                     .depth = depth,
                                     .differs = on_difference,
                                     .data = &told};
    int64_t bytes;
    struct err err;

    assert_ok(layer_verify(&o, &bytes, &err));
    return told;
}

/* Applies the tar to the new directory "tree" of the test's scratch directory, with overlay's marks as user.* so that
 * no root is needed. Whatever is unpacked is also found to be what its manifest says. */
static inline int apply(const struct buf *b, struct layer_applied *ret, struct err *err)
{
    struct layer_applied ignored;
    _cleanup_fd_ int fd = memory_file(b->p, b->len), tree = -1, manifest = -1;
    _cleanup_(layer_source_free_cleanup) struct layer_source *s = layer_source_file(fd);
    struct layer_apply_options o = {.user_xattr = true};
    int r;

    *err = ERR_INIT;
    assert_int_equal(mkdir("tree", 0755), 0);
    tree = open("tree", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    manifest = open("manifest", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    o.tree_fd = tree;
    o.manifest_fd = manifest;
    r = layer_apply(s, &o, ret ? ret : &ignored, err);
    for (int depth = 0; r == 0 && depth <= LAYER_VERIFY_ENTRIES; depth++) {
        struct told told = verify(depth);

        if (told.n)
            fail_msg("%d differences after unpacking: %s", told.n, told.last);
    }
    return r;
}

static inline void apply_ok(const struct buf *b)
{
    struct err err = ERR_INIT;

    assert_ok(apply(b, NULL, &err));
}
