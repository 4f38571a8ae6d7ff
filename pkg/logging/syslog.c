/* syslog: RFC 3164 and 5424 to a daemon here (/dev/log) or elsewhere, with Docker's options and forms. */
#include "logging/remote.h"

#include "base/num.h"
#include "base/time.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { INFORMATION = 6, ERROR = 3, FACILITY_DAEMON = 3 };

struct syslog_sink {
    struct log_remote_sink sink; /* the first: see there */
    int facility;
    const char *form; /* one of `forms` */
    char *tag;
    char host[HOST_NAME_MAX + 1];
};

static const char *const forms[] = {"", "rfc3164", "rfc5424", "rfc5424micro"};

static const char *find_form(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
        if (str_eq(forms[i], name ? name : ""))
            return forms[i];
    return NULL;
}

/* Its number, or -1. */
static int find_facility(const char *name)
{
    static const char *const names[] = {"kern",   "user",   "mail",   "daemon", "auth",     "syslog",
                                        "lpr",    "news",   "uucp",   "cron",   "authpriv", "ftp",
                                        "",       "",       "",       "",       "local0",   "local1",
                                        "local2", "local3", "local4", "local5", "local6",   "local7"};
    int64_t number;

    if (!name)
        return FACILITY_DAEMON;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (*name && str_eq(names[i], name))
            return (int)i;
    return num_parse_i64(name, 0, 23, &number, NULL) == 0 ? (int)number : -1;
}

static bool is_socket(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISSOCK(st.st_mode);
}

/* Of a socket's file: what it listens for is found out by trying. */
static int find_socket(const char *path, struct log_address *ret, struct err *err)
{
    int r = log_address_unix(path, SOCK_STREAM, ret, err);

    if (r == 0 && log_address_try(ret, path, NULL) < 0)
        ret->type = SOCK_DGRAM;
    return r;
}

static int find_local(struct log_address *ret, struct err *err)
{
    static const char *const paths[] = {"/dev/log", "/var/run/syslog", "/var/run/log"};

    for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
        if (is_socket(paths[i]))
            return find_socket(paths[i], ret, err);
    err_set(err, ERR_UNSUPPORTED, "no syslog daemon listens on this host (/dev/log)");
    return err_hint(err, "Name one with --log-opt syslog-address=udp://HOST:514, or use another --log-driver.");
}

/* HOST, HOST:PORT, [HOST]:PORT */
static int find_host(const char *text, int type, struct log_address *ret, struct err *err)
{
    _cleanup_free_ char *copy = str_dup(text);
    char *host = copy, *port, *end = *copy == '[' ? strchr(copy, ']') : NULL;

    if (end) {
        host++;
        *end++ = 0;
    }
    port = end ? end : strrchr(copy, ':');
    if (port && *port == ':')
        *port++ = 0;
    return log_address_inet(host, str_empty(port) ? "514" : port, type, ret, err);
}

static int find_address(const char *text, struct log_address *ret, struct err *err)
{
    const char *rest;

    if (!text)
        return find_local(ret, err);
    if ((rest = str_after(text, "unix://")) || (rest = str_after(text, "unixgram://"))) {
        if (!is_socket(rest))
            return err_set(err, ERR_UNSUPPORTED, "syslog-address: %s: no socket is there", rest);
        return find_socket(rest, ret, err);
    }
    if ((rest = str_after(text, "udp://")))
        return find_host(rest, SOCK_DGRAM, ret, err);
    if ((rest = str_after(text, "tcp://")))
        return find_host(rest, SOCK_STREAM, ret, err);
    if (str_after(text, "tcp+tls://"))
        return err_set(err, ERR_UNSUPPORTED, "syslog-address: tcp+tls is not supported: send to a relay on this host");
    return err_set(err, ERR_INVALID, "syslog-address should be in form proto://address, got %s", text);
}

