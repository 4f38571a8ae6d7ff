#include "runtime/hooks.h"

#include "base/log.h"
#include "sys/run.h"

enum { SAID_MAX = 512 /* bytes of a failed hook's last words */ };

/* On one line. */
static const char *last_words(struct buf *said)
{
    while (said->len && strchr(" \n", said->p[said->len - 1]))
        said->p[--said->len] = 0;
    for (char *p = said->p; p && *p; p++)
        if (*p == '\n')
            *p = ' ';
    return buf_str(said);
}

static int run_one(const struct oci_hook *hook, const struct buf *state, const char *dir, struct err *err)
{
    static char *const nothing[] = {NULL};
    const char *const alone[] = {hook->path, NULL};
    _cleanup_buf_ struct buf said = BUF_INIT_MAX(SAID_MAX);
    const struct run run = {
        .argv = hook->args ? (const char *const *)hook->args : alone,
        .file = hook->path,
        .env = hook->env ? hook->env : nothing,
        .dir = dir,
        .input = state->p,
        .input_len = state->len,
        .timeout_ms = hook->timeout ? *hook->timeout * 1000 : 0,
        .output = &said,
        .errors = true,
        .tail = true,
    };
    struct err why = ERR_INIT;
    int code = run_program(&run, &why);

    if (code == 0)
        return 0;
    if (code == ERR_NETWORK)
        return err_set(err, ERR_IO, "%s: did not end within its time-out of %lld s", hook->path,
                       (long long)*hook->timeout);
    if (code < 0)
        return err_set(err, ERR_IO, "%s: %s", hook->path, why.text);
    if (said.len)
        return err_set(err, ERR_IO, "%s: exit status %d: %s", hook->path, code, last_words(&said));
    return err_set(err, ERR_IO, "%s: exit status %d", hook->path, code);
}

static int run_nth(const oci_hook_list *list, size_t i, const char *field, const struct buf *state, const char *dir,
                   struct err *err)
{
    return run_one(&list->v[i], state, dir, err) < 0 ? err_wrap(err, "%s[%zu]", field, i) : 0;
}

int hooks_run(const oci_hook_list *list, const char *field, const struct oci_state *state, const char *dir,
              struct err *err)
{
    _cleanup_buf_ struct buf text = BUF_INIT;
    struct err why = ERR_INIT;

    if (list->n)
        json_dump(&oci_state_type, state, false, &text);
    for (size_t i = 0; i < list->n; i++) {
        if (run_nth(list, i, field, &text, dir, &why) == 0)
            continue;
        if (err)
            *err = why;
        return why.kind;
    }
    return 0;
}

void hooks_try(const oci_hook_list *list, const char *field, const struct oci_state *state, const char *dir)
{
    _cleanup_buf_ struct buf text = BUF_INIT;

    if (list->n)
        json_dump(&oci_state_type, state, false, &text);
    for (size_t i = 0; i < list->n; i++) {
        struct err why = ERR_INIT;

        if (run_nth(list, i, field, &text, dir, &why) < 0)
            log_warning("%s", why.text);
    }
}
