# shellcheck shell=bash
# Everything that more than one script uses.

libraries=$(dirname "${BASH_SOURCE[0]}")
# shellcheck source=lib/common.sh
source "$libraries/common.sh"
# shellcheck source=lib/options.sh
source "$libraries/options.sh"
# shellcheck source=lib/packages.sh
source "$libraries/packages.sh"
# shellcheck source=lib/build.sh
source "$libraries/build.sh"
# shellcheck source=lib/nats.sh
source "$libraries/nats.sh"
# shellcheck source=lib/ports.sh
source "$libraries/ports.sh"
# shellcheck source=lib/processes.sh
source "$libraries/processes.sh"
# shellcheck source=lib/tls.sh
source "$libraries/tls.sh"
# shellcheck source=lib/servers.sh
source "$libraries/servers.sh"
# shellcheck source=lib/locks.sh
source "$libraries/locks.sh"
# shellcheck source=lib/display.sh
source "$libraries/display.sh"
# shellcheck source=lib/docker.sh
source "$libraries/docker.sh"
unset libraries
