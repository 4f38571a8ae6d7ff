/* The steps at which the child waits for others: hooks of the runtime, and the start. */
#include "runtime/child.h"
#include "runtime/gate.h"
#include "runtime/hooks.h"
#include "runtime/instance.h"
#include "sys/fd.h"

int child_ask(struct child *c, enum child_message what, struct err *err)
{
    struct frame answer;
    int32_t pid;
    int r = frame_send(c->sync, what, NULL, 0, NULL, 0);

    if (r == 0)
        r = frame_receive(c->sync, &answer);
    if (r <= 0)
        return err_set(err, ERR_INTERRUPTED, "the runtime is gone");
    frame_release(&answer);
    if (answer.type != CHILD_GO_ON || answer.len != sizeof(pid))
        return err_set(err, ERR_INTERNAL, "the runtime said %u", answer.type);
    memcpy(&pid, answer.data, sizeof(pid));
    c->pid = pid;
    return 0;
}

int child_hooks_runtime(struct child *c, const struct plan_step *s _unused_, struct err *err)
{
    return child_ask(c, CHILD_HOOKS, err);
}

static int run_hooks(struct child *c, const oci_hook_list *list, const char *field, enum runtime_status status,
                     const char *dir, struct err *err)
{
    struct oci_state state = *c->start->state; /* borrows */

    state.pid = c->pid;
    state.status = (char *)runtime_status_word(status);
    return hooks_run(list, field, &state, dir, err);
}

int child_hooks_create(struct child *c, const struct plan_step *s _unused_, struct err *err)
{
    return run_hooks(c, &c->start->spec->hooks.create_container, "hooks.createContainer", RUNTIME_CREATING,
                     c->start->state->bundle, err);
}

/* Their programs are the container's, and have its walls. */
int child_hooks_start(struct child *c, const struct plan_step *s _unused_, struct err *err)
{
    int r = child_labels_write(c, err);

    if (r == 0)
        r = child_filter(c, err);
    return r < 0 ? r
                 : run_hooks(c, &c->start->spec->hooks.start_container, "hooks.startContainer", RUNTIME_CREATED, NULL,
                             err);
}

int child_gate(struct child *c, const struct plan_step *s _unused_, struct err *err)
{
    const struct gate *gate = c->start->gate;
    const int kept[] = {gate->listener, gate->lock};
    int fd, r = child_labels_write(c, err); /* also for hooks, whose programs are the container's */

    if (r == 0)
        r = child_ask(c, CHILD_WAITS, err);
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
