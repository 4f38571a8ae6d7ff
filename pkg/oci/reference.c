#include "oci/reference.h"

#include "base/buf.h"

#include <stdbool.h>
#include <stdio.h>

static const char default_domain[] = "docker.io";
static const char legacy_domain[] = "index.docker.io";
static const char official_prefix[] = "library/";

#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define UPPER  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

/* Bytes, not the locale's letters. */
static bool all_of(const char *s, size_t n, const char *set)
{
    for (size_t i = 0; i < n; i++)
        if (!s[i] || !strchr(set, s[i]))
            return false;
    return true;
}

static bool is_one_of(char c, const char *set)
{
    return c && strchr(set, c);
}

static bool has_upper(const char *s)
{
    return strpbrk(s, UPPER) != NULL;
}

/* domain = host [":" 1*digit]; host = component *("." component) / "[" 1*(hex / ":") "]" */
static bool is_domain(const char *s)
{
    size_t n;

    if (*s == '[') {
        n = strspn(s + 1, DIGITS "abcdefABCDEF:");
        if (!n || s[1 + n] != ']')
            return false;
        s += n + 2;
    } else {
        for (;; s++) {
            n = strspn(s, LOWER UPPER DIGITS "-");
            if (!n || s[0] == '-' || s[n - 1] == '-')
                return false;
            s += n;
            if (*s != '.')
                break;
        }
    }
    if (!*s)
        return true;
    n = strspn(s + 1, DIGITS);
    return *s == ':' && n && !s[1 + n];
}

/* component = alnum *(separator alnum); separator = "." / "_" / "__" / 1*"-" */
static bool is_path_component(const char *s, size_t len)
{
    size_t i = 0, n;

    for (;;) {
        for (n = 0; i + n < len && is_one_of(s[i + n], LOWER DIGITS); n++)
            ;
        if (!n)
            return false;
        i += n;
        if (i == len)
            return true;
        if (s[i] == '-')
            for (i++; i < len && s[i] == '-'; i++)
                ;
        else if (s[i] == '_')
            i += i + 1 < len && s[i + 1] == '_' ? 2 : 1;
        else if (s[i] == '.')
            i++;
        else
            return false;
    }
}

static bool is_path(const char *s)
{
    for (;;) {
        size_t n = strcspn(s, "/");

        if (!is_path_component(s, n))
            return false;
        s += n;
        if (!*s)
            return true;
        s++;
    }
}

static bool is_tag(const char *s)
{
    size_t n = strlen(s);

    return n && n <= OCI_REFERENCE_TAG_MAX && *s != '.' && *s != '-' && all_of(s, n, LOWER UPPER DIGITS "_.-");
}

static bool is_id(const char *s)
{
    return strlen(s) == 64 && all_of(s, 64, DIGITS "abcdef");
}

/* Whether the first component is a domain and not the beginning of the path. */
static bool names_domain(const char *name, size_t first)
{
    return name[first] == '/' &&
           (memchr(name, '.', first) || memchr(name, ':', first) ||
            (first == strlen("localhost") && memcmp(name, "localhost", first) == 0) || strcspn(name, UPPER) < first);
}

/* Splits a name (no digest) into domain and the rest, which may have a tag. */
static void split_domain(const char *name, char **ret_domain, const char **ret_rest)
{
    size_t first = strcspn(name, "/");

    if (names_domain(name, first)) {
        *ret_domain = str_ndup(name, first);
        *ret_rest = name + first + 1;
    } else {
        *ret_domain = str_dup(default_domain);
        *ret_rest = name;
    }
    if (strcmp(*ret_domain, legacy_domain) == 0)
        str_replace(ret_domain, str_dup(default_domain));
}

static int refuse(struct err *err, const char *text, const char *why)
{
    return err_set(err, ERR_INVALID, "invalid reference format: \"%.300s\": %s", text, why);
}

