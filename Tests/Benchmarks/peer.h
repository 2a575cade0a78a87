/*
 * peer.h: a command under test: started over pipes, initialised, observed through /proc, stopped.
 *
 * Functions that return bool return false when the command misbehaved (died, hung, answered
 * wrongly) and leave a sentence in peer.fault. A failing system call of the meter ends the meter.
 */
#ifndef MCPO_BENCH_PEER_H
#define MCPO_BENCH_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Received bytes: data[start, end) is unread, data[start, scanned) is known to hold no newline. */
struct reader {
    char *data;
    size_t size, start, scanned, end;
};

struct peer {
    pid_t pid;    /* −1 after it has been reaped */
    int in, out;  /* our ends: `in` is its stdout and blocks, `out` its stdin and does not */
    int log;      /* its stderr, in memory: shown only when something went wrong */
    bool foreign; /* not ours (--peer): may print answers anew and end with any status */
    bool ended;   /* its stdout has reached the end of file */
    uint64_t next_id;
    struct reader reader;
    char fault[256];
};

struct memory {
    double rss;      /* bytes of the command's own process */
    double tree_pss; /* bytes of it and all below it, shared pages divided among their users */
};

/* Prints to stderr and ends the meter with status 1. */
_Noreturn void die(const char *what);
uint64_t now_ns(void);

/* Once, before anything else: ticks that let a blocking wait notice a hang, and no SIGPIPE. */
void peer_setup(void);

void peer_start(struct peer *peer, char *const *command, bool foreign);
/* initialize and notifications/initialized; *answered_at is when the answer was there. */
bool peer_initialize(struct peer *peer, uint64_t *answered_at);
/* tools/list, until it is answered; a fault if it has fewer tools than that. */
bool peer_list_tools(struct peer *peer, size_t at_least);
/* Closes its stdin and reaps it. A status other than 0 is a fault, unless it is foreign. */
bool peer_stop(struct peer *peer, uint64_t *nanoseconds);
/* After a fault: prints the command's stderr, ends it, reaps it. */
void peer_abandon(struct peer *peer);

bool peer_fault(struct peer *peer, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* One read(). False at end of file, and when nothing has come for HANG_SECONDS. */
bool peer_read(struct peer *peer);
/* The next whole line without its newline, or NULL; valid until the next peer_read. */
char *reader_line(struct reader *reader, size_t *length);

bool peer_memory(struct peer *peer, struct memory *memory);
/* CPU time in ns that the command (own), and it and all below it (tree), have used so far. */
bool peer_cpu(struct peer *peer, uint64_t *own, uint64_t *tree);

enum { HANG_SECONDS = 10 }; /* twice the longest time that mcpo itself waits while shutting down */
extern volatile unsigned peer_ticks; /* seconds since peer_setup */

#endif
