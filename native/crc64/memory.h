// What the memory of the whole process needs and JavaScript cannot reach. Where a system or a release of Node.js has
// none of it, these do nothing.
#include <stdbool.h>

// Threads that are started from now on share so many arenas of malloc, and free memory at the end of an arena goes back
// to the system at once. By itself the C library of GNU keeps more the larger the pieces are that were freed. Returns
// whether the C library knows these limits.
bool memory_limit_malloc(int most_arenas);

// Collects the garbage of the calling thread's heap at once, makes its young generation small, and gives free memory
// back to the system. Returns whether V8 could be asked.
bool memory_give_back(void);
