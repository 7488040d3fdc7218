// SPDX-License-Identifier: Apache-2.0
/* What a call took and gave back without what is private: by the description's classes, and by shape where it has none. */
#include "tracer/export/redact_call.h"

#include <stdlib.h>
#include <string.h>

#include "shim/api/schema.h"
#include "tracer/model/names.h"
#include "tracer/model/value.h"

/* Text may grow: a path's parts become words that are longer. */
#define GROWTH 3u
#define ALIGN8(size) (((size) + (size_t)7) & ~(size_t)7)

static void put_serial(struct redact_words *words, struct vgpu_text *out, const char *text,
		       size_t size)
{
	uint32_t number = redact_number(words, REDACT_SERIAL, text, size);

	if (size)
		vgpu_text_printf(out, "%0*u", (int)size, number);
}

static void put_text(struct redact_words *words, struct vgpu_text *out, const char *text,
		     size_t size, uint32_t class)
{
	size_t before = out->size;

	if (class == VGPU_REDACT_SERIAL) {
		put_serial(words, out, text, size);
		return;
	}
	if (class == VGPU_REDACT_NAME) {
		redact_learn(words, text, size);
		if (size)
			vgpu_text_printf(out, "name%u",
					 redact_number(words, REDACT_WORD, text, size));
		return;
	}
	redact_text(words, out, text, size,
		    class == VGPU_REDACT_PATH ? REDACT_FOLDER : REDACT_TEXT);
	/* Said to be a UUID, and of another shape. */
	if (class == VGPU_REDACT_UUID && size && out->size - before == size &&
	    !memcmp(out->bytes + before, text, size)) {
		out->size = before;
		put_serial(words, out, text, size);
	}
}

/* Text in a buffer of size bytes, in place: cut where it became longer, and nothing left behind its end. */
static void scrub_text(struct redact_words *words, uint8_t *bytes, size_t size, uint32_t class)
{
	char *copy = strndup((const char *)bytes, size);
	struct vgpu_text out = { 0 };
	size_t length;

	if (!copy) {
		words->failed = true;
		return;
	}
	length = strlen(copy);
	put_text(words, &out, copy, length, class);
	words->failed |= out.failed;
	memset(bytes, 0, size);
	/* A buffer that was full to its last byte stays so; any other has a NUL. */
	if (length < size)
		length = out.size < size ? out.size : size - 1;
	else
		length = out.size < size ? out.size : size;
	if (length)
		memcpy(bytes, out.bytes, length);
	vgpu_text_free(&out);
	free(copy);
}

static void scrub_value(struct redact_words *words, const struct vgpu_type *type, const char *name,
			uint8_t *bytes, size_t size, uint32_t class);

static void scrub_integer(struct redact_words *words, const struct vgpu_type *type,
			  const char *name, uint8_t *bytes, size_t size, uint32_t class)
{
	uint32_t value;

	if (class && type->size == 8 && size >= 8) {
		memset(bytes, 0, 8);
		return;
	}
	if (type->size != 4 || size < 4 || !name)
		return;
	memcpy(&value, bytes, 4);
	if (vgpu_name_matches("bus,pciBusID,pciBusId", name))
		value = redact_small(words, REDACT_BUS, value);
	else if (vgpu_name_matches("domain,pciDomainID,pciDomainId", name))
		value = redact_small(words, REDACT_DOMAIN, value);
	memcpy(bytes, &value, 4);
}

static void scrub_array(struct redact_words *words, const struct vgpu_type *element,
			const char *name, uint8_t *bytes, size_t size, uint32_t class)
{
	if (element->kind == VGPU_TYPE_CHAR) {
		scrub_text(words, bytes, size, class);
		return;
	}
	if (class && element->size == 1) {
		if (class == VGPU_REDACT_UUID && size == 16)
			redact_uuid(words, bytes);
		else
			memset(bytes, 0, size);
		return;
	}
	for (size_t at = 0; element->size && at + element->size <= size; at += element->size)
		scrub_value(words, element, name, bytes + at, element->size, class);
}

static void scrub_value(struct redact_words *words, const struct vgpu_type *type, const char *name,
			uint8_t *bytes, size_t size, uint32_t class)
{
	switch (type->kind) {
	case VGPU_TYPE_UUID:
		if (size >= 16)
			redact_uuid(words, bytes);
		break;
	case VGPU_TYPE_INT:
	case VGPU_TYPE_UINT:
		scrub_integer(words, type, name, bytes, size, class);
		break;
	case VGPU_TYPE_ARRAY:
		scrub_array(words, type->element, name, bytes,
			    size < type->size ? size : type->size, class);
		break;
	case VGPU_TYPE_STRUCT:
		for (uint32_t i = 0; i < type->count; i++) {
			const struct vgpu_member *member = &type->members[i];

			if (member->offset < size && !member->bit_size)
				scrub_value(words, member->type, member->name,
					    bytes + member->offset, size - member->offset, class);
		}
		break;
	case VGPU_TYPE_UNION:
	case VGPU_TYPE_BYTES:
		/* Which member it is cannot be told. */
		if (class)
			memset(bytes, 0, size < type->size ? size : type->size);
		break;
	}
}

