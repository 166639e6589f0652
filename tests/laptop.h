/* SPDX-License-Identifier: MIT */
#ifndef TESTS_LAPTOP_H
#define TESTS_LAPTOP_H

/* A laptop: LUKS and LVM, vfat, a loop device, overlay, bind mounts, FUSE, NFS, a read-only one. */
static const char laptop[] =
	"22 28 0:21 / /proc rw,nosuid shared:1 - proc proc rw\n"
	"23 28 0:22 / /sys rw,nosuid shared:2 - sysfs sysfs rw\n"
	"24 28 0:5 / /dev rw shared:3 - devtmpfs udev rw,size=1k\n"
	"26 28 0:24 / /run rw shared:4 - tmpfs tmpfs rw\n"
	"28 1 253:1 / / rw,relatime shared:5 - ext4 /dev/mapper/vg-root rw,errors=remount-ro\n"
	"30 28 8:1 / /boot rw shared:6 - ext4 /dev/sda1 rw\n"
	"31 30 8:2 / /boot/efi rw shared:7 - vfat /dev/sda2 rw,fmask=0077\n"
	"32 28 253:2 / /home rw shared:8 - xfs /dev/mapper/vg-home rw\n"
	"33 32 7:0 / /home/u/My\\040Disk rw - ext4 /dev/loop0 rw\n"
	"34 28 253:2 /srv /srv rw shared:8 - xfs /dev/mapper/vg-home rw\n"
	"35 28 0:40 / /var/lib/docker/overlay2/m rw - overlay overlay "
	"rw,lowerdir=/l1:/l2,upperdir=/home/docker/up,workdir=/home/docker/work\n"
	"36 32 0:41 / /home/u/ssh rw - fuse.sshfs host: rw,user_id=1000\n"
	"37 28 0:42 / /mnt/nfs rw - nfs4 server:/x rw,vers=4.2\n"
	"38 28 11:0 / /media/cd ro - iso9660 /dev/sr0 ro\n"
	"39 36 8:17 / /home/u/ssh/inner rw - ext4 /dev/sdb1 rw\n";

#endif
