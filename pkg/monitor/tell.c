/* What is told of a container while it lives. */
#include "event/event.h"
#include "monitor/internal.h"

void monitor_tell(struct store *s, const struct store_container_record *record, const char *action, const char *name,
                  const char *value)
{
    monitor_tell_two(s, record, action, name, value, NULL, NULL);
}

void monitor_tell_two(struct store *s, const struct store_container_record *record, const char *action,
                      const char *name, const char *value, const char *other, const char *other_value)
{
    if (record->build)
        return;
    event_emit(store_state_path(s), "container", action, record->id, record->labels, "image", record->image, "name",
               record->name, name, value, other, other_value, NULL);
}

void monitor_tell_volumes(const struct monitor_job *job, bool mounted)
{
    VEC_FOREACH (m, &job->options->mounts) {
        if (!str_eq(m->type, "volume"))
            continue;
        event_emit(store_state_path(job->store), "volume", mounted ? "mount" : "unmount", m->name, NULL, "container",
                   job->record->id, "driver", m->driver, "destination", mounted ? m->destination : NULL, "propagation",
                   mounted ? m->propagation : NULL, "read/write",
                   !mounted ? NULL
                   : m->rw  ? "true"
                            : "false",
                   NULL);
    }
}
