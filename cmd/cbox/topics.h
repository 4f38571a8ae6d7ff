/* What `cbox help TOPIC` shows: the files of docs/topics, which become part of the program. */
#pragma once

#include "cli/cli.h"

extern const struct cli_topic cbox_topics[]; /* ended by {NULL} */
