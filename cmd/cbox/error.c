#include "cbox.h"
#include "cli/term.h"

#include <stdio.h>
#include <unistd.h>

void cbox_print_error(const struct err *err)
{
    bool color = cli_wants_color(STDERR_FILENO);

    fprintf(stderr, "%s%s:%s %s%s%s\n", color ? "\x1b[31m" : "", CBOX_PROGRAM, color ? "\x1b[m" : "", err->text,
            err->hint[0] ? "; " : "", err->hint);
}
