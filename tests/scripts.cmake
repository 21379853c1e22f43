# Tests that are programs of their own: the server of the run, pgTAP, end to end, house rules.

# One PostgreSQL server a run. What needs it says FIXTURES_REQUIRED postgres (fleet_needs_database).
add_test(NAME postgres_start COMMAND "${CMAKE_CURRENT_SOURCE_DIR}/support/server.sh" start "${CMAKE_BINARY_DIR}/test-server")
add_test(NAME postgres_stop COMMAND "${CMAKE_CURRENT_SOURCE_DIR}/support/server.sh" stop "${CMAKE_BINARY_DIR}/test-server")
set_tests_properties(postgres_start PROPERTIES FIXTURES_SETUP postgres SKIP_RETURN_CODE 77 TIMEOUT 120)
set_tests_properties(postgres_stop PROPERTIES FIXTURES_CLEANUP postgres TIMEOUT 60)

# fleet_script_test(name LABEL label [DATABASE] [TIMEOUT seconds] COMMAND word…)
function(fleet_script_test name)
  cmake_parse_arguments(SCRIPT "DATABASE" "LABEL;TIMEOUT" "COMMAND" ${ARGN})
  add_test(NAME ${name} COMMAND ${SCRIPT_COMMAND} WORKING_DIRECTORY "${CMAKE_SOURCE_DIR}")
  if(NOT SCRIPT_TIMEOUT)
    set(SCRIPT_TIMEOUT 120)
  endif()
  set_tests_properties(${name} PROPERTIES LABELS ${SCRIPT_LABEL} SKIP_RETURN_CODE 77 TIMEOUT ${SCRIPT_TIMEOUT})
  if(SCRIPT_DATABASE)
    fleet_needs_database(${name})
  endif()
endfunction()

# House rules: each tests/house/*.py checks the source tree it is given and prints what is wrong.
file(GLOB house_rules CONFIGURE_DEPENDS house/*.py)
foreach(rule IN LISTS house_rules)
  get_filename_component(stem "${rule}" NAME_WE)
  fleet_script_test(house_${stem} LABEL house COMMAND "${Python3_EXECUTABLE}" "${rule}" "${CMAKE_SOURCE_DIR}")
endforeach()
