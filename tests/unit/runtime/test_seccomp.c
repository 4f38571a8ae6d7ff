#include "bpf.h"
#include "forked.h"

#include "bundle/seccomp.h"
#include "runtime/seccomp_internal.h"

#include <sched.h>
#include <sys/socket.h>
#include <sys/un.h>

#define ALLOW  SECCOMP_RET_ALLOW
#define EPERM_ ANSWER_ERRNO(EPERM)

/* As the JSON of linux.seccomp. */
static void parse(const char *text, struct oci_seccomp *ret)
{
    struct err err = ERR_INIT;

    if (json_parse(text, strlen(text), &oci_seccomp_type, ret, &err) < 0)
        fail_msg("%s: %s", text, err.text);
}

static void compile(const char *text, struct seccomp_filter *ret)
{
    struct oci_seccomp profile;
    struct err err;
    const char *library;

    parse(text, &profile);
    assert_ok(seccomp_compile(&profile, false, ret, &library, &err));
    json_free(&oci_seccomp_type, &profile);
}

static struct oci_seccomp *docker(char *const *capabilities)
{
    static const struct bundle_seccomp_host host = {"amd64", 6, 1};

    return bundle_seccomp_default(&host, capabilities);
}

static void forget(struct oci_seccomp *profile)
{
    json_free(&oci_seccomp_type, profile);
    free(profile);
}

#ifdef __x86_64__

/* ---- Docker's default, on x86-64 and the ABIs beside it ---- */

static void test_default(void **state _unused_)
{
    enum { NEW_USER = 0x10000000 };
    static const struct {
        uint32_t arch, nr;
        uint64_t a0;
        uint32_t plain, admin; /* the answers without and with CAP_SYS_ADMIN */
    } cases[] = {
        {AUDIT_ARCH_X86_64, 0 /* read */, 0, ALLOW, ALLOW},
        {AUDIT_ARCH_X86_64, 165 /* mount */, 0, EPERM_, ALLOW},
        {AUDIT_ARCH_X86_64, 248 /* add_key */, 0, EPERM_, EPERM_},
        {AUDIT_ARCH_X86_64, 161 /* chroot */, 0, EPERM_, EPERM_},
        {AUDIT_ARCH_X86_64, 56 /* clone */, SIGCHLD, ALLOW, ALLOW},
        {AUDIT_ARCH_X86_64, 56, NEW_USER | SIGCHLD, EPERM_, ALLOW},
        {AUDIT_ARCH_X86_64, 435 /* clone3 */, 0, ANSWER_ERRNO(ENOSYS), ALLOW},
        {AUDIT_ARCH_X86_64, 41 /* socket */, AF_UNIX, ALLOW, ALLOW},
        {AUDIT_ARCH_X86_64, 41, 38 /* AF_ALG */, EPERM_, EPERM_},
        {AUDIT_ARCH_X86_64, 41, 39, ALLOW, ALLOW},
        {AUDIT_ARCH_X86_64, 41, 40 /* AF_VSOCK */, EPERM_, EPERM_},
        {AUDIT_ARCH_X86_64, 41, 41, ALLOW, ALLOW},
        {AUDIT_ARCH_X86_64, 135 /* personality */, 8, ALLOW, ALLOW},
        {AUDIT_ARCH_X86_64, 135, 0x40000 /* ADDR_NO_RANDOMIZE */, EPERM_, EPERM_},
        {AUDIT_ARCH_X86_64, 101 /* ptrace */, 0, ALLOW, ALLOW},
        {AUDIT_ARCH_X86_64, 434 /* pidfd_open */, 0, ALLOW, ALLOW},
        {AUDIT_ARCH_X86_64, 600, 0, ANSWER_ERRNO(ENOSYS), ANSWER_ERRNO(ENOSYS)}, /* nobody knows it yet */
        {AUDIT_ARCH_X86_64, 0x3fffffff, 0, ANSWER_ERRNO(ENOSYS), ANSWER_ERRNO(ENOSYS)},
        {AUDIT_ARCH_X86_64, X32(0), 0, ALLOW, ALLOW},
        {AUDIT_ARCH_X86_64, X32(165), 0, EPERM_, ALLOW},
        {AUDIT_ARCH_X86_64, X32(900), 0, ANSWER_ERRNO(ENOSYS), ANSWER_ERRNO(ENOSYS)},
        {AUDIT_ARCH_I386, 3 /* read */, 0, ALLOW, ALLOW},
        {AUDIT_ARCH_I386, 21 /* mount */, 0, EPERM_, ALLOW},
        {AUDIT_ARCH_I386, 120 /* clone */, NEW_USER, EPERM_, ALLOW},
        {AUDIT_ARCH_I386, 900, 0, ANSWER_ERRNO(ENOSYS), ANSWER_ERRNO(ENOSYS)},
        {AUDIT_ARCH_AARCH64, 63 /* read */, 0, SECCOMP_RET_KILL_THREAD, SECCOMP_RET_KILL_THREAD},
    };
    char *none[] = {NULL}, *admin[] = {(char *)"CAP_SYS_ADMIN", NULL};
    struct oci_seccomp *profiles[] = {docker(none), docker(admin)};
    struct seccomp_filter f[2] = {0};
    const char *library;
    struct err err;

    for (size_t i = 0; i < 2; i++)
        assert_ok(seccomp_compile(profiles[i], false, &f[i], &library, &err));
    assert_true(f[0].program.n < 600); /* what the kernel has to take in at every start */
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        uint32_t plain = bpf_ask(&f[0], cases[i].arch, cases[i].nr, cases[i].a0, 0);
        uint32_t with = bpf_ask(&f[1], cases[i].arch, cases[i].nr, cases[i].a0, 0);

        if (plain != cases[i].plain || with != cases[i].admin)
            fail_msg("arch %#x, call %u, argument %#llx: %#x, %#x", cases[i].arch, cases[i].nr,
                     (unsigned long long)cases[i].a0, plain, with);
    }
    for (size_t i = 0; i < 2; i++) {
        seccomp_filter_release(&f[i]);
        forget(profiles[i]);
    }
}

