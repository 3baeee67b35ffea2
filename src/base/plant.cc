#include "base/plant.h"

namespace chatroom::base {

#ifdef CHATROOM_PLANTS
Plant planted = Plant::none;
#endif

}  // namespace chatroom::base
