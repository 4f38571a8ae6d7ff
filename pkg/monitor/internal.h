/* The inside of a monitor. */
#pragma once

#include "monitor/health.h"
#include "monitor/networks.h"
#include "monitor/output.h"
#include "monitor/program.h"
#include "monitor/restart.h"
#include "monitor/server.h"
#include "monitor/streams.h"

struct monitor {
    struct monitor_job job; /* as it was given, but for what was read again: */
    struct engine_options own_options;
    struct oci_spec own_spec;
    struct loop loop;
    struct streams streams;
    struct output output;
    struct health health;
    struct networks networks;
    struct server server;
    struct program program;
    struct loop_watch program_watch; /* its pidfd; .fd -1 while it does not run */
    struct loop_timer pause;         /* until it is started again */
    struct loop_timer rest;          /* it has run for a moment, and may go on for long */
    struct restart_state restarts;
    int64_t since;   /* its start, time_monotonic() */
    bool stopping;   /* its end is what the user wants */
    bool restart;    /* and then it is started again */
    unsigned attach; /* the streams that its starter follows */
    bool let_go;     /* of what was the starter's */
    bool over;
};

/* Answers a request. */
void monitor_answer(struct monitor *m, struct connection *from, const struct frame *frame);

/* Attaches a follower to the streams that it asked for, and answers it. */
void monitor_attach(struct monitor *m, struct connection *c, unsigned wanted);

/* The end of a connection, as far as its streams are concerned. */
void monitor_detach(struct monitor *m, struct connection *c);

/* A run is over: those that followed it have no say in the next one. */
void monitor_end_following(struct monitor *m);

/* What is pending between two runs will not happen: the container has ended. */
void monitor_finish(struct monitor *m);

/* Writes the record as it is. Not durable. */
void monitor_note(const struct monitor *m);

/* Tells which volumes the container got, or gave back. */
void monitor_tell_volumes(const struct monitor_job *job, bool mounted);

/* Gives back the memory that waiting does not take. */
void monitor_slim(void);
