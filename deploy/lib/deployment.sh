# shellcheck shell=bash
# What deploy/up, scale, rolling-restart, status and down share: the deployment
# of the data folder. Needs common.sh, processes.sh, ports.sh, tls.sh and servers.sh.

# shellcheck disable=SC2034 # the two are used by the scripts
readonly SCALABLE=(gateway race-worker chat-worker persistence)
# shellcheck disable=SC2034
readonly INSTANCES_MAX=32

RUN_DIR=$DATA_DIR/up
# How the set was started, so that later instances are started alike.
readonly SETTINGS=$RUN_DIR/settings.json

is_up() {
    local program name
    [[ -e $SETTINGS ]] || return 1
    for program in "${STOP_ORDER[@]}"; do
        for name in $(instances_of "$program"); do
            if is_alive "$name"; then return 0; fi
        done
    done
    return 1
}

require_up() {
    is_up || die "nothing is up in $DATA_DIR: start it with deploy/up"
}

# shellcheck disable=SC2154 # tls is in tls.sh
save_settings() {
    jq -n --arg nats_url "$nats_url" --arg nats_users "$nats_users" --arg nats_ca "$nats_ca" \
        --arg database_url "$database_url" --arg bin_dir "$bin_dir" --argjson tls "$tls" \
        '{$nats_url, $nats_users, $nats_ca, $database_url, $bin_dir, $tls}' >"$SETTINGS"
}

load_settings() {
    nats_url=$(jq -r .nats_url "$SETTINGS")
    nats_users=$(jq -r .nats_users "$SETTINGS")
    nats_ca=$(jq -r .nats_ca "$SETTINGS")
    database_url=$(jq -r .database_url "$SETTINGS")
    bin_dir=$(jq -r .bin_dir "$SETTINGS")
    if jq -e .tls "$SETTINGS" >/dev/null; then use_tls; fi
}

# Forgets what a set that crashed, or a machine that stopped, left behind.
clear_run_dir() {
    rm -rf "$RUN_DIR"/{pids,announce}
    make_run_dir
}

# start_numbered PROGRAM NUMBER: an instance as deploy/up and scale start it.
# Each further gateway takes the next two ports.
start_numbered() {
    local offset=$((2 * ($2 - 1)))
    case $1 in
    gateway) start_gateway "$2" "0.0.0.0:$((RACE_PORT + offset))" "0.0.0.0:$((CHAT_PORT + offset))" ;;
    persistence) start_persistence "$2" ;;
    *) start_server "$1" "$2" ;;
    esac
}

refuse_taken_ports() { # PROGRAM NUMBER
    [[ $1 == gateway ]] || return 0
    local offset=$((2 * ($2 - 1)))
    refuse_taken_port $((RACE_PORT + offset)) "gateway-$2, races" "free it first"
    refuse_taken_port $((CHAT_PORT + offset)) "gateway-$2, chat" "free it first"
}

# Starts what is missing to a count, filling gaps that crashes left, and prints
# nothing; the names are in `started`, for await_ready.
start_up_to() { # PROGRAM COUNT
    local number
    for ((number = 1; number <= $2; number++)); do
        if is_alive "$1-$number"; then continue; fi
        refuse_taken_ports "$1" "$number"
        start_numbered "$1" "$number"
        started+=("$1-$number")
    done
}

# Stops the instances above a count, all at once.
stop_down_to() { # PROGRAM COUNT
    local name surplus=()
    for name in $(instances_of "$1"); do
        ((${name##*-} <= $2)) || surplus+=("$name")
    done
    stop_instances "${surplus[@]}"
}
