/* Records of containers: containers/ID/, and the names.
 *
 *     containers/ID/record.json   who it is and how it is (struct store_container_record)
 *     containers/ID/…             what container/ keeps beside it: config.json, upper/, work/, …
 *     containers/@NAME -> ID      names: symbolic links, since making one is a single call that fails where it exists
 *
 * The directory itself is the container's lock (flock(2)). Whoever makes the container takes it before anything else is
 * there and hands it down to the monitor, which holds it as long as it lives; whoever removes a container takes it too.
 * So a directory that nobody has locked belongs to a container that does not run, whatever its record says, and one
 * that is locked is somebody's business at this moment: the kernel frees the lock with the process. No container's lock
 * is waited for by the start of another.
 */
#pragma once

#include "base/id.h"
#include "base/vec.h"
#include "digest/digest.h"
#include "store/store.h"

enum store_container_status {
    STORE_CONTAINER_CREATED, /* never ran */
    STORE_CONTAINER_RUNNING,
    STORE_CONTAINER_PAUSED,
    STORE_CONTAINER_RESTARTING, /* ended, and its monitor is about to start it again */
    STORE_CONTAINER_EXITED,
};

/* record.json. Fields that an older cbox did not write load as empty. */
struct store_container_record {
    char *id;
    char *name;
    char *image;                        /* as the user named it */
    struct digest image_id;             /* of the image config */
    struct digest manifest;             /* keeps the image's content alive (store/gc.h) */
    char **layers;                      /* diffIDs of one that has no image, which it keeps alive */
    char **mounted;                     /* manifests of images that are mounted in it: they as well */
    char **command;                     /* what runs in it */
    char **labels;                      /* NAME=VALUE */
    char *network;                      /* "none", "host", "container:ID", or its networks with commas between them */
    char **exposed;                     /* ports that are shown though they are not published: "80/tcp", "90-99/udp" */
    char *cgroup;                       /* "/cbox/ID" */
    int64_t created, started, finished; /* time.h; 0: not yet */
    enum store_container_status status;
    int64_t pid;        /* of its first process while it runs */
    uint64_t pid_start; /* PROC_START_TIME */
    char *boot_id;      /* in which that was */
    int64_t exit_code;
    bool oom_killed;
    int64_t restarts; /* by its policy, since the user started it */
    bool stopped;     /* its last end was the user's will */
    char *health;     /* of its check: "starting", "healthy", "unhealthy"; NULL: it has none */
    bool remove;      /* when it ends (--rm) */
    bool build;       /* a step of a build: shown to nobody */
    char *error;      /* why it could not be started */
};

extern const struct json_type store_container_type;

/* "created", "running", "paused", "restarting", "exited": Docker's words. */
const char *store_container_status_name(enum store_container_status status);

/* Whether there is a monitor, as far as the record knows. */
static inline bool store_container_is_alive(enum store_container_status status)
{
    return status == STORE_CONTAINER_RUNNING || status == STORE_CONTAINER_PAUSED ||
           status == STORE_CONTAINER_RESTARTING;
}

void store_container_record_release(struct store_container_record *record);
#define _cleanup_container_record_ _cleanup_(store_container_record_release)

/* A container's directory, opened. */
struct store_container;

/* Makes containers/ID/ (mode 0711) and locks it; nothing is in it yet, and without a record it will be swept once the
 * lock is free. */
int store_container_create(struct store *s, const char *id, struct store_container **ret, struct err *err);

/* Opens one that is there, without a lock. ERR_NOT_FOUND. */
int store_container_open(struct store *s, const char *id, struct store_container **ret, struct err *err);

/* Closes it; the lock goes when every process that inherited it has closed it too. */
void store_container_free(struct store_container *c);
MEM_DEFINE_CLEANUP(struct store_container, store_container_free);
#define _cleanup_container_ _cleanup_(store_container_free_cleanup)

/* Takes the lock. ERR_BUSY with LOCK_TRY where it is held; ERR_NOT_FOUND where the container was removed meanwhile. */
int store_container_lock(struct store_container *c, enum lock_wait wait, struct err *err);

/* Lets go of it, for every process that inherited it. */
void store_container_unlock(const struct store_container *c);

/* The directory, for reading and as a start of paths; owned by `c`. And the id. */
int store_container_fd(const struct store_container *c);
const char *store_container_id(const struct store_container *c);

/* ERR_NOT_FOUND where no record was written yet, ERR_CORRUPT. The caller releases `ret` after 0. */
int store_container_read(const struct store_container *c, struct store_container_record *ret, struct err *err);

/* The record alone, without opening the directory: for lists. With `alive_only` one that does not run is passed over,
 * and not read as a whole. ERR_NOT_FOUND, ERR_CORRUPT. The caller releases `ret` after 0 unless it was passed over. */
int store_container_glance(struct store *s, const char *id, bool alive_only, struct store_container_record *ret,
                           bool *ret_passed, struct err *err);

/* Whether somebody holds its lock. */
bool store_container_is_locked(struct store *s, const char *id);

/* Replaces the record. `durable`: on disk when this returns; otherwise whole or the earlier one after a power cut. */
int store_container_write(const struct store_container *c, const struct store_container_record *record, bool durable,
                          struct err *err);

/* Gives the container a name. ERR_EXISTS, with `ret_owner` (where not NULL) the id of who has it. A name whose owner is
 * gone is free. The container's directory must be there. */
int store_container_name_take(struct store *s, const char *name, const char *id, char ret_owner[ID_LEN + 1],
                              struct err *err);

/* Gives it back if it is this container's. */
void store_container_name_drop(struct store *s, const char *name, const char *id);

/* Frees the names of containers that are gone, as a removal leaves them that is killed. */
int store_container_names_sweep(struct store *s, struct err *err);

/* The id of a container by name, id or the start of an id, names first. ERR_NOT_FOUND: `no such container: …`;
 * ERR_INVALID where several ids start so. */
int store_container_find(struct store *s, const char *text, char ret[ID_LEN + 1], struct err *err);

/* The ids of all, in no order; the caller frees the vector. */
int store_container_list(struct store *s, char ***ret, struct err *err);

/* Removes a locked container: its directory is out of sight at once, by one rename into the trash, and its name is
 * free; `delete_now` false leaves deleting it to store_container_delete(). `record` may be NULL where there is none.
 * The lock stays ours until `c` is freed, so whoever waits for it finds that there is no such container. */
int store_container_remove(struct store *s, struct store_container *c, const struct store_container_record *record,
                           bool delete_now, struct err *err);

/* Deletes the files of one that was removed. What is left when it fails, or when the process ends, is for
 * store_empty_trash() of a later one. */
int store_container_delete(struct store *s, struct store_container *c, struct err *err);
