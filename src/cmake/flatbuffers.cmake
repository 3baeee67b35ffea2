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
