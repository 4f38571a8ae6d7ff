/* Clauses of the OCI runtime specification 1.3 that refuse: each case names the one it is of. */
#include "../unit.h"

#include "oci/spec.h"

/* A document that is right but for what is put into it. */
static int parse(const char *process, const char *linux_members, const char *rest, struct err *err)
{
    _cleanup_free_ char *text =
        str_printf("{\"ociVersion\":\"1.3.0\",\"process\":{%s\"cwd\":\"/\",\"args\":[\"true\"]},"
                   "\"root\":{\"path\":\"r\"}%s,\"linux\":{%s}}",
                   process, rest, linux_members);
    _cleanup_spec_ struct oci_spec spec = {0};

    return oci_spec_parse(text, strlen(text), &spec, err);
}

struct test_case {
    const char *text;
    const char *says; /* NULL: it is right */
};

enum part { PROCESS, LINUX, REST };

static void run(enum part part, const struct test_case *cases, size_t n)
{
    struct err err;

    for (size_t i = 0; i < n; i++) {
        int r;

        err = ERR_INIT;
        r = parse(part == PROCESS ? cases[i].text : "", part == LINUX ? cases[i].text : "",
                  part == REST ? cases[i].text : "", &err);
        if (!cases[i].says && r != 0)
            fail_msg("%s: %s", cases[i].text, err.text);
        if (cases[i].says && (r != ERR_INVALID || !strstr(err.text, cases[i].says)))
            fail_msg("%s: \"%s\" does not say \"%s\"", cases[i].text, err.text, cases[i].says);
    }
}

#define RUN(part, cases) run(part, cases, ARRAY_SIZE(cases))

static void test_process(void **state _unused_)
{
    static const struct test_case cases[] = {
        /* config.md, "Process": args, at least one entry; cwd absolute. The later of two members would be refused. */
        {"\"user\":{\"uid\":-1,\"gid\":0},", "process.user.uid: -1 is no id"},
        {"\"user\":{\"uid\":0,\"gid\":4294967295},", "process.user.gid: 4294967295 is no id"},
        {"\"user\":{\"uid\":0,\"gid\":0,\"additionalGids\":[1,-2]},", "process.user.additionalGids[1]: -2 is no id"},
        {"\"user\":{\"uid\":0,\"gid\":0,\"umask\":512},", "process.user.umask: 512 is not from 0 to 511"},
        {"\"user\":{\"uid\":0,\"gid\":0,\"umask\":511},", NULL},
        {"\"env\":[\"A=b\",\"C\"],", "process.env[1]: \"C\" is not NAME=VALUE"},
        /* "Runtimes MUST ignore consoleSize if terminal is false or unset" */
        {"\"consoleSize\":{\"height\":70000,\"width\":1},", NULL},
        {"\"terminal\":true,\"consoleSize\":{\"height\":70000,\"width\":1},", "process.consoleSize.height: 70000"},
        /* "POSIX process": duplicated entries, unknown types */
        {"\"rlimits\":[{\"type\":\"RLIMIT_CPU\",\"soft\":1,\"hard\":1},{\"type\":\"RLIMIT_CPU\",\"soft\":1,"
         "\"hard\":1}],",
         "process.rlimits[1].type: \"RLIMIT_CPU\" stands there twice"},
        {"\"rlimits\":[{\"type\":\"RLIMIT_X\",\"soft\":1,\"hard\":1}],", "process.rlimits[0].type: \"RLIMIT_X\""},
        {"\"rlimits\":[{\"type\":\"RLIMIT_CPU\",\"soft\":2,\"hard\":1}],", "process.rlimits[0].soft: 2 is above"},
        {"\"rlimits\":[{\"type\":\"RLIMIT_CPU\",\"soft\":18446744073709551615,\"hard\":18446744073709551615}],", NULL},
        {"\"rlimits\":[{\"type\":\"RLIMIT_CPU\",\"soft\":2}],", "process.rlimits[0].hard: missing"},
        /* "Linux Process" */
        {"\"oomScoreAdj\":1001,", "process.oomScoreAdj: 1001 is not from -1000 to 1000"},
        {"\"scheduler\":{\"policy\":\"FIFO\"},", "process.scheduler.policy: \"FIFO\" is not known"},
        {"\"scheduler\":{},", "process.scheduler.policy: missing"},
        {"\"scheduler\":{\"policy\":\"SCHED_OTHER\",\"nice\":20},", "process.scheduler.nice: 20 is not from"},
        {"\"scheduler\":{\"policy\":\"SCHED_FIFO\",\"priority\":100},", "process.scheduler.priority: 100"},
        {"\"scheduler\":{\"policy\":\"SCHED_BATCH\",\"priority\":1},", "process.scheduler.priority: SCHED_BATCH has"},
        {"\"scheduler\":{\"policy\":\"SCHED_RR\",\"priority\":1,\"period\":1},", "are of SCHED_DEADLINE"},
        {"\"scheduler\":{\"policy\":\"SCHED_RR\",\"priority\":1,\"flags\":[\"X\"]},", "scheduler.flags[0]: \"X\""},
        {"\"ioPriority\":{\"class\":\"RT\",\"priority\":1},", "process.ioPriority.class: \"RT\" is not known"},
        {"\"ioPriority\":{\"class\":\"IOPRIO_CLASS_RT\",\"priority\":8},", "process.ioPriority.priority: 8"},
        {"\"execCPUAffinity\":{\"initial\":\"0-\"},", "process.execCPUAffinity.initial: \"0-\" is no list"},
        {"\"execCPUAffinity\":{\"final\":\"3-1\"},", "process.execCPUAffinity.final: \"3-1\" is no list"},
        {"\"execCPUAffinity\":{\"initial\":\"7\",\"final\":\"0-3,7\"},", NULL},
    };
    static const char relative[] = "{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"},\"process\":{\"cwd\":\"a\","
                                   "\"args\":[\"a\"]}}";
    static const char no_args[] = "{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"},\"process\":{\"cwd\":\"/\"}}";
    struct oci_spec spec;
    struct err err;

    RUN(PROCESS, cases);
    assert_fails(oci_spec_parse(relative, strlen(relative), &spec, &err), ERR_INVALID, "process.cwd: \"a\" is not an");
    assert_fails(oci_spec_parse(no_args, strlen(no_args), &spec, &err), ERR_INVALID, "process.args: missing");
}

