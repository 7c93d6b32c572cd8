// Numbers in texts: what a text column holds when it is no plain text (`1,4,2,3`, `0:1.3 10:-3.2`), and the splitting of such
// texts into items. Pure functions; thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace sinan::ml {

// Decimal numbers, with blanks around them. Nothing for anything else, NaN and infinities among it.
std::optional<double> parse_number(std::string_view text);
std::optional<int64_t> parse_whole(std::string_view text);

// Splits off the first item: `text` keeps what stands behind the separator, or becomes empty, with `is_last` set. A separator
// " " is a run of blanks. Items come without the blanks around them.
std::string_view take_item(std::string_view& text, std::string_view separator, bool& is_last);

enum class TextForm : uint8_t {
  kNone,      // there is no text
  kWhole,     // one whole number in each
  kNumber,    // one number in each
  kCsv,       // two numbers or more between commas, blanks and one trailing comma allowed
  kKeyValue,  // index:number between blanks
  kPlain,     // anything else
};

// The one form that all texts have. `007` is no number here: it would not come back.
struct TextProfile {
  TextForm form = TextForm::kNone;
  TextForm first = TextForm::kNone;  // of the first text: what was meant, where another breaks it
  bool all_whole = true;             // kCsv: no number has a fraction
  uint32_t least_items = 0;          // of a text
  uint32_t most_items = 0;
  int64_t least_id = 0;  // whole numbers, or indices of kKeyValue
  int64_t most_id = 0;
};
// Gives up at the first text that rules out every form.
class TextProfiler {
 public:
  // False once the form is kPlain.
  bool add(std::string_view text);
  TextProfile finish() const { return profile_; }

 private:
  TextProfile profile_;
};

}  // namespace sinan::ml
