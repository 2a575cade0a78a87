/*
 * caching.c: see caching.h.
 *
 * Whether something came from a cache is not asked of the proxy: the server counts what it executes
 * (counts.h), and a call after which the count is the same was answered by somebody else. That
 * holds for every proxy, and no figure can look good because nothing was cached, or everything.
 */
#define _GNU_SOURCE
#include "caching.h"

#include <stdlib.h>
#include <time.h>

enum {
    HIT_PATIENCE_MS = 3000, /* for a proxy that fetches the list of tools in the background */
    HIT_PAUSE_MS = 1,
    ZIPF_KEYS = 10000,
    KEPT_CALLS = 256 /* keys asked for once more: far fewer than the smallest cache has room for */
};

uint64_t caching_executed(const struct plan *plan, const struct load *load) {
    return counts_read(plan->counts, tool_named(load->tool, strlen(load->tool)));
}

static bool await_hit(struct peer *peer, const struct plan *plan, const struct load *load) {
    struct load one = *load;
    struct load_result r;
    one.keys = ONE_KEY;
    one.key = WARM_KEY;
    one.calls = one.window = 1;
    uint64_t began = now_ns(), calls = 0;
    for (; now_ns() - began < HIT_PATIENCE_MS * UINT64_C(1000000); calls++) {
        struct timespec pause = {0, HIT_PAUSE_MS * 1000000};
        uint64_t before = caching_executed(plan, load);
        if (!load_run(peer, &one, &r)) return false;
        if (caching_executed(plan, load) == before) return true;
        nanosleep(&pause, NULL);
    }
    return peer_fault(peer, "%llu equal calls, and each was executed: nothing is cached",
                      (unsigned long long)calls);
}

bool caching_begin(struct peer *peer, const struct plan *plan, const struct load *load,
                   const struct config *config) {
    return peer_list_tools(peer, 0) && (!config->caches || await_hit(peer, plan, load));
}

/* ---- Keys ------------------------------------------------------------------------------------ */

/* xorshift64*, with a seed of its own: rand() differs between libraries. From 0 to 1. */
static double next_random(uint64_t *state) {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return (double)((*state * UINT64_C(2685821657736338717)) >> 11) / (double)(UINT64_C(1) << 53);
}

/* Key k, from 0, has the weight 1/(k + 1): the law with the exponent 1. */
const uint32_t *caching_zipf_keys(size_t calls) {
    static double up_to[ZIPF_KEYS]; /* sums of the weights */
    static uint32_t *keys;
    static size_t made;
    uint64_t state = 20250618; /* any number but 0 */
    if (calls <= made) return keys;
    if ((keys = realloc(keys, calls * sizeof *keys)) == NULL) die("memory");
    made = calls;
    for (size_t k = 0; k < ZIPF_KEYS; k++)
        up_to[k] = (k > 0 ? up_to[k - 1] : 0) + 1 / (double)(k + 1);
    for (size_t i = 0; i < calls; i++) {
        double at = next_random(&state) * up_to[ZIPF_KEYS - 1];
        size_t low = 0, high = ZIPF_KEYS - 1;
        while (low < high) {
            size_t middle = (low + high) / 2;
            if (up_to[middle] > at) high = middle;
            else low = middle + 1;
        }
        keys[i] = (uint32_t)low;
    }
    return keys;
}

size_t caching_distinct(const struct load *load) {
    bool seen[ZIPF_KEYS] = {false};
    size_t count = 0;
    switch (load->keys) {
    case NO_KEYS:
    case ONE_KEY:
        return 1;
    case UNIQUE_KEYS:
        return load->calls;
    case BATCH_KEYS:
        return (load->calls + load->window - 1) / load->window;
    case CHOSEN_KEYS:
        break;
    }
    for (size_t i = 0; i < load->calls; i++) {
        count += !seen[load->chosen[i]];
        seen[load->chosen[i]] = true;
    }
    return count;
}

/* The keys of UNIQUE_KEYS are the calls' ids, so the last ones are below the next id. */
bool caching_kept(struct peer *peer, const struct plan *plan, const struct load *load) {
    uint32_t keys[KEPT_CALLS];
    struct load again = *load;
    struct load_result r;
    for (size_t i = 0; i < KEPT_CALLS; i++) keys[i] = (uint32_t)(peer->next_id - KEPT_CALLS + i);
    again.keys = CHOSEN_KEYS;
    again.chosen = keys;
    again.calls = KEPT_CALLS;
    uint64_t before = caching_executed(plan, load);
    if (!load_run(peer, &again, &r)) return false;
    uint64_t more = caching_executed(plan, load) - before;
    return more == 0 || peer_fault(peer, "of the last %d keys %llu were not stored", KEPT_CALLS,
                                   (unsigned long long)more);
}
