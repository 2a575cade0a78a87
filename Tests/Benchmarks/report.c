/*
 * report.c: from cells to tables: medians, paired comparisons, the goals and whether they are met.
 */
#define _GNU_SOURCE
#include "bench.h"

#include <math.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

/*
 * "No growth" tolerates 64 pages. Between the two readings lie 990,000 calls, so a leak of a single
 * byte a call shows as 990 KB; but a ring or table may meet its last untouched page, and the
 * allocator may keep a larger reserve, only after the first 10,000 calls.
 */
#define GROWTH_TOLERANCE (256.0 * 1024)
#define MEGABYTE 1e6

enum operation { PLAIN, RATIO, DIFFERENCE, SPREAD };

struct column {
    const char *title; /* %s: the base's name */
    enum metric metric;
    enum operation operation;
    double unit; /* shown is value ÷ unit */
    int digits;
};

static const struct column load_columns[] = {
    {"calls/s", THROUGHPUT, PLAIN, 1, 0},         {"p50 µs", LATENCY_P50, PLAIN, 1, 1},
    {"p99 µs", LATENCY_P99, PLAIN, 1, 1},         {"CPU µs/call", CPU_TREE, PLAIN, 1, 2},
    {"of it own", CPU_OWN, PLAIN, 1, 2},          {"meter", CPU_METER, PLAIN, 1, 2},
    {"calls/s ÷ %s", THROUGHPUT, RATIO, 1, 3},    {"p50 − %s", LATENCY_P50, DIFFERENCE, 1, 2},
    {"p50 ÷ %s", LATENCY_P50, RATIO, 1, 2},       {"spread calls/s", THROUGHPUT, SPREAD, 0.01, 1},
    {"spread p50", LATENCY_P50, SPREAD, 0.01, 1},
};
static const struct column counted_columns[] = {
    {"calls/s", THROUGHPUT, PLAIN, 1, 0},
    {"p50 µs", LATENCY_P50, PLAIN, 1, 1},
    {"p99 µs", LATENCY_P99, PLAIN, 1, 1},
    {"own CPU µs/call", CPU_OWN, PLAIN, 1, 2},
    {"keys", KEYS, PLAIN, 1, 0},
    {"executions", EXECUTIONS, PLAIN, 1, 0},
    {"calls/s ÷ %s", THROUGHPUT, RATIO, 1, 3},
    {"p50 − %s", LATENCY_P50, DIFFERENCE, 1, 2},
    {"p50 ÷ %s", LATENCY_P50, RATIO, 1, 2},
    {"spread calls/s", THROUGHPUT, SPREAD, 0.01, 1},
    {"spread p50", LATENCY_P50, SPREAD, 0.01, 1},
};
static const struct column asked_columns[] = {
    {"calls/s", THROUGHPUT, PLAIN, 1, 0},
    {"p50 µs", LATENCY_P50, PLAIN, 1, 1},
    {"p99 µs", LATENCY_P99, PLAIN, 1, 1},
    {"HTTP requests/s", ASKS, PLAIN, 1, 0},
    {"their p99 ms", ASKS_P99, PLAIN, 1000, 2},
    {"calls/s ÷ %s", THROUGHPUT, RATIO, 1, 3},
    {"p50 ÷ %s", LATENCY_P50, RATIO, 1, 2},
};
static const struct column startup_columns[] = {
    {"median ms", STARTUP, PLAIN, 1, 2},
    {"− %s", STARTUP, DIFFERENCE, 1, 2},
    {"÷ %s", STARTUP, RATIO, 1, 2},
    {"spread", STARTUP, SPREAD, 0.01, 1},
};
static const struct column shutdown_columns[] = {
    {"median ms", SHUTDOWN, PLAIN, 1, 2},
    {"− %s", SHUTDOWN, DIFFERENCE, 1, 2},
    {"÷ %s", SHUTDOWN, RATIO, 1, 2},
    {"spread", SHUTDOWN, SPREAD, 0.01, 1},
};
static const struct column memory_columns[] = {
    {"idle MB", RSS_IDLE, PLAIN, MEGABYTE, 2},
    {"whole tree, PSS MB", PSS_TREE, PLAIN, MEGABYTE, 2},
    {"at 10,000 MB", RSS_EARLY, PLAIN, MEGABYTE, 2},
    {"at the end MB", RSS_LATE, PLAIN, MEGABYTE, 2},
    {"growth KiB", RSS_GROWTH, PLAIN, 1024, 0},
    {"end − idle MB", RSS_KEPT, PLAIN, MEGABYTE, 2},
};

