# shellcheck shell=bash
# A screen for windows where there is none. Needs common.sh and processes.sh.

has_screen() {
    [[ -n ${DISPLAY:-}${WAYLAND_DISPLAY:-} ]]
}

# Starts Xvfb on a free display and exports DISPLAY.
start_virtual_screen() {
    local number_file=$RUN_DIR/display
    # Xvfb picks the display itself and writes its number once it serves.
    # shellcheck disable=SC2016 # the inner shell expands it
    start_instance xvfb-1 sh -c \
        'exec Xvfb -displayfd 3 -screen 0 1280x720x24 -nolisten tcp 3>"$1"' sh "$number_file"
    wait_until "$READY_SECONDS_MAX" file_or_dead "$number_file" xvfb-1 || true
    [[ -s $number_file ]] || die_with_log xvfb-1 "does not start"
    DISPLAY=:$(<"$number_file")
    export DISPLAY
    export SDL_VIDEODRIVER=x11 SDL_AUDIODRIVER=dummy GDK_BACKEND=x11 GSK_RENDERER=cairo
    unset WAYLAND_DISPLAY
}
