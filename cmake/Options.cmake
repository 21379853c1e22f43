# What every target of ours is compiled with.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

find_program(FLEET_CCACHE ccache)
if(FLEET_CCACHE)
  # Without these, ccache refuses whatever includes a precompiled header.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${FLEET_CCACHE})
endif()
find_program(FLEET_LLD ld.lld)
if(FLEET_LLD)
  add_link_options(-fuse-ld=lld)
endif()

# Asio and Beast are compiled once, in fleet_asio; all others see declarations only. These definitions must be
# the same everywhere, or a precompiled header is not reused and the one definition rule is broken.
add_compile_definitions(
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED
  JSON_USE_IMPLICIT_CONVERSIONS=0 SPDLOG_COMPILED_LIB SPDLOG_FMT_EXTERNAL SPDLOG_SHARED_LIB FMT_SHARED)

add_library(fleet_options INTERFACE)
target_compile_features(fleet_options INTERFACE cxx_std_20)
target_compile_options(fleet_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor -Woverloaded-virtual
  -Wcast-align -Wformat=2 -Wextra-semi -Werror
  $<$<CXX_COMPILER_ID:GNU>:-Wduplicated-cond -Wduplicated-branches -Wlogical-op -Wuseless-cast>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 reports these inside the standard library and Boost at -O2 for code that is correct.
  target_compile_options(fleet_options INTERFACE
    -Wno-error=maybe-uninitialized -Wno-error=restrict -Wno-error=stringop-overflow -Wno-error=array-bounds
    # Coroutine frames have an operator new and delete of their own; inlined, GCC 12 takes them for a mismatch.
    $<$<CONFIG:Release>:-Wno-mismatched-new-delete>)
endif()

# UndefinedBehaviorSanitizer makes a Beast file five times slower to compile (measured), so the rooms that
# see Beast are built with AddressSanitizer only: fleet_room(... NO_UBSAN).
if(FLEET_SANITIZE STREQUAL "address" OR FLEET_SANITIZE STREQUAL "address-undefined")
  add_compile_options(-fsanitize=address -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address)
  if(FLEET_SANITIZE STREQUAL "address-undefined")
    add_link_options(-fsanitize=undefined)
  endif()
elseif(FLEET_SANITIZE STREQUAL "thread")
  add_compile_options(-fsanitize=thread $<$<CXX_COMPILER_ID:GNU>:-Wno-tsan>)
  add_link_options(-fsanitize=thread)
endif()
