# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Completion of alloc-perf for bash.

# The names come from the program itself, so that they are those of this machine.
# What has to be filled in, as in chunk-BYTES, is left to be typed.
_alloc_perf_names() {
	"${COMP_WORDS[0]}" list --names "$1" 2>/dev/null | sed 's/[A-Z[].*//'
}

# compopt only works while readline asks.
_alloc_perf_option() {
	compopt -o "$1" 2>/dev/null || true
}

_alloc_perf_measures() {
	"${COMP_WORDS[0]}" report --list-measures 2>/dev/null | cut -d' ' -f1
}

# Completes the last item of a comma list from the given words.
_alloc_perf_list() {
	local current=$1 before=
	shift
	if [[ $current == *,* ]]; then
		before=${current%,*},
	fi
	mapfile -t COMPREPLY < <(compgen -P "$before" -W "$*" -- "${current##*,}")
	_alloc_perf_option nospace
}

_alloc_perf_words() {
	mapfile -t COMPREPLY < <(compgen -W "$2" -- "$1")
}

_alloc_perf_files() {
	mapfile -t COMPREPLY < <(compgen -f -- "$1")
	_alloc_perf_option filenames
}

_alloc_perf_testbed() {
	if [[ $1 == dir:* ]]; then
		mapfile -t COMPREPLY < <(compgen -d -P dir: -- "${1#dir:}")
	elif [[ $1 == device:* ]]; then
		mapfile -t COMPREPLY < <(compgen -f -P device: -- "${1#device:}")
	else
		_alloc_perf_words "$1" "$(_alloc_perf_names testbeds)"
		_alloc_perf_option nospace
	fi
}

_alloc_perf_kernel() {
	local names
	# Of a pattern that nothing matches, compgen leaves nothing.
	mapfile -t names < <(compgen -G "/boot/vmlinuz-*")
	mapfile -t COMPREPLY < <(compgen -W "${names[*]#/boot/vmlinuz-}" -- "$1"; compgen -f -- "$1")
	_alloc_perf_option filenames
}

_alloc_perf_frag_value() {
	case $1 in
	-s | --sort) _alloc_perf_words "$2" "cost fragments extents size density" ;;
	--model) _alloc_perf_words "$2" "disk flash" ;;
	--min-size) _alloc_perf_words "$2" "64K 1M 1G" ;;
	-o | --output | --files-from | --newer | --diff) _alloc_perf_files "$2" ;;
	-n | --worst | -d | --depth | --threads | --watch) ;;
	*) return 1 ;;
	esac
}

# The value of option $2 of verb $1 so far is $3.  Fails if the option takes none.
_alloc_perf_value() {
	local verb=$1
	shift
	if [ "$verb" = frag ]; then
		_alloc_perf_frag_value "$@"
		return
	fi
	case $1 in
	-[fmMst] | --by) set -- "$verb $1" "$2" ;;
	esac
	case $1 in
	"run -f" | --fs) _alloc_perf_list "$2" "$(_alloc_perf_names filesystems)" ;;
	"run -m" | --methods) _alloc_perf_list "$2" "$(_alloc_perf_names methods)" ;;
	"history -m" | --method) _alloc_perf_list "$2" "$(_alloc_perf_names methods)" ;;
	"history -M") _alloc_perf_words "$2" "$(_alloc_perf_measures)" ;;
	"diff --by") _alloc_perf_words "$2" "testbed accelerator throttle kernel label" ;;
	"history --by") _alloc_perf_words "$2" "kernel date label" ;;
	"report -m" | "diff -m" | --measure) _alloc_perf_list "$2" "$(_alloc_perf_measures)" ;;
	--with) _alloc_perf_words "$2" 2009 ;;
	"report --order") _alloc_perf_words "$2" "plan name value" ;;
	--chart-size) _alloc_perf_words "$2" "960x480 1200x600" ;;
	--title) ;;
	-c | --chart) _alloc_perf_words "$2" "$(_alloc_perf_measures)" ;;
	"report -f" | "diff -f" | "history -f" | --format) _alloc_perf_words "$2" "$_alloc_perf_formats" ;;
	--preset) _alloc_perf_words "$2" "default demo 2009" ;;
	"run -s" | --size | -v | --volume) _alloc_perf_words "$2" "256M 512M 1G 4G 20G" ;;
	--on) _alloc_perf_testbed "$2" ;;
	--kernel) _alloc_perf_kernel "$2" ;;
	--unclear) _alloc_perf_words "$2" "pass fail" ;;
	--drive-throttle) _alloc_perf_words "$2" "iops= bps=" ;;
	--keep-images | --scratch | --modules)
		mapfile -t COMPREPLY < <(compgen -d -- "$2")
		_alloc_perf_option filenames
		;;
	-o | --output | --plan | --resume | --store | --destroy) _alloc_perf_files "$2" ;;
	--overwrite-signature) _alloc_perf_words "$2" "ext2 ext3 ext4 xfs btrfs vfat ntfs swap" ;;
	-r | --runs) _alloc_perf_words "$2" auto ;;
	--label | --timeout | --seed | --precision | --max-time | "diff -t" | --threshold | --old | --new) ;;
	*) return 1 ;;
	esac
}

