/*
 * crowd.c: what reaches an HTTP port in the worst of days, at a fixed pace.
 *
 *   silent    80 connections that never say anything
 *   slow      60 that send one byte of an endless head every 20 ms (slow-loris): 3,000 bytes/s
 *   nonsense  60 that send, in turn, what no server likes, read what comes, and connect again when
 *             they are closed: 60 every 20 ms, 3,000 requests/s in all
 *
 * wrk is there for how much the port can do, not for what that costs others.
 *
 * A pace and not as fast as possible: a flood from the same machine takes its CPU time, whatever
 * the server does.
 */
#define _GNU_SOURCE
#include "crowd.h"
#include "peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SILENT = 80, SLOW = 60, NONSENSE = 60, CLIENTS = SILENT + SLOW + NONSENSE };
enum { ROUND_MS = 20, SCRAPE_MS = 100 };

#define HOST "Host: localhost\r\n"
static const char *const nonsense[] = {
    "\x16\x03\x01\x02\n\r\n",
    "GET /health HTTP/1.1\r\n" HOST "A: \x01\r\n\r\n",
    "POST /reload HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    "GET /health HTTP/1.1\r\n" HOST "\r\nGET /health HTTP/1.1\r\n" HOST "\r\n"
    "GET /health HTTP/1.1\r\n" HOST "\r\nGET /metrics HTTP/1.1\r\n" HOST "\r\n",
    "POST /cache/clear HTTP/1.1\r\n" HOST "Content-Length: 99999999999\r\n\r\n",
    "GET /metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n",
};

static int connect_to(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) die(path);
    strcpy(address.sun_path, path);
    for (int attempt = 0; attempt < 500; attempt++) {
        int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (s < 0) die("socket");
        if (connect(s, (struct sockaddr *)&address, sizeof address) == 0) {
            fcntl(s, F_SETFL, O_NONBLOCK);
            return s;
        }
        close(s);
        usleep(10000);
    }
    die(path);
}

static void put(int s, const char *text) {
    ssize_t n = send(s, text, strlen(text), MSG_NOSIGNAL);
    (void)n;
}

/* Reads what is there. False when the other end has closed. */
static int drain(int s) {
    char bytes[65536];
    ssize_t n;
    while ((n = recv(s, bytes, sizeof bytes, 0)) > 0) continue;
    return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

static void pause_ms(long ms) {
    struct timespec time = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&time, NULL);
}

/* Tells the meter that everybody is there. */
static void tell(int ready) {
    if (write(ready, "", 1) != 1) die("crowd");
    close(ready);
}

_Noreturn static void be_hostile(const char *path, int ready) {
    int s[CLIENTS];
    size_t next = 0;
    for (int i = 0; i < CLIENTS; i++) s[i] = connect_to(path);
    for (int i = SILENT; i < SILENT + SLOW; i++) put(s[i], "GET /health HTTP/1.1\r\n" HOST "A: ");
    tell(ready);
    for (;;) {
        for (int i = SILENT; i < SILENT + SLOW; i++) {
            put(s[i], "a");
            if (drain(s[i])) continue;
            close(s[i]);
            s[i] = connect_to(path);
            put(s[i], "GET /health HTTP/1.1\r\n" HOST "A: ");
        }
        for (int i = SILENT + SLOW; i < CLIENTS; i++) {
            if (!drain(s[i])) {
                close(s[i]);
                s[i] = connect_to(path);
            }
            put(s[i], nonsense[next++ % (sizeof nonsense / sizeof *nonsense)]);
        }
        pause_ms(ROUND_MS);
    }
}

_Noreturn static void scrape(const char *path, int ready) {
    int s = connect_to(path);
    tell(ready);
    for (;;) {
        put(s, "GET /metrics?format=prometheus HTTP/1.1\r\n" HOST "\r\n");
        put(s, "GET /health HTTP/1.1\r\n" HOST "\r\n");
        pause_ms(SCRAPE_MS);
        if (!drain(s)) die("the port has closed its scraper");
    }
}

/* ---- wrk ------------------------------------------------------------------------------------- */

static int report = -1; /* what wrk prints */

unsigned crowd_port(void) {
    static unsigned port;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    if (port > 0) return port;
    int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (s < 0 || bind(s, (struct sockaddr *)&address, length) < 0 ||
        getsockname(s, (struct sockaddr *)&address, &length) < 0)
        die("a free port");
    close(s);
    return port = ntohs(address.sin_port);
}

_Noreturn static void run_wrk(enum crowd crowd) {
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%u/%s", crowd_port(),
             crowd == WRK_METRICS ? "metrics" : "health");
    dup2(report, STDOUT_FILENO);
    /* It ends, and prints, at SIGINT. */
    execlp("wrk", "wrk", "-t1", "-c16", "-d1h", "--latency", url, NULL);
    die("wrk (on Debian: apt-get install wrk)");
}

/* "    99%    1.23ms" and "Requests/sec:  12345.67" */
static struct crowd_result read_report(void) {
    struct crowd_result result = {NAN, NAN};
    char text[4096], *at, *unit;
    ssize_t n = pread(report, text, sizeof text - 1, 0);
    close(report);
    if (n <= 0) return result;
    text[n] = '\0';
    if ((at = strstr(text, "99%")) != NULL) {
        double value = strtod(at + 3, &unit);
        double scale = strncmp(unit, "us", 2) == 0 ? 1 : strncmp(unit, "ms", 2) == 0 ? 1e3 : 1e6;
        result.p99_us = value * scale;
    }
    if ((at = strstr(text, "Requests/sec:")) != NULL) result.asks_per_second = atof(at + 13);
    if (strstr(text, "Non-2xx") != NULL || strstr(text, "Socket errors") != NULL) die(text);
    return result;
}

static bool is_wrk(enum crowd crowd) {
    return crowd == WRK_HEALTH || crowd == WRK_METRICS;
}

static void leave(int cpu) {
    cpu_set_t others;
    CPU_ZERO(&others);
    for (int i = 0; i < sysconf(_SC_NPROCESSORS_ONLN); i++)
        if (i != cpu) CPU_SET(i, &others);
    if (CPU_COUNT(&others) > 0) sched_setaffinity(0, sizeof others, &others);
}

pid_t crowd_start(const char *path, enum crowd crowd, int cpu) {
    int ready[2];
    char byte;
    if (is_wrk(crowd) && (report = memfd_create("wrk", MFD_CLOEXEC)) < 0) die("memfd");
    if (pipe2(ready, O_CLOEXEC) < 0) die("pipe");
    pid_t process = fork();
    if (process < 0) die("fork");
    if (process == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(ready[0]);
        leave(cpu);
        if (crowd == HOSTILE) be_hostile(path, ready[1]);
        if (is_wrk(crowd)) {
            tell(ready[1]);
            run_wrk(crowd);
        }
        scrape(path, ready[1]);
    }
    close(ready[1]);
    ssize_t n;
    do n = read(ready[0], &byte, 1);
    while (n < 0 && errno == EINTR);
    close(ready[0]);
    if (n != 1) die("the crowd cannot connect");
    return process;
}

struct crowd_result crowd_stop(pid_t process, enum crowd crowd) {
    int status;
    pid_t ended = waitpid(process, &status, WNOHANG);
    if (ended != 0) die("the crowd has ended by itself");
    kill(process, is_wrk(crowd) ? SIGINT : SIGKILL);
    while (waitpid(process, &status, 0) < 0 && errno == EINTR) continue;
    return is_wrk(crowd) ? read_report() : (struct crowd_result){NAN, NAN};
}
