/* SPDX-License-Identifier: Apache-2.0 */
/* Graphs as structures: nodes, dependencies, copies. */
#include "shim/backend/sim/cuda/graph.h"

#include <stdio.h>
#include <string.h>

#include "shim/backend/sim/cuda/heap.h"
#include "shim/backend/sim/cuda/user.h"

#define NEED_GRAPH(name, handle)                                                                   \
	CUDA_NEED_INIT();                                                                          \
	struct cuda_graph *name = cuda_graph_of(handle);                                           \
	if (!name)                                                                                 \
	return CUDA_ERROR_INVALID_VALUE

#define NEED_NODE(name, handle)                                                                    \
	CUDA_NEED_INIT();                                                                          \
	struct cuda_node *name = cuda_node_of(handle);                                             \
	if (!name)                                                                                 \
	return CUDA_ERROR_INVALID_VALUE

struct cuda_graph *cuda_graph_new(void)
{
	return object_new(OBJECT_GRAPH, NULL);
}

void cuda_graph_free(struct cuda_graph *graph)
{
	while (graph->first) {
		struct cuda_node *node = graph->first;

		graph->first = node->next;
		cuda_node_free(node);
	}
	cuda_user_refs_drop(&graph->users);
	object_free(graph);
}

static void append(struct cuda_graph *graph, struct cuda_node *node)
{
	node->next = NULL;
	node->before = graph->last;
	if (graph->last)
		graph->last->next = node;
	else
		graph->first = node;
	graph->last = node;
}

static void take_out(struct cuda_graph *graph, struct cuda_node *node)
{
	if (node->next)
		node->next->before = node->before;
	else
		graph->last = node->before;
	if (node->before)
		node->before->next = node->next;
	else
		graph->first = node->next;
}

CUresult cuda_node_add(struct cuda_graph *graph, const CUgraphNodeParams *params,
		       const struct cuda_edge *edges, size_t count, bool again,
		       struct cuda_node **out)
{
	struct cuda_node *node = object_new(OBJECT_NODE, &graph->object);
	CUresult result;

	if (!node)
		return CUDA_ERROR_OUT_OF_MEMORY;
	node->enabled = true;
	result = cuda_node_set(node, params, again);
	for (size_t i = 0; i < count && result == CUDA_SUCCESS; i++)
		if (!cuda_edges_add(&node->after, edges[i].from, &edges[i].data))
			result = CUDA_ERROR_OUT_OF_MEMORY;
	if (result != CUDA_SUCCESS) {
		cuda_node_free(node);
		return result;
	}
	append(graph, node);
	graph->count++;
	*out = node;
	return CUDA_SUCCESS;
}

static bool copy_node(struct cuda_graph *into, struct cuda_node *node)
{
	struct cuda_node *copy;

	/* what a copied graph allocates is the same address: it is not reserved again */
	if (cuda_node_add(into, &node->is, NULL, 0, true, &copy) != CUDA_SUCCESS)
		return false;
	copy->origin = node;
	copy->origin_serial = node->object.serial;
	copy->enabled = node->enabled;
	copy->attribute_set = node->attribute_set;
	if (node->attributes) {
		copy->attributes =
		    heap_copy(node->attributes, CUDA_STREAM_ATTRIBUTES * sizeof(*node->attributes));
		if (!copy->attributes)
			return false;
	}
	node->copy = copy;
	return true;
}

struct cuda_graph *cuda_graph_copy(const struct cuda_graph *graph)
{
	struct cuda_graph *copy = cuda_graph_new();

	if (!copy)
		return NULL;
	for (struct cuda_node *node = graph->first; node; node = node->next)
		if (!copy_node(copy, node))
			goto err;
	for (struct cuda_node *node = graph->first; node; node = node->next)
		for (uint32_t i = 0; i < node->after.count; i++)
			if (!cuda_edges_add(&node->copy->after, node->after.edge[i].from->copy,
					    &node->after.edge[i].data))
				goto err;
	if (!cuda_user_refs_copy(&copy->users, graph->users))
		goto err;
	return copy;
err:
	cuda_graph_free(copy);
	return NULL;
}

struct cuda_node *cuda_graph_find(const struct cuda_graph *graph, const struct cuda_node *node)
{
	for (struct cuda_node *each = graph->first; each; each = each->next)
		if (each->origin == node && each->origin_serial == node->object.serial)
			return each;
	return NULL;
}