#define MAPPED                                                       \
    "\"uidMappings\":[{\"containerID\":0,\"hostID\":1,\"size\":2}]," \
    "\"gidMappings\":[{\"containerID\":0,\"hostID\":1,\"size\":2}]"
#define MOUNT(members) ",\"mounts\":[{\"destination\":\"/a\"},{\"destination\":\"/b\",\"source\":\"s\"," members "}]"

static void test_mounts_hooks_names(void **state _unused_)
{
    static const struct test_case cases[] = {
        /* config.md, "Mounts": a relative destination is one relative to "/" */
        {",\"mounts\":[{\"destination\":\"a\",\"type\":\"tmpfs\"}]", NULL},
        {",\"mounts\":[{\"destination\":\"\",\"type\":\"tmpfs\"}]", "mounts[0].destination: missing"},
        {",\"mounts\":[{\"type\":\"tmpfs\"}]", "mounts[0].destination: missing"},
        /* "If specified, it MUST be specified along with gidMappings" */
        {MOUNT("\"options\":[\"bind\"],\"uidMappings\":[{\"containerID\":0,\"hostID\":1,\"size\":1}]"),
         "mounts[1].gidMappings: missing"},
        {MOUNT("\"options\":[\"rbind\",\"ridmap\"]," MAPPED), NULL},
        {MOUNT("\"options\":[\"idmap\"]," MAPPED), "mounts[1].options: ids can be mapped for a bind mount alone"},
        /* idmap: "If there are no uidMappings and gidMappings specified and the container isn't using user namespaces"
         */
        {MOUNT("\"options\":[\"bind\",\"idmap\"]"), "mounts[1].options: ids are to be mapped, but neither"},
        {MOUNT("\"options\":[\"bind\"],\"gidMappings\":[{\"containerID\":0,\"hostID\":1,\"size\":1}],"
               "\"uidMappings\":[{\"containerID\":0,\"hostID\":1,\"size\":0}]"),
         "mounts[1].uidMappings[0].size: 0 is not from 1"},
        /* "POSIX-platform Hooks": path absolute, timeout greater than zero */
        {",\"hooks\":{\"poststop\":[{\"path\":\"/a\"},{\"path\":\"b\"}]}", "hooks.poststop[1].path: \"b\" is not an"},
        {",\"hooks\":{\"createRuntime\":[{\"path\":\"/a\",\"timeout\":0}]}", "hooks.createRuntime[0].timeout: 0"},
        {",\"hooks\":{\"startContainer\":[{\"path\":\"/a\",\"env\":[\"x\"]}]}", "hooks.startContainer[0].env[0]"},
        {",\"hooks\":{\"prestart\":[{}]}", "hooks.prestart[0].path: missing"},
        /* "Hostname", "Domainname": in the container's own namespace */
        {",\"hostname\":\"h\"", "hostname: needs a uts namespace"},
        {",\"domainname\":\"h\"", "domainname: needs a uts namespace"},
        /* "Annotations": keys MUST NOT be an empty string; values may */
        {",\"annotations\":{\"\":\"x\"}", "annotations: an empty name"},
        {",\"annotations\":{\"a\":\"\"}", NULL},
        {",\"annotations\":{\"a\":1}", "annotations.a: string expected"},
        /* "Extensibility": unknown properties are ignored */
        {",\"windows\":{\"layerFolders\":[1]},\"x\":{}", NULL},
    };
    static const char no_root[] = "{\"ociVersion\":\"1.0.0\",\"process\":{\"cwd\":\"/\",\"args\":[\"a\"]}}";
    struct oci_spec spec;
    struct err err;

    RUN(REST, cases);
    /* "Root": REQUIRED on all platforms but Windows */
    assert_fails(oci_spec_parse(no_root, strlen(no_root), &spec, &err), ERR_INVALID, "root: missing");
}

