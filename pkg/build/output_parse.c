/* One --output. */
#include "build/request_parse.h"

#include "build/request_parse_internal.h"
#include "bundle/parse.h"
#include "oci/reference.h"

struct output_text {
    struct build_output o;
    char *type;
    bool archive; /* not tar=false */
    bool image;   /* goes into the store: type image, registry, or docker without a destination */
};

static int take_tar(void *to, const char *value, struct err *err)
{
    struct output_text *t = to;

    return request_truth(value, &t->archive, err) < 0 ? err_wrap(err, "tar") : 0;
}

static int take_push(void *to, const char *value, struct err *err)
{
    struct output_text *t = to;

    return request_truth(value, &t->o.push, err) < 0 ? err_wrap(err, "push") : 0;
}

static int take_compression(void *to, const char *value, struct err *err)
{
    static const char *const known[] = {"uncompressed", "gzip", "zstd"};
    struct output_text *t = to;

    for (size_t i = 0; i < ARRAY_SIZE(known); i++)
        if (str_eq(value, known[i])) {
            str_replace(&t->o.compression, str_dup(value));
            return 0;
        }
    return err_set(err, ERR_UNSUPPORTED, "unsupported compression type \"%.100s\": there are uncompressed, gzip, zstd",
                   value);
}

static int take_name(void *to, const char *value, struct err *err)
{
    struct output_text *t = to;
    _cleanup_strv_ char **names = strv_split(value, ',');
    int r = 0;

    STRV_FOREACH (name, names) {
        _cleanup_reference_ struct oci_reference ref = {0};

        if (r == 0 && oci_reference_parse(*name, &ref, err) < 0)
            r = err_wrap(err, "invalid name \"%.200s\"", *name);
    }
    if (r == 0)
        str_replace(&t->o.name, str_dup(str_given(value)));
    return r;
}

/* The rest has no meaning here: manifests are OCI's, layers are unpacked, times are those of the build. */
static const struct request_key output_keys[] = {
    {"type", offsetof(struct output_text, type)},
    {"dest", offsetof(struct output_text, o.dest)},
    {"name", .take = take_name},
    {"tar", .take = take_tar},
    {"push", .take = take_push},
    {"compression", .take = take_compression},
    {"oci-mediatypes", .take = request_ignore},
    {"unpack", .take = request_ignore},
    {"store", .take = request_ignore},
    {"rewrite-timestamp", .take = request_ignore},
    {"platform-split", .take = request_ignore},
};

static int find_type(struct output_text *t, struct err *err)
{
    static const struct {
        const char *name;
        enum build_output_type type;
        bool push;
    } types[] = {
        {"local", BUILD_OUTPUT_LOCAL, false},    {"tar", BUILD_OUTPUT_TAR, false},
        {"oci", BUILD_OUTPUT_OCI, false},        {"docker", BUILD_OUTPUT_DOCKER, false},
        {"image", BUILD_OUTPUT_IMAGE, false},    {"registry", BUILD_OUTPUT_IMAGE, true},
        {"cacheonly", BUILD_OUTPUT_NONE, false},
    };

    if (str_empty(t->type))
        return err_set(err, ERR_INVALID, "type is required for output");
    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        if (!str_eq(types[i].name, t->type))
            continue;
        t->o.type = types[i].type;
        t->o.push = t->o.push || types[i].push;
        if (t->o.type == BUILD_OUTPUT_DOCKER && !t->o.dest && t->archive)
            t->o.type = BUILD_OUTPUT_IMAGE;
        return 0;
    }
    return err_set(err, ERR_UNSUPPORTED,
                   "exporter \"%.100s\" could not be found: there are local, tar, oci, docker, image, registry, "
                   "cacheonly",
                   t->type);
}

/* A destination that the type can have; "-" becomes NULL. */
static int check_destination(struct output_text *t, struct err *err)
{
    bool directory = t->o.type == BUILD_OUTPUT_LOCAL || (t->o.type == BUILD_OUTPUT_OCI && t->o.directory);

    if (t->o.type == BUILD_OUTPUT_DOCKER && t->o.directory)
        return err_set(err, ERR_UNSUPPORTED, "a docker archive is no directory: use type=oci,tar=false");
    if (directory && !t->o.dest)
        return err_set(err, ERR_INVALID, "dest is required for %s exporter", t->type);
    if (directory && str_eq(t->o.dest, "-"))
        return err_set(err, ERR_INVALID, "dest cannot be stdout for %s exporter", t->type);
    if (str_eq(t->o.dest, "-"))
        str_replace(&t->o.dest, NULL);
    return 0;
}

static int parse(const char *text, struct output_text *t, struct err *err)
{
    _cleanup_strv_ char **fields = NULL;
    int r = bundle_split_fields(text, &fields, err);

    if (r < 0)
        return r;
    if (strv_len(fields) == 1 && str_eq(fields[0], text) && !str_after(text, "type=")) {
        t->type = str_dup(str_eq(text, "-") ? "tar" : "local");
        t->o.dest = str_dup(str_given(text));
    } else {
        r = request_take_fields(fields, output_keys, ARRAY_SIZE(output_keys), t, err);
    }
    if (r == 0)
        r = find_type(t, err);
    t->o.directory = !t->archive;
    return r < 0 ? r : check_destination(t, err);
}

int build_output_parse(const char *text, struct build_output *ret, struct err *err)
{
    struct output_text t = {.archive = true};
    int r = parse(text, &t, err);

    free(t.type);
    if (r < 0)
        build_output_release(&t.o);
    else
        *ret = t.o;
    return r;
}

void build_output_release(struct build_output *o)
{
    free(o->dest);
    free(o->name);
    free(o->compression);
    *o = (struct build_output){0};
}

int build_outputs_check(const struct build_request *q, bool terminal, struct err *err)
{
    size_t n = 0;

    VEC_FOREACH (o, &q->outputs) {
        if (o->type == BUILD_OUTPUT_DOCKER && strv_len(q->platforms) > 1) {
            err_set(err, ERR_UNSUPPORTED, "docker exporter does not support an archive of several platforms");
            return err_hint(err, "use type=oci, or type=docker without dest for the store");
        }
    }
    VEC_FOREACH (o, &q->outputs) {
        bool archive = o->type == BUILD_OUTPUT_TAR || o->type == BUILD_OUTPUT_DOCKER ||
                       (o->type == BUILD_OUTPUT_OCI && !o->directory);

        if (!archive || o->dest)
            continue;
        if (n++ > 0)
            return err_set(err, ERR_INVALID, "multiple outputs configured to write to stdout");
        if (terminal)
            return err_set(err, ERR_INVALID, "dest file is required for %s exporter. refusing to write to console",
                           o->type == BUILD_OUTPUT_TAR   ? "tar"
                           : o->type == BUILD_OUTPUT_OCI ? "oci"
                                                         : "docker");
    }
    return 0;
}
