#include "run/rows_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <optional>

#include "base/strings.h"
#include "flow/clause_query.h"
#include "run/local/watch.h"

namespace sinan::run {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMostColumns = 10'000;
constexpr size_t kFlushBytes = size_t{1} << 20;

class CsvWriter final : public RowsWriter {
 public:
  explicit CsvWriter(std::unique_ptr<io::WritableFile> file) : file_(std::move(file)) {}

  Status write_header(const arrow::Schema& schema) {
    for (size_t i = 0; i < schema.size(); ++i) {
      if (i > 0) text_ += ',';
      add(schema[i].name);
    }
    text_ += '\n';
    return {};
  }
  Status write(const arrow::Batch& batch) override {
    for (size_t row = 0; row < batch.rows(); ++row) {
      for (size_t i = 0; i < batch.columns(); ++i) {
        if (i > 0) text_ += ',';
        const arrow::ColumnView column = batch.column(i);
        if (column.is_null(row)) continue;
        if (column.type().is_text()) {
          add(column.string(row));
        } else {
          add(column.to_text(row));
        }
      }
      text_ += '\n';
      if (text_.size() > kFlushBytes) TRY(flush());
    }
    return {};
  }
  Status finish() override {
    TRY(flush());
    return file_->close();
  }

 private:
  void add(std::string_view value) {
    if (!value.empty() && value.find_first_of(",\"\r\n") == std::string_view::npos) {
      text_ += value;
      return;
    }
    text_ += '"';
    for (const char c : value) text_.append(c == '"' ? 2 : 1, c);
    text_ += '"';
  }
  Status flush() {
    TRY(file_->write(text_));
    text_.clear();
    return {};
  }

  std::unique_ptr<io::WritableFile> file_;
  std::string text_;
};

// Keeps the file open that its stream reads.
class FileRows final : public arrow::BatchStream {
 public:
  FileRows(Handle file, std::unique_ptr<arrow::BatchStream> rows, std::string name)
      : file_(std::move(file)), rows_(std::move(rows)), name_(std::move(name)) {}
  const std::shared_ptr<const arrow::Schema>& schema() const override { return rows_->schema(); }
  Result<std::optional<arrow::Batch>> next() override {
    auto batch = rows_->next();
    if (!batch.has_value()) return unreadable(std::move(batch).error(), name_);
    return batch;
  }
  // Without the engine's places and its advice about options of its own, in a text that the user has not written.
  static Failure unreadable(const Error& error, const std::string& name) {
    if (error.code == Code::kCancelled) return fail(error);
    const std::string_view first = split_on(error.message, '\n').front();
    return fail(Code::kData, fmt::format("cannot read what the program wrote: {}: {}", name, first));
  }

 private:
  Handle file_;
  std::unique_ptr<arrow::BatchStream> rows_;
  std::string name_;
};

// Nothing when there is none of that name.
Result<std::optional<Handle>> open_plain(const fs::path& folder, const std::string& name, uint64_t most_bytes) {
  const Handle parent(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!parent.open()) return fail(io::system_error(errno, "cannot open folder", folder));
  Handle file(::openat(parent.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file.open() && errno == ENOENT) return std::nullopt;
  struct stat facts{};
  const bool plain = file.open() && ::fstat(file.get(), &facts) == 0 && S_ISREG(facts.st_mode) && facts.st_nlink == 1;
  if (!plain) return fail(Code::kData, fmt::format("what the program wrote is no plain file: output/{}", name));
  if (facts.st_size == 0) return fail(Code::kData, fmt::format("what the program wrote is empty: output/{}", name));
  if (most_bytes > 0 && static_cast<uint64_t>(facts.st_size) > most_bytes)
    return fail(Code::kData,
                fmt::format("what the program wrote is larger than {}: output/{}", human_bytes(most_bytes), name));
  return std::optional(std::move(file));
}

Result<std::unique_ptr<arrow::BatchStream>> open_csv(Handle file, const std::string& name, flow::RunContext& context) {
  const std::string query = fmt::format(
      "SELECT * FROM read_csv({}, header = true, delim = ',', quote = '\"', escape = '\"', nullstr = '', "
      "allow_quoted_nulls = false, skip = 0, sample_size = -1)",
      context.engine().dialect().literal(fmt::format("/proc/self/fd/{}", file.get())));
  auto rows = flow::open_rows(query, {}, context);
  if (!rows.has_value()) return FileRows::unreadable(rows.error(), name);
  return std::make_unique<FileRows>(std::move(file), *std::move(rows), name);
}

}  // namespace

Result<std::unique_ptr<RowsWriter>> write_rows(const fs::path& path, std::string_view format,
                                               const arrow::Schema& schema, io::FileSystem& files) {
  if (format != "csv") return fail(Code::kUnsupported, "rows for programs are CSV in this version");
  auto writer = std::make_unique<CsvWriter>(TRY(files.create(path)));
  TRY(writer->write_header(schema));
  return writer;
}

Result<std::unique_ptr<arrow::BatchStream>> read_rows(const fs::path& folder, std::string_view table,
                                                      uint64_t most_bytes, flow::RunContext& context) {
  const std::string csv = fmt::format("{}.csv", table);
  auto csv_file = TRY(open_plain(folder, csv, most_bytes));
  if (!csv_file) {
    return fail(Code::kData, fmt::format("the program has not written the table: {}", table),
                fmt::format("it has to write output/{0}.csv or output/{0}.arrow", table));
  }
  auto rows = TRY(open_csv(*std::move(csv_file), "output/" + csv, context));
  if (rows->schema()->size() > kMostColumns)
    return fail(Code::kData,
                fmt::format("what the program wrote has more columns than {}: output/{}", kMostColumns, csv));
  return rows;
}

}  // namespace sinan::run
