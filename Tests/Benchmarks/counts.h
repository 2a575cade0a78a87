/*
 * counts.h: how often the stub server has really executed each tool, read without a message.
 *
 * A question about it would pass through the proxy under test and might be answered from its cache.
 * So the numbers lie in a file that the meter (bench, peers/mistakes.py) makes and maps, and whose
 * path the stub is told (--counts PATH): one 64-bit number a tool, in the order of `enum tool`.
 * Some proxies start a server for each call, so the numbers are shared by all that run.
 */
#ifndef MCPO_BENCH_COUNTS_H
#define MCPO_BENCH_COUNTS_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum tool {
    TOOL_ECHO,
    TOOL_BIG,
    TOOL_SLOW,
    TOOL_SERIAL,
    TOOL_LOOKUP,
    TOOL_LOOKUP_BIG,
    TOOL_LOOKUP_SLOW,
    TOOL_LOOKUP_BROKEN,
    TOOL_GET_VALUE,
    TOOL_SET_VALUE,
    TOOL_LOOKUP_SERIAL,
    TOOLS
};

static const char *const tool_names[TOOLS] = {
    "echo",       "big",         "slow",          "serial",    "lookup",
    "lookup_big", "lookup_slow", "lookup_broken", "get_value", "set_value", "lookup_serial"};

/* TOOLS if there is none of this name. */
static inline enum tool tool_named(const char *name, size_t length) {
    unsigned tool = 0;
    while (tool < TOOLS &&
           (strlen(tool_names[tool]) != length || memcmp(tool_names[tool], name, length) != 0))
        tool++;
    return (enum tool)tool;
}

/* NULL, with errno, when that fails. The file is made long enough if it is too short. */
static inline uint64_t *counts_map(int file) {
    const size_t size = TOOLS * sizeof(uint64_t);
    off_t end = lseek(file, 0, SEEK_END);
    if (end < 0 || (end < (off_t)size && ftruncate(file, (off_t)size) < 0)) return NULL;
    void *page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    return page == MAP_FAILED ? NULL : page;
}

static inline void counts_add(uint64_t *counts, enum tool tool) {
    if (counts != NULL) __atomic_fetch_add(&counts[tool], 1, __ATOMIC_RELAXED);
}

static inline uint64_t counts_read(const uint64_t *counts, enum tool tool) {
    return __atomic_load_n(&counts[tool], __ATOMIC_RELAXED);
}

#endif
