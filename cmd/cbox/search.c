#include "base/num.h"
#include "cbox.h"
#include "cli/format.h"
#include "commands.h"
#include "registry/listing.h"
#include "registry/login.h"
#include "show.h"

#include <inttypes.h>
#include <stdio.h>

enum { LIMIT_DEFAULT = 25, LIMIT_MAX = 100, DESCRIPTION_WIDTH = 45 };

struct search_options {
    char **filters;
    const char *format;
    int64_t limit;
    bool no_trunc, tls_verify;
};

static const struct search_options defaults = {.limit = LIMIT_DEFAULT, .tls_verify = true};

static const struct cli_option options[] = {
    CLI_LIST(struct search_options, 'f', "filter", filters, "Filter output based on conditions provided",
             .word = "filter"),
    CLI_STRING(struct search_options, 0, "format", format,
               "Format output: 'table', 'table TEMPLATE', 'json' or a Go template"),
    CLI_INT(struct search_options, 0, "limit", limit, "Max number of search results", .min = 1, .max = LIMIT_MAX,
            .shown_default = "25"),
    CLI_FLAG(struct search_options, 0, "no-trunc", no_trunc, "Don't truncate output"),
    CLI_FLAG(struct search_options, 0, "tls-verify", tls_verify, CBOX_TLS_VERIFY_HELP, .shown_default = "true"),
};

static const struct cli_column columns[] = {
    {"Name", "NAME"},           {"Description", "DESCRIPTION"}, {"StarCount", "STARS"},
    {"IsOfficial", "OFFICIAL"}, {"IsAutomated", "AUTOMATED"},
};
static const struct cli_columns table = {"{{.Name}}\t{{.Description}}\t{{.StarCount}}\t{{.IsOfficial}}", columns,
                                         ARRAY_SIZE(columns)};

/* ---- filters ---- */

enum { ANY = -1 };

struct filter {
    int official, automated; /* ANY, or whether */
    int64_t stars;           /* at least */
};

static int read_truth(const char *text, int *ret)
{
    if (strcmp(text, "true") == 0 || strcmp(text, "1") == 0)
        *ret = 1;
    else if (strcmp(text, "false") == 0 || strcmp(text, "0") == 0)
        *ret = 0;
    else
        return ERR_INVALID;
    return 0;
}

static int read_filter(const char *text, struct filter *f)
{
    const char *value;

    if ((value = str_after(text, "is-official=")))
        return read_truth(value, &f->official);
    if ((value = str_after(text, "is-automated=")))
        return read_truth(value, &f->automated);
    if ((value = str_after(text, "stars=")))
        return num_parse_i64(value, 0, INT32_MAX, &f->stars, NULL);
    return ERR_INVALID;
}

static int read_filters(char *const *filters, struct filter *ret, struct err *err)
{
    *ret = (struct filter){ANY, ANY, 0};
    STRV_FOREACH (text, filters)
        if (read_filter(*text, ret) < 0) {
            err_set(err, ERR_INVALID, "invalid filter '%s'", *text);
            return err_hint(err, "filters are is-official=true or false, is-automated=true or false, and stars=N");
        }
    return 0;
}

static bool passes(const struct filter *f, const struct registry_found *found)
{
    return (f->official == ANY || f->official == found->official) &&
           (f->automated == ANY || f->automated == found->automated) && found->stars >= f->stars;
}

/* ---- what is shown ---- */

static struct cli_value make_row(const char *domain, const struct registry_found *found, bool no_trunc)
{
    bool is_hub = strcmp(domain, "docker.io") == 0;
    _cleanup_free_ char *name = str_printf("%s%s%s", is_hub ? "" : domain, is_hub ? "" : "/", found->name);
    _cleanup_free_ char *description = str_dup(found->description ? found->description : ""), *start = NULL;
    struct cli_value row = {.kind = CLI_MAP};
    char stars[NUM_TEXT_MAX];

    for (char *p = description; *p; p++)
        if (*p == '\n' || *p == '\r' || *p == '\t')
            *p = ' ';
    start = show_start(description, DESCRIPTION_WIDTH);
    snprintf(stars, sizeof(stars), "%" PRId64, found->stars);
    cli_value_put_text(&row, "Name", name);
    cli_value_put_text(&row, "Description", no_trunc ? description : start);
    cli_value_put_text(&row, "StarCount", stars);
    cli_value_put_text(&row, "IsOfficial", found->official ? "[OK]" : "");
    cli_value_put_text(&row, "IsAutomated", found->automated ? "[OK]" : "");
    return row;
}

static int print(const struct registry_search *search, const char *domain, const struct filter *filter,
                 const struct search_options *o, struct err *err)
{
    _cleanup_format_ struct cli_format f = {0};
    int r = cli_format_begin(&f, o->format, false, &table, err);
    int64_t shown = 0;

    VEC_FOREACH (found, &search->results) {
        _cleanup_value_ struct cli_value row = {0};

        if (r < 0 || str_empty(found->name) || !passes(filter, found) || shown++ >= o->limit)
            continue;
        row = make_row(domain, found, o->no_trunc);
        r = cli_format_row(&f, &row, err);
    }
    if (r == 0)
        cli_format_print(&f);
    return r;
}

/* "registry.example/term" is searched there; whether the first part is a host is told as in a name of an image. */
static const char *split_term(const char *term, char **ret_domain)
{
    size_t n = strcspn(term, "/");

    *ret_domain = str_ndup(term, n);
    if (term[n] && (strpbrk(*ret_domain, ".:") || strcmp(*ret_domain, "localhost") == 0))
        term += n + 1;
    else
        str_replace(ret_domain, str_dup("docker.io"));
    return term;
}

static int run(struct cli_context *ctx, const void *opts, char **operands, struct err *err)
{
    const struct search_options *o = opts;
    const struct registry_options how = {.insecure = !o->tls_verify};
    _cleanup_(registry_free_cleanup) struct registry *registry = NULL;
    _cleanup_(registry_search_release) struct registry_search search = {0};
    _cleanup_free_ char *host = NULL, *domain = NULL;
    const char *term = split_term(operands[0], &host);
    struct filter filter;
    int r = read_filters(o->filters, &filter, err);

    if (r == 0)
        r = registry_login_server(host, &domain, err);
    if (r == 0)
        r = registry_new(&ctx->config, &how, &registry, err);
    if (r == 0)
        r = registry_search(registry, domain, term, (int)o->limit, &search, err);
    return r < 0 ? r : print(&search, domain, &filter, o, err);
}

static const struct cli_example examples[] = {
    {"Official images alone", "cbox search --filter is-official=true postgres"},
    {"Names of what many people like", "cbox search --filter stars=100 --format {{.Name}} proxy"},
    {NULL, NULL},
};

const struct cli_command cmd_search = {
    .summary = "Search Docker Hub for images",
    .description = "TERM may begin with another registry (registry.example/term), if that one knows Docker's search.",
    .operands = "TERM",
    .defaults = &defaults,
    CLI_OPTIONS(struct search_options, options),
    .examples = examples,
    .run = run,
};
