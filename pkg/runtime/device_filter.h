/* Which device nodes the processes of a container may make and open.
 *
 * A list of rules; of those that match a device the last one decides, for each kind of access by itself, and what no
 * rule matches stays as the parent cgroup has it (allowed, on a host). On v1 the rules are written to devices.allow and
 * devices.deny. v2 has no files for it: a program of type BPF_PROG_TYPE_CGROUP_DEVICE, generated from the rules, is
 * attached to the cgroup and asked at every mknod(2) and open(2) of a device. bpf(2) is called directly: the program is
 * a page of loads and jumps, and needs no library.
 *
 * OCI runtime specification, config-linux.md, "Allowed Device list".
 */
#pragma once

#include "base/err.h"
#include "base/vec.h"

#include <linux/bpf.h>
#include <stdbool.h>
#include <stdint.h>

enum device_access {
    DEVICE_MKNOD = 1, /* 'm'; the values are the kernel's, BPF_DEVCG_ACC_* */
    DEVICE_READ = 2,  /* 'r' */
    DEVICE_WRITE = 4, /* 'w' */
    DEVICE_ALL = DEVICE_MKNOD | DEVICE_READ | DEVICE_WRITE,
};

enum { DEVICE_ANY = -1 };

struct device_rule {
    bool allow;
    char type;            /* 'c', 'b', or 'a' for both */
    int32_t major, minor; /* DEVICE_ANY: all */
    unsigned access;      /* bits of enum device_access */
};

typedef VEC(struct device_rule) device_rules;

/* "rwm" in any order -> bits; ERR_INVALID for another letter or none. */
int device_access_parse(const char *s, unsigned *ret, struct err *err);
void device_access_format(unsigned access, char out[4]);

/* Whether the rule is about every device and every access: nothing before it counts. */
bool device_rule_is_total(const struct device_rule *rule);

/* Appends what every container gets (runtime specification, "Default Devices": null, zero, full, random, urandom, tty,
 * the terminal of its own; mknod of anything and /dev/net/tun), as Docker's runtime does behind the rules of the spec.
 */
void device_rules_add_defaults(device_rules *rules);

/* The lines of v1: written in order, each to devices.allow or devices.deny. */
struct device_line {
    bool allow;
    char text[40]; /* "c 1:3 rwm", "a *:* rwm" */
};
typedef VEC(struct device_line) device_lines;

/* The kernel keeps one answer for all devices and a set of exceptions without an order: the lines build what the rules
 * come to. ERR_UNSUPPORTED where there is no such set: a rule that takes a part of what an earlier one gave ("c 1:*
 * allowed, c 1:3 denied"). The caller frees `ret->v`. */
int device_rules_to_lines(const device_rules *rules, device_lines *ret, struct err *err);

/* The program of v2. */
struct device_program {
    struct bpf_insn *v;
    size_t n, cap;
};

/* ERR_LIMIT if there are so many rules that the kernel would refuse the program. */
int device_rules_to_program(const device_rules *rules, struct device_program *ret, struct err *err);
void device_program_release(struct device_program *program);

/* Whether a filter is of no use because the kernel lets no device node be made or opened anyway: who is not root, or in
 * a user namespace that is not the first one, starts containers in such a namespace only. */
bool device_filter_needless(void);

/* Loads the program and attaches it to a v2 cgroup, beside those of others; it goes with the cgroup. ERR_PERMISSION
 * without the privilege for bpf(2), unless the filter is needless: then 0 with a debug line. ERR_UNSUPPORTED from a
 * kernel without such programs. */
int device_program_attach(const struct device_program *program, int cgroup_fd, struct err *err);
