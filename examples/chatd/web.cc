#include "web.h"

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "page_files.h"

namespace chatd {
namespace {

std::string_view type_of(std::string_view path) {
  const std::pair<std::string_view, std::string_view> types[] = {
      {".html", "text/html; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},
      {".svg", "image/svg+xml"},
      {".json", "application/json"},
      {".png", "image/png"},
      {".woff2", "font/woff2"}};
  for (const auto& [ending, type] : types) {
    if (path.ends_with(ending)) return type;
  }
  return "application/octet-stream";
}

// FNV-1a: tells versions of a file apart, nothing more.
std::string etag_of(std::string_view bytes) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  char text[24];
  std::snprintf(text, sizeof(text), "\"%016llx\"", static_cast<unsigned long long>(hash));
  return text;
}

// A Host header as it may stand in a policy; anything odd is left out.
std::string safe_host(std::string_view host) {
  constexpr std::string_view kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:-[]";
  return host.find_first_not_of(kAllowed) == host.npos ? std::string(host) : std::string();
}

// Nothing but our own files, and the socket back to this host (which `'self'` does not cover in
// every browser).
std::string policy_for(std::string_view host) {
  std::string policy =
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'";
  const std::string safe = safe_host(host);
  if (!safe.empty()) policy += " ws://" + safe + " wss://" + safe;
  return policy + "; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";
}

}  // namespace

bool Web::find_file(std::string_view path, std::string& bytes) const {
  if (root_.empty()) {
    for (const PageFile& file : page_files()) {
      if (file.path != path) continue;
      bytes = file.bytes;
      return true;
    }
    return false;
  }
  // Plain names only: no way up, no hidden files.
  if (path.find("/.") != path.npos || path.find('\\') != path.npos) return false;
  // Looked at before it is opened: a folder or a pipe would throw or wait, a giant fill the memory.
  const std::string name = root_ + std::string(path);
  std::error_code error;
  if (!std::filesystem::is_regular_file(name, error)) return false;
  const std::uintmax_t size = std::filesystem::file_size(name, error);
  if (error || size > chatroom::WebSocketOptions().http_body_bytes) return false;
  std::ifstream file(name, std::ios::binary);
  bytes.resize(static_cast<std::size_t>(size));
  file.read(bytes.data(), static_cast<std::streamsize>(size));
  return file.gcount() == static_cast<std::streamsize>(size);
}

bool Web::on_request(const chatroom::HttpRequest& request,
                     chatroom::HttpResponse& response) noexcept {
  if (request.path == "/metrics") {
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    response.body = metrics();
    return true;
  }
  if (request.path == "/inspect" && inspect) {
    response.content_type = "application/json";
    response.headers.emplace_back("Cache-Control", "no-store");
    response.body = inspect();
    return true;
  }
  if (request.path == "/healthz") {
    response.status = healthy() ? 200 : 503;
    response.content_type = "application/json";
    response.headers.emplace_back("Cache-Control", "no-store");
    response.body = health();
    return true;
  }
  const std::string_view path = request.path == "/" ? "/index.html" : request.path;
  if (!find_file(path, response.body)) return false;
  response.content_type = type_of(path);
  response.headers.emplace_back("Cache-Control", "no-cache");
  response.headers.emplace_back("ETag", etag_of(response.body));
  response.headers.emplace_back("Referrer-Policy", "no-referrer");
  // The element is meant to be used by other pages; these files are the same for everybody.
  response.headers.emplace_back("Access-Control-Allow-Origin", "*");
  if (path.ends_with(".html")) {
    response.headers.emplace_back("Content-Security-Policy", policy_for(request.host));
  }
  return true;
}

}  // namespace chatd
