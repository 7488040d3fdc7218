/* SPDX-License-Identifier: Apache-2.0 */
/* What gen/cudart13_check.cc is compiled against: a toolkit's headers of the runtime API. */
#include <cuda_runtime_api.h>
#include <cuda_profiler_api.h>

#if __has_include(<EGL/egl.h>) && __has_include(<EGL/eglext.h>)
#include <cuda_egl_interop.h>
#else
#define VGPU_CHECK_SKIP_EGL
#endif
#if __has_include(<GL/gl.h>)
#include <cuda_gl_interop.h>
#else
#define VGPU_CHECK_SKIP_GL
#endif
/* The description has a bare pointer where VDPAU's headers have a callback. */
#define VGPU_CHECK_SKIP_VDPAU
