// The table of conformance cases, numbered as in the Autobahn suite so that results compare.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "websocket/echo.h"

namespace chatroom::websocket_test {

struct Case {
  std::vector<std::string> pieces;  // the client's stream as it is cut
  std::vector<Said> replies;        // what the server must say before closing
  int close = 1000;                 // the code it must close with; 1005: an empty close
  std::size_t fails_by = 0;         // not 0: the fault is found by this offset of the stream
};

struct Entry {
  std::string id;
  std::function<Case()> make;  // some are many megabytes: made when they are played
};

std::vector<Entry> functional_cases();  // 1-7 and 10: 247
std::vector<Entry> limit_cases();       // 9: 54

}  // namespace chatroom::websocket_test
