# shellcheck shell=bash
# A running Docker engine and the images that the tests start.
# Needs common.sh and packages.sh.

NATS_TAG=${NATS_TAG:-2.15}
MYSQL_TAG=${MYSQL_TAG:-9}
MARIADB_TAG=${MARIADB_TAG:-10.11}
export NATS_TAG MYSQL_TAG MARIADB_TAG

# Long enough for a slow line; without a registry the pull fails at once.
readonly PULL_SECONDS_MAX=300
readonly DOCKERD_START_SECONDS_MAX=60

# The engine that this script started itself, if any.
dockerd_pid=

docker_answers() {
    timeout 20 docker info >/dev/null 2>&1
}

ensure_docker() {
    if docker_answers; then return; fi
    [[ -z ${DOCKER_HOST:-} ]] ||
        die "DOCKER_HOST is $DOCKER_HOST, but no Docker engine answers there: correct or unset it"
    # The client alone is not enough: it is on many machines without an engine.
    want_command docker docker.io
    want_command dockerd docker.io
    want_command iptables iptables
    install_missing "the integration tests' Docker"
    if docker_answers; then return; fi
    ((EUID == 0)) ||
        die "Docker does not answer: start it ('sudo systemctl start docker') and be in the group docker," \
            "or run this as root"
    start_docker
}

start_docker() {
    if [[ -d /run/systemd/system ]]; then
        systemctl start docker || die "Docker does not start: see 'journalctl -u docker'"
    else
        start_dockerd
    fi
    wait_until "$DOCKERD_START_SECONDS_MAX" docker_answers || {
        [[ ! -f $DATA_DIR/dockerd.log ]] || tail -n 20 "$DATA_DIR/dockerd.log" >&2
        die "Docker was started but does not answer; the integration tests cannot run without it"
    }
}

start_dockerd() {
    make_private_dir "$DATA_DIR"
    say "starting dockerd (log: $DATA_DIR/dockerd.log)"
    setsid dockerd </dev/null >"$DATA_DIR/dockerd.log" 2>&1 &
    dockerd_pid=$!
}

# For an EXIT trap: ends the engine only where we started it.
stop_dockerd() {
    [[ -n $dockerd_pid ]] || return 0
    kill "$dockerd_pid" 2>/dev/null || true
    wait "$dockerd_pid" 2>/dev/null || true
    dockerd_pid=
}

ensure_images() {
    local image
    for image in "nats:$NATS_TAG" "mysql:$MYSQL_TAG" "mariadb:$MARIADB_TAG"; do
        ensure_image "$image"
    done
}

# The image of that name that is here, else the official one, else our own.
ensure_image() {
    if docker image inspect "$1" >/dev/null 2>&1; then return; fi
    say "pulling $1"
    if timeout "$PULL_SECONDS_MAX" docker pull -q "$1" >&2; then return; fi
    say "$1 cannot be pulled: building a stand-in from packages"
    "$REPOSITORY/deploy/images/build" "$1"
}
