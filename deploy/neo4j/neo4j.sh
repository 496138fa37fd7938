#!/bin/sh
# A Neo4j Community server on this machine, for Java 17 and Maven; no container
# engine. README.md beside this file has the settings and their defaults.
set -eu
umask 077

usage() {
  cat >&2 <<'EOF'
usage: neo4j.sh start | stop | status | run | jars | sums
  start   start the server, wait until Bolt answers, print its URI
  stop    end it and wait until it is gone
  status  print its URI, or that it is not running (exit code 3)
  run     run it in the foreground, in this process
  jars    fetch its jars, print their folder
  sums    print the checksums of the jars that were fetched
EOF
  exit 2
}

fail() {
  echo "neo4j.sh: $*" >&2
  exit 1
}

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
version=$(sed -n 's|.*<neo4j.version>\(.*\)</neo4j.version>.*|\1|p' "$here/pom.xml")
java=${JAVA_HOME:+$JAVA_HOME/bin/}java

home=${CAIRN_NEO4J_HOME:-${XDG_DATA_HOME:-$HOME/.local/share}/cairn/neo4j}
cache=${CAIRN_NEO4J_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/cairn}
bolt_port=${CAIRN_NEO4J_BOLT_PORT:-7687}
http_port=${CAIRN_NEO4J_HTTP_PORT:-7474}
heap=${CAIRN_NEO4J_HEAP:-512m}
pagecache=${CAIRN_NEO4J_PAGECACHE:-128m}
java_options=${CAIRN_NEO4J_JAVA_OPTIONS:--XX:+UseG1GC}
patience=${CAIRN_NEO4J_WAIT:-180}

lib=$cache/neo4j-$version
pid_file=$home/neo4j.pid
log=$home/logs/neo4j.log
console=$home/logs/console.log
# Holds the number of the process that was seen to answer.
ready_file=$home/neo4j.ready

