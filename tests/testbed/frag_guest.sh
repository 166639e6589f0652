#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The init of a User-Mode Linux guest whose root is that of the machine (hostfs):
# makes files on each image, and has alloc-perf frag and two independent readers
# look at them: filefrag, and FIBMAP block by block.  From the kernel's command
# line: FOLDER for the answers, VOLUMES as "ubdb:reiserfs,ubdc:jfs".
export PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C

make_files() { # FOLDER
	cd "$1" || return
	: >empty
	echo hello >tiny
	dd if=/dev/zero of=large bs=64K count=64 status=none
	mkdir folder
	# Turn by turn, so that neither can stay in one piece.
	i=0
	while [ $i -lt 12 ]; do
		for file in folder/one folder/other; do
			dd if=/dev/zero of=$file bs=20480 count=1 seek=$i conv=notrunc,fsync status=none
		done
		i=$((i + 1))
	done
	for block in 0 7 8 40; do
		dd if=/dev/zero of=holes bs=4096 count=1 seek=$block conv=notrunc status=none
	done
	ln tiny folder/hard
	ln -s tiny folder/link
	sync
	cd /
}

# The files with FIBMAP: path, runs of blocks, blocks.
read_blocks() { # FOLDER
	python3 - "$1" <<-'END'
		import array, fcntl, os, sys
		FIBMAP, FIGETBSZ = 1, 2
		def ask(fd, code, number):
		    box = array.array("i", [number])
		    fcntl.ioctl(fd, code, box)
		    return box[0]
		for folder, _, names in os.walk(sys.argv[1]):
		    for name in names:
		        path = os.path.join(folder, name)
		        if os.path.islink(path):
		            continue
		        fd = os.open(path, os.O_RDONLY)
		        size = ask(fd, FIGETBSZ, 0)
		        last, runs, blocks = 0, 0, 0
		        for i in range(-(-os.fstat(fd).st_size // size)):
		            block = ask(fd, FIBMAP, i)
		            if block:
		                runs += block != last + 1
		                blocks += 1
		                last = block
		        os.close(fd)
		        print(os.path.relpath(path, sys.argv[1]), runs, blocks * size, sep="\t")
	END
}

look() { # NAME FOLDER
	find "$2" -type f ! -empty | sort | while read -r file; do
		filefrag -v "$file"
	done >"/mnt/answers/$1.filefrag" 2>&1
	find "$2" -type f ! -empty | sort | while read -r file; do
		"$PROGRAM" frag -v "$file"
	done >"/mnt/answers/$1.verbose" 2>&1
	read_blocks "$2" >"/mnt/answers/$1.blocks" 2>"/mnt/answers/$1.blocks-errors"
	"$PROGRAM" frag --each --exact "$2" >"/mnt/answers/$1.each"
	"$PROGRAM" frag --json --volume "$2" >"/mnt/answers/$1.volume"
}

mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tmpfs tmp /mnt
mkdir -p /mnt/answers /mnt/modules/lib
mount -t hostfs -o "$FOLDER" none /mnt/answers
ln -s /usr/lib/uml/modules /mnt/modules/lib/modules
needs_log() { # NAME
	case ,$LOGS, in *,$1,*) return 0 ;; esac
	return 1
}

for volume in $(echo "$VOLUMES" | tr , ' '); do
	device=${volume%%:*} name=${volume#*:}
	modprobe -d /mnt/modules "$name" 2>/dev/null
	mkdir "/mnt/$name"
	{
		mount -i -t "$name" "/dev/$device" "/mnt/$name" && make_files "/mnt/$name" && umount -i "/mnt/$name" &&
			mount -i -t "$name" "/dev/$device" "/mnt/$name"
	} >"/mnt/answers/$name.log" 2>&1 || continue
	if needs_log "$name"; then
		dd if=/dev/zero of="/mnt/$name/last" bs=20480 count=4 conv=fsync status=none
	else
		look "$name" "/mnt/$name"
		umount -i "/mnt/$name"
	fi
	: >"/mnt/answers/$name.done"
done
echo o >/proc/sysrq-trigger
sleep 10
