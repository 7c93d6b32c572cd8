// Answers requests, one JSON document a line (answers.h), with one line each: {"answers", "notes"} or {"error", "message"}.
#include <iostream>
#include <string>

#include "experiment/importers/test/answers.h"

int main() {
  using namespace sinan;
  for (std::string line; std::getline(std::cin, line);) {
    auto request = Json::parse(line);
    auto answer = request ? experiment::answers_to(*request) : std::unexpected(request.error());
    if (!answer) {
      answer = Json::object({{"error", to_string(answer.error().code)}, {"message", answer.error().to_string()}});
    }
    std::cout << answer->dump() << "\n" << std::flush;
  }
}