/* ---- the shorter program says the same ---- */

static uint64_t next(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005 + 1442695040888963407;
    return *seed >> 20;
}

/* Of values that conditions are about, and beside them. */
static uint64_t any_argument(uint64_t *seed)
{
    static const uint64_t near[] = {0,          8,          38,         39,         40,         0x20000, 0x20008,
                                    0xffffffff, 0x7e020000, 0x10000000, 1ULL << 32, 1ULL << 63, 100,     0xff00};
    uint64_t r = next(seed);

    return r % 3 ? near[r / 3 % ARRAY_SIZE(near)] + r / 64 % 3 - 1 : r * r;
}

static void assert_same(const struct oci_seccomp *profile, bool shorter)
{
    static const uint32_t arches[] = {AUDIT_ARCH_X86_64, AUDIT_ARCH_I386, AUDIT_ARCH_AARCH64, 0, UINT32_MAX};
    static const uint32_t bases[] = {0, 0x40000000, 0x80000000, 0xfffffe00, 0x3fffff00};
    struct seccomp_filter raw = {0}, f = {0};
    const char *library;
    uint64_t seed = 1;
    struct err err;

    assert_ok(seccomp_compile(profile, true, &raw, &library, &err));
    assert_ok(seccomp_compile(profile, false, &f, &library, &err));
    assert_true(!shorter || f.program.n < raw.program.n);
    for (size_t i = 0; i < ARRAY_SIZE(arches); i++)
        for (size_t j = 0; j < ARRAY_SIZE(bases); j++)
            for (uint32_t nr = 0; nr < 512; nr++)
                for (int k = 0; k < 12; k++) {
                    const struct seccomp_data data = {
                        .nr = (int)(bases[j] + nr),
                        .arch = arches[i],
                        .args = {any_argument(&seed), any_argument(&seed), any_argument(&seed)},
                    };

                    assert_int_equal(bpf_run(&raw, &data), bpf_run(&f, &data));
                }
    seccomp_filter_release(&raw);
    seccomp_filter_release(&f);
}

