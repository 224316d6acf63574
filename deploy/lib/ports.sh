# shellcheck shell=bash
# Who listens on a port. Read from /proc: it is there on every Linux machine.
# Needs common.sh.

# shellcheck disable=SC2034 # used by the scripts
readonly RACE_PORT=10000 CHAT_PORT=10001 NATS_PORT=4222

# Prints the socket's inode; fails when nobody listens.
listening_inode() { # PORT
    local port_hex
    printf -v port_hex '%04X' "$1"
    awk -v port="$port_hex" '
        # 0A is LISTEN; field 2 is the address in hex, field 10 the inode.
        $4 == "0A" && $2 ~ ":" port "$" { print $10; found = 1; exit }
        END { exit !found }
    ' /proc/net/tcp /proc/net/tcp6 2>/dev/null
}

# Prints " by NAME (pid N)" when it may be known: others' files are root's to read.
socket_owner() { # INODE
    local file pid
    file=$(find /proc/[0-9]*/fd -lname "socket:\[$1\]" -print -quit 2>/dev/null || true)
    [[ -n $file ]] || return 0
    pid=${file#/proc/}
    pid=${pid%%/*}
    printf ' by %s (pid %s)' "$(<"/proc/$pid/comm")" "$pid"
}

port_is_free() { # PORT
    ! listening_inode "$1" >/dev/null
}

refuse_taken_port() { # PORT WHAT_FOR HOW_ELSE
    local inode
    if inode=$(listening_inode "$1"); then
        die "port $1 ($2) is taken$(socket_owner "$inode"): $3"
    fi
}