static void test_namespaces(void **state _unused_)
{
    static const struct test_case cases[] = {
        /* config-linux.md, "Namespaces" */
        {"\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"disk\"}]", "linux.namespaces[1].type: \"disk\" is not known"},
        {"\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"pid\",\"path\":\"/p\"}]",
         "linux.namespaces[1].type: \"pid\" stands there twice"},
        {"\"namespaces\":[{\"type\":\"pid\",\"path\":\"p\"}]", "linux.namespaces[0].path: \"p\" is not an absolute"},
        /* "User namespace mappings" */
        {MAPPED, "linux.uidMappings: needs a user namespace"},
        {"\"namespaces\":[{\"type\":\"user\"}]", "linux.uidMappings: missing, and there is a new user namespace"},
        {"\"namespaces\":[{\"type\":\"user\",\"path\":\"/p\"}]", NULL},
        {"\"namespaces\":[{\"type\":\"user\"}]," MAPPED, NULL},
        {"\"namespaces\":[{\"type\":\"user\"}],\"uidMappings\":[{\"containerID\":1,\"hostID\":1,\"size\":2}],"
         "\"gidMappings\":[{\"containerID\":0,\"hostID\":1,\"size\":2}]",
         "process.user.uid: 0 is not mapped"},
        {"\"namespaces\":[{\"type\":\"user\"}],\"uidMappings\":[{\"containerID\":0,\"hostID\":1,\"size\":2}]",
         "linux.gidMappings: missing"},
        {"\"namespaces\":[{\"type\":\"user\"}],\"uidMappings\":[{\"containerID\":0,\"hostID\":1,\"size\":2},"
         "{\"containerID\":2,\"hostID\":2,\"size\":1}]",
         "linux.uidMappings[1]: overlaps with entry 0"},
        {"\"namespaces\":[{\"type\":\"user\"}],\"uidMappings\":[{\"containerID\":0,\"hostID\":2,"
         "\"size\":4294967294}]",
         "linux.uidMappings[0].size: 4294967294 is not from 1 to 4294967293"},
        /* "Offset for Time Namespace" */
        {"\"timeOffsets\":{\"boottime\":{\"secs\":1}}", "linux.timeOffsets: needs a time namespace"},
        {"\"namespaces\":[{\"type\":\"time\",\"path\":\"/p\"}],\"timeOffsets\":{\"boottime\":{\"secs\":1}}",
         "linux.timeOffsets: the time namespace is one to join"},
        {"\"namespaces\":[{\"type\":\"time\"}],\"timeOffsets\":{\"real\":{\"secs\":1}}",
         "linux.timeOffsets: \"real\" is not known"},
        {"\"namespaces\":[{\"type\":\"time\"}],\"timeOffsets\":{\"monotonic\":{\"nanosecs\":1000000000}}",
         "linux.timeOffsets.monotonic.nanosecs: 1000000000"},
        {"\"namespaces\":[{\"type\":\"time\"}],\"timeOffsets\":{\"monotonic\":{\"secs\":-5}}", NULL},
        /* "Network Devices" */
        {"\"netDevices\":{\"eth0\":{}}", "linux.netDevices: needs a network namespace"},
        {"\"namespaces\":[{\"type\":\"network\"}],\"netDevices\":{\"a/b\":{}}", "linux.netDevices: \"a/b\" is no name"},
        {"\"namespaces\":[{\"type\":\"network\"}],\"netDevices\":{\"a\":{\"name\":\"0123456789abcdef\"}}",
         "linux.netDevices.a.name: \"0123456789abcdef\" is no name"},
        {"\"namespaces\":[{\"type\":\"network\"}],\"netDevices\":{\"a\":{\"name\":\"c\"},\"b\":{\"name\":\"c\"}}",
         "linux.netDevices.a.name: \"c\" is the name of \"b\" as well"},
        {"\"namespaces\":[{\"type\":\"network\"}],\"netDevices\":{\"a\":{\"name\":\"c%d\"},\"b\":{\"name\":\"c%d\"}}",
         NULL},
    };

    RUN(LINUX, cases);
}

