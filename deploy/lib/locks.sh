# shellcheck shell=bash
# One of deploy/up, scale, rolling-restart and down at a time. Needs common.sh.

take_lock() {
    make_private_dir "$DATA_DIR"
    # Descriptor 9 holds the lock until the script ends; start_instance closes
    # it for the processes that live on.
    exec 9>"$DATA_DIR/up.lock"
    flock --nonblock 9 || die "another of deploy/up, scale, rolling-restart and down is at work in $DATA_DIR: wait for it"
}
