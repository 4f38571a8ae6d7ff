/* The log of a container, in its monitor's loop: what its program writes is kept by the driver that was asked for. */
#pragma once

#include "logging/logging.h"
#include "monitor/streams.h"

struct output {
    struct logging_writer *writer; /* NULL: not opened */
    struct loop *loop;
    struct loop_timer timer; /* what could not be written is tried again */
};

/* Opens it once, for all runs of the program; is called before each. */
int output_open(struct output *o, struct loop *loop, const struct monitor_job *job, struct err *err);

/* As `written` of struct streams; `data` is the output. */
void output_written(void *data, enum monitor_stream which, const char *bytes, size_t len);

/* The program has ended: a last line without a newline is a line. */
void output_end(struct output *o);

/* The container has. */
void output_close(struct output *o);
