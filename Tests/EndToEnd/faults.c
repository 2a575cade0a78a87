// System calls that fail: preloaded into mcpo by FaultTests.swift, which compiles it.
//
//     MCPO_FAULT=pipe:3:EMFILE     the third pipe() fails
//     MCPO_FAULT=read:2:SHORT      the second read() returns one byte
//     MCPO_FAULT=pidfd_open:*:ENOSYS   every one fails
//     MCPO_FAULT=fork:1:SLOW       the child of the first fork() begins half a second late
//     MCPO_FAULT_WARP=100          the monotonic clock runs a hundred times as fast
//
// Only the process that it is preloaded into is meant: the variables are taken out of the
// environment at once, and a forked child (the watchdog) is left alone.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const struct { const char *name; int code; } codes[] = {
    {"EMFILE", EMFILE}, {"EAGAIN", EAGAIN}, {"EINTR", EINTR},   {"ENOMEM", ENOMEM},
    {"ENOSYS", ENOSYS}, {"EPERM", EPERM},   {"ENOSPC", ENOSPC}, {"SHORT", -1},
    {"EACCES", EACCES}, {"E2BIG", E2BIG},   {"ETXTBSY", ETXTBSY}, {"SLOW", -2},
};

static char fault_call[32];
static int fault_number;  // 0: every call
static int fault_code;
static int calls;
static long warp = 1;
static pid_t owner;
static struct timespec beginning;

#define REAL(name) static __typeof__(name) *real; if (!real) real = dlsym(RTLD_NEXT, #name)

static void read_fault(char *text) {
    char *number = strchr(text, ':');
    char *code = number ? strchr(number + 1, ':') : 0;
    if (!code) return;
    *number++ = 0;
    *code++ = 0;
    snprintf(fault_call, sizeof fault_call, "%s", text);
    fault_number = *number == '*' ? 0 : atoi(number);
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (strcmp(code, codes[i].name) == 0) fault_code = codes[i].code;
}

__attribute__((constructor)) static void prepare(void) {
    char *text = getenv("MCPO_FAULT");
    char *factor = getenv("MCPO_FAULT_WARP");
    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &beginning);
    if (text) read_fault(text);
    if (factor) warp = atol(factor);
    owner = getpid();
    unsetenv("LD_PRELOAD");
    unsetenv("MCPO_FAULT");
    unsetenv("MCPO_FAULT_WARP");
}

// Whether this call fails; errno says how. Below 0 stands for what is no error.
static int fails(const char *call) {
    if (strcmp(call, fault_call) != 0 || getpid() != owner) return 0;
    calls++;
    if (fault_number != 0 && calls != fault_number) return 0;
    if (fault_code > 0) errno = fault_code;
    return 1;
}

// The same for a call that the child of mcpo's vfork makes: it has counted nothing before.
static int fails_in_child(const char *call) {
    if (strcmp(call, fault_call) != 0) return 0;
    errno = fault_code;
    return 1;
}

int epoll_create1(int flags) {
    REAL(epoll_create1);
    return fails("epoll_create1") ? -1 : real(flags);
}

// Only additions can fail in earnest.
int epoll_ctl(int poller, int operation, int descriptor, struct epoll_event *event) {
    REAL(epoll_ctl);
    if (operation == EPOLL_CTL_ADD && fails("epoll_ctl")) return -1;
    return real(poller, operation, descriptor, event);
}

int epoll_wait(int poller, struct epoll_event *events, int count, int timeout) {
    REAL(epoll_wait);
    if (fails("epoll_wait")) return -1;
    int wait = timeout > 0 ? (int)((timeout + warp - 1) / warp) : timeout;
    return real(poller, events, count, wait);
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    REAL(clock_gettime);
    int result = real(clock, time);
    if (warp > 1 && clock == CLOCK_MONOTONIC && getpid() == owner) {
        long seconds = time->tv_sec - beginning.tv_sec;
        long nanoseconds = (seconds * 1000000000L + time->tv_nsec - beginning.tv_nsec) * warp;
        time->tv_sec = beginning.tv_sec + nanoseconds / 1000000000L;
        time->tv_nsec = nanoseconds % 1000000000L;
    }
    return result;
}

int timerfd_create(clockid_t clock, int flags) {
    REAL(timerfd_create);
    return fails("timerfd_create") ? -1 : real(clock, flags);
}

int timerfd_settime(
    int timer, int flags, const struct itimerspec *time, struct itimerspec *former) {
    REAL(timerfd_settime);
    if (fails("timerfd_settime")) return -1;
    struct itimerspec unwarped = *time;
    if (warp > 1 && getpid() == owner) {
        long seconds = time->it_value.tv_sec - beginning.tv_sec;
        long nanoseconds =
            (seconds * 1000000000L + time->it_value.tv_nsec - beginning.tv_nsec) / warp
            + beginning.tv_nsec;
        unwarped.it_value.tv_sec = beginning.tv_sec + nanoseconds / 1000000000L;
        unwarped.it_value.tv_nsec = nanoseconds % 1000000000L;
    }
    return real(timer, flags, &unwarped, former);
}

int poll(struct pollfd *entries, nfds_t count, int timeout) {
    REAL(poll);
    return fails("poll") ? -1 : real(entries, count, timeout);
}

ssize_t read(int descriptor, void *bytes, size_t count) {
    REAL(read);
    int is_faulty = fails("read");
    if (is_faulty && fault_code > 0) return -1;
    return real(descriptor, bytes, is_faulty && count > 1 ? 1 : count);
}

ssize_t write(int descriptor, const void *bytes, size_t count) {
    REAL(write);
    int is_faulty = fails("write");
    if (is_faulty && fault_code > 0) return -1;
    return real(descriptor, bytes, is_faulty && count > 1 ? 1 : count);
}

pid_t waitpid(pid_t process, int *status, int options) {
    REAL(waitpid);
    return fails("waitpid") ? -1 : real(process, status, options);
}

pid_t fork(void) {
    REAL(fork);
    if (!fails("fork")) return real();
    if (fault_code > 0) return -1;
    pid_t child = real();
    if (child == 0) usleep(500 * 1000);
    return child;
}

// A wrapper cannot call the real vfork, whose child would return into a frame that is gone. fork
// does the same for a child that goes on to exec.
pid_t vfork(void) {
    static pid_t (*real)(void);
    if (!real) real = dlsym(RTLD_NEXT, "fork");
    return fails("vfork") ? -1 : real();
}

int execve(const char *path, char *const arguments[], char *const environment[]) {
    REAL(execve);
    return fails_in_child("execve") ? -1 : real(path, arguments, environment);
}

long syscall(long number, ...) {
    REAL(syscall);
    va_list list;
    va_start(list, number);
    long a = va_arg(list, long), b = va_arg(list, long), c = va_arg(list, long);
    long d = va_arg(list, long), e = va_arg(list, long), f = va_arg(list, long);
    va_end(list);
    if (number == SYS_pidfd_open && fails("pidfd_open")) return -1;
    if (number == SYS_pipe2 && fails("pipe")) return -1;
    return real(number, a, b, c, d, e, f);
}
