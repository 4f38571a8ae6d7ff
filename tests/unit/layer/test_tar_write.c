#include "make.h"

#include "layer/tar_write.h"

static struct tar_member member(enum tar_type type, const char *path, const char *target, int64_t size)
{
    return (struct tar_member){
        .type = type, .path = path, .target = target, .size = size, .mode = 0644, .uid = 1, .gid = 2, .mtime_sec = 3};
}

/* What is written is read back as it was; returns the number of blocks before the content. */
static size_t round_trip(const struct tar_member *m)
{
    _cleanup_buf_ struct buf tar = BUF_INIT;
    _cleanup_(tar_reader_free_cleanup) struct tar_reader *t = NULL;
    struct tar_member got = {0};
    struct err err = ERR_INIT;
    int64_t offset, size;
    int fd;

    tar_write_header(m, &tar);
    offset = (int64_t)tar.len;
    size = offset + ((m->size + 511) & ~INT64_C(511)) + 1024;
    fd = memory_file(tar.p, tar.len);
    assert_int_equal(ftruncate(fd, size), 0); /* with holes, however large it is */
    t = tar_reader_new_file(fd, size);
    if (tar_reader_next(t, &got, &err) != 1)
        fail_msg("%s: %s", m->path, err.text);
    assert_string_equal(got.path, m->path);
    assert_int_equal(got.type, m->type);
    assert_int_equal(got.size, m->size);
    assert_int_equal(got.mode, m->mode);
    assert_int_equal(got.uid, m->uid);
    assert_int_equal(got.gid, m->gid);
    assert_int_equal(got.mtime_sec, m->mtime_sec);
    assert_int_equal(got.mtime_nsec, m->mtime_nsec);
    assert_int_equal(got.major, m->major);
    assert_int_equal(got.minor, m->minor);
    assert_int_equal(got.n_xattrs, m->n_xattrs);
    for (size_t i = 0; i < m->n_xattrs; i++) {
        assert_string_equal(got.xattrs[i].name, m->xattrs[i].name);
        assert_int_equal(got.xattrs[i].len, m->xattrs[i].len);
        assert_memory_equal(got.xattrs[i].value, m->xattrs[i].value, m->xattrs[i].len);
    }
    if (m->target)
        assert_string_equal(got.target, m->target);
    assert_int_equal(tar_reader_offset(t), offset);
    assert_int_equal(tar_reader_next(t, &got, &err), 0);
    fd_close(fd);
    return tar.len / TAR_BLOCK;
}

static void test_ustar(void **state)
{
    struct tar_member m = member(TAR_FILE, "a/b", NULL, 5);
    char name[257];

    (void)state;
    assert_int_equal(round_trip(&m), 1);
    m = member(TAR_DIRECTORY, "a/", NULL, 0);
    assert_int_equal(round_trip(&m), 1);
    m = member(TAR_SYMLINK, "l", "../x y", 0);
    assert_int_equal(round_trip(&m), 1);
    m = member(TAR_HARDLINK, "h", "a/b", 0);
    assert_int_equal(round_trip(&m), 1);
    m = member(TAR_CHARACTER, "c", NULL, 0);
    m.major = 5;
    m.minor = 100000;
    assert_int_equal(round_trip(&m), 1);
    m = member(TAR_FIFO, "f", NULL, 0);
    m.mode = 07777;
    m.uid = 2097151;
    m.mtime_sec = 077777777777;
    assert_int_equal(round_trip(&m), 1);
    /* 100 bytes of name, and 155 of prefix behind a slash. */
    memset(name, 'n', sizeof(name));
    name[100] = 0;
    m = member(TAR_FILE, name, NULL, 077777777777);
    assert_int_equal(round_trip(&m), 1);
    name[100] = 'n';
    name[155] = '/';
    name[256] = 0;
    assert_int_equal(round_trip(&m), 1);
}

