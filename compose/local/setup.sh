#!/bin/sh
# Installs the Debian packages this checkout needs to build and run; `setup.sh test` adds those of
# the checks. Says nothing when all are there. Starts, stops and restarts no service of the machine.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
log=$root/.run/log/setup.log
policy=/usr/sbin/policy-rc.d
cluster=/etc/postgresql-common/createcluster.d/pasar.conf

build="build-essential pkg-config libevent-dev libhiredis-dev libjansson-dev libpq-dev
       libcurl4-openssl-dev libjwt-dev libsodium-dev libjemalloc-dev libcmocka-dev ca-certificates"

test_packages() { # the sanitizers' runtime carries the compiler's version in its name
    release=$(. /etc/os-release && echo "${VERSION_ID:-12}")
    case $release in
    13*) rt=libclang-rt-19-dev ;;
    *) rt=libclang-rt-14-dev ;;
    esac
    echo "clang clang-tidy clang-format $rt valgrind python3-yaml"
}

# Servers count by their program, whatever package brought it: asking for nginx-light on a machine
# that has nginx-full would replace it, and asking for PostgreSQL would upgrade a running one.
missing_servers() {
    [ -x /usr/bin/redis-server ] || echo redis-server
    [ -x /usr/sbin/nginx ] || echo nginx-light
    [ -x /usr/bin/python3 ] && /usr/bin/python3 -c 'import ctypes, http.client' 2>/dev/null || echo python3
    ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || echo postgresql
}

missing_packages() {
    # shellcheck disable=SC2086
    have=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null || true)
    for package in "$@"; do
        case "
$have
" in *"
installed $package
"*) ;; *) echo "$package" ;; esac
    done
}

say() { printf 'setup: %s\n' "$*"; }

fail() {
    say "$1" >&2
    if [ -s "$log" ]; then
        sed -n '/^[EW]: /p' "$log" | tail -n 5 >&2
        say "the whole log is $log" >&2
    fi
    exit 1
}

become_root() {
    [ "$(id -u)" -ne 0 ] || { sudo=; return; }
    if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
        sudo="sudo -n"
        return
    fi
    say "these packages are missing: $*" >&2
    say "and only root may install them. Run one of these, then try again:" >&2
    echo "    sudo sh $root/compose/local/setup.sh${what:+ $what}" >&2
    echo "    apt-get install --no-install-recommends $*" >&2
    exit 1
}

# Packages of servers start them and PostgreSQL makes a cluster: both are forbidden meanwhile.
hush_services() {
    trap 'unhush_services' EXIT
    trap 'exit 130' INT TERM HUP
    unhush_services # what a killed run may have left
    if ! { [ -x $policy ] && ! $policy any start >/dev/null 2>&1; }; then
        [ ! -e $policy ] || $sudo mv $policy $policy.pasar-saved
        printf '#!/bin/sh\n# pasar setup: removed when it ends\nexit 101\n' | $sudo tee $policy >/dev/null
        $sudo chmod 755 $policy
    fi
    $sudo mkdir -p "${cluster%/*}"
    echo 'create_main_cluster = false' | $sudo tee $cluster >/dev/null
}

unhush_services() {
    $sudo rm -f $cluster
    if [ -e $policy ] && grep -q '^# pasar setup' $policy; then
        $sudo rm -f $policy
    fi
    [ ! -e $policy.pasar-saved ] || $sudo mv $policy.pasar-saved $policy
}

# A server we brought must not take its port at the next boot either.
keep_from_boot() {
    [ -d /run/systemd/system ] || return 0
    for server in "$@"; do
        case $server in
        redis-server | postgresql) $sudo systemctl disable --quiet "$server" >>"$log" 2>&1 || true ;;
        nginx-light) $sudo systemctl disable --quiet nginx >>"$log" 2>&1 || true ;;
        esac
    done
}

apt() { # verb, arguments...; percentages come from apt's own status lines
    # Without an init system this is a container: nothing there needs an fsync for every file.
    unsafe=
    [ -d /run/systemd/system ] || unsafe="-o Dpkg::Options::=--force-unsafe-io"
    rm -f "$log.rc"
    {
        # shellcheck disable=SC2086
        $sudo env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 LC_ALL=C.UTF-8 \
            apt-get -q -y -o DPkg::Lock::Timeout=300 -o APT::Status-Fd=3 $unsafe "$@" \
            3>&1 >>"$log" 2>&1 </dev/null || echo failed >"$log.rc"
    } | awk -F: '
        $1 == "dlstatus" || $1 == "pmstatus" {
            step = ($1 == "dlstatus" ? "downloaded" : "installed"); n = int($3 / 20) * 20
            if (n > 0 && (step != last || n != seen)) { printf "  %s %d%%", step, n; fflush() }
            last = step; seen = n
        }
        END { if (seen) print "" }'
    [ ! -e "$log.rc" ] || { rm -f "$log.rc"; return 1; }
}

install_packages() {
    become_root "$@"
    say "installing $# packages: $*"
    mkdir -p "${log%/*}"
    : >"$log"
    hush_services
    # No lists, or lists older than a day: fetch them. A third party's list may fail; ours is checked next.
    if [ -z "$(find /var/lib/apt/lists -name '*_Packages*' -mtime -1 2>/dev/null | head -n 1)" ]; then
        say "fetching the package lists"
        apt update || say "some lists could not be fetched (see $log); going on"
    fi
    if ! apt install --no-install-recommends "$@"; then
        say "once more, with fresh package lists"
        apt update || true
        apt install --no-install-recommends "$@" || fail "packages could not be installed:"
    fi
}

what=${1:-}
command -v dpkg-query >/dev/null || fail "this is not Debian: install the packages named in $0 yourself"

servers=$(missing_servers)
wanted=$build
[ "$what" != test ] || wanted="$wanted $(test_packages)"
# shellcheck disable=SC2086
missing="$(missing_packages $wanted) $servers"
# shellcheck disable=SC2086
set -- $missing
[ $# -gt 0 ] || exit 0
started=$(date +%s)
# shellcheck disable=SC2086
install_packages "$@"
# shellcheck disable=SC2086
keep_from_boot $servers
# shellcheck disable=SC2086
left="$(missing_packages $wanted) $(missing_servers)"
# shellcheck disable=SC2086
set -- $left
[ $# -eq 0 ] || fail "still missing after the installation: $*"
say "done in $(($(date +%s) - started)) s"
