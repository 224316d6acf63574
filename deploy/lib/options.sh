# shellcheck shell=bash
# The option loop that the scripts share. Needs common.sh.
#
# A script has usage() and take_option FLAG [VALUE…], which sets `consumed` to how
# many words it used, and calls no_such_option for what it does not know.

parse_options() { # WORD…
    while (($# > 0)); do
        if [[ $1 == --*=* ]]; then
            set -- "${1%%=*}" "${1#*=}" "${@:2}"
        fi
        case $1 in
        -h | --help)
            usage
            exit 0
            ;;
        --yes)
            # shellcheck disable=SC2034 # read by packages.sh
            assume_yes=true
            shift
            ;;
        *)
            consumed=0
            take_option "$@"
            shift "$consumed"
            ;;
        esac
    done
}

no_such_option() { # WORD
    die_usage "'$1': no such option or argument, see --help"
}
