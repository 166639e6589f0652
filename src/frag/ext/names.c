/* SPDX-License-Identifier: MIT */
/* Names of ext2, ext3 and ext4: the library reads directories, of whatever kind. */
#include "frag/ext/ext.h"

struct entries {
	struct ext_volume *volume;
	struct inode_paths *paths;
	int stop;
};

/* Old file systems do not tell in the directory what an entry is. */
static int type_of(const struct ext_volume *volume, const struct ext2_dir_entry *entry)
{
	struct ext2_inode inode;

	if (ext2fs_has_feature_filetype(volume->fs->super))
		return ext2fs_dirent_file_type(entry);
	if (ext2fs_read_inode(volume->fs, entry->inode, &inode))
		return EXT2_FT_UNKNOWN;
	return LINUX_S_ISDIR(inode.i_mode)   ? EXT2_FT_DIR
	       : LINUX_S_ISREG(inode.i_mode) ? EXT2_FT_REG_FILE
					     : EXT2_FT_UNKNOWN;
}

static int look_at_entry(ext2_ino_t directory, int kind, struct ext2_dir_entry *entry, int offset,
			 int block_bytes, char *block, void *context)
{
	struct entries *reader = context;
	int type = kind == DIRENT_OTHER_FILE ? type_of(reader->volume, entry) : EXT2_FT_UNKNOWN;

	(void)offset, (void)block_bytes, (void)block;
	if (type != EXT2_FT_DIR && type != EXT2_FT_REG_FILE)
		return 0;
	reader->stop = inode_paths_add(reader->paths, directory, entry->inode, entry->name,
				       (size_t)ext2fs_dirent_name_len(entry), type == EXT2_FT_DIR);
	return reader->stop ? DIRENT_ABORT : 0;
}

static int read_directory(struct inode_paths *paths, uint64_t directory, void *context)
{
	struct entries reader = { .volume = context, .paths = paths };

	ext2fs_dir_iterate2(reader.volume->fs, (ext2_ino_t)directory, 0, NULL, look_at_entry,
			    &reader);
	return reader.stop;
}

struct directory_reader ext_directory_reader(struct ext_volume *volume, const char *top)
{
	return (struct directory_reader) {
		.read_directory = read_directory,
		.context = volume,
		.root = EXT2_ROOT_INO,
		.top = top,
	};
}
