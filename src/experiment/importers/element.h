// A value of a foreign document with the way to it, for errors that say where. Borrows the JSON.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"

namespace sinan::experiment {

class Element {
 public:
  Element(const Json& json, std::string path) : json_(&json), path_(std::move(path)) {}

  const Json& json() const { return *json_; }
  const std::string& path() const { return path_; }
  Element at(std::string_view key) const;
  Element at(size_t index) const;
  bool has(std::string_view key) const { return json_->find(key) != nullptr && !json_->at(key).is_null(); }

  // kData: the platform itself would not take it.
  Failure malformed(std::string_view what) const;
  // kUnsupported: a construct that has no exact counterpart.
  Failure refuse(std::string_view what, std::string hint = {}) const;
  // Members that are not among `known` are refused: they could mean anything.
  Status only(std::initializer_list<std::string_view> known) const;

  Result<std::string> text() const;
  Result<double> number() const;
  Result<bool> boolean() const;
  Result<uint32_t> count(uint32_t most) const;
  // A missing list or object has none.
  Result<std::vector<Element>> items() const;
  Result<std::vector<std::pair<std::string, Element>>> members() const;
  Result<std::vector<std::string>> texts() const;
  std::string text_or(std::string_view key, std::string_view otherwise) const;

 private:
  const Json* json_;
  std::string path_;
};

}  // namespace sinan::experiment
