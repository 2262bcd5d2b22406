/*
 * The packet handlers, by file.  For the packet table and for the handlers
 * themselves; nobody else includes this.
 *
 * A handler gets what follows the packet's text, writes the body of the reply
 * to s->reply and returns true, or fills *err and returns false with nothing
 * changed.
 */
#ifndef STUB_RSP_H
#define STUB_RSP_H

#include "stub/rsp/packets.h"
#include "stub/session.h"

#define RSP_HANDLER(name) \
	bool name(struct session *s, struct cursor *c, struct err *err)

/* rsp_mem.c */
RSP_HANDLER(rsp_read_memory);
RSP_HANDLER(rsp_read_binary);
RSP_HANDLER(rsp_write_memory);
RSP_HANDLER(rsp_write_binary);

/* rsp_search.c */
RSP_HANDLER(rsp_search);
RSP_HANDLER(rsp_crc);

/* rsp_regs.c */
RSP_HANDLER(rsp_read_registers);
RSP_HANDLER(rsp_write_registers);
RSP_HANDLER(rsp_read_register);
RSP_HANDLER(rsp_write_register);
RSP_HANDLER(rsp_save_registers);
RSP_HANDLER(rsp_restore_registers);

/* rsp_bp.c */
RSP_HANDLER(rsp_insert_sw);
RSP_HANDLER(rsp_insert_hw);
RSP_HANDLER(rsp_insert_write);
RSP_HANDLER(rsp_insert_read);
RSP_HANDLER(rsp_insert_access);
RSP_HANDLER(rsp_remove_sw);
RSP_HANDLER(rsp_remove_hw);
RSP_HANDLER(rsp_remove_write);
RSP_HANDLER(rsp_remove_read);
RSP_HANDLER(rsp_remove_access);

/* rsp_run.c */
RSP_HANDLER(rsp_vcont_query);
RSP_HANDLER(rsp_vcont);
RSP_HANDLER(rsp_continue);
RSP_HANDLER(rsp_continue_signal);
RSP_HANDLER(rsp_step);
RSP_HANDLER(rsp_step_signal);

/* rsp_life.c */
RSP_HANDLER(rsp_why_stopped);
RSP_HANDLER(rsp_extended);
RSP_HANDLER(rsp_attached);
RSP_HANDLER(rsp_attach);
RSP_HANDLER(rsp_detach);
RSP_HANDLER(rsp_kill);
RSP_HANDLER(rsp_kill_now);
RSP_HANDLER(rsp_run);
RSP_HANDLER(rsp_restart);

/* rsp_thread.c */
RSP_HANDLER(rsp_select_thread);
RSP_HANDLER(rsp_thread_alive);
RSP_HANDLER(rsp_current_thread);
RSP_HANDLER(rsp_threads_first);
RSP_HANDLER(rsp_threads_next);
RSP_HANDLER(rsp_thread_extra);

/* rsp_xfer.c */
RSP_HANDLER(rsp_xfer_features);
RSP_HANDLER(rsp_xfer_threads);
RSP_HANDLER(rsp_xfer_exec_file);

/* rsp_file.c */
RSP_HANDLER(rsp_file_open);
RSP_HANDLER(rsp_file_pread);
RSP_HANDLER(rsp_file_close);

/* rsp_query.c */
RSP_HANDLER(rsp_supported);
RSP_HANDLER(rsp_no_ack);
RSP_HANDLER(rsp_monitor);
RSP_HANDLER(rsp_qemu_supported);
RSP_HANDLER(rsp_qemu_sstepbits);
RSP_HANDLER(rsp_qemu_sstep);
RSP_HANDLER(rsp_qemu_set_sstep);
RSP_HANDLER(rsp_qemu_phys);
RSP_HANDLER(rsp_qemu_set_phys);

/* rsp_lldb.c */
RSP_HANDLER(rsp_lldb_host_info);
RSP_HANDLER(rsp_lldb_process_info);
RSP_HANDLER(rsp_lldb_suffix);
RSP_HANDLER(rsp_lldb_list_threads);
RSP_HANDLER(rsp_lldb_error_strings);
RSP_HANDLER(rsp_lldb_thread_stop);
RSP_HANDLER(rsp_lldb_threads_info);
RSP_HANDLER(rsp_lldb_region);
RSP_HANDLER(rsp_lldb_watchpoints);
RSP_HANDLER(rsp_lldb_version);
RSP_HANDLER(rsp_lldb_echo);
RSP_HANDLER(rsp_lldb_stay_stopped);
RSP_HANDLER(rsp_lldb_detach_on_error);
RSP_HANDLER(rsp_lldb_offsets);

/* ---- shared by handlers ---- */

/* Body "OK"; returns true. */
bool rsp_ok(struct session *s);

/* Memory as the memory packets see it: linear, or physical in PhyMemMode. */
bool rsp_mem_read(struct session *s, uint64_t addr, void *buf, size_t len,
		  size_t *done, struct err *err) MUST_CHECK;

/* Latch the target's view: at the start, and as target.xml is read. */
void rsp_take_view(struct session *s);

/* The groups that it takes to show registers of these. */
unsigned int rsp_reg_groups(const struct session *s, unsigned int groups);

/* reg_read() and reg_write() in this client's view. */
void rsp_reg_read(const struct session *s, const struct tdesc_reg *reg,
		  const struct x86_state *state, void *to);
bool rsp_reg_write(const struct session *s, const struct tdesc_reg *reg,
		   struct x86_state *state, const struct x86_cpu_info *info,
		   const void *from, struct err *err) MUST_CHECK;

/* "long64 CPL0 halted": what a thread list says about a vCPU. */
void rsp_describe_vcpu(struct session *s, unsigned int vcpu, struct buf *out);

/*
 * Does this client read the vCPU's pc as a linear address, as breakpoints have
 * it?  Not in a segment with a base, without `monitor arch linear on`: gdb then
 * finds no breakpoint of its own at the pc, and must not be told of one, or it
 * resumes without a word.
 */
bool rsp_pc_is_linear(struct session *s, unsigned int vcpu);

/* Body of a stop reply for `stop`, as a repeat or as news. */
void rsp_put_stop(struct session *s, const struct target_stop *stop);

/* The same for one vCPU; `why` is NULL for one that stopped with others. */
void rsp_put_thread_stop(struct session *s, unsigned int vcpu, int signal,
			 const struct target_stop *why);

/* Breakpoints out, guest resumed (unless it is dead). */
bool rsp_let_go(struct session *s, struct err *err) MUST_CHECK;

#endif
