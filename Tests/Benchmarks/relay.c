/*
 * relay: a proxy that does nothing, the lower bound of every proxy made of one process and pipes.
 *
 *   relay [--] COMMAND [ARG…]
 *
 * It starts COMMAND and pumps bytes both ways with poll() and 64 KiB buffers. It parses nothing.
 * What mcpo costs above it is what mcpo does; what it costs above no proxy at all is the kernel.
 *
 * Each direction reads only when its buffer is empty and writes without blocking, so a peer that
 * stops reading stops its own direction and never the other one: there is no deadlock. It ends,
 * with the child's status, when the child has closed its output and is gone.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* One direction. A descriptor is −1 once it is closed. */
struct pump {
    int in, out;
    size_t start, end;
    char buffer[64 * 1024];
};

static void fail(const char *what) {
    fprintf(stderr, "relay: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* Only pipes and sockets: others may share a terminal or file and expect it to block. */
static void write_without_blocking(int fd) {
    struct stat info;
    if (fstat(fd, &info) < 0) fail("fstat");
    if (!S_ISFIFO(info.st_mode) && !S_ISSOCK(info.st_mode)) return;
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) fail("fcntl");
}

static void close_end(int *fd) {
    if (*fd >= 0) close(*fd);
    *fd = -1;
}

static void pump_write(struct pump *p) {
    ssize_t n = write(p->out, p->buffer + p->start, p->end - p->start);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n < 0 && errno != EPIPE) fail("write");
    if (n < 0) { /* the reader is gone: so is the use of this direction */
        close_end(&p->in);
        n = (ssize_t)(p->end - p->start);
    }
    p->start += (size_t)n;
    if (p->start == p->end) p->start = p->end = 0;
}

static void pump_read(struct pump *p) {
    ssize_t n = read(p->in, p->buffer, sizeof p->buffer);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n < 0) fail("read");
    if (n == 0) {
        close_end(&p->in);
        return;
    }
    p->end = (size_t)n;
    pump_write(p); /* nearly always possible at once, which saves a poll */
}

/* Runs until the child has closed its output and everything is passed on. */
static void run(struct pump *request, struct pump *response) {
    struct pump *pumps[2] = {request, response};
    while (response->in >= 0 || response->end > 0) {
        struct pollfd ready[4];
        for (int i = 0; i < 2; i++) {
            struct pump *p = pumps[i];
            if (p->in < 0 && p->end == 0) close_end(&p->out);
            ready[2 * i] = (struct pollfd){p->end == 0 ? p->in : -1, POLLIN, 0};
            ready[2 * i + 1] = (struct pollfd){p->end > 0 ? p->out : -1, POLLOUT, 0};
        }
        if (poll(ready, 4, -1) < 0) {
            if (errno == EINTR) continue;
            fail("poll");
        }
        for (int i = 0; i < 2; i++) {
            if (ready[2 * i].revents) pump_read(pumps[i]);
            if (ready[2 * i + 1].revents) pump_write(pumps[i]);
        }
    }
}

/* The child gets the default SIGPIPE back, which it would otherwise inherit as ignored. */
static pid_t start(char **command, int *to_child, int *from_child) {
    int down[2], up[2];
    if (pipe2(down, O_CLOEXEC) < 0 || pipe2(up, O_CLOEXEC) < 0) fail("pipe2");
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t defaults;
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    if ((errno = posix_spawn_file_actions_init(&actions)) ||
        (errno = posix_spawnattr_init(&attributes)) ||
        (errno = posix_spawn_file_actions_adddup2(&actions, down[0], STDIN_FILENO)) ||
        (errno = posix_spawn_file_actions_adddup2(&actions, up[1], STDOUT_FILENO)) ||
        (errno = posix_spawnattr_setsigdefault(&attributes, &defaults)) ||
        (errno = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF)))
        fail("posix_spawn attributes");
    pid_t pid;
    if ((errno = posix_spawnp(&pid, command[0], &actions, &attributes, command, environ)))
        fail(command[0]);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    close(down[0]);
    close(up[1]);
    *to_child = down[1];
    *from_child = up[0];
    return pid;
}

int main(int argc, char **argv) {
    char **command = argv + (argc > 1 && strcmp(argv[1], "--") == 0 ? 2 : 1);
    if (argc < 2 || *command == NULL) {
        fprintf(stderr, "usage: relay [--] COMMAND [ARG…]\n");
        return 2;
    }
    static struct pump request = {.in = STDIN_FILENO}, response = {.out = STDOUT_FILENO};
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR) fail("signal");
    pid_t child = start(command, &request.out, &response.in);
    write_without_blocking(request.out);
    write_without_blocking(response.out);
    run(&request, &response);
    close_end(&request.out);
    int status;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR) fail("waitpid");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
