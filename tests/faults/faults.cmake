# Whatever breaks processes on purpose. Both halves have checkers of their own, and proof that these can fail.

# The client library under faults: drivers and checkers in C++, with workers as processes of their own.
file(GLOB checker_sources CONFIGURE_DEPENDS faults/client/checker_*.cpp faults/client/history.cpp)
list(FILTER checker_sources EXCLUDE REGEX "_test\\.cpp$")
add_library(fault_checkers STATIC ${checker_sources})
fleet_batches(fault_checkers ${checker_sources})
target_link_libraries(fault_checkers PUBLIC fleet_model PRIVATE fleet_options)
target_include_directories(fault_checkers PUBLIC "${FLEET_ROOMS_DIR}/fault")
file(GLOB sources CONFIGURE_DEPENDS faults/client/checker_*_test.cpp)
fleet_test(unit_checkers LABEL unit SOURCES ${sources} LINKS fault_checkers)

file(GLOB sources CONFIGURE_DEPENDS faults/client/worker/*.cpp)
add_executable(fault_worker ${sources})
fleet_batches(fault_worker ${sources})
target_link_libraries(fault_worker PRIVATE fleet_api fault_checkers test_support fleet_options)

file(GLOB sources CONFIGURE_DEPENDS faults/client/*_test.cpp)
list(FILTER sources EXCLUDE REGEX "/checker_[a-z]*_test\\.cpp$")
file(GLOB stage_sources CONFIGURE_DEPENDS faults/client/stage*.cpp)
if(stage_sources)
add_library(fault_stage STATIC ${stage_sources})
fleet_batches(fault_stage ${stage_sources})
target_link_libraries(fault_stage PUBLIC test_support fault_checkers PRIVATE fleet_options)
target_compile_definitions(fault_stage PRIVATE FLEET_FAULT_WORKER="$<TARGET_FILE:fault_worker>"
  FLEET_TEST_FLEET="$<TARGET_FILE:fleet>")
foreach(source IN LISTS sources)
  get_filename_component(stem "${source}" NAME_WE)
  string(REGEX REPLACE "_test$" "" stem "${stem}")
  fleet_test(fault_${stem} LABEL fault SOURCES ${source} LINKS fault_stage TIMEOUT 420)
  # Each has a server, daemons and workers of its own, which wait half of the time: two places in the queue of tests.
  set_tests_properties(fault_${stem} PROPERTIES PROCESSORS 2)
  add_dependencies(fault_${stem} fleetd fault_worker fleet)
endforeach()
endif()

# The laboratory: several hosts, two servers, seeded schedules of faults. A few scripted scenes and one short seed;
# `make faults` plays as many as one likes.
file(GLOB lab_tests CONFIGURE_DEPENDS faults/*_test.py)
foreach(script IN LISTS lab_tests)
  get_filename_component(stem "${script}" NAME_WE)
  string(REGEX REPLACE "_test$" "" stem "${stem}")
  fleet_script_test(lab_${stem} LABEL fault TIMEOUT 300 COMMAND "${Python3_EXECUTABLE}" "${script}")
  list(APPEND lab_names lab_${stem})
endforeach()
# With FLEET_TEST_LONG these play many seeds.
set_tests_properties(lab_switches lab_kill_and_resume PROPERTIES TIMEOUT 1800)
fleet_script_test(lab_short LABEL fault TIMEOUT 300
  COMMAND "${CMAKE_CURRENT_SOURCE_DIR}/faults/run" --seed 3 --hosts 3 --seconds 12)
list(APPEND lab_names lab_short)
# One laboratory at a time: it names its networks and disks.
set_tests_properties(${lab_names} PROPERTIES PROCESSORS 2 RESOURCE_LOCK laboratory
  ENVIRONMENT "FLEET_FLEETD=$<TARGET_FILE:fleetd>;PYTHONDONTWRITEBYTECODE=1")
