/* A tar that is a context, compressed in any way that is known: whatever it says, nothing beside the tree changes. The
 * first byte says how much of it was read before. */
#include "layer/unpack.h"
#include "sys/fd.h"
#include "sys/path.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char top[] = "/tmp/cbox-fuzz-XXXXXX";
static int top_fd = -1;

static void clean_up(void)
{
    path_remove_tree(AT_FDCWD, top, NULL);
}

static void start(void)
{
    if (!mkdtemp(top) || (top_fd = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
        abort();
    atexit(clean_up);
}

/* The directory above the tree has the tree and nothing else. */
static void check_beside(void)
{
    DIR *d = opendir(top);
    const struct dirent *e;

    while (d && (e = readdir(d)))
        if (!str_eq(e->d_name, ".") && !str_eq(e->d_name, "..") && !str_eq(e->d_name, "tree"))
            abort();
    closedir(d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uid_t owner[] = {geteuid(), getegid()};
    _cleanup_(layer_source_free_cleanup) struct layer_source *source = NULL;
    _cleanup_fd_ int stream = memfd_create("fuzz", MFD_CLOEXEC), tree = -1;
    struct layer_unpack how = {.below = ".", .owner = owner, .modest = true};
    struct err err = ERR_INIT;
    size_t read;

    if (top_fd < 0)
        start();
    if (!size)
        return 0;
    read = MIN_OF((size_t)data[0], size - 1);
    if (stream < 0 || fd_write_all(stream, data + 1, size - 1) < 0 || lseek(stream, (off_t)read, SEEK_SET) < 0 ||
        mkdirat(top_fd, "tree", 0755) < 0)
        abort();
    how.root = tree = openat(top_fd, "tree", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    source = layer_source_pipe(stream);
    layer_source_begin_with(source, data + 1, read);
    if ((layer_unpack(&how, source, &err) < 0) != (err.kind < 0))
        abort();
    check_beside();
    if (path_remove_tree(top_fd, "tree", &err) < 0)
        abort();
    return 0;
}
