#include "confirm.h"

#include <stdio.h>

bool cbox_confirm(const char *warning)
{
    char answer[16];

    printf("WARNING! %s\nAre you sure you want to continue? [y/N] ", warning);
    fflush(stdout);
    return fgets(answer, sizeof(answer), stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}
