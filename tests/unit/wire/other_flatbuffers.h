// The declarations of other_flatbuffers.cc, laid out unlike the real ones.
#pragma once

namespace flatbuffers {

struct String;
extern int calls;

class Verifier {
 public:
  bool VerifyString(const String* text) const;
  bool VerifyVectorOrString(const unsigned char* at, unsigned long size, unsigned long* end) const;

 private:
  char other_layout_[3] = {};
};

class FlatBufferBuilder {
 public:
  unsigned EndTable(unsigned start);

 private:
  char other_layout_[7] = {};
};

}  // namespace flatbuffers
