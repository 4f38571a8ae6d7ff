#include "oci/features.h"
#include "oci/spec_words.h"
#include "runtime.h"
#include "runtime/plan.h"

#include <stdio.h>

/* What is built. */
static void fill(struct oci_features *f)
{
    struct oci_features_linux *l = &f->platform;

    f->mount_options = plan_mount_options();
    l->capabilities = plan_capability_names();
    l->cgroup = (struct oci_features_cgroup){.v1 = true, .v2 = true, .rdma = true};
    l->seccomp.enabled = true;
    l->seccomp.supported_flags = strv_copy(l->seccomp.known_flags);
    l->apparmor.enabled = true;
    l->selinux.enabled = true;
    l->intel_rdt = (struct oci_features_rdt){.enabled = true, .schemata = true, .monitoring = true};
    l->mount_extensions.idmap.enabled = true;
    l->net_devices.enabled = true;
}

static int run(struct cli_context *ctx _unused_, const void *opts _unused_, char **operands _unused_,
               struct err *err _unused_)
{
    _cleanup_features_ struct oci_features features = {0};
    _cleanup_buf_ struct buf text = BUF_INIT;

    oci_features_init(&features);
    fill(&features);
    json_dump(&oci_features_type, &features, true, &text);
    puts(buf_str(&text));
    return 0;
}

static const struct cli_example examples[] = {
    {"The options of mounts that are known", "cbox runtime features"},
    {NULL, NULL},
};

const struct cli_command cmd_runtime_features = {
    .summary = "Show what the runtime can do",
    .description = "The features structure of the OCI runtime specification, as JSON.",
    .standalone = true,
    .examples = examples,
    .run = run,
};
