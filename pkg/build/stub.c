#include "build/cache.h"
#include "build/context.h"
#include "build/output.h"
#include "build/request_parse.h"
#define NO(call)                                         \
    int call                                             \
    {                                                    \
        return err_set(err, ERR_UNSUPPORTED, "not yet"); \
    }
#pragma GCC diagnostic ignored "-Wunused-parameter"
NO(build_cache_import(struct store *s, const struct config *config, const struct build_cache_place *from,
                      struct err *err))
NO(build_cache_export(struct store *s, const struct config *config, const struct build_cache_place *to,
                      char *const *keys, struct err *err))
