/* The words of mount(8) as the kernel's bits. */
#include "runtime/plan.h"

#include "base/strv.h"
#include "sys/path.h"

#include <stdio.h>
#include <sys/mount.h>

#ifndef MS_LAZYTIME
#define MS_LAZYTIME (1 << 25)
#endif

enum { SETS = 1, CLEARS = 2, ATIME = 4 };

/* Words for one mount; with an "r" before them for all below it as well. That of atime is a field of bits: each clears
 * the others, and without any it is relatime. */
static const struct attribute_word {
    const char *name;
    uint64_t bits;
    int does;
} attribute_words[] = {
    {"ro", MOUNT_ATTR_RDONLY, SETS},
    {"rw", MOUNT_ATTR_RDONLY, CLEARS},
    {"nosuid", MOUNT_ATTR_NOSUID, SETS},
    {"suid", MOUNT_ATTR_NOSUID, CLEARS},
    {"nodev", MOUNT_ATTR_NODEV, SETS},
    {"dev", MOUNT_ATTR_NODEV, CLEARS},
    {"noexec", MOUNT_ATTR_NOEXEC, SETS},
    {"exec", MOUNT_ATTR_NOEXEC, CLEARS},
    {"nodiratime", MOUNT_ATTR_NODIRATIME, SETS},
    {"diratime", MOUNT_ATTR_NODIRATIME, CLEARS},
    {"nosymfollow", MOUNT_ATTR_NOSYMFOLLOW, SETS},
    {"symfollow", MOUNT_ATTR_NOSYMFOLLOW, CLEARS},
    {"relatime", MOUNT_ATTR_RELATIME, ATIME},
    {"noatime", MOUNT_ATTR_NOATIME, ATIME},
    {"strictatime", MOUNT_ATTR_STRICTATIME, ATIME},
    {"norelatime", MOUNT_ATTR_RELATIME, ATIME},
    {"atime", MOUNT_ATTR_RELATIME, ATIME},
    {"nostrictatime", MOUNT_ATTR_RELATIME, ATIME},
};

/* Words for the file system. */
static const struct {
    const char *name;
    unsigned long set, clear;
} flag_words[] = {
    {"defaults", 0, 0},
    {"sync", MS_SYNCHRONOUS, 0},
    {"async", 0, MS_SYNCHRONOUS},
    {"dirsync", MS_DIRSYNC, 0},
    {"mand", MS_MANDLOCK, 0},
    {"nomand", 0, MS_MANDLOCK},
    {"lazytime", MS_LAZYTIME, 0},
    {"nolazytime", 0, MS_LAZYTIME},
    {"iversion", MS_I_VERSION, 0},
    {"noiversion", 0, MS_I_VERSION},
    {"silent", MS_SILENT, 0},
    {"loud", 0, MS_SILENT},
    {"acl", MS_POSIXACL, 0},
    {"noacl", 0, MS_POSIXACL},
    {"remount", MS_REMOUNT, 0},
};

static const struct {
    const char *name;
    unsigned long flag;
    bool recursive;
} propagation_words[] = {
    {"private", MS_PRIVATE, false},       {"rprivate", MS_PRIVATE, true},       {"slave", MS_SLAVE, false},
    {"rslave", MS_SLAVE, true},           {"shared", MS_SHARED, false},         {"rshared", MS_SHARED, true},
    {"unbindable", MS_UNBINDABLE, false}, {"runbindable", MS_UNBINDABLE, true},
};

/* mount(8): a directory of the source in its place. */
#define SUBDIR "X-mount.subdir="

/* And those with a code of their own, below. */
static const char *const other_words[] = {"bind", "rbind", "idmap", "ridmap", "tmpcopyup"};

static bool take_word(const char *word, uint64_t *set, uint64_t *clear)
{
    for (size_t i = 0; i < ARRAY_SIZE(attribute_words); i++) {
        const struct attribute_word *w = &attribute_words[i];

        if (strcmp(w->name, word) != 0)
            continue;
        if (w->does == ATIME) {
            *set = (*set & ~(uint64_t)MOUNT_ATTR__ATIME) | w->bits;
            *clear |= MOUNT_ATTR__ATIME;
        } else {
            *set = w->does == SETS ? *set | w->bits : *set & ~w->bits;
            *clear = w->does == CLEARS ? *clear | w->bits : *clear & ~w->bits;
        }
        return true;
    }
    return false;
}

static bool take_attribute(const char *word, struct plan_mount *m)
{
    return take_word(word, &m->set, &m->clear) || (*word == 'r' && take_word(word + 1, &m->set_below, &m->clear_below));
}

