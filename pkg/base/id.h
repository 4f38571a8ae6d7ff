/* Identifiers of containers: 64 hexadecimal digits from the kernel's random source, as Docker's. */
#pragma once

#include <stdint.h>

enum { ID_LEN = 64, ID_SHORT_LEN = 12 };

void id_generate(char ret[ID_LEN + 1]);

/* The same id for the same numbers at any time, and as good as surely another for others. */
void id_derive(uint64_t a, uint64_t b, char ret[ID_LEN + 1]);

/* `len` random hexadecimal digits and a final 0, for the names of temporary files. */
void id_hex(char *ret, unsigned len);
