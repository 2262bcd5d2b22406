# A module that is loaded while the debugger is there, one CPU alone, and the
# panic that it provokes.  SOCKET and FOLDER (build-small's) are replaced.
set pagination off
set confirm off
set width 0
set remotetimeout 100
set breakpoint pending on
set print frame-arguments none
target remote SOCKET
hbreak start_kernel
continue
delete
lx-version
break demo_step
lx-symbols FOLDER
continue
printf "in the module\n"
backtrace
info threads
lx-lsmod
print $lx_current().comm
print $lx_per_cpu("cpu_number", 0)
print $lx_per_cpu("cpu_number", 1)
lx-ps
delete
watch demo_total
continue
delete
set scheduler-locking on
stepi
stepi
next
thread apply all backtrace 3
set scheduler-locking off
printf "running\n"
continue
printf "panicked\n"
monitor where
monitor dmesg 3
lx-dmesg
thread apply all backtrace
printf "done\n"
kill
