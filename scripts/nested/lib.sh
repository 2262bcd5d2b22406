# Shared by the scripts of this folder; sourced, not run.
#
# Nothing is installed: Debian packages are downloaded with apt-get (which
# checks them against the signed archive) and unpacked below
#   KVM_GDBSERVER_CACHE   default ${XDG_CACHE_HOME:-$HOME/.cache}/kvm-gdbserver
# shellcheck shell=bash

cache=${KVM_GDBSERVER_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/kvm-gdbserver}

say()
{
	echo "${0##*/}: $*" >&2
}

# What this run needs is not to be had: visible, and never a pass.
skip_all() # REASON
{
	echo "skip ${0##*/}: $1"
	echo "0 passed, 0 failed, 1 skipped"
	exit 77
}

need() # COMMAND PACKAGE
{
	command -v "$1" >/dev/null 2>&1 ||
		skip_all "no $1: install the Debian package $2"
}

# download DIR PACKAGE...: the packages' .deb files, into DIR
download()
{
	local dir=$1 options=()

	shift
	# as root apt would drop to a user who may not see a home directory
	[ "$(id -u)" = 0 ] && options=(-o APT::Sandbox::User=root)
	mkdir -p "$dir" || return 1
	(cd "$dir" && timeout 300 apt-get -qq "${options[@]}" download "$@") \
		>"$dir/apt.log" 2>&1 || {
		tail -n 3 "$dir/apt.log" >&2
		return 1
	}
}

# unpacked NAME PACKAGE...: unpack packages into the cache folder NAME once.
# The folder appears whole or not at all, so a broken run leaves no half of it.
unpacked()
{
	local dir=$cache/$1 work deb

	shift
	[ -e "$dir" ] && return 0
	mkdir -p "$cache" || return 1
	work=$(mktemp -d "$cache/tmp.XXXXXX") || return 1
	say "downloading $*"
	if download "$work/deb" "$@"; then
		mkdir "$work/root"
		for deb in "$work"/deb/*.deb; do
			dpkg -x "$deb" "$work/root" || break
		done && (cd "$work/deb" && ls ./*.deb) >"$work/root/packages" &&
			mv -T "$work/root" "$dir"
	fi
	rm -rf "$work"
	[ -e "$dir" ]
}

# The kernel's package name carries its ABI and moves with each update; the
# meta package knows it.  Without package lists, what is cached serves.
# Sets $linux (folder), $vmlinuz, $system_map, $release.
find_linux()
{
	local package

	package=$(apt-cache depends linux-image-cloud-amd64 2>/dev/null |
		awk '/Depends: linux-image-[0-9]/ { print $2; exit }')
	if [ -z "$package" ] || ! unpacked "$package" "$package"; then
		package=$(cd "$cache" 2>/dev/null &&
			ls -d linux-image-* 2>/dev/null | tail -n 1)
		[ -n "$package" ] && say "using the cached $package"
	fi
	[ -n "$package" ] || skip_all "cannot download the Debian kernel \
(linux-image-cloud-amd64): no network, or run: apt-get update"
	linux=$cache/$package
	release=${package#linux-image-}
	vmlinuz=$linux/boot/vmlinuz-$release
	system_map=$linux/boot/System.map-$release
	[ -r "$vmlinuz" ] || skip_all "no $vmlinuz in the package"
}

# Sets $bochs (folder).  Its libraries that this system lacks come along.
find_bochs()
{
	local packages

	bochs=$cache/bochs
	packages=$(apt-get -s -qq install --no-install-recommends bochs \
		bochs-term bochsbios vgabios 2>/dev/null |
		awk '$1 == "Inst" { print $2 }')
	# shellcheck disable=SC2086 # a list of words
	[ -e "$bochs" ] || { [ -n "$packages" ] && unpacked bochs $packages; } ||
		skip_all "cannot download bochs: no network, or run: \
apt-get update"
	if bochs_env ldd "$bochs/usr/bin/bochs-bin" | grep -q 'not found'; then
		skip_all "bochs in $bochs lacks libraries: remove that folder"
	fi
}

bochs_env() # COMMAND...: with bochs' libraries and plug-ins
{
	local lib=$bochs/usr/lib/x86_64-linux-gnu

	LD_LIBRARY_PATH=$lib LTDL_LIBRARY_PATH=$lib/bochs/plugins "$@"
}
