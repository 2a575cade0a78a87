// The texts of --help. An option in Setting.swift has a line here, and in a test's list.

/// What `--help` prints.
enum Usage {
    static let mcpo = """
        mcpo stands in front of an MCP server: a client starts mcpo instead of the server,
        and mcpo starts the server, passes every message through unchanged, and answers from
        its cache what it safely can.

        Usage: mcpo [options] -- COMMAND [ARG...]
               mcpo [options] --config FILE               the server of an mcpServers file
               mcpo check [options] -- COMMAND [ARG...]   what would be cached, and why
               mcpo check [options] --config FILE         the same of every server of a file
               mcpo top [options] [URL]                   watch a running mcpo in a terminal

        Options:
          --config FILE                the servers, as clients have them in "mcpServers" (VS Code:
                                       "servers"), and in "mcpo" the options by their keys; this
                                       version serves one of them
          --name NAME                  the server's name in logs and errors (default: from COMMAND)
          --timeout DURATION           how long a call may go without an answer or progress
                                       (default: 5m)
          --no-cache                   answer nothing from the cache: --cache-policy off
          --cache-policy POLICY        which tools' answers are stored (default: smart)
                                         smart      what reads, by annotations and name
                                         annotated  what the server marks as readOnlyHint
                                         all        everything that is not about this moment
                                         off        nothing
          --cache-default-ttl DURATION how long an answer is used when nothing says it better
                                       (default: 5m)
          --cache-max-size ENTRIES     entries at most (default: 1000)
          --cache-max-bytes SIZE       memory at most (default: 64MiB)
          --cache-strategy STRATEGY    what goes first when the cache is full (default: lru_ttl)
                                         lru        the least recently used; nothing expires
                                         ttl        the soonest to expire
                                         lru_ttl    the least recently used; entries expire
                                         s3_fifo    what was asked for once only; entries expire
          --no-dedup                   send each of several equal requests under way to the server
          --dedup-ttl DURATION         how old a request may be for an equal one to wait for its
                                       answer (default: 60)
          --max-concurrent CALLS       calls under way at once (default: 100)
          --pool-min CONNECTIONS       connections to each server that stay open (default: 1)
          --pool-max CONNECTIONS       connections to each server at most (default: 10, and 1 for a
                                       legacy server)
          --http ADDRESS               metrics, health and a dashboard over HTTP: PORT (0 is any that
                                       is free), HOST:PORT or unix:PATH (default: off)
          --no-metrics-tool            do not add the tool mcpo_metrics to the server's
          --log-level LEVEL            error, warning, info, debug or trace (default: info)
          --log-format FORMAT          text or json (default: text)
          --version                    print the version
          --help                       print this help

        A DURATION is a number of seconds, or a number with a unit: 0.5, 250ms, 30s, 5m, 1h.
        A SIZE is a number of bytes, or a number with a unit: KiB, MiB, GiB (1024), KB, MB, GB (1000).
        --option value and --option=value both work; everything after -- belongs to the server.

        Environment, where an option wins over the variable, and a variable over the file:
          MCPO_CACHE_POLICY, MCPO_CACHE_DEFAULT_TTL, MCPO_CACHE_MAX_SIZE, MCPO_CACHE_MAX_BYTES,
          MCPO_CACHE_STRATEGY, MCPO_REQUEST_DEDUP_TTL, MCPO_MAX_CONCURRENT, MCPO_LOG_LEVEL,
          MCPO_POOL_MIN_CONNECTIONS, MCPO_POOL_MAX_CONNECTIONS: as the options
          MCPO_POOL_MAX_IDLE_TIME, MCPO_POOL_CONNECTION_TIMEOUT, MCPO_POOL_HEALTH_CHECK_INTERVAL:
          durations (default: 300, 30, 60)
          MCPO_HTTP: as --http
          MCPO_HTTP_TOKEN: what a request that changes something must bear
          MCPO_MONITOR_WINDOW_SIZE: how many requests of each kind are measured (default: 1000)

        Example, in a client's configuration:
          { "mcpServers": { "time": {
              "command": "mcpo", "args": ["--", "uvx", "mcp-server-time"] } } }

        Exit codes: 0 normal; 1 the server could not be started or was lost for good;
        2 unusable arguments, environment or file, with a line on stderr for each mistake.

        """

    static let top = """
        mcpo top shows what a running mcpo does, in a terminal: rates, latencies, hits, servers,
        caches, alerts, and the tools by what they cost. mcpo has to run with --http.

        Usage: mcpo top [options] [URL]

        URL is the port (9300), HOST:PORT, http://HOST:PORT/ or unix:PATH, as --http of mcpo has it
        (default: MCPO_HTTP, or 127.0.0.1:9300).

        Options:
          --interval DURATION  how often to ask (default: 1s; from 100ms to 1h)
          --sort COLUMN        tool, server, requests, rate, p50, p90, p99, success, hits, in-flight,
                               saved or cost (default: cost)
          --once               print a report and end; so it is too where there is no terminal
          --json               print the document of GET /metrics as it came, and end; with
                               --interval one after the other, a line each
          --token TOKEN        what mcpo's http.token is, if it wants one; other users of this
                               machine see command lines, so MCPO_HTTP_TOKEN is the better place
          --help               print this help

        Keys: q quits, h lists the others.

        Environment: MCPO_HTTP, MCPO_HTTP_TOKEN; NO_COLOR for a screen without colours.

        Exit codes: 0 normal; 1 mcpo could not be reached (of the live view never: it goes on
        trying); 2 unusable arguments or environment.

        """

    static let check = """
        mcpo check starts a server, asks what it is and which tools it has, and prints for each
        tool whether mcpo would cache its answers, for how long, and why. No tool is called.
        With a file it does so with all servers at once, and prints first which of them work.

        Usage: mcpo check [options] -- COMMAND [ARG...]
               mcpo check [options] --config FILE

        The options and the environment are those of mcpo itself (see mcpo --help), so that the
        table shows what mcpo does with them:
          --no-cache, --cache-policy POLICY, --cache-default-ttl DURATION,
          --cache-strategy STRATEGY ... change what is cached
          --timeout DURATION   how long the server may take to start and for each answer
                               (here at most 30s, which is also the default)
          --log-level, --log-format   of what goes to stderr, the server's own stderr included

        The columns:
          CACHED   no, yes, or the name of the cache
          TTL      how long an answer is used; a time that the server itself gives wins over all
                   but a rule; ttlMs: as long as the server says with each answer
          EFFECT   reads; writes (a call drops what is stored of the server); unknown (taken for
                   a write)
          WHY      what decided, with its line in the table of the documentation
        What is not a tool is shown for clients of the server's own era.

        Exit codes: 0 the server answered; 1 it, or one of the file, could not be started or did not
        answer; 2 unusable arguments, environment or file.

        """
}
