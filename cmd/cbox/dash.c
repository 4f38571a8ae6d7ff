/* A dashboard of containers: what is on the screen is read each second, what is not costs next to nothing. */
#include "dash.h"

#include "base/time.h"
#include "commands.h"
#include "container/log.h"
#include "screen/screen.h"

#include <signal.h>

enum {
    LIST_SHARE = 20,      /* looking which there are may take this part of the time */
    LOG_LINE_MAX = 1024,  /* bytes of a line that are kept: more than a screen is wide */
    LOG_LINES_MAX = 1000, /* of a terminal that says it is larger */
};

static const int64_t second = 1000000000, millisecond = 1000000;

struct dash_options {
    bool all;
};

static const struct cli_option options[] = {
    CLI_FLAG(struct dash_options, 'a', "all", all, "Show all containers (default shows just running)"),
};

static volatile sig_atomic_t asked_to_end;

static void on_signal(int signal _unused_)
{
    asked_to_end = 1;
}

static void catch_signals(void)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    const struct sigaction action = {.sa_handler = on_signal};

    for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
        sigaction(signals[i], &action, NULL);
}

/* ---- reading ---- */

static void pass_over(const struct err *why _unused_) {}

/* Which there are. A store with many containers is looked through more seldom. */
static int read_list(struct dash_view *v, struct err *err)
{
    const struct container_list_options how = {.all = v->all};
    struct container_list list = {0};
    int64_t begun = time_monotonic();
    int r = v->store ? 0 : cbox_open_existing_store(v->ctx, &v->store, err);

    if (r == 0 && v->store)
        r = container_list(v->store, &how, pass_over, &list, err);
    if (r < 0) {
        container_list_release(&list);
        return r;
    }
    dash_take_list(&v->dash, &list);
    v->listed = time_monotonic();
    v->list_due = v->listed + MAX_OF(second, (v->listed - begun) * LIST_SHARE);
    return 0;
}

static void read_usage(struct dash_view *v)
{
    _cleanup_free_ size_t *due = mem_zalloc(v->height + DASH_MORE, sizeof(*due));
    size_t n = dash_due(&v->dash, v->height, due);

    for (size_t i = 0; i < n; i++) {
        struct container_usage usage = {0};

        if (container_usage(&v->dash.rows.v[due[i]].record, &usage, NULL) == 0)
            dash_take_usage(&v->dash, due[i], &usage, time_monotonic());
    }
    dash_arrange(&v->dash);
}

static int take_line(const struct logging_entry *e, void *data)
{
    struct dash_view *v = data;
    size_t len = e->len && e->text[e->len - 1] == '\n' ? e->len - 1 : e->len;

    len -= len && e->text[len - 1] == '\r';
    strv_take(&v->log, str_ndup(e->text, MIN_OF(len, (size_t)LOG_LINE_MAX)));
    return 0;
}

/* The last lines of the chosen one, from the end of its log. */
static void read_log(struct dash_view *v)
{
    struct dash_row *row = dash_chosen(&v->dash);
    struct logging_query query = {.tail = (int64_t)MIN_OF(v->log_wanted, (size_t)LOG_LINES_MAX), .wake = -1};
    struct err why = ERR_INIT;

    strv_free(steal_ptr(&v->log));
    str_replace(&v->log_of, row ? str_dup(row->record.id) : NULL);
    if (!row || !query.tail)
        return;
    if (container_read_log(v->store, row->record.id, &query, take_line, v, &why) < 0 && why.kind != ERR_NOT_FOUND)
        strv_add(&v->log, why.text);
}

static bool log_is_of_another(struct dash_view *v)
{
    return !str_eq(v->log_of, v->dash.chosen);
}

/* ---- the loop ---- */

static int follow(struct dash_view *v, struct err *err)
{
    int64_t sample_due = 0;
    size_t log_wanted = 0;
    int r = 0;

    while (r == 0 && !v->ended && !asked_to_end) {
        int64_t now;
        int key;

        dash_jobs_look(v);
        if (time_monotonic() >= v->list_due)
            r = read_list(v, err);
        now = time_monotonic();
        if (now >= sample_due)
            read_usage(v);
        dash_draw(v);
        if (now >= sample_due || log_is_of_another(v) || log_wanted != v->log_wanted) {
            read_log(v);
            log_wanted = v->log_wanted;
            dash_draw(v);
        }
        if (now >= sample_due)
            sample_due = now + second;
        key = screen_key((int)MAX_OF((sample_due - time_monotonic()) / millisecond, INT64_C(10)));
        if (key == SCREEN_LOST)
            break;
        if (key != SCREEN_NONE && key != SCREEN_RESIZED)
            dash_key(v, key);
    }
    return r;
}

static void view_release(struct dash_view *v)
{
    dash_jobs_release(v);
    dash_release(&v->dash);
    strv_free(v->log);
    free(v->log_of);
    free(v->message);
    free(v->target);
    free(v->name);
    if (v->store)
        store_free(v->store);
}

static int run(struct cli_context *ctx, const void *opts, char **operands _unused_, struct err *err)
{
    const struct dash_options *o = opts;
    _cleanup_(view_release) struct dash_view v = {.ctx = ctx, .all = o->all, .dash = {.sort = DASH_BY_NAME}};
    int r = screen_open(err);

    if (r < 0)
        return r;
    catch_signals();
    r = follow(&v, err);
    screen_close();
    return r;
}

static const struct cli_example examples[] = {
    {"What runs, and what it uses", "cbox dash"},
    {"All containers", "cbox dash -a"},
    {NULL, NULL},
};

const struct cli_command cmd_dash = {
    .summary = "Watch and steer containers on one screen",
    .description =
        "A list of containers with what they use each second, as numbers and as graphs of the last samples, and the "
        "log\n"
        "of the chosen one. Keys stop, restart and pause it, start a shell in it, filter and sort the list; ? shows "
        "them\n"
        "all. Only what is on the screen is read, and where the list is sorted by use a few others by turns.",
    CLI_OPTIONS(struct dash_options, options),
    .examples = examples,
    .run = run,
};
