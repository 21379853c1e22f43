#!/usr/bin/env bash
# podman-env.sh DIR: finds out how a container can run on this machine, and writes it to DIR/engine.env.
#
# Exit 0: containers run. 77: none can, and the reason is in engine.env; 1 instead when FLEET_REQUIRE_PODMAN is set.
#
# In a restricted machine the usual runtime or its limits do not work. What does is put into DIR/containers.conf and
# used only by who sources engine.env: the settings of the machine and of its user stay as they are. engine.env has
#   FLEET_ENGINE=podman|none  FLEET_ENGINE_REASON  PODMAN  CONTAINERS_CONF (only when something had to be set)
#   FLEET_PODMAN_NETWORK ("" when a port can be published, else host)  FLEET_PODMAN_RUNTIME ("" is Podman's own)
# What was found is kept until Podman, the runtimes, the limits or the account are others.
set -uo pipefail
[ $# = 1 ] || { sed -n '2p' "$0" >&2; exit 2; }
mkdir -p "$1"
dir=$(cd "$1" && pwd)
env=$dir/engine.env log=$dir/probe.log image=localhost/fleettools-probe:1
podman=${PODMAN:-podman}

none() {
  printf 'FLEET_ENGINE=none\nFLEET_ENGINE_REASON=%q\n' "$1" >"$env"
  echo "no containers here: $1" >&2
  if [ -n "${FLEET_REQUIRE_PODMAN:-}" ]; then exit 1; fi
  exit 77
}
last_error() { grep -iE 'error|fail' "$log" | tail -n 1 | cut -c1-300; }

# Two test runs may start at once.
exec 9>"$dir/probe.lock"
flock 9

# Ours may be set already by a caller who sourced an engine.env.
case ${CONTAINERS_CONF:-} in */containers.conf) if grep -qs '^# Made by podman-env.sh' "$CONTAINERS_CONF"; then unset CONTAINERS_CONF; fi ;; esac
command -v "$podman" >/dev/null 2>&1 || none "podman is not installed"
podman=$(command -v "$podman")
: >"$log"

runtimes=()
for runtime in crun runc; do
  path=$(PATH=$PATH:/usr/sbin:/sbin:/usr/local/sbin command -v "$runtime") && runtimes+=("$path")
done
signature="$(id -u) $(stat -Lc '%n %s %Y' "$podman" "${runtimes[@]}" | tr '\n' ' ') $(ulimit -Hn) $(ulimit -Hu) $(uname -r)"
if [ -s "$env" ] && grep -qs '^FLEET_ENGINE=podman' "$env" && [ "$(cat "$dir/probe.for" 2>/dev/null)" = "$signature" ]; then
  exit 0
fi

version=$("$podman" version --format '{{.Client.Version}}' 2>>"$log") || none "podman does not run: $(tail -n 1 "$log")"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
make_probe_image() { # one static program, so that no registry is needed
  local busybox
  if "$podman" image exists "$image" 2>>"$log"; then return; fi
  if busybox=$(command -v busybox) && ! ldd "$busybox" 2>/dev/null | grep -q '=>'; then cp -L "$busybox" "$work/busybox"
  elif printf 'int main(void){return 0;}' | "${CC:-cc}" -static -x c - -o "$work/busybox" 2>>"$log"; then :
  else none "there is no static program to try with: install busybox-static"; fi
  tar -C "$work" -cf - busybox | "$podman" import -q --change 'ENTRYPOINT ["/busybox","true"]' - "$image" >>"$log" 2>&1 ||
    none "podman cannot make an image: $(last_error)"
}
make_probe_image

# Podman 4 lowers its own number of processes to 32768 before it starts one.
files=$(ulimit -Hn) processes=$(ulimit -Hu)
if [ "$files" = unlimited ]; then files=1048576; fi
if [ "$processes" = unlimited ] || [ "$processes" -gt 32768 ]; then processes=32768; fi

try() { # RUNTIME LIMITS(own|ours) NETWORK
  local runtime=$1 limits=$2 network=$3 conf=""
  if [ -n "$runtime" ] || [ "$limits" = ours ]; then
    conf=$dir/containers.conf
    {
      echo "# Made by podman-env.sh: what containers of the tests need on this machine."
      if [ "$limits" = ours ]; then
        printf '[containers]\ndefault_ulimits = ["nofile=%s:%s", "nproc=%s:%s"]\n' "$files" "$files" "$processes" "$processes"
      fi
      if [ -n "$runtime" ]; then printf '[engine]\nruntime = "%s"\n' "$runtime"; fi
    } >"$conf"
  fi
  echo "try: runtime ${runtime:-as set}, limits $limits, network ${network:-published port}" >>"$log"
  local name=fleettools-probe-$$ run=(run --rm --pull=never --http-proxy=false --name "fleettools-probe-$$")
  if [ -n "$network" ]; then run+=(--network "$network"); else run+=(-p 127.0.0.1::5432); fi
  if CONTAINERS_CONF=${conf:-${CONTAINERS_CONF:-}} timeout 30 "$podman" "${run[@]}" "$image" >>"$log" 2>&1; then
    {
      printf 'FLEET_ENGINE=podman\nPODMAN=%q\nFLEET_PODMAN_VERSION=%q\n' "$podman" "$version"
      printf 'FLEET_PODMAN_NETWORK=%q\nFLEET_PODMAN_RUNTIME=%q\n' "$network" "$runtime"
      if [ -n "$conf" ]; then printf 'export CONTAINERS_CONF=%q\n' "$conf"; fi
    } >"$env"
    printf '%s' "$signature" >"$dir/probe.for"
    echo "containers run: podman $version, runtime ${runtime:-as set}, limits $limits, network ${network:-published port}"
    return 0
  fi
  "$podman" rm -f -i "$name" >>"$log" 2>&1
  return 1
}

for network in "" host; do
  for limits in own ours; do
    for runtime in "" ${FLEET_TEST_RUNTIMES-crun runc}; do
      if [ -z "$runtime" ] || [[ " ${runtimes[*]} " == *"/$runtime "* ]]; then
        if try "$runtime" "$limits" "$network"; then exit 0; fi
      fi
    done
  done
done
none "podman $version is installed, but no container starts: $(last_error)"
