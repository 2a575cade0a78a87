/*
 * bench: how much slower is a server behind mcpo than directly, and than behind a null relay?
 *
 *   bench [--quick] [--repetitions N] [--cpu N|none] [--markdown] [--mcpo PATH]
 *         [--peer NAME='COMMAND … {} …']… [--peer-share N] [SCENARIO…]
 *
 * Absolute figures of a busy or virtual machine mean little and drift within minutes. Hence: all
 * configurations run in turn in one run, all processes on one CPU (a wake-up on another, idle one
 * costs 20 times as much and depends on luck), and what counts are ratios and differences within a
 * repetition. Meter, stub and relay are C so that they are much lighter than what is measured.
 *
 * The files: wire.h the bytes, peer.c one command under test, observe.c its memory and CPU time,
 * load.c the closed loop, crowd.c clients of the HTTP port, caching.c keys and what was executed, files.c configurations of several
 * servers, scenario.c the table of scenarios, report.c the tables and goals.
 *
 * Exit status: 0; 1 when an answer was wrong or missing, the server executed what it should not
 * have, or something died or hung; 2 for wrong arguments. Missed goals do not change it: machines
 * are noisy.
 */
#define _GNU_SOURCE
#include "bench.h"
#include "counts.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DEFAULT_REPETITIONS = 5, QUICK_REPETITIONS = 3, CPU_DEFAULT = -2, CPU_NONE = -1 };

_Noreturn static void usage(const char *problem) {
    if (problem != NULL) fprintf(stderr, "bench: %s\n", problem);
    fprintf(problem == NULL ? stdout : stderr,
            "usage: bench [--quick] [--repetitions N] [--cpu N|none] [--markdown] [--mcpo PATH]\n"
            "             [--peer NAME='COMMAND … {} …']… [--peer-share N] [SCENARIO…]\n"
            "{} stands for the stub server's command. Words are split at spaces. Peers make one\n"
            "call in N.\n"
            "Scenarios, also by their beginning (* only when named):\n");
    for (size_t i = 0; i < all_scenario_count; i++)
        fprintf(problem == NULL ? stdout : stderr, "  %-11s %s%s\n", all_scenarios[i].name,
                all_scenarios[i].about, all_scenarios[i].by_name_only ? " *" : "");
    exit(problem == NULL ? 0 : 2);
}

/* ---- Arguments ------------------------------------------------------------------------------- */

static void add_config(struct plan *plan, struct config config) {
    if (plan->config_count == CONFIGS_MAX) usage("too many --peer");
    for (size_t i = 0; i < plan->config_count; i++)
        if (strcmp(plan->configs[i].name, config.name) == 0)
            usage("two configurations of one name");
    plan->configs[plan->config_count++] = config;
}

static void add_scenario(struct plan *plan, const struct scenario *s) {
    size_t known = 0;
    while (known < plan->scenario_count && plan->scenarios[known] != s) known++;
    if (known == plan->scenario_count) plan->scenarios[plan->scenario_count++] = s;
}

/* A name selects the scenario that has it, or all that begin with it: `small` is small-1, small-8
 * and small-64. */
static void add_scenarios(struct plan *plan, const char *name) {
    bool found = false;
    for (size_t i = 0; name != NULL && i < all_scenario_count; i++)
        if (strcmp(all_scenarios[i].name, name) == 0) {
            add_scenario(plan, &all_scenarios[i]);
            return;
        }
    for (size_t i = 0; i < all_scenario_count; i++) {
        const struct scenario *s = &all_scenarios[i];
        bool wanted = name == NULL ? !s->by_name_only : strncmp(s->name, name, strlen(name)) == 0;
        if (wanted) add_scenario(plan, s);
        found |= wanted;
    }
    if (!found) usage("no such scenario");
}

static unsigned number(const char *text, unsigned least, unsigned most) {
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    if (end == text || *end != '\0' || value < least || value > most)
        usage("a number is out of range");
    return (unsigned)value;
}

static void add_peer(struct plan *plan, char *argument) {
    char *command = strchr(argument, '=');
    if (command == NULL || command == argument || command[1] == '\0')
        usage("--peer needs NAME=COMMAND");
    *command = '\0';
    add_config(plan, (struct config){argument, command + 1, .foreign = true, .caches = true});
}

static char *option(int argc, char **argv, int *at) {
    if (*at + 1 >= argc) usage("an option lacks its value");
    return argv[++*at];
}

static char *join(const char *a, const char *b) {
    char *text;
    if (asprintf(&text, "%s%s", a, b) < 0) die("memory");
    return text;
}

#define UNCACHED " --no-cache --no-dedup --no-metrics-tool"

#define OFF "\"cache\":{\"policy\":\"off\"},\"dedup\":{\"ttl\":0},\"metricsTool\":false"
#define OFF_AND_MAX(calls) OFF ",\"concurrency\":{\"max\":" #calls "}"
#define POOL_OF(connections) "\"pool\":{\"max\":" #connections "}"

