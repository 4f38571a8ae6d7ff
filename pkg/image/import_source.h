/* Where the tar of an import comes from: not for use elsewhere. */
#pragma once

#include "digest/digest.h"
#include "store/store.h"

/* "Imported from URL", or "Imported from -" for what is here, as Docker says; what stands behind a "?" in the URL may
 * be a key, and is left out. The caller frees it. */
char *image_import_describe(const char *source);

/* A file that has all of it from its start, and its digest: the named one where it lies, else (a pipe, a URL) a copy in
 * the store's tmp/. The caller closes it. */
int image_import_open(struct store *s, const char *source, int *ret_fd, struct digest_computed *ret, struct err *err);
