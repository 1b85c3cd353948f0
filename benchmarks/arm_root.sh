#!/usr/bin/env bash
# Fills a folder with what an emulated ARM processor needs to run a model: the interpreter and the
# libraries of Debian for arm64, and the wheels of numpy and ONNX Runtime that this interpreter has.
# Nothing is installed on this machine; apt keeps its lists inside the folder.
#
# Usage: arm_root.sh FOLDER     needs Debian's apt and keyring, dpkg-deb, and the network
#        EDGEWARD_ARM_ROOT=FOLDER python bench_identity.py
set -euo pipefail

root=$(mkdir -p "${1:?usage: arm_root.sh FOLDER}" && cd "$1" && pwd)
python=${PYTHON:-python3}
release=bookworm # the one whose python3 is the 3.11 that the harness starts
packages=(
  libc6 libgcc-s1 libstdc++6 zlib1g libexpat1 libffi8 libssl3 libbz2-1.0 liblzma5
  python3.11-minimal libpython3.11-minimal libpython3.11-stdlib
)

own=$root/apt
mkdir -p "$own"/{lists/partial,cache/archives/partial,parts}
touch "$own/status"
echo "deb [arch=arm64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]" \
  "http://deb.debian.org/debian $release main" >"$own/sources.list"
apt=(
  apt-get -qq
  -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o APT::Sandbox::User=root
  -o "Dir::State=$own" -o "Dir::State::status=$own/status" -o "Dir::State::Lists=$own/lists"
  -o "Dir::Cache=$own/cache" -o "Dir::Etc::SourceList=$own/sources.list"
  -o "Dir::Etc::SourceParts=$own/parts"
)
"${apt[@]}" update
(cd "$own/cache" && "${apt[@]}" download "${packages[@]}")
for package in "$own"/cache/*.deb; do dpkg-deb --extract "$package" "$root"; done

versions=$("$python" -c 'from importlib.metadata import version as v
print(*(f"{one}=={v(one)}" for one in ("numpy", "onnxruntime")))')
# shellcheck disable=SC2086 # two words
"$python" -m pip download --quiet --no-deps --only-binary=:all: --python-version 3.11 \
  --platform manylinux_2_28_aarch64 --platform manylinux_2_27_aarch64 \
  --platform manylinux2014_aarch64 --dest "$own/wheels" $versions
for wheel in "$own"/wheels/*.whl; do
  "$python" -m zipfile --extract "$wheel" "$root/usr/lib/python3/dist-packages"
done
rm -r "$own"
echo "$root holds $versions for ARM"
