#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The page: made, and looked at in a browser.
load helper

# A small result file with what a page can show: two file systems, a refusal, a
# label that wants to be a script, files in pieces and unwritten.
result_file() {
	cat <<-'END'
		{"type":"environment","schema":1,"testbed":"uml","kernel":"6.1.0","label":"<script>alert(1)</script>","command":"alloc-perf run --fs ext4,reiserfs"}
		{"type":"trial","filesystem":"ext4","method":"fallocate","file_bytes":8388608,"volume_bytes":67108864,"run":1,"label":"<script>alert(1)</script>","status":"ok","path":"native","allocate_ns":1000000,"sync_ns":2000000,"close_ns":1000,"unmount_ns":500000,"allocate_written_bytes":0,"sync_written_bytes":4096,"close_written_bytes":0,"unmount_written_bytes":4096,"fragments":2,"unwritten_bytes":8388608,"layout":[[0,8388608,4194304,1],[4194304,16777216,4194304,1]]}
		{"type":"trial","filesystem":"ext4","method":"chunk-4096","file_bytes":8388608,"volume_bytes":67108864,"run":1,"label":"<script>alert(1)</script>","status":"ok","path":"written","allocate_ns":30000000,"sync_ns":2000000,"close_ns":1000,"unmount_ns":500000,"fragments":10,"layout":[[0,33554432,8388608,0]]}
		{"type":"trial","filesystem":"reiserfs","method":"fallocate","file_bytes":8388608,"volume_bytes":67108864,"run":1,"label":"<script>alert(1)</script>","status":"unsupported","stage":"allocate","reason":"fallocate: Operation not supported"}
		{"type":"trial","filesystem":"reiserfs","method":"chunk-4096","file_bytes":8388608,"volume_bytes":67108864,"run":1,"label":"<script>alert(1)</script>","status":"ok","path":"written","allocate_ns":9000000,"sync_ns":2000000,"close_ns":1000,"unmount_ns":500000,"fragments":3}
	END
}

@test "html: -o writes one page, and nothing else" {
	result_file >result.jsonl
	alloc-perf report --format html -o page.html result.jsonl
	[ "$(ls)" = $'page.html\nresult.jsonl' ]
	grep -q '^<!DOCTYPE html>' page.html
	grep -q '^</html>' page.html
	run grep -cE '(src|href)="?(https?:)?//' page.html
	[ "$output" = 0 ]
}

@test "html: a real run, from the trial to the picture" {
	alloc-perf run --on "dir:$WORK" -m fallocate,chunk-4096 -s 1M -q -o result.jsonl
	run alloc-perf report --format html result.jsonl
	assert_status 0
	assert_output_has "How to reproduce it"
	assert_output_has "alloc-perf run --on dir:$WORK -m fallocate,chunk-4096 -s 1M -q -o result.jsonl"
	assert_output_has '<svg class="layout"'
}

@test "html: --measure chooses the columns" {
	result_file >result.jsonl
	run alloc-perf report --format html --measure fragments result.jsonl
	assert_status 0
	assert_output_has '>fragments of the file</button>'
	[[ $output != *'>peak memory</button>'* ]]
}

@test "html: without gnuplot the page comes without charts, and says so" {
	[ -x /usr/sbin/gnuplot ] || [ -x /sbin/gnuplot ] && skip "gnuplot is where PATH does not matter"
	result_file >result.jsonl
	mkdir empty
	run env PATH="$TEST_DIR/bin:$WORK/empty" alloc-perf report --format html result.jsonl
	assert_status 0
	assert_output_has "There are no charts here: gnuplot"
	assert_output_has "<table"
	[[ $output != *'<svg class="chart"'* ]]
}

@test "html: bad input is refused, and an older page stays" {
	echo "an older page" >page.html
	echo "{" >bad.jsonl
	run alloc-perf report --format html -o page.html bad.jsonl
	assert_status 2
	[ "$(cat page.html)" = "an older page" ]
	result_file >result.jsonl
	run alloc-perf report --format html -o nowhere/page.html result.jsonl
	assert_status 2
	assert_output_has "cannot write nowhere/page.html: No such file or directory"
	run alloc-perf report --format htm -o page.html result.jsonl
	assert_status 2
	assert_output_has 'unknown format "htm"; did you mean "html"?'
}

# has LINE: what the browser found is that, to the letter.
has() {
	grep -qxF "$1" found || fail "no \"$1\" in: $(cat found)"
}

# As two kernels measured it, eight runs each, without drift; the second is slower with mmap.
two_kernels() {
	local kernel run
	echo '{"type":"environment","schema":1,"testbed":"qemu","testbed_note":"An emulated processor."}'
	for kernel in 6.1.0 6.12.0; do
		for run in 4 5 1 8 2 7 3 6; do
			two_trials $kernel "$run" "$([ $kernel = 6.1.0 ] && echo 3 || echo 4)"
		done
	done
}

