#include "explain/rlimits.h"

#include "base/num.h"
#include "explain/read.h"

#include <inttypes.h>
#include <strings.h>

enum { NO_LIMIT = -1 };

static const struct kind {
    const char *line; /* how /proc/PID/limits begins it */
    const char *name; /* as --ulimit has it */
    const char *what;
    bool bytes;
} kinds[] = {
    {"Max cpu time", "cpu", "seconds of CPU time"},
    {"Max file size", "fsize", "a file that it writes", true},
    {"Max data size", "data", "memory for data", true},
    {"Max stack size", "stack", "the stack", true},
    {"Max core file size", "core", "a core dump", true},
    {"Max resident set", "rss", "memory in use (of no account)", true},
    {"Max processes", "nproc", "processes of its user, on the whole host"},
    {"Max open files", "nofile", "open files"},
    {"Max locked memory", "memlock", "memory that is never swapped out", true},
    {"Max address space", "as", "addresses", true},
    {"Max file locks", "locks", "locks on files"},
    {"Max pending signals", "sigpending", "signals that wait, of its user"},
    {"Max msgqueue size", "msgqueue", "POSIX queues of its user", true},
    {"Max nice priority", "nice", "priority (20 less its nice value)"},
    {"Max realtime priority", "rtprio", "real-time priority"},
    {"Max realtime timeout", "rttime", "microseconds in real time without a pause"},
};

static char *in_words(int64_t n, bool bytes)
{
    char text[NUM_TEXT_MAX];

    if (n == NO_LIMIT)
        return str_dup("no limit");
    return bytes ? str_dup(num_format_size_iec(n, text)) : str_printf("%" PRId64, n);
}

static struct cli_value as_value(int64_t n)
{
    return n == NO_LIMIT ? cli_value_text("unlimited") : cli_value_number(n);
}

/* `when`: from when on it has it; "": it does. */
static void add_limit(const struct kind *k, int64_t soft, int64_t hard, const char *when, const char *source,
                      explain_facts *to)
{
    _cleanup_free_ char *now = in_words(soft, k->bytes), *most = in_words(hard, k->bytes);
    struct explain_fact *fact =
        soft == hard
            ? explain_add(to, k->name, source, "%s: %s%s", k->what, now, when)
            : explain_add(to, k->name, source, "%s: %s%s, and %s where it asks for more", k->what, now, when, most);

    explain_put(fact, "Soft", as_value(soft));
    explain_put(fact, "Hard", as_value(hard));
}

static int64_t parse_number(const char **p)
{
    const char *word = *p + strspn(*p, " ");
    size_t n = strcspn(word, " \n");
    int64_t value = NO_LIMIT;

    *p = word + n;
    if (strncmp(word, "unlimited", n) != 0)
        value = (int64_t)MIN_OF(strtoull(word, NULL, 10), (unsigned long long)INT64_MAX);
    return value;
}

void explain_rlimits_add(const char *text, const char *source, explain_facts *to)
{
    for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n')
        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
            const char *p = str_after(line, kinds[i].line);
            int64_t soft = p ? parse_number(&p) : 0, hard = p ? parse_number(&p) : 0;

            if (p)
                add_limit(&kinds[i], soft, hard, "", source, to);
        }
}

/* Before it runs: those alone that a start sets. */
static void add_planned(const struct oci_spec *spec, const char *source, explain_facts *to)
{
    for (size_t k = 0; k < ARRAY_SIZE(kinds); k++)
        VEC_FOREACH (limit, &spec->process.rlimits)
            if (str_after(limit->type, "RLIMIT_") && strcasecmp(limit->type + strlen("RLIMIT_"), kinds[k].name) == 0)
                add_limit(&kinds[k], (int64_t)limit->soft, (int64_t)limit->hard, " after a start", source, to);
    explain_add(to, "others", source, "the others would be those of whoever starts it");
}

int explain_rlimits(const struct explain_subject *subject, explain_facts *ret, struct err *err)
{
    _cleanup_buf_ struct buf text = BUF_INIT;
    _cleanup_free_ char *source = explain_source(subject, "limits");
    int r = subject->pid ? explain_read(subject->pid, "limits", &text, err) : 0;

    if (r < 0)
        return r;
    if (subject->pid)
        explain_rlimits_add(buf_str(&text), source, ret);
    else
        add_planned(subject->spec, source, ret);
    return 0;
}
