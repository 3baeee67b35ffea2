// Another FlatBuffers, as a host might link it: the library's own names, behaving otherwise. Not
// inline, so the linker would prefer these to any inline function of the same name in the core.
#include "other_flatbuffers.h"

namespace flatbuffers {

int calls = 0;

bool Verifier::VerifyString(const String*) const {
  ++calls;
  return false;
}
bool Verifier::VerifyVectorOrString(const unsigned char*, unsigned long, unsigned long*) const {
  ++calls;
  return false;
}
unsigned FlatBufferBuilder::EndTable(unsigned) {
  ++calls;
  return 0;
}

}  // namespace flatbuffers
