#include "base/config.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <limits>
#include <vector>

#include "base/log.h"
#include "base/machine.h"
#include "base/server_config.h"
#include "base/strings.h"

namespace sinan {
namespace {

// One setting: how its value is read. The reader answers what is expected, or nothing when the value was taken.
struct Setting {
  std::string section;
  std::string key;
  std::function<std::string(const toml::node&)> read;
};

auto integer_into(uint32_t& target) {
  return [&target](const toml::node& node) -> std::string {
    const auto value = node.value_exact<int64_t>();
    if (!value || *value < 0 || *value > std::numeric_limits<uint32_t>::max()) return "a number from 0 up";
    target = static_cast<uint32_t>(*value);
    return {};
  };
}

auto size_into(uint64_t& target) {
  return [&target](const toml::node& node) -> std::string {
    std::optional<uint64_t> bytes;
    if (const auto number = node.value_exact<int64_t>(); number && *number >= 0) bytes = static_cast<uint64_t>(*number);
    if (const auto text = node.value_exact<std::string_view>()) bytes = parse_bytes(*text);
    if (!bytes) return "a size such as \"4GiB\"";
    target = *bytes;
    return {};
  };
}

auto flag_into(bool& target) {
  return [&target](const toml::node& node) -> std::string {
    const auto value = node.value_exact<bool>();
    if (!value) return "true or false";
    target = *value;
    return {};
  };
}

auto text_into(std::string& target) {
  return [&target](const toml::node& node) -> std::string {
    const auto value = node.value_exact<std::string>();
    if (!value) return "a string";
    target = *value;
    return {};
  };
}

auto word_into(std::string& target, std::vector<std::string_view> words) {
  return [&target, words = std::move(words)](const toml::node& node) -> std::string {
    const auto value = node.value_exact<std::string>();
    if (!value || std::ranges::find(words, *value) == words.end()) {
      std::string expected = "one of";
      for (const std::string_view word : words)
        expected += fmt::format("{} \"{}\"", word == words.front() ? "" : ",", word);
      return expected;
    }
    target = *value;
    return {};
  };
}

auto texts_into(std::vector<std::string>& target) {
  return [&target](const toml::node& node) -> std::string {
    const toml::array* const items = node.as_array();
    if (items == nullptr) return "a list of strings";
    for (const toml::node& item : *items) {
      const auto value = item.value_exact<std::string>();
      if (!value) return "a list of strings";
      target.push_back(*value);
    }
    return {};
  };
}

std::string read_level(std::string& target, const toml::node& node) {
  const auto value = node.value_exact<std::string>();
  if (!value || !log::level_named(*value)) return "one of \"debug\", \"info\", \"warning\", \"error\", \"off\"";
  target = *value;
  return {};
}

std::vector<Setting> settings_of(ServerConfig& server) {
  return {
      {"server", "listen", text_into(server.listen)},
      {"server", "tls_certificate", text_into(server.tls_certificate)},
      {"server", "tls_key", text_into(server.tls_key)},
      {"server", "tokens", text_into(server.tokens)},
      {"server", "allow_plaintext", flag_into(server.allow_plaintext)},
      {"server", "cors_origins", texts_into(server.cors_origins)},
      {"server", "access_log", flag_into(server.access_log)},
      {"server", "threads", integer_into(server.threads)},
  };
}

std::vector<Setting> settings_of(Config& config) {
  return {
      {"limits", "threads", integer_into(config.limits.threads)},
      {"limits", "memory", size_into(config.limits.memory_bytes)},
      {"limits", "temp_disk", size_into(config.limits.temp_disk_bytes)},
      {"run", "cache", flag_into(config.run.cache)},
      {"run", "retries", integer_into(config.run.retries)},
      {"log", "level", [&config](const toml::node& node) { return read_level(config.log.level, node); }},
      {"log", "file", text_into(config.log.file)},
  };
}

constexpr std::string_view kSources = "sources";

std::vector<Setting> settings_of(Config::Source& source) {
  return {
      {"", "url", text_into(source.url)},
      {"", "password_env", text_into(source.password_env)},
      {"", "password_file", text_into(source.password_file)},
      {"", "read_only", flag_into(source.read_only)},
      {"", "default", flag_into(source.is_default)},
  };
}

constexpr std::string_view kPrograms = "programs";

std::vector<Setting> settings_of(Config::Program& program) {
  return {
      {"", "path", text_into(program.path)},
      {"", "image", text_into(program.image)},
      {"", "interpreter", text_into(program.interpreter)},
      {"", "container_tool", text_into(program.container_tool)},
      {"", "input", word_into(program.input, {"csv", "arrow"})},
      {"", "read", texts_into(program.read)},
      {"", "seconds", integer_into(program.seconds)},
      {"", "memory", size_into(program.memory_bytes)},
      {"", "output", size_into(program.output_bytes)},
      {"", "processes", integer_into(program.processes)},
      {"", "files", integer_into(program.files)},
      {"", "network", flag_into(program.network)},
      {"", "strict", flag_into(program.strict)},
  };
}

class Reader {
 public:
  Reader(Config& config, ServerConfig& server, std::string_view file_name)
      : config_(config), settings_(settings_of(config)), file_name_(file_name) {
    std::ranges::move(settings_of(server), std::back_inserter(settings_));
  }

