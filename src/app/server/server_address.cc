#include "app/server/server_address.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <system_error>

#include "base/json.h"
#include "io/file_system.h"

namespace sinan::app {
namespace {

std::filesystem::path file_of(const std::filesystem::path& folder) { return folder / ".sinan" / "server.json"; }

}  // namespace

Result<std::optional<ServerAddress>> read_server_address(const std::filesystem::path& project_folder) {
  // What is wrong with a project's folder is said when it is opened.
  std::error_code ignored;
  if (!std::filesystem::is_directory(file_of(project_folder).parent_path(), ignored)) return std::nullopt;
  auto text = io::real_file_system().read_file(file_of(project_folder), 1 << 16);
  if (!text) {
    if (text.error().code == Code::kNotFound) return std::nullopt;
    return std::unexpected(std::move(text).error().within("while looking for the server of the project"));
  }
  const auto json = Json::parse(*text);
  ServerAddress address;
  for (const auto& [name, field] :
       {std::pair{"url", &address.url}, {"token", &address.token}, {"version", &address.version}}) {
    if (!json || !json->is_object() || !json->at(name).is_string())
      return fail(Code::kData, "damaged: " + file_of(project_folder).string(), "delete it when no server runs");
    *field = json->at(name).string_view();
  }
  return address;
}

Result<PublishedAddress> PublishedAddress::make(const std::filesystem::path& project_folder,
                                                const ServerAddress& address) {
  const std::filesystem::path file = file_of(project_folder);
  std::filesystem::path draft = file;
  draft += ".tmp";
  const std::string text =
      Json::object({{"url", address.url}, {"token", address.token}, {"version", address.version}}).dump() + "\n";
  std::error_code ignored;
  std::filesystem::remove(draft, ignored);  // of a killed server, with whatever rights
  const int descriptor = open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor < 0) return fail(io::system_error(errno, "cannot create file", draft));
  const ssize_t written = write(descriptor, text.data(), text.size());
  const int error = errno;
  close(descriptor);
  if (written != static_cast<ssize_t>(text.size()))
    return fail(io::system_error(written < 0 ? error : ENOSPC, "cannot write", draft));
  if (rename(draft.c_str(), file.c_str()) != 0) return fail(io::system_error(errno, "cannot rename", draft));
  return PublishedAddress(file);
}

PublishedAddress::~PublishedAddress() {
  std::error_code ignored;
  if (!file_.empty()) std::filesystem::remove(file_, ignored);
}

}  // namespace sinan::app
