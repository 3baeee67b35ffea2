// One record for every command and event of the protocol, by name: what the golden vectors of that
// name must decode to. Vectors are only ever added (README of the folder: vectors.h).
#pragma once

#include "command_samples.h"
#include "event_samples.h"