static int check(const char *text, const struct oci_reference *ref, struct err *err)
{
    if (!*ref->path)
        return refuse(err, text, "repository name must have at least one component");
    if (!is_domain(ref->domain) || strlen(ref->domain) > OCI_REFERENCE_DOMAIN_MAX)
        return refuse(err, text, "the part before the first slash is not a host name");
    if (strlen(ref->path) > OCI_REFERENCE_PATH_MAX)
        return refuse(err, text, "repository name must not be more than 255 characters");
    if (has_upper(ref->path))
        return err_set(err, ERR_INVALID, "invalid reference format: repository name (%s) must be lowercase", ref->path);
    if (!is_path(ref->path))
        return refuse(err, text, "a repository name has lower-case letters, digits and single separators between them");
    if (ref->tag && !*ref->tag)
        return refuse(err, text, "nothing behind the colon");
    if (ref->tag && !is_tag(ref->tag))
        return refuse(err, text, "a tag has at most 128 letters, digits, underscores, periods and dashes");
    return 0;
}

static int parse_digest(const char *text, const char *digest, struct oci_reference *ref, struct err *err)
{
    struct err inner = ERR_INIT;
    int r = digest_parse(digest, &ref->digest, &inner);

    if (r < 0)
        return err_set(err, r, "invalid reference format: \"%.300s\": %s", text, inner.text);
    return 0;
}

int oci_reference_parse(const char *text, struct oci_reference *ret, struct err *err)
{
    _cleanup_reference_ struct oci_reference ref = {0};
    _cleanup_free_ char *name = NULL;
    const char *at, *rest;
    size_t n;
    int r;

    if (!*text)
        return err_set(err, ERR_INVALID, "invalid reference format: the name is empty");
    if (is_id(text))
        return err_set(err, ERR_INVALID, "invalid repository name (%s), cannot specify 64-byte hexadecimal strings",
                       text);
    at = strchr(text, '@');
    name = at ? str_ndup(text, (size_t)(at - text)) : str_dup(text);
    split_domain(name, &ref.domain, &rest);
    n = strcspn(rest, ":");
    ref.path = str_ndup(rest, n);
    if (rest[n])
        ref.tag = str_dup(rest + n + 1);
    if (strcmp(ref.domain, default_domain) == 0 && *ref.path && !strchr(ref.path, '/'))
        str_replace(&ref.path, str_printf("%s%s", official_prefix, ref.path));
    r = check(text, &ref, err);
    if (r >= 0 && at)
        r = parse_digest(text, at + 1, &ref, err);
    if (r < 0)
        return r;
    *ret = ref;
    ref = (struct oci_reference){0};
    return 0;
}

void oci_reference_default_tag(struct oci_reference *ref)
{
    if (!ref->tag && ref->digest.algorithm == DIGEST_NONE)
        ref->tag = str_dup("latest");
}

void oci_reference_release(struct oci_reference *ref)
{
    int saved = errno;

    free(ref->domain);
    free(ref->path);
    free(ref->tag);
    *ref = (struct oci_reference){0};
    errno = saved;
}

void oci_reference_copy(const struct oci_reference *ref, struct oci_reference *ret)
{
    *ret = (struct oci_reference){str_dup(ref->domain), str_dup(ref->path), str_dup(ref->tag), ref->digest};
}

/* Takes over `name`. */
static char *with_tag_and_digest(char *name, const struct oci_reference *ref)
{
    struct buf out = BUF_INIT;
    char digest[DIGEST_TEXT_MAX];

    buf_adds(&out, name);
    free(name);
    if (ref->tag)
        buf_addf(&out, ":%s", ref->tag);
    if (ref->digest.algorithm != DIGEST_NONE)
        buf_addf(&out, "@%s", digest_format(&ref->digest, digest));
    return buf_steal(&out);
}

char *oci_reference_format(const struct oci_reference *ref)
{
    return with_tag_and_digest(oci_reference_name(ref), ref);
}

char *oci_reference_name(const struct oci_reference *ref)
{
    return str_printf("%s/%s", ref->domain, ref->path);
}

char *oci_reference_familiar(const struct oci_reference *ref)
{
    return with_tag_and_digest(oci_reference_familiar_name(ref), ref);
}

char *oci_reference_familiar_name(const struct oci_reference *ref)
{
    const char *path = ref->path, *official;

    if (strcmp(ref->domain, default_domain) != 0)
        return oci_reference_name(ref);
    official = str_after(path, official_prefix);
    /* "library/localhost/x" stays long: its short form would name a host. */
    if (official && !strchr(official, '/'))
        return str_dup(official);
    return names_domain(path, strcspn(path, "/")) ? oci_reference_name(ref) : str_dup(path);
}
