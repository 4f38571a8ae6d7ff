/* Unpacking a layer into a directory: whatever the tar says, nothing beside the tree changes. */
#include "beside.h"

#include "layer/apply.h"
#include "sys/fd.h"

#include <sys/mman.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_(layer_source_free_cleanup) struct layer_source *source = NULL;
    _cleanup_fd_ int blob = memfd_create("fuzz", MFD_CLOEXEC), manifest = memfd_create("manifest", MFD_CLOEXEC);
    _cleanup_fd_ int tree = -1;
    struct layer_apply_options o = {.user_xattr = true, .manifest_fd = manifest};
    struct layer_applied applied;
    struct err err = ERR_INIT;

    if (top_fd < 0)
        start();
    if (blob < 0 || manifest < 0 || fd_write_all(blob, data, size) < 0 || mkdirat(top_fd, "tree", 0755) < 0)
        abort();
    o.tree_fd = tree = openat(top_fd, "tree", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    source = layer_source_file(blob);
    if ((layer_apply(source, &o, &applied, &err) < 0) != (err.kind < 0))
        abort();
    check_beside();
    if (path_remove_tree(top_fd, "tree", &err) < 0)
        abort();
    return 0;
}
