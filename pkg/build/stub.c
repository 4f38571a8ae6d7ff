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
NO(build_cache_explain(struct store *s, const struct build_key *k, bool found, struct buf *out, struct err *err))
NO(build_output_write(struct store *s, const struct build_request *q, const struct build_output *o,
                      const struct build_finished *f, const struct digest *manifest, struct err *err))
void build_request_release(struct build_request *q) {}
void build_metadata(const struct build_request *q, const struct build_result *r, struct buf *out) {}
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
