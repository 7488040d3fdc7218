/* SPDX-License-Identifier: Apache-2.0 */
/* Variables of device code by their symbols: addresses, sizes, copies. */
#include "shim/backend/sim/cudart/runtime.h"

static cudaError_t ask(const void *out, const void *symbol, CUdeviceptr *address, size_t *size)
{
	RUNTIME_NEED_CONTEXT();
	if (!out)
		RUNTIME_FAIL(cudaErrorInvalidValue);
	return runtime_note(runtime_symbol(symbol, address, size));
}

cudaError_t sim_cudaGetSymbolAddress(void **out, const void *symbol)
{
	CUdeviceptr address;
	size_t size;
	cudaError_t error = ask(out, symbol, &address, &size);

	if (error == cudaSuccess)
		*out = (void *)(uintptr_t)address;
	return error;
}

cudaError_t sim_cudaGetSymbolSize(size_t *out, const void *symbol)
{
	CUdeviceptr address;
	size_t size;
	cudaError_t error = ask(out, symbol, &address, &size);

	if (error == cudaSuccess)
		*out = size;
	return error;
}

cudaError_t runtime_symbol_part(const void *symbol, size_t count, size_t offset, void **out)
{
	CUdeviceptr address;
	cudaError_t error;
	size_t size;

	RUNTIME_NEED_CONTEXT();
	error = runtime_symbol(symbol, &address, &size);
	if (error != cudaSuccess)
		RUNTIME_FAIL(error);
	if (offset > size || count > size - offset)
		RUNTIME_FAIL(cudaErrorInvalidValue);
	*out = (void *)(uintptr_t)(address + offset);
	return cudaSuccess;
}

cudaError_t sim_cudaMemcpyToSymbol(const void *symbol, const void *from, size_t count,
				   size_t offset, cudaMemcpyKind kind)
{
	cudaError_t error;
	void *to;

	if (kind != cudaMemcpyHostToDevice && kind != cudaMemcpyDeviceToDevice &&
	    kind != cudaMemcpyDefault)
		RUNTIME_FAIL(cudaErrorInvalidMemcpyDirection);
	error = runtime_symbol_part(symbol, count, offset, &to);
	return error == cudaSuccess ? sim_cudaMemcpy(to, from, count, kind) : error;
}
SIM_ALIAS(sim_cudaMemcpyToSymbol_ptds, sim_cudaMemcpyToSymbol);

cudaError_t sim_cudaMemcpyFromSymbol(void *to, const void *symbol, size_t count, size_t offset,
				     cudaMemcpyKind kind)
{
	cudaError_t error;
	void *from;

	if (kind != cudaMemcpyDeviceToHost && kind != cudaMemcpyDeviceToDevice &&
	    kind != cudaMemcpyDefault)
		RUNTIME_FAIL(cudaErrorInvalidMemcpyDirection);
	error = runtime_symbol_part(symbol, count, offset, &from);
	return error == cudaSuccess ? sim_cudaMemcpy(to, from, count, kind) : error;
}
SIM_ALIAS(sim_cudaMemcpyFromSymbol_ptds, sim_cudaMemcpyFromSymbol);

cudaError_t sim_cudaMemcpyToSymbolAsync(const void *symbol, const void *from, size_t count,
					size_t offset, cudaMemcpyKind kind, cudaStream_t stream)
{
	cudaError_t error;
	void *to;

	if (kind != cudaMemcpyHostToDevice && kind != cudaMemcpyDeviceToDevice &&
	    kind != cudaMemcpyDefault)
		RUNTIME_FAIL(cudaErrorInvalidMemcpyDirection);
	error = runtime_symbol_part(symbol, count, offset, &to);
	return error == cudaSuccess ? sim_cudaMemcpyAsync(to, from, count, kind, stream) : error;
}
RUNTIME_PTSZ(cudaMemcpyToSymbolAsync,
	     (const void *symbol, const void *from, size_t count, size_t offset,
	      cudaMemcpyKind kind, cudaStream_t stream),
	     (symbol, from, count, offset, kind, runtime_ptsz(stream)))

cudaError_t sim_cudaMemcpyFromSymbolAsync(void *to, const void *symbol, size_t count, size_t offset,
					  cudaMemcpyKind kind, cudaStream_t stream)
{
	cudaError_t error;
	void *from;

	if (kind != cudaMemcpyDeviceToHost && kind != cudaMemcpyDeviceToDevice &&
	    kind != cudaMemcpyDefault)
		RUNTIME_FAIL(cudaErrorInvalidMemcpyDirection);
	error = runtime_symbol_part(symbol, count, offset, &from);
	return error == cudaSuccess ? sim_cudaMemcpyAsync(to, from, count, kind, stream) : error;
}
RUNTIME_PTSZ(cudaMemcpyFromSymbolAsync,
	     (void *to, const void *symbol, size_t count, size_t offset, cudaMemcpyKind kind,
	      cudaStream_t stream),
	     (to, symbol, count, offset, kind, runtime_ptsz(stream)))
