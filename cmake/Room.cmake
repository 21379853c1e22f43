# fleet_room(name DIR folder [USES room…] [LINKS target…] [PCH] [NO_UBSAN])
#
# One static library a folder. A room's headers are reached as "name/file.hpp" through a link of its own in the
# build tree, so a room sees exactly the rooms it declares: a forbidden #include does not compile.
set(FLEET_ROOMS_DIR "${CMAKE_BINARY_DIR}/rooms")

function(fleet_room name)
  cmake_parse_arguments(ROOM "PCH;NO_UBSAN" "DIR" "USES;LINKS;SOURCES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS "${ROOM_DIR}/*.cpp")
  list(FILTER sources EXCLUDE REGEX "/main\\.cpp$")
  set(target fleet_${name})

  file(MAKE_DIRECTORY "${FLEET_ROOMS_DIR}/${name}")
  file(CREATE_LINK "${ROOM_DIR}" "${FLEET_ROOMS_DIR}/${name}/${name}" SYMBOLIC)
  if(NOT sources AND NOT ROOM_SOURCES)
    file(WRITE "${CMAKE_BINARY_DIR}/empty_${name}.cpp" "// ${name} has no source file.\n")
    set(sources "${CMAKE_BINARY_DIR}/empty_${name}.cpp")
  endif()

  add_library(${target} STATIC ${sources} ${ROOM_SOURCES})
  # What is generated is not there yet when batches are chosen.
  set(batched ${sources} ${ROOM_SOURCES})
  list(FILTER batched EXCLUDE REGEX "^${CMAKE_BINARY_DIR}/")
  fleet_batches(${target} ${batched})
  set_target_properties(${target} PROPERTIES OUTPUT_NAME fleettools_${name} EXPORT_NAME ${name})
  target_compile_features(${target} PUBLIC cxx_std_20)  # public: whoever includes our headers needs it, too
  target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:fleet_options>)
  target_include_directories(${target} PUBLIC $<BUILD_INTERFACE:${FLEET_ROOMS_DIR}/${name}>)
  foreach(used IN LISTS ROOM_USES)
    target_link_libraries(${target} PUBLIC fleet_${used})
  endforeach()
  target_link_libraries(${target} PUBLIC ${ROOM_LINKS})
  if(FLEET_SANITIZE STREQUAL "address-undefined" AND NOT ROOM_NO_UBSAN)
    target_compile_options(${target} PRIVATE -fsanitize=undefined -fno-sanitize-recover=undefined)
  endif()
  if(ROOM_PCH AND NOT ROOM_NO_UBSAN)
    target_precompile_headers(${target} REUSE_FROM fleet_pch)
    target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:fleet_pch>)
  endif()
endfunction()
