/* Preloaded into a benchmark's PostgreSQL: every fdatasync takes FLEET_FLUSH_US microseconds more.
 *
 * A disk has moods: the same machine flushes in 50 us for an hour and in 3 ms the next. Ratios measured in different
 * moods say nothing, so the benchmark's server keeps its data on a fast file system and pays a fixed price a flush. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

static int (*next_fdatasync)(int);
static long extra_us = -1;

int fdatasync(int fd) {
    if (extra_us < 0) {
        const char *text = getenv("FLEET_FLUSH_US");
        extra_us = text ? strtol(text, NULL, 10) : 0;
        next_fdatasync = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    }
    if (extra_us > 0) {
        struct timespec pause = {extra_us / 1000000, (extra_us % 1000000) * 1000};
        nanosleep(&pause, NULL);
    }
    return next_fdatasync(fd);
}
