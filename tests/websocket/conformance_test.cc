// RFC 6455 by the numbers of the Autobahn suite: every case as it stands there, again one byte at a
// time, and the short ones cut in two at every place. None is left out.
#include <set>

#include "catch.hpp"
#include "websocket/cases.h"

namespace chatroom::websocket_test {

namespace {

WebSocketOptions roomy() {
  WebSocketOptions options;
  options.message_bytes = 16u << 20;
  options.message_bytes_before_admitted = 16u << 20;
  options.held_bytes = 64ull << 20;
  return options;
}

// Empty: as expected. Else what was different.
std::string grade(const Case& it, const Echo& server, std::size_t head) {
  std::vector<Said> said = server.said;
  if (server.fault == 0 && !said.empty() && said.back().kind == FrameKind::close) said.pop_back();
  if (server.opened != 1) return "the upgrade failed";
  if (said != it.replies) return "replies differ";
  if (server.close_code() != it.close) {
    return "closed with " + std::to_string(server.close_code());
  }
  if (server.after_end != 0) return "went on after the end";
  if (it.fails_by != 0 && server.fault_at - head > it.fails_by) return "the fault was found late";
  return {};
}

std::string join(const Case& it) {
  std::string stream;
  for (const std::string& piece : it.pieces) stream += piece;
  return stream;
}

std::string play(WebSocketServer& filter, const Case& it, bool bytewise) {
  Echo server(filter);
  server.feed(kUpgrade, bytewise);
  const std::size_t head = server.fed;
  for (const std::string& piece : it.pieces) {
    // As a peer would see it: once the server has closed, nobody reads on.
    if (!server.ended) server.feed(piece, bytewise);
  }
  // A late fault is found by piece in the first run, by byte in the second.
  Case graded = it;
  if (!bytewise && it.fails_by != 0) {
    graded.fails_by = it.pieces.size() < 3 ? 0 : it.pieces[0].size() + it.pieces[1].size();
  }
  return grade(graded, server, head);
}

void play_all(const std::vector<Entry>& entries) {
  WebSocketServer filter(roomy());
  std::set<std::string> ids;
  for (const Entry& entry : entries) {
    CHECK(ids.insert(entry.id).second);
    const Case it = entry.make();
    for (const bool bytewise : {false, true}) {
      INFO("case " << entry.id << (bytewise ? ", one byte at a time" : ""));
      CHECK(play(filter, it, bytewise) == "");
      // Whatever happened, the link gave back all it held.
      CHECK(filter.stats().held_bytes == 0);
      CHECK(filter.stats().held_links == 0);
    }
  }
}

}  // namespace

TEST_CASE("the 247 functional cases of RFC 6455 pass, whole and bytewise", "[websocket]") {
  const std::vector<Entry> entries = functional_cases();
  CHECK(entries.size() == 247);
  play_all(entries);
}

TEST_CASE("the 54 limit cases pass with the limit at 16 MiB, whole and bytewise", "[websocket]") {
  const std::vector<Entry> entries = limit_cases();
  CHECK(entries.size() == 54);
  play_all(entries);
}

TEST_CASE("a short case gives the same verdict wherever its stream is cut in two", "[websocket]") {
  WebSocketServer filter(roomy());
  int played = 0;
  for (const Entry& entry : functional_cases()) {
    const Case it = entry.make();
    const std::string stream = join(it);
    if (stream.size() > 200) continue;
    for (std::size_t at = 1; at < stream.size(); ++at) {
      INFO("case " << entry.id << " cut at " << at);
      Echo server(filter);
      server.feed(kUpgrade);
      server.feed(stream.substr(0, at));
      server.feed(stream.substr(at));
      Case graded = it;
      graded.fails_by = 0;
      const std::string verdict = grade(graded, server, kUpgrade.size());
      if (!verdict.empty()) CHECK(verdict == "");  // counted only when it matters: fast
    }
    ++played;
  }
  CHECK(played > 200);
}

TEST_CASE("a suite that expects the wrong code would notice", "[websocket]") {
  WebSocketServer filter(roomy());
  for (const Entry& entry : functional_cases()) {
    if (entry.id != "7.9.1" && entry.id != "6.4.2" && entry.id != "1.1.2") continue;
    Case it = entry.make();
    it.close = it.close == 1000 ? 1002 : 1000;
    CHECK(play(filter, it, false) != "");
    it = entry.make();
    it.replies.push_back({FrameKind::text, "never said"});
    CHECK(play(filter, it, true) != "");
  }
}

}  // namespace chatroom::websocket_test
