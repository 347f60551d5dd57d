// The engines for Node.js. The module is an object of functions, one for each engine that this processor can run. It
// also has what Node.js has no function for: `exitNow(code)` ends the process without waiting for its threads, and
// `limitMalloc(most)` and `giveBack()` stand in memory.h. And it has `registers`, an Int32Array with the low and the
// high half of the running register. `engine(bytes)` takes the register from there and leaves the new one there. So no
// call makes a BigInt, or anything else for the garbage collector.
//
// Each thread that loads the module gets its own registers and its own context.
#define NAPI_VERSION 8
#include <node_api.h>
#include <stdlib.h>
#ifndef _WIN32
#include <unistd.h>
#endif

#include "crc64.h"
#include "memory.h"

#define MOST_ENGINES 4

struct thread_state {
  struct crc64_context context;
  uint32_t *registers;
  struct callable {
    struct thread_state *thread;
    crc64_engine *engine;
  } callables[MOST_ENGINES];
};

static napi_value call_engine(napi_env env, napi_callback_info info) {
  napi_value argument;
  size_t count = 1;
  void *data;
  if (napi_get_cb_info(env, info, &count, &argument, NULL, &data) != napi_ok) return NULL;

  napi_typedarray_type type;
  size_t length;
  void *bytes;
  const napi_status status = napi_get_typedarray_info(env, argument, &type, &length, &bytes, NULL, NULL);
  if (status != napi_ok || type != napi_uint8_array) {
    napi_throw_type_error(env, NULL, "A CRC-64 is computed of a Uint8Array");
    return NULL;
  }
  const struct callable *callable = data;
  uint32_t *registers = callable->thread->registers;
  const uint64_t before = (uint64_t)registers[1] << 32 | registers[0];
  const uint64_t behind = callable->engine(&callable->thread->context, before, bytes, length);
  registers[0] = (uint32_t)behind;
  registers[1] = (uint32_t)(behind >> 32);
  return NULL;
}

// No handler runs and no thread is joined, because a thread may hang in the kernel.
static napi_value exit_now(napi_env env, napi_callback_info info) {
  napi_value argument;
  size_t count = 1;
  int32_t code;
  if (napi_get_cb_info(env, info, &count, &argument, NULL, NULL) != napi_ok) return NULL;
  if (napi_get_value_int32(env, argument, &code) != napi_ok) {
    napi_throw_type_error(env, NULL, "An exit code is a number");
    return NULL;
  }
  _exit(code);
}

static napi_value limit_malloc(napi_env env, napi_callback_info info) {
  napi_value argument, known;
  size_t count = 1;
  int32_t most;
  if (napi_get_cb_info(env, info, &count, &argument, NULL, NULL) != napi_ok) return NULL;
  if (napi_get_value_int32(env, argument, &most) != napi_ok) {
    napi_throw_type_error(env, NULL, "The most arenas are a number");
    return NULL;
  }
  return napi_get_boolean(env, memory_limit_malloc(most), &known) == napi_ok ? known : NULL;
}

static napi_value give_back(napi_env env, napi_callback_info info) {
  (void)info;
  napi_value asked;
  return napi_get_boolean(env, memory_give_back(), &asked) == napi_ok ? asked : NULL;
}

static napi_status add_function(napi_env env, napi_value exports, const char *name, napi_callback callback) {
  napi_value function;
  const napi_status status = napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, NULL, &function);
  return status == napi_ok ? napi_set_named_property(env, exports, name, function) : status;
}

static void release(napi_env env, void *state, void *hint) {
  (void)env;
  (void)hint;
  free(state);
}

static napi_status add_registers(napi_env env, napi_value exports, struct thread_state *thread) {
  napi_value buffer, registers;
  napi_ref held;
  void *memory;
  napi_status status = napi_create_arraybuffer(env, 2 * sizeof(uint32_t), &memory, &buffer);
  if (status == napi_ok) status = napi_create_typedarray(env, napi_int32_array, 2, buffer, 0, &registers);
  if (status == napi_ok) status = napi_set_named_property(env, exports, "registers", registers);
  // The array is held for good, because `memory` is: code that still has a function may drop the array.
  if (status == napi_ok) status = napi_create_reference(env, buffer, 1, &held);
  thread->registers = memory;
  return status;
}

static napi_status add_engine(napi_env env, napi_value exports, struct callable *callable, const char *name) {
  napi_value function;
  if (callable->engine == NULL) return napi_ok;
  const napi_status status = napi_create_function(env, name, NAPI_AUTO_LENGTH, call_engine, callable, &function);
  return status == napi_ok ? napi_set_named_property(env, exports, name, function) : status;
}

NAPI_MODULE_INIT(/* napi_env env, napi_value exports */) {
  struct thread_state *thread = malloc(sizeof *thread);
  napi_status status = thread == NULL ? napi_generic_failure : napi_set_instance_data(env, thread, release, NULL);
  if (status != napi_ok) {
    free(thread);
    napi_throw_error(env, NULL, "The CRC-64 addon found no memory");
    return NULL;
  }
  crc64_prepare(&thread->context);
  status = add_registers(env, exports, thread);

  const struct {
    const char *name;
    crc64_engine *engine;
  } engines[MOST_ENGINES] = {
      {"vpclmul", crc64_find_vpclmul()},
      {"pclmul", crc64_find_pclmul()},
      {"pmull", crc64_find_pmull()},
      {"slicing", crc64_slicing},
  };
  for (int i = 0; i < MOST_ENGINES && status == napi_ok; i++) {
    struct callable *callable = &thread->callables[i];
    callable->thread = thread;
    callable->engine = engines[i].engine;
    status = add_engine(env, exports, callable, engines[i].name);
  }
  if (status == napi_ok) status = add_function(env, exports, "exitNow", exit_now);
  if (status == napi_ok) status = add_function(env, exports, "limitMalloc", limit_malloc);
  if (status == napi_ok) status = add_function(env, exports, "giveBack", give_back);
  if (status != napi_ok) napi_throw_error(env, NULL, "The CRC-64 addon could not set itself up");
  return exports;
}
