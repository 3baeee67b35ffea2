// The page of examples/web, carried by this program, so that one can look at the stream: a backend
// that has pages of its own needs none of this.
#pragma once

#include <string_view>
#include <utility>

#include "chatroom/adapters/websocket.h"
#include "page_files.h"

struct Page final : chatroom::HttpHandler {
  bool on_request(const chatroom::HttpRequest& request,
                  chatroom::HttpResponse& response) noexcept override {
    const std::string_view path = request.path == "/" ? "/index.html" : request.path;
    for (const PageFile& file : page_files()) {
      if (file.path != path) continue;
      response.body = file.bytes;
      response.content_type = type_of(path);
      response.headers.emplace_back("Content-Security-Policy",
                                    "default-src 'none'; script-src 'self'; style-src 'self'; "
                                    "img-src 'self'; connect-src 'self'; base-uri 'none'");
      return true;
    }
    return false;
  }

 private:
  static std::string_view type_of(std::string_view path) noexcept {
    if (path.ends_with(".html")) return "text/html; charset=utf-8";
    if (path.ends_with(".css")) return "text/css; charset=utf-8";
    return path.ends_with(".svg") ? "image/svg+xml" : "text/javascript; charset=utf-8";
  }
};
