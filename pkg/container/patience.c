#include "base/time.h"
#include "container/internal.h"

static const int64_t longest_wait = 10000000000; /* ns */

struct patience patience_begin(void)
{
    return (struct patience){time_monotonic() + longest_wait, {.tv_nsec = 200000}};
}

bool patience_wait(struct patience *p)
{
    if (time_monotonic() >= p->until)
        return false;
    nanosleep(&p->pause, NULL);
    p->pause.tv_nsec = MIN_OF(p->pause.tv_nsec * 2, 20000000);
    return true;
}
