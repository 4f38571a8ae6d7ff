/* Touches as many MiB of memory as the argument says, and ends: what comes next finds them where the host of a virtual
 * machine has not taken them back. The first touch of a page that it has costs four times the next one, and by whom that
 * is paid would be chance. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

int main(int argc, char **argv)
{
    size_t size = argc > 1 ? (size_t)atol(argv[1]) << 20 : 0;
    char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED) {
        perror("mmap");
        return 1;
    }
    for (size_t i = 0; i < size; i += 4096)
        memory[i] = 1;
    return 0;
}
