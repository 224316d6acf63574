# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # the variables below are used by the scripts; bin_dir is theirs
# TLS on the ports for clients, with a development CA. Needs common.sh and build.sh.

# It outlives what is started: a client that has been given the CA keeps it.
readonly TLS_DIR=$DATA_DIR/tls

# Whether gateways speak TLS, and the options for it: none without TLS.
tls=false gateway_tls=() client_tls=()

use_tls() {
    tls=true
    gateway_tls=(--tls-certificate "$TLS_DIR/server.pem" --tls-key "$TLS_DIR/server.key")
    client_tls=(--ca "$TLS_DIR/ca.pem")
}

# A new server certificate for this machine, by the CA, which is made when there is none.
renew_certificate() {
    if ! $tls; then return; fi
    "$bin_dir/racectl" certificate "$TLS_DIR" --name "$(uname -n)" >/dev/null ||
        die "there is no certificate for --tls"
}
