#include "run/rows_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <optional>

#include "base/strings.h"
#include "flow/clause_query.h"
#include "run/arrow_ipc.h"
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

class ArrowRowsWriter final : public RowsWriter {
 public:
  explicit ArrowRowsWriter(ArrowWriter writer) : writer_(std::move(writer)) {}
  Status write(const arrow::Batch& batch) override { return writer_.write(batch); }
  Status finish() override { return writer_.finish(); }

 private:
  ArrowWriter writer_;
};

// A file that is open already.
class OpenFile final : public io::ReadableFile {
 public:
  OpenFile(Handle handle, uint64_t size) : handle_(std::move(handle)), size_(size) {}
  uint64_t size() const override { return size_; }
  Result<size_t> read_at(uint64_t offset, std::span<char> out) const override {
    size_t done = 0;
    while (done < out.size()) {
      const ssize_t n = ::pread(handle_.get(), out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return fail(io::system_error(errno, "cannot read file", "output"));
      if (n == 0) break;
      done += static_cast<size_t>(n);
    }
    return done;
  }

 private:
  Handle handle_;
  uint64_t size_;
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
    const bool is_ours = !name.ends_with(".csv");
    return fail(Code::kData, fmt::format("cannot read what the program wrote: {}: {}", name, first),
                is_ours ? error.hint : "");
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

Result<std::unique_ptr<arrow::BatchStream>> open_arrow(Handle file, const std::string& name) {
  struct stat facts{};
  ::fstat(file.get(), &facts);
  auto rows = read_arrow(std::make_unique<OpenFile>(std::move(file), static_cast<uint64_t>(facts.st_size)));
  if (!rows.has_value()) return FileRows::unreadable(rows.error(), name);
  return std::make_unique<FileRows>(Handle(), *std::move(rows), name);
}

}  // namespace

Result<std::unique_ptr<RowsWriter>> write_rows(const fs::path& path, std::string_view format,
                                               const arrow::Schema& schema, io::FileSystem& files) {
  if (format == "arrow") {
    ArrowWriter writer(TRY(files.create(path)));
    TRY(writer.write_schema(schema));
    return std::make_unique<ArrowRowsWriter>(std::move(writer));
  }
  auto writer = std::make_unique<CsvWriter>(TRY(files.create(path)));
  TRY(writer->write_header(schema));
  return writer;
}

Result<std::unique_ptr<arrow::BatchStream>> read_rows(const fs::path& folder, std::string_view table,
                                                      uint64_t most_bytes, flow::RunContext& context) {
  const std::string csv = fmt::format("{}.csv", table);
  const std::string arrow = fmt::format("{}.arrow", table);
  auto csv_file = TRY(open_plain(folder, csv, most_bytes));
  auto arrow_file = TRY(open_plain(folder, arrow, most_bytes));
  if (csv_file.has_value() == arrow_file.has_value()) {
    return fail(Code::kData,
                fmt::format("the program has {} the table: {}", csv_file ? "written twice" : "not written", table),
                fmt::format("it has to write output/{0}.csv or output/{0}.arrow", table));
  }
  auto rows = csv_file ? TRY(open_csv(*std::move(csv_file), "output/" + csv, context))
                       : TRY(open_arrow(*std::move(arrow_file), "output/" + arrow));
  if (rows->schema()->size() > kMostColumns)
    return fail(Code::kData, fmt::format("what the program wrote has more columns than {}: {}", kMostColumns, table));
  return rows;
}

}  // namespace sinan::run