static void test_shorter_programs_say_the_same(void **state _unused_)
{
    static const char *const profiles[] = {
        "{\"defaultAction\":\"SCMP_ACT_ALLOW\"}",
        "{\"defaultAction\":\"SCMP_ACT_KILL_PROCESS\",\"syscalls\":[{\"names\":[\"read\",\"exit_group\"],\"action\":"
        "\"SCMP_ACT_ALLOW\"}]}",
        "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"SCMP_ARCH_X86_64\",\"SCMP_ARCH_X32\"],\"syscalls\":"
        "[{\"names\":[\"mkdir\",\"rmdir\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":5},{\"names\":[\"kill\"],"
        "\"action\""
        ":\"SCMP_ACT_TRAP\",\"args\":[{\"index\":1,\"value\":9,\"op\":\"SCMP_CMP_EQ\"},{\"index\":0,\"value\":100,"
        "\"op\":"
        "\"SCMP_CMP_GE\"}]}]}",
        "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"names\":[\"openat\"],\"action\":\"SCMP_ACT_ALLOW\","
        "\"args\":[{\"index\":2,\"value\":65280,\"valueTwo\":0,\"op\":\"SCMP_CMP_MASKED_EQ\"}]},{\"names\":[\"read\","
        "\"write\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":0,\"value\":8,\"op\":\"SCMP_CMP_NE\"}]}]}",
    };
    char *caps[] = {(char *)"CAP_SYS_CHROOT", (char *)"CAP_SYSLOG", NULL};
    struct oci_seccomp *d = docker(caps);

    assert_same(d, true);
    forget(d);
    for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
        struct oci_seccomp profile;

        parse(profiles[i], &profile);
        assert_same(&profile, false);
        json_free(&oci_seccomp_type, &profile);
    }
}

/* ---- what a profile can say ---- */

static void test_actions(void **state _unused_)
{
    static const struct {
        const char *action, *more;
        uint32_t answer;
    } cases[] = {
        {"SCMP_ACT_KILL", "", SECCOMP_RET_KILL_THREAD},
        {"SCMP_ACT_KILL_THREAD", "", SECCOMP_RET_KILL_THREAD},
        {"SCMP_ACT_KILL_PROCESS", "", SECCOMP_RET_KILL_PROCESS},
        {"SCMP_ACT_TRAP", "", SECCOMP_RET_TRAP},
        {"SCMP_ACT_ERRNO", "", EPERM_},
        {"SCMP_ACT_ERRNO", ",\"errnoRet\":17", ANSWER_ERRNO(17)},
        {"SCMP_ACT_TRACE", "", SECCOMP_RET_TRACE | EPERM},
        {"SCMP_ACT_TRACE", ",\"errnoRet\":5000", SECCOMP_RET_TRACE | 5000},
        {"SCMP_ACT_LOG", "", SECCOMP_RET_LOG},
        {"SCMP_ACT_NOTIFY", "", SECCOMP_RET_USER_NOTIF},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_free_ char *text = str_printf("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"listenerPath\":\"/l\","
                                               "\"syscalls\":[{\"names\":[\"getcwd\"],\"action\":\"%s\"%s}]}",
                                               cases[i].action, cases[i].more);
        _cleanup_seccomp_filter_ struct seccomp_filter f = {0};

        compile(text, &f);
        assert_int_equal(bpf_ask(&f, AUDIT_ARCH_X86_64, 79, 0, 0), cases[i].answer);
        assert_int_equal(bpf_ask(&f, AUDIT_ARCH_X86_64, 80, 0, 0), ALLOW);
        assert_int_equal(bpf_ask(&f, AUDIT_ARCH_X86_64, 900, 0, 0), ALLOW); /* nothing is refused for being new */
        assert_int_equal(f.notifies, str_eq(cases[i].action, "SCMP_ACT_NOTIFY"));
    }
}

