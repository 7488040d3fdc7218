/* SPDX-License-Identifier: Apache-2.0 */
/* Text, bytes and words as JSON. */
#ifndef VGPU_EXPORT_JSON_TEXT_H
#define VGPU_EXPORT_JSON_TEXT_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Each makes an object that the caller owns; NULL is JSON's null, and no memory. */

/* JSON is UTF-8: what is not becomes U+FFFD. */
struct json_object *vgpu_json_text(const char *bytes, size_t size);
/* NULL stays null. */
struct json_object *vgpu_json_string(const char *string);
struct json_object *vgpu_json_hex(const uint8_t *bytes, size_t size);
/* A number, or with hex a string "0x…": addresses and hashes go beyond what many readers hold as a number. */
struct json_object *vgpu_json_word(uint64_t word, bool hex);

#endif
