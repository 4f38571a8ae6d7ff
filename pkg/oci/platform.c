#include "oci/platform.h"

#include "base/buf.h"

#include <strings.h>

static const struct json_field platform_fields[] = {
    JSON_FIELD(struct oci_platform, "architecture", JSON_K_STRING, architecture),
    JSON_FIELD(struct oci_platform, "os", JSON_K_STRING, os),
    JSON_FIELD(struct oci_platform, "os.version", JSON_K_STRING, os_version),
    JSON_FIELD(struct oci_platform, "os.features", JSON_K_STRV, os_features),
    JSON_FIELD(struct oci_platform, "variant", JSON_K_STRING, variant),
};
const struct json_type oci_platform_type = {
    "platform", sizeof(struct oci_platform), platform_fields, ARRAY_SIZE(platform_fields), false,
};

#if defined(__x86_64__)
#define HOST_ARCHITECTURE "amd64"
#elif defined(__i386__)
#define HOST_ARCHITECTURE "386"
#elif defined(__aarch64__)
#define HOST_ARCHITECTURE "arm64"
#elif defined(__arm__)
#define HOST_ARCHITECTURE "arm"
#define HOST_ARM_VERSION  __ARM_ARCH
#elif defined(__riscv) && __riscv_xlen == 64
#define HOST_ARCHITECTURE "riscv64"
#elif defined(__powerpc64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define HOST_ARCHITECTURE "ppc64le"
#elif defined(__s390x__)
#define HOST_ARCHITECTURE "s390x"
#elif defined(__loongarch64)
#define HOST_ARCHITECTURE "loong64"
#elif defined(__mips64) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define HOST_ARCHITECTURE "mips64le"
#else
#error "which architecture is this in Go's words?"
#endif

/* Other names for an architecture, with the variant that they imply. */
static const struct alias {
    const char *name, *architecture, *variant;
} aliases[] = {
    {"x86_64", "amd64", NULL}, {"x86-64", "amd64", NULL}, {"i386", "386", NULL},      {"i486", "386", NULL},
    {"i586", "386", NULL},     {"i686", "386", NULL},     {"aarch64", "arm64", NULL}, {"armhf", "arm", "v7"},
    {"armel", "arm", "v6"},    {"armv7l", "arm", "v7"},   {"armv6l", "arm", "v6"},    {"ppc64el", "ppc64le", NULL},
};

/* What an absent variant means, and by which words it is also said. */
static const struct baseline {
    const char *architecture;
    int version;
} baselines[] = {{"amd64", 1}, {"arm64", 8}, {"arm", 7}};

/* After an architecture's own variants, what else its processors run. */
static const struct also_runs {
    const char *architecture, *other;
    int other_version; /* the highest variant of it */
} also_runs[] = {{"amd64", "386", 0}, {"arm64", "arm", 8}};

void oci_platform_release(struct oci_platform *p)
{
    json_free(&oci_platform_type, p);
}

static char *lower(const char *s)
{
    char *copy = str_dup(s);

    for (char *p = copy; p && *p; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p + ('a' - 'A'));
    return copy;
}

static int baseline_of(const char *architecture)
{
    for (size_t i = 0; i < ARRAY_SIZE(baselines); i++)
        if (strcmp(baselines[i].architecture, architecture) == 0)
            return baselines[i].version;
    return 0;
}

/* "v7" and "7" are 7; absent is the architecture's baseline; -1 for what is no version. */
static int variant_version(const char *architecture, const char *variant)
{
    const char *digits;

    if (str_empty(variant))
        return baseline_of(architecture);
    digits = *variant == 'v' || *variant == 'V' ? variant + 1 : variant;
    if (digits[0] < '1' || digits[0] > '9' || (digits[1] && (digits[1] < '0' || digits[1] > '9' || digits[2])))
        return -1;
    return digits[1] ? (digits[0] - '0') * 10 + (digits[1] - '0') : digits[0] - '0';
}

static void normalise(struct oci_platform *p)
{
    int version;

    str_replace(&p->os, lower(p->os));
    str_replace(&p->architecture, lower(p->architecture));
    for (size_t i = 0; i < ARRAY_SIZE(aliases); i++)
        if (strcmp(p->architecture, aliases[i].name) == 0) {
            str_replace(&p->architecture, str_dup(aliases[i].architecture));
            if (aliases[i].variant && str_empty(p->variant))
                str_replace(&p->variant, str_dup(aliases[i].variant));
            break;
        }
    version = variant_version(p->architecture, p->variant);
    if (version < 0)
        return;
    /* arm always says its variant; of the others the baseline goes without. */
    if (version && (strcmp(p->architecture, "arm") == 0 || version != baseline_of(p->architecture)))
        str_replace(&p->variant, str_printf("v%d", version));
    else
        str_replace(&p->variant, NULL);
}

