// What the crowd says and how its people are called. All invented here.
#pragma once

#include <span>
#include <string_view>

namespace replayer {

using Words = std::span<const std::string_view>;

Words name_openers_zh();
Words name_closers_zh();
Words name_openers_en();
Words name_closers_en();
Words chants();       // what everybody shouts at the same moment, most popular first
Words short_lines();  // the everyday rest, most popular first
Words subjects();     // of made-up sentences
Words remarks();
Words long_lines();  // now and then somebody pastes one of these
Words gifts();

}  // namespace replayer
