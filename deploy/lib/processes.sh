# shellcheck shell=bash
# Starts, finds and stops processes. Each is an instance, PROGRAM-NUMBER, of
# which RUN_DIR keeps
#   pids/NAME           its process id and the time it was born
#   announce/NAME.json  what the program says of itself once it serves
#   logs/NAME.log       what it printed
# Needs common.sh; the script sets RUN_DIR.

# Never one from the environment: play removes it at its end.
RUN_DIR=

readonly READY_SECONDS_MAX=60
readonly STOP_SECONDS_MAX=20
readonly LOG_LINES_SHOWN=20

# Clients before servers, and whatever a program still writes to after it.
readonly STOP_ORDER=(
    client-chat-gtk client-sdl bots gateway race-worker chat-worker persistence nats-watch
    nats-server xvfb
)

pid_file() { printf '%s/pids/%s' "$RUN_DIR" "$1"; }
announce_file() { printf '%s/announce/%s.json' "$RUN_DIR" "$1"; }
log_file() { printf '%s/logs/%s.log' "$RUN_DIR" "$1"; }

make_run_dir() {
    mkdir -p "$RUN_DIR"/{pids,announce,logs}
    # Passwords in URLs, session keys and players' names are in here.
    chmod 700 "$RUN_DIR"
}

# Prints when a process was born, in clock ticks since the machine was; fails
# when it is gone, or dead and not yet collected.
process_birth() { # PID
    local stat fields
    { stat=$(<"/proc/$1/stat"); } 2>/dev/null || return 1
    # The name in parentheses may hold anything; the fields come after it.
    read -ra fields <<<"${stat##*) }"
    [[ ${fields[0]} != [ZX] ]] || return 1
    printf '%s' "${fields[19]}"
}

# A session of its own: Ctrl-C reaches the script alone, which then ends the
# processes in their order. 9 is the lock of locks.sh, not for them to hold.
start_instance() { # NAME COMMAND…
    setsid "${@:2}" </dev/null >>"$(log_file "$1")" 2>&1 9>&- &
    record_instance "$1" $!
}

record_instance() { # NAME PID
    printf '%s %s\n' "$2" "$(process_birth "$2" || true)" >"$(pid_file "$1")"
}

# Prints the id of an instance that lives. A process that merely got the same
# id later has another birth.
instance_pid() { # NAME
    local pid birth
    read -r pid birth 2>/dev/null <"$(pid_file "$1")" || return 1
    [[ -n $birth && $(process_birth "$pid") == "$birth" ]] || return 1
    printf '%s' "$pid"
}

is_alive() { # NAME
    instance_pid "$1" >/dev/null
}

is_dead() { # NAME
    ! is_alive "$1"
}

# All recorded instances of a program, lowest number first.
instances_of() { # PROGRAM
    local file
    for file in "$RUN_DIR/pids/$1"-*; do
        [[ ! -e $file || ! ${file##*-} =~ ^[0-9]+$ ]] || printf '%s\n' "${file##*/}"
    done | sort -V
}

announced() { # NAME KEY
    jq -er --arg key "$2" '.[$key]' "$(announce_file "$1")" 2>/dev/null
}

is_ready() { # NAME
    local http path=ready
    [[ $1 != nats-server-* ]] || path=healthz
    is_alive "$1" && http=$(announced "$1" http) &&
        curl --fail --silent --output /dev/null --max-time 2 "http://$http/$path"
}

# What a process that lives says it lacks, a line each; nothing when it is ready.
problems_of() { # NAME
    local http path=ready answer
    [[ $1 != nats-server-* ]] || path=healthz
    http=$(announced "$1" http) || return 0
    answer=$(curl --silent --max-time 2 "http://$http/$path") || {
        echo "it does not answer"
        return 0
    }
    case $path in
    ready) sed -n 's/^- //p' <<<"$answer" ;;
    healthz) jq -r '.error // empty' <<<"$answer" ;;
    esac
}

is_ready_or_dead() { # NAME
    is_dead "$1" || is_ready "$1"
}

await_ready() { # NAME…
    local name
    for name in "$@"; do
        wait_until "$READY_SECONDS_MAX" is_ready_or_dead "$name" ||
            die_with_log "$name" "is not ready after $READY_SECONDS_MAX s"
        is_ready "$name" || die_with_log "$name" "ended instead of serving"
    done
}

die_with_log() { # NAME WHAT
    if [[ -s $(log_file "$1") ]]; then
        say "the last lines of $(log_file "$1"):"
        tail -n "$LOG_LINES_SHOWN" "$(log_file "$1")" >&2
    fi
    die "$1 $2"
}

# Asks all at once, so that what drains drains together, then waits for each.
stop_instances() { # NAME…
    local name pid
    for name in "$@"; do
        if pid=$(instance_pid "$name"); then kill -TERM "$pid" 2>/dev/null || true; fi
    done
    for name in "$@"; do
        wait_until "$STOP_SECONDS_MAX" is_dead "$name" || kill_instance "$name"
        rm -f "$(pid_file "$name")" "$(announce_file "$name")"
    done
}

kill_instance() { # NAME
    local pid
    say "$1 did not end within $STOP_SECONDS_MAX s: killing it (log: $(log_file "$1"))"
    if pid=$(instance_pid "$1"); then kill -KILL "$pid" 2>/dev/null || true; fi
}

stop_all() {
    local program names
    for program in "${STOP_ORDER[@]}"; do
        mapfile -t names < <(instances_of "$program")
        stop_instances "${names[@]}"
    done
}
