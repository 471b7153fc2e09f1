#!/bin/sh
# with_postgres.sh - runs a command with a PostgreSQL of its own, and always stops it.
#
#   tests/with_postgres.sh command [argument...]    PGHOST, PGPORT, PGUSER, PGDATABASE are set for it
#   tests/with_postgres.sh --server start|stop|restart [fast|immediate]     from within the command
#
# A temporary directory, a unix socket and no network. PostgreSQL refuses root: as root it runs as
# `postgres`. PG_FSYNC=on makes commits durable (off by default: tests do not need it);
# PG_OPTIONS adds server options.
set -eu

bindir() {
    for d in "$(pg_config --bindir 2>/dev/null || true)" /usr/lib/postgresql/*/bin; do
        if [ -x "$d/initdb" ]; then
            echo "$d"
            return
        fi
    done
    echo "with_postgres: no PostgreSQL server is installed (apt-get install postgresql)" >&2
    exit 1
}

as_server() { # the server's own user
    if [ "$(id -u)" -eq 0 ]; then
        setpriv --reuid=postgres --regid=postgres --init-groups "$@"
    else
        "$@"
    fi
}

control() {
    (cd "$PASAR_PG_DIR" && as_server "$PASAR_PG_BIN/pg_ctl" -D "$PASAR_PG_DIR/data" -s -w -t 60 \
        -l "$PASAR_PG_DIR/log" "$@") 9>&-
}

if [ "${1:-}" = --server ]; then
    case $2 in
    start) control start ;;
    *) control -m "${3:-fast}" "$2" ;;
    esac
    exit
fi
if [ "${1:-}" = --mourn ]; then
    read -r _ <"$PASAR_PG_DIR/lifeline" || true
    if [ -f "$PASAR_PG_DIR/data/postmaster.pid" ]; then
        control -m immediate stop || true
    fi
    rm -rf "$PASAR_PG_DIR"
    exit
fi
if [ $# -eq 0 ]; then
    echo "usage: with_postgres.sh command [argument...]" >&2
    exit 64
fi

PASAR_PG_BIN=$(bindir)
PASAR_PG_DIR=$(mktemp -d "${TMPDIR:-/tmp}/pasar-pg.XXXXXX")
PASAR_WITH_POSTGRES=$(cd "$(dirname "$0")" && pwd)/$(basename "$0")
export PASAR_PG_BIN PASAR_PG_DIR PASAR_WITH_POSTGRES

# Stops the server and removes its directory once our end of the lifeline closes: also when we are killed.
mkfifo "$PASAR_PG_DIR/lifeline"
setsid sh "$PASAR_WITH_POSTGRES" --mourn >/dev/null 2>&1 &
mourner=$!
exec 9>"$PASAR_PG_DIR/lifeline"
command=

# shellcheck disable=SC2317 # reached by the trap
finish() {
    status=$?
    trap - EXIT INT TERM HUP
    if [ -n "$command" ]; then
        kill "$command" 2>/dev/null || true
    fi
    exec 9>&-
    wait "$mourner" || true
    exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

chmod 755 "$PASAR_PG_DIR" # the socket is reached by whoever runs the command
if [ "$(id -u)" -eq 0 ]; then
    chown postgres "$PASAR_PG_DIR"
fi
(cd "$PASAR_PG_DIR" && as_server "$PASAR_PG_BIN/initdb" -D data -U postgres -A trust --no-sync \
    --locale=C.UTF-8 -E UTF8 >initdb.log 2>&1) || {
    cat "$PASAR_PG_DIR/initdb.log" >&2
    exit 1
}
cat >>"$PASAR_PG_DIR/data/postgresql.conf" <<END
listen_addresses = ''
unix_socket_directories = '$PASAR_PG_DIR'
port = 5432
fsync = ${PG_FSYNC:-off}
shared_buffers = 64MB
max_connections = 60
log_min_messages = fatal
END
if ! control ${PG_OPTIONS:+-o "$PG_OPTIONS"} start >&2; then
    tail -n 20 "$PASAR_PG_DIR/log" >&2
    exit 1
fi

PGHOST=$PASAR_PG_DIR PGPORT=5432 PGUSER=postgres PGDATABASE=postgres
export PGHOST PGPORT PGUSER PGDATABASE
exec 8<&0 # a background command would read from /dev/null
"$@" <&8 8<&- 9>&- & # in the background: a signal to us is heeded at once
command=$!
status=0
wait "$command" || status=$?
command=
exit "$status"
