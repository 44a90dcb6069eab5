#include "Czstd.h"
