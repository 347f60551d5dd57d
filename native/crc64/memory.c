#define _GNU_SOURCE
#include "memory.h"

#include <stdlib.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#ifndef _WIN32
#include <dlfcn.h>
#endif

#define TRIM_BYTES (128 * 1024)

bool memory_limit_malloc(int most_arenas) {
#ifdef __GLIBC__
  return mallopt(M_ARENA_MAX, most_arenas) == 1 && mallopt(M_TRIM_THRESHOLD, TRIM_BYTES) == 1;
#else
  (void)most_arenas;
  return false;
#endif
}

// Node-API has no function for this, and headers of V8 would tie the addon to one release. The two methods of
// v8::Isolate have had these names since before Node.js 20; a release without them goes without. They are
// `static Isolate* GetCurrent()` and `void MemoryPressureNotification(MemoryPressureLevel)`.
static bool press_v8(void) {
#ifdef _WIN32
  return false;
#else
  enum { NO_PRESSURE, CRITICAL_PRESSURE = 2 };
  void *(*current)(void);
  void (*notify)(void *, int);
  *(void **)&current = dlsym(RTLD_DEFAULT, "_ZN2v87Isolate10GetCurrentEv");
  *(void **)&notify = dlsym(RTLD_DEFAULT, "_ZN2v87Isolate26MemoryPressureNotificationENS_19MemoryPressureLevelE");
  if (current == NULL || notify == NULL) return false;
  void *isolate = current();
  if (isolate == NULL) return false;
  notify(isolate, CRITICAL_PRESSURE);
  notify(isolate, NO_PRESSURE);
  return true;
#endif
}

bool memory_give_back(void) {
  const bool pressed = press_v8();
#ifdef __GLIBC__
  malloc_trim(0);
#endif
  return pressed;
}
