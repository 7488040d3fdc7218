/* SPDX-License-Identifier: Apache-2.0 */
/* Three libraries: the first calls the second, that the third, and that, after turns of its own, the leaf. */
#ifndef TESTS_UNWIND_LIBRARY_H
#define TESTS_UNWIND_LIBRARY_H

typedef void unwind_leaf(void);

#define UNWIND_EXPORT __attribute__((visibility("default")))
UNWIND_EXPORT int unwind_library_1(int turns, unwind_leaf *leaf);
UNWIND_EXPORT int unwind_library_2(int turns, unwind_leaf *leaf);
UNWIND_EXPORT int unwind_library_3(int turns, unwind_leaf *leaf);

#endif
