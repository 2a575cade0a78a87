/*
 * load.c: the closed-loop load generator.
 *
 * It has to be much cheaper than what it measures, since all run on one CPU: one read(), one clock
 * reading and one write() per wake-up, however many answers came; requests are a constant with one
 * or two numbers in it (one constant for each server that is called); an answer is checked with memcmp: its bytes are known beforehand (wire.h).
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
enum {
    COMPARE_ALL = 1024,
    COMPARE_END = 256,
    BEFORE_TEXT = 1024, /* the text of an answer that has more fields begins before this */
    DIGITS_MAX = 20,
    REQUEST_MAX = 512
};

#define REQUEST_HEAD "{\"jsonrpc\":\"2.0\",\"id\":"
#define REQUEST_TAIL                                                                               \
    ",\"method\":\"tools/call\",\"params\":{\"name\":\"%s\",\"arguments\":{"                       \
    "\"query\":\"swift concurrency\",\"limit\":10,"                                                \
    "\"path\":\"/home/user/project/src/main.swift\"}}}\n"

#define KEYED_TAIL ",\"method\":\"tools/call\",\"params\":{\"name\":\"%s\",\"arguments\":{\"key\":"
#define KEYED_END "}}}\n"

/* A call's entry is 0 before it is sent, then PENDING | time sent, then its latency. */
#define PENDING (UINT64_C(1) << 63)

struct loop {
    struct peer *peer;
    const struct load *load;
    uint64_t first_id;
    uint64_t *calls; /* by id − first_id */
    size_t sent, answered;

    struct request_tail {
        size_t length;
        char bytes[REQUEST_MAX]; /* up to its key if that is not the same for all */
    } *tails;                    /* one a server that is called in turn */
    size_t tail_count;
    char *output; /* output[written, filled) waits for room in the pipe */
    size_t written, filled;

    char *expected; /* what follows the id, without the newline; the last checked key in it */
    size_t expected_length;
};

static bool has_many_keys(const struct load *load) {
    return load->keys > ONE_KEY;
}

static uint64_t key_of(const struct loop *l, size_t index) {
    switch (l->load->keys) {
    case NO_KEYS:
    case ONE_KEY:
        break;
    case UNIQUE_KEYS:
        return l->first_id + index;
    case BATCH_KEYS:
        return l->first_id + index / l->load->window;
    case CHOSEN_KEYS:
        return l->load->chosen[index];
    }
    return l->load->key;
}

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
    const struct request_tail *tail = &l->tails[l->sent % l->tail_count];
    memcpy(at, tail->bytes, tail->length);
    at += tail->length;
    if (has_many_keys(l->load)) {
        at += print_number(at, key_of(l, l->sent));
        memcpy(at, KEYED_END, sizeof KEYED_END - 1);
        at += sizeof KEYED_END - 1;
    }
    l->filled = (size_t)(at - l->output);
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
    bool whole =
        (l->load->keys != BATCH_KEYS && !l->load->half) || l->sent == l->answered;
    while (whole && l->sent < l->load->calls && l->sent - l->answered < l->load->window)
        add_request(l, now);
    return write_requests(l);
}

/* ---- Checking -------------------------------------------------------------------------------- */

static bool wrong(struct loop *l, const char *what, const char *line, size_t length) {
    return peer_fault(l->peer, "%s: %.*s", what, (int)(length < 160 ? length : 160), line);
}

/* All of a short text or tail, the ends of a long one. */
static bool equal(const char *a, const char *b, size_t length) {
    if (length <= COMPARE_ALL) return memcmp(a, b, length) == 0;
    const char *a_end = a + length - COMPARE_END, *b_end = b + length - COMPARE_END;
    return memcmp(a, b, COMPARE_END) == 0 && memcmp(a_end, b_end, COMPARE_END) == 0;
}

