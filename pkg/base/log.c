#include "base/log.h"

static log_sink sink, warning_sink;

void log_set_sink(log_sink s)
{
    sink = s;
}

void log_set_warning_sink(log_sink s)
{
    warning_sink = s;
}

bool log_enabled(void)
{
    return sink != NULL;
}

_printf_(2, 0) static void hand_over(log_sink to, const char *fmt, va_list ap)
{
    _cleanup_free_ char *line = to ? str_vprintf(fmt, ap) : NULL;

    if (to)
        to(line);
}

void log_debug(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    hand_over(sink, fmt, ap);
    va_end(ap);
}

void log_warning(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    hand_over(warning_sink, fmt, ap);
    va_end(ap);
}
