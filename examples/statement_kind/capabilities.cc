// What src/app/capabilities.cc is to the program: the list of all that it can do, here with the example's statement on it. The
// linker takes this definition, and leaves the program's in its library.
#include "app/capabilities.h"

#include "count_rows.h"
#include "flow/statements/register.h"

namespace sinan::app {

void register_capabilities(flow::Registry& registry) {
  flow::register_flow(registry);
  registry.statements<example::CountRows>();
}

}  // namespace sinan::app
