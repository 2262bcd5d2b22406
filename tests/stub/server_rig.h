/*
 * A server over a real socket: the fake target's in one thread, the clients of
 * the test in another.
 *
 *	rig_start((struct server_config){0});
 *	fd = rig_dial();
 *	CHECK_STR(rig_ask(fd, "qC"), "QC1");
 *	CHECK_EQ(rig_stop(), 128 + SIGTERM);
 */
#ifndef TESTS_STUB_SERVER_RIG_H
#define TESTS_STUB_SERVER_RIG_H

#include <stdatomic.h>

#include "stub/server.h"
#include "tests/stub/fake_target.h"
#include "tests/test.h"

extern struct fake_target *rig_fake; /* 2 vCPUs */
extern struct server *rig_server;
extern atomic_uint rig_resumes; /* of the guest since rig_start() */

/* On any free TCP port unless the configuration names an endpoint. */
void rig_start(struct server_config config);
/* Wait for the server's end; its exit status. */
int rig_finish(void);
/* The same after a SIGTERM. */
int rig_stop(void);

int rig_dial(void);
void rig_say(int fd, const char *body);
/* The next packet's body, O packets included; "(end)" at the end. */
const char *rig_hear(int fd);
const char *rig_ask(int fd, const char *body);

/* The guest has been resumed so many times in all. */
void rig_wait_for_resumes(unsigned int n);

#endif
