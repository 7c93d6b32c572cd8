#include <algorithm>
#include <cstring>
#include <deque>
#include <new>
#include <string>

#include "experiment/evaluator/answer.h"
#include "experiment/evaluator/evaluator.h"
#include "experiment/evaluator/sinan_experiment.h"

using namespace sinan::experiment;  // NOLINT: the names below are C's

struct sinan_evaluator {
  Evaluator evaluator;
};

struct sinan_context {
  Context context;
  // What the context borrows; a deque does not move its elements.
  std::deque<std::string> texts;
  std::deque<std::vector<std::string_view>> lists;

  std::string_view keep(const char* text) { return texts.emplace_back(text); }
};

namespace {

size_t copy_text(std::string_view text, char* buffer, size_t size) {
  if (buffer != nullptr && size != 0) {
    const size_t copied = text.size() < size ? text.size() : size - 1;
    std::memcpy(buffer, text.data(), copied);
    buffer[copied] = '\0';
  }
  return text.size();
}

int report(const sinan::Status& status, char* error, size_t size) {
  if (status) return 0;
  copy_text(status.error().message, error, size);
  return -1;
}

void fill(const Snapshot& snapshot, const Detail& detail, sinan_detail* out) {
  if (out == nullptr) return;
  out->reason = static_cast<int32_t>(detail.reason);
  out->problem = static_cast<int32_t>(detail.problem);
  out->missing_unit = detail.missing_unit ? 1 : 0;
  out->bucket = detail.decided_by.bucket;
  out->version = detail.version;
  out->exposure_count = detail.exposure_count;
  copy_text(experiment_name(snapshot, detail.decided_by), out->experiment, sizeof(out->experiment));
  copy_text(group_name(snapshot, detail.decided_by), out->group, sizeof(out->group));
}

// One reading for the value and its detail, so that both are of one version.
template <class Value, class Get>
Value get(const sinan_evaluator* evaluator, sinan_detail* out, Get getter) {
  const Evaluator::Reading snapshot = evaluator->evaluator.read();
  Detail detail;
  const Value value = getter(*snapshot, &detail);
  fill(*snapshot, detail, out);
  return value;
}

}  // namespace

int sinan_experiment_abi(void) { return SINAN_EXPERIMENT_ABI; }

sinan_evaluator* sinan_evaluator_new(void) { return new (std::nothrow) sinan_evaluator(); }
void sinan_evaluator_free(sinan_evaluator* evaluator) { delete evaluator; }

int sinan_evaluator_load(sinan_evaluator* evaluator, const void* bytes, size_t size, char* error, size_t error_size) {
  return report(evaluator->evaluator.load({static_cast<const std::byte*>(bytes), size}), error, error_size);
}
int sinan_evaluator_load_file(sinan_evaluator* evaluator, const char* path, char* error, size_t error_size) {
  return report(evaluator->evaluator.load_file(path), error, error_size);
}
int sinan_evaluator_save_file(const sinan_evaluator* evaluator, const char* path, char* error, size_t error_size) {
  return report(evaluator->evaluator.save_file(path), error, error_size);
}
uint64_t sinan_evaluator_version(const sinan_evaluator* evaluator) { return evaluator->evaluator.read()->version(); }
uint64_t sinan_evaluator_accesses(const sinan_evaluator* evaluator, const char* parameter) {
  const auto counts = evaluator->evaluator.counts();
  const auto found = counts.accesses.find(parameter);
  return found == counts.accesses.end() ? 0 : found->second;
}

