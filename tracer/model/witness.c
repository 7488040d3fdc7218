// SPDX-License-Identifier: Apache-2.0
/* Whether the ring and the kernel observer tell the same of the calls that both should have seen. */
#include "tracer/model/witness.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "shim/api/schema.h"

#define BOTH ((uint32_t)VGPU_OBSERVER_RING | VGPU_OBSERVER_KERNEL)

/* A call that one of them saw; whether the other should have is known at the end. */
struct single {
	uint32_t function, process;
	bool ring;
	uint64_t enter_ns, leave_ns;
};

struct vgpu_witness {
	struct vgpu_sink sink;
	struct vgpu_witness_row *rows; /* by function */
	uint32_t row_count, row_room;
	struct single *singles;
	size_t single_count, single_room;
	struct vgpu_event_loss *losses; /* the latest of each ring */
	uint32_t loss_count;
	struct vgpu_event_kernel_loss *kernel_losses; /* of each CPU */
	uint32_t kernel_loss_count;
	uint8_t *has_ring; /* bits of processes */
	uint32_t has_ring_bytes;
	uint64_t probed_ns[VGPU_LIBRARIES + 1]; /* since when, 0: it is not */
	uint64_t until_ns;
	bool different;
};

static void *grow(void *list, size_t count, size_t size, void **out)
{
	void *grown = realloc(list, count * size);

	if (grown)
		*out = grown;
	return grown;
}

static struct vgpu_witness_row *row_of(struct vgpu_witness *witness, uint32_t function)
{
	uint32_t low = 0, high = witness->row_count;

	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (witness->rows[middle].function < function)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < witness->row_count && witness->rows[low].function == function)
		return &witness->rows[low];
	if (witness->row_count == witness->row_room) {
		uint32_t room = witness->row_room ? witness->row_room * 2 : 64;

		if (!grow(witness->rows, room, sizeof(*witness->rows), (void **)&witness->rows))
			return NULL;
		witness->row_room = room;
	}
	memmove(&witness->rows[low + 1], &witness->rows[low],
		(witness->row_count - low) * sizeof(*witness->rows));
	witness->row_count++;
	witness->rows[low] = (struct vgpu_witness_row){ .function = function };
	return &witness->rows[low];
}

static int add_single(struct vgpu_witness *witness, const struct vgpu_event *event)
{
	if (witness->single_count == witness->single_room) {
		size_t room = witness->single_room ? witness->single_room * 2 : 256;

		if (!grow(witness->singles, room, sizeof(*witness->singles),
			  (void **)&witness->singles))
			return -ENOMEM;
		witness->single_room = room;
	}
	witness->singles[witness->single_count++] = (struct single){
		.function = event->call.function,
		.process = event->process,
		.ring = event->observer & VGPU_OBSERVER_RING,
		.enter_ns = event->time_ns,
		.leave_ns = event->time_ns + event->call.duration_ns,
	};
	return 0;
}

static int add_call(struct vgpu_witness *witness, const struct vgpu_event *event)
{
	struct vgpu_witness_row *row;

	if (!event->call.function || (event->kind == VGPU_EVENT_PENDING && !event->call.ended))
		return 0;
	if ((event->observer & BOTH) != BOTH)
		return event->observer & BOTH ? add_single(witness, event) : 0;
	row = row_of(witness, event->call.function);
	if (!row)
		return -ENOMEM;
	row->ring++;
	row->kernel++;
	row->both++;
	return 0;
}

static int add_ring(struct vgpu_witness *witness, uint32_t process)
{
	uint32_t bytes = process / 8 + 1;

	if (bytes > witness->has_ring_bytes) {
		if (!grow(witness->has_ring, bytes, 1, (void **)&witness->has_ring))
			return -ENOMEM;
		memset(witness->has_ring + witness->has_ring_bytes, 0,
		       bytes - witness->has_ring_bytes);
		witness->has_ring_bytes = bytes;
	}
	witness->has_ring[process / 8] |= 1u << process % 8;
	return 0;
}

static int add_loss(struct vgpu_witness *witness, const struct vgpu_event_loss *loss)
{
	uint32_t i = 0;

	while (i < witness->loss_count && witness->losses[i].ring != loss->ring)
		i++;
	if (i == witness->loss_count) {
		if (!grow(witness->losses, i + 1, sizeof(*loss), (void **)&witness->losses))
			return -ENOMEM;
		witness->loss_count++;
	}
	witness->losses[i] = *loss;
	return 0;
}

static int add_kernel_loss(struct vgpu_witness *witness, const struct vgpu_event_kernel_loss *loss)
{
	uint32_t i = 0;

	while (i < witness->kernel_loss_count && witness->kernel_losses[i].cpu != loss->cpu)
		i++;
	if (i == witness->kernel_loss_count) {
		if (!grow(witness->kernel_losses, i + 1, sizeof(*loss),
			  (void **)&witness->kernel_losses))
			return -ENOMEM;
		witness->kernel_loss_count++;
	}
	witness->kernel_losses[i] = *loss;
	return 0;
}

