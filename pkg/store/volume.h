/* Volumes: directories that outlive the containers that use them.
 *
 *     volumes/NAME/_data          the files, as containers see them
 *                  volume.json    what the volume is (struct store_volume)
 *                  .filling       there while the image's files are copied into it: what is in _data is then no more
 *                                 than a start
 *
 * A volume appears whole by one rename, and goes by one rename into the trash. The directory is its lock (flock(2)):
 * whoever removes or fills it holds that.
 *
 * Who uses a volume is what the containers' options say, and nothing is counted (container/volume.h). That takes this
 * order: a container's options are on disk before its volumes are looked at, each under its lock; whoever removes a
 * volume takes the lock first, and then looks who has it in his options. So either the remover sees the user, or the
 * user sees that the volume is gone and makes it again.
 */
#pragma once

#include "store/store.h"

#include <stdint.h>

enum { STORE_VOLUME_NAME_MAX = 255 };

/* volume.json */
struct store_volume {
    char *name;
    int64_t created; /* time.h */
    char **labels;   /* NAME=VALUE */
    char **options;  /* of the driver "local", NAME=VALUE: type, device, o */
};

/* The label, Docker's, of a volume that nobody gave its name. */
#define STORE_VOLUME_ANONYMOUS "com.docker.volume.anonymous"
bool store_volume_anonymous(const struct store_volume *v);

void store_volume_release(struct store_volume *v);
#define _cleanup_volume_ _cleanup_(store_volume_release)

/* Whether `name` can be a volume's: [a-zA-Z0-9][a-zA-Z0-9_.-]+; ERR_INVALID in Docker's words. */
int store_volume_check_name(const char *name, struct err *err);

/* Whether the options (NAME=VALUE) are some of type, device and o that belong together; ERR_INVALID in Docker's words,
 * ERR_UNSUPPORTED for a size that only a quota could keep. */
int store_volume_check_options(char *const *options, struct err *err);

/* Makes it, empty, on disk when this returns. ERR_EXISTS where the name is taken. */
int store_volume_create(struct store *s, const struct store_volume *v, struct err *err);

/* ERR_NOT_FOUND: `get NAME: no such volume`; ERR_CORRUPT. The caller releases `ret` after 0. */
int store_volume_read(struct store *s, const char *name, struct store_volume *ret, struct err *err);

/* Takes the lock; the descriptor is the volume's directory, and holds it until it is closed. ERR_NOT_FOUND. */
int store_volume_lock(struct store *s, const char *name, int *ret_fd, struct err *err);

/* The names of all, sorted; the caller frees the vector. */
int store_volume_list(struct store *s, char ***ret, struct err *err);

/* Removes one whose lock the caller holds, and goes on holding until this returns. */
int store_volume_remove(struct store *s, const char *name, struct err *err);

/* The absolute path of its files; the caller frees it. */
char *store_volume_path(struct store *s, const char *name);

/* For whoever uses the volume `dir`, which is locked: what an earlier filling left that was not finished is thrown
 * away. */
int store_volume_settle(int dir, struct err *err);

/* Begins to fill it where it is empty: `*ret_data` is the directory of its files then, the caller's to close, and -1
 * where there is something in it. */
int store_volume_fill_begin(int dir, int *ret_data, struct err *err);
/* Says that it is full; what was written is on disk. */
int store_volume_fill_end(int dir, struct err *err);
