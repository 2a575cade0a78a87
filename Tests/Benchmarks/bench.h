/*
 * bench.h: what the parts of the driver share: scenarios, configurations, and the measured numbers.
 *
 * A run measures SCENARIO × CONFIGURATION × REPETITION, and each of these cells holds a number for
 * each metric (NaN: not measured). What is printed is the median over repetitions of one metric, of
 * its ratio to, or its difference from, another configuration *in the same repetition*.
 */
#ifndef MCPO_BENCH_BENCH_H
#define MCPO_BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "crowd.h"
#include "load.h"

enum { CONFIGS_MAX = 32, REPETITIONS_MAX = 50, WORDS_MAX = 64 };

/* Times in µs (start-up and shutdown in ms), memory in bytes. */
enum metric {
    THROUGHPUT,
    LATENCY_P50,
    LATENCY_P99,
    CPU_TREE,
    CPU_OWN,
    CPU_METER,
    STARTUP,
    SHUTDOWN,
    RSS_IDLE,
    RSS_EARLY,
    RSS_LATE,
    RSS_GROWTH,
    RSS_KEPT, /* late − idle */
    PSS_TREE,
    EXECUTIONS, /* counted by the server while the load ran */
    KEYS,       /* different keys in it */
    EXECUTIONS_PER_KEY,
    ASKS, /* HTTP requests a second, and their 99th percentile */
    ASKS_P99,
    METRICS
};

enum kind { LOAD, LIFE, LISTED, MEMORY }; /* LISTED: start to complete tools/list */

/* One line in scenario.c. What is 0 is left at its default. */
struct scenario {
    const char *name;
    enum kind kind;
    const char *about;
    const char *base;      /* the configuration that the others are compared with */
    const char *configs;   /* who takes part, besides peers; NULL: direct, relay, mcpo */
    const char *tool;      /* LOAD, MEMORY: which of the stub's tools */
    size_t text_bytes;     /* the text its answers contain */
    unsigned window;       /* requests outstanding */
    size_t calls;          /* LOAD: measured calls; LIFE: processes started; each per repetition */
    size_t quick_calls;    /* the same with --quick */
    unsigned repetitions;  /* at most so many; 0: as many as the run has */
    bool by_name_only;     /* not part of a run that names no scenarios */
    enum keys keys;        /* LOAD, MEMORY: see load.h; with keys, executions are counted */
    const char *stub_args; /* further arguments of the stub, in one string */
    bool half;             /* LOAD: see load.h */
    const char *mcpo_args; /* instead of "-- {}" */
};

/* How to start what is measured: words separated by spaces. `{}` stands for the stub's command,
 * `{file}` for the path of a file with `servers` of it, `unix:{socket}` and
 * `127.0.0.1:{port}` for where its HTTP port listens. */
struct config {
    const char *name;
    const char *command;
    bool foreign; /* see peer.h */
    bool caches; /* what is read-only is executed once; a foreign one's other counts may be wrong */
    unsigned servers; /* behind it; 0: one, whose names have no prefix */
    unsigned called;  /* so many of them are called in turn */
    unsigned window;  /* instead of the scenario's */
    const char *options;     /* `mcpo` of the file, and of each server in it */
    const char *own_options;
    enum crowd crowd; /* who is on its HTTP port while the load is measured */
};

struct plan {
    bool quick, markdown;
    unsigned repetitions;
    int cpu;           /* −1: not pinned */
    size_t peer_share; /* peers make one call in so many: theirs may take a thousand times longer */
    const char *stub, *mcpo;
    const char *counts_path; /* see counts.h */
    const char *directory;   /* for files of servers; removed at the end */
    const uint64_t *counts;
    struct config configs[CONFIGS_MAX];
    size_t config_count;
    const struct scenario **scenarios;
    size_t scenario_count;
};

typedef double cell[METRICS];

struct results {
    const struct plan *plan;
    cell *cells;       /* by scenario, configuration, repetition */
    unsigned failures; /* (scenario, configuration) pairs that went wrong */
    double steal;      /* share of the machine's time that the hypervisor gave to others */
};

extern const struct scenario all_scenarios[];
extern const size_t all_scenario_count;

static inline double *results_cell(const struct results *r, size_t scenario, size_t config,
                                   size_t round) {
    return r->cells[(scenario * r->plan->config_count + config) * r->plan->repetitions + round];
}

bool scenario_has(const struct scenario *scenario, const struct config *config);
unsigned scenario_repetitions(const struct plan *plan, const struct scenario *scenario);
size_t scenario_calls(const struct plan *plan, const struct scenario *scenario);

/* One repetition of a scenario with one configuration. False after printing what went wrong. */
bool scenario_run(const struct plan *plan, const struct scenario *scenario,
                  const struct config *config, double *values);

/* files.c: writes a file of servers that are all started with these words; returns its path. */
char *files_write(const struct plan *plan, const struct config *config, char *const *words);
/* The path of the HTTP port's socket; each process that listens there replaces it. */
char *files_socket(const struct plan *plan);
/* Makes plan->directory. */
void files_setup(struct plan *plan);

void report(const struct results *results, FILE *out);

#endif
