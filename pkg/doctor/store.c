/* Where images and containers lie: may we write there, is there room, what can the file system do. */
#include "doctor/internal.h"

#include "base/num.h"
#include "store/store.h"
#include "sys/dir.h"
#include "sys/fd.h"
#include "sys/path.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

enum { MIB = 1 << 20 };

/* ---- the directories ---- */

static bool look_at_place(const char *path, const char *option, doctor_findings *ret)
{
    _cleanup_free_ char *there = doctor_existing(path), *remedy = str_printf("cbox --%s DIRECTORY ...", option);
    _cleanup_free_ char *missing = NULL;
    const char *why;
    struct stat st;

    if (stat(there, &st) == 0 && !S_ISDIR(st.st_mode)) {
        doctor_means(doctor_say(ret, DOCTOR_FAILURE, "%s is no directory", there), "nothing can be kept there", remedy);
        return false;
    }
    if (access(there, W_OK | X_OK) == 0)
        return true;
    why = strerror(errno);
    if (!str_eq(path, there))
        missing = str_printf("%s cannot be made: ", path);
    doctor_means(doctor_say(ret, DOCTOR_FAILURE, "%s%s cannot be written: %s", missing ? missing : "", there, why),
                 "images cannot be pulled, and containers not be made", remedy);
    return false;
}

static size_t count_unfinished(const char *root)
{
    static const char *const places[] = {"layers", "trash"}; /* where such things lie, and none themselves */
    _cleanup_free_ char *tmp = str_printf("%s/tmp", root);
    _cleanup_fd_ int fd = open(tmp, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    _cleanup_strv_ char **names = NULL;
    size_t n = 0;

    if (fd < 0 || dir_names(fd, &names) < 0)
        return 0;
    STRV_FOREACH (name, names) {
        bool place = false;

        for (size_t i = 0; i < ARRAY_SIZE(places); i++)
            place |= str_eq(*name, places[i]);
        n += !place;
    }
    return n;
}

void doctor_store(const struct doctor_host *host, doctor_findings *ret)
{
    _cleanup_free_ char *format = str_printf("%s/format", host->root);
    _cleanup_(store_free_cleanup) struct store *s = NULL;
    bool usable = look_at_place(host->root, "root", ret);
    struct err why = ERR_INIT;
    size_t unfinished;

    if (!look_at_place(host->state, "state", ret) || !usable)
        return;
    if (access(format, F_OK) < 0) {
        doctor_say(ret, DOCTOR_OK, "%s: nothing is there yet", host->root);
        return;
    }
    if (store_open(host->root, host->state, &s, &why) < 0) {
        doctor_say_error(ret, DOCTOR_FAILURE, &why, "no image and no container of it can be used", NULL);
        return;
    }
    unfinished = count_unfinished(host->root);
    if (unfinished)
        doctor_means(doctor_say(ret, DOCTOR_NOTE, "%s/tmp: %zu unfinished", host->root, unfinished),
                     "somebody works on it, or was killed: then the next pull goes on with it, or a prune removes it",
                     "cbox system check");
    else
        doctor_say(ret, DOCTOR_OK, "%s and %s can be used", host->root, host->state);
}

/* ---- room ---- */

void doctor_judge_room(const char *path, const struct doctor_room *room, doctor_findings *ret)
{
    static const struct {
        uint64_t bytes, files;
        enum doctor_verdict verdict;
        const char *meaning;
    } least[] = {
        {64 * MIB, 500, DOCTOR_FAILURE, "pulls and builds fail, and programs in containers find the disk full"},
        {1024ULL * MIB, 20000, DOCTOR_WARNING, "an image or two more, and it is full"},
    };
    char size[NUM_TEXT_MAX], total[NUM_TEXT_MAX];

    num_format_size((int64_t)MIN_OF(room->bytes, (uint64_t)INT64_MAX), size);
    num_format_size((int64_t)MIN_OF(room->total_bytes, (uint64_t)INT64_MAX), total);
    for (size_t i = 0; i < ARRAY_SIZE(least); i++) {
        bool files = room->total_files && room->files < least[i].files;

        if (room->bytes >= least[i].bytes && !files)
            continue;
        if (room->bytes < least[i].bytes)
            doctor_means(doctor_say(ret, least[i].verdict, "%s: %s of %s are free", path, size, total),
                         least[i].meaning, "cbox system prune -a");
        if (files)
            doctor_means(doctor_say(ret, least[i].verdict, "%s: room for %llu files more of %llu", path,
                                    (unsigned long long)room->files, (unsigned long long)room->total_files),
                         least[i].meaning, "cbox system prune -a");
        return;
    }
    doctor_say(ret, DOCTOR_OK, "%s: %s of %s are free", path, size, total);
}

void doctor_space(const struct doctor_host *host, doctor_findings *ret)
{
    const char *const paths[] = {host->root, host->state};
    unsigned long first = 0;

    for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
        _cleanup_free_ char *there = doctor_existing(paths[i]);
        struct statvfs fs;

        if (statvfs(there, &fs) < 0)
            doctor_say(ret, DOCTOR_NOTE, "%s: not looked at: %s", there, strerror(errno));
        else if (!i)
            doctor_judge_room(
                there,
                &(struct doctor_room){fs.f_bavail * fs.f_frsize, fs.f_blocks * fs.f_frsize, fs.f_favail, fs.f_files},
                ret);
        else if (fs.f_fsid != first && fs.f_bavail * fs.f_frsize < MIB) /* it takes next to nothing */
            doctor_means(doctor_say(ret, DOCTOR_FAILURE, "%s: less than a megabyte is free", there),
                         "containers do not start", NULL);
        first = i ? first : fs.f_fsid;
    }
}

