# SPDX-License-Identifier: Apache-2.0
"""What PyTorch asks before it computes anything: torch.cuda's discovery alone, so that its trace is small."""
import sys

try:
    import torch
except Exception as error:  # not there, or not for this machine
    print("no torch:", error)
    sys.exit(77)

print("torch", torch.__version__, "cuda", torch.version.cuda)
print("available", torch.cuda.is_available(), "devices", torch.cuda.device_count())
if not torch.cuda.is_available():
    sys.exit(1)
for i in range(torch.cuda.device_count()):
    properties = torch.cuda.get_device_properties(i)
    print(i, properties.name, properties.major, properties.minor, properties.total_memory, properties.multi_processor_count)
print("architectures", " ".join(torch.cuda.get_arch_list()))
