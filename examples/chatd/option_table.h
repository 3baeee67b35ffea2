// What an option looks like in the table.
#pragma once

#include <span>
#include <string>

#include "options.h"

namespace chatd {

struct Option {
  const char* name;      // without the dashes
  const char* argument;  // null: a switch
  const char* help;
  // Takes the value (of a switch: "true" or "false") or answers what is wrong with it.
  std::string (*set)(Options& options, const std::string& value);
};

std::span<const Option> option_table();
const Option* find_option(const std::string& name);

}  // namespace chatd