/* Almost every graph is in order as it was built: then one pass moves nothing. */
bool cuda_graph_sort(struct cuda_graph *graph)
{
	struct cuda_node *first = graph->first;
	bool moved = true;

	for (struct cuda_node *node = first; node; node = node->next)
		node->mark = 0;
	graph->first = graph->last = NULL;
	while (first && moved) {
		struct cuda_node *later = NULL, **tail = &later, *next;

		moved = false;
		for (struct cuda_node *node = first; node; node = next) {
			bool ready = true;

			next = node->next;
			for (uint32_t i = 0; i < node->after.count; i++)
				ready &= node->after.edge[i].from->mark;
			if (ready) {
				append(graph, node);
				node->mark = 1;
				moved = true;
			} else {
				*tail = node;
				tail = &node->next;
				node->next = NULL;
			}
		}
		first = later;
	}
	/* what is left over goes in a circle; it stays part of the graph */
	for (struct cuda_node *node = first, *next; node; node = next) {
		next = node->next;
		append(graph, node);
	}
	return !first;
}

/* ---- graphs ---- */

CUresult sim_cuGraphCreate(CUgraph *out, unsigned int flags)
{
	CUDA_NEED_INIT();
	if (!out || flags)
		return CUDA_ERROR_INVALID_VALUE;
	*out = (CUgraph)cuda_graph_new();
	return *out ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}

CUresult sim_cuGraphDestroy(CUgraph handle)
{
	NEED_GRAPH(graph, handle);
	if (graph->inner)
		return CUDA_ERROR_INVALID_VALUE;
	cuda_graph_free(graph);
	return CUDA_SUCCESS;
}

CUresult sim_cuGraphClone(CUgraph *out, CUgraph handle)
{
	NEED_GRAPH(graph, handle);
	if (!out)
		return CUDA_ERROR_INVALID_VALUE;
	for (const struct cuda_node *node = graph->first; node; node = node->next)
		if (node->is.type == CU_GRAPH_NODE_TYPE_MEM_ALLOC ||
		    node->is.type == CU_GRAPH_NODE_TYPE_MEM_FREE)
			return CUDA_ERROR_NOT_SUPPORTED;
	*out = (CUgraph)cuda_graph_copy(graph);
	return *out ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}

CUresult sim_cuGraphNodeFindInClone(CUgraphNode *out, CUgraphNode original, CUgraph handle)
{
	NEED_GRAPH(graph, handle);
	struct cuda_node *node = cuda_node_of(original), *found;

	if (!out || !node)
		return CUDA_ERROR_INVALID_VALUE;
	found = cuda_graph_find(graph, node);
	if (!found)
		return CUDA_ERROR_INVALID_VALUE;
	*out = (CUgraphNode)found;
	return CUDA_SUCCESS;
}

/* ---- lists: as many as there is room for, NULL past the last; without an array, how many ---- */

struct list {
	CUgraphNode *nodes, *others;
	CUgraphEdgeData *data;
	size_t room, count;
	bool lossy; /* an edge says more than the caller asked for */
};

static void put(struct list *list, struct cuda_node *node, struct cuda_node *other,
		const CUgraphEdgeData *data)
{
	static const CUgraphEdgeData plain;

	if (data && memcmp(data, &plain, sizeof(plain)))
		list->lossy |= !list->data;
	if (list->nodes && list->count < list->room) {
		list->nodes[list->count] = (CUgraphNode)node;
		if (list->others)
			list->others[list->count] = (CUgraphNode)other;
		if (list->data && data)
			list->data[list->count] = *data;
	}
	list->count++;
}

static CUresult finish(struct list *list, size_t *count)
{
	if (list->nodes)
		for (size_t i = list->count; i < list->room; i++) {
			list->nodes[i] = NULL;
			if (list->others)
				list->others[i] = NULL;
		}
	*count = list->nodes && list->count > list->room ? list->room : list->count;
	return list->nodes && list->lossy ? CUDA_ERROR_LOSSY_QUERY : CUDA_SUCCESS;
}

CUresult sim_cuGraphGetNodes(CUgraph handle, CUgraphNode *nodes, size_t *count)
{
	NEED_GRAPH(graph, handle);
	struct list list = { .nodes = nodes };

	if (!count)
		return CUDA_ERROR_INVALID_VALUE;
	list.room = *count;
	for (struct cuda_node *node = graph->first; node; node = node->next)
		put(&list, node, NULL, NULL);
	return finish(&list, count);
}

