/*
 * peer.c: starting, reading and stopping a command under test. See peer.h.
 *
 * A hang must not hang the meter, and a timeout on each read would cost a poll() per request. So a
 * timer interrupts whatever blocks once a second (EINTR), and who is interrupted counts the ticks.
 */
#define _GNU_SOURCE
#include "peer.h"
#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

/* Room for a 64 KiB answer many times over; it grows for a longer line. */
enum { READER_START = 512 * 1024, LOG_SHOWN = 2000 };

volatile unsigned peer_ticks;

void die(const char *what) {
    fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
    exit(1);
}

uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void tick(int signal) {
    (void)signal;
    peer_ticks++;
}

void peer_setup(void) {
    struct sigaction action = {.sa_handler = tick}; /* no SA_RESTART: it shall interrupt */
    struct itimerval second = {{1, 0}, {1, 0}};
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR) die("signal");
    if (sigaction(SIGALRM, &action, NULL) < 0) die("sigaction");
    if (setitimer(ITIMER_REAL, &second, NULL) < 0) die("setitimer");
}

bool peer_fault(struct peer *peer, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(peer->fault, sizeof peer->fault, format, arguments);
    va_end(arguments);
    return false;
}

/* ---- Starting -------------------------------------------------------------------------------- */

static void spawn(struct peer *peer, char *const *command, int child_in, int child_out) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t all;
    sigfillset(&all);
    if ((errno = posix_spawn_file_actions_init(&actions)) ||
        (errno = posix_spawnattr_init(&attributes)) ||
        (errno = posix_spawn_file_actions_adddup2(&actions, child_in, STDIN_FILENO)) ||
        (errno = posix_spawn_file_actions_adddup2(&actions, child_out, STDOUT_FILENO)) ||
        (errno = posix_spawn_file_actions_adddup2(&actions, peer->log, STDERR_FILENO)) ||
        (errno = posix_spawnattr_setsigdefault(&attributes, &all)) ||
        (errno = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF)))
        die("posix_spawn attributes");
    if ((errno = posix_spawnp(&peer->pid, command[0], &actions, &attributes, command, environ)))
        die(command[0]);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
}

void peer_start(struct peer *peer, char *const *command, bool foreign) {
    int down[2], up[2];
    *peer = (struct peer){.pid = -1, .foreign = foreign, .next_id = 1, .reader.size = READER_START};
    peer->reader.data = malloc(READER_START);
    if (peer->reader.data == NULL) die("memory");
    peer->log = memfd_create("stderr", MFD_CLOEXEC);
    if (peer->log < 0 || pipe2(down, O_CLOEXEC) < 0 || pipe2(up, O_CLOEXEC) < 0) die("pipe2");
    /* Flags belong to an end of a pipe: the command's own end goes on blocking. */
    if (fcntl(down[1], F_SETFL, O_NONBLOCK) < 0) die("fcntl");
    spawn(peer, command, down[0], up[1]);
    close(down[0]);
    close(up[1]);
    peer->out = down[1];
    peer->in = up[0];
}

/* ---- Reading --------------------------------------------------------------------------------- */

static void reader_make_room(struct reader *r) {
    if (r->start == r->end) r->start = r->scanned = r->end = 0;
    if (r->end < r->size) return;
    if (r->start > 0) {
        memmove(r->data, r->data + r->start, r->end - r->start);
        r->scanned -= r->start;
        r->end -= r->start;
        r->start = 0;
        return;
    }
    r->data = realloc(r->data, r->size *= 2);
    if (r->data == NULL) die("memory");
}

bool peer_read(struct peer *peer) {
    struct reader *r = &peer->reader;
    unsigned began = peer_ticks;
    reader_make_room(r);
    for (;;) {
        ssize_t n = read(peer->in, r->data + r->end, r->size - r->end);
        if (n > 0) {
            r->end += (size_t)n;
            return true;
        }
        if (n == 0) {
            peer->ended = true;
            return peer_fault(peer, "it closed its output");
        }
        if (errno != EINTR) die("read");
        if (peer_ticks - began >= HANG_SECONDS)
            return peer_fault(peer, "no answer for %d seconds", HANG_SECONDS);
    }
}

char *reader_line(struct reader *r, size_t *length) {
    char *newline =
        r->scanned < r->end ? memchr(r->data + r->scanned, '\n', r->end - r->scanned) : NULL;
    if (newline == NULL) {
        r->scanned = r->end;
        return NULL;
    }
    char *line = r->data + r->start;
    *length = (size_t)(newline - line);
    r->start = r->scanned = (size_t)(newline + 1 - r->data);
    return line;
}

/* ---- The handshake --------------------------------------------------------------------------- */

/* For a few bytes to a peer that has nothing to read yet: they fit the pipe. */
static bool send_text(struct peer *peer, const char *text) {
    size_t length = strlen(text);
    ssize_t n = write(peer->out, text, length);
    if (n == (ssize_t)length) return true;
    return peer_fault(peer, "it does not take its input: %s",
                      n < 0 ? strerror(errno) : "short write");
}

