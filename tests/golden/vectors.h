// Golden vectors: frames as they were once written, read for ever. commands.txt and events.txt hold
// one vector per paragraph:
//
//   name <of the sample in samples.h>
//   json <the JSON twin>
//   flatbuffers <hexadecimal>
//
// Vectors are added, never changed: a changed byte is a changed protocol. To add one, add its
// sample and run `test_golden "[.print]"`, which prints those that are missing.
#pragma once

#include <fstream>
#include <string>
#include <vector>

#include "catch.hpp"
#include "chatroom/types.h"

namespace chatroom::golden {

struct Vector {
  std::string name;
  std::string json;
  std::vector<std::byte> flatbuffers;
};

inline std::vector<std::byte> from_hex(const std::string& hex) {
  std::vector<std::byte> bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<std::byte>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}
inline std::string to_hex(Bytes bytes) {
  std::string hex;
  for (const std::byte byte : bytes) {
    hex += "0123456789abcdef"[std::to_integer<int>(byte) >> 4];
    hex += "0123456789abcdef"[std::to_integer<int>(byte) & 15];
  }
  return hex;
}

inline std::vector<Vector> read_vectors(const std::string& file) {
  std::ifstream in(std::string(CHATROOM_SOURCE_DIR) + "/tests/golden/" + file);
  REQUIRE(in.good());
  std::vector<Vector> all;
  for (std::string line; std::getline(in, line);) {
    const std::size_t space = line.find(' ');
    if (line.empty() || line[0] == '#' || space == line.npos) continue;
    const std::string word = line.substr(0, space);
    const std::string rest = line.substr(space + 1);
    if (word == "name") all.push_back({rest, {}, {}});
    if (word == "json") all.back().json = rest;
    if (word == "flatbuffers") all.back().flatbuffers = from_hex(rest);
  }
  return all;
}

}  // namespace chatroom::golden
