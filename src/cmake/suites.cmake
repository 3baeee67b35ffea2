# Test suites with Catch2: one folder, one executable, one CTest entry (a process for each case
# would cost more than most cases), and negative controls where tests/controls.txt asks for them.

# The enumerators of src/base/plant.h by name, for choosing one on a command line.
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
  ${PROJECT_SOURCE_DIR}/src/base/plant.h ${CMAKE_CURRENT_SOURCE_DIR}/controls.txt)
file(READ ${PROJECT_SOURCE_DIR}/src/base/plant.h plant_header)
string(REGEX MATCH "enum class Plant[^{]*{([^}]*)}" plant_enum "${plant_header}")
string(REGEX REPLACE "//[^\n]*" "" plant_enum "${CMAKE_MATCH_1}")
string(REGEX MATCHALL "[a-z_0-9]+" plant_names "${plant_enum}")
set(plant_rows "")
foreach(name IN LISTS plant_names)
  string(APPEND plant_rows "    {\"${name}\", chatroom::base::Plant::${name}},\n")
endforeach()
file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/generated/plant_names.h CONTENT [[
// Generated from src/base/plant.h.
#pragma once

#include <string_view>
#include <utility>

#include "base/plant.h"

inline constexpr std::pair<std::string_view, chatroom::base::Plant> kPlantNames[] = {
@plant_rows@};
]] @ONLY)

function(chatroom_test_main name core)
  add_library(${name} OBJECT main.cc)
  chatroom_test_compile(${name})
  target_link_libraries(${name} PUBLIC ${core} Catch2::Catch2)
endfunction()

if(TARGET Catch2::Catch2)
  chatroom_test_main(chatroom_test_main chatroom)
  chatroom_test_main(chatroom_control_main chatroom_planted)
endif()

# chatroom_suite(<name> <core> <folder>): test_<name> from the folder's *_test.cc and what they
# share; <core> is chatroom, or chatroom_planted where the tests switch bugs on themselves.
function(chatroom_suite name core folder)
  file(GLOB tests CONFIGURE_DEPENDS ${folder}/*_test.cc)
  if(NOT tests OR NOT TARGET Catch2::Catch2)
    return()
  endif()
  file(GLOB sources CONFIGURE_DEPENDS ${folder}/*.cc)
  file(GLOB headers CONFIGURE_DEPENDS ${folder}/*.h)
  chatroom_lacks(lacking "suite ${name}" ${sources} ${headers})
  if(lacking)
    return()
  endif()
  add_library(objects_${name} OBJECT ${sources})
  chatroom_test_compile(objects_${name})
  target_link_libraries(objects_${name} PUBLIC ${core} chatroom_all Catch2::Catch2)
  set(main chatroom_test_main)
  if(core STREQUAL "chatroom_planted")
    set(main chatroom_control_main)
  endif()
  add_executable(test_${name} $<TARGET_OBJECTS:objects_${name}> $<TARGET_OBJECTS:${main}>)
  target_link_libraries(test_${name} PRIVATE ${core} chatroom_all)
  add_test(NAME ${name} COMMAND test_${name} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES TIMEOUT 600)
endfunction()

# chatroom_control_objects(<out> <suite>): the suite's objects for its control. The suite's own, and
# so compiled once, unless a header of its layer plants a bug, which would be compiled into them.
function(chatroom_control_objects out suite)
  set(${out} objects_${suite} PARENT_SCOPE)
  string(REGEX REPLACE "^unit\\." "" layer ${suite})
  file(GLOB headers ${PROJECT_SOURCE_DIR}/src/${layer}/*.h)
  list(REMOVE_ITEM headers ${PROJECT_SOURCE_DIR}/src/base/plant.h)
  foreach(header IN LISTS headers)
    file(STRINGS ${header} planted REGEX "CHATROOM_PLANTED\\(")
    if(planted)
      get_target_property(sources objects_${suite} SOURCES)
      add_library(control_objects_${suite} OBJECT ${sources})
      chatroom_test_compile(control_objects_${suite})
      target_link_libraries(control_objects_${suite}
        PUBLIC chatroom_planted chatroom_all Catch2::Catch2)
      set(${out} control_objects_${suite} PARENT_SCOPE)
      return()
    endif()
  endforeach()
endfunction()

# chatroom_controls(): the entries of controls.txt, each a line
#   <planted bug> <suite> <Catch2 test name or filter>
# becomes the CTest entry control.<planted bug>, which passes when those tests fail.
function(chatroom_controls)
  if(NOT EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/controls.txt)
    return()
  endif()
  file(STRINGS controls.txt lines REGEX "^[^#]")
  foreach(line IN LISTS lines)
    string(REGEX MATCH "^([a-z_0-9]+) +([a-z_.0-9]+) +(.+)$" matched "${line}")
    if(NOT matched)
      message(FATAL_ERROR "tests/controls.txt: not '<planted bug> <suite> <filter>': ${line}")
    endif()
    set(bug ${CMAKE_MATCH_1})
    set(suite ${CMAKE_MATCH_2})
    set(filter "${CMAKE_MATCH_3}")
    if(NOT bug IN_LIST plant_names)
      message(FATAL_ERROR "tests/controls.txt: no planted bug ${bug} in src/base/plant.h")
    endif()
    if(NOT TARGET objects_${suite})
      message(STATUS "chatroom: control.${bug} left out: there is no suite ${suite} in this build")
      continue()
    endif()
    if(NOT TARGET control_${suite})
      chatroom_control_objects(objects ${suite})
      add_executable(control_${suite} $<TARGET_OBJECTS:${objects}>
        $<TARGET_OBJECTS:chatroom_control_main>)
      target_link_libraries(control_${suite} PRIVATE chatroom_planted chatroom_all)
    endif()
    add_test(NAME control.${bug} COMMAND control_${suite} "${filter}"
      WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
    set_tests_properties(control.${bug} PROPERTIES
      ENVIRONMENT CHATROOM_PLANT=${bug} TIMEOUT 300)
  endforeach()
endfunction()