/* What some integers mean only their function says: a number of the card's place on its bus. */
static bool is_place(const struct vgpu_event_call *call, const struct vgpu_function *function,
		     enum redact_sort *sort)
{
	static const struct {
		const char *functions, *attribute;
		enum redact_sort sort;
	} places[] = {
		{ "cuDeviceGetAttribute,cudaDeviceGetAttribute", "*PCI_BUS_ID,*PciBusId",
		  REDACT_BUS },
		{ "cuDeviceGetAttribute,cudaDeviceGetAttribute", "*PCI_DOMAIN_ID,*PciDomainId",
		  REDACT_DOMAIN },
		{ "nvmlDeviceGetBoardId", NULL, REDACT_BOARD },
	};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (!vgpu_name_matches(places[i].functions, function->name))
			continue;
		*sort = places[i].sort;
		if (!places[i].attribute)
			return true;
		for (uint32_t p = 0; p < function->nparams && p < call->args.count; p++) {
			const struct vgpu_enum *enumeration = function->params[p].type->enumeration;
			const char *name =
			    enumeration ? vgpu_enum_name(enumeration, (int32_t)call->args.words[p])
					: NULL;

			if (name && vgpu_name_matches(places[i].attribute, name))
				return true;
		}
	}
	return false;
}

static void scrub_parameter(struct redact_words *words, const struct vgpu_event_call *call,
			    const struct vgpu_function *function, const struct vgpu_param *param,
			    const struct vgpu_blob *blob, uint8_t *bytes)
{
	const struct vgpu_type *pointee = param->type->element ? param->type->element : param->type;
	enum redact_sort sort;
	uint32_t value;

	if (param->redact == VGPU_REDACT_DATA || param->capture == VGPU_CAPTURE_BYTES) {
		/* Eight bytes are a counter or a pointer, but for the id that the card has on its machine. */
		bool plain = pointee->kind == VGPU_TYPE_ENUM || blob->size <= 8;

		if (param->redact || !plain || !strcmp(param->name, "luid"))
			memset(bytes, 0, blob->size);
	} else if (param->capture == VGPU_CAPTURE_FIXED && blob->size == 4 &&
		   blob->flags & VGPU_BLOB_OUT && is_place(call, function, &sort)) {
		memcpy(&value, bytes, 4);
		value = redact_small(words, sort, value);
		memcpy(bytes, &value, 4);
	} else if (param->capture == VGPU_CAPTURE_ARRAY) {
		scrub_array(words, pointee, param->name, bytes, blob->size, param->redact);
	} else if (param->capture == VGPU_CAPTURE_VALUE) {
		scrub_value(words, param->type, param->name, bytes, blob->size, param->redact);
	} else {
		scrub_value(words, pointee, param->name, bytes, blob->size, param->redact);
	}
}

/* Text of its own length: it may become shorter or longer. */
static uint16_t scrub_string(struct redact_words *words, uint8_t *bytes,
			     const struct vgpu_blob *blob, uint32_t class)
{
	char *copy = strndup((const char *)(blob + 1), blob->size);
	struct vgpu_text out = { 0 };
	size_t size;

	if (!copy) {
		words->failed = true;
		return 0;
	}
	put_text(words, &out, copy, strlen(copy), class);
	words->failed |= out.failed;
	size = out.size < VGPU_BLOB_MAX ? out.size : VGPU_BLOB_MAX;
	if (size > (size_t)blob->size * GROWTH + 32)
		size = (size_t)blob->size * GROWTH + 32;
	if (size)
		memcpy(bytes, out.bytes, size);
	vgpu_text_free(&out);
	free(copy);
	return size;
}

size_t redact_blobs_room(const struct vgpu_event_call *call)
{
	const struct vgpu_blob *blob;
	size_t at = 0, room = 0;

	while ((blob = vgpu_event_blob(call, &at)))
		room += sizeof(*blob) + ALIGN8((size_t)blob->size * GROWTH + 32);
	return room;
}

size_t redact_blobs(struct redact_words *words, const struct vgpu_event_call *call, uint8_t *out)
{
	const struct vgpu_function *function = vgpu_function_find(call->function);
	const struct vgpu_blob *blob;
	size_t at = 0, size = 0;

	while ((blob = vgpu_event_blob(call, &at))) {
		const struct vgpu_param *param = function && blob->param < function->nparams
						     ? &function->params[blob->param]
						     : NULL;
		struct vgpu_blob *copy = (struct vgpu_blob *)(out + size);
		uint8_t *bytes = (uint8_t *)(copy + 1);

		*copy = *blob;
		memset(bytes, 0, ALIGN8((size_t)blob->size));
		memcpy(bytes, blob + 1, blob->size);
		if ((param && param->capture == VGPU_CAPTURE_STRING) ||
		    blob->param == VGPU_BLOB_RESULT) {
			memset(bytes, 0, ALIGN8((size_t)blob->size));
			copy->size = scrub_string(words, bytes, blob,
						  param ? param->redact : VGPU_REDACT_NONE);
			copy->full_size = copy->size + (blob->full_size - blob->size);
			memset(bytes + copy->size, 0, ALIGN8((size_t)copy->size) - copy->size);
		} else if (param) {
			scrub_parameter(words, call, function, param, blob, bytes);
		} else if (blob->param != VGPU_BLOB_RESOLVED && blob->param != VGPU_BLOB_STACK) {
			/* Of a function that nobody described. */
			memset(bytes, 0, blob->size);
		}
		size += sizeof(*copy) + ALIGN8((size_t)copy->size);
	}
	return size;
}

void redact_call_text(struct redact_words *words, struct vgpu_text *out,
		      const struct vgpu_event_call *call)
{
	const struct vgpu_function *function = vgpu_function_find(call->function);
	uint32_t class = VGPU_REDACT_NONE;

	if (function && call->text_param < function->nparams)
		class = function->params[call->text_param].redact;
	put_text(words, out, call->text, strlen(call->text), class);
}
