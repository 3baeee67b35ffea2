// Small readers of verified FlatBuffers fields, shared by both decoders.
#pragma once

#include "chatroom/types.h"
#include "wire/flatbuffers_scratch.h"
#include "wire/hidden_flatbuffers.h"

namespace chatroom::wire {

using FbString = flatbuffers::String;
using FbStrings = flatbuffers::Vector<flatbuffers::Offset<FbString>>;
using FbBytes = flatbuffers::Vector<std::uint8_t>;

inline std::string_view view(const FbString* text) noexcept {
  return text == nullptr ? std::string_view{} : std::string_view{text->c_str(), text->size()};
}
inline Bytes view(const FbBytes* bytes) noexcept {
  return bytes == nullptr ? Bytes{}
                          : Bytes{reinterpret_cast<const std::byte*>(bytes->data()), bytes->size()};
}

// The root of a frame, or null if it is not one: nothing of a frame is read before this.
template <class Root>
const Root* verified_root(Bytes frame) noexcept {
  if (frame.size() >= FLATBUFFERS_MAX_BUFFER_SIZE) return nullptr;
  flatbuffers::Verifier::Options options;
  options.max_depth = kDepthMax;
  options.max_tables = kTablesMax;
  options.check_alignment = true;
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(frame.data());
  flatbuffers::Verifier verifier(bytes, frame.size(), options);
  if (!verifier.VerifyBuffer<Root>(nullptr)) return nullptr;
  return flatbuffers::GetRoot<Root>(bytes);
}

}  // namespace chatroom::wire
