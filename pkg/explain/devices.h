/* Which devices the processes of a container may open. Documentation/admin-guide/cgroup-v1/devices.rst */
#pragma once

#include "explain/explain.h"
#include "runtime/device_filter.h"

/* The lines of v1's devices.list; those without sense are passed over. The caller frees `ret->v`. */
void explain_device_rules_parse(const char *text, device_rules *ret);

/* What the filter of its control group lets through: by the kernel on v1, and on v2, where the filter is a program that
 * nobody can read, by the rules that it was made of, as before a start. The caller frees `ret->v` and `*ret_source`
 * after 0. */
int explain_device_rules_of(const struct explain_subject *subject, device_rules *ret, char **ret_source,
                            struct err *err);

/* Whether every container has this rule. */
bool explain_device_rule_is_usual(const struct device_rule *rule);

/* As the kernel calls a device, "/dev/fuse", or by its numbers where there is none now. The caller frees it. */
char *explain_device_name(char type, int32_t major, int32_t minor);