struct goal {
    const char *text, *scenario;
    enum metric metric;
    enum operation operation;
    const char *base;
    enum { AT_MOST, AT_LEAST } bound;
    double unit, reach, aim; /* measured ÷ unit is compared with them, and printed */
    int digits;
    const char *config; /* who has to reach it; NULL: mcpo */
    /* A ratio is divided by that of these two: what nobody could avoid is nobody's cost. */
    const char *same_config, *same_base;
};

#define OF_MCPO NULL, NULL, NULL

static const struct goal goals[] = {
    /* clang-format off */
    {"small, 1 outstanding: p50 over relay's, µs", "small-1",
     LATENCY_P50, DIFFERENCE, "relay", AT_MOST, 1, 2, 1, 2, OF_MCPO},
    {"small, 64 outstanding: calls/s ÷ relay's", "small-64",
     THROUGHPUT, RATIO, "relay", AT_LEAST, 1, 0.5, 0.7, 2, OF_MCPO},
    {"64 KiB, 1 outstanding: p50 ÷ relay's", "big64k",
     LATENCY_P50, RATIO, "relay", AT_MOST, 1, 1.3, 1.15, 2, OF_MCPO},
    {"5 ms server, 64 outstanding: calls/s ÷ direct", "slow5ms",
     THROUGHPUT, RATIO, "direct", AT_LEAST, 1, 0.98, 0.99, 3, OF_MCPO},
    {"start to initialize answered, over relay's, ms", "startup",
     STARTUP, DIFFERENCE, "relay", AT_MOST, 1, 2.5, 1.2, 2, OF_MCPO},
    {"resident memory when idle, MB (10⁶ bytes)", "memory",
     RSS_IDLE, PLAIN, NULL, AT_MOST, MEGABYTE, 8, 5, 2, OF_MCPO},
    {"its growth from 10,000 to 1,000,000 calls, KiB", "memory",
     RSS_GROWTH, PLAIN, NULL, AT_MOST, 1024, GROWTH_TOLERANCE / 1024, GROWTH_TOLERANCE / 1024, 0, OF_MCPO},
    {"end of stdin to reaped, ms", "shutdown",
     SHUTDOWN, PLAIN, NULL, AT_MOST, 1, 5, 2, 2, OF_MCPO},
    {"hit, 1 outstanding: p50 ÷ limit's", "hit-1",
     LATENCY_P50, RATIO, "limit", AT_MOST, 1, 1.25, 1.1, 2, OF_MCPO},
    {"hit, 64 outstanding: calls/s ÷ limit's", "hit-64",
     THROUGHPUT, RATIO, "limit", AT_LEAST, 1, 0.5, 0.75, 2, OF_MCPO},
    {"64 KiB hit, 1 outstanding: p50 ÷ limit's", "hit-64k",
     LATENCY_P50, RATIO, "limit", AT_MOST, 1, 1.2, 1.1, 2, OF_MCPO},
    {"unique keys, 64 outstanding: calls/s ÷ cache off", "unique-64",
     THROUGHPUT, RATIO, "uncached", AT_LEAST, 1, 0.8, 0.9, 2, OF_MCPO},
    {"64 equal calls at once: executions", "dedup",
     EXECUTIONS_PER_KEY, PLAIN, NULL, AT_MOST, 1, 1, 1, 2, OF_MCPO},
    {"64 equal calls at once: p50 over direct, ms", "dedup",
     LATENCY_P50, DIFFERENCE, "direct", AT_MOST, 1000, 0.5, 0.5, 2, OF_MCPO},
    {"50,000 calls by Zipf's law: executions ÷ distinct keys", "zipf",
     EXECUTIONS_PER_KEY, PLAIN, NULL, AT_MOST, 1, 1, 1, 4, OF_MCPO},
    {"memory after 500,000 keys, over idle, ÷ byte bound", "memory-keys",
     RSS_KEPT, PLAIN, NULL, AT_MOST, 64 * 1024 * 1024, 1.2, 1.1, 2, OF_MCPO},
    {"one of 20 servers is called: p50 ÷ one server's", "servers",
     LATENCY_P50, RATIO, "of1", AT_MOST, 1, 1.05, 1.02, 3, "of20", NULL, NULL},
    {"one of 20 servers is called: p50 ÷ one of 2's", "servers",
     LATENCY_P50, RATIO, "of2", AT_MOST, 1, 1.05, 1.02, 3, "of20", NULL, NULL},
    {"20 servers in turn: p50 ÷ one's, over fan's ÷", "servers",
     LATENCY_P50, RATIO, "of1", AT_MOST, 1, 1.05, 1, 3, "to20", "fan20", "fan1"},
    {"pool of 8 serial servers: calls/s ÷ one's", "pool",
     THROUGHPUT, RATIO, "pool1", AT_LEAST, 1, 7.5, 8, 2, "pool8", NULL, NULL},
    {"server with a knee at 16: calls/s, adaptive ÷ fixed", "adaptive",
     THROUGHPUT, RATIO, "fixed", AT_LEAST, 1, 4, 8, 2, "adaptive", NULL, NULL},
    {"200 hostile HTTP clients, 1 outstanding: p50 ÷ none's", "http-1",
     LATENCY_P50, RATIO, "quiet", AT_MOST, 1, 1.05, 1.02, 3, "hostile", NULL, NULL},
    {"200 hostile HTTP clients, 64 outstanding: p50 ÷ none's", "http-64",
     LATENCY_P50, RATIO, "quiet", AT_MOST, 1, 1.05, 1.02, 3, "hostile", NULL, NULL},
    {"metrics tool, port, 20 scrapes a second: calls/s ÷ without", "http-64",
     THROUGHPUT, RATIO, "silent", AT_LEAST, 1, 0.98, 0.99, 3, "scraped", NULL, NULL},
    {"/health while MCP runs at half its peak, requests/s", "http-half",
     ASKS, PLAIN, NULL, AT_LEAST, 1, 5000, 10000, 0, "wrk-health", NULL, NULL},
    {"their p99, ms", "http-half",
     ASKS_P99, PLAIN, NULL, AT_MOST, 1000, 5, 2, 2, "wrk-health", NULL, NULL},
    {"20 servers that start in 2 s: complete list after, ms", "startup-20",
     STARTUP, PLAIN, NULL, AT_MOST, 1, 2500, 2100, 0, "to20", NULL, NULL},
    /* clang-format on */
};

