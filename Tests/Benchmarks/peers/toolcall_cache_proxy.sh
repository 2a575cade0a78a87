#!/bin/sh
# toolcall-cache as its README says: what only reads is allowed, by name; nothing else is cached.
#
#   PEERS_STATE=FOLDER toolcall_cache_proxy.sh COMMAND [ARG…]      no spaces in the arguments
#
# Its cache is a file and would outlive the process: each start takes one of its own.
set -eu
exec toolcall-cache start --transport stdio --upstream "$*" --db "$PEERS_STATE/$$.db" \
    --allowlist lookup,lookup_big,lookup_slow,lookup_broken,get_value