/* ---- the file system ---- */

static const struct {
    long magic;
    const char *name;
    bool remote;
} systems[] = {
    {EXT4_SUPER_MAGIC, "ext4", false},
    {XFS_SUPER_MAGIC, "xfs", false},
    {BTRFS_SUPER_MAGIC, "btrfs", false},
    {TMPFS_MAGIC, "tmpfs", false},
    {OVERLAYFS_SUPER_MAGIC, "overlay", false},
    {F2FS_SUPER_MAGIC, "f2fs", false},
    {0x2fc12fc1, "zfs", false},
    {NFS_SUPER_MAGIC, "nfs", true},
    {(long)0xff534d42, "cifs", true},
    {FUSE_SUPER_MAGIC, "fuse", true},
    {V9FS_MAGIC, "9p", true},
    {MSDOS_SUPER_MAGIC, "vfat", false},
    {CEPH_SUPER_MAGIC, "ceph", true},
};

static size_t find_system(const char *path)
{
    struct statfs fs;
    size_t i = 0;

    if (statfs(path, &fs) < 0)
        return ARRAY_SIZE(systems);
    while (i < ARRAY_SIZE(systems) && systems[i].magic != (long)fs.f_type)
        i++;
    return i;
}

static const char move_it[] = "cbox --root DIRECTORY ... (on ext4, xfs or btrfs; or \"root\" in the configuration)";

static bool tells_types(int dir)
{
    _cleanup_dir_ DIR *d = dir_open(dir, ".");
    bool all = d;

    for (struct dirent *e; d && (e = readdir(d));)
        all &= e->d_type != DT_UNKNOWN;
    return all;
}

