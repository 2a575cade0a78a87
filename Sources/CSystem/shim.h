// What Swift's import of the C library lacks: variadic calls, macros, calls behind _GNU_SOURCE, and
// what must not be Swift: the code that runs in a forked child, before exec or without it.
//
// _GNU_SOURCE is not defined here on purpose: it changes the types of other headers and makes them
// clash with those of Swift's own C library module. What needs it is declared by hand.

#ifndef MCPO_CSYSTEM_SHIM_H
#define MCPO_CSYSTEM_SHIM_H

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#if defined(__linux__)
#include <malloc.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

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

#if defined(__linux__)
// Large blocks go back to the system as soon as they are freed. glibc otherwise takes freed large
// blocks as a reason to keep the next ones (its threshold grows to 32 MiB). The heap of small blocks
// is not trimmed: when a cache lets its entries go, oldest first, glibc would give back all of them
// inside one call of free, at 0.09 ms a MiB.
static inline void mcpo_return_large_blocks(void) {
    mallopt(M_MMAP_THRESHOLD, 256 * 1024);
    mallopt(M_TRIM_THRESHOLD, -1);
}
#else
static inline void mcpo_return_large_blocks(void) {}
#endif

#if defined(__linux__)
// A descriptor that becomes readable at a time of CLOCK_MONOTONIC.
static inline int mcpo_timer_create(void) {
    return timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
}
static inline int mcpo_timer_set(int timer, long long nanoseconds) {
    struct itimerspec time = {
        .it_value = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000}};
    return timerfd_settime(timer, TFD_TIMER_ABSTIME, &time, NULL);
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

// The same open file under a number above stderr, closed on exec; -1 when there is none.
static inline int mcpo_duplicate_above_stderr(int descriptor) {
    return fcntl(descriptor, F_DUPFD_CLOEXEC, 3);
}

// The same file opened once more, non-blocking, so that nobody who shares the first opening notices;
// -1 where the system cannot do it.
static inline int mcpo_reopen_non_blocking(int descriptor) {
#if defined(__linux__)
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
    return open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
#else
    (void)descriptor;
    return -1;
#endif
}

// Opens /dev/null for each of stdin, stdout and stderr that is closed, so that no other file gets
// its number and is taken for it.
static inline void mcpo_open_standard_streams(void) {
    for (int descriptor = 0; descriptor <= 2; descriptor++) {
        if (fcntl(descriptor, F_GETFD) < 0 && errno == EBADF) {
            int opened = open("/dev/null", O_RDWR);
            if (opened >= 0 && opened != descriptor) close(opened);
        }
    }
}

