# A kernel that has moved itself: what finds it, and the kernel's own commands
# after it.  SOCKET and FOLDER (build-small's) are replaced.
set pagination off
set confirm off
set width 0
set remotetimeout 100
target remote SOCKET
printf "running\n"
continue
printf "interrupted\n"
monitor where
monitor dmesg 2
python
import gdb
text = gdb.execute("monitor kaslr", to_string=True)
print(text)
for line in text.splitlines():
    words = line.split()
    if words and words[0].endswith("symbol-file"):
        words[1:2] = ["FOLDER/vmlinux"] * len(words[1:2])
        gdb.execute(" ".join(words))
end
lx-version
lx-dmesg
lx-ps
info symbol $pc
thread apply all backtrace
print $lx_per_cpu("cpu_number", 1)
printf "done\n"
kill