CUresult sim_cuGraphGetRootNodes(CUgraph handle, CUgraphNode *nodes, size_t *count)
{
	NEED_GRAPH(graph, handle);
	struct list list = { .nodes = nodes };

	if (!count)
		return CUDA_ERROR_INVALID_VALUE;
	list.room = *count;
	for (struct cuda_node *node = graph->first; node; node = node->next)
		if (!node->after.count)
			put(&list, node, NULL, NULL);
	return finish(&list, count);
}

CUresult sim_cuGraphGetEdges_v2(CUgraph handle, CUgraphNode *from, CUgraphNode *to,
				CUgraphEdgeData *data, size_t *count)
{
	NEED_GRAPH(graph, handle);
	struct list list = { .nodes = from, .others = to, .data = data };

	if (!count || !from != !to)
		return CUDA_ERROR_INVALID_VALUE;
	list.room = *count;
	for (struct cuda_node *node = graph->first; node; node = node->next)
		for (uint32_t i = 0; i < node->after.count; i++)
			put(&list, node->after.edge[i].from, node, &node->after.edge[i].data);
	return finish(&list, count);
}

CUresult sim_cuGraphGetEdges(CUgraph graph, CUgraphNode *from, CUgraphNode *to, size_t *count)
{
	return sim_cuGraphGetEdges_v2(graph, from, to, NULL, count);
}

CUresult sim_cuGraphNodeGetDependencies_v2(CUgraphNode handle, CUgraphNode *nodes,
					   CUgraphEdgeData *data, size_t *count)
{
	NEED_NODE(node, handle);
	struct list list = { .nodes = nodes, .data = data };

	if (!count)
		return CUDA_ERROR_INVALID_VALUE;
	list.room = *count;
	for (uint32_t i = 0; i < node->after.count; i++)
		put(&list, node->after.edge[i].from, NULL, &node->after.edge[i].data);
	return finish(&list, count);
}

CUresult sim_cuGraphNodeGetDependencies(CUgraphNode node, CUgraphNode *nodes, size_t *count)
{
	return sim_cuGraphNodeGetDependencies_v2(node, nodes, NULL, count);
}

CUresult sim_cuGraphNodeGetDependentNodes_v2(CUgraphNode handle, CUgraphNode *nodes,
					     CUgraphEdgeData *data, size_t *count)
{
	NEED_NODE(node, handle);
	struct cuda_graph *graph = (struct cuda_graph *)node->object.owner;
	struct list list = { .nodes = nodes, .data = data };

	if (!count)
		return CUDA_ERROR_INVALID_VALUE;
	list.room = *count;
	for (struct cuda_node *other = graph->first; other; other = other->next)
		for (uint32_t i = 0; i < other->after.count; i++)
			if (other->after.edge[i].from == node)
				put(&list, other, NULL, &other->after.edge[i].data);
	return finish(&list, count);
}

CUresult sim_cuGraphNodeGetDependentNodes(CUgraphNode node, CUgraphNode *nodes, size_t *count)
{
	return sim_cuGraphNodeGetDependentNodes_v2(node, nodes, NULL, count);
}

/* ---- dependencies ---- */

/* Where `to` depends on `from`; UINT32_MAX: nowhere. */
static uint32_t edge_between(const struct cuda_node *from, const struct cuda_node *to)
{
	for (uint32_t i = 0; i < to->after.count; i++)
		if (to->after.edge[i].from == from)
			return i;
	return UINT32_MAX;
}

static CUresult change(CUgraph handle, const CUgraphNode *from, const CUgraphNode *to,
		       const CUgraphEdgeData *data, size_t count, bool add)
{
	NEED_GRAPH(graph, handle);
	if (!count)
		return CUDA_SUCCESS;
	if (!from || !to)
		return CUDA_ERROR_INVALID_VALUE;
	/* all are looked at before the first is changed */
	for (size_t i = 0; i < count; i++) {
		struct cuda_node *a = cuda_node_of(from[i]), *b = cuda_node_of(to[i]);

		if (!a || !b || a == b || a->object.owner != &graph->object ||
		    b->object.owner != &graph->object || (edge_between(a, b) != UINT32_MAX) == add)
			return CUDA_ERROR_INVALID_VALUE;
	}
	for (size_t i = 0; i < count; i++) {
		struct cuda_node *a = cuda_node_of(from[i]), *b = cuda_node_of(to[i]);
		uint32_t place = edge_between(a, b);

		if (add) {
			if (!cuda_edges_add(&b->after, a, data ? &data[i] : NULL))
				return CUDA_ERROR_OUT_OF_MEMORY;
		} else if (place != UINT32_MAX) {
			b->after.edge[place] = b->after.edge[--b->after.count];
		}
	}
	return CUDA_SUCCESS;
}