/* ---- Numbers --------------------------------------------------------------------------------- */

/* Of the values that are numbers; sorts them in place (they are few). NaN if there are none. */
static double median(double *values, size_t count) {
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        double value = values[i];
        if (isnan(value)) continue;
        size_t at = n++;
        for (; at > 0 && values[at - 1] > value; at--) values[at] = values[at - 1];
        values[at] = value;
    }
    for (size_t i = n; i < count; i++) values[i] = NAN;
    return n == 0 ? NAN : n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

static size_t find_config(const struct plan *plan, const char *name) {
    size_t i = 0;
    while (i < plan->config_count && (name == NULL || strcmp(plan->configs[i].name, name) != 0))
        i++;
    return i;
}

/* SPREAD is (largest − smallest) ÷ median over the repetitions: how noisy the machine was. */
static double evaluate(const struct results *r, size_t scenario, size_t config, enum metric metric,
                       enum operation operation, const char *base_name) {
    const struct plan *plan = r->plan;
    unsigned rounds = scenario_repetitions(plan, plan->scenarios[scenario]);
    size_t base = find_config(plan, base_name);
    bool paired = operation == RATIO || operation == DIFFERENCE;
    double values[REPETITIONS_MAX];
    if (paired && (base == plan->config_count || base == config)) return NAN;
    for (unsigned round = 0; round < rounds; round++) {
        double value = results_cell(r, scenario, config, round)[metric];
        double other = paired ? results_cell(r, scenario, base, round)[metric] : 0;
        values[round] = operation == RATIO ? value / other : value - other;
    }
    double middle = median(values, rounds);
    if (operation != SPREAD) return middle;
    unsigned n = rounds;
    while (n > 0 && isnan(values[n - 1])) n--;
    return n < 2 ? NAN : (values[n - 1] - values[0]) / middle;
}

/* ---- Tables ---------------------------------------------------------------------------------- */

enum { COLUMNS_MAX = 12, ROWS_MAX = 32, CELL_MAX = 96 };

struct table {
    size_t columns, rows; /* the first row is the heading */
    char text[ROWS_MAX][COLUMNS_MAX][CELL_MAX];
};

/* Characters on the screen: bytes that do not continue a UTF-8 sequence. */
static int width(const char *text) {
    int n = 0;
    for (; *text; text++) n += ((unsigned char)*text & 0xC0) != 0x80;
    return n;
}

