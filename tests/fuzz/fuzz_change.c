/* Dockerfile instructions that change a config: whatever they say, the config can be written and read again. */
#include "image/change.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Go's readers and ours take only UTF-8, which a command line need not be. */
static bool is_ascii(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text >= 0x80)
            return false;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_free_ char *text = str_ndup((const char *)data, size);
    _cleanup_image_config_ struct oci_image_config config = {0}, again = {0};
    _cleanup_buf_ struct buf dumped = BUF_INIT;
    char *changes[] = {text, NULL};
    struct err err = ERR_INIT;
    int r;

    strv_add(&config.config.env, "PATH=/bin");
    strv_add(&config.config.env, "EMPTY=");
    config.rootfs.type = str_dup("layers");
    r = image_change(&config.config, changes, &err);
    if ((r < 0) != (err.kind < 0) || (r < 0 && !err.text[0]))
        abort();
    if (r < 0 || !is_ascii(text))
        return 0;
    oci_image_config_dump(&config, &dumped);
    if (oci_image_config_parse(buf_str(&dumped), dumped.len, &again, &err) < 0)
        abort();
    return 0;
}
