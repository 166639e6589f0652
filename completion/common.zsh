#compdef @PROGRAM@
# SPDX-License-Identifier: MIT
# Completion of @PROGRAM@ for zsh, made by scripts/command-table.

# Words that the program itself knows: the first one of each line that it prints.  What has to be
# filled in, as in chunk-BYTES, is left to be typed.
_PROGRAM_ask() { # [-s ,] COMMAND
	local -a names
	names=(${(f)"$(_call_program names $service ${@[-1]} 2>/dev/null)"})
	_values ${@[1,-2]} value ${names%%[ A-Z\[]*}
}

_PROGRAM_file() {
	_files
}

_PROGRAM_directory() {
	_directories
}

_PROGRAM_command() {
	_command_names -e
}

# Behind the command $1; $2 is "help" if that came before.
_PROGRAM_at() {
	local -a subcommands
	case $1 in
@TABLE@
	*) return 1 ;;
	esac
	if ((CURRENT == 2)); then
		[[ $2 != help ]] || subcommands=(${subcommands:#(help|version):*})
		_describe command subcommands
		return
	fi
	shift words
	((CURRENT--))
	if [[ $words[1] == help ]]; then
		_PROGRAM_at "$1" help
	else
		_PROGRAM_at "${1:+$1 }$words[1]" $2
	fi
}

