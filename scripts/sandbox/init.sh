#!/bin/busybox sh
# The sandbox's first process: loads the disks' modules, puts the user's files
# at their paths, loads KVM, runs the command, leaves status and results on the
# exchange disk, and turns the machine off.
export PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin

say() {
  read -r uptime _ </proc/uptime
  echo "trapline: $uptime s: $*" >/dev/console
}
off() {
  sync
  sleep 0.1 # What was said last is still on its way out.
  poweroff -f
  sleep 60
}
fail() {
  say "failed: $*"
  off
}

mount -t proc proc /proc
mount -t sysfs sys /sys
# KVM before 5.14 shows its statistics here alone.
mount -t debugfs debugfs /sys/kernel/debug
# A page fault is slow on an emulated processor, and Deno is large. A user's own kernel may lack it.
fault_around=/sys/kernel/debug/fault_around_bytes
[ ! -e $fault_around ] || echo 1048576 >$fault_around
mount -t devtmpfs dev /dev || fail "no /dev"
mkdir -p /dev/pts /dev/shm /tmp /run
mount -t devpts pts /dev/pts
ln -sf /proc/self/fd /dev/fd
ln -sf /proc/self/fd/0 /dev/stdin
ln -sf /proc/self/fd/1 /dev/stdout
ln -sf /proc/self/fd/2 /dev/stderr
ip link set lo up 2>/dev/null
say "started"

# Puts the disk with the label $1 at /$1; kernels find disks when they like, in any order.
put_disk() {
  tries=0
  until disk=$(findfs "LABEL=$1" 2>/dev/null); do
    tries=$((tries + 1))
    [ $tries -lt 100 ] || fail "no disk has the label $1"
    sleep 0.1
  done
  mount -t ext4 -o "$2" "$disk" "/$1" || fail "cannot mount $disk, the disk $1"
}
load() {
  while read -r module; do
    eval "parameters=\${PARAMETERS_$module:-}"
    insmod "/modules/$module.ko" $parameters 2>/dev/console || say "cannot load $module"
  done
}
load </modules/disks
say "disks' modules are loaded"
put_disk payload ro
put_disk exchange noinit_itable
say "disks are there"
# Room for the status, whatever the command fills.
head -c 65536 /dev/zero >/exchange/trapline/room || fail "no room on the exchange disk"
. /exchange/trapline/settings
for folder in "$DIRECTORY" ${PROGRAM:+"$PROGRAM"} "$DENO_DIR"; do
  [ -d "/exchange$folder" ] || mkdir -p "/exchange$folder"
  mkdir -p "$folder"
  mount -o bind "/exchange$folder" "$folder" || fail "cannot put $folder at its place"
done
if [ -d "/payload$DENO_DIR/npm" ]; then
  mkdir -p "$DENO_DIR/npm"
  mount -o bind "/payload$DENO_DIR/npm" "$DENO_DIR/npm" || fail "cannot put npm's packages there"
fi

load </modules/kvm
say "KVM is loaded"
for port in /dev/ttyS1 /dev/ttyS2; do
  stty -F $port raw -echo 2>/dev/null || fail "no serial port $port"
done
cd "$DIRECTORY" || fail "no directory $DIRECTORY"

say "ready"
if [ "$TERMINAL" = yes ]; then
  stty -F /dev/ttyS1 icanon isig opost onlcr
  setsid -c sh /exchange/trapline/command </dev/ttyS1 >/dev/ttyS1 2>/dev/ttyS2
  status=$?
else
  mkfifo /run/stdout /run/stderr
  cat </run/stdout >/dev/ttyS1 &
  readers=$!
  cat </run/stderr >/dev/ttyS2 &
  readers="$readers $!"
  sh /exchange/trapline/command </dev/null >/run/stdout 2>/run/stderr
  status=$?
  # A process that the command left behind would hold the pipes open.
  for process in /proc/[0-9]*; do
    process=${process#/proc/}
    case " 1 $readers " in
    *" $process "*) ;;
    *) kill -9 "$process" 2>/dev/null ;;
    esac
  done
  wait
fi
say "ended"

set --
while read -r path; do
  [ ! -e "$path" ] || set -- "$@" "$path"
done </exchange/trapline/wanted
if [ $# -gt 0 ]; then
  tar -c -f /exchange/trapline/results.tar "$@" || fail "cannot write the results: \
$(df -h /exchange | awk 'END { print $4 }') free on the exchange disk"
  sync
fi
rm /exchange/trapline/room
# Last, so that a status means that all is there.
echo "$status $#" >/exchange/trapline/status || fail "cannot write the status"
off
