/*
 * stub: an MCP server that costs next to nothing, to stand behind the proxy that is measured.
 *
 * It is C, and it does not parse: whatever the server spends is spent on the same CPU as the proxy
 * and would hide it. A request's id is found with a scan of the raw line and copied verbatim. All
 * requests of one read() are answered with one write().
 *
 *   stub [--legacy] [--kib N] [--slow-ms M] [--serial-ms M] [--serial-us M] [--knee N] [--start-ms M]
 *        [--counts PATH]
 *
 * With --knee a serial call that N or more others wait with takes (waiting ÷ N)² times as long: a server
 * that gets less done the more is asked of it.
 *
 * Tools: echo (about 150 bytes), big (one text of N KiB, 64), slow (answers after M ms, any number
 * at once, 5), serial (M ms each, one at a time, 5). A proxy may cache these, for they have a
 * readOnlyHint: lookup, lookup_big, lookup_slow, lookup_serial (answers of the same kinds),
 * lookup_broken (isError) and get_value, which set_value, a write, changes: the value is how often that was
 * called. A name's prefix up to "__" is of no account: see fan.c. With --counts, each execution is
 * counted there (counts.h). With --legacy, server/discover is refused, as servers before 2026-07-28
 * do. With --start-ms, nothing is read for so long after the start. It ends with status 0 at the end of stdin; delayed
 * answers that are not yet due are dropped.
 */
#define _GNU_SOURCE
#include "counts.h"
#include "wire.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum {
    INPUT_START = 256 * 1024, /* a first size; it doubles for a longer line */
    OUTPUT_BYTES = 256 * 1024,
    BY_REFERENCE = 16 * 1024, /* tails from here on are written from where they are, not copied */
    ID_BYTES = 64,            /* the longest id that can wait: MCP clients use integers or UUIDs */
    WAITING_MAX = 4096        /* delayed answers; a power of two */
};

/* Of an answer without a key. */
#define NO_KEY UINT64_MAX

struct tail {
    char *bytes; /* the text's first bytes are replaced while an answer with a key is made */
    size_t length;
};

/* All answers of one queue take equally long, so the order of arrival is the order of deadlines. */
struct queue {
    uint64_t delay_ns;
    bool one_at_a_time;
    uint64_t knee; /* 0: none */
    uint64_t last_deadline;
    uint32_t head, count;
    struct waiting {
        uint64_t deadline, key;
        size_t id_length;
        char id[ID_BYTES];
    } ring[WAITING_MAX];
};

struct stub {
    bool legacy;
    struct tail echo, big;
    struct queue slow, serial;
    uint64_t *counts, value; /* counts: NULL without --counts, then value stands in */
    char *input;
    size_t input_size, input_used;
    size_t output_used;
    char output[OUTPUT_BYTES];
};

struct slice {
    const char *bytes;
    size_t length;
};

static void fail(const char *what) {
    fprintf(stderr, "stub: %s: %s\n", what, strerror(errno));
    _exit(1);
}

static uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* ---- Output ---------------------------------------------------------------------------------- */

/* Writes what is gathered and, after it, `more`; stdout may be in non-blocking mode. */
static void flush_with(struct stub *s, const char *more, size_t more_length) {
    struct iovec parts[2] = {{s->output, s->output_used}, {(void *)(uintptr_t)more, more_length}};
    struct iovec *next = parts, *end = parts + 2;
    while (next < end) {
        if (next->iov_len == 0) {
            next++;
            continue;
        }
        ssize_t n = writev(STDOUT_FILENO, next, (int)(end - next));
        if (n < 0 && errno == EAGAIN) {
            struct pollfd writable = {STDOUT_FILENO, POLLOUT, 0};
            if (poll(&writable, 1, -1) < 0 && errno != EINTR) fail("poll");
            continue;
        }
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EPIPE) _exit(0); /* nobody is left to answer */
        if (n < 0) fail("write");
        for (size_t rest = (size_t)n; rest > 0;) {
            size_t part = rest < next->iov_len ? rest : next->iov_len;
            next->iov_base = (char *)next->iov_base + part;
            next->iov_len -= part;
            rest -= part;
            if (next->iov_len == 0) next++;
        }
    }
    s->output_used = 0;
}

