# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Completion of @PROGRAM@ for bash, made by scripts/command-table.

@TABLE@
# Words that the program itself knows: the first one of each line that it prints.  What has to be
# filled in, as in chunk-BYTES, is left to be typed.
_PROGRAM_ask() {
	# shellcheck disable=SC2086 # words
	"${COMP_WORDS[0]}" $1 2>/dev/null | sed 's/[ A-Z[].*//'
}

# compopt only works while readline asks.
_PROGRAM_option() {
	compopt -o "$1" 2>/dev/null || true
}

_PROGRAM_words() {
	mapfile -t COMPREPLY < <(compgen -W "$2" -- "$1")
}

# Completes the last item of a comma list from the given words.
_PROGRAM_list() {
	local current=$1 before=
	if [[ $current == *,* ]]; then
		before=${current%,*},
	fi
	mapfile -t COMPREPLY < <(compgen -P "$before" -W "$2" -- "${current##*,}")
	_PROGRAM_option nospace
}

_PROGRAM_file() {
	mapfile -t COMPREPLY < <(compgen -f -- "$1")
	_PROGRAM_option filenames
}

_PROGRAM_directory() {
	mapfile -t COMPREPLY < <(compgen -d -- "$1")
	_PROGRAM_option filenames
}

_PROGRAM_command() {
	mapfile -t COMPREPLY < <(compgen -c -- "$1")
}

# Completes $2 by $1, the values of a row of the table (src/base/command.h).
_PROGRAM_complete() {
	local values=${1%,} words
	case $values in
	"<"*)
		values=${values#<}
		"_PROGRAM_${values%>}" "$2"
		return
		;;
	"\`"*) words=$(_PROGRAM_ask "${values//\`/}") ;;
	*) words=$values ;;
	esac
	if [[ $1 == *, ]]; then
		_PROGRAM_list "$2" "$words"
	else
		_PROGRAM_words "$2" "$words"
	fi
}

# What can be typed behind the command $1, as far as it is $2.  $3: "help" came before.
_PROGRAM_next() {
	local words
	if words=$(_PROGRAM_commands "$1"); then
		[[ $3 ]] || words+=" help version --help --version"
		_PROGRAM_words "$2" "$words"
	elif [[ $3 ]]; then
		return
	elif [[ $2 == -* ]]; then
		_PROGRAM_words "$2" "$(_PROGRAM_options "$1")"
	elif words=$(_PROGRAM_arguments "$1"); then
		_PROGRAM_complete "$words" "$2"
	else
		_PROGRAM_words "$2" "$(_PROGRAM_options "$1")"
	fi
}

_PROGRAM() {
	local current line=${COMP_LINE:0:COMP_POINT} option word path="" help="" words values
	COMPREPLY=()

	for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
		words=$(_PROGRAM_commands "$path") || break
		if [[ $word == help ]]; then
			help=1
		elif [[ " $words " == *" $word "* ]]; then
			path+=${path:+ }$word
		else
			return 0
		fi
	done
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
	if ! values=$(_PROGRAM_values "$path $option"); then
		_PROGRAM_next "$path" "$current" "$help"
		return
	fi
	_PROGRAM_complete "$values" "$current"
	# Of "dir:/tm" readline replaces what is behind the colon alone.
	if [[ $current == *:* && $COMP_WORDBREAKS == *:* ]]; then
		COMPREPLY=("${COMPREPLY[@]#"${current%"${current##*:}"}"}")
	fi
}

complete -F _PROGRAM @PROGRAM@
