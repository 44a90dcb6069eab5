#ifndef CLIBMODBUS_H
#define CLIBMODBUS_H
#include <modbus/modbus.h>
#endif
