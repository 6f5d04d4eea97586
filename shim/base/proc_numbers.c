/* SPDX-License-Identifier: MIT */
#include "shim/base/proc_numbers.h"

#include <fcntl.h>

#include "shim/base/names.h"
#include "shim/base/sys.h"

struct visit {
    lg_number_fn *each;
    void *context;
};

static bool to_number(const char *name, unsigned *number)
{
    *number = 0;
    if (*name == '\0')
        return false;
    for (; *name; name++) {
        if (*name < '0' || *name > '9')
            return false;
        *number = *number * 10 + (unsigned)(*name - '0');
    }
    return true;
}

static bool visit_name(void *context, const char *name)
{
    const struct visit *visit = context;
    unsigned number;

    return !to_number(name, &number) || visit->each(visit->context, number);
}

int lg_proc_numbers(const char *path, int *own, lg_number_fn *each, void *context)
{
    struct visit visit = {each, context};
    int fd = lg_sys_open(path, O_RDONLY | O_DIRECTORY, 0);
    int result;

    if (fd < 0)
        return fd;
    if (own)
        *own = fd;
    result = lg_names(fd, visit_name, &visit);
    lg_sys_close(fd);
    return result;
}
