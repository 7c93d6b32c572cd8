#include "engine/duckdb/function_call.h"

#include <fmt/format.h>

#include <exception>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "engine/duckdb/chunk_view.h"
#include "engine/duckdb/column_import.h"
#include "engine/duckdb/function_registry.h"
#include "engine/duckdb/handles.h"
#include "engine/duckdb/types.h"

namespace sinan::engine {
namespace {

// A checked call. Keeps the function when its handle goes before the statement does.
struct Binding {
  FunctionRegistry& registry;
  uint64_t number;   // 0: published
  std::string name;  // then
  std::shared_ptr<const ScalarFunction> function;
};

void* copy_binding(void* binding) { return new Binding(*static_cast<Binding*>(binding)); }

template <class T>
void destroy(void* object) {
  delete static_cast<T*>(object);
}

// A constant's type is decided only after the check.
Result<arrow::Type> argument_type(duckdb_logical_type type) {
  switch (duckdb_get_type_id(type)) {
    case DUCKDB_TYPE_STRING_LITERAL:
      return arrow::Type(arrow::TypeId::kString);
    case DUCKDB_TYPE_INTEGER_LITERAL:
      return arrow::Type(arrow::TypeId::kInt64);
    default:
      return import_type(type);
  }
}

// The first argument: which function is meant.
Result<DuckValue> first_argument(duckdb_bind_info info) {
  const DuckExpression expression(duckdb_scalar_function_bind_get_argument(info, 0));
  if (!duckdb_expression_is_foldable(expression.get()))
    return fail(Code::kProgram, "the function's first argument must be a constant");
  DuckContext context;
  duckdb_scalar_function_get_client_context(info, context.out());
  DuckValue value;
  const DuckErrorData error(duckdb_expression_fold(context.get(), expression.get(), value.out()));
  if (!value || duckdb_error_data_has_error(error.get()) || duckdb_is_null_value(value.get())) {
    return fail(Code::kProgram, "the function's first argument is not known");
  }
  return value;
}

// What a DuckDB function is made with.
struct Definition {
  FunctionRegistry& registry;
  arrow::Type result;
  FunctionFinder find;  // of a published one
};

std::string text_of(const DuckValue& value) {
  char* text = duckdb_get_varchar(value.get());
  std::string out(text);
  duckdb_free(text);
  return out;
}

Result<std::shared_ptr<const ScalarFunction>> find_function(const Definition& definition, uint64_t number,
                                                            const std::string& name) {
  if (definition.find != nullptr) {
    auto function = TRY(definition.find(name));
    CHECK(value_type(*function->result()) == definition.result);
    return function;
  }
  auto function = definition.registry.find(number);
  if (function == nullptr || value_type(*function->result()) != definition.result) {
    return fail(Code::kProgram, fmt::format("there is no such function any more: {}", number));
  }
  return function;
}

Result<std::unique_ptr<Binding>> make_binding(duckdb_bind_info info, const Definition& definition) {
  FunctionRegistry& registry = definition.registry;
  const DuckValue first = TRY(first_argument(info));
  const bool is_published = definition.find != nullptr;
  const uint64_t number = is_published ? 0 : static_cast<uint64_t>(duckdb_get_int64(first.get()));
  std::string name = is_published ? text_of(first) : std::string();
  auto found = find_function(definition, number, name);
  if (!found) return fail(Code::kProgram, registry.keep_error(number, name, std::move(found).error()));
  std::shared_ptr<const ScalarFunction> function = *std::move(found);
  arrow::Schema arguments;
  for (idx_t i = 1; i < duckdb_scalar_function_bind_get_argument_count(info); ++i) {
    const DuckExpression expression(duckdb_scalar_function_bind_get_argument(info, i));
    const DuckType type(duckdb_expression_return_type(expression.get()));
    auto imported = argument_type(type.get());
    if (!imported) return fail(std::move(imported).error()).within(fmt::format("in argument {}", i));
    arguments.fields.push_back({fmt::format("argument_{}", i), *std::move(imported)});
  }
  if (auto status = function->check(arguments); !status) {
    return fail(Code::kProgram, registry.keep_error(number, name, std::move(status).error()));
  }
  return std::make_unique<Binding>(Binding{registry, number, std::move(name), std::move(function)});
}

void bind(duckdb_bind_info info) {
  const auto& definition = *static_cast<Definition*>(duckdb_scalar_function_bind_get_extra_info(info));
  auto binding = make_binding(info, definition);
  if (!binding) return duckdb_scalar_function_bind_set_error(info, binding.error().message.c_str());
  duckdb_scalar_function_set_bind_data(info, binding->release(), destroy<Binding>);
  duckdb_scalar_function_set_bind_data_copy(info, copy_binding);
}

// One thread's part in a running statement.
class ThreadState {
 public:
  Status call(const Binding& binding, duckdb_data_chunk input, duckdb_vector output) {
    if (!view_) {
      view_.emplace(TRY(ChunkView::make(input, 1)));
      worker_ = TRY(binding.function->make_worker(*view_->schema()));
    }
    const arrow::Batch arguments = TRY(view_->read(input));
    const arrow::Batch result = TRY(worker_->call(arguments));
    CHECK(result.rows() == arguments.rows());
    CHECK(result.columns() == binding.function->result()->size());
    if (result.columns() == 1) return import_rows(result.column(0), 0, result.rows(), output, 0);
    for (size_t i = 0; i < result.columns(); ++i) {
      TRY(import_rows(result.column(i), 0, result.rows(), duckdb_struct_vector_get_child(output, i), 0));
    }
    return {};
  }

