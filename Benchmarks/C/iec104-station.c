/* A controlled station that sends as fast as the other side acknowledges: one connection after the other, each gets the
   same objects after STARTDT.
   iec104-station --port PORT [--k 12] [--load 1|16|48] [--objects 1000000]
   Prints "ready"; at SIGTERM one JSON line of what it sent. The sum is that of all values. */
#include "iec104.h"

#include <getopt.h>
#include <signal.h>

/* Frames whose contents repeat; the numbers are set as they are sent. */
enum { ring_frames = 512, most_at_once = 65536 };

static uint8_t ring[ring_frames * longest];
static volatile sig_atomic_t ended;
static int listener;

static void end(int signal) {
  (void)signal;
  ended = 1;
  shutdown(listener, SHUT_RDWR);
}

static struct {
  unsigned long connections, frames, acknowledged, objects, supervisory, writes, faults;
  double sum;
  const char *fault;
} total;

static void serve(struct connection *c, uint64_t k, int load, uint64_t frames, int length) {
  uint64_t data = 0;
  while (!c->fault && !ended) {
    uint64_t room = k - (c->sent - c->acknowledged), next = data % ring_frames;
    uint64_t count = frames - data;
    if (count > room) count = room;
    if (count > ring_frames - next) count = ring_frames - next;
    if (count > most_at_once / (uint64_t)length) count = most_at_once / (uint64_t)length;
    if (c->started && !c->waiting && count > 0) {
      uint8_t *first = ring + next * (uint64_t)length;
      for (uint64_t i = 0; i < count; i++) number(c, first + i * (uint64_t)length);
      if (send(c->descriptor, first, count * (uint64_t)length, MSG_NOSIGNAL) < 0) break;
      total.writes++;
      data += count;
    }
    send_replies(c, k);
    int closed = c->sent - c->acknowledged == k || data == frames || !c->started;
    if (take(c, closed ? 0 : MSG_DONTWAIT) < 0) break;
  }
  total.connections++;
  total.frames += data;
  total.acknowledged += c->acknowledged;
  total.supervisory += c->supervisory;
  total.objects += data * (unsigned)load;
  for (uint64_t i = 0; i < data; i++) {
    float first;
    memcpy(&first, ring + i % ring_frames * (uint64_t)length + control + asdu_header + 3, 4);
    total.sum += first * (float)load + (float)(load * (load - 1) / 2);
  }
  if (c->fault || c->acknowledged != c->sent) {
    total.faults++;
    total.fault = c->fault ? c->fault : "not everything was acknowledged";
  }
}

int main(int argc, char **argv) {
  static const struct option options[] = {
    {"port", 1, NULL, 'p'}, {"k", 1, NULL, 'k'}, {"load", 1, NULL, 'l'}, {"objects", 1, NULL, 'o'}, {NULL, 0, NULL, 0}};
  int port = 0, k = 12, load = 1, chosen, one = 1;
  long objects = 1000000;
  while ((chosen = getopt_long(argc, argv, "", options, NULL)) != -1) {
    switch (chosen) {
      case 'p': port = atoi(optarg); break;
      case 'k': k = atoi(optarg); break;
      case 'l': load = atoi(optarg); break;
      case 'o': objects = atol(optarg); break;
      default: return 64;
    }
  }
  if (port < 1 || k < 1 || k > 32767 || (load != 1 && load != 16 && load != 48) || objects < load) return 64;
  struct sigaction action = {.sa_handler = end};
  sigaction(SIGTERM, &action, NULL);
  int length = 0;
  for (int i = 0; i < ring_frames; i++) {
    uint64_t tag = time_tag(1795219200000 + 7919 * i);
    length = build(ring + i * length, load, 1, (uint32_t)(1 + i * load), (float)(i % 997), tag);
  }
  listener = listen_at(port, 0);
  puts("ready");
  fflush(stdout);
  while (!ended) {
    int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (client < 0) continue;
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct connection c = {.descriptor = client};
    serve(&c, (uint64_t)k, load, (uint64_t)objects / (uint64_t)load, length);
    close(client);
  }
  printf("{\"connections\": %lu, \"frames\": %lu, \"acknowledged\": %lu, \"objects\": %lu, \"sum\": %.0f, "
         "\"supervisory\": %lu, \"writes\": %lu, \"faults\": %lu, \"fault\": \"%s\", \"cpu_s\": %.2f}\n",
         total.connections, total.frames, total.acknowledged, total.objects, total.sum, total.supervisory,
         total.writes, total.faults, total.fault ? total.fault : "", cpu_seconds());
  return 0;
}
