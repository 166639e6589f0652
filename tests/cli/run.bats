#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# alloc-perf run: what it refuses, what it plans, and the testbed dir, which
# needs neither root nor a guest.
load helper

small() { # the quickest real run
	alloc-perf run --on "dir:$WORK" -m fallocate,chunk-4096 -s 1M "$@"
}

@test "--help shows options and examples" {
	run alloc-perf run --help
	assert_status 0
	assert_output_has "--keep-images"
	assert_output_has "Examples:"
}

# ---- wrong usage: status 2, one sentence, nothing made ----

refused() { # SENTENCE ARGUMENT...
	local sentence=$1
	shift
	run alloc-perf run -o result.jsonl "$@"
	assert_status 2
	assert_output_has "$sentence"
	[ ! -e result.jsonl ]
	[ -z "$(leftovers)" ]
}

@test "an unknown file system is named, with the nearest one" {
	refused 'unknown file system "etx4"; did you mean "ext4"?' --fs etx4
}

@test "a file system that is none of ours is not taken for another" {
	# shellcheck disable=SC2016 # a backquote is one
	refused 'unknown file system "zfs"; `alloc-perf list filesystems` shows them all' --fs zfs
	refused 'unknown file system "ext3"; did you mean "ext3-ordered"?' --fs ext3
	refused 'unknown file system "EXT4"; did you mean "ext4"?' --fs EXT4
	refused 'unknown testbed "dirr:/tmp"; did you mean "dir"?' --on dirr:/tmp
}

@test "an unknown method is named, with the nearest one" {
	refused 'did you mean "fallocate"?' --methods falocate
}

@test "an unknown testbed is named, with those that exist" {
	refused 'use auto, uml[:KERNEL], loop, qemu[:KERNEL], device:PATH or dir:PATH' --on umll
	refused 'the testbed dir needs a PATH' --on dir
	refused 'takes no argument' --on loop:x
}

@test "what is no size is refused" {
	refused 'invalid file size "4Q"' --size 4Q
	refused 'invalid file size "-1"' --size=-1
	refused 'the file size must be larger than 0' --size 0
	refused 'invalid file size "4KB"' --size 4KB
	refused 'larger than any file can be' --size 8E
	refused 'invalid volume size "x"' --volume x
}

@test "a file larger than its volume is refused" {
	refused 'a file of 2G does not fit on a volume of 1G' --size 2G --volume 1G
}

@test "a volume too small for a file system is refused" {
	refused 'xfs needs a volume of at least 300M' --fs xfs --size 1M --volume 100M
}

@test "a number of runs that is none is refused" {
	refused 'invalid number of runs "0"' --runs 0
	refused 'invalid number of runs "two"' --runs two
}

@test "--seed, --precision and --max-time are checked" {
	refused 'invalid seed "x"' --seed x
	refused 'invalid precision "0"' --runs auto --precision 0
	refused 'invalid precision "200"' --runs auto --precision 200
	refused 'invalid time limit "soon"' --runs auto --max-time soon
	refused '--precision applies to --runs auto' --precision 3
	refused '--max-time applies to --runs auto' --max-time 3m --runs 3
}

@test "a plan file with a wrong key is refused with its line" {
	printf '[plan]\nmethods = mmap\nfs = ext4\n' >plan.ini
	refused 'plan.ini:3: unknown key "fs" in [plan]' --plan plan.ini
	refused 'cannot read the plan missing.ini' --plan missing.ini
}

@test "an unknown preset is refused" {
	refused 'unknown preset "2010"' --preset 2010
}

@test "a word that is no option is refused" {
	refused 'unexpected argument "ext4"; choose file systems with --fs and methods with --methods' ext4
}

@test "--timeout wants a time" {
	refused 'invalid time "soon" for --timeout: use seconds, or a time such as 90s, 10m or 1h30m' --timeout soon
	refused 'invalid time "0" for --timeout: use 1 to 10000000 seconds' --timeout 0
}

@test "an existing result file is kept unless --force is given" {
	echo precious >result.jsonl
	run small -o result.jsonl
	assert_status 2
	assert_output_has "result.jsonl exists; overwrite it with --force"
	[ "$(cat result.jsonl)" = precious ]
	run small -o result.jsonl --force
	assert_status 0
	[ "$(grep -c '"type":"trial"' result.jsonl)" = 2 ]
}

@test "a full disk under the result file is told with its name" {
	run small -o /dev/full --force
	assert_status 1
	assert_output_has "cannot write /dev/full: No space left on device"
}

@test "a result file that cannot be written is refused before any trial" {
	run small -o missing/result.jsonl
	assert_status 2
	assert_output_has "cannot write missing/result.jsonl: No such file or directory"
}

# ---- what this machine lacks: status 3 ----

