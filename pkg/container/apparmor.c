#include "container/apparmor.h"

#include "base/strv.h"
#include "runtime/lsm.h"
#include "sys/fd.h"
#include "sys/run.h"

#include <fcntl.h>
#include <unistd.h>

#define POLICY "/sys/kernel/security/apparmor"
enum { PROFILES_MAX = 4 << 20, PARSER_TIMEOUT_MS = 30000 };

/* Signals come from the monitor and from cbox, which have no profile. Of /proc and /sys what is masked or read-only is
 * so by mounts; this holds also where those are taken away. */
static const char policy[] = //
    "profile " CONTAINER_APPARMOR " flags=(attach_disconnected, mediate_deleted) {\n"
    "  capability,\n"
    "  file,\n"
    "  network,\n"
    "  umount,\n"
    "  signal (receive) peer=unconfined,\n"
    "  signal (send, receive) peer=" CONTAINER_APPARMOR ",\n"
    "  ptrace (read, readby, trace, tracedby) peer=" CONTAINER_APPARMOR ",\n"
    "  deny mount,\n"
    "  deny /proc/* wl,\n"
    "  deny /proc/{acpi,bus,driver,fs,irq,scsi,tty}/** wl,\n"
    "  deny /proc/kcore rwl,\n"
    "  deny /proc/sys/{abi,debug,dev,user,vm}/** wl,\n"
    "  deny /proc/sys/kernel/{core_pattern,hotplug,kexec*,modprobe,modules_disabled,sysrq,usermodehelper/**} wl,\n"
    "  deny /sys/{[^f]*,f[^s]*}/** wl,\n"
    "  deny /sys/fs/{[^c]*,c[^g]*}/** wl,\n"
    "  deny /sys/firmware/** rwl,\n"
    "  deny /sys/kernel/security/** rwl,\n"
    "}\n";

/* Lines of "NAME (MODE)". */
static bool is_loaded(void)
{
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(PROFILES_MAX);
    _cleanup_strv_ char **lines = NULL;

    if (fd_read_file(AT_FDCWD, POLICY "/profiles", &text, NULL) < 0)
        return false;
    lines = strv_split(buf_str(&text), '\n');
    STRV_FOREACH (line, lines)
        if (str_after(*line, CONTAINER_APPARMOR " ("))
            return true;
    return false;
}

/* Where distributions have it; PATH often lacks the directories of root's programs. */
static const char *find_parser(void)
{
    static const char *const places[] = {"/usr/sbin/apparmor_parser", "/sbin/apparmor_parser", "/bin/apparmor_parser"};

    for (size_t i = 0; i < ARRAY_SIZE(places); i++)
        if (access(places[i], X_OK) == 0)
            return places[i];
    return NULL;
}

const char *container_apparmor(void)
{
    if (!lsm_apparmor_is_on())
        return NULL;
    return is_loaded() || (find_parser() && access(POLICY "/.replace", W_OK) == 0) ? CONTAINER_APPARMOR : NULL;
}

int container_apparmor_load(const char *profile, struct err *err)
{
    static const char *const argv[] = {"apparmor_parser", "--replace", "--skip-cache", "--quiet", NULL};
    _cleanup_buf_ struct buf said = BUF_INIT_MAX(4096);
    const struct run parser = {.argv = argv,
                               .file = find_parser(),
                               .input = policy,
                               .input_len = sizeof(policy) - 1,
                               .timeout_ms = PARSER_TIMEOUT_MS,
                               .output = &said,
                               .errors = true,
                               .tail = true};
    int r;

    if (!str_eq(profile, CONTAINER_APPARMOR) || is_loaded())
        return 0;
    r = run_program(&parser, err);
    if (r > 0)
        r = err_set(err, ERR_UNSUPPORTED, "apparmor_parser: %.*s", (int)strcspn(buf_str(&said), "\n"), buf_str(&said));
    if (r == 0)
        return 0;
    err_wrap(err, "loading the profile " CONTAINER_APPARMOR);
    return err_hint(err, "--security-opt apparmor=unconfined starts a container without it");
}
