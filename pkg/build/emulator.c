#include "build/emulator.h"

#include "base/buf.h"
#include "sys/fd.h"

#include <fcntl.h>

#define BINFMT "/proc/sys/fs/binfmt_misc"

enum { HANDLER_MAX = 4096 };

/* Architectures in Go's words and in qemu's, by which distributions name the handlers. */
static const struct {
    const char *architecture, *qemu;
} names[] = {
    {"386", "i386"},        {"amd64", "x86_64"},        {"arm", "arm"},
    {"arm64", "aarch64"},   {"loong64", "loongarch64"}, {"mips64le", "mips64el"},
    {"ppc64le", "ppc64le"}, {"riscv64", "riscv64"},     {"s390x", "s390x"},
};

static const char *qemu_name(const char *architecture)
{
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (str_eq(architecture, names[i].architecture))
            return names[i].qemu;
    return architecture;
}

/* A handler's file: "enabled", and a line "flags: OCF". */
static bool works(const char *text, bool *ret_fixed)
{
    const char *flags = strstr(text, "\nflags:");

    *ret_fixed = flags && memchr(flags + 7, 'F', strcspn(flags + 7, "\n"));
    return str_after(text, "enabled\n");
}

int build_emulator_check(const struct oci_platform *platform, const char *binfmt, struct err *err)
{
    _cleanup_platform_ struct oci_platform host = {0};
    _cleanup_free_ char *shown = oci_platform_format(platform), *handler = NULL;
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(HANDLER_MAX);
    bool fixed = false;

    oci_platform_host(&host);
    if (oci_platform_distance(&host, platform) >= 0)
        return 0;
    handler = str_printf("%s/qemu-%s", binfmt ? binfmt : BINFMT, qemu_name(platform->architecture));
    if (fd_read_file(AT_FDCWD, handler, &text, NULL) < 0 || !works(buf_str(&text), &fixed)) {
        err_set(err, ERR_UNSUPPORTED, "programs for %s do not run on this host: there is no handler %s", shown,
                handler);
        return err_hint(err, "install an emulator that is registered there, such as Debian's qemu-user-static");
    }
    if (fixed)
        return 0;
    return err_set(err, ERR_UNSUPPORTED,
                   "programs for %s do not run in containers of this host: the handler %s has not the flag F", shown,
                   handler);
}
