// Counts what a benchmark allocates: a program that links allocations.cc has its operator new count.
#pragma once

#include <cstddef>

// Of the calling thread, since it began.
size_t allocations();
