#include "confirm.h"

#include <stdio.h>
#include <unistd.h>

bool cbox_confirm(const char *warning)
{
    char answer[16] = "";

    printf("WARNING! %s\nAre you sure you want to continue? [y/N] ", warning);
    fflush(stdout);
    if (fgets(answer, sizeof(answer), stdin) && (answer[0] == 'y' || answer[0] == 'Y'))
        return true;
    if (!answer[0] || !isatty(STDIN_FILENO))
        puts(""); /* nobody's Enter has ended the line */
    return false;
}
