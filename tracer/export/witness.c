// SPDX-License-Identifier: Apache-2.0
/* Two witnesses compared, as a table for people. */
#include "tracer/export/witness.h"

#include <inttypes.h>

#include "tracer/model/call.h"

static const char *of_row(const struct vgpu_witness_row *row)
{
	if (row->different)
		return "  DIFFERENT VALUES";
	if (row->ring > row->both && row->kernel > row->both)
		return "  not the same calls";
	if (row->ring > row->both)
		return "  the kernel lacks some";
	return row->kernel > row->both ? "  the ring lacks some" : "";
}

void vgpu_witness_format(enum vgpu_witness_verdict verdict, const struct vgpu_witness_sums *sums,
			 const struct vgpu_witness_row *rows, uint32_t count, struct vgpu_text *out)
{
	if (verdict == VGPU_WITNESS_ALONE)
		return;
	vgpu_text_puts(out, "      RING     KERNEL  SEEN BY BOTH  FUNCTION\n");
	for (uint32_t i = 0; i < count; i++) {
		vgpu_text_printf(out, "%10" PRIu64 " %10" PRIu64 "    %10" PRIu64 "  ",
				 rows[i].ring, rows[i].kernel, rows[i].both);
		vgpu_call_format_name(out, rows[i].function);
		vgpu_text_puts(out, of_row(&rows[i]));
		vgpu_text_puts(out, "\n");
	}
	vgpu_text_printf(
	    out, "%10" PRIu64 " %10" PRIu64 "    %10" PRIu64 "  all %" PRIu32 " functions\n",
	    sums->ring, sums->kernel, sums->both, count);
	if (sums->ring_lost || sums->kernel_lost)
		vgpu_text_printf(out,
				 "not on record: %" PRIu64
				 " calls that the ring overwrote or refused, %" PRIu64
				 " that the kernel observer dropped\n",
				 sums->ring_lost, sums->kernel_lost);
	if (sums->outside)
		vgpu_text_printf(out,
				 "left out: %" PRIu64 " calls that only one of them could see\n",
				 sums->outside);
	if (verdict == VGPU_WITNESS_EQUAL)
		vgpu_text_puts(out, "equal: ring and kernel saw the same calls\n");
	else if (verdict == VGPU_WITNESS_LOST)
		vgpu_text_puts(out, "equal but for what was counted as lost\n");
	else
		vgpu_text_puts(out, "DIFFERENT: what one lacks is more than it lost\n");
}
