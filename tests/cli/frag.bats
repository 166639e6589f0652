#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# alloc-perf frag from the command line: every option and message that needs no
# file system of its own.

bats_require_minimum_version 1.5.0
load helper

# A file that is in pieces wherever it lies: every second block is a hole that was punched.
make_tree() {
	mkdir -p tree/sub
	printf 'x' >tree/small.txt
	: >tree/empty
	dd if=/dev/zero of=tree/sub/big.DAT bs=1M count=2 status=none
	ln tree/sub/big.DAT tree/hard
	ln -s small.txt tree/link
	mkfifo tree/fifo
	sync -f tree
}

# The field of `frag --json ARGUMENT...`.
field() { # FILTER ARGUMENT...
	local filter=$1
	shift
	alloc-perf frag --json "$@" | jq -r "$filter"
}

# Where nobody says where files lie (tmpfs), these tests have nothing to look at.
need_extents() {
	printf 'xxxxxxxxxxxxxxxx' | dd of=probe bs=16 status=none
	alloc-perf frag probe >/dev/null 2>&1 || skip "the file system of $WORK does not report extents"
	rm probe
}

refused() { # SENTENCE ARGUMENT...
	local sentence=$1
	shift
	run alloc-perf frag "$@"
	assert_status 2
	assert_output_has "$sentence"
}

# ---- wrong usage ----

@test "wrong usage is told in a sentence" {
	refused "give a file, a directory" -x
	refused "--volume takes one mount point" --volume a b
	refused "--swap takes files" --swap .
	refused "--where takes files" --where .
	refused "--directories takes directories" --directories file
	refused "--depth takes directories" --depth 1 file
	refused 'invalid number "101" for --depth' --depth 101 .
	refused "--swap takes files" --swap --volume a
	refused "--watch takes one file" --watch 1 a b
	refused 'invalid number of seconds "soon" for --watch: use 0.01 to 86400' --watch soon a
	refused "add --map" -o x.svg a
	refused "ends in .svg or .html" --map -o x.png a
	refused "use only one of --json, --each, --csv and --names" --json --csv a
	refused "--diff prints a table, or JSON" --diff b --csv a
	refused "--null is for --files-from and --names" -0 a
	refused 'invalid value "tape" for --model: use disk or flash' --model tape a
	refused 'invalid value "fragmnts" for --sort; did you mean "fragments"?' --sort fragmnts a
	refused 'invalid value "age" for --sort: use cost, fragments, extents, size or density' --sort age a
	refused 'invalid size "1KB" for --min-size: use a number with K, M, G or T, such as 64K' --min-size 1KB a
	refused 'invalid file or date' --newer yesterday a
	refused 'invalid number "-1" for --worst' --worst -1 a
	refused 'invalid number "65" for --threads' --threads 65 a
	refused "--extensions needs --volume" --extensions a
	refused "No such file or directory" --files-from missing
}

# ---- files ----

@test "files: a row each, with the name quoted" {
	need_extents
	echo x >$'odd\nname'
	echo y >$'bad\xff'
	sync -f .
	run alloc-perf frag $'odd\nname' $'bad\xff'
	assert_status 0
	assert_output_has "\$'odd\\nname'"
	assert_output_has "\$'bad\\377'"
	assert_output_has "Verdict: fine"
}

@test "files: what cannot be read is told, the others are shown, status 1" {
	need_extents
	echo x >there
	run alloc-perf frag there missing /dev/null
	assert_status 1
	assert_output_has " there"
	assert_output_has "missing: No such file or directory"
	assert_output_has "/dev/null: not a regular file"
}

@test "files: --verbose is what filefrag prints" {
	need_extents
	require_program filefrag
	dd if=/dev/zero of=file bs=1M count=3 status=none
	sync file
	run -0 filefrag -v file
	local theirs=$output
	run -0 alloc-perf frag -v file
	[ "$output" = "$theirs" ] || fail "$output"
}

@test "files: csv has a column for each field of JSON, and the name" {
	need_extents
	echo x >'a "b", c'
	alloc-perf frag --csv 'a "b", c' >rows
	run ! grep -q $'\r' rows
	[ "$(wc -l <rows)" = 2 ]
	alloc-perf frag --each 'a "b", c' | jq -r 'keys_unsorted - ["path"] | join(",")' >keys
	[ "$(head -n 1 rows)" = "$(cat keys),path" ]
	[[ $(tail -n 1 rows) == *',"a ""b"", c"' ]]
}

