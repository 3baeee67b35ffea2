// Runs a fuzz target without libFuzzer: every file of the corpus once, then mutations of them from
// a seed. So each build, whatever the compiler, keeps what the fuzzers have found.
//
//   fuzz_<name> [--mutations N] [--seed N] PATH...     a PATH is a file, or a folder of files
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Input = std::vector<std::uint8_t>;
constexpr std::size_t kInputBytesMax = 64 * 1024;

Input read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::vector<std::filesystem::path> files_in(const std::filesystem::path& path) {
  std::vector<std::filesystem::path> found;
  if (std::filesystem::is_directory(path)) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
      if (entry.is_regular_file()) found.push_back(entry.path());
    }
    std::sort(found.begin(), found.end());
  } else if (std::filesystem::exists(path)) {
    found.push_back(path);
  }
  return found;
}

// The target gets its own block of exactly this size, so that ASan sees each byte read past it.
void run(const Input& input) {
  auto* copy = static_cast<std::uint8_t*>(std::malloc(std::max<std::size_t>(input.size(), 1)));
  std::copy(input.begin(), input.end(), copy);
  LLVMFuzzerTestOneInput(copy, input.size());
  std::free(copy);
}

class Mutator {
 public:
  Mutator(const std::vector<Input>& corpus, std::uint64_t seed) : corpus_(corpus), random_(seed) {}

  Input next() {
    Input input = corpus_.empty() ? Input{} : corpus_[below(corpus_.size())];
    const std::size_t steps = 1 + below(4);
    for (std::size_t i = 0; i < steps; ++i) change(input);
    if (input.size() > kInputBytesMax) input.resize(kInputBytesMax);
    return input;
  }

 private:
  std::size_t below(std::size_t limit) { return static_cast<std::size_t>(random_() % limit); }
  std::uint8_t byte() { return static_cast<std::uint8_t>(random_()); }
  auto place(const Input& input, std::size_t at) {
    return input.begin() + static_cast<std::ptrdiff_t>(at);
  }

  void change(Input& input) {
    const std::size_t at = below(input.size() + 1);
    const std::size_t length = below(input.size() - at + 1);
    switch (below(6)) {
      case 0:
        if (at < input.size()) input[at] ^= static_cast<std::uint8_t>(1u << below(8));
        break;
      case 1:
        if (at < input.size()) input[at] = byte();
        break;
      case 2:
        input.insert(place(input, at), byte());
        break;
      case 3:
        input.erase(place(input, at), place(input, at + std::min<std::size_t>(length, 16)));
        break;
      case 4:
        input.resize(at);
        break;
      default: {
        const Input part(place(input, at), place(input, at + length));
        input.insert(place(input, below(input.size() + 1)), part.begin(), part.end());
      }
    }
  }

  const std::vector<Input>& corpus_;
  std::mt19937_64 random_;
};

}  // namespace

int main(int argc, char** argv) {
  long mutations = 0;
  std::uint64_t seed = 1;
  std::vector<Input> corpus;
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]) == "--mutations" && i + 1 < argc) {
      mutations = std::atol(argv[++i]);
      continue;
    }
    if (std::string_view(argv[i]) == "--seed" && i + 1 < argc) {
      seed = std::strtoull(argv[++i], nullptr, 10);
      continue;
    }
    for (const auto& path : files_in(argv[i])) corpus.push_back(read(path));
  }
  for (const Input& input : corpus) run(input);
  Mutator mutator(corpus, seed);
  for (long i = 0; i < mutations; ++i) run(mutator.next());
  std::printf("%zu files replayed, %ld mutations\n", corpus.size(), mutations);
  return 0;
}
