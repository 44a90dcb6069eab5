/* The peer of the station benchmark: lib60870's C client, receiving as anybody would write it, each object looked at.
   lib60870-client --port PORT [--k 12] [--w 8] --objects N
   Prints one JSON line: wall and CPU nanoseconds from the first ASDU to the last, and the sums of what was read.
   Objects are read into memory that is used again, which is faster than CS101_ASDU_getElement's allocation of each. */
#include <cs104_connection.h>
#include <getopt.h>
#include <hal_thread.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static int64_t now(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static struct {
  long wanted, objects, asdus;
  double sum;
  uint64_t times, addresses;
  int64_t wall, cpu;
  MeasuredValueShort value;
  MeasuredValueShortWithCP56Time2a tagged;
  Semaphore done;
} reader;

static bool received(void *parameter, int address, CS101_ASDU asdu) {
  (void)parameter;
  (void)address;
  if (reader.asdus++ == 0) {
    reader.wall = now(CLOCK_MONOTONIC);
    reader.cpu = now(CLOCK_PROCESS_CPUTIME_ID);
  }
  int count = CS101_ASDU_getNumberOfElements(asdu);
  if (CS101_ASDU_getTypeID(asdu) == M_ME_TF_1) {
    for (int i = 0; i < count; i++) {
      MeasuredValueShortWithCP56Time2a object = (MeasuredValueShortWithCP56Time2a)CS101_ASDU_getElementEx(
        asdu, (InformationObject)reader.tagged, i);
      if (!object) exit(1);
      CP56Time2a time = MeasuredValueShortWithCP56Time2a_getTimestamp(object);
      reader.sum += MeasuredValueShort_getValue((MeasuredValueShort)object);
      reader.addresses += (uint64_t)InformationObject_getObjectAddress((InformationObject)object);
      reader.times += (uint64_t)(CP56Time2a_getSecond(time) * 1000 + CP56Time2a_getMillisecond(time));
      reader.times += (uint64_t)CP56Time2a_getMinute(time);
    }
  } else if (CS101_ASDU_getTypeID(asdu) == M_ME_NC_1) {
    for (int i = 0; i < count; i++) {
      MeasuredValueShort object = (MeasuredValueShort)CS101_ASDU_getElementEx(asdu, (InformationObject)reader.value, i);
      if (!object) exit(1);
      reader.sum += MeasuredValueShort_getValue(object);
      reader.addresses += (uint64_t)InformationObject_getObjectAddress((InformationObject)object);
    }
  }
  reader.objects += count;
  if (reader.objects >= reader.wanted && reader.wanted > 0) {
    reader.wall = now(CLOCK_MONOTONIC) - reader.wall;
    reader.cpu = now(CLOCK_PROCESS_CPUTIME_ID) - reader.cpu;
    reader.wanted = 0;
    Semaphore_post(reader.done);
  }
  return true;
}

static void happened(void *parameter, CS104_Connection connection, CS104_ConnectionEvent event) {
  (void)parameter;
  (void)connection;
  if (event == CS104_CONNECTION_CLOSED && reader.wanted > 0) {
    fprintf(stderr, "lib60870-client: the connection ended after %ld objects\n", reader.objects);
    exit(1);
  }
}

int main(int argc, char **argv) {
  static const struct option options[] = {
    {"port", 1, NULL, 'p'}, {"k", 1, NULL, 'k'}, {"w", 1, NULL, 'w'}, {"objects", 1, NULL, 'o'}, {NULL, 0, NULL, 0}};
  int port = 0, k = 12, w = 8, chosen;
  while ((chosen = getopt_long(argc, argv, "", options, NULL)) != -1) {
    switch (chosen) {
      case 'p': port = atoi(optarg); break;
      case 'k': k = atoi(optarg); break;
      case 'w': w = atoi(optarg); break;
      case 'o': reader.wanted = atol(optarg); break;
      default: return 64;
    }
  }
  if (port < 1 || k < 1 || w < 1 || reader.wanted < 1) return 64;
  struct sCP56Time2a epoch;
  CP56Time2a_createFromMsTimestamp(&epoch, 0);
  reader.value = MeasuredValueShort_create(NULL, 0, 0, 0);
  reader.tagged = MeasuredValueShortWithCP56Time2a_create(NULL, 0, 0, 0, &epoch);
  reader.done = Semaphore_create(0);
  CS104_Connection connection = CS104_Connection_create("127.0.0.1", port);
  CS104_APCIParameters parameters = CS104_Connection_getAPCIParameters(connection);
  parameters->k = k;
  parameters->w = w;
  CS104_Connection_setConnectionHandler(connection, happened, NULL);
  CS104_Connection_setASDUReceivedHandler(connection, received, NULL);
  if (!CS104_Connection_connect(connection)) {
    fprintf(stderr, "lib60870-client: no connection to 127.0.0.1:%d\n", port);
    return 1;
  }
  CS104_Connection_sendStartDT(connection);
  Semaphore_wait(reader.done);
  /* Acknowledges what is left. */
  CS104_Connection_sendStopDT(connection);
  Thread_sleep(50);
  printf("{\"objects\": %ld, \"asdus\": %ld, \"wall_ns\": %" PRId64 ", \"cpu_ns\": %" PRId64 ", \"sum\": %.0f, "
         "\"addresses\": %" PRIu64 ", \"times\": %" PRIu64 "}\n",
         reader.objects, reader.asdus, reader.wall, reader.cpu, reader.sum, reader.addresses, reader.times);
  CS104_Connection_destroy(connection);
  return 0;
}