bool peer_initialize(struct peer *peer, uint64_t *answered_at) {
    static const char request[] =
        "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\",\"params\":{\"protocolVersion\":"
        "\"2025-06-18\",\"capabilities\":{},\"clientInfo\":{\"name\":\"bench\",\"version\":\"1\"}}}"
        "\n";
    static const char expected[] = ANSWER_HEAD "0,\"result\":{";
    static const char key[] = "\"protocolVersion\":";
    char *line;
    size_t length;
    if (!send_text(peer, request)) return false;
    while ((line = reader_line(&peer->reader, &length)) == NULL)
        if (!peer_read(peer)) return false;
    *answered_at = now_ns();
    bool right = length > sizeof expected && memcmp(line, expected, sizeof expected - 1) == 0;
    if (!(right || peer->foreign) || memmem(line, length, key, sizeof key - 1) == NULL)
        return peer_fault(peer, "a wrong answer to initialize: %.*s",
                          (int)(length < 150 ? length : 150), line);
    return send_text(peer, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\n");
}

static size_t tools_in(const char *line, size_t length) {
    static const char mark[] = "\"inputSchema\":";
    const char *end = line + length;
    size_t count = 0;
    for (; (line = memmem(line, (size_t)(end - line), mark, sizeof mark - 1)) != NULL; line++)
        count++;
    return count;
}

bool peer_list_tools(struct peer *peer, size_t at_least) {
    char request[96], *line;
    size_t length;
    snprintf(request, sizeof request, ANSWER_HEAD "%llu,\"method\":\"tools/list\"}\n",
             (unsigned long long)peer->next_id++);
    if (!send_text(peer, request)) return false;
    for (;;) {
        while ((line = reader_line(&peer->reader, &length)) == NULL)
            if (!peer_read(peer)) return false;
        if (memmem(line, length, "\"tools\":", 8) != NULL) {
            size_t count = tools_in(line, length);
            return count >= at_least ||
                   peer_fault(peer, "tools/list has %zu tools, not %zu", count, at_least);
        }
        if (memmem(line, length, "\"error\":", 8) != NULL)
            return peer_fault(peer, "a wrong answer to tools/list: %.*s",
                              (int)(length < 150 ? length : 150), line);
    }
}

/* ---- Stopping -------------------------------------------------------------------------------- */

static void release(struct peer *peer) {
    close(peer->in);
    if (peer->out >= 0) close(peer->out);
    close(peer->log);
    free(peer->reader.data);
    peer->pid = peer->in = peer->out = peer->log = -1;
    peer->reader.data = NULL;
}

/* False when it is still there after HANG_SECONDS. */
static bool reap(struct peer *peer, int *status) {
    unsigned began = peer_ticks;
    while (waitpid(peer->pid, status, 0) < 0) {
        if (errno != EINTR) die("waitpid");
        if (peer_ticks - began >= HANG_SECONDS) return false;
    }
    return true;
}

/* After its end: an answer still in the pipe, or a process that still holds it, is one too many. */
static bool nothing_left(struct peer *peer) {
    char *line;
    size_t length;
    while (peer_read(peer)) continue;
    if (!peer->ended)
        return peer_fault(peer, "it has ended, but a process it left holds its output");
    peer->fault[0] = '\0';
    while ((line = reader_line(&peer->reader, &length)) != NULL)
        if (memmem(line, length, "\"id\":", 5) != NULL)
            return peer_fault(peer, "an answer to nothing: %.*s",
                              (int)(length < 160 ? length : 160), line);
    return true;
}

bool peer_stop(struct peer *peer, uint64_t *nanoseconds) {
    int status;
    uint64_t began = now_ns();
    close(peer->out);
    peer->out = -1;
    if (!reap(peer, &status))
        return peer_fault(peer, "still running %d seconds after the end of its stdin",
                          HANG_SECONDS);
    *nanoseconds = now_ns() - began;
    pid_t pid = peer->pid;
    peer->pid = -1;
    if (WIFSIGNALED(status))
        return peer_fault(peer, "process %d died of signal %d", pid, WTERMSIG(status));
    if (WEXITSTATUS(status) != 0 && !peer->foreign)
        return peer_fault(peer, "it ended with status %d", WEXITSTATUS(status));
    if (!nothing_left(peer)) return false;
    release(peer);
    return true;
}

static void show_log(int log) {
    char text[LOG_SHOWN];
    off_t size = lseek(log, 0, SEEK_END);
    ssize_t n = pread(log, text, sizeof text, size > LOG_SHOWN ? size - LOG_SHOWN : 0);
    if (n > 0) fprintf(stderr, "---- the end of its stderr:\n%.*s\n----\n", (int)n, text);
}

void peer_abandon(struct peer *peer) {
    int status;
    show_log(peer->log);
    if (peer->pid > 0) {
        /* The end of its stdin lets a proxy end its servers; SIGKILL would leave them to others. */
        if (peer->out >= 0) close(peer->out);
        peer->out = -1;
        kill(peer->pid, SIGTERM);
        if (!reap(peer, &status)) {
            kill(peer->pid, SIGKILL);
            reap(peer, &status);
        }
    }
    release(peer);
}
