#include "build_checks.h"

#include "build/request_parse.h"
#include "new_image.h"
#include "oci/platform.h"

static int check_cache(const char *text, bool to, struct err *err)
{
    struct build_cache_place p = {0};
    int r = build_cache_place_parse(text, to, &p, err);

    build_cache_place_release(&p);
    return r;
}

int check_cache_from(const char *text, struct err *err)
{
    return check_cache(text, false, err);
}

int check_cache_to(const char *text, struct err *err)
{
    return check_cache(text, true, err);
}

int read_call(const char *text, struct build_call *ret, struct err *err)
{
    static const char *const words[] = {
        [BUILD_CALL_BUILD] = "build",
        [BUILD_CALL_CHECK] = "check",
        [BUILD_CALL_OUTLINE] = "outline",
        [BUILD_CALL_TARGETS] = "targets",
    };
    const char *given = str_empty(text) ? "build" : text, *comma = strchr(given, ',');
    size_t n = comma ? (size_t)(comma - given) : strlen(given);

    *ret = (struct build_call){0};
    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        if (strlen(words[i]) != n || strncmp(words[i], given, n) != 0)
            continue;
        ret->method = (enum build_method)i;
        ret->json = comma && str_eq(comma, ",format=json");
        if (!comma || str_eq(comma, ",format=text") || (ret->json && i >= BUILD_CALL_OUTLINE))
            return 0;
        return err_set(err, ERR_INVALID, "\"%.100s\": outline and targets can have format=text or format=json", text);
    }
    return err_set(err, ERR_UNSUPPORTED,
                   "a build cannot be asked for \"%.100s\": there are build, check, outline, targets", text);
}

int check_call(const char *text, struct err *err)
{
    struct build_call call;

    return read_call(text, &call, err);
}

int check_entitlement(const char *text, struct err *err)
{
    if (str_eq(text, "network.host") || str_eq(text, "security.insecure"))
        return 0;
    return err_set(err, ERR_INVALID, "unknown entitlement %s (network.host, security.insecure)", text);
}

int check_named_context(const char *text, struct err *err)
{
    struct build_named_context c = {0};
    int r = build_named_parse(text, &c, err);

    build_named_release(&c);
    return r;
}

int check_image_annotation(const char *text, struct err *err)
{
    struct build_annotation a = {0};
    int r = build_annotation_parse(text, &a, err);

    build_annotation_release(&a);
    return r;
}

/* type=provenance|sbom that asks for none. */
int check_attestation(const char *text, struct err *err)
{
    if (strstr(text, "disabled=true"))
        return 0;
    return err_set(err, ERR_UNSUPPORTED, "no attestations are made: disabled=true is all that it can be");
}

/* There is one builder, this program. */
int check_builder(const char *text, struct err *err)
{
    if (str_empty(text) || str_eq(text, "default"))
        return 0;
    return err_set(err, ERR_UNSUPPORTED, "no builder \"%.100s\" found: there is one, default", text);
}

/* What scripts say to builders that would make some. */
int check_no_attestation(const char *text, struct err *err)
{
    if (str_eq(text, "false") || str_eq(text, "0"))
        return 0;
    return err_set(err, ERR_UNSUPPORTED, "no attestations are made: false is all that it can be");
}

int check_output(const char *text, struct err *err)
{
    struct build_output o = {0};
    int r = build_output_parse(text, &o, err);

    build_output_release(&o);
    return r;
}

int check_platforms(const char *text, struct err *err)
{
    char *const one[] = {(char *)text, NULL};
    _cleanup_strv_ char **platforms = NULL;

    return build_platforms_parse(one, &platforms, err);
}

int check_secret(const char *text, struct err *err)
{
    struct build_secret s = {0};
    int r = build_secret_parse(text, &s, err);

    build_secret_release(&s);
    return r;
}

int check_ssh(const char *text, struct err *err)
{
    struct build_ssh s = {0};
    int r = build_ssh_parse(text, &s, err);

    build_ssh_release(&s);
    return r;
}

int check_tag(const char *text, struct err *err)
{
    _cleanup_reference_ struct oci_reference name = {0};

    return new_image_name(text, "build tag cannot contain a digest", &name, err);
}