static void print_row(const struct table *t, size_t row, const int *widths, bool markdown,
                      FILE *out) {
    for (size_t c = 0; c < t->columns; c++) {
        const char *text = t->text[row][c];
        int pad = widths[c] - width(text);
        const char *edge = markdown ? (c == 0 ? "| " : " | ") : (c == 0 ? "" : "  ");
        if (c == 0) fprintf(out, "%s%s%*s", edge, text, pad, "");
        else fprintf(out, "%s%*s%s", edge, pad, "", text);
    }
    fputs(markdown ? " |\n" : "\n", out);
}

static void print_table(const struct table *t, bool markdown, FILE *out) {
    int widths[COLUMNS_MAX] = {0};
    for (size_t c = 0; c < t->columns; c++)
        for (size_t row = 0; row < t->rows; row++)
            if (width(t->text[row][c]) > widths[c]) widths[c] = width(t->text[row][c]);
    for (size_t row = 0; row < t->rows; row++) {
        print_row(t, row, widths, markdown, out);
        if (row > 0 || !markdown) continue;
        for (size_t c = 0; c < t->columns; c++) fputs(c == 0 ? "|---" : "|---:", out);
        fputs("|\n", out);
    }
    fputs("\n", out);
}

static void format_value(char *text, double value, const struct column *column) {
    if (isnan(value)) snprintf(text, CELL_MAX, "–");
    else
        snprintf(text, CELL_MAX, "%s%.*f%s",
                 column->operation == DIFFERENCE && value >= 0 ? "+" : "", column->digits,
                 value / column->unit, column->operation == SPREAD ? " %" : "");
}

static const struct column *columns_of(const struct scenario *s, size_t *count) {
#define COLUMNS(list) (*count = sizeof list / sizeof *list, list)
    if (s->half) return COLUMNS(asked_columns);
    if (s->kind == LOAD && s->keys != NO_KEYS) return COLUMNS(counted_columns);
    if (s->kind == LOAD) return COLUMNS(load_columns);
    if (s->kind == MEMORY) return COLUMNS(memory_columns);
    if (s->kind == LISTED) return COLUMNS(startup_columns);
    return strcmp(s->name, "startup") == 0 ? COLUMNS(startup_columns) : COLUMNS(shutdown_columns);
#undef COLUMNS
}

static void report_scenario(const struct results *r, size_t index, FILE *out) {
    const struct plan *plan = r->plan;
    const struct scenario *s = plan->scenarios[index];
    struct table t = {.rows = 1};
    size_t count;
    const struct column *columns = columns_of(s, &count);
    t.columns = 1 + count;
    snprintf(t.text[0][0], CELL_MAX, "%s", s->name);
    for (size_t c = 0; c < count; c++) {
        char *title = t.text[0][c + 1];
        const char *slot = strstr(columns[c].title, "%s");
        if (slot == NULL) snprintf(title, CELL_MAX, "%s", columns[c].title);
        else
            snprintf(title, CELL_MAX, "%.*s%s%s", (int)(slot - columns[c].title), columns[c].title,
                     s->base, slot + 2);
    }
    for (size_t config = 0; config < plan->config_count; config++) {
        if (!scenario_has(s, &plan->configs[config])) continue;
        char (*row)[CELL_MAX] = t.text[t.rows++];
        snprintf(row[0], CELL_MAX, "%.60s", plan->configs[config].name);
        for (size_t c = 0; c < count; c++)
            format_value(
                row[c + 1],
                evaluate(r, index, config, columns[c].metric, columns[c].operation, s->base),
                &columns[c]);
    }
    fprintf(out, "%s%s: %s; %zu %s each time, %u times.\n\n", plan->markdown ? "### " : "", s->name,
            s->about, scenario_calls(plan, s), s->kind == LIFE || s->kind == LISTED ? "processes" : "calls",
            scenario_repetitions(plan, s));
    print_table(&t, plan->markdown, out);
}

static double measured(const struct results *r, const struct goal *g) {
    size_t config = find_config(r->plan, g->config == NULL ? "mcpo" : g->config), scenario = 0;
    while (scenario < r->plan->scenario_count &&
           strcmp(r->plan->scenarios[scenario]->name, g->scenario) != 0)
        scenario++;
    if (config == r->plan->config_count || scenario == r->plan->scenario_count) return NAN;
    double value = evaluate(r, scenario, config, g->metric, g->operation, g->base) / g->unit;
    if (g->same_config == NULL) return value;
    size_t same = find_config(r->plan, g->same_config);
    return value / evaluate(r, scenario, same, g->metric, RATIO, g->same_base);
}

