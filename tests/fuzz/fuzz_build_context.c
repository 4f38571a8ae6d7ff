/* A tar that is a context, compressed in any way that is known: whatever it says, nothing beside the tree changes. The
 * first byte says how much of it was read before. */
#include "beside.h"

#include "layer/unpack.h"
#include "sys/fd.h"

#include <sys/mman.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
