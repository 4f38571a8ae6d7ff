/* What an init does all its life: waits for signals, passes them on, reaps. Only for child_init.c.
 *
 * The code is position independent, calls nothing and has no data, so that it runs in a copy of itself after everything
 * else of the process was unmapped: no byte of the host's memory, and none of its files, stays within a container's
 * reach, and an init costs two pages. init_loop.c is compiled with flags of its own (Makefile).
 */
#pragma once

#include <stdint.h>

struct init_loop {
    int child;            /* the program: its end is ours */
    uintptr_t start, end; /* of the memory that stays; 0: all of it */
    uintptr_t page;       /* bytes */
};

/* Where the code begins and ends; the linker's. */
extern const char __start_cbox_init[], __stop_cbox_init[];

void init_loop_run(const struct init_loop *state) __attribute__((noreturn));
