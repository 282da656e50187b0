#!/bin/sh
# build.sh <archive.tar> - a minimal Debian with Python, from the packages this machine's apt knows: the base of the images
# where no registry can be reached. Needs root and mmdebstrap.
set -eu
archive=$1
suite=${SUITE:-bookworm}
command -v mmdebstrap >/dev/null || { echo "mmdebstrap is needed: apt-get install mmdebstrap" >&2; exit 1; }
exec mmdebstrap --quiet --variant=minbase \
  --include=python3-minimal,libpython3-stdlib,ca-certificates,tzdata \
  --dpkgopt='path-exclude=/usr/share/man/*' \
  --dpkgopt='path-exclude=/usr/share/doc/*' \
  --dpkgopt='path-include=/usr/share/doc/*/copyright' \
  --dpkgopt='path-exclude=/usr/share/locale/*' \
  --dpkgopt='path-exclude=/usr/share/info/*' \
  --customize-hook='rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/* "$1"/var/log/*' \
  "$suite" "$archive"
