// FlatBuffers and the classes generated for our schema, under a name of our own: a host may link
// another version of the library, and every inline function of it would otherwise be merged with
// ours by the linker. Included by the codec's .cc files and by nothing else.
#pragma once

#include "chatroom/assert.h"

#ifdef FLATBUFFERS_BASE_H_
#error "FlatBuffers was included before it could be renamed"
#endif

#define flatbuffers chatroom_flatbuffers
#define FLATBUFFERS_ASSERT CHATROOM_ASSERT

// The library's default allocator would drag in operator new[]. Its header is left out, and what
// the builder needs of it stands below: an allocator must be given.
#define FLATBUFFERS_DEFAULT_ALLOCATOR_H_
#include <flatbuffers/allocator.h>
#include <flatbuffers/base.h>

namespace flatbuffers {

inline uint8_t* Allocate(Allocator* allocator, size_t size) {
  CHATROOM_ASSERT(allocator != nullptr);
  return allocator->allocate(size);
}
inline void Deallocate(Allocator* allocator, uint8_t* block, size_t size) {
  CHATROOM_ASSERT(allocator != nullptr);
  allocator->deallocate(block, size);
}
inline uint8_t* ReallocateDownward(Allocator* allocator, uint8_t* block, size_t old_size,
                                   size_t new_size, size_t in_use_back, size_t in_use_front) {
  return allocator->reallocate_downward(block, old_size, new_size, in_use_back, in_use_front);
}

}  // namespace flatbuffers

#include "wire/chatroom_generated.h"
