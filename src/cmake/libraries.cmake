# Where third-party libraries come from: in our build, and in a host's find_package(chatroom), since
# this file is installed with the package. Each function answers with a target, or with nothing.

# What Debian and Ubuntu call them, for the sentence that a person reads when one is missing.
set(CHATROOM_PACKAGE_uv libuv1-dev)
set(CHATROOM_PACKAGE_http libhttp-parser-dev)
set(CHATROOM_PACKAGE_simdjson libsimdjson-dev)
set(CHATROOM_PACKAGE_zlib zlib1g-dev)
set(CHATROOM_PACKAGE_sodium libsodium-dev)

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

# The HTTP parser: llhttp where a system has it, else its predecessor. Neither has a CMake package
# everywhere, and the elder no pkg-config file. src/adapters/websocket/http.cc chooses likewise, by
# the header.
function(chatroom_find_http out)
  find_path(CHATROOM_LLHTTP_INCLUDE llhttp.h)
  if(CHATROOM_LLHTTP_INCLUDE)
    set(include ${CHATROOM_LLHTTP_INCLUDE})
    find_library(CHATROOM_HTTP_LIBRARY llhttp)
  else()
    find_path(CHATROOM_HTTP_PARSER_INCLUDE http_parser.h)
    set(include ${CHATROOM_HTTP_PARSER_INCLUDE})
    find_library(CHATROOM_HTTP_LIBRARY http_parser)
  endif()
  mark_as_advanced(CHATROOM_LLHTTP_INCLUDE CHATROOM_HTTP_PARSER_INCLUDE CHATROOM_HTTP_LIBRARY)
  set(${out} "" PARENT_SCOPE)
  if(include AND CHATROOM_HTTP_LIBRARY)
    if(NOT TARGET chatroom_library::http)
      add_library(chatroom_library::http UNKNOWN IMPORTED GLOBAL)
      set_target_properties(chatroom_library::http PROPERTIES
        IMPORTED_LOCATION ${CHATROOM_HTTP_LIBRARY} INTERFACE_INCLUDE_DIRECTORIES ${include})
    endif()
    set(${out} chatroom_library::http PARENT_SCOPE)
  endif()
endfunction()

function(chatroom_find_simdjson out)
  find_package(simdjson CONFIG QUIET GLOBAL)
  set(${out} "" PARENT_SCOPE)
  if(TARGET simdjson::simdjson)
    set(${out} simdjson::simdjson PARENT_SCOPE)
  endif()
endfunction()

function(chatroom_find_zlib out)
  find_package(ZLIB QUIET GLOBAL)
  set(${out} "" PARENT_SCOPE)
  if(TARGET ZLIB::ZLIB)
    set(${out} ZLIB::ZLIB PARENT_SCOPE)
  endif()
endfunction()

# libsodium installs pkg-config files only.
function(chatroom_find_sodium out)
  find_package(PkgConfig QUIET)
  if(PkgConfig_FOUND AND NOT TARGET PkgConfig::CHATROOM_SODIUM)
    pkg_check_modules(CHATROOM_SODIUM QUIET IMPORTED_TARGET GLOBAL libsodium>=1.0.14)
  endif()
  set(${out} "" PARENT_SCOPE)
  if(TARGET PkgConfig::CHATROOM_SODIUM)
    set(${out} PkgConfig::CHATROOM_SODIUM PARENT_SCOPE)
  endif()
endfunction()
