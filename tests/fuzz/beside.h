/* A temporary directory for targets that write into a directory "tree" below it: what is in there besides was written
 * where it should not be. Removed at the end. */
#pragma once

#include "sys/path.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

static char top[] = "/tmp/cbox-fuzz-XXXXXX";
static int top_fd = -1;

static void clean_up(void)
{
    path_remove_tree(AT_FDCWD, top, NULL);
}

static void start(void)
{
    if (!mkdtemp(top) || (top_fd = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
        abort();
    atexit(clean_up);
}

/* The directory above the tree has the tree and nothing else. */
static void check_beside(void)
{
    DIR *d = opendir(top);
    const struct dirent *e;

    while (d && (e = readdir(d)))
        if (!str_eq(e->d_name, ".") && !str_eq(e->d_name, "..") && !str_eq(e->d_name, "tree"))
            abort();
    closedir(d);
}
