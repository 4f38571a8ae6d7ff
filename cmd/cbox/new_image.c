#include "new_image.h"

#include "base/num.h"
#include "base/time.h"

int new_image_time(int64_t *ret, struct err *err)
{
    const char *epoch = getenv("SOURCE_DATE_EPOCH");
    int64_t seconds;

    *ret = time_now();
    if (str_empty(epoch))
        return 0;
    if (num_parse_i64(epoch, 0, INT64_MAX / 1000000000, &seconds, err) < 0)
        return err_wrap(err, "SOURCE_DATE_EPOCH");
    *ret = seconds * 1000000000;
    return 0;
}

int new_image_name(const char *text, const char *refusal, struct oci_reference *ret, struct err *err)
{
    int r = oci_reference_parse(text, ret, err);

    if (r == 0 && ret->digest.algorithm != DIGEST_NONE)
        r = err_set(err, ERR_INVALID, "%s", refusal);
    if (r == 0)
        oci_reference_default_tag(ret);
    return r;
}