/* mcpo with a file of servers; nothing is cached, so each call reaches its server. */
static void add_file_configs(struct plan *plan, const char *command) {
    const struct config configs[] = {
        {.name = "of1", .servers = 1, .options = OFF},
        {.name = "of2", .servers = 2, .called = 1, .options = OFF},
        {.name = "of20", .servers = 20, .called = 1, .options = OFF},
        {.name = "to4", .servers = 4, .called = 4, .options = OFF},
        {.name = "to20", .servers = 20, .called = 20, .options = OFF},
        {.name = "pool1", .servers = 1, .options = OFF, .own_options = POOL_OF(1)},
        {.name = "pool8", .servers = 1, .options = OFF, .own_options = POOL_OF(8)},
        {.name = "fixed", .servers = 1, .options = OFF},
        {.name = "adaptive", .servers = 1, .options = OFF ",\"concurrency\":{\"adaptive\":true}"},
        {.name = "limit16", .servers = 1, .options = OFF_AND_MAX(16)},
        {.name = "limit1000", .servers = 1, .options = OFF_AND_MAX(1000)},
        {.name = "window16", .servers = 1, .window = 16, .options = OFF_AND_MAX(1000)},
    };
    for (size_t i = 0; i < sizeof configs / sizeof *configs; i++) {
        struct config config = configs[i];
        config.command = command;
        add_config(plan, config);
    }
}

/* mcpo as most use it, but for who looks at its figures. */
static void add_http_configs(struct plan *plan, const char *mcpo) {
    const char *listening = join(mcpo, " --http unix:{socket} -- {}");
    add_config(plan, (struct config){.name = "silent",
                                     .command = join(mcpo, " --no-metrics-tool -- {}"),
                                     .caches = true});
    const struct config configs[] = {
        {.name = "quiet", .crowd = NO_CROWD},
        {.name = "scraped", .crowd = SCRAPERS},
        {.name = "hostile", .crowd = HOSTILE},
    };
    for (size_t i = 0; i < sizeof configs / sizeof *configs; i++) {
        struct config config = configs[i];
        config.command = listening;
        config.caches = true;
        add_config(plan, config);
    }
    const struct config asked[] = {
        {.name = "idle", .crowd = NO_CROWD},
        {.name = "wrk-health", .crowd = WRK_HEALTH},
        {.name = "wrk-metrics", .crowd = WRK_METRICS},
    };
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        struct config config = asked[i];
        config.command = join(mcpo, " --http 127.0.0.1:{port} -- {}");
        config.caches = true;
        add_config(plan, config);
    }
}

/* Our programs lie in REPOSITORY/.bench; mcpo, unless told, is REPOSITORY/.build/release/mcpo. */
static void add_own_configs(struct plan *plan, const char *mcpo) {
    char path[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    if (n < 0) die("/proc/self/exe");
    path[n] = '\0';
    *strrchr(path, '/') = '\0';
    plan->stub = join(path, "/stub");
    add_config(plan, (struct config){.name = "direct", .command = "{}"});
    add_config(plan, (struct config){.name = "relay", .command = join(path, "/relay {}")});
    add_config(plan,
               (struct config){.name = "limit", .command = join(path, "/limit"), .caches = true});
    const struct config fans[] = {
        {.name = "fan1", .command = join(path, "/fan 1 {}")},
        {.name = "fan4", .command = join(path, "/fan 4 {}"), .servers = 4, .called = 4},
        {.name = "fan20", .command = join(path, "/fan 20 {}"), .servers = 20, .called = 20},
    };
    for (size_t i = 0; i < sizeof fans / sizeof *fans; i++) add_config(plan, fans[i]);

    bool told = mcpo != NULL;
    if (!told) {
        *strrchr(path, '/') = '\0';
        mcpo = join(path, "/.build/release/mcpo");
    }
    if (access(mcpo, X_OK) == 0) {
        plan->mcpo = mcpo;
        add_config(
            plan, (struct config){.name = "mcpo", .command = join(mcpo, " -- {}"), .caches = true});
        add_config(plan,
                   (struct config){.name = "uncached", .command = join(mcpo, UNCACHED " -- {}")});
        add_file_configs(plan, join(mcpo, " --config {file}"));
        add_http_configs(plan, mcpo);
    } else if (told) {
        usage("--mcpo: no such program");
    } else {
        fprintf(stderr, "bench: there is no %s: its figures are missing\n", mcpo);
    }
}

static void parse(struct plan *plan, int argc, char **argv) {
    const char *mcpo = NULL;
    char *peers[CONFIGS_MAX];
    size_t peer_count = 0;
    plan->cpu = CPU_DEFAULT;
    plan->peer_share = 1;
    plan->scenarios = calloc(all_scenario_count, sizeof *plan->scenarios);
    if (plan->scenarios == NULL) die("memory");
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--quick") == 0) plan->quick = true;
        else if (strcmp(argv[i], "--markdown") == 0) plan->markdown = true;
        else if (strcmp(argv[i], "--repetitions") == 0)
            plan->repetitions = number(option(argc, argv, &i), 1, REPETITIONS_MAX);
        else if (strcmp(argv[i], "--cpu") == 0) {
            const char *cpu = option(argc, argv, &i);
            plan->cpu = strcmp(cpu, "none") == 0 ? CPU_NONE : (int)number(cpu, 0, CPU_SETSIZE - 1);
        } else if (strcmp(argv[i], "--mcpo") == 0) mcpo = option(argc, argv, &i);
        else if (strcmp(argv[i], "--peer") == 0) {
            if (peer_count == CONFIGS_MAX) usage("too many --peer");
            peers[peer_count++] = option(argc, argv, &i);
        } else if (strcmp(argv[i], "--peer-share") == 0) {
            plan->peer_share = number(option(argc, argv, &i), 1, 1000000);
        } else if (strcmp(argv[i], "--help") == 0) usage(NULL);
        else if (argv[i][0] == '-') usage("no such option");
        else add_scenarios(plan, argv[i]);
    }
    if (plan->repetitions == 0)
        plan->repetitions = plan->quick ? QUICK_REPETITIONS : DEFAULT_REPETITIONS;
    if (plan->scenario_count == 0) add_scenarios(plan, NULL);
    add_own_configs(plan, mcpo);
    for (size_t i = 0; i < peer_count; i++) add_peer(plan, peers[i]);
}