  Status read(const toml::table& root) {
    for (const auto& [section, node] : root) {
      if (section.str() == kSources) {
        TRY(read_sources(node));
        continue;
      }
      if (section.str() == kPrograms) {
        TRY(read_programs(node));
        continue;
      }
      if (!knows_section(section.str())) return unknown("section", section.str(), node, section_names());
      const toml::table* table = node.as_table();
      if (!table) return wrong(section.str(), "a section", node);
      TRY(read_section(section.str(), *table));
    }
    return {};
  }

 private:
  Status read_section(std::string_view section, const toml::table& table) {
    for (const auto& [key, node] : table) {
      TRY(read_setting(settings_, section, section, key.str(), node));
    }
    return {};
  }

  Status read_setting(const std::vector<Setting>& settings, std::string_view section, std::string_view shown,
                      std::string_view key, const toml::node& node) const {
    const auto setting =
        std::ranges::find_if(settings, [&](const Setting& s) { return s.section == section && s.key == key; });
    if (setting == settings.end()) return unknown("setting", key, node, key_names(settings, section));
    const std::string expected = setting->read(node);
    if (!expected.empty()) return wrong(fmt::format("{}.{}", shown, key), expected, node);
    return {};
  }

  // Each name is an item: the one text that says most, or a section of its own.
  template <class Item>
  Status read_named(std::string_view section, const toml::node& root, std::string Item::* text,
                    std::string_view expected, std::vector<Item>& items) const {
    const toml::table* table = root.as_table();
    if (!table) return wrong(section, "a section", root);
    for (const auto& [name, node] : *table) {
      Item item;
      item.name = name.str();
      const std::string shown = fmt::format("{}.{}", section, item.name);
      if (const auto value = node.template value_exact<std::string>()) {
        item.*text = *value;
      } else if (const toml::table* settings = node.as_table()) {
        const auto known = settings_of(item);
        for (const auto& [key, setting] : *settings) TRY(read_setting(known, "", shown, key.str(), setting));
      } else {
        return wrong(shown, expected, node);
      }
      items.push_back(std::move(item));
    }
    return {};
  }

  Status read_sources(const toml::node& root) {
    TRY(read_named(kSources, root, &Config::Source::url, "a URL, a path, or a section", config_.sources));
    for (const Config::Source& source : config_.sources)
      if (source.url.empty())
        return wrong(fmt::format("{}.{}.url", kSources, source.name), "a URL or a path", *at(root, source.name));
    return {};
  }

  Status read_programs(const toml::node& root) {
    TRY(read_named(kPrograms, root, &Config::Program::path, "a path, or a section", config_.programs));
    for (const Config::Program& program : config_.programs) {
      if (program.path.empty() == program.image.empty())
        return wrong(fmt::format("{}.{}", kPrograms, program.name), "either a path or an image",
                     *at(root, program.name));
    }
    return {};
  }
  static const toml::node* at(const toml::node& root, std::string_view name) { return root.as_table()->get(name); }

  bool knows_section(std::string_view name) const {
    return std::ranges::any_of(settings_, [&](const Setting& setting) { return setting.section == name; });
  }
  std::vector<std::string> section_names() const {
    std::vector<std::string> names;
    for (const Setting& setting : settings_) {
      if (names.empty() || names.back() != setting.section) names.push_back(setting.section);
    }
    names.emplace_back(kSources);
    names.emplace_back(kPrograms);
    return names;
  }
  static std::vector<std::string> key_names(const std::vector<Setting>& settings, std::string_view section) {
    std::vector<std::string> names;
    for (const Setting& setting : settings) {
      if (setting.section == section) names.push_back(setting.key);
    }
    return names;
  }

  Failure unknown(std::string_view what, std::string_view name, const toml::node& node,
                  const std::vector<std::string>& known) const {
    std::string hint = did_you_mean(name, known);
    if (hint.empty()) hint = "known: " + join(known, ", ");
    return fail(Code::kArgument, fmt::format("unknown {} \"{}\" in {} line {}", what, name, file_name_, line(node)),
                hint);
  }
  Failure wrong(std::string_view name, std::string_view expected, const toml::node& node) const {
    return fail(Code::kArgument, fmt::format("wrong value for \"{}\" in {} line {}: expected {}", name, file_name_,
                                             line(node), expected));
  }
  static uint32_t line(const toml::node& node) { return node.source().begin.line; }

  Config& config_;
  std::vector<Setting> settings_;
  std::string_view file_name_;
};

// All of a file.
struct Settings {
  Config config;
  ServerConfig server;
};

Status read_settings(Settings& settings, std::string_view text, std::string_view file_name) {
  try {
    return Reader(settings.config, settings.server, file_name).read(toml::parse(text));
  } catch (const toml::parse_error& error) {
    return fail(Code::kArgument,
                fmt::format("cannot read {} line {}: {}", file_name, error.source().begin.line, error.description()));
  }
}

}  // namespace

Result<Config> parse_config(std::string_view text, std::string_view file_name) {
  Settings settings;
  TRY(read_settings(settings, text, file_name));
  return std::move(settings.config);
}

Result<ServerConfig> parse_server_config(std::string_view text, std::string_view file_name) {
  Settings settings;
  TRY(read_settings(settings, text, file_name));
  return std::move(settings.server);
}

Config with_machine_defaults(Config config) {
  const Machine machine = inspect_machine();
  if (config.limits.threads == 0) config.limits.threads = machine.cores;
  if (config.limits.memory_bytes == 0) config.limits.memory_bytes = machine.memory_bytes / 5 * 4;
  return config;
}

}  // namespace sinan
