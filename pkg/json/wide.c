#include "json/wide.h"

#include "base/strv.h"

#include <ctype.h>
#include <stdlib.h>

enum { DIGITS_MIN = 19, DIGITS_MAX = 20 }; /* of 2^63 and of 2^64-1 */

/* What stands for the number at an index. A document may hold the same, and gets one of its own numbers then. */
static void add_stand_in(struct buf *out, size_t index)
{
    buf_addf(out, "%zu.5e-200", index + 1);
}

/* Whether the digits are one of those numbers; what is larger is left to jansson to refuse. */
static bool is_wide(const char *digits, size_t n, uint64_t *ret)
{
    *ret = 0;
    if (n < DIGITS_MIN || n > DIGITS_MAX || *digits == '0')
        return false;
    for (size_t i = 0; i < n; i++)
        if (__builtin_mul_overflow(*ret, 10, ret) || __builtin_add_overflow(*ret, (uint64_t)(digits[i] - '0'), ret))
            return false;
    return *ret > INT64_MAX;
}

void json_wide_replace(const char *text, size_t len, struct json_wide *ret)
{
    size_t copied = 0;
    bool in_string = false;

    *ret = (struct json_wide){.text = BUF_INIT};
    for (size_t i = 0; i < len; i++) {
        size_t start = i;
        uint64_t number;

        if (in_string) {
            if (text[i] == '\\')
                i++;
            else if (text[i] == '"')
                in_string = false;
            continue;
        }
        in_string = text[i] == '"';
        if (!isdigit((unsigned char)text[i]))
            continue;
        while (i + 1 < len && isdigit((unsigned char)text[i + 1]))
            i++;
        if ((start > 0 && strchr("-+.eE", text[start - 1])) || (i + 1 < len && strchr(".eE", text[i + 1])) ||
            !is_wide(text + start, i + 1 - start, &number))
            continue;
        buf_add(&ret->text, text + copied, start - copied);
        add_stand_in(&ret->text, ret->numbers.n);
        *VEC_PUSH(&ret->numbers) = number;
        copied = i + 1;
    }
    if (ret->numbers.n > 0)
        buf_add(&ret->text, text + copied, len - copied);
}

bool json_wide_find(const struct json_wide *wide, double real, uint64_t *ret)
{
    double index = real * 1e200 - 1.5;
    size_t i = index > -0.25 && index < (double)wide->numbers.n ? (size_t)(index + 0.25) : SIZE_MAX;
    _cleanup_buf_ struct buf text = BUF_INIT;

    if (i >= wide->numbers.n)
        return false;
    add_stand_in(&text, i);
    if (strtod(buf_str(&text), NULL) != real)
        return false;
    *ret = wide->numbers.v[i];
    return true;
}

void json_wide_release(struct json_wide *wide)
{
    buf_free(&wide->text);
    free(wide->numbers.v);
    wide->numbers.v = NULL;
}
