// SPDX-License-Identifier: Apache-2.0
/* The kernel's process connector. */
#include "tracer/source/connector.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/netlink.h>
#include <linux/connector.h>
#include <linux/cn_proc.h>

/* Netlink's head, the connector's, and what is asked of it, one after the other. */
#define REQUEST_BYTES (NLMSG_HDRLEN + sizeof(struct cn_msg) + sizeof(uint32_t))

int vgpu_connector_open(void)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = CN_IDX_PROC };
	struct nlmsghdr netlink = { .nlmsg_len = REQUEST_BYTES, .nlmsg_type = NLMSG_DONE };
	struct cn_msg connector = { .id = { CN_IDX_PROC, CN_VAL_PROC }, .len = sizeof(uint32_t) };
	uint32_t operation = PROC_CN_MCAST_LISTEN;
	uint8_t request[REQUEST_BYTES] = { 0 };
	int room = 4 << 20, err;
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_CONNECTOR);

	if (fd < 0)
		return -errno;
	memcpy(request, &netlink, sizeof(netlink));
	memcpy(request + NLMSG_HDRLEN, &connector, sizeof(connector));
	memcpy(request + NLMSG_HDRLEN + sizeof(connector), &operation, sizeof(operation));
	/* The whole machine's events come; a build elsewhere must not push ours out. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) || send(fd, request, sizeof(request), 0) < 0) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

/* 1: of interest. */
static int translate(const struct proc_event *from, struct vgpu_connector_event *event)
{
	event->time_ns = from->timestamp_ns;
	switch (from->what) {
	case PROC_EVENT_FORK:
		event->what = VGPU_CONNECTOR_FORK;
		event->pid = from->event_data.fork.child_tgid;
		event->parent = from->event_data.fork.parent_tgid;
		return from->event_data.fork.child_pid == from->event_data.fork.child_tgid;
	case PROC_EVENT_EXEC:
		event->what = VGPU_CONNECTOR_EXEC;
		event->pid = from->event_data.exec.process_tgid;
		return 1;
	case PROC_EVENT_EXIT:
		event->what = VGPU_CONNECTOR_EXIT;
		event->pid = from->event_data.exit.process_tgid;
		event->status = from->event_data.exit.exit_code;
		return from->event_data.exit.process_pid == from->event_data.exit.process_tgid;
	default:
		return 0;
	}
}

int vgpu_connector_next(int fd, struct vgpu_connector_event *event)
{
	union {
		struct nlmsghdr head;
		char bytes[1024];
	} message;

	for (;;) {
		struct sockaddr_nl from;
		socklen_t from_size = sizeof(from);
		ssize_t n = recvfrom(fd, &message, sizeof(message), 0, (struct sockaddr *)&from, &from_size);
		const struct cn_msg *connector = NLMSG_DATA(&message.head);
		struct proc_event proc = { 0 };

		memset(event, 0, sizeof(*event));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == ENOBUFS) {
			event->what = VGPU_CONNECTOR_LOST;
			return 1;
		}
		if (n < 0)
			return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -errno;
		/* Only the kernel speaks for the kernel. */
		if (from.nl_pid || n < (ssize_t)(NLMSG_HDRLEN + sizeof(*connector)) ||
		    message.head.nlmsg_len > (size_t)n || connector->id.idx != CN_IDX_PROC ||
		    connector->id.val != CN_VAL_PROC)
			continue;
		n -= NLMSG_HDRLEN + sizeof(*connector);
		memcpy(&proc, connector->data, (size_t)n < sizeof(proc) ? (size_t)n : sizeof(proc));
		if (translate(&proc, event))
			return 1;
	}
}
