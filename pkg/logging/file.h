/* A log file that is written: whole lines appended, rotated, and held against a full disk.
 *
 * Room for the next lines is always reserved behind the end of the file (fallocate(2)), so a disk that is full is found
 * out before a line is written by half, and what is reserved holds the last lines when the program ends meanwhile.
 */
#pragma once

#include "logging/internal.h"

struct log_file;

/* Nothing is made or opened before the first line. `name` and `attributes` (JSON, or "") are taken over. */
struct log_file *log_file_new(int dir, const char *path, char *name, char *attributes,
                              const struct logging_format *format, const struct logging_settings *settings,
                              bool discard);

/* The functions of a struct logging_driver. */
void log_file_entry(void *file, const struct logging_entry *entry);
void log_file_flush(void *file, bool end);
int64_t log_file_wake(const void *file);
void log_file_close(void *file);
