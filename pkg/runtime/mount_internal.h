/* The calls of the new mount API, which <sys/mount.h> and <linux/mount.h> cannot declare together everywhere; not for
 * use outside of mount*.c. */
#pragma once

#include "runtime/mount.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <stdio.h>
#include <sys/syscall.h>

/* What is used of <sys/mount.h>. */
int mount(const char *source, const char *target, const char *type, unsigned long flags, const void *data);

#ifndef MS_REC
#define MS_RDONLY      1
#define MS_NOSUID      2
#define MS_NODEV       4
#define MS_NOEXEC      8
#define MS_SYNCHRONOUS 16
#define MS_REMOUNT     32
#define MS_MANDLOCK    64
#define MS_DIRSYNC     128
#define MS_NOSYMFOLLOW 256
#define MS_NOATIME     1024
#define MS_NODIRATIME  2048
#define MS_BIND        4096
#define MS_REC         16384
#define MS_SILENT      32768
#define MS_POSIXACL    (1 << 16)
#define MS_RELATIME    (1 << 21)
#define MS_I_VERSION   (1 << 23)
#define MS_STRICTATIME (1 << 24)
#define MS_LAZYTIME    (1 << 25)
#endif

enum { FD_PATH_MAX = 32 };

static inline const char *fd_path(int fd, char out[FD_PATH_MAX])
{
    snprintf(out, FD_PATH_MAX, "/proc/self/fd/%d", fd);
    return out;
}

static inline int sys_fsopen(const char *type)
{
    return (int)syscall(SYS_fsopen, type, FSOPEN_CLOEXEC);
}

static inline int sys_fsconfig(int fs, unsigned command, const char *key, const char *value)
{
    return (int)syscall(SYS_fsconfig, fs, command, key, value, 0);
}

static inline int sys_move(int from, int target)
{
    return (int)syscall(SYS_move_mount, from, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

static inline int sys_setattr(int fd, unsigned flags, const struct mount_attr *attr)
{
    return (int)syscall(SYS_mount_setattr, fd, "", flags | AT_EMPTY_PATH, attr, sizeof(*attr));
}

/* mount_new(), mount_bind(), mount_change() by mount(2): mount_classic.c. */
int classic_new(int target, const char *type, const char *source, const struct plan_mount *how, int *ret_root);
int classic_bind(int dirfd, const char *source, int target, const struct plan_mount *how);
int classic_change(int target, const struct plan_mount *how);

/* What the kernel has to say beyond an errno, from the file system's context; "" if nothing. */
void mount_read_said(int fs, char said[MOUNT_SAID_MAX]);

/* Makes the configured file system, mounted nowhere yet: its root, or -errno. */
int mount_make(int fs, uint64_t attributes);
