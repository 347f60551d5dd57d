// What the memory of the whole process needs and JavaScript cannot reach. Where a system or a release of Node.js has
// none of it, these do nothing.
#include <stdbool.h>

// Threads that are started from now on share so many arenas of malloc. Returns whether the C library knows arenas.
bool memory_limit_arenas(int most);

// Collects the garbage of the calling thread's heap at once, makes its young generation small, and gives free memory
// back to the system. Returns whether V8 could be asked.
bool memory_give_back(void);
