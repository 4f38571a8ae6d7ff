/* Device rules for cgroup v1. Documentation/admin-guide/cgroup-v1/devices.rst, security/device_cgroup.c. */
#include "runtime/device_filter.h"

#include <stdio.h>

/* What the kernel can hold. */
struct held {
    bool known; /* `allow` was said by a rule; else it is the parent's, taken to allow */
    bool allow; /* the answer for what is no exception */
    device_rules exceptions;
};

static bool number_covers(int32_t a, int32_t b)
{
    return a == DEVICE_ANY || a == b;
}

static bool covers(const struct device_rule *a, const struct device_rule *b)
{
    return a->type == b->type && number_covers(a->major, b->major) && number_covers(a->minor, b->minor);
}

static bool overlaps(const struct device_rule *a, const struct device_rule *b)
{
    return a->type == b->type && (number_covers(a->major, b->major) || number_covers(b->major, a->major)) &&
           (number_covers(a->minor, b->minor) || number_covers(b->minor, a->minor));
}

static void add_exception(struct held *h, const struct device_rule *r)
{
    VEC_FOREACH (e, &h->exceptions)
        if (covers(e, r) && covers(r, e)) {
            e->access |= r->access;
            return;
        }
    *VEC_PUSH(&h->exceptions) = *r;
}

/* Takes from the exceptions what the rule is about. */
static int take_back(struct held *h, const struct device_rule *r, struct err *err)
{
    VEC_FOREACH (e, &h->exceptions) {
        if (!(e->access & r->access) || !overlaps(e, r))
            continue;
        if (!covers(r, e))
            return err_set(err, ERR_UNSUPPORTED,
                           "cgroup v1 cannot %s a part of the devices that an earlier rule has %s together",
                           r->allow ? "allow" : "deny", r->allow ? "denied" : "allowed");
        e->access &= ~r->access;
    }
    return 0;
}

static int hold(struct held *h, struct device_rule r, struct err *err)
{
    if (device_rule_is_total(&r)) {
        h->known = true;
        h->allow = r.allow;
        h->exceptions.n = 0;
        return 0;
    }
    /* The kernel reads nothing behind an 'a': it would switch the answer for everything. */
    if (r.type == 'a') {
        int bad;

        r.type = 'c';
        bad = hold(h, r, err);
        r.type = 'b';
        return bad < 0 ? bad : hold(h, r, err);
    }
    if (r.allow == h->allow)
        return take_back(h, &r, err);
    add_exception(h, &r);
    return 0;
}

/* One exception alone must allow all that open(2) asks for: a narrow one has what a wide one has. */
static void widen(struct held *h)
{
    VEC_FOREACH (e, &h->exceptions)
        VEC_FOREACH (wide, &h->exceptions)
            if (e->access && covers(wide, e))
                e->access |= wide->access;
}

static void format_number(int32_t n, char out[12])
{
    if (n == DEVICE_ANY)
        strcpy(out, "*");
    else
        snprintf(out, 12, "%d", n);
}

static void add_line(device_lines *lines, const struct device_rule *r)
{
    struct device_line *line = VEC_PUSH(lines);
    char major[12], minor[12], access[4];

    device_access_format(r->access, access);
    format_number(r->major, major);
    format_number(r->minor, minor);
    line->allow = r->allow;
    snprintf(line->text, sizeof(line->text), "%c %s:%s %s", r->type, major, minor, access);
}

int device_rules_to_lines(const device_rules *rules, device_lines *ret, struct err *err)
{
    struct held h = {.allow = true};
    device_lines lines = {0};
    int r = 0;

    VEC_FOREACH (rule, rules) {
        r = hold(&h, *rule, err);
        if (r < 0)
            break;
    }
    if (r == 0) {
        if (!h.allow)
            widen(&h);
        if (h.known)
            add_line(&lines, &(struct device_rule){h.allow, 'a', DEVICE_ANY, DEVICE_ANY, DEVICE_ALL});
        VEC_FOREACH (e, &h.exceptions)
            if (e->access)
                add_line(&lines, e);
    }
    free(h.exceptions.v);
    *ret = lines;
    return r;
}
