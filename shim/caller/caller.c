/* SPDX-License-Identifier: MIT */
#include "shim/caller/caller.h"

#include <fcntl.h>
#include <string.h>

#include "shim/base/safe_read.h"
#include "shim/base/sys.h"
#include "shim/caller/maps.h"
#include "shim/caller/module.h"
#include "shim/caller/unwind.h"

#define MAPS_READ_BYTES 512
#define OFFSET_DIGITS   (2 * sizeof(uintptr_t))

static const char deleted[] = " (deleted)";

/*
 * The program, where it is not what /proc/self/exe names: the loader was started by hand (ld.so PROGRAM), and is the
 * executable. Otherwise empty.
 */
static struct lg_text started_by_loader;

void lg_caller_load(uintptr_t program_headers, size_t count, uintptr_t base, const char *execfn)
{
    lg_module_load(program_headers, count);
    if (program_headers != 0 && base == 0 && execfn != NULL)
        started_by_loader = (struct lg_text){execfn, strlen(execfn)};
}

void lg_frames_collect(struct lg_frames *frames, uintptr_t first, unsigned wanted)
{
    frames->count = wanted == 0 ? 0 : 1;
    frames->address[0] = first;
    if (wanted > 1)
        frames->count = lg_unwind(frames->address, wanted > LG_CALLERS_MAX ? LG_CALLERS_MAX : wanted);
}

/* Appends +0xOFFSET to the `length` bytes of the module's path. */
static size_t append_offset(char *out, size_t length, size_t size, uintptr_t offset)
{
    char digits[OFFSET_DIGITS];
    size_t count = 0;

    do {
        digits[count++] = "0123456789abcdef"[offset & 15];
        offset >>= 4;
    } while (offset != 0);
    if (size - length < count + 3)
        return 0;
    memcpy(out + length, "+0x", 3);
    length += 3;
    while (count > 0)
        out[length++] = digits[--count];
    return length;
}

static size_t name_by_loader(const struct lg_module *module, uintptr_t call, struct lg_text exe, char *out, size_t size)
{
    struct lg_text path = exe;

    if (module->name == NULL)
        return 0;
    if (module->name[0] != '\0')
        path = (struct lg_text){module->name, strlen(module->name)};
    else if (started_by_loader.length_bytes > 0)
        path = started_by_loader;
    if (path.length_bytes == 0 || path.length_bytes > size)
        return 0;
    memcpy(out, path.at, path.length_bytes);
    return append_offset(out, path.length_bytes, size, call - module->bias);
}

static bool search_maps(struct lg_maps *maps)
{
    char text[MAPS_READ_BYTES];
    long got;
    int fd = lg_sys_open("/proc/self/maps", O_RDONLY, 0);

    if (fd < 0)
        return false;
    do {
        got = lg_sys_read(fd, text, sizeof text);
    } while (got > 0 && lg_maps_feed(maps, text, (size_t)got));
    lg_sys_close(fd);
    return maps->found;
}

/* The kernel appends this to the path of a file that was removed. A file that is there may be named so. */
static size_t without_deleted(char *path, size_t length, size_t size)
{
    size_t suffix = sizeof deleted - 1;
    struct lg_file_id id;

    if (length <= suffix || memcmp(path + length - suffix, deleted, suffix) != 0)
        return length;
    if (length < size) {
        path[length] = '\0';
        if (lg_sys_stat(path, &id) == 0)
            return length;
    }
    return length - suffix;
}

static size_t name_by_maps(uintptr_t call, char *out, size_t size)
{
    struct lg_safe_pages pages = {0};
    struct lg_maps maps;
    uintptr_t bias;

    lg_maps_init(&maps, call, out, size);
    if (!search_maps(&maps) || maps.path_bytes == 0 || !maps.line.executable ||
        !lg_module_bias(&pages, (uintptr_t)maps.file.number[LG_MAPS_START], (uintptr_t)maps.file.number[LG_MAPS_END],
                        &bias))
        return 0;
    return append_offset(out, without_deleted(out, maps.path_bytes, size), size, call - bias);
}

size_t lg_caller_name(uintptr_t return_address, struct lg_text exe, char *out, size_t size)
{
    uintptr_t call = return_address - 1;
    struct lg_module module;

    if (!lg_module_can_find())
        return name_by_maps(call, out, size);
    if (!lg_module_find(&module, call))
        return 0;
    return name_by_loader(&module, call, exe, out, size);
}
