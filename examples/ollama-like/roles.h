/* SPDX-License-Identifier: Apache-2.0 */
/* What the program can be, by its first argument: argv[0] here. Each gives the exit status. */
#ifndef VGPU_EXAMPLES_OLLAMA_ROLES_H
#define VGPU_EXAMPLES_OLLAMA_ROLES_H

int role_serve(int argc, char **argv);
int role_runner(int argc, char **argv);
int role_gpu_discover(int argc, char **argv);

#endif
