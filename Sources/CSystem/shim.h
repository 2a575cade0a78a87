// What Swift's import of the C library lacks: variadic calls, macros, calls behind _GNU_SOURCE, and
// the one thing that must not be Swift, a forked child without exec (the watchdog).
//
// _GNU_SOURCE is not defined here on purpose: it changes the types of other headers and makes them
// clash with those of Swift's own C library module. What needs it is declared by hand.

#ifndef MCPO_CSYSTEM_SHIM_H
#define MCPO_CSYSTEM_SHIM_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#if defined(__linux__)
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

extern int posix_spawn_file_actions_addchdir_np(
    posix_spawn_file_actions_t *__restrict, const char *__restrict);
extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *, int);

// A descriptor that becomes readable when the process ends (Linux 5.3).
static inline int mcpo_pidfd_open(pid_t pid) {
    return (int)syscall(SYS_pidfd_open, pid, 0);
}

// F_GETPIPE_SZ and F_SETPIPE_SZ, which are behind _GNU_SOURCE. Both return the capacity, or -1.
static inline int mcpo_get_pipe_capacity(int descriptor) {
    return fcntl(descriptor, 1032);
}

static inline int mcpo_set_pipe_capacity(int descriptor, int bytes) {
    return fcntl(descriptor, 1031, bytes);
}
#endif

// `environ` is a mutable global, which Swift 6 does not let one read.
extern char **environ;

static inline char **mcpo_environment(void) {
    return environ;
}

static inline int mcpo_get_status_flags(int descriptor) {
    return fcntl(descriptor, F_GETFL);
}

static inline int mcpo_set_status_flags(int descriptor, int flags) {
    return fcntl(descriptor, F_SETFL, flags);
}

static inline int mcpo_set_close_on_exec(int descriptor) {
    return fcntl(descriptor, F_SETFD, FD_CLOEXEC);
}

// Whether waitpid's status tells of a normal exit, and its code; else the signal that ended it.
static inline int mcpo_exited(int status) { return WIFEXITED(status); }
static inline int mcpo_exit_status(int status) { return WEXITSTATUS(status); }
static inline int mcpo_term_signal(int status) { return WTERMSIG(status); }

// The watchdog: a child of mcpo that outlives it by an instant and ends what mcpo could not, were
// it killed with SIGKILL. It reads process group numbers, "+123\n" to watch and "-123\n" to forget,
// and at the end of the pipe, which only mcpo's end brings about, ends the groups it still watches.
//
// It is forked and not executed: it works in any program that uses the library, whatever that
// program's own executable is, and starts in a tenth of a millisecond. After fork in a program that
// may have other threads, only async-signal-safe calls are allowed: everything below is.

#define MCPO_WATCHED_GROUPS 4096

static inline void mcpo_watchdog_note(pid_t *groups, int *count, pid_t group, int is_added) {
    if (is_added) {
        if (*count < MCPO_WATCHED_GROUPS) groups[(*count)++] = group;
        return;
    }
    for (int i = 0; i < *count; i++) {
        if (groups[i] == group) {
            groups[i] = groups[--*count];
            return;
        }
    }
}

// SIGTERM, up to 250 ms to go, SIGKILL.
static inline void mcpo_watchdog_end(const pid_t *groups, int count) {
    const struct timespec pause = {0, 10 * 1000 * 1000};
    for (int i = 0; i < count; i++) kill(-groups[i], SIGTERM);
    for (int round = 0; round < 25; round++) {
        int remaining = 0;
        for (int i = 0; i < count; i++) remaining += kill(-groups[i], 0) == 0;
        if (remaining == 0) return;
        nanosleep(&pause, 0);
    }
    for (int i = 0; i < count; i++) kill(-groups[i], SIGKILL);
}

static inline void mcpo_watchdog_close_others(int kept) {
#if defined(__linux__) && defined(SYS_close_range)
    int below = kept == 0 || syscall(SYS_close_range, 0, kept - 1, 0) == 0;
    if (below && syscall(SYS_close_range, kept + 1, ~0U, 0) == 0) return;
#endif
    long limit = sysconf(_SC_OPEN_MAX);
    if (limit < 0 || limit > 65536) limit = 65536;
    for (int descriptor = 0; descriptor < limit; descriptor++) {
        if (descriptor != kept) close(descriptor);
    }
}

static inline void mcpo_watchdog_main(int input) {
    static pid_t groups[MCPO_WATCHED_GROUPS];
    int count = 0;
    int is_added = 1;
    pid_t number = 0;
    char bytes[512];
    mcpo_watchdog_close_others(input);
    for (;;) {
        ssize_t length = read(input, bytes, sizeof bytes);
        if (length < 0 && errno == EINTR) continue;
        if (length <= 0) break;
        for (ssize_t i = 0; i < length; i++) {
            if (bytes[i] == '+' || bytes[i] == '-') {
                is_added = bytes[i] == '+';
                number = 0;
            } else if (bytes[i] == '\n') {
                mcpo_watchdog_note(groups, &count, number, is_added);
            } else {
                number = number * 10 + (bytes[i] - '0');
            }
        }
    }
    mcpo_watchdog_end(groups, count);
    _exit(0);
}

// Starts the watchdog on `input`, the reading end of its pipe. Returns its process, or -1.
static inline pid_t mcpo_watchdog_start(int input) {
    pid_t child = fork();
    if (child != 0) return child;
    // Out of the reach of what is sent to mcpo's terminal or process group.
    setsid();
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    signal(SIGQUIT, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
#if defined(__linux__)
    prctl(PR_SET_NAME, "mcpo-watchdog", 0, 0, 0);
#endif
    mcpo_watchdog_main(input);
    return 0;
}

#endif
