#include <string>
#include <vector>

#include "app/application.h"

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  return sinan::app::run_application(arguments);
}