static void put(struct stub *s, const char *bytes, size_t length) {
    if (length > OUTPUT_BYTES - s->output_used || length >= BY_REFERENCE) {
        flush_with(s, bytes, length);
        return;
    }
    memcpy(s->output + s->output_used, bytes, length);
    s->output_used += length;
}

static void answer(struct stub *s, struct slice id, const char *tail, size_t length) {
    put(s, ANSWER_HEAD, ANSWER_HEAD_LENGTH);
    put(s, id.bytes, id.length);
    put(s, tail, length);
}

static void answer_keyed(struct stub *s, struct slice id, struct tail tail, uint64_t key) {
    char *text = tail.bytes + sizeof TEXT_HEAD - 1, plain[KEY_DIGITS];
    if (key == NO_KEY) {
        answer(s, id, tail.bytes, tail.length);
        return;
    }
    memcpy(plain, text, KEY_DIGITS);
    wire_put_key(text, key);
    answer(s, id, tail.bytes, tail.length);
    memcpy(text, plain, KEY_DIGITS);
}

#define ANSWER_TEXT(s, id, text) answer(s, id, text "\n", sizeof text)

/* ---- Delayed answers ------------------------------------------------------------------------- */

static void delay(struct stub *s, struct queue *q, struct slice id, uint64_t key) {
    uint64_t now = now_ns();
    if (q->count == WAITING_MAX || id.length > ID_BYTES) {
        ANSWER_TEXT(s, id,
                    ",\"error\":{\"code\":-32603,\"message\":\"stub: too many, or id too long\"}}");
        return;
    }
    uint64_t start = q->one_at_a_time && q->last_deadline > now ? q->last_deadline : now;
    struct waiting *w = &q->ring[(q->head + q->count++) % WAITING_MAX];
    uint64_t service = q->delay_ns;
    if (q->knee > 0 && q->count > q->knee) service = service * q->count * q->count / q->knee / q->knee;
    w->deadline = q->last_deadline = start + service;
    w->key = key;
    w->id_length = id.length;
    memcpy(w->id, id.bytes, id.length);
}

static void answer_due(struct stub *s, struct queue *q, uint64_t now) {
    while (q->count > 0 && q->ring[q->head].deadline <= now) {
        struct waiting *w = &q->ring[q->head];
        answer_keyed(s, (struct slice){w->id, w->id_length}, s->echo, w->key);
        q->head = (q->head + 1) % WAITING_MAX;
        q->count--;
    }
}

static uint64_t next_deadline(const struct stub *s) {
    uint64_t slow = s->slow.count ? s->slow.ring[s->slow.head].deadline : UINT64_MAX;
    uint64_t serial = s->serial.count ? s->serial.ring[s->serial.head].deadline : UINT64_MAX;
    return slow < serial ? slow : serial;
}

/* ---- Requests -------------------------------------------------------------------------------- */

/* The value after `key` (`"id":`), a string's quotes included; an empty slice if there is none. */
static struct slice value_after(struct slice line, const char *key, size_t key_length) {
    const char *end = line.bytes + line.length;
    const char *at = memmem(line.bytes, line.length, key, key_length);
    if (at == NULL) return (struct slice){NULL, 0};
    at += key_length;
    while (at < end && *at == ' ') at++;
    const char *stop = at;
    if (at < end && *at == '"') {
        stop = memchr(at + 1, '"', (size_t)(end - at - 1));
        stop = stop == NULL ? end : stop + 1;
    } else {
        while (stop < end && *stop != ',' && *stop != '}') stop++;
    }
    return (struct slice){at, (size_t)(stop - at)};
}

