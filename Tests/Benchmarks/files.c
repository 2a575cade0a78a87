/*
 * files.c: configurations of several servers, for `mcpo --config`.
 *
 *   {"mcpServers": {"s00": {"command": STUB, "args": […], "mcpo": {OWN_OPTIONS}}, …},
 *    "mcpo": {OPTIONS}}
 *
 * All servers of a file are the same stub. The files lie in a directory of their own, which is
 * removed at the end.
 */
#define _GNU_SOURCE
#include "bench.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { FILES_MAX = 64 };

static char directory[] = "/tmp/mcpo-bench-XXXXXX";
static char *paths[FILES_MAX];
static size_t path_count;

static void remove_files(void) {
    for (size_t i = 0; i < path_count; i++) unlink(paths[i]);
    rmdir(directory);
}

void files_setup(struct plan *plan) {
    if (mkdtemp(directory) == NULL) die("mkdtemp");
    plan->directory = directory;
    if (atexit(remove_files) != 0) die("atexit");
}

/* A path that is removed at the end. */
static char *path_of(const struct plan *plan, const char *name) {
    char *path;
    if (asprintf(&path, "%s/%s", plan->directory, name) < 0) die("memory");
    for (size_t i = 0; i < path_count; i++) {
        if (strcmp(paths[i], path) != 0) continue;
        free(path);
        return paths[i];
    }
    if (path_count == FILES_MAX) die("too many files");
    return paths[path_count++] = path;
}

/* The words are ours: paths, numbers and options, which need no escapes. */
static void write_server(FILE *file, unsigned number, const char *own_options, char *const *words) {
    fprintf(file, "%s\n\"" SERVER_NAME "\": {\"command\": \"%s\", \"args\": [",
            number > 0 ? "," : "", number, words[0]);
    for (size_t i = 1; words[i] != NULL; i++)
        fprintf(file, "%s\"%s\"", i > 1 ? ", " : "", words[i]);
    fprintf(file, "], \"mcpo\": {%s}}", own_options == NULL ? "" : own_options);
}

char *files_write(const struct plan *plan, const struct config *config, char *const *words) {
    char name[64];
    /* One path a configuration: it is written anew for each scenario. */
    snprintf(name, sizeof name, "%s.json", config->name);
    char *path = path_of(plan, name);
    FILE *file = fopen(path, "we");
    if (file == NULL) die(path);
    fprintf(file, "{\"mcpServers\": {");
    for (unsigned i = 0; i < config->servers; i++)
        write_server(file, i, config->own_options, words);
    fprintf(file, "},\n\"mcpo\": {%s}}\n", config->options == NULL ? "" : config->options);
    if (fclose(file) != 0) die(path);
    return path;
}

char *files_socket(const struct plan *plan) {
    return path_of(plan, "http");
}
