#include "base/num.h"
#include "base/time.h"
#include "cbox.h"
#include "commands.h"
#include "container/log.h"
#include "monitor/monitor.h"
#include "sys/fd.h"
#include "sys/frame.h"

#include <poll.h>
#include <stdio.h>

struct logs_options {
    bool details, follow, timestamps;
    const char *since, *tail, *until;
};

static const struct cli_option options[] = {
    CLI_FLAG(struct logs_options, 0, "details", details, "Show extra details provided to logs"),
    CLI_FLAG(struct logs_options, 'f', "follow", follow, "Follow log output"),
    CLI_STRING(struct logs_options, 0, "since", since,
               "Show logs since timestamp (e.g. \"2013-01-02T13:23:37Z\") or relative (e.g. \"42m\" for 42 minutes)"),
    CLI_STRING(struct logs_options, 'n', "tail", tail, "Number of lines to show from the end of the logs",
               .shown_default = "all"),
    CLI_FLAG(struct logs_options, 't', "timestamps", timestamps, "Show timestamps"),
    CLI_STRING(
        struct logs_options, 0, "until", until,
        "Show logs before a timestamp (e.g. \"2013-01-02T13:23:37Z\") or relative (e.g. \"42m\" for 42 minutes)"),
};

enum { OUTPUT_SIZE = 64 << 10 };

/* What is shown, on its way: lines of one stream are written together, those of the other behind them. */
struct shown {
    const struct logs_options *options;
    int monitor; /* -1: it has ended */
    int fd;      /* where `out` goes */
    struct buf out;
    int failure; /* errno of a write */
    int64_t second;
    char second_text[TIME_TEXT_MAX];
};

static int write_out(struct shown *s)
{
    if (!s->failure && s->out.len)
        s->failure = -fd_write_all(s->fd, s->out.p, s->out.len);
    buf_clear(&s->out);
    return s->failure;
}

/* As Go's url.QueryEscape. */
static void put_escaped(struct buf *out, const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)s[i];

        if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || strchr("-_.~", c))
            buf_addc(out, s[i]);
        else if (c == ' ')
            buf_addc(out, '+');
        else
            buf_addf(out, "%%%02X", c);
    }
}

static void put_details(struct buf *out, char *const *attributes)
{
    STRV_FOREACH (a, attributes) {
        size_t len = strcspn(*a, "=");

        if (a != attributes)
            buf_addc(out, ',');
        put_escaped(out, *a, len);
        buf_addc(out, '=');
        put_escaped(out, *a + len + 1, strlen(*a + len + 1));
    }
    buf_addc(out, ' ');
}

/* With nine digits behind the second, so that columns stay columns. Many lines have the same second. */
static void put_time(struct shown *s, int64_t time)
{
    enum { DIGITS = 9, SECONDS = 20 }; /* "2006-01-02T15:04:05." */
    char digits[DIGITS + 2] = "000000000Z ";
    int64_t ns = time % 1000000000;

    ns += ns < 0 ? 1000000000 : 0;
    if (time - ns != s->second || !*s->second_text) {
        s->second = time - ns;
        time_format(s->second, s->second_text);
        s->second_text[SECONDS - 1] = '.';
    }
    for (int i = DIGITS; i-- > 0; ns /= 10)
        digits[i] = (char)('0' + ns % 10);
    buf_add(&s->out, s->second_text, SECONDS);
    buf_add(&s->out, digits, sizeof(digits));
}

static int show(const struct logging_entry *e, void *data)
{
    struct shown *s = data;
    int fd = e->stream == LOGGING_STDERR ? STDERR_FILENO : STDOUT_FILENO;

    if ((fd != s->fd || s->out.len + e->len > OUTPUT_SIZE) && write_out(s))
        return 1;
    s->fd = fd;
    if (s->options->timestamps)
        put_time(s, e->time);
    if (s->options->details)
        put_details(&s->out, e->attributes);
    buf_add(&s->out, e->text, e->len);
    return 0;
}

static int show_now(void *data)
{
    return write_out(data);
}