#define VALUE_AFTER(line, key) value_after(line, key, sizeof key - 1)

static bool is(struct slice value, const char *text) {
    return value.length == strlen(text) && memcmp(value.bytes, text, value.length) == 0;
}

/* Of "arguments":{"key":N}; NO_KEY without one. */
static uint64_t key_of(struct slice params) {
    struct slice digits = VALUE_AFTER(params, "\"key\":");
    uint64_t key = 0;
    if (digits.length == 0) return NO_KEY;
    for (size_t i = 0; i < digits.length && digits.bytes[i] >= '0' && digits.bytes[i] <= '9'; i++)
        key = key * 10 + (uint64_t)(digits.bytes[i] - '0');
    return key;
}

static void answer_value(struct stub *s, struct slice id) {
    char tail[128];
    uint64_t value = s->counts == NULL ? s->value : counts_read(s->counts, TOOL_SET_VALUE);
    int n =
        snprintf(tail, sizeof tail, TEXT_HEAD "value %llu" TEXT_TAIL, (unsigned long long)value);
    answer(s, id, tail, (size_t)n);
}

#define BROKEN                                                                                     \
    ",\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"broken\"}],\"isError\":true}}"

/* Of a name in its quotes. */
static enum tool tool_without_prefix(struct slice name) {
    const char *start = name.bytes + 1, *end = name.bytes + name.length - 1;
    const char *prefix = memmem(start, (size_t)(end - start), "__", 2);
    if (prefix != NULL) start = prefix + 2;
    return tool_named(start, (size_t)(end - start));
}

/* Only `params` is searched for the tool's name, and never more than its first few bytes. */
static void call_tool(struct stub *s, struct slice line, struct slice id, struct slice method) {
    const char *after = method.bytes + method.length;
    struct slice params = {after, line.length - (size_t)(after - line.bytes)};
    struct slice name = VALUE_AFTER(params, "\"name\":");
    enum tool tool = name.length < 2 ? TOOLS : tool_without_prefix(name);
    if (tool < TOOLS) counts_add(s->counts, tool);
    switch (tool) {
    case TOOL_ECHO:
        answer(s, id, s->echo.bytes, s->echo.length);
        break;
    case TOOL_BIG:
        answer(s, id, s->big.bytes, s->big.length);
        break;
    case TOOL_SLOW:
        delay(s, &s->slow, id, NO_KEY);
        break;
    case TOOL_SERIAL:
        delay(s, &s->serial, id, NO_KEY);
        break;
    case TOOL_LOOKUP:
        answer_keyed(s, id, s->echo, key_of(params));
        break;
    case TOOL_LOOKUP_BIG:
        answer_keyed(s, id, s->big, key_of(params));
        break;
    case TOOL_LOOKUP_SLOW:
        delay(s, &s->slow, id, key_of(params));
        break;
    case TOOL_LOOKUP_SERIAL:
        delay(s, &s->serial, id, key_of(params));
        break;
    case TOOL_LOOKUP_BROKEN:
        ANSWER_TEXT(s, id, BROKEN);
        break;
    case TOOL_SET_VALUE:
        s->value++;
        answer_value(s, id);
        break;
    case TOOL_GET_VALUE:
        answer_value(s, id);
        break;
    case TOOLS:
        ANSWER_TEXT(s, id, ",\"error\":{\"code\":-32602,\"message\":\"Unknown tool\"}}");
    }
}

#define TOOL(name, hint)                                                                           \
    "{\"name\":\"" name                                                                            \
    "\",\"description\":\"benchmark\",\"inputSchema\":{\"type\":\"object\"}" hint "}"
