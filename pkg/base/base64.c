#include "base/base64.h"

#include <stdint.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *base64_encode(const void *data, size_t len)
{
    const unsigned char *p = data;
    struct buf out = BUF_INIT;

    for (size_t i = 0; i < len; i += 3) {
        size_t n = MIN_OF(len - i, (size_t)3);
        uint32_t bits = (uint32_t)p[i] << 16 | (n > 1 ? (uint32_t)p[i + 1] << 8 : 0) | (n > 2 ? p[i + 2] : 0);

        buf_addc(&out, alphabet[bits >> 18]);
        buf_addc(&out, alphabet[bits >> 12 & 63]);
        buf_addc(&out, n > 1 ? alphabet[bits >> 6 & 63] : '=');
        buf_addc(&out, n > 2 ? alphabet[bits & 63] : '=');
    }
    return buf_steal(&out);
}

int base64_decode(const char *text, struct buf *out, struct err *err)
{
    uint32_t bits = 0;
    size_t digits = 0, padding;
    const char *p;

    for (p = text; *p && *p != '='; p++) {
        const char *at = strchr(alphabet, *p);

        if (!at)
            return err_set(err, ERR_INVALID, "not base 64");
        bits = bits << 6 | (uint32_t)(at - alphabet);
        if (++digits % 4 == 0) {
            char bytes[3] = {(char)(bits >> 16), (char)(bits >> 8), (char)bits};
            int r = buf_append(out, bytes, 3, err);

            if (r < 0)
                return r;
        }
    }
    padding = strspn(p, "=");
    digits %= 4;
    if (p[padding] || digits == 1 || (padding && digits + padding != 4))
        return err_set(err, ERR_INVALID, "not base 64");
    if (digits) {
        char bytes[2] = {(char)(bits >> (digits == 2 ? 4 : 10)), (char)(bits >> 2)};

        return buf_append(out, bytes, digits - 1, err);
    }
    return 0;
}
