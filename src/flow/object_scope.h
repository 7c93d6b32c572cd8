// ObjectScope: which objects of the catalog a statement can name: as the earlier statements of its program will have left
// them while a program is checked, as they are when it runs. Implementations are used by one thread at a time.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/object_ref.h"
#include "catalog/catalog.h"

namespace sinan::flow {

// What a statement will create that is no table: a planned model tells later statements its features and label.
class PlannedObject {
 public:
  virtual ~PlannedObject() = default;
};

class ObjectScope {
 public:
  virtual ~ObjectScope() = default;
  virtual const catalog::Catalog& catalog() const = 0;
  // What an earlier statement of this program will create under that name; null = none does (ask catalog()).
  virtual std::shared_ptr<const PlannedObject> planned(const ObjectRef& ref) const = 0;
  virtual bool dropped(const ObjectRef& ref) const = 0;
  // Names of that kind a user could mean here: of the catalog and planned ones. For hints.
  virtual std::vector<std::string> known_names(std::string_view kind) const = 0;
};

// The catalog as it is.
class CatalogScope final : public ObjectScope {
 public:
  explicit CatalogScope(const catalog::Catalog& catalog) : catalog_(catalog) {}
  const catalog::Catalog& catalog() const override { return catalog_; }
  std::shared_ptr<const PlannedObject> planned(const ObjectRef&) const override { return nullptr; }
  bool dropped(const ObjectRef&) const override { return false; }
  std::vector<std::string> known_names(std::string_view kind) const override;

 private:
  const catalog::Catalog& catalog_;
};

}  // namespace sinan::flow
