# shellcheck shell=bash
# What every script here shares: where things are, how it speaks, how it waits.

# The exit code of a wrong command line (sysexits.h, EX_USAGE).
readonly EXIT_USAGE=64

REPOSITORY=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
DATA_DIR=${SLIPSTREAM_DATA_DIR:-$REPOSITORY/.data}
# Relative names are for the caller's folder; the programs run in another.
[[ $DATA_DIR == /* ]] || DATA_DIR=$PWD/$DATA_DIR
readonly REPOSITORY DATA_DIR
# Who speaks: deploy/play, whichever way it was called.
readonly SCRIPT=${0#"$REPOSITORY"/}

# Progress goes to stderr: stdout belongs to what a script was asked for.
say() {
    printf '%s\n' "$*" >&2
}

die() {
    printf '%s: %s\n' "$SCRIPT" "$*" >&2
    exit 1
}

die_usage() {
    printf '%s: %s\n' "$SCRIPT" "$*" >&2
    exit "$EXIT_USAGE"
}

has_command() {
    command -v "$1" >/dev/null 2>&1
}

version_at_least() { # VERSION MINIMUM
    [[ $(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1) == "$2" ]]
}

# require_value FLAG [VALUE]: the option loop's `"$@"`, so that a flag at the
# end of the line is told apart from an empty value.
require_value() {
    (($# >= 2)) || die_usage "$1: a value is missing after it, see --help"
}

check_number() { # FLAG VALUE MIN MAX
    # Length first: bash arithmetic wraps around silently on huge numbers.
    if [[ ! $2 =~ ^[0-9]{1,9}$ ]] || ((10#$2 < $3 || 10#$2 > $4)); then
        die_usage "$1 '$2': must be a whole number from $3 to $4"
    fi
}

check_name() { # FLAG VALUE LENGTH_MAX
    if [[ ! $2 =~ ^[A-Za-z0-9_-]+$ ]] || ((${#2} > $3)); then
        die_usage "$1 '$2': must be 1 to $3 characters of A-Z a-z 0-9 _ -"
    fi
}

check_nats_url() { # FLAG VALUE
    [[ $2 =~ ^(nats|tls)://[^[:space:]]+$ ]] ||
        die_usage "$1 '$2': must be a URL such as nats://127.0.0.1:4222"
}

check_database_url() { # FLAG VALUE
    [[ $2 =~ ^(sqlite|mysql)://[^[:space:]]+$ ]] ||
        die_usage "$1 '$2': must be sqlite://FILE?mode=rwc or mysql://USER:PASSWORD@HOST:PORT/NAME" \
            "(mysql:// is MariaDB's too)"
}

sqlite_url() { # FILE
    printf 'sqlite://%s?mode=rwc' "$1"
}

random_token() {
    od -An -N8 -tx1 /dev/urandom | tr -d ' \n'
}

# wait_until SECONDS COMMAND…: true as soon as the command is.
wait_until() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        ((SECONDS < deadline)) || return 1
        sleep 0.1
    done
}

# --- how long the parts of a run took ----------------------------------------

part_names=()
part_seconds=()
part_running=
part_started=0

# timed NAME COMMAND…: runs it and remembers the time. The command is not in a
# condition, so that `set -e` goes on working inside it.
timed() {
    part_running=$1
    part_started=$SECONDS
    shift
    say "── $part_running"
    "$@"
    part_names+=("$part_running")
    part_seconds+=($((SECONDS - part_started)))
    say "── $part_running: $(format_seconds $((SECONDS - part_started)))"
    part_running=
}

format_seconds() {
    printf '%d m %02d s' $(($1 / 60)) $(($1 % 60))
}

# For an EXIT trap: a part that failed is in the table, and said to have failed.
print_times() {
    local index
    printf '\n%-32s %s\n' part time >&2
    for index in "${!part_names[@]}"; do
        printf '%-32s %s\n' "${part_names[index]}" "$(format_seconds "${part_seconds[index]}")" >&2
    done
    [[ -z $part_running ]] ||
        printf '%-32s %s (failed)\n' "$part_running" "$(format_seconds $((SECONDS - part_started)))" >&2
}

# Makes a folder that only its owner may enter. One that is there keeps its mode.
make_private_dir() { # FOLDER
    [[ -d $1 ]] && return
    mkdir -p "$(dirname "$1")"
    mkdir -m 700 "$1" 2>/dev/null || [[ -d $1 ]]
}