sinan_context* sinan_context_new(void) { return new (std::nothrow) sinan_context(); }
void sinan_context_free(sinan_context* context) { delete context; }
void sinan_context_clear(sinan_context* context) {
  context->context.clear();
  context->texts.clear();
  context->lists.clear();
}
void sinan_context_set_bool(sinan_context* context, const char* name, int value) {
  context->context.set(context->keep(name), value != 0);
}
void sinan_context_set_int(sinan_context* context, const char* name, int64_t value) {
  context->context.set(context->keep(name), value);
}
void sinan_context_set_double(sinan_context* context, const char* name, double value) {
  context->context.set(context->keep(name), value);
}
void sinan_context_set_string(sinan_context* context, const char* name, const char* value) {
  context->context.set(context->keep(name), context->keep(value));
}
void sinan_context_set_list(sinan_context* context, const char* name, const char* const* values, size_t count) {
  std::vector<std::string_view>& list = context->lists.emplace_back();
  for (size_t i = 0; i < count; ++i) list.push_back(context->keep(values[i]));
  context->context.set(context->keep(name), std::span<const std::string_view>(list));
}
void sinan_context_set_now(sinan_context* context, int64_t micros) { context->context.at(micros); }
void sinan_context_force_group(sinan_context* context, const char* experiment, const char* group) {
  context->context.force_group(context->keep(experiment), context->keep(group));
}

int sinan_get_bool(const sinan_evaluator* evaluator, const char* parameter, const sinan_context* context, int fallback,
                   sinan_detail* detail) {
  return get<int>(evaluator, detail, [&](const Snapshot& s, Detail* d) {
    return boolean(s, parameter, context->context, fallback != 0, d) ? 1 : 0;
  });
}
int64_t sinan_get_int(const sinan_evaluator* evaluator, const char* parameter, const sinan_context* context,
                      int64_t fallback, sinan_detail* detail) {
  return get<int64_t>(evaluator, detail, [&](const Snapshot& s, Detail* d) {
    return integer(s, parameter, context->context, fallback, d);
  });
}
double sinan_get_double(const sinan_evaluator* evaluator, const char* parameter, const sinan_context* context,
                        double fallback, sinan_detail* detail) {
  return get<double>(evaluator, detail,
                     [&](const Snapshot& s, Detail* d) { return real(s, parameter, context->context, fallback, d); });
}
size_t sinan_get_string(const sinan_evaluator* evaluator, const char* parameter, const sinan_context* context,
                        const char* fallback, char* buffer, size_t size, sinan_detail* detail) {
  return get<size_t>(evaluator, detail, [&](const Snapshot& s, Detail* d) {
    return copy_text(string(s, parameter, context->context, fallback, d), buffer, size);
  });
}
size_t sinan_get_json(const sinan_evaluator* evaluator, const char* parameter, const sinan_context* context,
                      const char* fallback, char* buffer, size_t size, sinan_detail* detail) {
  return get<size_t>(evaluator, detail, [&](const Snapshot& s, Detail* d) {
    return copy_text(json(s, parameter, context->context, fallback, d), buffer, size);
  });
}
size_t sinan_explain(const sinan_evaluator* evaluator, const char* parameter, const sinan_context* context,
                     char* buffer, size_t size) {
  const std::span<char> room(buffer, buffer == nullptr || size == 0 ? 0 : size - 1);
  const size_t needed = explain_into(*evaluator->evaluator.read(), parameter, context->context, room);
  if (buffer != nullptr && size != 0) buffer[std::min(needed, room.size())] = '\0';
  return needed;
}

size_t sinan_evaluate(const sinan_evaluator* evaluator, const char* parameter, size_t parameter_size, int32_t type,
                      const void* context, size_t context_size, int32_t is_prefetch, char* texts, size_t size,
                      sinan_answer* out) {
  return answer(*evaluator->evaluator.read(), {parameter, parameter_size}, type,
                {static_cast<const std::byte*>(context), context_size},
                is_prefetch != 0 ? Access::kPrefetch : Access::kRead, {texts, size}, *out);
}
size_t sinan_explain_context(const sinan_evaluator* evaluator, const char* parameter, size_t parameter_size,
                             const void* context, size_t context_size, char* texts, size_t size) {
  return explain_into(*evaluator->evaluator.read(), {parameter, parameter_size},
                      std::span(static_cast<const std::byte*>(context), context_size), {texts, size});
}
size_t sinan_parameters(const sinan_evaluator* evaluator, char* texts, size_t size) {
  return parameters_into(*evaluator->evaluator.read(), {texts, size});
}
void sinan_count_access(const sinan_evaluator* evaluator, const char* parameter, size_t parameter_size) {
  count_access(*evaluator->evaluator.read(), {parameter, parameter_size});
}
