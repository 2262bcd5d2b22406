#!/bin/bash
#
# Does scripts/check-layers see what it is there for?
cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

# expect NAME "FILE: LINE" PATTERN: a tree with that file gives that output
expect()
{
	local name=$1 file=${2%%:*} text=${2#*: } out

	rm -rf "$work/t"
	mkdir -p "$work/t/$(dirname "$file")"
	echo "$text" >"$work/t/$file"
	out=$(scripts/check-layers "$work/t" 2>&1)
	if grep -qE "$3" <<<"$out"; then
		echo "ok check-layers-test/$name"
	else
		echo "not ok check-layers-test/$name: $out"
	fi
}

expect down 'arch/a.c: #include "stub/s.h"' '^not ok .*arch/a.c:1 includes stub'
expect back 'arch/a.c: #include "xml/s.h"' '^not ok .*includes xml/s.h'
expect up 'stub/a.c: #include "xml/s.h"' '^ok check-layers/stub'
expect tests 'vmm/a.c: # include "tests/t.h"' '^not ok .*includes tests'
expect relative 'vmm/a.h: #include "../x.h"' '^not ok .*vmm/a.h:1'
expect textual 'vmm/a.c: #include "vmm/b.c"' '^not ok .*a .c file'
expect kvm 'stub/a.h: #include <linux/kvm.h>' '^not ok .*no_kvm_above_vmm: stub'
expect snapshot 'vmm/core/snapshot.c: #include <linux/kvm.h>' '^not ok .*snapshot'
expect kvm_in_vmm 'vmm/a.c: #include <linux/kvm.h>' '^ok .*no_kvm_above_vmm'
