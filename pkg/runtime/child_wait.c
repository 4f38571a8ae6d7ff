/* The steps at which the child waits for others: hooks of the runtime, and the start. */
#include "runtime/child.h"
#include "runtime/gate.h"
#include "sys/fd.h"

int child_ask(struct child *c, enum child_message what, struct frame *ret, struct err *err)
{
    int r = frame_send(c->sync, what, NULL, 0, NULL, 0);

    if (r == 0)
        r = frame_receive(c->sync, ret);
    if (r <= 0)
        return err_set(err, ERR_INTERRUPTED, "the runtime is gone");
    frame_release(ret);
    return ret->type == CHILD_GO_ON ? 0 : err_set(err, ERR_INTERNAL, "the runtime said %u", ret->type);
}

int child_hooks(struct child *c, const struct plan_step *s _unused_, struct err *err)
{
    struct frame answer;
    int32_t pid;
    int r = child_ask(c, CHILD_HOOKS, &answer, err);

    if (r == 0 && answer.len == sizeof(pid)) {
        memcpy(&pid, answer.data, sizeof(pid));
        c->pid = pid;
    }
    return r;
}

int child_gate(struct child *c, const struct plan_step *s _unused_, struct err *err)
{
    const struct gate *gate = c->start->gate;
    const int kept[] = {gate->listener, gate->lock};
    struct frame answer;
    int fd, r = child_ask(c, CHILD_WAITS, &answer, err);

    if (r < 0)
        return r;
    /* Whoever created it hears no more of it, and locks that it holds are not to last. */
    child_close_descriptors(c, kept, ARRAY_SIZE(kept));
    fd = gate_wait(gate);
    if (fd < 0)
        return err_errno(err, -fd, "waiting to be started");
    c->sync = fd;
    return 0;
}
