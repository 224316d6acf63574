# shellcheck shell=bash
# shellcheck disable=SC2154 # the variables below are the script's
# How each server program is started. Needs common.sh, nats.sh, processes.sh
# and build.sh; the script sets RUN_DIR, bin_dir, nats_url and database_url.

# URLs may hold passwords: they go by the environment, which other users
# cannot read, and not by the command line, which they can.
start_server() { # PROGRAM NUMBER [ARGUMENT…]
    local name=$1-$2
    rm -f "$(announce_file "$name")"
    start_instance "$name" env SLIPSTREAM_NATS_URL="$nats_url" \
        "$bin_dir/$1" --http 127.0.0.1:0 --announce "$(announce_file "$name")" "${@:3}"
}

start_persistence() { # NUMBER
    SLIPSTREAM_DATABASE_URL=$database_url start_server persistence "$1"
}

start_gateway() { # NUMBER RACE_ADDRESS CHAT_ADDRESS
    # One key for all gateways: a token from one is good at every other.
    start_server gateway "$1" --race-listen "$2" --chat-listen "$3" \
        --session-key-file "$RUN_DIR/session.key"
}

# Runs its arguments as a program whose sleeps may last four milliseconds longer.
# The monitor thread of Go programs sleeps for 20 µs at a time: a quarter of NATS'
# time (docs/adr/015). Only Linux knows it.
readonly WITH_TIMER_SLACK='
    { echo 4000000 >/proc/self/timerslack_ns; } 2>/dev/null || true
    exec "$@"
'

# A Go program that is told to print its scheduler's state, once in 24 days here,
# does not wake its monitor thread up each time it has work again (docs/adr/016).
readonly NATS_GODEBUG=schedtrace=2147483647

# Starts NATS with JetStream on its own file store and sets nats_url. One thread
# does what a thousand players need, as in our own programs (docs/adr/011); who
# has more sets GOMAXPROCS. On one thread messages wait while it cleans its memory
# up, which it therefore does less often (docs/adr/021).
start_nats() { # PORT (-1: a free one)
    local name=nats-server-1
    start_instance "$name" env GOMAXPROCS="${GOMAXPROCS:-1}" GOGC="${GOGC:-800}" \
        GODEBUG="$NATS_GODEBUG" bash -c "$WITH_TIMER_SLACK" nats-server \
        "$nats_server" --addr 127.0.0.1 --port "$1" --http_port -1 \
        --jetstream --store_dir "$RUN_DIR/nats" --ports_file_dir "$RUN_DIR/announce"
    announce_nats "$name"
    await_ready "$name"
    nats_url=$(announced "$name" nats)
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
