#!/bin/bash
# Starts MySQL or MariaDB, whichever the image holds, the way the official
# images do: the same environment variables, the log on stderr, the database
# made on the first start. Tests cannot tell the difference.
set -euo pipefail

readonly data=/var/lib/mysql
readonly socket=/var/run/mysqld/mysqld.sock

if [[ -x /usr/sbin/mariadbd ]]; then
    readonly server=/usr/sbin/mariadbd
else
    readonly server=/usr/sbin/mysqld
fi

options=(--no-defaults --user=mysql "--datadir=$data" "--socket=$socket" --character-set-server=utf8mb4)

note() {
    echo "[entrypoint] $*" >&2
}

is_mariadb() {
    [[ $server == */mariadbd ]]
}

# setting NAME: MARIADB_NAME or MYSQL_NAME, as MariaDB's official image has it.
setting() {
    local mariadb_name=MARIADB_$1 mysql_name=MYSQL_$1
    echo "${!mariadb_name:-${!mysql_name:-}}"
}

refuse_no_password() {
    [[ -n $(setting ROOT_PASSWORD)$(setting ALLOW_EMPTY_PASSWORD)$(setting ALLOW_EMPTY_ROOT_PASSWORD) ]] || {
        note "set MYSQL_ROOT_PASSWORD or MYSQL_ALLOW_EMPTY_PASSWORD (for MariaDB: MARIADB_ROOT_PASSWORD" \
            "or MARIADB_ALLOW_EMPTY_ROOT_PASSWORD)"
        exit 1
    }
}

quoted() {
    printf "'%s'" "${1//\'/\'\'}"
}

# One statement a line: MariaDB's bootstrap reads it so.
first_statements() {
    local root_password user password database
    root_password=$(quoted "$(setting ROOT_PASSWORD)")
    user=$(quoted "$(setting USER)")
    password=$(quoted "$(setting PASSWORD)")
    database="\`$(setting DATABASE)\`"

    # In MariaDB's bootstrap the accounts are not loaded until this.
    is_mariadb && echo "FLUSH PRIVILEGES;"
    echo "CREATE USER 'root'@'%' IDENTIFIED BY $root_password;"
    echo "GRANT ALL ON *.* TO 'root'@'%' WITH GRANT OPTION;"
    echo "ALTER USER 'root'@'localhost' IDENTIFIED BY $root_password;"
    [[ $database == '``' ]] || echo "CREATE DATABASE IF NOT EXISTS $database;"
    [[ $user == "''" ]] || echo "CREATE USER $user@'%' IDENTIFIED BY $password;"
    [[ $user == "''" || $database == '``' ]] || echo "GRANT ALL ON $database.* TO $user@'%';"
    echo "FLUSH PRIVILEGES;"
}

make_database() {
    local statements=/tmp/first.sql
    first_statements >"$statements"
    chown mysql "$statements"
    if is_mariadb; then
        mariadb-install-db --no-defaults --user=mysql "--datadir=$data" \
            --auth-root-authentication-method=normal --skip-test-db
        "$server" "${options[@]}" --bootstrap <"$statements"
    else
        "$server" "${options[@]}" --initialize-insecure "--init-file=$statements"
    fi
    rm "$statements"
}

# Shown only when it fails: whoever waits for the line "ready for connections"
# must not see it from a server that is about to stop again.
make_database_quietly() {
    note "making the database"
    (make_database) >/tmp/first.log 2>&1 || {
        cat /tmp/first.log >&2
        exit 1
    }
}

[[ ${1:-server} == -* ]] && set -- server "$@"
case ${1:-server} in
server | mysqld | mariadbd) shift ;;
*) exec "$@" ;;
esac

install -d -o mysql -g mysql /var/run/mysqld "$data"
if [[ ! -d $data/mysql ]]; then
    refuse_no_password
    make_database_quietly
fi
exec "$server" "${options[@]}" --bind-address=0.0.0.0 "$@"