static int find(const struct logging_settings *settings, struct log_address *ret, struct err *err)
{
    if (find_facility(settings->facility) < 0)
        return err_set(err, ERR_INVALID, "invalid syslog facility");
    if (!find_form(settings->format))
        return err_set(err, ERR_INVALID, "Invalid syslog format");
    return find_address(settings->address, ret, err);
}

static int check(const struct logging_settings *settings, struct err *err)
{
    struct log_address address;
    int r = find(settings, &address, err);

    if (r == 0)
        r = log_address_try(&address, settings->address ? settings->address : "the local syslog daemon", err);
    return r < 0 ? err_wrap(err, "logging driver syslog") : 0;
}

/* The zone as RFC 3339 writes it: "+01:00", or "Z". */
static void format_zone(const struct tm *tm, char out[TIME_TEXT_MAX])
{
    strftime(out, TIME_TEXT_MAX, "%z", tm);
    if (str_eq(out, "+0000")) {
        strcpy(out, "Z");
    } else if (strlen(out) == 5) {
        memmove(out + 4, out + 3, 3);
        out[3] = ':';
    }
}

/* In the host's zone. */
static void put_head(struct syslog_sink *s, const struct logging_entry *e)
{
    char when[TIME_TEXT_MAX], zone[TIME_TEXT_MAX], fraction[16] = "";
    int priority = s->facility << 3 | (e->stream == LOGGING_STDERR ? ERROR : INFORMATION), pid = (int)getpid();
    time_t seconds = (time_t)(e->time / 1000000000);
    struct tm tm;

    localtime_r(&seconds, &tm);
    if (!str_after(s->form, "rfc5424")) {
        strftime(when, sizeof(when), "%b %e %H:%M:%S", &tm);
        buf_addf(&s->sink.message, "<%d>%s %s%s%s[%d]: ", priority, when, *s->form ? s->host : "", *s->form ? " " : "",
                 s->tag, pid);
        return;
    }
    strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &tm);
    format_zone(&tm, zone);
    if (str_eq(s->form, "rfc5424micro"))
        snprintf(fraction, sizeof(fraction), ".%06" PRId64, e->time / 1000 % 1000000);
    buf_addf(&s->sink.message, "<%d>1 %s%s%s %s %s %d %s - ", priority, when, fraction, zone, s->host, s->tag, pid,
             s->tag);
}

static void put_entry(void *sink, const struct logging_entry *e)
{
    struct syslog_sink *s = sink;
    put_head(s, e);
    buf_add(&s->sink.message, e->text, e->len);
    if (e->text[e->len - 1] != '\n')
        buf_addc(&s->sink.message, '\n');
}

static int open_syslog(const struct logging_options *options, const struct logging_settings *settings, void **ret,
                       struct err *err)
{
    _cleanup_free_ char *tag = NULL;
    struct log_address address;
    struct syslog_sink *s;
    int r = find(settings, &address, err); /* who does not listen now may do so later */

    if (r == 0)
        r = logging_tag(&options->container, settings, "{{.ID}}", &tag, err);
    if (r < 0)
        return r;
    s = mem_zalloc(1, sizeof(*s));
    s->sink.put = put_entry;
    s->sink.remote = log_remote_new(&address, settings->max_pending);
    s->facility = find_facility(settings->facility);
    s->form = find_form(settings->format);
    s->tag = steal_ptr(&tag);
    if (gethostname(s->host, sizeof(s->host) - 1) < 0)
        strcpy(s->host, "localhost");
    *ret = s;
    return 0;
}

static void close_syslog(void *sink)
{
    struct syslog_sink *s = sink;

    log_remote_sink_release(&s->sink);
    free(s->tag);
    free(s);
}

static const char *const names[] = {
    "env", "env-regex", "labels", "labels-regex", "syslog-address", "syslog-facility", "syslog-format", "tag", NULL};

const struct logging_driver logging_syslog = {
    .name = "syslog",
    .options = names,
    .check = check,
    .open = open_syslog,
    .entry = log_remote_sink_entry,
    .flush = log_remote_sink_flush,
    .wake = log_remote_sink_wake,
    .close = close_syslog,
};
