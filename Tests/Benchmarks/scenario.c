/*
 * scenario.c: the table of what is measured, and how each kind of scenario is run once.
 *
 * To add a scenario, add a line. Counts are chosen so that a cell takes about half a second with a
 * fast configuration, which is long against the scheduler's slices, and a whole run a few minutes.
 */
#define _GNU_SOURCE
#include "bench.h"
#include "caching.h"
#include "counts.h"
#include "wire.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ECHO .tool = "echo", .text_bytes = ECHO_TEXT_BYTES
#define BIG .tool = "big", .text_bytes = BIG_TEXT_KIB * 1024
#define SLOW .tool = "slow", .text_bytes = ECHO_TEXT_BYTES
#define SERIAL .tool = "serial", .text_bytes = ECHO_TEXT_BYTES
#define LOOKUP .tool = "lookup", .text_bytes = ECHO_TEXT_BYTES
#define LOOKUP_BIG .tool = "lookup_big", .text_bytes = BIG_TEXT_KIB * 1024
#define LOOKUP_SERIAL .tool = "lookup_serial", .text_bytes = ECHO_TEXT_BYTES
#define LOOKUP_SLOW .tool = "lookup_slow", .text_bytes = ECHO_TEXT_BYTES
#define CALLS(count, quick) .calls = count, .quick_calls = quick

const struct scenario all_scenarios[] = {
    /* clang-format off */
    {"small-1", LOAD, "150-byte answers, 1 outstanding", "relay",
     ECHO, .window = 1, CALLS(80000, 10000)},
    {"small-8", LOAD, "150-byte answers, 8 outstanding", "relay",
     ECHO, .window = 8, CALLS(200000, 40000)},
    {"small-64", LOAD, "150-byte answers, 64 outstanding", "relay",
     ECHO, .window = 64, CALLS(500000, 100000)},
    {"big64k", LOAD, "64 KiB answers, 1 outstanding", "relay",
     BIG, .window = 1, CALLS(15000, 2000)},
    {"slow5ms", LOAD, "server takes 5 ms, 64 outstanding", "direct",
     SLOW, .window = 64, CALLS(19200, 3200)},
    {"startup", LIFE, "start to initialize answered", "relay",
     ECHO, .window = 1, CALLS(11, 5)},
    {"shutdown", LIFE, "end of stdin to reaped, nothing in flight", "relay",
     ECHO, .window = 1, CALLS(11, 5)},
    {"memory", MEMORY, "resident memory, 64 outstanding", "relay",
     ECHO, .window = 64, CALLS(1000000, 1000000), .repetitions = 3},
    {"hit-1", LOAD, "150-byte answers from the cache, 1 outstanding", "limit", "limit mcpo",
     LOOKUP, .window = 1, CALLS(80000, 10000), .keys = ONE_KEY},
    {"hit-64", LOAD, "150-byte answers from the cache, 64 outstanding", "limit", "limit mcpo",
     LOOKUP, .window = 64, CALLS(1000000, 200000), .keys = ONE_KEY},
    {"hit-64k", LOAD, "64 KiB answers from the cache, 1 outstanding", "limit", "limit mcpo",
     LOOKUP_BIG, .window = 1, CALLS(15000, 2000), .keys = ONE_KEY},
    {"unique-64", LOAD, "each call another key, 64 outstanding", "uncached", "uncached mcpo",
     LOOKUP, .window = 64, CALLS(300000, 60000), .keys = UNIQUE_KEYS},
    {"dedup", LOAD, "64 equal calls at once to a 50 ms tool", "direct", "direct mcpo",
     LOOKUP_SLOW, .window = 64, CALLS(64 * 20, 64 * 5), .keys = BATCH_KEYS,
     .stub_args = "--slow-ms 50"},
    {"zipf", LOAD, "10,000 keys by Zipf's law, 64 outstanding", "direct", "direct mcpo",
     LOOKUP, .window = 64, CALLS(50000, 50000), .keys = CHOSEN_KEYS,
     .mcpo_args = "--cache-max-size 20000 -- {}"},
    {"memory-keys", MEMORY, "resident memory, each call another key, 64 outstanding", NULL, "mcpo",
     LOOKUP, .window = 64, CALLS(500000, 500000), .keys = UNIQUE_KEYS,
     .mcpo_args = "--cache-max-size 1000000 --cache-max-bytes 64MiB -- {}"},
    {"servers", LOAD, "150-byte answers of 1, 4 and 20 servers in turn, 64 outstanding", "of1",
     "of1 of2 of20 to4 to20 fan1 fan4 fan20", ECHO, .window = 64, CALLS(300000, 60000)},
    {"pool", LOAD, "server takes 20 ms, one at a time, 64 outstanding", "pool1", "pool1 pool8",
     LOOKUP_SERIAL, .window = 64, CALLS(640, 320), .keys = UNIQUE_KEYS, .repetitions = 3,
     .stub_args = "--serial-ms 20"},
    {"adaptive", LOAD, "server slows down with more than 16 calls, 64 outstanding", "fixed",
     "fixed adaptive", LOOKUP_SERIAL, .window = 64, CALLS(2000, 800), .keys = UNIQUE_KEYS,
     .repetitions = 3, .stub_args = "--serial-us 500 --knee 16"},
    {"http-1", LOAD, "150-byte answers, 1 outstanding, with clients on the HTTP port", "silent",
     "silent quiet scraped hostile", ECHO, .window = 1, CALLS(80000, 10000)},
    {"http-64", LOAD, "150-byte answers, 64 outstanding, with clients on the HTTP port", "silent",
     "silent quiet scraped hostile", ECHO, .window = 64, CALLS(500000, 100000)},
    {"http-half", LOAD, "half of the peak, 64 at a time, while wrk asks as fast as it can", "idle",
     "idle wrk-health wrk-metrics", ECHO, .window = 64, CALLS(500000, 100000), .half = true},
    {"startup-20", LISTED, "20 servers that start in 2 s: start to complete tools/list", "direct",
     "direct to20", ECHO, .window = 1, CALLS(1, 1), .repetitions = 3, .stub_args = "--start-ms 2000"},
    {"limits", LOAD, "150-byte answers, 64 outstanding, at most 16 or 1,000 at once", "limit1000",
     "limit16 limit1000 window16", ECHO, .window = 64, CALLS(300000, 60000)},
    {"serial", LOAD, "server takes 1 ms, one at a time, 8 outstanding", "direct",
     SERIAL, .window = 8, CALLS(1000, 300), .stub_args = "--serial-ms 1", .by_name_only = true},
    /* clang-format on */
};
const size_t all_scenario_count = sizeof all_scenarios / sizeof *all_scenarios;

