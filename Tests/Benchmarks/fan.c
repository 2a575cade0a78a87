/*
 * fan: a proxy in front of N servers that routes without looking: each line goes to the next one.
 *
 *   fan N COMMAND [ARG…]
 *
 * N processes on one CPU cost by themselves: a wake-up, a read and a write each, where one server
 * answers everything of a read with one write. What fan loses with N servers against one is that;
 * what mcpo loses beyond it is mcpo's. It looks for line ends and for nothing else, waits with
 * epoll, and writes once to each peer a turn, as mcpo does.
 *
 * Its writes block: for a load generator that has a few dozen small requests outstanding, which fit
 * every pipe. It ends when its stdin has, after its servers.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { SERVERS_MAX = 64, BUFFER_BYTES = 256 * 1024, CLIENT = SERVERS_MAX };

struct buffer {
    size_t used;
    char bytes[BUFFER_BYTES];
};

struct server {
    pid_t pid;
    int in, out; /* our ends: `in` is its stdout */
    struct buffer requests, answers;
};

static struct server servers[SERVERS_MAX];
static unsigned count, next;
static struct buffer from_client, to_client;

static void fail(const char *what) {
    fprintf(stderr, "fan: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void write_all(int fd, struct buffer *buffer) {
    for (size_t at = 0; at < buffer->used;) {
        ssize_t n = write(fd, buffer->bytes + at, buffer->used - at);
        if (n < 0 && errno != EINTR) fail("write");
        if (n > 0) at += (size_t)n;
    }
    buffer->used = 0;
}

static void append(struct buffer *buffer, const char *bytes, size_t length, int fd) {
    if (length > BUFFER_BYTES - buffer->used) write_all(fd, buffer);
    memcpy(buffer->bytes + buffer->used, bytes, length);
    buffer->used += length;
}

/* The bytes read, 0 at the end. */
static size_t read_some(int fd, struct buffer *buffer) {
    ssize_t n;
    if (buffer->used == BUFFER_BYTES) fail("a line is too long");
    do n = read(fd, buffer->bytes + buffer->used, BUFFER_BYTES - buffer->used);
    while (n < 0 && errno == EINTR);
    if (n < 0) fail("read");
    buffer->used += (size_t)n;
    return (size_t)n;
}

static void keep_rest(struct buffer *buffer, size_t done) {
    buffer->used -= done;
    if (buffer->used > 0 && done > 0) memmove(buffer->bytes, buffer->bytes + done, buffer->used);
}

/* Each line to the next server. */
static void spread(void) {
    char *at = from_client.bytes, *end = at + from_client.used, *newline;
    while ((newline = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        struct server *s = &servers[next];
        next = next + 1 == count ? 0 : next + 1;
        append(&s->requests, at, (size_t)(newline + 1 - at), s->out);
        at = newline + 1;
    }
    keep_rest(&from_client, (size_t)(at - from_client.bytes));
    for (unsigned i = 0; i < count; i++)
        if (servers[i].requests.used > 0) write_all(servers[i].out, &servers[i].requests);
}

/* Whole lines to the client. */
static void gather(struct server *s) {
    char *newline = memrchr(s->answers.bytes, '\n', s->answers.used);
    if (newline == NULL) return;
    size_t length = (size_t)(newline + 1 - s->answers.bytes);
    append(&to_client, s->answers.bytes, length, STDOUT_FILENO);
    keep_rest(&s->answers, length);
}

static void start(struct server *s, char **command) {
    int down[2], up[2];
    posix_spawn_file_actions_t actions;
    if (pipe2(down, O_CLOEXEC) < 0 || pipe2(up, O_CLOEXEC) < 0) fail("pipe2");
    if ((errno = posix_spawn_file_actions_init(&actions)) ||
        (errno = posix_spawn_file_actions_adddup2(&actions, down[0], STDIN_FILENO)) ||
        (errno = posix_spawn_file_actions_adddup2(&actions, up[1], STDOUT_FILENO)))
        fail("posix_spawn actions");
    if ((errno = posix_spawnp(&s->pid, command[0], &actions, NULL, command, environ)))
        fail(command[0]);
    posix_spawn_file_actions_destroy(&actions);
    close(down[0]);
    close(up[1]);
    s->out = down[1];
    s->in = up[0];
}

static void watch(int poller, int fd, uint32_t who) {
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = who};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) < 0) fail("epoll_ctl");
}

static void run(int poller) {
    struct epoll_event ready[SERVERS_MAX + 1];
    for (;;) {
        int n = epoll_wait(poller, ready, SERVERS_MAX + 1, -1);
        if (n < 0 && errno != EINTR) fail("epoll_wait");
        for (int i = 0; i < n; i++) {
            if (ready[i].data.u32 == CLIENT) {
                if (read_some(STDIN_FILENO, &from_client) == 0) return;
                spread();
            } else {
                struct server *s = &servers[ready[i].data.u32];
                if (read_some(s->in, &s->answers) == 0) fail("a server has ended");
                gather(s);
            }
        }
        if (to_client.used > 0) write_all(STDOUT_FILENO, &to_client);
    }
}

int main(int argc, char **argv) {
    count = argc > 2 ? (unsigned)strtoul(argv[1], NULL, 10) : 0;
    if (count < 1 || count > SERVERS_MAX) {
        fprintf(stderr, "usage: fan N COMMAND [ARG…]\n");
        return 2;
    }
    int poller = epoll_create1(EPOLL_CLOEXEC);
    if (poller < 0) fail("epoll_create1");
    watch(poller, STDIN_FILENO, CLIENT);
    for (unsigned i = 0; i < count; i++) {
        start(&servers[i], argv + 2);
        watch(poller, servers[i].in, i);
    }
    run(poller);
    for (unsigned i = 0; i < count; i++) close(servers[i].out);
    for (unsigned i = 0; i < count; i++) waitpid(servers[i].pid, NULL, 0);
    return 0;
}