#define DEVICE(members) "\"devices\":[{\"type\":\"p\",\"path\":\"/p\"},{" members "}]"

static void test_linux(void **state _unused_)
{
    static const struct test_case cases[] = {
        /* "Devices" */
        {DEVICE("\"path\":\"/d\""), "linux.devices[1].type: missing"},
        {DEVICE("\"type\":\"c\""), "linux.devices[1].path: missing"},
        {DEVICE("\"type\":\"x\",\"path\":\"/d\""), "linux.devices[1].type: \"x\" is not known"},
        {DEVICE("\"type\":\"c\",\"path\":\"d\""), "linux.devices[1].path: \"d\" is not an absolute path"},
        {DEVICE("\"type\":\"c\",\"path\":\"/d/..\""), "linux.devices[1].path: \"/d/..\" names a directory"},
        {DEVICE("\"type\":\"c\",\"path\":\"/d\",\"major\":4096"), "linux.devices[1].major: 4096"},
        {DEVICE("\"type\":\"c\",\"path\":\"/d\",\"major\":1,\"minor\":-1"), "linux.devices[1].minor: -1"},
        {DEVICE("\"type\":\"c\",\"path\":\"/d\""), "linux.devices[1].major: missing"},
        {DEVICE("\"type\":\"c\",\"path\":\"/d\",\"major\":1,\"minor\":1,\"fileMode\":65536"),
         "linux.devices[1].fileMode: 65536"},
        {DEVICE("\"type\":\"c\",\"path\":\"/d\",\"major\":1,\"minor\":1,\"gid\":-1"),
         "linux.devices[1].gid: -1 is no id"},
        /* "Cgroups Path" */
        {"\"cgroupsPath\":\"/a/../../b\"", "linux.cgroupsPath: \"/a/../../b\" leads upwards"},
        {"\"cgroupsPath\":\"/a/b..c\"", NULL},
        /* "Masked Paths", "Readonly Paths": MUST be absolute */
        {"\"maskedPaths\":[\"/a\",\"b\"]", "linux.maskedPaths[1]: \"b\" is not an absolute path"},
        {"\"readonlyPaths\":[\"\"]", "linux.readonlyPaths[0]: \"\" is not an absolute path"},
        /* "Rootfs Mount Propagation" */
        {"\"rootfsPropagation\":\"public\"", "linux.rootfsPropagation: \"public\" is not known"},
        {"\"rootfsPropagation\":\"rshared\"", NULL},
        /* "IntelRdt": no newlines, MB: */
        {"\"intelRdt\":{\"closID\":\"a/b\"}", "linux.intelRdt.closID: \"a/b\""},
        {"\"intelRdt\":{\"closID\":\"/\"}", NULL},
        {"\"intelRdt\":{\"schemata\":[\"a\",\"b\\nc\"]}", "linux.intelRdt.schemata[1]: more than one line"},
        {"\"intelRdt\":{\"memBwSchema\":\"L3:\"}", "linux.intelRdt.memBwSchema: not one line that starts"},
        /* "Memory policy" */
        {"\"memoryPolicy\":{\"nodes\":\"0\"}", "linux.memoryPolicy.mode: missing"},
        {"\"memoryPolicy\":{\"mode\":\"MPOL_X\"}", "linux.memoryPolicy.mode: \"MPOL_X\" is not known"},
        {"\"memoryPolicy\":{\"mode\":\"MPOL_DEFAULT\",\"nodes\":\"0\"}", "linux.memoryPolicy.nodes: MPOL_DEFAULT has"},
        {"\"memoryPolicy\":{\"mode\":\"MPOL_BIND\"}", "linux.memoryPolicy.nodes: missing, and MPOL_BIND"},
        {"\"memoryPolicy\":{\"mode\":\"MPOL_BIND\",\"nodes\":\"a\"}", "linux.memoryPolicy.nodes: \"a\" is no list"},
        {"\"memoryPolicy\":{\"mode\":\"MPOL_LOCAL\",\"flags\":[\"X\"]}", "linux.memoryPolicy.flags[0]: \"X\""},
        {"\"memoryPolicy\":{\"mode\":\"MPOL_BIND\",\"nodes\":\"0\",\"flags\":[\"MPOL_F_RELATIVE_NODES\","
         "\"MPOL_F_STATIC_NODES\"]}",
         "linux.memoryPolicy.flags: nodes are either"},
        /* "Personality": no flags are supported */
        {"\"personality\":{}", "linux.personality.domain: missing"},
        {"\"personality\":{\"domain\":\"BSD\"}", "linux.personality.domain: \"BSD\" is not known"},
        {"\"personality\":{\"domain\":\"LINUX\",\"flags\":[\"X\"]}", "linux.personality.flags[0]: \"X\" is not known"},
    };

    RUN(LINUX, cases);
}

