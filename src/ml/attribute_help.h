// An attribute table for people: `sinan help ESTIMATOR` and the reference pages of the docs are made of it. Pure.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "ml/attributes.h"
#include "ml/trainer.h"

namespace sinan::ml {

// "eta: number in [0, 1]; default 0.3: how much of each tree counts (also learning_rate)", a line an attribute.
std::string attribute_text(std::span<const AttributeSpec> specs);
// Every attribute of every estimator, once: all of a library's first estimator, then what others have besides.
std::string attribute_reference(const Trainers& trainers);
// A table of Markdown; `of(spec)` stands before what an attribute means ("of dart: ").
std::string attribute_markdown(std::span<const AttributeSpec> specs,
                               const std::function<std::string(const AttributeSpec&)>& of);

}  // namespace sinan::ml
