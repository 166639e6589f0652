# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Completion of suspend-freeze for bash.

# A verb's options are those of its own --help.
_suspend_freeze_options() {
	"${COMP_WORDS[0]}" "$1" --help 2>/dev/null | grep -o -- '--[a-z-]*' | sort -u
}

_suspend_freeze_words() {
	mapfile -t COMPREPLY < <(compgen -W "$2" -- "$1")
}

_suspend_freeze() {
	local current=$2 previous=$3 verb=${COMP_WORDS[1]-}
	if [[ $previous == "=" ]]; then
		previous=${COMP_WORDS[COMP_CWORD - 2]}
	elif [[ $current == "=" ]]; then
		current=
	fi
	COMPREPLY=()
	if [[ $COMP_CWORD == 1 ]]; then
		_suspend_freeze_words "$current" \
			"plan freeze thaw run status recover install uninstall --help --version"
		return
	fi
	case $previous in
	--way) _suspend_freeze_words "$current" "auto kernel self" ;;
	--only | --except | -o | -x | --root | -r)
		mapfile -t COMPREPLY < <(compgen -d -- "$current")
		compopt -o filenames 2>/dev/null || true
		;;
	--for | --wait | -f | -w) ;;
	--) mapfile -t COMPREPLY < <(compgen -c -- "$current") ;;
	*) [[ $current != -* ]] || _suspend_freeze_words "$current" "$(_suspend_freeze_options "$verb")" ;;
	esac
}

complete -F _suspend_freeze suspend-freeze
