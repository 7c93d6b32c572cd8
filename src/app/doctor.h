// `sinan doctor`: what works on this machine and in this project, and how to get what does not.
#pragma once

#include <string>
#include <vector>

#include "app/command_line.h"
#include "app/screen.h"
#include "flow/registry.h"

namespace sinan::app {

// Of the machine, the terminal, the project folder and its data sources; the capabilities' own findings come from the registry.
std::vector<flow::DoctorFinding> examine(const CommandLine& line, const flow::Registry& registry,
                                         const TerminalFacts& facts);
// A line a finding, and one more with the remedy of what does not work.
std::string doctor_text(const std::vector<flow::DoctorFinding>& findings, bool unicode, bool color);

}  // namespace sinan::app