static void test_pax(void **state)
{
    static const struct tar_xattr xattrs[] = {{"user.a", "x\0=\n", 4}, {"security.capability", "\1", 1}};
    struct tar_member m;
    char name[402];

    (void)state;
    /* Neither half has room. */
    memset(name, 'n', sizeof(name));
    name[101] = 0;
    m = member(TAR_FILE, name, NULL, 0);
    assert_int_equal(round_trip(&m), 3);
    memset(name, 'n', sizeof(name));
    name[401] = 0;
    name[156] = '/';
    assert_int_equal(round_trip(&m), 3);
    m = member(TAR_SYMLINK, "l", name, 0);
    assert_int_equal(round_trip(&m), 3);
    m = member(TAR_FILE, "b\xc3\xa4h", NULL, 0);
    assert_int_equal(round_trip(&m), 3);
    m = member(TAR_FILE, "large", NULL, INT64_C(1) << 33);
    assert_int_equal(round_trip(&m), 3);
    m = member(TAR_FILE, "ids", NULL, 0);
    m.uid = 2097152;
    m.gid = UINT32_MAX - 1;
    assert_int_equal(round_trip(&m), 3);
    m = member(TAR_FILE, "attributes", NULL, 1);
    m.xattrs = xattrs;
    m.n_xattrs = ARRAY_SIZE(xattrs);
    assert_int_equal(round_trip(&m), 3);
}

static void test_times(void **state)
{
    static const struct {
        int64_t sec;
        uint32_t nsec;
    } times[] = {{0, 1}, {-1, 0}, {-1, 250000000}, {-2, 999999999}, {-86400, 0}, {INT64_C(1) << 34, 0}, {5, 120000000}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
        struct tar_member m = member(TAR_FILE, "t", NULL, 0);

        m.mtime_sec = times[i].sec;
        m.mtime_nsec = times[i].nsec;
        assert_int_equal(round_trip(&m), 3);
    }
}

static void test_deterministic(void **state)
{
    struct tar_member m = member(TAR_DIRECTORY, "d", NULL, 0);
    _cleanup_buf_ struct buf a = BUF_INIT, b = BUF_INIT;

    (void)state;
    tar_write_header(&m, &a);
    m.path = "d/"; /* the slash is the writer's */
    tar_write_header(&m, &b);
    assert_int_equal(a.len, b.len);
    assert_memory_equal(a.p, b.p, a.len);
    tar_write_padding(0, &a);
    tar_write_padding(512, &a);
    assert_int_equal(a.len, 512);
    tar_write_padding(513, &a);
    assert_int_equal(a.len, 512 + 511);
    buf_clear(&a);
    tar_write_end(&a);
    assert_int_equal(a.len, 1024);
}

/* Contents are jumped over, and still have to be there. */
static void test_file_reader(void **state)
{
    _cleanup_buf_ struct buf tar = BUF_INIT, data = BUF_INIT;
    struct tar_member m;
    struct err err;
    int fd;

    (void)state;
    some_bytes(&data, 100000, 1);
    tar_add(&tar, .name = "a", .data = data.p, .len = data.len);
    tar_file(&tar, "b", "content");
    tar_end(&tar);
    fd = memory_file(tar.p, tar.len);
    for (int read = 0; read < 2; read++) {
        _cleanup_(tar_reader_free_cleanup) struct tar_reader *t = tar_reader_new_file(fd, (int64_t)tar.len);
        const unsigned char *piece;
        size_t len;
        int64_t offset;

        assert_int_equal(tar_reader_next(t, &m, &err), 1);
        assert_int_equal(tar_reader_offset(t), 512);
        if (read) {
            assert_int_equal(tar_reader_data(t, &piece, &len, &offset, &err), 1);
            assert_memory_equal(piece, data.p, len);
        }
        assert_int_equal(tar_reader_next(t, &m, &err), 1);
        assert_string_equal(m.path, "b");
        assert_memory_equal(tar.p + tar_reader_offset(t), "content", 7);
        assert_int_equal(tar_reader_next(t, &m, &err), 0);
    }
    for (int64_t size = 1000; size < 100000; size += 49000) {
        _cleanup_(tar_reader_free_cleanup) struct tar_reader *t = tar_reader_new_file(fd, size);

        assert_int_equal(tar_reader_next(t, &m, &err), 1);
        assert_fails(tar_reader_next(t, &m, &err), ERR_CORRUPT, "truncated");
    }
    fd_close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ustar),         cmocka_unit_test(test_pax),         cmocka_unit_test(test_times),
        cmocka_unit_test(test_deterministic), cmocka_unit_test(test_file_reader),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
