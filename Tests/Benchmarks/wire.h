/*
 * wire.h: the bytes that the stub server and the load generator agree on.
 *
 * Both programs build an answer from the same constants, so the generator knows beforehand every
 * byte that must come back and can check an answer with a length and a memcmp instead of a parser.
 *
 *   {"jsonrpc":"2.0","id":17,"result":{"content":[{"type":"text","text":"…"}],"isError":false}}\n
 *   |------ ANSWER_HEAD --||id||------------------- tail: the same for every call -------------|
 *
 * A call with "arguments":{"key":N} is answered with a text that begins with N as ten digits, so
 * that a proxy which gives one caller the answer of another is found out.
 */
#ifndef MCPO_BENCH_WIRE_H
#define MCPO_BENCH_WIRE_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_HEAD "{\"jsonrpc\":\"2.0\",\"id\":"
#define ANSWER_HEAD_LENGTH (sizeof ANSWER_HEAD - 1)
#define TEXT_HEAD ",\"result\":{\"content\":[{\"type\":\"text\",\"text\":\""
#define TEXT_TAIL "\"}],\"isError\":false}}\n"

/* With head, id and tail this makes the small answer about 150 bytes long. */
#define ECHO_TEXT_BYTES 56
#define BIG_TEXT_KIB 64

/* Source-like text with an escape in each 64 bytes, as file contents look inside a JSON string. */
#define TEXT_PATTERN "    let total = items.reduce(into: 0) { $0 += $1.count } // sum\\n"
_Static_assert(sizeof TEXT_PATTERN - 1 == 65, "63 characters and one escape");

enum { KEY_DIGITS = 10 };

/* Of the servers in a file (files.c), by number; their tools are called s00__echo and so on. */
#define SERVER_NAME "s%02u"

/* Into the first bytes of a text. */
static inline void wire_put_key(char *text, uint64_t key) {
    for (int i = KEY_DIGITS - 1; i >= 0; i--, key /= 10) text[i] = (char)('0' + key % 10);
}

/* Everything of an answer after its id, newline included, with a text of text_bytes raw bytes. */
static inline char *wire_answer_tail(size_t text_bytes, size_t *length) {
    const size_t head = sizeof TEXT_HEAD - 1, tail = sizeof TEXT_TAIL - 1, unit = 65;
    char *bytes = malloc(head + text_bytes + tail);
    if (bytes == NULL) return NULL;
    memcpy(bytes, TEXT_HEAD, head);
    memset(bytes + head, '.', text_bytes); /* what is left when no whole pattern fits */
    for (size_t at = 0; at + unit <= text_bytes; at += unit)
        memcpy(bytes + head + at, TEXT_PATTERN, unit);
    memcpy(bytes + head + text_bytes, TEXT_TAIL, tail);
    *length = head + text_bytes + tail;
    return bytes;
}

#endif
