/* SPDX-License-Identifier: Apache-2.0 */
/* What an ELF file is: ours or foreign, its build id, its class. Reads; never loads. */
#ifndef VGPU_SOURCE_ELF_H
#define VGPU_SOURCE_ELF_H

#include <stdbool.h>
#include <stdint.h>

struct vgpu_elf {
	bool is64;
	bool dynamic;     /* has an interpreter or needs one: LD_PRELOAD reaches it */
	bool interpreter; /* names one: a program that ld.so starts */
	uint16_t machine;
	uint32_t library; /* by our note: enum vgpu_library_id; 0: foreign */
	uint32_t core_abi;
	uint64_t schema_hash;
	uint8_t build_id[20];
	uint8_t build_id_size;
	uint32_t symbols; /* functions it exports */
	char soname[128];
};

/* What is to be taken from an address of code mapped from this offset, to get the address it is loaded at. */
uint64_t vgpu_elf_before(const char *path, uint64_t offset);
/* 0 or -errno; -ENOEXEC: no ELF file. */
int vgpu_elf_read(const char *path, struct vgpu_elf *out);

#endif