#define READS(name) TOOL(name, ",\"annotations\":{\"readOnlyHint\":true}")
#define WRITES(name) TOOL(name, ",\"annotations\":{\"readOnlyHint\":false}")
/* clang-format off */
#define TOOL_LIST                                                                                  \
    TOOL("echo", "") "," TOOL("big", "") "," TOOL("slow", "") "," TOOL("serial", "") ","           \
    READS("lookup") "," READS("lookup_big") "," READS("lookup_slow") ","                           \
    READS("lookup_broken") "," READS("get_value") "," WRITES("set_value") ","             \
    READS("lookup_serial")
/* clang-format on */
#define SERVER_INFO "{\"name\":\"stub\",\"version\":\"1\"}"

static void initialize(struct stub *s, struct slice line, struct slice id) {
    struct slice version = VALUE_AFTER(line, "\"protocolVersion\":");
    if (version.bytes == NULL) version = (struct slice){"\"2025-11-25\"", 12};
    put(s, ANSWER_HEAD, ANSWER_HEAD_LENGTH);
    put(s, id.bytes, id.length);
    const char head[] = ",\"result\":{\"protocolVersion\":";
    const char tail[] = ",\"capabilities\":{\"tools\":{}},\"serverInfo\":" SERVER_INFO "}}\n";
    put(s, head, sizeof head - 1);
    put(s, version.bytes, version.length);
    put(s, tail, sizeof tail - 1);
}

static void discover(struct stub *s, struct slice id) {
    if (s->legacy)
        ANSWER_TEXT(s, id, ",\"error\":{\"code\":-32601,\"message\":\"Method not found\"}}");
    else
        ANSWER_TEXT(
            s, id,
            ",\"result\":{\"resultType\":\"complete\",\"supportedVersions\":[\"2026-07-28\"],"
            "\"capabilities\":{\"tools\":{}},\"ttlMs\":0,\"cacheScope\":\"private\","
            "\"_meta\":{\"io.modelcontextprotocol/serverInfo\":" SERVER_INFO "}}}");
}

static void handle(struct stub *s, struct slice line) {
    struct slice id = VALUE_AFTER(line, "\"id\":");
    if (id.length == 0) return; /* a notification */
    struct slice method = VALUE_AFTER(line, "\"method\":");
    if (method.bytes == NULL) return; /* an answer to a question that this server never asks */

    if (is(method, "\"tools/call\"")) call_tool(s, line, id, method);
    else if (is(method, "\"initialize\"")) initialize(s, line, id);
    else if (is(method, "\"server/discover\"")) discover(s, id);
    else if (is(method, "\"ping\"")) ANSWER_TEXT(s, id, ",\"result\":{}}");
    else if (is(method, "\"tools/list\"") && s->legacy)
        ANSWER_TEXT(s, id, ",\"result\":{\"tools\":[" TOOL_LIST "]}}");
    else if (is(method, "\"tools/list\""))
        ANSWER_TEXT(
            s, id,
            ",\"result\":{\"resultType\":\"complete\",\"ttlMs\":0,\"cacheScope\":\"private\","
            "\"tools\":[" TOOL_LIST "]}}");
    else ANSWER_TEXT(s, id, ",\"error\":{\"code\":-32601,\"message\":\"Method not found\"}}");
}

/* ---- Input and the loop ---------------------------------------------------------------------- */

static void handle_lines(struct stub *s, size_t scanned) {
    char *line = s->input, *end = s->input + s->input_used, *newline;
    char *from = s->input + scanned; /* no newline before it: an earlier read has looked */
    while (from < end && (newline = memchr(from, '\n', (size_t)(end - from))) != NULL) {
        handle(s, (struct slice){line, (size_t)(newline - line)});
        line = from = newline + 1;
    }
    s->input_used = (size_t)(end - line);
    if (s->input_used > 0 && line != s->input) memmove(s->input, line, s->input_used);
}