#define RESOURCES(members) "\"resources\":{" members "}"

static void test_resources(void **state _unused_)
{
    static const struct test_case cases[] = {
        /* "Allowed Device list" */
        {RESOURCES("\"devices\":[{\"allow\":true},{\"allow\":true,\"type\":\"d\"}]"),
         "linux.resources.devices[1].type: \"d\" is not known"},
        {RESOURCES("\"devices\":[{\"allow\":true,\"access\":\"rx\"}]"), "linux.resources.devices[0].access: \"rx\""},
        /* "Memory": from 0 to 100 */
        {RESOURCES("\"memory\":{\"swappiness\":101}"), "linux.resources.memory.swappiness: 101"},
        {RESOURCES("\"memory\":{\"limit\":1.5}"), "linux.resources.memory.limit: whole number expected"},
        /* "CPU": burst is no larger than any positive quota */
        {RESOURCES("\"cpu\":{\"quota\":10,\"burst\":11}"), "linux.resources.cpu.burst: 11 is not from 0 to 10"},
        {RESOURCES("\"cpu\":{\"quota\":-1,\"burst\":11}"), NULL},
        {RESOURCES("\"cpu\":{\"idle\":2}"), "linux.resources.cpu.idle: 2 is not from 0 to 1"},
        {RESOURCES("\"cpu\":{\"cpus\":\"0,,1\"}"), "linux.resources.cpu.cpus: \"0,,1\" is no list"},
        {RESOURCES("\"cpu\":{\"mems\":\"0 1\"}"), "linux.resources.cpu.mems: \"0 1\" is no list"},
        /* "Block IO" */
        {RESOURCES("\"blockIO\":{\"weight\":5}"), "linux.resources.blockIO.weight: 5 is not from 10 to 1000"},
        {RESOURCES("\"blockIO\":{\"weightDevice\":[{\"major\":8,\"minor\":0}]}"),
         "linux.resources.blockIO.weightDevice[0]: neither weight nor leafWeight"},
        {RESOURCES("\"blockIO\":{\"throttleReadIOPSDevice\":[{\"major\":8,\"minor\":0,\"rate\":-1}]}"),
         "linux.resources.blockIO.throttleReadIOPSDevice[0].rate: -1"},
        /* "Huge page limits" */
        {RESOURCES("\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":18446744073709551615}]"), NULL},
        {RESOURCES("\"hugepageLimits\":[{\"pageSize\":\"../2MB\",\"limit\":1}]"),
         "linux.resources.hugepageLimits[0].pageSize: \"../2MB\" is not as 2MB"},
        /* "Network", "RDMA": at least one of the two */
        {RESOURCES("\"network\":{\"classID\":4294967296}"), "linux.resources.network.classID: 4294967296"},
        {RESOURCES("\"network\":{\"priorities\":[{\"name\":\"a b\",\"priority\":1}]}"),
         "linux.resources.network.priorities[0].name: \"a b\""},
        {RESOURCES("\"rdma\":{\"mlx5_1\":{}}"), "linux.resources.rdma.mlx5_1: neither hcaHandles nor hcaObjects"},
        /* "Unified": each key refers to a file */
        {RESOURCES("\"unified\":{\"../memory.max\":\"1\"}"), "linux.resources.unified: \"../memory.max\" is not the"},
        {RESOURCES("\"unified\":{\"memory.max\":\"a/b\"}"), NULL},
    };

    RUN(LINUX, cases);
}

