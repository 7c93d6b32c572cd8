#include "experiment/evaluator/encoded_context.h"

#include <cstring>

namespace sinan::experiment {
namespace {

class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) : left_(bytes) {}

  bool at_end() const { return left_.empty(); }

  template <class Number>
  bool number(Number& out) {
    if (left_.size() < sizeof(Number)) return false;
    std::memcpy(&out, left_.data(), sizeof(Number));
    left_ = left_.subspan(sizeof(Number));
    return true;
  }
  bool text(std::string_view& out) {
    uint32_t size = 0;
    if (!number(size) || left_.size() < size) return false;
    out = {reinterpret_cast<const char*>(left_.data()), size};
    left_ = left_.subspan(size);
    return true;
  }

 private:
  std::span<const std::byte> left_;
};

bool read_list(Reader& reader, std::vector<std::string_view>& list) {
  uint32_t count = 0;
  if (!reader.number(count)) return false;
  for (; count > 0; --count) {
    std::string_view element;
    if (!reader.text(element)) return false;
    list.push_back(element);
  }
  return true;
}

}  // namespace

bool EncodedContext::read(std::span<const std::byte> bytes) {
  Reader reader(bytes);
  for (size_t entries = 0; !reader.at_end(); ++entries) {
    uint8_t kind = 0;
    std::string_view name;
    if (entries == kMostAttributes || !reader.number(kind) || !reader.text(name)) return false;
    uint8_t flag = 0;
    int64_t integer = 0;
    double real = 0;
    std::string_view text;
    switch (kind) {
      case kBool:
        if (!reader.number(flag)) return false;
        context_.set(name, flag != 0);
        break;
      case kInt:
        if (!reader.number(integer)) return false;
        context_.set(name, integer);
        break;
      case kDouble:
        if (!reader.number(real)) return false;
        context_.set(name, real);
        break;
      case kText:
        if (!reader.text(text)) return false;
        context_.set(name, text);
        break;
      case kTime:
        if (!reader.number(integer)) return false;
        context_.set_time(name, integer);
        break;
      case kList:
        if (!read_list(reader, lists_.emplace_back())) return false;
        context_.set(name, std::span<const std::string_view>(lists_.back()));
        break;
      case kNow:
        if (!reader.number(integer)) return false;
        context_.at(integer);
        break;
      case kForcedGroup:
        if (!reader.text(text)) return false;
        context_.force_group(name, text);
        break;
      default:
        return false;
    }
  }
  return true;
}

}  // namespace sinan::experiment
