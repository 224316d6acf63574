# shellcheck shell=bash
# Installs what a machine lacks. Each `want_…` looks for the thing itself, not
# for Debian's package of it, so that a machine that has it from elsewhere is
# left alone; `install_missing` then installs what was not found, all at once.

missing_packages=()
# Set by --yes: somebody who is not root lets us use sudo.
assume_yes=${assume_yes:-false}

want_command() { # COMMAND PACKAGE
    has_command "$1" || missing_packages+=("$2")
}

want_file() { # FILE PACKAGE
    [[ -e $1 ]] || missing_packages+=("$2")
}

want_library() { # PKG_CONFIG_NAME PACKAGE
    pkg-config --exists "$1" 2>/dev/null || missing_packages+=("$2")
}

# install_missing WHAT_FOR: apt-get says only what goes wrong.
install_missing() {
    ((${#missing_packages[@]} > 0)) || return 0
    local packages=("${missing_packages[@]}")
    missing_packages=()
    has_command apt-get ||
        die "for $1 this machine lacks what Debian calls ${packages[*]}: install them with this system's package manager and start again"
    say "installing ${packages[*]} (for $1)"
    apt_get update -qq
    apt_get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
}

apt_get() {
    if ((EUID == 0)); then
        DEBIAN_FRONTEND=noninteractive apt-get "$@"
    elif $assume_yes; then
        sudo env DEBIAN_FRONTEND=noninteractive apt-get "$@"
    else
        die "not root: run" \
            "'sudo apt-get update && sudo apt-get install -y --no-install-recommends ${packages[*]}'" \
            "and start again, or give --yes and it is run for you"
    fi
}

# --- sets of packages --------------------------------------------------------

want_basics() {
    want_command curl curl
    want_command jq jq
    want_file /etc/ssl/certs/ca-certificates.crt ca-certificates
}

want_compiler() {
    want_command cc gcc
    want_file /usr/include/stdio.h libc6-dev
    want_command pkg-config pkg-config
}

want_sdl() {
    want_library sdl2 libsdl2-dev
    want_library SDL2_ttf libsdl2-ttf-dev
    want_library SDL2_image libsdl2-image-dev
    want_library SDL2_gfx libsdl2-gfx-dev
}

want_gtk() {
    want_library gtk4 libgtk-4-dev
}

want_virtual_screen() {
    want_command Xvfb xvfb
    want_fonts
}

want_fonts() {
    want_file /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf fonts-dejavu-core
}

# What presses keys, takes pictures and reads the accessibility tree.
want_window_tests() {
    want_virtual_screen
    want_command xdotool xdotool
    want_command import imagemagick
    want_command xwininfo x11-utils
    want_command dbus-run-session dbus
    want_file /usr/libexec/at-spi-bus-launcher at-spi2-core
    want_file /usr/lib/python3/dist-packages/gi python3-gi
    want_file "/usr/lib/$(uname -m)-linux-gnu/girepository-1.0/Atspi-2.0.typelib" gir1.2-atspi-2.0
}
