/* The parts of `cbox dash`. */
#pragma once

#include "cbox.h"
#include "dash/dash.h"

enum dash_mode {
    DASH_LIST,    /* keys are commands */
    DASH_FILTER,  /* they are typed into the filter */
    DASH_CONFIRM, /* y, or not */
    DASH_HELP,    /* any goes back */
};

/* One of our own commands that runs aside. */
struct dash_job {
    pid_t pid;
    int errors; /* a pipe: what it says */
    char *what; /* "stop web" */
    char *id;
};

struct dash_view {
    const struct cli_context *ctx;
    struct store *store; /* NULL: there is none yet */
    struct dash dash;
    bool all, big_log, ended;
    enum dash_mode mode;
    char *message;            /* on the last line until the next key */
    char **log;               /* the last lines of the chosen one, */
    char *log_of;             /* whose they are, */
    size_t log_wanted;        /* and how many there is room for */
    const char *verb;         /* to be confirmed, */
    char *target, *name;      /* of whom: id, and name */
    size_t height;            /* of the list on the screen */
    int64_t listed, list_due; /* time_monotonic() */
    VEC(struct dash_job) jobs;
};

/* dash_draw.c: the whole screen. */
void dash_draw(struct dash_view *v);

/* dash_keys.c: what a key does (screen_key()). */
void dash_key(struct dash_view *v, int key);
void dash_say(struct dash_view *v, const char *format, ...) _printf_(2, 3);

/* The help's lines: what a key is called, and what it does; false beyond the last. */
bool dash_help_line(size_t nth, const char **ret_key, const char **ret_text);

/* dash_jobs.c: `cbox VERB ID` of this program, aside; what it says when it fails becomes the message. And at the
 * terminal, which it has until it ends: `cbox exec -it ID sh`. */
void dash_job_start(struct dash_view *v, const char *verb, const char *id, const char *name);
void dash_jobs_look(struct dash_view *v); /* at those that have ended */
void dash_jobs_release(struct dash_view *v);
void dash_shell(struct dash_view *v, const char *id, const char *name);
