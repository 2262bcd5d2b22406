#include "stub/rsp/packets.h"

#include <string.h>

#include "stub/rsp/rsp.h"

#define STOPPED NEED_STOPPED
#define WRITE	(NEED_STOPPED | NEED_WRITE)
#define RUN	(NEED_STOPPED | NEED_RUN)
#define RESET	(NEED_STOPPED | NEED_RESET)

/*
 * The first match wins, so the packets that come most often stand first; no
 * row may hide a later one (a test checks it).  Features that belong to no
 * packet of their own stand at the packet they are about.  Resume packets do
 * not say RUN: session_resume() refuses them with a reason that gdb shows.
 */
const struct packet packet_table[] = {
	/* GDB manual, "Packets" */
	{"g", MATCH_PREFIX, STOPPED, NULL, rsp_read_registers},
	{"m", MATCH_PREFIX, STOPPED, NULL, rsp_read_memory},
	{"x", MATCH_PREFIX, STOPPED, "binary-upload+", rsp_read_binary},
	{"p", MATCH_PREFIX, STOPPED, NULL, rsp_read_register},
	{"vCont", MATCH_WORD, STOPPED, NULL, rsp_vcont},
	{"Z0", MATCH_PREFIX, RUN, "swbreak+", rsp_insert_sw},
	{"Z1", MATCH_PREFIX, RUN, "hwbreak+", rsp_insert_hw},
	{"Z2", MATCH_PREFIX, RUN, "SupportedWatchpointTypes=x86_64",
	 rsp_insert_write},
	{"Z3", MATCH_PREFIX, RUN, NULL, rsp_insert_read},
	{"Z4", MATCH_PREFIX, RUN, NULL, rsp_insert_access},
	{"z0", MATCH_PREFIX, RUN, NULL, rsp_remove_sw},
	{"z1", MATCH_PREFIX, RUN, NULL, rsp_remove_hw},
	{"z2", MATCH_PREFIX, RUN, NULL, rsp_remove_write},
	{"z3", MATCH_PREFIX, RUN, NULL, rsp_remove_read},
	{"z4", MATCH_PREFIX, RUN, NULL, rsp_remove_access},
	{"H", MATCH_PREFIX, 0, "multiprocess+", rsp_select_thread},
	{"G", MATCH_PREFIX, WRITE, NULL, rsp_write_registers},
	{"P", MATCH_PREFIX, WRITE, NULL, rsp_write_register},
	{"M", MATCH_PREFIX, WRITE, NULL, rsp_write_memory},
	{"X", MATCH_PREFIX, WRITE, NULL, rsp_write_binary},
	{"T", MATCH_PREFIX, 0, NULL, rsp_thread_alive},
	{"c", MATCH_PREFIX, STOPPED, NULL, rsp_continue},
	{"C", MATCH_PREFIX, STOPPED, NULL, rsp_continue_signal},
	{"s", MATCH_PREFIX, STOPPED, NULL, rsp_step},
	{"S", MATCH_PREFIX, STOPPED, NULL, rsp_step_signal},
	{"?", MATCH_EXACT, STOPPED, "error-message+", rsp_why_stopped},
	{"!", MATCH_EXACT, 0, NULL, rsp_extended},
	{"D", MATCH_PREFIX, STOPPED, NULL, rsp_detach},
	{"k", MATCH_EXACT, STOPPED, NULL, rsp_kill_now},
	{"R", MATCH_PREFIX, RESET, NULL, rsp_restart},
	{"vCont?", MATCH_EXACT, 0, "vContSupported+", rsp_vcont_query},
	{"vKill", MATCH_WORD, STOPPED, NULL, rsp_kill},
	{"vRun", MATCH_WORD, RESET, NULL, rsp_run},
	{"vAttach", MATCH_WORD, 0, NULL, rsp_attach},

	/* GDB manual, "Host I/O Packets" */
	{"vFile:open", MATCH_WORD, STOPPED, NULL, rsp_file_open},
	{"vFile:pread", MATCH_WORD, 0, NULL, rsp_file_pread},
	{"vFile:close", MATCH_WORD, 0, NULL, rsp_file_close},

	/* GDB manual, "General Query Packets" */
	{"qXfer:features:read", MATCH_WORD, 0, "qXfer:features:read+",
	 rsp_xfer_features},
	{"qXfer:threads:read", MATCH_WORD, STOPPED, "qXfer:threads:read+",
	 rsp_xfer_threads},
	{"qXfer:exec-file:read", MATCH_WORD, 0, "qXfer:exec-file:read+",
	 rsp_xfer_exec_file},
	{"qSupported", MATCH_WORD, 0, NULL, rsp_supported},
	{"QStartNoAckMode", MATCH_EXACT, 0, "QStartNoAckMode+", rsp_no_ack},
	{"qC", MATCH_EXACT, 0, NULL, rsp_current_thread},
	{"qAttached", MATCH_WORD, 0, NULL, rsp_attached},
	{"qfThreadInfo", MATCH_EXACT, 0, NULL, rsp_threads_first},
	{"qsThreadInfo", MATCH_EXACT, 0, NULL, rsp_threads_next},
	{"qThreadExtraInfo", MATCH_WORD, STOPPED, NULL, rsp_thread_extra},
	{"qRcmd", MATCH_WORD, 0, NULL, rsp_monitor},
	{"qSearch:memory", MATCH_WORD, STOPPED, NULL, rsp_search},
	{"qCRC", MATCH_WORD, STOPPED, NULL, rsp_crc},

	/* QEMU's own */
	{"qqemu.Supported", MATCH_EXACT, 0, NULL, rsp_qemu_supported},
	{"qqemu.sstepbits", MATCH_EXACT, 0, NULL, rsp_qemu_sstepbits},
	{"Qqemu.sstepbits", MATCH_EXACT, 0, NULL, rsp_qemu_sstepbits},
	{"qqemu.sstep", MATCH_EXACT, 0, NULL, rsp_qemu_sstep},
	{"Qqemu.sstep", MATCH_WORD, 0, NULL, rsp_qemu_set_sstep},
	{"qqemu.PhyMemMode", MATCH_EXACT, 0, NULL, rsp_qemu_phys},
	{"Qqemu.PhyMemMode", MATCH_WORD, 0, NULL, rsp_qemu_set_phys},

	/* LLDB's extensions to the protocol */
	{"qHostInfo", MATCH_EXACT, 0, NULL, rsp_lldb_host_info},
	{"qProcessInfo", MATCH_EXACT, 0, NULL, rsp_lldb_process_info},
	{"QThreadSuffixSupported", MATCH_EXACT, 0, NULL, rsp_lldb_suffix},
	{"QListThreadsInStopReply", MATCH_EXACT, 0, NULL,
	 rsp_lldb_list_threads},
	{"QEnableErrorStrings", MATCH_EXACT, 0, NULL, rsp_lldb_error_strings},
	{"qThreadStopInfo", MATCH_PREFIX, STOPPED, NULL, rsp_lldb_thread_stop},
	{"jThreadsInfo", MATCH_EXACT, STOPPED, NULL, rsp_lldb_threads_info},
	{"QSaveRegisterState", MATCH_WORD, STOPPED, NULL, rsp_save_registers},
	{"QRestoreRegisterState", MATCH_WORD, WRITE, NULL,
	 rsp_restore_registers},
	{"qMemoryRegionInfo", MATCH_WORD, STOPPED, NULL, rsp_lldb_region},
	{"qWatchpointSupportInfo", MATCH_WORD, 0, NULL, rsp_lldb_watchpoints},
	{"qGDBServerVersion", MATCH_EXACT, 0, NULL, rsp_lldb_version},
	{"qEcho", MATCH_WORD, 0, "qEcho+", rsp_lldb_echo},
	{"qSupportsDetachAndStayStopped", MATCH_WORD, 0, NULL,
	 rsp_lldb_stay_stopped},
	{"qOffsets", MATCH_EXACT, 0, NULL, rsp_lldb_offsets},
	{"QSetDetachOnError", MATCH_WORD, 0, NULL, rsp_lldb_detach_on_error},
	{NULL, MATCH_EXACT, 0, NULL, NULL},
};

