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

int cbox_for_each(char **operands, bool forgiving, int (*act)(const char *operand, void *data, struct err *err),
                  void *data)
{
    int code = 0;

    STRV_FOREACH (operand, operands) {
        struct err why = ERR_INIT;

        if (act(*operand, data, &why) == 0)
            continue;
        cbox_print_error(&why);
        if (!forgiving || why.kind != ERR_NOT_FOUND)
            code = 1;
    }
    return code;
}
