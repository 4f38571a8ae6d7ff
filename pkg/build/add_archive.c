/* Opening an archive of any kind. gzip and zstd are read here; for what is rarer, the programs are used that are made
 * for it, each in a process of its own. */
#include "build/add.h"

#include "layer/codec.h"
#include "layer/source.h"
#include "layer/stream.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

static const struct {
    const char *magic;
    size_t len;
    const char *program, *package;
    const char *limit; /* of its memory, which what it reads decides; NULL: it is small */
} programs[] = {
    {"BZh", 3, "bzip2", "bzip2", NULL},
    {"\xfd"
     "7zXZ\0",
     6, "xz", "xz-utils", "--memlimit-decompress=256MiB"},
};

static int start_program(int fd, size_t which, struct add_archive *a, struct err *err)
{
    char *const argv[] = {(char *)programs[which].program, (char *)"-dc", (char *)programs[which].limit, NULL};
    char *const env[] = {(char *)"LC_ALL=C", NULL}; /* none of the user's, which may have options in it */
    posix_spawn_file_actions_t files;
    _cleanup_fd_ int out = -1;
    int ends[2], r;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return err_errno(err, errno, "pipe");
    a->pipe = ends[0];
    out = ends[1];
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, fd, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    r = lseek(fd, 0, SEEK_SET) < 0 ? errno : posix_spawnp(&a->program, argv[0], &files, NULL, argv, env);
    posix_spawn_file_actions_destroy(&files);
    if (r == 0) {
        a->name = programs[which].program;
        return 0;
    }
    a->program = 0;
    if (r != ENOENT)
        return err_errno(err, r, "running %s", argv[0]);
    err_set(err, ERR_UNSUPPORTED, "it is compressed with %s, which is not installed here", argv[0]);
    return err_hint(err, "install %s, or use ADD --unpack=false", programs[which].package);
}

/* The program that decompresses what begins like this; ARRAY_SIZE(programs): none. */
static size_t find_program(const unsigned char *start, size_t n)
{
    size_t i = 0;

    while (i < ARRAY_SIZE(programs) && (n < programs[i].len || memcmp(start, programs[i].magic, programs[i].len) != 0))
        i++;
    return i;
}

static int open_stream(struct add_archive *a, struct err *err)
{
    int r = codec_gzip(err) ? 0 : ERR_UNSUPPORTED;

    codec_zstd.load(NULL);
    if (r == 0)
        r = layer_stream_new(a->source, NULL, &a->stream, err);
    if (r == 0)
        a->tar = tar_reader_new(a->stream);
    return r;
}

static void stop_program(struct add_archive *a)
{
    if (!a->program)
        return;
    kill(a->program, SIGKILL);
    while (waitpid(a->program, NULL, 0) < 0 && errno == EINTR)
        ;
    a->program = 0;
    a->pipe = fd_close(a->pipe);
}

enum how { PLAIN, DECODED, BY_PROGRAM };

static ssize_t read_decoded(int fd, void *block, struct err *err)
{
    _cleanup_(layer_source_free_cleanup) struct layer_source *source = layer_source_file(fd);
    _cleanup_(decoder_free_cleanup) struct decoder *d = NULL;
    int r = decoder_new(source, NULL, &d, err);

    return r < 0 ? r : decoder_read(d, block, TAR_BLOCK, err);
}

/* The first block, as far as it can be had: what cannot be decompressed is a file like others, as Docker has it. */
static int read_block(int fd, enum how how, size_t program, void *block, ssize_t *ret, struct err *err)
{
    struct add_archive a = ADD_ARCHIVE_NONE;
    struct err ignored = ERR_INIT;
    int r;

    if (how == PLAIN)
        return 0;
    if (how == DECODED) {
        *ret = read_decoded(fd, block, &ignored);
        if (*ret == ERR_UNSUPPORTED)
            *err = ignored;
        return *ret == ERR_UNSUPPORTED ? ERR_UNSUPPORTED : 0;
    }
    r = start_program(fd, program, &a, err);
    if (r == 0)
        *ret = fd_read_all(a.pipe, block, TAR_BLOCK);
    stop_program(&a);
    fd_close(a.pipe);
    return r;
}

static int open_as(int fd, int64_t size, enum how how, size_t program, struct add_archive *ret, struct err *err)
{
    int r = 0;

    if (how == PLAIN) {
        ret->tar = tar_reader_new_file(fd, size);
        return 0;
    }
    if (how == BY_PROGRAM)
        r = start_program(fd, program, ret, err);
    if (r < 0)
        return r;
    ret->source = how == BY_PROGRAM ? layer_source_pipe(ret->pipe) : layer_source_file(fd);
    return open_stream(ret, err);
}

int add_archive_open(int fd, int64_t size, struct add_archive *ret, struct err *err)
{
    unsigned char block[TAR_BLOCK];
    ssize_t n = fd_pread_all(fd, block, sizeof(block), 0);
    enum how how = PLAIN;
    size_t program;
    int r;

    if (n < 0)
        return err_errno(err, (int)-n, "reading it");
    program = find_program(block, (size_t)n);
    if (program < ARRAY_SIZE(programs))
        how = BY_PROGRAM;
    else if (codec_zlib.is_frame(block, (size_t)n) || codec_zstd.is_frame(block, (size_t)n))
        how = DECODED;
    r = read_block(fd, how, program, block, &n, err);
    if (r < 0 || n != TAR_BLOCK || !tar_is_header(block))
        return MIN_OF(r, 0);
    r = open_as(fd, size, how, program, ret, err);
    if (r == 0)
        r = tar_reader_next(ret->tar, &ret->first, err);
    return r;
}

int add_archive_finish(struct add_archive *a, struct err *err)
{
    int status = 0, r = tar_reader_drain(a->tar, err);

    if (r < 0 || !a->program)
        return r;
    while (waitpid(a->program, &status, 0) < 0 && errno == EINTR)
        ;
    a->program = 0;
    return status ? err_set(err, ERR_CORRUPT, "%s finds it damaged", a->name) : 0;
}

/* The program first: a stream waits for it. */
void add_archive_close(struct add_archive *a)
{
    int pipe = steal_fd(&a->pipe);

    stop_program(a);
    if (a->tar)
        tar_reader_free(a->tar);
    if (a->stream)
        layer_stream_free(a->stream);
    if (a->source)
        layer_source_free(a->source);
    fd_close(pipe);
    *a = ADD_ARCHIVE_NONE;
}
