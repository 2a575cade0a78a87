/*
 * load.c: the closed-loop load generator.
 *
 * It has to be much cheaper than what it measures, since all run on one CPU: one read(), one clock
 * reading and one write() per wake-up, however many answers came; requests are a constant with a
 * number in it; an answer is checked with memcmp, because its bytes are known beforehand (wire.h).
 *
 * It cannot deadlock with a peer that writes while it is not read: it writes without blocking and,
 * while something is left unwritten, waits for both directions. Else it simply blocks in read().
 */
#define _GNU_SOURCE
#include "load.h"
#include "wire.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

/* All bytes of a short answer are compared; of a long one the ends, and its length. */
enum { COMPARE_ALL = 1024, COMPARE_END = 256, DIGITS_MAX = 20, REQUEST_MAX = 512 };

#define REQUEST_HEAD "{\"jsonrpc\":\"2.0\",\"id\":"
#define REQUEST_TAIL                                                                               \
    ",\"method\":\"tools/call\",\"params\":{\"name\":\"%s\",\"arguments\":{"                       \
    "\"query\":\"swift concurrency\",\"limit\":10,"                                                \
    "\"path\":\"/home/user/project/src/main.swift\"}}}\n"

/* A call's entry is 0 before it is sent, then PENDING | time sent, then its latency. */
#define PENDING (UINT64_C(1) << 63)

struct loop {
    struct peer *peer;
    const struct load *load;
    uint64_t first_id;
    uint64_t *calls; /* by id − first_id */
    size_t sent, answered;

    char request_tail[REQUEST_MAX];
    size_t request_tail_length;
    char *output; /* output[written, filled) waits for room in the pipe */
    size_t written, filled;

    char *expected; /* what follows the id, without the newline */
    size_t expected_length;
};

/* ---- Sending --------------------------------------------------------------------------------- */

static size_t print_number(char *at, uint64_t value) {
    char digits[DIGITS_MAX];
    size_t n = 0;
    do digits[n++] = (char)('0' + value % 10);
    while ((value /= 10) > 0);
    for (size_t i = 0; i < n; i++) at[i] = digits[n - 1 - i];
    return n;
}

/* There is room for `window` requests, and no more can be unanswered, so no more unwritten. */
static void add_request(struct loop *l, uint64_t now) {
    char *at = l->output + l->filled;
    memcpy(at, REQUEST_HEAD, sizeof REQUEST_HEAD - 1);
    at += sizeof REQUEST_HEAD - 1;
    at += print_number(at, l->first_id + l->sent);
    memcpy(at, l->request_tail, l->request_tail_length);
    l->filled = (size_t)(at - l->output) + l->request_tail_length;
    l->calls[l->sent++] = PENDING | now;
}

static bool write_requests(struct loop *l) {
    if (l->written == l->filled) return true;
    ssize_t n = write(l->peer->out, l->output + l->written, l->filled - l->written);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return true;
    if (n < 0) return peer_fault(l->peer, "it does not take its input: %s", strerror(errno));
    l->written += (size_t)n;
    if (l->written == l->filled) l->written = l->filled = 0;
    return true;
}

static bool fill_window(struct loop *l, uint64_t now) {
    if (l->written > 0) {
        memmove(l->output, l->output + l->written, l->filled - l->written);
        l->filled -= l->written;
        l->written = 0;
    }
    while (l->sent < l->load->calls && l->sent - l->answered < l->load->window) add_request(l, now);
    return write_requests(l);
}

/* ---- Checking -------------------------------------------------------------------------------- */

static bool wrong(struct loop *l, const char *what, const char *line, size_t length) {
    return peer_fault(l->peer, "%s: %.*s", what, (int)(length < 160 ? length : 160), line);
}

/* The rest of an answer after its id; the whole of one that a foreign proxy has printed anew. */
static bool tail_is_right(const struct loop *l, const char *tail, size_t length) {
    size_t expected = l->expected_length;
    if (l->load->annotated || l->peer->foreign) {
        const size_t head = sizeof TEXT_HEAD - 1, rest = sizeof TEXT_TAIL - 1;
        return memmem(tail, length, l->expected + head, expected + 1 - head - rest) != NULL;
    }
    if (length != expected) return false;
    if (length <= COMPARE_ALL) return memcmp(tail, l->expected, length) == 0;
    return memcmp(tail, l->expected, COMPARE_END) == 0 &&
           memcmp(tail + length - COMPARE_END, l->expected + expected - COMPARE_END, COMPARE_END) ==
               0;
}

