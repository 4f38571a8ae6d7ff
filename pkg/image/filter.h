/* Which images are meant: Docker's --filter of `images` and the prune commands.
 *
 *     dangling=true|false   without a tag, or with one
 *     label=NAME[=VALUE]    in the config; label!=… not there. Several: all of them
 *     before=IMAGE          created before that image; since=IMAGE after it
 *     until=TIME            created before that time (time_parse_point())
 *     reference=PATTERN     "name" or "name:tag" in short form, with * ? [] within a component. Several: one of them
 */
#pragma once

#include "image/image.h"

struct image_filter {
    int dangling; /* -1: either */
    char **labels, **labels_without, **references;
    int64_t before, since, until; /* 0: any */
};

enum image_filter_for {
    IMAGE_FILTER_LIST,
    IMAGE_FILTER_PRUNE, /* dangling, label, label!, until */
};

/* Reads "name=value" words; `s` may be NULL where there is no store. ERR_INVALID (`invalid filter 'x'`), ERR_NOT_FOUND
 * for the image of before and since. The caller releases `ret` in any case. */
int image_filter_parse(struct store *s, char *const *words, enum image_filter_for what, struct image_filter *ret,
                       struct err *err);
void image_filter_release(struct image_filter *f);
#define _cleanup_image_filter_ _cleanup_(image_filter_release)

/* A pattern more of `references`, as users give it to `images`: long forms are understood as well. */
void image_filter_add_reference(struct image_filter *f, const char *pattern);

/* Whether the labels (NAME=VALUE) are as the filter wants them: for what is no image. */
bool image_filter_labels(const struct image_filter *f, char *const *labels);

/* Whether no tag of the list leads to the image of the record. */
bool image_is_dangling(const struct store_tag_list *tags, const struct store_tag *t);

/* 1 where the record of the list is meant, 0 where not; reads the config only for labels. ERR_CORRUPT. */
int image_filter_match(struct store *s, const struct image_filter *f, const struct store_tag_list *tags,
                       const struct store_tag *t, struct err *err);
