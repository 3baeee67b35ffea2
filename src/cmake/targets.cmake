# How every target of ours is compiled.
include(GNUInstallDirs)

# chatroom_compile(<target>): the language level and, where asked, the warnings.
function(chatroom_compile target)
  target_compile_features(${target} PUBLIC cxx_std_20)
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
  if(CHATROOM_WARNINGS)
    target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wconversion -Wshadow)
  endif()
endfunction()

# chatroom_without_exceptions(<target>): as the core is always compiled.
function(chatroom_without_exceptions target)
  target_compile_options(${target} PRIVATE -fno-exceptions -fno-rtti)
endfunction()

# chatroom_binary(<target>): how its symbols and files are named. Public headers carry no export
# macros: a shared core shows what exports.map lists, a shared adapter all of its few symbols, and
# archives hide everything that a host would show on.
function(chatroom_binary target)
  set(visibility hidden)
  if(BUILD_SHARED_LIBS)
    set(visibility default)
  endif()
  set_target_properties(${target} PROPERTIES
    LINKER_LANGUAGE CXX
    POSITION_INDEPENDENT_CODE ON
    CXX_VISIBILITY_PRESET ${visibility}
    VISIBILITY_INLINES_HIDDEN ON
    VERSION ${PROJECT_VERSION}
    SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
endfunction()

# chatroom_library(<name> <sources>...): the target chatroom_<name>, alias chatroom::<name>.
function(chatroom_library name)
  add_library(chatroom_${name} ${ARGN})
  add_library(chatroom::${name} ALIAS chatroom_${name})
  chatroom_compile(chatroom_${name})
  if(CHATROOM_NOEXCEPT)
    chatroom_without_exceptions(chatroom_${name})
  endif()
  chatroom_binary(chatroom_${name})
  set_target_properties(chatroom_${name} PROPERTIES EXPORT_NAME ${name})
endfunction()

# chatroom_lacks(<out> <what> <sources>...): the optional libraries of ours that these sources
# include and this build does not have; where there are any, <what> is left out with one line. A
# library is wanted by its public header: chatroom/adapters/<name>.h, chatroom/testing/….
function(chatroom_lacks out what)
  set(lacking)
  foreach(source IN LISTS ARGN)
    file(STRINGS ${source} lines REGEX "^#include \"chatroom/(adapters|testing)/")
    foreach(line IN LISTS lines)
      if(line MATCHES "adapters/([a-z_]+)\\.h")
        set(name ${CMAKE_MATCH_1})
        set(folder ${PROJECT_SOURCE_DIR}/src/adapters/${name})
      else()
        set(name testing)
        set(folder ${PROJECT_SOURCE_DIR}/src/testing)
      endif()
      if(IS_DIRECTORY ${folder} AND NOT TARGET chatroom_${name})
        list(APPEND lacking ${name})
      endif()
    endforeach()
  endforeach()
  list(REMOVE_DUPLICATES lacking)
  if(lacking)
    list(JOIN lacking ", " names)
    message(STATUS "chatroom: ${what} left out: this build has no ${names}")
  endif()
  set(${out} "${lacking}" PARENT_SCOPE)
endfunction()