#define SECCOMP(members) "\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\"," members "}"
#define RULE(members)    SECCOMP("\"syscalls\":[{\"names\":[\"read\"]," members "}]")

static void test_seccomp(void **state _unused_)
{
    static const struct test_case cases[] = {
        {"\"seccomp\":{\"defaultAction\":\"ALLOW\"}", "linux.seccomp.defaultAction: \"ALLOW\" is not known"},
        /* "When the action doesn't support an errno, the runtime MUST print and error and fail" */
        {SECCOMP("\"defaultErrnoRet\":1"), "linux.seccomp.defaultErrnoRet: SCMP_ACT_ALLOW has none"},
        {RULE("\"action\":\"SCMP_ACT_KILL\",\"errnoRet\":1"), "linux.seccomp.syscalls[0].errnoRet: SCMP_ACT_KILL has"},
        {RULE("\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":4096"), "linux.seccomp.syscalls[0].errnoRet: 4096"},
        {RULE("\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":38"), NULL},
        {SECCOMP("\"architectures\":[\"SCMP_ARCH_X86\",\"X\"]"), "linux.seccomp.architectures[1]: \"X\" is not known"},
        {SECCOMP("\"flags\":[\"X\"]"), "linux.seccomp.flags[0]: \"X\" is not known"},
        /* "This field MUST NOT be set if listenerPath is not set" */
        {SECCOMP("\"listenerMetadata\":\"m\""), "linux.seccomp.listenerMetadata: there is no listenerPath"},
        /* "names MUST contain at least one entry" */
        {SECCOMP("\"syscalls\":[{\"names\":[],\"action\":\"SCMP_ACT_ALLOW\"}]"), "linux.seccomp.syscalls[0].names: no"},
        {RULE("\"x\":1"), "linux.seccomp.syscalls[0].action: missing"},
        {RULE("\"action\":\"SCMP_ACT_ERRNO\",\"args\":[{\"index\":6,\"value\":1,\"op\":\"SCMP_CMP_EQ\"}]"),
         "linux.seccomp.syscalls[0].args[0].index: 6 is not from 0 to 5"},
        {RULE("\"action\":\"SCMP_ACT_ERRNO\",\"args\":[{\"index\":0,\"value\":1,\"op\":\"EQ\"}]"),
         "linux.seccomp.syscalls[0].args[0].op: \"EQ\" is not known"},
        {RULE("\"action\":\"SCMP_ACT_ERRNO\",\"args\":[{\"index\":0,\"value\":18446744073709551488,"
              "\"op\":\"SCMP_CMP_EQ\"}]"),
         NULL},
    };

    RUN(LINUX, cases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_process), cmocka_unit_test(test_mounts_hooks_names), cmocka_unit_test(test_namespaces),
        cmocka_unit_test(test_linux),   cmocka_unit_test(test_resources),          cmocka_unit_test(test_seccomp),
    };

    return cmocka_run_group_tests_name("oci/spec_check", tests, NULL, NULL);
}
