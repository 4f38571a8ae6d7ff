/* The health check of a container: a probe, run in it from time to time, and what follows from how that ends.
 *
 * It is the monitor's, in its loop, which never waits for it: a probe is a process in the container under a process of
 * ours, the prober, that starts it, collects what it writes, and kills it with its children when its time is over.
 * Docker's rules: the first probe comes an interval after the start, each further one an interval after the end of the
 * one before; while the container is starting, failures within the start period do not count, and the start interval
 * takes the interval's place.
 *
 *     <state>/monitor/ID.health    struct health_state, in the form of inspect's State.Health
 */
#pragma once

#include "oci/image_config.h"
#include "oci/spec.h"
#include "store/container.h"
#include "sys/loop.h"

enum {
    HEALTH_LOG_MAX = 5,       /* results that are kept */
    HEALTH_OUTPUT_MAX = 4096, /* bytes of each that are */
};

struct health_result {
    int64_t start, end; /* time.h */
    int64_t exit_code;  /* -1: it could not be run, or took too long */
    char *output;
};

struct health_state {
    char *status; /* "starting", "healthy", "unhealthy" */
    int64_t failing_streak;
    VEC(struct health_result) log;
};

extern const struct json_type health_state_type;
void health_state_release(struct health_state *s);
#define _cleanup_health_state_ _cleanup_(health_state_release)

/* Whether there is something to probe: neither nothing nor NONE. */
bool health_is_wanted(const struct oci_healthcheck *check);

/* What is there of a container's health; ERR_NOT_FOUND where nothing is. The caller releases `ret` after 0. `state`:
 * the state directory. */
int health_read(const char *state, const char *id, struct health_state *ret, struct err *err);

/* Removes it, with the container. */
void health_forget(const char *state, const char *id);

/* ---- in the monitor ---- */

/* All of it is borrowed, and has to stay as it is from health_begin() to health_end(). */
struct health_job {
    struct loop *loop;
    const char *state;
    const struct oci_healthcheck *check;
    char *const *shell; /* that of the image, for CMD-SHELL; NULL: /bin/sh -c */
    const struct oci_spec *spec;
    const struct store_container_record *record; /* its id and cgroup, and what its events say */
    void (*changed)(void *data, const char *status);
    void *data;
};

struct health_prober {
    pid_t pid;
    struct loop_watch answer; /* its result comes here; .fd -1: there is none */
    struct buf bytes;
};

struct health {
    struct health_job job;
    struct health_state state;
    struct loop_timer timer; /* the next probe is due, or the prober is late */
    struct health_prober prober;
    pid_t pid; /* of the container's first process; 0: it does not run */
    int pidfd;
    int64_t started; /* time_now() */
};

/* The container runs (once more): "starting", and the first probe is on its way. `job->check` must be wanted. `h` was
 * zeroed, or has been ended. */
void health_begin(struct health *h, const struct health_job *job, pid_t pid, int pidfd);

/* Borrows these from now on in place of those that it was given. */
void health_look_at(struct health *h, const struct oci_healthcheck *check, char *const *shell,
                    const struct oci_spec *spec);

/* It has ended, or it is to be forgotten that it ran. What does not run is left alone. */
void health_end(struct health *h);

/* No probes while it is paused. */
void health_pause(struct health *h, bool paused);

/* ---- for tests ---- */

/* Takes a result over into the state: whether the status has changed. */
bool health_judge(struct health_state *s, const struct oci_healthcheck *check, int64_t started,
                  const struct health_result *result);

/* How long it is until the next probe. */
int64_t health_interval(const struct health_state *s, const struct oci_healthcheck *check, int64_t started,
                        int64_t now);