static bool shares_blocks(int dir, int from)
{
    _cleanup_fd_ int to = openat(dir, "clone", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    return to >= 0 && ioctl(to, FICLONE, from) == 0;
}

void doctor_files(const struct doctor_host *host, doctor_findings *ret)
{
    _cleanup_scratch_ struct doctor_scratch dir = DOCTOR_SCRATCH_NONE;
    const char *attribute = geteuid() == 0 ? "trusted.overlay.origin" : "user.overlay.origin", *name = "file system";
    _cleanup_fd_ int file = -1;
    struct err why = ERR_INIT;
    size_t before = ret->n, system;

    if (doctor_scratch_make(host, &dir, &why) < 0) {
        doctor_say_error(ret, DOCTOR_NOTE, &why, "not looked at: nothing can be written there", NULL);
        return;
    }
    system = find_system(dir.place);
    name = system < ARRAY_SIZE(systems) ? systems[system].name : name;
    file = openat(dir.fd, "file", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0 || fd_write_all(file, "cbox", 4) < 0) {
        err_errno(&why, errno, "%s: writing a file", dir.place);
        doctor_say_error(ret, DOCTOR_FAILURE, &why, "nothing can be kept there", move_it);
        return;
    }
    if (!tells_types(dir.fd))
        doctor_means(doctor_say(ret, DOCTOR_FAILURE, "%s: %s does not tell types of files (d_type)", dir.place, name),
                     "overlays show deleted files", move_it);
    if (fsetxattr(file, attribute, "cbox", 4, 0) < 0)
        doctor_means(doctor_say(ret, DOCTOR_FAILURE, "%s: %s keeps no extended attributes: %s", dir.place, name,
                                strerror(errno)),
                     "layers cannot be unpacked as they are", move_it);
    if (system < ARRAY_SIZE(systems) && systems[system].remote)
        doctor_means(doctor_say(ret, DOCTOR_WARNING, "%s: %s is not of this machine", dir.place, name),
                     "locks may not hold between processes, and overlays not be written to", move_it);
    if (ret->n == before)
        doctor_say(ret, DOCTOR_OK, "%s: %s, with types of files and extended attributes%s", dir.place, name,
                   shares_blocks(dir.fd, file) ? ", copies share blocks" : "");
}

/* ---- overlay ---- */

static int put_file(const char *path, struct err *err)
{
    _cleanup_fd_ int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

    return fd < 0 ? err_errno(err, errno, "%s in an overlay", path) : 0;
}

/* What a container does: reads what is below, writes beside it, deletes. The last leaves a mark in the upper directory,
 * without which the file would be there again at the next start. */
static int use_overlay(struct err *err)
{
    struct stat st = {0};
    int r = put_file("merged/written", err);

    if (r == 0 && (unlink("merged/below") < 0 || access("merged/below", F_OK) == 0))
        r = err_errno(err, errno, "deleting a file in an overlay");
    if (r == 0 && (lstat("upper/below", &st) < 0 || (S_ISCHR(st.st_mode) && st.st_rdev != makedev(0, 0))))
        r = err_errno(err, errno, "an overlay's mark of a deleted file");
    return r;
}

#define OVERLAY "lowerdir=lower,upperdir=upper,workdir=work"

static int try_overlay(void *data, struct err *err)
{
    static const char *const dirs[] = {"lower", "upper", "work", "merged"};
    const struct doctor_scratch *dir = data;
    int r;

    if (chdir(dir->path) < 0) /* a descriptor would lead to the mounts that this process had before */
        return err_errno(err, errno, "%s", dir->path);
    for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
        if (mkdir(dirs[i], 0755) < 0)
            return err_errno(err, errno, "%s/%s", dir->path, dirs[i]);
    r = put_file("lower/below", err);
    if (r < 0)
        return r;
    if (mount("overlay", "merged", "overlay", 0, dir->plain ? OVERLAY ",userxattr" : OVERLAY) < 0) {
        r = err_errno(err, errno, "an overlay in %s", dir->place);
        return errno == ENODEV ? err_hint(err, "modprobe overlay") : r;
    }
    r = use_overlay(err);
    umount2("merged", MNT_DETACH);
    return r;
}

void doctor_overlay(const struct doctor_host *host, doctor_findings *ret)
{
    _cleanup_scratch_ struct doctor_scratch dir = DOCTOR_SCRATCH_NONE;
    struct err why = ERR_INIT;

    if (doctor_scratch_make(host, &dir, &why) < 0) {
        doctor_say_error(ret, DOCTOR_NOTE, &why, "not looked at: nothing can be written there", NULL);
        return;
    }
    if (doctor_try(CLONE_NEWNS, try_overlay, &dir, &why) == 0)
        doctor_say(ret, DOCTOR_OK, "%s: one was mounted, written to and deleted from", dir.place);
    else if (geteuid() != 0 && why.kind == ERR_PERMISSION)
        doctor_say_unseen(ret, "overlays", &why);
    else
        doctor_say_error(ret, DOCTOR_FAILURE, &why, "containers do not start", *why.hint ? NULL : move_it);
}