@test "a directory that cannot be written is refused" {
	mkdir -m 555 closed
	run as_user alloc-perf run --on dir:closed -s 1M -o result.jsonl
	assert_status 3
	assert_output_has "cannot write to the directory closed: Permission denied"
	run alloc-perf run --on dir:missing -s 1M -o result.jsonl
	assert_status 3
	assert_output_has "cannot use the directory missing: No such file or directory"
	touch file
	run alloc-perf run --on dir:file -s 1M -o result.jsonl
	assert_status 3
	assert_output_has "file is not a directory"
	[ ! -e result.jsonl ]
}

@test "a directory without the room is refused" {
	run alloc-perf run --on "dir:$WORK" -s 1000T -o result.jsonl
	assert_status 3
	assert_output_has "free and the run can need"
	[ ! -e result.jsonl ]
}

@test "a scratch directory that cannot be used is refused" {
	require uml
	run alloc-perf run --on uml --fs ext4 -s 1M --scratch missing -o result.jsonl
	assert_status 3
	assert_output_has "cannot examine missing: No such file or directory; create it, or choose another directory"
	mkdir -m 555 closed
	run as_user alloc-perf run --on uml --fs ext4 -s 1M --scratch closed -o result.jsonl
	assert_status 3
	assert_output_has "choose another directory with --scratch"
}

@test "a missing mkfs that was asked for is refused, with what to install" {
	printf '[mine]\ntype = ext4\nmkfs = mkfs.nowhere -f\npackage = nowhere-progs\n' >plan.ini
	run alloc-perf run --plan plan.ini --fs mine -s 1M -o result.jsonl
	assert_status 3
	assert_output_has "mine: mkfs.nowhere is missing; install nowhere-progs"
	[ ! -e result.jsonl ]
}

@test "loop without root says what to do" {
	run as_user alloc-perf run --on loop -s 1M -o result.jsonl
	assert_status 3
	assert_output_has "the testbed loop needs root"
}

# ---- planning ----

@test "--dry-run prints the trials and touches nothing" {
	run alloc-perf run --dry-run --on uml --fs ext4-nodelalloc,xfs -m fallocate,chunk-8K -s 1G --runs 2
	assert_status 0
	assert_output_has "ext4-nodelalloc fallocate 1G, run 1: mkfs.ext4"
	assert_output_has "mount -t ext4 -o nodelalloc; volume of 5G"
	assert_output_has "xfs chunk-8192 1G, run 2"
	assert_output_has "8 trials on uml; nothing was changed"
	[ -z "$(ls)" ]
	[ -z "$(leftovers)" ]
}

@test "--mount-options and --mkfs-options make variants, which --dry-run shows" {
	run alloc-perf run -n --on uml --fs ext4,xfs -m mmap --mount-options "" --mount-options noatime,nodelalloc \
		--mkfs-options "-E stride=4"
	assert_status 0
	assert_output_has "ext4+-Estride=4 mmap 64M, run 1: mkfs.ext4 -F -q -E lazy_itable_init=0,lazy_journal_init=0,stride=4 IMAGE; mount -t ext4;"
	assert_output_has "ext4+noatime+nodelalloc+-Estride=4 mmap"
	assert_output_has "xfs+noatime+nodelalloc+-Estride=4 mmap 64M, run 1: mkfs.xfs -f -q -E stride=4 IMAGE; mount -t xfs -o noatime,nodelalloc;"
	assert_output_has "4 trials on uml"
}

@test "options that make no variant are refused" {
	run alloc-perf run -n --mount-options "-o noatime"
	assert_status 2
	assert_output_has 'invalid mount options "-o noatime": separate them by commas, without -o'
	run alloc-perf run -n --mkfs-options bigalloc
	assert_status 2
	assert_output_has '"bigalloc" is neither an option nor the value of one'
	run alloc-perf run -n --mkfs-options $'-O\nbigalloc'
	assert_status 2
	assert_output_has "--mkfs-options contains a line break; give the option several times"
	run alloc-perf run -n --fs ext4+nodelalloc
	assert_status 2
	assert_output_has "use --fs ext4 and add its options with --mount-options or --mkfs-options"
	run alloc-perf run -n --on dir:. --mount-options noatime
	assert_status 2
	assert_output_has "--mount-options applies to testbeds that create file systems"
}

# planned ARGUMENT...: file system, method and size of each trial.
planned() {
	alloc-perf run -n --on uml "$@" | sed -n 's/, run 1: .*; volume of / on /p'
}

