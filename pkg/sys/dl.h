/* Libraries opened on first use.
 *
 * Linking everything would cost each start about 12 ms for libraries that most commands never call. An adapter declares
 * the functions it uses in one table and calls dl_open() before the first of them:
 *
 *     static struct { __typeof__(&EVP_MD_CTX_new) EVP_MD_CTX_new; ... } lib;
 *     static const struct dl_symbol symbols[] = {DL_SYMBOL(lib, EVP_MD_CTX_new), ...};
 *     static struct dl_library library = {"libcrypto.so.3", "libssl3", symbols, ARRAY_SIZE(symbols)};
 *
 *     r = dl_open(&library, err);
 *
 * The headers of the library are used as always, so every call is type-checked.
 */
#pragma once

#include "base/err.h"

struct dl_symbol {
    const char *name;
    void **address;
};

struct dl_library {
    const char *soname;
    const char *package; /* Debian's, named in the error when the library is missing */
    const struct dl_symbol *symbols;
    size_t n_symbols;
    void *handle; /* set by dl_open() */
};

#define DL_SYMBOL(table, fn)      \
    {                             \
#fn, (void **)&(table).fn \
    }

/* Opens the library and resolves all symbols, once; 0, or ERR_UNSUPPORTED with the package to install. Not thread-safe:
 * call it before threads start. The library stays open until the process ends. */
int dl_open(struct dl_library *library, struct err *err);
