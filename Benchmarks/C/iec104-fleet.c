/* Many controlled stations in one thread, each on a port of its own, that send spontaneous data at a steady rate after
   STARTDT, within their windows.
   iec104-fleet --port FIRST [--stations 50] [--rate OBJECTS_PER_SECOND_EACH] [--load 1|16|48] [--k 12] [--points 48]
   The first value of each frame is its number, from 0 on for each station, so that an archive can be looked through for
   every single one. Object addresses 1…points come in turn. At SIGUSR1 they end. Prints "ready"; at SIGTERM one
   JSON line: frames sent and acknowledged, how long windows were closed, and the data frames of each station. */
#include "iec104.h"

#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <sys/epoll.h>

enum { maximum_stations = 1000 };

static struct station {
  struct connection c;
  int listener;
  /* Data frames and I frames of all its connections. */
  uint64_t data, sent, acknowledged;
  /* When data began, where it is counted from. */
  int64_t begin;
  uint64_t due_before;
  /* k frames are unacknowledged since then; 0: they are not. */
  int64_t closed_since;
  uint64_t longest_behind;
  unsigned long connections;
} stations[maximum_stations];

static int count = 50, load = 48, k = 12, points = 48;
static double rate = 2000;
static volatile sig_atomic_t ended, quiet;
static int64_t longest_closed, total_closed, late_closed;
static unsigned long faults, supervisory;
static char fault[128];

static void end(int signal) {
  if (signal == SIGUSR1) quiet = 1;
  else ended = 1;
}

static void hang_up(struct station *s, const char *why) {
  if (why && !ended) {
    faults++;
    snprintf(fault, sizeof fault, "station %d: %s", (int)(s - stations), why);
  }
  s->sent += s->c.sent;
  s->acknowledged += s->c.acknowledged;
  supervisory += s->c.supervisory;
  close(s->c.descriptor);
  memset(&s->c, 0, sizeof s->c);
  s->c.descriptor = -1;
  s->closed_since = 0;
  s->begin = 0;
}

static void note_window(struct station *s, int64_t now) {
  int closed = s->c.sent - s->c.acknowledged >= (uint64_t)k;
  if (!closed && s->closed_since) {
    int64_t length = now - s->closed_since;
    total_closed += length;
    if (length > longest_closed) longest_closed = length;
    if (length > 1000000000) late_closed++;
    s->closed_since = 0;
  } else if (closed && !s->closed_since) {
    s->closed_since = now;
  }
}

/* What is due by now, as far as the window allows. */
static void produce(struct station *s, int64_t now, uint64_t tag) {
  send_replies(&s->c, (uint64_t)k);
  if (s->c.started && !s->c.stop_wanted && !s->c.waiting && !quiet) {
    /* The stations begin one after the other within the time of a frame. */
    double interval = 1e9 * load / rate;
    if (!s->begin) s->begin = now + (int64_t)((double)(s - stations) / count * interval);
    uint64_t due = s->due_before + (now < s->begin ? 0 : 1 + (uint64_t)((double)(now - s->begin) / interval));
    while (s->data < due && s->c.sent - s->c.acknowledged < (uint64_t)k && !s->c.fault) {
      uint8_t frame[longest];
      uint32_t address = 1 + (uint32_t)(s->data * (uint64_t)load % (uint64_t)points);
      int length = build(frame, load, 1, address, (float)s->data, tag);
      number(&s->c, frame);
      if (send(s->c.descriptor, frame, (size_t)length, MSG_NOSIGNAL) != length) s->c.fault = "no frame could be sent";
      s->data++;
    }
    if (due - s->data > s->longest_behind) s->longest_behind = due - s->data;
  }
  note_window(s, now);
}

