/* SPDX-License-Identifier: MIT */
/* Which way to write is chosen, on devices that are nothing but a rate per way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "io_tuner.h"
#include "base/cleanup.h"

static const uint64_t mib = 1 << 20;

struct device {
	uint64_t us_a_mib[IO_MODES];
	uint64_t now_us;
	uint64_t bytes[IO_MODES]; /* by each way */
};

/* Steps as the library makes them; with O_DIRECT all is on the disk when a step ends. */
static void fill(struct io_tuner *tuner, struct device *device, uint64_t bytes)
{
	while (bytes > 0) {
		enum io_mode mode = tuner->mode;
		uint64_t step = mode == IO_DIRECT ? 64 * mib : 2 * mib, ns;

		step = step < bytes ? step : bytes;
		ns = device->us_a_mib[mode] * 1000 * (step / mib);
		device->now_us += ns / 1000;
		device->bytes[mode] += step;
		bytes -= step;
		if (!io_tuner_submitted(tuner, step, ns))
			io_tuner_completed(tuner, step, ns);
	}
}

static void the_faster_way_is_taken(void **state)
{
	static const struct {
		uint64_t direct, cached;
	} cases[] = { { 600, 1500 }, { 1500, 600 }, { 600, 9000 }, { 20000, 7000 }, { 600, 660 } };
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct device device = { { cases[i].direct, cases[i].cached }, 0, { 0 } };
		struct io_tuner tuner = io_tuner_adaptive();
		uint64_t best_us =
			cases[i].direct < cases[i].cached ? cases[i].direct : cases[i].cached;

		fill(&tuner, &device, 8192 * mib);
		assert_true(device.now_us * 100 <= best_us * 8192 * 105);
		/* And the other was looked at. */
		assert_true(device.bytes[IO_DIRECT] > 0 && device.bytes[IO_BUFFERED] > 0);
	}
}

static void what_is_much_slower_is_not_tried_to_the_end(void **state)
{
	struct device device = { { 600, 6000 }, 0, { 0 } };
	struct io_tuner tuner = io_tuner_adaptive();
	(void)state;

	fill(&tuner, &device, 1024 * mib);
	assert_true(device.bytes[IO_BUFFERED] <= 4 * mib);
	assert_true(device.now_us <= 600 * 1024 * 105 / 100);
}

/* Another virtual machine begins to write to the same disk, and ends. */
static void a_change_of_rate_is_noticed(void **state)
{
	struct device device = { { 600, 1500 }, 0, { 0 } };
	struct io_tuner tuner = io_tuner_adaptive();
	(void)state;

	fill(&tuner, &device, 1024 * mib);
	assert_int_equal(tuner.mode, IO_DIRECT);
	device.us_a_mib[IO_DIRECT] = 5000;
	fill(&tuner, &device, 512 * mib);
	assert_int_equal(tuner.mode, IO_BUFFERED);
	device.us_a_mib[IO_DIRECT] = 600;
	fill(&tuner, &device, 16384 * mib);
	assert_int_equal(tuner.mode, IO_DIRECT);
}

static void what_is_fixed_stays(void **state)
{
	struct device device = { { 6000, 600 }, 0, { 0 } };
	struct io_tuner tuner = io_tuner_fixed(IO_DIRECT);
	(void)state;

	fill(&tuner, &device, 1024 * mib);
	assert_int_equal(device.bytes[IO_BUFFERED], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_faster_way_is_taken),
		cmocka_unit_test(what_is_much_slower_is_not_tried_to_the_end),
		cmocka_unit_test(a_change_of_rate_is_noticed),
		cmocka_unit_test(what_is_fixed_stays),
	};

	return cmocka_run_group_tests_name("prealloc-io_tuner", tests, NULL, NULL);
}