/* False at the end of stdin. */
static bool read_requests(struct stub *s) {
    if (s->input_used == s->input_size) {
        s->input = realloc(s->input, s->input_size *= 2);
        if (s->input == NULL) fail("memory");
    }
    size_t before = s->input_used;
    ssize_t n = read(STDIN_FILENO, s->input + before, s->input_size - before);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) return true;
    if (n < 0) fail("read");
    if (n == 0) return false;
    s->input_used += (size_t)n;
    handle_lines(s, before);
    return true;
}

/* Waits for input until the deadline; true when there is some. */
static bool input_before(uint64_t deadline) {
    uint64_t now = now_ns(), left = deadline > now ? deadline - now : 0;
    struct timespec t = {(time_t)(left / 1000000000u), (long)(left % 1000000000u)};
    struct pollfd readable = {STDIN_FILENO, POLLIN, 0};
    int n = ppoll(&readable, 1, &t, NULL);
    if (n < 0 && errno != EINTR) fail("ppoll");
    return n > 0;
}

static void serve(struct stub *s) {
    for (;;) {
        uint64_t deadline = next_deadline(s);
        bool readable = deadline == UINT64_MAX || input_before(deadline);
        if (readable && !read_requests(s)) return;
        if (deadline != UINT64_MAX) {
            uint64_t now = now_ns();
            answer_due(s, &s->slow, now);
            answer_due(s, &s->serial, now);
        }
        if (s->output_used > 0) flush_with(s, NULL, 0);
    }
}

static uint64_t number(const char *text) {
    char *end;
    unsigned long value = text == NULL ? 0 : strtoul(text, &end, 10);
    if (text == NULL || end == text || *end != '\0' || value > 1000000) {
        fprintf(stderr, "usage: stub [--legacy] [--kib N] [--slow-ms M] [--serial-ms M] "
                        "[--serial-us M] [--knee N] [--start-ms M] [--counts PATH]\n");
        exit(2);
    }
    return value;
}

static uint64_t *open_counts(const char *path) {
    int file = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
    uint64_t *counts = file < 0 ? NULL : counts_map(file);
    if (counts == NULL) fail("--counts");
    close(file);
    return counts;
}

int main(int argc, char **argv) {
    static struct stub s; /* static: zeroed pages that are never touched cost nothing */
    size_t kib = BIG_TEXT_KIB;
    uint64_t start_ms = 0;
    s.slow.delay_ns = s.serial.delay_ns = 5000000;
    s.serial.one_at_a_time = true;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--legacy") == 0) s.legacy = true;
        else if (strcmp(argv[i], "--kib") == 0) kib = number(argv[++i]);
        else if (strcmp(argv[i], "--slow-ms") == 0) s.slow.delay_ns = number(argv[++i]) * 1000000;
        else if (strcmp(argv[i], "--serial-ms") == 0)
            s.serial.delay_ns = number(argv[++i]) * 1000000;
        else if (strcmp(argv[i], "--serial-us") == 0) s.serial.delay_ns = number(argv[++i]) * 1000;
        else if (strcmp(argv[i], "--knee") == 0) s.serial.knee = number(argv[++i]);
        else if (strcmp(argv[i], "--start-ms") == 0) start_ms = number(argv[++i]);
        else if (strcmp(argv[i], "--counts") == 0) s.counts = open_counts(argv[++i]);
        else number(NULL);
    }
    s.echo.bytes = wire_answer_tail(ECHO_TEXT_BYTES, &s.echo.length);
    s.big.bytes = wire_answer_tail(kib * 1024, &s.big.length);
    s.input = malloc(s.input_size = INPUT_START);
    if (s.echo.bytes == NULL || s.big.bytes == NULL || s.input == NULL) fail("memory");
    prctl(PR_SET_TIMERSLACK, 1UL); /* the default may deliver each timer 50 µs late */
    struct timespec left = {(time_t)(start_ms / 1000), (long)(start_ms % 1000) * 1000000};
    while (nanosleep(&left, &left) < 0 && errno == EINTR) continue;
    serve(&s);
    return 0;
}
