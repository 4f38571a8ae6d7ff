#include "base/log.h"

static log_sink sink;

void log_set_sink(log_sink s)
{
    sink = s;
}

bool log_enabled(void)
{
    return sink != NULL;
}

void log_debug(const char *fmt, ...)
{
    _cleanup_free_ char *line = NULL;
    va_list ap;

    if (!sink)
        return;
    va_start(ap, fmt);
    line = str_vprintf(fmt, ap);
    va_end(ap);
    sink(line);
}
