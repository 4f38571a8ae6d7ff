/* A monitor that has nothing to do keeps what it needs for that: most of what a process has in memory when it has just
 * started a container it will not use before the container's end, if then. */
#include "monitor/internal.h"

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

/* Program text and constants are pages of files: whatever is needed again is found there. What is written to, by the
 * program or by the linker, lies in segments of its own. */
static int drop_constants(struct dl_phdr_info *info, size_t size _unused_, void *data _unused_)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

    for (size_t i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];
        uintptr_t begin = info->dlpi_addr + p->p_vaddr, end = (begin + p->p_memsz) & ~(page - 1);

        begin = (begin + page - 1) & ~(page - 1);
        if (p->p_type == PT_LOAD && !(p->p_flags & PF_W) && begin < end)
            madvise((void *)begin, end - begin, MADV_DONTNEED);
    }
    return 0;
}

void monitor_slim(void)
{
    malloc_trim(0);
    dl_iterate_phdr(drop_constants, NULL);
}