/* Whether an answer that was printed anew, or has further fields, contains the text. */
static bool text_is_right(const struct loop *l, const char *tail, size_t length) {
    static const char name[] = "\"text\":";
    const char *end = tail + length, *expected = l->expected + sizeof TEXT_HEAD - 1;
    size_t near = length < BEFORE_TEXT ? length : BEFORE_TEXT, size = l->load->text_bytes;
    const char *at = memmem(tail, near, name, sizeof name - 1);
    if (at == NULL) return false;
    for (at += sizeof name - 1; at < end && *at == ' ';) at++;
    if ((size_t)(end - at) < size + 2 || at[0] != '"' || at[size + 1] != '"') return false;
    return equal(at + 1, expected, size);
}

/* The rest of an answer after its id; the whole of one that a foreign proxy has printed anew. */
static bool tail_is_right(struct loop *l, size_t index, const char *tail, size_t length) {
    if (has_many_keys(l->load)) wire_put_key(l->expected + sizeof TEXT_HEAD - 1, key_of(l, index));
    if (l->load->keys != NO_KEYS || l->peer->foreign) return text_is_right(l, tail, length);
    return length == l->expected_length && equal(tail, l->expected, length);
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
    if (!tail_is_right(l, index, tail, (size_t)(end - tail)))
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

static void rest(uint64_t ns) {
    struct timespec time = {(time_t)(ns / 1000000000), (long)(ns % 1000000000)};
    nanosleep(&time, NULL);
}

static bool run_loop(struct loop *l) {
    uint64_t began = now_ns();
    if (!fill_window(l, began)) return false;
    while (l->answered < l->load->calls) {
        bool readable = true;
        if (l->filled > 0 && !wait_for_either(l, &readable)) return false;
        if (!readable) continue;
        if (!peer_read(l->peer) || !take_answers(l)) return false;
        if (l->load->half && l->answered == l->sent) {
            rest(now_ns() - began);
            began = now_ns();
        }
        if (!fill_window(l, now_ns())) return false;
    }
    return true;
}

static int print_request(const struct load *load, const char *tool, char *bytes) {
    if (load->keys == NO_KEYS) return snprintf(bytes, REQUEST_MAX, REQUEST_TAIL, tool);
    if (has_many_keys(load)) return snprintf(bytes, REQUEST_MAX, KEYED_TAIL, tool);
    return snprintf(bytes, REQUEST_MAX, KEYED_TAIL "%llu" KEYED_END, tool,
                    (unsigned long long)load->key);
}

static void prepare_requests(struct loop *l) {
    char name[REQUEST_MAX];
    l->tail_count = l->load->servers > 0 ? l->load->servers : 1;
    l->tails = calloc(l->tail_count, sizeof *l->tails);
    if (l->tails == NULL) die("memory");
    for (size_t i = 0; i < l->tail_count; i++) {
        if (l->load->servers == 0) snprintf(name, sizeof name, "%s", l->load->tool);
        else snprintf(name, sizeof name, SERVER_NAME "__%s", (unsigned)i, l->load->tool);
        int n = print_request(l->load, name, l->tails[i].bytes);
        if (n < 0 || n >= REQUEST_MAX) die("a tool's name is too long");
        l->tails[i].length = (size_t)n;
    }
}

static void prepare(struct loop *l) {
    const size_t longest = sizeof REQUEST_HEAD + 2 * DIGITS_MAX + sizeof KEYED_END;
    prepare_requests(l);
    l->output = malloc(l->load->window * (longest + REQUEST_MAX));
    l->expected = wire_answer_tail(l->load->text_bytes, &l->expected_length);
    l->calls = malloc(l->load->calls * sizeof *l->calls);
    if (l->output == NULL || l->expected == NULL || l->calls == NULL) die("memory");
    if (l->load->keys == ONE_KEY) wire_put_key(l->expected + sizeof TEXT_HEAD - 1, l->load->key);
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
    free(loop.tails);
    free(loop.expected);
    free(loop.output);
    return ok;
}
