/* SPDX-License-Identifier: MIT */
#include "shim/command/program/privileges.h"
#include <endian.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>

/*
 * Names out of the files themselves: getpwuid asks modules of the libc that is installed, which a static command may
 * not have been made for.
 */
static void name_user(uid_t uid, char name[64])
{
    static char root_name[] = "root";
    static const struct passwd root = {.pw_name = root_name};
    FILE *file = uid == 0 ? NULL : fopen("/etc/passwd", "re");
    const struct passwd *entry = uid == 0 ? &root : NULL;

    snprintf(name, 64, "%u", (unsigned)uid);
    while (file && (entry = fgetpwent(file)) != NULL && entry->pw_uid != uid)
        ;
    if (entry)
        snprintf(name, 64, "%s", entry->pw_name);
    if (file)
        fclose(file);
}

static void name_group(gid_t gid, char name[64])
{
    FILE *file = fopen("/etc/group", "re");
    const struct group *entry = NULL;

    snprintf(name, 64, "%u", (unsigned)gid);
    while (file && (entry = fgetgrent(file)) != NULL && entry->gr_gid != gid)
        ;
    if (entry)
        snprintf(name, 64, "%s", entry->gr_name);
    if (file)
        fclose(file);
}

/*
 * The attribute of capabilities(7). The loader goes into its secure mode when they raise the
 * permitted set or are effective (cap_bprm_creds_from_file); inheritable ones alone do not.
 */
static void read_capabilities(struct lg_privileges *privileges, int fd)
{
    struct vfs_ns_cap_data data;
    ssize_t got;
    uint32_t revision;

    memset(&data, 0, sizeof(data));
    got = fgetxattr(fd, "security.capability", &data, sizeof(data));
    if (got < (ssize_t)XATTR_CAPS_SZ_1)
        return;
    revision = le32toh(data.magic_etc) & VFS_CAP_REVISION_MASK;
    privileges->capabilities = le32toh(data.data[0].permitted);
    if (revision != VFS_CAP_REVISION_1 && got >= (ssize_t)XATTR_CAPS_SZ_2)
        privileges->capabilities |= (uint64_t)le32toh(data.data[1].permitted) << 32;
    privileges->has_capabilities =
        privileges->capabilities != 0 || (le32toh(data.magic_etc) & VFS_CAP_FLAGS_EFFECTIVE) != 0;
}

void lg_privileges_read(struct lg_privileges *privileges, int fd, const struct stat *status)
{
    struct statvfs mounted;

    if (status->st_mode & S_ISUID)
        name_user(status->st_uid, privileges->setuid_owner);
    /* without the group's x the bit means something else: inode(7) */
    if ((status->st_mode & S_ISGID) && (status->st_mode & S_IXGRP))
        name_group(status->st_gid, privileges->setgid_group);
    read_capabilities(privileges, fd);
    privileges->nosuid = fstatvfs(fd, &mounted) == 0 && (mounted.f_flag & ST_NOSUID);
}

bool lg_privileges_any(const struct lg_privileges *privileges)
{
    return privileges->setuid_owner[0] || privileges->setgid_group[0] || privileges->has_capabilities;
}

void lg_capability_put(FILE *file, unsigned number)
{
    /* capability.h of the kernel by number; the manual is capabilities(7) */
    const char *name = "chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap "
                       "linux_immutable net_bind_service net_broadcast net_admin net_raw ipc_lock ipc_owner "
                       "sys_module sys_rawio sys_chroot sys_ptrace sys_pacct sys_admin sys_boot sys_nice "
                       "sys_resource sys_time sys_tty_config mknod lease audit_write audit_control setfcap "
                       "mac_override mac_admin syslog wake_alarm block_suspend audit_read perfmon bpf "
                       "checkpoint_restore";

    for (unsigned i = 0; i < number && *name; i++) {
        name += strcspn(name, " ");
        name += strspn(name, " ");
    }
    if (*name)
        fprintf(file, "cap_%.*s", (int)strcspn(name, " "), name);
    else
        fprintf(file, "%u", number);
}