enum {
    LIVES_AT_LEAST = 15, /* start-ups and ends over all repetitions: they are cheap and noisy */
    EARLY_CALLS = 10000, /* after these every buffer and table should have its size */
    SETTLE_MS = 50, /* before idle memory is read: a proxy may finish starting in the background */
    QUIET_MS = 2,   /* before the end of stdin: the last answer is out, its bookkeeping too */
    WARM_UP_SHARE = 10 /* one in so many calls is made beforehand and not measured */
};

/* A peer takes part in everything. */
bool scenario_has(const struct scenario *s, const struct config *config) {
    const char *list = s->configs == NULL ? "direct relay mcpo" : s->configs;
    size_t length = strlen(config->name);
    for (const char *at = list; (at = strstr(at, config->name)) != NULL; at += length)
        if ((at == list || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0')) return true;
    return config->foreign;
}

unsigned scenario_repetitions(const struct plan *plan, const struct scenario *s) {
    return s->repetitions > 0 && s->repetitions < plan->repetitions ? s->repetitions
                                                                    : plan->repetitions;
}

size_t scenario_calls(const struct plan *plan, const struct scenario *s) {
    size_t calls = plan->quick ? s->quick_calls : s->calls;
    size_t share = (LIVES_AT_LEAST + plan->repetitions - 1) / plan->repetitions;
    return s->kind == LIFE && calls < share ? share : calls;
}

static size_t calls_of(const struct plan *plan, const struct scenario *s,
                       const struct config *config) {
    size_t calls = scenario_calls(plan, s), share = calls / plan->peer_share;
    if (!config->foreign || s->kind == LIFE) return calls;
    return share < s->window ? s->window : share;
}

static void sleep_ms(long ms) {
    struct timespec left = {ms / 1000, ms % 1000 * 1000000};
    while (nanosleep(&left, &left) < 0) continue;
}

/* ---- The command line ------------------------------------------------------------------------ */

struct command {
    char *words[WORDS_MAX + 1];
    size_t count;
};

/* Strings from strdup are not freed: a command lives as long as the few hundred of a run do. */
static void add_words(struct command *c, const char *text, const struct plan *plan,
                      const struct scenario *s, const struct config *config) {
    char *copy = strdup(text), *rest = NULL;
    if (copy == NULL) die("memory");
    for (char *word = strtok_r(copy, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        if (strcmp(word, "{}") == 0 && plan != NULL) {
            add_words(c, plan->stub, NULL, NULL, NULL);
            add_words(c, "--legacy", NULL, NULL, NULL);
            if (s->keys != NO_KEYS) add_words(c, "--counts", NULL, NULL, NULL);
            if (s->keys != NO_KEYS) add_words(c, plan->counts_path, NULL, NULL, NULL);
            if (s->stub_args != NULL) add_words(c, s->stub_args, NULL, NULL, NULL);
            continue;
        }
        if (strcmp(word, "{file}") == 0 && plan != NULL) {
            struct command server = {.count = 0};
            add_words(&server, "{}", plan, s, NULL);
            word = files_write(plan, config, server.words);
        }
        if (strncmp(word, "unix:{socket}", 13) == 0 && plan != NULL) {
            if (asprintf(&word, "unix:%s", files_socket(plan)) < 0) die("memory");
        }
        if (strcmp(word, "127.0.0.1:{port}") == 0 && plan != NULL) {
            if (asprintf(&word, "127.0.0.1:%u", crowd_port()) < 0) die("memory");
        }
        if (c->count == WORDS_MAX) die("a command has too many words");
        c->words[c->count++] = word;
    }
}

/* The stub speaks a legacy revision, as the load generator does: a proxy need not translate. */
static void build_command(struct command *c, const struct plan *plan, const struct scenario *s,
                          const struct config *config) {
    bool replaced = s->mcpo_args != NULL && strcmp(config->name, "mcpo") == 0;
    *c = (struct command){.count = 0};
    if (replaced) add_words(c, plan->mcpo, NULL, NULL, NULL);
    add_words(c, replaced ? s->mcpo_args : config->command, plan, s, config);
}

/* ---- One repetition of each kind ------------------------------------------------------------- */

struct cell_run {
    const struct plan *plan;
    const struct config *config;
    struct peer *peer;
    size_t calls;
};

static struct load load_of(const struct scenario *s, const struct config *config, size_t calls) {
    return (struct load){.tool = s->tool,
                         .text_bytes = s->text_bytes,
                         .calls = calls,
                         .window = config->window > 0 ? config->window : s->window,
                         .half = s->half,
                         .servers = config->servers > 1 ? config->called : 0,
                         .keys = s->keys,
                         .key = WARM_KEY,
                         .chosen = s->keys == CHOSEN_KEYS ? caching_zipf_keys(calls) : NULL};
}

static void keep_load_result(const struct load_result *r, double *values) {
    values[THROUGHPUT] = r->calls_per_second;
    values[LATENCY_P50] = r->p50_ns / 1e3;
    values[LATENCY_P99] = r->p99_ns / 1e3;
    values[CPU_TREE] = r->cpu_tree_ns / 1e3;
    values[CPU_OWN] = r->cpu_own_ns / 1e3;
    values[CPU_METER] = r->cpu_meter_ns / 1e3;
}

/* What was executed, and whether that is what had to be; of others' proxies it is only reported,
 * but that their hits are hits. A limit has no server, so it executes nothing. */
static bool keep_counts(const struct cell_run *run, const struct load *load, uint64_t executed,
                        double *values) {
    size_t keys = caching_distinct(load);
    values[EXECUTIONS] = (double)executed;
    values[KEYS] = (double)keys;
    values[EXECUTIONS_PER_KEY] = (double)executed / (double)keys;
    uint64_t right = load->keys == ONE_KEY ? 0 : keys;
    bool judged = run->config->caches && (!run->config->foreign || load->keys == ONE_KEY);
    return !judged || executed == right ||
           peer_fault(run->peer, "%llu executions for %zu calls with %zu different keys, not %llu",
                      (unsigned long long)executed, load->calls, keys, (unsigned long long)right);
}

/* The counts are read outside of what is timed. */
static bool load_and_count(const struct cell_run *run, const struct load *load, double *values) {
    uint64_t before = caching_executed(run->plan, load);
    struct load_result r;
    if (!load_run(run->peer, load, &r)) return false;
    keep_load_result(&r, values);
    if (load->keys == NO_KEYS) return true;
    if (!keep_counts(run, load, caching_executed(run->plan, load) - before, values)) return false;
    bool stores = run->config->caches && !run->config->foreign && load->keys == UNIQUE_KEYS;
    return !stores || caching_kept(run->peer, run->plan, load);
}

static bool run_load(const struct cell_run *run, const struct scenario *s, double *values) {
    uint64_t answered_at;
    struct load_result r;
    struct load warm_up = load_of(s, run->config, run->calls / WARM_UP_SHARE + 1);
    struct load load = load_of(s, run->config, run->calls);
    if (!peer_initialize(run->peer, &answered_at)) return false;
    if (s->keys != NO_KEYS && !caching_begin(run->peer, run->plan, &load, run->config))
        return false;
    /* Chosen keys must be new. */
    if (s->keys != CHOSEN_KEYS && !load_run(run->peer, &warm_up, &r)) return false;
    if (run->config->crowd == NO_CROWD) return load_and_count(run, &load, values);
    pid_t crowd = crowd_start(files_socket(run->plan), run->config->crowd, run->plan->cpu);
    bool ok = load_and_count(run, &load, values);
    struct crowd_result asked = crowd_stop(crowd, run->config->crowd);
    values[ASKS] = asked.asks_per_second;
    values[ASKS_P99] = asked.p99_us;
    return ok;
}

static bool run_memory(const struct cell_run *run, const struct scenario *s, double *values) {
    uint64_t answered_at;
    struct peer *peer = run->peer;
    struct memory idle, early, late;
    struct load_result r;
    struct load first = load_of(s, run->config, EARLY_CALLS);
    struct load rest = load_of(s, run->config, run->calls - EARLY_CALLS);
    if (!peer_initialize(peer, &answered_at)) return false;
    sleep_ms(SETTLE_MS);
    if (!peer_memory(peer, &idle)) return false;
    if (s->keys != NO_KEYS && !caching_begin(peer, run->plan, &first, run->config)) return false;
    if (!load_run(peer, &first, &r) || !peer_memory(peer, &early)) return false;
    if (!load_and_count(run, &rest, values) || !peer_memory(peer, &late)) return false;
    values[RSS_IDLE] = idle.rss;
    values[RSS_EARLY] = early.rss;
    values[RSS_LATE] = late.rss;
    values[RSS_GROWTH] = late.rss - early.rss;
    values[RSS_KEPT] = late.rss - idle.rss;
    values[PSS_TREE] = idle.tree_pss;
    return true;
}

/* A whole life: start, initialize, one call, a pause, the end of stdin. */
static bool run_life(struct peer *peer, const struct scenario *s, const struct config *config,
                     char *const *command, double *startup, double *shutdown) {
    uint64_t began = now_ns(), answered_at, ending;
    struct load_result r;
    struct load one = load_of(s, config, 1);
    peer_start(peer, command, config->foreign);
    if (!peer_initialize(peer, &answered_at) || !load_run(peer, &one, &r)) return false;
    sleep_ms(QUIET_MS);
    if (!peer_stop(peer, &ending)) return false;
    *startup = (double)(answered_at - began) / 1e6;
    *shutdown = (double)ending / 1e6;
    return true;
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Start, initialize, tools/list: until the tools of all servers are there, in its first answer. */
static bool run_listed(struct peer *peer, const struct config *config, char *const *command,
                       double *values) {
    uint64_t began = now_ns(), answered_at, ending;
    size_t servers = config->servers > 0 ? config->servers : 1;
    peer_start(peer, command, config->foreign);
    if (!peer_initialize(peer, &answered_at) || !peer_list_tools(peer, servers * TOOLS))
        return false;
    values[STARTUP] = (double)(now_ns() - began) / 1e6;
    return peer_stop(peer, &ending);
}

static bool run_lives(struct peer *peer, const struct scenario *s, size_t lives,
                      const struct config *config, char *const *command, double *values) {
    double startup[lives], shutdown[lives];
    for (size_t i = 0; i < lives; i++)
        if (!run_life(peer, s, config, command, &startup[i], &shutdown[i])) return false;
    qsort(startup, lives, sizeof *startup, compare);
    qsort(shutdown, lives, sizeof *shutdown, compare);
    values[STARTUP] = startup[lives / 2];
    values[SHUTDOWN] = shutdown[lives / 2];
    return true;
}

bool scenario_run(const struct plan *plan, const struct scenario *s, const struct config *config,
                  double *values) {
    struct peer peer;
    struct command command;
    uint64_t ending;
    bool ok;
    size_t calls = calls_of(plan, s, config);
    struct cell_run run = {plan, config, &peer, calls};
    build_command(&command, plan, s, config);
    if (s->kind == LIFE) {
        ok = run_lives(&peer, s, calls, config, command.words, values);
    } else if (s->kind == LISTED) {
        ok = run_listed(&peer, config, command.words, values);
    } else {
        peer_start(&peer, command.words, config->foreign);
        ok = s->kind == LOAD ? run_load(&run, s, values) : run_memory(&run, s, values);
        ok = ok && peer_stop(&peer, &ending);
    }
    if (ok) return true;
    /* Times of a load that went wrong mean nothing; what was executed says how wrong it went. */
    for (int m = 0; m < METRICS; m++)
        if (m != EXECUTIONS && m != KEYS && m != EXECUTIONS_PER_KEY) values[m] = NAN;
    fprintf(stderr, "\nbench: FAILED: %s, %s: %s\n", s->name, config->name, peer.fault);
    peer_abandon(&peer);
    return false;
}