static void test_operators(void **state _unused_)
{
    static const struct {
        const char *op;
        uint64_t value, two, yes, no;
    } cases[] = {
        {"SCMP_CMP_NE", 5, 0, 1ULL << 40, 5},
        {"SCMP_CMP_LT", 1ULL << 40, 0, (1ULL << 40) - 1, 1ULL << 40},
        {"SCMP_CMP_LE", 7, 0, 7, 1ULL << 33},
        {"SCMP_CMP_EQ", 7, 0, 7, 7 | 1ULL << 33},
        {"SCMP_CMP_GE", 1ULL << 33, 0, 1ULL << 33, 9},
        {"SCMP_CMP_GT", 7, 0, 8, 7},
        {"SCMP_CMP_MASKED_EQ", 0xf0, 0x20, 0x123, 0x133},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_free_ char *text = str_printf(
            "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"getcwd\"],\"action\":\"SCMP_ACT_ERRNO\","
            "\"args\":[{\"index\":1,\"value\":%llu,\"valueTwo\":%llu,\"op\":\"%s\"}]}]}",
            (unsigned long long)cases[i].value, (unsigned long long)cases[i].two, cases[i].op);
        _cleanup_seccomp_filter_ struct seccomp_filter f = {0};

        compile(text, &f);
        assert_int_equal(bpf_ask(&f, AUDIT_ARCH_X86_64, 79, 0, cases[i].yes), EPERM_);
        assert_int_equal(bpf_ask(&f, AUDIT_ARCH_X86_64, 79, 0, cases[i].no), ALLOW);
    }
}

/* One rule's conditions must all hold, but two of one argument are two rules. */
static void test_conditions(void **state _unused_)
{
    _cleanup_seccomp_filter_ struct seccomp_filter all = {0}, any = {0};

    compile("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"getcwd\"],\"action\":\"SCMP_ACT_ERRNO\","
            "\"args\":[{\"index\":0,\"value\":1,\"op\":\"SCMP_CMP_EQ\"},{\"index\":1,\"value\":2,\"op\":\"SCMP_CMP_"
            "EQ\"}]}]}",
            &all);
    assert_int_equal(bpf_ask(&all, AUDIT_ARCH_X86_64, 79, 1, 2), EPERM_);
    assert_int_equal(bpf_ask(&all, AUDIT_ARCH_X86_64, 79, 1, 3), ALLOW);
    compile("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"getcwd\"],\"action\":\"SCMP_ACT_ERRNO\","
            "\"args\":[{\"index\":0,\"value\":1,\"op\":\"SCMP_CMP_EQ\"},{\"index\":0,\"value\":2,\"op\":\"SCMP_CMP_"
            "EQ\"}]}]}",
            &any);
    assert_int_equal(bpf_ask(&any, AUDIT_ARCH_X86_64, 79, 1, 0), EPERM_);
    assert_int_equal(bpf_ask(&any, AUDIT_ARCH_X86_64, 79, 2, 0), EPERM_);
    assert_int_equal(bpf_ask(&any, AUDIT_ARCH_X86_64, 79, 3, 0), ALLOW);
}

/* Above the highest that the profile names, whoever wrote it could not know. Below it, he could. */
static void test_new_calls(void **state _unused_)
{
    _cleanup_seccomp_filter_ struct seccomp_filter f = {0}, enosys = {0}, kill = {0};

    compile(
        "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":13,\"syscalls\":[{\"names\":[\"read\",\"openat\","
        "\"no_such_call\"],\"action\":\"SCMP_ACT_ALLOW\"}]}",
        &f);
    assert_int_equal(bpf_ask(&f, AUDIT_ARCH_X86_64, 0, 0, 0), ALLOW);
    assert_int_equal(bpf_ask(&f, AUDIT_ARCH_X86_64, 257, 0, 0), ALLOW);
    assert_int_equal(bpf_ask(&f, AUDIT_ARCH_X86_64, 256, 0, 0), ANSWER_ERRNO(13));
    assert_int_equal(bpf_ask(&f, AUDIT_ARCH_X86_64, 258, 0, 0), ANSWER_ERRNO(ENOSYS));
    assert_int_equal(bpf_ask(&f, AUDIT_ARCH_X86_64, X32(0), 0, 0), SECCOMP_RET_KILL_THREAD); /* not in the profile */
    compile(
        "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":38,\"syscalls\":[{\"names\":[\"read\"],\"action\":"
        "\"SCMP_ACT_ALLOW\"}]}",
        &enosys);
    assert_int_equal(bpf_ask(&enosys, AUDIT_ARCH_X86_64, 1, 0, 0), ANSWER_ERRNO(ENOSYS));
    compile(
        "{\"defaultAction\":\"SCMP_ACT_KILL\",\"syscalls\":[{\"names\":[\"write\"],\"action\":\"SCMP_ACT_ALLOW\"}]}",
        &kill);
    assert_int_equal(bpf_ask(&kill, AUDIT_ARCH_X86_64, 0, 0, 0), SECCOMP_RET_KILL_THREAD);
    assert_int_equal(bpf_ask(&kill, AUDIT_ARCH_X86_64, 2, 0, 0), ANSWER_ERRNO(ENOSYS));
}
#endif