/* In memory, but with a path for the stub, who is the child of a child. */
static void make_counts(struct plan *plan) {
    char *path;
    int file = memfd_create("counts", MFD_CLOEXEC);
    if (file < 0 || (plan->counts = counts_map(file)) == NULL) die("counts");
    if (asprintf(&path, "/proc/%d/fd/%d", getpid(), file) < 0) die("memory");
    plan->counts_path = path;
}

/* ---- The run --------------------------------------------------------------------------------- */

/* By default the last CPU that we may use: the first tends to serve the interrupts. */
static void pin(struct plan *plan) {
    cpu_set_t allowed, one;
    if (plan->cpu == CPU_NONE) return;
    if (plan->cpu == CPU_DEFAULT) {
        if (sched_getaffinity(0, sizeof allowed, &allowed) < 0) die("sched_getaffinity");
        for (int i = 0; i < CPU_SETSIZE; i++)
            if (CPU_ISSET(i, &allowed)) plan->cpu = i;
    }
    CPU_ZERO(&one);
    CPU_SET(plan->cpu, &one);
    if (sched_setaffinity(0, sizeof one, &one) < 0) die("--cpu");
}

struct machine_time {
    double stolen, total;
};

static struct machine_time read_machine_time(void) {
    struct machine_time t = {0, 0};
    double ticks[8] = {0}; /* user nice system idle iowait irq softirq steal */
    FILE *file = fopen("/proc/stat", "re");
    if (file == NULL) return t;
    if (fscanf(file, "cpu %lf %lf %lf %lf %lf %lf %lf %lf", ticks, ticks + 1, ticks + 2, ticks + 3,
               ticks + 4, ticks + 5, ticks + 6, ticks + 7) == 8)
        for (int i = 0; i < 8; i++) t.total += ticks[i];
    t.stolen = ticks[7];
    fclose(file);
    return t;
}

static void run_scenario(struct results *r, size_t index) {
    const struct plan *plan = r->plan;
    const struct scenario *s = plan->scenarios[index];
    bool failed[CONFIGS_MAX] = {false}; /* no further repetitions: each may cost a timeout */
    unsigned rounds = scenario_repetitions(plan, s);
    for (unsigned round = 0; round < rounds; round++)
        for (size_t c = 0; c < plan->config_count; c++) {
            if (failed[c] || !scenario_has(s, &plan->configs[c])) continue;
            if (isatty(STDERR_FILENO))
                fprintf(stderr, "\r\033[K%s %u/%u %s", s->name, round + 1, rounds,
                        plan->configs[c].name);
            if (scenario_run(plan, s, &plan->configs[c], results_cell(r, index, c, round)))
                continue;
            failed[c] = true;
            r->failures++;
        }
    if (isatty(STDERR_FILENO)) fprintf(stderr, "\r\033[K");
}

int main(int argc, char **argv) {
    struct plan plan = {0};
    parse(&plan, argc, argv);
    pin(&plan);
    peer_setup();
    make_counts(&plan);
    files_setup(&plan);

    struct results results = {.plan = &plan};
    size_t count = plan.scenario_count * plan.config_count * plan.repetitions;
    results.cells = malloc(count * sizeof *results.cells);
    if (results.cells == NULL) die("memory");
    for (size_t i = 0; i < count; i++)
        for (int m = 0; m < METRICS; m++) results.cells[i][m] = NAN;

    struct machine_time before = read_machine_time();
    for (size_t i = 0; i < plan.scenario_count; i++) run_scenario(&results, i);
    struct machine_time after = read_machine_time();
    if (after.total > before.total)
        results.steal = (after.stolen - before.stolen) / (after.total - before.total);

    report(&results, stdout);
    if (fflush(stdout) != 0) die("stdout");
    return results.failures > 0 ? 1 : 0;
}
