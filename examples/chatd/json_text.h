// Strings as they stand in JSON.
#pragma once

#include <string>
#include <string_view>

namespace chatd {

std::string quoted(std::string_view text);
// `,"key":"text"`; nothing for an empty one.
std::string field(const char* key, std::string_view text);

}  // namespace chatd
