#include "container/status.h"

#include "base/time.h"

static char *up(const struct store_container_record *record, const char *age)
{
    if (record->status == STORE_CONTAINER_PAUSED)
        return str_printf("Up %s (Paused)", age);
    if (str_empty(record->health) || str_eq(record->health, "none"))
        return str_printf("Up %s", age);
    return str_printf("Up %s (%s%s)", age, str_eq(record->health, "starting") ? "health: " : "", record->health);
}

char *container_status(const struct store_container_record *record, int64_t now)
{
    bool runs = record->status == STORE_CONTAINER_RUNNING || record->status == STORE_CONTAINER_PAUSED;
    char age[TIME_TEXT_MAX];

    time_format_age(now - (runs ? record->started : record->finished), age);
    if (runs)
        return up(record, age);
    if (record->status == STORE_CONTAINER_RESTARTING)
        return str_printf("Restarting (%d) %s ago", (int)record->exit_code, age);
    if (record->status == STORE_CONTAINER_EXITED)
        return str_printf("Exited (%d) %s ago", (int)record->exit_code, age);
    return str_dup("Created");
}