static void print(void) {
  uint64_t data = 0, sent = 0, acknowledged = 0, behind = 0;
  unsigned long connections = 0;
  for (struct station *s = stations; s < stations + count; s++) {
    if (s->c.descriptor >= 0) hang_up(s, NULL);
    data += s->data;
    sent += s->sent;
    acknowledged += s->acknowledged;
    connections += s->connections;
    if (s->longest_behind > behind) behind = s->longest_behind;
  }
  printf("{\"data_frames\": %lu, \"objects\": %lu, \"frames\": %lu, \"acknowledged\": %lu, \"connections\": %lu, "
         "\"faults\": %lu, \"fault\": \"%s\", \"supervisory\": %lu, \"longest_closed_ms\": %.1f, "
         "\"total_closed_s\": %.2f, \"closed_over_1s\": %ld, \"most_frames_behind\": %lu, \"cpu_s\": %.2f, ",
         data, data * (unsigned)load, sent, acknowledged, connections, faults, fault, supervisory,
         (double)longest_closed / 1e6, (double)total_closed / 1e9, late_closed, behind, cpu_seconds());
  printf("\"data_of_each\": [");
  for (int i = 0; i < count; i++) printf("%s%lu", i ? ", " : "", stations[i].data);
  puts("]}");
}

int main(int argc, char **argv) {
  static const struct option options[] = {
    {"port", 1, NULL, 'p'}, {"stations", 1, NULL, 's'}, {"rate", 1, NULL, 'r'}, {"load", 1, NULL, 'l'},
    {"k", 1, NULL, 'k'},    {"points", 1, NULL, 'n'},   {NULL, 0, NULL, 0}};
  int port = 0, chosen, one = 1;
  while ((chosen = getopt_long(argc, argv, "", options, NULL)) != -1) {
    switch (chosen) {
      case 'p': port = atoi(optarg); break;
      case 's': count = atoi(optarg); break;
      case 'r': rate = atof(optarg); break;
      case 'l': load = atoi(optarg); break;
      case 'k': k = atoi(optarg); break;
      case 'n': points = atoi(optarg); break;
      default: return 64;
    }
  }
  if (port < 1 || count < 1 || count > maximum_stations || rate <= 0 || k < 1 || k > 32767 || points < load
      || points % load || (load != 1 && load != 16 && load != 48))
    return 64;
  struct sigaction action = {.sa_handler = end};
  sigaction(SIGTERM, &action, NULL);
  sigaction(SIGUSR1, &action, NULL);
  int poll = epoll_create1(EPOLL_CLOEXEC);
  for (int i = 0; i < count; i++) {
    stations[i].c.descriptor = -1;
    stations[i].listener = listen_at(port + i, SOCK_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)(i << 1 | 1)};
    epoll_ctl(poll, EPOLL_CTL_ADD, stations[i].listener, &event);
  }
  puts("ready");
  fflush(stdout);
  struct epoll_event events[256];
  int64_t next = monotonic();
  while (!ended) {
    int64_t wait = next - monotonic();
    int happened = epoll_wait(poll, events, 256, wait > 0 ? (int)((wait + 999999) / 1000000) : 0);
    int64_t now = monotonic();
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    uint64_t tag = time_tag((int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000);
    for (int i = 0; i < happened; i++) {
      struct station *s = stations + (events[i].data.u32 >> 1);
      if (events[i].data.u32 & 1) {
        int client = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (client < 0) continue;
        if (s->c.descriptor >= 0) hang_up(s, "connected twice");
        setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        s->c.descriptor = client;
        s->due_before = s->data;
        s->connections++;
        struct epoll_event added = {.events = EPOLLIN, .data.u32 = events[i].data.u32 & ~1U};
        epoll_ctl(poll, EPOLL_CTL_ADD, client, &added);
      } else if (s->c.descriptor >= 0) {
        int over = take(&s->c, MSG_DONTWAIT) < 0, unacknowledged = s->c.acknowledged != s->c.sent;
        note_window(s, now);
        if (over && !s->c.fault && unacknowledged) s->c.fault = "closed, not all acknowledged";
        if (s->c.fault || over) hang_up(s, s->c.fault);
      }
    }
    if (now < next) continue;
    next = now + 1000000;
    for (struct station *s = stations; s < stations + count; s++) {
      if (s->c.descriptor < 0) continue;
      produce(s, now, tag);
      if (s->c.fault) hang_up(s, s->c.fault);
    }
  }
  print();
  return 0;
}
