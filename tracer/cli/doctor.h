/* SPDX-License-Identifier: Apache-2.0 */
/* Private to cli/doctor*.c. */
#ifndef VGPU_CLI_DOCTOR_H
#define VGPU_CLI_DOCTOR_H

/* A line or more beneath "observers". */
void vgpu_doctor_kernel(void);
/* A section of its own, where one of the libraries is to be found. */
void vgpu_doctor_predict(void);

#endif
