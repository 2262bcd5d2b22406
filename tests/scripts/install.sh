#!/bin/bash
#
# `make install` puts what it says where it says; uninstall takes it away.
cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
make="${MAKE:-make} --no-print-directory -s"

if ! out=$($make install DESTDIR="$work" PREFIX=/opt/x 2>&1); then
	echo "not ok install/install: $out"
	exit 1
fi
for f in bin/kvm-gdbserver share/man/man1/kvm-gdbserver.1; do
	if [ -s "$work/opt/x/$f" ]; then
		echo "ok install/${f##*/}"
	else
		echo "not ok install/${f##*/}: no $f"
	fi
done
if "$work/opt/x/bin/kvm-gdbserver" --version >/dev/null; then
	echo "ok install/it_runs"
else
	echo "not ok install/it_runs: --version fails"
fi
$make uninstall DESTDIR="$work" PREFIX=/opt/x >/dev/null 2>&1
left=$(find "$work" -type f)
if [ -z "$left" ]; then
	echo "ok install/uninstall"
else
	echo "not ok install/uninstall: leaves $left"
fi
