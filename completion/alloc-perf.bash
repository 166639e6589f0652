
_alloc_perf_testbed() {
	if [[ $1 == dir:* ]]; then
		mapfile -t COMPREPLY < <(compgen -d -P dir: -- "${1#dir:}")
	elif [[ $1 == device:* ]]; then
		mapfile -t COMPREPLY < <(compgen -f -P device: -- "${1#device:}")
	else
		_alloc_perf_words "$1" "$(_alloc_perf_ask "list --names testbeds")"
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
