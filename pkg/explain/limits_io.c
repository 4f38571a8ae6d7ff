/* Limits of block devices. cgroup-v1/blkio-controller.rst; cgroup-v2.rst, "IO Interface Files". */
#include "explain/limits.h"

#include "base/num.h"
#include "base/time.h"

#include <inttypes.h>
#include <stdio.h>

/* A rate, as either version has it. */
static const struct rate {
    const char *v1, *v2; /* file; key in io.max */
    const char *words;
    bool bytes;
} rates[] = {
    {"blkio.throttle.read_bps_device", "rbps", "read", true},
    {"blkio.throttle.write_bps_device", "wbps", "written", true},
    {"blkio.throttle.read_iops_device", "riops", "reads", false},
    {"blkio.throttle.write_iops_device", "wiops", "writes", false},
};

enum { N_RATES = ARRAY_SIZE(rates) };

struct device {
    unsigned major, minor;
    int64_t rate[N_RATES]; /* -1: no limit */
};

struct devices {
    VEC(struct device) list;
    char *source;
};

static struct device *device_of(struct devices *d, unsigned major, unsigned minor)
{
    struct device *one;

    VEC_FOREACH (known, &d->list)
        if (known->major == major && known->minor == minor)
            return known;
    one = VEC_PUSH(&d->list);
    *one = (struct device){major, minor, {-1, -1, -1, -1}};
    return one;
}

/* "8:0 1048576", or "8:0 rbps=1048576 wbps=max": where there is a `key`, that. */
static void take_line(struct devices *d, const char *line, size_t rate, const char *key)
{
    _cleanup_strv_ char **words = strv_split(line, ' ');
    unsigned major, minor;

    if (!words[0] || !words[1] || sscanf(words[0], "%u:%u", &major, &minor) != 2)
        return;
    STRV_FOREACH (word, words + 1) {
        const char *value = key ? str_after(*word, key) : *word;
        int64_t n = value && (!key || *value == '=') ? explain_limits_number(key ? value + 1 : value) : -1;

        if (n > 0)
            device_of(d, major, minor)->rate[rate] = n;
    }
}

static void take_text(struct devices *d, const char *text, size_t rate, const char *key)
{
    _cleanup_strv_ char **lines = strv_split(text, '\n');

    STRV_FOREACH (line, lines)
        take_line(d, *line, rate, key);
}

/* Of one that does not run each write is a line of its own. */
static void read_planned(const struct explain_limits *l, struct devices *d)
{
    d->source = str_dup(l->source);
    VEC_FOREACH (s, &l->plan->settings)
        for (size_t i = 0; i < N_RATES; i++)
            if (s->controller == CGROUP_IO && (str_eq(s->file, rates[i].v1) || str_eq(s->file, "io.max")))
                take_line(d, s->value, i, str_eq(s->file, "io.max") ? rates[i].v2 : NULL);
}

static void read_living(const struct explain_limits *l, struct devices *d)
{
    bool v1 = explain_limits_version(l, CGROUP_IO) == 1;

    for (size_t i = 0; i < N_RATES; i++) {
        size_t before = d->list.n;
        _cleanup_free_ char *source = NULL;
        _cleanup_free_ char *text = explain_limits_read_either(l, CGROUP_IO, rates[i].v1, "io.max", &source);

        if (text)
            take_text(d, text, i, v1 ? NULL : rates[i].v2);
        if (text && (d->list.n > before || !d->source))
            str_replace(&d->source, steal_ptr(&source));
    }
}

/* ---- usage ---- */

/* Of one device, or of all; the kernel has names of its own for what was done. */
static uint64_t sum(const struct stats *s, const struct device *device, const char *what)
{
    uint64_t bytes = 0;

    VEC_FOREACH (e, &s->io.lists[STATS_IO_BYTES])
        if (strcasecmp(e->op, what) == 0 && (!device || (e->major == device->major && e->minor == device->minor)))
            bytes += e->value;
    return bytes;
}

static char *usage_words(const struct stats *s, const struct device *device)
{
    char in[NUM_TEXT_MAX], out[NUM_TEXT_MAX];

    return str_printf("%s read and %s written so far", num_format_size_iec((int64_t)sum(s, device, "read"), in),
                      num_format_size_iec((int64_t)sum(s, device, "write"), out));
}

