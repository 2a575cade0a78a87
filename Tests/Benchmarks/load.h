/*
 * load.h: a closed loop: `window` requests are outstanding, each answer lets one more go; or, with
 * a key for each batch, the whole window at once, and the next when all of it is answered.
 */
#ifndef MCPO_BENCH_LOAD_H
#define MCPO_BENCH_LOAD_H

#include "peer.h"

/* The argument "key" of a call, which says which calls are equal. */
enum keys {
    NO_KEYS,     /* other arguments, the same for all calls; the answer is compared byte by byte */
    ONE_KEY,     /* load.key */
    UNIQUE_KEYS, /* the call's id */
    BATCH_KEYS,  /* one for each `window` calls, which are sent at once */
    CHOSEN_KEYS  /* load.chosen, by call */
};

struct load {
    const char *tool;
    size_t text_bytes; /* of the text that each answer must contain */
    size_t calls;
    unsigned window;
    enum keys keys; /* with keys, only an answer's text is checked: a cache may add fields */
    uint64_t key;
    const uint32_t *chosen;
    bool half;        /* as long a pause after each window as that took: half of the peak */
    unsigned servers; /* the tools s00__TOOL, s01__TOOL … in turn; 0: TOOL alone */
};

struct load_result {
    double calls_per_second;
    double p50_ns, p99_ns; /* from before the request's write() to after its answer's read() */
    double cpu_own_ns, cpu_tree_ns; /* per call: the command itself; it and all below it */
    double cpu_meter_ns;            /* per call: this program, to see that the meter is light */
};

/* False on the first wrong, repeated or missing answer; the sentence is in peer->fault. */
bool load_run(struct peer *peer, const struct load *load, struct load_result *result);

#endif
