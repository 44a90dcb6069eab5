/* The station's side of one connection, IEC 60870-5-104 clause 5, for the benchmarks. Widths of fields 2, 2, 3. */
#ifndef IEC104_H
#define IEC104_H

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { longest = 255, control = 6, asdu_header = 6, maximum_replies = 16 };

struct connection {
  int descriptor, started;
  /* I frames sent, acknowledged by the other side, and received. */
  uint64_t sent, acknowledged, received;
  unsigned long supervisory;
  /* Why it must be closed. */
  const char *fault;
  uint8_t input[4096];
  size_t used;
  /* ASDUs that answer commands: the next I frames. */
  uint8_t replies[maximum_replies][longest];
  uint8_t reply_lengths[maximum_replies];
  int waiting, stop_wanted;
};

static inline int64_t monotonic(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static inline double cpu_seconds(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
         + (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* A listening socket on 127.0.0.1. */
static inline int listen_at(int port, int flags) {
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0), one = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  struct sockaddr_in address = {
    .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 16) < 0) {
    fprintf(stderr, "127.0.0.1:%d: %s\n", port, strerror(errno));
    exit(1);
  }
  return listener;
}

static inline uint8_t *put(uint8_t *at, uint64_t value, int octets) {
  for (int i = 0; i < octets; i++) at[i] = (uint8_t)(value >> (8 * i));
  return at + octets;
}

/* CP56Time2a of UTC. */
static inline uint64_t time_tag(int64_t milliseconds) {
  time_t seconds = (time_t)(milliseconds / 1000);
  struct tm t;
  gmtime_r(&seconds, &t);
  uint64_t octets = (uint64_t)(t.tm_sec * 1000 + milliseconds % 1000) | (uint64_t)t.tm_min << 16
                    | (uint64_t)t.tm_hour << 24 | (uint64_t)t.tm_mday << 32 | (uint64_t)(t.tm_mon + 1) << 40;
  return octets | (uint64_t)(t.tm_year % 100) << 48;
}

/* One spontaneous I frame: 1 or 16 M_ME_TF_1, or 48 M_ME_NC_1 with SQ = 1, from that object address on; values are
   value, value + 1, … Its numbers are set when it is sent. Returns its length. */
static inline int build(uint8_t *frame, int load, uint16_t station, uint32_t address, float value, uint64_t tag) {
  int sequence = load == 48;
  uint8_t *at = frame + control;
  *at++ = sequence ? 13 : 36;
  *at++ = (uint8_t)(sequence ? 0x80 | load : load);
  at = put(at, 3, 2);
  at = put(at, station, 2);
  for (int i = 0; i < load; i++) {
    if (!sequence || i == 0) at = put(at, address + (uint32_t)i, 3);
    float element = value + (float)i;
    uint32_t bits;
    memcpy(&bits, &element, 4);
    at = put(at, bits, 4);
    *at++ = 0;
    if (!sequence) at = put(at, tag, 7);
  }
  frame[0] = 0x68;
  frame[1] = (uint8_t)(at - frame - 2);
  return (int)(at - frame);
}

/* The numbers of the next I frame. */
static inline void number(struct connection *c, uint8_t *frame) {
  put(frame + 2, (c->sent & 0x7FFF) << 1, 2);
  put(frame + 4, (c->received & 0x7FFF) << 1, 2);
  c->sent++;
}

static inline void say(struct connection *c, uint8_t function) {
  uint8_t frame[control] = {0x68, 4, function, 0, 0, 0};
  if (send(c->descriptor, frame, control, MSG_NOSIGNAL) != control) c->fault = "a U frame could not be sent";
}

static inline void reply(struct connection *c, const uint8_t *asdu, int length, uint8_t cause) {
  if (c->waiting == maximum_replies) {
    c->fault = "too many commands";
    return;
  }
  memcpy(c->replies[c->waiting], asdu, (size_t)length);
  c->replies[c->waiting][2] = cause;
  c->reply_lengths[c->waiting++] = (uint8_t)length;
}

/* The answers of commands, as far as the window allows. There is nothing to interrogate: confirmed, and terminated. */
static inline void send_replies(struct connection *c, uint64_t k) {
  int done = 0;
  while (done < c->waiting && c->sent - c->acknowledged < k && !c->fault) {
    uint8_t frame[longest] = {0x68, (uint8_t)(4 + c->reply_lengths[done])};
    ssize_t length = control + c->reply_lengths[done];
    memcpy(frame + control, c->replies[done], c->reply_lengths[done]);
    number(c, frame);
    if (send(c->descriptor, frame, (size_t)length, MSG_NOSIGNAL) != length) c->fault = "an answer could not be sent";
    done++;
  }
  c->waiting -= done;
  memmove(c->replies, c->replies[done], (size_t)c->waiting * longest);
  memmove(c->reply_lengths, c->reply_lengths + done, (size_t)c->waiting);
}

static inline void acknowledge(struct connection *c, const uint8_t *frame) {
  uint64_t step = (uint64_t)((frame[4] >> 1 | frame[5] << 7) - (int)(c->acknowledged & 0x7FFF)) & 0x7FFF;
  if (step > c->sent - c->acknowledged) c->fault = "N(R) acknowledges what was not sent";
  else c->acknowledged += step;
}

static inline void take_frame(struct connection *c, const uint8_t *frame, int length) {
  if ((frame[2] & 1) == 0) {
    if ((uint64_t)(frame[2] >> 1 | frame[3] << 7) != (c->received & 0x7FFF)) c->fault = "N(S) out of order";
    c->received++;
    acknowledge(c, frame);
    const uint8_t *asdu = frame + control;
    if (length < control + asdu_header) c->fault = "an ASDU without header";
    else if (asdu[0] >= 100 && asdu[0] <= 103) {
      reply(c, asdu, length - control, 7);
      if (asdu[0] <= 101) reply(c, asdu, length - control, 10);
    }
  } else if ((frame[2] & 3) == 1) {
    c->supervisory++;
    acknowledge(c, frame);
  } else if (frame[2] == 0x07) {
    say(c, 0x0B);
    c->started = 1;
  } else if (frame[2] == 0x13) {
    c->stop_wanted = 1;
  } else if (frame[2] == 0x43) {
    say(c, 0x83);
  }
  /* STOPDT is confirmed once everything is acknowledged (clause 5.3). */
  if (c->stop_wanted && c->acknowledged == c->sent) {
    say(c, 0x23);
    c->stop_wanted = c->started = 0;
  }
}

/* Takes what has arrived. -1: the connection is over. */
static inline int take(struct connection *c, int flags) {
  ssize_t got = recv(c->descriptor, c->input + c->used, sizeof c->input - c->used, flags);
  if (got < 0) return errno == EAGAIN || errno == EINTR ? 0 : -1;
  if (got == 0) return -1;
  c->used += (size_t)got;
  size_t place = 0;
  while (!c->fault && c->used - place >= control) {
    size_t length = 2 + (size_t)c->input[place + 1];
    if (c->input[place] != 0x68 || length < control) c->fault = "no frame";
    if (c->fault || c->used - place < length) break;
    take_frame(c, c->input + place, (int)length);
    place += length;
  }
  c->used -= place;
  memmove(c->input, c->input + place, c->used);
  return 0;
}

#endif
