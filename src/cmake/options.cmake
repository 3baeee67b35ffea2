# What a host or a developer may choose. Options add targets; none changes what the code does.
option(CHATROOM_TESTS "build the tests" ${PROJECT_IS_TOP_LEVEL})
option(CHATROOM_EXAMPLES "build the examples" ${PROJECT_IS_TOP_LEVEL})
option(CHATROOM_BENCHMARKS "build the benchmarks" ${PROJECT_IS_TOP_LEVEL})
option(CHATROOM_INSTALL "write install rules" ${PROJECT_IS_TOP_LEVEL})
option(CHATROOM_FUZZ "link the fuzz targets with libFuzzer (clang only)" OFF)
option(CHATROOM_NOEXCEPT "compile adapters and examples without exceptions and RTTI too" OFF)
option(CHATROOM_WARNINGS "compile our code with the warnings that it must not give"
  ${PROJECT_IS_TOP_LEVEL})
set(CHATROOM_ADAPTERS auto CACHE STRING
  "auto: those whose library is here; none; or a list such as uv;json, where a missing one is an error")

# ccache makes the many builds of a CI run affordable. Hosts decide for themselves.
if(PROJECT_IS_TOP_LEVEL AND NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
  find_program(CHATROOM_CCACHE ccache)
  mark_as_advanced(CHATROOM_CCACHE)
  if(CHATROOM_CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CHATROOM_CCACHE})
  endif()
endif()

if(PROJECT_IS_TOP_LEVEL)
  set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
  if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
  endif()
endif()
