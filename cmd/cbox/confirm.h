/* Asking before something is taken away. */
#pragma once

#include <stdbool.h>

/* Prints the warning and Docker's question; true for an answer that begins with y. The end of the input is a no. */
bool cbox_confirm(const char *warning);