void oci_platform_host(struct oci_platform *ret)
{
    *ret = (struct oci_platform){.os = str_dup("linux"), .architecture = str_dup(HOST_ARCHITECTURE)};
#ifdef HOST_ARM_VERSION
    ret->variant = str_printf("v%d", HOST_ARM_VERSION);
#endif
    normalise(ret);
}

static bool is_word(const char *s)
{
    return *s && strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") == strlen(s);
}

/* In Go's words: what a platform of one word may be. */
static bool is_architecture(const char *s)
{
    static const char *const known[] = {"386",      "amd64",  "arm",   "arm64",   "loong64", "mips",  "mips64",
                                        "mips64le", "mipsle", "ppc64", "ppc64le", "riscv64", "s390x", "wasm"};

    for (size_t i = 0; i < ARRAY_SIZE(known); i++)
        if (str_eq(known[i], s))
            return true;
    return false;
}

static bool is_os(const char *s)
{
    static const char *const known[] = {"linux",  "windows", "darwin",  "freebsd",
                                        "netbsd", "openbsd", "solaris", "wasip1"};

    for (size_t i = 0; i < ARRAY_SIZE(known); i++)
        if (strcasecmp(known[i], s) == 0)
            return true;
    return false;
}

int oci_platform_parse(const char *text, struct oci_platform *ret, struct err *err)
{
    _cleanup_strv_ char **parts = strv_split(text, '/');
    size_t n = strv_len(parts);
    struct oci_platform p = {0};

    STRV_FOREACH (part, parts)
        if (!is_word(*part))
            n = 0;
    if (!n || n > 3)
        return err_set(err, ERR_INVALID, "\"%.100s\" is not a platform such as linux/arm64 or linux/arm/v7", text);
    if (n == 1) {
        oci_platform_host(&p);
        if (is_os(parts[0]))
            str_replace(&p.os, str_dup(parts[0]));
        else {
            str_replace(&p.architecture, str_dup(parts[0]));
            str_replace(&p.variant, NULL);
        }
    } else
        p = (struct oci_platform){
            .os = str_dup(parts[0]),
            .architecture = str_dup(parts[1]),
            .variant = n == 3 ? str_dup(parts[2]) : NULL,
        };
    normalise(&p);
    if (n == 1 && !is_os(parts[0]) && !is_architecture(p.architecture)) {
        oci_platform_release(&p);
        return err_set(err, ERR_INVALID, "\"%.100s\": unknown operating system or architecture", text);
    }
    *ret = p;
    return 0;
}

char *oci_platform_format(const struct oci_platform *p)
{
    return str_printf("%s/%s%s%s", p->os ? p->os : "unknown", p->architecture ? p->architecture : "unknown",
                      str_empty(p->variant) ? "" : "/", p->variant ? p->variant : "");
}

static void normalised_copy(const struct oci_platform *p, struct oci_platform *ret)
{
    *ret = (struct oci_platform){
        .os = str_dup(p->os ? p->os : ""),
        .architecture = str_dup(p->architecture ? p->architecture : ""),
        .variant = str_dup(p->variant),
    };
    normalise(ret);
}

static int distance(const struct oci_platform *wanted, const struct oci_platform *offered)
{
    enum { OTHER_ARCHITECTURE = 1000 };
    int have = variant_version(wanted->architecture, wanted->variant);
    int need = variant_version(offered->architecture, offered->variant);

    if (strcmp(wanted->os, offered->os) != 0)
        return -1;
    if (strcmp(wanted->architecture, offered->architecture) == 0) {
        if (have < 0 || need < 0)
            return str_eq(wanted->variant, offered->variant) ? 0 : -1;
        return need > have ? -1 : have - need;
    }
    for (size_t i = 0; i < ARRAY_SIZE(also_runs); i++)
        if (strcmp(wanted->architecture, also_runs[i].architecture) == 0 &&
            strcmp(offered->architecture, also_runs[i].other) == 0 && need >= 0 && need <= also_runs[i].other_version)
            return OTHER_ARCHITECTURE + also_runs[i].other_version - need;
    return -1;
}

int oci_platform_distance(const struct oci_platform *wanted, const struct oci_platform *offered)
{
    _cleanup_platform_ struct oci_platform a = {0}, b = {0};

    normalised_copy(wanted, &a);
    normalised_copy(offered, &b);
    return distance(&a, &b);
}
