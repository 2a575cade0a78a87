/*
 * crowd.h: clients of mcpo's HTTP port, in a process of their own, while a load is measured.
 */
#ifndef MCPO_BENCH_CROWD_H
#define MCPO_BENCH_CROWD_H

#include <sys/types.h>

enum crowd {
    NO_CROWD,
    SCRAPERS, /* one that asks for the metrics and the health ten times a second */
    HOSTILE,  /* 200: silent ones, slow ones, and those that send nonsense and come again */
    WRK_HEALTH, /* wrk, with 16 connections, as fast as it can */
    WRK_METRICS
};

/* What wrk says in the end; NaN for others. */
struct crowd_result {
    double asks_per_second, p99_us;
};

/* The port of 127.0.0.1 that wrk asks: it knows no Unix sockets. */
unsigned crowd_port(void);

/* Clients of the socket at `path`; returns when all of them are connected. They run on the CPUs
 * that the measured processes do not use, if there are any: what they themselves cost is not what is
 * measured. */
pid_t crowd_start(const char *path, enum crowd crowd, int cpu);
struct crowd_result crowd_stop(pid_t process, enum crowd crowd);

#endif
