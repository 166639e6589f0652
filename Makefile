# scripts/setup installs what is missing, meson builds; here is only what to call.
.PHONY: all demo test check bench deb test-bare install clean

all:
	@scripts/setup build
	@test -f build/build.ninja || meson setup build
	@ninja -C build product

demo: all
	@scripts/setup run
	@scripts/demo

# Everything, with both compilers and the sanitizers.
test:
	@scripts/setup build run test
	@scripts/fetch-kernel build/kernel
	@scripts/fetch-kernel build/kernel-6.16 6.16
	@scripts/fetch-kernel --uml build/uml-6.13 6.13
	@scripts/test

# What needs no guest, in a minute or two.
check:
	@scripts/setup build run test
	@scripts/test --quick

# Both commands of README, the packages and all tests on bare systems: about two hours.
test-bare:
	@scripts/setup bare
	@scripts/test-bare --all

# Debian's packages, in build/deb.
deb:
	@scripts/setup build deb
	@scripts/build-deb

# The programs that bench/* need, and what there is to run.
bench: all
	@ninja -C build bench-programs
	@echo "Ready to run:" bench/aa bench/frag bench/history bench/overhead bench/prealloc bench/workload

# PREFIX and DESTDIR as usual; without PREFIX, what the build was set up with.
install: all
	@$(if $(PREFIX),meson configure build -Dprefix=$(PREFIX))
	@meson install -C build --no-rebuild $(if $(DESTDIR),--destdir $(abspath $(DESTDIR)))

clean:
	rm -rf build build-clang build-asan
