/* Image manifests and indexes, of OCI and of Docker (version 2, schema 2): one shape under two sets of names.
 *
 * A document says what it is by its content; the media type it was delivered under must agree where it names a manifest
 * type at all. One that could be read as both (`layers` and `manifests`) is refused, since two readers would see two
 * images under one digest (CVE-2021-41190). Docker's schema 1, and artifacts that are no container images, are refused
 * by name. OCI image specification, manifest.md and image-index.md.
 */
#pragma once

#include "base/vec.h"
#include "oci/descriptor.h"

#define OCI_MEDIA_MANIFEST        "application/vnd.oci.image.manifest.v1+json"
#define OCI_MEDIA_INDEX           "application/vnd.oci.image.index.v1+json"
#define OCI_MEDIA_CONFIG          "application/vnd.oci.image.config.v1+json"
#define OCI_MEDIA_LAYER           "application/vnd.oci.image.layer.v1.tar"
#define OCI_MEDIA_LAYER_GZIP      "application/vnd.oci.image.layer.v1.tar+gzip"
#define OCI_MEDIA_LAYER_ZSTD      "application/vnd.oci.image.layer.v1.tar+zstd"
#define OCI_MEDIA_DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"
#define OCI_MEDIA_DOCKER_INDEX    "application/vnd.docker.distribution.manifest.list.v2+json"
#define OCI_MEDIA_DOCKER_CONFIG   "application/vnd.docker.container.image.v1+json"
#define OCI_MEDIA_DOCKER_LAYER    "application/vnd.docker.image.rootfs.diff.tar.gzip"

/* Limits for foreign documents, in bytes and entries. 500 is as many layers as overlayfs stacks. */
enum {
    OCI_MANIFEST_MAX = 4 << 20,
    OCI_CONFIG_MAX = 8 << 20,
    OCI_LAYERS_MAX = 500,
    OCI_INDEX_ENTRIES_MAX = 4096,
};

enum oci_document {
    OCI_DOCUMENT_MANIFEST,
    OCI_DOCUMENT_INDEX,
};

struct oci_manifest {
    int64_t schema_version;
    char *media_type; /* NULL where the document does not say */
    char *artifact_type;
    struct oci_descriptor config;
    VEC(struct oci_descriptor) layers; /* the lowest first */
    struct oci_descriptor *subject;
    char **annotations;
};

struct oci_index {
    int64_t schema_version;
    char *media_type;
    char *artifact_type;
    VEC(struct oci_descriptor) manifests;
    struct oci_descriptor *subject;
    char **annotations;
};

extern const struct json_type oci_manifest_type, oci_index_type;

/* What the bytes are. `media_type` is what they were delivered as (parameters behind ";" do not count) or NULL.
 * ERR_INVALID, ERR_CORRUPT where type and content disagree, ERR_UNSUPPORTED for schema 1. */
int oci_document_identify(const char *media_type, const char *text, size_t len, enum oci_document *ret,
                          struct err *err);

/* Parses and checks: version, every descriptor, the number of entries. Of a manifest also that it is a container image
 * whose layers are of known types (ERR_UNSUPPORTED names what it is instead). The caller releases `ret` after 0. */
int oci_manifest_parse(const char *text, size_t len, struct oci_manifest *ret, struct err *err);

/* The same for any manifest, artifacts and attestations too: config and layers are blobs of whatever types, at most
 * OCI_LAYERS_MAX of them. For copying and keeping what is not run. */
int oci_manifest_parse_any(const char *text, size_t len, struct oci_manifest *ret, struct err *err);
void oci_manifest_release(struct oci_manifest *m);
#define _cleanup_manifest_ _cleanup_(oci_manifest_release)

int oci_index_parse(const char *text, size_t len, struct oci_index *ret, struct err *err);
void oci_index_release(struct oci_index *index);
#define _cleanup_index_ _cleanup_(oci_index_release)

/* Whether a media type is that of an index. */
bool oci_media_is_index(const char *media_type);

/* The entry that suits `wanted` best, the first of equals; it stays the index's. Attestations and other entries for no
 * real platform are passed over. ERR_NOT_FOUND names the platforms that there are. */
int oci_index_select(const struct oci_index *index, const struct oci_platform *wanted,
                     const struct oci_descriptor **ret, struct err *err);

/* How the tar of a layer is packed, by its media type. Unpacking looks at the bytes instead; this is for showing and
 * for writing. */
enum oci_compression {
    OCI_COMPRESSION_NONE,
    OCI_COMPRESSION_GZIP,
    OCI_COMPRESSION_ZSTD,
};

struct oci_layer_kind {
    enum oci_compression compression;
    bool foreign; /* "nondistributable": a registry may not have it */
};

/* ERR_UNSUPPORTED for a media type that is no layer's. */
int oci_layer_classify(const char *media_type, struct oci_layer_kind *ret, struct err *err);
