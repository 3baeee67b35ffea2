// The main function of every test executable: Catch2 2 brings its own where it is asked to, Catch2
// 3 has it in a library that we do not need for this.
#if __has_include(<catch2/catch_all.hpp>)
#include "catch.hpp"
int main(int argc, char** argv) { return Catch::Session().run(argc, argv); }
#else
#define CATCH_CONFIG_MAIN
#include "catch.hpp"
#endif
