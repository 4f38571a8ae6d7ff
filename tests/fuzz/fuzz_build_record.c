/* Lines of a cache's label, as an import takes them: what is accepted is written and read again the same. */
#include "store/build_cache.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_build_record_ struct store_build_record record = {0}, again = {0};
    _cleanup_free_ char *line = str_ndup((const char *)data, size);
    _cleanup_buf_ struct buf out = BUF_INIT, second = BUF_INIT;
    struct err err = ERR_INIT;
    int r = store_build_record_take(line, &record, &err);

    if ((r < 0) != (err.kind < 0) || (r < 0 && !err.text[0]))
        abort();
    if (r < 0)
        return 0;
    if (strlen(record.key) != 64 || record.key[strspn(record.key, "0123456789abcdef")])
        abort();
    store_build_record_write(&record, &out);
    if (store_build_record_take(buf_str(&out), &again, &err) < 0)
        abort();
    store_build_record_write(&again, &second);
    if (out.len != second.len || memcmp(buf_str(&out), buf_str(&second), out.len) != 0)
        abort();
    return 0;
}
