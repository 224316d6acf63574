# shellcheck shell=bash
# shellcheck disable=SC2154 # the variables below are the script's
# How each server program is started. Needs common.sh, nats.sh, processes.sh
# and build.sh; the script sets RUN_DIR, bin_dir, nats_url, nats_users, nats_ca (empty:
# the system's) and database_url.

# URLs may hold passwords: they go by the environment, which other users
# cannot read, and not by the command line, which they can.
start_server() { # PROGRAM NUMBER [ARGUMENT…]
    local name=$1-$2
    rm -f "$(announce_file "$name")"
    start_instance "$name" env -u SLIPSTREAM_NATS_CA SLIPSTREAM_NATS_URL="$nats_url" \
        SLIPSTREAM_NATS_SEED="$(nats_seed "$1")" ${nats_ca:+SLIPSTREAM_NATS_CA="$nats_ca"} \
        "$bin_dir/$1" --http 127.0.0.1:0 --announce "$(announce_file "$name")" "${@:3}"
}

start_persistence() { # NUMBER
    SLIPSTREAM_DATABASE_URL=$database_url start_server persistence "$1"
}

start_gateway() { # NUMBER RACE_ADDRESS CHAT_ADDRESS
    # One key for all gateways: a token from one is good at every other.
    start_server gateway "$1" --race-listen "$2" --chat-listen "$3" \
        --session-key-file "$RUN_DIR/session.keys" "${gateway_tls[@]}"
}

# The configuration of every NATS server of ours, here and in the tests.
readonly NATS_CONFIG=$REPOSITORY/deploy/nats/nats-server.conf

# Settings of the Go runtime; tools/fleet/src/nats.rs has the same. One thread
# does what a thousand players need, and waking others costs more than they do;
# as messages wait on it during garbage collection, it collects when the heap is
# nine times what is in use (docs/adr/021). The caller's environment overrides them.
readonly NATS_GO_SETTINGS=(GOMAXPROCS="${GOMAXPROCS:-1}" GOGC="${GOGC:-800}")

# Starts NATS with its own file store and the users in nats_users, and what restarts it;
# sets nats_url.
start_nats() { # PORT (-1: a free one)
    make_nats_users
    launch_nats "$1"
    nats_url=$(announced nats-server-1 nats)
    # Again, for the operator's context: only here is the port known.
    make_nats_users
    start_instance nats-watch-1 "$REPOSITORY/deploy/nats/watch" "$RUN_DIR" "$nats_server" "$nats_users"
}

# The server knows its users by public keys, which it takes from the environment.
launch_nats() { # PORT
    local name=nats-server-1 public_keys
    mapfile -t public_keys <"$nats_users/public.env"
    start_instance "$name" env "${NATS_GO_SETTINGS[@]}" "${public_keys[@]}" \
        "$nats_server" --config "$NATS_CONFIG" --port "$1" \
        --store_dir "$RUN_DIR/nats" --ports_file_dir "$RUN_DIR/announce"
    announce_nats "$name"
    await_ready "$name"
}

# The server writes the ports it got to a file named after its process; we turn
# that into what our own programs announce.
announce_nats() { # NAME
    local pid ports
    pid=$(instance_pid "$1") || die_with_log "$1" "does not start"
    ports=$RUN_DIR/announce/${nats_server##*/}_$pid.ports
    wait_until "$READY_SECONDS_MAX" file_or_dead "$ports" "$1" || die_with_log "$1" "does not say its ports"
    [[ -s $ports ]] || die_with_log "$1" "ended instead of serving"
    jq --argjson pid "$pid" '{
        program: "nats-server", $pid, nats: .nats[0],
        http: (.monitoring[0] | ltrimstr("http://"))
    }' "$ports" >"$(announce_file "$1")"
}

file_or_dead() { # FILE NAME
    [[ -s $1 ]] || is_dead "$2"
}

# An address that listens everywhere is reached on this machine.
reachable() { # ADDRESS
    printf '%s' "${1/#0.0.0.0:/127.0.0.1:}"
}
