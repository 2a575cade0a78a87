/*
 * load.h: a closed loop: `window` requests are outstanding, each answer lets one more go.
 */
#ifndef MCPO_BENCH_LOAD_H
#define MCPO_BENCH_LOAD_H

#include "peer.h"

struct load {
    const char *tool;
    size_t text_bytes; /* of the text that each answer must contain */
    bool annotated;    /* an answer may have more fields (a cache hit): its text is checked alone */
    size_t calls;
    unsigned window;
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
