/*
 * A session on a fake target, for tests of packets: no sockets.
 *
 *	struct rsp_rig r;
 *
 *	rsp_rig_init(&r, 2);
 *	CHECK_STR(rsp_rig_ask(&r, "qC"), "QC1");
 */
#ifndef TESTS_STUB_RSP_RIG_H
#define TESTS_STUB_RSP_RIG_H

#include "stub/session.h"
#include "tests/stub/fake_target.h"

struct rsp_rig {
	struct fake_target *fake;
	struct tdesc *tdesc;
	struct bp_list bps;
	struct session s;
	struct buf reply;   /* what rsp_rig_ask() returned */
	struct buf console; /* text of O packets since rsp_rig_init() */
};

/* No acknowledgements, as after QStartNoAckMode. */
void rsp_rig_init(struct rsp_rig *r, unsigned int nvcpus);
void rsp_rig_deinit(struct rsp_rig *r);

/* Another client on the same target and breakpoints. */
void rsp_rig_reconnect(struct rsp_rig *r);

/* Frame a body, feed it, and let the target stop if it was resumed. */
void rsp_rig_send(struct rsp_rig *r, const char *body, size_t len);

/*
 * Send and return the body of the one reply, O packets taken out (see
 * console); "(none)" when there is none.
 */
const char *rsp_rig_ask(struct rsp_rig *r, const char *body);
const char *rsp_rig_ask_bytes(struct rsp_rig *r, const char *body, size_t len);

/* Bytes as they are; the raw output since the last call. */
const char *rsp_rig_raw(struct rsp_rig *r, const char *bytes, size_t len);

/* Pairs of packet and reply; a reply that ends in '*' may go on. */
struct rsp_rig_golden {
	const char *ask, *reply;
};
void rsp_rig_check(struct rsp_rig *r, const struct rsp_rig_golden *table,
		   size_t n);

#endif
