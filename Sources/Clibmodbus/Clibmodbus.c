#include "Clibmodbus.h"
