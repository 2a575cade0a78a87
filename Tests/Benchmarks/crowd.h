/*
 * crowd.h: clients of mcpo's HTTP port, in a process of their own, while a load is measured.
 */
#ifndef MCPO_BENCH_CROWD_H
#define MCPO_BENCH_CROWD_H

#include <sys/types.h>

enum crowd {
    NO_CROWD,
    SCRAPERS, /* one that asks for the metrics and the health ten times a second */
    HOSTILE   /* 200: silent ones, slow ones, and those that send nonsense and come again */
};

/* Clients of the socket at `path`; returns when all of them are connected. They run on the CPUs
 * that the measured processes do not use, if there are any: what they themselves cost is not what is
 * measured. */
pid_t crowd_start(const char *path, enum crowd crowd, int cpu);
void crowd_stop(pid_t process);

#endif
