# shellcheck shell=bash
# Rust, cargo's tools and the programs. Needs common.sh and packages.sh.

# Tools the checks use, each at the version they were proven with.
readonly -A CARGO_TOOLS=(
    [deny]=cargo-deny@0.20.2
    [machete]=cargo-machete@0.9.2
    [nextest]=cargo-nextest@0.9.143
)

manifest_value() { # FILE KEY
    sed -n "s/^$2 *= *\"\(.*\)\"/\1/p" "$REPOSITORY/$1" | head -n 1
}

ensure_rust() {
    # Where rustup puts cargo; a shell that was open before does not know yet.
    has_command cargo || PATH=$PATH:$HOME/.cargo/bin
    has_command cargo || install_rustup
    ensure_toolchain
}

install_rustup() {
    local channel
    channel=$(manifest_value rust-toolchain.toml channel)
    [[ -n $(apt-cache madison rustup 2>/dev/null || true) ]] ||
        die "Rust is missing, and this system's packages have no rustup (Debian 13 and Ubuntu 24.04 do; the cargo of" \
            "older ones is too old): install rustup as its own site says, with toolchain $channel, and start again"
    want_command rustup rustup
    install_missing "building"
}

ensure_toolchain() {
    local channel minimum version
    channel=$(manifest_value rust-toolchain.toml channel)
    minimum=$(manifest_value Cargo.toml rust-version)
    if has_command rustup && ! (cd "$REPOSITORY" && rustc --version >/dev/null 2>&1); then
        say "installing Rust $channel"
        rustup toolchain install "$channel" --profile minimal --component clippy,rustfmt >&2
    fi
    version=$(cd "$REPOSITORY" && rustc --version | cut -d ' ' -f 2)
    version_at_least "$version" "$minimum" ||
        die "this cargo is of Rust $version, which is too old: install rustup and toolchain $channel (needed: $minimum or newer)"
}

ensure_cargo_tool() { # NAME
    cargo "$1" --version >/dev/null 2>&1 ||
        timed "installing cargo-$1" cargo install --quiet --locked "${CARGO_TOOLS[$1]}"
}

# A build's own output is its progress: it goes to stderr as it comes.
in_repository() {
    (cd "$REPOSITORY" && "$@" >&2)
}

target_folder() {
    (cd "$REPOSITORY" && cargo metadata --no-deps --format-version 1 | jq -r .target_directory)
}

# build_programs PROGRAM…: sets bin_dir to where they are. BUILD_PROFILE is release,
# which is built soon, or dist, which is what runs for long.
# SLIPSTREAM_BIN_DIR names a folder of programs built before: nothing is built.
build_programs() {
    if [[ -n ${SLIPSTREAM_BIN_DIR:-} ]]; then
        bin_dir=$(cd "$SLIPSTREAM_BIN_DIR" 2>/dev/null && pwd) ||
            die "SLIPSTREAM_BIN_DIR '$SLIPSTREAM_BIN_DIR': must be a folder with the programs, or unset to build them"
        refuse_incomplete_bin_dir "$@"
        return
    fi
    local program packages=() profile=${BUILD_PROFILE:-release}
    for program in "$@"; do
        packages+=(--package "$program")
    done
    cargo_with_progress build --profile "$profile" --bins "${packages[@]}" ||
        die "the build failed"
    bin_dir=$(target_folder)/$profile
}

# cargo_with_progress ARGUMENT…: says how far cargo is and how long it may still take;
# of its own words only what is not progress is shown, in the end.
cargo_with_progress() {
    local chunk line done_units=0 all_units=0 said=0 begun=$SECONDS rest=
    local pattern='\] ([0-9]+)/([0-9]+)'
    while IFS= read -r -d $'\r' chunk || [[ -n $chunk ]]; do
        while IFS= read -r line; do
            if [[ $line =~ $pattern ]]; then
                done_units=${BASH_REMATCH[1]} all_units=${BASH_REMATCH[2]}
            elif [[ ! $line =~ ^\ *(Compiling|Downloaded|Downloading|Updating|Locking|Blocking|Finished|Fresh)\  && -n ${line// /} ]]; then
                rest+=$line$'\n'
            fi
        done <<<"${chunk//$'\e[K'/}"
        said=$(say_progress "$done_units" "$all_units" "$begun" "$said")
    done < <(
        cd "$REPOSITORY" && CARGO_TERM_PROGRESS_WHEN=always CARGO_TERM_PROGRESS_WIDTH=80 \
            CARGO_TERM_COLOR=never cargo "$@" 2>&1
    )
    if [[ -t 2 ]]; then printf '\r\e[K' >&2; fi
    printf '%s' "$rest" >&2
    wait $!
}

# say_progress DONE ALL BEGUN SAID: at a terminal all the time, else every minute.
# Prints the second of the last word.
readonly PROGRESS_SECONDS=60
say_progress() {
    local seconds=$((SECONDS - $3)) left
    if (($1 == 0)) || { [[ ! -t 2 ]] && ((SECONDS - $4 < PROGRESS_SECONDS)); }; then
        printf '%s' "$4"
        return
    fi
    left=$((seconds * ($2 - $1) / $1 / 60 + 1))
    if [[ -t 2 ]]; then printf '\r\e[K' >&2; fi
    printf 'built %s of %s units in %s min, about %s min left' "$1" "$2" $((seconds / 60)) "$left" >&2
    [[ -t 2 ]] || printf '\n' >&2
    printf '%s' "$SECONDS"
}

refuse_incomplete_bin_dir() { # PROGRAM…
    local program
    for program in "$@"; do
        [[ -x $bin_dir/$program ]] || die "SLIPSTREAM_BIN_DIR '$bin_dir' has no program $program"
    done
}

want_build() {
    [[ -z ${SLIPSTREAM_BIN_DIR:-} ]] || return 0
    want_compiler
}

ensure_build() {
    [[ -z ${SLIPSTREAM_BIN_DIR:-} ]] || return 0
    ensure_rust
}
