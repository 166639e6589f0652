#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The page: made, and looked at in a browser.
load helper

# A small result file with what a page can show: two file systems, a refusal, a
# label that wants to be a script, files in pieces and unwritten.
result_file() {
	cat <<-'END'
		{"type":"environment","schema":1,"testbed":"uml","kernel":"6.1.0","label":"</script><img src=x onerror=alert(1)>","command":"alloc-perf run --fs ext4,reiserfs"}
		{"type":"trial","filesystem":"ext4","method":"fallocate","file_bytes":8388608,"volume_bytes":67108864,"run":1,"label":"</script><img src=x onerror=alert(1)>","status":"ok","path":"native","allocate_ns":1000000,"sync_ns":2000000,"close_ns":1000,"unmount_ns":500000,"allocate_written_bytes":0,"sync_written_bytes":4096,"close_written_bytes":0,"unmount_written_bytes":4096,"fragments":2,"unwritten_bytes":8388608,"layout":[[0,8388608,4194304,1],[4194304,16777216,4194304,1]]}
		{"type":"trial","filesystem":"ext4","method":"chunk-4096","file_bytes":8388608,"volume_bytes":67108864,"run":1,"label":"</script><img src=x onerror=alert(1)>","status":"ok","path":"written","allocate_ns":30000000,"sync_ns":2000000,"close_ns":1000,"unmount_ns":500000,"fragments":10,"layout":[[0,33554432,8388608,0]]}
		{"type":"trial","filesystem":"reiserfs","method":"fallocate","file_bytes":8388608,"volume_bytes":67108864,"run":1,"label":"</script><img src=x onerror=alert(1)>","status":"unsupported","stage":"allocate","reason":"fallocate: Operation not supported"}
		{"type":"trial","filesystem":"reiserfs","method":"chunk-4096","file_bytes":8388608,"volume_bytes":67108864,"run":1,"label":"</script><img src=x onerror=alert(1)>","status":"ok","path":"written","allocate_ns":9000000,"sync_ns":2000000,"close_ns":1000,"unmount_ns":500000,"fragments":3}
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
	assert_output_has "<h2>How to reproduce it</h2>"
	assert_output_has "alloc-perf run --on dir:$WORK -m fallocate,chunk-4096 -s 1M -q -o result.jsonl"
	assert_output_has '"layout":{"words":"1 fragment, from '
}

# data: the JSON in page.html.
data() {
	sed -n 's|.*<script type="application/json" id="data">\(.*\)</script>$|\1|p' page.html
}

@test "html: --measure chooses the columns" {
	result_file >result.jsonl
	alloc-perf report --format html --measure fragments -o page.html result.jsonl
	data | grep -qF '"columns":["fragments"]'
	grep -q '<h3>fragments of the file</h3>' page.html
	[ "$(grep -c '<h3>peak memory</h3>' page.html)" = 0 ]
}

@test "html: without gnuplot the page is whole" {
	[ -x /usr/sbin/gnuplot ] || [ -x /sbin/gnuplot ] && skip "gnuplot is where PATH does not matter"
	result_file >result.jsonl
	alloc-perf report --format html -o page.html result.jsonl
	mkdir empty
	env PATH="$TEST_DIR/bin:$WORK/empty" alloc-perf report --format html result.jsonl >other.html
	cmp page.html other.html
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
	assert_output_has 'invalid value "htm" for --format; did you mean "html"?'
}

# browse OPTION...: the page of result.jsonl in a browser; what it found is in found, what can be
# read on it in shots/text, its elements in shots/dom, what there is without script in shots/plain.
browse() {
	require chromium
	alloc-perf report --format html "$@" -o page.html result.jsonl
	mkdir -p shots
	TMPDIR=$WORK timeout 300 "$ALLOC_PERF_SOURCE/tests/cli/browse.py" page.html shots >found
}

# has LINE: what the browser found is that, to the letter.
has() {
	grep -qxF "$1" found || fail "no \"$1\" in: $(cat found)"
}

# shows TEXT, draws HTML, tells_without_script TEXT
shows() {
	sed 's/\xc2\xa0/ /g' shots/text | grep -qF -e "$1" || fail "no \"$1\" in: $(cat shots/text)"
}
draws() {
	grep -qF -e "$1" shots/dom || fail "no \"$1\" is drawn"
}
tells_without_script() {
	grep -qF -e "$1" shots/plain || fail "no \"$1\" in: $(cat shots/plain)"
}

# drawn HTML: how many of them.
drawn() {
	grep -oF -e "$1" shots/dom | wc -l
}

