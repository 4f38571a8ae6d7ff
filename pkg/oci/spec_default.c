/* The configuration that `spec` writes: runc's, by its content. */
#include "oci/spec.h"

#define ALL_CAPABILITIES "[\"CAP_AUDIT_WRITE\",\"CAP_KILL\",\"CAP_NET_BIND_SERVICE\"]"

static const char text[] =
    "{\"ociVersion\":\"" OCI_SPEC_VERSION "\","
    "\"process\":{\"terminal\":true,\"user\":{\"uid\":0,\"gid\":0},\"args\":[\"sh\"],"
    "\"env\":[\"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\",\"TERM=xterm\"],\"cwd\":\"/\","
    "\"capabilities\":{\"bounding\":" ALL_CAPABILITIES ",\"effective\":" ALL_CAPABILITIES
    ",\"permitted\":" ALL_CAPABILITIES ",\"ambient\":" ALL_CAPABILITIES "},"
    "\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"hard\":1024,\"soft\":1024}],\"noNewPrivileges\":true},"
    "\"root\":{\"path\":\"rootfs\",\"readonly\":true},\"hostname\":\"cbox\",\"mounts\":["
    "{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\"},"
    "{\"destination\":\"/dev\",\"type\":\"tmpfs\",\"source\":\"tmpfs\","
    "\"options\":[\"nosuid\",\"strictatime\",\"mode=755\",\"size=65536k\"]},"
    "{\"destination\":\"/dev/pts\",\"type\":\"devpts\",\"source\":\"devpts\","
    "\"options\":[\"nosuid\",\"noexec\",\"newinstance\",\"ptmxmode=0666\",\"mode=0620\",\"gid=5\"]},"
    "{\"destination\":\"/dev/shm\",\"type\":\"tmpfs\",\"source\":\"shm\","
    "\"options\":[\"nosuid\",\"noexec\",\"nodev\",\"mode=1777\",\"size=65536k\"]},"
    "{\"destination\":\"/dev/mqueue\",\"type\":\"mqueue\",\"source\":\"mqueue\","
    "\"options\":[\"nosuid\",\"noexec\",\"nodev\"]},"
    "{\"destination\":\"/sys\",\"type\":\"sysfs\",\"source\":\"sysfs\","
    "\"options\":[\"nosuid\",\"noexec\",\"nodev\",\"ro\"]},"
    "{\"destination\":\"/sys/fs/cgroup\",\"type\":\"cgroup\",\"source\":\"cgroup\","
    "\"options\":[\"nosuid\",\"noexec\",\"nodev\",\"relatime\",\"ro\"]}],"
    "\"linux\":{\"resources\":{\"devices\":[{\"allow\":false,\"access\":\"rwm\"}]},"
    "\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"network\"},{\"type\":\"ipc\"},{\"type\":\"uts\"},"
    "{\"type\":\"mount\"}],"
    "\"maskedPaths\":[\"/proc/acpi\",\"/proc/asound\",\"/proc/kcore\",\"/proc/keys\",\"/proc/latency_stats\","
    "\"/proc/timer_list\",\"/proc/timer_stats\",\"/proc/sched_debug\",\"/sys/firmware\",\"/proc/scsi\"],"
    "\"readonlyPaths\":[\"/proc/bus\",\"/proc/fs\",\"/proc/irq\",\"/proc/sys\",\"/proc/sysrq-trigger\"]}}";

static void add_namespace(struct oci_linux *l, const char *type)
{
    VEC_PUSH(&l->namespaces)->type = str_dup(type);
}

void oci_spec_default(bool cgroup_namespace, struct oci_spec *ret)
{
    struct err err = ERR_INIT;

    /* Cannot fail: a unit test reads it. */
    if (oci_spec_parse(text, sizeof(text) - 1, ret, &err) < 0)
        abort();
    if (cgroup_namespace)
        add_namespace(&ret->platform, "cgroup");
}

/* Owners that are not mapped cannot be given to files. */
static void drop_owners(struct oci_mount *m)
{
    char **kept = NULL;

    STRV_FOREACH (option, m->options)
        if (!str_after(*option, "uid=") && !str_after(*option, "gid="))
            strv_add(&kept, *option);
    strv_free(m->options);
    m->options = kept;
}

/* A sysfs can be mounted by those alone who own the network namespace. */
static void bind_sys(struct oci_mount *m)
{
    static const char *const options[] = {"rbind", "nosuid", "noexec", "nodev", "ro"};

    str_replace(&m->type, str_dup("none"));
    str_replace(&m->source, str_dup("/sys"));
    strv_free(m->options);
    m->options = NULL;
    for (size_t i = 0; i < ARRAY_SIZE(options); i++)
        strv_add(&m->options, options[i]);
}

void oci_spec_make_rootless(struct oci_spec *spec, int64_t uid, int64_t gid)
{
    struct oci_linux *l = &spec->platform;

    VEC_FOREACH (ns, &l->namespaces)
        if (str_eq(ns->type, "network"))
            str_replace(&ns->type, str_dup("user"));
    *VEC_PUSH(&l->uid_mappings) = (struct oci_id_mapping){.host_id = uid, .size = 1};
    *VEC_PUSH(&l->gid_mappings) = (struct oci_id_mapping){.host_id = gid, .size = 1};
    VEC_FOREACH (m, &spec->mounts)
        if (str_eq(m->destination, "/sys"))
            bind_sys(m);
        else
            drop_owners(m);
    json_free(&oci_resources_type, &l->resources);
}
