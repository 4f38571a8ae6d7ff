/* The child lets go of the binary that it was cloned from.
 *
 * An image can have /proc/self/exe executed, as its program, as the interpreter of its script or behind any number of
 * links: at that moment the link still leads to the host's cbox, which then runs with the image's own dynamic loader,
 * and whoever has that as /proc/self/exe can overwrite it on the host (CVE-2019-5736). Looking for such names
 * beforehand would have to resolve them as the kernel will, and win every race. Instead the link is made to lead
 * elsewhere: to an empty file in memory.
 *
 * The kernel changes the link once nothing is mapped from the file at the place that it led to (prctl(2),
 * PR_SET_MM_EXE_FILE). A place is a mount and a name, and our mount namespace has mounts of its own: what is only read
 * is mapped again from the same file, found by name here, which takes no memory; the few pages that were written to are
 * copied. Executing a sealed copy of the binary, as others do, would cost a dynamic linking.
 */
#include "runtime/child.h"
#include "runtime/mount.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <linux/mount.h>
#include <linux/prctl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

static uintptr_t page_down(uintptr_t p)
{
    return p & ~((uintptr_t)sysconf(_SC_PAGESIZE) - 1);
}

static uintptr_t page_up(uintptr_t p)
{
    return page_down(p + (uintptr_t)sysconf(_SC_PAGESIZE) - 1);
}

/* As much as goes in few instructions; pages are multiples of it. */
typedef uint64_t line __attribute__((vector_size(64)));

/* Not memcpy(3): whole pages are copied, with what a sanitizer keeps between variables. */
__attribute__((no_sanitize("address"))) static void copy_pages(volatile line *to, const volatile line *from, size_t len)
{
    for (size_t i = 0; i < len / sizeof(*to); i++)
        to[i] = from[i];
}

/* Our binary, opened by its name on another mount than the one that it was executed on: this mount namespace's own, or
 * where that is still the one of the caller (`shared`) a copy of the mount. -1 where it cannot be had, or the name has
 * become another file's. */
static int open_again(bool shared)
{
    char path[PATH_MAX], copy[32];
    ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
    _cleanup_fd_ int fd = -1, mount = -1;
    struct stat here, ours;

    if (n < 0 || stat("/proc/self/exe", &ours) < 0)
        return -1;
    path[n] = 0;
    if (shared) {
        mount = (int)syscall(SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
        if (mount < 0)
            return -1;
        snprintf(copy, sizeof(copy), "/proc/self/fd/%d", mount);
    }
    fd = open(shared ? copy : path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &here) < 0 || here.st_dev != ours.st_dev || here.st_ino != ours.st_ino)
        return -1;
    return steal_fd(&fd);
}

/* The same bytes at the same addresses: the page tables change while this code runs in them. */
static int replace_segment(const ElfW(Phdr) * h, uintptr_t base, int again)
{
    uintptr_t start = page_down(base + h->p_vaddr);
    size_t len = page_up(base + h->p_vaddr + h->p_filesz) - start;
    int protection = (h->p_flags & PF_R ? PROT_READ : 0) | (h->p_flags & PF_W ? PROT_WRITE : 0) |
                     (h->p_flags & PF_X ? PROT_EXEC : 0);
    void *copy;

    if (again >= 0 && !(protection & PROT_WRITE) &&
        mmap((void *)start, len, protection, MAP_PRIVATE | MAP_FIXED, again, (off_t)page_down(h->p_offset)) !=
            MAP_FAILED)
        return 0;
    copy = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (copy == MAP_FAILED)
        return -errno;
    copy_pages(copy, (const volatile line *)start, len);
    if (mprotect(copy, len, protection) < 0 ||
        mremap(copy, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, (void *)start) == MAP_FAILED)
        return -errno;
    return 0;
}

struct replacing {
    bool shared;
    int result;
};

/* The first object is the program itself. */
static int replace_segments(struct dl_phdr_info *program, size_t size _unused_, void *data)
{
    struct replacing *how = data;
    _cleanup_fd_ int again = open_again(how->shared);
    int r = 0;

    for (size_t i = 0; i < program->dlpi_phnum && r == 0; i++)
        if (program->dlpi_phdr[i].p_type == PT_LOAD && program->dlpi_phdr[i].p_filesz)
            r = replace_segment(&program->dlpi_phdr[i], program->dlpi_addr, again);
    how->result = r;
    return 1;
}

/* Where files in memory may not be executed (the sysctl vm.memfd_noexec), one on a file system of its own. */
static int open_empty_on_tmpfs(void)
{
    _cleanup_fd_ int dir = mount_detached("tmpfs");
    int fd = dir < 0 ? dir : openat(dir, "cbox", O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0500);

    return fd == -1 ? -errno : fd;
}

/* Nobody may write to what is executed, so the file is opened again, for reading. */
static int open_empty(void)
{
    _cleanup_fd_ int fd = memfd_create("cbox", MFD_CLOEXEC | MFD_EXEC);
    char path[32];
    int r;

    if (fd < 0 && errno == EINVAL) /* before 6.3 */
        fd = memfd_create("cbox", MFD_CLOEXEC);
    if (fd < 0)
        return errno == EACCES ? open_empty_on_tmpfs() : -errno;
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    r = open(path, O_RDONLY | O_CLOEXEC);
    return r < 0 ? -errno : r;
}

/* For this, CAP_SYS_ADMIN in our own user namespace will do, and the kernel has to be able to checkpoint processes. All
 * else that it sets is for show, except the heap's end. */
static int set_link_as_admin(int fd)
{
    uint64_t any = page_down((uintptr_t)copy_pages), heap = (uintptr_t)sbrk(0);
    struct prctl_mm_map map = {
        .start_code = any,
        .end_code = any + 1,
        .start_data = any,
        .end_data = any,
        .start_brk = heap,
        .brk = heap,
        .start_stack = (uintptr_t)&map,
        .arg_start = any,
        .arg_end = any,
        .env_start = any,
        .env_end = any,
        .exe_fd = (uint32_t)fd,
    };

    return prctl(PR_SET_MM, PR_SET_MM_MAP, &map, sizeof(map), 0) < 0 ? -errno : 0;
}

int child_binary(struct child *c, const struct plan_step *s _unused_, struct err *err)
{
    struct replacing how = {.shared = c->start->enter != 0};
    _cleanup_fd_ int fd = open_empty();
    int r;

    if (fd < 0)
        return err_errno(err, -fd, "an empty file in memory");
    dl_iterate_phdr(replace_segments, &how);
    r = how.result;
    if (r < 0)
        return err_errno(err, -r, "copying it");
    /* CAP_SYS_RESOURCE of the host lets us do it plainly. */
    if (prctl(PR_SET_MM, PR_SET_MM_EXE_FILE, fd, 0, 0) < 0)
        r = errno == EPERM ? set_link_as_admin(fd) : -errno;
    if (r == 0)
        return 0;
    err_errno(err, -r, "changing /proc/self/exe");
    return err_hint(err, "that takes CAP_SYS_RESOURCE, or a kernel with CONFIG_CHECKPOINT_RESTORE");
}
