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
NO(build_cache_explain(struct store *s, const struct build_key *k, bool found, struct buf *out, struct err *err))
#include "dockerfile/check.h"
NO(dockerfile_check_options_parse(const char *text, struct dockerfile_check_options *ret, struct err *err))
void dockerfile_check_options_release(struct dockerfile_check_options *o) {}
void dockerfile_check(const struct dockerfile *d, char *const *build_args, const struct dockerfile_check_options *o,
                      dockerfile_problems *to)
{
}
NO(build_fetch(struct store *s, const struct config *config, const char *url, int *ret_fd, char **ret_name,
               int64_t *ret_time, struct digest *ret_digest, struct err *err))
NO(build_clone(struct store *s, const char *repository, bool keep_git_dir, struct build_context *ret, struct err *err))
bool build_is_repository(const char *source)
{
    return false;
}
bool build_is_url(const char *source)
{
    return str_after(source, "http://") || str_after(source, "https://");
}
