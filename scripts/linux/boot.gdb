# From reset into the boot: breakpoints of both kinds, a watchpoint, steps, and
# the kernel's own commands.  SOCKET is replaced.
set pagination off
set confirm off
set width 0
set remotetimeout 100
set print frame-arguments none
target remote SOCKET
hbreak *0x1000000
continue
printf "startup at %#lx\n", $pc
hbreak start_kernel
continue
delete
backtrace
lx-version
break rest_init
continue
delete
watch system_state
continue
delete
stepi
stepi
monitor where
info threads
backtrace
lx-dmesg
lx-ps
print $lx_per_cpu("cpu_number", 0)
print $lx_current().comm
printf "done\n"
kill
