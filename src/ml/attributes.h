// The names that trainers' and models' attribute tables are written with; what they mean is in flow/attributes.h.
#pragma once

#include "flow/attributes.h"

namespace sinan::ml {

using flow::AttributeSpec;
using flow::AttributeType;
using flow::AttributeValues;
using flow::check_attributes;

}  // namespace sinan::ml
