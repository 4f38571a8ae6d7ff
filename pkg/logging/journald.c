/* journald: systemd's journal, in its native protocol: a datagram an entry, a line a field. Fields are Docker's.
 * systemd.io/JOURNAL_NATIVE_PROTOCOL, systemd.journal-fields(7)
 */
#include "logging/remote.h"

#include <endian.h>
#include <sys/stat.h>

const char *logging_journal_socket = "/run/systemd/journal/socket";

struct journald_sink {
    struct log_remote_sink sink; /* the first: see there */
    struct buf fields;           /* the same of every entry */
};

static void put_field(struct buf *out, const char *name, const char *value, size_t len)
{
    uint64_t size = htole64(len);
    bool binary = memchr(value, '\n', len);

    buf_adds(out, name);
    buf_addc(out, binary ? '\n' : '=');
    if (binary)
        buf_add(out, &size, sizeof(size));
    buf_add(out, value, len);
    buf_addc(out, '\n');
}

static void put_text(struct buf *out, const char *name, const char *value)
{
    put_field(out, name, value ? value : "", value ? strlen(value) : 0);
}

/* A name of ours as the journal takes one: capitals, digits and underscores, of which none is the first. */
static char *field_name(const char *name, size_t len)
{
    char *ret = str_ndup(name, len), *first = ret;

    for (char *p = ret; *p; p++)
        *p = *p >= 'a' && *p <= 'z'                                 ? (char)(*p - 'a' + 'A')
             : (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') ? *p
                                                                    : '_';
    while (*first == '_')
        first++;
    memmove(ret, first, strlen(first) + 1);
    return ret;
}

static void put_attributes(struct buf *out, char *const *attributes)
{
    STRV_FOREACH (a, attributes) {
        size_t len = strcspn(*a, "=");
        _cleanup_free_ char *name = field_name(*a, len);

        if (*name && !str_after(*a, "tag="))
            put_text(out, name, *a + len + 1);
    }
}

static void put_entry(void *sink, const struct logging_entry *e)
{
    struct journald_sink *s = sink;
    bool whole = e->text[e->len - 1] == '\n';

    buf_add(&s->sink.message, s->fields.p, s->fields.len);
    put_text(&s->sink.message, "PRIORITY", e->stream == LOGGING_STDERR ? "3" : "6");
    if (!whole)
        put_text(&s->sink.message, "CONTAINER_PARTIAL_MESSAGE", "true");
    put_field(&s->sink.message, "MESSAGE", e->text, e->len - whole);
}

static int check(const struct logging_settings *settings _unused_, struct err *err)
{
    struct stat st;

    if (stat(logging_journal_socket, &st) == 0 && S_ISSOCK(st.st_mode))
        return 0;
    return err_set(err, ERR_UNSUPPORTED, "journald is not enabled on this host (%s)", logging_journal_socket);
}

static int open_journald(const struct logging_options *options, const struct logging_settings *settings, void **ret,
                         struct err *err)
{
    const struct logging_container *c = &options->container;
    _cleanup_strv_ char **attributes = NULL;
    _cleanup_free_ char *tag = NULL, *short_id = str_ndup(c->id, 12);
    struct log_address address;
    struct journald_sink *s;
    int r = check(settings, err);

    if (r == 0)
        r = log_address_unix(logging_journal_socket, SOCK_DGRAM, &address, err);
    if (r == 0)
        r = logging_tag(c, settings, "{{.ID}}", &tag, err);
    if (r == 0)
        r = logging_attributes(c, settings, &attributes, err);
    if (r < 0)
        return r;
    s = mem_zalloc(1, sizeof(*s));
    s->sink.put = put_entry;
    s->sink.remote = log_remote_new(&address, settings->max_pending);
    put_text(&s->fields, "CONTAINER_ID", short_id);
    put_text(&s->fields, "CONTAINER_ID_FULL", c->id);
    put_text(&s->fields, "CONTAINER_NAME", c->name);
    put_text(&s->fields, "IMAGE_NAME", c->image);
    put_text(&s->fields, "CONTAINER_TAG", tag);
    put_text(&s->fields, "SYSLOG_IDENTIFIER", tag);
    put_attributes(&s->fields, attributes);
    *ret = s;
    return 0;
}

static void close_journald(void *sink)
{
    struct journald_sink *s = sink;

    log_remote_sink_release(&s->sink);
    buf_free(&s->fields);
    free(s);
}

static const char *const names[] = {"env", "env-regex", "labels", "labels-regex", "tag", NULL};

const struct logging_driver logging_journald = {
    .name = "journald",
    .options = names,
    .check = check,
    .open = open_journald,
    .entry = log_remote_sink_entry,
    .flush = log_remote_sink_flush,
    .wake = log_remote_sink_wake,
    .close = close_journald,
};