@test "--vary compares parameters of methods" {
	[ "$(planned --fs ext4 -m chunk-1M,mmap --vary chunk=4K,64K)" = "ext4 chunk-4096 64M on 512M
ext4 chunk-64K 64M on 512M
ext4 mmap 64M on 512M" ]
	[ "$(planned --fs ext4 -m fallocate-step,chunk-1M --vary step=16M..64M)" = "ext4 fallocate-step-16M 64M on 512M
ext4 fallocate-step-32M 64M on 512M
ext4 fallocate-step-64M 64M on 512M
ext4 chunk-1M 64M on 512M" ]
	[ "$(planned --fs ext4 -m chunk,fallocate-step --vary chunk=64K --vary step=1M)" = "ext4 chunk-64K 64M on 512M
ext4 fallocate-step-1M 64M on 512M" ]
	[ "$(planned --fs ext4 -m uring --vary depth=2..8 --vary chunk=64K)" = "ext4 uring-64K-2 64M on 512M
ext4 uring-64K-4 64M on 512M
ext4 uring-64K-8 64M on 512M" ]
}

@test "--vary compares keys of the plan" {
	[ "$(planned -m mmap --vary fs=ext4 --vary size=1M..4M,7M)" = "ext4 mmap 1M on 512M
ext4 mmap 2M on 512M
ext4 mmap 4M on 512M
ext4 mmap 7M on 512M" ]
	[ "$(planned --fs ext4 -s 1M --vary methods=mmap,fallocate --vary volume=512M..1G)" = "ext4 mmap 1M on 512M
ext4 fallocate 1M on 512M
ext4 mmap 1M on 1G
ext4 fallocate 1M on 1G" ]
	[ "$(planned --fs ext4 -s 1M -m mmap --vary mount-options=,noatime --vary mkfs_options=,"-b 1024")" = "ext4 mmap 1M on 512M
ext4+-b1024 mmap 1M on 512M
ext4+noatime mmap 1M on 512M
ext4+noatime+-b1024 mmap 1M on 512M" ]
}

@test "--vary refuses what nothing takes" {
	refused '--vary has no key "chunks"; did you mean "chunk"?' --vary chunks=4K
	refused '--vary has no key "runs"; use chunk, step, depth, size, volume, fs, methods' --vary runs=1,2
	refused 'no method of this run has a chunk size; add one to --methods, such as chunk-4K' -m mmap --vary chunk=4K
	refused 'invalid argument "chunk" for --vary: use KEY=LIST, such as chunk=4K,64K,1M' --vary chunk
	refused '--vary size= has no values' --vary size=
	refused 'invalid range "4M..1M" for --vary: use two sizes or numbers, the smaller one first' --vary size=4M..1M
	refused 'invalid range "0..1M" for --vary' --vary size=0..1M
	refused '--vary gives values of "size", which are given already; give them once' -s 1M --vary size=2M
	refused '--vary gives values of "chunk", which are given already' --vary chunk=1M --vary chunk=2M
	refused '--volume applies to testbeds that create file systems' --on dir:. --vary volume=1G
	refused '--vary chunk: "4K" repeats "4K"; give each value once' -m chunk --vary chunk=4K,4K
	refused '--vary chunk: "4096" repeats "4K"' -m chunk --vary chunk=4K,8K,4096
	refused '--vary step: "2M" repeats "2M"' -m fallocate-step --vary step=1M..4M,2M
	refused '--vary depth: "8" repeats "8"' -m uring-64K --vary depth=2..8,8
	refused '--vary fs: "ext4" repeats "ext4"' --vary fs=ext4,xfs,ext4
	refused '--vary mount-options: "noatime" repeats "noatime"' --vary mount-options=noatime,,noatime
}

@test "--vary stands in the result file as what it made" {
	alloc-perf run -q --on "dir:$WORK" -m chunk -r 1 --seed 1 --vary chunk=4K..16K --vary size=64K,1M -o result.jsonl
	[ "$(jq -r 'select(.type == "trial") | "\(.method) \(.file_bytes)"' result.jsonl | sort)" = "chunk-16384 1048576
chunk-16384 65536
chunk-4096 1048576
chunk-4096 65536
chunk-8192 1048576
chunk-8192 65536" ]
	head -n 3 result.jsonl >cut.jsonl
	run alloc-perf run --resume cut.jsonl --vary size=1M
	assert_status 2
	assert_output_has "--resume uses the plan in the file; omit options that change the plan"
	alloc-perf run -q --resume cut.jsonl
	[ "$(grep -c '"type":"trial"' cut.jsonl)" = 6 ]
}

@test "the preset 2009 is the original experiment" {
	run alloc-perf run --dry-run --on uml --preset 2009
	assert_status 0
	assert_output_has "32 trials on uml"
	assert_output_has "ext3-guarded chunk-4096 4G, run 1"
	assert_output_has "volume of 20G"
}

@test "the command line goes before the plan file, and that before the preset" {
	printf '[plan]\nmethods = mmap\nsizes = 2M\n' >plan.ini
	run alloc-perf run --dry-run --on uml --preset demo --plan plan.ini -s 3M --fs ext2
	assert_status 0
	assert_output_has "ext2 mmap 3M, run 1"
	assert_output_has "1 trials on uml"
}

@test "an unknown scenario or program is named, with the nearest one" {
	refused 'unknown scenario "torent"; did you mean "torrent"?' --scenario torent
	# shellcheck disable=SC2016 # a backquote is one
	refused 'unknown program "moon"; `alloc-perf list programs` shows them all' --as moon
	printf '[plan]\nscenario = wall\n' >plan.ini
	refused 'unknown scenario "wall"; did you mean "wal"?' --plan plan.ini
}

@test "a scenario is a whole plan, and so is a preset" {
	refused 'the preset "demo" and the scenario "log" are both a plan; use one of them' --preset demo --scenario log
	refused 'the preset "2009" and the program "fio" are both a plan; use one of them' --preset 2009 --as fio
}

@test "the command line goes before the plan file, that before the program, that before the scenario" {
	run alloc-perf run --dry-run --on uml --scenario log
	assert_status 0
	assert_output_has "12 trials on uml"
	assert_output_has "btrfs fallocate-ahead-1M 8M, then append-4096+fdatasync, run 1"
	printf '[plan]\nfilesystems = ext4\nsizes = 2M,4M\n' >plan.ini
	run alloc-perf run --dry-run --on uml --as journald --plan plan.ini -s 3M
	assert_status 0
	[ "$(sed -n 's/, then .*//p' <<<"$output")" = $'ext4 none 3M\next4 fallocate-step-8M 3M' ] || fail "$output"
	# The methods are those of the program, even in another scenario.
	run alloc-perf run --dry-run --on uml --as journald --scenario copy --fs xfs
	[ "$(sed -n 's/, then .*//p' <<<"$output")" = $'xfs none 16M\nxfs fallocate-step-8M 16M' ] || fail "$output"
	printf '[plan]\nprogram = rsync\nfilesystems = xfs\n' >plan.ini
	run alloc-perf run --dry-run --on uml --plan plan.ini
	assert_output_has "xfs fallocate 128M, then "
}

@test "--resume goes on with the scenario, and takes no other" {
	alloc-perf run --on "dir:$WORK" --scenario copy -s 1M -m none,fallocate --runs 1 -o result.jsonl -q
	grep -q '"scenario": *"copy"' result.jsonl
	sed -i '$d' result.jsonl
	run alloc-perf run --resume result.jsonl -q
	assert_status 0
	[ "$(grep -c '"type": *"trial".*"scenario": *"copy"' result.jsonl)" = 2 ]
	cp result.jsonl before
	for option in "--scenario log" "--as fio"; do
		# shellcheck disable=SC2086 # two words
		run alloc-perf run --resume result.jsonl $option
		assert_status 2
		assert_output_has "--resume uses the plan in the file"
		cmp result.jsonl before
	done
}

# The order in which the trials of a file were made.
order() { # FILE
	grep '"type": *"trial"' "$1" | sed 's/.*"method": *"\([^"]*\)".*"run": *\([0-9]*\).*/\2 \1/'
}

@test "each round is shuffled, by the seed that the file records" {
	alloc-perf run --on "dir:$WORK" -m fallocate,mmap,ftruncate,chunk-64K -s 64K --runs 8 --seed 5 -o one.jsonl -q
	alloc-perf run --on "dir:$WORK" -m fallocate,mmap,ftruncate,chunk-64K -s 64K --runs 8 --seed 5 -o same.jsonl -q
	alloc-perf run --on "dir:$WORK" -m fallocate,mmap,ftruncate,chunk-64K -s 64K --runs 8 -o other.jsonl -q
	grep -q '"seed": *5,' one.jsonl
	[ "$(order one.jsonl)" = "$(order same.jsonl)" ]
	[ "$(order one.jsonl)" != "$(order other.jsonl)" ]
	# Rounds follow one another and are whole, and not all are alike.
	order one.jsonl | cut -d' ' -f1 | sort -nc
	[ "$(order one.jsonl | sort -u | wc -l)" = 32 ]
	[ "$(order one.jsonl | paste - - - - | sed 's/[0-9]* //g' | sort -u | wc -l)" -gt 1 ]
	# The dry run of the same seed says so beforehand.
	run alloc-perf run --dry-run --on "dir:$WORK" -m fallocate,mmap,ftruncate,chunk-64K -s 64K --runs 8 --seed 5
	[ "$(grep ', run' <<<"$output" | sed 's/ .*run / /' | awk '{print $2, $1}')" = "$(
		order one.jsonl | sed 's/chunk-65536/chunk-64K/'
	)" ]
}

@test "tables keep the order of the plan" {
	run alloc-perf run --on "dir:$WORK" -m mmap,fallocate,chunk-64K,ftruncate -s 64K --seed 3 -o one.jsonl
	assert_status 0
	[ "$(awk '$3 ~ /^[0-9.]+$/ && /one run/ { printf "%s ", $2 }' <<<"$output")" = "mmap fallocate chunk-64K ftruncate " ]
}

@test "--resume goes on in the order of the seed" {
	alloc-perf run --on "dir:$WORK" -m fallocate,mmap,ftruncate,chunk-64K -s 64K --runs 5 -o whole.jsonl -q
	head -7 whole.jsonl >cut.jsonl
	alloc-perf run --resume cut.jsonl -q
	[ "$(order whole.jsonl)" = "$(order cut.jsonl)" ]
	run alloc-perf run --resume cut.jsonl --seed 3
	assert_status 2
}

# ---- --runs auto ----

trials() { # FILE
	grep -c '"type": *"trial"' "$1"
}

@test "--runs auto ends when every median is precise" {
	run alloc-perf run --on "dir:$WORK" -m ftruncate,chunk-64K -s 4M --runs auto --precision 90 --max-time 5m -o auto.jsonl
	assert_status 0
	[[ $output != *"did not get"* ]]
	# Whole rounds, and no fewer than an interval needs.
	[ "$(trials auto.jsonl)" -ge 12 ]
	[ $(($(trials auto.jsonl) % 2)) = 0 ]
	assert_output_has "+- their 95 % confidence interval"
}

@test "--runs auto ends with its time, and says what did not get there" {
	run alloc-perf run --on "dir:$WORK" -m ftruncate,chunk-64K -s 256K --runs auto --precision 0.01 --max-time 5s -o auto.jsonl -q
	assert_status 0
	assert_output_has "the time limit was reached; of 2 cells, 2 did not get within +-0.01 % (median of the time): dir ftruncate 256K"
	# A machine that is slow makes too few rounds for an interval.
	[[ $output =~ ftruncate\ 256K(:\ [0-9.]+\ [mu]?s\ |\ \([0-9]\ runs\)) ]] || fail "$output"
	[ "$(trials auto.jsonl)" -ge 2 ]
	# Of many only some are named.
	run alloc-perf run --on "dir:$WORK" -m chunk-1,chunk-2,chunk-3,chunk-4,chunk-5,chunk-6,chunk-7 -s 4K --runs auto --precision 0.01 --max-time 1s -o many.jsonl -q
	assert_output_has "of 7 cells, 7 did not get within"
	assert_output_has " and 2 more"
}

@test "--runs auto does not wait for what is refused" {
	run alloc-perf run --on "dir:$WORK" -m fallocate-write-zeroes,ftruncate -s 1M --runs auto --precision 90 --max-time 5m -o auto.jsonl
	assert_status 0
	[[ $output != *"did not get"* ]]
}

@test "--resume goes on with --runs auto" {
	alloc-perf run --on "dir:$WORK" -m ftruncate -s 1M --runs auto --precision 90 -o auto.jsonl -q
	head -4 auto.jsonl >cut.jsonl
	alloc-perf run --resume cut.jsonl -q
	[ "$(trials cut.jsonl)" -ge 6 ]
	[ "$(grep -o '"run": *[0-9]*' cut.jsonl | sort | uniq -d | wc -l)" = 0 ]
}

# ---- the testbed dir ----

@test "dir measures in a directory and leaves nothing in it" {
	mkdir here
	run alloc-perf run --on dir:here -m fallocate,chunk-4096,mmap,ftruncate -s 4M -o result.jsonl
	assert_status 0
	assert_output_has "fragments of the file"
	assert_output_has "results: result.jsonl"
	[ -z "$(ls -A here)" ]
	[ "$(grep -c '"type": *"trial"' result.jsonl)" = 4 ]
	[ "$(grep -c '"status": *"failed"' result.jsonl)" = 0 ]
}

@test "dir works for an ordinary user" {
	run as_user alloc-perf run --on "dir:$WORK" -m fallocate,chunk-4096 -s 1M -o result.jsonl
	assert_status 0
}

@test "--quiet prints nothing" {
	run small -o result.jsonl --quiet
	assert_status 0
	[ -z "$output" ]
}

@test "-o - writes the records to stdout and no table" {
	small -o - >out 2>err
	[ "$(grep -vc '^alloc-perf: warning: ' err)" = 2 ]
	[ "$(grep -c '"type":"trial"' out)" = 2 ]
	head -1 out | grep -q '"type": *"environment"'
}

@test "without -o the file has the date in its name" {
	run small
	assert_status 0
	[ "$(find . -name 'alloc-perf-20*.jsonl' | wc -l)" = 1 ]
}

@test "run ends with one table, and the command that gives it as markdown" {
	run alloc-perf run --on "dir:$WORK" -m fallocate,chunk-4096 -s 64K -o "my file.jsonl"
	assert_status 0
	grep -q '^filesystem  *method  *time  *written  *fragments$' <<<"$output"
	grep -Eq '^[a-z0-9]+ +chunk-4096 .* \(one run\) ' <<<"$output"
	[[ $output != *"maximal runs"* ]]
	[[ "${lines[-2]}" == "results: my file.jsonl" ]]
	[[ "${lines[-1]}" == "for a patch's description: "*" report --format markdown 'my file.jsonl'" ]]
	# It is right as it stands.
	local command="${lines[-1]#*: }"
	run bash -c "$command"
	assert_status 0
	assert_output_has "| filesystem | method | time | written | fragments |"
	run alloc-perf run --on "dir:$WORK" -m fallocate -s 64K --all -o all.jsonl
	assert_output_has "peak memory (largest resident memory"
	assert_output_has "filesystem  method"
	run alloc-perf run --on "dir:$WORK" -m fallocate -s 64K --measure memory,gap -o two.jsonl
	assert_output_has "peak memory (largest resident memory"
	assert_output_has "gaps between fragments ("
	[[ $output != *"summary"* && $output != *"time until on disk"* ]]
	run alloc-perf run --on "dir:$WORK" --measure tmie -o three.jsonl
	assert_status 2
	assert_output_has 'invalid value "tmie" for --measure; did you mean "time"?'
}

@test "--label is kept and shown" {
	run small -o result.jsonl --label "desktop on"
	assert_status 0
	assert_output_has "desktop on"
	grep -q '"label": *"desktop on"' result.jsonl
}

@test "what says how a volume is made is refused where none is" {
	local option
	for option in "--fs ext4" "--volume 1G" "--keep-images ." "--scratch ."; do
		# shellcheck disable=SC2086 # an option and its value
		refused "${option% *} applies to testbeds that create file systems; --on dir uses an existing one" \
			--on "dir:$WORK" -m fallocate -s 1M $option
	done
}

@test "a closed pipe ends it quietly" {
	run bash -c "alloc-perf run --on 'dir:$WORK' -m fallocate -s 1M -o result.jsonl | true"
	assert_status 0
	[ "$(grep -c '"type":"trial"' result.jsonl)" = 1 ]
}

# ---- warnings ----

@test "what falsifies a run is in its file, and resuming keeps it" {
	require root
	mkdir full
	mount -t tmpfs -o size=8M none full || lack loop "no tmpfs can be mounted"
	dd if=/dev/zero of=full/ballast bs=1M count=7 iflag=fullblock status=none
	dd if=/dev/zero of=full/more bs=64K count=8 status=none
	run alloc-perf run --on dir:full -m chunk-4096 -s 64K -o result.jsonl -q
	umount full
	assert_status 0
	run jq -r 'select(.type == "warning" and .kind == "full").text' result.jsonl
	assert_output_has "the file system of full is 9"
	assert_output_has "file systems that are nearly full"
	cp result.jsonl before.jsonl
	alloc-perf run --resume result.jsonl -q
	[ "$(head -c "$(stat -c %s before.jsonl)" result.jsonl | cmp - before.jsonl)" = "" ]
	run alloc-perf report result.jsonl
	assert_output_has "Warning: the file system of full is 9"
}

# ---- progress ----

@test "where stderr is no terminal there is one line a trial" {
	small -o result.jsonl --runs 2 >out 2>err
	[ "$(grep -Ec '^\[[1-4]/4\] .* (fallocate|chunk-4096) 1M, run [12]: [0-9.]+ (us|ms|s)$' err)" = 4 ]
	[ "$(grep -c $'\r' err)" = 0 ]
	alloc-perf run --on "dir:$WORK" -m fallocate-write-zeroes -s 1M -o refused.jsonl >out 2>err
	grep -q '^\[1/1\] .*fallocate-write-zeroes 1M, run 1: unsupported in allocate: fallocate' err ||
		grep -q '^\[1/1\] .*fallocate-write-zeroes 1M, run 1: [0-9]' err
}

# on_terminal ROWS COLUMNS ARGUMENT...: small, on a terminal of that size.
on_terminal() {
	local rows=$1 columns=$2
	shift 2
	script -qec "stty rows $rows cols $columns; alloc-perf run --on dir:. -m fallocate,chunk-4096 -s 1M $*" /dev/null
}

@test "a terminal that cannot move its cursor gets a line a trial" {
	require_program script
	TERM=dumb run on_terminal 24 80 -o result.jsonl
	assert_status 0
	assert_output_has "[2/2] . "
	[[ $output != *$'\e'* ]]
}

@test "on a terminal the table fills in above the line of progress" {
	require_program script
	run on_terminal 24 80 -o result.jsonl --runs 2
	assert_status 0
	assert_output_has "[1/4] . "
	assert_output_has "run 2: sync"
	grep -q '   fallocate  *chunk-4096' <<<"$output"
	grep -Eq '^\. .*\.\.\.' <<<"$output"
	# It goes up over what it drew, and leaves nothing but the result.
	assert_output_has $'\033[2A'
	[[ ${output##*$'\033[J'} == "1 MiB file"* ]]
}

@test "where the terminal has no room there is the line alone" {
	require_program script
	run on_terminal 3 80 -o result.jsonl
	assert_output_has "[1/2] . "
	[[ $output != *$'\033[2A'* ]]
	run on_terminal 24 24 -o narrow.jsonl
	[[ $output != *$'\033[2A'* ]]
	# No line is longer than the terminal is wide.
	run bash -c "tr '\r' '\n' | sed 's/\x1b\[.*//' | grep -E '^\[.{24}'" <<<"$output"
	[ -z "$output" ]
}

@test "--quiet is quiet on a terminal, too" {
	require_program script
	run on_terminal 24 80 -o result.jsonl --quiet
	assert_status 0
	[ -z "$output" ]
}

@test "a slow stage shows its rate" {
	require_program script
	[ -b "$(df --output=source "$WORK" | tail -1)" ] || skip "$WORK is on no device that counts"
	run script -qec "stty rows 24 cols 100; alloc-perf run --on dir:. -m direct-4K -s 512M --runs 1 -o result.jsonl" /dev/null
	assert_status 0
	tr '\r' '\n' <<<"$output" | grep -Eq '(allocate|sync) [0-9]+ s, [0-9.]+ [KMG]?i?B/s'
}

# ---- resuming ----

@test "--resume does what is missing and nothing twice" {
	small -o whole.jsonl --runs 3 -q
	# The environment and two of six trials, and half of a third.
	head -3 whole.jsonl >cut.jsonl
	sed -n 4p whole.jsonl | head -c 100 >>cut.jsonl
	run alloc-perf run --resume cut.jsonl --quiet
	assert_status 0
	[ "$(grep -c '"type": *"trial"' cut.jsonl)" = 6 ]
	[ "$(grep -o '"run": *[0-9]*' cut.jsonl | sort | uniq -c | awk '{print $1}' | tr -d '\n')" = 222 ]
	run alloc-perf run --resume cut.jsonl --dry-run
	assert_status 0
	assert_output_has "0 trials on dir"
}

# untouched FILE COMMAND...: what resumes the finished FILE says so, and leaves it alone.
untouched() {
	local file=$1 before
	shift
	before=$(md5sum "$file"; stat -c '%y %i' "$file")
	run "$@"
	assert_status 0
	assert_output_has "nothing to do: $file contains all"
	[ "$(md5sum "$file"; stat -c '%y %i' "$file")" = "$before" ]
}

@test "--resume of a finished file leaves it alone" {
	small -o whole.jsonl --runs 3 -q
	untouched whole.jsonl alloc-perf run --resume whole.jsonl
	assert_output_has "all 6 trials"
	assert_output_has "alloc-perf report whole.jsonl"
	untouched whole.jsonl alloc-perf run --resume whole.jsonl --quiet
	# The last line was cut, and was none of a trial.
	printf '{"type":"warning","ki' >>whole.jsonl
	untouched whole.jsonl alloc-perf run --resume whole.jsonl
	# Rounds were added until it was precise.
	small --runs 6 -q -o six.jsonl
	sed 's/runs = 6/runs = auto/; s/\("[a-z]*_ns":\)[0-9][0-9]*/\11000/g' six.jsonl >auto.jsonl
	grep -q "runs = auto" auto.jsonl
	untouched auto.jsonl alloc-perf run --resume auto.jsonl
}

@test "--resume keeps to the plan of the file" {
	small -o result.jsonl -q
	run alloc-perf run --resume result.jsonl --fs ext4
	assert_status 2
	assert_output_has "omit options that change the plan"
	run alloc-perf run --resume result.jsonl --force
	assert_status 2
}

# ---- commands around trials ----

# Recorded in `log`.
hooked() {
	# shellcheck disable=SC2016 # the variables are for the commands
	local setup='echo setup $ALLOC_PERF_TESTBED $ALLOC_PERF_DIRECTORY >>log' cleanup='echo cleanup $ALLOC_PERF_TESTBED >>log' \
		prepare='echo $ALLOC_PERF_METHOD $ALLOC_PERF_SIZE $ALLOC_PERF_RUN $ALLOC_PERF_VOLUME >>log'
	small -r 1 -q -o result.jsonl --setup "$setup" --prepare "$prepare" --cleanup "$cleanup" "$@"
}

@test "--setup, --prepare and --cleanup run around the trials" {
	run hooked --seed 1
	assert_status 0
	[ -z "$output" ]
	[ "$(sed -n 1p log)" = "setup dir $WORK" ]
	[ "$(sed -n 2,3p log | sort)" = "chunk-4096 1048576 1
fallocate 1048576 1" ]
	[ "$(sed -n '4,$p' log)" = "cleanup dir" ]
	[[ $(head -n 1 result.jsonl | jq -r .setup_command) = "echo setup "* ]]
	[[ $(head -n 1 result.jsonl | jq -r .prepare_command) = "echo "*METHOD* ]]
	[[ $(head -n 1 result.jsonl | jq -r .cleanup_command) = "echo cleanup "* ]]
}

@test "--dry-run shows the commands and runs none" {
	run hooked --dry-run
	assert_status 0
	assert_output_has "setup, once before everything: sh -c 'echo setup "
	assert_output_has "prepare, before each trial: sh -c 'echo "
	assert_output_has "cleanup, once at the end: sh -c 'echo cleanup "
	[ ! -e log ]
}

@test "a command that fails ends the run, and --cleanup still runs" {
	run small -r 1 -q -o result.jsonl --setup 'echo no such service >&2; exit 4' --cleanup 'touch cleaned'
	assert_status 1
	assert_output_has "--setup 'echo no such service >&2; exit 4' exited with status 4: no such service"
	[ -e cleaned ]
	[ ! -e result.jsonl ]
	rm cleaned
	# shellcheck disable=SC2016 # the variable is for the command
	run small -r 2 -q -o result.jsonl --prepare '[ $ALLOC_PERF_RUN = 1 ]' --cleanup 'touch cleaned'
	assert_status 1
	assert_output_has "exited with status 1 before "
	assert_output_has ", run 2: it printed nothing"
	[ -e cleaned ]
	[ "$(grep -c '"type":"trial"' result.jsonl)" = 2 ]
	run small -r 1 -q -o other.jsonl --cleanup false
	assert_status 1
	assert_output_has "--cleanup false exited with status 1"
	[ "$(grep -c '"type":"trial"' other.jsonl)" = 2 ]
}

group_is_gone() { # GROUP
	[ -z "$(ps -eo pgid=,stat= | awk -v group="$1" '$1 == group && $2 !~ /Z/')" ]
}

@test "an interrupt ends the command with all that it started, and --cleanup still runs" {
	local command='echo $$ >began; sleep 1234 & sleep 1234'
	alloc-perf run --on "dir:$WORK" -m fallocate,chunk-4096 -s 1M -r 1 -q -o result.jsonl --prepare "$command" \
		--cleanup 'touch cleaned' 2>said 3>&- &
	wait_until [ -s began ]
	kill -INT $!
	status=0
	wait $! || status=$?
	assert_status 130
	[ -e cleaned ]
	[ "$(cat said)" = "alloc-perf: interrupted; 0 of 2 trials are done; continue with: alloc-perf run --resume result.jsonl --prepare '$command' --cleanup 'touch cleaned'" ]
	wait_until group_is_gone "$(cat began)"
}

@test "--resume does not run the commands of a file unasked, and wants the same ones" {
	small -r 1 -q -o result.jsonl --seed 1 --prepare 'touch prepared'
	rm prepared
	head -n 2 result.jsonl >cut.jsonl
	run alloc-perf run --resume cut.jsonl
	assert_status 2
	assert_output_has "cut.jsonl was started with --prepare 'touch prepared'; commands in a file are not run by themselves"
	[ ! -e prepared ]
	run alloc-perf run --resume cut.jsonl --prepare true
	assert_status 2
	assert_output_has "was started with --prepare 'touch prepared', not with true; use the same command, or start a new run"
	run alloc-perf run --resume cut.jsonl --prepare 'touch prepared' --setup true
	assert_status 2
	assert_output_has "cut.jsonl was started without --setup; omit it"
	[ ! -e prepared ]
	alloc-perf run --resume cut.jsonl --prepare 'touch prepared' -q
	[ -e prepared ]
	[ "$(grep -c '"type":"trial"' cut.jsonl)" = 2 ]
}

@test "--resume refuses what is not a result file" {
	echo '{"type": "trial"' >broken.jsonl
	echo nonsense >>broken.jsonl
	run alloc-perf run --resume broken.jsonl
	assert_status 2
	run alloc-perf run --resume missing.jsonl
	assert_status 2
	assert_output_has "missing.jsonl"
	[ ! -e missing.jsonl ]
}

@test "two runs do not write to one file" {
	small -o result.jsonl -q
	head -2 result.jsonl >shared.jsonl
	exec 9<shared.jsonl
	flock 9
	run alloc-perf run --resume shared.jsonl 9<&-
	exec 9<&-
	assert_status 2
	assert_output_has "shared.jsonl is in use by another run; wait for it, or choose another file with --output"
	[ "$(wc -l <shared.jsonl)" = 2 ]
}

# ---- ends that are none of its own ----

# ended SIGNAL: a run that has more to do gets it after the first trial; `status` is its end.
ended() {
	alloc-perf run --on "dir:$WORK" -m chunk-512 -s 64M --runs 500 -o result.jsonl >out 2>err &
	wait_until has_trials result.jsonl 1
	kill -"$1" $!
	status=0
	wait $! || status=$?
}

@test "Ctrl-C keeps what is done and says how to go on" {
	ended INT
	assert_status 130
	grep -q "continue with: alloc-perf run --resume result.jsonl" err
	[ -z "$(tail -c 1 result.jsonl | tr -d '\n')" ]
	rm result.jsonl out err
	assert_nothing_left
	[ -z "$(ls -A)" ]
}

@test "SIGKILL leaves a whole file and nothing else" {
	ended KILL
	assert_status 137
	assert_nothing_left
	run alloc-perf report result.jsonl
	assert_status 0
	rm result.jsonl out err
	[ -z "$(ls -A)" ]
}
