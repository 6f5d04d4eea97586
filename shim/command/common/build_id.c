/* SPDX-License-Identifier: MIT */
#include "shim/command/common/build_id.h"
#include "policy/text.h"
#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEADERS_MAX    64u
#define NOTES_MAX      65536u
#define ID_BYTES_MAX   ((LG_BUILD_ID_ROOM - 1) / 2)
#define NATIVE_CLASS   (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32)
#define NATIVE_ORDER   (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB)
#define ALIGNED(bytes) (((bytes) + 3u) & ~3u)

static bool read_at(int fd, void *to, size_t bytes, uint64_t offset)
{
    return offset <= INT64_MAX && pread(fd, to, bytes, (off_t)offset) == (ssize_t)bytes;
}

static void put_hex(char *hex, const unsigned char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
}

/* Of one segment of notes. */
static bool find_in_notes(const unsigned char *notes, size_t bytes, char *hex)
{
    ElfW(Nhdr) note;

    for (size_t at = 0; bytes - at >= sizeof(note);) {
        size_t name, id, next;

        memcpy(&note, notes + at, sizeof(note));
        if (note.n_namesz > bytes || note.n_descsz > bytes)
            return false;
        name = at + sizeof(note);
        id = name + ALIGNED(note.n_namesz);
        next = id + ALIGNED(note.n_descsz);
        if (next > bytes)
            return false;
        if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && memcmp(notes + name, "GNU", 4) == 0) {
            if (note.n_descsz == 0 || note.n_descsz > ID_BYTES_MAX)
                return false;
            put_hex(hex, notes + id, note.n_descsz);
            return true;
        }
        at = next;
    }
    return false;
}

static bool find_in_file(int fd, char *hex)
{
    static unsigned char notes[NOTES_MAX];
    ElfW(Ehdr) header;
    ElfW(Phdr) segment;

    if (!read_at(fd, &header, sizeof(header), 0) || memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
        header.e_ident[EI_CLASS] != NATIVE_CLASS || header.e_ident[EI_DATA] != NATIVE_ORDER ||
        header.e_phentsize != sizeof(segment))
        return false;
    for (unsigned i = 0; i < header.e_phnum && i < HEADERS_MAX; i++) {
        if (!read_at(fd, &segment, sizeof(segment), header.e_phoff + i * sizeof(segment)))
            return false;
        if (segment.p_type == PT_NOTE && segment.p_filesz <= sizeof(notes) &&
            read_at(fd, notes, segment.p_filesz, segment.p_offset) && find_in_notes(notes, segment.p_filesz, hex))
            return true;
    }
    return false;
}

bool lg_build_id_read(struct lg_text path, char hex[LG_BUILD_ID_ROOM])
{
    char name[PATH_MAX];
    struct stat status;
    bool found;
    int fd;

    if (path.length_bytes == 0 || path.at[0] != '/' || path.length_bytes >= sizeof(name))
        return false;
    memcpy(name, path.at, path.length_bytes);
    name[path.length_bytes] = '\0';
    /* looked at before it is opened: to open a device may act */
    if (stat(name, &status) != 0 || !S_ISREG(status.st_mode))
        return false;
    fd = open(name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return false;
    found = fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && find_in_file(fd, hex);
    close(fd);
    return found;
}

bool lg_build_id_of_caller(struct lg_text caller, char hex[LG_BUILD_ID_ROOM])
{
    size_t end = caller.length_bytes;

    while (end > 0 && caller.at[end - 1] != '+')
        end--;
    return end > 0 && lg_build_id_read(lg_text_make(caller.at, end - 1), hex);
}
