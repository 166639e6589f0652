all:
	@test -d build || meson setup build
	@ninja -C build
