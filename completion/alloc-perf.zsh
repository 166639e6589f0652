_alloc_perf_testbed() {
	if compset -P 'dir:'; then
		_directories
	elif compset -P 'qemu:'; then
		_alloc_perf_kernel
	elif compset -P 'device:' || compset -P 'uml:'; then
		_files
	else
		local -a names
		names=(${(f)"$(_call_program names $service list --names testbeds 2>/dev/null)"})
		names=(${names%%[A-Z\[]*})
		compadd -S '' -a names
	fi
}

_alloc_perf_kernel() {
	local -a names=(/boot/vmlinuz-*(N))
	compadd -- ${names#/boot/vmlinuz-}
	_files
}

