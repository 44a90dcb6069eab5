/* The peer of the bus benchmark: a loop over modbus_read_registers, as anybody would write it.
   libmodbus-loop PORT READS   prints one JSON line: wall and CPU nanoseconds of the loop. */
#define _GNU_SOURCE
#include <errno.h>
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

static void read_checked(modbus_t *context) {
  uint16_t registers[10];
  if (modbus_read_registers(context, 0, 10, registers) != 10 || registers[0] != 1000 || registers[9] != 1009) {
    fprintf(stderr, "libmodbus-loop: a read failed: %s\n", modbus_strerror(errno));
    exit(1);
  }
}

int main(int argc, char **argv) {
  if (argc != 3) return 64;
  long reads = atol(argv[2]);
  modbus_t *context = modbus_new_tcp("127.0.0.1", atoi(argv[1]));
  modbus_set_slave(context, 1);
  modbus_set_response_timeout(context, 1, 0);
  if (modbus_connect(context) < 0) {
    perror("libmodbus-loop");
    return 1;
  }
  for (long i = 0; i < reads / 10; i++) read_checked(context); /* warm */
  int64_t wall = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID);
  for (long i = 0; i < reads; i++) read_checked(context);
  cpu = now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
  wall = now(CLOCK_MONOTONIC) - wall;
  printf("{\"reads\": %ld, \"wall_ns\": %lld, \"cpu_ns\": %lld}\n", reads, (long long)wall, (long long)cpu);
  return 0;
}
