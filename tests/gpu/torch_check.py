# SPDX-License-Identifier: Apache-2.0
"""PyTorch's discovery of GPUs and a small matrix product; the first lines are the same from run to run."""
import sys
import time

try:
    import torch
except Exception as error:  # not there, or not for this machine
    print("no torch:", error)
    sys.exit(77)

print("torch", torch.__version__, "cuda", torch.version.cuda)
print("available", torch.cuda.is_available(), "devices", torch.cuda.device_count())
if not torch.cuda.is_available():
    sys.exit(1)
properties = torch.cuda.get_device_properties(0)
print(properties.name, properties.major, properties.minor, properties.total_memory, properties.multi_processor_count)
generator = torch.Generator(device="cpu").manual_seed(7)
a = torch.randn(512, 512, generator=generator)
b = torch.randn(512, 512, generator=generator)
x, y = a.cuda(), b.cuda()
z = x @ y
print("product", float(z.double().sum().cpu()), float(z[3, 5].cpu()))
print("close to the CPU's", bool(torch.allclose(z.cpu(), a @ b, rtol=1e-3, atol=1e-2)))


def small_products(n):
    torch.cuda.synchronize()
    start = time.perf_counter()
    for _ in range(n):
        x @ y
    torch.cuda.synchronize()
    return (time.perf_counter() - start) / n * 1e6


small_products(200)
times = sorted(small_products(500) for _ in range(15))
print("time: 512x512 product, median %.3f us" % times[7], file=sys.stderr)
