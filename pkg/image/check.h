/* Looking whether the store is whole, and making it so.
 *
 * Every blob is digested, every layer compared with its manifest, every record read, and what images and containers
 * stand on is looked for, as what steps of builds stand on is. Other commands may run meanwhile: what they remove is
 * not missed.
 *
 * A repair fetches or unpacks again only what is broken. Layers are unpacked from their blobs, which need no network;
 * what is missing of blobs is asked of the registry that the image's name says. What no image needs is thrown away
 * where it is damaged. Records that cannot be read are left to the user, since what they said is lost.
 */
#pragma once

#include "config/config.h"
#include "store/needs.h"

enum image_fault_kind {
    IMAGE_FAULT_BLOB,
    IMAGE_FAULT_LAYER,
    IMAGE_FAULT_IMAGE,  /* its documents cannot be read, or disagree */
    IMAGE_FAULT_RECORD, /* of a name, a container or a volume */
    IMAGE_FAULT_BUILD,  /* what is kept for builds: a layer with a digest, or a record */
};

struct image_fault {
    enum image_fault_kind kind;
    struct digest digest; /* of blob or layer */
    bool absent;          /* and not just damaged */
    char *subject;        /* "blob sha256:…", "tags/docker.io/library/alpine/:latest" */
    char *what;           /* "is missing", "etc/passwd has another size" */
    char *needed_by;      /* an image or container; NULL: nobody */
    char *remedy;         /* what a repair did about it: "downloaded again"; NULL: nothing */
    char *hint;           /* why it could not, or what to do; or NULL */
};

struct image_check {
    VEC(struct image_fault) faults;
    size_t images, blobs, layers, containers; /* that were looked at */
    size_t orphans;                           /* blobs and layers that nothing needs, which is no fault */
};

struct image_check_options {
    bool deep; /* contents of layers' files as well */
    /* Told now and then how far it is, in things of all; may be NULL. */
    void (*progress)(size_t now, size_t total, void *data);
    void *data;
};

/* Looks. ERR_INTERRUPTED after a signal; what is found is no failure. The caller releases `ret` in any case. */
int image_check(struct store *s, const struct image_check_options *options, struct image_check *ret, struct err *err);

/* Repairs what was found and says so in each fault. To be called where no containers will be cloned (image_pull()). */
int image_repair(struct store *s, const struct config *config, const struct image_check_options *options,
                 struct image_check *c, struct err *err);

size_t image_check_open_faults(const struct image_check *c);
void image_check_release(struct image_check *c);
#define _cleanup_check_ _cleanup_(image_check_release)