static bool take_line(struct loop *l, const char *line, size_t length, uint64_t now) {
    const char *at = line + ANSWER_HEAD_LENGTH, *end = line + length;
    if (length < ANSWER_HEAD_LENGTH || memcmp(line, ANSWER_HEAD, ANSWER_HEAD_LENGTH) != 0) {
        at = memmem(line, length, "\"id\":", 5);
        if (at == NULL && memmem(line, length, "\"method\":", 9) != NULL) return true;
        if (at == NULL || !l->peer->foreign) return wrong(l, "an unexpected line", line, length);
        for (at += 5; at < end && *at == ' ';) at++;
    }
    uint64_t id = 0;
    const char *digits = at;
    while (at < end && *at >= '0' && *at <= '9' && at - digits < DIGITS_MAX - 1)
        id = id * 10 + (uint64_t)(*at++ - '0');
    uint64_t index = id - l->first_id; /* wraps around for a smaller one */
    if (at == digits || index >= l->sent || !(l->calls[index] & PENDING))
        return wrong(l, "an answer to no outstanding request", line, length);
    const char *tail = l->peer->foreign ? line : at;
    if (!tail_is_right(l, tail, (size_t)(end - tail)))
        return wrong(l, "a wrong answer", line, length);
    l->calls[index] = now - (l->calls[index] & ~PENDING);
    l->answered++;
    return true;
}

static bool take_answers(struct loop *l) {
    uint64_t now = now_ns();
    size_t length;
    for (char *line; (line = reader_line(&l->peer->reader, &length)) != NULL;)
        if (!take_line(l, line, length, now)) return false;
    return true;
}

/* ---- The loop -------------------------------------------------------------------------------- */

/* While requests are unwritten: true in *readable when there is something to read first. */
static bool wait_for_either(struct loop *l, bool *readable) {
    struct pollfd ready[2] = {{l->peer->in, POLLIN, 0}, {l->peer->out, POLLOUT, 0}};
    int n = poll(ready, 2, HANG_SECONDS * 1000);
    if (n < 0 && errno != EINTR) die("poll");
    if (n == 0)
        return peer_fault(l->peer, "it neither reads nor writes for %d seconds", HANG_SECONDS);
    *readable = n > 0 && ready[0].revents != 0;
    return n < 0 || ready[1].revents == 0 || write_requests(l);
}

static bool run_loop(struct loop *l) {
    if (!fill_window(l, now_ns())) return false;
    while (l->answered < l->load->calls) {
        bool readable = true;
        if (l->filled > 0 && !wait_for_either(l, &readable)) return false;
        if (!readable) continue;
        if (!peer_read(l->peer) || !take_answers(l)) return false;
        if (!fill_window(l, now_ns())) return false;
    }
    return true;
}

static void prepare(struct loop *l) {
    int n = snprintf(l->request_tail, REQUEST_MAX, REQUEST_TAIL, l->load->tool);
    if (n < 0 || n >= REQUEST_MAX) die("a tool's name is too long");
    l->request_tail_length = (size_t)n;
    l->output = malloc(l->load->window * (sizeof REQUEST_HEAD + DIGITS_MAX + (size_t)n));
    l->expected = wire_answer_tail(l->load->text_bytes, &l->expected_length);
    l->calls = malloc(l->load->calls * sizeof *l->calls);
    if (l->output == NULL || l->expected == NULL || l->calls == NULL) die("memory");
    memset(l->calls, 0,
           l->load->calls * sizeof *l->calls); /* page faults now, not while measuring */
    l->expected_length--;                      /* the newline belongs to the framing */
}

static int compare(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static double cpu_of_meter_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static bool measure(struct loop *l, struct load_result *r) {
    uint64_t own_before, tree_before, own_after, tree_after;
    if (!peer_cpu(l->peer, &own_before, &tree_before)) return false;
    double meter = cpu_of_meter_ns();
    uint64_t began = now_ns();
    if (!run_loop(l)) return false;
    uint64_t ended = now_ns();
    meter = cpu_of_meter_ns() - meter;
    if (!peer_cpu(l->peer, &own_after, &tree_after)) return false;

    size_t calls = l->load->calls;
    qsort(l->calls, calls, sizeof *l->calls, compare);
    r->calls_per_second = (double)calls * 1e9 / (double)(ended - began);
    r->p50_ns = (double)l->calls[calls / 2];
    r->p99_ns = (double)l->calls[calls - 1 - calls / 100];
    r->cpu_own_ns = (double)(own_after - own_before) / (double)calls;
    r->cpu_tree_ns = (double)(tree_after - tree_before) / (double)calls;
    r->cpu_meter_ns = meter / (double)calls;
    return true;
}

bool load_run(struct peer *peer, const struct load *load, struct load_result *result) {
    struct loop loop = {.peer = peer, .load = load, .first_id = peer->next_id};
    peer->next_id += load->calls;
    prepare(&loop);
    bool ok = measure(&loop, result);
    free(loop.calls);
    free(loop.expected);
    free(loop.output);
    return ok;
}