# What every page is.
is_sound() {
	has 'requests: ["file"]'
	has 'complaints: []'
	has 'images: 0'
	has 'overflow 390: 0'
	has 'overflow 1440: 0'
	has 'pictures without text: 0'
	has 'ids twice: 0'
	has 'links to nowhere: 0'
	assert_nothing_left
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

@test "html: in a browser, from disk, on a telephone and a desk, in light and dark" {
	result_file >result.jsonl
	browse
	is_sound
	has "title: 8 MiB file on a 64 MiB volume - alloc-perf"
	shows "3.50 ms (one run)"
	shows "A test needs 5 runs of each."

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
	has 'chart text: rgb(231, 234, 237)'
	cmp <(head -c 8 shots/390-light.png) <(printf '\211PNG\r\n\032\n')
	cmp -s shots/1440-light.png shots/1440-dark.png && fail "dark looks like light"

	# What is shown can be chosen.
	has 'rows: 4'
	has 'rows with one hidden: 2'
	has 'rows again: 4'
	has 'by time: ext4'
}

@test "html: foreign text stays text, with and without script" {
	result_file >result.jsonl
	browse
	has 'images: 0'
	has 'complaints: []'
	shows '"</script><img src=x onerror=alert(1)>"'
	tells_without_script '"</script><img src=x onerror=alert(1)>"'
}

@test "html: what to take, the charts, the pictures and the table are there" {
	result_file | sed -n '1p; /"trial"/{ p; s/"run":1/"run":2/p; s/"run":2/"run":3/p }' >result.jsonl
	browse
	# Three runs of each: only what is far apart counts.
	shows "3.50 ms · 2 fragments"
	shows "Slowest: chunk-4096 takes 9.3 × as long (32.5 ms), leaves 10 fragments."
	shows "The only method that reserved the space here."
	shows "only a factor of two or more counts"

	# The answer, then one table, then the rest; in it times of one run are marked.
	[ "$(grep -nx -e "In short" -e "Results" -e "Charts" -e "All figures" shots/text | cut -d: -f2 | paste -sd ,)" = "In short,Results,Charts,All figures" ] ||
		fail "$(cat shots/text)"
	[ "$(drawn 'href="#note-combined-0-1"')" = 1 ]
	[ "$(grep -c '(one run)' shots/text)" = 0 ]
	tells_without_script $'ext4\tchunk-4096\t32.5 ms\tn/a\t10'
	tells_without_script $'reiserfs\tfallocate\trefused [1]\t-\t-'
	tells_without_script "ext4: fallocate. 9.3 times faster than chunk-4096"

	# Three charts; of memory, CPU time and gaps nobody knows; the bytes were told once.
	has 'pictures: 4'
	shows "Bytes written to the device: 8 KiB in every trial."
	shows "refused"
	draws 'Bar chart: fragments of the file of each method on each file system.'

	# Where the files are, to scale: two pieces of 4 MiB, at 8 and 16 of 64 MiB.
	shows "2 fragments, from 8 MiB to 20 MiB of 64 MiB; 8 MiB unwritten"
	draws 'aria-label="fallocate: 2 fragments, from 8 MiB to 20 MiB of 64 MiB; 8 MiB unwritten"'
	draws '<rect class="u" x="12.5%" y="0" width="6.25%"'
	draws '<rect class="u" x="25%" y="0" width="6.25%"'
	draws '<rect class="u" x="0%" y="16" width="33.33%"'
	draws '<rect class="u" x="66.67%" y="16" width="33.33%"'
	draws '<rect class="m" x="66.67%"'

	# The table and its notes, and what made it.
	shows "unsupported: fallocate: Operation not supported"
	[ "$(drawn 'href="#note-0-1"')" = 1 ]
	shows "alloc-perf run --fs ext4,reiserfs"
	tells_without_script "ext4, fallocate: 2 fragments, from 8 MiB to 20 MiB of 64 MiB; 8 MiB unwritten"
	tells_without_script $'ext4\t3.50 ms\t32.5 ms'
	tells_without_script "[1] unsupported: fallocate: Operation not supported"
	tells_without_script "alloc-perf run --fs ext4,reiserfs"
}

# A file in a thousand pieces that no screen can tell apart, on a volume of 8 GiB.
many_pieces() {
	printf '{"type":"environment","schema":1}\n{"type":"trial","filesystem":"ext2","method":"mmap","file_bytes":4096000,"volume_bytes":8589934592,"run":1,"status":"ok","allocate_ns":5,"sync_ns":5,"fragments":1000,"layout":['
	seq 0 999 | awk '{ printf "%s[%d,%d,4096,0]", (NR > 1 ? "," : ""), $1 * 4096, $1 * 8192 }'
	printf ']}\n'
}

@test "html: pieces too close to be told apart are one, and a mark each where they are" {
	many_pieces >result.jsonl
	browse
	[ "$(drawn '<rect class="w" x="0%" y="0"')" = 1 ]
	[ "$(drawn '" y="0" width="0.0')" -le 1 ]
	[ "$(drawn 'class="m"')" -gt 100 ]
	[ "$(grep -c "Gaps between fragments" shots/text)" = 0 ]
}

@test "html: ten warnings are one box with a count, and values far apart have a logarithmic axis" {
	local i
	result_file | sed 's/"sync_written_bytes":4096/"sync_written_bytes":40960000/; s/"status":"ok","path":"written"/&,"allocate_written_bytes":0,"sync_written_bytes":4096,"close_written_bytes":0,"unmount_written_bytes":4096/' >result.jsonl
	for i in {1..10}; do
		echo '{"type":"warning","kind":"load","text":"reason '"$i"'"}' >>result.jsonl
	done
	browse
	shows "10 warnings"
	shows "reason 10"
	[ "$(drawn 'class="warning"')" = 1 ]
	draws '(logarithmic)'
	[ "$(sed -n 's/^tick labels: //p' found)" -ge 4 ] || fail "$(cat found)"
	draws 'class="minor"'
	tells_without_script "Warning: reason 10"
}

@test "html: two kernels stand side by side, with what differs" {
	two_kernels >result.jsonl
	browse
	is_sound
	shows "Side by side: 8 MiB file on a 64 MiB volume"
	shows "From 6.1.0 to 6.12.0, by the test of alloc-perf diff:"
	shows "ext4 mmap"
	draws '<td class="n worse">+29 % worse</td>'
	shows "4 comparisons: 1 worse, 2 same, 1 unclear"
	[ "$(drawn 'class="warning">An emulated processor')" = 3 ]
	draws 'each file system, under each of the conditions.'
	# One kernel needs nothing of it; three have no verdicts.
	grep -v 6.12.0 result.jsonl >one.jsonl
	alloc-perf report --format html -o page.html one.jsonl
	data | grep -qF '"groups":[]'
	{
		cat result.jsonl
		two_trials 6.18.0 1 3
	} >three.jsonl
	alloc-perf report --format html -o page.html three.jsonl
	data | grep -qF '"names":["6.1.0","6.12.0","6.18.0"]'
	data | grep -qF '"comparison":null'
	# A method is named as people type it.
	sed 's/"mmap"/"direct-1048576"/' result.jsonl >typed.jsonl
	alloc-perf report --format html -o page.html typed.jsonl
	data | grep -qF '"method":"direct-1M"'
	[ "$(grep -c 1048576 page.html)" = 0 ]
}

@test "html: of many conditions, those out of sight are drawn when they come near, or are printed" {
	local i
	for i in {1..9}; do
		result_file | sed "s/fallocate/mmap/; s/.label.:[^,]*,/\"label\":\"condition $i\",/; s/\"run\":1/\"run\":$i/"
	done >result.jsonl
	browse
	is_sound
	[ "$(drawn '<section id="grid-')" = 9 ]
	[ "$(drawn 'class="sortable"')" = 9 ]
}

@test "html: --with 2009 sets its figures beside ours" {
	two_kernels | sed 's/"fallocate"/"chunk-4096"/' >result.jsonl
	browse --with 2009
	is_sound
	shows 'Compared with 2009'
	# The ratios to chunk-4096 of the same row: ours, and 84 / 74 of then.
	shows $'here\t1.45 s (1.00)\t3.45 s (2.38)'
	shows $'2009, desktop on\t74 s (1.00)\t84 s (1.14)'
	tells_without_script $'2009, desktop on\t74 s (1.00)\t84 s (1.14)'
	# It did not tell the allocation from the rest.
	[ "$(grep -c 'time of the allocation alone; in brackets' shots/text)" = 0 ]
}

@test "html: values of a parameter are curves, a line for each file system" {
	local step
	{
		echo '{"type":"environment","schema":1,"testbed":"loop"}'
		for step in fallocate-step-65536 fallocate-step-1048576 fallocate-step-8388608 none; do
			result_file | sed -n 2p | sed "s/\"fallocate\"/\"$step\"/; s/\"fragments\":2/\"fragments\":${#step}/"
		done
	} >result.jsonl
	browse
	is_sound
	shows "By fallocate-step-SIZE"
	shows "Each value is from one run."
	draws 'aria-label="Curves: fragments of the file by fallocate-step-SIZE, a line for each file system.'
	draws '<title>ext4, 1M: 22</title>'
	draws '<title>ext4, none: 4</title>'
	data | grep -qF '"points":[{"value":65536,"text":"64K","method":"fallocate-step-64K"}'
	data | grep -qF '"others":["none"]'
	# Two values are none.
	grep -v step-65536 result.jsonl >two.jsonl
	alloc-perf report --format html -o page.html two.jsonl
	data | grep -qF '"sweep":null'
}

@test "html: a workload has its own charts, the phases, and the summary in sentences" {
	alloc-perf run --on "dir:$WORK" -m none,fallocate -s 256K --then write-seq-4K --then overwrite-rand-4K --runs 2 -q -o result.jsonl
	browse
	grep -q 'complaints: \[\]' found
	for text in "From the empty file to the last byte on disk" "overwrite-rand-4096" "In short"; do
		grep -qF "$text" shots/text || fail "$text"
	done
	[[ $(<shots/text) != *"by stage"* ]]
}
