/* SPDX-License-Identifier: MIT */
/*
 * The protocol between alloc-perf and the process that runs one trial, which is a child, or a guest
 * on a serial line: one JSON object per line.
 *
 *	agent -> host	{"event": "ready"}
 *	host  -> agent	the request
 *	agent -> host	{"event": "stage", "stage": "allocate"}, at the start of each
 *	agent -> host	{"event": "flush"}, if the request has host_flushes
 *	host  -> agent	{"flush_ns": 1234}, or {"error": ERRNO}
 *	agent -> host	{"event": "mark", "mark": "allocated"}, if a promise is tested by power cuts
 *	host  -> agent	{}
 *	agent -> host	{"event": "record", "record": {...}}, the last
 *
 * Instead of a request the host may ask for the examination of disk states, which it makes below
 * the guest (testbed/examiner.h):
 *
 *	host  -> agent	{"examine": {"device": ..., "directory": ..., "type": ..., "mount_options":
 *			..., "modules": ...}}
 *	agent -> host	{}, or {"error": ERRNO}
 *	host  -> agent	{"look": {...}}, any number of times
 *	agent -> host	{"mount_error": 0, ...}
 */
#ifndef TRIAL_AGENT_H
#define TRIAL_AGENT_H

/*
 * Serves one request.  0 or -errno: -EPROTO (the request is invalid), -EPIPE (the host has closed
 * the connection).
 */
int agent_serve(int in_fd, int out_fd);

#endif