/* Whether the container has ended for good, as its monitor says, or as its silence does. */
static bool has_ended(void *data)
{
    struct shown *s = data;
    struct pollfd fd = {.fd = s->monitor, .events = POLLIN};

    while (s->monitor >= 0 && poll(&fd, 1, 0) > 0) {
        struct frame frame;
        int r = frame_receive(s->monitor, &frame);
        struct monitor_end end = {0};
        bool over = r <= 0 || frame.type == MONITOR_FAILED;

        if (r > 0 && frame.type == MONITOR_ENDED && frame.len == sizeof(end)) {
            memcpy(&end, frame.data, sizeof(end));
            over = !end.again;
        }
        if (r > 0)
            frame_release(&frame);
        if (over)
            s->monitor = -1;
    }
    return s->monitor < 0;
}

static int parse_times(const struct logs_options *o, struct logging_query *q, struct err *err)
{
    int64_t now = time_now();

    if (str_given(o->since) && time_parse_point(o->since, now, &q->since, NULL) < 0)
        return err_set(err, ERR_INVALID,
                       "invalid value for \"since\": failed to parse value as time or duration: \"%s\"", o->since);
    if (str_given(o->until) && time_parse_point(o->until, now, &q->until, NULL) < 0)
        return err_set(err, ERR_INVALID,
                       "invalid value for \"until\": failed to parse value as time or duration: \"%s\"", o->until);
    q->tail = -1;
    if (str_empty(o->tail) || str_eq(o->tail, "all"))
        return 0;
    if (num_parse_i64(o->tail, INT64_MIN, INT64_MAX, &q->tail, err) < 0)
        return err_wrap(err, "--tail");
    q->tail = MAX_OF(q->tail, -1);
    return 0;
}

static int show_log(struct store *s, const struct container_view *view, const struct logs_options *o,
                    const struct logging_query *asked, struct err *err)
{
    struct shown shown = {.options = o, .monitor = view->monitor, .fd = STDOUT_FILENO};
    struct logging_query q = *asked;
    int r;

    q.details = o->details;
    q.follow = o->follow;
    q.ended = has_ended;
    q.idle = show_now;
    q.wake = view->monitor;
    q.data = &shown;
    r = container_read_log(s, view->id, &q, show, &shown, err);
    write_out(&shown);
    buf_free(&shown.out);
    if (r == 0 && shown.failure)
        r = err_errno(err, shown.failure, "writing the log");
    return r;
}

static int run(struct cli_context *ctx, const void *opts, char **operands, struct err *err)
{
    _cleanup_(store_free_cleanup) struct store *s = NULL;
    _cleanup_container_view_ struct container_view view = CONTAINER_VIEW_NONE;
    struct logging_query query = {.wake = -1};
    int r = parse_times(opts, &query, err);

    if (r == 0)
        r = cbox_open_existing_store(ctx, &s, err);
    if (r == 0 && !s)
        r = cbox_no_container(operands[0], err);
    if (r == 0)
        r = container_view(s, operands[0], &view, err);
    return r < 0 ? r : show_log(s, &view, opts, &query, err);
}

static const struct cli_example examples[] = {
    {"The last lines, and those that are still to come", "cbox logs -f -n 20 web"},
    {"With times, from the last ten minutes", "cbox logs -t --since 10m web"},
    {NULL, NULL},
};

static const char description[] =
    "Shows what a container's program wrote, its output on standard output and its errors on standard error; of one "
    "with\n"
    "a terminal all is output. With -f it goes on until the container has ended.\n"
    "\n"
    "Times are durations before now (42m), dates with or without a time of day and a zone, or seconds since 1970.\n"
    "\n"
    "How it is kept is said to run and create: --log-driver json-file (the default; Docker's form, so that other "
    "programs\n"
    "read it too), local (compact, compressed when it is rotated), journald, syslog or none, with --log-opt max-size\n"
    "(10 MiB unless said otherwise; -1: without end), max-file (3), compress, labels, labels-regex, env, env-regex, "
    "tag,\n"
    "mode and max-buffer-size, syslog-address, syslog-facility and syslog-format. What is sent to journald or syslog "
    "is\n"
    "kept here as well, unless --log-opt cache-disabled=true.\n"
    "\n"
    "A full disk never holds a program: what could not be kept is counted, and told in the log once there is room.";

const struct cli_command cmd_logs = {
    .summary = "Fetch the logs of a container",
    .description = description,
    .operands = "CONTAINER",
    .values = {CLI_VALUES_CONTAINER},
    CLI_OPTIONS(struct logs_options, options),
    .examples = examples,
    .run = run,
};
