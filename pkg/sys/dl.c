#include "sys/dl.h"

#include <dlfcn.h>

int dl_open(struct dl_library *library, struct err *err)
{
    void *handle;

    if (library->handle)
        return 0;
    handle = dlopen(library->soname, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        err_set(err, ERR_UNSUPPORTED, "opening library %s: %s", library->soname, dlerror());
        return err_hint(err, "install it: apt-get install %s", library->package);
    }
    for (size_t i = 0; i < library->n_symbols; i++) {
        void *address = dlsym(handle, library->symbols[i].name);

        if (!address) {
            dlclose(handle);
            return err_set(err, ERR_UNSUPPORTED, "library %s is too old: it has no %s", library->soname,
                           library->symbols[i].name);
        }
        *library->symbols[i].address = address;
    }
    library->handle = handle;
    return 0;
}