static void test_refusals(void **state _unused_)
{
#define FIFTY      "12345678901234567890123456789012345678901234567890"
#define RULE(text) "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"getcwd\"]," text "}]}"
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"{\"defaultAction\":\"SCMP_ACT_MAGIC\"}", "linux.seccomp.defaultAction: no such action: \"SCMP_ACT_MAGIC\""},
        {"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"defaultErrnoRet\":1}", "takes no errno"},
        {"{\"defaultAction\":\"SCMP_ACT_NOTIFY\",\"listenerPath\":\"/l\"}", "cannot be the default"},
        {"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"SCMP_ARCH_MAGIC\"]}", "SCMP_ARCH_MAGIC"},
        {"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"X86\"]}", "libseccomp knows no \"X86\""},
        {"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":[\"SECCOMP_FILTER_FLAG_MAGIC\"]}", "no such flag"},
        {"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"listenerMetadata\":\"x\"}", "there is no listenerPath"},
        {RULE("\"action\":\"ALLOW\""), "linux.seccomp.syscalls.action: no such action: \"ALLOW\""},
        {RULE("\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":4096"), "4096 is no errno"},
        {RULE("\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":-1"), "-1 is no errno"},
        {RULE("\"action\":\"SCMP_ACT_TRAP\",\"errnoRet\":1"), "takes no errno"},
        {RULE("\"action\":\"SCMP_ACT_NOTIFY\""), "listenerPath: missing"},
        {RULE("\"action\":\"SCMP_ACT_TRAP\",\"args\":[{\"index\":6,\"value\":1,\"op\":\"SCMP_CMP_EQ\"}]"),
         "there is no argument 6"},
        {RULE("\"action\":\"SCMP_ACT_TRAP\",\"args\":[{\"index\":1,\"value\":1,\"op\":\"EQ\"}]"), "no such operator"},
        {"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"listenerPath\":\"/l\",\"syscalls\":[{\"names\":[\"sendmsg\"],"
         "\"action\":\"SCMP_ACT_NOTIFY\"}]}",
         "cannot be used for sendmsg"},
        {"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"listenerPath\":\"/" FIFTY FIFTY FIFTY "\",\"syscalls\":[{\"names\":"
         "[\"getcwd\"],\"action\":\"SCMP_ACT_NOTIFY\"}]}",
         "too long for a socket"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct seccomp_filter f;
        struct oci_seccomp profile;
        const char *library;
        struct err err;

        parse(cases[i].text, &profile);
        assert_fails(seccomp_compile(&profile, false, &f, &library, &err), ERR_INVALID, cases[i].says);
        json_free(&oci_seccomp_type, &profile);
    }
}

static void test_flags(void **state _unused_)
{
    static const struct {
        const char *flags;
        unsigned wanted;
    } cases[] = {
        {"", SECCOMP_FILTER_FLAG_SPEC_ALLOW},
        {",\"flags\":[\"SECCOMP_FILTER_FLAG_LOG\"]", SECCOMP_FILTER_FLAG_LOG},
        {",\"flags\":[\"SECCOMP_FILTER_FLAG_TSYNC\"]", 0},
        {",\"flags\":[\"SECCOMP_FILTER_FLAG_LOG\",\"SECCOMP_FILTER_FLAG_SPEC_ALLOW\"]",
         SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_SPEC_ALLOW},
        {",\"flags\":[\"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV\"]", 0}, /* nobody is to be notified */
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_free_ char *text = str_printf("{\"defaultAction\":\"SCMP_ACT_ALLOW\"%s}", cases[i].flags);
        _cleanup_seccomp_filter_ struct seccomp_filter f = {0};

        compile(text, &f);
        assert_int_equal(f.flags, cases[i].wanted);
    }
}

/* ---- the kernel takes it ---- */

static void load(const char *text)
{
    struct seccomp_filter f = {0};
    int listener;

    compile(text, &f);
    MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    MUST(seccomp_filter_load(&f, &listener) == 0);
    MUST(listener == -1);
    MUST(mkdir("/tmp/cbox-unit-never", 0700) < 0 && errno == EXDEV);
    MUST(rmdir("/tmp/cbox-unit-never") < 0 && errno == ENOENT);
}

static void load_without_rights(void)
{
    struct seccomp_filter f = {0};
    int listener;

    compile("{\"defaultAction\":\"SCMP_ACT_ALLOW\"}", &f);
    MUST(setresuid(65534, 65534, 65534) == 0);
    MUST(seccomp_filter_load(&f, &listener) == -EACCES);
}

static void test_loading(void **state _unused_)
{
    assert_child(
        load("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"mkdir\",\"mkdirat\"],\"action\":"
             "\"SCMP_ACT_ERRNO\",\"errnoRet\":18}]}"));
    if (geteuid() == 0)
        assert_child(load_without_rights());
}

/* ---- the cache ---- */

#define CACHED \
    "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"getcwd\"],\"action\":\"SCMP_ACT_TRAP\"}]}"

/* Whether the cache has the profile's filter, which then is the same as the compiled one. */
static bool cached(const char *dir, const struct oci_seccomp *profile)
{
    _cleanup_seccomp_filter_ struct seccomp_filter f = {0}, compiled = {0};
    _cleanup_buf_ struct buf key = BUF_INIT;
    const char *library;
    struct err err;

    seccomp_cache_key(profile, NULL, &key);
    if (seccomp_cache_read(dir, &key, &f) < 0)
        return false;
    assert_ok(seccomp_compile(profile, false, &compiled, &library, &err));
    assert_int_equal(f.program.n, compiled.program.n);
    assert_memory_equal(f.program.v, compiled.program.v, f.program.n * sizeof(*f.program.v));
    assert_int_equal(f.flags, compiled.flags);
    return true;
}

/* The one file in the cache. */
static void find_file(char *path, size_t size)
{
    FILE *p = popen("ls -d cache/*", "r");

    assert_non_null(p);
    assert_non_null(fgets(path, (int)size, p));
    path[strcspn(path, "\n")] = 0;
    assert_null(fgets((char[64]){0}, 64, p));
    pclose(p);
}

static void fill(const struct oci_seccomp *profile)
{
    _cleanup_seccomp_filter_ struct seccomp_filter f = {0};
    struct err err;

    assert_ok(seccomp_filter_make(profile, NULL, "cache", &f, &err));
}

static void test_cache(void **state _unused_)
{
    struct oci_seccomp profile, other;

    parse(CACHED, &profile);
    parse("{\"defaultAction\":\"SCMP_ACT_ALLOW\"}", &other);
    assert_false(cached("cache", &profile));
    fill(&profile);
    assert_true(cached("cache", &profile));
    assert_false(cached("cache", &other));
    /* An empty list of flags is not none. */
    profile.flags = mem_zalloc(1, sizeof(char *));
    assert_false(cached("cache", &profile));
    json_free(&oci_seccomp_type, &profile);
    json_free(&oci_seccomp_type, &other);
}

/* A file that is not whole is none, whatever byte of it is another. */
static void test_damaged_cache(void **state _unused_)
{
    struct oci_seccomp profile;
    char path[64], bytes[65536];
    ssize_t n;
    int fd;

    parse(CACHED, &profile);
    fill(&profile);
    find_file(path, sizeof(path));
    fd = open(path, O_RDWR | O_CLOEXEC);
    n = read(fd, bytes, sizeof(bytes));
    assert_true(n > 0 && (size_t)n < sizeof(bytes));
    for (ssize_t i = 0; i < n; i++) {
        char wrong = (char)(bytes[i] ^ 1 << i % 8);

        assert_int_equal(pwrite(fd, &wrong, 1, i), 1);
        if (cached("cache", &profile))
            fail_msg("byte %zd of %zd does not matter", i, n);
        assert_int_equal(pwrite(fd, &bytes[i], 1, i), 1);
    }
    assert_true(cached("cache", &profile));
    for (ssize_t i = n - 1; i >= 0; i -= 7) {
        assert_int_equal(ftruncate(fd, i), 0);
        assert_false(cached("cache", &profile));
    }
    close(fd);
    fill(&profile); /* replaced */
    assert_true(cached("cache", &profile));
    json_free(&oci_seccomp_type, &profile);
}

/* What somebody else could have written is not read, nor is anything written beside it. */
static void test_foreign_cache(void **state _unused_)
{
    struct oci_seccomp profile;
    char path[64];

    parse(CACHED, &profile);
    fill(&profile);
    find_file(path, sizeof(path));
    assert_int_equal(chmod(path, 0620), 0);
    assert_false(cached("cache", &profile));
    assert_int_equal(chmod(path, 0600), 0);
    assert_true(cached("cache", &profile));
    assert_int_equal(chmod("cache", 0770), 0);
    assert_false(cached("cache", &profile));
    assert_int_equal(unlink(path), 0);
    fill(&profile);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(chmod("cache", 0700), 0);
    fill(&profile);
    assert_true(cached("cache", &profile));
    assert_int_equal(rename(path, "elsewhere"), 0);
    assert_int_equal(symlink("../elsewhere", path), 0);
    assert_false(cached("cache", &profile));
    assert_int_equal(rename("elsewhere", path), 0);
    assert_int_equal(rename("cache", "real"), 0);
    assert_int_equal(symlink("real", "cache"), 0);
    assert_false(cached("cache", &profile));
    assert_int_equal(unlink("cache"), 0);
    assert_int_equal(rename("real", "cache"), 0);
    assert_true(cached("cache", &profile));
    if (geteuid() == 0) {
        assert_int_equal(chown(path, 65534, 0), 0);
        assert_false(cached("cache", &profile));
        assert_int_equal(chown(path, 0, 0), 0);
        assert_int_equal(chown("cache", 65534, 0), 0);
        assert_false(cached("cache", &profile));
    }
    json_free(&oci_seccomp_type, &profile);
}

/* ---- the agent ---- */

static void test_listener(void **state _unused_)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "agent"};
    const struct oci_seccomp profile = {.listener_metadata = (char *)"a\"b"};
    const struct oci_state container = {.id = (char *)"c", .pid = 7, .status = (char *)"creating"};
    int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), client, got;
    char text[1024], control[CMSG_SPACE(sizeof(int))];
    struct iovec part = {text, sizeof(text) - 1};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
    _cleanup_buf_ struct buf sent = BUF_INIT;
    struct stat a, b;
    struct err err;
    ssize_t n;

    seccomp_listener_state(&profile, &container, &sent);
    assert_fails(seccomp_listener_send("agent", 0, sent.p, sent.len, &err), ERR_NOT_FOUND,
                 "linux.seccomp.listenerPath");
    assert_int_equal(bind(server, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(server, 1), 0);
    assert_ok(seccomp_listener_send("agent", server, sent.p, sent.len, &err));
    client = accept4(server, NULL, NULL, SOCK_CLOEXEC);
    n = recvmsg(client, &message, MSG_CMSG_CLOEXEC);
    assert_int_equal(n, sent.len);
    text[n] = 0;
    assert_non_null(strstr(text, "\"fds\":[\"seccompFd\"],\"pid\":7,\"metadata\":\"a\\\"b\",\"state\":{"));
    assert_non_null(strstr(text, "\"id\":\"c\""));
    assert_non_null(CMSG_FIRSTHDR(&message));
    memcpy(&got, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(got));
    assert_true(fstat(got, &a) == 0 && fstat(server, &b) == 0 && a.st_ino == b.st_ino);
    assert_int_equal(read(client, text, 1), 0); /* one state a connection */
    close(got);
    close(client);
    close(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#ifdef __x86_64__
        cmocka_unit_test(test_default),    cmocka_unit_test(test_shorter_programs_say_the_same),
        cmocka_unit_test(test_actions),    cmocka_unit_test(test_operators),
        cmocka_unit_test(test_conditions), cmocka_unit_test(test_new_calls),
#endif
        cmocka_unit_test(test_refusals),   cmocka_unit_test(test_flags),
        cmocka_unit_test(test_loading),    scratch_test(test_cache),
        scratch_test(test_damaged_cache),  scratch_test(test_foreign_cache),
        scratch_test(test_listener),
    };

    return cmocka_run_group_tests_name("runtime/seccomp", tests, NULL, NULL);
}
