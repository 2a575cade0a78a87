/*
 * limit: a server that answers with canned bytes, the physical limit of a cache hit over a pipe.
 *
 *   limit [WORD…]                  its arguments are ignored, so that `limit {}` takes the stub's
 *
 * What a perfect cache would do: one read(), the id copied from a place that is known beforehand,
 * an answer that is ready, one write() for all requests of a read(). It is no proxy and no parser:
 * it knows the form of the load generator's requests (load.c),
 *
 * {"jsonrpc":"2.0","id":17,"method":"tools/call","params":{"name":"lookup","arguments":{"key":1}}}
 * |---- skipped ----------||----------------- the form, compared as a whole ----------------------|
 *
 * and answers a request of the last form with the answer that was prepared for it. Any other line
 * takes the slow path, which looks at it and, if it is a call, prepares for its form. Its answers
 * are those of the stub (wire.h), byte for byte, so a wrong one is found out like everybody's.
 */
#define _GNU_SOURCE
#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
    INPUT_BYTES = 256 * 1024, /* a line of the generator has 110 bytes: 2,000 of them */
    FORM_MAX = 1024,
    DIGITS_MAX = 20,
    /* Answers below this length are copied together; one above is written from where it lies. */
    BY_REFERENCE = 16 * 1024,
    OUTPUT_BYTES = INPUT_BYTES * 4, /* each request of a read fits with a small answer */
    /* A 64 KiB answer fits, so its reader need not make room half-way; a larger pipe is no faster. */
    PIPE_BYTES = 128 * 1024
};

static struct {
    char form[FORM_MAX];
    size_t form_length; /* newline included; 0 before the first call */
    char *tail;         /* the answer after its id, newline included */
    size_t tail_length;
} prepared;

static char input[INPUT_BYTES], output[OUTPUT_BYTES];
static size_t output_used;

static void fail(const char *what) {
    fprintf(stderr, "limit: %s: %s\n", what, strerror(errno));
    _exit(1);
}

/* ---- Output ---------------------------------------------------------------------------------- */

static void write_all(struct iovec *part, int parts) {
    while (parts > 0) {
        ssize_t n = writev(STDOUT_FILENO, part, parts);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EPIPE) _exit(0);
        if (n < 0) fail("write");
        while (parts > 0 && (size_t)n >= part->iov_len) {
            n -= (ssize_t)part->iov_len;
            part++;
            parts--;
        }
        if (parts == 0) return;
        part->iov_base = (char *)part->iov_base + n;
        part->iov_len -= (size_t)n;
    }
}

static void flush(void) {
    struct iovec part = {output, output_used};
    if (output_used > 0) write_all(&part, 1);
    output_used = 0;
}

static void answer(const char *id, size_t id_length, const char *tail, size_t tail_length) {
    bool by_reference = tail_length >= BY_REFERENCE;
    if (output_used + ANSWER_HEAD_LENGTH + id_length + tail_length > OUTPUT_BYTES) flush();
    char *at = output + output_used;
    memcpy(at, ANSWER_HEAD, ANSWER_HEAD_LENGTH);
    memcpy(at + ANSWER_HEAD_LENGTH, id, id_length);
    output_used += ANSWER_HEAD_LENGTH + id_length;
    if (by_reference) {
        struct iovec parts[2] = {{output, output_used}, {(char *)(uintptr_t)tail, tail_length}};
        write_all(parts, 2);
        output_used = 0;
        return;
    }
    memcpy(output + output_used, tail, tail_length);
    output_used += tail_length;
}

/* ---- The slow path --------------------------------------------------------------------------- */

#define FIND(form, length, text) memmem(form, length, text, sizeof text - 1)
#define SAY(id, id_length, text) answer(id, id_length, text "\n", sizeof text)

static void prepare(const char *form, size_t length) {
    if (length > FORM_MAX) fail("a request is too long");
    bool big = FIND(form, length, "\"name\":\"lookup_big\"") != NULL;
    const char *key = FIND(form, length, "\"key\":");
    free(prepared.tail);
    prepared.tail =
        wire_answer_tail(big ? BIG_TEXT_KIB * 1024 : ECHO_TEXT_BYTES, &prepared.tail_length);
    if (prepared.tail == NULL) fail("memory");
    if (key != NULL)
        wire_put_key(prepared.tail + sizeof TEXT_HEAD - 1, strtoull(key + 6, NULL, 10));
    memcpy(prepared.form, form, prepared.form_length = length);
}

static void handle_other(const char *line, size_t length) {
    const char *id = line + ANSWER_HEAD_LENGTH, *end = line + length;
    if (length < ANSWER_HEAD_LENGTH || memcmp(line, ANSWER_HEAD, ANSWER_HEAD_LENGTH) != 0)
        return; /* a notification: it has no id */
    size_t digits = strspn(id, "0123456789");
    const char *form = id + digits;
    if (FIND(form, (size_t)(end - form), "\"initialize\"") != NULL) {
        SAY(id, digits,
            ",\"result\":{\"protocolVersion\":\"2025-06-18\",\"capabilities\":{\"tools\":{}},"
            "\"serverInfo\":{\"name\":\"limit\",\"version\":\"1\"}}}");
    } else if (FIND(form, (size_t)(end - form), "\"tools/list\"") != NULL) {
        SAY(id, digits,
            ",\"result\":{\"tools\":[{\"name\":\"lookup\",\"inputSchema\":{\"type\":\"object\"}},"
            "{\"name\":\"lookup_big\",\"inputSchema\":{\"type\":\"object\"}}]}}");
    } else {
        prepare(form, (size_t)(end - form));
        answer(id, digits, prepared.tail, prepared.tail_length);
    }
}

/* ---- The fast path --------------------------------------------------------------------------- */

/* Handles the whole lines of input[0, used) and returns where the rest begins. */
static size_t handle_lines(size_t used) {
    const char *at = input, *end = input + used;
    while (at < end) {
        const char *id = at + ANSWER_HEAD_LENGTH, *form = id;
        while (form < end && form - id < DIGITS_MAX && *form >= '0' && *form <= '9') form++;
        if (prepared.form_length > 0 && end - form >= (ptrdiff_t)prepared.form_length &&
            memcmp(form, prepared.form, prepared.form_length) == 0) {
            answer(id, (size_t)(form - id), prepared.tail, prepared.tail_length);
            at = form + prepared.form_length;
            continue;
        }
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        if (newline == NULL) break;
        handle_other(at, (size_t)(newline + 1 - at));
        at = newline + 1;
    }
    return (size_t)(at - input);
}

int main(void) {
    size_t used = 0;
    fcntl(STDOUT_FILENO, F_SETPIPE_SZ, PIPE_BYTES); /* no pipe, or refused: it only costs speed */
    for (;;) {
        ssize_t n = read(STDIN_FILENO, input + used, INPUT_BYTES - 1 - used);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) fail("read");
        if (n == 0) return 0;
        used += (size_t)n;
        size_t done = handle_lines(used);
        flush();
        if (done == 0 && used == INPUT_BYTES - 1) fail("a line is too long");
        used -= done;
        if (used > 0) memmove(input, input + done, used);
    }
}