@test "files: a hole at the end is one, of any size, in each way to look" {
	need_extents
	mkdir tree
	truncate -s 1M tree/nothing
	head -c 8192 /dev/urandom >tree/end
	truncate -s 1M tree/end
	head -c 100 /dev/urandom >tree/one-block
	truncate -s 1M tree/one-block
	head -c 8192 /dev/urandom >tree/both
	fallocate -p -l 4096 tree/both || skip "no holes can be punched here"
	truncate -s 1M tree/both
	head -c 5000 /dev/urandom >tree/none
	sync -f tree
	local option
	for option in "" --exact; do
		[ "$(alloc-perf frag $option --each tree | jq -r '"\(.path) \(.holes)"' | sort | xargs)" = \
			"tree/both 2 tree/end 1 tree/none 0 tree/nothing 1 tree/one-block 1" ]
	done
	[ "$(alloc-perf frag --json tree/* | jq -c '[.files[].holes]')" = "[2,1,0,1,1]" ]
}

@test "files: --where: each fragment is counted in its part" {
	need_extents
	head -c 1000000 /dev/urandom >file
	truncate -s 1M empty-but-long
	: >empty
	sync file
	run -0 alloc-perf frag --where --ascii file empty
	assert_output_has "file: where its fragments start, in parts of 64 KiB"
	assert_output_has "empty: no fragments with a known start"
	[ "$(field '.files[0] | (.parts | length == 16) and ([.parts[].fragments] | add) == .fragments and
		(([.parts[].extra_seconds] | add) - .extra_seconds | fabs < 1e-9) and .parts[1].from_bytes == 65536' --where file)" = true ]
	[ "$(field '.files | map(.parts | length) | @csv' --where empty empty-but-long)" = 0,16 ]
	[ "$(field '.files[0] | has("parts")' file)" = false ]
}

@test "files: a swap file with a hole at its end is called unusable" {
	need_extents
	require_program mkswap
	truncate -s 8M made-by-truncate
	mkswap -q made-by-truncate 2>/dev/null
	sync made-by-truncate
	run -0 alloc-perf frag made-by-truncate
	assert_output_has "made-by-truncate: swap space; has holes: not usable as swap"
	[ "$(field '.files[0].swap | "\(.is_swap) \(.usable) \(.obstacle) \(.resume_offset)"' made-by-truncate)" = "true false has holes null" ]
	echo x >file
	run -0 alloc-perf frag file
	[[ $output != *swap* ]]
	run -0 alloc-perf frag --swap file
	assert_output_has "file: no swap space yet (mkswap makes it)"
	assert_output_has "not usable as swap"
	[ "$(field '.files[0] | has("swap")' file)" = false ]
}

@test "files: a name that is not UTF-8 keeps its bytes in JSON" {
	need_extents
	echo x >$'a\xff'
	run -0 field '.files[0].path_hex' $'a\xff'
	[ "$output" = 61ff ]
}

# ---- trees ----

@test "trees: everything is counted, once" {
	need_extents
	make_tree
	run -0 alloc-perf frag --json tree
	jq -e '.all.files == 3 and .counters.special_files == 2 and .counters.linked_again == 1
		and .counters.directories == 2 and .source == "walk" and .partial == false' <<<"$output"
	run -0 alloc-perf frag tree tree/sub tree/small.txt tree
	assert_output_has "3 files"
}

@test "trees: a table has the sums, the verdict and the classes" {
	need_extents
	make_tree
	run -0 alloc-perf frag --ascii tree
	assert_output_has "3 files"
	assert_output_has "Verdict: fine"
	assert_output_has "Fragments per file"
	assert_output_has "By size"
	assert_output_has "#"
	[[ $output != *█* ]]
}

@test "trees: --min-size and --newer leave out" {
	need_extents
	make_tree
	[ "$(field .all.files --min-size 1M tree)" = 1 ]
	[ "$(field .counters.filtered_files --min-size 1M tree)" = 2 ]
	touch -d 2020-01-01 tree/small.txt
	[ "$(field .all.files --newer 2020-01-01 tree)" = 2 ]
	[ "$(field .all.files --newer '2019-12-31 23:59' tree)" = 3 ]
	touch -d 2020-01-02 stamp
	[ "$(field .all.files --newer stamp tree)" = 2 ]
}

@test "trees: --exact, --sync and --threads change nothing about the fragments" {
	need_extents
	make_tree
	local expected
	expected=$(field .all.fragments tree)
	for option in --exact --sync --threads=1 --threads=7; do
		[ "$(field .all.fragments "$option" tree)" = "$expected" ] || fail "$option"
	done
	[ "$(field .counters.unopened_files --exact tree)" = 0 ]
}

@test "trees: --depth: sums by directory, as find counts the files" {
	need_extents
	mkdir -p tree/a/deep/er tree/b 'tree/with space'
	local file
	for file in top a/1 a/2 a/deep/3 a/deep/er/4 b/5 'with space/6'; do
		echo "$file" >"tree/$file"
	done
	sync -f tree
	local depth
	for depth in 0 1 2 3; do
		find tree -type f -printf '%h\n' | cut -d/ -f-$((depth + 1)) | sort | uniq -c | sed 's/^ *//' >expected
		field '.by_directory[] | "\(.files) \(.path)"' -d $depth tree | sort -k2 >ours
		sort -k2 expected | diff - ours
		# However it is named.
		field '.by_directory[] | "\(.files) \(.path)"' -d $depth "$PWD/tree/" | sed "s|$PWD/||" | sort -k2 | diff - ours
		(cd tree && field '.by_directory[] | "\(.files) \(.path)"' -d $depth .) | sed 's| \.| tree|' | sort -k2 | diff - ours
	done
	run -0 alloc-perf frag -d 1 -n 2 tree
	grep -Eq '^ +4 .* tree/a$' <<<"$output"
	assert_output_has "2 more (--worst 4 shows all)"
	run -0 field .by_directory tree
	[ "$output" = null ]
	# Two of them beside each other; names that are read count from their own start.
	[ "$(field '[.by_directory[] | "\(.files) \(.path)"] | sort | join(",")' -d 0 tree/a tree/b)" = "1 tree/b,4 tree/a" ]
	[ "$(find tree -type f | alloc-perf frag --files-from - --json -d 1 | jq -r '.by_directory[] | "\(.files) \(.path)"')" = "7 tree" ]
}

@test "--volume: --directories: as debugfs shows their blocks" {
	require_program debugfs
	make_image ext4
	# Two directories that grow by turns: names of 250 bytes fill a block of 1 KiB soon.
	local name i
	name=$(printf 'n%.0s' {1..240})
	{
		echo "mkdir one"
		echo "mkdir two"
		for ((i = 100; i < 130; i++)); do
			printf 'mknod one/%s p\nmknod two/%s p\n' "$name$i" "$name$i"
		done
	} >commands
	debugfs -w -f commands image >log 2>&1
	local directory expected
	for directory in one two sub; do
		expected=$(debugfs -R "blocks /$directory" image 2>/dev/null | tr ' ' '\n' | grep . |
			awk 'NR == 1 || $1 != last + 1 { runs++ } { last = $1 } END { print runs }')
		[ "$(field ".worst_directories[] | select(.path == \"/$directory\").fragments" --volume --directories image)" = \
			"$([ "$expected" = 1 ] || echo "$expected")" ] || fail "$directory $expected"
	done
	[ "$(field '.own_directories | .files > 3 and .fragmented_files >= 1' --volume --directories image)" = true ]
	[ "$(field '.own_directories.files' --volume image)" = 0 ]
	run -0 alloc-perf frag --volume --directories image
	assert_output_has "Directories themselves: "
	assert_output_has "e2fsck -fD"
}

@test "--volume: --depth: sums by directory of an image" {
	make_image ext4
	alloc-perf frag --volume --each image | jq -r '.path | if test("^/[^/]*$") then "/" else sub("(?<d>^/[^/]*)/.*"; .d) end' |
		sort | uniq -c | sed 's/^ *//' >expected
	field '.by_directory[] | "\(.files) \(.path)"' --volume -d 1 image | sort -k2 | diff expected -
	[ "$(wc -l <expected)" = 2 ]
}

@test "trees: --each has a line for each file" {
	need_extents
	make_tree
	[ "$(alloc-perf frag --each tree | jq -r .path | sort | wc -l)" = 3 ]
	alloc-perf frag --each tree | jq -r .path | grep -qx tree/small.txt
}

@test "trees: unreadable ones are listed, and are no reason to stop" {
	require root
	need_extents
	make_tree
	chmod 700 tree/sub
	chown -R 65534 tree && chown 0 tree/sub
	run as_user alloc-perf frag tree
	assert_status 1
	assert_output_has "Could not be read: 1"
	assert_output_has "tree/sub: Permission denied"
	assert_output_has "2 files"
}

@test "trees: 300 levels with long names, deeper than any path" {
	need_extents
	local name
	name=$(printf 'd%.0s' {1..100})
	python3 - "$name" <<-'END'
		import os, sys
		os.mkdir("deep")
		fd = os.open("deep", os.O_RDONLY)
		for _ in range(300):
		    os.mkdir(sys.argv[1], dir_fd=fd)
		    fd = os.open(sys.argv[1], os.O_RDONLY, dir_fd=fd)
		with open(os.open("bottom", os.O_CREAT | os.O_WRONLY, dir_fd=fd), "wb") as f:
		    f.write(b"x" * 10000)
	END
	run -0 alloc-perf frag --each deep
	[ "$(jq -r '.path | length' <<<"$output")" = $((4 + 300 * 101 + 7)) ]
}

@test "names: from a file, from a pipe, ended by zero bytes" {
	need_extents
	make_tree
	printf '%s\n' tree/small.txt '' tree/empty >list
	[ "$(field .all.files --files-from list)" = 2 ]
	find tree -type f -print0 | alloc-perf frag -0 --files-from - --json | jq -e '.all.files == 3'
	printf 'tree/small.txt' | alloc-perf frag --files-from - --json | jq -e '.all.files == 1'
	run alloc-perf frag --files-from - </dev/null
	assert_status 0
}

@test "names: only those worth rewriting" {
	need_extents
	make_tree
	run -0 alloc-perf frag --names tree
	[ -z "$output" ]
}

# ---- comparing ----

@test "--diff: the same is no worse, more fragments are" {
	need_extents
	make_tree
	alloc-perf frag --json tree >before
	run -0 alloc-perf frag --diff before tree
	assert_output_has "Verdict: no worse"
	assert_output_has "size in extents "
	assert_output_has " 2.00 MiB "
	[ "$(grep -c ' 0 %$' <<<"$output")" = 7 ]
	jq '.all.mapped_bytes -= 1048576 | .all.fragments -= 1 | .all.extra_seconds = 61.23456' before >changed
	run alloc-perf frag --diff changed tree
	grep -Eq '^size in extents +[0-9.]+ MiB +[0-9.]+ MiB +\+1 MiB +\+[0-9]+ %$' <<<"$output" || fail "$output"
	grep -Eq '^fragments +[0-9]+ +[0-9]+ +\+1 +\+[0-9]+ %$' <<<"$output" || fail "$output"
	grep -Eq '^cost of fragments +61.2 s +[^ ].* -.* %$' <<<"$output" || fail "$output"
	jq '.all.ideal_fragments = .all.fragments + 5' before >better
	run alloc-perf frag --diff better tree
	assert_status 1
	assert_output_has "Verdict: worse"
	jq '.all.fragments += 100' before >worse
	run -0 alloc-perf frag --diff worse tree
	assert_output_has "Verdict: better"
}

@test "--diff: files by their paths, and what only one of both has" {
	need_extents
	make_tree
	alloc-perf frag --json tree/sub/big.DAT tree/small.txt >now
	jq '.files |= map(if .path == "tree/small.txt" then .path = "tree/gone" else .fragments += 6 end)' now >before
	run alloc-perf frag --diff before tree/sub/big.DAT tree/small.txt
	grep -Eq '^before +now +change +fragments of$' <<<"$output" || fail "$output"
	grep -Eq '^ +7 +1 +-86 % +tree/sub/big.DAT$' <<<"$output" || fail "$output"
	assert_output_has "only before: tree/gone"
	assert_output_has "only now: tree/small.txt"
	run --separate-stderr alloc-perf frag --diff before --json tree/sub/big.DAT tree/small.txt
	assert_status 0
	[ "$(jq -c '[.schema, .kind, .verdict, .only_old, .only_new]' <<<"$output")" = \
		'[1,"frag-diff","no worse",["tree/gone"],["tree/small.txt"]]' ]
	jq -e '.files[0] | .path == "tree/sub/big.DAT" and .old == 7 and .new == 1' <<<"$output" >/dev/null || fail "$output"
	jq -e '.all.mapped_bytes | .unit == "bytes" and .old == .new and .change == 0' <<<"$output" >/dev/null || fail "$output"
	jq '.all.ideal_fragments += 5' now >better
	run --separate-stderr alloc-perf frag --diff better --json tree/sub/big.DAT tree/small.txt
	assert_status 1
	[ "$(jq -r .verdict <<<"$output")" = worse ]
}

@test "--diff: a result of before there was a kind is read as well" {
	need_extents
	mkdir tree
	echo x >tree/a
	alloc-perf frag --json tree >now
	[ "$(jq -c '[.schema, .kind]' now)" = '[1,"frag"]' ]
	jq -c '.schema = "alloc-perf-frag/1" | del(.kind)' now >before
	run -0 alloc-perf frag --diff before tree
	jq -c '.kind = "report"' now >report
	refused "was not written by" --diff report tree
}

@test "--diff: what is no result of frag is refused" {
	need_extents
	make_tree
	echo nonsense >before
	refused "cannot be read as JSON" --diff before tree
	echo '{}' >before
	refused "was not written by" --diff before tree
	refused "cannot be read as JSON" --diff missing tree
}

# ---- pictures ----

@test "--map: on the terminal, as svg and as html" {
	need_extents
	make_tree
	run -0 alloc-perf frag --map --ascii tree/sub/big.DAT
	assert_output_has "Location on the volume"
	run -0 alloc-perf frag --map -o x.svg tree
	python3 -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' x.svg
	run -0 alloc-perf frag --map -o x.html tree/sub/big.DAT
	grep -q '<!doctype html>' x.html
	run alloc-perf frag --map -o /missing/x.svg tree
	assert_status 2
	assert_output_has "cannot write /missing/x.svg: No such file or directory"
}

# ---- ends ----

# Ends COMMAND by SIGINT once FILE has something in it.
interrupted() { # FILE COMMAND...
	local file=$1 status=0
	shift
	"$@" >"$file" 2>errors &
	local pid=$!
	wait_until test -s "$file"
	kill -INT "$pid"
	wait "$pid" || status=$?
	[ "$status" = 130 ] || fail "status $status: $(cat "$file" errors)"
}

@test "--watch: a row whenever it changes, until Ctrl-C" {
	need_extents
	dd if=/dev/zero of=growing bs=64K count=1 status=none
	interrupted rows alloc-perf frag --watch 0.05 growing
	grep -q fragments rows
	[ "$(wc -l <rows)" -ge 2 ]
	run alloc-perf frag --watch 0.05 missing
	assert_status 1
}

# interrupted_after SECONDS: while it waits for another name.
interrupted_after() {
	exec 9<>names
	printf 'tree\n' >&9
	alloc-perf frag --files-from names >out 2>errors &
	# Empty lines are no names.  More than a pipe holds: it has begun to read.
	yes '' | timeout 60 head -n 100000 >&9
	sleep "$1"
	kill -INT $!
	status=0
	wait $! || status=$?
	exec 9>&-
}

@test "Ctrl-C: what is known is shown, and called partial" {
	need_extents
	make_tree
	mkfifo names
	# A busy machine may take its time for the three.
	for seconds in 0.1 1 5 25; do
		interrupted_after $seconds
		assert_status 130
		grep -q PARTIAL out
		grep -q interrupted errors
		! grep -q '3 files' out || break
	done
	grep -q '3 files' out
}

@test "a full output is an error" {
	need_extents
	make_tree
	run sh -c 'alloc-perf frag tree >/dev/full'
	assert_status 1
	assert_output_has "cannot print: No space left on device"
}

@test "no progress where stderr is no terminal" {
	need_extents
	make_tree
	alloc-perf frag tree 2>errors >/dev/null
	[ ! -s errors ]
}

# ---- volumes ----

make_image() { # TYPE
	require_program "mkfs.$1"
	truncate -s 64M image
	mkdir -p content/sub
	dd if=/dev/zero of=content/big bs=1M count=20 status=none
	echo x >content/sub/small
	"mkfs.$1" -q -F -d content image
}

@test "--volume: an image of ext, without root" {
	local type
	for type in ext2 ext3 ext4; do
		make_image "$type"
		chmod 644 image
		run -0 as_user alloc-perf frag --volume --json image
		jq -e --arg type "$type" '.source == "ext" and .filesystem == $type and .all.files == 2
			and .free_space.bytes > 1000000' <<<"$output"
	done
}

@test "--volume: free space as e2freefrag finds it" {
	make_image ext4
	require_program e2freefrag
	run -0 e2freefrag image
	local theirs
	theirs=$(awk '/^Free blocks/ { free = $3 } /^Num. free/ { runs = $4 } /^Max. free/ { most = $4 }
		/^Blocksize/ { block = $2 } END { print free * block, runs, most * 1024 }' <<<"$output")
	run -0 field '.free_space | "\(.bytes) \(.runs) \(.largest_bytes)"' --volume image
	[ "$output" = "$theirs" ] || fail "$output instead of $theirs"
}

@test "--volume: names of all files, and sums by extension where they are asked for" {
	local type
	for type in ext2 ext4; do
		make_image "$type"
		[ "$(alloc-perf frag --volume --each image | jq -r .path | sort | xargs)" = "/big /sub/small" ]
		[ "$(alloc-perf frag --volume --csv image | tail -n +2 | wc -l)" = 2 ]
		run -0 alloc-perf frag --volume --names image
		[ -z "$output" ]
		[ "$(field '.by_extension | length' --volume image)" = 0 ]
		[ "$(field '.by_extension[0].files' --volume --extensions image)" = 2 ]
	done
}

# An ext4 with a file in RUNS pieces of 64 KiB, 1.25 MiB apart, at /sub/big and with its name at
# the top, and then FREE blocks free in one run.  Made without being mounted.
make_pieces() { # RUNS FREE [NAME-AT-THE-TOP]
	require_program debugfs
	local blocks=$(($1 * 320 + 8000 + $2)) run
	truncate -s $((blocks * 4096)) image
	mkfs.ext4 -q -F -b 4096 image
	head -c $(($1 * 65536)) /dev/zero | tr '\0' z >filling
	{
		echo "mkdir sub"
		echo "setb 1 $((blocks - 1))"
		for ((run = 0; run < $1; run++)); do
			echo "freeb $((8000 + run * 320)) 16"
		done
		# The last blocks go to the map.
		echo "freeb 7000 8"
		echo "cd sub"
		echo "write filling big"
		[ -z "${3:-}" ] || printf 'cd /\nln sub/big %s\nunlink sub/big\n' "$3"
		[ "$2" = 0 ] || echo "freeb $((blocks - $2)) $2"
	} >commands
	debugfs -w -f commands image >log 2>&1
	[ "$(alloc-perf frag --volume --json image | jq .all.fragments)" -ge "$1" ] || fail "$(cat log)"
}

@test "--volume: advice and names of an image are no paths of this machine" {
	make_pieces 250 6000
	run -0 alloc-perf frag --volume --model disk image
	assert_output_has "Mount it, then:"
	assert_output_has "    e4defrag MOUNTPOINT/sub/big"
	[[ $output != *"e4defrag /sub"* ]]
	run -0 alloc-perf frag --volume --model disk --names image
	[ "$output" = sub/big ]
	# Elsewhere they begin at the top of the volume.
	[ "$(alloc-perf frag --volume --each image | jq -r .path)" = /sub/big ]
}

@test "--volume: a file that the free space has no room for is not called worth rewriting" {
	local free
	for free in 0 300; do
		make_pieces 250 $free
		run -0 alloc-perf frag --volume --model disk image
		assert_output_has "Verdict: rewriting would not help now: the fragments cost at most"
		assert_output_has "/sub/big: 15.6 MiB in 252 fragments; a second copy does not fit"
		[[ $output != *MOUNTPOINT* ]]
		run -0 alloc-perf frag --volume --model disk --names image
		[ -z "$output" ]
		[ "$(field '"\(.worth_rewriting.files) \(.worth_but_no_room.files)"' --volume --model disk image)" = "0 1" ]
	done
}

@test "--volume: half a second is no reason to rewrite, and whom it costs is said" {
	make_pieces 60 6000
	run -0 alloc-perf frag --volume --model disk image
	assert_output_has "Verdict: fine: the fragments cost at most "
	assert_output_has ", once, per full read ("
	assert_output_has "random access is hardly affected: look elsewhere"
	[[ $output != *e4defrag* && $output != *"rotating disk"* ]]
	[ "$(field .verdict --volume --model disk image)" = fine ]
	make_pieces 250 6000
	run -0 alloc-perf frag --volume --model disk image
	assert_output_has "Verdict: worth rewriting: 1 file, 15.6 MiB: the fragments cost at most 1.4"
	assert_output_has "once, per full read of them (1.5"
	[ "$(field .verdict --volume --model disk image)" = worth-rewriting ]
	[ "$(field .verdict --volume --model flash image)" = fine ]
}

@test "the model that the device suggests is questioned, where it matters" {
	make_pieces 60 0
	run -0 alloc-perf frag --volume image
	if [ "$(field .model --volume image)" = disk ]; then
		assert_output_has "reports that it is a rotating disk; if it is not: --model flash"
	else
		[[ $output != *"rotating disk"* ]]
	fi
}

@test "one is one file, one run, one fragment" {
	need_extents
	make_tree
	run -0 alloc-perf frag tree/sub --min-size 1
	assert_output_has "1 file, 2 MiB"
	[[ $output != *"1 files"* && $output != *"1 fragments"* && $output != *"1 extents"* ]]
	make_image ext4
	run -0 alloc-perf frag --volume image
	[[ $output != *" 1 files"* && $output != *" 1 runs"* ]]
}

@test "--names: a leading dash is no option of who reads them" {
	make_pieces 250 6000 -v
	run -0 alloc-perf frag --volume --model disk --names image
	[ "$output" = ./-v ]
	run -0 alloc-perf frag --volume --model disk image
	assert_output_has "e4defrag MOUNTPOINT/-v"
}

@test "--volume: other images have to be mounted, status 3" {
	truncate -s 64M image
	run alloc-perf frag --volume image
	assert_status 3
	assert_output_has "mount it"
	run alloc-perf frag --volume missing
	assert_status 1
	run alloc-perf frag --volume /dev/null
	assert_status 2
}

# refused_image STATUS SENTENCE: of what stands in `image`.
refused_image() {
	local status=0 text
	text=$(alloc-perf frag --volume image 2>&1) || status=$?
	[ "$status" = "$1" ] || fail "status $status: $text"
	[[ $text == *"image $2"* ]] || fail "$text"
	[[ $text != *"mount it"* ]] || fail "$text"
}

# put FORMAT OFFSET: bytes as printf has them.
put() {
	# shellcheck disable=SC2059 # it is a format
	printf "$1" | dd of=image bs=1 seek="$2" conv=notrunc status=none
}

@test "--volume: what holds no file system is told by what it is" {
	: >image
	refused_image 1 "is empty"
	truncate -s 20M image
	put 'LUKS\xba\xbe\x00\x01' 0
	put '01234567-89ab-cdef-0123-456789abcdef' 168
	refused_image 1 "is encrypted with LUKS; open it (cryptsetup open"
	# The superblock of md, version 1.2, with its checksum.
	: >image && truncate -s 20M image
	put '\xfc\x4e\x2b\xa9\x01\0\0\0' 4096
	put '\x08' $((4096 + 144))
	put '\x05\x4f\x2b\xa9' $((4096 + 216))
	refused_image 1 "is a member of a RAID or pool (linux_raid_member); assemble it (mdadm"
	: >image && truncate -s 20M image
	put '\x83' 450 && put '\x08' 455 && put '\x08' 459 && put '\x55\xaa' 510
	refused_image 1 "is a whole disk with a partition table (dos); choose one of its partitions with --partition"
	: >image && truncate -s 20M image
	put 'SWAPSPACE2' 4086 && put '\x01\0\0\0\xff\x0f\0\0' 1024
	refused_image 1 "is swap space"
	printf 'QFI\xfb\0\0\0\3' >image
	refused_image 1 "is a disk image in the format qcow2; convert it (qemu-img convert"
	gzip -c "$BATS_TEST_FILENAME" >image
	refused_image 1 "is compressed; unpack it (gzip -d)"
}

@test "--volume: journals, dumps and damaged superblocks have sentences of their own" {
	require_program mkfs.ext2
	require_program mkfs.btrfs
	require_program btrfs-image
	truncate -s 20M image
	mke2fs -q -F -O journal_dev image
	refused_image 1 "is the journal of another device and has no files"
	truncate -s 120M image
	mkfs.btrfs -q -f image
	btrfs-image image dump
	mv dump image
	refused_image 1 "is a dump made by btrfs-image; restore it (btrfs-image -r)"
	# The size of an inode is no power of two.
	mkfs.ext2 -q -F image 8M
	put '\x03' 1112
	run -1 alloc-perf frag --volume image
	assert_output_has "superblock is corrupt"
	# A feature that nobody has: libext2fs has words for that, too.
	mkfs.ext2 -q -F image 8M
	put '\x80' 1123
	run -1 alloc-perf frag --volume image
	assert_output_has "unsupported feature"
	[[ $output != *"Unknown code"* ]]
}

@test "--volume: --partition names one that is there, of a disk" {
	truncate -s 20M image
	run alloc-perf frag --volume --partition 1 image
	assert_status 2
	assert_output_has "image has no partition table; leave out --partition"
	put '\x83' 450 && put '\x08' 455 && put '\x08' 459 && put '\x83' 498 && put '\x20' 503 && put '\x08' 507 && put '\x55\xaa' 510
	run alloc-perf frag --volume --partition 3 image
	assert_status 2
	assert_output_has "image has no partition 3; it has 1, 4"
	run alloc-perf frag --volume --partition 4 image
	assert_status 1
	assert_output_has "partition 4 of image contains no known file system"
	run alloc-perf frag --volume --partition 1 .
	assert_status 2
	assert_output_has "--partition is for an image of a disk"
	run alloc-perf frag --partition 1 image
	assert_status 2
	assert_output_has "--partition needs --volume"
	run alloc-perf frag --volume --partition 0 image
	assert_status 2
	assert_output_has "invalid number"
}

@test "--volume: without a guest an image of xfs is refused, status 3" {
	require_program mkfs.xfs
	truncate -s 320M image
	mkfs.xfs -q -f image
	PATH=$TEST_DIR/bin run "$TEST_DIR/bin/alloc-perf" frag --volume image
	assert_status 3
	assert_output_has "image holds xfs, which is read in a guest, and none can be started"
	[[ $output != *"--on"* ]]
}

@test "--volume: an image with the mark of a RAID is read, with a note" {
	make_image ext4
	# md, version 1.0, near the end: where mirrors have it, and stripes, too.
	local at=$((64 * 1024 * 1024 - 8192))
	put '\xfc\x4e\x2b\xa9\x01\0\0\0' $at
	put '\xf0\xff\x01' $((at + 144))
	put '\xed\x4e\x2d\xa9' $((at + 216))
	run -0 alloc-perf frag --volume image
	assert_output_has "2 files"
	assert_output_has "also marked as a member of a RAID"
}

@test "--volume: a mount without a device is walked, whatever stands here by the name of its source" {
	make_image ext4
	mv image proc
	run -0 alloc-perf frag --volume --json /proc
	jq -e '.source == "walk" and .filesystem != "ext4"' <<<"$output"
	run -0 alloc-perf frag --volume /proc
	assert_output_has "it has no block device"
}

@test "--volume: an image of ext that was not unmounted is called out of date" {
	make_image ext4
	require_program debugfs
	run -0 alloc-perf frag --volume image
	[[ $output != *"out of date"* ]] || fail "$output"
	run -0 field .note --volume image
	[ "$output" = null ]
	debugfs -w -R 'feature needs_recovery' image
	local without_guests=$TEST_DIR/bin
	PATH=$without_guests run -0 "$TEST_DIR/bin/alloc-perf" frag --volume image
	assert_output_has "May be out of date: its journal was not replayed; mounting it or e2fsck -fp does that."
	PATH=$without_guests run -0 "$TEST_DIR/bin/alloc-perf" frag --volume --json image
	jq -e '.note | contains("its journal was not replayed")' <<<"$output"
	PATH=$without_guests run -0 "$TEST_DIR/bin/alloc-perf" frag --volume --each image
	assert_output_has "alloc-perf: May be out of date"
	make_image ext2
	debugfs -w -R 'set_super_value state 0' image
	run -0 alloc-perf frag --volume image
	assert_output_has "May be out of date: it was not unmounted"
}

@test "--volume: blocks of attributes are no fragments, and inline data is as long as it is" {
	require_program mkfs.ext4
	require_program debugfs
	mkdir content
	: >content/empty
	printf hello >content/tiny
	printf x >content/data
	head -c 2000 /dev/zero | tr '\0' a >value
	truncate -s 16M image
	mkfs.ext4 -q -F -b 4096 -I 256 -O inline_data -d content image
	debugfs -w -R 'ea_set -f value /empty user.long' image
	for way in --quiet --exact; do
		run -0 alloc-perf frag --volume --json $way image
		jq -e '.all | .files == 3 and .mapped_bytes == 6 and .extents == 2' <<<"$output"
		jq -e '.counters | .inline_bytes == 6 and .blockless_files == 3' <<<"$output"
	done
	run -0 alloc-perf frag --volume --each image
	jq -se '.[] | select(.path == "/empty") | .disk_bytes == 4096 and .fragments == 0' <<<"$output"
}

@test "--volume: a damaged map of ext is told, the rest is shown" {
	make_image ext4
	require_program debugfs
	local block offset
	read -r block offset < <(debugfs -R 'imap /sub/small' image 2>/dev/null |
		sed -n 's/.*located at block \([0-9]*\), offset \(0x[0-9a-f]*\).*/\1 \2/p')
	# The map stands 40 bytes within the inode, and begins with its magic number.
	printf XX | dd of=image bs=1 conv=notrunc status=none \
		seek=$((block * $(dumpe2fs -h image 2>/dev/null | awk '/^Block size/ { print $3 }') + offset + 40))
	run alloc-perf frag --volume --exact image
	assert_status 1
	assert_output_has "Could not be read: 1"
	assert_output_has "Structure needs cleaning"
	assert_output_has "1 file,"
}

@test "--volume: an inode table of ext that cannot be read is told, the rest is shown" {
	require_program mkfs.ext2
	require_program debugfs
	mkdir content
	for name in $(seq 30); do
		echo "$name" >"content/$name"
	done
	truncate -s 40M image
	mkfs.ext2 -q -F -b 1024 -I 256 -N 80 -d content image
	debugfs -w -R 'set_block_group 2 inode_table 0' image
	debugfs -w -R 'set_block_group 3 inode_table 0' image
	run -1 alloc-perf frag --volume image
	assert_output_has "21 files"
	assert_output_has "Could not be read: 2"
	assert_output_has "inodes 33 to 48': Structure needs cleaning"
	assert_output_has "inodes 49 to 64': Structure needs cleaning"
	assert_output_has "Some of its inode tables cannot be read; run e2fsck -n"
	# The end of the table is missing: eight inodes are in a block.
	rm image
	truncate -s 8M image
	mkfs.ext2 -q -F -b 1024 -I 128 -N 64 -d content image
	truncate -s "$(($(dumpe2fs image 2>/dev/null | sed -n 's/.*Inode table at \([0-9]*\)-.*/\1/p') + 4))K" image
	run -1 alloc-perf frag --volume image
	assert_output_has "21 files"
	assert_output_has "inodes 33 to 64': Input/output error"
}

@test "--volume: the order of files is the same in every run, whatever the threads" {
	require_program mkfs.ext4
	mkdir content
	for folder in $(seq 40); do
		mkdir "content/$folder"
		for name in $(seq 40); do
			head -c "$((name * 300))" /dev/zero >"content/$folder/$name"
		done
	done
	truncate -s 120M image
	# Some hundred inodes a group.
	mkfs.ext4 -q -F -b 1024 -N 2400 -d content image
	alloc-perf frag --each --volume --threads 1 image >one
	[ "$(wc -l <one)" = 1600 ]
	jq .inode one | sort -nc
	alloc-perf frag --json --volume --threads 1 image >sums
	for _ in $(seq 10); do
		alloc-perf frag --each --volume --threads 16 image >many
		cmp one many
		alloc-perf frag --json --volume --threads 16 image >again
		cmp sums again
	done
}

@test "--volume: noise in place of inode tables is no end of the program" {
	make_image ext4
	dd if=/dev/urandom of=image bs=1024 seek=2 count=60000 conv=notrunc status=none
	run alloc-perf frag --volume image
	[ "$status" -le 3 ] || fail "status $status: $output"
}

@test "--volume: descriptors of ext that are nonsense are not taken for an empty file system" {
	make_image ext4
	# Blocks of 1 KiB or of 4.
	head -c 6144 /dev/zero | tr '\0' '\377' | dd of=image bs=1024 seek=2 conv=notrunc status=none
	run -1 alloc-perf frag --volume image
	assert_output_has "inode tables cannot be read"
}

@test "doc/frag.md has every field" {
	need_extents
	echo x >file
	local key
	for key in $(alloc-perf frag --each file | jq -r 'keys[]') \
		$(alloc-perf frag --json file | jq -r 'keys[], (.all | keys[])'); do
		grep -qF "\`$key\`" "$ALLOC_PERF_SOURCE/doc/frag.md" || fail "$key"
	done
}
