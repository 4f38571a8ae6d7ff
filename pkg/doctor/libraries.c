/* Libraries that are opened on demand: a command that needs one says so when it is too late. */
#include "doctor/internal.h"

#include "sys/dl.h"

#include <dlfcn.h>

/* Sorted by how much does not work without them. A unit test compares it with the adapters. */
static const struct {
    const char *soname, *package;
    enum doctor_verdict missing;
    const char *meaning;
} libraries[] = {
    {"libcrypto.so.3", "libssl3", DOCTOR_FAILURE, "no image can be pulled, built or loaded"},
    {"libcurl.so.4", "libcurl4", DOCTOR_FAILURE, "no registry can be asked"},
    {"libz.so.1", "zlib1g", DOCTOR_FAILURE, "layers cannot be compressed for a push"},
    {"libseccomp.so.2", "libseccomp2", DOCTOR_FAILURE, "containers start only with seccomp=unconfined"},
    {"libnftables.so.1", "libnftables1", DOCTOR_FAILURE, "containers have no networks but none and host"},
    {"libzstd.so.1", "libzstd1", DOCTOR_WARNING, "layers in zstd can be neither read nor written"},
    {"libisal.so.2", "libisal2", DOCTOR_NOTE, "layers in gzip are unpacked by zlib, at a quarter of the speed"},
    {"liblzma.so.5", "liblzma5", DOCTOR_NOTE, "archives in xz cannot be read"},
    {"libbz2.so.1.0", "libbz2-1.0", DOCTOR_NOTE, "archives in bzip2 cannot be read"},
    {"libncursesw.so.6", "libncursesw6", DOCTOR_NOTE, "cbox dash does not work"},
    {"libsystemd.so.0", "libsystemd0", DOCTOR_NOTE, "cbox runtime --systemd-cgroup does not work"},
};

const char *doctor_library(size_t nth)
{
    return nth < ARRAY_SIZE(libraries) ? libraries[nth].soname : NULL;
}

/* In a child: what a library does when it is loaded is not done to us. */
static int open_library(void *data, struct err *err)
{
    const char *soname = data;

    return dlopen(soname, RTLD_NOW | RTLD_LOCAL) ? 0 : err_set(err, ERR_UNSUPPORTED, "%s", dlerror());
}

void doctor_libraries(const struct doctor_host *host _unused_, doctor_findings *ret)
{
    size_t before = ret->n;

    for (size_t i = 0; i < ARRAY_SIZE(libraries); i++) {
        _cleanup_free_ char *remedy = str_printf("apt-get install %s", libraries[i].package);
        struct err why = ERR_INIT;

        if (doctor_try(0, open_library, (void *)libraries[i].soname, &why) < 0)
            doctor_say_error(ret, libraries[i].missing, &why, libraries[i].meaning, remedy);
    }
    if (ret->n == before)
        doctor_say(ret, DOCTOR_OK, "all %zu are there", ARRAY_SIZE(libraries));
}
