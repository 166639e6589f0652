/* SPDX-License-Identifier: MIT */
/*
 * The init of a guest that begins as the agent does and then does what the word
 * bad=WORD on the kernel's command line tells it: panic, hang, memory, rubbish,
 * silence (before it is ready), end.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

static FILE *line;

static void say(const char *text)
{
	fprintf(line, "%s\n", text);
	fflush(line);
}

static void open_line(void)
{
	int fd = open("/dev/ttyS0", O_RDWR | O_NOCTTY);
	struct termios settings;

	tcgetattr(fd, &settings);
	cfmakeraw(&settings);
	tcsetattr(fd, TCSANOW, &settings);
	line = fdopen(fd, "r+");
}

static void hang(void)
{
	for (;;)
		pause();
}

/* The kernel kills the only process that there is, and with it itself. */
static void take_all_memory(void)
{
	for (;;)
		memset(malloc(1 << 20), 1, 1 << 20);
}

static void do_panic(void)
{
	FILE *trigger;

	mount("none", "/proc", "proc", 0, NULL);
	trigger = fopen("/proc/sysrq-trigger", "w");
	fputc('c', trigger);
	fclose(trigger);
}

int main(void)
{
	const char *bad = getenv("bad");
	char request[4096];

	mkdir("/dev", 0755);
	mkdir("/proc", 0755);
	mount("none", "/dev", "devtmpfs", 0, NULL);
	open_line();
	if (strcmp(bad, "silence") == 0)
		hang();
	say("{\"event\": \"ready\"}");
	if (!fgets(request, sizeof(request), line))
		return 1;
	say("{\"event\": \"stage\", \"stage\": \"allocate\"}");
	if (strcmp(bad, "panic") == 0)
		do_panic();
	if (strcmp(bad, "memory") == 0)
		take_all_memory();
	if (strcmp(bad, "rubbish") == 0)
		say("\001\377 BUG: no event {{{");
	if (strcmp(bad, "end") == 0)
		return 3;
	hang();
}