static bool take_flag(const char *word, struct plan_mount *m)
{
    for (size_t i = 0; i < ARRAY_SIZE(flag_words); i++)
        if (strcmp(flag_words[i].name, word) == 0) {
            m->flags = (m->flags & ~flag_words[i].clear) | flag_words[i].set;
            return true;
        }
    return false;
}

bool plan_parse_propagation(const char *word, unsigned long *ret, bool *ret_recursive)
{
    for (size_t i = 0; i < ARRAY_SIZE(propagation_words); i++)
        if (strcmp(propagation_words[i].name, word) == 0) {
            *ret = propagation_words[i].flag;
            *ret_recursive = propagation_words[i].recursive;
            return true;
        }
    return false;
}

static bool take_other(const char *word, struct plan_mount *m, bool *bind)
{
    if (str_eq(word, "bind") || str_eq(word, "rbind")) {
        *bind = true;
        m->recursive |= *word == 'r';
    } else if (str_eq(word, "idmap") || str_eq(word, "ridmap")) {
        m->map = true;
        m->map_recursive |= *word == 'r';
    } else if (str_eq(word, "tmpcopyup")) {
        m->copy_up = true;
    } else if (str_after(word, SUBDIR)) {
        m->subdir = str_after(word, SUBDIR);
    } else {
        return false;
    }
    return true;
}

static int check_mount(const struct oci_mount *m, const struct plan_step *step, bool bind, struct err *err)
{
    _cleanup_free_ char *target = path_clean(step->target);
    bool remount = step->mount.flags & MS_REMOUNT;

    if (strcmp(target, "/") == 0)
        return err_set(err, ERR_INVALID, "destination: nothing can be mounted on the root");
    if (bind && !remount && str_empty(m->source))
        return err_set(err, ERR_INVALID, "source: missing, and it is a bind mount");
    if (bind && !remount && *step->source != '/')
        return err_set(err, ERR_INVALID, "source: \"%s\" is not an absolute path", m->source);
    if (bind && step->mount.data)
        return err_set(err, ERR_INVALID, "options: no such option of a bind mount: \"%s\"", step->mount.data[0]);
    if (!bind && !remount && str_empty(m->type))
        return err_set(err, ERR_INVALID, "type: missing, and it is no bind mount");
    if (step->mount.copy_up && (bind || !str_eq(m->type, "tmpfs")))
        return err_set(err, ERR_INVALID, "options: tmpcopyup is for a tmpfs alone");
    return 0;
}

int plan_parse_mount(const struct oci_mount *m, const char *bundle, struct plan *p, struct plan_step *step,
                     struct err *err)
{
    bool bind = m->type && strcmp(m->type, "bind") == 0;

    STRV_FOREACH (o, m->options)
        if (!take_other(*o, &step->mount, &bind) && !take_attribute(*o, &step->mount) && !take_flag(*o, &step->mount) &&
            !plan_parse_propagation(*o, &step->mount.propagation, &step->mount.propagate_recursive))
            strv_add(&step->mount.data, *o);
    if (m->uid_mappings.n > 0) {
        step->mount.map = true;
        step->mount.uids = &m->uid_mappings;
        step->mount.gids = &m->gid_mappings;
    }
    step->type = m->type;
    step->source = m->source ? m->source : m->type;
    step->op = bind ? PLAN_BIND : PLAN_MOUNT;
    if (step->mount.flags & MS_REMOUNT)
        step->op = bind ? PLAN_CHANGE : PLAN_REMOUNT;
    else if (bind && !str_empty(m->source) && *m->source != '/' && !str_empty(bundle))
        step->source = plan_keep(p, str_printf("%s/%s", bundle, m->source));
    return check_mount(m, step, bind, err);
}

char **plan_mount_options(void)
{
    char **list = NULL;

    for (size_t i = 0; i < ARRAY_SIZE(attribute_words); i++) {
        strv_add(&list, attribute_words[i].name);
        strv_addf(&list, "r%s", attribute_words[i].name);
    }
    for (size_t i = 0; i < ARRAY_SIZE(flag_words); i++)
        strv_add(&list, flag_words[i].name);
    for (size_t i = 0; i < ARRAY_SIZE(propagation_words); i++)
        strv_add(&list, propagation_words[i].name);
    for (size_t i = 0; i < ARRAY_SIZE(other_words); i++)
        strv_add(&list, other_words[i]);
    strv_sort(list);
    return list;
}
