/* Names for containers that nobody named; see container/container.h for what a name may be. */
#pragma once

/* "swift_heron7"; the caller frees it. */
char *container_make_up_name(void);