 private:
  std::optional<ChunkView> view_;  // made from the first rows: only they have the final types
  std::unique_ptr<FunctionWorker> worker_;
};

void init(duckdb_init_info info) { duckdb_scalar_function_init_set_state(info, new ThreadState, destroy<ThreadState>); }

void call(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output) {
  const auto& binding = *static_cast<const Binding*>(duckdb_scalar_function_get_bind_data(info));
  auto& state = *static_cast<ThreadState*>(duckdb_scalar_function_get_state(info));
  Status status;
  try {
    status = state.call(binding, input, output);
  } catch (const std::bad_alloc&) {
    status = fail(Code::kExhausted, "out of memory in a function");
  } catch (const std::exception& e) {
    status = fail(Code::kInternal, fmt::format("a function failed: {}", e.what()));
  }
  if (status) return;
  duckdb_scalar_function_set_error(
      info, binding.registry.keep_error(binding.number, binding.name, std::move(status).error()).c_str());
}

}  // namespace

Status register_function(duckdb_database database, const std::string& name, const arrow::Type& result,
                         FunctionRegistry& registry, FunctionFinder find) {
  DuckConnection connection;
  if (duckdb_connect(database, connection.out()) == DuckDBError) {
    return fail(Code::kInternal, "the database refused a connection");
  }
  const DuckScalarFunction function(duckdb_create_scalar_function());
  duckdb_scalar_function_set_name(function.get(), name.c_str());
  const DuckType first(duckdb_create_logical_type(find != nullptr ? DUCKDB_TYPE_VARCHAR : DUCKDB_TYPE_BIGINT));
  const DuckType any(duckdb_create_logical_type(DUCKDB_TYPE_ANY));
  duckdb_scalar_function_add_parameter(function.get(), first.get());
  duckdb_scalar_function_set_varargs(function.get(), any.get());
  duckdb_scalar_function_set_return_type(function.get(), export_type(result).get());
  duckdb_scalar_function_set_special_handling(function.get());
  duckdb_scalar_function_set_extra_info(function.get(), new Definition{registry, result, std::move(find)},
                                        destroy<Definition>);
  duckdb_scalar_function_set_bind(function.get(), bind);
  duckdb_scalar_function_set_init(function.get(), init);
  duckdb_scalar_function_set_function(function.get(), call);
  if (duckdb_register_scalar_function(connection.get(), function.get()) == DuckDBError) {
    return fail(Code::kInternal, fmt::format("the database refused a function of type {}", result.to_string()));
  }
  return {};
}

}  // namespace sinan::engine
