#include "ml/trial_journal.h"

#include "base/log.h"
#include "base/strings.h"

namespace sinan::ml {
namespace {

constexpr uint64_t kMostBytes = uint64_t{64} << 20;

}  // namespace

Result<std::unique_ptr<TrialJournal>> TrialJournal::open(const std::filesystem::path& project,
                                                         const Fingerprint& search, io::FileSystem& files) {
  const std::filesystem::path folder = project / ".sinan" / "trials";
  TRY(files.create_directories(folder));
  std::unique_ptr<TrialJournal> journal(new TrialJournal(folder / (search.to_hex() + ".jsonl"), files));
  journal->read();
  return journal;
}

// The last line may be torn.
void TrialJournal::read() {
  if (!files_.exists(file_)) return;
  const auto text = files_.read_file(file_, kMostBytes);
  if (!text) {
    log::warning("trials of an earlier run are not used: " + text.error().to_string());
    return;
  }
  for (const std::string_view line : split_on(*text, '\n')) {
    if (line.empty()) continue;
    auto entry = Json::parse(line);
    if (!entry || !entry->at("key").is_string() || !entry->at("result").is_object()) continue;
    earlier_.insert_or_assign(std::string(entry->at("key").string_view()), entry->at("result"));
  }
}

std::optional<Json> TrialJournal::find(const std::string& key) const {
  const auto found = earlier_.find(key);
  if (found == earlier_.end()) return std::nullopt;
  return found->second;
}

Status TrialJournal::add(const std::string& key, const Json& result) {
  const std::lock_guard lock(mutex_);
  if (!out_) {
    out_ = TRY(files_.open_append(file_));
    // Apart from a line that was torn.
    TRY(out_->write("\n"));
  }
  TRY(out_->write(Json::object({{"key", key}, {"result", result}}).dump() + "\n"));
  return out_->sync();
}

Status TrialJournal::forget() {
  const std::lock_guard lock(mutex_);
  out_.reset();
  return files_.remove_tree(file_);
}

}  // namespace sinan::ml
