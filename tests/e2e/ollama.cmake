# SPDX-License-Identifier: Apache-2.0
# The example that discovers GPUs as Ollama does: what its processes do, era by era.
vgpu_add_script(ollama_eras ollama_eras.sh)
vgpu_add_script(ollama_children ollama_children.sh)
vgpu_add_script(ollama_order ollama_order.sh)
vgpu_add_script(ollama_limits ollama_limits.sh)
vgpu_add_script(ollama_filters ollama_filters.sh)
vgpu_add_script(ollama_real ollama_real.sh)
