/*
 * caching.h: loads with keys: until the cache is there, which keys, and what had to be executed.
 */
#ifndef MCPO_BENCH_CACHING_H
#define MCPO_BENCH_CACHING_H

#include "bench.h"
#include "counts.h"
#include "load.h"

/* The key of ONE_KEY: above all ids and all chosen keys. It fits 32 bits. */
#define WARM_KEY UINT64_C(4000000000)

/* How often the server has executed the load's tool so far. */
uint64_t caching_executed(const struct plan *plan, const struct load *load);

/* After initialize: asks for the list of tools and, of a configuration that caches, the same call
 * again and again until it is not executed any more. A fault when that does not happen. */
bool caching_begin(struct peer *peer, const struct plan *plan, const struct load *load,
                   const struct config *config);

/* For CHOSEN_KEYS: `calls` keys by Zipf's law, the same in every run. Good until it is called for
 * more of them. */
const uint32_t *caching_zipf_keys(size_t calls);

/* How many different keys the calls have. */
size_t caching_distinct(const struct load *load);

/* After the load: the last keys once more. Were all still there? A fault if not. */
bool caching_kept(struct peer *peer, const struct plan *plan, const struct load *load);

#endif
