/* SPDX-License-Identifier: MIT */
/* The device that a session has claimed; see the operations of the testbed. */
#ifndef TESTBED_DEVICE_H
#define TESTBED_DEVICE_H

struct device;

/* A trial is over: takes away what it left, so that the device is as empty as before. */
void device_vacate(struct device *device);

/* Is it trimmed between trials? */
int device_discards(const struct device *device);

#endif
