/* Thousands of meters in one thread: a Modbus TCP server on every address of 127.0.0.0/8 at one port, lean enough that
   the client's cost is what is measured. Answers FC 3 and 4 at any address with float32 pairs (register pair n reads
   200 + n + hundredths that move), everything else with exception 1. At the silent port it accepts and never answers.
   meter-farm PORT [SILENT_PORT]   (prints "ready"; at SIGTERM prints one JSON line of what it served) */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { maximum_descriptor = 16384, request_length = 12 };

/* What has arrived of a request that is not whole. */
static struct { uint8_t bytes[request_length]; int count, silent; } pending[maximum_descriptor];
static unsigned long requests, connections, refused, ignored;
static volatile sig_atomic_t ended;

static void end(int signal) {
  (void)signal;
  ended = 1;
}

static int answer(const uint8_t *request, uint8_t *reply) {
  memcpy(reply, request, 8);
  int address = request[8] << 8 | request[9], count = request[10] << 8 | request[11];
  if ((request[7] != 3 && request[7] != 4) || count < 1 || count > 125) {
    refused++;
    reply[5] = 3;
    reply[7] |= 0x80;
    reply[8] = 1;
    return 9;
  }
  struct timespec t;
  clock_gettime(CLOCK_REALTIME_COARSE, &t);
  float hundredths = (float)(t.tv_sec % 97) / 100.0f;
  reply[4] = 0;
  reply[5] = (uint8_t)(3 + 2 * count);
  reply[8] = (uint8_t)(2 * count);
  for (int i = 0; i < count; i++) {
    int pair = (address + i) / 2;
    float value = 200.0f + (float)pair + hundredths;
    uint32_t bits;
    memcpy(&bits, &value, 4);
    uint16_t word = (address + i) % 2 == 0 ? (uint16_t)(bits >> 16) : (uint16_t)bits;
    reply[9 + 2 * i] = (uint8_t)(word >> 8);
    reply[10 + 2 * i] = (uint8_t)word;
  }
  requests++;
  return 9 + 2 * count;
}

/* 0, or -1 where the connection is over. */
static int serve(int descriptor) {
  uint8_t buffer[512], reply[260];
  ssize_t got = recv(descriptor, buffer, sizeof buffer, MSG_DONTWAIT);
  if (got < 0) return errno == EAGAIN || errno == EINTR ? 0 : -1;
  if (got == 0) return -1;
  if (pending[descriptor].silent) {
    ignored += (unsigned long)got;
    return 0;
  }
  for (ssize_t i = 0; i < got; i++) {
    pending[descriptor].bytes[pending[descriptor].count++] = buffer[i];
    if (pending[descriptor].count < request_length) continue;
    pending[descriptor].count = 0;
    int length = answer(pending[descriptor].bytes, reply);
    if (send(descriptor, reply, (size_t)length, MSG_NOSIGNAL) != length) return -1;
  }
  return 0;
}

/* Its descriptor, in the epoll set. */
static int listen_at(const char *port, int poll) {
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), one = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
  if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 4096) < 0) {
    perror("meter-farm");
    exit(1);
  }
  struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
  epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event);
  return listener;
}

int main(int argc, char **argv) {
  if (argc != 2 && argc != 3) return 64;
  struct sigaction action = {.sa_handler = end};
  sigaction(SIGTERM, &action, NULL);
  int poll = epoll_create1(EPOLL_CLOEXEC), one = 1;
  int listener = listen_at(argv[1], poll), silent = argc == 3 ? listen_at(argv[2], poll) : -1;
  struct epoll_event events[256];
  puts("ready");
  fflush(stdout);
  while (!ended) {
    int count = epoll_wait(poll, events, 256, -1);
    for (int i = 0; i < count; i++) {
      int descriptor = events[i].data.fd;
      if (descriptor == listener || descriptor == silent) {
        int client = accept4(descriptor, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (client < 0) continue;
        if (client >= maximum_descriptor) {
          close(client);
          continue;
        }
        setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        pending[client].count = 0;
        pending[client].silent = descriptor == silent;
        connections++;
        struct epoll_event added = {.events = EPOLLIN, .data.fd = client};
        epoll_ctl(poll, EPOLL_CTL_ADD, client, &added);
      } else if (serve(descriptor) < 0) {
        close(descriptor);
      }
    }
  }
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  double cpu = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
             + (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
  printf("{\"requests\": %lu, \"connections\": %lu, \"refused\": %lu, \"ignored_bytes\": %lu, \"cpu_s\": %.2f}\n",
         requests, connections, refused, ignored, cpu);
  return 0;
}
