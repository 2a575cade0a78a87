/*
 * observe.c: memory and CPU time of a command under test and of the processes below it.
 *
 * CPU time comes from the processes' CPU-time clocks, which count nanoseconds; /proc/PID/stat
 * counts ticks of 10 ms. Memory comes from smaps_rollup, which walks the page tables; VmRSS in
 * /proc/PID/status is kept in per-CPU batches and may be off by some hundred KiB. What a process
 * used that ended between two readings is not counted: nothing ends during a load.
 */
#define _GNU_SOURCE
#include "peer.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TREE_MAX = 64, PROCESSES_MAX = 8192 };

struct process {
    pid_t pid, parent;
};

/* The parent's id is the second field after the command's name, which ends at the last ')'. */
static bool read_parent(pid_t pid, pid_t *parent) {
    char path[64], text[512];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    FILE *file = fopen(path, "re");
    if (file == NULL) return false; /* it has ended meanwhile */
    size_t n = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[n] = '\0';
    const char *name_end = strrchr(text, ')');
    return name_end != NULL && sscanf(name_end + 1, " %*c %d", parent) == 1;
}

static size_t list_processes(struct process *list) {
    DIR *directory = opendir("/proc");
    if (directory == NULL) die("/proc");
    size_t count = 0;
    for (struct dirent *entry; count < PROCESSES_MAX && (entry = readdir(directory)) != NULL;) {
        if (!isdigit((unsigned char)entry->d_name[0])) continue;
        list[count].pid = atoi(entry->d_name);
        if (read_parent(list[count].pid, &list[count].parent)) count++;
    }
    closedir(directory);
    return count;
}

/* The process itself first, then all below it, however deep. */
static size_t find_tree(pid_t root, pid_t tree[TREE_MAX]) {
    static struct process all[PROCESSES_MAX];
    size_t total = list_processes(all), count = 1;
    tree[0] = root;
    for (size_t parent = 0; parent < count; parent++)
        for (size_t i = 0; i < total && count < TREE_MAX; i++)
            if (all[i].parent == tree[parent]) tree[count++] = all[i].pid;
    return count;
}

static bool read_cpu(pid_t pid, uint64_t *nanoseconds) {
    clockid_t clock;
    struct timespec t;
    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &t) != 0) return false;
    *nanoseconds = (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
    return true;
}

bool peer_cpu(struct peer *peer, uint64_t *own, uint64_t *tree) {
    pid_t pids[TREE_MAX];
    size_t count = find_tree(peer->pid, pids);
    if (!read_cpu(peer->pid, own))
        return peer_fault(peer, "its CPU time cannot be read: has it died?");
    *tree = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t one = 0;
        if (read_cpu(pids[i], &one)) *tree += one;
    }
    return true;
}

/* In bytes; false when the process is gone. */
static bool read_memory(pid_t pid, double *rss, double *pss) {
    char path[64], line[256];
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", pid);
    FILE *file = fopen(path, "re");
    if (file == NULL) return false;
    *rss = *pss = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        unsigned long kib;
        if (sscanf(line, "Rss: %lu kB", &kib) == 1) *rss = (double)kib * 1024;
        if (sscanf(line, "Pss: %lu kB", &kib) == 1) *pss = (double)kib * 1024;
    }
    fclose(file);
    return *rss > 0;
}

bool peer_memory(struct peer *peer, struct memory *memory) {
    pid_t pids[TREE_MAX];
    size_t count = find_tree(peer->pid, pids);
    double rss, pss;
    if (!read_memory(peer->pid, &memory->rss, &memory->tree_pss))
        return peer_fault(peer, "its memory cannot be read: has it died?");
    for (size_t i = 1; i < count; i++)
        if (read_memory(pids[i], &rss, &pss)) memory->tree_pss += pss;
    return true;
}
