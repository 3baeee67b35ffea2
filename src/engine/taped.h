// The tables of an engine and the tape that its inputs go to, if the host gave a Recorder
// (recording.cc).
#pragma once

#include "engine/recording.h"
#include "engine/tables.h"

namespace chatroom::engine {

struct Taped : Tables {
  using Tables::Tables;

  Budget asked_budget;  // whose `over` is asked through record_over

  template <class Fill>
  void record(Record type, Fill fill, Bytes tail = {}) noexcept {
    if (ports.recorder == nullptr) return;
    if (write_record(*ports.recorder, type, scratch.record, fill, tail)) return;
    write_record(*ports.recorder, Record::broken, scratch.record, [](Packer&) {});
    ports.recorder = nullptr;
  }
  void record(Record type) noexcept {
    record(type, [](Packer&) {});
  }
  void record_begin(const Seeds& seeds) noexcept;
  static void record_write(void* context, std::uint32_t session, std::span<const Bytes> pieces,
                           std::size_t taken) noexcept;
  static bool record_over(void* context) noexcept;
  Budget recorded(Budget budget) noexcept;
};

}  // namespace chatroom::engine
