/* What users and documents name: whatever parses must be what its own short and long forms parse to. */
#include "oci/platform.h"
#include "oci/reference.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_name(const char *s, size_t max)
{
    if (!*s || strlen(s) > max || *s == '/' || *s == '.' || strstr(s, "..") || strstr(s, "//"))
        abort();
}

static void check_reference(const char *text)
{
    _cleanup_reference_ struct oci_reference ref = {0}, again = {0};
    _cleanup_free_ char *full = NULL, *familiar = NULL, *full_again = NULL;
    struct err err = ERR_INIT;

    if (oci_reference_parse(text, &ref, &err) < 0) {
        if (!err.kind || !*err.text || ref.domain || ref.path || ref.tag)
            abort();
        return;
    }
    check_name(ref.path, OCI_REFERENCE_PATH_MAX);
    if (ref.tag && strlen(ref.tag) > OCI_REFERENCE_TAG_MAX)
        abort();
    full = oci_reference_format(&ref);
    familiar = oci_reference_familiar(&ref);
    if (oci_reference_parse(familiar, &again, &err) < 0)
        abort();
    full_again = oci_reference_format(&again);
    if (strcmp(full, full_again) != 0)
        abort();
}

static void check_platform(const char *text)
{
    _cleanup_platform_ struct oci_platform p = {0}, again = {0};
    _cleanup_free_ char *normal = NULL;

    if (oci_platform_parse(text, &p, NULL) < 0)
        return;
    normal = oci_platform_format(&p);
    if (oci_platform_parse(normal, &again, NULL) < 0 || oci_platform_distance(&p, &again) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_free_ char *text = str_ndup((const char *)data, size);

    check_reference(text);
    check_platform(text);
    return 0;
}
