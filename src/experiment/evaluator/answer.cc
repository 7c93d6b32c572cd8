#include "experiment/evaluator/answer.h"

#include <bit>
#include <cstring>
#include <string>

#include "experiment/evaluator/encoded_context.h"

namespace sinan::experiment {
namespace {

// Appends as long as there is room, and counts on.
class Writer {
 public:
  explicit Writer(std::span<char> out) : out_(out) {}

  // The bytes of the text.
  uint32_t add(std::string_view text) {
    if (used_ < out_.size() && !text.empty()) {
      const size_t room = out_.size() - used_;
      std::memcpy(out_.data() + used_, text.data(), text.size() < room ? text.size() : room);
    }
    used_ += text.size();
    return static_cast<uint32_t>(text.size());
  }
  size_t used() const { return used_; }

 private:
  std::span<char> out_;
  size_t used_ = 0;
};

// "slices:a;colors:t1"
uint32_t add_exposures(const Snapshot& snapshot, const Detail& detail, Writer& writer) {
  uint32_t size = 0;
  for (uint32_t i = 0; i < detail.exposure_count; ++i) {
    if (i != 0) size += writer.add(";");
    size += writer.add(experiment_name(snapshot, detail.exposures[i]));
    size += writer.add(":");
    size += writer.add(group_name(snapshot, detail.exposures[i]));
  }
  return size;
}

void fill_value(const Snapshot& snapshot, const format::Value& value, Writer& writer, sinan_answer& out) {
  switch (value.type) {
    case SINAN_TYPE_BOOL:
    case SINAN_TYPE_INT:
      out.integer = static_cast<int64_t>(value.bits);
      out.real = static_cast<double>(out.integer);
      break;
    case SINAN_TYPE_DOUBLE:
      out.real = std::bit_cast<double>(value.bits);
      break;
    default:
      out.text_size = writer.add(snapshot.text(value.text));
  }
}

}  // namespace

size_t answer(const Snapshot& snapshot, std::string_view parameter, int32_t type, std::span<const std::byte> context,
              Access access, std::span<char> texts, sinan_answer& out) {
  out = {};
  out.type = SINAN_TYPE_ANY;
  out.reason = SINAN_REASON_ERROR;
  out.version = snapshot.version();
  out.bucket = format::kNone;
  EncodedContext encoded;
  if (!encoded.read(context)) {
    out.problem = SINAN_INVALID_CONTEXT;
    return 0;
  }
  const Detail detail = type == SINAN_TYPE_ANY
                            ? evaluate(snapshot, parameter, encoded.context(), access)
                            : evaluate_as(snapshot, parameter, static_cast<uint32_t>(type), encoded.context(), access);
  out.reason = static_cast<int32_t>(detail.reason);
  out.problem = static_cast<int32_t>(detail.problem);
  out.missing_unit = detail.missing_unit ? 1 : 0;
  if (detail.parameter != format::kNone) out.type = static_cast<int32_t>(snapshot.parameters()[detail.parameter].type);
  if (detail.value == format::kNone) return 0;

  Writer writer(texts);
  fill_value(snapshot, snapshot.tables().values[detail.value], writer, out);
  if (detail.decided_by.experiment != format::kNone) {
    out.bucket = detail.decided_by.bucket;
    out.experiment_size = writer.add(experiment_name(snapshot, detail.decided_by));
    out.group_size = writer.add(group_name(snapshot, detail.decided_by));
  }
  out.exposure_count = detail.exposure_count;
  out.exposures_size = add_exposures(snapshot, detail, writer);
  return writer.used();
}

size_t explain_into(const Snapshot& snapshot, std::string_view parameter, const Context& context, std::span<char> out) {
  Writer writer(out);
  for (const Step& step : explain(snapshot, parameter, context)) {
    writer.add(std::string(2 * size_t{step.depth}, ' '));
    writer.add(step.text);
    writer.add("\n");
  }
  return writer.used();
}

size_t explain_into(const Snapshot& snapshot, std::string_view parameter, std::span<const std::byte> context,
                    std::span<char> out) {
  EncodedContext encoded;
  if (encoded.read(context)) return explain_into(snapshot, parameter, encoded.context(), out);
  return Writer(out).add("the context is not well-formed, or has too many attributes\n");
}

size_t parameters_into(const Snapshot& snapshot, std::span<char> out) {
  Writer writer(out);
  for (const format::Parameter& parameter : snapshot.parameters()) {
    writer.add(snapshot.text(parameter.name));
    writer.add("\n");
  }
  return writer.used();
}

void count_access(const Snapshot& snapshot, std::string_view parameter) {
  const uint32_t index = snapshot.find_parameter(parameter);
  if (index != format::kNone) snapshot.count_access(index);
}

}  // namespace sinan::experiment