/* A contradiction, as the merge says it once a function. */
static int add_note(struct vgpu_witness *witness, const struct vgpu_event_observer_note *note)
{
	struct vgpu_witness_row *row;

	witness->different = true;
	for (uint32_t library = 1; note->subject && library <= VGPU_LIBRARIES; library++) {
		const struct vgpu_function *function =
		    witness->probed_ns[library] ? vgpu_function_by_name(library, note->subject)
						: NULL;

		if (!function)
			continue;
		row = row_of(witness, function->id);
		if (!row)
			return -ENOMEM;
		row->different = true;
		break;
	}
	return 0;
}

static int witness_event(struct vgpu_sink *sink, const struct vgpu_event *event)
{
	struct vgpu_witness *witness = (struct vgpu_witness *)sink;

	switch (event->kind) {
	case VGPU_EVENT_CALL:
	case VGPU_EVENT_PENDING:
		return add_call(witness, event);
	case VGPU_EVENT_RING:
		return add_ring(witness, event->process);
	case VGPU_EVENT_LOSS:
		return event->observer & VGPU_OBSERVER_RING ? add_loss(witness, &event->loss) : 0;
	case VGPU_EVENT_KERNEL_LOSS:
		return add_kernel_loss(witness, &event->kernel_loss);
	case VGPU_EVENT_PROBES:
		if (event->probes.ours && event->probes.ours <= VGPU_LIBRARIES &&
		    !witness->probed_ns[event->probes.ours])
			witness->probed_ns[event->probes.ours] = event->time_ns;
		return 0;
	case VGPU_EVENT_COVERAGE:
		if (event->coverage.observer == VGPU_OBSERVER_KERNEL && !event->coverage.on)
			witness->until_ns = event->time_ns;
		return 0;
	case VGPU_EVENT_OBSERVER:
		/* The tracer's own word about the kernel observer, which is said of nothing else. */
		if (event->observer == VGPU_OBSERVER_TRACER &&
		    event->note.about == VGPU_OBSERVER_KERNEL)
			return add_note(witness, &event->note);
		return 0;
	}
	return 0;
}

static const struct vgpu_sink_ops witness_ops = { .event = witness_event };

int vgpu_witness_open(struct vgpu_witness **out)
{
	*out = calloc(1, sizeof(**out));
	if (!*out)
		return -ENOMEM;
	(*out)->sink.ops = &witness_ops;
	return 0;
}

struct vgpu_sink *vgpu_witness_sink(struct vgpu_witness *witness)
{
	return &witness->sink;
}

void vgpu_witness_close(struct vgpu_witness *witness)
{
	if (!witness)
		return;
	free(witness->rows);
	free(witness->singles);
	free(witness->losses);
	free(witness->kernel_losses);
	free(witness->has_ring);
	free(witness);
}

/* Both could see it: the probes were there from its beginning to its end, and its process has a ring. */
static bool compared(const struct vgpu_witness *witness, const struct single *single)
{
	uint32_t library = VGPU_FUNCTION_LIBRARY(single->function);

	return library <= VGPU_LIBRARIES && witness->probed_ns[library] &&
	       single->enter_ns >= witness->probed_ns[library] &&
	       (!witness->until_ns || single->leave_ns < witness->until_ns) &&
	       single->process / 8 < witness->has_ring_bytes &&
	       witness->has_ring[single->process / 8] >> single->process % 8 & 1;
}

enum vgpu_witness_verdict vgpu_witness_finish(struct vgpu_witness *witness,
					      struct vgpu_witness_sums *sums,
					      const struct vgpu_witness_row **rows, uint32_t *count)
{
	bool equal = true;

	memset(sums, 0, sizeof(*sums));
	for (size_t i = 0; i < witness->single_count; i++) {
		const struct single *single = &witness->singles[i];
		struct vgpu_witness_row *row =
		    compared(witness, single) ? row_of(witness, single->function) : NULL;

		if (!row)
			sums->outside++;
		else if (single->ring)
			row->ring++;
		else
			row->kernel++;
	}
	witness->single_count = 0;
	for (uint32_t i = 0; i < witness->loss_count; i++)
		sums->ring_lost += witness->losses[i].dropped + witness->losses[i].overwritten +
				   witness->losses[i].refused;
	for (uint32_t i = 0; i < witness->kernel_loss_count; i++)
		sums->kernel_lost += witness->kernel_losses[i].dropped +
				     witness->kernel_losses[i].deep +
				     witness->kernel_losses[i].stateless;
	for (uint32_t library = 1; library <= VGPU_LIBRARIES; library++)
		sums->two |= witness->probed_ns[library] && witness->has_ring_bytes;
	for (uint32_t i = 0; i < witness->row_count; i++) {
		const struct vgpu_witness_row *row = &witness->rows[i];

		sums->ring += row->ring;
		sums->kernel += row->kernel;
		sums->both += row->both;
		equal &= row->ring == row->both && row->kernel == row->both;
	}
	sums->different = witness->different;
	*rows = witness->rows;
	*count = witness->row_count;
	if (!sums->two || (!sums->ring && !sums->kernel))
		return VGPU_WITNESS_ALONE;
	if (witness->different)
		return VGPU_WITNESS_WRONG;
	if (equal)
		return VGPU_WITNESS_EQUAL;
	/* To the call: what the one has and the other has not is what the other counted as lost. */
	return sums->kernel - sums->both <= sums->ring_lost &&
		       sums->ring - sums->both <= sums->kernel_lost
		   ? VGPU_WITNESS_LOST
		   : VGPU_WITNESS_WRONG;
}
