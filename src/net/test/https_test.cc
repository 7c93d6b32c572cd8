// The server over TLS, asked by the HTTP client of io.
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/check.h"
#include "io/http_client.h"
#include "io/temp_dir.h"
#include "net/test/test_server.h"

namespace sinan::net {
namespace {

struct Deleter {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
  void operator()(std::FILE* file) const { std::fclose(file); }
};
template <class T>
using Owned = std::unique_ptr<T, Deleter>;

// A certificate that signs itself, of 127.0.0.1 and no other name.
TlsFiles make_certificate(const std::filesystem::path& folder) {
  const Owned<EVP_PKEY> key(EVP_EC_gen("P-256"));
  const Owned<X509> certificate(X509_new());
  CHECK(key != nullptr && certificate != nullptr);
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -60);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  X509_set_pubkey(certificate.get(), key.get());
  X509_NAME* name = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("test"), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), name);
  const Owned<X509_EXTENSION> host(X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "IP:127.0.0.1"));
  X509_add_ext(certificate.get(), host.get(), -1);
  CHECK(X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0);
  TlsFiles files{(folder / "certificate.pem").string(), (folder / "key.pem").string()};
  const Owned<std::FILE> certificate_file(std::fopen(files.certificate.c_str(), "w"));
  const Owned<std::FILE> key_file(std::fopen(files.key.c_str(), "w"));
  CHECK(PEM_write_X509(certificate_file.get(), certificate.get()) == 1);
  CHECK(PEM_write_PrivateKey(key_file.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1);
  return files;
}

class Https : public testing::Test {
 protected:
  const io::TempDir folder_ = *io::TempDir::make();
  const TlsFiles files_ = make_certificate(folder_.path());
  TestServer test_{{.tls = files_}};
};

TEST_F(Https, WhoKnowsTheAuthorityIsAnswered) {
  const io::HttpClient client({.authorities = files_.certificate});
  const auto answer = client.send({.url = test_.server->url() + "/big"});
  ASSERT_TRUE(answer) << answer.error().to_string();
  EXPECT_EQ(answer->body, std::string(5'000'000, 'b'));
  const auto echoed =
      client.send({.method = "POST", .url = test_.server->url() + "/echo", .body = std::string(90'000, 'e')});
  ASSERT_TRUE(echoed) << echoed.error().to_string();
  EXPECT_EQ(echoed->body, std::string(90'000, 'e'));
  EXPECT_EQ(test_.server->connections(), 1U);
}

TEST_F(Https, AStrangersCertificateIsRefused) {
  const io::HttpClient client({.attempts = 1});
  const auto answer = client.send({.url = test_.server->url() + "/hello"});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::kPermission);
}

TEST_F(Https, SoIsOneOfAnotherName) {
  const io::HttpClient client({.attempts = 1, .authorities = files_.certificate});
  const auto answer = client.send({.url = "https://localhost:" + std::to_string(test_.port()) + "/hello"});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::kPermission);
}

TEST_F(Https, PlainTextIsNotUnderstood) {
  const io::HttpClient client({.attempts = 1});
  const auto answer = client.send({.url = "http://127.0.0.1:" + std::to_string(test_.port()) + "/hello"});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::kUnavailable);
}

}  // namespace
}  // namespace sinan::net
