/* The server of the bus benchmark: plain libmodbus, one process a connection, holding registers 0…124.
   modbus-server PORT [nagle]   (prints "ready" once it listens; ends at SIGTERM)
   nagle: as libmodbus leaves it: each of several replies waits until the one before is acknowledged. */
#include <modbus/modbus.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void serve(modbus_t *context) {
  modbus_mapping_t *image = modbus_mapping_new(0, 0, 125, 0);
  if (image == NULL) exit(1);
  for (int i = 0; i < 125; i++) image->tab_registers[i] = (uint16_t)(1000 + i);
  uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
  for (;;) {
    int length = modbus_receive(context, query);
    if (length < 0) exit(0);
    if (length > 0 && modbus_reply(context, query, length, image) < 0) exit(1);
  }
}

int main(int argc, char **argv) {
  if (argc != 2 && (argc != 3 || strcmp(argv[2], "nagle") != 0)) return 64;
  modbus_t *context = modbus_new_tcp("127.0.0.1", atoi(argv[1]));
  int listener = modbus_tcp_listen(context, 16);
  if (listener < 0) {
    perror("modbus-server");
    return 1;
  }
  signal(SIGCHLD, SIG_IGN);
  puts("ready");
  fflush(stdout);
  for (;;) {
    int client = modbus_tcp_accept(context, &listener), one = 1;
    if (client < 0) return 1;
    /* libmodbus does so on the client's side alone. */
    if (argc == 2) setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    pid_t child = fork();
    if (child == 0) {
      close(listener);
      serve(context);
    }
    close(modbus_get_socket(context)); /* modbus_close would shut down the connection for the child too */
    modbus_set_socket(context, -1);
  }
}
