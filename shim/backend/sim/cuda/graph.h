/* SPDX-License-Identifier: Apache-2.0 */
/* Graphs: nodes with parameters and dependencies, and executable copies of them. */
#ifndef VGPU_SIM_CUDA_GRAPH_H
#define VGPU_SIM_CUDA_GRAPH_H

#include "shim/backend/sim/cuda/stream.h"

struct cuda_node {
	struct object object; /* owner: its graph */
	struct cuda_node *next, *before;
	CUgraphNodeParams is; /* with copies of ours where it points */
	void *block;          /* on the heap: arguments, operations or descriptors of `is` */
	struct cuda_edges after;
	/* what this was copied from; the serial tells whether that still is */
	struct cuda_node *origin;
	uint64_t origin_serial;
	struct cuda_node *copy;             /* only while a graph is copied */
	CUlaunchAttributeValue *attributes; /* of a kernel's node, by id; NULL: none set */
	uint32_t attribute_set;
	uint32_t mark; /* only while a graph is walked */
	bool enabled;
};
_Static_assert(sizeof(struct cuda_node) <= OBJECT_BYTES, "a slot holds it");

struct cuda_graph {
	struct object object;
	struct cuda_node *first, *last;
	uint32_t count;
	bool inner; /* of a child node, or of an executable graph: not for the program to destroy */
	struct cuda_user_ref *users;
};
_Static_assert(sizeof(struct cuda_graph) <= OBJECT_BYTES, "a slot holds it");

struct cuda_exec {
	struct object object;
	struct cuda_graph *graph;
	uint64_t flags;
	uint64_t launches;
};

static inline struct cuda_graph *cuda_graph_of(CUgraph handle)
{
	return object_get(handle, OBJECT_GRAPH);
}

static inline struct cuda_node *cuda_node_of(CUgraphNode handle)
{
	return object_get(handle, OBJECT_NODE);
}

struct cuda_graph *cuda_graph_new(void);
void cuda_graph_free(struct cuda_graph *graph);

/* A deep copy, whose nodes have the originals' as their origin; NULL: no memory. */
struct cuda_graph *cuda_graph_copy(const struct cuda_graph *graph);

/* The node of `graph` whose origin `node` is, or NULL. */
struct cuda_node *cuda_graph_find(const struct cuda_graph *graph, const struct cuda_node *node);

/* Orders the nodes so that each comes after what it depends on; false: there is a cycle. */
bool cuda_graph_sort(struct cuda_graph *graph);

/* Appends a node; edges are copied. */
CUresult cuda_node_add(struct cuda_graph *graph, const CUgraphNodeParams *params,
		       const struct cuda_edge *edges, size_t count, bool again,
		       struct cuda_node **out);
void cuda_node_free(struct cuda_node *node);

/*
 * Checks parameters as the call that takes them does, and copies them into the node. `again`: they are
 * another node's, so that what that allocates is not allocated a second time.
 */
CUresult cuda_node_set(struct cuda_node *node, const CUgraphNodeParams *params, bool again);

/* Does what one node says, in the current context; the stream is told how long a device would take. */
CUresult cuda_node_run(const CUgraphNodeParams *params, struct cuda_stream *stream);

/* Does all that a sorted graph says. */
CUresult cuda_graph_run(struct cuda_graph *graph, struct cuda_stream *stream);

/* ---- what other files do for nodes ---- */

/* Whether a launch would be accepted by the current context's device. */
CUresult cuda_launch_check(CUfunction function, const unsigned grid[3], const unsigned block[3],
			   unsigned shared);

CUresult cuda_copy_run(const CUDA_MEMCPY3D *copy, struct cuda_stream *stream);
CUresult cuda_set_run(const CUDA_MEMSET_NODE_PARAMS_v2 *set, struct cuda_stream *stream);
CUresult cuda_memops_run(const CUstreamBatchMemOpParams *ops, unsigned int count);
CUresult cuda_memops_check(const CUstreamBatchMemOpParams *ops, unsigned int count);

/* Memory of graphs: an address for good, bytes from each launch until they are freed. */
CUresult cuda_graph_memory_reserve(CUDA_MEM_ALLOC_NODE_PARAMS *params);
void cuda_graph_memory_hold(CUdeviceptr address); /* once more, for a copy of the node */
void cuda_graph_memory_unreserve(CUdeviceptr address);
CUresult cuda_graph_memory_take(CUdeviceptr address);
CUresult cuda_graph_memory_give(CUdeviceptr address);

#endif
