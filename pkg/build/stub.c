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
NO(build_output_parse(const char *text, struct build_output *ret, struct err *err))
NO(build_secret_parse(const char *text, struct build_secret *ret, struct err *err))
NO(build_ssh_parse(const char *text, struct build_ssh *ret, struct err *err))
NO(build_named_parse(const char *text, struct build_named_context *ret, struct err *err))
NO(build_cache_place_parse(const char *text, bool to, struct build_cache_place *ret, struct err *err))
NO(build_cache_import(struct store *s, const struct config *config, const struct build_cache_place *from,
                      struct err *err))
NO(build_cache_export(struct store *s, const struct config *config, const struct build_cache_place *to,
                      char *const *keys, struct err *err))
NO(build_output_write(struct store *s, const struct build_request *q, const struct build_output *o,
                      const struct build_finished *f, const struct digest *manifest, struct err *err))
void build_request_release(struct build_request *q) {}
void build_metadata(const struct build_request *q, const struct build_result *r, struct buf *out) {}