static bool matches(const struct packet *p, const char *body, size_t len)
{
	size_t n = strlen(p->text);

	if (len < n || memcmp(body, p->text, n))
		return false;
	if (p->match == MATCH_PREFIX || len == n)
		return true;
	return memchr(":;,=", body[n], 4);
}

const struct packet *packet_find(const char *body, size_t len)
{
	const struct packet *p;

	if (!len)
		return NULL;
	for (p = packet_table; p->text; p++)
		if (p->text[0] == body[0] && matches(p, body, len))
			return p;
	return NULL;
}

static bool check_needs(const struct session *s, unsigned int needs,
			struct err *err)
{
	const struct target *t = s->t;
	const char *cannot = NULL;

	if ((needs & NEED_STOPPED) && t->running)
		return err_set(err, ERR_STATE,
			       "the guest is running; interrupt it first");
	if ((needs & NEED_RUN) && !t->caps.can_run)
		cannot = "be run";
	else if ((needs & NEED_WRITE) && !t->caps.can_write)
		cannot = "be changed";
	else if ((needs & NEED_RESET) && !t->caps.can_reset)
		cannot = "be reset";
	if (cannot)
		return err_set(err, ERR_UNSUPPORTED, "%s cannot %s",
			       t->ops->name, cannot);
	return true;
}

void packet_dispatch(struct session *s, char *body, size_t len)
{
	const struct packet *p = packet_find(body, len);
	struct cursor args;
	struct err err;
	size_t n;

	if (!p)
		return;
	n = strlen(p->text);
	args = cur(body + n, len - n);
	if (p->match == MATCH_EXACT && len > n) {
		err_set(&err, ERR_MALFORMED, "%s takes no arguments", p->text);
		reply_error(&s->reply, &err);
	} else if (!check_needs(s, p->needs, &err) ||
		   !p->handle(s, &args, &err)) {
		reply_error(&s->reply, &err);
	}
}

void packet_features(const struct session *s, struct reply *r)
{
	const struct packet *p;
	struct err err;

	for (p = packet_table; p->text; p++)
		if (p->feature &&
		    check_needs(s, p->needs & ~(unsigned)NEED_STOPPED, &err))
			reply_printf(r, ";%s", p->feature);
}