CUresult sim_cuGraphAddDependencies_v2(CUgraph graph, const CUgraphNode *from,
				       const CUgraphNode *to, const CUgraphEdgeData *data,
				       size_t count)
{
	return change(graph, from, to, data, count, true);
}

CUresult sim_cuGraphAddDependencies(CUgraph graph, const CUgraphNode *from, const CUgraphNode *to,
				    size_t count)
{
	return change(graph, from, to, NULL, count, true);
}

CUresult sim_cuGraphRemoveDependencies_v2(CUgraph graph, const CUgraphNode *from,
					  const CUgraphNode *to, const CUgraphEdgeData *data,
					  size_t count)
{
	return change(graph, from, to, data, count, false);
}

CUresult sim_cuGraphRemoveDependencies(CUgraph graph, const CUgraphNode *from,
				       const CUgraphNode *to, size_t count)
{
	return change(graph, from, to, NULL, count, false);
}

CUresult sim_cuGraphDestroyNode(CUgraphNode handle)
{
	NEED_NODE(node, handle);
	struct cuda_graph *graph = (struct cuda_graph *)node->object.owner;

	if (graph->inner || node->is.type == CU_GRAPH_NODE_TYPE_MEM_ALLOC ||
	    node->is.type == CU_GRAPH_NODE_TYPE_MEM_FREE)
		return CUDA_ERROR_NOT_SUPPORTED;
	for (struct cuda_node *other = graph->first; other; other = other->next) {
		uint32_t place = edge_between(node, other);

		if (place != UINT32_MAX)
			other->after.edge[place] = other->after.edge[--other->after.count];
	}
	take_out(graph, node);
	graph->count--;
	cuda_node_free(node);
	return CUDA_SUCCESS;
}

CUresult sim_cuGraphNodeGetType(CUgraphNode handle, CUgraphNodeType *type)
{
	NEED_NODE(node, handle);
	if (!type)
		return CUDA_ERROR_INVALID_VALUE;
	*type = node->is.type;
	return CUDA_SUCCESS;
}

/* ---- as text ---- */

CUresult sim_cuGraphDebugDotPrint(CUgraph handle, const char *path, unsigned int flags)
{
	static const char *const names[] = {
		[CU_GRAPH_NODE_TYPE_KERNEL] = "KERNEL",
		[CU_GRAPH_NODE_TYPE_MEMCPY] = "MEMCPY",
		[CU_GRAPH_NODE_TYPE_MEMSET] = "MEMSET",
		[CU_GRAPH_NODE_TYPE_HOST] = "HOST",
		[CU_GRAPH_NODE_TYPE_GRAPH] = "GRAPH",
		[CU_GRAPH_NODE_TYPE_EMPTY] = "EMPTY",
		[CU_GRAPH_NODE_TYPE_WAIT_EVENT] = "WAIT_EVENT",
		[CU_GRAPH_NODE_TYPE_EVENT_RECORD] = "EVENT_RECORD",
		[CU_GRAPH_NODE_TYPE_MEM_ALLOC] = "MEM_ALLOC",
		[CU_GRAPH_NODE_TYPE_MEM_FREE] = "MEM_FREE",
		[CU_GRAPH_NODE_TYPE_BATCH_MEM_OP] = "BATCH_MEM_OP",
	};
	uint32_t number = 0;
	FILE *file;

	NEED_GRAPH(graph, handle);
	(void)flags;
	if (!path)
		return CUDA_ERROR_INVALID_VALUE;
	file = fopen(path, "we");
	if (!file)
		return CUDA_ERROR_OPERATING_SYSTEM;
	fputs("digraph graph_ {\n", file);
	for (struct cuda_node *node = graph->first; node; node = node->next) {
		node->mark = number++;
		fprintf(file, "\tn%u [label=\"%u %s\"];\n", node->mark, node->mark,
			names[node->is.type]);
	}
	for (struct cuda_node *node = graph->first; node; node = node->next)
		for (uint32_t i = 0; i < node->after.count; i++)
			fprintf(file, "\tn%u -> n%u;\n", node->after.edge[i].from->mark,
				node->mark);
	fputs("}\n", file);
	return fclose(file) ? CUDA_ERROR_OPERATING_SYSTEM : CUDA_SUCCESS;
}