# Below `history`: an action first, then what it takes.
_alloc_perf_history() {
	local options="--store --format --fs --method --measure --by --on --size --chart --output --force --help"
	if ((COMP_CWORD == 2)); then
		[[ $1 == -* ]] || options="add list show trend --help"
		_alloc_perf_words "$1" "$options"
		return
	fi
	case ${COMP_WORDS[2]},$1 in
	trend,*)
		_alloc_perf_words "$1" "--fs --method --measure --by --on --size --chart --output --force --store --help"
		;;
	show,-*) _alloc_perf_words "$1" "--format --store --help" ;;
	*,-*) _alloc_perf_words "$1" "--store --help" ;;
	add,*) _alloc_perf_files "$1" ;;
	esac
}

_alloc_perf() {
	local current=$2 verb=${COMP_WORDS[1]-} line=${COMP_LINE:0:COMP_POINT} option word
	local _alloc_perf_formats="table markdown html json 2009 csv"
	[[ $verb != diff ]] || _alloc_perf_formats="table markdown json"
	COMPREPLY=()

	# bash splits words at "=" and ":", and hands over the part behind; the line tells the whole.
	word=${line##* }
	if [[ $word == --*=* ]]; then
		option=${word%%=*}
		current=${word#*=}
	else
		option=${line% *}
		option=${option##* }
		current=$word
	fi
	if ((COMP_CWORD == 1)); then
		_alloc_perf_words "$current" "run report diff frag history list create --help --version"
		return
	fi
	if _alloc_perf_value "$verb" "$option" "$current"; then
		# Of "dir:/tm" readline replaces what is behind the colon alone.
		if [[ $current == *:* && $COMP_WORDBREAKS == *:* ]]; then
			COMPREPLY=("${COMPREPLY[@]#"${current%"${current##*:}"}"}")
		fi
		return
	fi
	case $verb,$current in
	run,*)
		_alloc_perf_words "$current" "--fs --methods --size --volume --on --kernel --modules --drive-throttle --runs --seed --precision --max-time --label --preset
			--plan --output --force --resume --keep-images --scratch --destroy --overwrite-signature
			--same-disk --dry-run --quiet --timeout --help"
		;;
	report,-*)
		_alloc_perf_words "$current" "--format --measure --chart --title --chart-size --order --output --force
			--script --with --list-measures --help"
		;;
	report,*) _alloc_perf_files "$current" ;;
	create,-*)
		_alloc_perf_words "$current" "--keep-size --durable --require-native --verify --hint --rate
			--idle --json --quiet --help"
		;;
	create,*) _alloc_perf_files "$current" ;;
	diff,-*)
		_alloc_perf_words "$current" "--format --measure --threshold --unclear --by --old --new --output --force --help"
		;;
	diff,*) _alloc_perf_files "$current" ;;
	frag,-*)
		_alloc_perf_words "$current" "--volume --partition --files-from --null --one-file-system --min-size --newer
			--exact --extensions --sync --threads --verbose --where --swap --map --output --force --worst --depth --directories --sort --model --json --each --csv
			--names --diff --watch --ascii --quiet --help"
		;;
	frag,*) _alloc_perf_files "$current" ;;
	history,*) _alloc_perf_history "$current" ;;
	list,-*) _alloc_perf_words "$current" "--names --on --help" ;;
	list,*) _alloc_perf_words "$current" "methods filesystems testbeds" ;;
	esac
}

complete -F _alloc_perf alloc-perf
