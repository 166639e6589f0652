# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Asks a completion for bash as readline does.

# complete_line LINE: what is offered at the end of LINE, in COMPREPLY.
complete_line() {
	local line=$1 program=${1%% *} apart
	COMP_LINE=$line COMP_POINT=${#line}
	# "=" and ":" are words of their own.
	apart=${line//=/ = }
	read -ra COMP_WORDS <<<"${apart//:/ : }"
	[[ $line != *[\ =:] ]] || COMP_WORDS+=("")
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
	"_${program//-/_}" "$program" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
}

# completes LINE WORD...: what would be offered at the end of LINE is WORD...
completes() {
	local line=$1
	shift
	complete_line "$line"
	[ "${COMPREPLY[*]}" = "$*" ] && return
	printf '"%s" completes to "%s" instead of "%s"\n' "$line" "${COMPREPLY[*]}" "$*" >&2
	return 1
}
