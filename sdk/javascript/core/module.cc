// The evaluator as a WebAssembly module: the part of the C interface that bindings need, for one thread and without files. Built by
// sdk/javascript/build; called by src/core.js only.
#include <cstdlib>
#include <map>
#include <memory>
#include <string>

#include "experiment/evaluator/answer.h"
#include "experiment/evaluator/host.h"

using namespace sinan::experiment;  // NOLINT: the names below are C's

struct sinan_evaluator {
  std::unique_ptr<const Snapshot> snapshot = Snapshot::empty();
  std::map<std::string, uint64_t, std::less<>> accesses;  // of snapshots that were replaced
};

namespace {

std::span<const std::byte> bytes(const void* at, size_t size) { return {static_cast<const std::byte*>(at), size}; }

void keep_counts(sinan_evaluator& evaluator) {
  const Snapshot& snapshot = *evaluator.snapshot;
  for (uint32_t i = 0; i < snapshot.parameters().size(); ++i) {
    if (const uint64_t count = snapshot.accesses(i))
      evaluator.accesses[std::string(snapshot.text(snapshot.parameters()[i].name))] += count;
  }
}

sinan::Status replace(sinan_evaluator& evaluator, std::span<const std::byte> block) {
  auto next = TRY(Snapshot::load(block));
  TRY(check_successor(*evaluator.snapshot, *next));
  keep_counts(evaluator);
  evaluator.snapshot = std::move(next);
  return {};
}

}  // namespace

// From the page.
extern "C" {
__attribute__((import_module("host"), import_name("now"))) double host_now();  // milliseconds since 1970
__attribute__((import_module("host"), import_name("text"))) size_t host_text(double value, char* out, size_t size);
}

namespace sinan::experiment {
int64_t clock_micros() { return static_cast<int64_t>(host_now() * 1000); }
std::string double_text(double value) {
  char out[32];
  return {out, host_text(value, out, sizeof(out))};
}
}  // namespace sinan::experiment

// Without the standard library's own, which can say on a console that there is no memory.
void* operator new(size_t size) {
  void* at = std::malloc(size);
  if (at == nullptr) __builtin_trap();
  return at;
}
void* operator new[](size_t size) { return operator new(size); }
void operator delete(void* at) noexcept { std::free(at); }
void operator delete[](void* at) noexcept { std::free(at); }
void operator delete(void* at, size_t /*size*/) noexcept { std::free(at); }
void operator delete[](void* at, size_t /*size*/) noexcept { std::free(at); }

// What the standard library calls instead of throwing: a fault of ours, which ends the instance.
void std::__libcpp_verbose_abort(const char* /*format*/, ...) { __builtin_trap(); }

extern "C" {

void __wasm_call_ctors();                    // NOLINT: the linker's
void sinan_start() { __wasm_call_ctors(); }  // once, before anything else

int sinan_experiment_abi() { return SINAN_EXPERIMENT_ABI; }

void* sinan_allocate(size_t size) { return std::malloc(size); }  // null when there is no memory
void sinan_free(void* at) { std::free(at); }

sinan_evaluator* sinan_evaluator_new() { return new sinan_evaluator(); }
void sinan_evaluator_free(sinan_evaluator* evaluator) { delete evaluator; }

// 0, or -1 with the reason in `error`, which ends with a zero byte.
int sinan_evaluator_load(sinan_evaluator* evaluator, const void* block, size_t size, char* error, size_t error_size) {
  const auto status = replace(*evaluator, bytes(block, size));
  if (status) return 0;
  error[status.error().message.copy(error, error_size - 1)] = '\0';
  return -1;
}
uint64_t sinan_evaluator_version(const sinan_evaluator* evaluator) { return evaluator->snapshot->version(); }

double sinan_evaluator_access_count(const sinan_evaluator* evaluator, const char* parameter, size_t size) {
  const std::string_view name(parameter, size);
  const auto earlier = evaluator->accesses.find(name);
  const uint32_t index = evaluator->snapshot->find_parameter(name);
  return static_cast<double>((earlier == evaluator->accesses.end() ? 0 : earlier->second) +
                             (index == format::kNone ? 0 : evaluator->snapshot->accesses(index)));
}

size_t sinan_evaluate(const sinan_evaluator* evaluator, const char* parameter, size_t parameter_size, int32_t type,
                      const void* context, size_t context_size, int32_t is_prefetch, char* texts, size_t size,
                      sinan_answer* out) {
  return answer(*evaluator->snapshot, {parameter, parameter_size}, type, bytes(context, context_size),
                is_prefetch != 0 ? Access::kPrefetch : Access::kRead, {texts, size}, *out);
}
size_t sinan_explain_context(const sinan_evaluator* evaluator, const char* parameter, size_t parameter_size,
                             const void* context, size_t context_size, char* texts, size_t size) {
  return explain_into(*evaluator->snapshot, {parameter, parameter_size}, bytes(context, context_size), {texts, size});
}
size_t sinan_parameters(const sinan_evaluator* evaluator, char* texts, size_t size) {
  return parameters_into(*evaluator->snapshot, {texts, size});
}
void sinan_count_access(const sinan_evaluator* evaluator, const char* parameter, size_t parameter_size) {
  count_access(*evaluator->snapshot, {parameter, parameter_size});
}
}