/* ---- telling ---- */

static void put_rates(const struct device *d, struct explain_fact *fact)
{
    for (size_t i = 0; i < N_RATES; i++)
        if (d->rate[i] >= 0)
            explain_put(fact, rates[i].v2, cli_value_number(d->rate[i]));
}

static void tell_device(struct explain_telling *t, const struct devices *all, const struct device *d)
{
    _cleanup_free_ char *name = str_printf("io of %u:%u", d->major, d->minor), *usage = NULL;
    _cleanup_buf_ struct buf limit = BUF_INIT;
    char shown[NUM_TEXT_MAX];
    struct explain_fact *fact;

    buf_adds(&limit, "at most");
    for (size_t i = 0; i < N_RATES; i++) {
        if (d->rate[i] < 0)
            continue;
        buf_adds(&limit, str_ends(limit.p, "most") ? " " : ", ");
        if (rates[i].bytes)
            buf_addf(&limit, "%s %s a second", num_format_size_iec(d->rate[i], shown), rates[i].words);
        else
            buf_addf(&limit, "%" PRId64 " %s a second", d->rate[i], rates[i].words);
    }
    if (t->l->stats)
        usage = usage_words(t->l->stats, d);
    fact = explain_limits_tell(t, &(struct explain_limit_words){name, all->source, buf_str(&limit), usage, -1, -1});
    put_rates(d, fact);
    if (t->l->cg && explain_limits_version(t->l, CGROUP_IO) == 1)
        explain_below(fact, "held back", NULL, "cgroup v1 does not count how often");
}

static void tell_all(struct explain_telling *t, const char *source)
{
    _cleanup_free_ char *usage = t->l->stats ? usage_words(t->l->stats, NULL) : NULL;
    int64_t bytes = t->l->stats ? (int64_t)(sum(t->l->stats, NULL, "read") + sum(t->l->stats, NULL, "write")) : -1;

    explain_limits_tell(t, &(struct explain_limit_words){"io", source, NULL, usage, -1, bytes});
}

static void tell_weight(struct explain_telling *t)
{
    static const char *const files[][2] = {{"blkio.bfq.weight", "blkio.weight"}, {"io.bfq.weight", "io.weight"}};
    bool v1 = explain_limits_version(t->l, CGROUP_IO) == 1;
    _cleanup_free_ char *source = NULL, *text = NULL;
    int64_t n, usual = 100;

    for (size_t i = 0; !text && i < 2; i++) {
        text = explain_limits_read(t->l, CGROUP_IO, files[!v1][i], &source);
        usual = v1 && i == 1 ? 500 : 100;
    }
    n = text ? explain_limits_number(str_after(text, "default ") ? text + strlen("default ") : text) : -1;
    if (n < 0)
        return;
    explain_limits_weight(t, "io weight", source, n, usual, "a device is busy");
}

/* How long requests waited is known of v2 alone. psi.rst */
static void tell_waiting(struct explain_telling *t)
{
    const struct stats_pressure *p = t->l->stats ? &t->l->stats->io.pressure : NULL;
    _cleanup_free_ char *source = NULL, *text = NULL;
    char time[TIME_TEXT_MAX];
    int64_t ns;

    if (!p || !p->known)
        return;
    ns = (int64_t)p->some.total * 1000;
    text = explain_limits_read(t->l, CGROUP_IO, "io.pressure", &source);
    explain_number(explain_add(t->to, "io blocked", source,
                               "%s in all some process waited for a device, %.1f%% of the "
                               "last minute",
                               time_format_duration(ns, time), p->some.avg60),
                   ns);
}

void explain_limits_io(struct explain_telling *t)
{
    struct devices d = {0};

    if (explain_limits_version(t->l, CGROUP_IO)) {
        if (t->l->cg)
            read_living(t->l, &d);
        else
            read_planned(t->l, &d);
        VEC_FOREACH (one, &d.list)
            tell_device(t, &d, one);
        if (!d.list.n)
            tell_all(t, d.source);
        tell_weight(t);
        tell_waiting(t);
    }
    free(d.list.v);
    free(d.source);
}
