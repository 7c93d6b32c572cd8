// Runs a fuzzer's entry point for compilers without libFuzzer: once over every file of the folders and files on the command
// line, so that what a fuzzer once found stays a regression test everywhere, and over mutations of each file. Their seeds are
// fixed: a failure, which says which input it was, repeats.
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

constexpr int kMutations = 2000;             // of each file
constexpr size_t kLargestMutated = 1 << 16;  // larger files run as they are

char current[512];  // what runs, for the signal handler

void say_what_ran(int signal) {
  const auto written = write(STDERR_FILENO, current, strlen(current));
  (void)written;
  std::signal(signal, SIG_DFL);
  raise(signal);
}

void run(const std::string& bytes, const std::filesystem::path& file, int mutation) {
  std::snprintf(current, sizeof(current), "failed: %s, mutation %d (0: the file itself)\n", file.c_str(), mutation);
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
}

// One to four edits: bytes changed, inserted, removed and repeated, the end cut off, a piece of another file put in.
std::string mutated(std::string bytes, const std::vector<std::string>& files, std::mt19937& random) {
  const auto below = [&](size_t n) { return n == 0 ? 0 : static_cast<size_t>(random()) % n; };
  constexpr char kTelling[] = {0,   1,   -1,  127, -128, '"', '\'', '(', ')', '[',
                               ']', '{', '}', ',', ':',  ';', '\\', '-', '9', '\n'};
  for (size_t edits = 1 + below(4); edits > 0; --edits) {
    const size_t at = below(bytes.size() + 1);
    const size_t length = std::min(bytes.size() - at, 1 + below(16));
    const char telling = kTelling[below(sizeof(kTelling))];
    switch (below(7)) {
      case 0:
        bytes.erase(at, length);
        break;
      case 1:
        bytes.insert(at, 1, telling);
        break;
      case 2:
        if (at < bytes.size()) bytes[at] = telling;
        break;
      case 3:
        if (at < bytes.size()) bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(8)));
        break;
      case 4:
        bytes.insert(at, bytes.substr(at, length));
        break;
      case 5:
        bytes.resize(at);
        break;
      default: {
        const std::string& other = files[below(files.size())];
        bytes.insert(at, other.substr(below(other.size() + 1), 1 + below(64)));
        break;
      }
    }
  }
  return bytes;
}

}  // namespace

int main(int argc, char** argv) {
  for (const int signal : {SIGILL, SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGTRAP}) std::signal(signal, say_what_ran);
  std::vector<std::filesystem::path> names;
  for (int i = 1; i < argc; ++i) {
    if (!std::filesystem::is_directory(argv[i])) names.emplace_back(argv[i]);
    if (!std::filesystem::is_directory(argv[i])) continue;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(argv[i])) {
      if (entry.is_regular_file()) names.push_back(entry.path());
    }
  }
  std::ranges::sort(names);
  std::vector<std::string> files;
  for (const auto& name : names) {
    std::ifstream in(name, std::ios::binary);
    files.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  int runs = 0;
  for (size_t f = 0; f < files.size(); ++f) {
    run(files[f], names[f], 0);
    ++runs;
    if (files[f].size() > kLargestMutated) continue;
    std::mt19937 random(1);
    for (int mutation = 1; mutation <= kMutations; ++mutation, ++runs)
      run(mutated(files[f], files, random), names[f], mutation);
  }
  std::printf("%d inputs\n", runs);
  return runs > 0 ? 0 : 1;
}
