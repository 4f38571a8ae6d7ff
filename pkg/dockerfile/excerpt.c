#include "base/utf8.h"
#include "dockerfile/internal.h"

void dockerfile_excerpt(const struct dockerfile *d, const struct dockerfile_span *at, struct buf *out)
{
    (void)d;
    (void)at;
    (void)out;
}