// Columns of the terminal that the descriptor is; 0 for anything else.
static inline int mcpo_terminal_columns(int descriptor) {
    struct winsize size;
    return ioctl(descriptor, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

// Lines of the terminal that the descriptor is; 0 for anything else.
static inline int mcpo_terminal_lines(int descriptor) {
    struct winsize size;
    return ioctl(descriptor, TIOCGWINSZ, &size) == 0 ? size.ws_row : 0;
}

static inline int mcpo_set_close_on_exec(int descriptor) {
    return fcntl(descriptor, F_SETFD, FD_CLOEXEC);
}

// A pipe, closed on exec: from its first instant where the system can do that, so that no program
// that another thread starts at that moment inherits an end, and keeps the watchdog waiting.
static inline int mcpo_pipe(int *ends) {
#if defined(__linux__)
    return (int)syscall(SYS_pipe2, ends, O_CLOEXEC);
#else
    return pipe(ends);
#endif
}

#if defined(__linux__)
// The next connection of a listening socket, non-blocking and closed on exec.
static inline int mcpo_accept(int descriptor) {
    return (int)syscall(SYS_accept4, descriptor, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC);
}
#endif

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
//
// It is out of the reach of what is sent to mcpo's terminal or process group from the first instant,
// not only when it comes to run, which can be long after on a busy machine: it is born with all
// signals blocked, and mcpo itself puts it into a group of its own.
static inline pid_t mcpo_watchdog_start(int input) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t child = fork();
    if (child != 0) {
        if (child > 0) setpgid(child, child);
        pthread_sigmask(SIG_SETMASK, &before, 0);
        return child;
    }
    setpgid(0, 0);
#if defined(__linux__)
    prctl(PR_SET_NAME, "mcpo-watchdog", 0, 0, 0);
#endif
    mcpo_watchdog_main(input);
    return 0;
}

// Starting a server: vfork and exec, and not posix_spawn, for one reason. The child tells the
// watchdog of itself before it becomes the server, so that there is no instant in which mcpo could
// be killed and leave a server that nobody knows of. (With posix_spawn, whose caller learns the
// number afterwards, three of sixty servers outlived a kill at a random moment of the start.)
//
// vfork does not copy the memory of a large host program. Its child borrows the parent's memory
// until exec, so it writes to nothing but its own stack, calls only what is async-signal-safe, and
// runs with all signals blocked, lest a handler of the host runs in it.

// What could not be done, for the caller's words.
enum mcpo_spawn_step { MCPO_SPAWN_DONE, MCPO_SPAWN_FORK, MCPO_SPAWN_DIRECTORY, MCPO_SPAWN_EXEC };

struct mcpo_spawn_result {
    pid_t process;
    int step;
    int error;
};

static inline void mcpo_spawn_write_number(int descriptor, char sign, pid_t number) {
    char text[16];
    int start = sizeof text;
    text[--start] = '\n';
    do {
        text[--start] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    text[--start] = sign;
    ssize_t written = write(descriptor, text + start, sizeof text - (size_t)start);
    (void)written;
}

// Every descriptor above stderr is closed by exec, whoever opened it.
static inline void mcpo_spawn_close_on_exec(void) {
#if defined(__linux__) && defined(SYS_close_range)
    if (syscall(SYS_close_range, 3, ~0U, 4 /* CLOSE_RANGE_CLOEXEC */) == 0) return;
#endif
    long limit = sysconf(_SC_OPEN_MAX);
    if (limit < 0 || limit > 65536) limit = 65536;
    for (int descriptor = 3; descriptor < limit; descriptor++) {
        fcntl(descriptor, F_SETFD, FD_CLOEXEC);
    }
}

static inline void mcpo_spawn_reset_signals(void) {
    sigset_t none;
    struct sigaction usual = {0};
    usual.sa_handler = SIG_DFL;
    for (int number = 1; number < NSIG; number++) sigaction(number, &usual, 0);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, 0);
}

// In the child: never returns.
static inline void mcpo_spawn_child(
    const char *program, char *const *arguments, char *const *environment, const char *directory,
    const int *streams, int watchdog, int report) {
    int failure[2] = {MCPO_SPAWN_EXEC, 0};
    setpgid(0, 0);
    if (watchdog >= 0) mcpo_spawn_write_number(watchdog, '+', getpid());
    // The descriptors are above stderr (see `Pipe`), so none of these overwrites another.
    if (dup2(streams[0], 0) >= 0 && dup2(streams[1], 1) >= 0 && dup2(streams[2], 2) >= 0) {
        mcpo_spawn_close_on_exec();
        if (directory && chdir(directory) != 0) {
            failure[0] = MCPO_SPAWN_DIRECTORY;
        } else {
            mcpo_spawn_reset_signals();
            execve(program, arguments, environment);
        }
    }
    failure[1] = errno;
    ssize_t written = write(report, failure, sizeof failure);
    (void)written;
    if (watchdog >= 0) mcpo_spawn_write_number(watchdog, '-', getpid());
    _exit(127);
}

// Starts `program` in a process group of its own. `report` is a pipe that exec closes: what comes
// through it is a failure.
static __attribute__((noinline)) struct mcpo_spawn_result mcpo_spawn(
    const char *program, char *const *arguments, char *const *environment, const char *directory,
    const int *streams, int watchdog, const int *report) {
    struct mcpo_spawn_result result = {-1, MCPO_SPAWN_FORK, 0};
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t child = vfork();
    if (child == 0) {
        mcpo_spawn_child(
            program, arguments, environment, directory, streams, watchdog, report[1]);
    }
    result.error = errno;
    pthread_sigmask(SIG_SETMASK, &before, 0);
    close(report[1]);
    if (child > 0) {
        int failure[2] = {MCPO_SPAWN_DONE, 0};
        ssize_t length;
        do length = read(report[0], failure, sizeof failure);
        while (length < 0 && errno == EINTR);
        result.process = child;
        result.step = length == sizeof failure ? failure[0] : MCPO_SPAWN_DONE;
        result.error = failure[1];
        if (result.step != MCPO_SPAWN_DONE) {
            while (waitpid(child, 0, 0) < 0 && errno == EINTR) {}
        }
    }
    close(report[0]);
    return result;
}

#endif
