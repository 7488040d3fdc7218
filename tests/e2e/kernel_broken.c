/* SPDX-License-Identifier: Apache-2.0 */
/* A library that cannot be loaded: it needs a symbol that nobody has. */
int kernel_symbol_that_nobody_has(void);
int kernel_broken(void);

int kernel_broken(void)
{
	return kernel_symbol_that_nobody_has();
}
