#include "profile/register.h"

#include "profile/compare_data.h"
#include "profile/describe_data.h"
#include "profile/split.h"

namespace sinan::profile {

void register_profile(flow::Registry& registry) { registry.statements<DescribeData, CompareData, Split>(); }

}  // namespace sinan::profile
