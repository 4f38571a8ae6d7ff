/* What --call=outline and --call=targets print, on standard output. */
#pragma once

#include "build/outline.h"

void print_outline(const struct build_outline *o, bool json);
void print_targets(const struct build_outline *o, bool json);