two_trials() { # KERNEL RUN SECONDS-OF-MMAP
	printf '{"type":"trial","filesystem":"ext4","method":"%s","file_bytes":8388608,"volume_bytes":67108864,"run":%d,"testbed":"qemu","kernel":"%s","label":"%s","status":"ok","path":"native","allocate_ns":%d00000000,"sync_ns":0,"fragments":%d,"addresses_known":1}\n' \
		fallocate "$2" "$1" "$1" "1$2" 1 mmap "$2" "$1" "$1" "$3$2" 2
}

@test "html: two kernels stand side by side, with what differs" {
	two_kernels >result.jsonl
	run alloc-perf report --format html -o page.html result.jsonl
	assert_status 0
	grep -q '<h2>Side by side: 8 MiB file on a 64 MiB volume</h2>' page.html
	grep -q '<b>6.1.0</b> (OLD) to <b>6.12.0</b> (NEW)' page.html
	grep -q 'ext4 mmap<br><small>time until on disk</small><td class="n worse">+29 % worse' page.html
	grep -q '<li>4 comparisons: 1 worse, 2 same, 1 unclear' page.html
	[ "$(grep -c 'class="warning">An emulated processor' page.html)" = 3 ]
	# One kernel needs nothing of it; three have no verdicts.
	grep -v 6.12.0 result.jsonl >one.jsonl
	alloc-perf report --format html -o one.html one.jsonl
	[ "$(grep -c "Side by side" one.html)" = 0 ]
	{
		cat result.jsonl
		two_trials 6.18.0 1 3
	} >three.jsonl
	alloc-perf report --format html -o three.html three.jsonl
	grep -q "Side by side" three.html
	[ "$(grep -c "What differs" three.html)" = 0 ]
}

@test "html: --with 2009 sets its figures beside ours" {
	two_kernels | sed 's/"fallocate"/"chunk-4096"/' >result.jsonl
	run alloc-perf report --format html --with 2009 -o page.html result.jsonl
	assert_status 0
	grep -q 'Beside the figures of 2009' page.html
	# The ratios to chunk-4096 of the same row: ours, and 84 / 74 of then.
	grep -q '<td>here<td class="n">1.45 s (1.00)<td class="n">3.45 s (2.38)' page.html
	grep -q '<td>2009, desktop on<td class="n">74 s (1.00)<td class="n">84 s (1.14)' page.html
	# It did not tell the allocation from the rest.
	[ "$(grep -c 'time of the allocation alone; in brackets' page.html)" = 0 ]
}

@test "html: in a browser, from disk, on a telephone and a desk, in light and dark" {
	require chromium
	result_file >result.jsonl
	alloc-perf report --format html -o page.html result.jsonl
	mkdir shots
	TMPDIR=$WORK timeout 120 "$ALLOC_PERF_SOURCE/tests/cli/browse.py" page.html shots >found
	has "title: 8 MiB file on a 64 MiB volume - alloc-perf"

	# Nothing is asked for but the page, and there is nothing to complain about.
	has 'requests: ["file"]'
	has 'complaints: []'

	# A column sorts by value, by mouse and by keyboard; what is not known stands last.
	has 'unsorted: ["0.003501", "0.032501", "-", "0.011501"]'
	has 'by mouse: ["0.003501", "0.011501", "0.032501", "-"]'
	has 'aria-sort: ascending'
	has 'said: Sorted by time until on disk, ascending.'
	has 'by keyboard: ["0.032501", "0.011501", "0.003501", "-"]'
	has 'aria-sort again: descending'
	has 'next by tab: allocate'

	# Light and dark: as the system says, and as the reader says.
	has 'paper 390 light: rgb(253, 253, 251)'
	has 'paper 390 dark: rgb(20, 24, 28)'
	has 'paper 1440 dark: rgb(20, 24, 28)'
	has 'theme button: Dark'
	has 'paper switched: rgb(20, 24, 28)'
	has 'theme button switched: Light'
	has 'paper switched back: rgb(253, 253, 251)'
	if command -v gnuplot >/dev/null; then
		has 'chart text: rgb(231, 234, 237)'
		has 'pictures: 5'
	fi

	has 'overflow 390: 0'
	has 'overflow 1440: 0'
	has 'pictures without text: 0'
	has 'ids twice: 0'
	has 'links to nowhere: 0'
	cmp <(head -c 8 shots/390-light.png) <(printf '\211PNG\r\n\032\n')
	cmp -s shots/1440-light.png shots/1440-dark.png && fail "dark looks like light"
	assert_nothing_left
}

@test "html: two kernels in a browser" {
	require chromium
	two_kernels >result.jsonl
	alloc-perf report --format html --with 2009 -o page.html result.jsonl
	mkdir shots
	TMPDIR=$WORK timeout 120 "$ALLOC_PERF_SOURCE/tests/cli/browse.py" page.html shots >found
	has 'requests: ["file"]'
	has 'complaints: []'
	has 'overflow 390: 0'
	has 'overflow 1440: 0'
	has 'pictures without text: 0'
	has 'ids twice: 0'
	has 'links to nowhere: 0'
	assert_nothing_left
}
