# Several sources of a target are compiled as one: templates of Boost, nlohmann and the standard library that
# each would instantiate for itself are instantiated once. cmake/batches.py chooses which may share; FLEET_BATCH=1
# compiles each alone, which shows an #include that is missing (`make clang` and `make lint` do).
set(FLEET_BATCH 12 CACHE STRING "How many sources are compiled as one; 1 compiles each alone")
set(FLEET_BATCHES "${CMAKE_BINARY_DIR}/batches.txt")
file(WRITE "${FLEET_BATCHES}" "")

# fleet_batches(target file…)
function(fleet_batches target)
  if(FLEET_BATCH LESS 2 OR ARGC LESS 3)
    return()
  endif()
  execute_process(
    COMMAND "${Python3_EXECUTABLE}" "${CMAKE_SOURCE_DIR}/cmake/batches.py" ${FLEET_BATCH} ${ARGN}
    WORKING_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}" OUTPUT_VARIABLE lines COMMAND_ERROR_IS_FATAL ANY)
  file(APPEND "${FLEET_BATCHES}" "${lines}")
  string(REPLACE ";" "|" lines "${lines}")
  string(REGEX REPLACE "\n$" "" lines "${lines}")
  string(REPLACE "\n" ";" lines "${lines}")
  set(number 0)
  foreach(line IN LISTS lines)
    string(REPLACE "|" ";" files "${line}")
    set_source_files_properties(${files} PROPERTIES UNITY_GROUP "${number}")
    math(EXPR number "${number} + 1")
  endforeach()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # A frame of a coroutine may name what is in an unnamed namespace; GCC takes every included file for a header.
    target_compile_options(${target} PRIVATE -Wno-subobject-linkage)
    # GCC looks for garbage whenever its heap has grown by a little, and goes through the precompiled header of
    # 200 MB each time. To begin later spares a tenth of the time (measured).
    target_compile_options(${target} PRIVATE --param=ggc-min-heapsize=524288)
  endif()
endfunction()
