/* What follows from a probe, and the file that says it. */
#include "monitor/health_internal.h"

#include "base/log.h"
#include "base/time.h"
#include "sys/atomic.h"
#include "sys/fd.h"
#include "json/json.h"

#include <fcntl.h>

#define SECOND INT64_C(1000000000)
enum { FILE_MAX = 256 << 10 };

static const char starting[] = "starting", healthy[] = "healthy", unhealthy[] = "unhealthy";

/* ---- the document ---- */

static int parse_time(const char *text, void *field, struct err *err)
{
    return time_parse(text, field, err);
}

static char *format_time(const void *field)
{
    char text[TIME_TEXT_MAX];

    return str_dup(time_format(*(const int64_t *)field, text));
}

static const struct json_conversion time_conversion = {parse_time, format_time};

#define RESULT(json_name, kind, member, ...) JSON_FIELD(struct health_result, json_name, kind, member, __VA_ARGS__)
static const struct json_field result_fields[] = {
    RESULT("Start", JSON_K_CUSTOM, start, .conversion = &time_conversion),
    RESULT("End", JSON_K_CUSTOM, end, .conversion = &time_conversion),
    RESULT("ExitCode", JSON_K_INT64, exit_code, JSON_KEEP_EMPTY),
    RESULT("Output", JSON_K_STRING, output, JSON_KEEP_EMPTY),
};
static const struct json_type result_type = {"result of a probe", sizeof(struct health_result), result_fields,
                                             ARRAY_SIZE(result_fields)};

#define STATE(json_name, kind, member, ...) JSON_FIELD(struct health_state, json_name, kind, member, __VA_ARGS__)
static const struct json_field state_fields[] = {
    STATE("Status", JSON_K_STRING, status, JSON_KEEP_EMPTY),
    STATE("FailingStreak", JSON_K_INT64, failing_streak, JSON_KEEP_EMPTY),
    STATE("Log", JSON_K_ARRAY, log, JSON_KEEP_EMPTY, &result_type),
};
const struct json_type health_state_type = {"health", sizeof(struct health_state), state_fields,
                                            ARRAY_SIZE(state_fields)};

void health_state_release(struct health_state *s)
{
    json_free(&health_state_type, s);
}

char *health_path(const char *state, const char *id)
{
    return str_printf("%s/monitor/%s.health", state, id);
}

int health_read(const char *state, const char *id, struct health_state *ret, struct err *err)
{
    _cleanup_free_ char *path = health_path(state, id);
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(FILE_MAX);
    int r = fd_read_file(AT_FDCWD, path, &text, err);

    if (r == 0)
        r = json_parse(buf_str(&text), text.len, &health_state_type, ret, err);
    return r < 0 ? err_wrap(err, "health of container %.12s", id) : 0;
}

void health_write(const char *state, const char *id, const struct health_state *s)
{
    _cleanup_free_ char *path = health_path(state, id);
    _cleanup_buf_ struct buf text = BUF_INIT;
    struct err why = ERR_INIT;

    json_dump(&health_state_type, s, false, &text);
    if (atomic_write(AT_FDCWD, path, text.p, text.len, 0600, ATOMIC_VOLATILE, &why) < 0)
        log_debug("%s: %s", path, why.text);
}

void health_forget(const char *state, const char *id)
{
    _cleanup_free_ char *path = health_path(state, id);

    if (unlink(path) < 0 && errno != ENOENT)
        log_debug("%s: %s", path, strerror(errno));
}

/* ---- the rules ---- */

bool health_is_wanted(const struct oci_healthcheck *check)
{
    return check && check->test && !str_eq(check->test[0], "NONE");
}

static int64_t or_default(int64_t given, int64_t seconds)
{
    return given ? given : seconds * SECOND;
}

int64_t health_timeout(const struct oci_healthcheck *check)
{
    return or_default(check->timeout, 30);
}

static bool is(const struct health_state *s, const char *status)
{
    return str_eq(s->status, status);
}

static bool set(struct health_state *s, const char *status)
{
    if (is(s, status))
        return false;
    str_replace(&s->status, str_dup(status));
    return true;
}

void health_state_begin(struct health_state *s)
{
    health_state_release(s);
    s->status = str_dup(starting);
}

bool health_state_end(struct health_state *s)
{
    return set(s, unhealthy); /* as Docker says it of what does not run */
}

static void keep(struct health_state *s, const struct health_result *result)
{
    if (s->log.n == HEALTH_LOG_MAX) {
        free(s->log.v[0].output);
        memmove(s->log.v, s->log.v + 1, (HEALTH_LOG_MAX - 1) * sizeof(*s->log.v));
        s->log.n--;
    }
    *VEC_PUSH(&s->log) = *result;
}

bool health_judge(struct health_state *s, const struct oci_healthcheck *check, int64_t started,
                  const struct health_result *result)
{
    int64_t retries = check->retries > 0 ? check->retries : 3;

    keep(s, result);
    if (result->exit_code == 0) {
        s->failing_streak = 0;
        return set(s, healthy);
    }
    if (is(s, starting) && result->start - started < check->start_period)
        return false;
    s->failing_streak++;
    return s->failing_streak >= retries && set(s, unhealthy);
}

int64_t health_interval(const struct health_state *s, const struct oci_healthcheck *check, int64_t started, int64_t now)
{
    if (now - started < check->start_period && is(s, starting))
        return or_default(check->start_interval, 5);
    return or_default(check->interval, 30);
}
