# Install rules: the headers, the libraries, a CMake package whose components are the libraries, and
# pkg-config files. Nothing installed names the place where it was built or installed.
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/chatroom)
set(pkgconfig_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX BASE_DIRECTORY
  ${CMAKE_INSTALL_PREFIX}/${pkgconfig_dir} OUTPUT_VARIABLE prefix_from_pkgconfig)

install(DIRECTORY include/chatroom DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILES_MATCHING PATTERN "*.h")
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

# chatroom_install(<target> <component> <what pkg-config users need of others>)
function(chatroom_install target component)
  cmake_parse_arguments(ARG "" "DESCRIPTION" "REQUIRES;LIBS" ${ARGN})
  install(TARGETS ${target} EXPORT chatroom-${component}
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
    RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  install(EXPORT chatroom-${component} NAMESPACE chatroom:: DESTINATION ${package_dir})

  set(pc_name chatroom-${component})
  if(component STREQUAL "core")
    set(pc_name chatroom)
  endif()
  list(JOIN ARG_REQUIRES ", " requires)
  list(JOIN ARG_LIBS " " libs)
  set(archive ${target})
  set(description "${ARG_DESCRIPTION}")
  configure_file(${PROJECT_SOURCE_DIR}/src/cmake/chatroom.pc.in ${PROJECT_BINARY_DIR}/${pc_name}.pc
    @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/${pc_name}.pc DESTINATION ${pkgconfig_dir})
endfunction()

# What a library is called in pkg-config, or by the linker where it has no pkg-config file.
set(pkgconfig_uv libuv)
set(pkgconfig_simdjson simdjson)
set(pkgconfig_zlib zlib)
set(pkgconfig_sodium libsodium)
if(CHATROOM_LLHTTP_INCLUDE)
  set(linker_http -lllhttp)
else()
  set(linker_http -lhttp_parser)
endif()

chatroom_install(chatroom core DESCRIPTION "${PROJECT_DESCRIPTION}")
set(component_needs "")
foreach(name IN LISTS CHATROOM_LIBRARIES)
  set(requires chatroom)
  set(libs)
  foreach(need IN LISTS CHATROOM_NEEDS_${name})
    list(APPEND requires ${pkgconfig_${need}})
    list(APPEND libs ${linker_${need}})
  endforeach()
  chatroom_install(chatroom_${name} ${name} DESCRIPTION "chatroom: ${name}"
    REQUIRES ${requires} LIBS ${libs})
  string(APPEND component_needs "set(chatroom_needs_${name} ${CHATROOM_NEEDS_${name}})\n")
endforeach()

configure_package_config_file(src/cmake/chatroomConfig.cmake.in
  ${PROJECT_BINARY_DIR}/chatroomConfig.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/chatroomConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/chatroomConfig.cmake
  ${PROJECT_BINARY_DIR}/chatroomConfigVersion.cmake src/cmake/libraries.cmake
  DESTINATION ${package_dir})
