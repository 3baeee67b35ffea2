# Where third-party libraries come from. Each function answers with a target name, or with nothing.
# The package that Debian and Ubuntu call it by is named in one place, for the sentence that a
# person reads when it is missing.
set(CHATROOM_PACKAGE_uv libuv1-dev)
set(CHATROOM_PACKAGE_wslay libwslay-dev)
set(CHATROOM_PACKAGE_http_parser libhttp-parser-dev)
set(CHATROOM_PACKAGE_nlohmann_json nlohmann-json3-dev)

# FlatBuffers: its compiler and its headers; nothing of it is linked. This spelling of the package
# finds FlatBuffersConfig.cmake (2.0) as well as flatbuffers-config.cmake (22 and later).
find_package(FlatBuffers CONFIG QUIET)
if(NOT TARGET flatbuffers::flatbuffers)
  message(FATAL_ERROR "chatroom needs FlatBuffers: apt-get install libflatbuffers-dev flatbuffers-compiler")
endif()
if(TARGET flatbuffers::flatc)
  set(CHATROOM_FLATC $<TARGET_FILE:flatbuffers::flatc>)
else()
  find_program(CHATROOM_FLATC flatc)
  if(NOT CHATROOM_FLATC)
    message(FATAL_ERROR "chatroom needs flatc: apt-get install flatbuffers-compiler")
  endif()
endif()
get_target_property(CHATROOM_FLATBUFFERS_INCLUDE flatbuffers::flatbuffers
  INTERFACE_INCLUDE_DIRECTORIES)

# chatroom_find(<library> <out>): sets <out> to a target to link, or to an empty string.
function(chatroom_find library out)
  cmake_language(CALL chatroom_find_${library} found)
  set(${out} "${found}" PARENT_SCOPE)
endfunction()

# libuv installs a CMake package when built with CMake, and pkg-config files everywhere.
function(chatroom_find_uv out)
  find_package(libuv CONFIG QUIET GLOBAL)
  find_package(PkgConfig QUIET)
  set(${out} "" PARENT_SCOPE)
  if(TARGET libuv::uv)
    set(${out} libuv::uv PARENT_SCOPE)
  elseif(TARGET libuv::uv_a)
    set(${out} libuv::uv_a PARENT_SCOPE)
  elseif(PkgConfig_FOUND)
    pkg_check_modules(CHATROOM_UV QUIET IMPORTED_TARGET GLOBAL libuv>=1.40)
    if(CHATROOM_UV_FOUND)
      set(${out} PkgConfig::CHATROOM_UV PARENT_SCOPE)
    endif()
  endif()
endfunction()

function(chatroom_find_wslay out)
  find_package(wslay CONFIG QUIET GLOBAL)
  set(${out} "" PARENT_SCOPE)
  if(TARGET wslay)
    set(${out} wslay PARENT_SCOPE)
  endif()
endfunction()

# http_parser has neither a CMake package nor a pkg-config file.
function(chatroom_find_http_parser out)
  find_path(CHATROOM_HTTP_PARSER_INCLUDE http_parser.h)
  find_library(CHATROOM_HTTP_PARSER_LIBRARY http_parser)
  mark_as_advanced(CHATROOM_HTTP_PARSER_INCLUDE CHATROOM_HTTP_PARSER_LIBRARY)
  set(${out} "" PARENT_SCOPE)
  if(CHATROOM_HTTP_PARSER_INCLUDE AND CHATROOM_HTTP_PARSER_LIBRARY)
    set(${out} ${CHATROOM_HTTP_PARSER_LIBRARY} PARENT_SCOPE)
  endif()
endfunction()

function(chatroom_find_nlohmann_json out)
  find_package(nlohmann_json 3.9 CONFIG QUIET GLOBAL)
  set(${out} "" PARENT_SCOPE)
  if(TARGET nlohmann_json::nlohmann_json)
    set(${out} nlohmann_json::nlohmann_json PARENT_SCOPE)
  endif()
endfunction()
