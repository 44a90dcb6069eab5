/* A long way in between: passes TCP connections to 127.0.0.1:SERVER_PORT, every byte late by MILLISECONDS each way.
   delay-proxy PORT SERVER_PORT MILLISECONDS   (prints "ready"; one thread; ends at SIGTERM) */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { connections = 16, chunks = 256, chunk_bytes = 4096 };

/* What one side sent and the other has not got yet, the oldest first. */
struct way {
  int from, to;
  int first, count;
  struct { int64_t due; ssize_t length; uint8_t bytes[chunk_bytes]; } chunk[chunks];
};

static struct way ways[2 * connections]; /* 2n: from the client of connection n; 2n + 1: from its server */
static int64_t delay;

static int64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static struct sockaddr_in loopback(int port) {
  return (struct sockaddr_in){
      .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static void end(int connection) {
  close(ways[2 * connection].from);
  close(ways[2 * connection].to);
  ways[2 * connection].from = ways[2 * connection + 1].from = -1;
}

static void begin(int client, int server_port) {
  struct sockaddr_in address = loopback(server_port);
  int one = 1, connection = 0, server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  while (connection < connections && ways[2 * connection].from >= 0) connection++;
  if (connection == connections || connect(server, (struct sockaddr *)&address, sizeof address) < 0) {
    perror("delay-proxy");
    close(server);
    close(client);
    return;
  }
  setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  struct way *there = &ways[2 * connection], *back = there + 1;
  there->from = back->to = client;
  there->to = back->from = server;
  there->count = back->count = 0;
}

/* 0, or -1 where the connection is over. */
static int take(struct way *way) {
  int place = (way->first + way->count) % chunks;
  ssize_t got = recv(way->from, way->chunk[place].bytes, chunk_bytes, MSG_DONTWAIT);
  if (got < 0) return errno == EAGAIN || errno == EINTR ? 0 : -1;
  if (got == 0) return -1;
  way->chunk[place].due = now() + delay;
  way->chunk[place].length = got;
  way->count++;
  return 0;
}

static int give(struct way *way) {
  for (; way->count > 0 && way->chunk[way->first].due <= now(); way->count--, way->first = (way->first + 1) % chunks)
    if (send(way->to, way->chunk[way->first].bytes, (size_t)way->chunk[way->first].length, MSG_NOSIGNAL) < 0) return -1;
  return 0;
}

int main(int argc, char **argv) {
  if (argc != 4) return 64;
  delay = (int64_t)(atof(argv[3]) * 1e6);
  struct sockaddr_in address = loopback(atoi(argv[1]));
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 16) < 0) {
    perror("delay-proxy");
    return 1;
  }
  for (int i = 0; i < 2 * connections; i++) ways[i].from = -1;
  puts("ready");
  fflush(stdout);
  for (;;) {
    struct pollfd polled[1 + 2 * connections] = {{.fd = listener, .events = POLLIN}};
    int64_t next = INT64_MAX, time = now();
    for (int i = 0; i < 2 * connections; i++) {
      /* A full queue is not read: the sender waits, as on any connection. */
      polled[1 + i] = (struct pollfd){.fd = ways[i].count < chunks ? ways[i].from : -1, .events = POLLIN};
      if (ways[i].from >= 0 && ways[i].count > 0 && ways[i].chunk[ways[i].first].due < next)
        next = ways[i].chunk[ways[i].first].due;
    }
    int64_t wait = next > time ? next - time : 0;
    struct timespec timeout = {.tv_sec = wait / 1000000000, .tv_nsec = wait % 1000000000};
    if (ppoll(polled, 1 + 2 * connections, next == INT64_MAX ? NULL : &timeout, NULL) < 0 && errno != EINTR) return 1;
    for (int i = 0; i < 2 * connections; i++) {
      if (ways[i].from < 0) continue;
      if ((polled[1 + i].revents != 0 && take(&ways[i]) < 0) || give(&ways[i]) < 0) end(i / 2);
    }
    if (polled[0].revents != 0) {
      int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
      if (client >= 0) begin(client, atoi(argv[2]));
    }
  }
}
