#!/bin/sh
# Make .venv and install the locked requirements into it, with the system libraries they need.
#   requirements/install.sh base    what the product needs
#   requirements/install.sh azure   that, and what connections to Azure need
#   requirements/install.sh gcp     the same for Google Cloud
#   requirements/install.sh dev     all of it, and what tests, lint and benchmarks need
# Does nothing, quickly, when nothing has changed since the last time.
set -eu
set_name=${1:-base}
cd "$(dirname "$0")/.."
export XDG_CACHE_HOME="$PWD/.cache" PIP_CACHE_DIR="$PWD/.cache/pip" UV_CACHE_DIR="$PWD/.cache/uv"
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PIP_ROOT_USER_ACTION=ignore UV_NO_PROGRESS=1 UV_SYSTEM_CERTS=1

say() { printf '%s\n' "$*" >&2; }
stop() { say "plumbline: $*"; exit 1; }
packages_of() { cat requirements/system-packages.txt; [ "$1" != dev ] || cat requirements/system-packages-dev.txt; }

missing_of() {
  command -v dpkg-query >/dev/null 2>&1 || return 0
  for package in $(packages_of "$1"); do
    state=$(dpkg-query -W -f='${Status}' "$package" 2>/dev/null) || state=
    [ "$state" = "install ok installed" ] || printf '%s ' "$package"
  done
}

# What comes with a service is installed, not started.
apt_install() {
  made_policy=no
  if [ ! -e /usr/sbin/policy-rc.d ]; then
    printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d && chmod 755 /usr/sbin/policy-rc.d && made_policy=yes
  fi
  say "Installing system packages: $*"
  status=0
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"; } \
    >"$log" 2>&1 || status=$?
  [ "$made_policy" = no ] || rm -f /usr/sbin/policy-rc.d
  [ "$status" = 0 ] || { tail -n 20 "$log" >&2; return "$status"; }
}

find_python() {
  for candidate in ${PYTHON:-} python3.11 python3; do
    path=$(command -v "$candidate" 2>/dev/null) || continue
    [ "$("$path" -c 'import sys; print(sys.version_info[:2] == (3, 11))' 2>/dev/null)" = True ] || continue
    printf '%s' "$path"
    return 0
  done
  return 1
}

make_venv() {
  python=$(find_python) || stop "Python 3.11 is needed and was not found; on Debian 12: apt-get install python3 python3-venv"
  if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 \
      || stop "Python's venv module is missing; install it with: sudo apt-get install python3-venv"
    apt_install python3-venv || stop "python3-venv could not be installed."
  fi
  say "Making .venv with $("$python" --version)"
  "$python" -m venv --clear .venv
}

# uv takes seconds where pip takes most of a minute. It does not read pip's configuration, so it is handed on.
install_with_uv() {
  .venv/bin/python -m uv --version >/dev/null 2>&1 \
    || .venv/bin/python -m pip install -q --require-hashes --timeout 15 --retries 1 -r requirements/tools.txt || return 1
  from_pip() { .venv/bin/python -m pip config get "global.$1" 2>/dev/null || .venv/bin/python -m pip config get ":env:.$1" 2>/dev/null || true; }
  index=$(from_pip index-url); extra=$(from_pip extra-index-url); links=$(from_pip find-links)
  [ -z "$index" ] || export UV_DEFAULT_INDEX="${UV_DEFAULT_INDEX:-$index}"
  [ -z "$extra" ] || export UV_EXTRA_INDEX_URL="${UV_EXTRA_INDEX_URL:-$extra}"
  [ -z "$links" ] || export UV_FIND_LINKS="${UV_FIND_LINKS:-$(printf '%s' "$links" | tr ' ' ',')}"
  .venv/bin/python -m uv pip install -q --python .venv/bin/python --require-hashes -r "requirements/$1.txt"
}

[ -f "requirements/$set_name.txt" ] || stop "There is no requirements/$set_name.txt; choose one of base, azure, gcp, dev."
mkdir -p .cache
log="$PWD/.cache/apt.log"

missing=$(missing_of base)
if [ -n "$missing" ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    # shellcheck disable=SC2086 - a list
    apt_install $missing || stop "These packages could not be installed: $missing"
  else
    stop "These system packages are missing; install them with: sudo apt-get install --no-install-recommends $missing"
  fi
fi
if [ "$set_name" = dev ]; then
  missing=$(missing_of dev)
  if [ -n "$missing" ]; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
      # shellcheck disable=SC2086 - a list
      apt_install $missing || say "Not run: tests that need these packages, which could not be installed: $missing"
    else
      say "Not run: tests that need these packages: $missing(sudo apt-get install --no-install-recommends $missing)"
    fi
  fi
fi

wanted=$(cat "requirements/$set_name.txt" requirements/base.txt | sha256sum | cut -c1-64)
.venv/bin/python -c '' 2>/dev/null || make_venv
[ "$(cat ".venv/installed-$set_name" 2>/dev/null)" != "$wanted" ] || exit 0
say "Installing the locked Python packages ($set_name)"
install_with_uv "$set_name" \
  || { say "uv could not do it; pip takes longer"; .venv/bin/python -m pip install -q --require-hashes -r "requirements/$set_name.txt"; } \
  || stop "The Python packages could not be installed."
printf '%s\n' "$wanted" > ".venv/installed-$set_name"
if [ "$set_name" = dev ]; then
  cat requirements/base.txt requirements/base.txt | sha256sum | cut -c1-64 > .venv/installed-base
fi