check_settings() {
  for port in "$bolt_port" "$http_port"; do
    case $port in '' | *[!0-9]*) fail "port \"$port\" is not a number" ;; esac
  done
  case $home in /*) ;; *) fail "CAIRN_NEO4J_HOME is \"$home\", want an absolute path" ;; esac
}

# Two starts at once fetch once: the one that makes the lock folder.
fetch_jars() (
  [ ! -d "$lib" ] || exit 0
  mkdir -p "$cache"
  lock=$lib.lock
  seconds=0
  until mkdir "$lock" 2>/dev/null; do
    holder=$(cat "$lock/pid" 2>/dev/null || true)
    if [ -n "$holder" ] && ! kill -0 "$holder" 2>/dev/null; then
      rm -rf "$lock"
      continue
    fi
    [ "$seconds" -lt 900 ] || fail "somebody else has been fetching for 15 minutes; if nobody is, remove $lock"
    sleep 1
    seconds=$((seconds + 1))
    [ ! -d "$lib" ] || exit 0
  done
  trap 'rm -rf "$lock"' EXIT
  trap 'exit 1' HUP INT TERM
  echo $$ >"$lock/pid"
  [ ! -d "$lib" ] || exit 0
  command -v mvn >/dev/null || fail "the jars of Neo4j $version are not in $lib, and Maven (mvn) is not there to fetch them"
  echo "neo4j.sh: fetching the jars of Neo4j $version, once" >&2
  mvn -q -B -C -Dstyle.color=never -f "$here/pom.xml" dependency:copy-dependencies "-DoutputDirectory=$lock/lib" >&2 ||
    fail "Maven could not fetch the jars"
  (cd "$lock/lib" && sums_of_all) | cmp -s - "$here/jars.sha256" ||
    fail "the jars that Maven fetched are not those of $here/jars.sha256"
  mv "$lock/lib" "$lib"
)

# sums_of_all prints the checksums of the jars here, in the order of their names.
sums_of_all() (
  LC_ALL=C
  export LC_ALL
  if command -v sha256sum >/dev/null; then
    sha256sum -- *.jar
  else
    shasum -a 256 -- *.jar
  fi
)

# prepare makes the home ready: settings at every start, the password before the
# first one.
prepare() {
  check_settings
  command -v "$java" >/dev/null || fail "java is not there: install Java 17, or set JAVA_HOME"
  fetch_jars
  mkdir -p "$home/conf" "$home/logs"
  cp "$here/user-logs.xml" "$here/server-logs.xml" "$home/conf/"
  http=true
  [ "$http_port" != 0 ] || http=false
  sed -e "s|@BOLT_PORT@|$bolt_port|" -e "s|@HTTP@|$http|" \
    -e "s|@HTTP_PORT@|$http_port|" -e "s|@PAGECACHE@|$pagecache|" "$here/neo4j.conf" >"$home/conf/neo4j.conf"
  [ -z "${CAIRN_NEO4J_EXTRA:-}" ] || cat "$CAIRN_NEO4J_EXTRA" >>"$home/conf/neo4j.conf"
  [ -d "$home/data/databases/system" ] || set_password
}

# The password reaches Neo4j in a file, never on a command line that others of
# this machine can list.
set_password() {
  if [ -n "${CAIRN_NEO4J_PASSWORD:-}" ]; then
    case $CAIRN_NEO4J_PASSWORD in
    *[!A-Za-z0-9._~-]* | ? | ?? | ??? | ???? | ????? | ?????? | ???????)
      fail "CAIRN_NEO4J_PASSWORD must have 8 or more of the characters A-Z a-z 0-9 . _ ~ -"
      ;;
    esac
    printf '%s\n' "$CAIRN_NEO4J_PASSWORD" >"$home/password"
  elif [ ! -s "$home/password" ]; then
    od -An -N16 -tx1 /dev/urandom | tr -d ' \n' >"$home/password"
    echo >>"$home/password"
  fi
  chmod 600 "$home/password"
  NEO4J_HOME=$home NEO4J_CONF=$home/conf "$java" -XX:TieredStopAtLevel=1 -cp "$lib/*" org.neo4j.cli.AdminTool \
    dbms set-initial-password "@$home/password" >"$home/logs/password.log" 2>&1 ||
    fail "the initial password could not be set: $(cat "$home/logs/password.log")"
}

# launch replaces this process by the server; its arguments go to the server.
launch() {
  # Options are words: more than one may be given.
  # shellcheck disable=SC2086
  exec "$java" "-Xmx$heap" $java_options \
    --add-opens=java.base/java.nio=ALL-UNNAMED \
    --add-opens=java.base/java.io=ALL-UNNAMED \
    --add-opens=java.base/sun.nio.ch=ALL-UNNAMED \
    --add-opens=java.base/java.util.concurrent=ALL-UNNAMED \
    -cp "$lib/*" org.neo4j.server.CommunityEntryPoint "--home-dir=$home" "--config-dir=$home/conf" "$@"
}

# running tells whether the process of the pid file is this home's server: a
# number may belong to another process by now.
running() {
  pid=$(cat "$pid_file" 2>/dev/null) || return 1
  [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null || return 1
  case $(ps -ww -o args= -p "$pid") in *"--home-dir=$home "*) ;; *) return 1 ;; esac
}

# answering tells whether the running server has been seen to answer.
answering() {
  [ "$(cat "$ready_file" 2>/dev/null)" = "$(cat "$pid_file")" ]
}

# wait_started returns when the server has said that it has started, which it
# does after it has opened Bolt.
wait_started() {
  seconds=0
  until answering; do
    running || fail "the server ended while it started:
$(tail -n 20 "$console" "$log" 2>/dev/null)"
    if grep -q ' INFO  Started\.$' "$log" 2>/dev/null; then
      cp "$pid_file" "$ready_file"
    elif [ "$seconds" -ge "$patience" ]; then
      fail "the server has not started within $patience s; see $log"
    else
      sleep 1
      seconds=$((seconds + 1))
    fi
  done
  describe
}

describe() {
  echo "neo4j://127.0.0.1:$bolt_port"
  echo "user neo4j, password in $home/password" >&2
}

start() {
  if running; then
    echo "neo4j.sh: already running" >&2
    wait_started
    return
  fi
  prepare
  [ ! -e "$log" ] || mv "$log" "$log.before"
  rm -f "$ready_file"
  (
    trap '' HUP INT
    launch
  ) >"$console" 2>&1 </dev/null &
  echo $! >"$pid_file"
  wait_started
}

stop() {
  if ! running; then
    echo "neo4j.sh: not running" >&2
    rm -f "$pid_file" "$ready_file"
    return
  fi
  kill "$pid"
  seconds=0
  while running; do
    [ "$seconds" -lt "$patience" ] || fail "process $pid has not ended within $patience s; kill -9 loses nothing that was committed"
    sleep 1
    seconds=$((seconds + 1))
  done
  rm -f "$pid_file" "$ready_file"
}

status() {
  if ! running; then
    echo "neo4j.sh: not running" >&2
    exit 3
  fi
  answering || echo "neo4j.sh: starting" >&2
  describe
}

[ $# = 1 ] || usage
case $1 in
start) start ;;
stop) stop ;;
status) status ;;
run)
  prepare
  launch --console-mode
  ;;
jars)
  fetch_jars
  echo "$lib"
  ;;
sums) cd "$lib" && sums_of_all ;;
*) usage ;;
esac