static const char *verdict(const struct goal *g, double value) {
    double sign = g->bound == AT_LEAST ? -1 : 1;
    if (isnan(value)) return "not measured";
    if (sign * value <= sign * g->aim) return "aim met";
    return sign * value <= sign * g->reach ? "reached" : "MISSED";
}

static void goal_row(char row[][CELL_MAX], const struct goal *g, double value) {
    const char *plus = g->operation == DIFFERENCE ? "+" : "";
    const char *bound = g->bound == AT_LEAST ? "≥" : "≤";
    snprintf(row[0], CELL_MAX, "%s", g->text);
    snprintf(row[1], CELL_MAX, "%s %s%.*f", bound, plus, g->digits, g->reach);
    snprintf(row[2], CELL_MAX, "%s%.*f", plus, g->digits, g->aim);
    if (isnan(value)) snprintf(row[3], CELL_MAX, "–");
    else snprintf(row[3], CELL_MAX, "%s%.*f", value >= 0 ? plus : "", g->digits, value);
    snprintf(row[4], CELL_MAX, "%s", verdict(g, value));
}

static void report_goals(const struct results *r, FILE *out) {
    const size_t count = sizeof goals / sizeof *goals;
    const char *titles[] = {"goal for mcpo", "to reach", "aim", "measured", "verdict"};
    struct table t = {.columns = 5, .rows = 1 + count};
    for (size_t c = 0; c < t.columns; c++) snprintf(t.text[0][c], CELL_MAX, "%s", titles[c]);
    for (size_t i = 0; i < count; i++) goal_row(t.text[i + 1], &goals[i], measured(r, &goals[i]));
    print_table(&t, r->plan->markdown, out);
    fprintf(
        out,
        "No growth means at most %.0f KiB: a leak of one byte a call would be 967 KiB, while one\n"
        "last page of a ring or of an allocator's reserve may be touched late.\n",
        GROWTH_TOLERANCE / 1024);
}

/* ---- Conditions ------------------------------------------------------------------------------ */

static void cpu_model(char *model, size_t size) {
    char line[512];
    snprintf(model, size, "unknown CPU");
    FILE *file = fopen("/proc/cpuinfo", "re");
    if (file == NULL) return;
    while (fgets(line, sizeof line, file) != NULL) {
        const char *value = strchr(line, ':');
        if (strncmp(line, "model name", 10) != 0 || value == NULL) continue;
        snprintf(model, size, "%.*s", (int)strcspn(value + 2, "\n"), value + 2);
        break;
    }
    fclose(file);
}

static void report_conditions(const struct results *r, FILE *out) {
    const struct plan *plan = r->plan;
    struct utsname kernel;
    char model[128], date[32], pinned[32] = "not pinned", peers[48] = "";
    time_t now = time(NULL);
    struct tm utc;
    strftime(date, sizeof date, "%Y-%m-%d %H:%M UTC", gmtime_r(&now, &utc));
    if (uname(&kernel) < 0) memset(&kernel, 0, sizeof kernel);
    cpu_model(model, sizeof model);
    if (plan->peer_share > 1)
        snprintf(peers, sizeof peers, " Peers make one call in %zu.", plan->peer_share);
    if (plan->cpu >= 0) snprintf(pinned, sizeof pinned, "all pinned to CPU %d", plan->cpu);
    fprintf(out,
            "%s%s, %s %s, %s, %ld cores, %s, %u repetitions%s, %.1f %% stolen by the hypervisor.\n",
            plan->markdown ? "## Benchmark\n\n" : "", date, kernel.sysname, kernel.release, model,
            sysconf(_SC_NPROCESSORS_ONLN), pinned, plan->repetitions, plan->quick ? " (quick)" : "",
            r->steal * 100);
    fprintf(
        out,
        "Configurations in turn, medians; ÷ and − compare within a repetition; spread is (largest "
        "− smallest) ÷\n"
        "median; CPU is of all processes but the meter, \"own\" of the first.%s "
        "Configurations:\n\n",
        peers);
    for (size_t i = 0; i < plan->config_count; i++)
        fprintf(out, "%s%s%s: %s\n", plan->markdown ? "* `" : "  ", plan->configs[i].name,
                plan->markdown ? "`" : "", plan->configs[i].command);
    fputs("\n", out);
}

void report(const struct results *r, FILE *out) {
    report_conditions(r, out);
    for (size_t i = 0; i < r->plan->scenario_count; i++) report_scenario(r, i, out);
    report_goals(r, out);
    if (r->failures > 0)
        fprintf(out,
                "\nFAILED: %u configuration(s) of scenarios gave wrong answers, hung or died.\n",
                r->failures);
}
