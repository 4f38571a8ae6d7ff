/* For tests of plans: hosts that are not there, and plans as text. */
#pragma once

#include "../unit.h"

#include "oci/spec.h"
#include "runtime/cgroup_internal.h"

/* ---- hosts ---- */

static _unused_ const char hybrid_text[] =
    "4:memory:/process/x\n3:cpuset:/\n2:cpu,cpuacct:/\n8:pids:/\n7:blkio:/\n5:devices:/\n"
    "0::/\n";

static inline struct cgroup_host host_of(const char *text, const char *v2_controllers)
{
    struct cgroup_host host;
    struct err err;

    assert_ok(cgroup_host_parse(&host, text, &err));
    VEC_FOREACH (h, &host.hierarchies) {
        h->base = str_dup("/nowhere");
        if (h->version == 2)
            h->controllers = cgroup_controllers_parse(v2_controllers, 2);
    }
    return host;
}

static inline struct cgroup_host host_v1(void)
{
    return host_of(hybrid_text, "hugetlb\n");
}

static inline struct cgroup_host host_v2(void)
{
    return host_of("0::/init.scope\n", "cpuset cpu io memory hugetlb pids rdma misc\n");
}

/* ---- plans as text: "CONTROLLER FILE VALUE" a line ---- */

static inline char *plan_text(const struct cgroup_plan *plan)
{
    struct buf b = BUF_INIT;

    VEC_FOREACH (s, &plan->settings) {
        const char *name = cgroup_controller_name(s->controller, 1);

        buf_addf(&b, "%s%s %s %s\n", s->absent == CGROUP_ABSENT_NEXT ? "either " : "", name ? name : "core", s->file,
                 s->value);
    }
    return b.p ? buf_steal(&b) : str_dup("");
}

/* Devices aside: those are in every plan but an update's. */
static inline void expect_plan(struct cgroup_host host, const struct oci_resources *r, const char *expected)
{
    _cleanup_cgroup_plan_ struct cgroup_plan plan = {0};
    _cleanup_free_ char *text = NULL;
    struct err err;

    assert_ok(cgroup_plan_make_update(&plan, &host, r, &err));
    text = plan_text(&plan);
    assert_string_equal(text, expected);
    cgroup_host_release(&host);
}

static inline void expect_refusal(struct cgroup_host host, const struct oci_resources *r, int kind, const char *part)
{
    struct cgroup_plan plan = {0};
    struct err err;

    assert_fails(cgroup_plan_make(&plan, &host, r, &err), kind, part);
    assert_null(plan.settings.v);
    assert_null(plan.devices.v);
    cgroup_host_release(&host);
}
