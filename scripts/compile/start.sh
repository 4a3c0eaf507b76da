#!/bin/sh
# trapline @VERSION@: Deno and the suite in one file, an archive behind these lines. The first
# start unpacks it into the user's cache; others only start it.
set -euf
umask=$(umask)
umask 077
fail() {
  echo "trapline: $*" >&2
  exit 1
}

if [ -n "${TRAPLINE_CACHE:-}" ]; then
  cache=$TRAPLINE_CACHE
else
  case ${XDG_CACHE_HOME:-} in
  /*) cache=$XDG_CACHE_HOME/trapline ;;
  *)
    [ -n "${HOME:-}" ] || fail "Cannot find the cache directory: neither TRAPLINE_CACHE nor HOME is set"
    cache=$HOME/.cache/trapline
    ;;
  esac
fi
mkdir -p "$cache" 2>/dev/null || fail "Cannot make $cache: set TRAPLINE_CACHE to another directory"
cache=$(cd "$cache" && pwd -P)

# What runs from here must be what was unpacked: nobody but this user and root may put another
# program in its place, here or by renaming a folder above. A sticky folder above, such as /tmp,
# keeps others' hands off; a group with the user's own number is the user's.
user=$(id -u)
guard() { # sticky-or-not, mode, links, user, group
  case $1-$4 in
  *-0 | *-"$user" | sticky-65534) ;; # 65534 is the system's root in a user namespace.
  *) fail "Cannot run from $cache: $folder is another user's" ;;
  esac
  case $1-$2 in
  *-d????-??-* | sticky-d????????[tT]*) ;;
  *-d????w??-*) [ "$5" = "$user" ] || fail "Cannot run from $cache: a group may write to $folder" ;;
  *) fail "Cannot run from $cache: others may write to $folder" ;;
  esac
}
folder=$cache
guard private $(ls -ldn "$folder")
while [ "$folder" != / ]; do
  folder=$(dirname "$folder")
  guard sticky $(ls -ldn "$folder")
done

home=$cache/executable-@ID@
if [ ! -d "$home" ]; then
  work=$(TMPDIR=$cache mktemp -d)
  trap 'rm -rf "$work"' EXIT
  trap 'exit 1' HUP INT TERM
  # gzip's own verdict goes by a file: a pipe's status is its last command's.
  tail -n +@LINES@ "$0" | { gzip -dc && : >"$work/whole"; } | tar -xof - -C "$work" &&
    rm "$work/whole" || fail "Cannot unpack into $cache"
  mv -T "$work" "$home" 2>/dev/null || [ -d "$home" ] || fail "Cannot unpack into $cache"
  rm -rf "$work"
  trap - EXIT HUP INT TERM
fi
# What nobody used for 30 days leaves the cache, by this file's time.
: >"$home.using"
umask "$umask"

export TRAPLINE_EXECUTABLE=@VERSION@ DENO_DIR="$home/deno" DENO_NO_UPDATE_CHECK=1
exec "$home/bin/deno" run --quiet --no-prompt --allow-read="$home" --allow-run="$home/bin/deno" \
  "$home/program/scripts/trapline.ts" "$@"
