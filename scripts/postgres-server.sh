# A PostgreSQL server of one's own in a temporary folder, for scripts that test against it: to be sourced by bash.
#
#   postgres_find || ...           finds the server's programs, and installs Debian's package as root where they are missing
#   postgres_start FOLDER PORT     makes a server in FOLDER, which is empty or absent, and starts it
#   postgres_restart               kills it without a word to its clients, and starts it again
#   postgres_stop
#   postgres_create NAME           an empty database
#   $postgres_url                  the start of a database's URL, up to its name

postgres_programs=''
postgres_folder=''
postgres_url=''
# More options of the server.
postgres_options=''

postgres_look() {
    local folder
    for folder in /usr/lib/postgresql/*/bin "$(pg_config --bindir 2> /dev/null || true)"; do
        if [ -x "$folder/initdb" ]; then postgres_programs="$folder"; fi
    done
    [ -n "$postgres_programs" ]
}

postgres_find() {
    postgres_look && return
    [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null || return 1
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql; } \
        > /dev/null 2>&1 || return 1
    postgres_look
}

# The server refuses to run as root; Debian's package makes a user for it.
postgres_as_user() {
    if [ "$(id -u)" = 0 ]; then (cd / && runuser -u postgres -- "$@"); else "$@"; fi
}

postgres_up() {
    postgres_as_user "$postgres_programs/pg_ctl" -D "$postgres_folder/data" -w -l "$postgres_folder/log" \
        -o "-p $postgres_port -k $postgres_folder -c listen_addresses=127.0.0.1 -c max_connections=200 $postgres_options" start > /dev/null
}

postgres_start() {
    postgres_folder="$1" postgres_port="$2"
    mkdir -p "$postgres_folder"
    [ "$(id -u)" != 0 ] || chown postgres "$postgres_folder"
    postgres_as_user "$postgres_programs/initdb" -D "$postgres_folder/data" --auth trust --username ranklab --no-sync \
        --encoding UTF8 > /dev/null
    postgres_up
    postgres_url="postgres://ranklab@127.0.0.1:$postgres_port"
}

postgres_stop() {
    [ -z "$postgres_folder" ] ||
        postgres_as_user "$postgres_programs/pg_ctl" -D "$postgres_folder/data" -m immediate stop > /dev/null 2>&1 || true
}

postgres_restart() {
    postgres_stop
    postgres_up
}

postgres_create() {
    postgres_as_user "$postgres_programs/createdb" -h 127.0.0.1 -p "$postgres_port" -U ranklab "$1"
}
