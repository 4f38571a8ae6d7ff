/* config.json of a bundle: whatever is read and found right is written and read again to the same bytes, and what is
 * refused says why. */
#include "oci/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_process(const char *text, size_t size)
{
    struct oci_process process;

    if (json_parse(text, size, &oci_process_type, &process, NULL) == 0)
        json_free(&oci_process_type, &process);
}

static void check_resources(const char *text, size_t size)
{
    struct err err = ERR_INIT;
    struct oci_resources resources;

    if (json_parse(text, size, &oci_resources_type, &resources, NULL) < 0)
        return;
    if (oci_resources_check(&resources, "x", &err) < 0 && !err.kind)
        abort();
    json_free(&oci_resources_type, &resources);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_buf_ struct buf first = BUF_INIT, second = BUF_INIT;
    const char *text = (const char *)data;
    struct oci_spec spec, again;
    struct err err = ERR_INIT;

    check_process(text, size);
    check_resources(text, size);
    if (oci_spec_parse(text, size, &spec, &err) < 0) {
        if (!err.kind || memchr(err.text, '\n', strlen(err.text)))
            abort();
        return 0;
    }
    oci_spec_dump(&spec, &first);
    if (oci_spec_parse(buf_str(&first), first.len, &again, NULL) < 0)
        abort();
    oci_spec_dump(&again, &second);
    if (first.len != second.len || memcmp(first.p, second.p, first.len) != 0)
        abort();
    oci_spec_release(&spec);
    oci_spec_release(&again);
    return 0;
}
