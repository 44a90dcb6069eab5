/* The peer of the bus benchmarks: a loop over modbus_read_registers, as anybody would write it.
   libmodbus-loop --port PORT | --device PATH [--baud 9600] [--registers 10] [--reads 1000]
   Prints one JSON line: wall and CPU nanoseconds of the loop, and on serial lines the median of the single reads. */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <modbus/modbus.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static int64_t now(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* modbus-server: register n holds 1000 + n. A simulated meter's values move. */
static void read_checked(modbus_t *context, int count, int serial) {
  uint16_t registers[MODBUS_MAX_READ_REGISTERS];
  if (modbus_read_registers(context, 0, count, registers) != count ||
      (!serial && (registers[0] != 1000 || registers[count - 1] != 999 + count))) {
    fprintf(stderr, "libmodbus-loop: a read failed: %s\n", modbus_strerror(errno));
    exit(1);
  }
}

static int compare(const void *a, const void *b) {
  int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
  return (left > right) - (left < right);
}

int main(int argc, char **argv) {
  static const struct option options[] = {{"port", 1, NULL, 'p'},      {"device", 1, NULL, 'd'}, {"baud", 1, NULL, 'b'},
                                          {"registers", 1, NULL, 'n'}, {"reads", 1, NULL, 'm'},  {NULL, 0, NULL, 0}};
  int port = 0, baud = 9600, count = 10, chosen;
  long reads = 1000;
  const char *device = NULL;
  while ((chosen = getopt_long(argc, argv, "", options, NULL)) != -1) {
    switch (chosen) {
      case 'p': port = atoi(optarg); break;
      case 'd': device = optarg; break;
      case 'b': baud = atoi(optarg); break;
      case 'n': count = atoi(optarg); break;
      case 'm': reads = atol(optarg); break;
      default: return 64;
    }
  }
  if (count < 1 || count > MODBUS_MAX_READ_REGISTERS || reads < 1) return 64;
  modbus_t *context = device ? modbus_new_rtu(device, baud, 'N', 8, 1) : modbus_new_tcp("127.0.0.1", port);
  modbus_set_slave(context, 1);
  modbus_set_response_timeout(context, 1, 0);
  if (modbus_connect(context) < 0) {
    perror("libmodbus-loop");
    return 1;
  }
  long warm = device ? 3 : reads / 10;
  int64_t *durations = calloc((size_t)reads, sizeof *durations);
  for (long i = 0; i < warm; i++) read_checked(context, count, device != NULL);
  int64_t wall = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID);
  for (long i = 0; i < reads; i++) {
    int64_t begin = device ? now(CLOCK_MONOTONIC) : 0;
    read_checked(context, count, device != NULL);
    if (device) durations[i] = now(CLOCK_MONOTONIC) - begin;
  }
  cpu = now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
  wall = now(CLOCK_MONOTONIC) - wall;
  qsort(durations, (size_t)reads, sizeof *durations, compare);
  printf("{\"reads\": %ld, \"wall_ns\": %lld, \"cpu_ns\": %lld, \"median_ns\": %lld}\n", reads, (long long)wall,
         (long long)cpu, (long long)durations[reads / 2]);
  free(durations);
  return 0;
}
