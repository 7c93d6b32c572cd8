// EXPORT MODEL name TO 'folder' [FORMAT native|onnx|sql|pmml] [OVERWRITE] [WITH ..] and IMPORT MODEL name FROM 'path' [WITH ..]: models
// that leave the project and come into it. Paths are relative to the project's folder. What the formats hold: ml/exchange. Stateless.
#pragma once

#include <memory>

#include "flow/statement_kind.h"

namespace sinan::ml {

class ExportModelStatement final : public flow::StatementKind {
 public:
  std::string_view phrase() const override { return "EXPORT MODEL"; }
  flow::Help help() const override;
  Result<std::unique_ptr<flow::Parsed>> parse(const flow::Statement& statement, sql::Tokens& tokens) const override;
  Result<std::unique_ptr<flow::Step>> check(const flow::Parsed& parsed, flow::CheckContext& context) const override;
};

class ImportModelStatement final : public flow::StatementKind {
 public:
  std::string_view phrase() const override { return "IMPORT MODEL"; }
  flow::Help help() const override;
  Result<std::unique_ptr<flow::Parsed>> parse(const flow::Statement& statement, sql::Tokens& tokens) const override;
  Result<std::unique_ptr<flow::Step>> check(const flow::Parsed& parsed, flow::CheckContext& context) const override;
};

}  // namespace sinan::ml
